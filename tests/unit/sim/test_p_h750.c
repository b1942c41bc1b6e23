/* The models as the STM32H750 has them, against mcu.md 2 to 4 and 9. */
#include "helpers_soc_bench.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#define RCC   UINT32_C(0x58024400)
#define PWR   UINT32_C(0x58024800)
#define FLASH UINT32_C(0x52002000)
#define MHZ   UINT64_C(1000000)

enum { AHB2ENR = 0xDC, C1_AHB2ENR = 0x13C, AHB4ENR = 0xE0, RSR = 0xD0 };

static struct soc_bench bench;

static void open_bench(void)
{
    soc_bench_open_as(&bench, &sim_soc_h750, 25 * MHZ);
}

static void close_bench(void)
{
    soc_bench_close(&bench);
}

TestSuite(p_h750, .init = open_bench, .fini = close_bench);

static bool answers(uint32_t addr)
{
    uint32_t value = 0;

    return sim_bus_read(bench.bus, SIM_MASTER_DEBUG, addr, 4, &value);
}

Test(p_h750, resets_to_hsi_64_mhz_without_a_violation)
{
    cr_assert_eq(soc_bench_read(&bench, RCC), 0x0000C025);
    cr_assert_eq(soc_bench_read(&bench, RCC + 0x2C), 0x01FF0000);
    cr_assert_eq(sim_rcc_cpu_hz(bench.rcc), 64 * MHZ);
    cr_assert_eq(sim_rcc_apb_hz(bench.rcc, 4), 64 * MHZ);
    cr_assert_eq(sim_rcc_apb_hz(bench.rcc, 5), 0, "no such bus");
    cr_assert_eq(soc_bench_read(&bench, PWR + 0x18), 0x00006000, "VOS3, ready");
    cr_assert_eq(soc_bench_read(&bench, PWR + 0x04), 0x00006000, "ACTVOS, ready");
    cr_assert_eq(soc_bench_all_violations(&bench), 0);
}

Test(p_h750, enable_registers_show_at_both_offsets)
{
    soc_bench_write(&bench, RCC + C1_AHB2ENR, UINT32_C(1) << 29);
    cr_assert_eq(soc_bench_read(&bench, RCC + AHB2ENR), UINT32_C(1) << 29);
    soc_bench_modify(&bench, RCC + AHB2ENR, 0, UINT32_C(1) << 30);
    cr_assert_eq(soc_bench_read(&bench, RCC + C1_AHB2ENR), UINT32_C(3) << 29);
    cr_assert_eq(soc_bench_read(&bench, RCC + 0x130), soc_bench_read(&bench, RCC + RSR));
    cr_assert_eq(soc_bench_all_violations(&bench), 0);
}

Test(p_h750, srams_of_d2_need_their_clocks_and_the_others_do_not)
{
    static const struct {
        uint32_t addr;
        uint8_t bit;
    } rows[] = {
        {0x30000000, 29}, {0x3001FFFC, 29}, {0x30020000, 30}, {0x30040000, 31}, {0x30047FFC, 31}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        soc_bench_write(&bench, RCC + AHB2ENR, ~(UINT32_C(1) << rows[i].bit) & 0xE0000000);
        cr_assert_not(answers(rows[i].addr), "0x%08x", rows[i].addr);
        soc_bench_write(&bench, RCC + AHB2ENR, UINT32_C(1) << rows[i].bit);
        cr_assert(answers(rows[i].addr), "0x%08x", rows[i].addr);
    }
    cr_assert(answers(0x0000FFFC) && !answers(0x00010000), "ITCM 64 KB");
    cr_assert(answers(0x2001FFFC) && !answers(0x20020000), "DTCM 128 KB");
    cr_assert(answers(0x2407FFFC) && !answers(0x24080000), "AXI SRAM 512 KB");
    cr_assert(answers(0x3800FFFC) && !answers(0x38010000), "SRAM4 64 KB");
    cr_assert(!answers(0x30048000));
    for (size_t i = 0; i < sim_bus_region_count(bench.bus); i++) {
        const struct sim_region *region = sim_bus_region(bench.bus, i);

        cr_assert_leq(region->size_bytes, region->capacity_bytes, "%s", region->name);
    }
}

Test(p_h750, pll_from_the_crystal_of_the_board)
{
    soc_bench_write(&bench, RCC, 0x0001C025); /* HSEON */
    cr_assert(soc_bench_wait(&bench, RCC, 1 << 17, 1 << 17, 10 * SIM_PS_PER_MS));
    /* 25 MHz / 5 * 96 / 2 = 240 MHz, HCLK 120 (mcu.md 10, the small board's bootloader) */
    soc_bench_write(&bench, PWR + 0x18, 3 << 14);
    cr_assert(soc_bench_wait(&bench, PWR + 0x18, 1 << 13, 1 << 13, SIM_PS_PER_MS));
    soc_bench_write(&bench, RCC + 0x28, 2 | 5 << 4);
    soc_bench_write(&bench, RCC + 0x2C, 0x00010000 | 2 << 2); /* P on, RGE 4-8 MHz */
    soc_bench_write(&bench, RCC + 0x30, 95 | 1 << 9);
    soc_bench_modify(&bench, RCC, 0, 1 << 24);
    cr_assert(soc_bench_wait(&bench, RCC, 1 << 25, 1 << 25, 10 * SIM_PS_PER_MS));
    soc_bench_write(&bench, RCC + 0x18, 8 | 4 << 4);
    soc_bench_write(&bench, RCC + 0x1C, 5 << 4 | 4 << 8);
    soc_bench_write(&bench, RCC + 0x10, 3);
    cr_assert_eq(soc_bench_read(&bench, RCC + 0x10), 3 | 3 << 3);
    cr_assert_eq(sim_rcc_cpu_hz(bench.rcc), 240 * MHZ);
    cr_assert_eq(sim_rcc_hclk_hz(bench.rcc), 120 * MHZ);
    cr_assert_eq(sim_rcc_apb_hz(bench.rcc, 1), 30 * MHZ);
    cr_assert_eq(sim_rcc_apb_hz(bench.rcc, 2), 60 * MHZ);
    cr_assert_eq(sim_rcc_apb_hz(bench.rcc, 3), 60 * MHZ);
    cr_assert_eq(sim_rcc_apb_hz(bench.rcc, 4), 120 * MHZ);
    cr_assert_eq(soc_bench_violations(&bench, "bus-clock-too-fast"), 1, "APB4 above 100 MHz");
    cr_assert_eq(soc_bench_all_violations(&bench), 1);
}

Test(p_h750, core_divider_is_another_field_than_the_bus_divider)
{
    soc_bench_write(&bench, RCC + 0x18, 9 << 8);
    cr_assert_eq(sim_rcc_cpu_hz(bench.rcc), 16 * MHZ);
    cr_assert_eq(sim_rcc_hclk_hz(bench.rcc), 16 * MHZ);
    soc_bench_write(&bench, RCC + 0x18, 8);
    cr_assert_eq(sim_rcc_cpu_hz(bench.rcc), 64 * MHZ);
    cr_assert_eq(sim_rcc_hclk_hz(bench.rcc), 32 * MHZ);
}

Test(p_h750, overdrive_makes_vos0_of_vos1)
{
    soc_bench_modify(&bench, RCC + 0xF4, 0, 2);   /* SYSCFGEN */
    soc_bench_write(&bench, 0x5800042C, 1);       /* ODEN */
    soc_bench_write(&bench, PWR + 0x18, 3 << 14); /* VOS1 */
    cr_assert_eq(soc_bench_read(&bench, PWR + 0x18) >> 13 & 1, 0, "settles");
    soc_bench_pass_ps(&bench, SIM_PS_PER_MS);
    soc_bench_write(&bench, RCC + 0x28, 16 << 4); /* HSI / 16 * 240 / 2 = 480 MHz */
    soc_bench_write(&bench, RCC + 0x2C, 0x00010000 | 2 << 2);
    soc_bench_write(&bench, RCC + 0x30, 239 | 1 << 9);
    soc_bench_modify(&bench, RCC, 0, 1 << 24);
    soc_bench_pass_ps(&bench, SIM_PS_PER_MS);
    soc_bench_write(&bench, RCC + 0x18, 8 | 4 << 4);
    soc_bench_write(&bench, RCC + 0x1C, 4 << 4 | 4 << 8);
    soc_bench_write(&bench, RCC + 0x20, 4 << 4);
    soc_bench_write(&bench, RCC + 0x10, 3);
    cr_assert_eq(sim_rcc_cpu_hz(bench.rcc), 480 * MHZ);
    cr_assert_eq(soc_bench_all_violations(&bench), 0);
    soc_bench_write(&bench, RCC + 0x10, 0);
    soc_bench_write(&bench, 0x5800042C, 0);
    soc_bench_write(&bench, RCC + 0x10, 3);
    cr_assert_eq(soc_bench_violations(&bench, "vos-too-low"), 1, "480 MHz at VOS1");
}

Test(p_h750, supply_is_chosen_once)
{
    soc_bench_write(&bench, PWR + 0x0C, 2);
    cr_assert_eq(soc_bench_read(&bench, PWR + 0x0C) & 7, 2);
    soc_bench_write(&bench, PWR + 0x0C, 1);
    cr_assert_eq(soc_bench_read(&bench, PWR + 0x0C) & 7, 2);
    cr_assert_eq(soc_bench_violations(&bench, "supply-locked"), 1);
}

Test(p_h750, ports_a_to_k_and_no_other)
{
    soc_bench_write(&bench, RCC + AHB4ENR, 0x7FF);
    cr_assert_eq(soc_bench_read(&bench, 0x58020000), 0xABFFFFFF);
    cr_assert(answers(0x58022000) && answers(0x58022800));
    cr_assert_not(answers(0x58023400), "no port N");
    cr_assert_null(sim_bus_periph_at(bench.bus, 0x58022C00), "no port L");
    soc_bench_write(&bench, 0x58022028, 1);
    cr_assert_eq(soc_bench_violations(&bench, "unmodelled-register"), 1, "no BRR");
}

Test(p_h750, a_reset_bit_of_a_port_gives_the_debug_pins_back)
{
    soc_bench_write(&bench, RCC + AHB4ENR, 1);
    cr_assert(sim_gpio_is_alternate(bench.gpio, 0, 13, 0));
    soc_bench_write(&bench, 0x58020000, 0);
    cr_assert_not(sim_gpio_is_alternate(bench.gpio, 0, 13, 0));
    soc_bench_write(&bench, RCC + 0x88, 1);
    soc_bench_write(&bench, RCC + 0x88, 0);
    cr_assert(sim_gpio_is_alternate(bench.gpio, 0, 13, 0));
}

Test(p_h750, identity_lies_in_the_system_memory)
{
    uint8_t identity[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 128, 0, 0x55, 0x55};

    sim_flash_set_identity(bench.flash, identity);
    cr_assert_eq(soc_bench_read(&bench, 0x1FF1E800), 0x04030201);
    cr_assert_eq(soc_bench_read(&bench, 0x1FF1E808), 0x0C0B0A09);
    cr_assert_eq(soc_bench_read(&bench, 0x1FF1E880), 0xFFFF0080, "128 KB, no package here");
    cr_assert_not(answers(0x08FFF800));
}

static void unlock(void)
{
    soc_bench_write(&bench, FLASH + 0x04, 0x45670123);
    soc_bench_write(&bench, FLASH + 0x04, 0xCDEF89AB);
}

static void program_granule(uint32_t addr, uint32_t seed)
{
    for (uint32_t i = 0; i < 8; i++) {
        soc_bench_write(&bench, addr + 4 * i, seed + i);
    }
}

Test(p_h750, flash_programs_32_bytes_and_erases_its_only_sector)
{
    cr_assert_eq(soc_bench_read(&bench, FLASH + 0x0C), 0x31, "LOCK and PSIZE");
    unlock();
    cr_assert_eq(soc_bench_read(&bench, FLASH + 0x0C), 0x30);
    soc_bench_write(&bench, FLASH + 0x0C, 0x32);
    program_granule(0x08000040, 0x11111111);
    cr_assert_eq(soc_bench_read(&bench, FLASH + 0x10) & 5, 5, "BSY and QW");
    cr_assert(soc_bench_wait(&bench, FLASH + 0x10, 4, 0, SIM_PS_PER_MS));
    cr_assert_eq(soc_bench_read(&bench, FLASH + 0x10), 1 << 16, "EOP");
    soc_bench_write(&bench, FLASH + 0x14, 1 << 16);
    cr_assert_eq(soc_bench_read(&bench, FLASH + 0x10), 0);
    cr_assert_eq(soc_bench_read(&bench, 0x0800005C), 0x11111118);
    soc_bench_write(&bench, FLASH + 0x0C, 0x34);
    cr_assert_eq(soc_bench_read(&bench, FLASH + 0x10), 0, "SER and PSIZE start nothing");
    soc_bench_write(&bench, FLASH + 0x0C, 0x04 | 1 << 7); /* SER, START, SNB 0 */
    cr_assert_eq(soc_bench_read(&bench, FLASH + 0x10) & 4, 4);
    cr_assert(soc_bench_wait(&bench, FLASH + 0x10, 4, 0, 3 * SIM_PS_PER_S));
    cr_assert_eq(soc_bench_read(&bench, 0x0800005C), 0xFFFFFFFF);
    cr_assert_eq(soc_bench_all_violations(&bench), 0);
}

Test(p_h750, flash_punishes_what_silicon_punishes)
{
    unlock();
    soc_bench_write(&bench, FLASH + 0x0C, 0x32);
    program_granule(0x08000000, 1);
    soc_bench_pass_ps(&bench, SIM_PS_PER_MS);
    program_granule(0x08000000, 2);
    soc_bench_pass_ps(&bench, SIM_PS_PER_MS);
    cr_assert_eq(soc_bench_violations(&bench, "flash-double-program"), 1);
    cr_assert_not(answers(0x08000000), "double ECC error");
    cr_assert_eq(soc_bench_read(&bench, FLASH + 0x10) >> 26 & 1, 1, "DBECCERR");
    soc_bench_write(&bench, 0x08000020, 3);
    soc_bench_write(&bench, FLASH + 0x0C, 0x30);
    cr_assert_eq(soc_bench_violations(&bench, "flash-partial-granule"), 1);
    soc_bench_write(&bench, FLASH + 0x0C, 0x34 | 1 << 7 | 1 << 8); /* sector 1 is not there */
    cr_assert_eq(soc_bench_read(&bench, FLASH + 0x10) >> 17 & 1, 1, "WRPERR");
    soc_bench_write(&bench, FLASH + 0x18, 2);
    cr_assert_eq(soc_bench_violations(&bench, "flash-option-locked"), 1);
    soc_bench_write(&bench, FLASH + 0x0C, 0x31);
    soc_bench_write(&bench, FLASH + 0x0C, 0x32);
    cr_assert_eq(soc_bench_violations(&bench, "flash-locked-write"), 1);
}

Test(p_h750, option_words_are_those_of_an_open_device)
{
    cr_assert_eq(soc_bench_read(&bench, FLASH + 0x1C) >> 8 & 0xFF, 0xAA, "RDP level 0");
    cr_assert_eq(soc_bench_read(&bench, FLASH + 0x20), soc_bench_read(&bench, FLASH + 0x1C));
    cr_assert_eq(soc_bench_read(&bench, FLASH + 0x40), 0x1FF00800, "boot addresses");
    cr_assert_not(sim_flash_starts_watchdog(bench.flash));
    sim_flash_set_option_word(bench.flash, 0x1C, 0x1006AAC0);
    cr_assert(sim_flash_starts_watchdog(bench.flash), "IWDG1_SW 0: by hardware");
}

Test(p_h750, watchdogs_lie_where_this_line_has_them)
{
    cr_assert_not(answers(0x50003000), "WWDG1 without clock");
    soc_bench_write(&bench, RCC + 0xE4, 1 << 6);
    cr_assert(answers(0x50003000));
    soc_bench_write(&bench, RCC + 0xE4, 0);
    cr_assert_eq(soc_bench_read(&bench, RCC + 0xE4), 1 << 6, "cannot be switched off");
    soc_bench_write(&bench, 0x50003000, 0xFF);
    soc_bench_pass_ps(&bench, 64 * 4096 * SIM_PS_PER_S / (64 * MHZ) + SIM_PS_PER_US);
    cr_assert_eq(bench.reset_kind, SIM_RESET_WWDG);
    cr_assert_eq(bench.reset_count, 1);
    soc_bench_write(&bench, 0x58004800, 0xCCCC);
    cr_assert_eq(soc_bench_read(&bench, 0x5800480C), 0, "SR has no ONF");
    soc_bench_write(&bench, 0x58004814, 1);
    cr_assert_eq(soc_bench_violations(&bench, "unmodelled-register"), 1, "no EWCR");
}

Test(p_h750, dma_stops_by_the_reset_bits_of_this_line)
{
    uint32_t before = 0;
    uint32_t other_before = 0;

    sim_dma_start(bench.dma, 0x24020000, 0x100, 10);
    soc_bench_pass_ps(&bench, SIM_PS_PER_MS);
    cr_assert_eq(soc_bench_read(&bench, 0x24020000) >> 20, 0xD3A);
    soc_bench_write(&bench, RCC + 0x7C, 1);
    soc_bench_write(&bench, RCC + 0x80, 1);
    soc_bench_write(&bench, RCC + 0x7C, 0);
    soc_bench_write(&bench, RCC + 0x80, 0);
    before = soc_bench_read(&bench, 0x24020000);
    other_before = soc_bench_read(&bench, 0x24020004);
    soc_bench_pass_ps(&bench, SIM_PS_PER_MS);
    cr_assert_eq(soc_bench_read(&bench, 0x24020000), before);
    cr_assert_eq(soc_bench_read(&bench, 0x24020004), other_before);
}

Test(p_h750, dbgmcu_says_revision_v_and_keeps_its_bits_over_a_reset)
{
    cr_assert_eq(soc_bench_read(&bench, 0x5C001000), 0x20036450);
    soc_bench_write(&bench, 0x5C001004, 0xFFFFFFFF);
    cr_assert_eq(soc_bench_read(&bench, 0x5C001004), 0x107001BF);
    soc_bench_write(&bench, 0x5C001034, 1 << 6);
    cr_assert(sim_dbgmcu_freezes_wwdg(bench.dbgmcu));
    cr_assert_not(sim_dbgmcu_freezes_iwdg(bench.dbgmcu));
    soc_bench_reset(&bench, SIM_RESET_PIN);
    cr_assert_eq(soc_bench_read(&bench, 0x5C001004), 0x107001BF);
    cr_assert_eq(soc_bench_read(&bench, RCC + RSR) >> 22 & 1, 1, "PINRSTF");
}

/* Registers of the list that are no keys: answered by the block of that name, and what is read may
 * be written back. */
Test(p_h750, every_listed_register_is_there)
{
    FILE *list = fopen(XFLASH_SOURCE_DIR "/sim/registers_h750.csv", "r");
    char line[128];
    unsigned count = 0;

    cr_assert_not_null(list);
    soc_bench_write(&bench, RCC + 0xF4, 2);
    soc_bench_write(&bench, RCC + 0xE4, 1 << 6);
    while (fgets(line, sizeof line, list) != NULL) {
        char block[16] = "";
        char name[24] = "";
        char field[24] = "";
        unsigned addr = 0;

        if (sscanf(line, "%15[^,],%23[^,],0x%x,%23[^,]", block, name, &addr, field) != 3 ||
            strstr(name, "KEYR") != NULL) {
            continue;
        }
        const struct sim_periph *periph = sim_bus_periph_at(bench.bus, addr);

        cr_assert_not_null(periph, "%s.%s", block, name);
        cr_assert_str_eq(periph->name, block);
        soc_bench_write(&bench, addr, soc_bench_read(&bench, addr));
        cr_assert_eq(soc_bench_violations(&bench, "unmodelled-register") +
                         soc_bench_violations(&bench, "reserved-bit") +
                         soc_bench_violations(&bench, "unclocked-access"),
            0, "%s.%s", block, name);
        count++;
    }
    cr_assert_eq(fclose(list), 0);
    cr_assert_gt(count, 120, "%u registers", count);
}
