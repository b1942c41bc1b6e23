/* The core through DHCSR, DCRSR and DCRDR on its own access port: the ST-LINK's commands for core
 * registers know access port 0 only (reference: probe protocols 1.4). */
#include "host/target/target.h"
#include "host/target/target_internal.h"

#include <inttypes.h>

enum {
    HALT_TIMEOUT_MS = 100,
    REGISTER_TIMEOUT_MS = 100,
    DCRSR_WRITE = 1 << 16,
    MAX_COMPARATORS = 16,
    FPB_ENABLE = 1 << 0,
    FPB_KEY = 1 << 1
};

static bool transfer(
    struct target *target, struct probe_word *words, size_t count, struct error *err)
{
    return probe_transfer_words(target->probe, target->mcu->core_ap, words, count, err);
}

bool target_read_dhcsr(struct target *target, uint32_t *dhcsr, struct error *err)
{
    if (!target_read_word(target, CORE_DHCSR, dhcsr, err)) {
        return error_add_context(err, "reading the state of the core");
    }
    /* Reading clears the bit: it is kept here. */
    if ((*dhcsr & CORE_S_RESET_ST) != 0) {
        target->was_reset = true;
    }
    return true;
}

bool target_forget_reset(struct target *target, struct error *err)
{
    uint32_t dhcsr = 0;
    bool is_read = target_read_dhcsr(target, &dhcsr, err);

    target->was_reset = false;
    return is_read;
}

bool target_write_dhcsr(struct target *target, uint32_t bits, struct error *err)
{
    if (!target_write_word(target, CORE_DHCSR, CORE_DHCSR_KEY | bits, err)) {
        return false;
    }
    target->is_under_debug = (bits & CORE_C_DEBUGEN) != 0;
    return true;
}

bool target_is_halted(struct target *target, bool *halted, struct error *err)
{
    uint32_t dhcsr = 0;

    *halted = false;
    if (!target_read_dhcsr(target, &dhcsr, err)) {
        return false;
    }
    *halted = (dhcsr & CORE_S_HALT) != 0;
    return true;
}

bool target_halt(struct target *target, struct error *err)
{
    struct target_deadline deadline =
        target_deadline_start(target->probe, (uint64_t)HALT_TIMEOUT_MS * TARGET_NS_PER_MS);
    uint32_t dhcsr = 0;

    if (!target_write_dhcsr(target, CORE_C_DEBUGEN | CORE_C_HALT, err)) {
        return error_add_context(err, "halting the core");
    }
    target->is_borrowed = target->is_borrowed || !target->was_found_halted;
    do {
        if (!target_read_dhcsr(target, &dhcsr, err)) {
            return error_add_context(err, "halting the core");
        }
        if ((dhcsr & CORE_S_HALT) != 0) {
            return true;
        }
    } while (target_deadline_wait(target->probe, &deadline, TARGET_NS_PER_MS));
    return error_set(err, ERROR_TARGET_STATE,
        "the core did not halt within %d ms: DHCSR is 0x%08" PRIx32 "%s", HALT_TIMEOUT_MS, dhcsr,
        (dhcsr & CORE_S_LOCKUP) != 0 ? " (locked up)" : "");
}

bool target_run(struct target *target, struct error *err)
{
    if (!target_write_dhcsr(target, CORE_C_DEBUGEN, err)) {
        return error_add_context(err, "letting the core run");
    }
    return true;
}

/* Waits for S_REGRDY; words[last] is DHCSR, words[last + 1] (if any) DCRDR. */
static bool wait_register(
    struct target *target, struct probe_word *ready, struct probe_word *data, struct error *err)
{
    struct target_deadline deadline =
        target_deadline_start(target->probe, (uint64_t)REGISTER_TIMEOUT_MS * TARGET_NS_PER_MS);
    struct probe_word words[2] = {{.addr = CORE_DHCSR}, {.addr = CORE_DCRDR}};

    while ((ready->value & CORE_S_REGRDY) == 0) {
        if (!target_deadline_wait(target->probe, &deadline, TARGET_NS_PER_MS)) {
            return error_set(err, ERROR_TARGET_STATE,
                "a core register was not transferred within %d ms: DHCSR is 0x%08" PRIx32,
                REGISTER_TIMEOUT_MS, ready->value);
        }
        if (!transfer(target, words, 2, err)) {
            return false;
        }
        ready->value = words[0].value;
        data->value = words[1].value;
    }
    return true;
}

bool target_read_register(
    struct target *target, unsigned regsel, uint32_t *value, struct error *err)
{
    struct probe_word words[3] = {
        {.addr = CORE_DCRSR, .value = regsel, .is_write = true},
        {.addr = CORE_DHCSR},
        {.addr = CORE_DCRDR},
    };

    *value = 0;
    if (!transfer(target, words, 3, err) || !wait_register(target, &words[1], &words[2], err)) {
        return error_add_context(err, "reading core register %u", regsel);
    }
    *value = words[2].value;
    return true;
}

bool target_write_register(
    struct target *target, unsigned regsel, uint32_t value, struct error *err)
{
    struct probe_word words[3] = {
        {.addr = CORE_DCRDR, .value = value, .is_write = true},
        {.addr = CORE_DCRSR, .value = regsel | DCRSR_WRITE, .is_write = true},
        {.addr = CORE_DHCSR},
    };
    struct probe_word ignored = {0};

    if (!transfer(target, words, 3, err) || !wait_register(target, &words[2], &ignored, err)) {
        return error_add_context(err, "writing core register %u", regsel);
    }
    return true;
}

/* NUM_CODE: bits 7:4 and, above them, 14:12 of FP_CTRL. */
static bool read_comparators(
    struct target *target, uint32_t *control, unsigned *count, struct error *err)
{
    if (!target_read_word(target, CORE_FP_CTRL, control, err)) {
        return false;
    }
    *count = (*control >> 4 & 0xF) | (*control >> 8 & 0x70);
    *count = *count < MAX_COMPARATORS ? *count : MAX_COMPARATORS;
    return true;
}

bool target_clear_breakpoints(struct target *target, struct error *err)
{
    static const uint8_t zeros[4 * MAX_COMPARATORS] = {0};
    uint32_t control = 0;
    unsigned count = 0;

    if (!read_comparators(target, &control, &count, err) ||
        !target_write(target, CORE_FP_COMP0, zeros, 4 * (size_t)count, err) ||
        !target_write_word(target, CORE_FP_CTRL, FPB_KEY, err)) {
        return error_add_context(err, "clearing the breakpoints");
    }
    return true;
}

bool target_set_breakpoint(struct target *target, uint32_t addr, bool *is_set, struct error *err)
{
    uint32_t control = 0;
    uint32_t value = 0;
    unsigned count = 0;

    *is_set = false;
    if (!read_comparators(target, &control, &count, err)) {
        return false;
    }
    if (control >> 28 != 0) { /* FPB version 2, Cortex-M7: the address and an enable bit */
        value = (addr & ~UINT32_C(1)) | 1;
    } else if (addr < UINT32_C(0x20000000)) { /* version 1: word address, half to replace */
        value = (addr & UINT32_C(0x1FFFFFFC)) |
                ((addr & 2) != 0 ? UINT32_C(2) << 30 : UINT32_C(1) << 30) | 1;
    }
    if (count == 0 || value == 0) {
        return true;
    }
    if (!target_write_word(target, CORE_FP_COMP0, value, err) ||
        !target_write_word(target, CORE_FP_CTRL, FPB_KEY | FPB_ENABLE, err)) {
        return error_add_context(err, "setting a breakpoint at 0x%08" PRIx32, addr);
    }
    *is_set = true;
    return true;
}
