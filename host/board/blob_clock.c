/* Clock arithmetic: dividers, PLL settings, and what limits the bus clock of a memory. */
#include "host/board/blob_parts.h"

#include <string.h>

enum {
    MAX_PRESCALER = 256,
    COMMAND_HZ = 32000000, /* silicon rule 11: page programming dominates anyway */
    HSLV_MAX_MV = 2700     /* pads in high-speed low-voltage mode are damaged above */
};

/* 1 or the next even number: odd dividers give an unequal duty cycle (XSPI, DCR2.PRESCALER). */
static uint32_t next_prescaler(uint32_t prescaler)
{
    return prescaler == 1 ? 2 : prescaler + 2;
}

void blob_clock_divide(uint32_t kernel_hz, uint32_t limit_hz, struct blob_clock *clock)
{
    uint32_t prescaler = 1;

    while (prescaler < MAX_PRESCALER && kernel_hz / prescaler > limit_hz) {
        prescaler = next_prescaler(prescaler);
    }
    memset(clock, 0, sizeof *clock);
    clock->kernel_hz = kernel_hz;
    clock->prescaler = prescaler;
    clock->bus_hz = kernel_hz / prescaler;
}

/* Index of the input range that ref_hz lies in; false when it lies in none. */
static bool find_range(const struct mcu_pll *pll, uint32_t ref_hz, uint32_t *range)
{
    size_t last = sizeof pll->ranges_hz / sizeof pll->ranges_hz[0] - 1;

    if (ref_hz < pll->ranges_hz[0] || ref_hz > pll->ranges_hz[last]) {
        return false;
    }
    *range = 0;
    while (*range + 1 < last && ref_hz >= pll->ranges_hz[*range + 1]) {
        (*range)++;
    }
    return true;
}

/* The largest n for these dividers; true when it is a better clock than *best. */
static bool try_pll(const struct mcu_pll *pll, uint32_t limit_hz, uint32_t kernel_max_hz,
    struct blob_clock *candidate, const struct blob_clock *best)
{
    uint64_t source_hz = pll->source_hz;
    uint64_t wanted_hz = (uint64_t)limit_hz * candidate->prescaler;
    uint64_t vco_hz = 0;
    uint64_t n = 0;

    if (wanted_hz > kernel_max_hz) {
        wanted_hz = kernel_max_hz;
    }
    n = wanted_hz * candidate->divider * candidate->m / source_hz;
    if (n < pll->n_min || n > pll->n_max) {
        return false;
    }
    vco_hz = source_hz * n / candidate->m;
    if (vco_hz < pll->vco_min_hz || vco_hz > pll->vco_max_hz) {
        return false;
    }
    candidate->n = (uint32_t)n;
    candidate->kernel_hz =
        (uint32_t)(source_hz * n / ((uint64_t)candidate->m * candidate->divider));
    candidate->bus_hz = candidate->kernel_hz / candidate->prescaler;
    return candidate->bus_hz > best->bus_hz;
}

/* Every divider for one prescaler and one m. */
static void search_dividers(const struct mcu_pll *pll, uint32_t limit_hz, uint32_t kernel_max_hz,
    struct blob_clock *at, struct blob_clock *best)
{
    if (!find_range(pll, pll->source_hz / at->m, &at->range)) {
        return;
    }
    for (at->divider = 1; at->divider <= pll->divider_max; at->divider++) {
        if (try_pll(pll, limit_hz, kernel_max_hz, at, best)) {
            *best = *at;
        }
    }
}

/* Every prescaler, m and divider; of equal clocks the one with the smallest, in this order. */
static bool search_pll(
    const struct mcu_pll *pll, uint32_t limit_hz, uint32_t kernel_max_hz, struct blob_clock *best)
{
    struct blob_clock at = {.pll = pll};

    memset(best, 0, sizeof *best);
    for (at.prescaler = 1; at.prescaler <= MAX_PRESCALER && best->bus_hz < limit_hz;
         at.prescaler = next_prescaler(at.prescaler)) {
        for (at.m = 1; at.m <= pll->m_max; at.m++) {
            search_dividers(pll, limit_hz, kernel_max_hz, &at, best);
        }
    }
    return best->bus_hz != 0;
}

bool blob_clock_run(const struct mcu *mcu, const struct mcu_controller *controller,
    uint32_t limit_hz, struct blob_clock *clock)
{
    if (controller->run_pll < mcu->pll_count) {
        return search_pll(
            &mcu->plls[controller->run_pll], limit_hz, controller->run_kernel_max_hz, clock);
    }
    /* The application may raise the bus clock under its own feet (silicon rule 6). */
    blob_clock_divide(mcu->bus_max_hz, limit_hz, clock);
    clock->kernel_hz = mcu->kernel_hz;
    clock->bus_hz = mcu->kernel_hz / clock->prescaler;
    return true;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

void blob_limits_get(const struct board_memory *memory, const struct board_memory_details *details,
    const struct part *part, const struct part_mode *mode, struct blob_limits *limits)
{
    const struct mcu_controller *controller = details->controller;

    limits->chip_hz = mode->max_hz;
    if (mode->dummy_by_code && part->dummy_count > 0) {
        limits->chip_hz = least(limits->chip_hz, part->dummies[part->dummy_count - 1].max_hz);
    }
    if (details->overrides.max_hz != 0) {
        limits->chip_hz = least(limits->chip_hz, details->overrides.max_hz);
    }
    limits->command_hz = least(least(COMMAND_HZ, mode->command_max_hz), limits->chip_hz);
    limits->pads_hz = controller->io_hz;
    limits->pads_hslv_hz = controller->io_hz;
    if (details->port->hslv_bit != 0 && memory->supply_mv != 0 &&
        memory->supply_mv <= HSLV_MAX_MV) {
        limits->pads_hslv_hz = controller->io_hslv_hz;
    }
}

const struct part_dummy *blob_pick_dummy(
    const struct part *part, const struct part_mode *mode, uint32_t bus_hz)
{
    if (!mode->dummy_by_code || part->dummy_count == 0) {
        return NULL;
    }
    for (size_t i = 0; i + 1 < part->dummy_count; i++) {
        if (part->dummies[i].max_hz >= bus_hz && part->dummies[i].cycles >= mode->dummy_min) {
            return &part->dummies[i];
        }
    }
    return &part->dummies[part->dummy_count - 1];
}

uint32_t blob_run_limit(const struct board_memory *memory, const struct blob_limits *limits,
    bool has_hslv, bool *needs_hslv, const char **why)
{
    uint32_t wanted_khz = memory->run_khz_wanted;
    uint32_t wanted_hz = wanted_khz == 0 ? UINT32_MAX : wanted_khz * 1000;
    uint32_t pads_hz = has_hslv ? limits->pads_hslv_hz : limits->pads_hz;
    uint32_t limit_hz = least(wanted_hz, least(limits->chip_hz, pads_hz));

    *needs_hslv = limit_hz > limits->pads_hz;
    *why = NULL;
    if (wanted_khz != 0 && limit_hz < wanted_hz) {
        *why = limits->chip_hz <= pads_hz ? "the memory allows no more"
               : has_hslv || limits->pads_hslv_hz <= pads_hz
                   ? "the pads allow no more at this supply"
                   : "HSLV is off in the option bytes";
    }
    return limit_hz;
}
