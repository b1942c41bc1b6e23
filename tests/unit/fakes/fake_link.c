#include "tests/unit/fakes/fake_link.h"

#include <stdio.h>
#include <string.h>

static void print_hex(const uint8_t *bytes, size_t count, char *text, size_t text_bytes)
{
    size_t used = 0;
    size_t i = 0;

    text[0] = '\0';
    for (i = 0; i < count && used + 4 < text_bytes; i++) {
        used +=
            (size_t)snprintf(text + used, text_bytes - used, "%s%02X", i > 0 ? " " : "", bytes[i]);
    }
}

static size_t parse_hex(const char *text, uint8_t *bytes, size_t capacity)
{
    size_t count = 0;
    unsigned value = 0;
    int length = 0;

    while (count < capacity && text != NULL && sscanf(text, "%2x%n", &value, &length) == 1) {
        bytes[count++] = (uint8_t)value;
        text += length;
    }
    return count;
}

static bool mismatch(
    struct fake_link *fake, const char *what, const uint8_t *bytes, size_t count, struct error *err)
{
    const char *expected = fake->next < fake->count ? fake->script[fake->next].command : "the end";
    char found[192];

    print_hex(bytes, count, found, sizeof found);
    if (fake->mismatch[0] == '\0') {
        (void)snprintf(fake->mismatch, sizeof fake->mismatch, "exchange %zu: %s %s, expected %s",
            fake->next + 1, what, found, expected);
    }
    return error_set(err, ERROR_INTERNAL, "%s", fake->mismatch);
}

static bool begin(struct fake_link *fake, const uint8_t *command, struct error *err)
{
    uint8_t expected[LINK_COMMAND_BYTES] = {0};

    fake->now_ns += 250000;
    if (fake->lost_at != 0 && fake->next + 1 >= fake->lost_at) {
        fake->next++;
        return error_set(err, ERROR_USB_LOST, "the probe is gone");
    }
    if (fake->stalls_at != 0 && fake->next + 1 == fake->stalls_at) {
        fake->stalls_at = 0;
        return error_set(err, ERROR_USB_PROTOCOL, "stalled");
    }
    if (fake->next >= fake->count) {
        return mismatch(fake, "command", command, LINK_COMMAND_BYTES, err);
    }
    (void)parse_hex(fake->script[fake->next].command, expected, sizeof expected);
    if (memcmp(expected, command, sizeof expected) != 0) {
        return mismatch(fake, "command", command, LINK_COMMAND_BYTES, err);
    }
    return true;
}

static bool play_one(
    struct fake_link *fake, const struct link_exchange *exchange, struct error *err)
{
    const struct fake_exchange *line = NULL;
    uint8_t expected[256];
    size_t count = 0;

    if (!begin(fake, exchange->command, err)) {
        return false;
    }
    line = &fake->script[fake->next];
    if ((line->to_probe != NULL) != (exchange->out_bytes > 0) ||
        (line->from_probe != NULL) != (exchange->in_bytes > 0)) {
        return mismatch(
            fake, "a data phase of another kind by", exchange->command, LINK_COMMAND_BYTES, err);
    }
    count = parse_hex(line->to_probe, expected, sizeof expected);
    if (count != exchange->out_bytes ||
        (count > 0 && memcmp(expected, exchange->out, count) != 0)) {
        return mismatch(fake, "data", exchange->out, exchange->out_bytes, err);
    }
    if (exchange->in_bytes > 0) {
        memset(exchange->in, 0, exchange->in_bytes);
        (void)parse_hex(line->from_probe, exchange->in, exchange->in_bytes);
    }
    fake->next++;
    return true;
}

static bool fake_exchange(
    struct link *link, const struct link_exchange *exchanges, size_t count, struct error *err)
{
    size_t i = 0;

    for (i = 0; i < count; i++) {
        if (!play_one((struct fake_link *)link, &exchanges[i], err)) {
            return false;
        }
    }
    return true;
}

static uint64_t fake_now_ns(struct link *link)
{
    return ((struct fake_link *)link)->now_ns;
}

static void fake_wait_ns(struct link *link, uint64_t duration_ns)
{
    ((struct fake_link *)link)->now_ns += duration_ns;
}

static void fake_close(struct link *link)
{
    ((struct fake_link *)link)->is_closed = true;
}

static const struct link_ops ops = {
    .exchange = fake_exchange,
    .now_ns = fake_now_ns,
    .wait_ns = fake_wait_ns,
    .close = fake_close,
};

void fake_link_init(struct fake_link *fake, const struct fake_exchange *script, size_t count)
{
    memset(fake, 0, sizeof *fake);
    fake->base.ops = &ops;
    fake->base.carries_misc = true;
    (void)snprintf(fake->base.name, sizeof fake->base.name, "fake");
    (void)snprintf(fake->base.serial, sizeof fake->base.serial, "0123");
    fake->script = script;
    fake->count = count;
}
