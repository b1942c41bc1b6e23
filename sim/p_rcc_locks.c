/* RCC: which bits the hardware refuses to change at a given moment. */
#include "sim/p_rcc_internal.h"
#include "sim/p_regs.h"

enum { SOURCE_HSI, SOURCE_CSI, SOURCE_HSE, SOURCE_PLL1 };
enum { XSPICKP = 0, FMCCKP = 1 };
#define PLLCFGR_VCOSEL SIM_BIT(1)

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
    const struct sim_pll_layout *pll = &rcc->layout->clock->pll;

    for (unsigned i = 0; i < SIM_PLLS; i++) {
        if (pll_is_on(rcc, i)) {
            /* VCOSEL and RGE: "must be written before enabling the PLL" */
            locks->in_use_any |= (PLLCFGR_VCOSEL | UINT32_C(3) << pll->rge_bit)
                                 << (pll->config_stride * i);
        }
    }
    if (is_system_source(rcc, SOURCE_PLL1)) {
        locks->in_use_clear |= SIM_BIT(pll->enable_bit); /* PLL1PEN */
    }
}

/* A divider can be written only while its output is off. With the PLL itself off that does not
 * matter: embassy enables the outputs first and runs on silicon. */
static uint32_t locked_dividers(const struct sim_rcc *rcc, unsigned index, unsigned first_output,
    const uint32_t *masks, unsigned count)
{
    uint32_t enables =
        sim_pll_enables(&rcc->layout->clock->pll, sim_rcc_word(rcc, RCC_PLLCFGR), index);
    uint32_t locked = 0;

    for (unsigned i = 0; i < count; i++) {
        if (pll_is_on(rcc, index) && (enables & SIM_BIT(first_output + i)) != 0) {
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
        if (rcc->layout->clock->pll.outputs > SIM_PLL_S && word_offset == RCC_PLL1DIVR2 + 4 * i) {
            locks->in_use_any |= locked_dividers(rcc, i, SIM_PLL_S, st, 2);
        }
    }
}

static void add_protection(
    const struct sim_rcc *rcc, uint32_t word_offset, struct sim_rcc_locks *locks)
{
    const struct sim_rcc_layout *layout = rcc->layout;

    for (size_t i = 0; i < layout->protection_count; i++) {
        const struct sim_rcc_protection *row = &layout->protections[i];
        uint32_t ckprotr = sim_rcc_word(rcc, layout->protection_offset);

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
    } else if (word_offset == rcc->layout->wwdg_offset) {
        locks->in_use_clear |= SIM_BIT(rcc->layout->wwdg_bit);
    } else {
        lock_dividers(rcc, word_offset, locks);
    }
    add_protection(rcc, word_offset, locks);
}
