/* Conversations with an ST-LINK on USB, transfer by transfer: endpoints, sizes, order, and what is
 * submitted together (reference: probe protocols 1.2, 6). */
#define _POSIX_C_SOURCE 200809L /* setenv */
#include "host/probe/link_usb.h"
#include "tests/unit/probe/link_usb_script.h"

#include <stdlib.h>

static void fill(uint8_t *bytes, size_t count)
{
    size_t i = 0;

    for (i = 0; i < count; i++) {
        bytes[i] = (uint8_t)(i * 7 + i / 256);
    }
}

Test(link_usb, connects_writes_reads_and_leaves_transfer_by_transfer)
{
    static uint8_t image[2 * BLOCK_BYTES];
    static uint8_t back[BLOCK_BYTES + 4];
    static const struct fake_usb_line script[] = {OPEN_V3, ATTACH,
        SAY("F2 08 00 00 02 24 00 18 01 00 00 AA"), {FAKE_USB_OUT, BLOCK_BYTES, NULL, image, false},
        ALL_IS_WELL, SAY("F2 08 00 18 02 24 00 18 01 00 00 AA"),
        {FAKE_USB_OUT, BLOCK_BYTES, NULL, image + BLOCK_BYTES, false}, ALL_IS_WELL,
        SAY("F2 07 00 00 02 24 00 18 01 00 00 AA"), {FAKE_USB_IN, BLOCK_BYTES, NULL, image, false},
        ALL_IS_WELL, SAY("F2 07 00 18 02 24 04 00 01 00 00 AA"), GET(4, "78 56 34 12"), ALL_IS_WELL,
        LEAVE};
    struct fake_usb *fake = fake_usb_play(script, COUNT(script));
    struct probe *probe = NULL;
    struct error err;
    unsigned before = 0;

    fill(image, sizeof image);
    probe = open_script(fake);
    cr_assert_eq(fake->drains, 1, "what an earlier user left is read away");
    cr_assert_str_eq(probe_info(probe)->link, "usb:1-4.2");
    cr_assert_str_eq(probe_info(probe)->serial, "0123");
    cr_assert_not(probe_info(probe)->is_modelled);
    attach(probe);
    before = fake->submissions;
    cr_assert(probe_write_mem(probe, 1, RAM, image, sizeof image, &err), "%s", err.message);
    cr_assert_eq(fake->submissions - before, 2, "one wait for each block");
    cr_assert(probe_read_mem(probe, 1, RAM, back, sizeof back, &err), "%s", err.message);
    cr_assert_arr_eq(back, image, BLOCK_BYTES);
    cr_assert_eq(back[BLOCK_BYTES], 0x78);
    close_script(fake, probe);
    cr_assert_eq(fake->resets, 0);
}

Test(link_usb, asks_for_two_bytes_where_one_is_wanted)
{
    static const struct fake_usb_line script[] = {OPEN_V3,
        SAY("F2 0C 01 00 02 24 01 00 01 00 00 AA"), GET(2, "55 EE"), ALL_IS_WELL,
        SAY("F2 0D 03 00 02 24 01 00 01 00 00 AA"), GIVE(1, "77"), ALL_IS_WELL};
    struct fake_usb *fake = fake_usb_play(script, COUNT(script));
    struct probe *probe = open_script(fake);
    struct error err;
    uint8_t byte = 0;

    cr_assert(probe_read_bytes(probe, 1, RAM + 1, &byte, 1, &err), "%s", err.message);
    cr_assert_eq(byte, 0x55);
    cr_assert(probe_write_narrow(probe, 1, RAM + 3, 0x77, 1, &err), "%s", err.message);
    close_script(fake, probe);
}

Test(link_usb, looks_at_the_mailbox_with_one_wait)
{
    static const struct fake_usb_line script[] = {OPEN_V3, SAY("F2 51 03 00 00 00"),
        GIVE(16, "05 03 03 00 01 00 00 00 08 29 00 20 10 2A 00 20"), SAY("F2 52"),
        GET_AND_WAIT(24, "00 00 00 00 01 00 00 00 02 00 00 00 80 00 00 00 80 00 00 00 80")};
    struct fake_usb *fake = fake_usb_play(script, COUNT(script));
    struct probe_word words[] = {{.addr = 0x20002908}, {.addr = 0x20002A10}};
    struct probe *probe = open_script(fake);
    struct error err;

    cr_assert(probe_transfer_words(probe, 1, words, 2, &err), "%s", err.message);
    cr_assert_eq(words[0].value, 1);
    cr_assert_eq(words[1].value, 2);
    close_script(fake, probe);
}

Test(link_usb, waits_for_each_command_where_the_user_says_so)
{
    static const struct fake_usb_line script[] = {OPEN_V3,
        SAY("F2 08 00 00 02 24 04 00 01 00 00 AA"), GIVE_AND_WAIT(4, "01 02 03 04"), ALL_IS_WELL,
        SAY("F2 07 00 00 02 24 04 00 01 00 00 AA"), GET_AND_WAIT(4, "01 02 03 04"), ALL_IS_WELL};
    struct fake_usb *fake = fake_usb_play(script, COUNT(script));
    struct probe *probe = NULL;
    struct error err;
    uint32_t value = 0;

    (void)setenv(LINK_USB_BATCH_VARIABLE, "off", 1);
    probe = open_script(fake);
    cr_assert(probe_write_word(probe, 1, RAM, 0x04030201, &err), "%s", err.message);
    cr_assert(probe_read_word(probe, 1, RAM, &value, &err), "%s", err.message);
    cr_assert_eq(value, 0x04030201);
    close_script(fake, probe);
}

/* A V2J24S4: full speed, other endpoints, access port 0 without CSW, TAR wraps at 1 KiB, and not
 * in the table of firmware whose commands are submitted together. */
#define OPEN_V2                                                                                    \
    ASK("F1", 6, "26 04 83 04 48 37"), ASK("F1", 6, "26 04 83 04 48 37"), ASK("F5", 2, "01 00"),   \
        ASK("F7", 8, "00 10 00 00 00 16 00 00"), ASK("F2 43", 2, "80")

static struct fake_usb *play_v2(const struct fake_usb_line *script, size_t count)
{
    struct fake_usb *fake = fake_usb_play(script, count);

    fake->device.pid = 0x3748;
    fake->device.out_endpoint = 0x02;
    fake->device.trace_endpoint = 0x83;
    fake->device.packet_bytes = 64;
    return fake;
}

Test(link_usb, speaks_to_an_old_v2_in_its_own_way)
{
    static uint8_t image[2048];
    static const struct fake_usb_line script[] = {OPEN_V2, ASK("F7", 8, "00 10 00 00 00 16 00 00"),
        ASK("F2 3C 01", 2, "80"), ASK("F2 30 A3", 2, "80"), ASK("F2 3C 01", 2, "80"),
        ASK("F2 46 FF FF 00 00 1E", 2, "80"), ASK("F2 46 FF FF 04 00 20 00 00 50", 2, "80"),
        ASK("F2 45 FF FF 04", 8, "80 00 00 00 00 00 00 F0"),
        ASK("F2 46 FF FF 04 00 00 00 00 50", 2, "80"),
        ASK("F2 45 FF FF 04", 8, "80 00 00 00 00 00 00 F0"),
        ASK("F2 31", 12, "80 00 00 00 77 24 A0 6B"), SAY("F2 08 00 02 00 20 00 02"),
        {FAKE_USB_OUT, 512, NULL, image, true}, ALL_IS_WELL, SAY("F2 08 00 04 00 20 00 04"),
        {FAKE_USB_OUT, 1024, NULL, image + 512, true}, ALL_IS_WELL, SAY("F2 08 00 08 00 20 00 02"),
        {FAKE_USB_OUT, 512, NULL, image + 1536, true}, ALL_IS_WELL, SAY_AND_WAIT("F2 21")};
    struct fake_usb *fake = play_v2(script, COUNT(script));
    struct probe *probe = NULL;
    struct error err;
    uint32_t dpidr = 0;

    fill(image, sizeof image);
    probe = open_script(fake);
    cr_assert(probe_attach(probe, &dpidr, &err), "%s", err.message);
    cr_assert(probe_open_ap(probe, 0, &err), "%s", err.message);
    cr_assert(probe_write_mem(probe, 0, 0x20000200, image, sizeof image, &err), "%s", err.message);
    cr_assert_not(probe_open_ap(probe, 1, &err));
    cr_assert_eq(err.code, ERROR_PROBE_FIRMWARE);
    cr_assert_not(probe_write_word(probe, 1, 0x20000200, 0, &err));
    cr_assert_eq(err.code, ERROR_PROBE_FIRMWARE);
    close_script(fake, probe);
}

Test(link_usb, asks_the_oldest_firmware_for_the_short_status)
{
    static const struct fake_usb_line script[] = {ASK("F1", 6, "23 00 83 04 48 37"),
        ASK("F1", 6, "23 00 83 04 48 37"), ASK("F5", 2, "01 00"), SAY("F2 07 00 00 00 20 04"),
        GET_AND_WAIT(4, "01 02 03 04"), ASK("F2 3B", 2, "80")};
    struct fake_usb *fake = play_v2(script, COUNT(script));
    struct probe *probe = open_script(fake);
    struct error err;
    uint32_t value = 0;

    cr_assert(probe_read_word(probe, 0, 0x20000000, &value, &err), "%s", err.message);
    close_script(fake, probe);
}

Test(link_usb, submits_together_with_any_firmware_where_the_user_says_so)
{
    static const struct fake_usb_line script[] = {
        OPEN_V2, SAY("F2 08 00 00 00 20 04"), GIVE(4, "01 02 03 04"), ALL_IS_WELL};
    struct fake_usb *fake = play_v2(script, COUNT(script));
    struct probe *probe = NULL;
    struct error err;

    (void)setenv(LINK_USB_BATCH_VARIABLE, "on", 1);
    probe = open_script(fake);
    cr_assert(probe_write_word(probe, 0, 0x20000000, 0x04030201, &err), "%s", err.message);
    close_script(fake, probe);
}

Test(link_usb, takes_the_endpoints_from_the_descriptor)
{
    static const struct fake_usb_line script[] = {ASK("F1", 6, "30 00 83 04 4E 37"), SAY("F2 AA"),
        GIVE(2, "01 02"), SAY("F2 BB"), GIVE_AND_WAIT(2, "03 04"), ASK("F2 CC", 2, "80")};
    static const uint8_t first[] = {1, 2};
    static const uint8_t second[] = {3, 4};
    uint8_t reply[2] = {0};
    struct link_exchange exchanges[] = {{.command = {0xF2, 0xAA}, .out = first, .out_bytes = 2},
        {.command = {0xF2, 0xBB}, .out = second, .out_bytes = 2},
        {.command = {0xF2, 0xCC}, .in = reply, .in_bytes = 2}};
    struct fake_usb *fake = fake_usb_play(script, COUNT(script));
    struct link *link = NULL;
    struct error err;

    fake->device.out_endpoint = 0x05;
    fake->device.in_endpoint = 0x86;
    cr_assert(link_libusb_open(&fake->device, NULL, &link, &err), "%s", err.message);
    link->may_batch = true;
    cr_assert(link->ops->exchange(link, exchanges, 3, &err), "%s", err.message);
    cr_assert_eq(reply[0], 0x80);
    exchanges[0].in_bytes = 2;
    cr_assert_not(link->ops->exchange(link, exchanges, 1, &err));
    cr_assert_eq(err.code, ERROR_INTERNAL, "data both ways");
    exchanges[0].in_bytes = 0;
    exchanges[0].out_bytes = LINK_MAX_DATA_BYTES + 1;
    cr_assert_not(link->ops->exchange(link, exchanges, 1, &err));
    cr_assert_eq(err.code, ERROR_INTERNAL, "more than fits");
    link->ops->close(link);
    cr_assert_str_eq(fake->mismatch, "");
    cr_assert(fake->is_closed);
}
