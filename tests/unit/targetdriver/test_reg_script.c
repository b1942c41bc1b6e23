#include "target/driver/reg_script.h"
#include "tests/unit/targetdriver/machine.h"

#include <criterion/criterion.h>

enum { REG = 0x58024400 };

static volatile uint32_t heartbeat;
static volatile uint32_t abort_request;
static struct clock clock_of_test;

static void start(void)
{
    machine_reset();
    abort_request = 0;
    clock_start(&clock_of_test, 64000000, &heartbeat, &abort_request);
    machine.write_count = 0;
}

static enum abi_stub_status run(
    const struct abi_reg_step *steps, uint32_t count, struct reg_script_failure *failure)
{
    return reg_script_run(steps, count, &clock_of_test, failure);
}

/* The register becomes ready 300 us after the start. */
static void become_ready(void)
{
    if (machine_now_us() > 300) {
        machine_poke(REG, machine_peek(REG) | 4U);
    }
}

Test(reg_script, writes_in_the_width_asked_for)
{
    static const struct abi_reg_step steps[] = {
        {ABI_REG_WRITE, 4, 0, REG, 0, 0x11223344, 0},
        {ABI_REG_WRITE, 2, 0, REG + 4, 0, 0x5566, 0},
        {ABI_REG_WRITE, 1, 0, REG + 7, 0, 0x77, 0},
    };
    struct reg_script_failure failure = {0};

    start();
    cr_assert_eq(run(steps, 3, &failure), ABI_STATUS_OK);
    cr_assert_eq(machine.write_count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        cr_assert_eq(machine.writes[i].addr, steps[i].addr, "step %u", i);
        cr_assert_eq(machine.writes[i].value, steps[i].value, "step %u", i);
        cr_assert_eq(machine.writes[i].bytes, steps[i].bytes, "step %u", i);
    }
}

Test(reg_script, keeps_the_bits_outside_of_the_mask)
{
    static const struct abi_reg_step step = {ABI_REG_MODIFY, 4, 0, REG, 0x00F0, 0x0050, 0};
    struct reg_script_failure failure = {0};

    start();
    machine_poke(REG, 0xABCDEFFFU);
    cr_assert_eq(run(&step, 1, &failure), ABI_STATUS_OK);
    cr_assert_eq(machine_peek(REG), 0xABCDEF5FU);
}

Test(reg_script, waits_until_the_bits_are_there)
{
    static const struct abi_reg_step step = {ABI_REG_WAIT, 4, 0, REG, 4, 4, 1000};
    struct reg_script_failure failure = {0};

    start();
    machine.meanwhile = become_ready;
    cr_assert_eq(run(&step, 1, &failure), ABI_STATUS_OK);
    cr_assert_geq(machine_now_us(), 300);
    cr_assert_lt(machine_now_us(), 310);
}

Test(reg_script, names_the_register_that_did_not_become_ready)
{
    static const struct abi_reg_step steps[] = {
        {ABI_REG_WAIT, 4, 0, REG, 0x30, 0x30, 2000},
        {ABI_REG_WRITE, 4, 0, REG + 8, 0, 1, 0},
    };
    struct reg_script_failure failure = {0};

    start();
    machine_poke(REG, 0x12345610U);
    cr_assert_eq(run(steps, 2, &failure), ABI_STATUS_REG_TIMEOUT);
    cr_assert_eq(failure.addr, REG);
    cr_assert_eq(failure.value, 0x12345610U);
    cr_assert_geq(machine_now_us(), 2000);
    cr_assert_lt(machine_now_us(), 2100);
    cr_assert_eq(machine.write_count, 0, "nothing behind the failed step is done");
}

Test(reg_script, delays)
{
    static const struct abi_reg_step step = {.kind = ABI_REG_DELAY, .timeout_us = 700};
    struct reg_script_failure failure = {0};

    start();
    cr_assert_eq(run(&step, 1, &failure), ABI_STATUS_OK);
    cr_assert_geq(machine_now_us(), 700);
}

Test(reg_script, stops_when_the_host_asks_for_it)
{
    static const struct abi_reg_step step = {ABI_REG_WAIT, 4, 0, REG, 4, 4, 1000000};
    struct reg_script_failure failure = {0};

    start();
    abort_request = 1;
    cr_assert_eq(run(&step, 1, &failure), ABI_STATUS_ABORTED);
    cr_assert_lt(machine_now_us(), 100);
}

Test(reg_script, refuses_a_kind_it_does_not_know)
{
    static const struct abi_reg_step step = {.kind = 9, .bytes = 4, .addr = REG};
    struct reg_script_failure failure = {0};

    start();
    cr_assert_eq(run(&step, 1, &failure), ABI_STATUS_BAD_BLOB);
}
