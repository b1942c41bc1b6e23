/* CMSIS-DAP: what goes over the wire from opening to leaving, and what a probe may say of itself
 * (reference: probe protocols, section 5). */
#include "host/probe/cmsis_dap.h"
#include "tests/unit/fakes/fake_dap.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static struct fake_dap fake;
static struct error err;

TestSuite(cmsis_dap, .timeout = 30);

static void print_packet(const struct fake_dap_packet *packet, char *text)
{
    size_t i = 0;

    text[0] = '\0';
    for (i = 0; i < packet->size_bytes && i < 200; i++) {
        (void)sprintf(text + 3 * i, "%02X ", packet->bytes[i]);
    }
    text[packet->size_bytes > 0 && i > 0 ? 3 * i - 1 : 0] = '\0';
}

/* The requests from number `first` on are these, and no more. */
static void expect(size_t first, const char *const *packets, size_t count)
{
    char text[640];
    size_t i = 0;

    for (i = 0; i < count && first + i < fake.sent_count; i++) {
        print_packet(&fake.sent[first + i], text);
        cr_assert_str_eq(
            text, packets[i], "packet %zu is\n  %s, expected\n  %s", i, text, packets[i]);
    }
    cr_assert_eq(fake.sent_count - first, count, "%zu packets, expected %zu",
        fake.sent_count - first, count);
}

static struct probe *open_probe(uint32_t freq_hz)
{
    struct probe_config config = {.freq_hz = freq_hz};
    struct probe *probe = NULL;

    cr_assert(cmsis_dap_open(&fake.base, &config, &probe, &err), "%s", err.message);
    return probe;
}

static void close_probe(struct probe *probe)
{
    probe_close(probe);
    cr_assert(fake.is_closed);
    cr_assert_str_eq(fake.breach, "");
}

Test(cmsis_dap, asks_the_probe_what_it_is)
{
    static const char *const packets[] = {"00 FF", "00 FE", "00 F0", "00 04"};
    struct probe *probe = NULL;

    fake_dap_init(&fake);
    fake.packet_bytes = 512;
    probe = open_probe(0);
    expect(0, packets, COUNT(packets));
    cr_assert_str_eq(probe_info(probe)->kind, "CMSIS-DAP v2");
    cr_assert_str_eq(probe_info(probe)->firmware, "2.1.0");
    cr_assert_str_eq(probe_info(probe)->serial, "D0");
    cr_assert_eq(probe_info(probe)->target_mv, 0);
    cr_assert_eq(fake.base.packet_bytes, 512);
    cr_assert_eq(fake.base.packet_count, 4);
    cr_assert_geq(fake.base.timeout_ms, 5000, "transfers may take as long as retries take");
    close_probe(probe);
}

/* Nothing of the target has been touched: leaving without connecting sends nothing. */
Test(cmsis_dap, leaves_a_target_alone_that_it_did_not_connect_to)
{
    struct probe *probe = NULL;
    size_t sent = 0;

    fake_dap_init(&fake);
    probe = open_probe(0);
    sent = fake.sent_count;
    close_probe(probe);
    cr_assert_eq(fake.sent_count, sent);
}

Test(cmsis_dap, connects_byte_by_byte)
{
    static const char *const packets[] = {"02 01", "11 00 09 3D 00", "04 00 64 00 00 00", "13 00",
        "12 88 FF FF FF FF FF FF FF 9E E7 FF FF FF FF FF FF FF 00", "05 00 01 02",
        "05 00 03 00 1E 00 00 00 08 00 00 00 00 04 00 00 00 50", "05 00 01 06",
        /* the access port: IDR, then CSW */
        "05 00 04 08 F0 00 00 01 0F 08 00 00 00 01 03"};
    struct probe *probe = NULL;
    uint32_t dpidr = 0;
    size_t sent = 0;

    fake_dap_init(&fake);
    probe = open_probe(4000000);
    sent = fake.sent_count;
    cr_assert(probe_attach(probe, &dpidr, &err), "%s", err.message);
    cr_assert_eq(dpidr, 0x6BA02477);
    cr_assert_eq(probe_info(probe)->freq_hz, 4000000);
    cr_assert(probe_open_ap(probe, 1, &err), "%s", err.message);
    expect(sent, packets, COUNT(packets));
    close_probe(probe);
}

Test(cmsis_dap, leaves_powered_down_and_disconnected)
{
    static const char *const packets[] = {"05 00 01 04 00 00 00 00", "03"};
    struct probe *probe = NULL;
    uint32_t dpidr = 0;
    size_t sent = 0;

    fake_dap_init(&fake);
    probe = open_probe(0);
    cr_assert(probe_attach(probe, &dpidr, &err), "%s", err.message);
    sent = fake.sent_count;
    close_probe(probe);
    expect(sent, packets, COUNT(packets));
    cr_assert_not(fake.is_connected);
    cr_assert_eq(fake.ctrl_stat, 0);
}

Test(cmsis_dap, wakes_a_dormant_port)
{
    static const char *const packets[] = {
        "12 88 FF FF FF FF FF FF FF 9E E7 FF FF FF FF FF FF FF 00", "05 00 01 02",
        "12 D0 FF 92 F3 09 62 95 2D 85 86 E9 AF DD E3 A2 0E BC 19 A0 F1 FF FF FF FF FF FF 00",
        "05 00 01 02", "05 00 03 00 1E 00 00 00 08 00 00 00 00 04 00 00 00 50", "05 00 01 06"};
    struct probe *probe = NULL;
    uint32_t dpidr = 0;
    size_t sent = 0;

    fake_dap_init(&fake);
    fake.is_dormant = true;
    probe = open_probe(0);
    sent = fake.sent_count + 4; /* connect, clock, two configurations */
    cr_assert(probe_attach(probe, &dpidr, &err), "%s", err.message);
    expect(sent, packets, COUNT(packets));
    close_probe(probe);
}

Test(cmsis_dap, drives_nrst_and_keeps_it_while_connecting)
{
    static const char *const pins[] = {"02 01", "10 00 80 A0 86 01 00"};
    struct probe *probe = NULL;
    uint32_t dpidr = 0;
    size_t sent = 0;

    fake_dap_init(&fake);
    probe = open_probe(0);
    sent = fake.sent_count;
    cr_assert(probe_set_reset(probe, true, &err), "%s", err.message);
    expect(sent, pins, COUNT(pins));
    cr_assert(probe_attach(probe, &dpidr, &err), "%s", err.message);
    cr_assert_eq(fake.pins & 0x80, 0);
    cr_assert(probe_set_reset(probe, false, &err), "%s", err.message);
    cr_assert_eq(fake.pins & 0x80, 0x80);
    close_probe(probe);
}

Test(cmsis_dap, lets_nrst_go_when_it_leaves)
{
    struct probe *probe = NULL;

    fake_dap_init(&fake);
    probe = open_probe(0);
    cr_assert(probe_set_reset(probe, true, &err));
    close_probe(probe);
    cr_assert_eq(fake.pins & 0x80, 0x80);
}

Test(cmsis_dap, works_with_a_probe_that_cannot_read_nrst_back)
{
    struct probe *probe = NULL;

    fake_dap_init(&fake);
    fake.has_nrst_readback = false;
    probe = open_probe(0);
    cr_assert(probe_set_reset(probe, true, &err), "%s", err.message);
    cr_assert(probe_set_reset(probe, false, &err), "%s", err.message);
    close_probe(probe);
}

Test(cmsis_dap, takes_a_slower_clock_when_nobody_answers)
{
    struct probe *probe = NULL;
    uint32_t dpidr = 0;

    fake_dap_init(&fake);
    fake.max_hz = 2000000;
    probe = open_probe(0);
    cr_assert(probe_attach(probe, &dpidr, &err), "%s", err.message);
    cr_assert_eq(probe_info(probe)->freq_hz, 1000000);
    close_probe(probe);
}

/* What was asked for is the most that is used. */
Test(cmsis_dap, begins_with_the_clock_that_was_asked_for)
{
    static const struct {
        uint32_t asked_hz;
        uint32_t max_hz;
        uint32_t used_hz;
    } rows[] = {{24000000, 0, 24000000}, {24000000, 10000000, 10000000},
        {4000000, 4000000, 4000000}, {4000000, 3999999, 1000000}, {300000, 200000, 200000}};
    size_t i = 0;

    for (i = 0; i < COUNT(rows); i++) {
        struct probe *probe = NULL;
        uint32_t dpidr = 0;

        fake_dap_init(&fake);
        fake.max_hz = rows[i].max_hz;
        probe = open_probe(rows[i].asked_hz);
        cr_assert_eq(probe_info(probe)->freq_hz, rows[i].asked_hz);
        cr_assert(probe_attach(probe, &dpidr, &err), "row %zu: %s", i, err.message);
        cr_assert_eq(fake.hz, rows[i].used_hz, "row %zu: %u Hz", i, (unsigned)fake.hz);
        cr_assert_eq(probe_info(probe)->freq_hz, rows[i].used_hz);
        close_probe(probe);
    }
}

Test(cmsis_dap, says_that_nobody_answers)
{
    struct probe *probe = NULL;
    uint32_t dpidr = 0;

    fake_dap_init(&fake);
    fake.max_hz = 1;
    probe = open_probe(50000);
    cr_assert_not(probe_attach(probe, &dpidr, &err));
    cr_assert_eq(err.code, ERROR_TARGET_SILENT);
    cr_assert_str_eq(err.message, "the target does not answer (no acknowledge)\n"
                                  "  while connecting to the debug port");
    close_probe(probe);
}

/* An answer that comes after its time is not taken for the next one. */
Test(cmsis_dap, is_in_step_again_after_a_late_answer)
{
    size_t at = 0;

    for (at = 1; at <= 6; at++) {
        struct probe *probe = NULL;
        uint32_t dpidr = 0;

        fake_dap_init(&fake);
        probe = open_probe(0);
        fake.delays_at = fake.answer_count + at;
        cr_assert_not(probe_attach(probe, &dpidr, &err), "answer %zu", at);
        cr_assert_eq(err.code, ERROR_USB_PROTOCOL);
        cr_assert(probe_attach(probe, &dpidr, &err), "answer %zu: %s", at, err.message);
        cr_assert_eq(dpidr, 0x6BA02477, "answer %zu", at);
        close_probe(probe);
    }
}

/* The next attempt (under reset) is not made with the slowest clock. */
Test(cmsis_dap, goes_back_to_its_first_clock_when_no_clock_helps)
{
    struct probe *probe = NULL;
    uint32_t dpidr = 0;

    fake_dap_init(&fake);
    fake.max_hz = 1;
    probe = open_probe(0);
    cr_assert_not(probe_attach(probe, &dpidr, &err));
    cr_assert_eq(err.code, ERROR_TARGET_SILENT);
    cr_assert_eq(fake.hz, 200000);
    fake.max_hz = 0;
    cr_assert(probe_attach(probe, &dpidr, &err), "%s", err.message);
    cr_assert_eq(fake.hz, 10000000);
    close_probe(probe);
}

Test(cmsis_dap, waits_for_power_up_and_not_for_ever)
{
    struct probe *probe = NULL;
    uint32_t dpidr = 0;

    fake_dap_init(&fake);
    fake.power_up_polls = 5;
    probe = open_probe(0);
    cr_assert(probe_attach(probe, &dpidr, &err), "%s", err.message);
    fake.power_up_polls = 1000;
    cr_assert_not(probe_attach(probe, &dpidr, &err));
    cr_assert_eq(err.code, ERROR_TARGET_SILENT);
    cr_assert_str_eq(err.message, "the debug port does not acknowledge power-up: CTRL/STAT is "
                                  "0x50000000\n  while connecting to the debug port");
    cr_assert_lt(fake.now_ns, UINT64_C(1000000000));
    close_probe(probe);
}

Test(cmsis_dap, tells_absent_and_closed_access_ports)
{
    struct probe *probe = NULL;
    uint32_t dpidr = 0;

    fake_dap_init(&fake);
    probe = open_probe(0);
    cr_assert(probe_attach(probe, &dpidr, &err), "%s", err.message);
    cr_assert_not(probe_open_ap(probe, 3, &err));
    cr_assert_eq(err.code, ERROR_TARGET_FAULT);
    cr_assert_str_eq(err.message, "the target has no access port 3\n  while opening access port 3");
    fake.is_ap_closed = true;
    cr_assert_not(probe_open_ap(probe, 1, &err));
    cr_assert_eq(err.code, ERROR_TARGET_FAULT);
    fake.is_ap_closed = false;
    cr_assert(probe_open_ap(probe, 1, &err), "%s", err.message);
    close_probe(probe);
}

Test(cmsis_dap, recovers_from_a_fault_while_opening_an_access_port)
{
    struct probe *probe = NULL;
    uint32_t dpidr = 0;

    fake_dap_init(&fake);
    probe = open_probe(0);
    cr_assert(probe_attach(probe, &dpidr, &err), "%s", err.message);
    fake.is_sticky = true;
    cr_assert_not(probe_open_ap(probe, 1, &err));
    cr_assert_eq(err.code, ERROR_TARGET_FAULT);
    cr_assert_not(fake.is_sticky);
    cr_assert(probe_open_ap(probe, 1, &err), "%s", err.message);
    close_probe(probe);
}

/* ---- untrusted answers ---- */

static void expect_no_probe(enum error_code code, const char *message)
{
    struct probe_config config = {0};
    struct probe *probe = NULL;

    cr_assert_not(cmsis_dap_open(&fake.base, &config, &probe, &err));
    cr_assert_null(probe);
    cr_assert_eq(err.code, code, "%s", err.message);
    cr_assert_str_eq(err.message, message);
    cr_assert_not(fake.is_closed, "a link of a probe that did not open stays with the caller");
}

Test(cmsis_dap, refuses_a_probe_without_swd)
{
    fake_dap_init(&fake);
    fake.capabilities = 2;
    expect_no_probe(ERROR_PROBE_ABILITY, "the probe has no SWD\n  while asking the probe what it "
                                         "is\n  while greeting the CMSIS-DAP v2");
}

Test(cmsis_dap, refuses_packets_too_small_to_work_with)
{
    fake_dap_init(&fake);
    fake.packet_bytes = 63;
    expect_no_probe(ERROR_USB_PROTOCOL,
        "the probe announces packets of 63 bytes, at least 64 are needed\n  while asking the probe "
        "what it is\n  while greeting the CMSIS-DAP v2");
}

Test(cmsis_dap, bounds_what_a_probe_announces)
{
    struct probe *probe = NULL;

    fake_dap_init(&fake);
    fake.packet_bytes = 65535;
    fake.packet_count = 255;
    probe = open_probe(0);
    cr_assert_eq(fake.base.packet_bytes, DAP_LINK_MAX_PACKET_BYTES);
    cr_assert_eq(fake.base.packet_count, DAP_LINK_MAX_IN_FLIGHT);
    close_probe(probe);
    fake_dap_init(&fake);
    fake.packet_count = 0;
    fake.base.max_packet_bytes = 64;
    fake.packet_bytes = 512;
    probe = open_probe(0);
    cr_assert_eq(fake.base.packet_bytes, 64, "the link carries no more");
    cr_assert_eq(fake.base.packet_count, 1);
    close_probe(probe);
}

Test(cmsis_dap, cleans_and_cuts_text)
{
    struct probe *probe = NULL;

    fake_dap_init(&fake);
    fake.base.serial[0] = '\0';
    fake.serial = "\x1B[31m evil \xC3\xA9";
    fake.version = "012345678901234567890123456789012345678901234567890123456";
    probe = open_probe(0);
    cr_assert_str_eq(probe_info(probe)->serial, "?[31m?evil???");
    cr_assert_str_eq(probe_info(probe)->firmware, "0123456789012345678901234567890");
    close_probe(probe);
}

static void announce_too_much(struct fake_dap_packet *answer)
{
    answer->bytes[1] = 200;
}

static void empty(struct fake_dap_packet *answer)
{
    answer->size_bytes = 0;
}

static void cut_to_head(struct fake_dap_packet *answer)
{
    answer->size_bytes = 1;
}

static void answer_something_else(struct fake_dap_packet *answer)
{
    answer->bytes[0] = 0x7F;
}

/* Each is asked once more after getting into step; a probe that goes on like that is refused. */
Test(cmsis_dap, gets_over_one_bad_answer_while_opening)
{
    static void (*const spoils[])(struct fake_dap_packet *) = {
        announce_too_much, empty, cut_to_head, answer_something_else, NULL};
    size_t i = 0;
    size_t at = 0;

    for (i = 0; i < COUNT(spoils); i++) {
        for (at = 1; at <= 4; at++) {
            struct probe *probe = NULL;

            fake_dap_init(&fake);
            fake.spoils_at = at;
            fake.spoil = spoils[i];
            probe = open_probe(0);
            cr_assert_eq(fake.spoils_at, 0, "kind %zu, answer %zu was never spoilt", i, at);
            cr_assert_str_eq(probe_info(probe)->firmware, "2.1.0", "kind %zu, answer %zu", i, at);
            cr_assert_gt(fake.sent_count, 6, "kind %zu, answer %zu was believed", i, at);
            close_probe(probe);
        }
    }
}

Test(cmsis_dap, takes_away_answers_of_a_run_that_was_killed)
{
    unsigned stale = 0;

    for (stale = 1; stale <= 8; stale++) {
        struct probe *probe = NULL;

        fake_dap_init(&fake);
        fake.stale_count = stale;
        probe = open_probe(0);
        cr_assert_str_eq(probe_info(probe)->firmware, "2.1.0", "%u stale answers", stale);
        cr_assert_eq(fake.base.packet_bytes, 64);
        close_probe(probe);
    }
}

static void deny(struct fake_dap_packet *answer)
{
    answer->bytes[0] = 0xFF;
    answer->size_bytes = 1;
}

static void refuse(struct fake_dap_packet *answer)
{
    answer->bytes[1] = 0xFF;
}

Test(cmsis_dap, says_which_command_the_probe_does_not_know_or_refuses)
{
    struct probe *probe = NULL;
    uint32_t dpidr = 0;

    fake_dap_init(&fake);
    probe = open_probe(1000000);
    fake.spoil = deny;
    fake.spoils_at = fake.answer_count + 2;
    cr_assert_not(probe_attach(probe, &dpidr, &err));
    cr_assert_eq(err.code, ERROR_PROBE_ABILITY);
    cr_assert_str_eq(err.message, "the probe does not know the command 0x11\n  while setting the "
                                  "wire clock to 1000000 Hz\n  while connecting to the debug port");
    fake.spoil = refuse;
    fake.spoils_at = fake.answer_count + 2;
    cr_assert_not(probe_attach(probe, &dpidr, &err));
    cr_assert_eq(err.code, ERROR_PROBE_ABILITY);
    cr_assert_str_eq(err.message, "the probe refused the command 0x04 (status 0xFF)\n"
                                  "  while connecting to the debug port");
    close_probe(probe);
}

Test(cmsis_dap, says_when_the_probe_does_not_connect_by_swd)
{
    struct probe *probe = NULL;
    uint32_t dpidr = 0;

    fake_dap_init(&fake);
    probe = open_probe(0);
    fake.spoil = refuse;
    fake.spoils_at = fake.answer_count + 1;
    cr_assert_not(probe_attach(probe, &dpidr, &err));
    cr_assert_eq(err.code, ERROR_PROBE_ABILITY);
    probe_close(probe);
}

Test(cmsis_dap, ends_at_every_point_where_the_probe_disappears)
{
    size_t at = 0;
    bool is_through = false;

    for (at = 1; !is_through; at++) {
        struct probe_config config = {0};
        struct probe *probe = NULL;
        uint32_t dpidr = 0;

        fake_dap_init(&fake);
        fake.lost_at = at;
        is_through = cmsis_dap_open(&fake.base, &config, &probe, &err) &&
                     probe_attach(probe, &dpidr, &err) && probe_open_ap(probe, 1, &err);
        if (!is_through) {
            cr_assert_eq(err.code, ERROR_USB_LOST, "request %zu: %s", at, err.message);
        }
        probe_close(probe);
        cr_assert_lt(fake.now_ns, UINT64_C(2000000000), "request %zu", at);
    }
    cr_assert_gt(at, 10);
}

Test(cmsis_dap, knows_its_interfaces)
{
    struct usb_device device = {.interface_class = 0xFF, .out_endpoint = 1, .in_endpoint = 0x82};

    cr_assert_not(cmsis_dap_is_bulk(&device));
    (void)snprintf(device.interface, sizeof device.interface, "Acme CMSIS-DAP v2");
    cr_assert(cmsis_dap_is_bulk(&device));
    cr_assert_not(cmsis_dap_is_hid(&device));
    device.interface_subclass = 1;
    cr_assert_not(cmsis_dap_is_bulk(&device));
    device = (struct usb_device){.interface_class = 3};
    cr_assert_not(cmsis_dap_is_hid(&device));
    (void)snprintf(device.product, sizeof device.product, "Acme CMSIS-DAP");
    cr_assert(cmsis_dap_is_hid(&device));
    cr_assert_not(cmsis_dap_is_bulk(&device));
}
