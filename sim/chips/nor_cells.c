/* The memory cells: bits only fall when programmed, ECC units are written once, and what was cut
 * short stays weak until it is erased wholly.
 *
 * Layout of the cells file: a bit per ECC unit "programmed", a bit per ECC unit "ECC off", then a
 * byte per page: 0 sound, else a weak kind in bits 7:6 and a counter of disturbing reads. */
#include "sim/chips/nor.h"
#include "sim/report.h"

#include <string.h>

enum {
    WEAK_UNSTABLE = 0x40,   /* every read may differ */
    WEAK_RIGHT_ONCE = 0x80, /* the next read is right, then it is unstable */
    WEAK_KIND = 0xC0,
    WEAK_COUNT = 0x3F
};

static size_t bitmap_bytes(const struct nor *nor)
{
    return nor->part->size_bytes / nor->part->ecc_unit_bytes / 8;
}

static uint8_t *unit_bitmap(struct nor *nor)
{
    return nor->storage.cells;
}

static uint8_t *ecc_off_bitmap(struct nor *nor)
{
    return nor->storage.cells + bitmap_bytes(nor);
}

static uint8_t *page_states(struct nor *nor)
{
    return nor->storage.cells + 2 * bitmap_bytes(nor);
}

void nor_cells_count_weak(struct nor *nor)
{
    uint32_t pages = nor->part->size_bytes / nor->part->page_bytes;
    const uint8_t *states = page_states(nor);

    nor->weak_count = 0;
    for (uint32_t page = 0; page < pages; page++) {
        nor->weak_count += states[page] != 0;
    }
}

/* A fixed mixing of three numbers: which bits are weak must not change between two runs. */
static uint32_t mix(uint32_t a, uint32_t b, uint32_t c)
{
    uint32_t x = a * 0x9E3779B1U ^ b * 0x85EBCA77U ^ c * 0xC2B2AE3DU;

    x ^= x >> 15;
    x *= 0x2C1B3C6DU;
    x ^= x >> 12;
    x *= 0x297A2D39U;
    return x ^ x >> 15;
}

void nor_cells_check_program(struct nor *nor, const struct nor_job *job)
{
    const uint8_t *old = nor->storage.bytes + job->offset;
    const uint8_t *units = unit_bitmap(nor);
    uint32_t unit_bytes = nor->part->ecc_unit_bytes;
    bool needs_erase = false;
    bool twice = false;

    for (uint32_t i = 0; i < job->size_bytes; i++) {
        uint32_t unit = (job->offset + i) / unit_bytes;

        needs_erase |= job->sent[i] && (old[i] & job->data[i]) != job->data[i];
        twice |= job->sent[i] && (units[unit / 8] >> unit % 8 & 1) != 0;
    }
    if (needs_erase) {
        sim_violation(nor->env->report, "program-without-erase",
            "%s: bits would have to rise in page 0x%08x", nor->base.name, (unsigned)job->offset);
    }
    if (twice) {
        sim_violation(nor->env->report, "ecc-unit-double-program",
            "%s: a unit of %u bytes in page 0x%08x is programmed a second time", nor->base.name,
            (unsigned)unit_bytes, (unsigned)job->offset);
    }
    if (page_states(nor)[job->offset / nor->part->page_bytes] != 0) {
        sim_violation(nor->env->report, "program-on-weak-cells",
            "%s: page 0x%08x was cut short and not erased since", nor->base.name,
            (unsigned)job->offset);
    }
}

static bool any_sent(const struct nor_job *job, uint32_t start, uint32_t count)
{
    for (uint32_t i = start; i < start + count; i++) {
        if (job->sent[i]) {
            return true;
        }
    }
    return false;
}

static void mark_units(struct nor *nor, const struct nor_job *job)
{
    uint8_t *units = unit_bitmap(nor);
    uint8_t *ecc_off = ecc_off_bitmap(nor);
    uint32_t unit_bytes = nor->part->ecc_unit_bytes;

    for (uint32_t start = 0; start < job->size_bytes; start += unit_bytes) {
        uint32_t unit = (job->offset + start) / unit_bytes;
        uint8_t bit = (uint8_t)(1U << unit % 8);

        if (any_sent(job, start, unit_bytes)) {
            ecc_off[unit / 8] |= (uint8_t)(units[unit / 8] & bit);
            units[unit / 8] |= bit;
        }
    }
}

void nor_cells_program(struct nor *nor, const struct nor_job *job)
{
    uint8_t *bytes = nor->storage.bytes + job->offset;

    for (uint32_t i = 0; i < job->size_bytes; i++) {
        bytes[i] &= job->data[i]; /* FF where nothing was sent */
    }
    mark_units(nor, job);
}

static void set_weak(struct nor *nor, uint32_t page, uint8_t state)
{
    uint8_t *states = page_states(nor);

    if ((states[page] != 0) != (state != 0)) {
        nor->weak_count = state != 0 ? nor->weak_count + 1 : nor->weak_count - 1;
    }
    states[page] = state;
}

static void clear_units(struct nor *nor, uint32_t offset, uint32_t size_bytes)
{
    size_t first = offset / nor->part->ecc_unit_bytes / 8;
    size_t count = size_bytes / nor->part->ecc_unit_bytes / 8;

    memset(unit_bitmap(nor) + first, 0, count);
    memset(ecc_off_bitmap(nor) + first, 0, count);
}

void nor_cells_erase(struct nor *nor, uint32_t offset, uint32_t size_bytes)
{
    uint32_t page_bytes = nor->part->page_bytes;

    memset(nor->storage.bytes + offset, 0xFF, size_bytes);
    clear_units(nor, offset, size_bytes);
    if (nor->weak_count == 0) {
        return;
    }
    for (uint32_t page = offset / page_bytes; page < (offset + size_bytes) / page_bytes; page++) {
        set_weak(nor, page, 0);
    }
}

/* A random byte whose bits are 1 with about the given chance, in eighths. */
static uint8_t random_bits(uint32_t seed, uint32_t at, uint32_t eighths)
{
    uint32_t r = mix(seed, at, eighths);
    uint8_t a = (uint8_t)r;
    uint8_t b = (uint8_t)(r >> 8);
    uint8_t c = (uint8_t)(r >> 16);
    /* From the lowest binary digit of the chance upward: AND halves it, OR adds a half. */
    uint8_t bits = (eighths & 1) != 0 ? a : 0;

    if (eighths >= 8) {
        return 0xFF;
    }
    bits = (eighths & 2) != 0 ? (uint8_t)(bits | b) : (uint8_t)(bits & b);
    return (eighths & 4) != 0 ? (uint8_t)(bits | c) : (uint8_t)(bits & c);
}

void nor_cells_tear_program(struct nor *nor, const struct nor_job *job, uint32_t done_per_mille)
{
    uint8_t *bytes = nor->storage.bytes + job->offset;
    uint32_t seed = nor_random(nor);
    uint32_t eighths = done_per_mille * 8 / 1000;
    bool right_once = (seed & 1) != 0 && done_per_mille > 500;

    mark_units(nor, job);
    for (uint32_t i = 0; i < job->size_bytes; i++) {
        uint8_t done = right_once ? 0xFF : random_bits(seed, i, eighths);

        bytes[i] &= (uint8_t)(job->data[i] | ~done);
    }
    set_weak(
        nor, job->offset / nor->part->page_bytes, right_once ? WEAK_RIGHT_ONCE : WEAK_UNSTABLE);
}

void nor_cells_tear_erase(
    struct nor *nor, uint32_t offset, uint32_t size_bytes, uint32_t done_per_mille)
{
    uint32_t page_bytes = nor->part->page_bytes;
    uint32_t seed = nor_random(nor);
    uint32_t eighths = done_per_mille * 8 / 1000;
    bool right_once = (seed & 1) != 0 && done_per_mille > 500;

    for (uint32_t i = offset; i < offset + size_bytes; i++) {
        nor->storage.bytes[i] |= right_once ? 0xFF : random_bits(seed, i, eighths);
    }
    for (uint32_t page = offset / page_bytes; page < (offset + size_bytes) / page_bytes; page++) {
        set_weak(nor, page, right_once ? WEAK_RIGHT_ONCE : WEAK_UNSTABLE);
    }
}

void nor_cells_disturb(struct nor *nor, uint32_t page)
{
    uint8_t *states = page_states(nor);
    uint8_t state = states[page];
    uint8_t *bytes = nor->storage.bytes + (size_t)page * nor->part->page_bytes;

    if (state == 0) {
        return;
    }
    if ((state & WEAK_KIND) == WEAK_RIGHT_ONCE) {
        states[page] = WEAK_UNSTABLE;
        return;
    }
    states[page] = (uint8_t)((state & WEAK_KIND) | ((state + 1) & WEAK_COUNT));
    for (uint32_t i = 0; i < nor->part->page_bytes; i++) {
        uint8_t weak = random_bits(page, i, 1); /* one bit in eight */

        bytes[i] = (uint8_t)((bytes[i] & ~weak) | (mix(page, i, states[page]) & weak));
    }
}

void nor_cells_disturb_all(struct nor *nor)
{
    uint32_t pages = nor->part->size_bytes / nor->part->page_bytes;

    for (uint32_t page = 0; page < pages && nor->weak_count > 0; page++) {
        nor_cells_disturb(nor, page);
    }
}
