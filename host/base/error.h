/* What went wrong, where, and what the user can do about it.
 *
 * Every function that can fail returns bool and takes a `struct error *` last. False means that
 * *err is filled in. Nothing is allocated, so there is nothing to free and no way to fail again. */
#ifndef HOST_BASE_ERROR_H
#define HOST_BASE_ERROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_USE          __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

/* One per stable name; error_info() has the name, the exit code and whether a retry may help. */
enum error_code {
    ERROR_NONE = 0,
    ERROR_INTERNAL,
    ERROR_USAGE,
    ERROR_IMAGE_MISSING,
    ERROR_IMAGE_BAD,
    ERROR_IMAGE_EMPTY,
    ERROR_IMAGE_OVERLAP,
    ERROR_IMAGE_OUT_OF_RANGE,
    ERROR_IMAGE_WRONG_MACHINE,
    ERROR_BOARD_BAD,
    ERROR_BOARD_UNKNOWN,
    ERROR_CONFIG_BAD,
    ERROR_HOST_IO,
    ERROR_JOURNAL_IO,
    ERROR_REFUSED,
    ERROR_CONSENT_NEEDED,
    ERROR_NO_PROBE,
    ERROR_PROBE_PERMISSION,
    ERROR_PROBE_BUSY,
    ERROR_SEVERAL_PROBES,
    ERROR_USB_LOST,
    ERROR_USB_PROTOCOL, /* short, stalled or malformed transfer */
    ERROR_PROBE_FIRMWARE,
    ERROR_PROBE_ABILITY,
    ERROR_TARGET_SILENT,
    ERROR_TARGET_FAULT, /* a memory access was refused by the target */
    ERROR_TARGET_STATE, /* could not be brought into a known state */
    ERROR_WRONG_MCU,
    ERROR_TARGET_PROTECTED,
    ERROR_TARGET_VOLTAGE,
    ERROR_MEMORY_NO_ID,
    ERROR_MEMORY_WRONG_ID,
    ERROR_MEMORY_BUS_CORRUPT,
    ERROR_MEMORY_PROTECTED,
    ERROR_ERASE_FAILED,
    ERROR_ERASE_TIMEOUT,
    ERROR_PROGRAM_FAILED,
    ERROR_PROGRAM_TIMEOUT,
    ERROR_VERIFY_MISMATCH,
    ERROR_NOT_BLANK,
    ERROR_WAIT_TIMEOUT,
    ERROR_TARGET_PROGRAM_FAULT,
    ERROR_NO_BOOTLOADER,
    ERROR_NO_BOOT_IMAGE,
    ERROR_BATCH,
    ERROR_VIOLATIONS,
    ERROR_STUB_CRASHED,
    ERROR_STUB_SILENT,
    ERROR_STUB_REFUSED, /* answered with a status that means a bug on one of the two sides */
    ERROR_INTERRUPTED,
    ERROR_TERMINATED,
    ERROR_CODE_COUNT
};

struct error_info {
    const char *name; /* stable, lower case with hyphens */
    int exit_code;    /* contract: exit codes */
    bool retry;
    const char *meaning;
};

const struct error_info *error_info(enum error_code code);

struct error {
    enum error_code code;
    char message[4096]; /* the cause, then one "\n  while ..." line for each layer it passed through
                         */
    char hint[384];     /* what to try next; empty when there is nothing useful to say */
    char state[384];    /* in what state the board was left; empty when nothing was touched */
    bool has_addr;
    uint32_t addr; /* CPU address the failure is about */
};

/* Both return false, so that a failing function ends in `return error_set(...)`.
 * The context completes "while": error_add_context(err, "erasing the block at 0x%08x", addr). */
bool error_set(struct error *err, enum error_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);
bool error_add_context(struct error *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Replaces the hint. The layer that knows the remedy sets it: usually not the one that failed. */
void error_set_hint(struct error *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
void error_set_state(struct error *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
void error_set_addr(struct error *err, uint32_t addr);

#endif
