#include "tests/unit/fakes/fake_usb.h"

#include <stdio.h>
#include <string.h>

enum { COMMAND_BYTES = 16, MAX_BYTES = 8192, SHORTEST_TIMEOUT_MS = 1000 };

struct usb_pipe {
    struct fake_usb fake;
};

static struct usb_pipe the_pipe;

struct fake_usb *fake_usb_play(const struct fake_usb_line *lines, size_t count)
{
    struct fake_usb *fake = &the_pipe.fake;

    memset(fake, 0, sizeof *fake);
    fake->lines = lines;
    fake->count = count;
    fake->device = (struct usb_device){.vid = 0x0483,
        .pid = 0x374E,
        .path = "1-4.2",
        .node = "/dev/bus/usb/001/002",
        .product = "STLINK-V3",
        .interface_class = 0xFF,
        .out_endpoint = 0x01,
        .in_endpoint = 0x81,
        .trace_endpoint = 0x82,
        .packet_bytes = 512,
        .raw_serial = {'0', 0, '1', 0, '2', 0, '3', 0},
        .raw_serial_bytes = 8};
    return fake;
}

static void bytes_of(const struct fake_usb_line *line, uint8_t bytes[MAX_BYTES])
{
    const char *text = line->hex;
    unsigned value = 0;
    size_t count = 0;
    int length = 0;

    memset(bytes, 0, MAX_BYTES);
    if (line->data != NULL) {
        memcpy(bytes, line->data, line->size_bytes);
        return;
    }
    while (
        count < line->size_bytes && text != NULL && sscanf(text, "%2x%n", &value, &length) == 1) {
        bytes[count++] = (uint8_t)value;
        text += length;
    }
}

static bool mismatch(
    struct fake_usb *fake, const struct usb_transfer *transfer, const char *what, struct error *err)
{
    char found[3 * COMMAND_BYTES + 1] = "";
    size_t i = 0;

    for (i = 0; i < COMMAND_BYTES && i < transfer->size_bytes && transfer->endpoint < 0x80; i++) {
        (void)snprintf(found + 3 * i, sizeof found - 3 * i, "%02X ", transfer->bytes[i]);
    }
    if (fake->mismatch[0] == '\0') {
        (void)snprintf(fake->mismatch, sizeof fake->mismatch,
            "transfer %zu: %s: endpoint 0x%02X, %u bytes: %s; expected %s", fake->next + 1, what,
            (unsigned)transfer->endpoint, (unsigned)transfer->size_bytes, found,
            fake->next < fake->count && fake->lines[fake->next].hex != NULL
                ? fake->lines[fake->next].hex
                : "something else");
    }
    return error_set(err, ERROR_INTERNAL, "%s", fake->mismatch);
}

static bool is_in(const struct usb_transfer *transfer)
{
    return (transfer->endpoint & 0x80) != 0;
}

static bool fits(const struct fake_usb *fake, const struct fake_usb_line *line,
    const struct usb_transfer *transfer)
{
    uint8_t bytes[MAX_BYTES];
    uint8_t endpoint =
        line->kind == FAKE_USB_IN ? fake->device.in_endpoint : fake->device.out_endpoint;

    bytes_of(line, bytes);
    return transfer->endpoint == endpoint && transfer->size_bytes == line->size_bytes &&
           (is_in(transfer) || memcmp(transfer->bytes, bytes, line->size_bytes) == 0);
}

static void carry(const struct fake_usb_line *line, struct usb_transfer *transfer)
{
    uint8_t bytes[MAX_BYTES];

    if (is_in(transfer)) {
        bytes_of(line, bytes);
        memcpy(transfer->bytes, bytes, line->size_bytes);
    }
    transfer->actual_bytes = transfer->size_bytes;
    transfer->end = USB_END_DONE;
}

/* Ends everything from the failing transfer on, as a real pipe does. */
static bool fail_from(struct fake_usb *fake, struct usb_transfer *transfers, size_t first,
    size_t count, struct error *err)
{
    size_t i = 0;

    for (i = first + 1; i < count; i++) {
        transfers[i].end = USB_END_CANCELLED;
    }
    transfers[first].end = fake->fails_with;
    transfers[first].actual_bytes =
        fake->fails_with == USB_END_SHORT ? transfers[first].size_bytes / 2 : 0;
    fake->is_free = true;
    fake->phase = 0;
    fake->is_lost = fake->is_lost_afterwards;
    if (fake->fails_with == USB_END_LOST) {
        fake->is_lost = true;
        return error_set(err, ERROR_USB_LOST, "the probe is gone");
    }
    return error_set(err, ERROR_USB_PROTOCOL, "injected end %d", (int)fake->fails_with);
}

static bool play_line(struct fake_usb *fake, struct usb_transfer *transfer, bool is_last,
    unsigned timeout_ms, struct error *err)
{
    const struct fake_usb_line *line = &fake->lines[fake->next];

    if (fake->next >= fake->count) {
        return mismatch(fake, transfer, "behind the end", err);
    }
    if (!fits(fake, line, transfer)) {
        return mismatch(fake, transfer, "other bytes", err);
    }
    if (line->waits != is_last) {
        return mismatch(fake, transfer, is_last ? "waits too soon" : "does not wait", err);
    }
    if (transfer->may_be_short) {
        return mismatch(fake, transfer, "takes less", err);
    }
    if (timeout_ms < SHORTEST_TIMEOUT_MS) {
        return mismatch(fake, transfer, "no patience", err);
    }
    carry(line, transfer);
    fake->next++;
    return true;
}

static bool look_up(struct fake_usb *fake, struct usb_transfer *transfer, struct error *err)
{
    size_t i = 0;

    if (fake->phase != 0) {
        const struct fake_usb_line *line = &fake->lines[fake->phase];

        fake->phase = 0;
        if (!fits(fake, line, transfer)) {
            return mismatch(fake, transfer, "other data", err);
        }
        carry(line, transfer);
        if (fake->answers_wrongly && is_in(transfer)) {
            fake->answers_wrongly = false;
            transfer->bytes[0] ^= 0x01;
        }
        return true;
    }
    for (i = 0; i < fake->count; i++) {
        const struct fake_usb_line *line = &fake->lines[i];

        if (line->kind == FAKE_USB_COMMAND && line->hex == fake->stalls_on &&
            fits(fake, line, transfer)) {
            fake->stalls_on = NULL;
            return error_set(err, ERROR_USB_PROTOCOL, "stalled");
        }

        if (line->kind == FAKE_USB_COMMAND && fits(fake, line, transfer)) {
            carry(line, transfer);
            if (fake->said_count < sizeof fake->said / sizeof fake->said[0]) {
                fake->said[fake->said_count++] = line->hex;
            }
            fake->phase =
                i + 1 < fake->count && fake->lines[i + 1].kind != FAKE_USB_COMMAND ? i + 1 : 0;
            return true;
        }
    }
    return mismatch(fake, transfer, "in no line", err);
}

bool usb_pipe_transfer(struct usb_pipe *pipe, struct usb_transfer *transfers, size_t count,
    unsigned timeout_ms, struct error *err)
{
    struct fake_usb *fake = &pipe->fake;
    size_t i = 0;

    fake->submissions++;
    if (fake->is_lost) {
        fake->transfers_after_loss++;
        return error_set(err, ERROR_USB_LOST, "the probe is gone");
    }
    for (i = 0; i < count; i++) {
        bool is_played = false;

        if (!fake->is_free && fake->fails_at == fake->next + 1) {
            return fail_from(fake, transfers, i, count, err);
        }
        if (fake->never_answers && is_in(&transfers[i])) {
            transfers[i].end = USB_END_TIMEOUT;
            fake->phase = 0;
            return error_set(err, ERROR_USB_PROTOCOL, "silence");
        }
        is_played = fake->is_free ? look_up(fake, &transfers[i], err)
                                  : play_line(fake, &transfers[i], i + 1 == count, timeout_ms, err);
        if (!is_played) {
            return false;
        }
    }
    return true;
}

void usb_pipe_drain(struct usb_pipe *pipe)
{
    pipe->fake.drains++;
}

bool usb_pipe_reset(struct usb_pipe *pipe, struct error *err)
{
    pipe->fake.resets++;
    pipe->fake.is_free = true;
    pipe->fake.phase = 0;
    return !pipe->fake.is_lost || error_set(err, ERROR_USB_LOST, "the probe is gone");
}

bool usb_pipe_open(const struct usb_device *device, struct usb_pipe **out, struct error *err)
{
    (void)device;
    *out = NULL;
    if (the_pipe.fake.open_fails != ERROR_NONE) {
        return error_set(err, the_pipe.fake.open_fails, "injected");
    }
    the_pipe.fake.is_open = true;
    *out = &the_pipe;
    return true;
}

void usb_pipe_close(struct usb_pipe *pipe)
{
    if (pipe != NULL) {
        pipe->fake.is_closed = true;
    }
}

/* What the links of ST-LINKs do not use. */
bool usb_pipe_adopt(void *context, void *handle, const struct usb_device *device,
    struct usb_pipe **out, struct error *err)
{
    (void)context;
    (void)handle;
    return usb_pipe_open(device, out, err);
}

bool usb_pipe_submit(
    struct usb_pipe *pipe, struct usb_transfer *transfer, unsigned timeout_ms, struct error *err)
{
    (void)timeout_ms;
    return mismatch(&pipe->fake, transfer, "submitted alone", err);
}

bool usb_pipe_finish(struct usb_pipe *pipe, struct usb_transfer *transfer, struct error *err)
{
    return mismatch(&pipe->fake, transfer, "finished alone", err);
}

bool usb_list(
    usb_filter *keep, void *context, struct usb_device *devices, size_t *count, struct error *err)
{
    (void)err;
    *count = keep(&the_pipe.fake.device, context) ? 1 : 0;
    devices[0] = the_pipe.fake.device;
    return true;
}
