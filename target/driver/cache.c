#include "target/driver/cache.h"

#include "target/driver/core_regs.h"
#include "target/driver/cpu.h"
#include "target/driver/reg.h"

/* CCSIDR of the data cache, and the operand of operations by set and way (Armv7-M architecture
 * reference manual, B3.2.8 and B2.2.7). */
static void for_each_line(uint32_t operation)
{
    uint32_t size = 0;
    uint32_t line_log2 = 0;
    uint32_t ways = 0;
    uint32_t sets = 0;
    uint32_t way_shift = 0;

    reg_write32(SCB_CSSELR, 0); /* level 1, data */
    cpu_sync_data();
    size = reg_read32(SCB_CCSIDR);
    line_log2 = (size & 7U) + 4;
    ways = (size >> 3 & 0x3FFU) + 1;
    sets = (size >> 13 & 0x7FFFU) + 1;
    way_shift = ways == 1 ? 0 : (uint32_t)__builtin_clz(ways - 1);
    for (uint32_t way = 0; way < ways; way++) {
        for (uint32_t set = 0; set < sets; set++) {
            reg_write32(operation, way << way_shift | set << line_log2);
        }
    }
    cpu_sync_data();
}

static void invalidate_instructions(void)
{
    cpu_sync_data();
    reg_write32(SCB_ICIALLU, 0);
    cpu_sync_data();
    cpu_sync_instructions();
}

void cache_disable(void)
{
    uint32_t control = reg_read32(SCB_CCR);

    cpu_sync_data();
    reg_write32(SCB_CCR, control & ~SCB_CCR_DC);
    cpu_sync_data();
    for_each_line((control & SCB_CCR_DC) != 0 ? SCB_DCCISW : SCB_DCISW);
    reg_write32(SCB_CCR, control & ~(SCB_CCR_DC | SCB_CCR_IC));
    invalidate_instructions();
}

void cache_enable(void)
{
    invalidate_instructions();
    for_each_line(SCB_DCISW);
    reg_write32(SCB_CCR, reg_read32(SCB_CCR) | SCB_CCR_DC | SCB_CCR_IC);
    cpu_sync_data();
    cpu_sync_instructions();
}
