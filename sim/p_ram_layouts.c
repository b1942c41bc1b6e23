/* The RAMs of each family (mcu.md 3). */
#include "sim/p_ram_internal.h"
#include "sim/p_rcc_internal.h"

enum { KIB = 1024 };

/* Option word OBW2SR decides how much of AXI SRAM1 and 3 belongs to ITCM and DTCM. SRAM1 gives from
 * its start, SRAM3 from its end (a published allocator for these parts relies on it), so both are
 * two regions of 64 KB here and no base ever moves. */
static const struct sim_ram_row rows_h7rs[] = {
    {"ITCM", 0x00000000, 192 * KIB, SIM_REGION_TCM, 8, SIM_GATE_ALWAYS, 0, SIM_RAM_BY_ITCM,
        {64, 128, 192}},
    {"DTCM", 0x20000000, 192 * KIB, SIM_REGION_TCM, 4, SIM_GATE_ALWAYS, 0, SIM_RAM_BY_DTCM,
        {64, 128, 192}},
    {"AXISRAM1L", 0x24000000, 64 * KIB, SIM_REGION_RAM, 8, SIM_GATE_ALWAYS, 0, SIM_RAM_BY_ITCM,
        {64, 0, 0}},
    {"AXISRAM1H", 0x24010000, 64 * KIB, SIM_REGION_RAM, 8, SIM_GATE_ALWAYS, 0, SIM_RAM_BY_ITCM,
        {64, 64, 0}},
    {"AXISRAM2", 0x24020000, 128 * KIB, SIM_REGION_RAM, 8, SIM_GATE_ALWAYS, 0, SIM_RAM_FIXED,
        {128, 128, 128}},
    {"AXISRAM3L", 0x24040000, 64 * KIB, SIM_REGION_RAM, 8, SIM_GATE_ALWAYS, 0, SIM_RAM_BY_DTCM,
        {64, 64, 0}},
    {"AXISRAM3H", 0x24050000, 64 * KIB, SIM_REGION_RAM, 8, SIM_GATE_ALWAYS, 0, SIM_RAM_BY_DTCM,
        {64, 0, 0}},
    {"AXISRAM4", 0x24060000, 72 * KIB, SIM_REGION_RAM, 8, SIM_GATE_ALWAYS, 0, SIM_RAM_BY_ECC,
        {72, 0, 0}},
    {"AHBSRAM1", 0x30000000, 16 * KIB, SIM_REGION_RAM, 0, RCC_AHB2ENR, 29, SIM_RAM_FIXED,
        {16, 16, 16}},
    {"AHBSRAM2", 0x30004000, 16 * KIB, SIM_REGION_RAM, 0, RCC_AHB2ENR, 30, SIM_RAM_FIXED,
        {16, 16, 16}},
    {"BKPSRAM", 0x38800000, 4 * KIB, SIM_REGION_RAM, 0, RCC_AHB4ENR, 28, SIM_RAM_FIXED, {4, 4, 4}},
    {"BOOTROM", 0x1FF00000, 128 * KIB, SIM_REGION_ROM, 0, SIM_GATE_ALWAYS, 0, SIM_RAM_FIXED,
        {128, 128, 128}},
};

/* SRAM1 to 3 of the D2 domain: AHB2ENR (+0xDC) bits 29 to 31. The system memory ends where the page
 * with the unique ID begins, which belongs to the flash model. ECC lines as in mcu.md 3 (K). */
enum { H74X_AHB2ENR = 0x0DC, H74X_AHB4ENR = 0x0E0 };

static const struct sim_ram_row rows_h750[] = {
    {"ITCM", 0x00000000, 64 * KIB, SIM_REGION_TCM, 8, SIM_GATE_ALWAYS, 0, SIM_RAM_FIXED, {64}},
    {"DTCM", 0x20000000, 128 * KIB, SIM_REGION_TCM, 4, SIM_GATE_ALWAYS, 0, SIM_RAM_FIXED, {128}},
    {"AXISRAM", 0x24000000, 512 * KIB, SIM_REGION_RAM, 8, SIM_GATE_ALWAYS, 0, SIM_RAM_FIXED, {512}},
    {"SRAM1", 0x30000000, 128 * KIB, SIM_REGION_RAM, 4, H74X_AHB2ENR, 29, SIM_RAM_FIXED, {128}},
    {"SRAM2", 0x30020000, 128 * KIB, SIM_REGION_RAM, 4, H74X_AHB2ENR, 30, SIM_RAM_FIXED, {128}},
    {"SRAM3", 0x30040000, 32 * KIB, SIM_REGION_RAM, 4, H74X_AHB2ENR, 31, SIM_RAM_FIXED, {32}},
    {"SRAM4", 0x38000000, 64 * KIB, SIM_REGION_RAM, 4, SIM_GATE_ALWAYS, 0, SIM_RAM_FIXED, {64}},
    {"BKPSRAM", 0x38800000, 4 * KIB, SIM_REGION_RAM, 4, H74X_AHB4ENR, 28, SIM_RAM_FIXED, {4}},
    {"SYSMEM", 0x1FF00000, 120 * KIB, SIM_REGION_ROM, 0, SIM_GATE_ALWAYS, 0, SIM_RAM_FIXED, {120}},
};

const struct sim_ram_layout sim_ram_h7rs = {
    .rows = rows_h7rs,
    .row_count = sizeof rows_h7rs / sizeof rows_h7rs[0],
    .has_ramcfg = true,
};

const struct sim_ram_layout sim_ram_h750 = {
    .rows = rows_h750,
    .row_count = sizeof rows_h750 / sizeof rows_h750[0],
};
