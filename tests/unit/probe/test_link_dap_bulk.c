/* CMSIS-DAP packets over bulk endpoints. USB is the one below: a queue for each endpoint that fails
 * where it is told to, and counts transfers that nobody ended. */
#include "host/probe/link_dap_bulk.h"

/* The source, so that neither its double of the other tests nor libusb is linked. */
#include "host/probe/link_dap_bulk.c" /* NOLINT(bugprone-suspicious-include) */

#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

enum { QUEUE = 64, LOOKS = 26, OUT = 0x01, IN = 0x82 };

struct usb_pipe {
    struct usb_transfer *pending[QUEUE];
    size_t count;
    struct usb_transfer *ended[QUEUE];
    size_t ended_count;
    size_t most; /* under way at the same time */
    size_t
        emptied; /* how often nothing was under way any more, with what was submitted at an end */
    size_t submitted;
    size_t fails_at; /* the transfer with this number; 0: none */
    enum error_code fails_with;
    bool refuses_to_submit; /* it fails before anything is under way */
    uint32_t answer_bytes;
    uint8_t next_answer; /* first byte of the next one */
    unsigned timeout_ms;
    unsigned drains;
    bool is_looking;
    bool is_open;
};

static struct usb_pipe pipe_fake;
static struct error err;

bool usb_pipe_open(const struct usb_device *device, struct usb_pipe **out, struct error *error)
{
    (void)device;
    (void)error;
    pipe_fake.is_open = true;
    *out = &pipe_fake;
    return true;
}

void usb_pipe_close(struct usb_pipe *pipe)
{
    cr_assert(pipe->is_open);
    cr_assert_eq(pipe->count + pipe->ended_count, 0, "closed while its transfers are in use");
    pipe->is_open = false;
}

static bool fails(struct usb_pipe *pipe, struct error *error)
{
    return error_set(error, pipe->fails_with, "failure of USB");
}

bool usb_pipe_submit(
    struct usb_pipe *pipe, struct usb_transfer *transfer, unsigned timeout_ms, struct error *error)
{
    cr_assert_lt(pipe->count, QUEUE);
    pipe->timeout_ms = timeout_ms;
    pipe->submitted++;
    if (pipe->fails_at == pipe->submitted && pipe->refuses_to_submit) {
        return fails(pipe, error);
    }
    transfer->pending = pipe->fails_at == pipe->submitted ? transfer : NULL;
    pipe->pending[pipe->count++] = transfer;
    pipe->most = pipe->count > pipe->most ? pipe->count : pipe->most;
    return true;
}

static void carry(struct usb_pipe *pipe, struct usb_transfer *transfer)
{
    transfer->actual_bytes = transfer->size_bytes;
    if ((transfer->endpoint & 0x80) != 0) {
        cr_assert(transfer->may_be_short);
        memset(transfer->bytes, 0xAB, transfer->size_bytes);
        transfer->bytes[0] = pipe->next_answer++;
        transfer->actual_bytes =
            pipe->answer_bytes < transfer->size_bytes ? pipe->answer_bytes : transfer->size_bytes;
    }
}

/* As libusb does: everything that has ended, 26 transfers at most, whoever asks for which. */
static void look(struct usb_pipe *pipe)
{
    size_t looked = 0;

    cr_assert_not(pipe->is_looking, "waits inside of on_end");
    pipe->is_looking = true;
    for (looked = 0; looked < LOOKS && pipe->count > 0; looked++) {
        struct usb_transfer *transfer = pipe->pending[0];

        pipe->count--;
        memmove(pipe->pending, pipe->pending + 1, pipe->count * sizeof pipe->pending[0]);
        cr_assert_lt(pipe->ended_count, QUEUE);
        pipe->ended[pipe->ended_count++] = transfer;
        if (transfer->pending == NULL) {
            carry(pipe, transfer);
        }
        if (transfer->on_end != NULL) {
            transfer->on_end(transfer, transfer->pending == NULL);
        }
        pipe->emptied += pipe->count == 0 ? 1 : 0;
    }
    pipe->is_looking = false;
}

static bool take_ended(struct usb_pipe *pipe, const struct usb_transfer *transfer)
{
    size_t i = 0;

    while (i < pipe->ended_count && pipe->ended[i] != transfer) {
        i++;
    }
    if (i == pipe->ended_count) {
        return false;
    }
    pipe->ended_count--;
    memmove(&pipe->ended[i], &pipe->ended[i + 1], (pipe->ended_count - i) * sizeof pipe->ended[0]);
    return true;
}

bool usb_pipe_finish(struct usb_pipe *pipe, struct usb_transfer *transfer, struct error *error)
{
    while (!take_ended(pipe, transfer)) {
        cr_assert_gt(pipe->count, 0, "a transfer is finished that was not submitted");
        look(pipe);
    }
    return transfer->pending == NULL || fails(pipe, error);
}

bool usb_pipe_transfer(struct usb_pipe *pipe, struct usb_transfer *transfers, size_t count,
    unsigned timeout_ms, struct error *error)
{
    cr_assert_eq(count, 1);
    return usb_pipe_submit(pipe, transfers, timeout_ms, error) &&
           usb_pipe_finish(pipe, transfers, error);
}

void usb_pipe_drain(struct usb_pipe *pipe)
{
    cr_assert_eq(pipe->count, 0, "answers are read away while others wait for them");
    pipe->drains++;
}

static struct dap_link *open_link(uint16_t endpoint_bytes, uint32_t packet_bytes)
{
    struct usb_device device = {.out_endpoint = OUT,
        .in_endpoint = IN,
        .packet_bytes = endpoint_bytes,
        .raw_serial = {'A', 0, '1', 0},
        .raw_serial_bytes = 4,
        .path = "1-2"};
    struct dap_link *link = NULL;

    memset(&pipe_fake, 0, sizeof pipe_fake);
    pipe_fake.answer_bytes = 5;
    cr_assert(link_dap_bulk_open(&device, &link, &err), "%s", err.message);
    cr_assert_eq(link->packet_bytes, endpoint_bytes);
    link->packet_bytes = packet_bytes;
    link->packet_count = DAP_LINK_MAX_IN_FLIGHT;
    link->timeout_ms = 1234;
    return link;
}

static void close_link(struct dap_link *link)
{
    link->ops->close(link);
    cr_assert_not(pipe_fake.is_open);
}

Test(link_dap_bulk, says_who_it_is)
{
    struct dap_link *link = open_link(64, 64);

    cr_assert_str_eq(link->kind, "CMSIS-DAP v2");
    cr_assert_str_eq(link->name, "usb:1-2");
    cr_assert_str_eq(link->serial, "A1");
    close_link(link);
}

Test(link_dap_bulk, keeps_several_requests_and_their_answers_under_way)
{
    static const uint8_t request[] = {0x00, 0xFF};
    struct dap_link *link = open_link(512, 512);
    uint8_t answer[DAP_LINK_MAX_PACKET_BYTES];
    size_t size = 0;
    size_t i = 0;

    for (i = 0; i < DAP_LINK_MAX_IN_FLIGHT; i++) {
        cr_assert(link->ops->send(link, request, sizeof request, &err), "%s", err.message);
    }
    cr_assert_eq(pipe_fake.count, 2 * DAP_LINK_MAX_IN_FLIGHT);
    cr_assert_eq(pipe_fake.timeout_ms, 1234);
    cr_assert_eq(pipe_fake.pending[0]->endpoint, OUT);
    cr_assert_eq(pipe_fake.pending[1]->endpoint, IN);
    cr_assert_eq(pipe_fake.pending[1]->size_bytes, 512);
    cr_assert_neq(pipe_fake.pending[1]->bytes, pipe_fake.pending[3]->bytes);
    for (; i < DAP_LINK_MAX_QUEUED; i++) {
        cr_assert(link->ops->send(link, request, sizeof request, &err), "%s", err.message);
    }
    cr_assert_not(link->ops->send(link, request, sizeof request, &err), "one too many");
    for (i = 0; i < DAP_LINK_MAX_QUEUED; i++) {
        cr_assert(link->ops->receive(link, answer, &size, &err), "%s", err.message);
        cr_assert_eq(size, 5);
        cr_assert_eq(answer[0], i);
        cr_assert_eq(answer[4], 0xAB);
    }
    cr_assert_eq(pipe_fake.count, 0);
    cr_assert_not(link->ops->receive(link, answer, &size, &err), "nothing was asked");
    close_link(link);
}

/* Answers lie ready by the dozen, and still the probe always has something to do. */
Test(link_dap_bulk, sends_the_next_request_when_an_answer_comes)
{
    static const uint32_t packet_counts[] = {2, 4, 7, 8};
    size_t row = 0;

    for (row = 0; row < sizeof packet_counts / sizeof packet_counts[0]; row++) {
        struct dap_link *link = open_link(64, 64);
        uint8_t answer[DAP_LINK_MAX_PACKET_BYTES];
        uint8_t request[2] = {0};
        size_t size = 0;
        size_t sent = 0;
        size_t taken = 0;

        link->packet_count = packet_counts[row];
        cr_assert_eq(link->queue_count, DAP_LINK_MAX_QUEUED);
        for (taken = 0; taken < 200; taken++) {
            while (sent < 200 && sent < taken + link->queue_count) {
                request[1] = (uint8_t)sent++;
                cr_assert(link->ops->send(link, request, sizeof request, &err), "%s", err.message);
            }
            cr_assert(link->ops->receive(link, answer, &size, &err), "%s", err.message);
            cr_assert_eq(answer[0], (uint8_t)taken);
        }
        cr_assert_eq(pipe_fake.most, 2 * link->packet_count);
        cr_assert_eq(pipe_fake.emptied, 1, "row %zu: %zu", row, pipe_fake.emptied);
        cr_assert_eq(pipe_fake.submitted, 400);
        close_link(link);
    }
}

Test(link_dap_bulk, takes_back_what_was_not_sent)
{
    struct dap_link *link = open_link(64, 64);
    uint8_t answer[DAP_LINK_MAX_PACKET_BYTES];
    size_t size = 0;
    size_t way = 0;
    size_t i = 0;

    link->packet_count = 2;
    for (way = 0; way < 4; way++) {
        pipe_fake.submitted = 0;
        for (i = 0; i < 7; i++) {
            cr_assert(link->ops->send(link, (const uint8_t[]){0}, 1, &err), "%s", err.message);
        }
        cr_assert_eq(pipe_fake.submitted, 4);
        if (way == 0) {
            cr_assert_eq(link->ops->recall(link), 5);
            cr_assert_eq(link->ops->recall(link), 0);
        } else if (way == 1) {
            cr_assert(link->ops->send_unanswered(link, (const uint8_t[]){7}, 1, &err));
            cr_assert_eq(pipe_fake.submitted, 5);
        } else if (way == 2) {
            link->ops->drain(link);
            cr_assert_not(link->ops->receive(link, answer, &size, &err), "nothing is left");
            cr_assert_eq(pipe_fake.submitted, 4);
            continue;
        } else {
            break;
        }
        cr_assert(link->ops->receive(link, answer, &size, &err), "%s", err.message);
        cr_assert(link->ops->receive(link, answer, &size, &err), "%s", err.message);
        cr_assert_not(link->ops->receive(link, answer, &size, &err), "nothing is left");
        cr_assert_eq(pipe_fake.submitted, way == 0 ? 4 : 5);
    }
    /* Closed in the middle: what is under way is ended first. */
    close_link(link);
    cr_assert_eq(pipe_fake.submitted, 4);
}

/* An answer that fills whole USB packets has no end but its length. */
Test(link_dap_bulk, asks_for_whole_usb_packets)
{
    static const struct {
        uint16_t endpoint_bytes;
        uint32_t packet_bytes;
        uint32_t asked_bytes;
    } rows[] = {{64, 64, 64}, {64, 100, 128}, {512, 64, 512}, {512, 1000, 1024}, {512, 1024, 1024}};
    size_t i = 0;

    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct dap_link *link = open_link(rows[i].endpoint_bytes, rows[i].packet_bytes);
        uint8_t answer[DAP_LINK_MAX_PACKET_BYTES];
        size_t size = 0;

        cr_assert(link->ops->send(link, (const uint8_t[]){0}, 1, &err));
        cr_assert_eq(pipe_fake.pending[1]->size_bytes, rows[i].asked_bytes, "row %zu", i);
        cr_assert(link->ops->receive(link, answer, &size, &err));
        close_link(link);
    }
}

Test(link_dap_bulk, ends_a_request_that_fills_usb_packets)
{
    static const uint8_t request[1024] = {0x06};
    static const struct {
        uint32_t size_bytes;
        uint32_t sent_bytes;
    } rows[] = {{511, 511}, {512, 513}, {513, 513}, {1024, 1024}};
    size_t i = 0;

    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct dap_link *link = open_link(512, 1024);

        cr_assert(link->ops->send(link, request, rows[i].size_bytes, &err));
        cr_assert_eq(pipe_fake.pending[0]->size_bytes, rows[i].sent_bytes, "row %zu", i);
        link->ops->drain(link);
        close_link(link);
    }
}

Test(link_dap_bulk, refuses_an_answer_longer_than_a_packet)
{
    struct dap_link *link = open_link(512, 64);
    uint8_t answer[DAP_LINK_MAX_PACKET_BYTES];
    size_t size = 0;

    pipe_fake.answer_bytes = 65;
    cr_assert(link->ops->send(link, (const uint8_t[]){0}, 1, &err));
    cr_assert_not(link->ops->receive(link, answer, &size, &err));
    cr_assert_eq(err.code, ERROR_USB_PROTOCOL);
    cr_assert_str_eq(err.message, "the probe answered 65 bytes, 64 are a packet");
    close_link(link);
}

/* Whichever transfer fails, at submission or later: it is told, all others are ended, and a probe
 * that is gone is not asked again. */
Test(link_dap_bulk, ends_everything_when_one_transfer_fails)
{
    static const enum error_code codes[] = {ERROR_USB_PROTOCOL, ERROR_USB_LOST};
    size_t at = 0;
    size_t k = 0;

    for (k = 0; k < 4; k++) {
        for (at = 1; at <= 8; at++) {
            struct dap_link *link = open_link(64, 64);
            uint8_t answer[DAP_LINK_MAX_PACKET_BYTES];
            size_t size = 0;
            size_t i = 0;
            bool is_done = true;
            size_t submitted = 0;

            pipe_fake.fails_at = at;
            pipe_fake.fails_with = codes[k / 2];
            pipe_fake.refuses_to_submit = k % 2 != 0;
            for (i = 0; i < 4 && is_done; i++) {
                is_done = link->ops->send(link, (const uint8_t[]){0}, 1, &err);
            }
            for (i = 0; i < 4 && is_done; i++) {
                is_done = link->ops->receive(link, answer, &size, &err);
            }
            cr_assert_not(is_done, "transfer %zu, kind %zu", at, k);
            cr_assert_eq(err.code, codes[k / 2]);
            link->ops->drain(link);
            cr_assert_eq(pipe_fake.count, 0, "transfer %zu, kind %zu", at, k);
            submitted = pipe_fake.submitted;
            is_done = link->ops->send(link, (const uint8_t[]){0}, 1, &err) &&
                      link->ops->receive(link, answer, &size, &err);
            cr_assert_eq(is_done, codes[k / 2] == ERROR_USB_PROTOCOL);
            cr_assert(is_done || pipe_fake.submitted == submitted);
            if (codes[k / 2] == ERROR_USB_LOST) {
                cr_assert_not(link->ops->receive(link, answer, &size, &err));
                cr_assert_eq(err.code, ERROR_USB_LOST);
            }
            close_link(link);
        }
    }
}

/* The same where the request was kept back at first: nothing is sent behind a failure, answers
 * before it are good. */
Test(link_dap_bulk, sends_nothing_behind_a_failure)
{
    size_t at = 0;
    size_t kind = 0;

    for (kind = 0; kind < 2; kind++) {
        for (at = 5; at <= 20; at++) {
            struct dap_link *link = open_link(64, 64);
            uint8_t answer[DAP_LINK_MAX_PACKET_BYTES];
            size_t size = 0;
            size_t i = 0;
            size_t good = 0;
            size_t submitted = 0;

            link->packet_count = 2;
            pipe_fake.fails_at = at;
            pipe_fake.fails_with = ERROR_USB_PROTOCOL;
            pipe_fake.refuses_to_submit = kind != 0;
            for (i = 0; i < 12; i++) {
                cr_assert(link->ops->send(link, (const uint8_t[]){0}, 1, &err));
            }
            while (link->ops->receive(link, answer, &size, &err)) {
                good++;
            }
            cr_assert_eq(good, (at - 1) / 2, "transfer %zu, kind %zu: %zu", at, kind, good);
            cr_assert_str_eq(err.message, "failure of USB");
            submitted = pipe_fake.submitted;
            cr_assert_leq(submitted, at + 3, "transfer %zu, kind %zu: %zu", at, kind, submitted);
            cr_assert_eq(link->ops->recall(link), 0);
            link->ops->drain(link);
            cr_assert_eq(pipe_fake.submitted, submitted);
            cr_assert_eq(pipe_fake.ended_count, 0);
            for (i = 0; i < 5; i++) {
                cr_assert(link->ops->send(link, (const uint8_t[]){0}, 1, &err), "%s", err.message);
            }
            cr_assert_eq(pipe_fake.count, 4, "as many as before");
            cr_assert(link->ops->receive(link, answer, &size, &err), "%s", err.message);
            close_link(link);
        }
    }
}

Test(link_dap_bulk, refuses_endpoints_that_make_no_sense)
{
    static const struct usb_device devices[] = {
        {.out_endpoint = OUT, .in_endpoint = IN, .packet_bytes = 0},
        {.out_endpoint = OUT, .in_endpoint = IN, .packet_bytes = 4},
        {.out_endpoint = OUT, .in_endpoint = IN, .packet_bytes = 100},
        {.out_endpoint = OUT, .in_endpoint = IN, .packet_bytes = 2048},
        {.out_endpoint = 0, .in_endpoint = IN, .packet_bytes = 64},
        {.out_endpoint = OUT, .in_endpoint = 0, .packet_bytes = 64}};
    struct dap_link *link = NULL;
    size_t i = 0;

    for (i = 0; i < sizeof devices / sizeof devices[0]; i++) {
        memset(&pipe_fake, 0, sizeof pipe_fake);
        cr_assert_not(link_dap_bulk_open(&devices[i], &link, &err), "row %zu", i);
        cr_assert_eq(err.code, ERROR_USB_PROTOCOL);
        cr_assert_null(link);
        cr_assert_not(pipe_fake.is_open);
    }
}
