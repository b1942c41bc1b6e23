#include "host/flash/prepare.h"

#include "host/flash/hash.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { STEP_BYTES = 1024 * 1024, MAX_SECTOR_BYTES = 256 * 1024 };

void flash_prepare_distrust(struct flash_memory_plan *memory, uint32_t offset, uint32_t size_bytes)
{
    uint32_t sector_bytes = flash_geometry_sector_bytes(&memory->geometry);
    size_t sector = offset / sector_bytes;
    size_t last = size_bytes == 0 ? 0 : (offset + (size_bytes - 1)) / sector_bytes;

    for (; size_bytes > 0 && sector <= last && sector < memory->sector_count; sector++) {
        memory->sectors[sector] |= FLASH_SECTOR_UNTRUSTED;
    }
}

static bool is_blank(const uint8_t *bytes, uint32_t size_bytes)
{
    return size_bytes == 0 || (bytes[0] == 0xFF && memcmp(bytes, bytes + 1, size_bytes - 1) == 0);
}

static bool no_memory(struct error *err)
{
    return error_set(err, ERROR_HOST_IO, "no memory for the bytes to keep");
}

/* Copies the kept ranges of one sector out of its contents. */
static bool fill_keeps(struct flash_memory_plan *memory, uint32_t offset, const uint8_t *contents,
    uint32_t sector_bytes)
{
    size_t i = 0;

    for (i = flash_plan_keep_at(memory, offset); i < memory->keep_count; i++) {
        struct flash_keep *keep = &memory->keeps[i];

        if (keep->offset - offset >= sector_bytes) {
            break; /* of a later sector: a kept range never crosses the end of one */
        }
        free(keep->bytes);
        keep->bytes = malloc(keep->size_bytes);
        if (keep->bytes == NULL) {
            return false;
        }
        memcpy(keep->bytes, contents + (keep->offset - offset), keep->size_bytes);
    }
    return true;
}

/* Reads a partly covered sector. buffer: two sectors. */
static bool read_partial(struct flash_device *device, struct flash_memory_plan *memory,
    size_t sector, uint8_t *buffer, struct error *err)
{
    uint32_t sector_bytes = flash_geometry_sector_bytes(&memory->geometry);
    uint32_t offset = (uint32_t)sector * sector_bytes;
    uint8_t *wanted = buffer + sector_bytes;
    uint8_t *flags = &memory->sectors[sector];
    const struct flash_range range = {.offset = offset, .size_bytes = sector_bytes};
    struct abi_block_hash first = {0};
    struct abi_block_hash again = {0};

    if (!device->driver->read(device, offset, buffer, sector_bytes, err)) {
        return error_add_context(err, "reading the bytes to keep of the sector at 0x%08" PRIx32,
            device->geometry.addr + offset);
    }
    if (!fill_keeps(memory, offset, buffer, sector_bytes)) {
        return no_memory(err);
    }
    if (!device->driver->hash(device, &range, sector_bytes, false, &again, err)) {
        return false;
    }
    first = flash_hash_of(buffer, sector_bytes);
    if (!flash_hash_equal(&first, &again)) { /* weak cells, or a broken granule of internal flash */
        *flags |= FLASH_SECTOR_UNTRUSTED;
    }
    if ((*flags & FLASH_SECTOR_UNTRUSTED) != 0) {
        return true;
    }
    (void)flash_plan_contents(memory, offset, wanted, sector_bytes);
    if (memcmp(buffer, wanted, sector_bytes) == 0) {
        *flags |= FLASH_SECTOR_SAME;
    } else if (is_blank(buffer, sector_bytes)) {
        *flags |= FLASH_SECTOR_BLANK;
    }
    return true;
}

static bool read_partials(
    struct flash_device *device, struct flash_memory_plan *memory, struct error *err)
{
    uint32_t sector_bytes = flash_geometry_sector_bytes(&memory->geometry);
    uint8_t *buffer = NULL;
    bool ok = sector_bytes <= MAX_SECTOR_BYTES;
    size_t i = 0;

    buffer = ok ? malloc((size_t)sector_bytes * 2) : NULL;
    if (buffer == NULL) {
        return no_memory(err);
    }
    for (i = 0; ok && i < memory->sector_count; i++) {
        if ((memory->sectors[i] & FLASH_SECTOR_PARTIAL) != 0 &&
            (memory->sectors[i] & FLASH_SECTOR_RECORD) == 0) {
            ok = flash_check_signal(device, err) && read_partial(device, memory, i, buffer, err);
        }
    }
    free(buffer);
    return ok;
}

/* ---- comparing by hash ---- */

struct comparer {
    struct flash_device *device;
    struct flash_memory_plan *memory;
    struct flash_meter *meter;
    struct abi_block_hash blank; /* of a sector of FF */
    struct abi_block_hash *hashes;
    uint8_t *sector; /* a buffer */
    uint64_t done_bytes;
};

static bool is_comparable(uint8_t flags)
{
    return (flags & FLASH_SECTOR_COVERED) != 0 &&
           (flags & (FLASH_SECTOR_UNTRUSTED | FLASH_SECTOR_RECORD)) == 0;
}

static bool compare_run(struct comparer *comparer, size_t first, size_t count, struct error *err)
{
    struct flash_memory_plan *memory = comparer->memory;
    uint32_t sector_bytes = flash_geometry_sector_bytes(&memory->geometry);
    const struct flash_range range = {
        .offset = (uint32_t)first * sector_bytes, .size_bytes = (uint32_t)count * sector_bytes};
    size_t i = 0;

    if (!flash_check_signal(comparer->device, err) ||
        !comparer->device->driver->hash(
            comparer->device, &range, sector_bytes, false, comparer->hashes, err)) {
        return false;
    }
    for (i = 0; i < count; i++) {
        uint32_t offset = (uint32_t)(first + i) * sector_bytes;
        struct abi_block_hash wanted = {0};

        (void)flash_plan_contents(memory, offset, comparer->sector, sector_bytes);
        wanted = flash_hash_of(comparer->sector, sector_bytes);
        if (flash_hash_equal(&wanted, &comparer->hashes[i])) {
            memory->sectors[first + i] |= FLASH_SECTOR_SAME;
        } else if (flash_hash_equal(&comparer->blank, &comparer->hashes[i])) {
            memory->sectors[first + i] |= FLASH_SECTOR_BLANK;
        }
    }
    comparer->done_bytes += range.size_bytes;
    if (comparer->meter != NULL) {
        flash_meter_report(comparer->meter, comparer->done_bytes);
    }
    return true;
}

static bool compare_sectors(struct comparer *comparer, struct error *err)
{
    struct flash_memory_plan *memory = comparer->memory;
    uint32_t sector_bytes = flash_geometry_sector_bytes(&memory->geometry);
    size_t limit = STEP_BYTES / sector_bytes;
    size_t first = 0;
    size_t end = 0;

    for (first = 0; first < memory->sector_count; first = end) {
        end = first;
        while (end < memory->sector_count && end - first < limit &&
               is_comparable(memory->sectors[end])) {
            end++;
        }
        if (end == first) {
            end++;
        } else if (!compare_run(comparer, first, end - first, err)) {
            return false;
        }
    }
    return true;
}

static bool compare_all(struct flash_device *device, struct flash_memory_plan *memory,
    struct flash_meter *meter, struct error *err)
{
    uint32_t sector_bytes = flash_geometry_sector_bytes(&memory->geometry);
    struct comparer comparer = {.device = device, .memory = memory, .meter = meter};
    bool ok = false;

    comparer.sector = malloc(sector_bytes);
    comparer.hashes = calloc(STEP_BYTES / sector_bytes + 1, sizeof *comparer.hashes);
    if (comparer.sector == NULL || comparer.hashes == NULL) {
        (void)no_memory(err);
    } else {
        memset(comparer.sector, 0xFF, sector_bytes);
        comparer.blank = flash_hash_of(comparer.sector, sector_bytes);
        ok = compare_sectors(&comparer, err);
    }
    free(comparer.sector);
    free(comparer.hashes);
    return ok;
}

/* ---- the whole ---- */

/* While other sectors of the entry image change, its head is written anew, last of all. */
static void renew_head(struct flash_memory_plan *memory)
{
    uint32_t sector_bytes = flash_geometry_sector_bytes(&memory->geometry);
    bool has_changes = false;
    size_t i = 0;

    for (i = 0; i < memory->sector_count; i++) {
        uint8_t flags = memory->sectors[i];

        has_changes =
            has_changes || ((flags & (FLASH_SECTOR_COVERED | FLASH_SECTOR_PARTIAL)) != 0 &&
                               (flags & (FLASH_SECTOR_SAME | FLASH_SECTOR_RECORD)) == 0);
    }
    if (memory->has_head && has_changes) {
        uint8_t *flags = &memory->sectors[memory->head_offset / sector_bytes];

        *flags = (uint8_t)(*flags & ~FLASH_SECTOR_SAME);
    }
}

static bool check_no_erase(const struct flash_memory_plan *memory, struct error *err)
{
    size_t i = 0;

    for (i = 0; i < memory->sector_count; i++) {
        uint8_t flags = memory->sectors[i];

        if ((flags & (FLASH_SECTOR_COVERED | FLASH_SECTOR_PARTIAL)) != 0 &&
            (flags & (FLASH_SECTOR_SAME | FLASH_SECTOR_BLANK | FLASH_SECTOR_RECORD)) == 0) {
            uint32_t addr = memory->geometry.addr +
                            (uint32_t)i * flash_geometry_sector_bytes(&memory->geometry);

            (void)error_set(err, ERROR_NOT_BLANK,
                "the sector at 0x%08" PRIx32 " of memory %s is %s, and --erase none forbids to "
                "erase it",
                addr, memory->geometry.name,
                (flags & FLASH_SECTOR_UNTRUSTED) != 0 ? "half written by a run that was cut off"
                                                      : "neither blank nor the same already");
            error_set_hint(err, "use --erase auto");
            error_set_addr(err, addr);
            return false;
        }
    }
    return true;
}

bool flash_prepare_memory(struct flash_device *device, struct flash_memory_plan *memory,
    const struct flash_prepare_options *options, struct flash_meter *meter, struct error *err)
{
    bool must_compare = options->compare || options->erase == FLASH_ERASE_NONE;

    if (!read_partials(device, memory, err)) {
        return false;
    }
    if (must_compare && !compare_all(device, memory, meter, err)) {
        return error_add_context(
            err, "comparing memory %s with what it shall hold", memory->geometry.name);
    }
    if (options->erase != FLASH_ERASE_NONE) {
        renew_head(memory);
    } else if (!check_no_erase(memory, err)) {
        return false;
    }
    return flash_plan_arrange(memory, options->erase, err);
}
