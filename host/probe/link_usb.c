#include "host/probe/link_usb.h"

#include "host/base/os.h"
#include "host/probe/link_libusb.h"
#include "host/probe/probe_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    /* A probe that is itself on a halted target's hub may be this slow (reference: 6). */
    TIMEOUT_MS = 5000,
    /* Of a question that the firmware answers without looking at the target. */
    HELLO_TIMEOUT_MS = 1000,
    VERSION_BYTES = 6,
    MAX_EXCHANGES = 2, /* in one submission: a command and its status */
    MAX_TRANSFERS = 2 * MAX_EXCHANGES
};

struct link_usb {
    struct link base;
    struct log *log;
    struct usb_pipe *pipe;
    uint8_t out_endpoint;
    uint8_t in_endpoint;
    uint8_t version[VERSION_BYTES]; /* as first answered; a later answer must be the same */
    bool has_version;
    bool is_lost;                                     /* there, but it does not answer any more */
    uint8_t data[MAX_EXCHANGES][LINK_MAX_DATA_BYTES]; /* on its way to the probe */
};

/* What goes over the wire for some exchanges. */
struct submission {
    uint8_t commands[MAX_EXCHANGES][LINK_COMMAND_BYTES];
    struct usb_transfer transfers[MAX_TRANSFERS];
    bool is_data_out[MAX_TRANSFERS];
    size_t count;
};

static void add_transfer(
    struct submission *submission, uint8_t endpoint, uint8_t *bytes, size_t size_bytes)
{
    struct usb_transfer *transfer = &submission->transfers[submission->count];

    memset(transfer, 0, sizeof *transfer);
    transfer->endpoint = endpoint;
    transfer->size_bytes = (uint32_t)size_bytes;
    transfer->bytes = bytes;
    submission->is_data_out[submission->count] = false;
    submission->count++;
}

static bool check_exchange(const struct link_exchange *exchange, struct error *err)
{
    bool fits = exchange->out_bytes <= LINK_MAX_DATA_BYTES &&
                exchange->in_bytes <= LINK_MAX_DATA_BYTES &&
                (exchange->out_bytes == 0 || exchange->in_bytes == 0);

    return fits || error_set(err, ERROR_INTERNAL, "a probe command with %zu bytes out, %zu in",
                       exchange->out_bytes, exchange->in_bytes);
}

static bool fill_submission(struct link_usb *usb, const struct link_exchange *exchanges,
    size_t count, struct submission *submission, struct error *err)
{
    size_t i = 0;

    submission->count = 0;
    for (i = 0; i < count; i++) {
        const struct link_exchange *exchange = &exchanges[i];

        if (!check_exchange(exchange, err)) {
            return false;
        }
        memcpy(submission->commands[i], exchange->command, LINK_COMMAND_BYTES);
        add_transfer(submission, usb->out_endpoint, submission->commands[i], LINK_COMMAND_BYTES);
        if (exchange->out_bytes > 0) {
            memcpy(usb->data[i], exchange->out, exchange->out_bytes);
            add_transfer(submission, usb->out_endpoint, usb->data[i], exchange->out_bytes);
            submission->is_data_out[submission->count - 1] = true;
        } else if (exchange->in_bytes > 0) {
            add_transfer(submission, usb->in_endpoint, exchange->in, exchange->in_bytes);
        }
    }
    return true;
}

/* The firmware may be waiting for the rest of a data phase and would take the next command for
 * it: only a reset of the port helps. A stall has ended the command. */
static bool awaits_data(const struct submission *submission)
{
    size_t i = 0;

    for (i = 1; i < submission->count; i++) {
        enum usb_end end = submission->transfers[i].end;

        if (submission->is_data_out[i] && end != USB_END_DONE && end != USB_END_STALL &&
            submission->transfers[i - 1].end == USB_END_DONE) {
            return true;
        }
    }
    return false;
}

/* Asks for the version: the answer shows that commands and answers belong together again. */
static bool say_hello(struct link_usb *usb, struct error *err)
{
    uint8_t command[LINK_COMMAND_BYTES] = {0xF1};
    uint8_t reply[VERSION_BYTES] = {0};
    struct usb_transfer transfers[] = {
        {.endpoint = usb->out_endpoint, .size_bytes = sizeof command, .bytes = command},
        {.endpoint = usb->in_endpoint, .size_bytes = sizeof reply, .bytes = reply}};

    if (!usb_pipe_transfer(usb->pipe, transfers, 2, HELLO_TIMEOUT_MS, err)) {
        return false;
    }
    if (usb->has_version && memcmp(reply, usb->version, sizeof reply) != 0) {
        return error_set(
            err, ERROR_USB_PROTOCOL, "the probe %s answered something else", usb->base.name);
    }
    memcpy(usb->version, reply, sizeof reply);
    usb->has_version = true;
    return true;
}

/* Gets a probe back that answers no more, or out of step. */
static bool reset_port(struct link_usb *usb, struct error *err)
{
    log_write(usb->log, LOG_INFO, NULL, "resetting the port of the probe %s", usb->base.name);
    if (!usb_pipe_reset(usb->pipe, err)) {
        return false;
    }
    usb->base.resets++;
    usb_pipe_drain(usb->pipe);
    return say_hello(usb, err);
}

static bool get_into_step(struct link_usb *usb, bool needs_reset, struct error *err)
{
    if (!needs_reset) {
        usb_pipe_drain(usb->pipe);
        if (say_hello(usb, err)) {
            return true;
        }
    }
    return err->code != ERROR_USB_LOST && reset_port(usb, err);
}

static bool fail_silent(struct link_usb *usb, struct error *err)
{
    usb->is_lost = true;
    (void)error_set(err, ERROR_USB_LOST, "the probe %s does not answer any more", usb->base.name);
    error_set_hint(err, "unplug the probe, plug it in again, and run the command again");
    return false;
}

/* *err of the failed submission stays, unless the probe is gone for good. */
static bool recover(struct link_usb *usb, const struct submission *submission, struct error *err)
{
    struct error why = {.code = ERROR_NONE};

    if (get_into_step(usb, awaits_data(submission), &why)) {
        return false;
    }
    log_write(usb->log, LOG_INFO, NULL, "the probe does not come back: %s", why.message);
    if (why.code == ERROR_USB_LOST) {
        *err = why;
        return false;
    }
    return fail_silent(usb, err);
}

static bool run_some(
    struct link_usb *usb, const struct link_exchange *exchanges, size_t count, struct error *err)
{
    struct submission submission;

    if (!fill_submission(usb, exchanges, count, &submission, err)) {
        return false;
    }
    if (usb_pipe_transfer(usb->pipe, submission.transfers, submission.count, TIMEOUT_MS, err)) {
        return true;
    }
    if (err->code != ERROR_USB_PROTOCOL) {
        return false;
    }
    if (count > 1) {
        usb->base.may_batch = false;
        log_write(usb->log, LOG_INFO, NULL,
            "submitting the commands to the probe %s one by one from now on, after: %s",
            usb->base.name, err->message);
    }
    return recover(usb, &submission, err);
}

static bool usb_exchange(
    struct link *link, const struct link_exchange *exchanges, size_t count, struct error *err)
{
    struct link_usb *usb = (struct link_usb *)link;

    while (count > 0) {
        size_t some = link->may_batch && count >= MAX_EXCHANGES ? MAX_EXCHANGES : 1;

        if (usb->is_lost) {
            return fail_silent(usb, err);
        }
        if (!run_some(usb, exchanges, some, err)) {
            return false;
        }
        exchanges += some;
        count -= some;
    }
    return true;
}

static uint64_t usb_now_ns(struct link *link)
{
    (void)link;
    return os_monotonic_ns();
}

static void usb_wait_ns(struct link *link, uint64_t duration_ns)
{
    (void)link;
    os_sleep_ns(duration_ns);
}

static void usb_close(struct link *link)
{
    usb_pipe_close(((struct link_usb *)link)->pipe);
    free(link);
}

static const struct link_ops ops = {
    .exchange = usb_exchange,
    .now_ns = usb_now_ns,
    .wait_ns = usb_wait_ns,
    .close = usb_close,
};

static void choose_batch(struct link *link)
{
    const char *choice = os_environment(LINK_USB_BATCH_VARIABLE);

    if (choice != NULL && (strcmp(choice, "on") == 0 || strcmp(choice, "off") == 0)) {
        link->batch_is_chosen = true;
        link->may_batch = strcmp(choice, "on") == 0;
    }
}

static bool wake(struct link_usb *usb, struct error *err)
{
    usb_pipe_drain(usb->pipe);
    if (say_hello(usb, err)) {
        return true;
    }
    if (err->code == ERROR_USB_LOST) {
        return false;
    }
    log_write(
        usb->log, LOG_INFO, NULL, "the probe %s does not answer: %s", usb->base.name, err->message);
    if (!reset_port(usb, err)) {
        error_set_hint(err, "unplug the probe, plug it in again, and run the command again");
        return error_add_context(err, "getting the probe back after a reset of its port");
    }
    return true;
}

bool link_usb_make(struct usb_pipe *pipe, const struct usb_device *device, struct log *log,
    struct link **out, struct error *err)
{
    char serial[PROBE_SERIAL_BYTES];
    struct link_usb *usb = NULL;

    *out = NULL;
    if (device->out_endpoint == 0 || device->in_endpoint == 0) {
        return error_set(err, ERROR_PROBE_ABILITY,
            "the probe usb:%s has no endpoints for commands on interface %u", device->path,
            (unsigned)device->interface_number);
    }
    usb = calloc(1, sizeof *usb);
    if (usb == NULL) {
        return error_set(err, ERROR_HOST_IO, "no memory for a connection");
    }
    usb->base.ops = &ops;
    usb->base.carries_misc = true;
    usb->log = log;
    usb->pipe = pipe;
    usb->out_endpoint = device->out_endpoint;
    usb->in_endpoint = device->in_endpoint;
    probe_text_serial(device, serial);
    (void)snprintf(usb->base.serial, sizeof usb->base.serial, "%.63s", serial);
    (void)snprintf(usb->base.name, sizeof usb->base.name, "usb:%s", device->path);
    choose_batch(&usb->base);
    if (!wake(usb, err)) {
        free(usb);
        return false;
    }
    *out = &usb->base;
    return true;
}

bool link_libusb_open(
    const struct usb_device *device, struct log *log, struct link **out, struct error *err)
{
    struct usb_pipe *pipe = NULL;

    *out = NULL;
    if (!usb_pipe_open(device, &pipe, err)) {
        return false;
    }
    if (!link_usb_make(pipe, device, log, out, err)) {
        usb_pipe_close(pipe);
        return false;
    }
    return true;
}
