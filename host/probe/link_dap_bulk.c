#include "host/probe/link_dap_bulk.h"

#include "host/base/os.h"
#include "host/probe/probe_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A request and its answer on their way. */
struct slot {
    struct usb_transfer out;
    struct usb_transfer in;
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
    size_t oldest;
    size_t in_flight;
    struct slot slots[DAP_LINK_MAX_IN_FLIGHT];
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

static bool bulk_send(
    struct dap_link *link, const uint8_t *packet, size_t size_bytes, struct error *err)
{
    struct link_dap_bulk *bulk = (struct link_dap_bulk *)link;
    struct slot *slot = &bulk->slots[(bulk->oldest + bulk->in_flight) % DAP_LINK_MAX_IN_FLIGHT];
    struct error late;

    if (bulk->is_lost) {
        return fail_lost(err);
    }
    if (bulk->in_flight == DAP_LINK_MAX_IN_FLIGHT || size_bytes > sizeof slot->request) {
        return error_set(err, ERROR_INTERNAL, "too much is under way to the probe");
    }
    slot->out = (struct usb_transfer){.endpoint = bulk->out_endpoint, .bytes = slot->request};
    slot->out.size_bytes = copy_request(bulk, slot->request, packet, size_bytes);
    slot->in = (struct usb_transfer){
        .endpoint = bulk->in_endpoint, .may_be_short = true, .bytes = slot->answer};
    slot->in.size_bytes = (link->packet_bytes + bulk->endpoint_bytes - 1) / bulk->endpoint_bytes *
                          bulk->endpoint_bytes;
    if (!usb_pipe_submit(bulk->pipe, &slot->out, link->timeout_ms, err)) {
        return note_failure(bulk, err);
    }
    if (!usb_pipe_submit(bulk->pipe, &slot->in, link->timeout_ms, err)) {
        bool was_sent = usb_pipe_finish(bulk->pipe, &slot->out, &late);

        (void)was_sent;
        return note_failure(bulk, err);
    }
    bulk->in_flight++;
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
    return usb_pipe_transfer(bulk->pipe, &out, 1, link->timeout_ms, err) || note_failure(bulk, err);
}

/* Both transfers have to be ended before their slot is free, whatever became of the first. */
static bool finish_oldest(struct link_dap_bulk *bulk, struct slot **out, struct error *err)
{
    struct slot *slot = &bulk->slots[bulk->oldest];
    struct error in_err;
    bool is_sent = usb_pipe_finish(bulk->pipe, &slot->out, err);
    bool is_answered = usb_pipe_finish(bulk->pipe, &slot->in, &in_err);

    bulk->oldest = (bulk->oldest + 1) % DAP_LINK_MAX_IN_FLIGHT;
    bulk->in_flight--;
    *out = slot;
    if (is_sent && !is_answered) {
        *err = in_err;
    }
    return (is_sent && is_answered) || note_failure(bulk, err);
}

static bool bulk_receive(
    struct dap_link *link, uint8_t *packet, size_t *size_bytes, struct error *err)
{
    struct link_dap_bulk *bulk = (struct link_dap_bulk *)link;
    struct slot *slot = NULL;

    if (bulk->is_lost && bulk->in_flight == 0) {
        return fail_lost(err);
    }
    if (bulk->in_flight == 0) {
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
    struct slot *slot = NULL;
    struct error err;

    while (bulk->in_flight > 0) {
        (void)finish_oldest(bulk, &slot, &err);
    }
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

    usb_pipe_close(bulk->pipe);
    free(bulk);
}

static const struct dap_link_ops ops = {
    .send = bulk_send,
    .send_unanswered = bulk_send_unanswered,
    .receive = bulk_receive,
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
    (void)snprintf(bulk->base.kind, sizeof bulk->base.kind, "CMSIS-DAP v2");
    (void)snprintf(bulk->base.name, sizeof bulk->base.name, "usb:%s", device->path);
    probe_text_serial(device, serial);
    (void)snprintf(bulk->base.serial, sizeof bulk->base.serial, "%.63s", serial);
    *out = &bulk->base;
    return true;
}
