/* RCC of STM32H7R/S as data: its registers, the blocks behind its bits, its clock tree. */
#include "sim/p_rcc_internal.h"
#include "sim/p_regs.h"

#define CKPROTR_LOCKS UINT32_C(0x3)

/* Offset, reset value, bits that are defined. Reset values and bits from ST's SVD STM32H7S v1.3,
 * bits checked against embassy stm32-data rcc_h7rs; where these differ (PLL1REN, PLLxTEN, DIVT of
 * PLL1 and PLL3) the union. Read-only bits are taken out by read_only[]. */
static const struct sim_register registers[] = {
    {RCC_CR, UINT32_C(0x00000025), UINT32_C(0x3F1F33BF)},
    {0x004, UINT32_C(0x40000000), UINT32_C(0x7F000FFF)}, /* HSICFGR */
    {0x008, UINT32_C(0x00000000), UINT32_C(0x000003FF)}, /* CRRCR */
    {0x00C, UINT32_C(0x20000000), UINT32_C(0x3F0000FF)}, /* CSICFGR */
    {RCC_CFGR, UINT32_C(0x00000000), UINT32_C(0xFFFCBFFF)},
    {RCC_DIVIDERS, UINT32_C(0x00000000), UINT32_C(0x0000000F)},
    {RCC_BMCFGR, UINT32_C(0x00000000), UINT32_C(0x0000000F)},
    {RCC_APBCFGR, UINT32_C(0x00000000), UINT32_C(0x00007777)},
    {RCC_PLLCKSELR, UINT32_C(0x02020200), UINT32_C(0x03F3F3F3)},
    {RCC_PLLCFGR, UINT32_C(0x00000000), UINT32_C(0xFFDFFBFF)},
    {RCC_PLL1DIVR1, UINT32_C(0x01010280), UINT32_C(0x7F7FFFFF)},
    {RCC_PLL1FRACR, UINT32_C(0x00000000), UINT32_C(0x0000FFF8)},
    {0x038, UINT32_C(0x01010280), UINT32_C(0x7F7FFFFF)}, /* PLL2DIVR1 */
    {0x03C, UINT32_C(0x00000000), UINT32_C(0x0000FFF8)}, /* PLL2FRACR */
    {0x040, UINT32_C(0x01010280), UINT32_C(0x7F7FFFFF)}, /* PLL3DIVR1 */
    {0x044, UINT32_C(0x00000000), UINT32_C(0x0000FFF8)}, /* PLL3FRACR */
    {RCC_CCIPR1, UINT32_C(0x00000A00), UINT32_C(0x3B77FFF7)},
    {0x050, UINT32_C(0x00000000), UINT32_C(0x33C73377)}, /* CCIPR2 */
    {0x054, UINT32_C(0x00000000), UINT32_C(0x00770777)}, /* CCIPR3 */
    {0x058, UINT32_C(0x00000000), UINT32_C(0x00007777)}, /* CCIPR4 */
    {RCC_CIER, UINT32_C(0x00000000), UINT32_C(0x000003FF)},
    {RCC_CIFR, UINT32_C(0x00000000), UINT32_C(0x000007FF)},
    {RCC_CICR, UINT32_C(0x00000000), UINT32_C(0x000007FF)},
    {RCC_BDCR, UINT32_C(0x00000010), UINT32_C(0x000193FF)},
    {RCC_CSR, UINT32_C(0x00000000), UINT32_C(0x00000003)},
    {RCC_AHB5RSTR, UINT32_C(0x00000000), UINT32_C(0x0018513B)},
    {RCC_AHB1RSTR, UINT32_C(0x00000000), UINT32_C(0x8E008030)},
    {RCC_AHB2RSTR, UINT32_C(0x00000000), UINT32_C(0x00004202)},
    {RCC_AHB4RSTR, UINT32_C(0x00000000), UINT32_C(0x0008F0FF)},
    {RCC_APB5RSTR, UINT32_C(0x00000000), UINT32_C(0x00000016)},
    {RCC_APB1RSTR1, UINT32_C(0x00000000), UINT32_C(0xC8FFC3FF)},
    {RCC_APB1RSTR2, UINT32_C(0x00000000), UINT32_C(0x08000122)},
    {RCC_APB2RSTR, UINT32_C(0x00000000), UINT32_C(0x00DF3011)},
    {RCC_APB4RSTR, UINT32_C(0x00000000), UINT32_C(0x04009E2A)},
    {RCC_AHB3RSTR, UINT32_C(0x00000000), UINT32_C(0x00000057)},
    {0x0B0, UINT32_C(0x80000000), UINT32_C(0xC03FFFFF)}, /* CKGDISR */
    {RCC_PLL1DIVR2, UINT32_C(0x00000101), UINT32_C(0x00000707)},
    {0x0C4, UINT32_C(0x00000101), UINT32_C(0x00000707)}, /* PLL2DIVR2 */
    {0x0C8, UINT32_C(0x00000101), UINT32_C(0x00000707)}, /* PLL3DIVR2 */
    {0x0CC, UINT32_C(0x00000000), UINT32_C(0x7FFFFFFF)}, /* PLL1SSCGR */
    {0x0D0, UINT32_C(0x00000000), UINT32_C(0x7FFFFFFF)}, /* PLL2SSCGR */
    {0x0D4, UINT32_C(0x00000000), UINT32_C(0x7FFFFFFF)}, /* PLL3SSCGR */
    {RCC_CKPROTR, UINT32_C(0x00000000), UINT32_C(0x00007773)},
    {RCC_RSR, UINT32_C(0x00E00000), UINT32_C(0x55E30000)},
    {RCC_AHB5ENR, UINT32_C(0x00000000), UINT32_C(0x0018513B)},
    {RCC_AHB1ENR, UINT32_C(0x00000000), UINT32_C(0x8E038030)},
    {RCC_AHB2ENR, UINT32_C(0x00000000), UINT32_C(0x60004202)},
    {RCC_AHB4ENR, UINT32_C(0x00000000), UINT32_C(0x1008F0FF)},
    {RCC_APB5ENR, UINT32_C(0x00000000), UINT32_C(0x00000016)},
    {RCC_APB1ENR1, UINT32_C(0x00000000), UINT32_C(0xC8FFCBFF)},
    {RCC_APB1ENR2, UINT32_C(0x00000000), UINT32_C(0x08000122)},
    {RCC_APB2ENR, UINT32_C(0x00000000), UINT32_C(0x00DF3011)},
    {RCC_APB4ENR, UINT32_C(0x00010000), UINT32_C(0x04019E2A)},
    {RCC_AHB3ENR, UINT32_C(0x00000000), UINT32_C(0x00000057)},
    {RCC_AHB5LPENR, UINT32_C(0xF018513F), UINT32_C(0xF018513F)},
    {0x160, UINT32_C(0x8E038030), UINT32_C(0x8F038030)},    /* AHB1LPENR */
    {0x164, UINT32_C(0x60004202), UINT32_C(0x60004202)},    /* AHB2LPENR */
    {0x168, UINT32_C(0x1008F0FF), UINT32_C(0x1008F0FF)},    /* AHB4LPENR */
    {0x16C, UINT32_C(0x00000057), UINT32_C(0x00000057)},    /* AHB3LPENR */
    {0x170, UINT32_C(0xC8FFCBFF), UINT32_C(0xC8FFCBFF)},    /* APB1LPENR1 */
    {0x174, UINT32_C(0x08000122), UINT32_C(0x08000122)},    /* APB1LPENR2 */
    {0x178, UINT32_C(0x00DF3011), UINT32_C(0x00DF3011)},    /* APB2LPENR */
    {0x17C, UINT32_C(0x04019E2A), UINT32_C(0x04019E2A)},    /* APB4LPENR */
    {RCC_LAST, UINT32_C(0x00000016), UINT32_C(0x00000016)}, /* APB5LPENR */
};

static const struct sim_rcc_read_only read_only[] = {
    {RCC_CR, UINT32_C(0x2A022124)}, /* ready flags, HSIDIVF */
    {0x004, UINT32_C(0x00000FFF)},  /* HSICAL */
    {0x008, UINT32_C(0xFFFFFFFF)},  /* CRRCR */
    {0x00C, UINT32_C(0x000000FF)},  /* CSICAL */
    {RCC_CFGR, UINT32_C(0x38)},     /* SWS */
    {RCC_CIFR, UINT32_C(0xFFFFFFFF)},
    {RCC_BDCR, UINT32_C(0x42)}, /* LSERDY, LSECSSD */
    {RCC_CSR, UINT32_C(0x2)},   /* LSIRDY */
    {RCC_CKPROTR, ~CKPROTR_LOCKS},
};

/* The reset register of each enable register: the bits are the same (SVD). */
static const struct sim_rcc_enable enables[] = {
    {RCC_AHB5ENR, RCC_AHB5RSTR},
    {RCC_AHB1ENR, RCC_AHB1RSTR},
    {RCC_AHB2ENR, RCC_AHB2RSTR},
    {RCC_AHB4ENR, RCC_AHB4RSTR},
    {RCC_APB5ENR, RCC_APB5RSTR},
    {RCC_APB1ENR1, RCC_APB1RSTR1},
    {RCC_APB1ENR2, RCC_APB1RSTR2},
    {RCC_APB2ENR, RCC_APB2RSTR},
    {RCC_APB4ENR, RCC_APB4RSTR},
    {RCC_AHB3ENR, RCC_AHB3RSTR},
};

static const struct sim_rcc_block blocks[] = {
    {RCC_AHB5RSTR, 0, 0x52000000},  /* HPDMA1 */
    {RCC_AHB5RSTR, 5, 0x52005000},  /* XSPI1 */
    {RCC_AHB5RSTR, 12, 0x5200A000}, /* XSPI2 */
    {RCC_AHB5RSTR, 14, 0x5200B400}, /* XSPIM */
    {RCC_AHB1RSTR, 4, 0x40021000},  /* GPDMA1 */
    {RCC_AHB4RSTR, 0, 0x58020000},  /* GPIOA */
    {RCC_AHB4RSTR, 1, 0x58020400}, {RCC_AHB4RSTR, 2, 0x58020800}, {RCC_AHB4RSTR, 3, 0x58020C00},
    {RCC_AHB4RSTR, 4, 0x58021000}, {RCC_AHB4RSTR, 5, 0x58021400}, {RCC_AHB4RSTR, 6, 0x58021800},
    {RCC_AHB4RSTR, 7, 0x58021C00}, {RCC_AHB4RSTR, 12, 0x58023000}, /* GPIOM */
    {RCC_AHB4RSTR, 13, 0x58023400}, {RCC_AHB4RSTR, 14, 0x58023800}, {RCC_AHB4RSTR, 15, 0x58023C00},
    {RCC_APB4RSTR, 1, 0x58000400}, /* SBS */
};

/* Bits that CKPROTR.XSPICKP or FMCCKP freezes. From ST's register descriptions (SVD with texts,
 * CKPROTR, CR, PLLCFGR, AHB5ENR); the kernel clock selectors from mcu.md 4.1 item 5. PLL1ON under
 * XSPICKP stands in the description of CR only: taken, as the stricter reading. */
#define SOURCES_ON                                                                                 \
    (SIM_BIT(CR_HSION) | SIM_BIT(CR_CSION) | SIM_BIT(CR_HSEON) | SIM_BIT(CR_PLL1ON) |              \
        SIM_BIT(CR_PLL1ON + 2))
#define XSPI_BLOCKS (SIM_BIT(5) | SIM_BIT(12))
#define FMC_BLOCK   SIM_BIT(4)

static const struct sim_rcc_protection protections[] = {
    {RCC_CR, 0, SOURCES_ON, 0, SOURCES_ON},
    {RCC_PLLCFGR, SIM_BIT(19) | SIM_BIT(20), 0, SIM_BIT(6) | SIM_BIT(18), 0},
    {RCC_CCIPR1, UINT32_C(0xF0), 0, UINT32_C(0x03), 0},
    {RCC_AHB5ENR, XSPI_BLOCKS, 0, FMC_BLOCK, 0},
    {RCC_AHB5LPENR, XSPI_BLOCKS, 0, FMC_BLOCK, 0},
    {RCC_AHB5RSTR, XSPI_BLOCKS, 0, FMC_BLOCK, 0},
};

/* mcu.md 4.3. Wide VCO of H7R/S: 400 to 1600 MHz. */
const struct sim_clock_layout sim_clock_h7rs = {
    .pll =
        {
            .config_stride = 11,
            .rge_bit = 3,
            .enable_bit = 5,
            .enable_stride = 11,
            .outputs = 5,
            .vco_min_hz = {400000000, 150000000},
            .vco_max_hz = {1600000000, 420000000},
        },
    .cpu = {0, 0},
    .hclk = {1, 0},
    .apb = {{2, 0}, {2, 4}, {2, 8}, {2, 12}},
    .apb_numbers = {1, 2, 4, 5},
    .xspi_count = 2,
};

/* mcu.md 1 and 4.1 item 6: 600 MHz core, 300 MHz buses at VOS0. APB 150 MHz: the vendor template's
 * prescalers (K). 400 MHz at VOS1: datasheet figure as used by the vendor (K). One wait state for
 * each 40 MHz of AXI clock at VOS0, 36 MHz at VOS1 (vendor's LL utilities). */
#define MHZ         UINT64_C(1000000)
#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

const struct sim_rcc_layout sim_rcc_h7rs = {
    .registers = registers,
    .register_count = COUNT(registers),
    .read_only = read_only,
    .read_only_count = COUNT(read_only),
    .enables = enables,
    .enable_count = COUNT(enables),
    .blocks = blocks,
    .block_count = COUNT(blocks),
    .protections = protections,
    .protection_count = COUNT(protections),
    .protection_offset = RCC_CKPROTR,
    .first_reset_offset = RCC_AHB5RSTR,
    .last_reset_offset = RCC_AHB3RSTR,
    .rsr_offset = RCC_RSR,
    .wwdg_offset = RCC_APB1ENR1,
    .wwdg_bit = 11,
    .clock = &sim_clock_h7rs,
    .limits =
        {
            {600 * MHZ, 300 * MHZ, 150 * MHZ, 40 * MHZ},
            {400 * MHZ, 300 * MHZ, 150 * MHZ, 36 * MHZ},
        },
    .checks_wrhighfreq = true,
};
