/* Registers as the bus sees them: 32-bit words that may be read and written in bytes and halves,
 * described by tables of offset, reset value and writable bits. Internal to the p_*.c models. */
#ifndef SIM_P_REGS_H
#define SIM_P_REGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_BIT(n) (UINT32_C(1) << (n))

struct sim_register {
    uint16_t offset;
    uint32_t reset;
    uint32_t writable; /* bits that keep what software writes; the rest is the model's business */
};

/* The bits of a word that an access of size_bytes at this byte offset touches. */
uint32_t sim_register_lane_mask(uint32_t offset, uint32_t size_bytes);

/* The word after a write: lanes not addressed keep their bits. */
uint32_t sim_register_merge(uint32_t word, uint32_t offset, uint32_t size_bytes, uint32_t value);

/* What an access of size_bytes at this byte offset reads out of a word. */
uint32_t sim_register_extract(uint32_t word, uint32_t offset, uint32_t size_bytes);

/* The row for the word at this offset, NULL when the block has no such register. */
const struct sim_register *sim_register_find(
    const struct sim_register *table, size_t count, uint32_t offset);

static inline uint32_t sim_field(uint32_t word, unsigned position, unsigned width)
{
    return (word >> position) & (SIM_BIT(width) - 1);
}

#endif
