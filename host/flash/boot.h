/* The XIP bootloader and its record: `boot install | check | show | seal`, and what `program` wants
 * to know about them before it erases. */
#ifndef HOST_FLASH_BOOT_H
#define HOST_FLASH_BOOT_H

#include "abi/boot.h"
#include "host/flash/engine.h"
#include "host/flash/record.h"
#include "host/target/target.h"

/* ---- the bootloader in internal flash ---- */

struct flash_bootloader {
    uint8_t *bytes; /* code, then the board blob; owned */
    size_t size_bytes;
    uint32_t boot_max_ms; /* it has handed over or parked by then */
    uint32_t reason_addr;
};

/* The bootloader built into xflash with the blob of this board's boot memory. hslv: as from
 * flash_session_hslv(), or internal_flash_read_hslv(). ERROR_USAGE for a board without "boot". */
MUST_USE bool flash_boot_make(const struct board *board, uint32_t hslv, struct log *log,
    struct flash_bootloader *bootloader, struct error *err);
struct flash_boot_program {
    const uint8_t *bytes;
    size_t size_bytes;
};
/* The same from a given program (embedded_boot). Pure but for the log. */
MUST_USE bool flash_boot_assemble(const struct board *board,
    const struct flash_boot_program *program, uint32_t hslv, struct log *log,
    struct flash_bootloader *bootloader, struct error *err);
void flash_boot_free(struct flash_bootloader *bootloader);
/* As an image for a plan (of internal flash), so that installing is part of the one plan. */
MUST_USE bool flash_boot_image(const struct board *board, const struct flash_bootloader *bootloader,
    struct image **image, struct error *err);

enum flash_boot_state {
    FLASH_BOOT_OK,      /* exactly this bootloader */
    FLASH_BOOT_MISSING, /* internal flash is blank there */
    FLASH_BOOT_STALE,   /* ours, but of another version, board blob, or half written */
    FLASH_BOOT_FOREIGN  /* somebody else's program: consent is needed */
};

const char *flash_boot_state_name(enum flash_boot_state state);
/* What wanted compares to found, of the same length. Pure. */
enum flash_boot_state flash_boot_classify(
    const uint8_t *found, const uint8_t *wanted, size_t size_bytes);
/* Reads internal flash. options: journal directory and unique ID; an install of ours that was cut
 * off counts as stale whatever it reads. */
MUST_USE bool flash_boot_inspect(struct flash_device *internal,
    const struct flash_bootloader *bootloader, const struct flash_engine_options *options,
    enum flash_boot_state *state, struct error *err);
/* ERROR_CONSENT_NEEDED when installing would overwrite foreign contents. */
MUST_USE bool flash_boot_check_consent(
    enum flash_boot_state state, bool consent, struct error *err);

/* ---- the image in the entry partition ---- */

/* Where image and record are. False: this board has no checked boot (then there is no record). */
struct flash_boot_place {
    size_t memory;
    uint32_t entry_addr;
    uint32_t entry_offset;
    uint32_t record_offset;
    uint32_t record_unit_bytes;
    uint32_t limit_bytes; /* longest image with a record */
};
bool flash_boot_has_record(const struct board *board);
MUST_USE bool flash_boot_place(
    const struct board *board, struct flash_boot_place *place, struct error *err);

struct flash_boot_image_info {
    enum flash_record_state record_state;
    struct abi_boot_record record; /* when valid */
    bool crc_matches;              /* the image in the chip has the recorded checksum */
    uint32_t crc32;                /* of the image in the chip, when a valid record says how long */
    uint32_t stack_addr;           /* first two words of the partition */
    uint32_t reset_addr;
    bool vectors_ok;
    char vectors_text[160]; /* what is wrong with them */
};
/* Only the record: what flash_plan_options.old_record wants. */
MUST_USE bool flash_boot_read_record(struct flash_device *device, const struct board *board,
    enum flash_record_state *state, struct abi_boot_record *record, struct error *err);
/* Everything, for `boot show`; the image is hashed in the chip. device: of the boot memory. */
MUST_USE bool flash_boot_show(struct flash_device *device, const struct board *board,
    struct flash_boot_image_info *info, struct error *err);
/* Stack pointer in RAM, reset vector odd and inside the image. first8: its first two words. text:
 * why not. */
bool flash_boot_vectors_ok(const struct board *board, const uint8_t first8[8], uint32_t image_bytes,
    char *text, size_t text_bytes);
/* The same for what a plan puts at the entry. True also when it puts nothing there. */
bool flash_boot_plan_vectors_ok(
    const struct board *board, const struct flash_plan *plan, char *text, size_t text_bytes);

/* `boot seal`: a new record from what is in the chip. The length comes from a valid record, else
 * the image ends with the last byte that is not FF. ERROR_NO_BOOT_IMAGE when the partition is
 * blank. */
MUST_USE bool flash_boot_seal(struct flash_device *device, const struct board *board,
    const struct flash_engine_options *options, struct abi_boot_record *record, struct error *err);

/* ---- does it start? ---- */

struct flash_boot_report {
    bool has_reason;
    struct abi_boot_reason reason;
    bool handed_over;
    char text[320]; /* what happened, in words */
    uint64_t elapsed_ns;
};

/* Explains a reason. Pure. */
void flash_boot_explain(const struct abi_boot_reason *reason, char *text, size_t text_bytes);
/* Is it well-formed? bytes: as read from the target. */
bool flash_boot_reason_decode(const uint8_t bytes[32], struct abi_boot_reason *reason);
/* `boot check`: resets the target, lets it run at most boot_max_ms, reads the reason. No stub may
 * be loaded (close the session first). True when the program was started; else ERROR_NO_BOOTLOADER
 * or ERROR_NO_BOOT_IMAGE with the explanation. The core is left running. */
MUST_USE bool flash_boot_check(struct target *target, const struct flash_bootloader *bootloader,
    struct flash_boot_report *report, struct error *err);

#endif
