#include "sim/p_block.h"

#include "sim/report.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

struct sim_block {
    const struct sim_env *env;
    const struct sim_block_layout *layout;
    struct sim_periph periph;
    uint32_t words[SIM_BLOCK_REGISTERS]; /* in the order of the layout's rows */
};

static bool read_word(void *state, uint32_t offset, uint32_t size_bytes, uint32_t *value)
{
    const struct sim_block *block = state;
    const struct sim_block_layout *layout = block->layout;
    const struct sim_register *row =
        sim_register_find(layout->registers, layout->register_count, offset);

    *value = row == NULL
                 ? 0
                 : sim_register_extract(block->words[row - layout->registers], offset, size_bytes);
    return true;
}

static bool write_word(void *state, uint32_t offset, uint32_t size_bytes, uint32_t value)
{
    struct sim_block *block = state;
    const struct sim_block_layout *layout = block->layout;
    const struct sim_register *row =
        sim_register_find(layout->registers, layout->register_count, offset);

    if (row != NULL) {
        uint32_t *word = &block->words[row - layout->registers];

        *word = (*word & ~row->writable) |
                (sim_register_merge(*word, offset, size_bytes, value) & row->writable);
    } else if (!layout->is_quiet) {
        sim_violation(block->env->report, "unmodelled-register",
            "write of 0x%08" PRIX32 " to %s+0x%03" PRIX32 ", where there is no register", value,
            layout->name, offset);
    }
    return true;
}

static void reset(void *state, enum sim_reset_kind kind)
{
    struct sim_block *block = state;

    (void)kind;
    for (size_t i = 0; i < block->layout->register_count; i++) {
        block->words[i] = block->layout->registers[i].reset;
    }
}

struct sim_block *sim_block_create(
    const struct sim_env *env, struct sim_bus *bus, const struct sim_block_layout *layout)
{
    struct sim_block *block = calloc(1, sizeof *block);

    if (block == NULL) {
        abort();
    }
    assert(layout->register_count <= SIM_BLOCK_REGISTERS);
    block->env = env;
    block->layout = layout;
    block->periph = (struct sim_periph){
        .name = layout->name,
        .base = layout->base,
        .size_bytes = layout->size_bytes,
        .state = block,
        .read = read_word,
        .write = write_word,
        .reset = reset,
        .gate_offset = layout->gate_offset,
        .gate_bit = layout->gate_bit,
    };
    sim_bus_add_periph(bus, &block->periph);
    reset(block, SIM_RESET_POWER_ON);
    return block;
}

void sim_block_free(struct sim_block *block)
{
    free(block);
}
