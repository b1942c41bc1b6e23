/* Runs lists of bus operations: the recovery prelude, mode changes, and what the host sends. */
#ifndef TARGET_DRIVER_BUS_RUN_H
#define TARGET_DRIVER_BUS_RUN_H

#include "target/driver/ctrl.h"

/* The controller and the ways a blob wants it set up. */
struct bus {
    struct ctrl ctrl;
    const struct ctrl_driver *const *drivers; /* ends with NULL */
    const struct abi_ctrl_setup *setups;
    uint32_t setup_count;
};

enum abi_stub_status bus_set_up(struct bus *bus, uint32_t index);

/* in takes the data that EXEC and EXPECT steps read, one after the other, and *stored_bytes counts
 * them; in may be NULL, then no step may read more than a few bytes.
 * A failure puts the index of its step into detail->value[1], and *stored_bytes into value[2];
 * value[0] is told with the status in abi/mailbox.h. */
enum abi_stub_status bus_run(struct bus *bus, const struct abi_bus_step *steps, uint32_t count,
    uint8_t *in, uint32_t *stored_bytes);

#endif
