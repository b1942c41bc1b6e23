#include "host/flash/device_stub.h"

#include "common/xxh32.h"
#include "host/flash/plan.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    SLOT_BYTES = 16 * 1024,
    MAX_SLOTS = 8,
    MIN_SLOTS = 2, /* one is filled while the other is programmed */
    /* Commands queued ahead of the oldest that is waited for: progress stays true. */
    MAX_AHEAD = 16,
    MARGIN_MS = 1000,
    /* Largest answer of one hash command: it has to fit one slot. */
    HASHES_PER_COMMAND = SLOT_BYTES / sizeof(struct abi_block_hash) / 2
};

struct device_stub {
    struct flash_device base;
    struct stub_client *stub;
    struct probe *probe;
    uint8_t status;
    uint8_t protect_mask;
    uint32_t slot_sequence[MAX_SLOTS]; /* of the last command that reads the slot */
    size_t slot_count;
    size_t next_slot;
    uint32_t submitted;
    uint32_t completed;
    uint32_t timeout_ms;
};

static struct device_stub *from_base(struct flash_device *device)
{
    return (struct device_stub *)device;
}

/* Twice the part's longest operation: no progress for that long means that it hangs. */
static uint32_t timeout_for(const struct flash_geometry *geometry, bool is_chip_erase)
{
    uint64_t longest_us = geometry->program_max_us;
    size_t i = 0;

    for (i = 0; i < geometry->erase_count; i++) {
        if (geometry->erase[i].max_us > longest_us) {
            longest_us = geometry->erase[i].max_us;
        }
    }
    if (is_chip_erase && geometry->chip_erase_max_us > longest_us) {
        longest_us = geometry->chip_erase_max_us;
    }
    return (uint32_t)(longest_us * 2 / 1000) + MARGIN_MS;
}

static bool wait_until(struct device_stub *device, uint32_t sequence, struct error *err)
{
    if (sequence <= device->completed) {
        return true;
    }
    if (!stub_client_wait(device->stub, sequence, device->timeout_ms, NULL, err)) {
        return false;
    }
    device->completed = sequence;
    return true;
}

static bool submit(struct device_stub *device, const struct abi_command *command,
    uint32_t *sequence, struct error *err)
{
    if (!stub_client_submit(device->stub, command, sequence, err)) {
        return false;
    }
    device->submitted = *sequence;
    return *sequence <= MAX_AHEAD || wait_until(device, *sequence - MAX_AHEAD, err);
}

static bool check_writable(
    struct flash_device *base, uint32_t offset, uint32_t size_bytes, struct error *err)
{
    const struct device_stub *device = from_base(base);

    (void)offset;
    (void)size_bytes;
    if ((device->status & device->protect_mask) == 0) {
        return true;
    }
    (void)error_set(err, ERROR_MEMORY_PROTECTED,
        "memory %s is write-protected: its status register reads 0x%02x, of which 0x%02x are "
        "block-protect bits",
        base->geometry.name, device->status, device->status & device->protect_mask);
    error_set_hint(err, "the bits are non-volatile and not ours to clear: clear them with the "
                        "firmware that set them");
    return false;
}

static bool finish(struct flash_device *base, struct error *err)
{
    struct device_stub *device = from_base(base);

    if (!wait_until(device, device->submitted, err)) {
        return false;
    }
    device->timeout_ms = timeout_for(&base->geometry, false);
    return true;
}

static bool erase(struct flash_device *base, uint8_t erase_type, uint32_t offset,
    uint32_t size_bytes, uint32_t *ticket, struct error *err)
{
    struct device_stub *device = from_base(base);
    bool is_chip = erase_type == FLASH_ERASE_TYPE_CHIP;
    const struct abi_command command = {.kind = ABI_COMMAND_ERASE,
        .offset = offset,
        .size_bytes = size_bytes,
        .arg0 = is_chip ? (uint32_t)ABI_ERASE_CHIP : erase_type};

    if (is_chip) {
        device->timeout_ms = timeout_for(&base->geometry, true);
    }
    return submit(device, &command, ticket, err);
}

static bool program(struct flash_device *base, uint32_t offset, const uint8_t *bytes,
    uint32_t size_bytes, uint32_t *ticket, struct error *err)
{
    struct device_stub *device = from_base(base);
    size_t slot = device->next_slot;
    const struct abi_command command = {.kind = ABI_COMMAND_PROGRAM,
        .offset = offset,
        .size_bytes = size_bytes,
        .buffer_addr = stub_client_slot_addr(device->stub, slot),
        .check = xxh32_hash(bytes, size_bytes)};

    if (!wait_until(device, device->slot_sequence[slot], err) ||
        !stub_client_fill(device->stub, slot, bytes, size_bytes, err) ||
        !submit(device, &command, ticket, err)) {
        return false;
    }
    device->slot_sequence[slot] = *ticket;
    device->next_slot = (slot + 1) % device->slot_count;
    return true;
}

static uint32_t completed(struct flash_device *base)
{
    return from_base(base)->completed;
}

/* The stub reads whole aligned units, as octal DTR and ECC want it. */
static bool read(struct flash_device *base, uint32_t offset, uint8_t *dst, uint32_t size_bytes,
    struct error *err)
{
    struct device_stub *device = from_base(base);
    uint32_t head = offset % FLASH_ALIGN_BYTES;
    uint32_t aligned_bytes =
        (head + size_bytes + FLASH_ALIGN_BYTES - 1) / FLASH_ALIGN_BYTES * FLASH_ALIGN_BYTES;
    uint8_t *aligned = NULL;
    bool ok = false;

    if (!finish(base, err)) {
        return false;
    }
    if (aligned_bytes == size_bytes) {
        return stub_client_read(device->stub, offset, dst, size_bytes, err);
    }
    aligned = malloc(aligned_bytes);
    if (aligned == NULL) {
        return error_set(err, ERROR_HOST_IO, "no memory to read %" PRIu32 " bytes", size_bytes);
    }
    ok = stub_client_read(device->stub, offset - head, aligned, aligned_bytes, err);
    if (ok) {
        memcpy(dst, aligned + head, size_bytes);
    }
    free(aligned);
    return ok;
}

static bool hash(struct flash_device *base, const struct flash_range *range, uint32_t block_bytes,
    bool mapped, struct abi_block_hash *hashes, struct error *err)
{
    struct device_stub *device = from_base(base);
    uint32_t done = 0;
    uint32_t count = 0;

    if (!finish(base, err)) {
        return false;
    }
    for (done = 0; done < range->size_bytes; done += count) {
        uint64_t limit_bytes = (uint64_t)block_bytes * HASHES_PER_COMMAND;

        count = range->size_bytes - done;
        count = count < limit_bytes ? count : (uint32_t)limit_bytes;
        if (!stub_client_hash(device->stub, range->offset + done, count, block_bytes, mapped,
                hashes + done / block_bytes, err)) {
            return false;
        }
    }
    return true;
}

static bool crc32(
    struct flash_device *base, const struct flash_range *range, uint32_t *value, struct error *err)
{
    struct device_stub *device = from_base(base);

    return finish(base, err) &&
           stub_client_crc32(device->stub, range->offset, range->size_bytes, value, err);
}

static bool compare(struct flash_device *base, uint32_t offset, const uint8_t *expected,
    uint32_t size_bytes, struct flash_difference *difference, struct error *err)
{
    struct device_stub *device = from_base(base);
    struct abi_result result = {0};
    const struct abi_command command = {.kind = ABI_COMMAND_COMPARE,
        .offset = offset,
        .size_bytes = size_bytes,
        .buffer_addr = stub_client_slot_addr(device->stub, 0),
        .check = xxh32_hash(expected, size_bytes)};

    if (!finish(base, err) || !stub_client_fill(device->stub, 0, expected, size_bytes, err) ||
        !stub_client_call(device->stub, &command, device->timeout_ms, &result, err)) {
        return false;
    }
    *difference = (struct flash_difference){.first_offset = result.value[0],
        .count = result.value[1],
        .expected = (uint8_t)result.value[2],
        .found = (uint8_t)(result.value[2] >> 8),
        .found_again = (uint8_t)(result.value[2] >> 16),
        .bits = (uint8_t)result.value[3]};
    return true;
}

static uint64_t now_ns(struct flash_device *base)
{
    return probe_now_ns(from_base(base)->probe);
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

/* As many slots as the data RAM holds, but at least two. */
static bool cut_slots(struct device_stub *device, struct error *err)
{
    size_t ram_bytes = stub_client_slot_count(device->stub) * stub_client_slot_bytes(device->stub);
    size_t slot_bytes = SLOT_BYTES;

    while (slot_bytes > FLASH_ALIGN_BYTES && ram_bytes / slot_bytes < MIN_SLOTS) {
        slot_bytes /= 2;
    }
    device->slot_count = ram_bytes / slot_bytes;
    if (device->slot_count > MAX_SLOTS) {
        device->slot_count = MAX_SLOTS;
    }
    if (device->slot_count < MIN_SLOTS) {
        return error_set(err, ERROR_BOARD_BAD, "%zu bytes of data RAM are too few", ram_bytes);
    }
    device->base.chunk_bytes = (uint32_t)slot_bytes;
    return stub_client_set_slots(device->stub, device->slot_count, slot_bytes, err);
}

bool device_stub_open(
    const struct device_stub_config *config, struct flash_device **out, struct error *err)
{
    struct device_stub *device = calloc(1, sizeof *device);

    *out = NULL;
    if (device == NULL) {
        return error_set(err, ERROR_HOST_IO, "no memory for a device");
    }
    device->base =
        (struct flash_device){.driver = &driver, .geometry = config->geometry, .can_map = true};
    device->stub = config->stub;
    device->probe = config->probe;
    device->status = config->status;
    device->protect_mask = config->protect_mask;
    device->timeout_ms = timeout_for(&config->geometry, false);
    if (!cut_slots(device, err)) {
        free(device);
        return false;
    }
    *out = &device->base;
    return true;
}

void device_stub_close(struct flash_device *device)
{
    free(device);
}
