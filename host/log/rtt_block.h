/* Finding and judging RTT control blocks (reference: interoperation 5.5). Shared by the files of
 * this room. */
#ifndef HOST_LOG_RTT_BLOCK_H
#define HOST_LOG_RTT_BLOCK_H

#include "host/target/target.h"

enum { RTT_ID_BYTES = 16, RTT_HEADER_BYTES = 24, RTT_CHANNEL_BYTES = 24 };

/* Up channel 0 of a block. */
struct rtt_channel {
    uint32_t addr; /* of its descriptor */
    uint32_t buffer_addr;
    uint32_t size_bytes;
    uint32_t write_offset;
    uint32_t read_offset;
    uint32_t flags;
};

/* False with ERROR_WAIT_TIMEOUT: no valid block there (yet). */
MUST_USE bool rtt_block_read(
    struct target *target, uint32_t addr, struct rtt_channel *channel, struct error *err);
/* Calls visit for each place in RAM that has the ID, until it returns true: *addr is that place.
 * *addr 0: none. RAM that refuses the access is passed over. */
typedef bool rtt_visit(void *context, struct target *target, uint32_t addr);
MUST_USE bool rtt_block_search(
    struct target *target, rtt_visit *visit, void *context, uint32_t *addr, struct error *err);

#endif
