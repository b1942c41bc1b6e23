/* Does it start? Resets, lets it run for a bounded time, reads and explains the boot reason. */
#include "common/crc32.h"
#include "common/le.h"
#include "host/base/os.h"
#include "host/flash/boot.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    NS_PER_MS = 1000000,
    LOOK_EVERY_MS = 5,
    /* The boot ROM runs first, for at most this long (silicon rule 5). */
    BOOT_ROM_MS = 500,
    /* Before that nobody asks whether the core is locked up. */
    LOCK_UP_MS = 100,
    AT_VALUES = 12,
    AT_CRC = 28,
    DHCSR_HALTED = 1 << 17,
    DHCSR_LOCKED_UP = 1 << 19
};

struct explanation {
    const char *text; /* with up to three %08x: value[0..2] */
    enum error_code code;
    const char *hint;
};

static const char image_hint[] = "xflash program IMAGE writes it and its record";
static const char bus_hint[] =
    "xflash info looks at the memory; the bootloader may be for another board: xflash boot install";

static const struct explanation explanations[] = {
    [ABI_BOOT_STARTED] = {"the bootloader started and has not decided anything: it was stopped or "
                          "reset on its way",
        ERROR_NO_BOOT_IMAGE, "a watchdog or the supply may have reset it"},
    [ABI_BOOT_HANDED_OVER] = {"the program was started: stack pointer 0x%08" PRIx32
                              ", reset vector 0x%08" PRIx32,
        ERROR_NONE, ""},
    [ABI_BOOT_BAD_BLOB] = {"the bootloader's board description is damaged or of another version",
        ERROR_NO_BOOTLOADER, "xflash boot install"},
    [ABI_BOOT_REG_TIMEOUT] = {"clocks or power did not get ready: register 0x%08" PRIx32
                              " stayed at 0x%08" PRIx32,
        ERROR_NO_BOOT_IMAGE, "check the supply and the clocks in the board file"},
    [ABI_BOOT_RECOVER_FAILED] =
        {"the memory could not be brought into a known mode: status %" PRIu32 " in step %" PRIu32
         ", value 0x%08" PRIx32,
            ERROR_NO_BOOT_IMAGE, bus_hint},
    [ABI_BOOT_RUN_MODE_FAILED] = {"the memory did not enter its run mode: status %" PRIu32
                                  " in step %" PRIu32 ", value 0x%08" PRIx32,
        ERROR_NO_BOOT_IMAGE, bus_hint},
    [ABI_BOOT_MAP_FAILED] = {"the memory could not be mapped: status %" PRIu32 " in step %" PRIu32
                             ", value 0x%08" PRIx32,
        ERROR_NO_BOOT_IMAGE, bus_hint},
    [ABI_BOOT_EMPTY] = {"there is no image: the partition is blank", ERROR_NO_BOOT_IMAGE,
        image_hint},
    [ABI_BOOT_NO_RECORD] = {"there is no boot record: its place starts with 0x%08" PRIx32,
        ERROR_NO_BOOT_IMAGE,
        "xflash program IMAGE, or xflash boot seal for an image that another tool wrote"},
    [ABI_BOOT_BAD_RECORD] = {"the boot record is damaged: its checksum is 0x%08" PRIx32
                             ", computed 0x%08" PRIx32,
        ERROR_NO_BOOT_IMAGE, image_hint},
    [ABI_BOOT_BAD_LENGTH] = {"the boot record claims 0x%" PRIx32 " bytes where 0x%" PRIx32
                             " have room",
        ERROR_NO_BOOT_IMAGE, image_hint},
    [ABI_BOOT_BAD_CRC] = {"the image does not match its record: checksum 0x%08" PRIx32
                          " recorded, 0x%08" PRIx32 " found: image changed by another tool, or "
                          "damaged",
        ERROR_NO_BOOT_IMAGE, "xflash program IMAGE; xflash boot seal accepts what is there"},
    [ABI_BOOT_BAD_STACK] = {"the image starts with 0x%08" PRIx32
                            ", which is no stack pointer in RAM",
        ERROR_NO_BOOT_IMAGE, "link the image with its vector table at the start of the partition"},
    [ABI_BOOT_BAD_VECTOR] = {"the reset vector 0x%08" PRIx32 " is not a Thumb address in the image",
        ERROR_NO_BOOT_IMAGE, "link the image for the address of the partition"},
    [ABI_BOOT_FAULT] = {"the bootloader faulted: PC 0x%08" PRIx32 ", CFSR 0x%08" PRIx32
                        ", BFAR 0x%08" PRIx32,
        ERROR_NO_BOOTLOADER, "xflash boot install"},
    [ABI_BOOT_OUT_OF_TIME] = {"the bootloader ran out of time; it was waiting for code %" PRIu32,
        ERROR_NO_BOOT_IMAGE, bus_hint},
};

enum { EXPLANATION_COUNT = sizeof explanations / sizeof explanations[0] };

static const struct explanation *find_explanation(uint32_t code)
{
    return code < EXPLANATION_COUNT && explanations[code].text != NULL ? &explanations[code] : NULL;
}

/* One table of sentences for all codes: the values a sentence does not use are passed all the same,
 * which printf allows. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

void flash_boot_explain(const struct abi_boot_reason *reason, char *text, size_t text_bytes)
{
    const struct explanation *explanation = find_explanation(reason->code);

    if (explanation == NULL) {
        (void)snprintf(
            text, text_bytes, "the bootloader left the unknown code %" PRIu32, reason->code);
        return;
    }
    (void)snprintf(
        text, text_bytes, explanation->text, reason->value[0], reason->value[1], reason->value[2]);
}

#pragma GCC diagnostic pop

bool flash_boot_reason_decode(const uint8_t bytes[32], struct abi_boot_reason *reason)
{
    size_t i = 0;

    reason->magic = le_get32(bytes);
    reason->version = le_get32(bytes + 4);
    reason->code = le_get32(bytes + 8);
    for (i = 0; i < 4; i++) {
        reason->value[i] = le_get32(bytes + AT_VALUES + 4 * i);
    }
    reason->crc32 = le_get32(bytes + AT_CRC);
    return reason->magic == ABI_REASON_MAGIC && reason->version == ABI_BOOT_VERSION &&
           reason->crc32 == crc32_update(0, bytes, AT_CRC);
}

/* A reason of an earlier start must not be taken for one of this. Whole 8-byte units: ECC RAM. */
static bool clear_reason(
    struct target *target, const struct flash_bootloader *bootloader, struct error *err)
{
    static const uint8_t zeros[sizeof(struct abi_boot_reason)] = {0};

    return target_halt(target, err) &&
           target_write(target, bootloader->reason_addr, zeros, sizeof zeros, err);
}

/* Nothing more can come from a core that is locked up. */
static bool is_locked_up(struct target *target)
{
    struct error ignored;
    uint32_t dhcsr = 0;

    return target_read_dhcsr(target, &dhcsr, &ignored) && (dhcsr & DHCSR_LOCKED_UP) != 0;
}

/* Until there is a reason other than "started", or the time is over. */
static bool wait_for_reason(struct target *target, const struct flash_bootloader *bootloader,
    struct flash_boot_report *report, struct error *err)
{
    struct probe *probe = target_probe(target);
    uint64_t start_ns = probe_now_ns(probe);
    uint64_t limit_ns = ((uint64_t)bootloader->boot_max_ms + BOOT_ROM_MS) * NS_PER_MS;
    uint8_t bytes[sizeof(struct abi_boot_reason)];

    do {
        probe_wait_ns(probe, LOOK_EVERY_MS * (uint64_t)NS_PER_MS);
        if (os_signal_pending() != 0) {
            return os_signal_fail(err);
        }
        if (!target_read(target, bootloader->reason_addr, bytes, sizeof bytes, err)) {
            return false;
        }
        report->has_reason = flash_boot_reason_decode(bytes, &report->reason);
        report->elapsed_ns = probe_now_ns(probe) - start_ns;
        if (!report->has_reason && report->elapsed_ns > LOCK_UP_MS * (uint64_t)NS_PER_MS &&
            is_locked_up(target)) {
            break;
        }
    } while ((!report->has_reason || report->reason.code == ABI_BOOT_STARTED) &&
             report->elapsed_ns < limit_ns);
    return true;
}

static bool no_reason(struct target *target, struct flash_boot_report *report, struct error *err)
{
    const char *state = "runs something else";
    uint32_t dhcsr = 0;

    if (!target_read_dhcsr(target, &dhcsr, err)) {
        return false;
    }
    if ((dhcsr & DHCSR_LOCKED_UP) != 0) {
        state = "is locked up";
    } else if ((dhcsr & DHCSR_HALTED) != 0) {
        state = "is halted";
    }
    (void)snprintf(report->text, sizeof report->text,
        "no bootloader of xflash has run: after reset there is no boot reason, and the core %s",
        state);
    (void)error_set(err, ERROR_NO_BOOTLOADER, "%s", report->text);
    error_set_hint(err, "xflash boot install");
    return false;
}

bool flash_boot_check(struct target *target, const struct flash_bootloader *bootloader,
    struct flash_boot_report *report, struct error *err)
{
    const struct explanation *explanation = NULL;

    memset(report, 0, sizeof *report);
    if (!clear_reason(target, bootloader, err) || !target_reset(target, TARGET_RESET_RUN, err) ||
        !wait_for_reason(target, bootloader, report, err)) {
        return error_add_context(err, "letting the bootloader run");
    }
    if (!report->has_reason) {
        return no_reason(target, report, err);
    }
    flash_boot_explain(&report->reason, report->text, sizeof report->text);
    report->handed_over = report->reason.code == ABI_BOOT_HANDED_OVER;
    if (report->handed_over) {
        return true;
    }
    explanation = find_explanation(report->reason.code);
    (void)error_set(
        err, explanation != NULL ? explanation->code : ERROR_NO_BOOTLOADER, "%s", report->text);
    error_set_hint(err, "%s", explanation != NULL ? explanation->hint : "xflash boot install");
    return false;
}
