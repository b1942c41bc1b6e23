/* Buffers in the data RAM of the MCU. */
#include "host/stub/stub_internal.h"

#include <inttypes.h>
#include <string.h>

static uint32_t ring_addr(const struct stub_client *stub)
{
    return target_mcu(stub->target)->ring_ram.addr;
}

static uint32_t ring_bytes(const struct stub_client *stub)
{
    return target_mcu(stub->target)->ring_ram.size_bytes;
}

size_t stub_client_slot_count(const struct stub_client *stub)
{
    return stub->slot_count;
}

size_t stub_client_slot_bytes(const struct stub_client *stub)
{
    return stub->slot_bytes;
}

uint32_t stub_client_slot_addr(const struct stub_client *stub, size_t slot)
{
    return ring_addr(stub) + (uint32_t)(slot * stub->slot_bytes);
}

bool stub_client_set_slots(
    struct stub_client *stub, size_t slot_count, size_t slot_bytes, struct error *err)
{
    if (slot_count == 0 || slot_bytes == 0 || slot_bytes % STUB_UNIT_BYTES != 0 ||
        slot_bytes > ring_bytes(stub) / slot_count) {
        return error_set(err, ERROR_INTERNAL,
            "%zu buffers of %zu bytes do not fit into %" PRIu32 " bytes of RAM", slot_count,
            slot_bytes, ring_bytes(stub));
    }
    stub->slot_count = slot_count;
    stub->slot_bytes = slot_bytes;
    return true;
}

static bool zero_block(struct stub_client *stub, size_t block, struct error *err)
{
    static const uint8_t zeros[STUB_RING_BLOCK_BYTES] = {0};
    uint32_t offset = (uint32_t)(block * STUB_RING_BLOCK_BYTES);
    uint32_t left = ring_bytes(stub) - offset;

    if (stub->ring_is_written[block] != 0) {
        return true;
    }
    if (!target_write(stub->target, ring_addr(stub) + offset, zeros,
            left < sizeof zeros ? left : sizeof zeros, err)) {
        return false;
    }
    stub->ring_is_written[block] = 1;
    return true;
}

bool stub_slots_touch(struct stub_client *stub, uint32_t addr, size_t size_bytes, struct error *err)
{
    uint32_t offset = addr - ring_addr(stub);
    size_t block = offset / STUB_RING_BLOCK_BYTES;
    size_t end = 0;

    if (size_bytes == 0 || offset >= ring_bytes(stub) || size_bytes > ring_bytes(stub) - offset) {
        return true; /* not in the ring: the stub will refuse it, or it needs nothing */
    }
    end = (offset + size_bytes + STUB_RING_BLOCK_BYTES - 1) / STUB_RING_BLOCK_BYTES;
    while (block < end) {
        if (!zero_block(stub, block++, err)) {
            return error_add_context(err, "clearing buffers in RAM");
        }
    }
    return true;
}

/* Blocks that a fill covers only in part are zeroed first; those it covers wholly count as written
 * afterwards. */
static bool prepare_fill(
    struct stub_client *stub, uint32_t offset, size_t size_bytes, struct error *err)
{
    size_t first = offset / STUB_RING_BLOCK_BYTES;
    size_t end_offset = offset + size_bytes;
    size_t last = end_offset / STUB_RING_BLOCK_BYTES;
    size_t block = 0;

    if (offset % STUB_RING_BLOCK_BYTES != 0 && !zero_block(stub, first, err)) {
        return false;
    }
    if (end_offset % STUB_RING_BLOCK_BYTES != 0 && !zero_block(stub, last, err)) {
        return false;
    }
    for (block = first; block < last; block++) {
        stub->ring_is_written[block] = 1;
    }
    return true;
}

static bool check_slot(
    const struct stub_client *stub, size_t slot, size_t size_bytes, struct error *err)
{
    if (slot >= stub->slot_count || size_bytes > stub->slot_bytes) {
        return error_set(err, ERROR_INTERNAL, "%zu bytes do not fit into buffer %zu of %zu x %zu",
            size_bytes, slot, stub->slot_count, stub->slot_bytes);
    }
    return true;
}

bool stub_client_fill(
    struct stub_client *stub, size_t slot, const void *src, size_t size_bytes, struct error *err)
{
    uint32_t addr = stub_client_slot_addr(stub, slot);
    size_t whole_bytes = size_bytes / STUB_UNIT_BYTES * STUB_UNIT_BYTES;
    size_t rest_bytes = size_bytes - whole_bytes;
    uint8_t tail[STUB_UNIT_BYTES] = {0};

    if (!check_slot(stub, slot, size_bytes, err)) {
        return false;
    }
    if (size_bytes == 0) {
        return true;
    }
    memcpy(tail, (const uint8_t *)src + whole_bytes, rest_bytes);
    if (!prepare_fill(stub, addr - ring_addr(stub),
            whole_bytes + (rest_bytes > 0 ? STUB_UNIT_BYTES : 0), err) ||
        (whole_bytes > 0 && !target_write(stub->target, addr, src, whole_bytes, err)) ||
        (rest_bytes > 0 &&
            !target_write(stub->target, addr + (uint32_t)whole_bytes, tail, sizeof tail, err))) {
        return error_add_context(err, "filling a buffer of the stub");
    }
    return true;
}

bool stub_client_fetch(
    struct stub_client *stub, size_t slot, void *dst, size_t size_bytes, struct error *err)
{
    uint32_t addr = stub_client_slot_addr(stub, slot);
    size_t whole_bytes = size_bytes / 4 * 4;
    size_t rest_bytes = size_bytes - whole_bytes;
    uint8_t tail[4] = {0};

    if (!check_slot(stub, slot, size_bytes, err)) {
        return false;
    }
    if (!target_read(stub->target, addr, dst, whole_bytes, err) ||
        (rest_bytes > 0 &&
            !target_read(stub->target, addr + (uint32_t)whole_bytes, tail, sizeof tail, err))) {
        return error_add_context(err, "fetching a buffer of the stub");
    }
    memcpy((uint8_t *)dst + whole_bytes, tail, rest_bytes);
    return true;
}
