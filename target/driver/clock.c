#include "target/driver/clock.h"

#include "target/driver/cpu.h"

enum {
    LOOK_MIN_CYCLES = 4,  /* no loop around clock_look() is shorter */
    ALARM_MIN_CYCLES = 2, /* a reload value of 0 stops the counter */
    /* The shortest watchdog that makes sense with the 32 kHz clock is a few milliseconds. */
    SERVE_PERIOD_US = 1000,
    HZ_PER_MHZ = 1000000
};

void clock_start(struct clock *clock, uint32_t core_hz, volatile uint32_t *heartbeat,
    const volatile uint32_t *abort_request)
{
    reg_write32(DCB_DEMCR, reg_read32(DCB_DEMCR) | DCB_DEMCR_TRCENA);
    reg_write32(DWT_LAR, DWT_LAR_KEY);
    reg_write32(DWT_CTRL, reg_read32(DWT_CTRL) | DWT_CTRL_CYCCNTENA);
    *clock = (struct clock){.abort_request = abort_request};
    clock->heartbeat = heartbeat;
    clock->last_cycles = reg_read32(DWT_CYCCNT);
    clock_set_core_hz(clock, core_hz);
}

static void advance(struct clock *clock, uint32_t least_cycles)
{
    uint32_t cycles = reg_read32(DWT_CYCCNT);
    uint32_t passed = cycles - clock->last_cycles;

    clock->last_cycles = cycles;
    passed = passed < least_cycles ? least_cycles : passed;
    passed += clock->rest_cycles;
    clock->now_us += passed / clock->cycles_per_us;
    clock->rest_cycles = passed % clock->cycles_per_us;
}

static void serve_watchdog(struct clock *clock)
{
    if (clock->watchdog_addr != 0 && clock->now_us - clock->served_us >= SERVE_PERIOD_US) {
        clock->served_us = clock->now_us;
        reg_write32(clock->watchdog_addr, IWDG_KR_RELOAD);
    }
}

void clock_set_core_hz(struct clock *clock, uint32_t core_hz)
{
    uint32_t cycles_per_us = (core_hz + HZ_PER_MHZ - 1) / HZ_PER_MHZ;

    if (clock->cycles_per_us != 0) {
        advance(clock, 0);
    }
    clock->cycles_per_us = cycles_per_us == 0 ? 1 : cycles_per_us;
    clock->rest_cycles = 0;
}

uint64_t clock_look(struct clock *clock)
{
    advance(clock, LOOK_MIN_CYCLES);
    serve_watchdog(clock);
    return clock->now_us;
}

enum abi_stub_status clock_pace(struct clock *clock)
{
    (void)clock_look(clock);
    *clock->heartbeat += 1;
    if (clock->limit_us != 0 && clock->now_us >= clock->limit_us) {
        return ABI_STATUS_ABORTED;
    }
    return !clock->abort_ignored && *clock->abort_request != 0 ? ABI_STATUS_ABORTED : ABI_STATUS_OK;
}

void clock_set_alarm(struct clock *clock, uint32_t duration_us)
{
    uint32_t limit_us = duration_us < CLOCK_ALARM_MAX_US ? duration_us : CLOCK_ALARM_MAX_US;
    uint32_t cycles = limit_us * clock->cycles_per_us;

    clock->alarm_cycles = cycles < ALARM_MIN_CYCLES ? ALARM_MIN_CYCLES : cycles;
    reg_write32(SYSTICK_LOAD, clock->alarm_cycles - 1);
    reg_write32(SYSTICK_VAL, 0);
    reg_write32(SYSTICK_CTRL, SYSTICK_CTRL_CLKSOURCE | SYSTICK_CTRL_TICKINT | SYSTICK_CTRL_ENABLE);
}

void clock_end_alarm(struct clock *clock)
{
    bool rang = clock_alarm_rings();

    reg_write32(SYSTICK_CTRL, 0);
    reg_write32(SCB_ICSR, SCB_ICSR_PENDSTCLR);
    cpu_sync_data();
    advance(clock, rang ? clock->alarm_cycles : LOOK_MIN_CYCLES);
    serve_watchdog(clock);
}

enum abi_stub_status clock_wait_us(struct clock *clock, uint32_t duration_us)
{
    uint64_t end_us = clock_look(clock) + duration_us;

    while (clock->now_us < end_us) {
        uint64_t left_us = end_us - clock->now_us;

        clock_set_alarm(
            clock, left_us < CLOCK_ALARM_MAX_US ? (uint32_t)left_us : CLOCK_ALARM_MAX_US);
        while (!clock_alarm_rings()) {
        }
        clock_end_alarm(clock);
        if (clock_pace(clock) != ABI_STATUS_OK) {
            return ABI_STATUS_ABORTED;
        }
    }
    return ABI_STATUS_OK;
}
