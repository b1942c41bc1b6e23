/* A memory controller (QUADSPI, OCTOSPI, XSPI): carries bus operations to the memory chip, and maps
 * the chip into the address space.
 *
 * One driver for each controller family; a program lists those it has in its main file. The loops
 * above know only this header. */
#ifndef TARGET_DRIVER_CTRL_H
#define TARGET_DRIVER_CTRL_H

#include "abi/blob.h"
#include "target/driver/clock.h"

/* What the result words of the mailbox say about a failure: abi/mailbox.h, enum abi_stub_status. */
struct detail {
    uint32_t value[4];
};

struct ctrl {
    const struct ctrl_driver *driver; /* NULL until ctrl_set_up() */
    const struct abi_ctrl_setup *setup;
    struct clock *clock;
    struct detail *detail; /* value[0] = status register when a function fails */
};

struct ctrl_poll {
    uint8_t mask;
    uint8_t match;
    bool any;             /* ready when any bit under the mask matches, instead of all */
    uint32_t interval_us; /* between two reads of the chip */
    uint32_t timeout_us;
};

/* All members are mandatory. Every function ends in bounded time, and a failing one leaves the
 * controller idle. */
struct ctrl_driver {
    uint32_t family; /* enum abi_ctrl_family */

    /* From any state, mapped or stuck. ctrl->setup is the new one. */
    enum abi_stub_status (*set_up)(struct ctrl *ctrl);

    /* One transaction. out has the bytes of a write, in takes those of a read; both may have any
     * alignment, and count op->data_bytes. */
    enum abi_stub_status (*exec)(
        struct ctrl *ctrl, const struct abi_bus_op *op, const uint8_t *out, uint8_t *in);

    /* Repeats op, a read of one byte, in hardware until it matches. ABI_STATUS_POLL_TIMEOUT, and
     * ABI_STATUS_ABORTED when the host asks for it. */
    enum abi_stub_status (*poll)(
        struct ctrl *ctrl, const struct abi_bus_op *op, const struct ctrl_poll *poll);

    /* write->opcode_bytes 0: stores to the window are not set up. */
    enum abi_stub_status (*map)(
        struct ctrl *ctrl, const struct abi_bus_op *read, const struct abi_bus_op *write);

    /* Ends mapped mode, and whatever else goes on. Allowed in any state. */
    enum abi_stub_status (*stop)(struct ctrl *ctrl);
};

/* Chooses the driver for setup->family from the list, which ends with NULL, and sets it up.
 * ABI_STATUS_BAD_BLOB when there is none. setup must stay valid. */
enum abi_stub_status ctrl_set_up(struct ctrl *ctrl, const struct ctrl_driver *const *drivers,
    const struct abi_ctrl_setup *setup);

/* What every driver checks before it starts: data bytes on the wire (ABI_OP_DOUBLED counted twice),
 * or 0xFFFFFFFF if no controller can carry op. */
uint32_t ctrl_wire_bytes(const struct abi_bus_op *op);

/* Bound for a transaction of so many bytes: generous for one line, and for clocks of 250 kHz. */
uint32_t ctrl_timeout_us(const struct abi_ctrl_setup *setup, uint32_t wire_bytes);

#endif
