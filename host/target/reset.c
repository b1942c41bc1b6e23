/* Resets, and where the core is afterwards (silicon rule 5). */
#include "host/base/os.h"
#include "host/target/target.h"
#include "host/target/target_internal.h"

#include <inttypes.h>

enum { ENTRY_TIMEOUT_MS = 1000 };

/* B . twice: where a halted core waits for the reset. Letting it go on in the middle of a program
 * whose clocks and caches were changed could do anything in the time until then. */
static bool park(struct target *target, struct error *err)
{
    static const uint8_t loop[8] = {0xFE, 0xE7, 0xFE, 0xE7, 0xFE, 0xE7, 0xFE, 0xE7};
    uint32_t addr = target->mcu->stub_ram.addr;

    return target_write(target, addr, loop, sizeof loop, err) &&
           target_write_register(target, CORE_REG_CONTROL, 1, err) &&
           target_write_register(target, CORE_REG_XPSR, CORE_XPSR_THUMB, err) &&
           target_write_register(target, CORE_REG_PC, addr, err);
}

/* The request may close the access port before it is answered: whether the reset came is read
 * from the core afterwards. */
static void request_reset(struct target *target)
{
    struct error err;

    if (!target_write_word(target, CORE_AIRCR, CORE_AIRCR_RESET, &err)) {
        log_write(target->log, LOG_DEBUG, NULL, "SYSRESETREQ: %s", err.message);
    }
}

static bool wait_after_reset(struct target *target, struct error *err)
{
    struct target_deadline deadline = target_deadline_stoppable(
        target, (uint64_t)target->mcu->ap_open_timeout_ms * TARGET_NS_PER_MS);
    uint32_t cpuid = 0;
    uint32_t dhcsr = 0;

    return target_wait_core_ap(target->probe, target->mcu->core_ap, deadline, &cpuid, err) &&
           target_read_dhcsr(target, &dhcsr, err);
}

static bool reset_once(struct target *target, struct error *err)
{
    if (!target_forget_reset(target, err)) {
        return false;
    }
    request_reset(target);
    if (wait_after_reset(target, err) && target->was_reset) {
        return true;
    }
    if (!target_go_on(target, err)) {
        return false;
    }
    log_write(target->log, LOG_INFO, NULL, "SYSRESETREQ did not reset the MCU; pulsing NRST");
    if (!target_pulse_nrst(target, err) || !wait_after_reset(target, err)) {
        return false;
    }
    return target->was_reset ||
           error_set(err, ERROR_TARGET_STATE, "neither SYSRESETREQ nor NRST reset the MCU");
}

/* Address of the first instruction behind the boot ROM; 0: internal flash has no program. */
static uint32_t read_entry(struct target *target)
{
    uint32_t entry = 0;
    struct error err;

    if (!target_read_word(target, target->mcu->flash.addr + 4, &entry, &err)) {
        log_write(target->log, LOG_DEBUG, NULL, "no reset vector: %s", err.message);
        return 0;
    }
    return entry != UINT32_MAX && (entry & 1) != 0 ? entry - 1 : 0;
}

static bool wait_halted(struct target *target, struct error *err)
{
    struct target_deadline deadline =
        target_deadline_stoppable(target, (uint64_t)ENTRY_TIMEOUT_MS * TARGET_NS_PER_MS);
    bool is_halted = false;

    do {
        if (!target_is_halted(target, &is_halted, err)) {
            return false;
        }
    } while (!is_halted && target_deadline_wait(target->probe, &deadline, TARGET_NS_PER_MS));
    if (deadline.was_interrupted) {
        return os_signal_fail(err);
    }
    if (!is_halted) {
        log_write(target->log, LOG_INFO, NULL,
            "the program was not reached within %d ms; halting where the core is",
            ENTRY_TIMEOUT_MS);
    }
    return true;
}

/* Where the core is debuggable from its very first instruction on, it is caught there. */
static bool reset_and_catch(struct target *target, struct error *err)
{
    return target_write_word(target, CORE_DEMCR, CORE_VC_CORERESET, err) &&
           target_run(target, err) && reset_once(target, err) && wait_halted(target, err) &&
           target_halt(target, err) && target_write_word(target, CORE_DEMCR, 0, err);
}

/* No vector catch: the boot ROM opens the access port of the core, so a core that is caught at its
 * very first instruction could not be reached any more. A breakpoint at the program's first
 * instruction survives the reset and stops behind the ROM. */
static bool reset_behind_rom(struct target *target, struct error *err)
{
    uint32_t entry = read_entry(target);
    bool has_breakpoint = false;

    if ((entry != 0 && !target_set_breakpoint(target, entry, &has_breakpoint, err)) ||
        !target_run(target, err) || !reset_once(target, err) ||
        (has_breakpoint && !wait_halted(target, err)) || !target_halt(target, err)) {
        return false;
    }
    return target_clear_breakpoints(target, err);
}

static bool reset_and_halt(struct target *target, struct error *err)
{
    return target->mcu->catches_reset ? reset_and_catch(target, err)
                                      : reset_behind_rom(target, err);
}

/* C_DEBUGEN is cleared before: the bootloader waits for a debugger that is connected. */
static bool reset_and_run(struct target *target, struct error *err)
{
    return target_write_dhcsr(target, 0, err) && reset_once(target, err);
}

bool target_reset(struct target *target, enum target_reset_mode mode, struct error *err)
{
    bool is_halted = false;
    bool is_done =
        target_go_on(target, err) && target_is_halted(target, &is_halted, err) &&
        (!is_halted || park(target, err)) && target_clear_breakpoints(target, err) &&
        target_write_word(target, CORE_DEMCR, 0, err) &&
        (mode == TARGET_RESET_HALT ? reset_and_halt(target, err) : reset_and_run(target, err));

    if (!is_done) {
        return error_add_context(err, "resetting the MCU");
    }
    target_settle(target);
    return true;
}
