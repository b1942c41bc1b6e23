/* Clock arithmetic, with results worked out by hand. */
#include "host/board/blob_parts.h"

#include <criterion/criterion.h>

#include <string.h>

static const struct mcu_pll pll2s = {.name = "PLL2S",
    .source_hz = 64000000,
    .m_max = 63,
    .n_min = 8,
    .n_max = 420,
    .divider_max = 8,
    .vco_min_hz = 400000000,
    .vco_max_hz = 1600000000,
    .ranges_hz = {1000000, 2000000, 4000000, 8000000, 16000000}};

static void setup_mcu(struct mcu *mcu, struct mcu_controller *controller, bool with_pll)
{
    memset(mcu, 0, sizeof *mcu);
    memset(controller, 0, sizeof *controller);
    mcu->kernel_hz = 64000000;
    mcu->bus_max_hz = 240000000;
    mcu->plls[0] = pll2s;
    mcu->pll_count = 1;
    controller->run_pll = with_pll ? 0 : MCU_MAX_PLLS;
    controller->run_kernel_max_hz = 200000000;
}

Test(clock, divides_by_one_or_an_even_number)
{
    static const struct {
        uint32_t kernel_hz, limit_hz, prescaler, bus_hz;
    } rows[] = {
        {64000000, 64000000, 1, 64000000},
        {64000000, 63999999, 2, 32000000},
        {64000000, 32000000, 2, 32000000},
        {64000000, 25000000, 4, 16000000}, /* 3 would do, but is odd */
        {64000000, 16000000, 4, 16000000},
        {200000000, 16000000, 14, 14285714},
        {64000000, 1, 256, 250000},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct blob_clock clock;

        blob_clock_divide(rows[i].kernel_hz, rows[i].limit_hz, &clock);
        cr_assert_eq(clock.prescaler, rows[i].prescaler, "row %zu: %u", i, clock.prescaler);
        cr_assert_eq(clock.bus_hz, rows[i].bus_hz, "row %zu: %u", i, clock.bus_hz);
    }
}

Test(clock, finds_pll_settings)
{
    static const struct {
        uint32_t limit_hz, m, n, divider, prescaler, bus_hz, range;
    } rows[] = {
        {64000000, 4, 28, 7, 1, 64000000, 3},    /* 16 MHz * 28 / 7 */
        {200000000, 4, 25, 2, 1, 200000000, 3},  /* ST's setting: 16 * 25 / 2 */
        {133000000, 8, 133, 8, 1, 133000000, 3}, /* 8 * 133 / 8, VCO 1064 MHz */
        {100000000, 4, 25, 4, 1, 100000000, 3},
        {400000000, 4, 25, 2, 1, 200000000, 3}, /* the kernel clock is the bound */
        {25000000, 4, 25, 8, 2, 25000000, 3},   /* below VCO / 8: 50 MHz / 2 */
    };
    struct mcu mcu;
    struct mcu_controller controller;

    setup_mcu(&mcu, &controller, true);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct blob_clock clock;

        cr_assert(blob_clock_run(&mcu, &controller, rows[i].limit_hz, &clock));
        cr_assert_eq(clock.bus_hz, rows[i].bus_hz, "row %zu: %u Hz", i, clock.bus_hz);
        cr_assert(clock.m == rows[i].m && clock.n == rows[i].n &&
                      clock.divider == rows[i].divider && clock.prescaler == rows[i].prescaler &&
                      clock.range == rows[i].range,
            "row %zu: m %u n %u s %u prescaler %u range %u", i, clock.m, clock.n, clock.divider,
            clock.prescaler, clock.range);
    }
}

Test(clock, stays_within_all_limits_for_every_wish)
{
    struct mcu mcu;
    struct mcu_controller controller;

    setup_mcu(&mcu, &controller, true);
    for (uint32_t limit_hz = 1000000; limit_hz <= 210000000; limit_hz += 1733333) {
        struct blob_clock clock;
        uint64_t vco_hz = 0;

        cr_assert(blob_clock_run(&mcu, &controller, limit_hz, &clock));
        vco_hz = UINT64_C(64000000) * clock.n / clock.m;
        cr_assert_leq(clock.bus_hz, limit_hz);
        cr_assert_geq((uint64_t)clock.bus_hz * 100,
            (uint64_t)(limit_hz < 200000000 ? limit_hz : 200000000) * 90, "%u Hz for a wish of %u",
            clock.bus_hz, limit_hz);
        cr_assert(
            vco_hz >= 400000000 && vco_hz <= 1600000000, "VCO %llu", (unsigned long long)vco_hz);
        cr_assert_leq(clock.kernel_hz, 200000000);
    }
}

Test(clock, leaves_room_for_the_highest_bus_clock_without_a_pll)
{
    struct mcu mcu;
    struct mcu_controller controller;
    struct blob_clock clock;

    setup_mcu(&mcu, &controller, false);
    cr_assert(blob_clock_run(&mcu, &controller, 133000000, &clock));
    cr_assert_null(clock.pll);
    cr_assert_eq(clock.prescaler, 2, "240 MHz / 2 = 120 MHz at most");
    cr_assert_eq(clock.bus_hz, 32000000, "64 MHz / 2 at the reset clock");
}

static const struct part chip = {
    .dummies = {{5, 10, 100000000}, {4, 12, 133000000}, {2, 16, 166000000}, {0, 20, 200000000}},
    .dummy_count = 4};

Test(clock, picks_the_dummy_code_for_the_clock)
{
    static const struct {
        uint32_t bus_hz;
        uint8_t cycles;
    } rows[] = {{16000000, 10}, {100000000, 10}, {100000001, 12}, {133000000, 12}, {133000001, 16},
        {166000001, 20}, {200000000, 20}};
    struct part_mode mode = {.dummy_by_code = true};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_eq(blob_pick_dummy(&chip, &mode, rows[i].bus_hz)->cycles, rows[i].cycles,
            "at %u Hz", rows[i].bus_hz);
    }
    mode.dummy_min = 16;
    cr_assert_eq(blob_pick_dummy(&chip, &mode, 1000000)->cycles, 16);
    mode.dummy_by_code = false;
    cr_assert_null(blob_pick_dummy(&chip, &mode, 1000000));
}
