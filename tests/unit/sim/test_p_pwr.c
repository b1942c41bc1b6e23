/* PWR and SBS: supply, voltage scaling, XSPI pad supplies, compensation cells, HSLV. */
#include "helpers_soc_bench.h"

#include <criterion/criterion.h>

#define RCC    UINT32_C(0x58024400)
#define PWR    UINT32_C(0x58024800)
#define CSR2   (PWR + 0x0C)
#define CSR4   (PWR + 0x14)
#define CCCSR  UINT32_C(0x58000510)
#define CCVALR UINT32_C(0x58000514)
#define BIT(n) (UINT32_C(1) << (n))

static struct soc_bench bench;

static void open_bench(void)
{
    soc_bench_open(&bench);
    soc_bench_write(&bench, RCC + 0x154, 0x10002); /* SBSEN */
}

static void close_bench(void)
{
    soc_bench_close(&bench);
}

TestSuite(pwr, .init = open_bench, .fini = close_bench);
TestSuite(sbs, .init = open_bench, .fini = close_bench);

Test(pwr, reads_ready_after_power_on)
{
    cr_assert_eq(soc_bench_read(&bench, PWR + 0x04) & 2, 2);
    cr_assert_eq(soc_bench_read(&bench, CSR4), 2);
    cr_assert_eq(soc_bench_read(&bench, CSR2) & 0x1F, 6);
}

Test(pwr, enabling_the_xspi_pads_leaves_the_supply_choice_open)
{
    uint32_t generation = sim_pwr_generation(bench.pwr);

    soc_bench_modify(&bench, CSR2, 0, BIT(15));
    cr_assert(sim_pwr_xspim_is_powered(bench.pwr, 2));
    cr_assert_not(sim_pwr_xspim_is_powered(bench.pwr, 1));
    cr_assert_neq(sim_pwr_generation(bench.pwr), generation);
    soc_bench_modify(&bench, CSR2, 0x1F, 2);
    cr_assert_eq(soc_bench_read(&bench, CSR2) & 0x801F, 0x8002);
    cr_assert_eq(soc_bench_all_violations(&bench), 0);
}

Test(pwr, a_second_supply_is_refused_until_power_off)
{
    soc_bench_modify(&bench, CSR2, 0x1F, 2);
    soc_bench_modify(&bench, CSR2, 0x1F, 2); /* the same again is no harm */
    cr_assert_eq(soc_bench_all_violations(&bench), 0);
    soc_bench_modify(&bench, CSR2, 0x1F, 4 | BIT(15));
    cr_assert_eq(soc_bench_read(&bench, CSR2) & 0x801F, 0x8002, "other bits still work");
    cr_assert_eq(soc_bench_violations(&bench, "supply-locked"), 1);
    soc_bench_reset(&bench, SIM_RESET_PIN);
    cr_assert_eq(soc_bench_read(&bench, CSR2) & 0x801F, 2, "supply outlives a system reset");
    soc_bench_reset(&bench, SIM_RESET_POWER_ON);
    soc_bench_modify(&bench, CSR2, 0x1F, 4);
    cr_assert_eq(soc_bench_read(&bench, CSR2) & 0x1F, 4);
    cr_assert_eq(soc_bench_violations(&bench, "supply-locked"), 1);
}

Test(pwr, an_illegal_supply_never_gets_ready)
{
    soc_bench_modify(&bench, CSR2, 0x1F, 0x03);
    cr_assert_eq(soc_bench_violations(&bench, "supply-illegal"), 1);
    cr_assert_not(soc_bench_wait(&bench, PWR + 0x04, 2, 2, 10 * SIM_PS_PER_MS));
}

Test(pwr, vosrdy_falls_and_comes_back)
{
    soc_bench_write(&bench, CSR4, 1);
    cr_assert_eq(soc_bench_read(&bench, CSR4), 1);
    cr_assert_eq(soc_bench_read(&bench, PWR + 0x04) & 1, 0);
    cr_assert(soc_bench_wait(&bench, CSR4, 2, 2, SIM_PS_PER_MS));
    cr_assert_eq(soc_bench_read(&bench, PWR + 0x04) & 3, 3);
}

Test(pwr, external_smps_supply_shows_sdextrdy)
{
    soc_bench_modify(&bench, CSR2, 0x1F, 0x1E);
    cr_assert(soc_bench_wait(&bench, CSR2, BIT(16), BIT(16), SIM_PS_PER_MS));
    cr_assert_eq(soc_bench_all_violations(&bench), 0);
}

Test(sbs, boots_from_internal_flash)
{
    cr_assert_eq(sim_sbs_boot_addr(bench.sbs), 0x08000000);
    cr_assert_eq(soc_bench_read(&bench, 0x58000400), 0x08000000);
    soc_bench_write(&bench, 0x58000400, 0);
    cr_assert_eq(sim_sbs_boot_addr(bench.sbs), 0x08000000);
}

Test(sbs, iohslv_without_its_option_bit_has_no_effect)
{
    soc_bench_write(&bench, CCCSR, BIT(18));
    cr_assert_eq(soc_bench_read(&bench, CCCSR), BIT(18));
    cr_assert_not(sim_sbs_xspi_hslv(bench.sbs, 2));
    sim_flash_set_option_word(bench.flash, 0x260, 0x100602D0); /* XSPI2_HSLV */
    cr_assert(sim_sbs_xspi_hslv(bench.sbs, 2));
    cr_assert_not(sim_sbs_xspi_hslv(bench.sbs, 1));
    soc_bench_write(&bench, CCCSR, 0);
    cr_assert_not(sim_sbs_xspi_hslv(bench.sbs, 2));
    cr_assert_eq(soc_bench_all_violations(&bench), 0);
}

Test(sbs, iohslv_of_the_3v3_rail_is_a_violation)
{
    sim_flash_set_option_word(bench.flash, 0x260, 0x300600D0); /* VDDIO_HSLV */
    soc_bench_write(&bench, CCCSR, BIT(16));
    cr_assert_eq(soc_bench_violations(&bench, "hslv-over-voltage"), 1);
}

Test(sbs, a_compensation_cell_needs_the_csi_oscillator)
{
    soc_bench_write(&bench, CCCSR, BIT(4));
    cr_assert_not(soc_bench_wait(&bench, CCCSR, BIT(10), BIT(10), SIM_PS_PER_MS));
    soc_bench_modify(&bench, RCC, 0, BIT(7));
    cr_assert(soc_bench_wait(&bench, CCCSR, BIT(10), BIT(10), SIM_PS_PER_MS));
    cr_assert_eq(soc_bench_read(&bench, CCVALR), 0x870088);
}
