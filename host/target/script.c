/* Register scripts of the MCU's data, executed over the debug port. */
#include "host/target/target.h"
#include "host/target/target_internal.h"

#include <inttypes.h>

/* Through which access port of which probe. */
struct port {
    struct probe *probe;
    uint8_t ap;
};

static bool read_register(
    const struct port *port, const struct abi_reg_step *step, uint32_t *value, struct error *err)
{
    uint8_t bytes[2] = {0};

    if (step->bytes == 4) {
        return probe_read_word(port->probe, port->ap, step->addr, value, err);
    }
    if (!probe_read_bytes(port->probe, port->ap, step->addr, bytes, step->bytes, err)) {
        return false;
    }
    *value = bytes[0] | (uint32_t)bytes[1] << 8;
    return true;
}

static bool write_register(
    const struct port *port, const struct abi_reg_step *step, uint32_t value, struct error *err)
{
    if (step->bytes == 4) {
        return probe_write_word(port->probe, port->ap, step->addr, value, err);
    }
    return probe_write_narrow(port->probe, port->ap, step->addr, value, step->bytes, err);
}

/* mask 0 of a WRITE step: all its bits are compared. */
static bool check_written(
    const struct port *port, const struct abi_reg_step *step, struct error *err)
{
    uint32_t all = step->bytes == 4 ? UINT32_MAX : (UINT32_C(1) << (8 * step->bytes)) - 1;
    uint32_t mask = step->mask != 0 ? step->mask : all;
    uint32_t value = 0;

    if (!read_register(port, step, &value, err)) {
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
    const struct port *port, const struct abi_reg_step *step, bool read_back, struct error *err)
{
    uint32_t value = 0;

    if (step->kind == ABI_REG_MODIFY) {
        if (!read_register(port, step, &value, err)) {
            return false;
        }
        value &= ~step->mask;
    }
    return write_register(port, step, value | step->value, err) &&
           (!read_back || check_written(port, step, err));
}

static bool wait_step(const struct port *port, const struct abi_reg_step *step, struct error *err)
{
    uint64_t bound_ns = (uint64_t)step->timeout_us * TARGET_NS_PER_US;
    struct target_deadline deadline = target_deadline_start(port->probe, bound_ns);
    uint32_t value = 0;

    do {
        if (!read_register(port, step, &value, err)) {
            return false;
        }
        if ((value & step->mask) == step->value) {
            return true;
        }
    } while (target_deadline_wait(port->probe, &deadline, bound_ns / 16));
    return error_set(err, ERROR_TARGET_STATE,
        "the register at 0x%08" PRIx32 " reads 0x%08" PRIx32 " and did not become 0x%08" PRIx32
        " (mask 0x%08" PRIx32 ") within %" PRIu32 " us",
        step->addr, value, step->value, step->mask, step->timeout_us);
}

static bool run_step(
    const struct port *port, const struct abi_reg_step *step, bool read_back, struct error *err)
{
    switch (step->kind) {
    case ABI_REG_WRITE:
    case ABI_REG_MODIFY:
        return write_step(port, step, read_back, err);
    case ABI_REG_WAIT:
        return wait_step(port, step, err);
    case ABI_REG_DELAY:
        probe_wait_ns(port->probe, (uint64_t)step->timeout_us * TARGET_NS_PER_US);
        return true;
    default:
        return error_set(err, ERROR_INTERNAL, "a register step of kind %u", step->kind);
    }
}

bool target_run_script_at(struct target *target, uint8_t ap, const struct board_script *script,
    bool read_back, struct error *err)
{
    const struct port port = {target->probe, ap};
    size_t i = 0;

    for (i = 0; i < script->count; i++) {
        if (!run_step(&port, &script->steps[i], read_back, err)) {
            return error_add_context(
                err, "running step %zu of %zu of a register script", i + 1, script->count);
        }
    }
    return true;
}

bool target_run_script(
    struct target *target, const struct board_script *script, bool read_back, struct error *err)
{
    return target_run_script_at(target, target->mcu->core_ap, script, read_back, err);
}
