/* What the files of the RCC model share, and what the other p_*.c models may ask of it beyond
 * soc.h. Nobody else includes this. */
#ifndef SIM_P_RCC_INTERNAL_H
#define SIM_P_RCC_INTERNAL_H

#include "sim/clock.h"
#include "sim/p_clocktree.h"
#include "sim/p_regs.h"
#include "sim/soc.h"

/* Offsets of the registers that the model acts on (mcu.md 4 and 4.3). Those up to CSR are the same
 * on every STM32H7 and H7R/S; the rest is of H7R/S (SVD STM32H7S 1.3), H74x has its own list. */
enum {
    RCC_BASE = 0x58024400,
    RCC_SIZE_BYTES = 0x400,
    RCC_CR = 0x000,
    RCC_CFGR = 0x010,
    RCC_DIVIDERS = 0x018, /* CDCFGR, BMCFGR, APBCFGR; on H7 D1CFGR, D2CFGR, D3CFGR */
    RCC_BMCFGR = 0x01C,
    RCC_APBCFGR = 0x020,
    RCC_PLLCKSELR = 0x028,
    RCC_PLLCFGR = 0x02C,
    RCC_PLL1DIVR1 = 0x030,
    RCC_PLL1FRACR = 0x034,
    RCC_CCIPR1 = 0x04C,
    RCC_CIER = 0x060,
    RCC_CIFR = 0x064,
    RCC_CICR = 0x068,
    RCC_BDCR = 0x070,
    RCC_CSR = 0x074,
    RCC_AHB5RSTR = 0x07C,
    RCC_AHB1RSTR = 0x080,
    RCC_AHB2RSTR = 0x084,
    RCC_AHB4RSTR = 0x088,
    RCC_APB5RSTR = 0x08C,
    RCC_APB1RSTR1 = 0x090,
    RCC_APB1RSTR2 = 0x094,
    RCC_APB2RSTR = 0x098,
    RCC_APB4RSTR = 0x09C,
    RCC_AHB3RSTR = 0x0A4,
    RCC_PLL1DIVR2 = 0x0C0,
    RCC_CKPROTR = 0x100,
    RCC_RSR = 0x130,
    RCC_AHB5ENR = 0x134,
    RCC_AHB1ENR = 0x138,
    RCC_AHB2ENR = 0x13C,
    RCC_AHB4ENR = 0x140,
    RCC_APB5ENR = 0x144,
    RCC_APB1ENR1 = 0x148,
    RCC_APB1ENR2 = 0x14C,
    RCC_APB2ENR = 0x150,
    RCC_APB4ENR = 0x154,
    RCC_AHB3ENR = 0x158,
    RCC_AHB5LPENR = 0x15C,
    RCC_LAST = 0x180
};

/* RCC_CR bits. */
enum {
    CR_HSION = 0,
    CR_HSIRDY = 2,
    CR_HSIDIV = 3,
    CR_HSIDIVF = 5,
    CR_CSION = 7,
    CR_CSIRDY = 8,
    CR_HSI48ON = 12,
    CR_HSI48RDY = 13,
    CR_HSEON = 16,
    CR_HSERDY = 17,
    CR_HSEBYP = 18,
    CR_HSEEXT = 19,
    CR_HSECSSON = 20,
    CR_PLL1ON = 24,
    CR_PLL1RDY = 25
};

enum sim_oscillator {
    SIM_OSC_HSI,
    SIM_OSC_CSI,
    SIM_OSC_HSI48,
    SIM_OSC_HSE,
    SIM_OSC_PLL1,
    SIM_OSC_PLL2,
    SIM_OSC_PLL3,
    SIM_OSC_LSI,
    SIM_OSC_LSE,
    SIM_OSC_COUNT
};

struct sim_rcc_oscillator {
    struct sim_rcc *rcc;
    enum sim_oscillator which;
    struct sim_event event; /* ready after start, not ready after stop */
};

struct sim_rcc_binding {
    const struct sim_periph *periph;
    uint16_t offset;
    uint8_t bit;
};

struct sim_rcc_listener {
    void (*changed)(void *context);
    void *context;
};

enum { RCC_WORDS = RCC_LAST / 4 + 1, RCC_BINDINGS_MAX = 32, RCC_LISTENERS_MAX = 4 };

/* Bits of a register that only the hardware writes. */
struct sim_rcc_read_only {
    uint16_t offset;
    uint32_t bits;
};

/* The reset register of an enable register: the bits are the same. */
struct sim_rcc_enable {
    uint16_t enable_offset;
    uint16_t reset_offset;
};

/* A block whose reset bit works without sim_rcc_bind_reset(). */
struct sim_rcc_block {
    uint16_t reset_offset;
    uint8_t bit;
    uint32_t base;
};

/* Bits that CKPROTR.XSPICKP or FMCCKP freezes. */
struct sim_rcc_protection {
    uint16_t offset;
    uint32_t by_xspickp_any;
    uint32_t by_xspickp_clear;
    uint32_t by_fmcckp_any;
    uint32_t by_fmcckp_clear;
};

/* What the part can bear at a voltage scale; row 0 is the highest voltage. */
struct sim_clock_limits {
    uint64_t cpu_max_hz;
    uint64_t hclk_max_hz;
    uint64_t apb_max_hz;
    uint64_t hz_per_wait; /* of internal flash */
};
enum { SIM_VOLTAGE_SCALES = 4 };

/* RCC of one family. */
struct sim_rcc_layout {
    const struct sim_register *registers;
    size_t register_count;
    const struct sim_rcc_read_only *read_only;
    size_t read_only_count;
    const struct sim_rcc_enable *enables;
    size_t enable_count;
    const struct sim_rcc_block *blocks;
    size_t block_count;
    const struct sim_rcc_protection *protections;
    size_t protection_count;
    uint16_t protection_offset; /* CKPROTR; 0: none */
    uint16_t first_reset_offset;
    uint16_t last_reset_offset;
    uint16_t rsr_offset;
    uint16_t wwdg_offset; /* "reset by hardware when a system reset occurs": cannot be cleared */
    uint8_t wwdg_bit;
    /* [alias_first, alias_last] show the registers alias_distance below; distance 0: no alias. */
    uint16_t alias_first;
    uint16_t alias_last;
    uint16_t alias_distance;
    const struct sim_clock_layout *clock;
    struct sim_clock_limits limits[SIM_VOLTAGE_SCALES];
    bool checks_wrhighfreq; /* FLASH_ACR.WRHIGHFREQ is half the latency */
};

struct sim_rcc {
    const struct sim_env *env;
    struct sim_bus *bus;
    const struct sim_rcc_layout *layout;
    uint64_t hse_hz;
    struct sim_periph periph;
    uint32_t words[RCC_WORDS];
    uint32_t fracn_latched[SIM_PLLS];
    struct sim_clock_tree tree;
    uint32_t generation;
    struct sim_rcc_oscillator oscillators[SIM_OSC_COUNT];
    struct sim_event hsi_divider; /* HSIDIVF comes back */
    struct sim_rcc_binding bindings[RCC_BINDINGS_MAX];
    unsigned binding_count;
    struct sim_rcc_listener listeners[RCC_LISTENERS_MAX];
    unsigned listener_count;
    uint32_t limits_broken; /* which limits were over at the last check: reported once each */
};

/* NULL: no such register. Aliases lead to the row of the register they show. */
const struct sim_register *sim_rcc_register(const struct sim_rcc_layout *layout, uint32_t offset);

/* p_rcc_locks.c */
/* Bits that the hardware refuses to change now. `any`: whatever is written; `clear`: a write of 0.
 * protected: because of CKPROTR; in_use: because the clock tree needs them as they are. */
struct sim_rcc_locks {
    uint32_t in_use_any;
    uint32_t in_use_clear;
    uint32_t protected_any;
    uint32_t protected_clear;
};
void sim_rcc_find_locks(
    const struct sim_rcc *rcc, uint32_t word_offset, struct sim_rcc_locks *locks);

/* p_rcc_osc.c */
void sim_rcc_osc_init(struct sim_rcc *rcc);
void sim_rcc_osc_cancel(struct sim_rcc *rcc);
/* After a write to CR, CSR or BDCR. */
void sim_rcc_osc_written(struct sim_rcc *rcc, uint32_t word_offset, uint32_t before);
bool sim_rcc_source_is_ready(const struct sim_rcc *rcc, uint32_t source); /* codes of SW */

/* p_rcc.c: the switch follows SW, frequencies are computed, limits checked, listeners told. */
void sim_rcc_update(struct sim_rcc *rcc);
void sim_rcc_add_listener(struct sim_rcc *rcc, void (*changed)(void *context), void *context);
bool sim_rcc_csi_is_ready(const struct sim_rcc *rcc);
bool sim_rcc_lsi_is_ready(const struct sim_rcc *rcc);

/* p_limits.c: frequencies against voltage scale and flash wait states. Looks the models up on the
 * bus, since each of the three may change while the others exist or not. */
void sim_limits_check(struct sim_bus *bus);

static inline uint32_t sim_rcc_word(const struct sim_rcc *rcc, uint32_t offset)
{
    return rcc->words[offset / 4];
}

#endif
