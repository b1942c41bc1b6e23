/* RAMs: shares by option word, gates, contents over resets; DMA masters; DBGMCU. */
#include "helpers_soc_bench.h"

#include <criterion/criterion.h>

#include <string.h>

#define RCC    UINT32_C(0x58024400)
#define BIT(n) (UINT32_C(1) << (n))
enum { KIB = 1024 };

static struct soc_bench bench;

static void open_bench(void)
{
    soc_bench_open(&bench);
}

static void close_bench(void)
{
    soc_bench_close(&bench);
}

TestSuite(ram, .init = open_bench, .fini = close_bench);
TestSuite(dma, .init = open_bench, .fini = close_bench);
TestSuite(dbgmcu, .init = open_bench, .fini = close_bench);

static bool is_there(uint32_t addr)
{
    uint32_t value = 0;

    return sim_bus_read(bench.bus, SIM_MASTER_DEBUG, addr, 4, &value);
}

/* The last word is there and the next is not. */
static bool ends_at(uint32_t end_addr)
{
    return is_there(end_addr - 4) && !is_there(end_addr);
}

static void set_shares(uint32_t obw2)
{
    sim_flash_set_option_word(bench.flash, 0x268, obw2);
    soc_bench_reset(&bench, SIM_RESET_PIN);
}

Test(ram, default_shares_are_64_kib_of_each_tcm_and_456_kib_of_axi)
{
    cr_assert(ends_at(64 * KIB));
    cr_assert(ends_at(0x20000000 + 64 * KIB));
    cr_assert(is_there(0x24000000));
    cr_assert(ends_at(0x24000000 + 456 * KIB));
}

Test(ram, itcm_takes_from_the_start_of_sram1)
{
    set_shares(1);
    cr_assert(ends_at(128 * KIB));
    cr_assert_not(is_there(0x2400FFFC));
    cr_assert(is_there(0x24010000));
    set_shares(2);
    cr_assert(ends_at(192 * KIB));
    cr_assert_not(is_there(0x2401FFFC));
    cr_assert(is_there(0x24020000));
    set_shares(3);
    cr_assert(ends_at(64 * KIB));
    cr_assert(is_there(0x24000000));
}

Test(ram, dtcm_takes_from_the_end_of_sram3)
{
    set_shares(1 << 4);
    cr_assert(ends_at(0x20000000 + 128 * KIB));
    cr_assert(ends_at(0x24050000));
    cr_assert(is_there(0x24060000));
    set_shares(2 << 4);
    cr_assert(ends_at(0x20000000 + 192 * KIB));
    cr_assert(ends_at(0x24040000));
}

Test(ram, ecc_on_sram_takes_sram4)
{
    set_shares(BIT(8));
    cr_assert(ends_at(0x24060000));
}

Test(ram, sram2_is_there_with_every_setting)
{
    for (uint32_t obw2 = 0; obw2 < 0x200; obw2 = (obw2 | 0x8C) + 1) {
        set_shares(obw2 & 0x133);
        cr_assert(is_there(0x24020000) && is_there(0x2403FFFC), "OBW2SR 0x%03x", obw2);
    }
}

Test(ram, regions_are_page_aligned_and_changes_are_announced)
{
    uint32_t generation = sim_bus_generation(bench.bus);

    for (size_t i = 0; i < sim_bus_region_count(bench.bus); i++) {
        const struct sim_region *region = sim_bus_region(bench.bus, i);

        cr_assert_eq((uintptr_t)region->bytes % 4096, 0, "%s", region->name);
        cr_assert_eq(region->base % 4096, 0, "%s", region->name);
        cr_assert_leq(region->size_bytes, region->capacity_bytes, "%s", region->name);
    }
    set_shares(1);
    cr_assert_neq(sim_bus_generation(bench.bus), generation);
}

Test(ram, ahb_srams_and_backup_sram_need_their_clocks)
{
    cr_assert_not(is_there(0x30000000));
    cr_assert_not(is_there(0x38800000));
    soc_bench_write(&bench, RCC + 0x13C, BIT(29));
    soc_bench_write(&bench, RCC + 0x140, BIT(28));
    cr_assert(is_there(0x30000000));
    cr_assert_not(is_there(0x30004000));
    soc_bench_write(&bench, RCC + 0x13C, BIT(29) | BIT(30));
    cr_assert(ends_at(0x30008000));
    cr_assert(ends_at(0x38801000));
}

Test(ram, contents_survive_a_system_reset_but_not_a_power_cycle)
{
    uint32_t after_power_on = soc_bench_read(&bench, 0x24020000);

    soc_bench_write(&bench, 0x24020000, 0x12345678);
    soc_bench_write(&bench, 0x24020004, 0);
    soc_bench_reset(&bench, SIM_RESET_IWDG);
    cr_assert_eq(soc_bench_read(&bench, 0x24020000), 0x12345678);
    soc_bench_reset(&bench, SIM_RESET_POWER_ON);
    cr_assert_eq(soc_bench_read(&bench, 0x24020000), after_power_on, "the same in every run");
    cr_assert_neq(after_power_on, 0);
}

Test(ram, power_on_forgets_which_ecc_lines_were_written)
{
    struct sim_region *dtcm = sim_bus_region_at(bench.bus, 0x20000000);

    cr_assert_eq(dtcm->ecc_line_bytes, 4);
    cr_assert_eq(sim_bus_region_at(bench.bus, 0)->ecc_line_bytes, 8);
    cr_assert_eq(sim_bus_region_at(bench.bus, 0x24020000)->ecc_line_bytes, 8);
    soc_bench_write(&bench, 0x20000000, 1);
    cr_assert_eq(dtcm->ecc_written[0] & 1, 1);
    soc_bench_reset(&bench, SIM_RESET_SOFTWARE);
    cr_assert_eq(dtcm->ecc_written[0] & 1, 1);
    soc_bench_reset(&bench, SIM_RESET_POWER_ON);
    cr_assert_eq(dtcm->ecc_written[0] & 1, 0);
}

Test(ram, the_boot_rom_spins_and_cannot_be_written)
{
    cr_assert_eq(soc_bench_read(&bench, 0x1FF00000), 0xE7FEE7FE);
    cr_assert_not(sim_bus_write(bench.bus, SIM_MASTER_CPU, 0x1FF00000, 4, 0));
}

static bool changes(uint32_t addr)
{
    uint32_t before = soc_bench_read(&bench, addr);

    soc_bench_pass_ps(&bench, SIM_PS_PER_MS);
    return soc_bench_read(&bench, addr) != before;
}

Test(dma, both_masters_write_until_each_is_reset)
{
    uint32_t even = 0x24020000;
    uint32_t odd = 0x24020004;

    sim_dma_start(bench.dma, even, 8, 10);
    cr_assert(changes(even));
    cr_assert(changes(odd));
    soc_bench_write(&bench, RCC + 0x80, BIT(4)); /* GPDMA1 */
    cr_assert_not(changes(odd));
    cr_assert(changes(even), "HPDMA1 goes on");
    soc_bench_write(&bench, RCC + 0x7C, BIT(0));
    cr_assert_not(changes(even));
    soc_bench_write(&bench, RCC + 0x7C, 0);
    soc_bench_write(&bench, RCC + 0x80, 0);
    cr_assert_not(changes(even) || changes(odd), "they stay stopped");
    cr_assert_eq(soc_bench_violations(&bench, "ecc-partial-write"), 0);
}

Test(dma, stays_inside_its_range_and_stops_at_a_system_reset)
{
    uint32_t behind = soc_bench_read(&bench, 0x24020010);

    sim_dma_start(bench.dma, 0x24020000, 16, 1);
    soc_bench_pass_ps(&bench, SIM_PS_PER_MS);
    cr_assert_eq(soc_bench_read(&bench, 0x24020010), behind);
    soc_bench_reset(&bench, SIM_RESET_PIN);
    cr_assert_not(changes(0x24020000));
}

Test(dma, a_closed_clock_gate_pauses_it)
{
    sim_dma_start(bench.dma, 0x24020000, 8, 1);
    soc_bench_write(&bench, RCC + 0x134, 0);
    cr_assert_not(changes(0x24020000));
    soc_bench_write(&bench, RCC + 0x134, 1);
    cr_assert(changes(0x24020000));
}

Test(dbgmcu, shows_device_485_and_which_access_ports_are_open)
{
    uint32_t value = 0;

    cr_assert_eq(soc_bench_read(&bench, 0x5C001000) & 0xFFFF, 0x6485);
    cr_assert_eq(soc_bench_read(&bench, 0x5C0010FC), 0x00010003);
    sim_dbgmcu_set_ap1_open(bench.dbgmcu, true);
    cr_assert(sim_dbgmcu_read(bench.dbgmcu, 0xFC, &value));
    cr_assert_eq(value, 0x00030003);
}

Test(dbgmcu, keeps_its_bits_over_a_system_reset)
{
    cr_assert(sim_dbgmcu_write(bench.dbgmcu, 0x04, 0x00200007));
    cr_assert(sim_dbgmcu_write(bench.dbgmcu, 0x54, BIT(18)));
    cr_assert(sim_dbgmcu_write(bench.dbgmcu, 0x3C, BIT(11)));
    soc_bench_reset(&bench, SIM_RESET_SOFTWARE);
    cr_assert_eq(soc_bench_read(&bench, 0x5C001004), 0x00200007);
    cr_assert(sim_dbgmcu_clocks_in_sleep(bench.dbgmcu));
    cr_assert(sim_dbgmcu_freezes_iwdg(bench.dbgmcu));
    cr_assert(sim_dbgmcu_freezes_wwdg(bench.dbgmcu));
    soc_bench_reset(&bench, SIM_RESET_POWER_ON);
    cr_assert_not(sim_dbgmcu_freezes_iwdg(bench.dbgmcu));
}
