/* A board as data: read from its JSON file, with MCU and memory part resolved. Plain values; the
 * whole tree is owned by struct board and freed with it. */
#ifndef HOST_BOARD_BOARD_H
#define HOST_BOARD_BOARD_H

#include "abi/blob.h"
#include "host/base/error.h"
#include "host/base/log.h"
#include "host/board/part.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    BOARD_NAME_BYTES = 32,
    BOARD_MAX_MEMORIES = 4,
    BOARD_MAX_PARTITIONS = 32,
    BOARD_MAX_LEDS = 8,
    BOARD_MAX_PLACES = 4,
    BOARD_MAX_STLINK_IDS = 8,
    BOARD_STLINK_ID_BYTES = 5 /* four characters */
};

struct board_range {
    uint32_t addr;
    uint32_t size_bytes;
};

/* A register script of boards/mcus/, executed by the host over the debug port or compiled into
 * the blob. */
struct board_script {
    struct abi_reg_step *steps;
    size_t count;
};

/* Facts of boards/mcus/NAME.json that host/target and host/flash need. */
struct board_mcu {
    char name[BOARD_NAME_BYTES];   /* "STM32H7S3L8" */
    char family[BOARD_NAME_BYTES]; /* "STM32H7RS" */
    uint16_t dev_id;               /* 0x485 */
    uint32_t idcode_addr;          /* from the core's access port */
    uint32_t dpidr;
    uint8_t core_ap;
    uint8_t debug_ap; /* the one that answers under reset, for DBGMCU; 0xFF: none */
    uint32_t dbgmcu_places[BOARD_MAX_PLACES]; /* where debug_ap may show DBGMCU: asked in turn */
    size_t dbgmcu_place_count;
    bool has_ap_status;          /* DBGMCU_SR tells which access ports are kept shut */
    bool catches_reset;          /* vector catch works from the very first instruction on */
    uint32_t ap_open_timeout_ms; /* bound on the core AP opening after reset */
    uint32_t uid_addr;           /* 96 bits */
    uint32_t flash_size_addr;    /* 16 bits, KB */
    struct board_range stub_ram; /* code, stack, mailbox: DTCM */
    struct board_range ring_ram; /* data buffers */
    struct board_range ram[ABI_RAM_RANGES]; /* all RAM a program may use */
    size_t ram_count;
    struct board_range app_ram;      /* where generated applications put their data */
    uint32_t reason_addr;            /* struct abi_boot_reason */
    uint32_t watchdog_addr;          /* IWDG_KR */
    struct board_script debug_setup; /* DBGMCU: watchdogs frozen while halted, clocks kept */
    struct board_script debug_clear; /* undone at the end */
    struct board_script debug_wake;  /* through debug_ap: the core's debug clocks in low-power modes
                                        and under reset; fields of DBGMCU, with its address as the
                                        core sees it, that are cleared at the end */
    struct board_script known_state; /* on the halted core, before the stub is loaded: each step is
                                        read back (silicon rule 1) */
    /* Internal flash (reference: MCU facts, section 9). */
    struct board_internal_flash {
        char driver[BOARD_NAME_BYTES]; /* row of the table in host/target: "h7rs" */
        uint32_t addr;
        uint32_t size_bytes;
        uint32_t sector_bytes;
        uint32_t granule_bytes;
        uint32_t regs_addr;
        uint32_t erase_max_ms;
        uint32_t program_max_us;
    } flash;
};

enum board_memory_kind { BOARD_MEMORY_NOR, BOARD_MEMORY_PSRAM };

struct board_memory {
    char name[BOARD_NAME_BYTES];
    enum board_memory_kind kind;
    char controller[BOARD_NAME_BYTES]; /* "XSPI2" */
    char part_name[BOARD_NAME_BYTES];  /* "MX25UW25645G" or "auto" */
    bool part_is_auto;
    struct part part;     /* valid unless part_is_auto; else filled in by board_set_part() */
    uint32_t window_addr; /* 0x70000000 */
    uint32_t window_bytes;
    uint32_t supply_mv;
    uint32_t run_khz_wanted; /* 0: highest legal */
};

struct board_partition {
    char name[BOARD_NAME_BYTES];
    size_t memory_index;
    uint32_t offset;
    uint32_t size_bytes;
    bool keep;
};

struct board_led {
    char name[BOARD_NAME_BYTES];
    char pin[8];
    bool active_high;
};

enum board_boot_kind { BOARD_BOOT_NONE, BOARD_BOOT_XFLASH, BOARD_BOOT_OWN };

struct board {
    char name[BOARD_NAME_BYTES];
    char *path; /* of the file, for messages */
    struct board_mcu mcu;
    struct board_memory memories[BOARD_MAX_MEMORIES];
    size_t memory_count;
    struct board_partition partitions[BOARD_MAX_PARTITIONS];
    size_t partition_count;
    struct board_led leds[BOARD_MAX_LEDS];
    size_t led_count;
    char connect[16]; /* "auto", "attach", "halt", "under-reset" */
    uint32_t debug_max_khz;
    /* Identifiers that the board's own ST-LINK gives (reference: probe protocols 1.3, F2 56). */
    char stlink_ids[BOARD_MAX_STLINK_IDS][BOARD_STLINK_ID_BYTES];
    size_t stlink_id_count;
    enum board_boot_kind boot_kind;
    size_t boot_partition; /* index, valid when boot_kind == BOARD_BOOT_XFLASH */
    bool boot_check_crc;
    struct board_details *details; /* pins, clocks and overrides: known to host/board only */
};

/* name_or_path: a path if it contains '/' or ends in ".json", else a name looked up in the board
 * folders (installed share folder beside the executable: ../share/xflash/boards). ERROR_BOARD_BAD
 * with every mistake of the file (at most 20) in one message, one line each: file:line:column, key
 * path, what was expected, nearest known key. ERROR_BOARD_UNKNOWN when there is no such file. */
MUST_USE bool board_load(
    const char *name_or_path, struct log *log, struct board **out, struct error *err);
void board_free(struct board *board); /* NULL allowed */

/* Names of the boards found, sorted; freed with os_free_names(). */
MUST_USE bool board_list(char ***names, size_t *count, struct error *err);
/* The boards whose MCU has this DEV_ID (for "which board is it" messages). */
MUST_USE bool board_list_for_dev_id(
    uint16_t dev_id, char ***names, size_t *count, struct error *err);

/* The boards that claim this identifier of an ST-LINK. */
MUST_USE bool board_list_for_stlink_id(
    const char *id, char ***names, size_t *count, struct error *err);
bool board_claims_stlink_id(const struct board *board, const char *id);

/* Memory or partition by name. NULL when there is none. */
const struct board_memory *board_memory_find(const struct board *board, const char *name);
const struct board_partition *board_partition_find(const struct board *board, const char *name);

/* For "part": "auto": the part that was detected. */
MUST_USE bool board_set_part(
    struct board *board, size_t memory_index, const struct part *part, struct error *err);

/* Compiles the blob for one memory. capacity: at least ABI_BLOB_MAX_BYTES. A memory whose part is
 * still unknown gives a blob for detection only (no memory section). Warnings (run clock lowered,
 * HSLV off) go to log. hslv: bit per XSPI port whose option bit is set, as read from the target;
 * pass 0 when unknown. */
MUST_USE bool board_blob_make(const struct board *board, size_t memory_index, uint32_t hslv,
    struct log *log, uint8_t *blob, size_t capacity, size_t *size_bytes, struct error *err);

/* Offset within the memory of the boot record's erase unit, and that unit's size. */
MUST_USE bool board_boot_record_place(
    const struct board *board, uint32_t *offset, uint32_t *unit_bytes, struct error *err);

/* A page of text about the board (`board show`), allocated. */
MUST_USE bool board_describe(const struct board *board, char **text, struct error *err);
/* Worst-case checks without a probe (`board lint`): findings go to log as warnings; false with
 * ERROR_BOARD_BAD when one of them means that it cannot work. */
MUST_USE bool board_lint(const struct board *board, struct log *log, struct error *err);

#endif
