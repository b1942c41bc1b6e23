/* RCC through its registers: waits of vendor code come true, gates, resets, locks, limits. */
#include "helpers_soc_bench.h"

#include <criterion/criterion.h>

#define MHZ    UINT64_C(1000000)
#define RCC    UINT32_C(0x58024400)
#define PWR    UINT32_C(0x58024800)
#define ACR    UINT32_C(0x52002000)
#define BIT(n) (UINT32_C(1) << (n))

static struct soc_bench bench;

static void open_bench(void)
{
    soc_bench_open(&bench);
}

static void close_bench(void)
{
    soc_bench_close(&bench);
}

TestSuite(rcc, .init = open_bench, .fini = close_bench);

/* The vendor's order: supply, VOS0, PLLs, flash latency, dividers, switch. */
static void run_template(void)
{
    soc_bench_modify(&bench, PWR + 0x0C, 0x1F, 0x02); /* LDO */
    cr_assert(soc_bench_wait(&bench, PWR + 0x04, 2, 2, SIM_PS_PER_MS), "ACTVOSRDY");
    soc_bench_modify(&bench, PWR + 0x14, 0, 1);
    cr_assert(soc_bench_wait(&bench, PWR + 0x14, 2, 2, SIM_PS_PER_MS), "VOSRDY");
    soc_bench_write(&bench, RCC + 0x28, 0 | 32 << 4 | 4 << 12 | 2 << 20);
    soc_bench_write(&bench, RCC + 0x30, 299);
    soc_bench_write(&bench, RCC + 0x38, 24);
    soc_bench_write(&bench, RCC + 0xC4, 1);
    /* RGE: 2 MHz is in 2 to 4 (1), 16 MHz in 8 to 16 (3) */
    soc_bench_write(&bench, RCC + 0x2C, 1 << 3 | 1 << 5 | UINT32_C(3) << 14 | 1 << 19);
    soc_bench_modify(&bench, RCC, 0, BIT(24) | BIT(26));
    cr_assert(soc_bench_wait(&bench, RCC, BIT(25) | BIT(27), BIT(25) | BIT(27), 50 * SIM_PS_PER_MS),
        "PLLxRDY");
    soc_bench_write(&bench, ACR, 0x37);
    cr_assert_eq(soc_bench_read(&bench, ACR), 0x37);
    soc_bench_write(&bench, RCC + 0x1C, 8);
    soc_bench_write(&bench, RCC + 0x20, 0x4444);
    soc_bench_modify(&bench, RCC + 0x10, 7, 3);
    cr_assert(soc_bench_wait(&bench, RCC + 0x10, 7 << 3, 3 << 3, SIM_PS_PER_MS), "SWS");
}

Test(rcc, reset_state_is_hsi_ready_and_nothing_else)
{
    cr_assert_eq(soc_bench_read(&bench, RCC), 0x25);
    cr_assert_eq(sim_rcc_cpu_hz(bench.rcc), 64 * MHZ);
    cr_assert_eq(sim_rcc_hclk_hz(bench.rcc), 64 * MHZ);
    cr_assert_eq(sim_rcc_xspi_hz(bench.rcc, 1), 64 * MHZ);
    cr_assert_eq(sim_rcc_apb_hz(bench.rcc, 4), 64 * MHZ);
    cr_assert_eq(soc_bench_read(&bench, RCC + 0x130), 0x00E00000);
}

Test(rcc, vendor_template_runs_at_600_mhz_without_a_violation)
{
    uint32_t generation = sim_rcc_generation(bench.rcc);

    run_template();
    cr_assert_eq(sim_rcc_cpu_hz(bench.rcc), 600 * MHZ);
    cr_assert_eq(sim_rcc_hclk_hz(bench.rcc), 300 * MHZ);
    cr_assert_eq(sim_rcc_apb_hz(bench.rcc, 1), 150 * MHZ);
    cr_assert_eq(sim_rcc_xspi_hz(bench.rcc, 1), 300 * MHZ);
    soc_bench_modify(&bench, RCC + 0x4C, 3 << 6, 1 << 6);
    cr_assert_eq(sim_rcc_xspi_hz(bench.rcc, 1), 200 * MHZ);
    cr_assert_eq(soc_bench_read(&bench, RCC + 0x100), UINT32_C(1) << 8);
    cr_assert_neq(sim_rcc_generation(bench.rcc), generation);
    cr_assert_eq(soc_bench_all_violations(&bench), 0);
}

Test(rcc, writing_what_is_there_already_is_no_change)
{
    uint32_t generation = sim_rcc_generation(bench.rcc);

    soc_bench_modify(&bench, RCC + 0x140, 0, 0);
    soc_bench_modify(&bench, RCC, 0, 1);
    cr_assert_eq(sim_rcc_generation(bench.rcc), generation);
    soc_bench_modify(&bench, RCC + 0x134, 0, BIT(12));
    cr_assert_neq(sim_rcc_generation(bench.rcc), generation, "gates count too");
}

Test(rcc, ready_flags_follow_on_bits_both_ways_after_a_while)
{
    static const uint8_t on_bits[] = {7, 12, 16};

    for (size_t i = 0; i < sizeof on_bits; i++) {
        uint32_t ready = BIT(on_bits[i] + 1);

        soc_bench_modify(&bench, RCC, 0, BIT(on_bits[i]));
        cr_assert_eq(soc_bench_read(&bench, RCC) & ready, 0, "bit %u at once", on_bits[i]);
        cr_assert(soc_bench_wait(&bench, RCC, ready, ready, 100 * SIM_PS_PER_MS));
        soc_bench_modify(&bench, RCC, BIT(on_bits[i]), 0);
        cr_assert(soc_bench_wait(&bench, RCC, ready, 0, 100 * SIM_PS_PER_MS));
    }
    soc_bench_modify(&bench, RCC + 0x74, 0, 1);
    cr_assert(soc_bench_wait(&bench, RCC + 0x74, 2, 2, 2 * SIM_PS_PER_MS), "LSIRDY");
}

Test(rcc, the_switch_waits_for_its_source)
{
    soc_bench_modify(&bench, RCC, 0, BIT(16));
    soc_bench_modify(&bench, RCC + 0x10, 7, 2);
    cr_assert_eq(soc_bench_read(&bench, RCC + 0x10) & 0x38, 0);
    cr_assert_eq(sim_rcc_cpu_hz(bench.rcc), 64 * MHZ);
    cr_assert(soc_bench_wait(&bench, RCC + 0x10, 0x38, 2 << 3, 10 * SIM_PS_PER_MS));
    cr_assert_eq(sim_rcc_cpu_hz(bench.rcc), 24 * MHZ);
}

Test(rcc, a_pll_in_use_cannot_be_switched_off_or_retuned)
{
    run_template();
    soc_bench_modify(&bench, RCC, BIT(24), 0);
    soc_bench_modify(&bench, RCC + 0x30, 0x1FF, 200);
    soc_bench_modify(&bench, RCC, BIT(0), 0);
    cr_assert_eq(soc_bench_violations(&bench, "rcc-write-ignored"), 3);
    soc_bench_pass_ps(&bench, SIM_PS_PER_MS);
    cr_assert_eq(sim_rcc_cpu_hz(bench.rcc), 600 * MHZ);
}

Test(rcc, xspickp_keeps_pll2_its_outputs_and_the_xspi_selectors_gates_and_resets)
{
    run_template();
    soc_bench_modify(&bench, RCC + 0x4C, 3 << 6, 1 << 6);
    soc_bench_modify(&bench, RCC + 0x134, 0, BIT(12));
    soc_bench_write(&bench, RCC + 0x100, 1);
    cr_assert_eq(soc_bench_all_violations(&bench), 0);

    soc_bench_modify(&bench, RCC, BIT(26), 0);
    soc_bench_modify(&bench, RCC + 0x2C, BIT(19), 0);
    soc_bench_modify(&bench, RCC + 0x4C, 3 << 6, 0);
    soc_bench_modify(&bench, RCC + 0x134, BIT(12), 0);
    soc_bench_modify(&bench, RCC + 0x7C, 0, BIT(12));
    cr_assert_eq(soc_bench_violations(&bench, "clock-protected"), 5);
    soc_bench_pass_ps(&bench, SIM_PS_PER_MS);
    cr_assert_eq(sim_rcc_xspi_hz(bench.rcc, 1), 200 * MHZ);
    cr_assert(sim_rcc_is_clocked(bench.rcc, 0x134, 12));

    soc_bench_write(&bench, RCC + 0x100, 0);
    soc_bench_modify(&bench, RCC + 0x4C, 3 << 6, 0);
    cr_assert_eq(sim_rcc_xspi_hz(bench.rcc, 1), 300 * MHZ);
}

Test(rcc, losing_pll2_drops_xspi_to_the_recovery_clock)
{
    run_template();
    soc_bench_modify(&bench, RCC + 0x4C, 3 << 6, 1 << 6);
    soc_bench_modify(&bench, RCC, BIT(26), 0);
    soc_bench_pass_ps(&bench, SIM_PS_PER_MS);
    cr_assert_eq(sim_rcc_xspi_hz(bench.rcc, 1), 75 * MHZ);
    cr_assert_eq(soc_bench_read(&bench, RCC + 0x100), UINT32_C(4) << 8);
}

Test(rcc, a_pll_out_of_range_is_a_violation)
{
    soc_bench_write(&bench, RCC + 0x28, 4 << 4 | 2 << 12 | 2 << 20);
    soc_bench_write(&bench, RCC + 0x30, 129); /* 16 * 130 = 2080 MHz, RGE 0 */
    soc_bench_modify(&bench, RCC, 0, BIT(24));
    cr_assert_eq(soc_bench_violations(&bench, "pll-vco-range"), 1);
    cr_assert_eq(soc_bench_violations(&bench, "pll-reference-range"), 1);
}

Test(rcc, a_pll_without_source_never_locks)
{
    soc_bench_write(&bench, RCC + 0x28, 3 | 4 << 4);
    soc_bench_modify(&bench, RCC, 0, BIT(24));
    cr_assert_not(soc_bench_wait(&bench, RCC, BIT(25), BIT(25), 50 * SIM_PS_PER_MS));
    cr_assert_eq(soc_bench_violations(&bench, "pll-without-source"), 1);
}

Test(rcc, fracn_takes_effect_when_its_enable_rises)
{
    run_template();
    soc_bench_write(&bench, RCC + 0x3C, 4096 << 3); /* PLL2: 16 MHz * 0.5 = 8 MHz on the VCO */
    soc_bench_modify(&bench, RCC + 0x4C, 3 << 6, 1 << 6);
    cr_assert_eq(sim_rcc_xspi_hz(bench.rcc, 1), 200 * MHZ);
    soc_bench_modify(&bench, RCC + 0x2C, 0, BIT(11));
    cr_assert_eq(sim_rcc_xspi_hz(bench.rcc, 1), 204 * MHZ);
    soc_bench_write(&bench, RCC + 0x3C, 0);
    soc_bench_modify(&bench, RCC + 0x2C, 0, BIT(22)); /* another PLL's enable rises */
    cr_assert_eq(sim_rcc_xspi_hz(bench.rcc, 1), 204 * MHZ);
}

Test(rcc, a_pll_whose_source_goes_away_while_it_locks_gets_not_ready)
{
    soc_bench_modify(&bench, RCC, 0, BIT(16));
    cr_assert(soc_bench_wait(&bench, RCC, BIT(17), BIT(17), 10 * SIM_PS_PER_MS));
    soc_bench_write(&bench, RCC + 0x28, 2 | 2 << 12); /* HSE/2 */
    soc_bench_write(&bench, RCC + 0x38, 49);
    soc_bench_write(&bench, RCC + 0x2C, UINT32_C(3) << 14);
    soc_bench_write(&bench, RCC + 0x60, BIT(7)); /* PLL2RDYIE */
    soc_bench_modify(&bench, RCC, 0, BIT(26));
    soc_bench_modify(&bench, RCC, BIT(16), 0);
    cr_assert_not(soc_bench_wait(&bench, RCC, BIT(27), BIT(27), 10 * SIM_PS_PER_MS));
    cr_assert_eq(soc_bench_read(&bench, RCC + 0x64), 0);
    soc_bench_modify(&bench, RCC, 0, BIT(16));
    cr_assert(soc_bench_wait(&bench, RCC, BIT(27), BIT(27), 10 * SIM_PS_PER_MS));
    cr_assert_eq(soc_bench_read(&bench, RCC + 0x64), BIT(7));
    soc_bench_write(&bench, RCC + 0x68, BIT(7));
    cr_assert_eq(soc_bench_read(&bench, RCC + 0x64), 0);
    cr_assert_eq(soc_bench_all_violations(&bench), 0);
}

Test(rcc, six_hundred_mhz_without_vos0_and_wait_states_is_reported_once_each)
{
    soc_bench_write(&bench, RCC + 0x28, 32 << 4);
    soc_bench_write(&bench, RCC + 0x30, 299);
    soc_bench_write(&bench, RCC + 0x2C, 1 << 3 | 1 << 5);
    soc_bench_modify(&bench, RCC, 0, BIT(24));
    cr_assert(soc_bench_wait(&bench, RCC, BIT(25), BIT(25), SIM_PS_PER_MS));
    soc_bench_modify(&bench, RCC + 0x10, 7, 3);
    soc_bench_write(&bench, RCC + 0x134, 0);
    cr_assert_eq(soc_bench_violations(&bench, "vos-too-low"), 1);
    cr_assert_eq(soc_bench_violations(&bench, "bus-clock-too-fast"), 2); /* HCLK and APB at 600 */
    cr_assert_eq(soc_bench_violations(&bench, "flash-latency-too-low"), 2);
    cr_assert_eq(soc_bench_violations(&bench, "cpu-clock-too-fast"), 0);
}

Test(rcc, lowering_the_wait_states_at_speed_is_a_violation_too)
{
    run_template();
    soc_bench_write(&bench, ACR, 0x36);
    cr_assert_eq(soc_bench_violations(&bench, "flash-latency-too-low"), 1);
    soc_bench_modify(&bench, PWR + 0x14, 1, 0);
    cr_assert_eq(soc_bench_violations(&bench, "vos-too-low"), 1);
}

Test(rcc, an_unclocked_block_reads_zero_and_loses_writes)
{
    soc_bench_write(&bench, 0x58020C00, 0x12345678);
    cr_assert_eq(soc_bench_read(&bench, 0x58020C00), 0);
    cr_assert_eq(soc_bench_violations(&bench, "unclocked-access"), 2);
    soc_bench_write(&bench, RCC + 0x140, BIT(3));
    cr_assert_eq(soc_bench_read(&bench, 0x58020C00), 0xFFFFFFFF);
}

Test(rcc, a_reset_bit_resets_its_block_and_holds_it)
{
    soc_bench_write(&bench, RCC + 0x140, BIT(3));
    soc_bench_write(&bench, 0x58020C14, 0x400);
    soc_bench_write(&bench, RCC + 0x88, BIT(3));
    cr_assert_not(sim_rcc_is_clocked(bench.rcc, 0x140, 3));
    soc_bench_write(&bench, RCC + 0x88, 0);
    cr_assert_eq(soc_bench_read(&bench, 0x58020C14), 0);
}

static unsigned reset_calls;

static void count_reset(void *state, enum sim_reset_kind kind)
{
    (void)state;
    (void)kind;
    reset_calls++;
}

Test(rcc, a_bound_block_is_reset_instead_of_the_one_at_its_address)
{
    struct sim_periph periph = {.name = "bound", .reset = count_reset};

    reset_calls = 0;
    soc_bench_write(&bench, RCC + 0x140, BIT(3));
    soc_bench_write(&bench, 0x58020C14, 0x400);
    sim_rcc_bind_reset(bench.rcc, 0x88, 3, &periph);
    soc_bench_write(&bench, RCC + 0x88, BIT(3));
    soc_bench_write(&bench, RCC + 0x88, BIT(3)); /* no new edge */
    soc_bench_write(&bench, RCC + 0x88, 0);
    cr_assert_eq(reset_calls, 1);
    cr_assert_eq(soc_bench_read(&bench, 0x58020C14), 0x400);
}

Test(rcc, reset_flags_accumulate_until_rmvf)
{
    soc_bench_reset(&bench, SIM_RESET_SOFTWARE);
    cr_assert_eq(soc_bench_read(&bench, RCC + 0x130), 0x01E00000);
    soc_bench_write(&bench, RCC + 0x130, BIT(16));
    cr_assert_eq(soc_bench_read(&bench, RCC + 0x130), 0);
    soc_bench_reset(&bench, SIM_RESET_IWDG);
    cr_assert_eq(soc_bench_read(&bench, RCC + 0x130), 0x04400000);
    soc_bench_reset(&bench, SIM_RESET_POWER_ON);
    cr_assert_eq(soc_bench_read(&bench, RCC + 0x130), 0x00E00000);
}

Test(rcc, a_system_reset_brings_hsi_back_and_keeps_the_backup_domain)
{
    run_template();
    soc_bench_write(&bench, RCC + 0x70, 0x8010);
    soc_bench_write(&bench, RCC + 0x100, 1);
    soc_bench_reset(&bench, SIM_RESET_PIN);
    cr_assert_eq(sim_rcc_cpu_hz(bench.rcc), 64 * MHZ);
    cr_assert_eq(soc_bench_read(&bench, RCC + 0x100), 0);
    cr_assert_eq(soc_bench_read(&bench, RCC + 0x70), 0x8010);
    cr_assert_eq(soc_bench_all_violations(&bench), 0);
}

Test(rcc, bits_and_registers_that_do_not_exist_are_noticed)
{
    soc_bench_write(&bench, RCC + 0x134, BIT(13)); /* XSPIMEN of another family */
    cr_assert_eq(soc_bench_violations(&bench, "reserved-bit"), 1);
    soc_bench_write(&bench, RCC + 0xE0, 1); /* AHB4ENR of another family */
    cr_assert_eq(soc_bench_violations(&bench, "unmodelled-register"), 1);
    cr_assert_eq(soc_bench_read(&bench, RCC + 0x134), 0);
}

Test(rcc, bytes_and_halves_reach_their_part_of_a_register)
{
    uint32_t value = 0;

    cr_assert(sim_bus_write(bench.bus, SIM_MASTER_CPU, RCC + 0x141, 1, 0x20));
    cr_assert_eq(soc_bench_read(&bench, RCC + 0x140), BIT(13));
    cr_assert(sim_bus_read(bench.bus, SIM_MASTER_CPU, RCC + 0x141, 1, &value));
    cr_assert_eq(value, 0x20);
}

Test(rcc, wwdgen_cannot_be_cleared)
{
    soc_bench_write(&bench, RCC + 0x148, BIT(11));
    soc_bench_write(&bench, RCC + 0x148, 0);
    cr_assert_eq(soc_bench_read(&bench, RCC + 0x148), BIT(11));
}
