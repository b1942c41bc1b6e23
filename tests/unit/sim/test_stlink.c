#include "probe_rig.h"

#include <criterion/criterion.h>

enum { IN_BYTES = 10240 };

struct probe_test {
    struct probe_rig rig;
    uint8_t in[IN_BYTES];
};

static enum sim_usb_result exchange(struct probe_test *test, const uint8_t *command, size_t count,
    const uint8_t *out, uint32_t out_bytes, uint32_t in_bytes)
{
    uint8_t full[SIM_STLINK_COMMAND_BYTES] = {0};
    struct sim_usb_exchange usb = {
        .command = full, .out = out, .out_bytes = out_bytes, .in = test->in, .in_bytes = in_bytes};

    memcpy(full, command, count);
    return sim_stlink_exchange(&test->rig.stlink, &usb);
}

#define ASK(test, in_bytes, ...)                                                                   \
    do {                                                                                           \
        const uint8_t ask_bytes[] = {__VA_ARGS__};                                                 \
        cr_assert_eq(exchange(test, ask_bytes, sizeof ask_bytes, NULL, 0, in_bytes), SIM_USB_OK);  \
    } while (0)

static uint32_t word(const uint8_t *bytes)
{
    return (uint32_t)(bytes[0] | bytes[1] << 8 | bytes[2] << 16) | (uint32_t)bytes[3] << 24;
}

static void connect(struct probe_test *test)
{
    rig_create(&test->rig);
    ASK(test, 2, 0xF2, 0x30, 0xA3);
    cr_assert_eq(test->in[0], 0x80);
    ASK(test, 2, 0xF2, 0x4B, 1);
    cr_assert_eq(test->in[0], 0x80);
}

static uint8_t last_status(struct probe_test *test)
{
    ASK(test, 12, 0xF2, 0x3E);
    return test->in[0];
}

/* kind: 07, 0C, 47, 54 and so on, at RIG_RAM + offset on AP1. */
static uint8_t read_mem(struct probe_test *test, uint8_t kind, uint16_t offset, uint16_t bytes)
{
    ASK(test, bytes == 1 ? 2 : bytes, 0xF2, kind, (uint8_t)offset, (uint8_t)(offset >> 8), 0, 0x24,
        (uint8_t)bytes, (uint8_t)(bytes >> 8), 1, 0, 0, 0xA2);
    return 0;
}

static uint8_t write_mem(
    struct probe_test *test, uint8_t kind, uint16_t offset, const uint8_t *out, uint16_t bytes)
{
    const uint8_t command[] = {0xF2, kind, (uint8_t)offset, (uint8_t)(offset >> 8), 0, 0x24,
        (uint8_t)bytes, (uint8_t)(bytes >> 8), 1, 0, 0, 0xA2};

    cr_assert_eq(exchange(test, command, sizeof command, out, bytes, 0), SIM_USB_OK);
    return last_status(test);
}

Test(stlink, says_that_it_is_a_v3j10m3)
{
    struct probe_test test;

    rig_create(&test.rig);
    ASK(&test, 6, 0xF1);
    cr_assert_arr_eq(test.in, ((uint8_t[]){0x30, 0x00, 0x83, 0x04, 0x4E, 0x37}), 6);
    ASK(&test, 12, 0xFB);
    cr_assert_eq(test.in[0], 3);
    cr_assert_eq(test.in[2], 10);
    cr_assert_eq(test.in[3], 3);
    cr_assert_eq(test.in[8] | test.in[9] << 8, 0x0483);
    rig_free(&test.rig);
}

Test(stlink, mode_changes_with_enter_and_exit)
{
    struct probe_test test;

    rig_create(&test.rig);
    ASK(&test, 2, 0xF5);
    cr_assert_eq(test.in[0], 1);
    ASK(&test, 2, 0xF2, 0x30, 0xA3);
    ASK(&test, 2, 0xF5);
    cr_assert_eq(test.in[0], 2);
    ASK(&test, 0, 0xF2, 0x21);
    ASK(&test, 2, 0xF5);
    cr_assert_eq(test.in[0], 1);
    rig_free(&test.rig);
}

Test(stlink, memory_commands_need_debug_mode)
{
    struct probe_test test;

    rig_create(&test.rig);
    ASK(&test, 4, 0xF2, 0x07, 0, 0, 0, 0x24, 4, 0, 0);
    ASK(&test, 12, 0xF2, 0x3E);
    cr_assert_eq(test.in[0], 0x08);
    rig_free(&test.rig);
}

Test(stlink, measures_3300_millivolts)
{
    struct probe_test test;

    rig_create(&test.rig);
    ASK(&test, 8, 0xF7);
    cr_assert_float_eq(2.0 * word(&test.in[4]) * 1.2 / word(test.in), 3.3, 0.01);
    rig_free(&test.rig);
}

Test(stlink, access_port_1_needs_init_ap_and_loses_it_with_exit)
{
    struct probe_test test;

    rig_create(&test.rig);
    ASK(&test, 2, 0xF2, 0x30, 0xA3);
    (void)read_mem(&test, 0x07, 0, 4);
    cr_assert_eq(last_status(&test), 0x1D);
    ASK(&test, 8, 0xF2, 0x45, 1, 0, 0xFC, 0);
    cr_assert_eq(test.in[0], 0x80, "IDR may be read before");
    cr_assert_eq(word(&test.in[4]), 0x84770001);
    ASK(&test, 8, 0xF2, 0x45, 1, 0, 0x00, 0);
    cr_assert_eq(test.in[0], 0x1D);
    ASK(&test, 2, 0xF2, 0x4B, 1);
    (void)read_mem(&test, 0x07, 0, 4);
    cr_assert_eq(last_status(&test), 0x80);
    ASK(&test, 0, 0xF2, 0x21);
    ASK(&test, 2, 0xF2, 0x30, 0xA3);
    (void)read_mem(&test, 0x07, 0, 4);
    cr_assert_eq(last_status(&test), 0x1D);
    rig_free(&test.rig);
}

Test(stlink, init_ap_refuses_what_is_not_there)
{
    struct probe_test test;

    connect(&test);
    ASK(&test, 2, 0xF2, 0x4B, 2);
    cr_assert_eq(test.in[0], 0x1D);
    ASK(&test, 2, 0xF2, 0x4B, 9);
    cr_assert_eq(test.in[0], 0x1D);
    ASK(&test, 2, 0xF2, 0x4C, 9);
    cr_assert_eq(test.in[0], 0x1D);
    rig_free(&test.rig);
}

Test(stlink, moves_words_halfwords_and_bytes)
{
    struct probe_test test;
    const uint8_t out[8] = {1, 2, 3, 4, 5, 6, 7, 8};

    connect(&test);
    cr_assert_eq(write_mem(&test, 0x08, 0x100, out, 8), 0x80);
    cr_assert_eq(write_mem(&test, 0x48, 0x112, out, 6), 0x80);
    cr_assert_eq(write_mem(&test, 0x0D, 0x121, out, 3), 0x80);
    cr_assert_arr_eq(&test.rig.ram[0x100], out, 8);
    cr_assert_arr_eq(&test.rig.ram[0x112], out, 6);
    cr_assert_arr_eq(&test.rig.ram[0x121], out, 3);
    (void)read_mem(&test, 0x07, 0x100, 8);
    cr_assert_arr_eq(test.in, out, 8);
    (void)read_mem(&test, 0x47, 0x102, 4);
    cr_assert_arr_eq(test.in, &out[2], 4);
    (void)read_mem(&test, 0x0C, 0x103, 3);
    cr_assert_arr_eq(test.in, &out[3], 3);
    rig_free(&test.rig);
}

Test(stlink, a_read_of_one_byte_answers_with_two)
{
    struct probe_test test;
    const uint8_t command[] = {0xF2, 0x0C, 5, 0, 0, 0x24, 1, 0, 1, 0, 0, 0xA2};

    connect(&test);
    test.rig.ram[5] = 0x77;
    cr_assert_eq(exchange(&test, command, sizeof command, NULL, 0, 2), SIM_USB_OK);
    cr_assert_eq(test.in[0], 0x77);
    cr_assert_eq(exchange(&test, command, sizeof command, NULL, 0, 1), SIM_USB_SHORT);
    cr_assert_eq(sim_report_violation_count(test.rig.env.report), 1);
    rig_free(&test.rig);
}

Test(stlink, crosses_1_kib_boundaries_in_one_command)
{
    struct probe_test test;
    uint8_t out[6144];

    connect(&test);
    for (size_t i = 0; i < sizeof out; i++) {
        out[i] = (uint8_t)(i * 13 + i / 256);
    }
    cr_assert_eq(write_mem(&test, 0x08, 0x3FC, out, sizeof out), 0x80);
    cr_assert_arr_eq(&test.rig.ram[0x3FC], out, sizeof out);
    rig_free(&test.rig);
}

Test(stlink, refuses_lengths_and_alignments_that_the_firmware_does_not_do)
{
    struct probe_test test;
    uint8_t out[7000] = {0};

    connect(&test);
    cr_assert_eq(write_mem(&test, 0x08, 0, out, 6148), 0x08);
    cr_assert_eq(write_mem(&test, 0x0D, 0, out, 513), 0x08);
    cr_assert_eq(write_mem(&test, 0x0D, 0, out, 512), 0x80);
    cr_assert_eq(write_mem(&test, 0x08, 0, out, 0), 0x08);
    cr_assert_eq(write_mem(&test, 0x08, 2, out, 4), 0x0A);
    cr_assert_eq(write_mem(&test, 0x08, 0, out, 6), 0x0A);
    cr_assert_eq(write_mem(&test, 0x48, 1, out, 2), 0x0A);
    rig_free(&test.rig);
}

Test(stlink, a_fault_delivers_all_bytes_and_then_its_address)
{
    struct probe_test test;

    connect(&test);
    ASK(&test, 64, 0xF2, 0x07, 0xF0, 0xFF, 0, 0x24, 64, 0, 1);
    cr_assert_eq(last_status(&test), 0x11);
    cr_assert_eq(word(&test.in[4]), RIG_RAM + 0x10000);
    (void)read_mem(&test, 0x07, 0, 4);
    cr_assert_eq(last_status(&test), 0x19, "sticky until ABORT");
    ASK(&test, 2, 0xF2, 0x46, 0xFF, 0xFF, 0, 0, 0x1E, 0, 0, 0);
    (void)read_mem(&test, 0x07, 0, 4);
    cr_assert_eq(last_status(&test), 0x80);
    rig_free(&test.rig);
}

Test(stlink, honours_the_access_port_of_each_command)
{
    struct probe_test test;

    connect(&test);
    ASK(&test, 8, 0xF2, 0x36, 0x00, 0x10, 0x00, 0x5C, 0);
    cr_assert_eq(test.in[0], 0x80);
    cr_assert_eq(word(&test.in[4]), 0x20006485);
    ASK(&test, 2, 0xF2, 0x35, 0, 0, 0, 0x24, 0xEF, 0xBE, 0xAD, 0xDE, 1);
    cr_assert_eq(test.in[0], 0x80);
    cr_assert_eq(word(test.rig.ram), 0xDEADBEEF);
    ASK(&test, 8, 0xF2, 0x36, 0x00, 0x10, 0x00, 0x5C, 1);
    cr_assert_eq(test.in[0], 0x11);
    rig_free(&test.rig);
}

Test(stlink, a_write_without_increment_leaves_the_last_word)
{
    struct probe_test test;
    const uint8_t out[8] = {1, 1, 1, 1, 2, 2, 2, 2};

    connect(&test);
    cr_assert_eq(write_mem(&test, 0x50, 0x10, out, 8), 0x80);
    cr_assert_eq(word(&test.rig.ram[0x10]), 0x02020202);
    cr_assert_eq(word(&test.rig.ram[0x14]), 0);
    (void)read_mem(&test, 0x54, 0x10, 8);
    cr_assert_eq(word(&test.in[4]), 0x02020202);
    rig_free(&test.rig);
}

Test(stlink, scattered_words_go_out_and_come_back_by_slot)
{
    struct probe_test test;
    const uint8_t command[] = {0xF2, 0x51, 5, 0, 0, 0};
    const uint8_t out[8 + 20] = {5, 1, 2, 3, 4, 0, 0, 0, /* APNUM, ADDRESS, WRITE, READ, unknown */
        1, 0, 0, 0, 0x40, 0, 0, 0x24, 0x0D, 0xF0, 0xFE, 0xCA, 0x40, 0, 0, 0x24, 0, 0, 0, 0};

    connect(&test);
    cr_assert_eq(exchange(&test, command, sizeof command, out, sizeof out, 0), SIM_USB_OK);
    ASK(&test, 40, 0xF2, 0x52);
    cr_assert_eq(word(&test.in[12]), 0xCAFEF00D);
    for (unsigned i = 0; i < 4; i++) {
        cr_assert_eq(word(&test.in[20 + 4 * i]), 0x80, "status of item %u", i);
    }
    cr_assert_eq(word(&test.in[36]), 0x42);
    ASK(&test, 2, 0xF2, 0x53);
    cr_assert_eq(test.in[0] | test.in[1] << 8, 1227);
    rig_free(&test.rig);
}

Test(stlink, offers_24_mhz_only_with_prescaler_1_and_rounds_speeds_down)
{
    struct probe_test test;

    rig_create(&test.rig);
    ASK(&test, 52, 0xF2, 0x62, 0);
    cr_assert_eq(word(&test.in[12]), 21333);
    ASK(&test, 8, 0xF2, 0x63, 1);
    cr_assert_eq(test.in[0], 0x40);
    ASK(&test, 52, 0xF2, 0x62, 0);
    cr_assert_eq(word(&test.in[8]), 7);
    cr_assert_eq(word(&test.in[12]), 24000);
    ASK(&test, 8, 0xF2, 0x61, 0, 0, 0x88, 0x13, 0, 0); /* 5000 */
    cr_assert_eq(test.in[0], 0x80);
    cr_assert_eq(word(&test.in[4]), 3300);
    ASK(&test, 8, 0xF2, 0x61, 0, 0, 4, 0, 0, 0);
    cr_assert_eq(test.in[0], 0x08, "below the lowest");
    ASK(&test, 52, 0xF2, 0x62, 0);
    cr_assert_eq(word(&test.in[4]), 3300);
    rig_free(&test.rig);
}

Test(stlink, drives_nrst_and_releases_it_on_exit)
{
    struct probe_test test;

    connect(&test);
    ASK(&test, 2, 0xF2, 0x3C, 0);
    cr_assert(test.rig.nrst_is_low);
    ASK(&test, 2, 0xF2, 0x3C, 1);
    cr_assert_not(test.rig.nrst_is_low);
    ASK(&test, 2, 0xF2, 0x3C, 0);
    ASK(&test, 0, 0xF2, 0x21);
    cr_assert_not(test.rig.nrst_is_low);
    rig_free(&test.rig);
}

Test(stlink, unknown_commands_answer_42)
{
    static const uint8_t unknown[] = {0x49, 0x4A, 0x55, 0x99};
    struct probe_test test;

    connect(&test);
    for (size_t i = 0; i < sizeof unknown; i++) {
        ASK(&test, 2, 0xF2, unknown[i]);
        cr_assert_eq(test.in[0], 0x42, "%02x", unknown[i]);
    }
    rig_free(&test.rig);
}

Test(stlink, no_target_answers_without_power)
{
    struct probe_test test;

    rig_create(&test.rig);
    test.rig.is_powered = false;
    ASK(&test, 2, 0xF2, 0x30, 0xA3);
    cr_assert_eq(test.in[0], 0x09);
    rig_free(&test.rig);
}

/* performance.md 2: 6144 bytes at 24 MHz with one status take 204.8 + 2966.8 + 60 + 250 us, here
 * with the host's turnaround of 20 us for each of the two requests, and 0.4 us of USB for the
 * status. */
Test(stlink, charges_the_modelled_time_of_a_block)
{
    struct probe_test test;
    uint8_t out[6144] = {0};
    uint64_t start_ps;
    uint64_t took_ns;

    connect(&test);
    test.rig.stlink.swd_khz = 24000;
    start_ps = sim_clock_now_ps(&test.rig.clock);
    cr_assert_eq(write_mem(&test, 0x08, 0, out, sizeof out), 0x80);
    took_ns = (sim_clock_now_ps(&test.rig.clock) - start_ps) / 1000;
    cr_assert_eq(took_ns, 3522200, "%lu ns", (unsigned long)took_ns);
    rig_free(&test.rig);
}

Test(stlink, data_arrive_at_the_end_of_their_time_on_the_wire)
{
    struct probe_test test;
    const uint8_t command[] = {0xF2, 0x08, 0, 0, 0, 0x24, 0x00, 0x18, 1};
    uint8_t out[6144] = {0};
    uint64_t start_ps;

    connect(&test);
    test.rig.has_blocks = true;
    start_ps = sim_clock_now_ps(&test.rig.clock);
    cr_assert_eq(exchange(&test, command, sizeof command, out, sizeof out, 0), SIM_USB_OK);
    cr_assert_eq(test.rig.write_ps, sim_clock_now_ps(&test.rig.clock));
    cr_assert_gt(test.rig.write_ps - start_ps, 20 * SIM_PS_PER_MS, "3300 kHz");
    rig_free(&test.rig);
}

Test(stlink, counts_each_phase_once)
{
    struct probe_test test;
    const uint8_t out[4] = {0};

    connect(&test);
    sim_report_begin_session(test.rig.env.report);
    (void)write_mem(&test, 0x08, 0, out, 4);
    cr_assert_eq(sim_report_cost_total(test.rig.env.report, SIM_COST_USB_TRANSFERS), 4);
    cr_assert_eq(sim_report_cost_total(test.rig.env.report, SIM_COST_LINK_BYTES), 16);
    rig_free(&test.rig);
}

Test(stlink, acts_out_injected_usb_faults)
{
    static const struct {
        const char *spec;
        enum sim_usb_result result;
    } rows[] = {
        {"usb-stall@1", SIM_USB_STALL},
        {"usb-timeout@2", SIM_USB_TIMEOUT},
        {"usb-short@1", SIM_USB_SHORT},
        {"usb-unplug@1", SIM_USB_UNPLUGGED},
        {"usb-corrupt@1", SIM_USB_OK},
    };
    const uint8_t command[] = {0xF2, 0x07, 0, 0, 0, 0x24, 32, 0, 1};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct probe_test test;
        const char *why = NULL;
        unsigned wrong = 0;

        connect(&test);
        cr_assert(sim_inject_arm(test.rig.env.inject, rows[i].spec, &why));
        cr_assert_eq(exchange(&test, command, sizeof command, NULL, 0, 32), rows[i].result, "%s",
            rows[i].spec);
        for (unsigned j = 0; j < 32; j++) {
            wrong += test.in[j] != test.rig.ram[j];
        }
        cr_assert_eq(wrong, rows[i].result == SIM_USB_OK, "%s", rows[i].spec);
        cr_assert_eq(exchange(&test, command, sizeof command, NULL, 0, 32), SIM_USB_OK);
        rig_free(&test.rig);
    }
}

/* A door that does not know the length in advance. */
Test(stlink, more_scattered_words_than_the_firmware_takes_have_no_answer)
{
    struct probe_test test;
    const uint8_t command[] = {0xF2, 0x51, 65, 0, 0, 0};
    uint8_t out[68 + 4 * 65];

    rig_create(&test.rig);
    sim_stlink_set_firmware(&test.rig.stlink, &sim_stlink_firmware_v2_1);
    ASK(&test, 2, 0xF2, 0x30, 0xA3);
    memset(out, 1, sizeof out); /* ADDRESS, each */
    cr_assert_eq(exchange(&test, command, sizeof command, out, sizeof out, 0), SIM_USB_OK);
    ASK(&test, 8 * 65, 0xF2, 0x52);
    cr_assert_eq(word(&test.in[4 * 65]), 0);
    rig_free(&test.rig);
}
