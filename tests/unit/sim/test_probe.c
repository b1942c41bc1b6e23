/* Framing of the ST-LINK at the USB seam, transfer by transfer. */
#include "probe_rig.h"

#include <criterion/criterion.h>

enum { OUT = 0x01, IN = 0x81, TRACE = 0x82 };

struct usb_test {
    struct probe_rig rig;
    uint8_t in[0x10000];
    uint32_t actual_bytes;
};

static void plug(struct usb_test *test, const char *model)
{
    memset(test, 0, sizeof *test);
    rig_create(&test->rig);
    rig_plug(&test->rig, model);
}

#define COMMAND(test, ...)                                                                         \
    sim_probe_out((test)->rig.probe, OUT, (const uint8_t[16]){__VA_ARGS__}, 16)

static enum sim_probe_result take(struct usb_test *test, uint32_t size_bytes)
{
    memset(test->in, 0xEE, sizeof test->in);
    return sim_probe_in(test->rig.probe, IN, test->in, size_bytes, &test->actual_bytes);
}

static uint32_t violations(const struct usb_test *test)
{
    return sim_report_violation_count(test->rig.env.report);
}

static bool arm(struct usb_test *test, const char *spec)
{
    const char *why = NULL;

    return sim_inject_arm(test->rig.env.inject, spec, &why);
}

static uint64_t fired(const struct usb_test *test, const char *name)
{
    size_t i = 0;

    while (strcmp(sim_inject_kind(i)->name, name) != 0) {
        i++;
    }
    return sim_inject_fired_count(test->rig.env.inject, i);
}

/* Debug mode, access port 1 open. */
static void connect(struct usb_test *test)
{
    plug(test, "v3");
    cr_assert_eq(COMMAND(test, 0xF2, 0x30, 0xA3), SIM_PROBE_DONE);
    cr_assert_eq(take(test, 2), SIM_PROBE_DONE);
    cr_assert_eq(COMMAND(test, 0xF2, 0x4B, 1), SIM_PROBE_DONE);
    cr_assert_eq(take(test, 2), SIM_PROBE_DONE);
    cr_assert_eq(test->in[0], 0x80);
}

static uint8_t last_status(struct usb_test *test)
{
    cr_assert_eq(COMMAND(test, 0xF2, 0x3E), SIM_PROBE_DONE);
    cr_assert_eq(take(test, 12), SIM_PROBE_DONE);
    cr_assert_eq(test->actual_bytes, 12);
    return test->in[0];
}

Test(probe, answers_a_command_with_one_data_phase)
{
    struct usb_test test;

    plug(&test, "v3");
    cr_assert_eq(take(&test, 6), SIM_PROBE_NOTHING, "nothing was asked");
    cr_assert_eq(COMMAND(&test, 0xF1), SIM_PROBE_DONE);
    cr_assert_eq(take(&test, 6), SIM_PROBE_DONE);
    cr_assert_eq(test.actual_bytes, 6);
    cr_assert_arr_eq(test.in, ((uint8_t[]){0x30, 0x00, 0x83, 0x04, 0x4E, 0x37}), 6);
    cr_assert_eq(take(&test, 6), SIM_PROBE_NOTHING);
    cr_assert_eq(violations(&test), 0);
    rig_free(&test.rig);
}

Test(probe, a_host_that_asks_for_more_gets_a_short_packet)
{
    struct usb_test test;

    plug(&test, "v3");
    cr_assert_eq(COMMAND(&test, 0xF1), SIM_PROBE_DONE);
    cr_assert_eq(take(&test, 512), SIM_PROBE_DONE);
    cr_assert_eq(test.actual_bytes, 6);
    cr_assert_eq(violations(&test), 0);
    rig_free(&test.rig);
}

Test(probe, a_host_that_asks_for_less_gets_an_overflow)
{
    struct usb_test test;

    connect(&test);
    cr_assert_eq(COMMAND(&test, 0xF2, 0x0C, 0, 0, 0, 0x24, 1, 0, 1), SIM_PROBE_DONE);
    cr_assert_eq(take(&test, 1), SIM_PROBE_OVERFLOW, "one byte is answered by two");
    cr_assert_eq(violations(&test), 1);
    cr_assert_eq(take(&test, 2), SIM_PROBE_NOTHING, "the answer is lost");
    cr_assert_eq(COMMAND(&test, 0xF2, 0x0C, 0, 0, 0, 0x24, 1, 0, 1), SIM_PROBE_DONE);
    cr_assert_eq(take(&test, 2), SIM_PROBE_DONE);
    cr_assert_eq(test.actual_bytes, 2);
    rig_free(&test.rig);
}

Test(probe, takes_the_data_of_a_write_in_one_transfer_or_in_several)
{
    struct usb_test test;
    uint8_t data[1024];

    connect(&test);
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * 7 + i / 256);
    }
    cr_assert_eq(COMMAND(&test, 0xF2, 0x08, 0, 0, 0, 0x24, 0, 4, 1), SIM_PROBE_DONE);
    cr_assert_eq(sim_probe_out(test.rig.probe, OUT, data, 1024), SIM_PROBE_DONE);
    cr_assert_eq(last_status(&test), 0x80);
    cr_assert_arr_eq(test.rig.ram, data, 1024);
    cr_assert_eq(COMMAND(&test, 0xF2, 0x08, 0, 0x10, 0, 0x24, 0, 4, 1), SIM_PROBE_DONE);
    cr_assert_eq(sim_probe_out(test.rig.probe, OUT, data, 512), SIM_PROBE_DONE);
    cr_assert_eq(test.rig.ram[0x1000], 0, "not before all data are there");
    cr_assert_eq(sim_probe_out(test.rig.probe, OUT, data + 512, 512), SIM_PROBE_DONE);
    cr_assert_arr_eq(&test.rig.ram[0x1000], data, 1024);
    cr_assert_eq(violations(&test), 0);
    rig_free(&test.rig);
}

Test(probe, commands_have_sixteen_bytes)
{
    static const uint32_t lengths[] = {0, 15, 17, 64};
    const uint8_t command[64] = {0xF5};

    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct usb_test test;

        plug(&test, "v3");
        cr_assert_eq(
            sim_probe_out(test.rig.probe, OUT, command, lengths[i]), SIM_PROBE_STALLED, "%zu", i);
        cr_assert_eq(violations(&test), 1);
        cr_assert_eq(COMMAND(&test, 0xF5), SIM_PROBE_STALLED, "halted");
        sim_probe_clear_halt(test.rig.probe, OUT);
        cr_assert_eq(COMMAND(&test, 0xF5), SIM_PROBE_DONE);
        rig_free(&test.rig);
    }
}

Test(probe, data_beyond_the_length_of_the_command_halt_the_endpoint)
{
    struct usb_test test;
    const uint8_t data[128] = {0};

    connect(&test);
    cr_assert_eq(COMMAND(&test, 0xF2, 0x08, 0, 0, 0, 0x24, 64, 0, 1), SIM_PROBE_DONE);
    cr_assert_eq(sim_probe_out(test.rig.probe, OUT, data, 128), SIM_PROBE_STALLED);
    cr_assert_eq(violations(&test), 1);
    sim_probe_clear_halt(test.rig.probe, OUT);
    cr_assert_eq(last_status(&test), 0x80, "the phase is over");
    rig_free(&test.rig);
}

Test(probe, data_that_end_with_a_short_packet_too_soon_are_counted)
{
    struct usb_test test;
    const uint8_t data[64] = {0};

    connect(&test);
    cr_assert_eq(COMMAND(&test, 0xF2, 0x08, 0, 0, 0, 0x24, 64, 0, 1), SIM_PROBE_DONE);
    cr_assert_eq(sim_probe_out(test.rig.probe, OUT, data, 60), SIM_PROBE_DONE);
    cr_assert_eq(violations(&test), 1);
    rig_free(&test.rig);
}

/* The host was killed after its command: its answer stays, and comes first. */
Test(probe, an_answer_that_nobody_fetched_comes_before_that_of_the_next_command)
{
    struct usb_test test;

    connect(&test);
    cr_assert_eq(COMMAND(&test, 0xF2, 0x3E), SIM_PROBE_DONE);
    cr_assert_eq(COMMAND(&test, 0xF1), SIM_PROBE_DONE);
    cr_assert_eq(violations(&test), 1);
    cr_assert_eq(COMMAND(&test, 0xF1), SIM_PROBE_STALLED, "a third is too much");
    cr_assert_eq(take(&test, 64), SIM_PROBE_DONE);
    cr_assert_eq(test.actual_bytes, 12);
    cr_assert_eq(take(&test, 64), SIM_PROBE_DONE);
    cr_assert_eq(test.actual_bytes, 6);
    rig_free(&test.rig);
}

Test(probe, a_port_reset_drops_what_is_under_way_and_leaves_the_mode)
{
    struct usb_test test;

    connect(&test);
    cr_assert_eq(COMMAND(&test, 0xF2, 0x07, 0, 0, 0, 0x24, 64, 0, 1), SIM_PROBE_DONE);
    sim_probe_reset_port(test.rig.probe);
    cr_assert_eq(take(&test, 64), SIM_PROBE_NOTHING);
    cr_assert_eq(COMMAND(&test, 0xF2, 0x08, 0, 0, 0, 0x24, 64, 0, 1), SIM_PROBE_DONE);
    sim_probe_reset_port(test.rig.probe);
    cr_assert_eq(COMMAND(&test, 0xF5), SIM_PROBE_DONE, "a command, not data");
    cr_assert_eq(take(&test, 2), SIM_PROBE_DONE);
    cr_assert_eq(test.in[0], 2, "still in debug mode");
    cr_assert_eq(violations(&test), 0);
    rig_free(&test.rig);
}

/* A command of a killed host waits for data: what comes next is taken as such. */
Test(probe, a_data_phase_that_nobody_filled_swallows_the_next_command)
{
    struct usb_test test;

    connect(&test);
    cr_assert_eq(COMMAND(&test, 0xF2, 0x08, 0, 0, 0, 0x24, 64, 0, 1), SIM_PROBE_DONE);
    cr_assert_eq(COMMAND(&test, 0xF1), SIM_PROBE_DONE);
    cr_assert_eq(take(&test, 6), SIM_PROBE_NOTHING);
    cr_assert_eq(violations(&test), 1);
    rig_free(&test.rig);
}

Test(probe, a_read_may_be_fetched_packet_by_packet)
{
    struct usb_test test;

    connect(&test);
    memset(test.rig.ram, 0x5A, 1024);
    cr_assert_eq(COMMAND(&test, 0xF2, 0x07, 0, 0, 0, 0x24, 0, 4, 1), SIM_PROBE_DONE);
    cr_assert_eq(take(&test, 512), SIM_PROBE_DONE);
    cr_assert_eq(test.actual_bytes, 512);
    cr_assert_eq(take(&test, 512), SIM_PROBE_DONE);
    cr_assert_eq(test.in[511], 0x5A);
    cr_assert_eq(violations(&test), 0);
    rig_free(&test.rig);
}

Test(probe, a_read_of_less_than_a_packet_of_the_endpoint_overflows)
{
    struct usb_test test;

    connect(&test);
    cr_assert_eq(COMMAND(&test, 0xF2, 0x07, 0, 0, 0, 0x24, 0, 4, 1), SIM_PROBE_DONE);
    cr_assert_eq(take(&test, 64), SIM_PROBE_OVERFLOW);
    rig_free(&test.rig);
}

Test(probe, no_empty_packet_follows_a_full_one)
{
    struct usb_test test;

    connect(&test);
    cr_assert_eq(COMMAND(&test, 0xF2, 0x07, 0, 0, 0, 0x24, 0, 2, 1), SIM_PROBE_DONE);
    cr_assert_eq(take(&test, 1024), SIM_PROBE_NOTHING);
    cr_assert_eq(take(&test, 1024), SIM_PROBE_NOTHING);
    cr_assert_eq(violations(&test), 1, "counted once");
    cr_assert_eq(take(&test, 512), SIM_PROBE_DONE);
    rig_free(&test.rig);
}

Test(probe, other_endpoints_stall_and_the_trace_endpoint_has_nothing)
{
    struct usb_test test;
    const uint8_t command[16] = {0xF1};

    plug(&test, "v3");
    cr_assert_eq(sim_probe_out(test.rig.probe, 2, command, 16), SIM_PROBE_STALLED);
    cr_assert_eq(
        sim_probe_in(test.rig.probe, 0x83, test.in, 64, &test.actual_bytes), SIM_PROBE_STALLED);
    cr_assert_eq(
        sim_probe_in(test.rig.probe, TRACE, test.in, 64, &test.actual_bytes), SIM_PROBE_NOTHING);
    rig_free(&test.rig);
}

/* The same time as over TCP, but for the turnaround, which is charged per wait. */
Test(probe, a_written_block_takes_t_wr_and_its_waits)
{
    struct usb_test test;
    uint8_t data[6144] = {0};
    uint64_t start_ps;

    connect(&test);
    test.rig.stlink.swd_khz = 24000;
    start_ps = sim_clock_now_ps(&test.rig.clock);
    sim_report_begin_session(test.rig.env.report);
    cr_assert_eq(COMMAND(&test, 0xF2, 0x08, 0, 0, 0, 0x24, 0, 0x18, 1), SIM_PROBE_DONE);
    cr_assert_eq(sim_probe_out(test.rig.probe, OUT, data, sizeof data), SIM_PROBE_DONE);
    cr_assert_eq(COMMAND(&test, 0xF2, 0x3E), SIM_PROBE_DONE);
    sim_probe_count_wait(test.rig.probe);
    cr_assert_eq(take(&test, 12), SIM_PROBE_DONE);
    /* 204.8 + 2967 + 60 + 250.4 + 20 us */
    cr_assert_eq((sim_clock_now_ps(&test.rig.clock) - start_ps) / 1000, 3502200);
    cr_assert_eq(sim_report_cost_total(test.rig.env.report, SIM_COST_LINK_WAITS), 1);
    cr_assert_eq(sim_report_cost_total(test.rig.env.report, SIM_COST_WRITE_WAITS), 1);
    cr_assert_eq(sim_report_cost_total(test.rig.env.report, SIM_COST_WRITE_BYTES), 6144);
    cr_assert_eq(sim_report_cost_total(test.rig.env.report, SIM_COST_WRITE_PS) / 1000, 3502200);
    cr_assert_eq(sim_report_cost_total(test.rig.env.report, SIM_COST_USB_TRANSFERS), 4);
    cr_assert_eq(sim_report_cost_total(test.rig.env.report, SIM_COST_LINK_BYTES), 6144 + 12);
    rig_free(&test.rig);
}

Test(probe, a_read_and_the_time_it_takes_are_counted_apart_from_other_work)
{
    struct usb_test test;
    const struct sim_report *report;

    connect(&test);
    report = test.rig.env.report;
    sim_report_begin_session(test.rig.env.report);
    cr_assert_eq(COMMAND(&test, 0xF7), SIM_PROBE_DONE);
    cr_assert_eq(take(&test, 8), SIM_PROBE_DONE);
    sim_probe_count_wait(test.rig.probe);
    cr_assert_eq(sim_report_cost_total(report, SIM_COST_READ_PS), 0);
    cr_assert_eq(COMMAND(&test, 0xF2, 0x07, 0, 0, 0, 0x24, 64, 0, 1), SIM_PROBE_DONE);
    cr_assert_eq(take(&test, 64), SIM_PROBE_DONE);
    sim_probe_count_wait(test.rig.probe);
    cr_assert_gt(sim_report_cost_total(report, SIM_COST_READ_PS), 250 * SIM_PS_PER_US);
    cr_assert_eq(sim_report_cost_total(report, SIM_COST_READ_BYTES), 64);
    cr_assert_eq(sim_report_cost_total(report, SIM_COST_READ_WAITS), 1);
    cr_assert_eq(sim_report_cost_total(report, SIM_COST_LINK_WAITS), 2);
    cr_assert_eq(sim_report_cost_total(report, SIM_COST_WRITE_PS), 0);
    rig_free(&test.rig);
}

Test(probe, bytes_of_a_block_that_failed_do_not_count)
{
    struct usb_test test;

    connect(&test);
    sim_report_begin_session(test.rig.env.report);
    cr_assert_eq(COMMAND(&test, 0xF2, 0x07, 0, 0, 0, 0x10, 64, 0, 1), SIM_PROBE_DONE);
    cr_assert_eq(take(&test, 64), SIM_PROBE_DONE);
    cr_assert_eq(last_status(&test), 0x11);
    cr_assert_eq(sim_report_cost_total(test.rig.env.report, SIM_COST_READ_BYTES), 0);
    rig_free(&test.rig);
}

Test(probe, a_stall_halts_the_endpoint_that_it_hits)
{
    struct usb_test test;

    plug(&test, "v3");
    cr_assert(arm(&test, "usb-stall@1"));
    cr_assert_eq(COMMAND(&test, 0xF5), SIM_PROBE_STALLED);
    cr_assert_eq(COMMAND(&test, 0xF5), SIM_PROBE_STALLED, "until cleared");
    sim_probe_clear_halt(test.rig.probe, OUT);
    cr_assert(arm(&test, "usb-stall@2"));
    cr_assert_eq(COMMAND(&test, 0xF5), SIM_PROBE_DONE);
    cr_assert_eq(take(&test, 2), SIM_PROBE_STALLED);
    cr_assert_eq(take(&test, 2), SIM_PROBE_STALLED, "until cleared");
    sim_probe_clear_halt(test.rig.probe, IN);
    cr_assert_eq(take(&test, 2), SIM_PROBE_NOTHING, "the answer is lost");
    cr_assert_eq(COMMAND(&test, 0xF5), SIM_PROBE_DONE);
    cr_assert_eq(take(&test, 2), SIM_PROBE_DONE);
    cr_assert_eq(fired(&test, "usb-stall"), 2);
    rig_free(&test.rig);
}

Test(probe, a_port_reset_ends_halts)
{
    struct usb_test test;

    plug(&test, "v3");
    cr_assert(arm(&test, "usb-stall@2"));
    cr_assert_eq(COMMAND(&test, 0xF5), SIM_PROBE_DONE);
    cr_assert_eq(take(&test, 2), SIM_PROBE_STALLED);
    cr_assert(arm(&test, "usb-stall@1"));
    cr_assert_eq(COMMAND(&test, 0xF5), SIM_PROBE_STALLED);
    sim_probe_reset_port(test.rig.probe);
    cr_assert_eq(COMMAND(&test, 0xF5), SIM_PROBE_DONE);
    cr_assert_eq(take(&test, 2), SIM_PROBE_DONE);
    rig_free(&test.rig);
}

Test(probe, data_that_time_out_end_their_phase)
{
    struct usb_test test;
    const uint8_t data[64] = {1};

    connect(&test);
    cr_assert(arm(&test, "usb-timeout@2"));
    cr_assert_eq(COMMAND(&test, 0xF2, 0x08, 0, 0, 0, 0x24, 64, 0, 1), SIM_PROBE_DONE);
    cr_assert_eq(sim_probe_out(test.rig.probe, OUT, data, 64), SIM_PROBE_NOTHING);
    cr_assert_eq(last_status(&test), 0x80);
    cr_assert_eq(test.rig.ram[0], 0);
    rig_free(&test.rig);
}

Test(probe, a_transfer_that_times_out_is_not_taken)
{
    struct usb_test test;

    plug(&test, "v3");
    cr_assert(arm(&test, "usb-timeout@1"));
    cr_assert_eq(COMMAND(&test, 0xF5), SIM_PROBE_NOTHING);
    cr_assert_eq(take(&test, 2), SIM_PROBE_NOTHING);
    cr_assert(arm(&test, "usb-timeout@2"));
    cr_assert_eq(COMMAND(&test, 0xF5), SIM_PROBE_DONE);
    cr_assert_eq(take(&test, 2), SIM_PROBE_NOTHING);
    cr_assert_eq(take(&test, 2), SIM_PROBE_NOTHING, "for ever");
    cr_assert_eq(COMMAND(&test, 0xF5), SIM_PROBE_DONE);
    cr_assert_eq(take(&test, 2), SIM_PROBE_DONE);
    cr_assert_eq(fired(&test, "usb-timeout"), 2);
    rig_free(&test.rig);
}

Test(probe, a_short_answer_has_half_the_bytes)
{
    struct usb_test test;

    plug(&test, "v3");
    for (unsigned at = 1; at <= 2; at++) {
        cr_assert(arm(&test, at == 1 ? "usb-short@1" : "usb-short@2"));
        cr_assert_eq(COMMAND(&test, 0xFB), SIM_PROBE_DONE);
        cr_assert_eq(take(&test, 12), SIM_PROBE_DONE);
        cr_assert_eq(test.actual_bytes, 6, "%u", at);
        cr_assert_eq(fired(&test, "usb-short"), at);
    }
    cr_assert_eq(COMMAND(&test, 0xFB), SIM_PROBE_DONE);
    cr_assert_eq(take(&test, 12), SIM_PROBE_DONE);
    cr_assert_eq(test.actual_bytes, 12, "once");
    rig_free(&test.rig);
}

static unsigned wrong_bits(const uint8_t *bytes, const uint8_t *right, size_t count)
{
    unsigned wrong = 0;

    for (size_t i = 0; i < count; i++) {
        wrong += (unsigned)__builtin_popcount(bytes[i] ^ right[i]);
    }
    return wrong;
}

Test(probe, a_corrupted_phase_has_one_wrong_bit)
{
    struct usb_test test;
    const uint8_t zeros[64] = {0};

    connect(&test);
    cr_assert(arm(&test, "usb-corrupt@2"));
    cr_assert_eq(COMMAND(&test, 0xF2, 0x08, 0, 0, 0, 0x24, 64, 0, 1), SIM_PROBE_DONE);
    cr_assert_eq(sim_probe_out(test.rig.probe, OUT, zeros, 64), SIM_PROBE_DONE);
    cr_assert_eq(wrong_bits(test.rig.ram, zeros, 64), 1);
    memset(test.rig.ram, 0, 64);
    cr_assert(arm(&test, "usb-corrupt@2"));
    cr_assert_eq(COMMAND(&test, 0xF2, 0x07, 0, 0, 0, 0x24, 64, 0, 1), SIM_PROBE_DONE);
    cr_assert_eq(take(&test, 64), SIM_PROBE_DONE);
    cr_assert_eq(wrong_bits(test.in, zeros, 64), 1);
    cr_assert_eq(fired(&test, "usb-corrupt"), 2);
    rig_free(&test.rig);
}

Test(probe, an_unplugged_probe_is_gone_until_it_is_plugged_in_again)
{
    struct usb_test test;

    connect(&test);
    cr_assert(arm(&test, "usb-unplug@2"));
    cr_assert_eq(COMMAND(&test, 0xF5), SIM_PROBE_DONE);
    cr_assert_eq(take(&test, 2), SIM_PROBE_GONE);
    cr_assert_eq(COMMAND(&test, 0xF5), SIM_PROBE_GONE);
    cr_assert_eq(fired(&test, "usb-unplug"), 1);
    sim_probe_replug(test.rig.probe);
    cr_assert_eq(COMMAND(&test, 0xF5), SIM_PROBE_DONE);
    cr_assert_eq(take(&test, 2), SIM_PROBE_DONE);
    cr_assert_eq(test.in[0], 1, "out of debug mode");
    rig_free(&test.rig);
}

Test(probe, wait_fault_and_parity_of_the_debug_port_come_back_as_statuses)
{
    static const struct {
        const char *spec;
        uint8_t status;
    } rows[] = {{"dap-wait@1", 0x10}, {"dap-fault@1", 0x11}, {"dap-parity@1", 0x13}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct usb_test test;

        connect(&test);
        cr_assert(arm(&test, rows[i].spec));
        cr_assert_eq(COMMAND(&test, 0xF2, 0x07, 0, 0, 0, 0x24, 64, 0, 1), SIM_PROBE_DONE);
        cr_assert_eq(take(&test, 64), SIM_PROBE_DONE);
        cr_assert_eq(test.actual_bytes, 64, "%s", rows[i].spec);
        cr_assert_eq(last_status(&test), rows[i].status, "%s", rows[i].spec);
        rig_free(&test.rig);
    }
}
