/* What devices say, made safe; serial numbers; the udev rules against the table of ST-LINKs. */
#include "host/base/os.h"
#include "host/probe/probe_list.h"
#include "host/probe/probe_text.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

static const char *escape(const char *text)
{
    static char out[64];

    probe_text_escape(text, out, sizeof out);
    return out;
}

Test(probe_text, leaves_harmless_text_alone)
{
    cr_assert_str_eq(escape("STLINK-V3 (\\o/)"), "STLINK-V3 (\\o/)");
    cr_assert_str_eq(escape("Gerät 日本 😀"), "Gerät 日本 😀");
    cr_assert_str_eq(escape(""), "");
}

Test(probe_text, escapes_what_a_terminal_would_obey)
{
    cr_assert_str_eq(escape("a\033[2Jb"), "a\\x1B[2Jb");
    cr_assert_str_eq(escape("a\r\nb\tc\x7F"), "a\\x0D\\x0Ab\\x09c\\x7F");
    cr_assert_str_eq(escape("\xC2\x9Bm"), "\\xC2\\x9Bm", "C1: CSI as one character");
    cr_assert_str_eq(escape("a\xE2\x80\xAEtxt"), "a\\xE2\\x80\\xAEtxt", "right-to-left override");
    cr_assert_str_eq(escape("a\xE2\x81\xA6z"), "a\\xE2\\x81\\xA6z", "isolate");
}

Test(probe_text, escapes_what_is_not_utf8)
{
    cr_assert_str_eq(escape("a\xFFz"), "a\\xFFz");
    cr_assert_str_eq(escape("\xC0\xAF"), "\\xC0\\xAF", "overlong");
    cr_assert_str_eq(escape("\xED\xA0\x80"), "\\xED\\xA0\\x80", "half a surrogate pair");
    cr_assert_str_eq(escape("z\xE6\x97"), "z\\xE6\\x97", "cut off");
    cr_assert_str_eq(escape("\xF4\x90\x80\x80"), "\\xF4\\x90\\x80\\x80", "above 10FFFF");
}

Test(probe_text, cuts_without_cutting_a_character)
{
    char out[6] = "xxxxx";

    probe_text_escape("abcd\033e", out, sizeof out);
    cr_assert_str_eq(out, "abcd");
    probe_text_escape("abcdä", out, sizeof out);
    cr_assert_str_eq(out, "abcd");
    probe_text_escape("abcdef", out, sizeof out);
    cr_assert_str_eq(out, "abcde");
}

static const char *serial_of(uint16_t vid, const void *bytes, size_t count)
{
    static char serial[PROBE_SERIAL_BYTES];
    struct usb_device device = {.vid = vid, .pid = 0x3748, .raw_serial_bytes = (uint8_t)count};

    memcpy(device.raw_serial, bytes, count);
    probe_text_serial(&device, serial);
    return serial;
}

Test(probe_text, takes_a_serial_of_24_characters_as_it_is)
{
    static const char text[] = "003800313137510C39383538";
    uint8_t raw[48] = {0};
    size_t i = 0;

    for (i = 0; i < 24; i++) {
        raw[2 * i] = (uint8_t)text[i];
    }
    cr_assert_str_eq(serial_of(0x0483, raw, sizeof raw), text);
}

Test(probe_text, makes_hex_of_the_12_bytes_of_an_old_st_link)
{
    static const uint8_t raw[24] = {0x53, 0xFF, 0x3F, 0, 0x6C, 0, 0x06, 0, 0x49, 0, 0x75, 0, 0x55,
        0, 0x52, 0, 0x23, 0, 0x25, 0, 0x17, 0, 0x87, 0xAB};
    static const uint8_t printable[24] = {'1', 0, '2', 0, '3', 0, '4', 0, '5', 0, '6', 0, '7', 0,
        '8', 0, '9', 0, 'A', 0, 'B', 0, 'C', 0};

    /* Every second byte, whatever stands between them. */
    cr_assert_str_eq(serial_of(0x0483, raw, sizeof raw), "533F6C064975555223251787");
    cr_assert_str_eq(serial_of(0x0483, printable, sizeof printable), "313233343536373839414243",
        "also when it looks like text: OpenOCD and libstlink do the same");
    cr_assert_str_eq(serial_of(0x0D28, printable, sizeof printable), "123456789ABC",
        "another maker's serial of 12 characters is text");
}

Test(probe_text, makes_hex_of_a_serial_that_cannot_be_typed)
{
    static const uint8_t junk[] = {'A', 0, 0x1B, 0, 0xFF, 0};
    static const uint8_t wide[] = {'A', 0, 0x34, 0x04};
    static const uint8_t zeros[] = {'A', 0, 'B', 0, 0, 0, 0, 0};
    static const uint8_t odd[] = {'A', 0, 'B'};

    cr_assert_str_eq(serial_of(0x0483, junk, sizeof junk), "411BFF");
    cr_assert_str_eq(serial_of(0x0D28, wide, sizeof wide), "00410434");
    cr_assert_str_eq(serial_of(0x0D28, zeros, sizeof zeros), "AB", "padded");
    cr_assert_str_eq(serial_of(0x0483, odd, sizeof odd), "A");
    cr_assert_str_eq(serial_of(0x0483, "", 0), "");
}

Test(probe_text, says_how_to_get_permission)
{
    struct usb_device device = {.vid = 0x0483, .pid = 0x374E, .node = "/dev/bus/usb/001/007"};
    struct error err = {0};
    char rule[PROBE_RULE_BYTES];

    cr_assert_not(probe_text_fail_permission(&device, "ST-LINK V3E (usb:1-4)", &err));
    cr_assert_eq(err.code, ERROR_PROBE_PERMISSION);
    cr_assert_str_eq(err.message, "the probe ST-LINK V3E (usb:1-4) may not be opened: no "
                                  "permission for /dev/bus/usb/001/007");
    probe_text_udev_rule(&device, rule);
    cr_assert_str_eq(rule, "SUBSYSTEM==\"usb\", ATTRS{idVendor}==\"0483\", "
                           "ATTRS{idProduct}==\"374e\", MODE=\"0660\", TAG+=\"uaccess\"");
    cr_assert_str_eq(err.hint + strlen(err.hint) - strlen(rule), rule, "nothing was cut off");
    device.interface_class = 3;
    probe_text_udev_rule(&device, rule);
    cr_assert_eq(strncmp(rule, "SUBSYSTEM==\"hidraw\", ", 20), 0);
}

/* The rules that are installed and the rule that is printed are one, for every ST-LINK known. */
Test(probe_text, has_a_rule_in_the_file_for_every_st_link)
{
    struct error err = {0};
    uint8_t *bytes = NULL;
    size_t size_bytes = 0;
    size_t lines = 0;
    size_t i = 0;

    cr_assert(os_read_file(XFLASH_SOURCE_DIR "/host/probe/60-xflash.rules", 1 << 16, ERROR_HOST_IO,
        &bytes, &size_bytes, &err));
    bytes = realloc(bytes, size_bytes + 1);
    bytes[size_bytes] = '\0';
    for (i = 0; probe_list_model(i) != NULL; i++) {
        struct usb_device device = {.vid = 0x0483, .pid = probe_list_model(i)->pid};
        char rule[PROBE_RULE_BYTES];

        probe_text_udev_rule(&device, rule);
        cr_assert_not_null(strstr((char *)bytes, rule), "%s", rule);
    }
    for (char *at = (char *)bytes; (at = strstr(at, "\"0483\"")) != NULL; at++) {
        lines++;
    }
    cr_assert_eq(lines, i, "a rule for an ST-LINK that is not in the table");
    cr_assert_null(strstr((char *)bytes, "0666"));
    cr_assert_null(strstr((char *)bytes, "MODE=\"0664\""));
    free(bytes);
}
