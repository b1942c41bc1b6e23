/* PWR of STM32H7R/S: supply configuration, voltage scaling, pad supplies of the XSPI ports. */
#include "sim/clock.h"
#include "sim/p_pwr_internal.h"
#include "sim/p_rcc_internal.h"
#include "sim/p_regs.h"
#include "sim/report.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    PWR_CR1 = 0x00,
    PWR_SR1 = 0x04,
    PWR_CSR1 = 0x08,
    PWR_CSR2 = 0x0C,
    PWR_CSR3 = 0x10,
    PWR_CSR4 = 0x14,
    PWR_WKUPCR = 0x20,
    PWR_WKUPFR = 0x24,
    PWR_UCPDR = 0x2C,
    PWR_LAST = 0x50
};

/* CSR2: BYPASS 0, LDOEN 1, SDEN 2, SMPSEXTHP 3, SDHILEVEL 4 (mcu.md 4.1 item 1). */
#define CSR2_SUPPLY    UINT32_C(0x1F)
#define CSR2_SMPSEXTHP SIM_BIT(3)
#define CSR2_SDEXTRDY  SIM_BIT(16)
#define CSR2_USB33RDY  SIM_BIT(26)
enum { CSR2_EN_XSPIM1 = 14 };
#define SR1_ACTVOS    SIM_BIT(0)
#define SR1_ACTVOSRDY SIM_BIT(1)
#define CSR4_VOS      SIM_BIT(0)
#define CSR4_VOSRDY   SIM_BIT(1)

/* Regulator times (K): long enough that code which does not wait is caught. */
#define SUPPLY_SETTLE_PS (20 * SIM_PS_PER_US)
#define VOS_SETTLE_PS    (30 * SIM_PS_PER_US)

/* Offset, reset value, writable bits: SVD STM32H7S v1.3, pwr_h7rs of embassy stm32-data. */
static const struct sim_register registers[] = {
    {PWR_CR1, UINT32_C(0x00000001), UINT32_C(0x0000FFF1)}, {PWR_SR1, 0, 0},
    {PWR_CSR1, 0, UINT32_C(0x00000011)}, {PWR_CSR2, UINT32_C(0x00000006), UINT32_C(0x0B00FF1F)},
    {PWR_CSR3, 0, UINT32_C(0x00000003)}, {PWR_CSR4, UINT32_C(0x00000002), UINT32_C(0x00000001)},
    {PWR_WKUPCR, 0, UINT32_C(0x0000000F)}, {PWR_WKUPFR, 0, 0},
    {0x28, 0, UINT32_C(0x00FF0F0F)}, /* WKUPEPR */
    {PWR_UCPDR, UINT32_C(0x00000002), UINT32_C(0x3)},
    {0x30, UINT32_C(0x00030000), UINT32_C(0xF0030001)}, /* APCR */
    {0x34, 0, UINT32_C(0x00001042)},                    /* PUCRN */
    {0x38, 0, UINT32_C(0x00001147)},                    /* PDCRN */
    {0x3C, 0, UINT32_C(0x00000013)},                    /* PUCRO */
    {0x40, 0, UINT32_C(0x0000001F)},                    /* PDCRO */
    {0x44, 0, UINT32_C(0x00001111)},                    /* PDCRP */
    {PWR_LAST, 0, UINT32_C(0x00010009)},                /* PDR1 */
};

/* Legal values of the five supply bits: the rows of the vendor's PWREx supply sources. */
static const uint8_t legal_supplies[] = {
    0x01, /* bypass */
    0x02, /* LDO */
    0x04, /* SMPS direct */
    0x06, /* reset value: SMPS and LDO, not yet configured */
    0x16, /* SMPS 1.8 V feeds the LDO */
    0x1E, /* the same, and external circuits */
    0x1C, /* SMPS 1.8 V for external circuits, LDO off */
    0x1D, /* the same, core in bypass */
};

enum { WORDS = PWR_LAST / 4 + 1 };

struct sim_pwr {
    const struct sim_env *env;
    struct sim_bus *bus;
    struct sim_periph periph;
    uint32_t words[WORDS];
    uint32_t generation;
    bool supply_is_locked; /* until power is lost */
    uint64_t supply_ready_ps;
    uint64_t vos_ready_ps;
};

static bool has_passed(const struct sim_pwr *pwr, uint64_t moment_ps)
{
    return sim_clock_now_ps(pwr->env->clock) >= moment_ps;
}

static bool supply_is_legal(uint32_t supply)
{
    for (size_t i = 0; i < sizeof legal_supplies; i++) {
        if (legal_supplies[i] == supply) {
            return true;
        }
    }
    return false;
}

static uint32_t supply_of(const struct sim_pwr *pwr)
{
    return pwr->words[PWR_CSR2 / 4] & CSR2_SUPPLY;
}

static bool supply_is_ready(const struct sim_pwr *pwr)
{
    return supply_is_legal(supply_of(pwr)) && has_passed(pwr, pwr->supply_ready_ps);
}

bool sim_pwr_is_vos_high(const struct sim_pwr *pwr)
{
    return (pwr->words[PWR_CSR4 / 4] & CSR4_VOS) != 0 && has_passed(pwr, pwr->vos_ready_ps);
}

/* Bits that hardware shows beside what software wrote. */
static uint32_t status_bits(const struct sim_pwr *pwr, uint32_t word_offset)
{
    bool vos_is_ready = has_passed(pwr, pwr->vos_ready_ps);

    switch (word_offset) {
    case PWR_SR1:
        return (sim_pwr_is_vos_high(pwr) ? SR1_ACTVOS : 0) |
               (supply_is_ready(pwr) && vos_is_ready ? SR1_ACTVOSRDY : 0);
    case PWR_CSR1: /* BRRDY follows BREN */
        return (pwr->words[PWR_CSR1 / 4] & SIM_BIT(0)) << 16;
    case PWR_CSR2:
        return CSR2_USB33RDY |
               ((pwr->words[PWR_CSR2 / 4] & CSR2_SMPSEXTHP) != 0 && supply_is_ready(pwr)
                       ? CSR2_SDEXTRDY
                       : 0);
    case PWR_CSR4:
        return supply_is_ready(pwr) && vos_is_ready ? CSR4_VOSRDY : 0;
    default:
        return 0;
    }
}

static bool read_word(void *state, uint32_t offset, uint32_t size_bytes, uint32_t *value)
{
    const struct sim_pwr *pwr = state;
    const struct sim_register *row =
        sim_register_find(registers, sizeof registers / sizeof registers[0], offset);
    uint32_t word = 0;

    if (row != NULL) {
        word = (pwr->words[row->offset / 4] & row->writable) | status_bits(pwr, row->offset);
    }
    *value = sim_register_extract(word, offset, size_bytes);
    return true;
}

/* The supply can be chosen once after power-on. A read-modify-write that leaves it as it is (to
 * set EN_XSPIMx) does not use up that choice: an application that runs the vendor's sequence after
 * such a bootloader still passes. */
static uint32_t choose_supply(struct sim_pwr *pwr, uint32_t before, uint32_t wanted)
{
    if (((before ^ wanted) & CSR2_SUPPLY) == 0) {
        return wanted;
    }
    if (pwr->supply_is_locked) {
        sim_violation(pwr->env->report, "supply-locked",
            "PWR_CSR2 supply bits are 0x%02" PRIX32 " until power-off, write of 0x%02" PRIX32
            " is lost",
            before & CSR2_SUPPLY, wanted & CSR2_SUPPLY);
        return (wanted & ~CSR2_SUPPLY) | (before & CSR2_SUPPLY);
    }
    if (!supply_is_legal(wanted & CSR2_SUPPLY)) {
        sim_violation(pwr->env->report, "supply-illegal",
            "PWR_CSR2 supply bits 0x%02" PRIX32 " are no legal combination", wanted & CSR2_SUPPLY);
    }
    pwr->supply_is_locked = true;
    pwr->supply_ready_ps = sim_clock_now_ps(pwr->env->clock) + SUPPLY_SETTLE_PS;
    return wanted;
}

static void act_on_write(struct sim_pwr *pwr, uint32_t word_offset, uint32_t before)
{
    uint32_t *word = &pwr->words[word_offset / 4];

    switch (word_offset) {
    case PWR_CSR2:
        *word = choose_supply(pwr, before, *word);
        pwr->generation++;
        break;
    case PWR_CSR4:
        if (((before ^ *word) & CSR4_VOS) != 0) {
            pwr->vos_ready_ps = sim_clock_now_ps(pwr->env->clock) + VOS_SETTLE_PS;
            sim_limits_check(pwr->bus);
        }
        break;
    case PWR_CSR3:
        *word &= ~SIM_BIT(1); /* CSSF clears flags that this model never sets */
        break;
    case PWR_WKUPCR:
        *word = 0;
        break;
    default:
        break;
    }
}

static bool write_word(void *state, uint32_t offset, uint32_t size_bytes, uint32_t value)
{
    struct sim_pwr *pwr = state;
    const struct sim_register *row =
        sim_register_find(registers, sizeof registers / sizeof registers[0], offset);

    if (row == NULL) {
        sim_violation(pwr->env->report, "unmodelled-register",
            "write of 0x%08" PRIX32 " to PWR+0x%02" PRIX32 ", where there is no register", value,
            offset);
        return true;
    }
    uint32_t before = pwr->words[row->offset / 4];

    pwr->words[row->offset / 4] =
        sim_register_merge(before, offset, size_bytes, value) & row->writable;
    act_on_write(pwr, row->offset, before);
    return true;
}

static void reset(void *state, enum sim_reset_kind kind)
{
    struct sim_pwr *pwr = state;
    uint32_t supply = supply_of(pwr);

    for (size_t i = 0; i < sizeof registers / sizeof registers[0]; i++) {
        pwr->words[registers[i].offset / 4] = registers[i].reset;
    }
    if (kind == SIM_RESET_POWER_ON) {
        pwr->supply_is_locked = false;
        pwr->supply_ready_ps = 0;
    } else {
        pwr->words[PWR_CSR2 / 4] = (pwr->words[PWR_CSR2 / 4] & ~CSR2_SUPPLY) | supply;
    }
    pwr->vos_ready_ps = 0;
    pwr->generation++;
}

struct sim_pwr *sim_pwr_create(const struct sim_env *env, struct sim_bus *bus)
{
    struct sim_pwr *pwr = calloc(1, sizeof *pwr);

    if (pwr == NULL) {
        return NULL;
    }
    pwr->env = env;
    pwr->bus = bus;
    pwr->periph = (struct sim_periph){
        .name = "PWR",
        .base = PWR_BASE,
        .size_bytes = 0x400,
        .state = pwr,
        .read = read_word,
        .write = write_word,
        .reset = reset,
        .gate_offset = SIM_GATE_ALWAYS, /* no enable bit on these parts (mcu.md 4.1 item 1) */
    };
    sim_bus_add_periph(bus, &pwr->periph);
    reset(pwr, SIM_RESET_POWER_ON);
    return pwr;
}

void sim_pwr_free(struct sim_pwr *pwr)
{
    free(pwr);
}

bool sim_pwr_xspim_is_powered(const struct sim_pwr *pwr, unsigned port)
{
    return (port == 1 || port == 2) &&
           (pwr->words[PWR_CSR2 / 4] & SIM_BIT(CSR2_EN_XSPIM1 + port - 1)) != 0;
}

uint32_t sim_pwr_generation(const struct sim_pwr *pwr)
{
    return pwr->generation;
}
