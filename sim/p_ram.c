/* RAMs and boot ROM of STM32H7R/S, and the RAMCFG block that guards their ECC (mcu.md 3).
 *
 * Option word OBW2SR decides how much of AXI SRAM1 and 3 belongs to ITCM and DTCM. SRAM1 gives
 * from its start, SRAM3 from its end (a published allocator for these parts relies on it), so both
 * are two regions of 64 KB here and no base ever moves. */
#include "sim/p_flash_internal.h"
#include "sim/p_rcc_internal.h"
#include "sim/p_regs.h"
#include "sim/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE_BYTES = 4096, KIB = 1024, RAMCFG_BASE = 0x58027000, RAMCFG_LAST = 0xB4 };

/* Which share of OBW2SR a region depends on, and in which of its settings it is there. */
enum share { SHARE_NONE, SHARE_ITCM, SHARE_DTCM, SHARE_ECC };

struct ram_row {
    const char *name;
    uint32_t base;
    uint32_t capacity_bytes;
    enum sim_region_kind kind;
    uint8_t ecc_line_bytes;
    uint16_t gate_offset;
    uint8_t gate_bit;
    enum share share;
    uint16_t size_kib[3]; /* by setting of the share */
};

static const struct ram_row rows[] = {
    {"ITCM", 0x00000000, 192 * KIB, SIM_REGION_TCM, 8, SIM_GATE_ALWAYS, 0, SHARE_ITCM,
        {64, 128, 192}},
    {"DTCM", 0x20000000, 192 * KIB, SIM_REGION_TCM, 4, SIM_GATE_ALWAYS, 0, SHARE_DTCM,
        {64, 128, 192}},
    {"AXISRAM1L", 0x24000000, 64 * KIB, SIM_REGION_RAM, 8, SIM_GATE_ALWAYS, 0, SHARE_ITCM,
        {64, 0, 0}},
    {"AXISRAM1H", 0x24010000, 64 * KIB, SIM_REGION_RAM, 8, SIM_GATE_ALWAYS, 0, SHARE_ITCM,
        {64, 64, 0}},
    {"AXISRAM2", 0x24020000, 128 * KIB, SIM_REGION_RAM, 8, SIM_GATE_ALWAYS, 0, SHARE_NONE,
        {128, 128, 128}},
    {"AXISRAM3L", 0x24040000, 64 * KIB, SIM_REGION_RAM, 8, SIM_GATE_ALWAYS, 0, SHARE_DTCM,
        {64, 64, 0}},
    {"AXISRAM3H", 0x24050000, 64 * KIB, SIM_REGION_RAM, 8, SIM_GATE_ALWAYS, 0, SHARE_DTCM,
        {64, 0, 0}},
    {"AXISRAM4", 0x24060000, 72 * KIB, SIM_REGION_RAM, 8, SIM_GATE_ALWAYS, 0, SHARE_ECC,
        {72, 0, 0}},
    {"AHBSRAM1", 0x30000000, 16 * KIB, SIM_REGION_RAM, 0, RCC_AHB2ENR, 29, SHARE_NONE,
        {16, 16, 16}},
    {"AHBSRAM2", 0x30004000, 16 * KIB, SIM_REGION_RAM, 0, RCC_AHB2ENR, 30, SHARE_NONE,
        {16, 16, 16}},
    {"BKPSRAM", 0x38800000, 4 * KIB, SIM_REGION_RAM, 0, RCC_AHB4ENR, 28, SHARE_NONE, {4, 4, 4}},
    {"BOOTROM", 0x1FF00000, 128 * KIB, SIM_REGION_ROM, 0, SIM_GATE_ALWAYS, 0, SHARE_NONE,
        {128, 128, 128}},
};

enum { REGIONS = sizeof rows / sizeof rows[0] };

/* RAMCFG: five monitors of ECC errors at stride 0x20, offsets CR 0, SR 4, FAR 8, FDRL C, FDRH 10,
 * FECR 14 from 0x20 (SVD STM32H7S v1.3). Registers only: ECC faults show as violations. */
#define RAMCFG_IER_BITS UINT32_C(0x0000000F)
#define RAMCFG_CR_BITS  UINT32_C(0x000301FC)

struct sim_ram {
    const struct sim_env *env;
    struct sim_bus *bus;
    const struct sim_flash *flash;
    struct sim_region regions[REGIONS];
    struct sim_periph ramcfg;
    uint32_t words[RAMCFG_LAST / 4 + 1];
};

static uint32_t ecc_map_bytes(const struct ram_row *row)
{
    return row->ecc_line_bytes == 0 ? 0 : row->capacity_bytes / row->ecc_line_bytes / 8;
}

/* Settings 0 and 3 are the same; bit 2 "should be kept to 0" and is not looked at. */
static unsigned setting(const struct sim_ram *ram, enum share share)
{
    uint32_t options = sim_flash_option_word(ram->flash, FLASH_OBW2SR);

    switch (share) {
    case SHARE_ITCM:
        return sim_field(options, 0, 2) % 3;
    case SHARE_DTCM:
        return sim_field(options, 4, 2) % 3;
    case SHARE_ECC:
        return sim_field(options, 8, 1);
    case SHARE_NONE:
    default:
        return 0;
    }
}

static void apply_shares(struct sim_ram *ram)
{
    bool is_changed = false;

    for (size_t i = 0; i < REGIONS; i++) {
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
    for (size_t i = 0; i < REGIONS; i++) {
        struct sim_region *region = &ram->regions[i];

        if (region->kind == SIM_REGION_ROM) {
            continue;
        }
        fill_random(region->bytes, region->capacity_bytes, UINT32_C(0x9E3779B9) + (uint32_t)i);
        if (region->ecc_written != NULL) {
            memset(region->ecc_written, 0, ecc_map_bytes(&rows[i]));
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
    const struct ram_row *row = &rows[index];
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

struct sim_ram *sim_ram_create(
    const struct sim_env *env, struct sim_bus *bus, const struct sim_flash *flash)
{
    struct sim_ram *ram = calloc(1, sizeof *ram);

    if (ram == NULL) {
        return NULL;
    }
    ram->env = env;
    ram->bus = bus;
    ram->flash = flash;
    for (size_t i = 0; i < REGIONS; i++) {
        if (!add_region(ram, i)) {
            abort(); /* the bus already knows the others */
        }
    }
    ram->ramcfg = (struct sim_periph){
        .name = "RAMCFG",
        .base = RAMCFG_BASE,
        .size_bytes = 0x400,
        .state = ram,
        .read = read_word,
        .write = write_word,
        .reset = reset,
        .gate_offset = SIM_GATE_ALWAYS,
    };
    sim_bus_add_periph(bus, &ram->ramcfg);
    reset(ram, SIM_RESET_POWER_ON);
    return ram;
}

void sim_ram_free(struct sim_ram *ram)
{
    if (ram == NULL) {
        return;
    }
    for (size_t i = 0; i < REGIONS; i++) {
        free(ram->regions[i].bytes);
        free(ram->regions[i].ecc_written);
    }
    free(ram);
}
