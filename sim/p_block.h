/* Blocks of registers that only keep what is written: their function is not modelled, but software
 * and debuggers must be able to write them and read them back. */
#ifndef SIM_P_BLOCK_H
#define SIM_P_BLOCK_H

#include "sim/p_regs.h"
#include "sim/soc.h"

#include <stddef.h>

enum { SIM_BLOCK_REGISTERS = 16 };

struct sim_block_layout {
    const char *name;
    uint32_t base;
    uint32_t size_bytes;
    uint16_t gate_offset; /* as in struct sim_periph */
    uint8_t gate_bit;
    bool is_quiet; /* a debug component: writes elsewhere are lost without a violation */
    const struct sim_register *registers; /* at most SIM_BLOCK_REGISTERS */
    size_t register_count;
};

struct sim_block;
struct sim_block *sim_block_create(
    const struct sim_env *env, struct sim_bus *bus, const struct sim_block_layout *layout);
void sim_block_free(struct sim_block *block);

#endif
