/* STM32H750 as a row of data (mcu.md 1, 2.2, 3, 4.5). Its QUADSPI is not modelled: RCC has the
 * bits, registers and window are a bus error. */
#include "sim/p_block.h"
#include "sim/soc.h"

enum { APB_D_BYTES = 0x20000, COMPONENT_BYTES = 0x1000, H74X_APB4ENR = 0x0F4 };

/* SYSCFG (embassy stm32-data syscfg_h7od): of its function only the overdrive is looked at, by PWR.
 * UR0 to UR17 mirror option words; a part in its factory state shows these (K). */
static const struct sim_register syscfg[] = {
    {0x004, 0, UINT32_C(0x0FE003FF)}, /* PMCR */
    {0x008, 0, UINT32_C(0xFFFF)},     /* EXTICR1..4 */
    {0x00C, 0, UINT32_C(0xFFFF)}, {0x010, 0, UINT32_C(0xFFFF)}, {0x014, 0, UINT32_C(0xFFFF)},
    {0x020, 0, UINT32_C(0x00010003)},                                   /* CCCSR */
    {0x024, UINT32_C(0x88), 0},                                         /* CCVR */
    {0x028, UINT32_C(0x88), UINT32_C(0xFF)}, {0x02C, 0, UINT32_C(0x1)}, /* PWRCR: ODEN */
    {0x124, 0, 0},                                                      /* PKGR */
    {0x300, UINT32_C(0x00AA0000), 0},                                   /* UR0: RDP */
    {0x308, UINT32_C(0x08000000), 0},                                   /* UR2: BOOT_ADD0 */
    {0x30C, UINT32_C(0x1FF00000), 0},                                   /* UR3: BOOT_ADD1 */
};

/* Funnel of the trace: OpenOCD enables its ports (mcu.md 2.2 and 1: APB-D). */
static const struct sim_register funnel[] = {{0x000, UINT32_C(0x00000300), UINT32_C(0x00000F03)}};

/* The APB-D of the debug domain beside DBGMCU. Trace is not modelled: what is written there, and is
 * not in a list, is lost. */
static const struct sim_block_layout blocks[] = {
    {"SYSCFG", 0x58000400, 0x400, H74X_APB4ENR, 1, false, syscfg, sizeof syscfg / sizeof syscfg[0]},
    {"APB-D ROM", 0x5C000000, COMPONENT_BYTES, SIM_GATE_ALWAYS, 0, true, NULL, 0},
    {"SWO", 0x5C003000, COMPONENT_BYTES, SIM_GATE_ALWAYS, 0, true, NULL, 0},
    {"SWTF", 0x5C004000, COMPONENT_BYTES, SIM_GATE_ALWAYS, 0, true, funnel, 1},
    {"TPIU", 0x5C015000, COMPONENT_BYTES, SIM_GATE_ALWAYS, 0, true, NULL, 0},
};

#define RCC   UINT32_C(0x58024400)
#define PWR   UINT32_C(0x58024800)
#define FLASH UINT32_C(0x52002000)

/* 400 MHz from HSI / 16 * 200 / 2, AXI at half and APB at a quarter of it, VOS1, four wait states;
 * LDO chosen (mcu.md 4.3). */
static const struct sim_poke full_speed[] = {
    {PWR + 0x0C, 0x2, 0x7, 50},              /* CR3: LDOEN */
    {PWR + 0x18, 3 << 14, 3 << 14, 200},     /* D3CR: VOS1 */
    {FLASH + 0x00, 0x24, 0x37, 1},           /* LATENCY 4, WRHIGHFREQ 2 */
    {RCC + 0x28, 16 << 4, 0x3F << 4 | 3, 0}, /* PLLCKSELR: HSI, DIVM1 */
    {RCC + 0x2C, 2 << 2, 0xF, 0},            /* RGE 4-8 MHz, wide VCO; P, Q, R are on */
    {RCC + 0x30, 1 << 9 | 199, 0xFFFF, 0},   /* N 200, P 2 */
    {RCC + 0x00, 1 << 24, 1 << 24, 1000},    /* PLL1ON */
    {RCC + 0x18, 4 << 4 | 8, 0xF7F, 0},      /* D1PPRE 2, HPRE 2 */
    {RCC + 0x1C, 4 << 8 | 4 << 4, 0x770, 0}, /* D2PPRE1 and 2 */
    {RCC + 0x20, 4 << 4, 0x70, 0},           /* D3PPRE 2 */
    {RCC + 0x10, 3, 7, 100},                 /* SW = PLL1 */
};

const struct sim_soc sim_soc_h750 = {
    .name = "STM32H750",
    .cpuid = 0x411FC271, /* r1p1 (K) */
    .mpu_regions = 16,   /* mcu.md 4.5 */
    .irq_count = 150,
    .dcache_bytes = 16384, /* mcu.md 4.5 */
    .icache_bytes = 16384,
    .axi_wait_clocks = 5,
    .dap =
        {
            .dpidr = 0x6BA02477, /* mcu.md 1 */
            /* DEV_ID 0x450 in the part number field, ST's JEP106 code 0x20 (K). */
            .targetid = 0x04500041,
            /* Identifications: the usual ones of these kinds of access ports (K). */
            .aps =
                {
                    {.idr = 0x84770001, .base = 0xE00FE003}, /* AHB-AP of the Cortex-M7 */
                    {.idr = 0x84770001, .base = 0x00000002}, /* AHB-AP of the D2 domain */
                    {.idr = 0x54770002, .base = 0xE00E0003}, /* APB-AP of the debug domain */
                },
        },
    /* AP2 sees the APB-D at 0xE00E0000, also under reset (mcu.md 2.2); on the bus it lies at
     * 0x5C000000. AP0 under reset: OpenOCD examines the core there and only then fails at
     * 0x5C001000. AP1: SRAM and peripherals of the D2 domain (K). */
    .aps =
        {
            {.is_core = true, .reaches_ppb_in_reset = true},
            {.windows = {{0x30000000, 0x48000, 0x30000000}, {0x40000000, 0x50000, 0x40000000}}},
            {.reaches_windows_in_reset = true, .windows = {{0xE00E0000, APB_D_BYTES, 0x5C000000}}},
        },
    .boot_option = 0x040, /* BOOT_CUR */
    .full_speed = full_speed,
    .full_speed_count = sizeof full_speed / sizeof full_speed[0],
    .program_msp = 0x20020000,
    .rcc = &sim_rcc_h74x,
    .pwr = &sim_pwr_h74x,
    .flash = &sim_flash_h750,
    .gpio = &sim_gpio_h74x,
    .dbgmcu = &sim_dbgmcu_h750,
    .ram = &sim_ram_h750,
    .watchdogs = &sim_watchdogs_h74x,
    .dma = &sim_dma_h74x,
    .blocks = blocks,
    .block_count = sizeof blocks / sizeof blocks[0],
};
