/* Carries CMSIS-DAP packets to one probe: the cable under cmsis_dap.c (reference: probe protocols,
 * section 5). Every request has one answer, answers come in the order of the requests, and several
 * may be under way. Included by host/probe/ and by the fake probes of tests only. */
#ifndef HOST_PROBE_DAP_LINK_H
#define HOST_PROBE_DAP_LINK_H

#include "host/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    DAP_LINK_MAX_PACKET_BYTES = 1024, /* a probe that could do more is used with these */
    DAP_LINK_MAX_IN_FLIGHT = 8,
    /* Requests taken and not answered, whether sent or not. More than the answers that are taken
     * from USB at one look (26 transfers, thus 13, by libusb), so that there is always a request to
     * be sent in place of each. */
    DAP_LINK_MAX_QUEUED = 16
};

struct dap_link;

/* All members are mandatory. After ERROR_USB_LOST every later call fails at once with it. A packet
 * or an answer that takes longer than timeout_ms of the link is ERROR_USB_PROTOCOL. */
struct dap_link_ops {
    /* Sends a request of at most packet_bytes and returns without its answer. The caller has fewer
     * requests without an answer than the greater of packet_count and queue_count; the link keeps
     * those to itself for which the probe has no room, and sends each as soon as there is some. */
    bool (*send)(
        struct dap_link *link, const uint8_t *packet, size_t size_bytes, struct error *err);
    /* The same for a request that has no answer. */
    bool (*send_unanswered)(
        struct dap_link *link, const uint8_t *packet, size_t size_bytes, struct error *err);
    /* Waits for the next answer. packet has room for packet_bytes; *size_bytes is what came, which
     * may be padded. */
    bool (*receive)(struct dap_link *link, uint8_t *packet, size_t *size_bytes, struct error *err);
    /* Forgets the requests that were not sent yet, the last ones: how many. A failed receive(),
     * send_unanswered() and drain() have done it. */
    size_t (*recall)(struct dap_link *link);
    /* Throws away answers that are under way or were left by an earlier user. */
    void (*drain)(struct dap_link *link);
    uint64_t (*now_ns)(struct dap_link *link);
    /* Returns early when a signal comes meanwhile. */
    void (*wait_ns)(struct dap_link *link, uint64_t duration_ns);
    void (*close)(struct dap_link *link);
};

/* A link embeds this as its first member and casts back. Filled in by its open. packet_bytes,
 * packet_count and timeout_ms then belong to cmsis_dap*.c, which asks the probe. */
struct dap_link {
    const struct dap_link_ops *ops;
    char kind[32];             /* "CMSIS-DAP v2" */
    char serial[64];           /* "" when the device has none */
    char name[96];             /* for people: where the probe is */
    uint32_t max_packet_bytes; /* that the link carries, at most DAP_LINK_MAX_PACKET_BYTES */
    uint32_t packet_bytes;     /* in use, at most max_packet_bytes */
    uint32_t packet_count;     /* may be under way, 1 to DAP_LINK_MAX_IN_FLIGHT */
    uint32_t queue_count; /* that send() takes, up to DAP_LINK_MAX_QUEUED; 0: keeps none back */
    unsigned timeout_ms;
    bool is_modelled; /* now_ns is the clock of a virtual board */
};

#endif
