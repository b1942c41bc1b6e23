/* The words host and stub share while flash is programmed. docs/stub-protocol.md is the
 * specification: order of writes, timeouts, states.
 *
 * The host writes commands into a ring and data into buffers while the core runs; the stub works
 * them off in order. Every word is written whole. Little-endian. */
#ifndef ABI_MAILBOX_H
#define ABI_MAILBOX_H

#include <stddef.h>
#include <stdint.h>

#define ABI_STUB_MAGIC    0x31535846u /* "FXS1", first word of the stub image */
#define ABI_MAILBOX_MAGIC 0x314D5846u /* "FXM1", written by the stub once it listens */
#define ABI_STUB_VERSION  2u
#define ABI_STACK_CANARY  0xC0DEFA11u

/* At the start of the stub image: what the host needs in order to load and start it. */
struct abi_stub_header {
    uint32_t magic;
    uint32_t version;
    uint32_t load_addr;
    uint32_t image_bytes; /* to be loaded, header included, multiple of 8 */
    uint32_t
        memory_bytes; /* with zero-initialised data, mailbox and stack; the host zeroes the rest */
    uint32_t entry_addr; /* Thumb bit set */
    uint32_t stack_top_addr;
    uint32_t vectors_addr; /* for VTOR */
    uint32_t mailbox_addr;
    uint32_t crc32; /* of image_bytes with this member zero; the stub checks it before each phase */
    uint32_t reserved[2];
};
_Static_assert(sizeof(struct abi_stub_header) == 48, "stub header layout");

enum abi_command_kind {
    ABI_COMMAND_NOP = 1,
    /* buffer_addr: board blob, size_bytes of it. Checks it, runs program_regs, sets the controller
     * to ABI_CTRL_DETECT, runs recover. arg0: enum abi_setup_flags. */
    ABI_COMMAND_SETUP = 2,
    /* Runs a section of the blob: arg0 = enum abi_sequence. */
    ABI_COMMAND_SEQUENCE = 3,
    /* Runs count = arg0 struct abi_bus_step at buffer_addr; data read go, one after the other, to
     * arg1. Result value[0]: bytes stored; value[1]: index of the step that failed. */
    ABI_COMMAND_STEPS = 4,
    /* Erases the unit of type arg0 (index into abi_memory.erase; ABI_ERASE_CHIP) at offset,
     * repeatedly over size_bytes. */
    ABI_COMMAND_ERASE = 5,
    /* Programs size_bytes from buffer_addr at offset. check: xxHash32 (seed 0) of the buffer,
     * tested before the first page. Whole ECC units; pages of FF are not sent. */
    ABI_COMMAND_PROGRAM = 6,
    /* Reads size_bytes at offset into buffer_addr; result value[0]: xxHash32 of them. */
    ABI_COMMAND_READ = 7,
    /* Hashes each block of arg0 bytes in [offset, offset+size): struct abi_block_hash to
     * buffer_addr; the last block may be short. */
    ABI_COMMAND_HASH = 8,
    /* value[0]: offset of the first byte that is not FF, or 0xFFFFFFFF; value[1]: bytes not FF. */
    ABI_COMMAND_BLANK = 9,
    /* Compares with buffer_addr twice. value[0]: offset of the first difference or 0xFFFFFFFF;
     * value[1]: bytes that differ; value[2]: expected | found << 8 | second reading << 16 of the
     * first; value[3]: OR of differing bits over all bytes. */
    ABI_COMMAND_COMPARE = 10,
    /* Runs run_regs, sequence enter_run, maps the chip, hashes [offset, offset+size) through the
     * window in blocks of arg0 like HASH; afterwards back to the program bus. */
    ABI_COMMAND_HASH_MAPPED = 11,
    /* CRC-32 (zlib's) of [offset, offset+size): value[0]. For boot records. */
    ABI_COMMAND_CRC32 = 12
};

enum { ABI_ERASE_CHIP = 0xFF };

enum abi_setup_flags {
    ABI_SETUP_NO_RECOVER = 1 << 0 /* registers and controller only: the chip is left as found */
};

enum abi_sequence {
    ABI_SEQUENCE_RECOVER = 1,
    ABI_SEQUENCE_ENTER_PROGRAM = 2,
    ABI_SEQUENCE_ENTER_RUN = 3,
    ABI_SEQUENCE_LEAVE_PROGRAM = 4
};

/* Two hashes of different kinds (common/pair_hash.h says how strong both are). xxHash32 is also the
 * check of chunks on their way; wyhash32 is used for nothing else. */
struct abi_block_hash {
    uint32_t xxh32;
    uint32_t wyhash32;
};

struct abi_command {
    uint32_t sequence; /* number of this command, counting from 1; slot = (sequence - 1) % slots */
    uint32_t kind;     /* enum abi_command_kind */
    uint32_t offset;   /* within the chip */
    uint32_t size_bytes;
    uint32_t buffer_addr;
    uint32_t check;
    uint32_t arg0;
    uint32_t arg1;
};
_Static_assert(sizeof(struct abi_command) == 32, "command layout");

enum abi_stub_status {
    ABI_STATUS_OK = 0,
    ABI_STATUS_BAD_COMMAND = 1, /* unknown kind, range or alignment */
    ABI_STATUS_BAD_BLOB = 2,    /* magic, version, size or checksum */
    ABI_STATUS_NO_SETUP = 3,
    ABI_STATUS_REG_TIMEOUT = 4,      /* value[0]: register address, value[1]: value read */
    ABI_STATUS_CTRL_TIMEOUT = 5,     /* controller busy or FIFO stuck: value[0]: status register */
    ABI_STATUS_CTRL_ERROR = 6,       /* transfer error flag */
    ABI_STATUS_POLL_TIMEOUT = 7,     /* value[0]: last byte, value[1]: step */
    ABI_STATUS_UNEXPECTED = 8,       /* EXPECT step: value[0]: bytes read, value[1]: step */
    ABI_STATUS_BAD_CHECK = 9,        /* chunk damaged on its way: value[0]: hash computed */
    ABI_STATUS_NO_WRITE_ENABLE = 10, /* WEL did not set: value[0]: status byte */
    ABI_STATUS_ERASE_TIMEOUT = 11,   /* value[0]: offset of the unit, value[1]: status byte */
    ABI_STATUS_ERASE_FAILED = 12,    /* value[0]: offset, value[1]: fail byte */
    ABI_STATUS_PROGRAM_TIMEOUT = 13,
    ABI_STATUS_PROGRAM_FAILED = 14,
    ABI_STATUS_ABORTED = 15,      /* by abort_request; the chip was reset and is idle */
    ABI_STATUS_STUB_DAMAGED = 16, /* the stub's own checksum no longer matches */
    ABI_STATUS_STACK_OVERFLOW = 17,
    ABI_STATUS_SKIPPED = 18 /* an earlier command failed; not executed */
};

struct abi_result {
    uint32_t sequence; /* of the command; written last */
    uint32_t status;   /* enum abi_stub_status */
    uint32_t value[4];
    uint32_t cycles; /* core cycles the command took, low 32 bits */
    uint32_t reserved;
};
_Static_assert(sizeof(struct abi_result) == 32, "result layout");

enum abi_stub_state {
    ABI_STATE_IDLE = 1,
    ABI_STATE_BUSY = 2,
    ABI_STATE_STOPPED =
        3,                /* a command failed: the rest of the ring is answered SKIPPED until the
                             host acknowledges by writing `acknowledge` = sequence of that command */
    ABI_STATE_CRASHED = 4 /* see crash; the core is parked with interrupts off */
};

struct abi_crash {
    uint32_t pc;
    uint32_t lr;
    uint32_t xpsr;
    uint32_t sp;
    uint32_t cfsr;
    uint32_t hfsr;
    uint32_t mmfar;
    uint32_t bfar;
};

enum { ABI_COMMAND_SLOTS = 32 };

struct abi_mailbox {
    /* written by the stub */
    uint32_t magic;
    uint32_t version;
    uint32_t state;          /* enum abi_stub_state */
    uint32_t heartbeat;      /* counts in every wait */
    uint32_t completed;      /* sequence of the last command answered */
    uint32_t running_kind;   /* of the command in work, 0: none */
    uint32_t running_offset; /* within the chip */
    uint32_t progress_bytes; /* done of the command in work */
    struct abi_crash crash;
    uint32_t stack_canary;
    uint32_t stack_free_bytes; /* low-water mark */
    uint32_t reserved_stub[6];
    /* written by the host */
    uint32_t submitted;     /* sequence of the last command in the ring */
    uint32_t abort_request; /* not zero: end the running command, leave the chip idle */
    uint32_t acknowledge;
    uint32_t reserved_host[5];
    struct abi_result results[ABI_COMMAND_SLOTS];
    struct abi_command commands[ABI_COMMAND_SLOTS];
};
_Static_assert(offsetof(struct abi_mailbox, submitted) == 96, "mailbox layout");
_Static_assert(offsetof(struct abi_mailbox, results) == 128, "mailbox layout");
_Static_assert(sizeof(struct abi_mailbox) == 128 + 32 * 64, "mailbox layout");

#endif
