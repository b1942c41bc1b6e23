/* A plan in figures and in words. */
#include "host/flash/plan.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the stub reads and hashes at the reset clock (reference: performance notes, section 4). */
enum { HASH_BYTES_PER_S = 18 * 1000 * 1000 };

/* ---- figures ---- */

static bool is_touched(uint8_t flags)
{
    return (flags & (FLASH_SECTOR_COVERED | FLASH_SECTOR_PARTIAL)) != 0;
}

/* Cut at the sectors, some of which may be the same already. */
static void sum_piece(const struct flash_memory_plan *memory, const struct flash_piece *piece,
    struct flash_plan_totals *totals)
{
    uint32_t sector_bytes = flash_geometry_sector_bytes(&memory->geometry);
    uint32_t done = 0;
    uint32_t step = 0;

    totals->requested_bytes += piece->size_bytes;
    for (done = 0; done < piece->size_bytes; done += step) {
        uint32_t offset = piece->offset + done;

        step = sector_bytes - offset % sector_bytes;
        step = step < piece->size_bytes - done ? step : piece->size_bytes - done;
        if ((memory->sectors[offset / sector_bytes] & FLASH_SECTOR_SAME) != 0) {
            totals->same_bytes += step;
        } else if (piece->bytes != NULL) {
            totals->program_bytes += step;
        }
    }
}

void flash_plan_sum(const struct flash_memory_plan *memory, struct flash_plan_totals *totals)
{
    size_t i = 0;

    memset(totals, 0, sizeof *totals);
    for (i = 0; i < memory->piece_count; i++) {
        sum_piece(memory, &memory->pieces[i], totals);
    }
    for (i = 0; i < memory->keep_count; i++) {
        totals->keep_bytes += memory->keeps[i].size_bytes;
    }
    for (i = 0; i < memory->block_count; i++) {
        if (memory->blocks[i].erase_type != FLASH_ERASE_TYPE_NONE) {
            totals->erase_bytes += memory->blocks[i].size_bytes;
            totals->erase_count++;
        }
    }
    for (i = 0; i < memory->sector_count; i++) {
        bool is_same =
            is_touched(memory->sectors[i]) && (memory->sectors[i] & FLASH_SECTOR_SAME) != 0;

        totals->sector_same_count += is_same ? 1 : 0;
    }
}

static uint64_t block_us(const struct flash_memory_plan *memory, const struct flash_block *block,
    uint32_t link_bytes_per_s)
{
    const struct flash_geometry *geometry = &memory->geometry;
    uint32_t page_bytes = geometry->page_bytes > 0 ? geometry->page_bytes : 1;
    uint64_t flash_us = 0;
    uint64_t link_us = 0;
    bool has_data = false;
    size_t i = flash_plan_piece_at(memory, block->offset);

    for (; i < memory->piece_count && memory->pieces[i].offset < block->offset + block->size_bytes;
         i++) {
        has_data = has_data || memory->pieces[i].bytes != NULL;
    }
    if (has_data && block->erase_type != FLASH_ERASE_TYPE_CHIP) {
        flash_us = (uint64_t)(block->size_bytes / page_bytes) * geometry->program_typical_us;
        link_us =
            link_bytes_per_s > 0 ? (uint64_t)block->size_bytes * 1000000 / link_bytes_per_s : 0;
    }
    if (block->erase_type == FLASH_ERASE_TYPE_CHIP) {
        flash_us += geometry->chip_erase_typical_us;
    } else if (block->erase_type != FLASH_ERASE_TYPE_NONE) {
        flash_us += geometry->erase[block->erase_type].typical_us;
    }
    return flash_us > link_us ? flash_us : link_us; /* they work at the same time */
}

uint64_t flash_plan_estimate_ms(const struct flash_memory_plan *memory, uint32_t link_bytes_per_s)
{
    struct flash_plan_totals totals;
    uint64_t total_us = 0;
    size_t i = 0;

    for (i = 0; i < memory->block_count; i++) {
        total_us += block_us(memory, &memory->blocks[i], link_bytes_per_s);
    }
    flash_plan_sum(memory, &totals);
    total_us += (totals.requested_bytes + totals.keep_bytes) * 1000000 / HASH_BYTES_PER_S;
    return (total_us + 999) / 1000;
}

/* ---- words ---- */

struct text {
    char *bytes;
    size_t used;
    size_t capacity;
    bool has_failed;
};

static void add(struct text *text, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void add(struct text *text, const char *fmt, ...)
{
    char line[256];
    va_list args;
    int count = 0;

    va_start(args, fmt);
    count = vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    if (count < 0) {
        return;
    }
    count = count < (int)sizeof line ? count : (int)sizeof line - 1;
    if (text->capacity - text->used <= (size_t)count) {
        size_t capacity = text->capacity * 2 + sizeof line;
        char *grown = realloc(text->bytes, capacity);

        if (grown == NULL) {
            text->has_failed = true;
            return;
        }
        text->bytes = grown;
        text->capacity = capacity;
    }
    memcpy(text->bytes + text->used, line, (size_t)count + 1);
    text->used += (size_t)count;
}

/* Operations of one kind on neighbours are one line. */
static void add_erases(struct text *text, const struct flash_memory_plan *memory)
{
    const struct flash_geometry *geometry = &memory->geometry;
    size_t i = 0;

    while (i < memory->block_count) {
        const struct flash_block *first = &memory->blocks[i];
        uint32_t end = first->offset + first->size_bytes;
        size_t count = 1;

        while (i + count < memory->block_count && memory->blocks[i + count].offset == end &&
               memory->blocks[i + count].erase_type == first->erase_type) {
            end += memory->blocks[i + count].size_bytes;
            count++;
        }
        if (first->erase_type == FLASH_ERASE_TYPE_CHIP) {
            add(text, "  erase 0x%08" PRIx32 "-0x%08" PRIx32 "  the whole chip in one operation\n",
                geometry->addr, geometry->addr + geometry->size_bytes);
        } else if (first->erase_type != FLASH_ERASE_TYPE_NONE) {
            add(text, "  erase 0x%08" PRIx32 "-0x%08" PRIx32 "  %zu x %" PRIu32 " KB\n",
                geometry->addr + first->offset, geometry->addr + end, count,
                geometry->erase[first->erase_type].size_bytes / 1024);
        }
        i += count;
    }
}

static void add_memory(
    struct text *text, const struct flash_memory_plan *memory, uint32_t link_bytes_per_s)
{
    const struct flash_geometry *geometry = &memory->geometry;
    struct flash_plan_totals totals;
    size_t i = 0;

    flash_plan_sum(memory, &totals);
    add(text,
        "memory %s: %" PRIu64 " bytes requested, %" PRIu64 " to program, %" PRIu64
        " already there, %" PRIu64 " kept, about %" PRIu64 " ms\n",
        geometry->name, totals.requested_bytes, totals.program_bytes, totals.same_bytes,
        totals.keep_bytes, flash_plan_estimate_ms(memory, link_bytes_per_s));
    add_erases(text, memory);
    for (i = 0; i < memory->keep_count; i++) {
        const struct flash_keep *keep = &memory->keeps[i];

        add(text, "  keep  0x%08" PRIx32 "-0x%08" PRIx32 "\n", geometry->addr + keep->offset,
            geometry->addr + keep->offset + keep->size_bytes);
    }
    for (i = 0; i < memory->piece_count; i++) {
        const struct flash_piece *piece = &memory->pieces[i];

        if (piece->bytes != NULL) {
            add(text, "  write 0x%08" PRIx32 "-0x%08" PRIx32 "  %" PRIu32 " bytes\n",
                geometry->addr + piece->offset, geometry->addr + piece->offset + piece->size_bytes,
                piece->size_bytes);
        }
    }
}

static void add_record(
    struct text *text, const struct board *board, const struct flash_record_plan *record)
{
    static const char *const actions[] = {
        [FLASH_RECORD_NONE] = NULL,
        [FLASH_RECORD_WRITE] = "invalidated first, written last",
        [FLASH_RECORD_RECOMPUTE] = "invalidated first, written last with the new checksum",
        [FLASH_RECORD_REMOVE] = "removed",
    };
    const char *action = actions[record->action];

    if (action != NULL) {
        add(text, "boot record at 0x%08" PRIx32 ", a sector of %" PRIu32 " bytes: %s\n",
            flash_memory_range(board, record->memory).addr + record->offset, record->unit_bytes,
            action);
    }
    if (record->reason != NULL) {
        add(text, "no boot record: %s\n", record->reason);
    }
}

bool flash_plan_describe(const struct board *board, const struct flash_plan *plan,
    uint32_t link_bytes_per_s, char **text, struct error *err)
{
    struct text words = {0};
    size_t i = 0;

    *text = NULL;
    add(&words, "%s", "");
    for (i = 0; i < plan->memory_count; i++) {
        add_memory(&words, &plan->memories[i], link_bytes_per_s);
    }
    for (i = 0; i < plan->ram_piece_count; i++) {
        add(&words, "load  0x%08" PRIx32 "  %" PRIu32 " bytes into RAM\n", plan->ram_pieces[i].addr,
            plan->ram_pieces[i].size_bytes);
    }
    add_record(&words, board, &plan->record);
    if (words.has_failed || words.bytes == NULL) {
        free(words.bytes);
        return error_set(err, ERROR_HOST_IO, "no memory for the plan's text");
    }
    *text = words.bytes;
    return true;
}
