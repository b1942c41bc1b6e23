#include "host/flash/device_internal.h"

#include "common/crc32.h"
#include "host/flash/hash.h"
#include "host/flash/plan.h"
#include "host/target/internal_flash.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 16 * 1024 };

/* Nothing is queued: every operation is done when its call returns. */
struct device_internal {
    struct flash_device base;
    struct target *target;
    uint32_t tickets;
};

static struct device_internal *from_base(struct flash_device *device)
{
    return (struct device_internal *)device;
}

static bool check_writable(
    struct flash_device *base, uint32_t offset, uint32_t size_bytes, struct error *err)
{
    return internal_flash_check_writable(from_base(base)->target, offset, size_bytes, err);
}

static bool erase(struct flash_device *base, uint8_t erase_type, uint32_t offset,
    uint32_t size_bytes, uint32_t *ticket, struct error *err)
{
    struct device_internal *device = from_base(base);

    if (erase_type != 0) {
        return error_set(err, ERROR_INTERNAL, "internal flash has no erase type %u", erase_type);
    }
    if (!internal_flash_erase(device->target, offset, size_bytes, err)) {
        return false;
    }
    *ticket = ++device->tickets;
    return true;
}

static bool program(struct flash_device *base, uint32_t offset, const uint8_t *bytes,
    uint32_t size_bytes, uint32_t *ticket, struct error *err)
{
    struct device_internal *device = from_base(base);

    if (!internal_flash_program(device->target, offset, bytes, size_bytes, err)) {
        return false;
    }
    *ticket = ++device->tickets;
    return true;
}

static bool finish(struct flash_device *base, struct error *err)
{
    (void)base;
    (void)err;
    return true;
}

static uint32_t completed(struct flash_device *base)
{
    return from_base(base)->tickets;
}

static bool read(struct flash_device *base, uint32_t offset, uint8_t *dst, uint32_t size_bytes,
    struct error *err)
{
    return internal_flash_read(from_base(base)->target, offset, dst, size_bytes, NULL, err);
}

/* A broken granule reads as FF, but is neither blank nor equal to anything: its block gets a hash
 * that no contents have. */
static bool hash_block(struct flash_device *base, uint32_t offset, uint8_t *buffer,
    uint32_t size_bytes, struct abi_block_hash *hash, struct error *err)
{
    size_t broken_granules = 0;

    if (!internal_flash_read(
            from_base(base)->target, offset, buffer, size_bytes, &broken_granules, err)) {
        return false;
    }
    *hash = flash_hash_of(buffer, size_bytes);
    if (broken_granules > 0) {
        hash->xxh32 = ~hash->xxh32;
    }
    return true;
}

static bool hash(struct flash_device *base, const struct flash_range *range, uint32_t block_bytes,
    bool mapped, struct abi_block_hash *hashes, struct error *err)
{
    uint32_t largest = block_bytes < range->size_bytes ? block_bytes : range->size_bytes;
    uint8_t *buffer = malloc(largest);
    uint32_t done = 0;
    bool ok = true;

    (void)mapped; /* it is always mapped */
    if (buffer == NULL) {
        return error_set(err, ERROR_HOST_IO, "no memory to read %" PRIu32 " bytes", largest);
    }
    for (done = 0; ok && done < range->size_bytes; done += block_bytes) {
        uint32_t left = range->size_bytes - done;

        ok = hash_block(base, range->offset + done, buffer, left < block_bytes ? left : block_bytes,
            &hashes[done / block_bytes], err);
    }
    free(buffer);
    return ok;
}

/* A broken granule: no record has this checksum. */
static bool crc32(
    struct flash_device *base, const struct flash_range *range, uint32_t *value, struct error *err)
{
    uint8_t bytes[4096];
    size_t broken_granules = 0;
    uint32_t crc = 0;
    uint32_t done = 0;
    uint32_t count = 0;

    for (done = 0; done < range->size_bytes; done += count) {
        size_t broken = 0;

        count = range->size_bytes - done;
        count = count < sizeof bytes ? count : (uint32_t)sizeof bytes;
        if (!internal_flash_read(
                from_base(base)->target, range->offset + done, bytes, count, &broken, err)) {
            return false;
        }
        crc = crc32_update(crc, bytes, count);
        broken_granules += broken;
    }
    *value = broken_granules > 0 ? ~crc : crc;
    return true;
}

static bool compare(struct flash_device *base, uint32_t offset, const uint8_t *expected,
    uint32_t size_bytes, struct flash_difference *difference, struct error *err)
{
    uint8_t *found = malloc((size_t)size_bytes * 2);
    uint8_t *again = NULL;
    uint32_t i = 0;

    *difference = (struct flash_difference){.first_offset = UINT32_MAX};
    if (found == NULL) {
        return error_set(err, ERROR_HOST_IO, "no memory to read %" PRIu32 " bytes", size_bytes);
    }
    again = found + size_bytes;
    if (!read(base, offset, found, size_bytes, err) ||
        !read(base, offset, again, size_bytes, err)) {
        free(found);
        return false;
    }
    for (i = size_bytes; i-- > 0;) {
        if (found[i] != expected[i]) {
            difference->first_offset = offset + i;
            difference->count++;
            difference->expected = expected[i];
            difference->found = found[i];
            difference->found_again = again[i];
            difference->bits |= found[i] ^ expected[i];
        }
    }
    free(found);
    return true;
}

static uint64_t now_ns(struct flash_device *base)
{
    return probe_now_ns(target_probe(from_base(base)->target));
}

static const struct flash_device_driver driver = {
    .check_writable = check_writable,
    .erase = erase,
    .program = program,
    .finish = finish,
    .completed = completed,
    .read = read,
    .hash = hash,
    .crc32 = crc32,
    .compare = compare,
    .now_ns = now_ns,
};

bool device_internal_open(struct target *target, const struct flash_geometry *geometry,
    struct flash_device **out, struct error *err)
{
    struct device_internal *device = calloc(1, sizeof *device);

    *out = NULL;
    if (device == NULL) {
        return error_set(err, ERROR_HOST_IO, "no memory for a device");
    }
    device->base = (struct flash_device){
        .driver = &driver, .geometry = *geometry, .chunk_bytes = CHUNK_BYTES, .can_map = true};
    device->target = target;
    *out = &device->base;
    return true;
}

void device_internal_close(struct flash_device *device)
{
    free(device);
}
