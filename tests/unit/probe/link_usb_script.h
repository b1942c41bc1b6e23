/* Lines of conversations with an ST-LINK on USB, and how a test plays them. */
#ifndef TESTS_UNIT_PROBE_LINK_USB_SCRIPT_H
#define TESTS_UNIT_PROBE_LINK_USB_SCRIPT_H

#include "host/base/log.h"
#include "host/probe/link_libusb.h"
#include "host/probe/stlink.h"
#include "tests/unit/fakes/fake_usb.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

#define SAY(hex)                                                                                   \
    {                                                                                              \
        FAKE_USB_COMMAND, 16, hex, NULL, false                                                     \
    }
#define SAY_AND_WAIT(hex)                                                                          \
    {                                                                                              \
        FAKE_USB_COMMAND, 16, hex, NULL, true                                                      \
    }
#define GET(size, hex)                                                                             \
    {                                                                                              \
        FAKE_USB_IN, size, hex, NULL, false                                                        \
    }
#define GET_AND_WAIT(size, hex)                                                                    \
    {                                                                                              \
        FAKE_USB_IN, size, hex, NULL, true                                                         \
    }
#define GIVE(size, hex)                                                                            \
    {                                                                                              \
        FAKE_USB_OUT, size, hex, NULL, false                                                       \
    }
#define GIVE_AND_WAIT(size, hex)                                                                   \
    {                                                                                              \
        FAKE_USB_OUT, size, hex, NULL, true                                                        \
    }
#define ASK(command, size, reply) SAY(command), GET_AND_WAIT(size, reply)
#define ALL_IS_WELL               ASK("F2 3E", 12, "80")

/* A V3J10M3 at 24 MHz; the first line is the link's own question. */
#define OPEN_V3                                                                                    \
    ASK("F1", 6, "30 00 83 04 4E 37"), ASK("F1", 6, "30 00 83 04 4E 37"),                          \
        ASK("FB", 12, "03 00 0A 03 01 00 00 00 83 04 4E 37"), ASK("F5", 2, "01 00"),               \
        ASK("F7", 8, "00 10 00 00 00 16 00 00"), ASK("F2 56", 128, "80 00 48 37 53 33"),           \
        ASK("F2 63 01", 8, "80"),                                                                  \
        ASK("F2 62", 52,                                                                           \
            "80 00 00 00 00 00 00 00 03 00 00 00 C0 5D 00 00 40 1F 00 00 C8 00 00 00"),            \
        ASK("F2 61 00 00 C0 5D", 8, "80 00 00 00 C0 5D")

#define ATTACH                                                                                     \
    ASK("F7", 8, "00 10 00 00 00 16 00 00"), ASK("F2 3C 01", 2, "80"), ASK("F2 30 A3", 2, "80"),   \
        ASK("F2 3C 01", 2, "80"), ASK("F2 46 FF FF 00 00 1E", 2, "80"),                            \
        ASK("F2 46 FF FF 04 00 20 00 00 50", 2, "80"),                                             \
        ASK("F2 45 FF FF 04", 8, "80 00 00 00 00 00 00 F0"),                                       \
        ASK("F2 46 FF FF 04 00 00 00 00 50", 2, "80"),                                             \
        ASK("F2 45 FF FF 04", 8, "80 00 00 00 00 00 00 F0"),                                       \
        ASK("F2 31", 12, "80 00 00 00 77 24 A0 6B"), ASK("F2 4B 01", 2, "80")

#define LEAVE ASK("F2 4C 01", 2, "80"), SAY_AND_WAIT("F2 21")

enum { RAM = 0x24020000, BLOCK_BYTES = 6144 };

static char logged[2048];

static inline void keep_log(void *context, enum log_level level, const char *code, const char *text)
{
    size_t used = strlen(logged);

    (void)context;
    (void)level;
    (void)code;
    (void)snprintf(logged + used, sizeof logged - used, "%s\n", text);
}

static struct log test_log = {.write = keep_log, .max_level = LOG_INFO};

static inline bool try_open(struct fake_usb *fake, struct probe **probe, struct error *err)
{
    struct probe_config config = {.log = &test_log};
    struct link *link = NULL;

    *probe = NULL;
    if (!link_libusb_open(&fake->device, &test_log, &link, err)) {
        cr_assert_null(link);
        return false;
    }
    if (!stlink_open(link, &config, probe, err)) {
        link->ops->close(link);
        return false;
    }
    return true;
}

static inline struct probe *open_script(struct fake_usb *fake)
{
    struct probe *probe = NULL;
    struct error err;

    cr_assert(try_open(fake, &probe, &err), "%s", err.message);
    return probe;
}

/* Everything came as written, and no line is left. */
static inline void close_script(struct fake_usb *fake, struct probe *probe)
{
    probe_close(probe);
    cr_assert_str_eq(fake->mismatch, "");
    cr_assert_eq(fake->next, fake->count);
    cr_assert(fake->is_closed);
}

static inline void attach(struct probe *probe)
{
    struct error err;
    uint32_t dpidr = 0;

    cr_assert(probe_attach(probe, &dpidr, &err), "%s", err.message);
    cr_assert_eq(dpidr, 0x6BA02477);
    cr_assert(probe_open_ap(probe, 1, &err), "%s", err.message);
}

#endif
