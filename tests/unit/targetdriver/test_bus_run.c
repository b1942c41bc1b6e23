#include "target/driver/board.h"
#include "target/driver/core_regs.h"
#include "tests/unit/targetdriver/blob_maker.h"
#include "tests/unit/targetdriver/chip_model.h"
#include "tests/unit/targetdriver/machine.h"

#include <criterion/criterion.h>

#include <string.h>

static const struct ctrl_driver *const drivers[] = {&chip_driver, NULL};
static volatile uint32_t heartbeat;
static volatile uint32_t abort_request;
static struct clock clock_of_test;
static struct board board;
static uint32_t words[BLOB_MAKER_WORDS];

static void start(void)
{
    machine_reset();
    chip_reset_model();
    abort_request = 0;
    clock_start(&clock_of_test, 64000000, &heartbeat, &abort_request);
    board_init(&board, blob_make(words), &clock_of_test, drivers);
}

static enum abi_stub_status run(
    const struct abi_bus_step *steps, uint32_t count, uint8_t *in, uint32_t *stored_bytes)
{
    return bus_run(&board.bus, steps, count, in, stored_bytes);
}

Test(bus_run, recovers_the_chip_from_either_mode)
{
    for (int dtr = 0; dtr < 2; dtr++) {
        start();
        chip.dtr = dtr != 0;
        cr_assert_eq(board_start(&board), ABI_STATUS_OK);
        cr_assert_eq(board_recover(&board), ABI_STATUS_OK, "mode %d", dtr);
        cr_assert_not(chip.dtr);
        cr_assert_eq(chip.last_prescaler, ABI_CTRL_DETECT + 1);
        cr_assert_eq(chip.mistakes, 0, "%s", chip.mistake);
    }
}

Test(bus_run, recovers_the_chip_in_the_middle_of_an_erase)
{
    start();
    cr_assert_eq(board_start(&board), ABI_STATUS_OK);
    chip.busy_until_us = machine_now_us() + 5000000;
    cr_assert_eq(board_recover(&board), ABI_STATUS_OK);
    cr_assert_not(chip_busy());
    cr_assert_eq(chip.resets, 1);
}

Test(bus_run, brings_the_chip_to_the_program_bus_and_back)
{
    start();
    cr_assert_eq(board_start(&board), ABI_STATUS_OK);
    cr_assert_eq(board_recover(&board), ABI_STATUS_OK);
    cr_assert_eq(board_enter_program(&board), ABI_STATUS_OK);
    cr_assert(chip.dtr);
    cr_assert_eq(chip.last_prescaler, ABI_CTRL_PROGRAM + 1);
    cr_assert_eq(board_leave_program(&board), ABI_STATUS_OK);
    cr_assert_not(chip.dtr);
    cr_assert_eq(chip.last_prescaler, ABI_CTRL_DETECT + 1);
    cr_assert_eq(chip.mistakes, 0, "%s", chip.mistake);
}

Test(bus_run, enters_the_run_mode_and_maps_the_chip)
{
    start();
    cr_assert_eq(board_start(&board), ABI_STATUS_OK);
    cr_assert_eq(board_recover(&board), ABI_STATUS_OK);
    cr_assert_eq(board_enter_run(&board), ABI_STATUS_OK);
    cr_assert_eq(machine_peek(BLOB_REG_ADDR), 2, "run_regs");
    cr_assert_eq(chip.last_prescaler, ABI_CTRL_RUN + 1);
    cr_assert_eq(board_map(&board), ABI_STATUS_OK);
    cr_assert(chip.mapped);
    board_unmap(&board);
    cr_assert_not(chip.mapped);
    cr_assert_eq(chip.mistakes, 0, "%s", chip.mistake);
}

Test(bus_run, closes_external_memory_before_it_touches_the_board)
{
    start();
    cr_assert_eq(board_start(&board), ABI_STATUS_OK);
    cr_assert_eq(machine_peek(MPU_CTRL), 5);
}

Test(bus_run, sets_the_controller_up_as_a_step_says)
{
    const struct abi_bus_step step = {.kind = ABI_STEP_CTRL, .index = ABI_CTRL_RUN};
    uint32_t stored_bytes = 0;

    start();
    cr_assert_eq(board_start(&board), ABI_STATUS_OK);
    cr_assert_eq(run(&step, 1, NULL, &stored_bytes), ABI_STATUS_OK);
    cr_assert_eq(chip.last_prescaler, ABI_CTRL_RUN + 1);
}

Test(bus_run, names_the_register_that_did_not_become_ready)
{
    struct abi_reg_step *steps = NULL;

    start();
    steps = blob_section((struct abi_blob *)words, &board.blob->program_regs);
    steps[1].value = 5;
    steps[1].mask = 5;
    cr_assert_eq(board_start(&board), ABI_STATUS_REG_TIMEOUT);
    cr_assert_eq(board.detail.value[0], BLOB_REG_ADDR);
    cr_assert_eq(board.detail.value[1], 1);
}

static struct abi_bus_step read_id(enum abi_bus_step_kind kind, bool dtr)
{
    struct abi_bus_step step = {.kind = (uint8_t)kind, .op = chip_op(CHIP_RDID, dtr)};

    step.op.data_bytes = 3;
    return step;
}

Test(bus_run, stores_what_it_reads_one_after_the_other)
{
    const struct abi_bus_step steps[] = {
        read_id(ABI_STEP_EXEC, false),
        {.kind = ABI_STEP_EXEC, .op = chip_op(CHIP_WREN, false)},
        {.kind = ABI_STEP_EXEC, .op = chip_op(CHIP_RDSR, false)},
        read_id(ABI_STEP_QUIET, false),
        read_id(ABI_STEP_EXPECT, false),
    };
    static const uint8_t expected[] = {0xC2, 0x81, 0x39, 0x02, 0xC2, 0x81, 0x39, 0xEE};
    uint8_t in[8];
    uint32_t stored_bytes = 0;

    start();
    memset(in, 0xEE, sizeof in);
    cr_assert_eq(board_start(&board), ABI_STATUS_OK);
    cr_assert_eq(run(steps, 5, in, &stored_bytes), ABI_STATUS_OK);
    cr_assert_eq(stored_bytes, 7);
    cr_assert_eq(memcmp(in, expected, sizeof in), 0);
}

Test(bus_run, tells_what_came_instead_of_what_was_expected)
{
    struct abi_bus_step steps[] = {
        read_id(ABI_STEP_EXEC, false),
        read_id(ABI_STEP_EXPECT, false),
    };
    uint8_t in[8] = {0};
    uint32_t stored_bytes = 0;

    start();
    steps[1].data_count = 3;
    memcpy(steps[1].data, (const uint8_t[]){0xC2, 0x81, 0x3A}, 3);
    cr_assert_eq(board_start(&board), ABI_STATUS_OK);
    cr_assert_eq(run(steps, 2, in, &stored_bytes), ABI_STATUS_UNEXPECTED);
    cr_assert_eq(board.detail.value[0], 0x3981C2);
    cr_assert_eq(board.detail.value[1], 1, "the step");
    cr_assert_eq(board.detail.value[2], 3, "stored before");
}

Test(bus_run, tells_the_last_byte_of_a_poll_that_did_not_match)
{
    const struct abi_bus_step step = {.kind = ABI_STEP_POLL,
        .mask = 3,
        .match = 2,
        .timeout_us = 3000,
        .op = chip_op(CHIP_RDSR, false)};
    uint32_t stored_bytes = 0;

    start();
    cr_assert_eq(board_start(&board), ABI_STATUS_OK);
    chip.hangs = true;
    cr_assert_eq(run(&step, 1, NULL, &stored_bytes), ABI_STATUS_POLL_TIMEOUT);
    cr_assert_eq(board.detail.value[0], 1);
    cr_assert_eq(board.detail.value[1], 0);
    cr_assert_geq(machine_now_us(), 3000);
    cr_assert_lt(machine_now_us(), 3500);
}

Test(bus_run, waits)
{
    const struct abi_bus_step step = {.kind = ABI_STEP_WAIT, .timeout_us = 40000};
    uint32_t stored_bytes = 0;
    uint64_t begin_us = 0;

    start();
    begin_us = machine_now_us();
    cr_assert_eq(run(&step, 1, NULL, &stored_bytes), ABI_STATUS_OK);
    cr_assert_geq(machine_now_us() - begin_us, 40000);
}

Test(bus_run, ends_when_the_host_asks_for_it)
{
    const struct abi_bus_step step = {.kind = ABI_STEP_WAIT, .timeout_us = 40000};
    uint32_t stored_bytes = 0;

    start();
    abort_request = 1;
    cr_assert_eq(run(&step, 1, NULL, &stored_bytes), ABI_STATUS_ABORTED);
}

Test(bus_run, refuses_what_does_not_fit)
{
    struct abi_bus_step step = read_id(ABI_STEP_EXEC, false);
    uint32_t stored_bytes = 0;

    start();
    cr_assert_eq(board_start(&board), ABI_STATUS_OK);
    step.op.data_bytes = 64;
    cr_assert_eq(run(&step, 1, NULL, &stored_bytes), ABI_STATUS_BAD_COMMAND, "nowhere to put it");
    step = (struct abi_bus_step){.kind = ABI_STEP_EXEC, .op = chip_op(CHIP_PROGRAM, false)};
    step.op.data_bytes = 9;
    cr_assert_eq(run(&step, 1, NULL, &stored_bytes), ABI_STATUS_BAD_COMMAND, "9 of 8 bytes");
    step = read_id(ABI_STEP_EXPECT, false);
    step.data_count = 4;
    cr_assert_eq(run(&step, 1, NULL, &stored_bytes), ABI_STATUS_BAD_COMMAND, "4 of 3 bytes");
    step.kind = 99;
    cr_assert_eq(run(&step, 1, NULL, &stored_bytes), ABI_STATUS_BAD_COMMAND, "kind");
    step = (struct abi_bus_step){.kind = ABI_STEP_CTRL, .index = 4};
    cr_assert_eq(run(&step, 1, NULL, &stored_bytes), ABI_STATUS_BAD_BLOB, "index");
}
