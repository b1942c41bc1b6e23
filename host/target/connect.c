/* Ways to get hold of the MCU (silicon rule 5). */
#include "host/base/os.h"
#include "host/target/target.h"
#include "host/target/target_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { RESET_HOLD_MS = 10, UNDER_RESET_TRIES = 3 };

/* ---- what an earlier run left ---- */

static bool read_step(
    struct target *target, const struct abi_reg_step *step, uint32_t *value, struct error *err)
{
    if (!target_read_word(target, step->addr, value, err)) {
        return error_add_context(err, "looking for what an earlier run left");
    }
    return true;
}

/* The bits of debug_setup are all there although nobody has set them in this run. */
static bool is_set_up_already(struct target *target, bool *is_set, struct error *err)
{
    const struct board_script *setup = &target->mcu->debug_setup;
    size_t i = 0;

    *is_set = setup->count > 0;
    for (i = 0; i < setup->count && *is_set; i++) {
        const struct abi_reg_step *step = &setup->steps[i];
        uint32_t value = 0;

        if (step->kind != ABI_REG_WRITE && step->kind != ABI_REG_MODIFY) {
            continue;
        }
        if (!read_step(target, step, &value, err)) {
            return false;
        }
        *is_set = (value & (step->mask != 0 ? step->mask : UINT32_MAX)) == step->value;
    }
    return true;
}

/* Debugging that is on before we turn it on was left on: by `halt` or `--after halt`, which undo
 * everything else, or by a run that was killed. */
static bool take_over(struct target *target, enum target_connect connect, struct error *err)
{
    uint32_t dhcsr = 0;
    bool was_killed = false;

    if (!target_read_dhcsr(target, &dhcsr, err)) {
        return false;
    }
    target->was_found_halted = (dhcsr & CORE_S_HALT) != 0;
    if ((dhcsr & CORE_C_DEBUGEN) == 0) {
        return true;
    }
    target->is_under_debug = true;
    if (!is_set_up_already(target, &was_killed, err)) {
        return false;
    }
    if (was_killed && connect == TARGET_CONNECT_ATTACH) {
        log_write(target->log, LOG_WARNING, "unclean-end",
            "the last run on this board was killed, and left the core %s; xflash reset starts the "
            "program anew",
            (dhcsr & CORE_S_HALT) != 0 ? "halted" : "as it is");
    } else if (was_killed) {
        log_write(target->log, LOG_INFO, NULL,
            "the last run on this board was killed; the program starts anew at the end");
        target->is_disturbed = true;
    }
    return true;
}

/* ---- attaching ---- */

/* With the core's access port open: which MCU is it, and is it kept debuggable. */
static bool get_acquainted(struct target *target, struct error *err)
{
    if (!target_read_identity(target, err)) {
        return false;
    }
    target->is_debug_set_up = true;
    return target_run_script(target, &target->mcu->debug_setup, false, err);
}

static bool wait_core(struct target *target, struct error *err)
{
    struct target_deadline deadline = target_deadline_stoppable(
        target, (uint64_t)target->mcu->ap_open_timeout_ms * TARGET_NS_PER_MS);

    return target_wait_core_ap(
        target->probe, target->mcu->core_ap, deadline, &target->identity.cpuid, err);
}

static bool reach_debug_port(struct target *target, struct error *err)
{
    target->identity.dpidr = 0;
    return probe_attach(target->probe, &target->identity.dpidr, err);
}

static bool attach(struct target *target, enum target_connect connect, struct error *err)
{
    if (!reach_debug_port(target, err)) {
        return false;
    }
    /* First: a program in a low-power mode stops the clock of the core's access port, or only that
     * of the buses behind it, and it may go to sleep between two accesses. */
    target_wake_debug(target);
    return wait_core(target, err) && take_over(target, connect, err) && get_acquainted(target, err);
}

static bool clear_catches(struct target *target, struct error *err)
{
    return target_clear_breakpoints(target, err) && target_write_word(target, CORE_DEMCR, 0, err);
}

static bool attach_and_halt(struct target *target, enum target_connect connect, struct error *err)
{
    return attach(target, connect, err) && target_halt(target, err) && clear_catches(target, err);
}

/* ---- under reset ---- */

/* While NRST is low: the core stops at its very first instruction. Where the core's debug registers
 * cannot be reached then, the halt after NRST is all there is. */
static bool arm_vector_catch(struct target *target)
{
    uint8_t ap = target->mcu->core_ap;
    struct error err;
    bool is_armed = probe_open_ap(target->probe, ap, &err) &&
                    target_write_dhcsr(target, CORE_C_DEBUGEN, &err) &&
                    target_write_word(target, CORE_DEMCR, CORE_VC_CORERESET, &err);

    if (!is_armed) {
        log_write(
            target->log, LOG_INFO, NULL, "no vector catch while NRST is low: %s", err.message);
    }
    return is_armed;
}

/* NRST low, and what can be done meanwhile. A core's access port that its boot ROM opens is not
 * touched: an access before is refused, and what the MCU does then is not documented. NRST is high
 * again in any case. */
static bool pass_reset(struct target *target, bool *is_caught, struct error *err)
{
    struct probe *probe = target->probe;
    struct error second;
    bool is_attached = false;

    *is_caught = false;
    if (!probe_set_reset(probe, true, err)) {
        return false; /* closing the probe lets NRST go */
    }
    is_attached = reach_debug_port(target, err);
    if (is_attached) {
        target_wake_debug(target);
        *is_caught = target->mcu->catches_reset && arm_vector_catch(target);
    }
    target_wait_fully(probe, (uint64_t)RESET_HOLD_MS * TARGET_NS_PER_MS);
    if (!probe_set_reset(probe, false, &second)) {
        if (is_attached) {
            *err = second;
        }
        return false;
    }
    return is_attached;
}

static bool try_to_halt(struct target *target, bool *has_answered, struct error *err)
{
    if (!probe_open_ap(target->probe, target->mcu->core_ap, err)) {
        return false;
    }
    *has_answered = true;
    return target_write_dhcsr(target, CORE_C_DEBUGEN | CORE_C_HALT, err);
}

/* Before anything else, and without a pause: a program that shuts the debug pins or goes to sleep
 * does so within a millisecond of its start. has_answered: the core's access port did, whatever
 * came then. */
static bool halt_at_once(struct target *target, bool *has_answered, struct error *err)
{
    struct target_deadline deadline = target_deadline_stoppable(
        target, (uint64_t)target->mcu->ap_open_timeout_ms * TARGET_NS_PER_MS);

    *has_answered = false;
    do {
        if (try_to_halt(target, has_answered, err)) {
            return true;
        }
        if (target_is_final(err->code) || (*has_answered && err->code == ERROR_TARGET_SILENT)) {
            return false;
        }
    } while (target_deadline_wait(target->probe, &deadline, 0));
    if (deadline.was_interrupted) {
        (void)os_signal_fail(err);
    }
    return error_add_context(err, "waiting %" PRIu32 " ms for access port %u of the core",
        target->mcu->ap_open_timeout_ms, (unsigned)target->mcu->core_ap);
}

static bool stop_under_reset(struct target *target, bool *has_answered, struct error *err)
{
    bool is_caught = false;

    *has_answered = false;
    if (!pass_reset(target, &is_caught, err) || !halt_at_once(target, has_answered, err)) {
        return false;
    }
    target->was_found_halted = false;
    return wait_core(target, err) && target_halt(target, err) && get_acquainted(target, err) &&
           clear_catches(target, err) &&
           (is_caught || !target->mcu->catches_reset ||
               target_reset(target, TARGET_RESET_HALT, err));
}

/* A program that won the race is tried again; silence is not. */
static bool attach_under_reset(struct target *target, struct error *err)
{
    bool has_answered = false;
    unsigned tries = 0;

    for (tries = 0; tries < UNDER_RESET_TRIES; tries++) {
        if (stop_under_reset(target, &has_answered, err)) {
            target->is_borrowed = true; /* also after the reset to its first instruction */
            return true;
        }
        if (!has_answered || target_is_final(err->code)) {
            return false;
        }
        log_write(target->log, LOG_INFO, NULL, "lost the core again under reset: %s", err->message);
    }
    return false;
}

/* ---- */

static bool connect_auto(struct target *target, struct error *err)
{
    if (attach_and_halt(target, TARGET_CONNECT_AUTO, err)) {
        return true;
    }
    if (target_is_final(err->code)) {
        return false;
    }
    log_write(target->log, LOG_INFO, NULL, "attaching failed (%.*s); connecting under reset",
        (int)strcspn(err->message, "\n"), err->message);
    return attach_under_reset(target, err);
}

static bool connect_as(struct target *target, enum target_connect connect, struct error *err)
{
    switch (connect) {
    case TARGET_CONNECT_ATTACH:
        return attach(target, connect, err);
    case TARGET_CONNECT_HALT:
        return attach_and_halt(target, connect, err);
    case TARGET_CONNECT_UNDER_RESET:
        return attach_under_reset(target, err);
    case TARGET_CONNECT_AUTO:
        break;
    }
    return connect_auto(target, err);
}

bool target_connect(struct probe *probe, const struct board_mcu *mcu, enum target_connect connect,
    struct log *log, struct target **out, struct error *err)
{
    struct target *target = calloc(1, sizeof *target);

    *out = NULL;
    if (target == NULL) {
        return error_set(err, ERROR_HOST_IO, "no memory for the target");
    }
    target->probe = probe;
    target->mcu = mcu;
    target->log = log;
    if (!connect_as(target, connect, err) || !target_go_on(target, err)) {
        target_explain_silence(target, err);
        target_close(target);
        return error_add_context(err, "connecting to the %s", mcu->name);
    }
    *out = target;
    return true;
}
