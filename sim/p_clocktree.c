#include "sim/p_clocktree.h"

#include "sim/p_regs.h"

#include <stdbool.h>

/* HSI and CSI: RM figures as used by every vendor header (reference mcu.md 4.3). */
#define HSI_HZ UINT64_C(64000000)
#define CSI_HZ UINT64_C(4000000)

/* RCC_CR ready bits (mcu.md 4.3). */
enum { CR_HSIRDY = 2, CR_HSIDIV = 3, CR_CSIRDY = 8, CR_HSERDY = 17, CR_PLL1RDY = 25 };
enum { PLLCFGR_FRACEN = 0 };

enum { SOURCE_HSI, SOURCE_CSI, SOURCE_HSE, SOURCE_PLL1P };

static bool is_set(uint32_t word, unsigned bit)
{
    return (word & SIM_BIT(bit)) != 0;
}

/* CPRE and BMPRE: below 8 not divided, then 2, 4, 8, 16, 64, ... (there is no 32). */
static uint32_t bus_divider(uint32_t code)
{
    static const uint16_t dividers[] = {2, 4, 8, 16, 64, 128, 256, 512};

    return code < 8 ? 1 : dividers[code - 8];
}

static uint32_t apb_divider(uint32_t code)
{
    return code < 4 ? 1 : SIM_BIT(code - 3);
}

static uint64_t pll_source_hz(
    const struct sim_clock_registers *registers, const struct sim_clock_tree *tree)
{
    switch (sim_field(registers->pllckselr, 0, 2)) {
    case SOURCE_HSI:
        return tree->hsi_hz;
    case SOURCE_CSI:
        return tree->csi_hz;
    case SOURCE_HSE:
        return tree->hse_hz;
    default:
        return 0;
    }
}

static uint32_t output_divider(
    const struct sim_clock_registers *registers, unsigned index, enum sim_pll_output output)
{
    switch (output) {
    case SIM_PLL_P:
        return sim_field(registers->divr1[index], 9, 7) + 1;
    case SIM_PLL_Q:
        return sim_field(registers->divr1[index], 16, 7) + 1;
    case SIM_PLL_R:
        return sim_field(registers->divr1[index], 24, 7) + 1;
    case SIM_PLL_S:
        return sim_field(registers->divr2[index], 0, 3) + 1;
    case SIM_PLL_T:
    case SIM_PLL_OUTPUTS:
    default:
        return sim_field(registers->divr2[index], 8, 3) + 1;
    }
}

uint32_t sim_pll_config(const struct sim_pll_layout *layout, uint32_t pllcfgr, unsigned index)
{
    return pllcfgr >> (index * layout->config_stride);
}

uint32_t sim_pll_enables(const struct sim_pll_layout *layout, uint32_t pllcfgr, unsigned index)
{
    return (pllcfgr >> (layout->enable_bit + index * layout->enable_stride)) &
           (SIM_BIT(layout->outputs) - 1);
}

static void compute_pll(const struct sim_pll_layout *layout,
    const struct sim_clock_registers *registers, unsigned index, uint64_t source_hz,
    struct sim_pll_state *pll)
{
    uint32_t config = sim_pll_config(layout, registers->pllcfgr, index);
    uint32_t enables = sim_pll_enables(layout, registers->pllcfgr, index);
    uint32_t divm = sim_field(registers->pllckselr, 4 + 8 * index, 6);
    uint64_t multiplier_8192 = (uint64_t)(sim_field(registers->divr1[index], 0, 9) + 1) * 8192;

    if (divm == 0) { /* 0 switches the prescaler off */
        return;
    }
    if (is_set(config, PLLCFGR_FRACEN)) {
        multiplier_8192 += registers->fracn[index];
    }
    pll->ref_hz = source_hz / divm;
    pll->vco_hz = source_hz * multiplier_8192 / ((uint64_t)divm * 8192);
    if (!is_set(registers->cr, CR_PLL1RDY + 2 * index)) {
        return;
    }
    for (unsigned output = SIM_PLL_P; output < layout->outputs; output++) {
        if (is_set(enables, output)) {
            pll->out_hz[output] =
                pll->vco_hz / output_divider(registers, index, (enum sim_pll_output)output);
        }
    }
}

static uint64_t system_hz(
    const struct sim_clock_registers *registers, const struct sim_clock_tree *tree)
{
    switch (sim_field(registers->cfgr, 3, 3)) { /* SWS: what is really switched */
    case SOURCE_HSI:
        return tree->hsi_hz;
    case SOURCE_CSI:
        return tree->csi_hz;
    case SOURCE_HSE:
        return tree->hse_hz;
    case SOURCE_PLL1P:
        return tree->pll[0].out_hz[SIM_PLL_P];
    default:
        return 0;
    }
}

static void compute_xspi(
    const struct sim_clock_registers *registers, unsigned index, struct sim_clock_tree *tree)
{
    uint32_t select = sim_field(registers->ccipr1, 4 + 2 * index, 2);
    enum sim_xspi_switch position = SIM_XSPI_ON_HCLK;
    uint64_t source_hz = tree->hclk_hz;

    if (select == 1) {
        position = SIM_XSPI_ON_PLL2S;
        source_hz = tree->pll[1].out_hz[SIM_PLL_S];
    } else if (select >= 2) { /* 1x: PLL2T */
        position = SIM_XSPI_ON_PLL2T;
        source_hz = tree->pll[1].out_hz[SIM_PLL_T];
    }
    if (source_hz == 0) {
        position = SIM_XSPI_ON_RECOVERY;
        source_hz = tree->hclk_hz / 4;
    }
    tree->xspi_switch[index] = position;
    tree->xspi_hz[index] = source_hz;
}

static uint32_t divider_code(const struct sim_clock_registers *registers,
    const struct sim_clock_field *field, unsigned width)
{
    return sim_field(registers->dividers[field->word], field->bit, width);
}

void sim_clock_tree_compute(const struct sim_clock_layout *layout,
    const struct sim_clock_registers *registers, struct sim_clock_tree *tree)
{
    *tree = (struct sim_clock_tree){0};
    if (is_set(registers->cr, CR_HSIRDY)) {
        tree->hsi_hz = HSI_HZ >> sim_field(registers->cr, CR_HSIDIV, 2);
    }
    if (is_set(registers->cr, CR_CSIRDY)) {
        tree->csi_hz = CSI_HZ;
    }
    if (is_set(registers->cr, CR_HSERDY)) {
        tree->hse_hz = registers->hse_hz;
    }
    for (unsigned i = 0; i < SIM_PLLS; i++) {
        compute_pll(&layout->pll, registers, i, pll_source_hz(registers, tree), &tree->pll[i]);
    }
    tree->sys_hz = system_hz(registers, tree);
    tree->cpu_hz = tree->sys_hz / bus_divider(divider_code(registers, &layout->cpu, 4));
    tree->hclk_hz = tree->cpu_hz / bus_divider(divider_code(registers, &layout->hclk, 4));
    for (unsigned i = 0; i < SIM_APBS; i++) {
        tree->apb_hz[i] = tree->hclk_hz / apb_divider(divider_code(registers, &layout->apb[i], 3));
    }
    for (unsigned i = 0; i < layout->xspi_count; i++) {
        compute_xspi(registers, i, tree);
    }
}
