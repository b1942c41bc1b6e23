/* The board blob: everything stub and bootloader must know about a board, compiled from its JSON
 * file by the host. Flat, versioned, checksummed; offsets are from the start of the blob.
 *
 * Little-endian. Sections are 4-byte aligned. */
#ifndef ABI_BLOB_H
#define ABI_BLOB_H

#include "abi/bus_op.h"

#include <stddef.h>
#include <stdint.h>

#define ABI_BLOB_MAGIC     0x31424658u /* "XFB1" */
#define ABI_BLOB_VERSION   1u
#define ABI_BLOB_MAX_BYTES 6144u /* fits into the bootloader's 16 KB together with its code */

struct abi_blob_section {
    uint32_t offset;
    uint32_t count; /* of entries of the section's struct */
};

/* ---- register scripts: clocks, power, pins ---- */
enum abi_reg_step_kind {
    ABI_REG_WRITE = 1,  /* register = value */
    ABI_REG_MODIFY = 2, /* register = (register & ~mask) | value */
    ABI_REG_WAIT = 3,   /* until (register & mask) == value, at most timeout_us */
    ABI_REG_DELAY = 4   /* timeout_us */
};

struct abi_reg_step {
    uint8_t kind;  /* enum abi_reg_step_kind */
    uint8_t bytes; /* width of the access: 1, 2 or 4 */
    uint16_t reserved;
    uint32_t addr;
    uint32_t mask;
    uint32_t value;
    uint32_t timeout_us;
};
_Static_assert(sizeof(struct abi_reg_step) == 20, "host and target disagree on a register step");

/* ---- controller set-up ---- */
enum abi_ctrl_family { ABI_CTRL_QUADSPI = 1, ABI_CTRL_OCTOSPI = 2, ABI_CTRL_XSPI = 3 };

enum abi_ctrl_flags {
    ABI_CTRL_SAMPLE_SHIFT =
        1 << 0, /* half a cycle later; the driver applies it to STR reads only */
    ABI_CTRL_DELAY_BYPASS = 1 << 1, /* DLYBYP, OCTOSPI */
    ABI_CTRL_CLOCK_MODE_3 = 1 << 2,
    ABI_CTRL_DUAL_MEMORY = 1 << 3,
    ABI_CTRL_SWAP_DTR = 1 << 4, /* Macronix byte order (MTYP=1) while data are DTR; else as mtyp */
    ABI_CTRL_CS_2 = 1 << 5,     /* NCS2 instead of NCS1 */
    ABI_CTRL_TIMEOUT = 1 << 6   /* TCEN with timeout_cycles in mapped mode */
};

struct abi_ctrl_setup {
    uint8_t family;    /* enum abi_ctrl_family */
    uint8_t mtyp;      /* DCR1.MTYP for everything but swapped DTR */
    uint8_t flags;     /* enum abi_ctrl_flags */
    uint8_t size_log2; /* chip size: 2^n bytes */
    uint8_t cs_high_cycles;
    uint8_t cs_boundary_log2; /* 0: off */
    uint16_t prescaler;       /* bus clock = kernel clock / prescaler, 1 to 256 */
    uint32_t regs_addr;
    uint32_t window_addr;
    uint32_t bus_hz;         /* as computed by the host, for waits and reports */
    uint32_t refresh_cycles; /* 0: off */
    uint32_t timeout_cycles;
};
_Static_assert(sizeof(struct abi_ctrl_setup) == 28, "host and target disagree on a controller");

/* Entries of the ctrl section. */
enum abi_ctrl_index {
    ABI_CTRL_DETECT = 0,  /* 1 line STR at 16 MHz or less: recovery and detection */
    ABI_CTRL_PROGRAM = 1, /* erase, program, register commands, reads while programming */
    ABI_CTRL_RUN = 2,     /* after the run script: mapped mode of the application */
    ABI_CTRL_RUN_SETUP =
        3, /* run clocks, but 1 line STR and slow: for the mode change to run mode */
    ABI_CTRL_COUNT = 4
};

/* ---- the memory ---- */
enum abi_memory_flags {
    ABI_MEMORY_EVEN = 1 << 0,     /* addresses and lengths of array accesses must be even (8D) */
    ABI_MEMORY_HAS_FAIL = 1 << 1, /* read_fail tells whether program or erase failed */
    ABI_MEMORY_PSRAM = 1 << 2
};

enum { ABI_ERASE_TYPES = 4 };

struct abi_erase_type {
    uint32_t size_bytes; /* 0: unused entry */
    uint32_t typical_us;
    uint32_t max_us;
    struct abi_bus_op op;
};

struct abi_memory {
    uint32_t size_bytes;
    uint32_t page_bytes;
    uint32_t ecc_unit_bytes; /* 1: none. Nothing is programmed twice inside a unit */
    uint32_t flags;          /* enum abi_memory_flags */
    uint32_t program_typical_us;
    uint32_t program_max_us;
    uint32_t chip_erase_typical_us;
    uint32_t chip_erase_max_us;
    uint32_t reset_max_us; /* after software reset, also out of a running erase */
    uint8_t busy_mask;     /* of the status byte: busy while (byte & mask) == busy_value */
    uint8_t busy_value;
    uint8_t wel_mask;
    uint8_t program_fail_mask; /* of the byte of read_fail */
    uint8_t erase_fail_mask;
    uint8_t reserved[3];
    /* All in the width of the program bus. read and program: addr and data_bytes filled in by the
     * stub; erase: addr. */
    struct abi_bus_op read;
    struct abi_bus_op program;
    struct abi_bus_op write_enable;
    struct abi_bus_op write_disable;
    struct abi_bus_op read_status;
    struct abi_bus_op read_fail;
    struct abi_bus_op chip_erase;
    struct abi_erase_type erase[ABI_ERASE_TYPES]; /* sorted by size, smallest first */
    struct abi_bus_op run_read;                   /* in the width of the run bus: the mapped read */
    struct abi_bus_op run_write;                  /* PSRAM; else opcode_bytes == 0 */
};
_Static_assert(sizeof(struct abi_memory) == 44 + 9 * 24 + 4 * 36, "memory layout");

/* ---- the bootloader's part ---- */
enum abi_boot_flags {
    ABI_BOOT_CHECK_CRC = 1 << 0, /* a record must be there and match */
    ABI_BOOT_CACHES = 1 << 1,    /* hand over with caches on (opt-in) */
    ABI_BOOT_MPU_OFF = 1 << 2    /* hand over with the MPU off; else it closes the window behind the
                                    end of the chip, and nothing more */
};

struct abi_ram_range {
    uint32_t addr;
    uint32_t size_bytes;
};

enum { ABI_RAM_RANGES = 8 };

struct abi_boot_config {
    uint32_t flags;           /* enum abi_boot_flags */
    uint32_t entry_addr;      /* CPU address of the image, in the memory-mapped window */
    uint32_t partition_bytes; /* an image, and its record, lie inside */
    uint32_t record_addr;     /* CPU address of the boot record; 0: none */
    uint32_t reason_addr;     /* where struct abi_boot_reason is left */
    uint32_t debug_wait_ms;   /* before the flash is touched, when a debugger is connected */
    uint32_t boot_max_ms; /* the bootloader has handed over or parked by then, whatever happens */
    uint32_t ram_count;
    struct abi_ram_range ram[ABI_RAM_RANGES]; /* where an initial stack pointer may point */
};
_Static_assert(sizeof(struct abi_boot_config) == 96, "boot configuration layout");

/* ---- the blob ---- */
struct abi_blob {
    uint32_t magic;
    uint16_t version;
    uint16_t header_bytes;    /* sizeof(struct abi_blob) */
    uint32_t size_bytes;      /* of the whole blob */
    uint32_t crc32;           /* of the whole blob with this member zero */
    char board[32];           /* name, zero-terminated */
    uint32_t core_hz_program; /* CPU clock after program_regs, for waits counted in cycles */
    uint32_t core_hz_run;
    uint32_t window_bytes;  /* of the controller's mapped window: closed by MPU but for the chip */
    uint32_t watchdog_addr; /* IWDG_KR */
    struct abi_blob_section
        program_regs;                 /* struct abi_reg_step: clocks, power, pins at reset clock */
    struct abi_blob_section run_regs; /* struct abi_reg_step: after program_regs, for run speed */
    struct abi_blob_section ctrl;     /* struct abi_ctrl_setup, enum abi_ctrl_index */
    struct abi_blob_section recover;  /* struct abi_bus_step: from any mode to 1 line STR */
    struct abi_blob_section enter_program; /* from 1 line STR to the program bus */
    struct abi_blob_section enter_run;     /* from 1 line STR to the run bus */
    struct abi_blob_section leave_program; /* from the program bus back to 1 line STR, chip idle */
    struct abi_blob_section memory;        /* one struct abi_memory */
    struct abi_blob_section boot;          /* one struct abi_boot_config, or none */
};
_Static_assert(sizeof(struct abi_blob) == 64 + 9 * 8, "blob header layout");
_Static_assert(offsetof(struct abi_blob, boot) == 128, "blob header layout");

#endif
