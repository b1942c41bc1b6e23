/* STM32H7S3L8 as a row of data (mcu.md 1, 2.1, 3, 4.5). */
#include "sim/soc.h"
#include "sim/xspi.h"

enum { DBGMCU_BYTES = 0x1000 };

static void *create_controller(const struct sim_env *env, struct sim_bus *bus)
{
    return sim_xspi_create(env, bus);
}

static void connect_controller(void *controller, const struct sim_xspi_config *config)
{
    sim_xspi_connect(controller, config);
}

static void free_controller(void *controller)
{
    sim_xspi_free(controller);
}

static const struct sim_controller_ops controller = {
    .create = create_controller,
    .connect = connect_controller,
    .free = free_controller,
};

#define RCC   UINT32_C(0x58024400)
#define PWR   UINT32_C(0x58024800)
#define FLASH UINT32_C(0x52002000)

/* 600 MHz from HSI / 32 * 300, buses at half and a quarter of it, VOS0, seven wait states: the
 * vendor's sequence (mcu.md 4.1, item 6; bits 4.3). */
static const struct sim_poke full_speed[] = {
    {PWR + 0x14, 1, 1, 200},                 /* CSR4.VOS */
    {FLASH + 0x00, 0x37, 0x3F, 1},           /* LATENCY 7, WRHIGHFREQ 3 */
    {RCC + 0x28, 32 << 4, 0x3F << 4 | 3, 0}, /* PLLCKSELR: HSI, DIVM1 */
    {RCC + 0x2C, 1 << 3 | 1 << 5, 0x3F, 0},  /* RGE 2-4 MHz, wide VCO, P on */
    {RCC + 0x30, 299, 0xFFFF, 0},            /* N 300, P 1 */
    {RCC + 0x00, 1 << 24, 1 << 24, 1000},    /* PLL1ON */
    {RCC + 0x1C, 8, 0xF, 0},                 /* BMPRE 2 */
    {RCC + 0x20, 0x4444, 0x7777, 0},         /* PPRE 2 */
    {RCC + 0x10, 3, 7, 100},                 /* SW = PLL1 */
};

const struct sim_soc sim_soc_h7s3l8 = {
    .name = "STM32H7S3L8",
    .cpuid = 0x411FC272, /* r1p2, as in the trace of probe.md 3 */
    .mpu_regions = 16,   /* mcu.md 4.5 */
    .irq_count = 155,
    .dcache_bytes = 32768, /* mcu.md 4.5 */
    .icache_bytes = 32768,
    .axi_wait_clocks = 5,
    .package_code = 0,
    .dap =
        {
            .dpidr = 0x6BA02477, /* mcu.md 1 */
            /* DEV_ID 0x485 in the part number field, ST's JEP106 code 0x20 (K). */
            .targetid = 0x04850041,
            .aps =
                {
                    /* AP0: an APB-AP for DBGMCU; its identification stands in no source (K). */
                    {.idr = 0x54770002, .base = 0xE00E0003},
                    /* AP1: AHB-AP of the Cortex-M7, ROM table of the PPB (K). */
                    {.idr = 0x84770001, .base = 0xE00FE003},
                },
        },
    /* Where AP0 sees DBGMCU stands in no source (mcu.md 2.1): at its bus address and at the alias
     * of the debug bus here, and not while NRST is low (probe.md 1.6). Through AP1 both answer
     * (mcu.md 1). */
    .aps =
        {
            {.windows = {{0x5C001000, DBGMCU_BYTES, 0x5C001000},
                 {0xE00E1000, DBGMCU_BYTES, 0x5C001000}}},
            {.is_core = true,
                .windows = {{0x5C001000, DBGMCU_BYTES, 0x5C001000},
                    {0xE00E1000, DBGMCU_BYTES, 0x5C001000}}},
        },
    .rom_park_addr = 0x1FF00800,
    .rom_msp = 0x20010000,      /* end of the default DTCM share */
    .life_cycle_option = 0x200, /* NVSR */
    .full_speed = full_speed,
    .full_speed_count = sizeof full_speed / sizeof full_speed[0],
    .program_msp = 0x20010000,
    .rcc = &sim_rcc_h7rs,
    .pwr = &sim_pwr_h7rs,
    .flash = &sim_flash_h7rs,
    .gpio = &sim_gpio_h7rs,
    .dbgmcu = &sim_dbgmcu_h7rs,
    .ram = &sim_ram_h7rs,
    .watchdogs = &sim_watchdogs_h7rs,
    .dma = &sim_dma_h7rs,
    .has_sbs = true,
    .controller = &controller,
};
