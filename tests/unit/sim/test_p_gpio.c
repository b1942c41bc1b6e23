/* GPIO: levels, alternate functions, pad supplies, locks, LEDs. */
#include "helpers_soc_bench.h"

#include <criterion/criterion.h>

#define RCC            UINT32_C(0x58024400)
#define CSR2           UINT32_C(0x5802480C)
#define GPIOA          UINT32_C(0x58020000)
#define GPIOB          UINT32_C(0x58020400)
#define GPIOD          UINT32_C(0x58020C00)
#define GPION          UINT32_C(0x58023400)
#define GPIOO          UINT32_C(0x58023800)
#define MODER(n, mode) ((uint32_t)(mode) << (2 * (n)))
#define BIT(n)         (UINT32_C(1) << (n))

static struct soc_bench bench;

static void open_bench(void)
{
    soc_bench_open(&bench);
    soc_bench_write(&bench, RCC + 0x140, 0xF0FF);
}

static void close_bench(void)
{
    soc_bench_close(&bench);
}

TestSuite(gpio, .init = open_bench, .fini = close_bench);

static uint64_t led_changes(void)
{
    return sim_report_led_change_count(bench.env.report);
}

Test(gpio, ports_are_analog_after_reset_but_for_the_debug_pins)
{
    cr_assert_eq(soc_bench_read(&bench, GPIOA), 0xABFFFFFF);
    cr_assert_eq(soc_bench_read(&bench, GPIOA + 0x08), 0x0C000000);
    cr_assert_eq(soc_bench_read(&bench, GPIOA + 0x0C), 0x64000000);
    cr_assert_eq(soc_bench_read(&bench, GPIOB), 0xFFFFFEBF);
    cr_assert_eq(soc_bench_read(&bench, GPIOD), 0xFFFFFFFF);
    cr_assert_eq(soc_bench_read(&bench, GPION), 0xFFFFFFFF);
}

Test(gpio, a_pin_is_alternate_only_with_mode_and_function)
{
    uint32_t generation = sim_gpio_generation(bench.gpio);

    soc_bench_modify(&bench, GPIOD, MODER(8, 3), MODER(8, 2));
    cr_assert_not(sim_gpio_is_alternate(bench.gpio, 3, 8, 7));
    soc_bench_write(&bench, GPIOD + 0x24, 7);
    cr_assert(sim_gpio_is_alternate(bench.gpio, 3, 8, 7));
    cr_assert_not(sim_gpio_is_alternate(bench.gpio, 3, 8, 9));
    soc_bench_modify(&bench, GPIOD, MODER(8, 3), MODER(8, 1));
    cr_assert_not(sim_gpio_is_alternate(bench.gpio, 3, 8, 7));
    cr_assert_neq(sim_gpio_generation(bench.gpio), generation);
}

Test(gpio, a_change_of_level_is_no_change_of_routing)
{
    uint32_t generation = sim_gpio_generation(bench.gpio);

    soc_bench_write(&bench, GPIOD + 0x18, BIT(10));
    soc_bench_write(&bench, GPIOD + 0x14, 0);
    cr_assert_eq(sim_gpio_generation(bench.gpio), generation);
}

Test(gpio, port_n_is_dead_without_en_xspim2)
{
    uint32_t generation = 0;

    soc_bench_modify(&bench, GPION, MODER(6, 3), MODER(6, 2));
    soc_bench_write(&bench, GPION + 0x20, 9 << 24);
    soc_bench_modify(&bench, GPION + 0x08, 0, MODER(6, 3));
    cr_assert_not(sim_gpio_is_alternate(bench.gpio, 13, 6, 9));
    soc_bench_modify(&bench, CSR2, 0, BIT(14));
    cr_assert_not(sim_gpio_is_alternate(bench.gpio, 13, 6, 9), "EN_XSPIM1 is for O and P");
    generation = sim_gpio_generation(bench.gpio);
    soc_bench_modify(&bench, CSR2, 0, BIT(15));
    cr_assert(sim_gpio_is_alternate(bench.gpio, 13, 6, 9));
    cr_assert_neq(sim_gpio_generation(bench.gpio), generation);
    cr_assert_eq(sim_gpio_speed(bench.gpio, 13, 6), 3);
    cr_assert_eq(sim_gpio_speed(bench.gpio, 13, 5), 0);
}

Test(gpio, idr_shows_outputs_pulls_and_nothing_of_analog_pins)
{
    soc_bench_write(&bench, GPIOD + 0x14, 0x000F);
    cr_assert_eq(soc_bench_read(&bench, GPIOD + 0x10), 0);
    soc_bench_write(&bench, GPIOD, 0xFFFFFF00 | MODER(0, 1) | MODER(1, 1));
    cr_assert_eq(soc_bench_read(&bench, GPIOD + 0x10), 3);
    soc_bench_write(&bench, GPIOD + 0x04, 2); /* open drain lets go */
    cr_assert_eq(soc_bench_read(&bench, GPIOD + 0x10), 1);
    soc_bench_write(&bench, GPIOD + 0x0C, MODER(1, 1) | MODER(2, 1) | MODER(3, 2));
    cr_assert_eq(soc_bench_read(&bench, GPIOD + 0x10), 7);
}

Test(gpio, bsrr_sets_before_it_resets_and_brr_resets)
{
    soc_bench_write(&bench, GPIOD + 0x18, 0x00010001 | 0x0006);
    cr_assert_eq(soc_bench_read(&bench, GPIOD + 0x14), 7);
    soc_bench_write(&bench, GPIOD + 0x18, 0x00020000);
    cr_assert_eq(soc_bench_read(&bench, GPIOD + 0x14), 5);
    soc_bench_write(&bench, GPIOD + 0x28, 4);
    cr_assert_eq(soc_bench_read(&bench, GPIOD + 0x14), 1);
    cr_assert_eq(soc_bench_read(&bench, GPIOD + 0x18), 0);
}

Test(gpio, leds_change_with_the_level_of_an_output)
{
    struct sim_report_led_change change;

    soc_bench_write(&bench, GPIOD + 0x18, BIT(10));
    cr_assert_eq(led_changes(), 0, "not an output yet");
    soc_bench_modify(&bench, GPIOD, MODER(10, 3), MODER(10, 1));
    cr_assert_eq(led_changes(), 1);
    soc_bench_write(&bench, GPIOD + 0x18, BIT(10));
    cr_assert_eq(led_changes(), 1, "same level");
    soc_bench_write(&bench, GPIOD + 0x18, BIT(26));
    soc_bench_write(&bench, GPIOD + 0x18, BIT(10));
    cr_assert_eq(led_changes(), 3);
    cr_assert(sim_report_led_change(bench.env.report, 2, &change));
    cr_assert_str_eq(change.name, "LD1");
    cr_assert(change.lit);
    soc_bench_reset(&bench, SIM_RESET_PIN);
    cr_assert_eq(led_changes(), 4, "a reset lets the pin go");
}

Test(gpio, an_active_low_led_lights_at_zero)
{
    struct sim_report_led_change change;

    soc_bench_modify(&bench, GPIOA, MODER(5, 3), MODER(5, 1));
    cr_assert_eq(led_changes(), 1);
    cr_assert(sim_report_led_change(bench.env.report, 0, &change));
    cr_assert_str_eq(change.name, "LOW");
    cr_assert(change.lit);
}

Test(gpio, an_led_on_port_o_needs_en_xspim1)
{
    soc_bench_modify(&bench, GPIOO, MODER(1, 3), MODER(1, 1));
    soc_bench_write(&bench, GPIOO + 0x18, BIT(1));
    cr_assert_eq(led_changes(), 0);
    soc_bench_modify(&bench, CSR2, 0, BIT(14));
    soc_bench_write(&bench, GPIOO + 0x18, BIT(1));
    cr_assert_eq(led_changes(), 1);
}

Test(gpio, the_lock_sequence_freezes_its_pins_until_reset)
{
    soc_bench_write(&bench, GPIOD + 0x1C, BIT(16) | 1);
    soc_bench_write(&bench, GPIOD + 0x1C, 1);
    soc_bench_write(&bench, GPIOD + 0x1C, BIT(16) | 1);
    cr_assert_eq(soc_bench_read(&bench, GPIOD + 0x1C), BIT(16) | 1);
    soc_bench_write(&bench, GPIOD, 0);
    cr_assert_eq(soc_bench_read(&bench, GPIOD), 3);
    soc_bench_write(&bench, GPIOD + 0x20, 0x77);
    cr_assert_eq(soc_bench_read(&bench, GPIOD + 0x20), 0x70);
    soc_bench_write(&bench, GPIOD + 0x14, 1);
    cr_assert_eq(soc_bench_read(&bench, GPIOD + 0x14), 1, "data is not locked");
    soc_bench_write(&bench, RCC + 0x88, BIT(3));
    soc_bench_write(&bench, RCC + 0x88, 0);
    soc_bench_write(&bench, GPIOD, 0);
    cr_assert_eq(soc_bench_read(&bench, GPIOD), 0);
}

Test(gpio, a_disturbed_lock_sequence_locks_nothing)
{
    soc_bench_write(&bench, GPIOD + 0x1C, BIT(16) | 1);
    soc_bench_write(&bench, GPIOD + 0x1C, 3); /* other pins */
    soc_bench_write(&bench, GPIOD + 0x1C, BIT(16) | 1);
    cr_assert_eq(soc_bench_read(&bench, GPIOD + 0x1C) & BIT(16), 0);
    soc_bench_write(&bench, GPIOD + 0x1C, 1);
    soc_bench_write(&bench, GPIOD + 0x14, 0); /* something in between */
    soc_bench_write(&bench, GPIOD + 0x1C, BIT(16) | 1);
    cr_assert_eq(soc_bench_read(&bench, GPIOD + 0x1C) & BIT(16), 0);
    soc_bench_write(&bench, GPIOD, 0);
    cr_assert_eq(soc_bench_read(&bench, GPIOD), 0);
}
