/* CMSIS-DAP at the USB seam, packet by packet: reference probe.md 5. */
#include "dap_rig.h"

Test(cmsis_dap, says_what_it_is)
{
    struct dap_test test;

    plug(&test, "dap2");
    sim_probe_set_serial(test.rig.probe, "ABC");
    ASK(&test, 0x00, 0x03);
    EXPECT(&test, 0x00, 4, 'A', 'B', 'C', 0);
    ASK(&test, 0x00, 0xF0);
    EXPECT(&test, 0x00, 1, 0x11);
    ASK(&test, 0x00, 0xFE);
    EXPECT(&test, 0x00, 1, 8);
    ASK(&test, 0x00, 0xFF);
    EXPECT(&test, 0x00, 2, 0x00, 0x02);
    ASK(&test, 0x00, 0x04);
    EXPECT(&test, 0x00, 6, '2', '.', '1', '.', '1', 0);
    ASK(&test, 0x00, 0x05);
    EXPECT(&test, 0x00, 0);
    rig_free(&test.rig);
}

Test(cmsis_dap, a_hid_probe_pads_its_replies_to_the_report)
{
    struct dap_test test;

    plug(&test, "dap1");
    ASK(&test, 0x00, 0xFF);
    cr_assert_eq(test.reply_bytes, 64);
    cr_assert_arr_eq(test.reply, ((const uint8_t[]){0x00, 2, 64, 0, 0, 0}), 6);
    cr_assert_eq(test.reply[63], 0);
    cr_assert_eq(violations(&test), 0);
    cr_assert_eq(sim_probe_out(test.rig.probe, 0, test.reply, 8), SIM_PROBE_DONE);
    cr_assert_eq(violations(&test), 1, "reports have one length");
    rig_free(&test.rig);
}

Test(cmsis_dap, answers_the_small_commands)
{
    struct dap_test test;

    plug(&test, "dap2");
    ASK(&test, 0x01, 0, 1);
    EXPECT(&test, 0x01, 0);
    ASK(&test, 0x02, 2);
    EXPECT(&test, 0x02, 0);
    ASK(&test, 0x02, 0);
    EXPECT(&test, 0x02, 1);
    ASK(&test, 0x04, 0, 1, 0, 0, 0);
    EXPECT(&test, 0x04, 0);
    ASK(&test, 0x0A);
    EXPECT(&test, 0x0A, 0, 0);
    ASK(&test, 0x13, 0);
    EXPECT(&test, 0x13, 0);
    ASK(&test, 0x13, 1);
    EXPECT(&test, 0x13, 0xFF);
    ASK(&test, 0x11, 0, 0, 0, 0);
    EXPECT(&test, 0x11, 0xFF);
    ASK(&test, 0x16, 0);
    EXPECT(&test, 0x16, 0xFF);
    ASK(&test, 0x03);
    EXPECT(&test, 0x03, 0);
    ASK(&test, 0x99, 1, 2);
    EXPECT(&test, 0xFF);
    cr_assert_eq(violations(&test), 0);
    rig_free(&test.rig);
}

Test(cmsis_dap, waits_as_long_as_it_is_told)
{
    struct dap_test test;
    uint64_t start_ps;
    uint64_t took_us;

    plug(&test, "dap2");
    start_ps = sim_clock_now_ps(&test.rig.clock);
    ASK(&test, 0x09, 0x10, 0x27);
    EXPECT(&test, 0x09, 0);
    took_us = (sim_clock_now_ps(&test.rig.clock) - start_ps) / SIM_PS_PER_US;
    cr_assert(took_us >= 10000 && took_us < 10100, "%lu us", (unsigned long)took_us);
    rig_free(&test.rig);
}

Test(cmsis_dap, clocks_no_faster_than_it_can)
{
    struct dap_test test;

    plug(&test, "dap2");
    ASK(&test, 0x11, 0x80, 0xF0, 0xFA, 0x02); /* 50 MHz */
    EXPECT(&test, 0x11, 0);
    cr_assert_eq(test.rig.cmsis_dap.swd_hz, 20000000);
    ASK(&test, 0x11, 0x40, 0x42, 0x0F, 0x00);
    cr_assert_eq(test.rig.cmsis_dap.swd_hz, 1000000);
    rig_free(&test.rig);
}

Test(cmsis_dap, a_sequence_of_0_has_256_bits)
{
    struct dap_test test;
    uint8_t packet[34] = {0x12, 0};

    plug(&test, "dap2");
    ASK(&test, 0x02, 1);
    reset_line(&test);
    ASK(&test, 0x12, 16, 0x9E, 0xE7);
    memset(&packet[2], 0xFF, 31);
    ask(&test, packet, sizeof packet); /* 248 ones and 8 zeros */
    ASK(&test, 0x05, 0, 1, 0x02);
    cr_assert_eq(test.reply[2], 1);
    rig_free(&test.rig);
}

Test(cmsis_dap, drives_and_reads_nreset)
{
    struct dap_test test;

    plug(&test, "dap2");
    ASK(&test, 0x10, 0x00, 0x80, 0, 0, 0, 0);
    EXPECT(&test, 0x10, 0x03);
    cr_assert(test.rig.nrst_is_low);
    ASK(&test, 0x10, 0x80, 0x00, 0, 0, 0, 0);
    EXPECT(&test, 0x10, 0x03);
    ASK(&test, 0x10, 0x80, 0x80, 0, 0, 0, 0);
    EXPECT(&test, 0x10, 0x83);
    cr_assert_not(test.rig.nrst_is_low);
    ASK(&test, 0x10, 0x00, 0x80, 0, 0, 0, 0);
    ASK(&test, 0x03);
    cr_assert_not(test.rig.nrst_is_low, "disconnect releases it");
    rig_free(&test.rig);
}

Test(cmsis_dap, swd_sequences_go_over_the_same_line)
{
    struct dap_test test;

    plug(&test, "dap2");
    ASK(&test, 0x02, 1);
    ASK(&test, 0x1D, 3, 51, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 16, 0x9E, 0xE7, 0, 0xFF, 0xFF,
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF);
    EXPECT(&test, 0x1D, 0);
    ASK(&test, 0x1D, 2, 8, 0x00, 0x85);
    EXPECT(&test, 0x1D, 0, 0x1F);
    ASK(&test, 0x1D, 1, 0x80);
    EXPECT(&test, 0x1D, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF);
    cr_assert_eq(test.rig.cmsis_dap.swj.mode, SIM_SWJ_SWD);
    rig_free(&test.rig);
}

Test(cmsis_dap, runs_several_commands_of_a_packet)
{
    struct dap_test test;

    connect(&test, "dap2");
    ASK(&test, 0x7F, 2, 0x00, 0xFE, 0x05, 0, 1, 0x02);
    EXPECT(&test, 0x7F, 2, 0x00, 1, 8, 0x05, 1, 1, 0x77, 0x24, 0xA0, 0x6B);
    ASK(&test, 0x7F, 1, 0x7F, 0);
    EXPECT(&test, 0x7F, 0xFF);
    rig_free(&test.rig);
}

Test(cmsis_dap, queued_packets_run_when_another_comes_and_answer_in_order)
{
    struct dap_test test;
    const uint8_t queued[] = {0x7E, 1, 0x00, 0xFE};
    const uint8_t last[] = {0x00, 0xF0};

    plug(&test, "dap2");
    cr_assert_eq(send(&test, queued, sizeof queued), SIM_PROBE_DONE);
    cr_assert_eq(take(&test), SIM_PROBE_NOTHING);
    cr_assert_eq(send(&test, last, sizeof last), SIM_PROBE_DONE);
    cr_assert_eq(take(&test), SIM_PROBE_DONE);
    EXPECT(&test, 0x7F, 1, 0x00, 1, 8);
    cr_assert_eq(take(&test), SIM_PROBE_DONE);
    EXPECT(&test, 0x00, 1, 0x11);
    cr_assert_eq(take(&test), SIM_PROBE_NOTHING);
    rig_free(&test.rig);
}

Test(cmsis_dap, an_abort_has_no_reply)
{
    struct dap_test test;
    const uint8_t packet[] = {0x07};

    plug(&test, "dap2");
    cr_assert_eq(send(&test, packet, 1), SIM_PROBE_DONE);
    cr_assert_eq(take(&test), SIM_PROBE_NOTHING);
    rig_free(&test.rig);
}

Test(cmsis_dap, takes_as_many_packets_as_it_says_and_answers_in_order)
{
    static const struct {
        const char *name;
        unsigned count;
    } rows[] = {{"dap1", 4}, {"dap2-fs", 8}, {"dap2", 8}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct dap_test test;
        uint8_t packet[2] = {0x00, 0};

        plug(&test, rows[i].name);
        for (unsigned j = 0; j < rows[i].count; j++) {
            packet[1] = j % 2 == 0 ? 0xFE : 0xF0;
            cr_assert_eq(send(&test, packet, 2), SIM_PROBE_DONE, "%s", rows[i].name);
        }
        cr_assert_eq(violations(&test), 0);
        cr_assert_eq(send(&test, packet, 2), SIM_PROBE_STALLED, "%s", rows[i].name);
        cr_assert_eq(violations(&test), 1);
        for (unsigned j = 0; j < rows[i].count; j++) {
            cr_assert_eq(take(&test), SIM_PROBE_DONE);
            cr_assert_eq(test.reply[2], j % 2 == 0 ? rows[i].count : 0x11, "reply %u", j);
        }
        sim_probe_clear_halt(test.rig.probe, test.model->out_endpoint);
        cr_assert_eq(send(&test, packet, 2), SIM_PROBE_DONE);
        rig_free(&test.rig);
    }
}

Test(cmsis_dap, a_packet_beyond_its_size_is_refused)
{
    struct dap_test test;
    const uint8_t packet[65] = {0x00, 0xFE};

    plug(&test, "dap2-fs");
    cr_assert_eq(
        sim_probe_out(test.rig.probe, test.model->out_endpoint, packet, 65), SIM_PROBE_STALLED);
    cr_assert_eq(violations(&test), 1);
    rig_free(&test.rig);
}

Test(cmsis_dap, injected_usb_faults_reach_packets_too)
{
    struct dap_test test;
    const uint8_t packet[] = {0x00, 0xFF};

    plug(&test, "dap2");
    arm(&test, "usb-stall@1");
    cr_assert_eq(send(&test, packet, 2), SIM_PROBE_STALLED);
    sim_probe_clear_halt(test.rig.probe, test.model->out_endpoint);
    arm(&test, "usb-timeout@2");
    cr_assert_eq(send(&test, packet, 2), SIM_PROBE_DONE);
    cr_assert_eq(take(&test), SIM_PROBE_NOTHING);
    arm(&test, "usb-short@2");
    ASK(&test, 0x00, 0xFF);
    cr_assert_eq(test.reply_bytes, 2);
    arm(&test, "usb-unplug@1");
    cr_assert_eq(send(&test, packet, 2), SIM_PROBE_GONE);
    sim_probe_replug(test.rig.probe);
    ASK(&test, 0x00, 0xFF);
    cr_assert_eq(test.reply_bytes, 4);
    rig_free(&test.rig);
}

Test(cmsis_dap, a_probe_that_was_replugged_leaves_swd_selected_in_the_target)
{
    struct dap_test test;

    connect(&test, "dap2");
    sim_probe_replug(test.rig.probe);
    ASK(&test, 0x02, 1);
    ASK(&test, 0x05, 0, 1, 0x02);
    cr_assert_eq(test.reply[2], 1);
    rig_free(&test.rig);
}

/* A full packet of words again and again, `in_flight` at a time. Returns bytes per second. */
static uint64_t write_rate(const char *name, uint32_t hz, unsigned in_flight)
{
    enum { ROUNDS = 16 };
    struct dap_test test;
    uint8_t packet[PACKET] = {0x06};
    uint64_t start_ps;
    uint32_t words;

    connect(&test, name);
    words = (test.model->packet_bytes - 5U) / 4;
    packet[2] = (uint8_t)words;
    packet[4] = DRW;
    ASK(&test, 0x11, (uint8_t)hz, (uint8_t)(hz >> 8), (uint8_t)(hz >> 16), (uint8_t)(hz >> 24));
    set_tar(&test, RIG_RAM);
    sim_report_begin_session(test.rig.env.report);
    start_ps = sim_clock_now_ps(&test.rig.clock);
    for (unsigned i = 0; i < in_flight; i++) {
        cr_assert_eq(send(&test, packet, 5 + 4 * words), SIM_PROBE_DONE);
    }
    for (unsigned i = 0; i < ROUNDS; i++) {
        sim_probe_count_wait(test.rig.probe);
        cr_assert_eq(take(&test), SIM_PROBE_DONE);
        cr_assert_eq(test.reply[3], 1);
        if (i + in_flight < ROUNDS) {
            cr_assert_eq(send(&test, packet, 5 + 4 * words), SIM_PROBE_DONE);
        }
    }
    cr_assert_eq(sim_report_cost_total(test.rig.env.report, SIM_COST_WRITE_BYTES),
        (uint64_t)ROUNDS * 4 * words);
    cr_assert_eq(sim_report_cost_total(test.rig.env.report, SIM_COST_WRITE_WAITS), ROUNDS);
    cr_assert_leq(test.rig.longest_ps, 2 * SIM_PS_PER_MS);
    start_ps = sim_clock_now_ps(&test.rig.clock) - start_ps;
    cr_assert_eq(sim_report_cost_total(test.rig.env.report, SIM_COST_WRITE_PS), start_ps);
    rig_free(&test.rig);
    return (uint64_t)ROUNDS * 4 * words * SIM_PS_PER_S / start_ps;
}

/* performance.md 2, "CMSIS-DAP v2 check", with 20 us for each of the host's waits here, worked out
 * by hand. Full speed at 20 MHz: 53.5 + 40 us for 56 bytes in flight, one by one 53.5 + 34.5 + 40
 * us. High speed: 292.1 + 20 us for 504 bytes. HID at 1 MHz: 1040 us for 56 bytes, one by one 2730.
 */
Test(cmsis_dap, several_packets_in_flight_overlap_usb_and_swd)
{
    cr_assert_eq(write_rate("dap2-fs", 20000000, 1) / 1000, 378);
    cr_assert_eq(write_rate("dap2-fs", 20000000, 4) / 1000, 484);
    cr_assert_eq(write_rate("dap2", 20000000, 4) / 1000, 1514);
    cr_assert_eq(write_rate("dap1", 1000000, 1) / 1000, 20);
    cr_assert_eq(write_rate("dap1", 1000000, 4) / 1000, 48);
}

Test(cmsis_dap, time_of_other_commands_belongs_to_no_block)
{
    struct dap_test test;
    uint64_t write_ps;

    connect(&test, "dap2");
    set_tar(&test, RIG_RAM);
    ASK(&test, 0x06, 0, 1, 0, DRW, 1, 1, 1, 1);
    write_ps = sim_report_cost_total(test.rig.env.report, SIM_COST_WRITE_PS);
    cr_assert_gt(write_ps, 0);
    ASK(&test, 0x00, 0xFE);
    cr_assert_eq(sim_report_cost_total(test.rig.env.report, SIM_COST_WRITE_PS), write_ps);
    rig_free(&test.rig);
}
