/* RAMs and boot ROM, and the RAMCFG block of H7R/S that guards their ECC (mcu.md 3). Which regions
 * there are stands in p_ram_layouts.c. */
#include "sim/p_flash_internal.h"
#include "sim/p_ram_internal.h"
#include "sim/p_regs.h"
#include "sim/report.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    PAGE_BYTES = 4096,
    KIB = 1024,
    RAMCFG_BASE = 0x58027000,
    RAMCFG_LAST = 0xB4,
    RAMCFG_BYTES = 0x400
};

/* RAMCFG: five monitors of ECC errors at stride 0x20, offsets CR 0, SR 4, FAR 8, FDRL C, FDRH 10,
 * FECR 14 from 0x20 (SVD STM32H7S v1.3). Registers only: ECC faults show as violations. */
#define RAMCFG_IER_BITS UINT32_C(0x0000000F)
#define RAMCFG_CR_BITS  UINT32_C(0x000301FC)

struct sim_ram {
    const struct sim_env *env;
    struct sim_bus *bus;
    const struct sim_flash *flash;
    const struct sim_ram_layout *layout;
    struct sim_region regions[SIM_RAM_REGIONS];
    struct sim_periph ramcfg;
    uint32_t words[RAMCFG_LAST / 4 + 1];
};

static uint32_t ecc_map_bytes(const struct sim_ram_row *row)
{
    return row->ecc_line_bytes == 0 ? 0 : row->capacity_bytes / row->ecc_line_bytes / 8;
}

/* Settings 0 and 3 are the same; bit 2 "should be kept to 0" and is not looked at. */
static unsigned setting(const struct sim_ram *ram, enum sim_ram_share share)
{
    uint32_t options = 0;

    if (share == SIM_RAM_FIXED) {
        return 0;
    }
    options = sim_flash_option_word(ram->flash, FLASH_OBW2SR);

    switch (share) {
    case SIM_RAM_BY_ITCM:
        return sim_field(options, 0, 2) % 3;
    case SIM_RAM_BY_DTCM:
        return sim_field(options, 4, 2) % 3;
    case SIM_RAM_BY_ECC:
        return sim_field(options, 8, 1);
    case SIM_RAM_FIXED:
    default:
        return 0;
    }
}

static void apply_shares(struct sim_ram *ram)
{
    const struct sim_ram_row *rows = ram->layout->rows;
    bool is_changed = false;

    for (size_t i = 0; i < ram->layout->row_count; i++) {
        uint32_t size_bytes =
            (uint32_t)rows[i].size_kib[setting(ram, rows[i].share)] * (uint32_t)KIB;

        is_changed = is_changed || ram->regions[i].size_bytes != size_bytes;
        ram->regions[i].size_bytes = size_bytes;
    }
    if (is_changed) {
        sim_bus_regions_changed(ram->bus);
    }
}

/* xorshift32: what cells happen to hold after power-on, the same in every run. */
static void fill_random(uint8_t *bytes, uint32_t size_bytes, uint32_t seed)
{
    uint32_t x = seed;

    for (uint32_t i = 0; i < size_bytes; i++) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        bytes[i] = (uint8_t)(x >> 11);
    }
}

/* The boot ROM does nothing here but let the core spin: `b .` everywhere. */
static void fill_rom(struct sim_region *region)
{
    for (uint32_t i = 0; i < region->capacity_bytes; i += 2) {
        region->bytes[i] = 0xFE;
        region->bytes[i + 1] = 0xE7;
    }
}

static void lose_contents(struct sim_ram *ram)
{
    for (size_t i = 0; i < ram->layout->row_count; i++) {
        struct sim_region *region = &ram->regions[i];

        if (region->kind == SIM_REGION_ROM) {
            continue;
        }
        fill_random(region->bytes, region->capacity_bytes, UINT32_C(0x9E3779B9) + (uint32_t)i);
        if (region->ecc_written != NULL) {
            memset(region->ecc_written, 0, ecc_map_bytes(&ram->layout->rows[i]));
        }
    }
    sim_bus_regions_changed(ram->bus);
}

static bool is_ramcfg_register(uint32_t word_offset)
{
    return word_offset == 0 ||
           (word_offset >= 0x20 && word_offset <= RAMCFG_LAST && word_offset % 0x20 <= 0x14);
}

static bool read_word(void *state, uint32_t offset, uint32_t size_bytes, uint32_t *value)
{
    const struct sim_ram *ram = state;
    uint32_t word_offset = offset - offset % 4;
    uint32_t word = is_ramcfg_register(word_offset) ? ram->words[word_offset / 4] : 0;

    *value = sim_register_extract(word, offset, size_bytes);
    return true;
}

static bool write_word(void *state, uint32_t offset, uint32_t size_bytes, uint32_t value)
{
    struct sim_ram *ram = state;
    uint32_t word_offset = offset - offset % 4;

    if (!is_ramcfg_register(word_offset)) {
        sim_violation(ram->env->report, "unmodelled-register",
            "write of 0x%08" PRIX32 " to RAMCFG+0x%03" PRIX32 ", where there is no register", value,
            offset);
        return true;
    }
    uint32_t *word = &ram->words[word_offset / 4];
    uint32_t merged = sim_register_merge(*word, offset, size_bytes, value);

    if (word_offset == 0) {
        *word = merged & RAMCFG_IER_BITS;
    } else if (word_offset % 0x20 == 0) {
        *word = merged & RAMCFG_CR_BITS;
    }
    return true;
}

static void reset(void *state, enum sim_reset_kind kind)
{
    struct sim_ram *ram = state;

    memset(ram->words, 0, sizeof ram->words);
    if (kind == SIM_RESET_POWER_ON) {
        lose_contents(ram);
    }
    apply_shares(ram);
}

static bool add_region(struct sim_ram *ram, size_t index)
{
    const struct sim_ram_row *row = &ram->layout->rows[index];
    struct sim_region *region = &ram->regions[index];

    *region = (struct sim_region){
        .name = row->name,
        .base = row->base,
        .size_bytes = row->capacity_bytes,
        .capacity_bytes = row->capacity_bytes,
        .kind = row->kind,
        .gate_offset = row->gate_offset,
        .gate_bit = row->gate_bit,
        .ecc_line_bytes = row->ecc_line_bytes,
        .bytes = aligned_alloc(PAGE_BYTES, row->capacity_bytes),
    };
    if (row->ecc_line_bytes != 0) {
        region->ecc_written = calloc(1, ecc_map_bytes(row));
    }
    if (region->bytes == NULL || (row->ecc_line_bytes != 0 && region->ecc_written == NULL)) {
        return false;
    }
    if (row->kind == SIM_REGION_ROM) {
        fill_rom(region);
    }
    sim_bus_add_region(ram->bus, region);
    return true;
}

struct sim_ram *sim_ram_create(const struct sim_env *env, struct sim_bus *bus,
    const struct sim_ram_layout *layout, const struct sim_flash *flash)
{
    struct sim_ram *ram = calloc(1, sizeof *ram);

    if (ram == NULL) {
        return NULL;
    }
    ram->env = env;
    ram->bus = bus;
    ram->flash = flash;
    ram->layout = layout;
    assert(layout->row_count <= SIM_RAM_REGIONS);
    for (size_t i = 0; i < ram->layout->row_count; i++) {
        if (!add_region(ram, i)) {
            abort(); /* the bus already knows the others */
        }
    }
    ram->ramcfg = (struct sim_periph){
        .name = "RAMCFG",
        .base = RAMCFG_BASE,
        .state = ram,
        .read = read_word,
        .write = write_word,
        .reset = reset,
        .gate_offset = SIM_GATE_ALWAYS,
    };
    /* Always on the bus, because that is how a reset reaches the RAMs; empty where there is none.
     */
    ram->ramcfg.size_bytes = layout->has_ramcfg ? RAMCFG_BYTES : 0;
    sim_bus_add_periph(bus, &ram->ramcfg);
    reset(ram, SIM_RESET_POWER_ON);
    return ram;
}

void sim_ram_free(struct sim_ram *ram)
{
    if (ram == NULL) {
        return;
    }
    for (size_t i = 0; i < ram->layout->row_count; i++) {
        free(ram->regions[i].bytes);
        free(ram->regions[i].ecc_written);
    }
    free(ram);
}
