#include "host/flash/read.h"

#include "host/flash/hash.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    READ_STEP_BYTES = 256 * 1024,
    HASH_STEP_BYTES = 1024 * 1024,
    BLOCK_BYTES = 4096,
    HASHES = HASH_STEP_BYTES / BLOCK_BYTES
};

bool flash_read_range(struct flash_device *device, const struct flash_range *range,
    const struct flash_sink *sink, const struct flash_listener *listener, struct error *err)
{
    uint8_t *bytes = malloc(READ_STEP_BYTES);
    struct flash_meter meter;
    uint64_t ignored_ns = 0;
    uint32_t done = 0;
    uint32_t count = 0;
    bool ok = true;

    if (bytes == NULL) {
        return error_set(err, ERROR_HOST_IO, "no memory to read");
    }
    flash_meter_start(&meter, listener, device, FLASH_PHASE_READ, range->size_bytes);
    for (done = 0; ok && done < range->size_bytes; done += count) {
        count =
            range->size_bytes - done < READ_STEP_BYTES ? range->size_bytes - done : READ_STEP_BYTES;
        ok = flash_check_signal(device, err) &&
             device->driver->read(device, range->offset + done, bytes, count, err) &&
             sink->take(sink->context, bytes, count, err);
        if (ok) {
            flash_meter_report(&meter, done + count);
        }
    }
    if (ok) {
        flash_meter_stop(&meter, &ignored_ns);
    }
    free(bytes);
    return ok || error_add_context(err, "reading 0x%08" PRIx32 "+0x%" PRIx32 " of memory %s",
                     range->addr, range->size_bytes, device->geometry.name);
}

/* ---- blank ---- */

struct blank_check {
    struct flash_device *device;
    struct flash_blank_result *result;
    struct abi_block_hash hashes[HASHES];
    uint8_t bytes[BLOCK_BYTES];
};

static void note(struct blank_check *check, uint32_t offset, uint8_t byte)
{
    if (check->result->is_blank) {
        check->result->is_blank = false;
        check->result->first_addr = check->device->geometry.addr + offset;
        check->result->first_byte = byte;
    }
    check->result->block_count++;
}

/* Reads the bytes and finds the first that is not FF. */
static bool look_at_bytes(
    struct blank_check *check, uint32_t offset, uint32_t size_bytes, struct error *err)
{
    uint32_t i = 0;

    if (!check->device->driver->read(check->device, offset, check->bytes, size_bytes, err)) {
        return false;
    }
    while (i < size_bytes && check->bytes[i] == 0xFF) {
        i++;
    }
    if (i < size_bytes) {
        note(check, offset + i, check->bytes[i]);
    }
    return true;
}

/* The hash says that a block is not blank. Only the first one is looked at more closely. */
static bool look_at_block(
    struct blank_check *check, uint32_t offset, uint32_t size_bytes, struct error *err)
{
    uint32_t before = check->result->block_count;

    if (!check->result->is_blank) {
        check->result->block_count++;
        return true;
    }
    if (!look_at_bytes(check, offset, size_bytes, err)) {
        return false;
    }
    if (check->result->block_count == before) {
        note(check, offset, check->bytes[0]); /* it reads FF now: unstable, so not blank either */
    }
    return true;
}

static struct abi_block_hash blank_hash(uint8_t *bytes, uint32_t size_bytes)
{
    memset(bytes, 0xFF, size_bytes);
    return flash_hash_of(bytes, size_bytes);
}

static bool look_at_hashes(
    struct blank_check *check, uint32_t offset, uint32_t size_bytes, struct error *err)
{
    const struct flash_range range = {.offset = offset, .size_bytes = size_bytes};
    uint32_t at = 0;

    if (!flash_check_signal(check->device, err) ||
        !check->device->driver->hash(
            check->device, &range, BLOCK_BYTES, false, check->hashes, err)) {
        return false;
    }
    for (at = 0; at < size_bytes; at += BLOCK_BYTES) {
        uint32_t count = size_bytes - at < BLOCK_BYTES ? size_bytes - at : BLOCK_BYTES;
        struct abi_block_hash blank = blank_hash(check->bytes, count);
        const struct abi_block_hash *found = &check->hashes[at / BLOCK_BYTES];

        if (!flash_hash_equal(&blank, found) && !look_at_block(check, offset + at, count, err)) {
            return false;
        }
    }
    return true;
}

/* Unaligned edges are read, what is between them is hashed on the target. */
static bool look_at_range(struct blank_check *check, const struct flash_range *range,
    struct flash_meter *meter, struct error *err)
{
    uint32_t head = (FLASH_ALIGN_BYTES - range->offset % FLASH_ALIGN_BYTES) % FLASH_ALIGN_BYTES;
    uint32_t done = 0;
    uint32_t step = 0;

    head = head < range->size_bytes ? head : range->size_bytes;
    if (head > 0 && !look_at_bytes(check, range->offset, head, err)) {
        return false;
    }
    for (done = head; range->size_bytes - done >= FLASH_ALIGN_BYTES; done += step) {
        step =
            range->size_bytes - done < HASH_STEP_BYTES ? range->size_bytes - done : HASH_STEP_BYTES;
        step -= step % FLASH_ALIGN_BYTES;
        if (!look_at_hashes(check, range->offset + done, step, err)) {
            return false;
        }
        flash_meter_report(meter, done + step);
    }
    return done == range->size_bytes ||
           look_at_bytes(check, range->offset + done, range->size_bytes - done, err);
}

bool flash_blank_range(struct flash_device *device, const struct flash_range *range,
    const struct flash_listener *listener, struct flash_blank_result *result, struct error *err)
{
    struct blank_check *check = calloc(1, sizeof *check);
    struct flash_meter meter;
    bool ok = false;

    *result = (struct flash_blank_result){.is_blank = true};
    if (check == NULL) {
        return error_set(err, ERROR_HOST_IO, "no memory for the blank check");
    }
    check->device = device;
    check->result = result;
    flash_meter_start(&meter, listener, device, FLASH_PHASE_BLANK, range->size_bytes);
    ok = look_at_range(check, range, &meter, err);
    flash_meter_end(&meter, ok, &result->elapsed_ns);
    free(check);
    if (ok && !result->is_blank) {
        ok = error_set(err, ERROR_NOT_BLANK,
            "memory %s is not blank: 0x%02x at 0x%08" PRIx32 ", and %" PRIu32
            " blocks of 4 KB are not blank",
            device->geometry.name, result->first_byte, result->first_addr, result->block_count);
        error_set_addr(err, result->first_addr);
    }
    return ok;
}
