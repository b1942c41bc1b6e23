/* Register scripts of the MCU's data, executed over the debug port. */
#include "host/target/target.h"
#include "host/target/target_internal.h"

#include <inttypes.h>

static bool read_register(
    struct target *target, const struct abi_reg_step *step, uint32_t *value, struct error *err)
{
    uint8_t bytes[2] = {0};

    if (step->bytes == 4) {
        return target_read_word(target, step->addr, value, err);
    }
    if (!probe_read_bytes(
            target->probe, target->mcu->core_ap, step->addr, bytes, step->bytes, err)) {
        return false;
    }
    *value = bytes[0] | (uint32_t)bytes[1] << 8;
    return true;
}

static bool write_register(
    struct target *target, const struct abi_reg_step *step, uint32_t value, struct error *err)
{
    if (step->bytes == 4) {
        return target_write_word(target, step->addr, value, err);
    }
    return probe_write_narrow(
        target->probe, target->mcu->core_ap, step->addr, value, step->bytes, err);
}

/* mask 0 of a WRITE step: all its bits are compared. */
static bool check_written(struct target *target, const struct abi_reg_step *step, struct error *err)
{
    uint32_t all = step->bytes == 4 ? UINT32_MAX : (UINT32_C(1) << (8 * step->bytes)) - 1;
    uint32_t mask = step->mask != 0 ? step->mask : all;
    uint32_t value = 0;

    if (!read_register(target, step, &value, err)) {
        return false;
    }
    if ((value & mask) == (step->value & mask)) {
        return true;
    }
    return error_set(err, ERROR_TARGET_STATE,
        "the register at 0x%08" PRIx32 " reads 0x%08" PRIx32 " after 0x%08" PRIx32
        " was written (mask 0x%08" PRIx32 ")",
        step->addr, value, step->value, mask);
}

static bool write_step(
    struct target *target, const struct abi_reg_step *step, bool read_back, struct error *err)
{
    uint32_t value = 0;

    if (step->kind == ABI_REG_MODIFY) {
        if (!read_register(target, step, &value, err)) {
            return false;
        }
        value &= ~step->mask;
    }
    return write_register(target, step, value | step->value, err) &&
           (!read_back || check_written(target, step, err));
}

static bool wait_step(struct target *target, const struct abi_reg_step *step, struct error *err)
{
    uint64_t bound_ns = (uint64_t)step->timeout_us * TARGET_NS_PER_US;
    struct target_deadline deadline = target_deadline_start(target->probe, bound_ns);
    uint32_t value = 0;

    do {
        if (!read_register(target, step, &value, err)) {
            return false;
        }
        if ((value & step->mask) == step->value) {
            return true;
        }
    } while (target_deadline_wait(target->probe, &deadline, bound_ns / 16));
    return error_set(err, ERROR_TARGET_STATE,
        "the register at 0x%08" PRIx32 " reads 0x%08" PRIx32 " and did not become 0x%08" PRIx32
        " (mask 0x%08" PRIx32 ") within %" PRIu32 " us",
        step->addr, value, step->value, step->mask, step->timeout_us);
}

static bool run_step(
    struct target *target, const struct abi_reg_step *step, bool read_back, struct error *err)
{
    switch (step->kind) {
    case ABI_REG_WRITE:
    case ABI_REG_MODIFY:
        return write_step(target, step, read_back, err);
    case ABI_REG_WAIT:
        return wait_step(target, step, err);
    case ABI_REG_DELAY:
        probe_wait_ns(target->probe, (uint64_t)step->timeout_us * TARGET_NS_PER_US);
        return true;
    default:
        return error_set(err, ERROR_INTERNAL, "a register step of kind %u", step->kind);
    }
}

bool target_run_script(
    struct target *target, const struct board_script *script, bool read_back, struct error *err)
{
    size_t i = 0;

    for (i = 0; i < script->count; i++) {
        if (!run_step(target, &script->steps[i], read_back, err)) {
            return error_add_context(
                err, "running step %zu of %zu of a register script", i + 1, script->count);
        }
    }
    return true;
}
