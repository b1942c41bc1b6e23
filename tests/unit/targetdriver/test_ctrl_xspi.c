#include "target/driver/ctrl_xspi.h"
#include "tests/unit/targetdriver/machine.h"
#include "tests/unit/targetdriver/xspi_model.h"

#include <criterion/criterion.h>

#include <string.h>

enum { S1 = 1, S8 = 8, D8 = 8 | ABI_BUS_DTR };

static const struct abi_ctrl_setup setup = {
    .family = ABI_CTRL_XSPI,
    .mtyp = 0,
    .flags = ABI_CTRL_SAMPLE_SHIFT | ABI_CTRL_SWAP_DTR,
    .size_log2 = 25,
    .cs_high_cycles = 2,
    .prescaler = 2,
    .regs_addr = XSPI_MODEL_ADDR,
    .window_addr = 0x70000000U,
    .bus_hz = 32000000,
};

static const struct abi_bus_op read_id = {
    .opcode = 0x9F, .opcode_bytes = 1, .opcode_bus = S1, .data_bus = S1, .data_bytes = 3};
static const struct abi_bus_op write_enable = {.opcode = 0x06, .opcode_bytes = 1, .opcode_bus = S1};
static const struct abi_bus_op write_enable_8d = {
    .opcode = 0x06F9, .opcode_bytes = 2, .opcode_bus = D8};
static const struct abi_bus_op erase_8d = {.opcode = 0x21DE,
    .opcode_bytes = 2,
    .opcode_bus = D8,
    .addr_bytes = 4,
    .addr_bus = D8,
    .addr = 0x12345000};
static const struct abi_bus_op read_status_8d = {.opcode = 0x05FA,
    .opcode_bytes = 2,
    .opcode_bus = D8,
    .addr_bytes = 4,
    .addr_bus = D8,
    .dummy_cycles = 4,
    .data_bus = D8,
    .data_bytes = 1,
    .flags = ABI_OP_DQS | ABI_OP_DOUBLED};
static const struct abi_bus_op read_8d = {.opcode = 0xEE11,
    .opcode_bytes = 2,
    .opcode_bus = D8,
    .addr_bytes = 4,
    .addr_bus = D8,
    .dummy_cycles = 20,
    .data_bus = D8,
    .flags = ABI_OP_DQS,
    .addr = 0x1000};
static const struct abi_bus_op program_8d = {.opcode = 0x12ED,
    .opcode_bytes = 2,
    .opcode_bus = D8,
    .addr_bytes = 4,
    .addr_bus = D8,
    .data_bus = D8,
    .flags = ABI_OP_WRITE,
    .addr = 0x2000};

static volatile uint32_t heartbeat;
static volatile uint32_t abort_request;
static struct clock clock_of_test;
static struct detail detail;

static struct ctrl open_ctrl(void)
{
    static const struct ctrl_driver *const drivers[] = {&ctrl_xspi, NULL};
    struct ctrl ctrl = {.clock = &clock_of_test, .detail = &detail};

    machine_reset();
    xspi_model_attach();
    abort_request = 0;
    clock_start(&clock_of_test, 64000000, &heartbeat, &abort_request);
    cr_assert_eq(ctrl_set_up(&ctrl, drivers, &setup), ABI_STATUS_OK);
    xspi.transfer_count = 0;
    return ctrl;
}

static const struct xspi_transfer *only_transfer(void)
{
    cr_assert_eq(xspi.mistakes, 0, "%s", xspi.mistake);
    cr_assert_eq(xspi.transfer_count, 1, "%u transfers", xspi.transfer_count);
    cr_assert_not(xspi.running);
    return &xspi.transfers[0];
}

Test(ctrl_xspi, writes_every_register_of_a_set_up)
{
    (void)open_ctrl();
    cr_assert_eq(xspi.mistakes, 0, "%s", xspi.mistake);
    cr_assert_eq(xspi.regs[0x008 / 4], 24U << 16 | 1U << 8, "DCR1");
    cr_assert_eq(xspi.regs[0x00C / 4], 1, "DCR2: divided by 2");
    cr_assert_eq(xspi.regs[0x010 / 4], 0, "DCR3");
    cr_assert_eq(xspi.regs[0x014 / 4], 0, "DCR4");
    cr_assert_eq(xspi.regs[0] & 1U, 1, "enabled");
}

Test(ctrl_xspi, has_no_driver_for_another_family)
{
    static const struct ctrl_driver *const drivers[] = {&ctrl_xspi, NULL};
    struct abi_ctrl_setup other = setup;
    struct ctrl ctrl = {.clock = &clock_of_test, .detail = &detail};

    other.family = ABI_CTRL_QUADSPI;
    cr_assert_eq(ctrl_set_up(&ctrl, drivers, &other), ABI_STATUS_BAD_BLOB);
}

Test(ctrl_xspi, reads_an_id_on_one_line)
{
    struct ctrl ctrl = open_ctrl();
    const struct xspi_transfer *transfer = NULL;
    uint8_t id[3] = {0};

    cr_assert_eq(ctrl.driver->exec(&ctrl, &read_id, NULL, id), ABI_STATUS_OK);
    transfer = only_transfer();
    cr_assert_eq(transfer->mode, 1);
    cr_assert_eq(transfer->ir, 0x9F);
    cr_assert_eq(transfer->ccr, 1U << 24 | 1U);
    cr_assert_eq(transfer->bytes, 3);
    cr_assert_eq(memcmp(id, xspi.answer, 3), 0);
    cr_assert_eq(transfer->tcr, 1U << 30, "SSHIFT in STR reads");
    cr_assert_eq(transfer->dcr1 >> 24, 0);
}

Test(ctrl_xspi, shifts_no_sample_in_a_command_without_data)
{
    struct ctrl ctrl = open_ctrl();

    cr_assert_eq(ctrl.driver->exec(&ctrl, &write_enable, NULL, NULL), ABI_STATUS_OK);
    cr_assert_eq(only_transfer()->tcr, 0);
    cr_assert_eq(only_transfer()->ccr, 1);
}

Test(ctrl_xspi, sets_ddtr_and_dhqc_in_a_dtr_command_without_data)
{
    struct ctrl ctrl = open_ctrl();

    cr_assert_eq(ctrl.driver->exec(&ctrl, &write_enable_8d, NULL, NULL), ABI_STATUS_OK);
    cr_assert_eq(only_transfer()->ccr, 1U << 27 | 1U << 4 | 1U << 3 | 4U);
    cr_assert_eq(only_transfer()->tcr, 1U << 28);
    cr_assert_eq(only_transfer()->ir, 0x06F9);
}

Test(ctrl_xspi, starts_a_command_with_address_by_the_address)
{
    struct ctrl ctrl = open_ctrl();

    cr_assert_eq(ctrl.driver->exec(&ctrl, &erase_8d, NULL, NULL), ABI_STATUS_OK);
    cr_assert_eq(only_transfer()->ar, 0x12345000);
    cr_assert_eq(
        only_transfer()->ccr, 1U << 27 | 3U << 12 | 1U << 11 | 4U << 8 | 1U << 4 | 1U << 3 | 4U);
}

Test(ctrl_xspi, reads_a_doubled_register_as_single_bytes)
{
    struct ctrl ctrl = open_ctrl();
    uint8_t byte = 0;

    xspi.answer[0] = 0x5A;
    xspi.answer[1] = 0x5A;
    cr_assert_eq(ctrl.driver->exec(&ctrl, &read_status_8d, NULL, &byte), ABI_STATUS_OK);
    cr_assert_eq(byte, 0x5A);
    cr_assert_eq(only_transfer()->bytes, 2);
    cr_assert_eq(only_transfer()->ccr >> 29 & 1U, 1, "DQSE");
    cr_assert_eq(only_transfer()->tcr & 31U, 4);
    cr_assert_eq(only_transfer()->dcr1 >> 24, 1, "Macronix order in DTR");
}

Test(ctrl_xspi, writes_a_doubled_register_twice)
{
    struct ctrl ctrl = open_ctrl();
    struct abi_bus_op op = program_8d;
    static const uint8_t value = 0xA7;

    op.flags |= ABI_OP_DOUBLED;
    op.data_bytes = 1;
    cr_assert_eq(ctrl.driver->exec(&ctrl, &op, &value, NULL), ABI_STATUS_OK);
    cr_assert_eq(only_transfer()->bytes, 2);
    cr_assert_eq(xspi.written[0], 0xA7);
    cr_assert_eq(xspi.written[1], 0xA7);
}

Test(ctrl_xspi, refuses_an_odd_count_in_8d_before_anything_is_sent)
{
    struct ctrl ctrl = open_ctrl();
    struct abi_bus_op op = read_8d;
    uint8_t bytes[8] = {0};

    op.data_bytes = 5;
    cr_assert_eq(ctrl.driver->exec(&ctrl, &op, NULL, bytes), ABI_STATUS_BAD_COMMAND);
    cr_assert_eq(xspi.transfer_count, 0);
}

Test(ctrl_xspi, refuses_lanes_that_do_not_exist)
{
    struct ctrl ctrl = open_ctrl();
    struct abi_bus_op op = read_id;
    uint8_t bytes[8] = {0};

    op.data_bus = 3;
    cr_assert_eq(ctrl.driver->exec(&ctrl, &op, NULL, bytes), ABI_STATUS_BAD_COMMAND);
    op = read_id;
    op.addr_bytes = 5;
    op.addr_bus = 1;
    cr_assert_eq(ctrl.driver->exec(&ctrl, &op, NULL, bytes), ABI_STATUS_BAD_COMMAND);
    cr_assert_eq(xspi.transfer_count, 0);
}

Test(ctrl_xspi, reads_any_count_to_any_place)
{
    static const uint32_t counts[] = {1, 2, 3, 4, 5, 31, 32, 33, 63, 64, 65, 300, 4096};

    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        for (uint32_t place = 0; place < 4; place++) {
            struct ctrl ctrl = open_ctrl();
            struct abi_bus_op op = read_id;
            static uint8_t bytes[4200] __attribute__((aligned(4)));

            memset(bytes, 0xEE, sizeof bytes);
            op.data_bytes = counts[i];
            cr_assert_eq(ctrl.driver->exec(&ctrl, &op, NULL, bytes + place), ABI_STATUS_OK);
            cr_assert_eq(xspi.mistakes, 0, "%u bytes: %s", counts[i], xspi.mistake);
            cr_assert_eq(memcmp(bytes + place, xspi.answer, counts[i]), 0, "%u bytes at %u",
                counts[i], place);
            cr_assert_eq(bytes[place + counts[i]], 0xEE, "%u bytes at %u", counts[i], place);
        }
    }
}

Test(ctrl_xspi, writes_any_count_from_any_place)
{
    static const uint32_t counts[] = {2, 4, 6, 30, 32, 34, 64, 66, 254, 256};

    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        for (uint32_t place = 0; place < 4; place++) {
            struct ctrl ctrl = open_ctrl();
            struct abi_bus_op op = program_8d;

            op.data_bytes = counts[i];
            cr_assert_eq(ctrl.driver->exec(&ctrl, &op, xspi.answer + place, NULL), ABI_STATUS_OK);
            cr_assert_eq(only_transfer()->bytes, counts[i]);
            cr_assert_eq(memcmp(xspi.written, xspi.answer + place, counts[i]), 0,
                "%u bytes from %u", counts[i], place);
        }
    }
}

Test(ctrl_xspi, keeps_up_with_a_bus_of_any_speed)
{
    for (uint32_t speed = 1; speed <= 64; speed++) {
        struct ctrl ctrl = open_ctrl();
        struct abi_bus_op op = read_id;
        uint8_t bytes[200] = {0};

        xspi.bytes_per_look = speed;
        op.data_bytes = sizeof bytes;
        cr_assert_eq(ctrl.driver->exec(&ctrl, &op, NULL, bytes), ABI_STATUS_OK, "%u", speed);
        cr_assert_eq(xspi.mistakes, 0, "%u: %s", speed, xspi.mistake);
        cr_assert_eq(memcmp(bytes, xspi.answer, sizeof bytes), 0, "%u", speed);
    }
}

Test(ctrl_xspi, waits_until_the_controller_is_idle_behind_a_transfer)
{
    struct ctrl ctrl = open_ctrl();

    xspi.lingers = 6;
    cr_assert_eq(ctrl.driver->exec(&ctrl, &write_enable, NULL, NULL), ABI_STATUS_OK);
    cr_assert_eq(xspi.lingering, 0);
    cr_assert_eq(only_transfer()->ir, 0x06);
}

static const struct ctrl_poll until_ready = {
    .mask = 1, .match = 0, .interval_us = 5, .timeout_us = 4000};

Test(ctrl_xspi, polls_until_the_byte_matches)
{
    struct ctrl ctrl = open_ctrl();

    xspi.answer[0] = 0x03;
    xspi.answer[1] = 0x00;
    xspi.polls_until_match = 20;
    cr_assert_eq(ctrl.driver->poll(&ctrl, &read_status_8d, &until_ready), ABI_STATUS_OK);
    cr_assert_eq(only_transfer()->mode, 2);
    cr_assert_eq(only_transfer()->bytes, 2);
    cr_assert_eq(xspi.regs[0x080 / 4], 0x0101, "both copies of the byte count");
    cr_assert_eq(xspi.regs[0x090 / 4], 5 * 32, "5 us at 32 MHz");
    cr_assert_gt(xspi.polls, 20);
    cr_assert_eq(xspi.aborts, 0);
}

Test(ctrl_xspi, takes_a_byte_for_ready_when_any_of_several_bits_differs)
{
    struct ctrl ctrl = open_ctrl();
    const struct ctrl_poll poll = {
        .mask = 0x81, .match = 0x80, .any = true, .interval_us = 5, .timeout_us = 4000};

    xspi.answer[0] = 0x01;
    xspi.answer[1] = 0x81; /* bit 7 has become what it is not while busy */
    xspi.polls_until_match = 3;
    cr_assert_eq(ctrl.driver->poll(&ctrl, &read_status_8d, &poll), ABI_STATUS_OK);
    cr_assert_geq(xspi.polls, 3);
}

Test(ctrl_xspi, gives_a_poll_up_in_time_and_leaves_the_controller_idle)
{
    struct ctrl ctrl = open_ctrl();
    uint64_t begin_us = machine_now_us();
    uint8_t id[3] = {0};

    xspi.answer[0] = 0x01;
    cr_assert_eq(ctrl.driver->poll(&ctrl, &read_status_8d, &until_ready), ABI_STATUS_POLL_TIMEOUT);
    cr_assert_geq(machine_now_us() - begin_us, 4000);
    cr_assert_lt(machine_now_us() - begin_us, 4200);
    cr_assert_eq(xspi.aborts, 1);
    cr_assert_eq(ctrl.driver->exec(&ctrl, &read_id, NULL, id), ABI_STATUS_OK);
    cr_assert_eq(xspi.mistakes, 0, "%s", xspi.mistake);
}

Test(ctrl_xspi, ends_a_poll_when_the_host_asks_for_it)
{
    struct ctrl ctrl = open_ctrl();
    struct ctrl_poll poll = until_ready;

    poll.timeout_us = 100000000;
    abort_request = 1;
    xspi.answer[0] = 0x01;
    cr_assert_eq(ctrl.driver->poll(&ctrl, &read_status_8d, &poll), ABI_STATUS_ABORTED);
    cr_assert_lt(machine_now_us(), 2000);
    cr_assert_eq(xspi.mistakes, 0, "%s", xspi.mistake);
    cr_assert_not(xspi.running);
}

Test(ctrl_xspi, aborts_a_transfer_that_does_not_get_on)
{
    struct ctrl ctrl = open_ctrl();
    uint8_t id[3] = {0};

    xspi.stuck_but_abortable = true;
    cr_assert_eq(ctrl.driver->exec(&ctrl, &read_id, NULL, id), ABI_STATUS_CTRL_TIMEOUT);
    cr_assert_neq(detail.value[0] & 1U << 5, 0, "the status register, with BUSY");
    cr_assert_lt(machine_now_us(), 5000);
    cr_assert_eq(xspi.aborts, 1);
    cr_assert_eq(xspi.mistakes, 0, "%s", xspi.mistake);
}

Test(ctrl_xspi, switches_the_controller_off_when_even_an_abort_does_not_help)
{
    struct ctrl ctrl = open_ctrl();
    uint8_t id[3] = {0};

    xspi.stuck = true;
    cr_assert_eq(ctrl.driver->exec(&ctrl, &read_id, NULL, id), ABI_STATUS_CTRL_TIMEOUT);
    cr_assert_lt(machine_now_us(), 10000);
    cr_assert_not(xspi.running);
    cr_assert_eq(ctrl.driver->exec(&ctrl, &read_id, NULL, id), ABI_STATUS_OK);
}

Test(ctrl_xspi, ends_although_the_counter_stands_still)
{
    struct ctrl ctrl = open_ctrl();
    uint8_t id[3] = {0};

    machine.counter_stands = true;
    xspi.stuck = true;
    cr_assert_eq(ctrl.driver->exec(&ctrl, &read_id, NULL, id), ABI_STATUS_CTRL_TIMEOUT);
    cr_assert_lt(machine_now_us(), 200000);
}

Test(ctrl_xspi, reports_a_transfer_error_at_once)
{
    struct ctrl ctrl = open_ctrl();
    uint8_t id[3] = {0};

    xspi.refuses = true;
    cr_assert_eq(ctrl.driver->exec(&ctrl, &read_id, NULL, id), ABI_STATUS_CTRL_ERROR);
    cr_assert_neq(detail.value[0] & 1U, 0, "the status register, with TEF");
    cr_assert_lt(machine_now_us(), 100);
    xspi.refuses = false;
    cr_assert_eq(ctrl.driver->exec(&ctrl, &read_id, NULL, id), ABI_STATUS_OK);
    cr_assert_eq(xspi.mistakes, 0, "%s", xspi.mistake);
}

static const struct abi_bus_op no_op = {0};

Test(ctrl_xspi, maps_the_chip_without_starting_anything)
{
    struct ctrl ctrl = open_ctrl();

    cr_assert_eq(ctrl.driver->map(&ctrl, &read_8d, &no_op), ABI_STATUS_OK);
    cr_assert_eq(xspi.mistakes, 0, "%s", xspi.mistake);
    cr_assert_eq(xspi.transfer_count, 0);
    cr_assert_eq(xspi.regs[0] >> 28 & 3U, 3, "FMODE");
    cr_assert_eq(xspi.regs[0x110 / 4], 0xEE11);
    cr_assert_eq(xspi.regs[0x108 / 4], 1U << 28 | 20U);
    cr_assert_eq(xspi.regs[0x008 / 4] >> 24, 1, "Macronix order");
    cr_assert_eq(xspi.regs[0x190 / 4], 0, "stores to the window are not set up");
}

Test(ctrl_xspi, leaves_mapped_mode_by_the_abort_path)
{
    struct ctrl ctrl = open_ctrl();
    uint8_t id[3] = {0};

    cr_assert_eq(ctrl.driver->map(&ctrl, &read_8d, &no_op), ABI_STATUS_OK);
    cr_assert_eq(ctrl.driver->stop(&ctrl), ABI_STATUS_OK);
    cr_assert_eq(xspi.aborts, 1);
    cr_assert_eq(ctrl.driver->exec(&ctrl, &read_id, NULL, id), ABI_STATUS_OK);
    cr_assert_eq(xspi.mistakes, 0, "%s", xspi.mistake);
}

Test(ctrl_xspi, does_not_abort_what_is_idle)
{
    struct ctrl ctrl = open_ctrl();

    cr_assert_eq(ctrl.driver->stop(&ctrl), ABI_STATUS_OK);
    cr_assert_eq(xspi.aborts, 0);
    cr_assert_eq(xspi.mistakes, 0, "%s", xspi.mistake);
}

Test(ctrl_xspi, sets_up_a_controller_that_another_program_left_mapped)
{
    struct ctrl ctrl = open_ctrl();

    cr_assert_eq(ctrl.driver->map(&ctrl, &read_8d, &no_op), ABI_STATUS_OK);
    cr_assert_eq(ctrl.driver->set_up(&ctrl), ABI_STATUS_OK);
    cr_assert_eq(xspi.mistakes, 0, "%s", xspi.mistake);
    cr_assert_eq(xspi.regs[0] >> 28 & 3U, 0);
}
