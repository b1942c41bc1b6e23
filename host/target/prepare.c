/* From whatever a program left behind to the state that the stub needs (silicon rule 1). */
#include "host/target/target.h"
#include "host/target/target_internal.h"

#include <inttypes.h>
#include <string.h>

enum { NVIC_BYTES = 32, IPSR_MASK = 0x1FF };

/* Writes and reads back, under mask. */
static bool set_word(
    struct target *target, uint32_t addr, uint32_t value, uint32_t mask, struct error *err)
{
    uint32_t found = 0;

    if (!target_write_word(target, addr, value, err) ||
        !target_read_word(target, addr, &found, err)) {
        return false;
    }
    if ((found & mask) != (value & mask)) {
        return error_set(err, ERROR_TARGET_STATE,
            "the core register at 0x%08" PRIx32 " reads 0x%08" PRIx32 " after 0x%08" PRIx32
            " was written",
            addr, found, value);
    }
    return true;
}

static bool set_register(
    struct target *target, unsigned regsel, uint32_t value, uint32_t mask, struct error *err)
{
    uint32_t found = 0;

    if (!target_write_register(target, regsel, value, err) ||
        !target_read_register(target, regsel, &found, err)) {
        return false;
    }
    if ((found & mask) != (value & mask)) {
        return error_set(err, ERROR_TARGET_STATE,
            "core register %u reads 0x%08" PRIx32 " after 0x%08" PRIx32 " was written", regsel,
            found, value);
    }
    return true;
}

/* Thread mode, so that a fault of the stub is taken as a fault and not as a lock-up: an empty MCU
 * is halted inside its HardFault. Not every core lets a debugger write IPSR, and the stub runs
 * either way: only reported. */
static bool leave_handler(struct target *target, struct error *err)
{
    uint32_t xpsr = 0;

    if (!target_write_register(target, CORE_REG_XPSR, CORE_XPSR_THUMB, err) ||
        !target_read_register(target, CORE_REG_XPSR, &xpsr, err)) {
        return false;
    }
    if ((xpsr & IPSR_MASK) != 0) {
        log_write(target->log, LOG_DEBUG, NULL, "the core stays in handler mode: xPSR 0x%08" PRIx32,
            xpsr);
    }
    return true;
}

/* PRIMASK = 1, everything else of that word 0; no interrupt enabled or pending; old faults
 * forgotten. */
static bool quiet_core(struct target *target, struct error *err)
{
    static const uint32_t special = 1;
    uint8_t ones[NVIC_BYTES];

    memset(ones, 0xFF, sizeof ones);
    return leave_handler(target, err) &&
           set_register(target, CORE_REG_CONTROL, special, UINT32_MAX, err) &&
           set_word(target, CORE_SYST_CSR, 0, 7, err) &&
           target_write(target, CORE_ICER0, ones, sizeof ones, err) &&
           target_write(target, CORE_ICPR0, ones, sizeof ones, err) &&
           set_word(target, CORE_SCR, 0, 0x16, err) &&
           target_write_word(target, CORE_CFSR, UINT32_MAX, err) &&
           target_write_word(target, CORE_HFSR, UINT32_MAX, err) &&
           target_write_word(target, CORE_DFSR, UINT32_MAX, err);
}

static bool prepare_halted(struct target *target, struct error *err)
{
    return target_clear_breakpoints(target, err) && target_write_word(target, CORE_DEMCR, 0, err) &&
           quiet_core(target, err) && set_word(target, CORE_MPU_CTRL, 0, 7, err) &&
           target_clean_caches(target, err) &&
           target_run_script(target, &target->mcu->known_state, true, err);
}

/* A state that cannot be left by writing registers ends with a reset. */
bool target_prepare(struct target *target, struct error *err)
{
    target->is_disturbed = true;
    if (target_halt(target, err) && prepare_halted(target, err)) {
        return true;
    }
    if (target_is_final(err->code)) {
        return false;
    }
    log_write(target->log, LOG_INFO, NULL,
        "the MCU could not be brought into a known state (%.*s); resetting it",
        (int)strcspn(err->message, "\n"), err->message);
    if (target_reset(target, TARGET_RESET_HALT, err)) {
        target->is_disturbed = true;
        if (prepare_halted(target, err)) {
            return true;
        }
    }
    return error_add_context(err, "bringing the MCU into a known state");
}
