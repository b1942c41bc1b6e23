/* Limits that join RCC, PWR and FLASH: what the core does at a frequency its voltage or the wait
 * states of internal flash do not allow is undefined, and seldom shows at once. */
#include "sim/p_flash_internal.h"
#include "sim/p_pwr_internal.h"
#include "sim/p_rcc_internal.h"
#include "sim/p_regs.h"
#include "sim/report.h"

#include <inttypes.h>

/* mcu.md 1 and 4.1 item 6: 600 MHz core, 300 MHz buses at VOS0. APB 150 MHz: the vendor template's
 * prescalers (K). 400 MHz at VOS1: datasheet figure as used by the vendor (K). */
#define CPU_MAX_HZ         UINT64_C(600000000)
#define CPU_MAX_VOS_LOW_HZ UINT64_C(400000000)
#define HCLK_MAX_HZ        UINT64_C(300000000)
#define APB_MAX_HZ         UINT64_C(150000000)
/* One wait state for each 40 MHz of AXI clock at VOS0, 36 MHz at VOS1 (vendor's LL utilities);
 * WRHIGHFREQ is half the latency (mcu.md 4.1 item 6). */
#define HZ_PER_WAIT_VOS_HIGH UINT64_C(40000000)
#define HZ_PER_WAIT_VOS_LOW  UINT64_C(36000000)

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

static void check_frequencies(struct sim_rcc *rcc, bool vos_high)
{
    const struct sim_clock_tree *tree = &rcc->tree;
    struct sim_report *report = rcc->env->report;
    bool apb_is_fast = false;

    if (breaks(rcc, LIMIT_CPU, tree->cpu_hz > CPU_MAX_HZ)) {
        sim_violation(report, "cpu-clock-too-fast", "core at %" PRIu64 " Hz", tree->cpu_hz);
    }
    if (breaks(rcc, LIMIT_VOS, !vos_high && tree->cpu_hz > CPU_MAX_VOS_LOW_HZ)) {
        sim_violation(
            report, "vos-too-low", "core at %" PRIu64 " Hz without VOS0 in effect", tree->cpu_hz);
    }
    if (breaks(rcc, LIMIT_HCLK, tree->hclk_hz > HCLK_MAX_HZ)) {
        sim_violation(report, "bus-clock-too-fast", "HCLK at %" PRIu64 " Hz", tree->hclk_hz);
    }
    for (unsigned i = 0; i < SIM_APBS; i++) {
        apb_is_fast = apb_is_fast || tree->apb_hz[i] > APB_MAX_HZ;
    }
    if (breaks(rcc, LIMIT_APB, apb_is_fast)) {
        sim_violation(report, "bus-clock-too-fast",
            "an APB bus runs above %" PRIu64 " Hz with HCLK at %" PRIu64 " Hz", APB_MAX_HZ,
            tree->hclk_hz);
    }
}

static void check_wait_states(struct sim_rcc *rcc, const struct sim_flash *flash, bool vos_high)
{
    uint64_t hclk_hz = rcc->tree.hclk_hz;
    uint64_t step_hz = vos_high ? HZ_PER_WAIT_VOS_HIGH : HZ_PER_WAIT_VOS_LOW;
    uint64_t needed = hclk_hz == 0 ? 0 : (hclk_hz - 1) / step_hz;
    uint32_t latency = sim_field(sim_flash_acr(flash), 0, 4);
    uint32_t wrhighfreq = sim_field(sim_flash_acr(flash), 4, 2);

    if (breaks(rcc, LIMIT_LATENCY, latency < needed)) {
        sim_violation(rcc->env->report, "flash-latency-too-low",
            "FLASH_ACR.LATENCY is %" PRIu32 ", HCLK at %" PRIu64 " Hz needs %" PRIu64, latency,
            hclk_hz, needed);
    }
    if (breaks(rcc, LIMIT_WRHIGHFREQ, wrhighfreq < needed / 2)) {
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
    bool vos_high = pwr_periph == NULL || sim_pwr_is_vos_high(pwr_periph->state);

    check_frequencies(rcc, vos_high);
    if (flash_periph != NULL) {
        check_wait_states(rcc, flash_periph->state, vos_high);
    }
}
