/* RCC of STM32H7R/S: which registers there are, which bits software may write, and which of them
 * the hardware refuses to change at a given moment. */
#include "sim/p_rcc_internal.h"
#include "sim/p_regs.h"

/* Offset, reset value, bits that are defined. Reset values and bits from ST's SVD STM32H7S v1.3,
 * bits checked against embassy stm32-data rcc_h7rs; where these differ (PLL1REN, PLLxTEN, DIVT of
 * PLL1 and PLL3) the union. Read-only bits are taken out by read_only[] below. */
static const struct sim_register registers[] = {
    {RCC_CR, UINT32_C(0x00000025), UINT32_C(0x3F1F33BF)},
    {0x004, UINT32_C(0x40000000), UINT32_C(0x7F000FFF)}, /* HSICFGR */
    {0x008, UINT32_C(0x00000000), UINT32_C(0x000003FF)}, /* CRRCR */
    {0x00C, UINT32_C(0x20000000), UINT32_C(0x3F0000FF)}, /* CSICFGR */
    {RCC_CFGR, UINT32_C(0x00000000), UINT32_C(0xFFFCBFFF)},
    {RCC_CDCFGR, UINT32_C(0x00000000), UINT32_C(0x0000000F)},
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

const struct sim_register *sim_rcc_register(uint32_t offset)
{
    return sim_register_find(registers, sizeof registers / sizeof registers[0], offset);
}

enum { SOURCE_HSI, SOURCE_CSI, SOURCE_HSE, SOURCE_PLL1 };
enum { XSPICKP = 0, FMCCKP = 1 };

/* Bits that CKPROTR.XSPICKP or FMCCKP freezes. From ST's register descriptions (SVD with texts,
 * CKPROTR, CR, PLLCFGR, AHB5ENR); the kernel clock selectors from mcu.md 4.1 item 5. PLL1ON under
 * XSPICKP stands in the description of CR only: taken, as the stricter reading. */
struct protection {
    uint16_t offset;
    uint32_t by_xspickp_any;
    uint32_t by_xspickp_clear;
    uint32_t by_fmcckp_any;
    uint32_t by_fmcckp_clear;
};

#define SOURCES_ON                                                                                 \
    (SIM_BIT(CR_HSION) | SIM_BIT(CR_CSION) | SIM_BIT(CR_HSEON) | SIM_BIT(CR_PLL1ON) |              \
        SIM_BIT(CR_PLL1ON + 2))
#define XSPI_BLOCKS (SIM_BIT(5) | SIM_BIT(12))
#define FMC_BLOCK   SIM_BIT(4)

static const struct protection protections[] = {
    {RCC_CR, 0, SOURCES_ON, 0, SOURCES_ON},
    {RCC_PLLCFGR, SIM_BIT(19) | SIM_BIT(20), 0, SIM_BIT(6) | SIM_BIT(18), 0},
    {RCC_CCIPR1, UINT32_C(0xF0), 0, UINT32_C(0x03), 0},
    {RCC_AHB5ENR, XSPI_BLOCKS, 0, FMC_BLOCK, 0},
    {RCC_AHB5LPENR, XSPI_BLOCKS, 0, FMC_BLOCK, 0},
    {RCC_AHB5RSTR, XSPI_BLOCKS, 0, FMC_BLOCK, 0},
};

static bool is_on(const struct sim_rcc *rcc, unsigned cr_bit)
{
    return (sim_rcc_word(rcc, RCC_CR) & SIM_BIT(cr_bit)) != 0;
}

static bool pll_is_on(const struct sim_rcc *rcc, unsigned index)
{
    return is_on(rcc, CR_PLL1ON + 2 * index);
}

static bool any_pll_is_on(const struct sim_rcc *rcc)
{
    return pll_is_on(rcc, 0) || pll_is_on(rcc, 1) || pll_is_on(rcc, 2);
}

/* Asked for or still switched on: both need the source. */
static bool is_system_source(const struct sim_rcc *rcc, uint32_t source)
{
    uint32_t cfgr = sim_rcc_word(rcc, RCC_CFGR);

    return sim_field(cfgr, 0, 3) == source || sim_field(cfgr, 3, 3) == source;
}

static bool is_needed(const struct sim_rcc *rcc, uint32_t source)
{
    return is_system_source(rcc, source) ||
           (pll_is_on(rcc, 0) && sim_field(sim_rcc_word(rcc, RCC_PLLCKSELR), 0, 2) == source);
}

static void lock_cr(const struct sim_rcc *rcc, struct sim_rcc_locks *locks)
{
    if (is_needed(rcc, SOURCE_HSI)) {
        locks->in_use_clear |= SIM_BIT(CR_HSION);
    }
    if (is_needed(rcc, SOURCE_CSI)) {
        locks->in_use_clear |= SIM_BIT(CR_CSION);
    }
    if (is_needed(rcc, SOURCE_HSE)) {
        locks->in_use_clear |= SIM_BIT(CR_HSEON);
    }
    if (is_system_source(rcc, SOURCE_PLL1)) {
        locks->in_use_clear |= SIM_BIT(CR_PLL1ON);
    }
    locks->in_use_clear |= SIM_BIT(CR_HSECSSON); /* "this bit is set only" */
    if (is_on(rcc, CR_HSEON)) {
        locks->in_use_any |= SIM_BIT(CR_HSEBYP) | SIM_BIT(CR_HSEEXT);
    }
    if (any_pll_is_on(rcc) && sim_field(sim_rcc_word(rcc, RCC_PLLCKSELR), 0, 2) == SOURCE_HSI) {
        locks->in_use_any |= UINT32_C(3) << CR_HSIDIV;
    }
}

static void lock_pllckselr(const struct sim_rcc *rcc, struct sim_rcc_locks *locks)
{
    if (any_pll_is_on(rcc)) {
        locks->in_use_any |= UINT32_C(3); /* PLLSRC */
    }
    for (unsigned i = 0; i < SIM_PLLS; i++) {
        if (pll_is_on(rcc, i)) {
            locks->in_use_any |= UINT32_C(0x3F) << (4 + 8 * i); /* DIVMx */
        }
    }
}

static void lock_pllcfgr(const struct sim_rcc *rcc, struct sim_rcc_locks *locks)
{
    for (unsigned i = 0; i < SIM_PLLS; i++) {
        if (pll_is_on(rcc, i)) {
            /* VCOSEL 1, RGE 4:3: "must be written before enabling the PLL" */
            locks->in_use_any |= UINT32_C(0x1A) << (11 * i);
        }
    }
    if (is_system_source(rcc, SOURCE_PLL1)) {
        locks->in_use_clear |= SIM_BIT(5); /* PLL1PEN */
    }
}

/* A divider can be written only while its output is off. With the PLL itself off that does not
 * matter: embassy enables the outputs first and runs on silicon. */
static uint32_t locked_dividers(const struct sim_rcc *rcc, unsigned index, unsigned first_output,
    const uint32_t *masks, unsigned count)
{
    uint32_t config = sim_rcc_word(rcc, RCC_PLLCFGR) >> (11 * index);
    uint32_t locked = 0;

    for (unsigned i = 0; i < count; i++) {
        if (pll_is_on(rcc, index) && (config & SIM_BIT(5 + first_output + i)) != 0) {
            locked |= masks[i];
        }
    }
    return locked;
}

static void lock_dividers(
    const struct sim_rcc *rcc, uint32_t word_offset, struct sim_rcc_locks *locks)
{
    static const uint32_t pqr[] = {
        UINT32_C(0x0000FE00), UINT32_C(0x007F0000), UINT32_C(0x7F000000)};
    static const uint32_t st[] = {UINT32_C(0x00000007), UINT32_C(0x00000700)};

    for (unsigned i = 0; i < SIM_PLLS; i++) {
        if (word_offset == RCC_PLL1DIVR1 + 8 * i) {
            locks->in_use_any |= locked_dividers(rcc, i, SIM_PLL_P, pqr, 3);
            locks->in_use_any |= pll_is_on(rcc, i) ? UINT32_C(0x1FF) : 0; /* DIVN */
        }
        if (word_offset == RCC_PLL1DIVR2 + 4 * i) {
            locks->in_use_any |= locked_dividers(rcc, i, SIM_PLL_S, st, 2);
        }
    }
}

static void add_protection(
    const struct sim_rcc *rcc, uint32_t word_offset, struct sim_rcc_locks *locks)
{
    uint32_t ckprotr = sim_rcc_word(rcc, RCC_CKPROTR);

    for (size_t i = 0; i < sizeof protections / sizeof protections[0]; i++) {
        const struct protection *row = &protections[i];

        if (row->offset != word_offset) {
            continue;
        }
        if ((ckprotr & SIM_BIT(XSPICKP)) != 0) {
            locks->protected_any |= row->by_xspickp_any;
            locks->protected_clear |= row->by_xspickp_clear;
        }
        if ((ckprotr & SIM_BIT(FMCCKP)) != 0) {
            locks->protected_any |= row->by_fmcckp_any;
            locks->protected_clear |= row->by_fmcckp_clear;
        }
    }
}

void sim_rcc_find_locks(
    const struct sim_rcc *rcc, uint32_t word_offset, struct sim_rcc_locks *locks)
{
    *locks = (struct sim_rcc_locks){0};
    if (word_offset == RCC_CR) {
        lock_cr(rcc, locks);
    } else if (word_offset == RCC_PLLCKSELR) {
        lock_pllckselr(rcc, locks);
    } else if (word_offset == RCC_PLLCFGR) {
        lock_pllcfgr(rcc, locks);
    } else if (word_offset == RCC_APB1ENR1) {
        locks->in_use_clear |= SIM_BIT(11); /* WWDGEN: "reset by hardware when a system reset" */
    } else {
        lock_dividers(rcc, word_offset, locks);
    }
    add_protection(rcc, word_offset, locks);
}
