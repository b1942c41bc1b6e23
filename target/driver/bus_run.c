#include "target/driver/bus_run.h"

#include "common/le.h"

#include <stddef.h>

enum {
    SCRATCH_BYTES = 32,
    POLL_INTERVAL_US = 2, /* register writes and resets: short */
    STEP_DATA_BYTES = sizeof((struct abi_bus_step *)0)->data
};

enum abi_stub_status bus_set_up(struct bus *bus, uint32_t index)
{
    if (index >= bus->setup_count) {
        return ABI_STATUS_BAD_BLOB;
    }
    return ctrl_set_up(&bus->ctrl, bus->drivers, &bus->setups[index]);
}

static bool is_read(const struct abi_bus_op *op)
{
    return op->data_bus != 0 && (op->flags & ABI_OP_WRITE) == 0;
}

static enum abi_stub_status exec_step(
    struct ctrl *ctrl, const struct abi_bus_step *step, uint8_t *in)
{
    const struct abi_bus_op *op = &step->op;

    if (op->data_bus != 0 && !is_read(op) && op->data_bytes > STEP_DATA_BYTES) {
        return ABI_STATUS_BAD_COMMAND;
    }
    return ctrl->driver->exec(ctrl, op, step->data, in);
}

static enum abi_stub_status poll_step(struct ctrl *ctrl, const struct abi_bus_step *step)
{
    uint8_t last[1] = {0};
    struct ctrl_poll poll = {
        .mask = step->mask,
        .match = step->match & step->mask,
        .interval_us = POLL_INTERVAL_US,
        .timeout_us = step->timeout_us,
    };
    enum abi_stub_status status = ctrl->driver->poll(ctrl, &step->op, &poll);

    if (status == ABI_STATUS_POLL_TIMEOUT) {
        (void)ctrl->driver->exec(ctrl, &step->op, NULL, last);
        ctrl->detail->value[0] = last[0];
    }
    return status;
}

static enum abi_stub_status expect_step(
    struct ctrl *ctrl, const struct abi_bus_step *step, uint8_t *in)
{
    uint8_t first[4] = {0};
    enum abi_stub_status status = ABI_STATUS_OK;

    if (!is_read(&step->op) || step->data_count > STEP_DATA_BYTES ||
        step->data_count > step->op.data_bytes) {
        return ABI_STATUS_BAD_COMMAND;
    }
    status = ctrl->driver->exec(ctrl, &step->op, NULL, in);
    if (status != ABI_STATUS_OK) {
        return status;
    }
    for (uint32_t i = 0; i < step->data_count; i++) {
        if (i < sizeof first) {
            first[i] = in[i];
        }
        status = in[i] == step->data[i] ? status : ABI_STATUS_UNEXPECTED;
    }
    if (status != ABI_STATUS_OK) {
        ctrl->detail->value[0] = le_get32(first);
    }
    return status;
}

static enum abi_stub_status run_step(struct bus *bus, const struct abi_bus_step *step, uint8_t *in)
{
    struct ctrl *ctrl = &bus->ctrl;
    enum abi_stub_status status = clock_pace(ctrl->clock);

    if (status != ABI_STATUS_OK) {
        return status;
    }
    switch (step->kind) {
    case ABI_STEP_EXEC:
        return exec_step(ctrl, step, in);
    case ABI_STEP_POLL:
        return poll_step(ctrl, step);
    case ABI_STEP_WAIT:
        return clock_wait_us(ctrl->clock, step->timeout_us);
    case ABI_STEP_CTRL:
        return bus_set_up(bus, step->index);
    case ABI_STEP_EXPECT:
        return expect_step(ctrl, step, in);
    case ABI_STEP_QUIET:
        (void)exec_step(ctrl, step, in);
        return ABI_STATUS_OK;
    default:
        return ABI_STATUS_BAD_COMMAND;
    }
}

static bool stores_data(const struct abi_bus_step *step)
{
    return (step->kind == ABI_STEP_EXEC || step->kind == ABI_STEP_EXPECT) && is_read(&step->op);
}

enum abi_stub_status bus_run(struct bus *bus, const struct abi_bus_step *steps, uint32_t count,
    uint8_t *in, uint32_t *stored_bytes)
{
    uint8_t scratch[SCRATCH_BYTES] __attribute__((aligned(4))) = {0};
    struct detail *detail = bus->ctrl.detail;

    *stored_bytes = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct abi_bus_step *step = &steps[i];
        bool stores = in != NULL && stores_data(step);
        uint8_t *place = stores ? in + *stored_bytes : scratch;
        enum abi_stub_status status = ABI_STATUS_BAD_COMMAND;

        if (stores || !is_read(&step->op) || step->op.data_bytes <= SCRATCH_BYTES) {
            status = run_step(bus, step, place);
        }
        if (status != ABI_STATUS_OK) {
            detail->value[1] = i;
            detail->value[2] = *stored_bytes;
            return status;
        }
        *stored_bytes += stores ? step->op.data_bytes : 0;
    }
    return ABI_STATUS_OK;
}
