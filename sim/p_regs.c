#include "sim/p_regs.h"

enum { WORD_BYTES = 4, BITS_PER_BYTE = 8 };

static uint32_t lane_shift(uint32_t offset)
{
    return offset % WORD_BYTES * BITS_PER_BYTE;
}

static uint32_t size_mask(uint32_t size_bytes)
{
    return size_bytes >= WORD_BYTES ? UINT32_MAX : SIM_BIT(size_bytes * BITS_PER_BYTE) - 1;
}

uint32_t sim_register_lane_mask(uint32_t offset, uint32_t size_bytes)
{
    return size_mask(size_bytes) << lane_shift(offset);
}

uint32_t sim_register_merge(uint32_t word, uint32_t offset, uint32_t size_bytes, uint32_t value)
{
    uint32_t lanes = sim_register_lane_mask(offset, size_bytes);

    return (word & ~lanes) | ((value << lane_shift(offset)) & lanes);
}

uint32_t sim_register_extract(uint32_t word, uint32_t offset, uint32_t size_bytes)
{
    return (word >> lane_shift(offset)) & size_mask(size_bytes);
}

const struct sim_register *sim_register_find(
    const struct sim_register *table, size_t count, uint32_t offset)
{
    uint32_t word_offset = offset - offset % WORD_BYTES;

    for (size_t i = 0; i < count; i++) {
        if (table[i].offset == word_offset) {
            return &table[i];
        }
    }
    return NULL;
}
