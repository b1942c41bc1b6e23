/* The core's access port: when it answers, what can be done without it, and why it may not. */
#include "host/base/os.h"
#include "host/target/target.h"
#include "host/target/target_internal.h"

#include <inttypes.h>

enum {
    RESET_PULSE_MS = 10,
    ARM_IMPLEMENTER = 0x41,
    NO_DEBUG_AP = 0xFF,
    DEV_ID_MASK = 0xFFF,
    DBGMCU_SR = 0xFC
};

bool target_is_final(enum error_code code)
{
    return code != ERROR_TARGET_SILENT && code != ERROR_TARGET_FAULT && code != ERROR_TARGET_STATE;
}

static bool try_core_ap(struct probe *probe, uint8_t ap, uint32_t *cpuid, struct error *err)
{
    if (!probe_open_ap(probe, ap, err) || !probe_read_word(probe, ap, CORE_CPUID, cpuid, err)) {
        return false;
    }
    if (*cpuid >> 24 != ARM_IMPLEMENTER) {
        return error_set(err, ERROR_TARGET_SILENT,
            "there is no core behind access port %u: CPUID reads 0x%08" PRIx32, (unsigned)ap,
            *cpuid);
    }
    return true;
}

bool target_wait_core_ap(struct probe *probe, uint8_t ap, struct target_deadline deadline,
    uint32_t *cpuid, struct error *err)
{
    uint64_t start_ns = probe_now_ns(probe);
    uint64_t bound_ns = deadline.end_ns > start_ns ? deadline.end_ns - start_ns : 0;

    do {
        if (try_core_ap(probe, ap, cpuid, err)) {
            return true;
        }
        if (target_is_final(err->code)) {
            return false;
        }
    } while (target_deadline_wait(probe, &deadline, TARGET_NS_PER_MS));
    if (deadline.was_interrupted) {
        (void)os_signal_fail(err);
    }
    return error_add_context(err, "waiting %" PRIu64 " ms for access port %u of the core",
        bound_ns / TARGET_NS_PER_MS, (unsigned)ap);
}

bool target_pulse_nrst(struct target *target, struct error *err)
{
    if (!probe_set_reset(target->probe, true, err)) {
        return false;
    }
    target_wait_fully(target->probe, (uint64_t)RESET_PULSE_MS * TARGET_NS_PER_MS);
    return probe_set_reset(target->probe, false, err);
}

/* ---- beside the core ---- */

/* Where DBGMCU is seen from the debug access port is not documented for every part: the place whose
 * identity fits is taken, and without one nothing is done (reference: MCU facts 2.1). */
static bool find_dbgmcu(struct target *target, uint32_t *place, struct error *err)
{
    const struct board_mcu *mcu = target->mcu;
    uint32_t idcode = 0;
    size_t i = 0;

    if (mcu->debug_ap == NO_DEBUG_AP) {
        return error_set(err, ERROR_TARGET_SILENT, "there is no access port for it");
    }
    if (!probe_open_ap(target->probe, mcu->debug_ap, err)) {
        return false;
    }
    for (i = 0; i < mcu->dbgmcu_place_count; i++) {
        *place = mcu->dbgmcu_places[i];
        if (probe_read_word(target->probe, mcu->debug_ap, *place, &idcode, err) &&
            (idcode & DEV_ID_MASK) == mcu->dev_id) {
            return true;
        }
    }
    return error_set(
        err, ERROR_TARGET_SILENT, "access port %u does not show DBGMCU", (unsigned)mcu->debug_ap);
}

/* One step of debug_wake, where the debug access port sees it. */
static bool run_wake_step(struct target *target, const struct abi_reg_step *original,
    uint32_t place, bool is_on, struct error *err)
{
    struct abi_reg_step step = *original;
    const struct board_script script = {&step, 1};

    step.addr = step.addr - target->mcu->idcode_addr + place;
    step.value = is_on ? step.value : 0;
    return target_run_script_at(target, target->mcu->debug_ap, &script, false, err);
}

static bool run_wake(struct target *target, bool is_on, struct error *err)
{
    const struct board_script *wake = &target->mcu->debug_wake;
    uint32_t place = 0;
    size_t i = 0;

    if (!find_dbgmcu(target, &place, err)) {
        return false;
    }
    for (i = 0; i < wake->count; i++) {
        if (!run_wake_step(target, &wake->steps[i], place, is_on, err)) {
            return false;
        }
    }
    return true;
}

void target_wake_debug(struct target *target)
{
    struct error err;

    if (target->mcu->debug_wake.count == 0) {
        return;
    }
    if (run_wake(target, true, &err)) {
        target->is_awake = true;
    } else {
        log_write(target->log, LOG_DEBUG, NULL, "debug clocks are not kept alive: %s", err.message);
    }
}

void target_unwake_debug(struct target *target)
{
    struct error err;

    if (run_wake(target, false, &err)) {
        target->is_awake = false;
    } else {
        log_write(target->log, LOG_DEBUG, NULL, "debug clocks stay alive: %s", err.message);
    }
}

/* ---- why there is no answer ---- */

/* DBGMCU_SR: present access ports in 15:0, those enabled in 31:16. */
static bool read_debug_status(struct target *target, uint32_t *status)
{
    struct error err;
    uint32_t place = 0;

    return target->mcu->has_ap_status && find_dbgmcu(target, &place, &err) &&
           probe_read_word(target->probe, target->mcu->debug_ap, place + DBGMCU_SR, status, &err);
}

static bool is_kept_shut(struct target *target, uint32_t *status)
{
    uint8_t ap = target->mcu->core_ap;

    return read_debug_status(target, status) && (*status >> ap & 1) != 0 &&
           (*status >> (16 + ap) & 1) == 0;
}

void target_explain_silence(struct target *target, struct error *err)
{
    uint32_t status = 0;

    if (err->code != ERROR_TARGET_SILENT && err->code != ERROR_TARGET_FAULT) {
        return;
    }
    if (target->identity.dpidr == 0) {
        error_set_hint(err, "nothing answers on the wires: check SWDIO, SWCLK, GND and the supply; "
                            "a program that uses the debug pins needs NRST wired and --connect "
                            "under-reset");
        return;
    }
    if (is_kept_shut(target, &status)) {
        (void)error_set(err, ERROR_TARGET_PROTECTED,
            "the MCU keeps access port %u of its core shut (DBGMCU_SR 0x%08" PRIx32 ")",
            (unsigned)target->mcu->core_ap, status);
        error_set_hint(
            err, "a closed life cycle (NVSTATE) needs debug authentication with ST's tools");
        return;
    }
    error_set_hint(err, "the debug port answers, the core behind it does not: it may be asleep or "
                        "held in reset; --connect under-reset needs NRST wired");
}
