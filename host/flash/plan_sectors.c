/* Which sectors a plan touches, which bytes in them are kept, and how they are erased. */
#include "host/flash/plan_parts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static bool no_memory(struct error *err)
{
    return error_set(err, ERROR_HOST_IO, "no memory for the plan");
}

bool flash_plan_overlaps(
    const struct flash_memory_plan *memory, uint32_t offset, uint32_t size_bytes)
{
    size_t i = flash_plan_piece_at(memory, offset);

    if (size_bytes == 0 || i == memory->piece_count) {
        return false;
    }
    return memory->pieces[i].offset <= offset || memory->pieces[i].offset - offset < size_bytes;
}

/* The first byte from offset on that is not requested; at most limit_bytes are looked at. */
static uint32_t covered_bytes(
    const struct flash_memory_plan *memory, uint32_t offset, uint32_t limit_bytes)
{
    uint32_t covered = 0;
    size_t i = flash_plan_piece_at(memory, offset);

    for (; i < memory->piece_count && covered < limit_bytes; i++) {
        const struct flash_piece *piece = &memory->pieces[i];
        uint32_t at = offset + covered;

        if (piece->offset > at) {
            break;
        }
        covered += piece->size_bytes - (at - piece->offset);
    }
    return covered < limit_bytes ? covered : limit_bytes;
}

bool flash_plan_covers(const struct flash_memory_plan *memory, uint32_t offset, uint32_t size_bytes)
{
    return covered_bytes(memory, offset, size_bytes) == size_bytes;
}

static bool add_keep(
    struct flash_memory_plan *memory, uint32_t offset, uint32_t size_bytes, struct error *err)
{
    struct flash_keep *grown = realloc(memory->keeps, (memory->keep_count + 1) * sizeof *grown);

    if (grown == NULL) {
        return no_memory(err);
    }
    memory->keeps = grown;
    grown[memory->keep_count++] = (struct flash_keep){.offset = offset, .size_bytes = size_bytes};
    return true;
}

/* The gaps between the pieces of one sector. */
static bool add_keeps_of(
    struct flash_memory_plan *memory, uint32_t offset, uint32_t size_bytes, struct error *err)
{
    uint32_t at = 0;

    while (at < size_bytes) {
        uint32_t gap = 0;
        size_t i = 0;

        at += covered_bytes(memory, offset + at, size_bytes - at);
        if (at == size_bytes) {
            break;
        }
        i = flash_plan_piece_at(memory, offset + at);
        gap = size_bytes - at;
        if (i < memory->piece_count && memory->pieces[i].offset - (offset + at) < gap) {
            gap = memory->pieces[i].offset - (offset + at);
        }
        if (!add_keep(memory, offset + at, gap, err)) {
            return false;
        }
        at += gap;
    }
    return true;
}

static bool mark_sector(struct flash_memory_plan *memory, size_t sector, struct error *err)
{
    uint32_t sector_bytes = flash_geometry_sector_bytes(&memory->geometry);
    uint32_t offset = (uint32_t)sector * sector_bytes;

    if (memory->sectors[sector] != 0) {
        return true; /* two pieces in one sector */
    }
    if (flash_plan_covers(memory, offset, sector_bytes)) {
        memory->sectors[sector] = FLASH_SECTOR_COVERED;
        return true;
    }
    memory->sectors[sector] = FLASH_SECTOR_PARTIAL;
    return add_keeps_of(memory, offset, sector_bytes, err);
}

static bool mark_piece(
    struct flash_memory_plan *memory, const struct flash_piece *piece, struct error *err)
{
    uint32_t sector_bytes = flash_geometry_sector_bytes(&memory->geometry);
    size_t last = (piece->offset + (piece->size_bytes - 1)) / sector_bytes;
    size_t sector = 0;

    for (sector = piece->offset / sector_bytes; sector <= last; sector++) {
        if (!mark_sector(memory, sector, err)) {
            return false;
        }
    }
    return true;
}

bool flash_plan_mark_sectors(struct flash_memory_plan *memory, struct error *err)
{
    uint32_t sector_bytes = flash_geometry_sector_bytes(&memory->geometry);
    size_t i = 0;

    if (sector_bytes == 0 || memory->geometry.size_bytes % sector_bytes != 0) {
        return error_set(err, ERROR_BOARD_BAD,
            "memory %s: %" PRIu32 " bytes are not a whole number of sectors of %" PRIu32,
            memory->geometry.name, memory->geometry.size_bytes, sector_bytes);
    }
    memory->sector_count = memory->geometry.size_bytes / sector_bytes;
    memory->sectors = calloc(memory->sector_count, 1);
    if (memory->sectors == NULL) {
        return no_memory(err);
    }
    for (i = 0; i < memory->piece_count; i++) {
        if (!mark_piece(memory, &memory->pieces[i], err)) {
            return false;
        }
    }
    return true;
}

/* ---- choosing erase operations ---- */

static bool needs_work(uint8_t flags)
{
    return (flags & (FLASH_SECTOR_COVERED | FLASH_SECTOR_PARTIAL)) != 0 &&
           (flags & (FLASH_SECTOR_SAME | FLASH_SECTOR_RECORD)) == 0;
}

static bool needs_erase(uint8_t flags)
{
    return needs_work(flags) && (flags & FLASH_SECTOR_BLANK) == 0;
}

struct span {
    size_t first;
    size_t count;
};

static size_t count_to_erase(const struct flash_memory_plan *memory, struct span span)
{
    size_t needed = 0;
    size_t i = 0;

    for (i = span.first; i < span.first + span.count; i++) {
        needed += needs_erase(memory->sectors[i]) ? 1 : 0;
    }
    return needed;
}

/* May all sectors of a span be erased in one go? Their contents must be known: requested as a
 * whole, or with the kept bytes read. */
static bool may_erase(const struct flash_memory_plan *memory, struct span span)
{
    size_t i = 0;

    for (i = span.first; i < span.first + span.count; i++) {
        uint8_t flags = memory->sectors[i];

        if ((flags & FLASH_SECTOR_RECORD) != 0 ||
            (flags & (FLASH_SECTOR_COVERED | FLASH_SECTOR_PARTIAL)) == 0) {
            return false;
        }
    }
    return true;
}

static bool append_block(struct flash_memory_plan *memory, struct span span, uint8_t erase_type)
{
    uint32_t sector_bytes = flash_geometry_sector_bytes(&memory->geometry);

    if ((memory->block_count & (memory->block_count - 1)) == 0) {
        size_t capacity = memory->block_count == 0 ? 1 : memory->block_count * 2;
        struct flash_block *grown = realloc(memory->blocks, capacity * sizeof *grown);

        if (grown == NULL) {
            return false;
        }
        memory->blocks = grown;
    }
    memory->blocks[memory->block_count++] =
        (struct flash_block){.offset = (uint32_t)span.first * sector_bytes,
            .size_bytes = (uint32_t)span.count * sector_bytes,
            .erase_type = erase_type};
    return true;
}

/* The largest erase unit that starts at a sector, may be erased, and is no slower than erasing what
 * needs it one sector at a time. */
static uint8_t choose_type(const struct flash_memory_plan *memory, size_t sector,
    enum flash_erase_mode erase, struct span *span)
{
    const struct flash_geometry *geometry = &memory->geometry;
    uint32_t sector_bytes = flash_geometry_sector_bytes(geometry);
    uint8_t type = erase == FLASH_ERASE_AUTO ? (uint8_t)(geometry->erase_count - 1) : 0;

    for (; type > 0; type--) {
        const struct part_erase *unit = &geometry->erase[type];
        size_t count = unit->size_bytes / sector_bytes;
        struct span candidate = {sector, count};

        if (count == 0 || sector % count != 0 || count > memory->sector_count - sector ||
            !may_erase(memory, candidate)) {
            continue;
        }
        if ((uint64_t)count_to_erase(memory, candidate) * geometry->erase[0].typical_us >=
            unit->typical_us) {
            *span = candidate;
            return type;
        }
    }
    *span = (struct span){sector, 1};
    return 0;
}

static void mark_erased(struct flash_memory_plan *memory, struct span span)
{
    size_t i = 0;

    for (i = span.first; i < span.first + span.count; i++) {
        memory->sectors[i] =
            (uint8_t)((memory->sectors[i] & ~(FLASH_SECTOR_SAME | FLASH_SECTOR_BLANK)) |
                      FLASH_SECTOR_ERASE);
    }
}

/* Sectors that are programmed without an erase, up to the largest erase unit. */
static struct span blank_span(
    const struct flash_memory_plan *memory, size_t sector, enum flash_erase_mode erase)
{
    const struct flash_geometry *geometry = &memory->geometry;
    size_t limit = geometry->erase[geometry->erase_count - 1].size_bytes /
                   flash_geometry_sector_bytes(geometry);
    size_t end = sector;

    while (end < memory->sector_count && end / limit == sector / limit &&
           needs_work(memory->sectors[end]) &&
           (erase == FLASH_ERASE_NONE || !needs_erase(memory->sectors[end]))) {
        end++;
    }
    return (struct span){sector, end - sector};
}

static bool arrange_units(struct flash_memory_plan *memory, enum flash_erase_mode erase)
{
    size_t sector = 0;

    while (sector < memory->sector_count) {
        struct span span = {sector, 1};
        uint8_t type = FLASH_ERASE_TYPE_NONE;
        struct span blank = {sector, 0};

        if (erase != FLASH_ERASE_NONE) {
            type = choose_type(memory, sector, erase, &span);
        }
        if (span.count == 1 && !needs_work(memory->sectors[sector])) {
            sector++;
            continue;
        }
        if (span.count == 1) {
            blank = blank_span(memory, sector, erase);
        }
        if (blank.count > 0) {
            span = blank;
            type = FLASH_ERASE_TYPE_NONE;
        } else {
            mark_erased(memory, span);
        }
        if (!append_block(memory, span, type)) {
            return false;
        }
        sector += span.count;
    }
    return true;
}

/* One erase for the whole chip, then the programming in blocks as if all were blank. */
static bool arrange_chip(struct flash_memory_plan *memory)
{
    struct span all = {0, memory->sector_count};
    size_t sector = 0;

    mark_erased(memory, all);
    if (!append_block(memory, all, FLASH_ERASE_TYPE_CHIP)) {
        return false;
    }
    while (sector < memory->sector_count) {
        struct span span = blank_span(memory, sector, FLASH_ERASE_NONE);

        if (span.count > 0 && !append_block(memory, span, FLASH_ERASE_TYPE_NONE)) {
            return false;
        }
        sector += span.count > 0 ? span.count : 1;
    }
    return true;
}

/* With every sector requested as a whole, erasing the chip loses nothing; it is chosen when it is
 * faster than the blocks. */
static bool is_chip_erase_better(const struct flash_memory_plan *memory)
{
    const struct flash_geometry *geometry = &memory->geometry;
    const struct part_erase *largest = &geometry->erase[geometry->erase_count - 1];
    uint64_t blocks_us = 0;
    size_t i = 0;

    if (geometry->chip_erase_typical_us == 0) {
        return false;
    }
    for (i = 0; i < memory->sector_count; i++) {
        if ((memory->sectors[i] & FLASH_SECTOR_COVERED) == 0 ||
            (memory->sectors[i] & FLASH_SECTOR_RECORD) != 0) {
            return false;
        }
    }
    blocks_us = (uint64_t)count_to_erase(memory, (struct span){0, memory->sector_count}) *
                flash_geometry_sector_bytes(geometry) / largest->size_bytes * largest->typical_us;
    return blocks_us > geometry->chip_erase_typical_us;
}

/* The block with the head goes first: its erase makes the old image unstartable before anything
 * else changes. */
static void move_head_first(struct flash_memory_plan *memory)
{
    size_t i = 0;

    for (i = 0; memory->has_head && i < memory->block_count; i++) {
        struct flash_block block = memory->blocks[i];

        if (block.erase_type != FLASH_ERASE_TYPE_CHIP && memory->head_offset >= block.offset &&
            memory->head_offset - block.offset < block.size_bytes) {
            size_t place = memory->blocks[0].erase_type == FLASH_ERASE_TYPE_CHIP && i > 0 ? 1 : 0;

            memmove(memory->blocks + place + 1, memory->blocks + place,
                (i - place) * sizeof *memory->blocks);
            memory->blocks[place] = block;
            break;
        }
    }
}

bool flash_plan_arrange(
    struct flash_memory_plan *memory, enum flash_erase_mode erase, struct error *err)
{
    bool is_external = memory->geometry.chip_erase_typical_us > 0;
    bool use_chip = erase == FLASH_ERASE_CHIP && is_external;
    size_t i = 0;
    bool ok = false;

    if (erase == FLASH_ERASE_CHIP && !is_external) {
        erase = FLASH_ERASE_AUTO; /* internal flash: sectors only, even when asked for the chip */
    }
    if (erase == FLASH_ERASE_AUTO && is_chip_erase_better(memory)) {
        use_chip = true;
    }
    free(memory->blocks);
    memory->blocks = NULL;
    memory->block_count = 0;
    for (i = 0; i < memory->sector_count; i++) {
        memory->sectors[i] = (uint8_t)(memory->sectors[i] & ~FLASH_SECTOR_ERASE);
    }
    ok = use_chip ? arrange_chip(memory) : arrange_units(memory, erase);
    if (!ok) {
        return no_memory(err);
    }
    move_head_first(memory);
    return true;
}
