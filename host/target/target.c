/* Life of a target, and the plain accesses. */
#include "host/target/target.h"

#include "host/base/os.h"
#include "host/target/target_internal.h"

#include <inttypes.h>
#include <stdlib.h>

const struct target_identity *target_identity(const struct target *target)
{
    return &target->identity;
}

struct probe *target_probe(struct target *target)
{
    return target->probe;
}

const struct board_mcu *target_mcu(const struct target *target)
{
    return target->mcu;
}

bool target_read(
    struct target *target, uint32_t addr, void *dst, size_t size_bytes, struct error *err)
{
    return probe_read_mem(target->probe, target->mcu->core_ap, addr, dst, size_bytes, err);
}

bool target_write(
    struct target *target, uint32_t addr, const void *src, size_t size_bytes, struct error *err)
{
    return probe_write_mem(target->probe, target->mcu->core_ap, addr, src, size_bytes, err);
}

bool target_read_word(struct target *target, uint32_t addr, uint32_t *value, struct error *err)
{
    return probe_read_word(target->probe, target->mcu->core_ap, addr, value, err);
}

bool target_write_word(struct target *target, uint32_t addr, uint32_t value, struct error *err)
{
    return probe_write_word(target->probe, target->mcu->core_ap, addr, value, err);
}

struct target_deadline target_deadline_start(struct probe *probe, uint64_t duration_ns)
{
    return (struct target_deadline){.end_ns = probe_now_ns(probe) + duration_ns};
}

struct target_deadline target_deadline_stoppable(const struct target *target, uint64_t duration_ns)
{
    struct target_deadline deadline = target_deadline_start(target->probe, duration_ns);

    deadline.ends_on_signal = !target->is_leaving;
    return deadline;
}

bool target_deadline_wait(struct probe *probe, struct target_deadline *deadline, uint64_t pause_ns)
{
    bool is_over = probe_now_ns(probe) >= deadline->end_ns; /* raises --timeout, too */

    if (deadline->ends_on_signal && os_signal_pending() != 0) {
        deadline->was_interrupted = true;
        return false;
    }
    if (deadline->is_last_look) {
        return false;
    }
    if (is_over) {
        deadline->is_last_look = true;
        return true;
    }
    probe_wait_ns(probe, pause_ns);
    return true;
}

bool target_go_on(const struct target *target, struct error *err)
{
    (void)probe_now_ns(target->probe); /* raises --timeout */
    return target->is_leaving || os_signal_pending() == 0 || os_signal_fail(err);
}

void target_wait_fully(struct probe *probe, uint64_t duration_ns)
{
    uint64_t end_ns = probe_now_ns(probe) + duration_ns;
    uint64_t now_ns = 0;

    while ((now_ns = probe_now_ns(probe)) < end_ns) {
        probe_wait_ns(probe, end_ns - now_ns);
    }
}

void target_settle(struct target *target)
{
    target->is_borrowed = false;
    target->is_disturbed = false;
    target->was_found_halted = false;
}

void target_begin_leaving(struct target *target)
{
    target->is_leaving = true;
}

/* What cannot be undone is only reported: the failure that led here must stay the one shown. */
static void report_quietly(struct target *target, bool is_done, const struct error *err)
{
    if (!is_done) {
        log_write(target->log, LOG_DEBUG, NULL, "while leaving the target clean: %s", err->message);
    }
}

/* The program gets its core back. After target_prepare() its clocks, caches and RAM are not what
 * it knows: it starts anew. */
static void give_back(struct target *target)
{
    struct error err = {.code = ERROR_NONE};

    if (target->is_disturbed) {
        report_quietly(target, target_reset(target, TARGET_RESET_RUN, &err), &err);
    } else if (target->is_borrowed) {
        report_quietly(target, target_run(target, &err), &err);
    }
}

void target_close(struct target *target)
{
    struct error err = {.code = ERROR_NONE};
    bool is_halted = false;

    if (target == NULL) {
        return;
    }
    target_begin_leaving(target);
    if (target->is_under_debug) {
        report_quietly(target, target_clear_breakpoints(target, &err), &err);
        report_quietly(target, target_set_vector_catch(target, 0, &err), &err);
    }
    give_back(target);
    if (target->is_under_debug) {
        report_quietly(target, target_is_halted(target, &is_halted, &err), &err);
    }
    /* Clearing C_DEBUGEN would let a core go on that was halted on purpose. */
    if (target->is_under_debug && !is_halted) {
        report_quietly(target, target_write_dhcsr(target, 0, &err), &err);
    }
    /* Last: a program that sleeps takes the access port with it when its debug clocks go. */
    if (target->is_debug_set_up) {
        bool is_clear = target_run_script(target, &target->mcu->debug_clear, false, &err);

        report_quietly(target, is_clear, &err);
        target->is_awake = target->is_awake && !is_clear; /* the same register */
    }
    if (target->is_awake) {
        target_unwake_debug(target);
    }
    free(target);
}
