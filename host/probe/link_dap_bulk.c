#include "host/probe/link_dap_bulk.h"

#include "host/base/os.h"
#include "host/probe/probe_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A request and its answer, on their way or waiting for room. */
struct slot {
    struct link_dap_bulk *bulk;
    struct usb_transfer out;
    struct usb_transfer in;
    bool is_out_started;
    bool is_in_started;
    bool has_failed; /* to start, as `why` says */
    struct error why;
    uint8_t request[DAP_LINK_MAX_PACKET_BYTES];
    uint8_t answer[DAP_LINK_MAX_PACKET_BYTES];
};

struct link_dap_bulk {
    struct dap_link base;
    struct usb_pipe *pipe; /* owned */
    uint8_t out_endpoint;
    uint8_t in_endpoint;
    uint32_t endpoint_bytes;
    bool is_lost;
    bool is_held; /* something has failed: nothing more is started until all has been ended */
    size_t oldest;
    size_t in_use;    /* slots from the oldest on ... */
    size_t started;   /* ... of which so many have been handed to USB ... */
    size_t under_way; /* ... and so many of those have no answer yet */
    struct slot slots[DAP_LINK_MAX_QUEUED];
};

static bool fail_lost(struct error *err)
{
    (void)error_set(err, ERROR_USB_LOST, "the probe is gone");
    error_set_hint(err, "check the cable, and run the command again");
    return false;
}

static bool note_failure(struct link_dap_bulk *bulk, const struct error *err)
{
    bulk->is_lost = bulk->is_lost || err->code == ERROR_USB_LOST;
    return false;
}

/* A request that fills whole USB packets and is shorter than a packet of the probe would not be
 * seen to end; a byte behind it means nothing to the probe. */
static uint32_t copy_request(
    struct link_dap_bulk *bulk, uint8_t *request, const uint8_t *packet, size_t size_bytes)
{
    memcpy(request, packet, size_bytes);
    if (size_bytes % bulk->endpoint_bytes == 0 && size_bytes < bulk->base.packet_bytes) {
        request[size_bytes] = 0;
        size_bytes++;
    }
    return (uint32_t)size_bytes;
}

static struct slot *slot_at(struct link_dap_bulk *bulk, size_t index)
{
    return &bulk->slots[(bulk->oldest + index) % DAP_LINK_MAX_QUEUED];
}

/* Nothing may wait in here: it also runs while the events of USB are looked at. */
static void start_slot(struct link_dap_bulk *bulk, struct slot *slot)
{
    unsigned timeout_ms = bulk->base.timeout_ms;

    slot->is_out_started = usb_pipe_submit(bulk->pipe, &slot->out, timeout_ms, &slot->why);
    slot->is_in_started =
        slot->is_out_started && usb_pipe_submit(bulk->pipe, &slot->in, timeout_ms, &slot->why);
    slot->has_failed = !slot->is_in_started;
    bulk->is_held = bulk->is_held || slot->has_failed;
    bulk->started++;
    bulk->under_way += slot->is_in_started ? 1 : 0;
}

/* As many as the probe takes. */
static void start_some(struct link_dap_bulk *bulk)
{
    while (!bulk->is_held && bulk->started < bulk->in_use &&
           bulk->under_way < bulk->base.packet_count) {
        start_slot(bulk, slot_at(bulk, bulk->started));
    }
}

static void on_sent(struct usb_transfer *transfer, bool is_done)
{
    struct slot *slot = transfer->context;

    slot->bulk->is_held = slot->bulk->is_held || !is_done;
}

/* The next request goes out at once, not when somebody asks for this answer: further answers may be
 * there already, and the probe would have nothing to do until they have all been looked at. */
static void on_answered(struct usb_transfer *transfer, bool is_done)
{
    struct slot *slot = transfer->context;

    slot->bulk->under_way--;
    slot->bulk->is_held = slot->bulk->is_held || !is_done;
    start_some(slot->bulk);
}

/* Both transfers have to be ended before their slot is free, whatever became of the first. */
static bool finish_slot(struct link_dap_bulk *bulk, struct slot *slot, struct error *err)
{
    struct error in_err;
    bool is_sent = !slot->is_out_started || usb_pipe_finish(bulk->pipe, &slot->out, err);
    bool is_answered = !slot->is_in_started || usb_pipe_finish(bulk->pipe, &slot->in, &in_err);

    if (slot->has_failed) {
        *err = slot->why;
    } else if (is_sent && !is_answered) {
        *err = in_err;
    }
    return (is_sent && is_answered && !slot->has_failed) || note_failure(bulk, err);
}

/* Requests that were not started are forgotten. */
static size_t bulk_recall(struct dap_link *link)
{
    struct link_dap_bulk *bulk = (struct link_dap_bulk *)link;
    size_t count = bulk->in_use - bulk->started;

    bulk->in_use = bulk->started;
    return count;
}

static void end_all(struct link_dap_bulk *bulk)
{
    struct error err;

    (void)bulk_recall(&bulk->base);
    while (bulk->in_use > 0) {
        (void)finish_slot(bulk, slot_at(bulk, 0), &err);
        bulk->oldest = (bulk->oldest + 1) % DAP_LINK_MAX_QUEUED;
        bulk->in_use--;
        bulk->started--;
    }
    bulk->is_held = false;
}

static bool bulk_send(
    struct dap_link *link, const uint8_t *packet, size_t size_bytes, struct error *err)
{
    struct link_dap_bulk *bulk = (struct link_dap_bulk *)link;
    struct slot *slot = slot_at(bulk, bulk->in_use);

    if (bulk->is_lost) {
        return fail_lost(err);
    }
    if (bulk->in_use == DAP_LINK_MAX_QUEUED || size_bytes > sizeof slot->request) {
        return error_set(err, ERROR_INTERNAL, "too much is under way to the probe");
    }
    slot->bulk = bulk;
    slot->is_out_started = false;
    slot->is_in_started = false;
    slot->has_failed = false;
    slot->out = (struct usb_transfer){
        .endpoint = bulk->out_endpoint, .bytes = slot->request, .on_end = on_sent, .context = slot};
    slot->out.size_bytes = copy_request(bulk, slot->request, packet, size_bytes);
    slot->in = (struct usb_transfer){.endpoint = bulk->in_endpoint,
        .may_be_short = true,
        .bytes = slot->answer,
        .on_end = on_answered,
        .context = slot};
    slot->in.size_bytes = (link->packet_bytes + bulk->endpoint_bytes - 1) / bulk->endpoint_bytes *
                          bulk->endpoint_bytes;
    bulk->in_use++;
    start_some(bulk);
    /* A failure of one that was started later is told when its answer is asked for. */
    if (slot->has_failed) {
        bulk->in_use--;
        bulk->started--;
        return finish_slot(bulk, slot, err);
    }
    return true;
}

static bool bulk_send_unanswered(
    struct dap_link *link, const uint8_t *packet, size_t size_bytes, struct error *err)
{
    struct link_dap_bulk *bulk = (struct link_dap_bulk *)link;
    uint8_t request[DAP_LINK_MAX_PACKET_BYTES + 1];
    struct usb_transfer out = {.endpoint = bulk->out_endpoint, .bytes = request};

    if (bulk->is_lost) {
        return fail_lost(err);
    }
    out.size_bytes = copy_request(bulk, request, packet, size_bytes);
    (void)bulk_recall(link); /* they would come behind it */
    return usb_pipe_transfer(bulk->pipe, &out, 1, link->timeout_ms, err) || note_failure(bulk, err);
}

static bool finish_oldest(struct link_dap_bulk *bulk, struct slot **out, struct error *err)
{
    struct slot *slot = slot_at(bulk, 0);
    bool is_done = finish_slot(bulk, slot, err);

    if (!is_done) {
        (void)bulk_recall(&bulk->base);
    }
    bulk->oldest = (bulk->oldest + 1) % DAP_LINK_MAX_QUEUED;
    bulk->in_use--;
    bulk->started--;
    *out = slot;
    return is_done;
}

static bool bulk_receive(
    struct dap_link *link, uint8_t *packet, size_t *size_bytes, struct error *err)
{
    struct link_dap_bulk *bulk = (struct link_dap_bulk *)link;
    struct slot *slot = NULL;

    if (bulk->is_lost && bulk->in_use == 0) {
        return fail_lost(err);
    }
    if (bulk->in_use == 0) {
        return error_set(err, ERROR_USB_PROTOCOL, "the probe gives no answer to nothing");
    }
    if (!finish_oldest(bulk, &slot, err)) {
        return false;
    }
    if (slot->in.actual_bytes > link->packet_bytes) {
        return error_set(err, ERROR_USB_PROTOCOL, "the probe answered %u bytes, %u are a packet",
            (unsigned)slot->in.actual_bytes, (unsigned)link->packet_bytes);
    }
    *size_bytes = slot->in.actual_bytes;
    memcpy(packet, slot->answer, *size_bytes);
    return true;
}

static void bulk_drain(struct dap_link *link)
{
    struct link_dap_bulk *bulk = (struct link_dap_bulk *)link;

    end_all(bulk);
    if (!bulk->is_lost) {
        usb_pipe_drain(bulk->pipe);
    }
}

static uint64_t bulk_now_ns(struct dap_link *link)
{
    (void)link;
    return os_monotonic_ns();
}

static void bulk_wait_ns(struct dap_link *link, uint64_t duration_ns)
{
    (void)link;
    os_sleep_ns(duration_ns);
}

static void bulk_close(struct dap_link *link)
{
    struct link_dap_bulk *bulk = (struct link_dap_bulk *)link;

    end_all(bulk);
    usb_pipe_close(bulk->pipe);
    free(bulk);
}

static const struct dap_link_ops ops = {
    .send = bulk_send,
    .send_unanswered = bulk_send_unanswered,
    .receive = bulk_receive,
    .recall = bulk_recall,
    .drain = bulk_drain,
    .now_ns = bulk_now_ns,
    .wait_ns = bulk_wait_ns,
    .close = bulk_close,
};

/* The descriptor comes from outside. */
static bool check_endpoints(const struct usb_device *device, struct error *err)
{
    return (device->packet_bytes >= 8 && DAP_LINK_MAX_PACKET_BYTES % device->packet_bytes == 0 &&
               device->out_endpoint != 0 && device->in_endpoint != 0) ||
           error_set(err, ERROR_USB_PROTOCOL,
               "the probe's descriptor has endpoints 0x%02X and 0x%02X of %u bytes",
               (unsigned)device->out_endpoint, (unsigned)device->in_endpoint,
               (unsigned)device->packet_bytes);
}

bool link_dap_bulk_open(const struct usb_device *device, struct dap_link **out, struct error *err)
{
    char serial[PROBE_SERIAL_BYTES];
    struct link_dap_bulk *bulk = NULL;

    *out = NULL;
    if (!check_endpoints(device, err)) {
        return false;
    }
    bulk = calloc(1, sizeof *bulk);
    if (bulk == NULL) {
        return error_set(err, ERROR_HOST_IO, "no memory for a connection");
    }
    if (!usb_pipe_open(device, &bulk->pipe, err)) {
        free(bulk);
        return false;
    }
    bulk->base.ops = &ops;
    bulk->out_endpoint = device->out_endpoint;
    bulk->in_endpoint = device->in_endpoint;
    bulk->endpoint_bytes = device->packet_bytes;
    bulk->base.max_packet_bytes = DAP_LINK_MAX_PACKET_BYTES;
    bulk->base.packet_bytes = device->packet_bytes;
    bulk->base.packet_count = 1;
    bulk->base.queue_count = DAP_LINK_MAX_QUEUED;
    (void)snprintf(bulk->base.kind, sizeof bulk->base.kind, "CMSIS-DAP v2");
    (void)snprintf(bulk->base.name, sizeof bulk->base.name, "usb:%s", device->path);
    probe_text_serial(device, serial);
    (void)snprintf(bulk->base.serial, sizeof bulk->base.serial, "%.63s", serial);
    *out = &bulk->base;
    return true;
}
