/* Bulk pipes by libusb's asynchronous transfers.
 *
 * One thread: nothing happens but while the caller is inside one of the functions below, which run
 * libusb's event loop until what they wait for has happened or its time is over. Whatever cannot be
 * ended even by cancelling stays with the pipe until the handle is closed. */
#include "host/base/os.h"
#include "host/probe/link_libusb_internal.h"

#include <libusb.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    NS_PER_MS = 1000000,
    SLICE_US = 100000,
    /* libusb ends a transfer at its time limit by itself; this is for one that it cannot end. */
    GRACE_MS = 500,
    CANCEL_MS = 300,
    LOOK_MS = 1000,
    /* After an error of the bus: is it the first sign of a pulled cable? The hub tells in less
     * than half a second. */
    PRESENCE_TRIES = 10,
    PRESENCE_WAIT_MS = 50,
    PRESENCE_TIMEOUT_MS = 50,
    DEVICE_DESCRIPTOR_BYTES = 18,
    DRAIN_BYTES = 8192, /* a multiple of every packet size */
    DRAIN_TIMEOUT_MS = 10,
    DRAIN_MS = 500
};

bool link_libusb_fail_lost(struct usb_pipe *pipe, struct error *err)
{
    pipe->is_lost = true;
    (void)error_set(err, ERROR_USB_LOST, "the probe usb:%s is gone", pipe->device.path);
    error_set_hint(err, "check the cable, and run the command again");
    return false;
}

/* ---- the event loop ---- */

static void LIBUSB_CALL on_done(struct libusb_transfer *transfer)
{
    struct pending *pending = transfer->user_data;

    pending->is_done = 1;
    if (pending->owner != NULL && pending->owner->on_end != NULL) {
        pending->owner->on_end(pending->owner, transfer->status == LIBUSB_TRANSFER_COMPLETED);
    }
}

static void run_events_once(struct usb_pipe *pipe, int *is_done)
{
    struct timeval slice = {.tv_usec = SLICE_US};
    int result = libusb_handle_events_timeout_completed(pipe->context, &slice, is_done);

    if (result != 0 && result != LIBUSB_ERROR_INTERRUPTED) {
        os_sleep_ns(NS_PER_MS);
    }
}

/* A question that every device can answer. Not answering it proves nothing; NO_DEVICE does. */
static int ask_descriptor(struct usb_pipe *pipe)
{
    uint8_t descriptor[DEVICE_DESCRIPTOR_BYTES];
    int result =
        libusb_control_transfer(pipe->handle, LIBUSB_ENDPOINT_IN, LIBUSB_REQUEST_GET_DESCRIPTOR,
            LIBUSB_DT_DEVICE << 8, 0, descriptor, sizeof descriptor, PRESENCE_TIMEOUT_MS);

    if (result == LIBUSB_ERROR_NO_DEVICE) {
        pipe->is_lost = true;
    }
    return result;
}

static bool is_present(struct usb_pipe *pipe)
{
    unsigned tries = 0;

    for (tries = 0; tries < PRESENCE_TRIES && !pipe->is_lost; tries++) {
        int result = 0;

        os_sleep_ns(UINT64_C(1) * PRESENCE_WAIT_MS * NS_PER_MS);
        result = ask_descriptor(pipe);
        if (result >= 0 || result == LIBUSB_ERROR_PIPE) {
            return true;
        }
    }
    return false;
}

/* Runs until the transfer has ended, and sees to it that it does. */
static void settle(struct usb_pipe *pipe, struct pending *pending)
{
    uint64_t look_ns = os_monotonic_ns() + UINT64_C(1) * LOOK_MS * NS_PER_MS;
    uint64_t cancelled_ns = 0;

    while (!pending->is_done && !pipe->is_lost && os_monotonic_ns() < pending->limit_ns) {
        run_events_once(pipe, &pending->is_done);
        /* Not every system tells of a device that leaves, nor does every way of leaving. */
        if (!pending->is_done && os_monotonic_ns() >= look_ns) {
            (void)ask_descriptor(pipe);
            look_ns = os_monotonic_ns() + UINT64_C(1) * LOOK_MS * NS_PER_MS;
        }
    }
    if (pending->is_done) {
        return;
    }
    (void)libusb_cancel_transfer(pending->transfer);
    cancelled_ns = os_monotonic_ns();
    while (!pending->is_done && !pipe->is_stuck &&
           os_monotonic_ns() - cancelled_ns < UINT64_C(1) * CANCEL_MS * NS_PER_MS) {
        run_events_once(pipe, &pending->is_done);
    }
    pipe->is_stuck = pipe->is_stuck || !pending->is_done;
}

/* A transfer that libusb still knows must not be freed, nor may its events run any more. */
static void release(struct usb_pipe *pipe, struct pending *pending)
{
    if (pending->is_done) {
        libusb_free_transfer(pending->transfer);
        free(pending);
        return;
    }
    pipe->is_lost = true;
    pending->owner = NULL;
    pending->next = pipe->abandoned;
    pipe->abandoned = pending;
}

/* ---- transfers ---- */

bool usb_pipe_submit(
    struct usb_pipe *pipe, struct usb_transfer *transfer, unsigned timeout_ms, struct error *err)
{
    struct pending *pending = NULL;
    int result = 0;

    transfer->pending = NULL;
    transfer->actual_bytes = 0;
    transfer->end = USB_END_NONE;
    if (pipe->is_lost) {
        return link_libusb_fail_lost(pipe, err);
    }
    pending = calloc(1, sizeof *pending);
    if (pending != NULL) {
        pending->transfer = libusb_alloc_transfer(0);
    }
    if (pending == NULL || pending->transfer == NULL) {
        free(pending);
        return error_set(err, ERROR_HOST_IO, "no memory for a transfer");
    }
    libusb_fill_bulk_transfer(pending->transfer, pipe->handle, transfer->endpoint, transfer->bytes,
        (int)transfer->size_bytes, on_done, pending, timeout_ms);
    pending->owner = transfer;
    pending->timeout_ms = timeout_ms;
    pending->limit_ns = os_monotonic_ns() + (UINT64_C(1) * timeout_ms + GRACE_MS) * NS_PER_MS;
    result = libusb_submit_transfer(pending->transfer);
    if (result == 0) {
        transfer->pending = pending;
        return true;
    }
    libusb_free_transfer(pending->transfer);
    free(pending);
    transfer->end = USB_END_ERROR;
    if (result == LIBUSB_ERROR_NO_DEVICE) {
        transfer->end = USB_END_LOST;
        return link_libusb_fail_lost(pipe, err);
    }
    return error_set(err, ERROR_USB_PROTOCOL,
        "a transfer to the probe usb:%s could not be started: %s", pipe->device.path,
        link_libusb_text(result));
}

static enum usb_end end_of(struct usb_pipe *pipe, const struct usb_transfer *transfer)
{
    const struct pending *pending = transfer->pending;

    if (!pending->is_done) {
        return USB_END_LOST;
    }
    switch (pending->transfer->status) {
    case LIBUSB_TRANSFER_COMPLETED:
        return transfer->actual_bytes == transfer->size_bytes || transfer->may_be_short
                   ? USB_END_DONE
                   : USB_END_SHORT;
    case LIBUSB_TRANSFER_STALL:
        return USB_END_STALL;
    case LIBUSB_TRANSFER_TIMED_OUT:
        return USB_END_TIMEOUT;
    case LIBUSB_TRANSFER_OVERFLOW:
        return USB_END_LONG;
    case LIBUSB_TRANSFER_NO_DEVICE:
        return USB_END_LOST;
    case LIBUSB_TRANSFER_CANCELLED:
        return pipe->is_lost ? USB_END_LOST : USB_END_CANCELLED;
    case LIBUSB_TRANSFER_ERROR:
        break;
    }
    return USB_END_ERROR;
}

/* Fills in *err for a transfer that ended otherwise than it should. */
static bool report(struct usb_pipe *pipe, const struct usb_transfer *transfer, unsigned timeout_ms,
    struct error *err)
{
    const char *path = pipe->device.path;
    const char *way = (transfer->endpoint & LIBUSB_ENDPOINT_IN) != 0 ? "from" : "to";
    char what[96];

    (void)snprintf(what, sizeof what, "a transfer of %" PRIu32 " bytes %s endpoint 0x%02X",
        transfer->size_bytes, way, (unsigned)transfer->endpoint);
    switch (transfer->end) {
    case USB_END_NONE:
    case USB_END_DONE:
        return true;
    case USB_END_SHORT:
        return error_set(err, ERROR_USB_PROTOCOL,
            "the probe usb:%s ended %s short, after %" PRIu32 " bytes", path, what,
            transfer->actual_bytes);
    case USB_END_LONG:
        return error_set(
            err, ERROR_USB_PROTOCOL, "the probe usb:%s went beyond the end of %s", path, what);
    case USB_END_STALL:
        return error_set(err, ERROR_USB_PROTOCOL, "the probe usb:%s stalled %s", path, what);
    case USB_END_TIMEOUT:
        return error_set(err, ERROR_USB_PROTOCOL,
            "the probe usb:%s did not finish %s within %u ms (%" PRIu32 " bytes went)", path, what,
            timeout_ms, transfer->actual_bytes);
    case USB_END_CANCELLED:
        return error_set(
            err, ERROR_USB_PROTOCOL, "%s of the probe usb:%s was cancelled", what, path);
    case USB_END_ERROR:
        if (is_present(pipe)) {
            return error_set(
                err, ERROR_USB_PROTOCOL, "%s of the probe usb:%s failed on the bus", what, path);
        }
        break;
    case USB_END_LOST:
        break;
    }
    return link_libusb_fail_lost(pipe, err);
}

/* Ends one transfer and notes how. */
static unsigned conclude(struct usb_pipe *pipe, struct usb_transfer *transfer)
{
    struct pending *pending = transfer->pending;
    unsigned timeout_ms = 0;

    if (pending == NULL) {
        return 0; /* not under way */
    }
    timeout_ms = pending->timeout_ms;
    settle(pipe, pending);
    if (pending->is_done) {
        transfer->actual_bytes = (uint32_t)pending->transfer->actual_length;
    }
    transfer->end = end_of(pipe, transfer);
    release(pipe, pending);
    transfer->pending = NULL;
    return timeout_ms;
}

/* Only when nothing else is queued behind it: clearing would let that go on. */
static void clear_halt(struct usb_pipe *pipe, const struct usb_transfer *transfer)
{
    if (transfer->end == USB_END_STALL && !pipe->is_lost) {
        (void)libusb_clear_halt(pipe->handle, transfer->endpoint);
    }
}

bool usb_pipe_finish(struct usb_pipe *pipe, struct usb_transfer *transfer, struct error *err)
{
    unsigned timeout_ms = 0;

    if (transfer->pending == NULL) {
        return error_set(err, ERROR_INTERNAL, "a transfer is finished that was not submitted");
    }
    timeout_ms = conclude(pipe, transfer);
    clear_halt(pipe, transfer);
    return report(pipe, transfer, timeout_ms, err);
}

static void cancel_from(struct usb_transfer *transfers, size_t first, size_t count)
{
    size_t i = 0;

    /* The last one first: none may reach the wire because the one before it made room. */
    for (i = count; i > first; i--) {
        struct pending *pending = transfers[i - 1].pending;

        if (pending != NULL && !pending->is_done) {
            (void)libusb_cancel_transfer(pending->transfer);
        }
    }
}

bool usb_pipe_transfer(struct usb_pipe *pipe, struct usb_transfer *transfers, size_t count,
    unsigned timeout_ms, struct error *err)
{
    size_t submitted = 0;
    size_t failed = count;
    size_t i = 0;
    bool is_submitted = true;

    while (submitted < count && is_submitted) {
        is_submitted = usb_pipe_submit(pipe, &transfers[submitted], timeout_ms, err);
        submitted += is_submitted ? 1 : 0;
    }
    for (i = submitted; i < count; i++) {
        transfers[i].pending = NULL;
        transfers[i].end = i == submitted ? transfers[i].end : USB_END_NONE;
    }
    if (!is_submitted) {
        cancel_from(transfers, 0, submitted);
    }
    for (i = 0; i < submitted; i++) {
        (void)conclude(pipe, &transfers[i]);
        if (transfers[i].end != USB_END_DONE && failed == count) {
            failed = i;
            cancel_from(transfers, i + 1, submitted);
        }
    }
    for (i = 0; i < submitted; i++) {
        clear_halt(pipe, &transfers[i]);
    }
    return is_submitted && (failed == count || report(pipe, &transfers[failed], timeout_ms, err));
}

void usb_pipe_drain(struct usb_pipe *pipe)
{
    uint8_t bytes[DRAIN_BYTES];
    struct usb_transfer transfer = {.endpoint = pipe->device.in_endpoint,
        .may_be_short = true,
        .size_bytes = sizeof bytes,
        .bytes = bytes};
    uint64_t begin_ns = os_monotonic_ns();
    struct error err;

    /* Up to the first time-out: silence. */
    while (os_monotonic_ns() - begin_ns < UINT64_C(1) * DRAIN_MS * NS_PER_MS &&
           usb_pipe_transfer(pipe, &transfer, 1, DRAIN_TIMEOUT_MS, &err)) {
    }
}
