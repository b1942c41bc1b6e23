#include "target/apps/tick.h"

#include "target/apps/startup.h"
#include "target/driver/core_regs.h"
#include "target/driver/reg.h"

enum { LOAD_MAX = 1 << 24, MS_PER_S = 1000 };

static struct {
    uint32_t parts; /* interrupts that make a period */
    uint32_t part;
    volatile uint32_t periods;
} tick;

void tick_start(uint32_t core_hz, uint32_t period_ms)
{
    uint32_t cycles = core_hz / MS_PER_S * period_ms;

    tick.parts = (cycles + LOAD_MAX - 1) / LOAD_MAX;
    tick.part = 0;
    tick.periods = 0;
    reg_write32(SYSTICK_CTRL, 0);
    reg_write32(SYSTICK_LOAD, cycles / tick.parts - 1);
    reg_write32(SYSTICK_VAL, 0);
    reg_write32(SYSTICK_CTRL, SYSTICK_CTRL_CLKSOURCE | SYSTICK_CTRL_TICKINT | SYSTICK_CTRL_ENABLE);
}

void app_handle_tick(void)
{
    tick.part++;
    if (tick.part == tick.parts) {
        tick.part = 0;
        tick.periods = tick.periods + 1;
    }
}

uint32_t tick_count(void)
{
    return tick.periods;
}
