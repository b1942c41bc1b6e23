#include "target/driver/ff.h"
#include "target/driver/nor.h"

#include <stddef.h>

static enum abi_stub_status read_even(
    struct nor *nor, uint32_t offset, uint8_t *bytes, uint32_t size_bytes)
{
    struct abi_bus_op op = nor->memory->read;

    op.addr = offset;
    op.data_bytes = size_bytes;
    return nor->ctrl->driver->exec(nor->ctrl, &op, NULL, bytes);
}

/* A byte of a chip that hands them out in pairs. */
static enum abi_stub_status read_one(struct nor *nor, uint32_t offset, uint8_t *byte)
{
    uint8_t pair[2] = {0};
    enum abi_stub_status status = read_even(nor, offset & ~1U, pair, sizeof pair);

    *byte = pair[offset & 1U];
    return status;
}

/* At most a buffer; *read_bytes tells how many. */
static enum abi_stub_status read_some(
    struct nor *nor, uint32_t offset, uint8_t *bytes, uint32_t size_bytes, uint32_t *read_bytes)
{
    uint32_t step_bytes = size_bytes < NOR_BUFFER_BYTES ? size_bytes : NOR_BUFFER_BYTES;
    bool even = (nor->memory->flags & ABI_MEMORY_EVEN) != 0;

    if (even && (offset % 2 != 0 || step_bytes == 1)) {
        *read_bytes = 1;
        return read_one(nor, offset, bytes);
    }
    *read_bytes = even ? step_bytes & ~1U : step_bytes;
    return read_even(nor, offset, bytes, *read_bytes);
}

enum abi_stub_status nor_read(struct nor *nor, uint32_t offset, uint8_t *bytes, uint32_t size_bytes)
{
    uint32_t done = 0;

    if (nor_check_range(nor, offset, size_bytes) != ABI_STATUS_OK) {
        return ABI_STATUS_BAD_COMMAND;
    }
    while (done < size_bytes) {
        uint32_t read_bytes = 0;
        enum abi_stub_status status = clock_pace(nor->ctrl->clock);

        if (status == ABI_STATUS_OK) {
            status = read_some(nor, offset + done, bytes + done, size_bytes - done, &read_bytes);
        }
        if (status != ABI_STATUS_OK) {
            return status;
        }
        done += read_bytes;
    }
    return ABI_STATUS_OK;
}

static uint32_t limit_step(uint32_t size_bytes, uint32_t done)
{
    uint32_t left_bytes = size_bytes - done;

    return left_bytes < NOR_BUFFER_BYTES ? left_bytes : NOR_BUFFER_BYTES;
}

/* Into the buffer, with the host told how far it is. */
static enum abi_stub_status fetch(
    struct nor *nor, uint32_t offset, uint32_t done, uint32_t size_bytes)
{
    *nor->running_offset = offset;
    *nor->progress_bytes = done;
    return nor_read(nor, offset, nor->buffer, size_bytes);
}

static void count_used(
    const uint8_t *bytes, uint32_t size_bytes, uint32_t offset, struct nor_blank *blank)
{
    if (ff_only(bytes, size_bytes)) {
        return;
    }
    for (uint32_t i = 0; i < size_bytes; i++) {
        if (bytes[i] != 0xFF) {
            blank->first_offset = blank->count == 0 ? offset + i : blank->first_offset;
            blank->count++;
        }
    }
}

enum abi_stub_status nor_check_blank(
    struct nor *nor, uint32_t offset, uint32_t size_bytes, struct nor_blank *blank)
{
    *blank = (struct nor_blank){.first_offset = (uint32_t)NOR_NO_OFFSET};
    if (nor_check_range(nor, offset, size_bytes) != ABI_STATUS_OK) {
        return ABI_STATUS_BAD_COMMAND;
    }
    for (uint32_t done = 0; done < size_bytes;) {
        uint32_t bytes = limit_step(size_bytes, done);
        enum abi_stub_status status = fetch(nor, offset + done, done, bytes);

        if (status != ABI_STATUS_OK) {
            return status;
        }
        count_used(nor->buffer, bytes, offset + done, blank);
        done += bytes;
    }
    *nor->progress_bytes = size_bytes;
    return ABI_STATUS_OK;
}

static void count_different(const uint8_t *found, const uint8_t *expected, uint32_t size_bytes,
    uint32_t offset, struct nor_difference *difference)
{
    for (uint32_t i = 0; i < size_bytes; i++) {
        if (found[i] == expected[i]) {
            continue;
        }
        if (difference->count == 0) {
            difference->first_offset = offset + i;
            difference->expected = expected[i];
            difference->found = found[i];
        }
        difference->count++;
        difference->bits |= found[i] ^ expected[i];
    }
}

enum abi_stub_status nor_compare(struct nor *nor, uint32_t offset, const uint8_t *bytes,
    uint32_t size_bytes, struct nor_difference *difference)
{
    *difference = (struct nor_difference){.first_offset = (uint32_t)NOR_NO_OFFSET};
    if (nor_check_range(nor, offset, size_bytes) != ABI_STATUS_OK) {
        return ABI_STATUS_BAD_COMMAND;
    }
    for (uint32_t done = 0; done < size_bytes;) {
        uint32_t part_bytes = limit_step(size_bytes, done);
        enum abi_stub_status status = fetch(nor, offset + done, done, part_bytes);

        if (status != ABI_STATUS_OK) {
            return status;
        }
        count_different(nor->buffer, bytes + done, part_bytes, offset + done, difference);
        done += part_bytes;
    }
    *nor->progress_bytes = size_bytes;
    if (difference->count == 0) {
        return ABI_STATUS_OK;
    }
    return nor_read(nor, difference->first_offset, &difference->found_again, 1);
}
