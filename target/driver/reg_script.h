/* Runs a list of register writes and waits: how a board's clocks, power and pins are set up. */
#ifndef TARGET_DRIVER_REG_SCRIPT_H
#define TARGET_DRIVER_REG_SCRIPT_H

#include "abi/blob.h"
#include "target/driver/clock.h"

struct reg_script_failure {
    uint32_t addr;
    uint32_t value; /* as read last */
};

/* ABI_STATUS_REG_TIMEOUT fills *failure. The script may change the core clock: clock must have been
 * told the highest one that may come, which makes waits longer than asked for, never shorter. */
enum abi_stub_status reg_script_run(const struct abi_reg_step *steps, uint32_t count,
    struct clock *clock, struct reg_script_failure *failure);

#endif
