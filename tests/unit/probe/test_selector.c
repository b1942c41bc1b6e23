#include "host/probe/selector.h"

#include <criterion/criterion.h>

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

Test(selector, refuses_what_it_cannot_understand)
{
    static const char *const wrong[] = {"sim:", "sim:#1", "sim:a#", "sim:../x", "sim:a/b", "sim:-x",
        "tcp:", "tcp:host:", "tcp:host:0", "tcp:host:65536", "tcp:host:12x", "tcp:ho st:1"};
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
}

Test(selector, says_that_usb_comes_later)
{
    static const char *const usb[] = {"0483:374e", "usb:1-2", "003800313137510C39383538"};
    struct selector selector;
    struct error err;
    size_t i = 0;

    for (i = 0; i < sizeof usb / sizeof usb[0]; i++) {
        cr_assert_not(selector_parse(usb[i], &selector, &err), "%s", usb[i]);
        cr_assert_eq(err.code, ERROR_USAGE, "%s", usb[i]);
    }
    cr_assert_str_eq(
        err.message, "-p 003800313137510C39383538: probes on USB come with a later version");
    cr_assert_str_neq(err.hint, "");
}

Test(selector, without_one_there_is_no_probe)
{
    struct selector selector;
    struct error err;

    cr_assert_not(selector_parse(NULL, &selector, &err));
    cr_assert_eq(err.code, ERROR_NO_PROBE);
    cr_assert_str_eq(
        err.message, "no probe was chosen, and this version does not look for probes on USB");
    cr_assert_str_eq(err.hint, "-p sim:NAME is a virtual board (`xflash sim list` shows their "
                               "names), -p tcp:HOST:PORT an ST-LINK server");
}
