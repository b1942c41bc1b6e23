/* The clock tree of STM32H7R/S as arithmetic: register words in, frequencies in Hz out.
 *
 * Pure. A source that is not ready, an output that is not enabled and everything fed by it is
 * 0 Hz. Internal to the RCC model; its tests compute the same numbers by hand. */
#ifndef SIM_P_CLOCKTREE_H
#define SIM_P_CLOCKTREE_H

#include <stdint.h>

enum sim_pll_output { SIM_PLL_P, SIM_PLL_Q, SIM_PLL_R, SIM_PLL_S, SIM_PLL_T, SIM_PLL_OUTPUTS };
enum { SIM_PLLS = 3, SIM_APBS = 4, SIM_XSPIS = 2 };

struct sim_clock_registers {
    uint32_t cr;
    uint32_t cfgr;
    uint32_t cdcfgr;
    uint32_t bmcfgr;
    uint32_t apbcfgr;
    uint32_t pllckselr;
    uint32_t pllcfgr;
    uint32_t divr1[SIM_PLLS];
    uint32_t divr2[SIM_PLLS];
    uint32_t fracn[SIM_PLLS]; /* as latched by the 0 to 1 change of PLLxFRACEN */
    uint32_t ccipr1;
};

/* Position of the kernel clock switch, as CKPROTR.XSPIxSWP shows it. */
enum sim_xspi_switch {
    SIM_XSPI_ON_HCLK = 0,
    SIM_XSPI_ON_PLL2S = 1,
    SIM_XSPI_ON_PLL2T = 2,
    SIM_XSPI_ON_RECOVERY = 4 /* HCLK/4, when the selected source is not there */
};

struct sim_pll_state {
    uint64_t ref_hz; /* after DIVM, whether or not the PLL is on */
    uint64_t vco_hz;
    uint64_t out_hz[SIM_PLL_OUTPUTS]; /* 0 unless locked and the output is enabled */
};

struct sim_clock_tree {
    uint64_t hsi_hz; /* after HSIDIV */
    uint64_t csi_hz;
    uint64_t hse_hz;
    uint64_t sys_hz;
    uint64_t cpu_hz;
    uint64_t hclk_hz;
    uint64_t apb_hz[SIM_APBS]; /* APB1, 2, 4, 5 */
    struct sim_pll_state pll[SIM_PLLS];
    uint64_t xspi_hz[SIM_XSPIS];
    enum sim_xspi_switch xspi_switch[SIM_XSPIS];
};

void sim_clock_tree_compute(
    const struct sim_clock_registers *registers, struct sim_clock_tree *tree);

#endif
