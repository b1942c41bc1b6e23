/* Typed calls over submit and wait. */
#include "common/le.h"
#include "common/xxh32.h"
#include "host/stub/stub_internal.h"

#include <inttypes.h>
#include <string.h>

enum {
    SETUP_TIMEOUT_MS = 10000,
    STEPS_TIMEOUT_MS = 2000,
    /* Reading and hashing at a tenth of what the slowest bus gives. */
    WORK_TIMEOUT_MS = 5000,
    WORK_BYTES_PER_MS = 100,
    MAX_STEPS = 512,
    FETCH_TRIES = 2,
    MAX_DEPTH = ABI_COMMAND_SLOTS / 2,
    HASHES_AT_A_TIME = 128
};

static uint32_t work_timeout_ms(uint32_t size_bytes)
{
    return WORK_TIMEOUT_MS + size_bytes / WORK_BYTES_PER_MS;
}

/* Keeps the times of the chip, for expectations. */
static void remember_memory(struct stub_client *stub, const uint8_t *blob, size_t blob_bytes)
{
    struct abi_blob header;

    stub->has_memory = false;
    stub->core_hz = 0;
    if (blob_bytes < sizeof header) {
        return;
    }
    memcpy(&header, blob, sizeof header);
    stub->core_hz = header.core_hz_program;
    if (header.memory.count == 1 && header.memory.offset <= blob_bytes &&
        sizeof stub->memory <= blob_bytes - header.memory.offset) {
        memcpy(&stub->memory, blob + header.memory.offset, sizeof stub->memory);
        stub->has_memory = true;
    }
}

bool stub_client_setup(struct stub_client *stub, const void *blob, size_t blob_bytes,
    uint32_t flags, struct error *err)
{
    const struct abi_command command = {
        .kind = ABI_COMMAND_SETUP,
        .size_bytes = (uint32_t)blob_bytes,
        .buffer_addr = stub_client_slot_addr(stub, 0),
        .arg0 = flags,
    };

    if (!stub_client_fill(stub, 0, blob, blob_bytes, err) ||
        !stub_client_call(stub, &command, SETUP_TIMEOUT_MS, NULL, err)) {
        return false;
    }
    remember_memory(stub, blob, blob_bytes);
    return true;
}

bool stub_client_sequence(
    struct stub_client *stub, enum abi_sequence sequence, uint32_t timeout_ms, struct error *err)
{
    static const char *const names[] = {
        [ABI_SEQUENCE_RECOVER] = "recovering the memory from an unknown mode",
        [ABI_SEQUENCE_ENTER_PROGRAM] = "switching the memory to the program bus",
        [ABI_SEQUENCE_ENTER_RUN] = "switching the memory to the run bus",
        [ABI_SEQUENCE_LEAVE_PROGRAM] = "switching the memory back to one line",
    };
    const struct abi_command command = {.kind = ABI_COMMAND_SEQUENCE, .arg0 = (uint32_t)sequence};

    if (!stub_client_call(stub, &command, timeout_ms, NULL, err)) {
        return error_add_context(err, "%s", names[sequence]);
    }
    return true;
}

/* Bytes that steps will store, and the longest they may take. */
static size_t steps_output(const struct abi_bus_step *steps, size_t count, uint32_t *timeout_ms)
{
    uint64_t timeout_us = 0;
    size_t size_bytes = 0;
    size_t i = 0;

    for (i = 0; i < count; i++) {
        bool is_read = (steps[i].kind == ABI_STEP_EXEC || steps[i].kind == ABI_STEP_EXPECT) &&
                       (steps[i].op.flags & ABI_OP_WRITE) == 0 && steps[i].op.data_bus != 0;

        size_bytes += is_read ? steps[i].op.data_bytes : 0;
        timeout_us += steps[i].timeout_us;
    }
    *timeout_ms = STEPS_TIMEOUT_MS + (uint32_t)(timeout_us / 1000);
    return size_bytes;
}

static bool fetch_steps(
    struct stub_client *stub, size_t step_bytes, void *dst, size_t count, struct error *err)
{
    uint8_t word[4];
    uint32_t addr = stub_client_slot_addr(stub, 0) + (uint32_t)step_bytes;
    size_t whole = count / 4 * 4;

    if (!target_read(stub->target, addr, dst, whole, err) ||
        (whole < count &&
            !target_read(stub->target, addr + (uint32_t)whole, word, sizeof word, err))) {
        return false;
    }
    if (whole < count) {
        memcpy((uint8_t *)dst + whole, word, count - whole);
    }
    return true;
}

/* NOLINTNEXTLINE(readability-function-size): the interface that the rooms agreed on */
bool stub_client_steps(struct stub_client *stub, const struct abi_bus_step *steps, size_t count,
    void *dst, size_t capacity, size_t *read_bytes, struct error *err)
{
    uint32_t timeout_ms = 0;
    size_t output_bytes = steps_output(steps, count, &timeout_ms);
    size_t step_bytes =
        (count * sizeof *steps + STUB_UNIT_BYTES - 1) / STUB_UNIT_BYTES * STUB_UNIT_BYTES;
    struct abi_result result = {0};
    struct abi_command command = {
        .kind = ABI_COMMAND_STEPS,
        .size_bytes = (uint32_t)(count * sizeof *steps),
        .buffer_addr = stub_client_slot_addr(stub, 0),
        .arg0 = (uint32_t)count,
        .arg1 = stub_client_slot_addr(stub, 0) + (uint32_t)step_bytes,
    };

    *read_bytes = 0;
    if (count > MAX_STEPS || output_bytes > capacity || step_bytes > stub->slot_bytes ||
        output_bytes > stub->slot_bytes - step_bytes) {
        return error_set(err, ERROR_INTERNAL,
            "%zu steps with %zu bytes of data do not fit into the stub's buffer", count,
            output_bytes);
    }
    if (!stub_client_fill(stub, 0, steps, count * sizeof *steps, err) ||
        !stub_slots_touch(stub, command.arg1, output_bytes, err)) {
        return false;
    }
    if (!stub_client_call(stub, &command, timeout_ms, &result, err)) {
        return error_add_context(err, "running a list of %zu bus steps", count);
    }
    if (result.value[0] > output_bytes) {
        return error_set(err, ERROR_STUB_REFUSED, "the stub read %" PRIu32 " bytes instead of %zu",
            result.value[0], output_bytes);
    }
    if (!fetch_steps(stub, step_bytes, dst, result.value[0], err)) {
        return error_add_context(err, "fetching what %zu bus steps read", count);
    }
    *read_bytes = result.value[0];
    return true;
}

/* A read in parts: several are under way, so that the link fetches one part while the stub reads
 * the next. */
struct reader {
    uint32_t offset; /* of the part that is submitted next */
    uint32_t left_bytes;
    uint32_t part_bytes;
    uint32_t sequences[MAX_DEPTH];
    uint32_t sizes[MAX_DEPTH];
    size_t submitted; /* parts */
    size_t fetched;
    size_t depth; /* slots used */
};

static bool submit_part(struct stub_client *stub, struct reader *reader, struct error *err)
{
    size_t slot = reader->submitted % reader->depth;
    uint32_t size_bytes =
        reader->left_bytes < reader->part_bytes ? reader->left_bytes : reader->part_bytes;
    const struct abi_command command = {
        .kind = ABI_COMMAND_READ,
        .offset = reader->offset,
        .size_bytes = size_bytes,
        .buffer_addr = stub_client_slot_addr(stub, slot),
    };

    if (!stub_client_submit(stub, &command, &reader->sequences[slot], err)) {
        return false;
    }
    reader->sizes[slot] = size_bytes;
    reader->offset += size_bytes;
    reader->left_bytes -= size_bytes;
    reader->submitted++;
    return true;
}

static bool fetch_part(
    struct stub_client *stub, struct reader *reader, uint8_t *dst, struct error *err)
{
    size_t slot = reader->fetched % reader->depth;
    struct abi_result result = {0};
    unsigned tries = 0;

    if (!stub_client_wait(
            stub, reader->sequences[slot], work_timeout_ms(reader->part_bytes), &result, err)) {
        return false;
    }
    for (tries = 0; tries < FETCH_TRIES; tries++) {
        if (!stub_client_fetch(stub, slot, dst, reader->sizes[slot], err)) {
            return false;
        }
        if (xxh32_hash(dst, reader->sizes[slot]) == result.value[0]) {
            reader->fetched++;
            return true;
        }
    }
    (void)error_set(err, ERROR_USB_PROTOCOL,
        "%" PRIu32 " bytes were damaged on their way to the "
        "host",
        reader->sizes[slot]);
    error_set_hint(err, "try a lower wire clock with --speed");
    return false;
}

/* Starts a part while there are parts and buffers left, else takes the oldest one in. */
static bool read_some(
    struct stub_client *stub, struct reader *reader, uint8_t **dst, struct error *err)
{
    size_t slot = reader->fetched % reader->depth;

    if (reader->left_bytes > 0 && reader->submitted - reader->fetched < reader->depth) {
        return submit_part(stub, reader, err);
    }
    if (!fetch_part(stub, reader, *dst, err)) {
        return false;
    }
    *dst += reader->sizes[slot];
    return true;
}

bool stub_client_read(
    struct stub_client *stub, uint32_t offset, void *dst, size_t size_bytes, struct error *err)
{
    struct reader reader = {
        .offset = offset,
        .left_bytes = (uint32_t)size_bytes,
        .part_bytes = (uint32_t)stub->slot_bytes,
        .depth = stub->slot_count < MAX_DEPTH ? stub->slot_count : MAX_DEPTH,
    };
    uint8_t *bytes = dst;

    while (reader.left_bytes > 0 || reader.fetched < reader.submitted) {
        if (!read_some(stub, &reader, &bytes, err)) {
            return error_add_context(
                err, "reading %zu bytes of the memory at offset 0x%08" PRIx32, size_bytes, offset);
        }
    }
    return true;
}

static bool fetch_hashes(struct stub_client *stub, uint32_t addr, struct abi_block_hash *hashes,
    size_t count, struct error *err)
{
    uint8_t bytes[sizeof *hashes * HASHES_AT_A_TIME];
    size_t i = 0;

    if (!target_read(stub->target, addr, bytes, count * sizeof *hashes, err)) {
        return error_add_context(err, "fetching hashes");
    }
    for (i = 0; i < count; i++) {
        hashes[i].xxh32 = le_get32(bytes + i * sizeof *hashes);
        hashes[i].wyhash32 = le_get32(bytes + i * sizeof *hashes + 4);
    }
    return true;
}

/* One command: as many blocks as have room for their hashes in a buffer. */
static bool hash_part(struct stub_client *stub, const struct abi_command *command,
    struct abi_block_hash *hashes, struct error *err)
{
    size_t count = ((size_t)command->size_bytes + command->arg0 - 1) / command->arg0;
    size_t done = 0;

    if (!stub_client_call(stub, command, work_timeout_ms(command->size_bytes), NULL, err)) {
        return false;
    }
    while (done < count) {
        size_t some = count - done < HASHES_AT_A_TIME ? count - done : HASHES_AT_A_TIME;

        if (!fetch_hashes(stub, command->buffer_addr + (uint32_t)(done * sizeof *hashes),
                hashes + done, some, err)) {
            return false;
        }
        done += some;
    }
    return true;
}

/* NOLINTNEXTLINE(readability-function-size): the interface that the rooms agreed on */
bool stub_client_hash(struct stub_client *stub, uint32_t offset, uint32_t size_bytes,
    uint32_t block_bytes, bool mapped, struct abi_block_hash *hashes, struct error *err)
{
    uint64_t most_bytes = 0;

    if (block_bytes == 0) {
        return error_set(err, ERROR_INTERNAL, "hashing in blocks of 0 bytes");
    }
    most_bytes = (uint64_t)(stub->slot_bytes / sizeof *hashes) * block_bytes;
    while (size_bytes > 0) {
        uint32_t part_bytes = size_bytes < most_bytes ? size_bytes : (uint32_t)most_bytes;
        const struct abi_command command = {
            .kind = mapped ? ABI_COMMAND_HASH_MAPPED : ABI_COMMAND_HASH,
            .offset = offset,
            .size_bytes = part_bytes,
            .buffer_addr = stub_client_slot_addr(stub, 0),
            .arg0 = block_bytes,
        };

        if (!hash_part(stub, &command, hashes, err)) {
            return false;
        }
        hashes += (part_bytes + block_bytes - 1) / block_bytes;
        offset += part_bytes;
        size_bytes -= part_bytes;
    }
    return true;
}

bool stub_client_crc32(struct stub_client *stub, uint32_t offset, uint32_t size_bytes,
    uint32_t *crc32, struct error *err)
{
    struct abi_result result = {0};
    const struct abi_command command = {
        .kind = ABI_COMMAND_CRC32, .offset = offset, .size_bytes = size_bytes};

    if (!stub_client_call(stub, &command, work_timeout_ms(size_bytes), &result, err)) {
        return error_add_context(
            err, "checksumming %" PRIu32 " bytes at offset 0x%08" PRIx32, size_bytes, offset);
    }
    *crc32 = result.value[0];
    return true;
}
