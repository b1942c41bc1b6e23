/* RCC of STM32H742/743/750 as data: its registers, the blocks behind its bits, its clock tree. */
#include "sim/p_rcc_internal.h"
#include "sim/p_regs.h"

/* Where H74x differs from H7R/S (mcu.md 4, traps: two layouts of the enable block). */
enum {
    H74X_AHB3RSTR = 0x07C,
    H74X_AHB1RSTR = 0x080,
    H74X_AHB2RSTR = 0x084,
    H74X_AHB4RSTR = 0x088,
    H74X_APB3RSTR = 0x08C,
    H74X_APB1LRSTR = 0x090,
    H74X_APB1HRSTR = 0x094,
    H74X_APB2RSTR = 0x098,
    H74X_APB4RSTR = 0x09C,
    H74X_RSR = 0x0D0,
    H74X_AHB3ENR = 0x0D4,
    H74X_AHB1ENR = 0x0D8,
    H74X_AHB2ENR = 0x0DC,
    H74X_AHB4ENR = 0x0E0,
    H74X_APB3ENR = 0x0E4,
    H74X_APB1LENR = 0x0E8,
    H74X_APB1HENR = 0x0EC,
    H74X_APB2ENR = 0x0F0,
    H74X_APB4ENR = 0x0F4,
    H74X_C1_FIRST = 0x130,
    H74X_C1_LAST = 0x17C,
    H74X_C1_DISTANCE = 0x060
};

/* Offset, reset value, bits that are defined: SVD STM32H750x v1.7 and embassy stm32-data
 * rcc_h7rm0433, the union where these differ. CR: the SVD's 0x83 is not credible, 0x25 as on the
 * other lines (mcu.md 4), and with the domain clocks ready. HSICFGR and CSICFGR as on revision V.
 * AHB2RSTR and AHB3RSTR: bits of other members of the family are left out. */
static const struct sim_register registers[] = {
    {RCC_CR, UINT32_C(0x0000C025), UINT32_C(0x3F0FF3BF)},
    {0x004, UINT32_C(0x40000000), UINT32_C(0x7F000FFF)}, /* HSICFGR */
    {0x008, UINT32_C(0x00000000), UINT32_C(0x000003FF)}, /* CRRCR */
    {0x00C, UINT32_C(0x20000000), UINT32_C(0x3F0001FF)}, /* CSICFGR */
    {RCC_CFGR, UINT32_C(0x00000000), UINT32_C(0xFFFCFFFF)},
    {0x018, UINT32_C(0x00000000), UINT32_C(0x00000F7F)}, /* D1CFGR */
    {0x01C, UINT32_C(0x00000000), UINT32_C(0x00000770)}, /* D2CFGR */
    {0x020, UINT32_C(0x00000000), UINT32_C(0x00000070)}, /* D3CFGR */
    {RCC_PLLCKSELR, UINT32_C(0x02020200), UINT32_C(0x03F3F3F3)},
    {RCC_PLLCFGR, UINT32_C(0x01FF0000), UINT32_C(0x01FF0FFF)},
    {RCC_PLL1DIVR1, UINT32_C(0x01010280), UINT32_C(0x7F7FFFFF)},
    {RCC_PLL1FRACR, UINT32_C(0x00000000), UINT32_C(0x0000FFF8)},
    {0x038, UINT32_C(0x01010280), UINT32_C(0x7F7FFFFF)},      /* PLL2DIVR */
    {0x03C, UINT32_C(0x00000000), UINT32_C(0x0000FFF8)},      /* PLL2FRACR */
    {0x040, UINT32_C(0x01010280), UINT32_C(0x7F7FFFFF)},      /* PLL3DIVR */
    {0x044, UINT32_C(0x00000000), UINT32_C(0x0000FFF8)},      /* PLL3FRACR */
    {RCC_CCIPR1, UINT32_C(0x00000000), UINT32_C(0x30010033)}, /* D1CCIPR */
    {0x050, UINT32_C(0x00000000), UINT32_C(0xB13771C7)},      /* D2CCIP1R */
    {0x054, UINT32_C(0x00000000), UINT32_C(0x70F0333F)},      /* D2CCIP2R */
    {0x058, UINT32_C(0x00000000), UINT32_C(0x7FE3FF07)},      /* D3CCIPR */
    {RCC_CIER, UINT32_C(0x00000000), UINT32_C(0x000003FF)},
    {RCC_CIFR, UINT32_C(0x00000000), UINT32_C(0x000007FF)},
    {RCC_CICR, UINT32_C(0x00000000), UINT32_C(0x000007FF)},
    {RCC_BDCR, UINT32_C(0x00000000), UINT32_C(0x0001837F)},
    {RCC_CSR, UINT32_C(0x00000000), UINT32_C(0x00000003)},
    {H74X_AHB3RSTR, UINT32_C(0x00000000), UINT32_C(0x80015031)},
    {H74X_AHB1RSTR, UINT32_C(0x00000000), UINT32_C(0x0A008023)},
    {H74X_AHB2RSTR, UINT32_C(0x00000000), UINT32_C(0x00000271)},
    {H74X_AHB4RSTR, UINT32_C(0x00000000), UINT32_C(0x032807FF)},
    {H74X_APB3RSTR, UINT32_C(0x00000000), UINT32_C(0x00000018)},
    {H74X_APB1LRSTR, UINT32_C(0x00000000), UINT32_C(0xE8FFC3FF)},
    {H74X_APB1HRSTR, UINT32_C(0x00000000), UINT32_C(0x00000136)},
    {H74X_APB2RSTR, UINT32_C(0x00000000), UINT32_C(0x31D73033)},
    {H74X_APB4RSTR, UINT32_C(0x00000000), UINT32_C(0x0020DEAA)},
    {0x0A0, UINT32_C(0x00000000), UINT32_C(0x00000003)}, /* GCR */
    {0x0A8, UINT32_C(0x00000000), UINT32_C(0x3129DEA9)}, /* D3AMR */
    {H74X_RSR, UINT32_C(0x00E00000), UINT32_C(0x55FB0000)},
    {H74X_AHB3ENR, UINT32_C(0x00000000), UINT32_C(0x00015031)},
    {H74X_AHB1ENR, UINT32_C(0x00000000), UINT32_C(0x1E038023)},
    {H74X_AHB2ENR, UINT32_C(0x00000000), UINT32_C(0xE0000271)},
    {H74X_AHB4ENR, UINT32_C(0x00000000), UINT32_C(0x132807FF)},
    {H74X_APB3ENR, UINT32_C(0x00000000), UINT32_C(0x00000058)},
    {H74X_APB1LENR, UINT32_C(0x00000000), UINT32_C(0xE8FFCBFF)},
    {H74X_APB1HENR, UINT32_C(0x00000000), UINT32_C(0x00000136)},
    {H74X_APB2ENR, UINT32_C(0x00000000), UINT32_C(0x31D73033)},
    {H74X_APB4ENR, UINT32_C(0x00000000), UINT32_C(0x0021DEAA)},
    {0x0FC, UINT32_C(0x00000000), UINT32_C(0xF0015131)}, /* AHB3LPENR */
    {0x100, UINT32_C(0x00000000), UINT32_C(0x1E038023)}, /* AHB1LPENR */
    {0x104, UINT32_C(0x00000000), UINT32_C(0xE0000271)}, /* AHB2LPENR */
    {0x108, UINT32_C(0x00000000), UINT32_C(0x312807FF)}, /* AHB4LPENR */
    {0x10C, UINT32_C(0x00000000), UINT32_C(0x00000058)}, /* APB3LPENR */
    {0x110, UINT32_C(0x00000000), UINT32_C(0xE8FFCBFF)}, /* APB1LLPENR */
    {0x114, UINT32_C(0x00000000), UINT32_C(0x00000136)}, /* APB1HLPENR */
    {0x118, UINT32_C(0x00000000), UINT32_C(0x31D73033)}, /* APB2LPENR */
    {0x11C, UINT32_C(0x00000000), UINT32_C(0x0021DEAA)}, /* APB4LPENR */
};

static const struct sim_rcc_read_only read_only[] = {
    {RCC_CR, UINT32_C(0x2A02E124)},                               /* ready flags, HSIDIVF */
    {0x004, UINT32_C(0x00000FFF)},                                /* HSICAL */
    {0x008, UINT32_C(0xFFFFFFFF)},                                /* CRRCR */
    {0x00C, UINT32_C(0x000001FF)},                                /* CSICAL */
    {RCC_CFGR, UINT32_C(0x38)},                                   /* SWS */
    {RCC_CIFR, UINT32_C(0xFFFFFFFF)}, {RCC_BDCR, UINT32_C(0x42)}, /* LSERDY, LSECSSD */
    {RCC_CSR, UINT32_C(0x2)},                                     /* LSIRDY */
};

static const struct sim_rcc_enable enables[] = {
    {H74X_AHB3ENR, H74X_AHB3RSTR},
    {H74X_AHB1ENR, H74X_AHB1RSTR},
    {H74X_AHB2ENR, H74X_AHB2RSTR},
    {H74X_AHB4ENR, H74X_AHB4RSTR},
    {H74X_APB3ENR, H74X_APB3RSTR},
    {H74X_APB1LENR, H74X_APB1LRSTR},
    {H74X_APB1HENR, H74X_APB1HRSTR},
    {H74X_APB2ENR, H74X_APB2RSTR},
    {H74X_APB4ENR, H74X_APB4RSTR},
};

/* Addresses and bits: embassy stm32-data, chip STM32H750VB. */
static const struct sim_rcc_block blocks[] = {
    {H74X_AHB3RSTR, 0, 0x52000000}, /* MDMA */
    {H74X_AHB1RSTR, 0, 0x40020000}, /* DMA1 */
    {H74X_AHB4RSTR, 0, 0x58020000}, /* GPIOA */
    {H74X_AHB4RSTR, 1, 0x58020400}, {H74X_AHB4RSTR, 2, 0x58020800}, {H74X_AHB4RSTR, 3, 0x58020C00},
    {H74X_AHB4RSTR, 4, 0x58021000}, {H74X_AHB4RSTR, 5, 0x58021400}, {H74X_AHB4RSTR, 6, 0x58021800},
    {H74X_AHB4RSTR, 7, 0x58021C00}, {H74X_AHB4RSTR, 8, 0x58022000}, {H74X_AHB4RSTR, 9, 0x58022400},
    {H74X_AHB4RSTR, 10, 0x58022800}, {H74X_APB4RSTR, 1, 0x58000400}, /* SYSCFG */
};

/* mcu.md 4.3. Wide VCO: 192 to 836 MHz, 960 MHz on revision V (K). */
const struct sim_clock_layout sim_clock_h74x = {
    .pll =
        {
            .config_stride = 4,
            .rge_bit = 2,
            .enable_bit = 16,
            .enable_stride = 3,
            .outputs = 3,
            .vco_min_hz = {192000000, 150000000},
            .vco_max_hz = {960000000, 420000000},
        },
    .cpu = {0, 8},                           /* D1CFGR.D1CPRE */
    .hclk = {0, 0},                          /* D1CFGR.HPRE */
    .apb = {{1, 4}, {1, 8}, {0, 4}, {2, 4}}, /* D2PPRE1, D2PPRE2, D1PPRE, D3PPRE */
    .apb_numbers = {1, 2, 3, 4},
    .xspi_count = 0,
};

/* 480 MHz at VOS0 (mcu.md 1); the other voltage scales and the wait states of internal flash are
 * the datasheet's figures as the vendor's libraries use them (K). */
#define MHZ         UINT64_C(1000000)
#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

const struct sim_rcc_layout sim_rcc_h74x = {
    .registers = registers,
    .register_count = COUNT(registers),
    .read_only = read_only,
    .read_only_count = COUNT(read_only),
    .enables = enables,
    .enable_count = COUNT(enables),
    .blocks = blocks,
    .block_count = COUNT(blocks),
    .first_reset_offset = H74X_AHB3RSTR,
    .last_reset_offset = H74X_APB4RSTR,
    .rsr_offset = H74X_RSR,
    .wwdg_offset = H74X_APB3ENR,
    .wwdg_bit = 6,
    .alias_first = H74X_C1_FIRST,
    .alias_last = H74X_C1_LAST,
    .alias_distance = H74X_C1_DISTANCE,
    .clock = &sim_clock_h74x,
    .limits =
        {
            {480 * MHZ, 240 * MHZ, 120 * MHZ, 70 * MHZ},
            {400 * MHZ, 200 * MHZ, 100 * MHZ, 70 * MHZ}, {300 * MHZ, 150 * MHZ, 75 * MHZ, 55 * MHZ},
            {200 * MHZ, 100 * MHZ, 64 * MHZ, 45 * MHZ}, /* as it leaves reset: APB at 64 MHz */
        },
};
