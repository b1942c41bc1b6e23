#include "target/driver/reg_script.h"

#include "target/driver/cpu.h"
#include "target/driver/reg.h"

static uint32_t read_step(const struct abi_reg_step *step)
{
    switch (step->bytes) {
    case 1:
        return reg_read8(step->addr);
    case 2:
        return reg_read16(step->addr);
    default:
        return reg_read32(step->addr);
    }
}

static void write_step(const struct abi_reg_step *step, uint32_t value)
{
    switch (step->bytes) {
    case 1:
        reg_write8(step->addr, (uint8_t)value);
        break;
    case 2:
        reg_write16(step->addr, (uint16_t)value);
        break;
    default:
        reg_write32(step->addr, value);
        break;
    }
    /* A clock just enabled must have arrived before the next register is touched: the write has
     * left the core, and a read back gives the peripheral's bus its cycles (as the vendor's HAL
     * does). */
    cpu_sync_data();
    (void)read_step(step);
}

static enum abi_stub_status wait_step(
    const struct abi_reg_step *step, struct clock *clock, struct reg_script_failure *failure)
{
    uint64_t end_us = clock_look(clock) + step->timeout_us;

    for (;;) {
        bool late = clock_look(clock) >= end_us;
        uint32_t value = read_step(step);

        if ((value & step->mask) == step->value) {
            return ABI_STATUS_OK;
        }
        if (late) {
            failure->addr = step->addr;
            failure->value = value;
            return ABI_STATUS_REG_TIMEOUT;
        }
        if (clock_pace(clock) != ABI_STATUS_OK) {
            return ABI_STATUS_ABORTED;
        }
    }
}

static enum abi_stub_status run_step(
    const struct abi_reg_step *step, struct clock *clock, struct reg_script_failure *failure)
{
    switch (step->kind) {
    case ABI_REG_WRITE:
        write_step(step, step->value);
        return ABI_STATUS_OK;
    case ABI_REG_MODIFY:
        write_step(step, (read_step(step) & ~step->mask) | step->value);
        return ABI_STATUS_OK;
    case ABI_REG_WAIT:
        return wait_step(step, clock, failure);
    case ABI_REG_DELAY:
        return clock_wait_us(clock, step->timeout_us);
    default:
        return ABI_STATUS_BAD_BLOB;
    }
}

enum abi_stub_status reg_script_run(const struct abi_reg_step *steps, uint32_t count,
    struct clock *clock, struct reg_script_failure *failure)
{
    for (uint32_t i = 0; i < count; i++) {
        enum abi_stub_status status = run_step(&steps[i], clock, failure);

        if (status != ABI_STATUS_OK) {
            return status;
        }
    }
    return ABI_STATUS_OK;
}
