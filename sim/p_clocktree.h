/* The clock tree of STM32H7 and H7R/S as arithmetic: register words in, frequencies in Hz out.
 * Where the fields of a family lie is a row of data, struct sim_clock_layout.
 *
 * Pure. A source that is not ready, an output that is not enabled and everything fed by it is
 * 0 Hz. Internal to the RCC model; its tests compute the same numbers by hand. */
#ifndef SIM_P_CLOCKTREE_H
#define SIM_P_CLOCKTREE_H

#include <stdbool.h>
#include <stdint.h>

enum sim_pll_output { SIM_PLL_P, SIM_PLL_Q, SIM_PLL_R, SIM_PLL_S, SIM_PLL_T, SIM_PLL_OUTPUTS };
enum { SIM_PLLS = 3, SIM_APBS = 4, SIM_XSPIS = 2, SIM_CLOCK_DIVIDER_WORDS = 3 };

struct sim_clock_registers {
    uint32_t cr;
    uint32_t cfgr;
    uint32_t dividers[SIM_CLOCK_DIVIDER_WORDS]; /* RCC+0x18, 0x1C, 0x20 */
    uint32_t pllckselr;
    uint32_t pllcfgr;
    uint32_t divr1[SIM_PLLS];
    uint32_t divr2[SIM_PLLS];
    uint32_t fracn[SIM_PLLS]; /* as latched by the 0 to 1 change of PLLxFRACEN */
    uint32_t ccipr1;
    uint64_t hse_hz; /* crystal of the board */
};

/* Position of the kernel clock switch, as CKPROTR.XSPIxSWP shows it. */
enum sim_xspi_switch {
    SIM_XSPI_ON_HCLK = 0,
    SIM_XSPI_ON_PLL2S = 1,
    SIM_XSPI_ON_PLL2T = 2,
    SIM_XSPI_ON_RECOVERY = 4 /* HCLK/4, when the selected source is not there */
};

/* PLLCFGR: FRACEN is bit 0 and VCOSEL bit 1 of each PLL's share on every family. */
struct sim_pll_layout {
    uint8_t config_stride; /* bits from FRACEN of one PLL to that of the next */
    uint8_t rge_bit;       /* of PLL1 */
    uint8_t enable_bit;    /* DIVP1EN; the other outputs follow */
    uint8_t enable_stride;
    uint8_t outputs;        /* 3: P, Q, R; 5: S and T as well, with their dividers in PLLxDIVR2 */
    uint32_t vco_min_hz[2]; /* by VCOSEL */
    uint32_t vco_max_hz[2];
};

struct sim_clock_field {
    uint8_t word; /* index of sim_clock_registers.dividers */
    uint8_t bit;
};

struct sim_clock_layout {
    struct sim_pll_layout pll;
    struct sim_clock_field cpu;  /* 4 bits, from SYSCLK */
    struct sim_clock_field hclk; /* 4 bits, from the core clock */
    struct sim_clock_field apb[SIM_APBS];
    uint8_t apb_numbers[SIM_APBS];
    uint8_t xspi_count;
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
    uint64_t apb_hz[SIM_APBS]; /* in the order of sim_clock_layout.apb_numbers */
    struct sim_pll_state pll[SIM_PLLS];
    uint64_t xspi_hz[SIM_XSPIS];
    enum sim_xspi_switch xspi_switch[SIM_XSPIS];
};

void sim_clock_tree_compute(const struct sim_clock_layout *layout,
    const struct sim_clock_registers *registers, struct sim_clock_tree *tree);
/* The share of PLLCFGR that belongs to a PLL, its outputs' enable bits moved to bit 0 upward. */
uint32_t sim_pll_config(const struct sim_pll_layout *layout, uint32_t pllcfgr, unsigned index);
uint32_t sim_pll_enables(const struct sim_pll_layout *layout, uint32_t pllcfgr, unsigned index);

extern const struct sim_clock_layout sim_clock_h7rs; /* p_rcc_h7rs.c */
extern const struct sim_clock_layout sim_clock_h74x; /* p_rcc_h74x.c */

#endif
