/* Conversations with an ST-LINK as tables of bytes (reference: probe protocols, section 1). */
#include "host/probe/stlink.h"
#include "host/probe/stlink_status.h"
#include "tests/unit/fakes/fake_link.h"

#include <criterion/criterion.h>

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* What every session with a V3J10M3 at 24 MHz begins with. */
#define OPEN_V3                                                                                    \
    {"F1", NULL, "30 00 83 04 4E 37"}, {"FB", NULL, "03 00 0A 03 01 00 00 00 83 04 4E 37"},        \
        {"F5", NULL, "01 00"}, {"F7", NULL, "00 10 00 00 00 16 00 00"},                            \
        {"F2 56", NULL, "80 00 48 37 53 33"}, {"F2 63 01", NULL, "80"},                            \
        {"F2 62", NULL,                                                                            \
            "80 00 00 00 00 00 00 00 03 00 00 00 C0 5D 00 00 40 1F 00 00 C8 00 00 00"},            \
    {                                                                                              \
        "F2 61 00 00 C0 5D", NULL, "80 00 00 00 C0 5D"                                             \
    }

#define ATTACH                                                                                     \
    {"F7", NULL, "00 10 00 00 00 16 00 00"}, {"F2 3C 01", NULL, "80"}, {"F2 30 A3", NULL, "80"},   \
        {"F2 3C 01", NULL, "80"}, {"F2 46 FF FF 00 00 1E", NULL, "80"},                            \
        {"F2 46 FF FF 04 00 20 00 00 50", NULL, "80"},                                             \
        {"F2 45 FF FF 04", NULL, "80 00 00 00 00 00 00 F0"},                                       \
        {"F2 46 FF FF 04 00 00 00 00 50", NULL, "80"},                                             \
        {"F2 45 FF FF 04", NULL, "80 00 00 00 00 00 00 F0"},                                       \
    {                                                                                              \
        "F2 31", NULL, "80 00 00 00 77 24 A0 6B"                                                   \
    }

static struct fake_link link_fake;

static struct probe *open_script(const struct fake_exchange *script, size_t count)
{
    struct probe_config config = {0};
    struct probe *probe = NULL;
    struct error err;

    fake_link_init(&link_fake, script, count);
    cr_assert(stlink_open(&link_fake.base, &config, &probe, &err), "%s", err.message);
    return probe;
}

/* The script was played to its end, and nothing else was said. */
static void close_script(struct probe *probe)
{
    probe_close(probe);
    cr_assert_str_eq(link_fake.mismatch, "");
    cr_assert_eq(link_fake.next, link_fake.count);
    cr_assert(link_fake.is_closed);
}

Test(stlink, opens_a_v3_and_sets_the_fastest_clock)
{
    static const struct fake_exchange script[] = {OPEN_V3};
    struct probe *probe = open_script(script, COUNT(script));
    const struct probe_info *info = probe_info(probe);

    cr_assert_str_eq(info->kind, "ST-LINK V3");
    cr_assert_str_eq(info->firmware, "V3J10M3");
    cr_assert_str_eq(info->serial, "0123");
    cr_assert_str_eq(info->board_id, "H7S3");
    cr_assert_eq(info->freq_hz, 24000000);
    cr_assert_eq(info->target_mv, 3300);
    cr_assert(info->marks_cacheable);
    close_script(probe);
}

Test(stlink, attaches_and_leaves_again)
{
    static const struct fake_exchange script[] = {
        OPEN_V3, ATTACH, {"F2 4B 01", NULL, "80"}, {"F2 4C 01", NULL, "80"}, {"F2 21", NULL, NULL}};
    struct probe *probe = open_script(script, COUNT(script));
    struct error err;
    uint32_t dpidr = 0;

    cr_assert(probe_attach(probe, &dpidr, &err), "%s", err.message);
    cr_assert_eq(dpidr, 0x6BA02477);
    cr_assert(probe_open_ap(probe, 1, &err), "%s", err.message);
    close_script(probe);
}

Test(stlink, reads_through_the_access_port_marked_cacheable_and_asks_for_the_status)
{
    static const struct fake_exchange script[] = {OPEN_V3,
        {"F2 07 00 ED 00 E0 04 00 01 00 00 AA", NULL, "72 C2 1F 41"}, {"F2 3E", NULL, "80"}};
    struct probe *probe = open_script(script, COUNT(script));
    struct error err;
    uint32_t value = 0;

    cr_assert(probe_read_word(probe, 1, 0xE000ED00, &value, &err), "%s", err.message);
    cr_assert_eq(value, 0x411FC272);
    close_script(probe);
}

Test(stlink, writes_words_and_bytes)
{
    static const struct fake_exchange script[] = {OPEN_V3,
        {"F2 08 00 00 02 24 08 00 01 00 00 AA", "01 02 03 04 05 06 07 08", NULL},
        {"F2 3E", NULL, "80"}, {"F2 0D 03 00 02 24 01 00 01 00 00 AA", "77", NULL},
        {"F2 3E", NULL, "80"}, {"F2 48 02 00 02 24 02 00 01 00 00 AA", "EF BE", NULL},
        {"F2 3E", NULL, "80"}};
    static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct probe *probe = open_script(script, COUNT(script));
    struct error err;

    cr_assert(probe_write_mem(probe, 1, 0x24020000, bytes, sizeof bytes, &err));
    cr_assert(probe_write_narrow(probe, 1, 0x24020003, 0x77, 1, &err));
    cr_assert(probe_write_narrow(probe, 1, 0x24020002, 0xBEEF, 2, &err));
    close_script(probe);
}

Test(stlink, takes_two_bytes_for_one)
{
    static const struct fake_exchange script[] = {
        OPEN_V3, {"F2 0C 01 00 02 24 01 00 01 00 00 AA", NULL, "55 EE"}, {"F2 3E", NULL, "80"}};
    struct probe *probe = open_script(script, COUNT(script));
    struct error err;
    uint8_t bytes[2] = {0, 0x11};

    cr_assert(probe_read_bytes(probe, 1, 0x24020001, bytes, 1, &err), "%s", err.message);
    cr_assert_eq(bytes[0], 0x55);
    cr_assert_eq(bytes[1], 0x11);
    close_script(probe);
}

Test(stlink, reports_a_fault_with_its_address_and_clears_it)
{
    static const struct fake_exchange script[] = {OPEN_V3,
        {"F2 07 00 00 00 52 08 00 01 00 00 AA", NULL, "00"},
        {"F2 3E", NULL, "11 00 00 00 04 00 00 52"}, {"F2 46 FF FF 00 00 1E", NULL, "80"}};
    struct probe *probe = open_script(script, COUNT(script));
    struct error err;
    uint8_t bytes[8];

    cr_assert_not(probe_read_mem(probe, 1, 0x52000000, bytes, sizeof bytes, &err));
    cr_assert_eq(err.code, ERROR_TARGET_FAULT);
    cr_assert_str_eq(err.message, "the target refused the access (status 0x11: AP fault)\n"
                                  "  while reading 8 bytes at 0x52000000");
    cr_assert_eq(err.addr, 0x52000004);
    close_script(probe);
}

Test(stlink, repeats_a_busy_write_to_ram_with_growing_pauses)
{
    static const struct fake_exchange script[] = {OPEN_V3,
        {"F2 08 00 00 02 24 04 00 01 00 00 AA", "01 02 03 04", NULL}, {"F2 3E", NULL, "10"},
        {"F2 08 00 00 02 24 04 00 01 00 00 AA", "01 02 03 04", NULL}, {"F2 3E", NULL, "11"},
        {"F2 08 00 00 02 24 04 00 01 00 00 AA", "01 02 03 04", NULL}, {"F2 3E", NULL, "80"}};
    static const uint8_t bytes[] = {1, 2, 3, 4};
    struct probe *probe = open_script(script, COUNT(script));
    struct error err;
    uint64_t before_ns = probe_now_ns(probe);

    cr_assert(probe_write_mem(probe, 1, 0x24020000, bytes, sizeof bytes, &err));
    cr_assert_eq(probe_now_ns(probe) - before_ns, 6 * 250000 + 1000000 + 2000000);
    close_script(probe);
}

Test(stlink, repeats_a_refused_access_to_ram_once)
{
    static const struct fake_exchange script[] = {OPEN_V3,
        {"F2 07 00 00 02 24 04 00 01 00 00 AA", NULL, "00"}, {"F2 3E", NULL, "13"},
        {"F2 46 FF FF 00 00 1E", NULL, "80"},
        {"F2 07 00 00 02 24 04 00 01 00 00 AA", NULL, "78 56 34 12"}, {"F2 3E", NULL, "80"},
        {"F2 08 00 00 02 24 04 00 01 00 00 AA", "78 56 34 12", NULL}, {"F2 3E", NULL, "11"},
        {"F2 46 FF FF 00 00 1E", NULL, "80"},
        {"F2 08 00 00 02 24 04 00 01 00 00 AA", "78 56 34 12", NULL}, {"F2 3E", NULL, "11"},
        {"F2 46 FF FF 00 00 1E", NULL, "80"}};
    struct probe *probe = open_script(script, COUNT(script));
    struct error err;
    uint32_t value = 0;

    cr_assert(probe_read_word(probe, 1, 0x24020000, &value, &err), "%s", err.message);
    cr_assert_eq(value, 0x12345678);
    cr_assert_not(probe_write_word(probe, 1, 0x24020000, value, &err));
    cr_assert_eq(err.code, ERROR_TARGET_FAULT);
    close_script(probe);
}

Test(stlink, repeats_a_read_after_a_stall)
{
    static const struct fake_exchange script[] = {OPEN_V3,
        {"F2 07 00 ED 00 E0 04 00 01 00 00 AA", NULL, "72 C2 1F 41"}, {"F2 3E", NULL, "80"}};
    struct probe *probe = open_script(script, COUNT(script));
    struct error err;
    uint32_t value = 0;

    link_fake.stalls_at = 9;
    cr_assert(probe_read_word(probe, 1, 0xE000ED00, &value, &err), "%s", err.message);
    cr_assert_eq(value, 0x411FC272);
    close_script(probe);
}

Test(stlink, does_not_repeat_a_key_after_a_stall)
{
    static const struct fake_exchange script[] = {OPEN_V3};
    struct probe *probe = open_script(script, COUNT(script));
    struct error err;

    link_fake.stalls_at = 9;
    cr_assert_not(probe_write_word(probe, 1, 0x52002004, 0x45670123, &err));
    cr_assert_eq(err.code, ERROR_USB_PROTOCOL);
    close_script(probe);
}

Test(stlink, repeats_a_busy_look_at_the_mailbox)
{
    static const struct fake_exchange script[] = {OPEN_V3,
        {"F2 51 03 00 00 00", "05 03 03 00 01 00 00 00 08 29 00 20 10 2A 00 20", NULL},
        {"F2 52", NULL, "00 00 00 00 01 00 00 00 00 00 00 00 80 00 00 00 80 00 00 00 10"},
        {"F2 51 03 00 00 00", "05 03 03 00 01 00 00 00 08 29 00 20 10 2A 00 20", NULL},
        {"F2 52", NULL, "00 00 00 00 01 00 00 00 02 00 00 00 80 00 00 00 80 00 00 00 80"}};
    struct probe_word words[] = {{.addr = 0x20002908}, {.addr = 0x20002A10}};
    struct probe *probe = open_script(script, COUNT(script));
    struct error err;

    cr_assert(probe_transfer_words(probe, 1, words, 2, &err), "%s", err.message);
    cr_assert_eq(words[1].value, 2);
    close_script(probe);
}

Test(stlink, never_repeats_a_busy_write_to_a_register)
{
    static const struct fake_exchange script[] = {OPEN_V3,
        {"F2 08 04 20 00 52 04 00 01 00 00 AA", "23 01 67 45", NULL}, {"F2 3E", NULL, "10"},
        {"F2 46 FF FF 00 00 1E", NULL, "80"}};
    struct probe *probe = open_script(script, COUNT(script));
    struct error err;

    cr_assert_not(probe_write_word(probe, 1, 0x52002004, 0x45670123, &err));
    cr_assert_eq(err.code, ERROR_TARGET_SILENT);
    cr_assert_str_eq(err.message, "the target stays busy (status 0x10: AP wait)\n"
                                  "  while writing 4 bytes at 0x52002004");
    close_script(probe);
}

Test(stlink, gives_a_busy_target_up_after_nine_tries)
{
    struct fake_exchange script[8 + 18 + 1] = {OPEN_V3};
    struct probe *probe = NULL;
    struct error err;
    uint32_t value = 0;
    size_t i = 0;

    for (i = 8; i < 26; i += 2) {
        script[i] = (struct fake_exchange){"F2 07 00 00 02 24 04 00 01 00 00 AA", NULL, "00"};
        script[i + 1] = (struct fake_exchange){"F2 3E", NULL, "10"};
    }
    script[26] = (struct fake_exchange){"F2 46 FF FF 00 00 1E", NULL, "80"};
    probe = open_script(script, COUNT(script));
    cr_assert_not(probe_read_word(probe, 1, 0x24020000, &value, &err));
    cr_assert_eq(err.code, ERROR_TARGET_SILENT);
    close_script(probe);
}

Test(stlink, packs_scattered_words_into_one_command_pair)
{
    static const struct fake_exchange script[] = {OPEN_V3,
        {"F2 51 05 00 00 00",
            "05 01 02 03 03 00 00 00 01 00 00 00 F4 ED 00 E0 0F 00 00 00 F0 ED 00 E0 F8 ED 00 E0",
            NULL},
        {"F2 52", NULL,
            "00 00 00 00 00 00 00 00 00 00 00 00 03 00 03 00 34 12 00 20 "
            "80 00 00 00 80 00 00 00 80 00 00 00 80 00 00 00 80 00 00 00"}};
    struct probe_word words[] = {{.addr = 0xE000EDF4, .value = 15, .is_write = true},
        {.addr = 0xE000EDF0}, {.addr = 0xE000EDF8}};
    struct probe *probe = open_script(script, COUNT(script));
    struct error err;

    cr_assert(probe_transfer_words(probe, 1, words, 3, &err), "%s", err.message);
    cr_assert_eq(words[1].value, 0x00030003);
    cr_assert_eq(words[2].value, 0x20001234);
    close_script(probe);
}

Test(stlink, gives_the_address_again_behind_a_read_but_not_behind_a_write)
{
    static const struct fake_exchange script[] = {OPEN_V3,
        {"F2 51 07 00 00 00",
            "05 01 02 02 03 01 02 00 01 00 00 00 74 EF 00 E0 01 00 00 00 02 00 00 00 "
            "F0 ED 00 E0 74 EF 00 E0 03 00 00 00",
            NULL},
        {"F2 52", NULL,
            "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 "
            "80 00 00 00 80 00 00 00 80 00 00 00 80 00 00 00 80 00 00 00 80 00 00 00 80 00 00 00"}};
    struct probe_word words[] = {{.addr = 0xE000EF74, .value = 1, .is_write = true},
        {.addr = 0xE000EF74, .value = 2, .is_write = true}, {.addr = 0xE000EDF0},
        {.addr = 0xE000EF74, .value = 3, .is_write = true}};
    struct probe *probe = open_script(script, COUNT(script));
    struct error err;

    cr_assert(probe_transfer_words(probe, 1, words, 4, &err), "%s", err.message);
    close_script(probe);
}

Test(stlink, names_the_scattered_word_that_failed)
{
    static const struct fake_exchange script[] = {OPEN_V3,
        {"F2 51 03 00 00 00", "05 03 03 00 01 00 00 00 F0 ED 00 E0 00 00 00 30", NULL},
        {"F2 52", NULL, "00 00 00 00 01 00 00 00 00 00 00 00 80 00 00 00 80 00 00 00 11"},
        {"F2 46 FF FF 00 00 1E", NULL, "80"}};
    struct probe_word words[] = {{.addr = 0xE000EDF0}, {.addr = 0x30000000}};
    struct probe *probe = open_script(script, COUNT(script));
    struct error err;

    cr_assert_not(probe_transfer_words(probe, 1, words, 2, &err));
    cr_assert_str_eq(err.message, "the target refused the access (status 0x11: AP fault)\n"
                                  "  while reading the word at 0x30000000\n"
                                  "  while transferring 2 scattered words");
    cr_assert_eq(err.addr, 0x30000000);
    close_script(probe);
}

Test(stlink, stops_at_a_low_target_voltage)
{
    static const struct fake_exchange script[] = {OPEN_V3, {"F7", NULL, "00 10 00 00 00 0A 00 00"}};
    struct probe *probe = open_script(script, COUNT(script));
    struct error err;
    uint32_t dpidr = 0;

    cr_assert_not(probe_attach(probe, &dpidr, &err));
    cr_assert_eq(err.code, ERROR_TARGET_VOLTAGE);
    cr_assert_str_eq(err.message, "the target voltage is 1.50 V, at least 1.65 V are needed\n"
                                  "  while connecting to the debug port");
    cr_assert_str_neq(err.hint, "");
    close_script(probe);
}

Test(stlink, stops_at_a_target_without_power)
{
    static const struct fake_exchange script[] = {OPEN_V3, {"F7", NULL, "00 10 00 00 00 00 00 00"}};
    struct probe *probe = open_script(script, COUNT(script));
    struct error err;
    uint32_t dpidr = 0;

    cr_assert_not(probe_attach(probe, &dpidr, &err));
    cr_assert_eq(err.code, ERROR_TARGET_VOLTAGE);
    close_script(probe);
}

Test(stlink, takes_a_reference_of_zero_for_an_unknown_voltage)
{
    static const struct fake_exchange script[] = {OPEN_V3, {"F7", NULL, "00 00 00 00 00 00 00 00"},
        {"F2 3C 01", NULL, "80"}, {"F2 30 A3", NULL, "05"}};
    struct probe *probe = open_script(script, COUNT(script));
    struct error err;
    uint32_t dpidr = 0;

    cr_assert_not(probe_attach(probe, &dpidr, &err));
    cr_assert_eq(err.code, ERROR_TARGET_SILENT, "not the voltage: %s", err.message);
    cr_assert_str_eq(err.message, "the target does not answer (status 0x05: no device connected)\n"
                                  "  while connecting to the debug port");
    close_script(probe);
}

Test(stlink, holds_nrst_low_while_it_enters_swd)
{
    static const struct fake_exchange script[] = {OPEN_V3, {"F2 3C", NULL, "81"},
        {"F7", NULL, "00 10 00 00 00 16 00 00"}, {"F2 3C", NULL, "81"}, {"F2 30 A3", NULL, "80"},
        {"F2 3C", NULL, "80"}, {"F2 46 FF FF 00 00 1E", NULL, "80"},
        {"F2 46 FF FF 04 00 20 00 00 50", NULL, "80"}, {"F2 45 FF FF 04", NULL, "80"},
        {"F2 46 FF FF 04 00 00 00 00 50", NULL, "80"},
        {"F2 45 FF FF 04", NULL, "80 00 00 00 00 00 00 F0"},
        {"F2 31", NULL, "80 00 00 00 77 24 A0 6B"},
        /* closing lets NRST go */
        {"F2 3C 01", NULL, "80"}, {"F2 21", NULL, NULL}};
    struct probe *probe = open_script(script, COUNT(script));
    struct error err;
    uint32_t dpidr = 0;

    cr_assert(probe_set_reset(probe, true, &err), "outside debug mode a refusal is no error");
    cr_assert(probe_attach(probe, &dpidr, &err), "%s", err.message);
    close_script(probe);
}

Test(stlink, refuses_another_access_port_with_old_firmware)
{
    static const struct fake_exchange script[] = {{"F1", NULL, "27 80 83 04 4B 37"},
        {"F5", NULL, "01"}, {"F7", NULL, "00 10 00 00 00 16 00 00"}, {"F2 43", NULL, "80"}};
    struct probe *probe = open_script(script, COUNT(script));
    struct error err;
    uint32_t value = 0;

    cr_assert_str_eq(probe_info(probe)->firmware, "V2J30M0");
    cr_assert_eq(probe_info(probe)->freq_hz, 4000000);
    cr_assert_not(probe_info(probe)->marks_cacheable);
    cr_assert_not(probe_open_ap(probe, 1, &err));
    cr_assert_eq(err.code, ERROR_PROBE_FIRMWARE);
    cr_assert_str_eq(err.message,
        "the firmware V2J30M0 of the ST-LINK is too old for access port 1: V2J32 or V3J3 is "
        "needed\n  while opening access port 1");
    cr_assert_not(probe_read_word(probe, 1, 0x24020000, &value, &err));
    cr_assert_eq(err.code, ERROR_PROBE_FIRMWARE);
    close_script(probe);
}

Test(stlink, leaves_the_mode_a_killed_run_left_behind)
{
    struct fake_exchange script[10] = {OPEN_V3};
    struct probe *probe = NULL;

    memmove(script + 5, script + 3, 5 * sizeof script[0]);
    script[2] = (struct fake_exchange){"F5", NULL, "02"};
    script[3] = (struct fake_exchange){"F2 21", NULL, NULL};
    script[4] = (struct fake_exchange){"F5", NULL, "01"};
    probe = open_script(script, 10);
    close_script(probe);
}

static bool open_with_freq(uint32_t freq_hz, const char *set, struct error *err)
{
    struct fake_exchange script[8] = {OPEN_V3};
    struct probe_config config = {.freq_hz = freq_hz};
    struct probe *probe = NULL;
    bool is_open = false;

    script[7].command = set;
    fake_link_init(&link_fake, script, set != NULL ? 8 : 7);
    is_open = stlink_open(&link_fake.base, &config, &probe, err);
    cr_assert_str_eq(link_fake.mismatch, "");
    probe_close(probe);
    return is_open;
}

Test(stlink, rounds_the_wire_clock_down)
{
    struct error err;

    cr_assert(open_with_freq(23999000, "F2 61 00 00 40 1F", &err), "%s", err.message);
    cr_assert(open_with_freq(8000000, "F2 61 00 00 40 1F", &err), "%s", err.message);
    cr_assert(open_with_freq(7999999, "F2 61 00 00 C8 00", &err), "%s", err.message);
}

Test(stlink, refuses_a_wire_clock_below_its_slowest)
{
    struct error err;

    cr_assert_not(open_with_freq(199999, NULL, &err));
    cr_assert_eq(err.code, ERROR_PROBE_ABILITY);
    cr_assert_str_eq(err.message,
        "a wire clock of 199999 Hz was asked for, the slowest of the ST-LINK is 200 kHz\n"
        "  while setting the wire clock");
}

/* Each label of the open ladder: the probe goes away at every exchange. */
Test(stlink, fails_cleanly_wherever_the_probe_disappears)
{
    static const struct fake_exchange script[] = {OPEN_V3, ATTACH, {"F2 4B 01", NULL, "80"},
        {"F2 07 00 00 02 24 04 00 01 00 00 AA", NULL, "00"}, {"F2 3E", NULL, "80"}};
    size_t lost_at = 0;

    for (lost_at = 1; lost_at <= COUNT(script); lost_at++) {
        struct probe_config config = {0};
        struct probe *probe = NULL;
        struct error err = {.code = ERROR_NONE};
        uint32_t value = 0;

        fake_link_init(&link_fake, script, COUNT(script));
        link_fake.lost_at = lost_at;
        if (stlink_open(&link_fake.base, &config, &probe, &err)) {
            cr_assert_not(probe_attach(probe, &value, &err) && probe_open_ap(probe, 1, &err) &&
                              probe_read_word(probe, 1, 0x24020000, &value, &err),
                "lost at exchange %zu", lost_at);
            probe_close(probe);
            cr_assert(link_fake.is_closed);
        } else {
            cr_assert_null(probe);
        }
        cr_assert_eq(err.code, ERROR_USB_LOST, "lost at exchange %zu: %s", lost_at, err.message);
    }
}

Test(stlink, has_an_error_for_every_status_byte)
{
    unsigned status = 0;

    for (status = 0; status < 256; status++) {
        struct error err = {.code = ERROR_NONE};

        if (status == STLINK_STATUS_OK) {
            continue;
        }
        cr_assert_not(stlink_status_error((uint8_t)status, &err));
        cr_assert_neq(err.code, ERROR_NONE, "status 0x%02X", status);
        cr_assert_neq(stlink_status_kind((uint8_t)status), STLINK_STATUS_KIND_OK);
    }
}
