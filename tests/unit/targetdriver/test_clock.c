#include "target/driver/clock.h"
#include "target/driver/core_regs.h"
#include "tests/unit/targetdriver/machine.h"

#include <criterion/criterion.h>

static volatile uint32_t heartbeat;
static volatile uint32_t abort_request;

static struct clock start(void)
{
    struct clock clock;

    machine_reset();
    heartbeat = 0;
    abort_request = 0;
    clock_start(&clock, 64000000, &heartbeat, &abort_request);
    clock.watchdog_addr = MACHINE_KR_ADDR;
    return clock;
}

Test(clock, unlocks_the_counter_before_it_starts_it)
{
    (void)start();
    cr_assert_eq(machine.writes[0].addr, DCB_DEMCR);
    cr_assert_eq(machine.writes[1].addr, DWT_LAR);
    cr_assert_eq(machine.writes[1].value, 0xC5ACCE55U);
    cr_assert_eq(machine.writes[2].addr, DWT_CTRL);
    cr_assert_eq(machine.writes[2].value & 1U, 1);
}

Test(clock, waits_as_long_as_asked_for_and_little_longer)
{
    struct clock clock = start();
    uint64_t begin_us = machine_now_us();
    uint64_t took_us = 0;

    cr_assert_eq(clock_wait_us(&clock, 25000), ABI_STATUS_OK);
    took_us = machine_now_us() - begin_us;
    cr_assert_geq(took_us, 25000);
    cr_assert_leq(took_us, 25020, "took %llu us", (unsigned long long)took_us);
}

Test(clock, serves_the_watchdog_while_it_waits)
{
    struct clock clock = start();

    cr_assert_eq(clock_wait_us(&clock, 100000), ABI_STATUS_OK);
    cr_assert_geq(machine.reloads, 45);
    cr_assert_leq(machine.worst_gap, 2200 * MACHINE_CYCLES_PER_US);
    cr_assert_gt(heartbeat, 45);
}

Test(clock, leaves_the_watchdog_alone_while_its_address_is_unknown)
{
    struct clock clock = start();

    clock.watchdog_addr = 0;
    cr_assert_eq(clock_wait_us(&clock, 10000), ABI_STATUS_OK);
    cr_assert_eq(machine.reloads, 0);
}

Test(clock, ends_a_wait_when_the_host_asks_for_it)
{
    struct clock clock = start();

    abort_request = 1;
    cr_assert_eq(clock_wait_us(&clock, 1000000), ABI_STATUS_ABORTED);
    cr_assert_lt(machine_now_us(), 3000);
    clock.abort_ignored = true;
    cr_assert_eq(clock_wait_us(&clock, 1000), ABI_STATUS_OK);
}

Test(clock, ends_a_wait_at_its_limit)
{
    struct clock clock = start();

    clock.limit_us = 5000;
    cr_assert_eq(clock_wait_us(&clock, 1000000), ABI_STATUS_ABORTED);
    cr_assert_lt(machine_now_us(), 7500);
}

Test(clock, ends_a_wait_although_the_counter_stands_still)
{
    struct clock clock = start();
    uint64_t begin_us = machine_now_us();

    machine.counter_stands = true;
    cr_assert_eq(clock_wait_us(&clock, 10000), ABI_STATUS_OK);
    cr_assert_geq(machine_now_us() - begin_us, 10000);
    cr_assert_lt(machine_now_us() - begin_us, 100000);
}

Test(clock, leaves_no_alarm_behind)
{
    struct clock clock = start();

    cr_assert_eq(clock_wait_us(&clock, 5000), ABI_STATUS_OK);
    cr_assert_eq(machine.alarm_at, 0);
    cr_assert_not(machine.alarm_pending);
}

Test(clock, counts_on_over_a_wrap_of_the_counter)
{
    struct clock clock = start();
    uint64_t begin_us = 0;

    machine.cycles = UINT32_MAX - 1000;
    (void)clock_look(&clock);
    begin_us = clock.now_us;
    cr_assert_eq(clock_wait_us(&clock, 1000), ABI_STATUS_OK);
    cr_assert_leq(clock.now_us - begin_us, 1020);
}

Test(clock, follows_a_change_of_the_core_clock)
{
    struct clock clock = start();
    uint64_t begin = 0;

    clock_set_core_hz(&clock, 600000000);
    begin = machine.cycles;
    cr_assert_eq(clock_wait_us(&clock, 1000), ABI_STATUS_OK);
    cr_assert_geq(machine.cycles - begin, 600000);
    cr_assert_leq(machine.cycles - begin, 602000);
}
