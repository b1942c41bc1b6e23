/* Oscillators and PLLs: ready a while after ON, not ready a while after OFF. */
#include "sim/p_rcc_internal.h"
#include "sim/p_regs.h"
#include "sim/report.h"

#include <inttypes.h>

struct oscillator_row {
    const char *name;
    uint16_t offset;
    uint8_t on_bit;
    uint8_t ready_bit;
    uint8_t interrupt_bit; /* in CIER, CIFR, CICR */
    uint64_t start_ps;
    uint64_t stop_ps;
};

/* Start-up times are typical datasheet orders of magnitude (K): they only have to be long enough
 * that code which does not wait is caught, and within the vendor's timeouts (PLL 50 ms). */
static const struct oscillator_row rows[SIM_OSC_COUNT] = {
    [SIM_OSC_HSI] = {"HSI", RCC_CR, CR_HSION, CR_HSIRDY, 2, 4 * SIM_PS_PER_US, SIM_PS_PER_US},
    [SIM_OSC_CSI] = {"CSI", RCC_CR, CR_CSION, CR_CSIRDY, 4, 4 * SIM_PS_PER_US, SIM_PS_PER_US},
    [SIM_OSC_HSI48] = {"HSI48", RCC_CR, CR_HSI48ON, CR_HSI48RDY, 5, 4 * SIM_PS_PER_US,
        SIM_PS_PER_US},
    [SIM_OSC_HSE] = {"HSE", RCC_CR, CR_HSEON, CR_HSERDY, 3, 2 * SIM_PS_PER_MS, SIM_PS_PER_US},
    [SIM_OSC_PLL1] = {"PLL1", RCC_CR, CR_PLL1ON, CR_PLL1RDY, 6, 60 * SIM_PS_PER_US, SIM_PS_PER_US},
    [SIM_OSC_PLL2] = {"PLL2", RCC_CR, CR_PLL1ON + 2, CR_PLL1RDY + 2, 7, 60 * SIM_PS_PER_US,
        SIM_PS_PER_US},
    [SIM_OSC_PLL3] = {"PLL3", RCC_CR, CR_PLL1ON + 4, CR_PLL1RDY + 4, 8, 60 * SIM_PS_PER_US,
        SIM_PS_PER_US},
    [SIM_OSC_LSI] = {"LSI", RCC_CSR, 0, 1, 0, 130 * SIM_PS_PER_US, 100 * SIM_PS_PER_US},
    [SIM_OSC_LSE] = {"LSE", RCC_BDCR, 0, 1, 1, 500 * SIM_PS_PER_MS, 190 * SIM_PS_PER_US},
};

/* Reference range by RGE (mcu.md 4.3). */
static const uint32_t ref_min_hz[4] = {1000000, 2000000, 4000000, 8000000};
static const uint32_t ref_max_hz[4] = {2000000, 4000000, 8000000, 16000000};

static uint32_t *word_of(struct sim_rcc *rcc, enum sim_oscillator which)
{
    return &rcc->words[rows[which].offset / 4];
}

static bool is_pll(enum sim_oscillator which)
{
    return which >= SIM_OSC_PLL1 && which <= SIM_OSC_PLL3;
}

static bool is_on(struct sim_rcc *rcc, enum sim_oscillator which)
{
    return (*word_of(rcc, which) & SIM_BIT(rows[which].on_bit)) != 0;
}

static bool is_ready(struct sim_rcc *rcc, enum sim_oscillator which)
{
    return (*word_of(rcc, which) & SIM_BIT(rows[which].ready_bit)) != 0;
}

bool sim_rcc_source_is_ready(const struct sim_rcc *rcc, uint32_t source)
{
    static const uint8_t ready_bits[] = {CR_HSIRDY, CR_CSIRDY, CR_HSERDY, CR_PLL1RDY};

    if (source >= sizeof ready_bits ||
        (sim_rcc_word(rcc, RCC_CR) & SIM_BIT(ready_bits[source])) == 0) {
        return false;
    }
    /* A locked PLL1 whose P output is off gives no clock to switch to. */
    return source != 3 ||
           (sim_rcc_word(rcc, RCC_PLLCFGR) & SIM_BIT(rcc->layout->clock->pll.enable_bit)) != 0;
}

static bool pll_has_source(const struct sim_rcc *rcc, enum sim_oscillator which)
{
    uint32_t pllckselr = sim_rcc_word(rcc, RCC_PLLCKSELR);
    uint32_t source = sim_field(pllckselr, 0, 2);
    uint32_t divm = sim_field(pllckselr, 4 + 8 * (unsigned)(which - SIM_OSC_PLL1), 6);

    return source != 3 && divm != 0 && sim_rcc_source_is_ready(rcc, source);
}

static void schedule(struct sim_rcc *rcc, enum sim_oscillator which, uint64_t delay_ps)
{
    struct sim_clock *clock = rcc->env->clock;

    sim_clock_schedule(clock, &rcc->oscillators[which].event, sim_clock_now_ps(clock) + delay_ps);
}

static void set_ready(struct sim_rcc *rcc, enum sim_oscillator which, bool ready)
{
    uint32_t interrupt = SIM_BIT(rows[which].interrupt_bit);

    if (!ready) {
        *word_of(rcc, which) &= ~SIM_BIT(rows[which].ready_bit);
        return;
    }
    *word_of(rcc, which) |= SIM_BIT(rows[which].ready_bit);
    if ((sim_rcc_word(rcc, RCC_CIER) & interrupt) != 0) {
        rcc->words[RCC_CIFR / 4] |= interrupt;
    }
}

/* A PLL that waited for its source locks now; one whose source went away is lost. */
static void settle_plls(struct sim_rcc *rcc)
{
    for (enum sim_oscillator i = SIM_OSC_PLL1; i <= SIM_OSC_PLL3; i++) {
        if (!is_on(rcc, i)) {
            continue;
        }
        if (!pll_has_source(rcc, i)) {
            set_ready(rcc, i, false);
        } else if (!is_ready(rcc, i) && !rcc->oscillators[i].event.armed) {
            schedule(rcc, i, rows[i].start_ps);
        }
    }
}

static void fire(void *context)
{
    struct sim_rcc_oscillator *oscillator = context;
    struct sim_rcc *rcc = oscillator->rcc;
    enum sim_oscillator which = oscillator->which;

    set_ready(rcc, which, is_on(rcc, which) && (!is_pll(which) || pll_has_source(rcc, which)));
    settle_plls(rcc);
    sim_rcc_update(rcc);
}

static void hsi_divider_settles(void *context)
{
    struct sim_rcc *rcc = context;

    rcc->words[RCC_CR / 4] |= SIM_BIT(CR_HSIDIVF);
    sim_rcc_update(rcc);
}

void sim_rcc_osc_init(struct sim_rcc *rcc)
{
    for (enum sim_oscillator i = SIM_OSC_HSI; i < SIM_OSC_COUNT; i++) {
        rcc->oscillators[i].rcc = rcc;
        rcc->oscillators[i].which = i;
        rcc->oscillators[i].event.fire = fire;
        rcc->oscillators[i].event.context = &rcc->oscillators[i];
    }
    rcc->hsi_divider.fire = hsi_divider_settles;
    rcc->hsi_divider.context = rcc;
}

void sim_rcc_osc_cancel(struct sim_rcc *rcc)
{
    for (enum sim_oscillator i = SIM_OSC_HSI; i < SIM_OSC_COUNT; i++) {
        sim_clock_cancel(rcc->env->clock, &rcc->oscillators[i].event);
    }
    sim_clock_cancel(rcc->env->clock, &rcc->hsi_divider);
}

static void check_pll_ranges(struct sim_rcc *rcc, unsigned index)
{
    const struct sim_pll_layout *layout = &rcc->layout->clock->pll;
    uint32_t config = sim_pll_config(layout, sim_rcc_word(rcc, RCC_PLLCFGR), index);
    uint32_t vcosel = sim_field(config, 1, 1);
    uint32_t rge = sim_field(config, layout->rge_bit, 2);
    uint32_t divn = sim_field(sim_rcc_word(rcc, RCC_PLL1DIVR1 + 8 * index), 0, 9) + 1;
    const struct sim_pll_state *pll = &rcc->tree.pll[index];

    if (pll->ref_hz < ref_min_hz[rge] || pll->ref_hz > ref_max_hz[rge]) {
        sim_violation(rcc->env->report, "pll-reference-range",
            "PLL%u started with a reference of %" PRIu64 " Hz and RGE %" PRIu32, index + 1,
            pll->ref_hz, rge);
    }
    if (pll->vco_hz < layout->vco_min_hz[vcosel] || pll->vco_hz > layout->vco_max_hz[vcosel]) {
        sim_violation(rcc->env->report, "pll-vco-range",
            "PLL%u started with its VCO at %" PRIu64 " Hz and VCOSEL %" PRIu32, index + 1,
            pll->vco_hz, vcosel);
    }
    if (divn < 8 || divn > 420) {
        sim_violation(rcc->env->report, "pll-vco-range",
            "PLL%u started with a multiplier of %" PRIu32 ", 8 to 420 are allowed", index + 1,
            divn);
    }
}

static void start(struct sim_rcc *rcc, enum sim_oscillator which)
{
    set_ready(rcc, which, false);
    if (is_pll(which)) {
        if (!pll_has_source(rcc, which)) {
            sim_violation(rcc->env->report, "pll-without-source",
                "%s enabled while its source is off or its prescaler is 0", rows[which].name);
            return;
        }
        check_pll_ranges(rcc, (unsigned)(which - SIM_OSC_PLL1));
    }
    schedule(rcc, which, rows[which].start_ps);
}

void sim_rcc_osc_written(struct sim_rcc *rcc, uint32_t word_offset, uint32_t before)
{
    for (enum sim_oscillator i = SIM_OSC_HSI; i < SIM_OSC_COUNT; i++) {
        uint32_t changed = (before ^ *word_of(rcc, i)) & SIM_BIT(rows[i].on_bit);

        if (rows[i].offset != word_offset || changed == 0) {
            continue;
        }
        if (is_on(rcc, i)) {
            start(rcc, i);
        } else {
            schedule(rcc, i, rows[i].stop_ps);
        }
    }
    if (word_offset == RCC_CR && sim_field(before ^ sim_rcc_word(rcc, RCC_CR), CR_HSIDIV, 2) != 0) {
        rcc->words[RCC_CR / 4] &= ~SIM_BIT(CR_HSIDIVF);
        sim_clock_schedule(
            rcc->env->clock, &rcc->hsi_divider, sim_clock_now_ps(rcc->env->clock) + SIM_PS_PER_US);
    }
}
