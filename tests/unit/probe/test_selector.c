#include "host/probe/selector.h"

#include <criterion/criterion.h>

#include <string.h>

Test(selector, knows_virtual_boards)
{
    struct selector selector;
    struct error err;

    cr_assert(selector_parse("sim:nucleo-h7s3l8", &selector, &err));
    cr_assert_eq(selector.kind, SELECTOR_SIM);
    cr_assert_str_eq(selector.sim_name, "nucleo-h7s3l8");
    cr_assert_str_eq(selector.sim_instance, "nucleo-h7s3l8");
    cr_assert(selector_parse("sim:nucleo-h7s3l8#2", &selector, &err));
    cr_assert_str_eq(selector.sim_name, "nucleo-h7s3l8");
    cr_assert_str_eq(selector.sim_instance, "nucleo-h7s3l8#2");
}

Test(selector, knows_servers)
{
    struct selector selector;
    struct error err;

    cr_assert(selector_parse("tcp:localhost:7184", &selector, &err));
    cr_assert_eq(selector.kind, SELECTOR_TCP);
    cr_assert_str_eq(selector.tcp.host, "localhost");
    cr_assert_eq(selector.tcp.port, 7184);
    cr_assert(selector_parse("tcp:127.0.0.1", &selector, &err));
    cr_assert_eq(selector.tcp.port, 7184, "the port of the ST-LINK server");
}

struct usb_case {
    const char *text;
    enum selector_link link;
    bool has_ids;
    uint16_t vid;
    uint16_t pid;
    const char *serial;
    const char *path;
};

Test(selector, knows_probes_on_usb)
{
    static const struct usb_case cases[] = {
        {NULL, SELECTOR_LINK_AUTO, false, 0, 0, "", ""},
        {"9383538", SELECTOR_LINK_AUTO, false, 0, 0, "9383538", ""},
        {"0483:374e", SELECTOR_LINK_AUTO, true, 0x0483, 0x374E, "", ""},
        {"0D28:0204:00AA", SELECTOR_LINK_AUTO, true, 0x0D28, 0x0204, "00AA", ""},
        {"0D28:0204:a:b", SELECTOR_LINK_AUTO, true, 0x0D28, 0x0204, "a:b", ""},
        {"0483:374", SELECTOR_LINK_AUTO, false, 0, 0, "0483:374", ""},
        {"04839374e", SELECTOR_LINK_AUTO, false, 0, 0, "04839374e", ""},
        {"0483:374ef", SELECTOR_LINK_AUTO, false, 0, 0, "0483:374ef", ""},
        {"98:3D:AE:01:02:03", SELECTOR_LINK_AUTO, false, 0, 0, "98:3D:AE:01:02:03", ""},
        {"usb:1-4.2", SELECTOR_LINK_AUTO, false, 0, 0, "", "1-4.2"},
        {"libusb:usb:12-1", SELECTOR_LINK_LIBUSB, false, 0, 0, "", "12-1"},
        {"libstlink:9383538", SELECTOR_LINK_LIBSTLINK, false, 0, 0, "9383538", ""},
        {"libstlink:0483:3748:AB", SELECTOR_LINK_LIBSTLINK, true, 0x0483, 0x3748, "AB", ""},
        {"libstlink:", SELECTOR_LINK_LIBSTLINK, false, 0, 0, "", ""},
        {"auto:12", SELECTOR_LINK_AUTO, false, 0, 0, "12", ""},
    };
    struct selector selector;
    struct error err;
    size_t i = 0;

    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *text = cases[i].text != NULL ? cases[i].text : "nothing";

        cr_assert(selector_parse(cases[i].text, &selector, &err), "%s", text);
        cr_assert_eq(selector.kind, SELECTOR_USB, "%s", text);
        cr_assert_eq(selector.link, cases[i].link, "%s", text);
        cr_assert_eq(selector.has_ids, cases[i].has_ids, "%s", text);
        cr_assert_eq(selector.vid, cases[i].vid, "%s", text);
        cr_assert_eq(selector.pid, cases[i].pid, "%s", text);
        cr_assert_str_eq(selector.serial, cases[i].serial, "%s", text);
        cr_assert_str_eq(selector.usb_path, cases[i].path, "%s", text);
    }
}

Test(selector, refuses_what_it_cannot_understand)
{
    static const char *const wrong[] = {"sim:", "sim:#1", "sim:a#", "sim:../x", "sim:a/b", "sim:-x",
        "tcp:", "tcp:host:", "tcp:host:0", "tcp:host:65536", "tcp:host:12x", "tcp:ho st:1", "",
        "usb:", "usb:x", "usb:1-4 ", "usb:../1", "usb:-1", "libusb:usb:", "0483:374e:"};
    struct selector selector;
    struct error err;
    size_t i = 0;

    for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        cr_assert_not(selector_parse(wrong[i], &selector, &err), "%s", wrong[i]);
        cr_assert_eq(err.code, ERROR_USAGE, "%s", wrong[i]);
    }
    cr_assert_not(selector_parse("tcp:host:0", &selector, &err));
    cr_assert_str_eq(err.message, "-p tcp:host:0: expected tcp:HOST:PORT");
    cr_assert_not(selector_parse("sim:a/b", &selector, &err));
    cr_assert_str_eq(err.message, "-p sim:a/b: expected sim:NAME or sim:NAME#INSTANCE");
    cr_assert_not(selector_parse("usb:1-x", &selector, &err));
    cr_assert_str_eq(err.message, "-p usb:1-x: expected usb:BUS-PATH, such as usb:1-4.2");
}

Test(selector, refuses_a_text_longer_than_any_serial_number)
{
    struct selector selector;
    struct error err;
    char text[400];

    memset(text, 'A', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    cr_assert_not(selector_parse(text, &selector, &err));
    cr_assert_eq(err.code, ERROR_USAGE);
    text[135] = '\0';
    cr_assert(selector_parse(text, &selector, &err));
}
