/* The clock tree against numbers computed by hand from mcu.md 4.3. */
#include "sim/p_clocktree.h"

#include <criterion/criterion.h>

#define MHZ UINT64_C(1000000)

enum {
    HSI_READY = 1 << 2,
    HSE_READY = 1 << 17,
    CSI_READY = 1 << 8,
    PLL1_READY = 1 << 25,
    PLL2_READY = 1 << 27
};

static const struct sim_clock_registers after_reset = {
    .cr = 0x25,
    .pllckselr = 0x02020200,
    .divr1 = {0x01010280, 0x01010280, 0x01010280},
    .divr2 = {0x101, 0x101, 0x101},
    .ccipr1 = 0xA00,
    .hse_hz = 24000000,
};

Test(clocktree, everything_runs_from_hsi_at_64_mhz_after_reset)
{
    struct sim_clock_tree tree;

    sim_clock_tree_compute(&sim_clock_h7rs, &after_reset, &tree);
    cr_assert_eq(tree.sys_hz, 64 * MHZ);
    cr_assert_eq(tree.cpu_hz, 64 * MHZ);
    cr_assert_eq(tree.hclk_hz, 64 * MHZ);
    cr_assert_eq(tree.apb_hz[0], 64 * MHZ);
    cr_assert_eq(tree.apb_hz[3], 64 * MHZ);
    cr_assert_eq(tree.xspi_hz[0], 64 * MHZ);
    cr_assert_eq(tree.xspi_hz[1], 64 * MHZ);
    cr_assert_eq(tree.pll[0].out_hz[SIM_PLL_P], 0);
    cr_assert_eq(tree.hse_hz, 0);
}

Test(clocktree, vendor_template_gives_600_300_150_and_200_on_pll2s)
{
    struct sim_clock_registers registers = after_reset;
    struct sim_clock_tree tree;

    /* PLL1 HSI/32*300/1, PLL2 HSI/4*25/2 on S; AHB /2, APB /2; XSPI2 from PLL2S */
    registers.cr |= PLL1_READY | PLL2_READY;
    registers.pllckselr = 0 | 32 << 4 | 4 << 12;
    registers.pllcfgr = 1 << 5 | 1 << 19;
    registers.divr1[0] = 299;
    registers.divr1[1] = 24;
    registers.divr2[1] = 1;
    registers.cfgr = 3 | 3 << 3;
    registers.dividers[1] = 8;
    registers.dividers[2] = 0x4444;
    registers.ccipr1 = 1 << 6;
    sim_clock_tree_compute(&sim_clock_h7rs, &registers, &tree);

    cr_assert_eq(tree.pll[0].ref_hz, 2 * MHZ);
    cr_assert_eq(tree.pll[0].vco_hz, 600 * MHZ);
    cr_assert_eq(tree.cpu_hz, 600 * MHZ);
    cr_assert_eq(tree.hclk_hz, 300 * MHZ);
    cr_assert_eq(tree.apb_hz[2], 150 * MHZ);
    cr_assert_eq(tree.pll[1].vco_hz, 400 * MHZ);
    cr_assert_eq(tree.xspi_hz[1], 200 * MHZ);
    cr_assert_eq(tree.xspi_switch[1], SIM_XSPI_ON_PLL2S);
    cr_assert_eq(tree.xspi_hz[0], 300 * MHZ);
}

Test(clocktree, hse_branch_of_the_template_gives_the_same_600_mhz)
{
    struct sim_clock_registers registers = after_reset;
    struct sim_clock_tree tree;

    registers.cr |= HSE_READY | PLL1_READY | PLL2_READY;
    registers.pllckselr = 2 | 2 << 4 | 2 << 12; /* HSE 24/2 */
    registers.pllcfgr = 1 << 5 | 1 << 19;
    registers.divr1[0] = 49;
    registers.divr1[1] = 49;
    registers.divr2[1] = 2;
    registers.cfgr = 3 << 3;
    registers.ccipr1 = 1 << 6;
    sim_clock_tree_compute(&sim_clock_h7rs, &registers, &tree);

    cr_assert_eq(tree.cpu_hz, 600 * MHZ);
    cr_assert_eq(tree.xspi_hz[1], 200 * MHZ);
}

Test(clocktree, a_missing_pll2_leaves_xspi_on_hclk_over_four)
{
    struct sim_clock_registers registers = after_reset;
    struct sim_clock_tree tree;

    registers.ccipr1 = 1 << 4 | 2 << 6;
    sim_clock_tree_compute(&sim_clock_h7rs, &registers, &tree);
    cr_assert_eq(tree.xspi_hz[0], 16 * MHZ);
    cr_assert_eq(tree.xspi_hz[1], 16 * MHZ);
    cr_assert_eq(tree.xspi_switch[0], SIM_XSPI_ON_RECOVERY);
    cr_assert_eq(tree.xspi_switch[1], SIM_XSPI_ON_RECOVERY);
}

Test(clocktree, both_codes_1x_select_pll2t)
{
    struct sim_clock_registers registers = after_reset;
    struct sim_clock_tree tree;

    registers.cr |= PLL2_READY;
    registers.pllckselr = 4 << 12;
    registers.pllcfgr = 1 << 20;
    registers.divr1[1] = 24;
    registers.divr2[1] = 3 << 8;
    registers.ccipr1 = 2 << 4 | 3 << 6;
    sim_clock_tree_compute(&sim_clock_h7rs, &registers, &tree);
    cr_assert_eq(tree.xspi_hz[0], 100 * MHZ);
    cr_assert_eq(tree.xspi_hz[1], 100 * MHZ);
    cr_assert_eq(tree.xspi_switch[1], SIM_XSPI_ON_PLL2T);
}

Test(clocktree, the_fraction_counts_only_while_enabled)
{
    struct sim_clock_registers registers = after_reset;
    struct sim_clock_tree tree;

    registers.pllckselr = 32 << 4; /* 2 MHz */
    registers.divr1[0] = 299;
    registers.fracn[0] = 4096; /* a half */
    sim_clock_tree_compute(&sim_clock_h7rs, &registers, &tree);
    cr_assert_eq(tree.pll[0].vco_hz, 600 * MHZ);
    registers.pllcfgr = 1;
    sim_clock_tree_compute(&sim_clock_h7rs, &registers, &tree);
    cr_assert_eq(tree.pll[0].vco_hz, 601 * MHZ);
}

Test(clocktree, the_bus_prescaler_has_no_32)
{
    static const struct {
        uint32_t code;
        uint64_t divider;
    } rows[] = {{0, 1}, {7, 1}, {8, 2}, {9, 4}, {10, 8}, {11, 16}, {12, 64}, {13, 128}, {14, 256},
        {15, 512}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sim_clock_registers registers = after_reset;
        struct sim_clock_tree tree;

        registers.dividers[0] = rows[i].code;
        sim_clock_tree_compute(&sim_clock_h7rs, &registers, &tree);
        cr_assert_eq(tree.cpu_hz, 64 * MHZ / rows[i].divider, "CPRE %u", rows[i].code);
        registers.dividers[0] = 0;
        registers.dividers[1] = rows[i].code;
        sim_clock_tree_compute(&sim_clock_h7rs, &registers, &tree);
        cr_assert_eq(tree.cpu_hz, 64 * MHZ, "BMPRE %u", rows[i].code);
        cr_assert_eq(tree.hclk_hz, 64 * MHZ / rows[i].divider, "BMPRE %u", rows[i].code);
    }
}

Test(clocktree, hsi_divider_and_csi_feed_the_system_clock)
{
    struct sim_clock_registers registers = after_reset;
    struct sim_clock_tree tree;

    registers.cr |= 2 << 3; /* HSI/4 */
    sim_clock_tree_compute(&sim_clock_h7rs, &registers, &tree);
    cr_assert_eq(tree.sys_hz, 16 * MHZ);
    registers.cr |= CSI_READY;
    registers.cfgr = 1 << 3;
    sim_clock_tree_compute(&sim_clock_h7rs, &registers, &tree);
    cr_assert_eq(tree.sys_hz, 4 * MHZ);
}

Test(clocktree, outputs_of_h74x_have_their_own_enable_bits)
{
    struct sim_clock_registers registers = {
        .cr = 0x25 | PLL1_READY | PLL2_READY | 1 << 29,
        .pllckselr = 0 | 16 << 4 | 16 << 12 | 16 << 20, /* 4 MHz each */
        .divr1 = {0x01010280, 0x01010280, 0x01010280},  /* * 129, P / 2, Q / 2, R / 2 */
    };
    struct sim_clock_tree tree;

    for (unsigned bit = 16; bit <= 24; bit++) {
        registers.pllcfgr = UINT32_C(1) << bit;
        sim_clock_tree_compute(&sim_clock_h74x, &registers, &tree);
        for (unsigned i = 0; i < 9; i++) {
            uint64_t expected = i == bit - 16 ? 4 * MHZ * 129 / 2 : 0;

            cr_assert_eq(tree.pll[i / 3].out_hz[i % 3], expected, "bit %u, output %u", bit, i);
        }
        cr_assert_eq(tree.pll[bit / 3 % 3].out_hz[SIM_PLL_S], 0);
    }
}
