#include "sim/cpu.h"

/* Cycles. The core is in-order dual-issue; one instruction per cycle is the middle between its best
 * and the CPI of 1.3 that the performance model of the project assumes (performance.md section 4):
 * the branch and transfer extras make up for it. Entry and return: 12 cycles from zero-wait memory
 * (Cortex-M7 TRM, "Exceptions"). Peripheral accesses cross AXI and an AHB bridge at half the core
 * clock: about ten core cycles. */
const struct sim_cpu_costs sim_cpu_default_costs = {
    .instruction = 1,
    .branch_taken = 1,
    .divide = 6,
    .transfer_extra = 1,
    .peripheral = 10,
    .private_bus = 3,
    .exception_entry = 12,
    .exception_return = 10,
    .cache_fill = 8,
};
