#include "host/log/rtt_block.h"

#include "common/le.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_CHANNELS = 32, SCAN_BYTES = 6144, ALIGNMENT = 4 };

static const char id_text[RTT_ID_BYTES] = "SEGGER RTT";

static bool is_in_ram(const struct board_mcu *mcu, uint32_t addr, uint32_t size_bytes)
{
    size_t i = 0;

    for (i = 0; i < mcu->ram_count; i++) {
        uint32_t offset = addr - mcu->ram[i].addr;

        if (offset < mcu->ram[i].size_bytes && size_bytes <= mcu->ram[i].size_bytes - offset) {
            return true;
        }
    }
    return false;
}

static void parse_channel(const uint8_t *bytes, uint32_t addr, struct rtt_channel *channel)
{
    *channel = (struct rtt_channel){
        .addr = addr,
        .buffer_addr = le_get32(bytes + 4),
        .size_bytes = le_get32(bytes + 8),
        .write_offset = le_get32(bytes + 12),
        .read_offset = le_get32(bytes + 16),
        .flags = le_get32(bytes + 20),
    };
}

static bool is_valid(
    const struct board_mcu *mcu, const uint8_t *bytes, const struct rtt_channel *channel)
{
    return memcmp(bytes, id_text, RTT_ID_BYTES) == 0 && le_get32(bytes + 16) >= 1 &&
           le_get32(bytes + 16) <= MAX_CHANNELS && le_get32(bytes + 20) <= MAX_CHANNELS &&
           channel->size_bytes > 1 && is_in_ram(mcu, channel->buffer_addr, channel->size_bytes) &&
           channel->write_offset < channel->size_bytes &&
           channel->read_offset < channel->size_bytes;
}

bool rtt_block_read(
    struct target *target, uint32_t addr, struct rtt_channel *channel, struct error *err)
{
    uint8_t bytes[RTT_HEADER_BYTES + RTT_CHANNEL_BYTES];

    if (addr % ALIGNMENT != 0 || !is_in_ram(target_mcu(target), addr, sizeof bytes)) {
        return error_set(err, ERROR_WAIT_TIMEOUT,
            "the RTT control block would lie at 0x%08" PRIx32 ", which is not in RAM", addr);
    }
    if (!target_read(target, addr, bytes, sizeof bytes, err)) {
        return error_add_context(err, "reading the RTT control block");
    }
    parse_channel(bytes + RTT_HEADER_BYTES, addr + RTT_HEADER_BYTES, channel);
    if (!is_valid(target_mcu(target), bytes, channel)) {
        return error_set(err, ERROR_WAIT_TIMEOUT,
            "there is no valid RTT control block at 0x%08" PRIx32 " yet", addr);
    }
    return true;
}

struct scan {
    rtt_visit *visit;
    void *context;
    uint8_t bytes[SCAN_BYTES];
};

static uint32_t search_bytes(
    struct scan *scan, struct target *target, uint32_t addr, size_t size_bytes)
{
    size_t i = 0;

    for (i = 0; i + RTT_ID_BYTES <= size_bytes; i += ALIGNMENT) {
        if (memcmp(scan->bytes + i, id_text, RTT_ID_BYTES) == 0 &&
            scan->visit(scan->context, target, addr + (uint32_t)i)) {
            return addr + (uint32_t)i;
        }
    }
    return 0;
}

/* Parts overlap by the length of the ID, so that none is missed at an edge. */
static bool search_range(struct scan *scan, struct target *target, const struct board_range *range,
    uint32_t *found, struct error *err)
{
    uint32_t offset = 0;

    while (*found == 0 && offset < range->size_bytes) {
        uint32_t left = range->size_bytes - offset;
        uint32_t part = left < SCAN_BYTES ? left / ALIGNMENT * ALIGNMENT : SCAN_BYTES;

        if (part < RTT_ID_BYTES) {
            return true;
        }
        if (!target_read(target, range->addr + offset, scan->bytes, part, err)) {
            /* RAM without a clock, or given to another use by option bytes. */
            return err->code == ERROR_TARGET_FAULT;
        }
        *found = search_bytes(scan, target, range->addr + offset, part);
        if (part == left) {
            return true;
        }
        offset += part - RTT_ID_BYTES;
    }
    return true;
}

bool rtt_block_search(
    struct target *target, rtt_visit *visit, void *context, uint32_t *addr, struct error *err)
{
    const struct board_mcu *mcu = target_mcu(target);
    struct scan *scan = malloc(sizeof *scan);
    bool is_done = true;
    size_t i = 0;

    *addr = 0;
    if (scan == NULL) {
        return error_set(err, ERROR_HOST_IO, "no memory to search the RAM");
    }
    scan->visit = visit;
    scan->context = context;
    for (i = 0; i < mcu->ram_count && is_done && *addr == 0; i++) {
        is_done = search_range(scan, target, &mcu->ram[i], addr, err);
    }
    free(scan);
    if (!is_done) {
        return error_add_context(err, "searching the RAM for an RTT control block");
    }
    return true;
}
