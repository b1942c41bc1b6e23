/* Limits that join RCC, PWR and FLASH: what the core does at a frequency its voltage or the wait
 * states of internal flash do not allow is undefined, and seldom shows at once. */
#include "sim/p_flash_internal.h"
#include "sim/p_pwr_internal.h"
#include "sim/p_rcc_internal.h"
#include "sim/p_regs.h"
#include "sim/report.h"

#include <inttypes.h>

enum limit { LIMIT_CPU, LIMIT_VOS, LIMIT_HCLK, LIMIT_APB, LIMIT_LATENCY, LIMIT_WRHIGHFREQ };

/* Reported when it breaks, not again until it was kept in between. True: report now. */
static bool breaks(struct sim_rcc *rcc, enum limit limit, bool is_broken)
{
    bool was_broken = (rcc->limits_broken & SIM_BIT(limit)) != 0;

    if (is_broken) {
        rcc->limits_broken |= SIM_BIT(limit);
    } else {
        rcc->limits_broken &= ~SIM_BIT(limit);
    }
    return is_broken && !was_broken;
}

static void check_frequencies(struct sim_rcc *rcc, unsigned scale)
{
    const struct sim_clock_tree *tree = &rcc->tree;
    const struct sim_clock_limits *limits = rcc->layout->limits;
    struct sim_report *report = rcc->env->report;
    bool apb_is_fast = false;

    if (breaks(rcc, LIMIT_CPU, tree->cpu_hz > limits[0].cpu_max_hz)) {
        sim_violation(report, "cpu-clock-too-fast", "core at %" PRIu64 " Hz", tree->cpu_hz);
    }
    if (breaks(rcc, LIMIT_VOS, scale != 0 && tree->cpu_hz > limits[scale].cpu_max_hz)) {
        sim_violation(report, "vos-too-low",
            "core at %" PRIu64 " Hz with voltage scale %u in effect", tree->cpu_hz, scale);
    }
    if (breaks(rcc, LIMIT_HCLK, tree->hclk_hz > limits[scale].hclk_max_hz)) {
        sim_violation(report, "bus-clock-too-fast", "HCLK at %" PRIu64 " Hz", tree->hclk_hz);
    }
    for (unsigned i = 0; i < SIM_APBS; i++) {
        apb_is_fast = apb_is_fast || tree->apb_hz[i] > limits[scale].apb_max_hz;
    }
    if (breaks(rcc, LIMIT_APB, apb_is_fast)) {
        sim_violation(report, "bus-clock-too-fast",
            "an APB bus runs above %" PRIu64 " Hz with HCLK at %" PRIu64 " Hz",
            limits[scale].apb_max_hz, tree->hclk_hz);
    }
}

static void check_wait_states(struct sim_rcc *rcc, const struct sim_flash *flash, unsigned scale)
{
    uint64_t hclk_hz = rcc->tree.hclk_hz;
    uint64_t needed = hclk_hz == 0 ? 0 : (hclk_hz - 1) / rcc->layout->limits[scale].hz_per_wait;
    uint32_t latency = sim_field(sim_flash_acr(flash), 0, 4);
    uint32_t wrhighfreq = sim_field(sim_flash_acr(flash), 4, 2);

    if (breaks(rcc, LIMIT_LATENCY, latency < needed)) {
        sim_violation(rcc->env->report, "flash-latency-too-low",
            "FLASH_ACR.LATENCY is %" PRIu32 ", HCLK at %" PRIu64 " Hz needs %" PRIu64, latency,
            hclk_hz, needed);
    }
    if (breaks(rcc, LIMIT_WRHIGHFREQ, rcc->layout->checks_wrhighfreq && wrhighfreq < needed / 2)) {
        sim_violation(rcc->env->report, "flash-latency-too-low",
            "FLASH_ACR.WRHIGHFREQ is %" PRIu32 ", HCLK at %" PRIu64 " Hz needs %" PRIu64,
            wrhighfreq, hclk_hz, needed / 2);
    }
}

void sim_limits_check(struct sim_bus *bus)
{
    const struct sim_periph *rcc_periph = sim_bus_periph_at(bus, RCC_BASE);
    const struct sim_periph *pwr_periph = sim_bus_periph_at(bus, PWR_BASE);
    const struct sim_periph *flash_periph = sim_bus_periph_at(bus, FLASH_BASE);

    if (rcc_periph == NULL) {
        return;
    }
    struct sim_rcc *rcc = rcc_periph->state;
    unsigned scale = pwr_periph == NULL ? 0 : sim_pwr_voltage_scale(pwr_periph->state);

    check_frequencies(rcc, scale);
    if (flash_periph != NULL) {
        check_wait_states(rcc, flash_periph->state, scale);
    }
}
