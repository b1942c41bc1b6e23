/* Life of a target, and the plain accesses. */
#include "host/target/target.h"

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

bool target_deadline_wait(struct probe *probe, struct target_deadline *deadline, uint64_t pause_ns)
{
    if (deadline->is_last_look) {
        return false;
    }
    if (probe_now_ns(probe) >= deadline->end_ns) {
        deadline->is_last_look = true;
        return true;
    }
    probe_wait_ns(probe, pause_ns);
    return true;
}

/* What cannot be undone is only reported: the failure that led here must stay the one shown. */
static void report_quietly(struct target *target, bool is_done, const struct error *err)
{
    if (!is_done) {
        log_write(target->log, LOG_DEBUG, NULL, "while leaving the target clean: %s", err->message);
    }
}

void target_close(struct target *target)
{
    struct error err = {.code = ERROR_NONE};
    bool is_halted = false;

    if (target == NULL) {
        return;
    }
    if (target->is_under_debug) {
        report_quietly(target, target_clear_breakpoints(target, &err), &err);
        report_quietly(target, target_set_vector_catch(target, 0, &err), &err);
        report_quietly(target, target_is_halted(target, &is_halted, &err), &err);
    }
    if (target->is_debug_set_up) {
        report_quietly(
            target, target_run_script(target, &target->mcu->debug_clear, false, &err), &err);
    }
    /* Clearing C_DEBUGEN would let a core go on that was halted on purpose. */
    if (target->is_under_debug && !is_halted) {
        report_quietly(target, target_write_dhcsr(target, 0, &err), &err);
    }
    free(target);
}
