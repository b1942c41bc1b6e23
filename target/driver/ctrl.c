#include "target/driver/ctrl.h"

#include <stddef.h>

enum {
    WIRE_BYTES_BAD = -1,
    OVERHEAD_US = 2000,   /* FIFO, command, synchronisation of clock domains */
    CLOCKS_PER_BYTE = 16, /* one line STR takes 8; the rest is for a processor that feeds slowly */
    DOUBLED_BYTES_MAX = 16, /* registers and IDs */
    HZ_PER_MHZ = 1000000
};

enum abi_stub_status ctrl_set_up(
    struct ctrl *ctrl, const struct ctrl_driver *const *drivers, const struct abi_ctrl_setup *setup)
{
    for (; *drivers != NULL; drivers++) {
        if ((*drivers)->family == setup->family) {
            ctrl->driver = *drivers;
            ctrl->setup = setup;
            return ctrl->driver->set_up(ctrl);
        }
    }
    return ABI_STATUS_BAD_BLOB;
}

static bool lines_ok(uint8_t bus)
{
    unsigned lines = bus & ABI_BUS_LINES_MASK;

    return lines == 1 || lines == 2 || lines == 4 || lines == 8 || lines == 16;
}

static bool phase_ok(uint8_t bytes, uint8_t bytes_max, uint8_t bus)
{
    return bytes == 0 || (bytes <= bytes_max && lines_ok(bus));
}

/* With eight lines and both edges a clock carries two bytes: an odd count leaves one in the FIFO
 * and the controller busy for ever (reference: memories.md 1.5). */
static bool count_ok(const struct abi_bus_op *op, uint32_t wire_bytes)
{
    bool pairs = (op->data_bus & ABI_BUS_DTR) != 0 && (op->data_bus & ABI_BUS_LINES_MASK) >= 8;

    return wire_bytes != 0 && !(pairs && wire_bytes % 2 != 0);
}

uint32_t ctrl_wire_bytes(const struct abi_bus_op *op)
{
    uint32_t bytes = op->data_bytes;

    if (!phase_ok(op->opcode_bytes, 2, op->opcode_bus) ||
        !phase_ok(op->addr_bytes, 4, op->addr_bus) ||
        !phase_ok(op->alternate_bytes, 4, op->alternate_bus)) {
        return (uint32_t)WIRE_BYTES_BAD;
    }
    if (op->data_bus == 0) {
        return 0;
    }
    if ((op->flags & ABI_OP_DOUBLED) != 0) {
        if (bytes > DOUBLED_BYTES_MAX) {
            return (uint32_t)WIRE_BYTES_BAD;
        }
        bytes *= 2;
    }
    return lines_ok(op->data_bus) && count_ok(op, bytes) ? bytes : (uint32_t)WIRE_BYTES_BAD;
}

uint32_t ctrl_timeout_us(const struct abi_ctrl_setup *setup, uint32_t wire_bytes)
{
    uint32_t bus_hz = setup->bus_hz == 0 ? 1 : setup->bus_hz;
    uint32_t us_per_clock = (HZ_PER_MHZ + bus_hz - 1) / bus_hz;
    uint64_t timeout_us = (uint64_t)wire_bytes * CLOCKS_PER_BYTE * us_per_clock + OVERHEAD_US;

    return timeout_us > UINT32_MAX ? UINT32_MAX : (uint32_t)timeout_us;
}
