/* An ST-LINK behind an ST-LINK server on TCP (reference: probe protocols, section 3). */
#ifndef HOST_PROBE_LINK_TCP_H
#define HOST_PROBE_LINK_TCP_H

#include "host/base/log.h"
#include "host/probe/link.h"

struct link_tcp_address {
    char host[64];
    uint16_t port;
    char shown_as[96]; /* in messages; empty: "tcp:HOST:PORT" */
};

/* Takes the lock of the address, connects, opens the only ST-LINK there. The host's clock.
 * ERROR_NO_PROBE, _PROBE_BUSY, _SEVERAL_PROBES. */
MUST_USE bool link_tcp_open(
    const struct link_tcp_address *address, struct log *log, struct link **out, struct error *err);

/* A request of its own on the connection of a link made by link_tcp_open(): for link_sim.c. */
MUST_USE bool link_tcp_request(struct link *link, const uint8_t *request, size_t request_bytes,
    uint8_t *reply, size_t reply_bytes, struct error *err);

#endif
