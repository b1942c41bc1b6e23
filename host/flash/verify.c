#include "host/flash/verify.h"

#include "host/flash/hash.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    STEP_BYTES = 1024 * 1024, /* one command: progress and Ctrl-C in between */
    HASH_BLOCK_BYTES = 4096,
    HASHES = STEP_BYTES / HASH_BLOCK_BYTES,
    /* After this many differing blocks the count is a lower bound: the answer is clear by then. */
    MAX_COMPARED_BLOCKS = 256
};

/* What has been found out about a mismatch, over several blocks. */
struct findings {
    struct flash_difference first;
    uint64_t count;
    uint8_t bits;
    uint32_t blocks;
    bool has_more;
};

struct verifier {
    struct flash_device *device;
    const struct flash_memory_plan *memory;
    struct flash_meter *meter; /* NULL allowed */
    uint64_t done_bytes;       /* of the meter's total, before this range */
    enum flash_verify_way way;
    struct findings findings;
    struct abi_block_hash hashes[HASHES];
    uint8_t block[HASH_BLOCK_BYTES];
};

static void add_difference(struct verifier *verifier, const struct flash_difference *difference)
{
    struct findings *findings = &verifier->findings;

    if (difference->first_offset == UINT32_MAX) {
        return;
    }
    if (findings->count == 0) {
        findings->first = *difference;
    }
    findings->count += difference->count;
    findings->bits |= difference->bits;
}

/* The hash said that a block differs: find out where. When the comparison then finds nothing, the
 * chip reads unstably, and that is a difference too. */
static bool compare_block(
    struct verifier *verifier, uint32_t offset, uint32_t size_bytes, struct error *err)
{
    struct flash_difference difference = {.first_offset = UINT32_MAX};

    if (verifier->findings.blocks >= MAX_COMPARED_BLOCKS) {
        verifier->findings.has_more = true;
        return true;
    }
    verifier->findings.blocks++;
    (void)flash_plan_contents(verifier->memory, offset, verifier->block, size_bytes);
    if (!verifier->device->driver->compare(
            verifier->device, offset, verifier->block, size_bytes, &difference, err)) {
        return false;
    }
    if (difference.first_offset == UINT32_MAX) {
        difference = (struct flash_difference){.first_offset = offset,
            .count = 1,
            .expected = verifier->block[0],
            .found = (uint8_t)~verifier->block[0],
            .found_again = verifier->block[0]};
    }
    add_difference(verifier, &difference);
    return true;
}

static bool is_equal(struct verifier *verifier, uint32_t offset, uint32_t size_bytes,
    const struct abi_block_hash *found)
{
    struct abi_block_hash wanted = {0};

    (void)flash_plan_contents(verifier->memory, offset, verifier->block, size_bytes);
    wanted = flash_hash_of(verifier->block, size_bytes);
    return flash_hash_equal(&wanted, found);
}

/* The hashes of what the link brings, block by block. */
static bool read_hashes(
    struct verifier *verifier, uint32_t offset, uint32_t size_bytes, struct error *err)
{
    uint32_t at = 0;

    for (at = 0; at < size_bytes; at += HASH_BLOCK_BYTES) {
        uint32_t count = size_bytes - at < HASH_BLOCK_BYTES ? size_bytes - at : HASH_BLOCK_BYTES;

        if (!verifier->device->driver->read(
                verifier->device, offset + at, verifier->block, count, err)) {
            return false;
        }
        verifier->hashes[at / HASH_BLOCK_BYTES] = flash_hash_of(verifier->block, count);
    }
    return true;
}

static bool get_hashes(
    struct verifier *verifier, uint32_t offset, uint32_t size_bytes, struct error *err)
{
    const struct flash_range range = {.offset = offset, .size_bytes = size_bytes};
    /* Internal flash is read through its own window in any case. */
    bool mapped = verifier->way == FLASH_VERIFY_MAPPED && verifier->device->can_map;

    return verifier->way == FLASH_VERIFY_READ
               ? read_hashes(verifier, offset, size_bytes, err)
               : verifier->device->driver->hash(
                     verifier->device, &range, HASH_BLOCK_BYTES, mapped, verifier->hashes, err);
}

/* One step over an aligned range. */
static bool verify_step(
    struct verifier *verifier, uint32_t offset, uint32_t size_bytes, struct error *err)
{
    uint32_t at = 0;

    if (!flash_check_signal(verifier->device, err) ||
        !get_hashes(verifier, offset, size_bytes, err)) {
        return false;
    }
    for (at = 0; at < size_bytes; at += HASH_BLOCK_BYTES) {
        uint32_t count = size_bytes - at < HASH_BLOCK_BYTES ? size_bytes - at : HASH_BLOCK_BYTES;

        if (!is_equal(verifier, offset + at, count, &verifier->hashes[at / HASH_BLOCK_BYTES]) &&
            !compare_block(verifier, offset + at, count, err)) {
            return false;
        }
    }
    return true;
}

/* A few bytes at an edge that is not aligned: read twice when they differ. */
static bool verify_edge(
    struct verifier *verifier, uint32_t offset, uint32_t size_bytes, struct error *err)
{
    uint8_t expected[FLASH_ALIGN_BYTES];
    uint8_t found[2][FLASH_ALIGN_BYTES];
    struct flash_difference difference = {.first_offset = UINT32_MAX};
    struct flash_device *device = verifier->device;
    uint32_t i = 0;

    if (size_bytes == 0) {
        return true;
    }
    (void)flash_plan_contents(verifier->memory, offset, expected, size_bytes);
    if (!device->driver->read(device, offset, found[0], size_bytes, err)) {
        return false;
    }
    if (memcmp(expected, found[0], size_bytes) == 0) {
        return true;
    }
    if (!device->driver->read(device, offset, found[1], size_bytes, err)) {
        return false;
    }
    for (i = size_bytes; i-- > 0;) {
        if (expected[i] != found[0][i]) {
            difference.first_offset = offset + i;
            difference.count++;
            difference.expected = expected[i];
            difference.found = found[0][i];
            difference.found_again = found[1][i];
            difference.bits |= expected[i] ^ found[0][i];
        }
    }
    add_difference(verifier, &difference);
    return true;
}

static void report(struct verifier *verifier, uint32_t done_bytes)
{
    if (verifier->meter != NULL) {
        flash_meter_report(verifier->meter, verifier->done_bytes + done_bytes);
    }
}

static bool look_at_range(
    struct verifier *verifier, uint32_t offset, uint32_t size_bytes, struct error *err)
{
    uint32_t head = (FLASH_ALIGN_BYTES - offset % FLASH_ALIGN_BYTES) % FLASH_ALIGN_BYTES;
    uint32_t done = 0;
    uint32_t step = 0;

    head = head < size_bytes ? head : size_bytes;
    if (!verify_edge(verifier, offset, head, err)) {
        return false;
    }
    for (done = head; size_bytes - done >= FLASH_ALIGN_BYTES; done += step) {
        step = size_bytes - done < STEP_BYTES ? size_bytes - done : STEP_BYTES;
        step -= step % FLASH_ALIGN_BYTES;
        if (!verify_step(verifier, offset + done, step, err)) {
            return false;
        }
        report(verifier, done + step);
    }
    return verify_edge(verifier, offset + done, size_bytes - done, err);
}

static bool mismatch(const struct verifier *verifier, struct error *err)
{
    const struct findings *findings = &verifier->findings;
    const struct flash_difference *first = &findings->first;
    uint32_t addr = verifier->device->geometry.addr + first->first_offset;
    char bits[32] = "";
    size_t used = 0;
    unsigned i = 0;

    for (i = 8; i-- > 0;) {
        if ((findings->bits >> i & 1) != 0) {
            bits[used++] = ' ';
            bits[used++] = (char)('0' + i);
        }
    }
    bits[used] = '\0';
    (void)error_set(err, ERROR_VERIFY_MISMATCH,
        "memory %s differs at 0x%08" PRIx32 ": expected %02x, found %02x; %s%" PRIu64
        " bytes differ, in bits%s; %s",
        verifier->device->geometry.name, addr, first->expected, first->found,
        findings->has_more ? "at least " : "", findings->count, used == 0 ? " unknown" : bits,
        first->found == first->found_again ? "a second reading agrees"
                                           : "a second reading gave something else");
    if (first->found != first->found_again) {
        error_set_hint(err, "the bytes read unstably: lower the clock of the memory, check supply "
                            "and wiring, or erase and program again");
    } else if (findings->count > 0 && first->found == 0xFF) {
        error_set_hint(err, "the bytes read as erased: the chip accepted the command without "
                            "effect (write protection?)");
    }
    error_set_addr(err, addr);
    return false;
}

/* Fails with the findings, if there are any. */
static bool conclude(struct verifier *verifier, bool looked, struct error *err)
{
    bool ok = looked && (verifier->findings.count == 0 || mismatch(verifier, err));

    free(verifier);
    return ok;
}

static struct verifier *make_verifier(struct flash_device *device,
    const struct flash_memory_plan *memory, struct flash_meter *meter, struct error *err)
{
    struct verifier *verifier = calloc(1, sizeof *verifier);

    if (verifier == NULL) {
        (void)error_set(err, ERROR_HOST_IO, "no memory for the verification");
        return NULL;
    }
    verifier->device = device;
    verifier->memory = memory;
    verifier->meter = meter;
    return verifier;
}

bool flash_verify_range(struct flash_device *device, const struct flash_memory_plan *memory,
    uint32_t offset, uint32_t size_bytes, struct flash_meter *meter, struct error *err)
{
    struct verifier *verifier = make_verifier(device, memory, meter, err);

    if (verifier == NULL) {
        return false;
    }
    return conclude(verifier, look_at_range(verifier, offset, size_bytes, err), err);
}

static bool is_changed(const struct flash_memory_plan *memory, size_t sector)
{
    uint8_t flags = memory->sectors[sector];
    uint32_t offset = (uint32_t)sector * flash_geometry_sector_bytes(&memory->geometry);

    if (memory->has_head && offset == memory->head_offset) {
        return false;
    }
    return (flags & (FLASH_SECTOR_COVERED | FLASH_SECTOR_PARTIAL)) != 0 &&
           (flags & (FLASH_SECTOR_SAME | FLASH_SECTOR_RECORD)) == 0;
}

uint64_t flash_verify_sector_bytes(const struct flash_memory_plan *memory)
{
    uint64_t total_bytes = 0;
    size_t i = 0;

    for (i = 0; i < memory->sector_count; i++) {
        total_bytes += is_changed(memory, i) ? flash_geometry_sector_bytes(&memory->geometry) : 0;
    }
    return total_bytes;
}

bool flash_verify_sectors(struct flash_device *device, const struct flash_memory_plan *memory,
    struct flash_meter *meter, struct error *err)
{
    struct verifier *verifier = make_verifier(device, memory, meter, err);
    uint32_t sector_bytes = flash_geometry_sector_bytes(&memory->geometry);
    size_t first = 0;
    size_t end = 0;
    bool ok = verifier != NULL;

    for (first = 0; ok && first < memory->sector_count; first = end) {
        uint32_t size_bytes = 0;

        for (end = first; end < memory->sector_count && is_changed(memory, end); end++) {
            size_bytes += sector_bytes;
        }
        if (end == first) {
            end++;
            continue;
        }
        ok = look_at_range(verifier, (uint32_t)first * sector_bytes, size_bytes, err);
        verifier->done_bytes += size_bytes;
    }
    return verifier != NULL && conclude(verifier, ok, err);
}

bool flash_verify_pieces(struct flash_device *device, const struct flash_memory_plan *memory,
    enum flash_verify_way way, struct flash_meter *meter, struct error *err)
{
    struct verifier *verifier = make_verifier(device, memory, meter, err);
    bool ok = verifier != NULL;
    size_t i = 0;

    if (ok) {
        verifier->way = way;
    }
    while (ok && i < memory->piece_count) {
        uint32_t offset = memory->pieces[i].offset;
        uint32_t size_bytes = 0;

        do { /* neighbours are one range */
            size_bytes += memory->pieces[i].size_bytes;
            i++;
        } while (i < memory->piece_count && memory->pieces[i].offset - offset == size_bytes);
        ok = look_at_range(verifier, offset, size_bytes, err);
        verifier->done_bytes += size_bytes;
    }
    return verifier != NULL && conclude(verifier, ok, err);
}
