/* IWDG and WWDG: exact expiry in virtual time, refresh, windows, freezing, start by option. */
#include "helpers_soc_bench.h"

#include <criterion/criterion.h>

#define RCC     UINT32_C(0x58024400)
#define IWDG    UINT32_C(0x58004800)
#define WWDG    UINT32_C(0x40002C00)
#define APB1FZR UINT32_C(0x5C00103C)
#define APB4FZR UINT32_C(0x5C001054)
#define BIT(n)  (UINT32_C(1) << (n))

/* 32 kHz */
#define LSI_PS UINT64_C(31250000)

static struct soc_bench bench;

static void open_bench(void)
{
    soc_bench_open(&bench);
}

static void close_bench(void)
{
    soc_bench_close(&bench);
}

TestSuite(iwdg, .init = open_bench, .fini = close_bench);
TestSuite(wwdg, .init = open_bench, .fini = close_bench);

static void key(uint32_t value)
{
    soc_bench_write(&bench, IWDG, value);
}

/* Passes time up to 1 ps before the deadline, then over it. */
static void expect_reset_at(uint64_t deadline_ps, enum sim_reset_kind kind)
{
    unsigned before = bench.reset_count;

    soc_bench_pass_ps(&bench, deadline_ps - bench.clock.now_ps - 1);
    cr_assert_eq(bench.reset_count, before, "too early");
    soc_bench_pass_ps(&bench, 1);
    cr_assert_eq(bench.reset_count, before + 1, "too late");
    cr_assert_eq(bench.reset_kind, kind);
    cr_assert_eq(bench.reset_ps, deadline_ps);
}

Test(iwdg, does_not_count_before_it_is_started)
{
    soc_bench_pass_ps(&bench, 100 * SIM_PS_PER_S);
    cr_assert_eq(bench.reset_count, 0);
    cr_assert_eq(soc_bench_read(&bench, IWDG + 0x0C), 0);
}

Test(iwdg, expires_after_512_ms_with_its_reset_values)
{
    soc_bench_pass_ps(&bench, 12345);
    key(0xCCCC);
    cr_assert_eq(soc_bench_read(&bench, IWDG + 0x0C), BIT(8), "ONF");
    expect_reset_at(12345 + 512 * SIM_PS_PER_MS, SIM_RESET_IWDG);
}

Test(iwdg, vendor_sequence_sets_prescaler_and_reload_and_expires_to_the_picosecond)
{
    uint64_t start_ps = 0;

    key(0xCCCC);
    key(0x5555);
    soc_bench_write(&bench, IWDG + 0x04, 2); /* /16 */
    soc_bench_write(&bench, IWDG + 0x08, 199);
    cr_assert_eq(soc_bench_read(&bench, IWDG + 0x0C) & 3, 3);
    soc_bench_pass_ps(&bench, 6 * LSI_PS - 1);
    cr_assert_eq(soc_bench_read(&bench, IWDG + 0x0C) & 3, 3);
    soc_bench_pass_ps(&bench, 1);
    cr_assert_eq(soc_bench_read(&bench, IWDG + 0x0C) & 3, 0);
    key(0xAAAA);
    start_ps = bench.clock.now_ps;
    expect_reset_at(start_ps + 100 * SIM_PS_PER_MS, SIM_RESET_IWDG); /* 200 * 16 / 32 kHz */
    cr_assert_eq(soc_bench_all_violations(&bench), 0);
}

Test(iwdg, a_refresh_in_time_postpones_the_end)
{
    key(0xCCCC);
    for (unsigned i = 0; i < 10; i++) {
        soc_bench_pass_ps(&bench, 500 * SIM_PS_PER_MS);
        key(0xAAAA);
    }
    cr_assert_eq(bench.reset_count, 0);
    expect_reset_at(5000 * SIM_PS_PER_MS + 512 * SIM_PS_PER_MS, SIM_RESET_IWDG);
}

Test(iwdg, registers_need_their_key_and_a_finished_update)
{
    soc_bench_write(&bench, IWDG + 0x08, 5);
    cr_assert_eq(soc_bench_read(&bench, IWDG + 0x08), 0xFFF);
    cr_assert_eq(soc_bench_violations(&bench, "iwdg-write-lost"), 1);
    key(0xCCCC);
    key(0x5555);
    soc_bench_write(&bench, IWDG + 0x08, 5);
    soc_bench_write(&bench, IWDG + 0x08, 6);
    cr_assert_eq(soc_bench_read(&bench, IWDG + 0x08), 5);
    cr_assert_eq(soc_bench_violations(&bench, "iwdg-write-lost"), 2);
}

Test(iwdg, updates_wait_for_the_lsi)
{
    key(0x5555);
    soc_bench_write(&bench, IWDG + 0x04, 1);
    cr_assert_not(soc_bench_wait(&bench, IWDG + 0x0C, 1, 0, 10 * SIM_PS_PER_MS));
    soc_bench_write(&bench, RCC + 0x74, 1);
    cr_assert(soc_bench_wait(&bench, IWDG + 0x0C, 1, 0, 10 * SIM_PS_PER_MS));
}

Test(iwdg, a_refresh_above_the_window_resets)
{
    key(0xCCCC);
    key(0x5555);
    soc_bench_write(&bench, IWDG + 0x10, 0x7FF);
    soc_bench_pass_ps(&bench, 200 * SIM_PS_PER_MS);
    key(0xAAAA);
    cr_assert_eq(bench.reset_count, 1);
    cr_assert_eq(bench.reset_kind, SIM_RESET_IWDG);
}

Test(iwdg, a_refresh_inside_the_window_is_fine)
{
    key(0xCCCC);
    key(0x5555);
    soc_bench_write(&bench, IWDG + 0x10, 0x7FF);
    soc_bench_pass_ps(&bench, 300 * SIM_PS_PER_MS);
    key(0xAAAA);
    cr_assert_eq(bench.reset_count, 0);
}

Test(iwdg, early_wakeup_flag_rises_and_is_acknowledged)
{
    key(0xCCCC);
    key(0x5555);
    soc_bench_write(&bench, IWDG + 0x14, 0x800);
    soc_bench_pass_ps(&bench, 255 * SIM_PS_PER_MS);
    cr_assert_eq(soc_bench_read(&bench, IWDG + 0x0C) & BIT(14), 0);
    soc_bench_pass_ps(&bench, 2 * SIM_PS_PER_MS);
    cr_assert_eq(soc_bench_read(&bench, IWDG + 0x0C) & BIT(14), BIT(14));
    soc_bench_write(&bench, IWDG + 0x14, BIT(14) | 0x800);
    cr_assert_eq(soc_bench_read(&bench, IWDG + 0x0C) & BIT(14), 0);
    cr_assert_eq(soc_bench_read(&bench, IWDG + 0x14), 0x800);
}

Test(iwdg, starts_by_hardware_when_the_option_bit_is_zero)
{
    sim_flash_set_option_word(bench.flash, 0x260, 0x100600C0);
    soc_bench_pass_ps(&bench, 77 * SIM_PS_PER_MS);
    soc_bench_reset(&bench, SIM_RESET_PIN);
    cr_assert_eq(soc_bench_read(&bench, IWDG + 0x0C), BIT(8));
    expect_reset_at((77 + 512) * SIM_PS_PER_MS, SIM_RESET_IWDG);
}

Test(iwdg, is_stopped_by_a_reset_when_software_started_it)
{
    key(0xCCCC);
    soc_bench_reset(&bench, SIM_RESET_SOFTWARE);
    soc_bench_pass_ps(&bench, SIM_PS_PER_S);
    cr_assert_eq(bench.reset_count, 0);
}

Test(iwdg, a_halted_core_freezes_it_only_where_dbgmcu_says_so)
{
    key(0xCCCC);
    bench.core_is_halted = true;
    expect_reset_at(512 * SIM_PS_PER_MS, SIM_RESET_IWDG);
    key(0xAAAA);
    soc_bench_write(&bench, APB4FZR, BIT(18));
    soc_bench_pass_ps(&bench, 10 * SIM_PS_PER_S);
    cr_assert_eq(bench.reset_count, 1);
    bench.core_is_halted = false;
    soc_bench_pass_ps(&bench, 511 * SIM_PS_PER_MS);
    cr_assert_eq(bench.reset_count, 1);
    soc_bench_pass_ps(&bench, 2 * SIM_PS_PER_MS);
    cr_assert_eq(bench.reset_count, 2);
}

Test(iwdg, can_be_armed_as_an_application_left_it)
{
    sim_watchdogs_arm_iwdg(bench.watchdogs, 100);
    expect_reset_at(100 * SIM_PS_PER_MS, SIM_RESET_IWDG);
    soc_bench_reset(&bench, SIM_RESET_IWDG);
    sim_watchdogs_arm_iwdg(bench.watchdogs, 8000);
    expect_reset_at(100 * SIM_PS_PER_MS + 8000 * SIM_PS_PER_MS, SIM_RESET_IWDG);
}

Test(wwdg, does_nothing_without_its_clock)
{
    soc_bench_write(&bench, WWDG, 0xFF);
    soc_bench_pass_ps(&bench, SIM_PS_PER_S);
    cr_assert_eq(bench.reset_count, 0);
    cr_assert_eq(soc_bench_violations(&bench, "unclocked-access"), 1);
}

Test(wwdg, expires_when_t6_falls)
{
    soc_bench_write(&bench, RCC + 0x148, BIT(11));
    cr_assert_eq(soc_bench_read(&bench, WWDG), 0x7F);
    soc_bench_write(&bench, WWDG, 0xFF);
    /* 64 counts of 4096 cycles at 64 MHz = 4.096 ms */
    expect_reset_at(4096 * SIM_PS_PER_US, SIM_RESET_WWDG);
}

Test(wwdg, its_time_base_follows_prescaler_and_pclk1)
{
    soc_bench_write(&bench, RCC + 0x148, BIT(11));
    soc_bench_write(&bench, WWDG + 0x04, 0x7F | 3 << 11);
    soc_bench_write(&bench, WWDG, 0xC0 | 9); /* T = 0x49: 10 counts of 512 us */
    soc_bench_pass_ps(&bench, 5 * 512 * SIM_PS_PER_US);
    cr_assert_eq(soc_bench_read(&bench, WWDG), 0xC0 | 4);
    soc_bench_write(&bench, RCC + 0x20, 4); /* PCLK1 / 2: the other 5 take twice as long */
    expect_reset_at((5 * 512 + 5 * 1024) * SIM_PS_PER_US, SIM_RESET_WWDG);
}

Test(wwdg, a_refresh_above_the_window_or_below_0x40_resets)
{
    soc_bench_write(&bench, RCC + 0x148, BIT(11));
    soc_bench_write(&bench, WWDG + 0x04, 0x50);
    soc_bench_write(&bench, WWDG, 0xFF);
    soc_bench_write(&bench, WWDG, 0xFF);
    cr_assert_eq(bench.reset_count, 1);
    soc_bench_reset(&bench, SIM_RESET_WWDG);
    soc_bench_write(&bench, RCC + 0x148, BIT(11));
    soc_bench_write(&bench, WWDG, 0xFF);
    soc_bench_write(&bench, WWDG, 0x3F);
    cr_assert_eq(bench.reset_count, 2);
    cr_assert_eq(bench.reset_kind, SIM_RESET_WWDG);
}

Test(wwdg, freezes_with_the_core_where_dbgmcu_says_so)
{
    soc_bench_write(&bench, RCC + 0x148, BIT(11));
    soc_bench_write(&bench, APB1FZR, BIT(11));
    soc_bench_write(&bench, WWDG, 0xFF);
    bench.core_is_halted = true;
    soc_bench_pass_ps(&bench, SIM_PS_PER_S);
    cr_assert_eq(bench.reset_count, 0);
    bench.core_is_halted = false;
    soc_bench_pass_ps(&bench, 5 * SIM_PS_PER_MS);
    cr_assert_eq(bench.reset_count, 1);
}
