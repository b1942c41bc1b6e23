#include "host/log/rtt.h"

#include "common/le.h"
#include "host/log/rtt_block.h"

#include <inttypes.h>
#include <stdlib.h>

enum { OFFSETS_IN_CHANNEL = 12, READ_OFFSET_IN_CHANNEL = 16 };

struct rtt {
    struct target *target; /* not owned */
    struct log *log;
    struct rtt_channel channel;
};

static bool is_readable(void *context, struct target *target, uint32_t addr)
{
    struct error ignored;

    return rtt_block_read(target, addr, context, &ignored);
}

static bool find_block(struct target *target, uint32_t control_block_addr,
    struct rtt_channel *channel, struct error *err)
{
    uint32_t addr = 0;

    if (control_block_addr != 0) {
        return rtt_block_read(target, control_block_addr, channel, err);
    }
    if (!rtt_block_search(target, is_readable, channel, &addr, err)) {
        return false;
    }
    return addr != 0 ||
           error_set(err, ERROR_WAIT_TIMEOUT, "there is no RTT control block in RAM yet");
}

bool rtt_attach(struct target *target, uint32_t control_block_addr, struct log *log,
    struct rtt **out, struct error *err)
{
    struct rtt *rtt = NULL;

    *out = NULL;
    if (!probe_info(target_probe(target))->marks_cacheable) {
        (void)error_set(err, ERROR_PROBE_FIRMWARE,
            "the firmware of the probe cannot see the data cache of a running core, so the log "
            "would "
            "be wrong");
        error_set_hint(err, "update the firmware of the probe");
        return false;
    }
    rtt = calloc(1, sizeof *rtt);
    if (rtt == NULL) {
        return error_set(err, ERROR_HOST_IO, "no memory for the log");
    }
    rtt->target = target;
    rtt->log = log;
    if (!find_block(target, control_block_addr, &rtt->channel, err)) {
        free(rtt);
        return false;
    }
    log_write(log, LOG_DEBUG, NULL,
        "RTT channel of %" PRIu32 " bytes at 0x%08" PRIx32 ", flags %" PRIu32,
        rtt->channel.size_bytes, rtt->channel.buffer_addr, rtt->channel.flags);
    *out = rtt;
    return true;
}

void rtt_detach(struct rtt *rtt)
{
    free(rtt);
}

static bool read_offsets(struct rtt *rtt, struct error *err)
{
    struct rtt_channel *channel = &rtt->channel;
    uint8_t bytes[8];

    if (!target_read(rtt->target, channel->addr + OFFSETS_IN_CHANNEL, bytes, sizeof bytes, err)) {
        return false;
    }
    channel->write_offset = le_get32(bytes);
    channel->read_offset = le_get32(bytes + 4);
    if (channel->write_offset >= channel->size_bytes ||
        channel->read_offset >= channel->size_bytes) {
        return error_set(err, ERROR_WAIT_TIMEOUT,
            "the RTT control block at 0x%08" PRIx32 " is no longer valid",
            channel->addr - RTT_HEADER_BYTES);
    }
    return true;
}

/* What lies between the read offset and the write offset, or the end of the ring. */
static bool read_piece(
    struct rtt *rtt, uint8_t *dst, size_t capacity, size_t *count, struct error *err)
{
    struct rtt_channel *channel = &rtt->channel;
    size_t piece_bytes = channel->write_offset >= channel->read_offset
                             ? channel->write_offset - channel->read_offset
                             : channel->size_bytes - channel->read_offset;

    if (piece_bytes > capacity) {
        piece_bytes = capacity;
    }
    *count = piece_bytes;
    if (piece_bytes == 0) {
        return true;
    }
    if (!probe_read_bytes(target_probe(rtt->target), target_mcu(rtt->target)->core_ap,
            channel->buffer_addr + channel->read_offset, dst, piece_bytes, err)) {
        return false;
    }
    channel->read_offset = (channel->read_offset + (uint32_t)piece_bytes) % channel->size_bytes;
    return true;
}

bool rtt_read(struct rtt *rtt, void *dst, size_t capacity, size_t *count, struct error *err)
{
    uint8_t *bytes = dst;
    size_t first = 0;
    size_t second = 0;

    *count = 0;
    if (!read_offsets(rtt, err) || !read_piece(rtt, bytes, capacity, &first, err) ||
        !read_piece(rtt, bytes + first, capacity - first, &second, err)) {
        return error_add_context(err, "reading the log of the target");
    }
    /* The room is given back only once the bytes are here. */
    if (first > 0 && !target_write_word(rtt->target, rtt->channel.addr + READ_OFFSET_IN_CHANNEL,
                         rtt->channel.read_offset, err)) {
        return error_add_context(err, "reading the log of the target");
    }
    *count = first + second;
    return true;
}

static bool forget(struct target *target, uint32_t addr, struct error *err)
{
    return target_write_word(target, addr, 0, err);
}

struct forgetting {
    bool is_failed;
    struct error err;
};

static bool forget_and_go_on(void *context, struct target *target, uint32_t addr)
{
    struct forgetting *forgetting = context;

    forgetting->is_failed = !forget(target, addr, &forgetting->err);
    return forgetting->is_failed; /* true ends the search */
}

/* Only what begins with the ID is touched: at a given address there may be anything by now. */
bool rtt_forget_stale(struct target *target, uint32_t control_block_addr, struct error *err)
{
    struct forgetting forgetting = {.is_failed = false};
    uint32_t addr = 0;
    uint32_t first = 0;

    if (control_block_addr != 0) {
        if (!target_read_word(target, control_block_addr, &first, err)) {
            return error_add_context(err, "looking for an old RTT control block");
        }
        return first != UINT32_C(0x47474553) /* "SEGG" */ ||
               forget(target, control_block_addr, err);
    }
    if (!rtt_block_search(target, forget_and_go_on, &forgetting, &addr, err)) {
        return false;
    }
    if (forgetting.is_failed) {
        *err = forgetting.err;
        return error_add_context(err, "invalidating an old RTT control block");
    }
    return true;
}
