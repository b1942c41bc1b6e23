/* The whole board without files and doors: resets, boot ROM, power, entry states. */
#include "helpers_board.h"

#include <criterion/criterion.h>

#include <string.h>

enum { AP1 = 1, ROM_BASE = 0x1FF00000, ROM_BYTES = 0x20000 };

Test(machine, the_core_answers_only_after_the_boot_rom_has_opened_its_port)
{
    struct board_test test;
    uint32_t value = 0;

    board_create(&test);
    board_power_up(&test);
    board_advance_us(&test, 4900);
    cr_assert_eq(board_read(&test, 0xE000ED00, &value), SIM_ACK_FAULT);
    board_clear_errors(&test);
    board_advance_us(&test, 200);
    cr_assert_eq(board_read(&test, 0xE000ED00, &value), SIM_ACK_OK);
    cr_assert_eq(value, 0x411FC272);
    board_free(&test);
}

Test(machine, access_port_0_shows_the_other_one_opening)
{
    struct board_test test;
    struct sim_ap_access access = {.ap = 0, .addr = 0x5C0010FC, .size_bytes = 4};
    uint32_t value = 0;

    board_create(&test);
    board_power_up(&test);
    cr_assert(test.machine->dap_target.read(test.machine, &access, &value));
    cr_assert_eq(value, 0x00010003);
    board_advance_us(&test, 5100);
    cr_assert(test.machine->dap_target.read(test.machine, &access, &value));
    cr_assert_eq(value, 0x00030003);
    board_free(&test);
}

Test(machine, an_early_halt_lands_in_the_rom_and_a_resume_goes_on_to_the_program)
{
    static const uint16_t loop[] = {0xE7FE};
    struct board_test test;

    board_create(&test);
    board_put_program(&test, loop, 1);
    board_power_up(&test);
    board_advance_us(&test, 5050);
    cr_assert_eq(board_write(&test, BOARD_DHCSR, 0xA05F0003), SIM_ACK_OK);
    board_advance_us(&test, 10000);
    cr_assert_eq(sim_cpu_state(test.machine->cpu), SIM_CPU_HALTED);
    cr_assert(sim_cpu_pc(test.machine->cpu) - ROM_BASE < ROM_BYTES, "PC 0x%08x",
        sim_cpu_pc(test.machine->cpu));
    cr_assert_eq(board_write(&test, BOARD_DHCSR, 0xA05F0001), SIM_ACK_OK);
    board_advance_us(&test, 2000);
    cr_assert_eq(sim_cpu_state(test.machine->cpu), SIM_CPU_RUNNING);
    cr_assert_eq(sim_cpu_pc(test.machine->cpu), 0x08000008);
    board_free(&test);
}

Test(machine, a_core_taken_out_of_the_rom_by_a_debugger_is_left_alone)
{
    static const uint16_t loop[] = {0xE7FE};
    struct board_test test;

    board_create(&test);
    board_put_program(&test, loop, 1);
    board_power_up(&test);
    board_advance_us(&test, 5050);
    cr_assert_eq(board_write(&test, BOARD_DHCSR, 0xA05F0003), SIM_ACK_OK);
    cr_assert_eq(board_write(&test, 0x20000100, 0xE7FEE7FE), SIM_ACK_OK);
    sim_cpu_set_register(test.machine->cpu, 15, 0x20000100);
    cr_assert_eq(board_write(&test, BOARD_DHCSR, 0xA05F0001), SIM_ACK_OK);
    board_advance_us(&test, 50000);
    cr_assert_eq(sim_cpu_pc(test.machine->cpu), 0x20000100);
    board_free(&test);
}

Test(machine, an_empty_internal_flash_ends_in_lock_up)
{
    struct board_test test;
    uint32_t dhcsr = 0;

    board_create(&test);
    board_power_up(&test);
    board_advance_us(&test, 20000);
    cr_assert_eq(sim_cpu_state(test.machine->cpu), SIM_CPU_LOCKED_UP);
    cr_assert_eq(board_read(&test, BOARD_DHCSR, &dhcsr), SIM_ACK_OK);
    cr_assert_eq(dhcsr >> 19 & 1, 1, "S_LOCKUP");
    board_free(&test);
}

Test(machine, nrst_keeps_the_core_out_of_reach_and_the_debug_port_in_it)
{
    struct board_test test;
    struct sim_ap_access dbgmcu = {.ap = 0, .addr = 0x5C001000, .size_bytes = 4};
    uint32_t value = 0;

    board_create(&test);
    board_power_up(&test);
    board_advance_us(&test, 20000);
    sim_machine_set_nrst(test.machine, true);
    board_advance_us(&test, 20000);
    cr_assert_eq(board_read(&test, 0xE000ED00, &value), SIM_ACK_FAULT);
    board_clear_errors(&test);
    cr_assert_eq(sim_dap_read_ap(&test.machine->dap, 0, 0xFC, &value), SIM_ACK_OK);
    cr_assert_not(
        test.machine->dap_target.read(test.machine, &dbgmcu, &value), "nor DBGMCU (probe.md 1.6)");
    cr_assert_eq(sim_dap_read_dp(&test.machine->dap, 4, 0, &value), SIM_ACK_OK);
    cr_assert_eq(value, 0xF0000000, "power-up requests survive NRST");
    sim_machine_set_nrst(test.machine, false);
    board_advance_us(&test, 5100);
    cr_assert_eq(board_read(&test, 0xE000ED00, &value), SIM_ACK_OK);
    cr_assert(test.machine->dap_target.read(test.machine, &dbgmcu, &value));
    dbgmcu.size_bytes = 1;
    cr_assert_not(test.machine->dap_target.read(test.machine, &dbgmcu, &value), "words only");
    board_free(&test);
}

Test(machine, sysresetreq_through_the_debug_port_resets_the_board)
{
    static const uint16_t loop[] = {0xE7FE};
    struct board_test test;
    uint32_t value = 0;

    board_create(&test);
    board_put_program(&test, loop, 1);
    board_power_up(&test);
    board_advance_us(&test, 20000);
    cr_assert_eq(board_write(&test, 0x24000000, 0x12345678), SIM_ACK_OK);
    cr_assert_eq(board_write(&test, 0xE000ED0C, 0x05FA0004), SIM_ACK_OK);
    board_advance_us(&test, 100);
    cr_assert_eq(board_read(&test, 0xE000ED00, &value), SIM_ACK_FAULT);
    board_clear_errors(&test);
    board_advance_us(&test, 20000);
    cr_assert_eq(board_read(&test, 0x58024530, &value), SIM_ACK_OK);
    cr_assert_eq(value >> 24 & 1, 1, "RSR.SFTRSTF in 0x%08x", value);
    cr_assert_eq(board_read(&test, 0x24000000, &value), SIM_ACK_OK);
    cr_assert_eq(value, 0x12345678, "RAM survives a reset");
    board_free(&test);
}

Test(machine, a_closed_device_never_opens_the_core)
{
    struct board_test test;
    const char *why = NULL;
    uint32_t value = 0;

    board_create(&test);
    board_power_up(&test);
    cr_assert(sim_machine_set(test.machine, "nvstate", "closed", &why));
    board_advance_us(&test, 600000);
    cr_assert_eq(board_read(&test, 0xE000ED00, &value), SIM_ACK_FAULT);
    board_free(&test);
}

Test(machine, a_power_cut_takes_debug_port_and_ram_and_comes_back)
{
    struct board_test test;
    const char *why = NULL;
    uint32_t value = 0;

    board_create(&test);
    board_power_up(&test);
    board_advance_us(&test, 20000);
    cr_assert_eq(board_write(&test, 0x24000000, 0x12345678), SIM_ACK_OK);
    cr_assert(sim_inject_arm(test.machine->env.inject, "cpu-power-cut@3", &why));
    sim_machine_inject_changed(test.machine);
    board_advance_us(&test, 5000);
    cr_assert_eq(board_read(&test, 0x24000000, &value), SIM_ACK_NONE);
    cr_assert_eq(test.machine->target_mv, 0);
    board_advance_us(&test, 120000);
    cr_assert_eq(sim_dap_read_dp(&test.machine->dap, 4, 0, &value), SIM_ACK_OK);
    cr_assert_eq(value, 0, "debug power requests are lost");
    (void)sim_dap_write_dp(&test.machine->dap, 4, 0, 0x50000000);
    cr_assert_eq(board_read(&test, 0x24000000, &value), SIM_ACK_OK);
    cr_assert_neq(value, 0x12345678);
    board_free(&test);
}

Test(machine, every_entry_state_leaves_a_core_that_can_be_halted)
{
    static const struct {
        const char *state;
        enum sim_cpu_state cpu;
    } rows[] = {
        {"reset", SIM_CPU_RUNNING},
        {"rom", SIM_CPU_RUNNING},
        {"idle", SIM_CPU_RUNNING},
        {"locked", SIM_CPU_LOCKED_UP},
        {"dirty-cache", SIM_CPU_RUNNING},
        {"mpu", SIM_CPU_RUNNING},
        {"unprivileged", SIM_CPU_RUNNING},
        {"dma", SIM_CPU_RUNNING},
        {"pll", SIM_CPU_RUNNING},
    };
    static const uint16_t loop[] = {0xE7FE};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct board_test test;
        const char *why = NULL;

        board_create(&test);
        board_put_program(&test, loop, 1);
        board_power_up(&test);
        cr_assert(sim_machine_set(test.machine, "cpu", rows[i].state, &why));
        cr_assert_eq(sim_cpu_state(test.machine->cpu), rows[i].cpu, "%s", rows[i].state);
        cr_assert_eq(board_write(&test, BOARD_DHCSR, 0xA05F0003), SIM_ACK_OK, "%s", rows[i].state);
        board_advance_us(&test, 100);
        cr_assert_eq(sim_cpu_state(test.machine->cpu), SIM_CPU_HALTED, "%s", rows[i].state);
        cr_assert_eq(sim_report_violation_count(test.machine->env.report), 0, "%s", rows[i].state);
        board_free(&test);
    }
}

Test(machine, the_cache_state_hides_other_bytes_than_the_ram_holds)
{
    struct board_test test;
    const char *why = NULL;
    struct sim_ap_access access = {.ap = AP1, .size_bytes = 4};
    unsigned hidden = 0;

    board_create(&test);
    board_power_up(&test);
    cr_assert(sim_machine_set(test.machine, "cpu", "dirty-cache", &why));
    for (access.addr = 0x24020000; access.addr < 0x24028000; access.addr += 4) {
        uint32_t cached = 0;
        uint32_t behind = 0;

        access.cacheable = true;
        cr_assert(test.machine->dap_target.read(test.machine, &access, &cached));
        access.cacheable = false;
        cr_assert(test.machine->dap_target.read(test.machine, &access, &behind));
        cr_assert_eq(cached >> 24, 0xD1);
        hidden += behind != cached;
    }
    cr_assert_gt(hidden, 100, "%u words hidden", hidden);
    board_free(&test);
}

Test(machine, the_pll_state_runs_at_600_mhz_and_the_reset_undoes_it)
{
    struct board_test test;
    const char *why = NULL;

    board_create(&test);
    board_power_up(&test);
    cr_assert(sim_machine_set(test.machine, "cpu", "pll", &why));
    cr_assert_eq(sim_rcc_cpu_hz(test.machine->rcc), 600000000);
    cr_assert_eq(sim_rcc_hclk_hz(test.machine->rcc), 300000000);
    cr_assert(sim_machine_set(test.machine, "cpu", "reset", &why));
    cr_assert_eq(sim_rcc_cpu_hz(test.machine->rcc), 64000000);
    board_free(&test);
}

Test(machine, deep_sleep_takes_the_access_port_unless_dbgmcu_keeps_its_clock)
{
    struct board_test test;
    const char *why = NULL;
    struct sim_ap_access control = {.ap = 0, .addr = 0x5C001004, .size_bytes = 4};
    uint32_t value = 0;

    board_create(&test);
    board_power_up(&test);
    cr_assert(sim_machine_set(test.machine, "cpu", "deep-sleep", &why));
    cr_assert(sim_cpu_is_deep_asleep(test.machine->cpu));
    cr_assert_eq(board_read(&test, 0xE000ED00, &value), SIM_ACK_FAULT);
    board_clear_errors(&test);
    cr_assert(test.machine->dap_target.write(test.machine, &control, 0x00200007));
    cr_assert_eq(board_read(&test, 0xE000ED00, &value), SIM_ACK_OK);
    board_free(&test);
}

Test(machine, the_mapped_state_shows_the_chip_in_8d_at_0x70000000)
{
    struct board_test test;
    const char *why = NULL;
    uint32_t value = 0;

    board_create(&test);
    memcpy(test.storage.memory.bytes + 0x1000, "\x11\x22\x33\x44", 4);
    board_power_up(&test);
    board_advance_us(&test, 20000);
    cr_assert(sim_machine_set(test.machine, "xspi", "mapped", &why));
    cr_assert_eq(board_read(&test, 0x70001000, &value), SIM_ACK_OK);
    cr_assert_eq(value, 0x44332211, "0x%08x", value);
    cr_assert_eq(sim_report_violation_count(test.machine->env.report), 0);
    board_free(&test);
}

Test(machine, a_reset_of_the_mcu_leaves_the_chip_in_its_mode)
{
    struct board_test test;
    const char *why = NULL;
    uint32_t value = 0;

    board_create(&test);
    memcpy(test.storage.memory.bytes, "\x11\x22\x33\x44", 4);
    board_power_up(&test);
    board_advance_us(&test, 20000);
    cr_assert(sim_machine_set(test.machine, "xspi", "mapped", &why));
    cr_assert(sim_machine_set(test.machine, "cpu", "reset", &why));
    cr_assert(sim_machine_set(test.machine, "xspi", "mapped", &why));
    cr_assert_eq(board_read(&test, 0x70000000, &value), SIM_ACK_OK);
    cr_assert_eq(value, 0x44332211);
    board_free(&test);
}

Test(machine, two_boards_from_equal_storage_run_equally)
{
    uint64_t times[2];
    uint64_t counts[2];

    for (unsigned i = 0; i < 2; i++) {
        struct board_test test;
        const char *why = NULL;

        board_create(&test);
        board_power_up(&test);
        cr_assert(sim_machine_set(test.machine, "cpu", "dirty-cache", &why));
        board_advance_us(&test, 12345);
        times[i] = sim_clock_now_ps(&test.machine->clock);
        counts[i] = sim_report_cost_total(test.machine->env.report, SIM_COST_INSTRUCTIONS);
        board_free(&test);
    }
    cr_assert_eq(times[0], times[1]);
    cr_assert_eq(counts[0], counts[1]);
    cr_assert_gt(counts[0], 100000);
}

Test(machine, stops_at_a_violation_when_told_to)
{
    struct board_test test;
    uint64_t stopped_ps;

    board_create(&test);
    board_power_up(&test);
    test.machine->stop_on_violation = true;
    sim_violation(test.machine->env.report, "kind", "text");
    stopped_ps = sim_clock_now_ps(&test.machine->clock);
    board_advance_us(&test, 1000);
    cr_assert_eq(sim_clock_now_ps(&test.machine->clock), stopped_ps);
    sim_machine_power_cycle(test.machine);
    board_advance_us(&test, 1000);
    cr_assert_gt(sim_clock_now_ps(&test.machine->clock), stopped_ps);
    board_free(&test);
}

Test(machine, refuses_settings_it_does_not_know_and_says_what_it_expects)
{
    static const char *const bad[][2] = {{"cpu", "asleep"}, {"ap-delay", "501"}, {"ap-delay", ""},
        {"iwdg", "0"}, {"wrp", "8"}, {"wrp", "3-1"}, {"nvstate", "locked"}, {"xspi", "1"},
        {"nonsense", "1"}, {"mode", "16D"}, {"reset", "hard"}, {"voltage", "x"},
        {"time-scale", "0"}};
    struct board_test test;

    board_create(&test);
    board_power_up(&test);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *why = NULL;

        cr_assert_not(sim_machine_set(test.machine, bad[i][0], bad[i][1], &why), "%s=%s", bad[i][0],
            bad[i][1]);
        cr_assert(why != NULL && strlen(why) > 8, "%s=%s", bad[i][0], bad[i][1]);
    }
    board_free(&test);
}

/* RCC, PWR, GPIO, XSPI and the chip together: RDID in 1S at 16 MHz, register by register. */
Test(machine, gives_the_id_of_the_chip_through_its_controller)
{
    enum { GPION = 0x58023400, XSPI2 = 0x5200A000, READ_ID = 0x9F, TCF = 2 };
    static const uint32_t writes[][2] = {
        {0x5802480C, 0x8006},            /* PWR_CSR2: EN_XSPIM2 */
        {0x58024540, 1 << 13},           /* AHB4ENR: GPION */
        {0x58024534, 1 << 12 | 1 << 14}, /* AHB5ENR: XSPI2, XSPIM */
        {GPION + 0x08, 0x00FFFFFF},      /* OSPEEDR */
        {GPION + 0x20, 0x99999999},      /* AFRL */
        {GPION + 0x24, 0x00009999},      /* AFRH */
        {GPION + 0x00, 0xFFAAAAAA},      /* MODER */
        {XSPI2 + 0x08, 0x01180100},      /* DCR1 */
        {XSPI2 + 0x0C, 3},               /* DCR2 */
        {XSPI2 + 0x00, 1},               /* CR: EN */
    };
    struct board_test test;
    uint32_t value = 0;

    board_create(&test);
    board_power_up(&test);
    board_advance_us(&test, 20000);
    for (size_t i = 0; i < sizeof writes / sizeof writes[0]; i++) {
        cr_assert_eq(board_write(&test, writes[i][0], writes[i][1]), SIM_ACK_OK);
    }
    board_advance_us(&test, 100);
    (void)board_write(&test, XSPI2 + 0x000, 1 << 28 | 1); /* indirect read */
    (void)board_write(&test, XSPI2 + 0x040, 2);           /* DLR: three bytes */
    (void)board_write(&test, XSPI2 + 0x100, 1 << 24 | 1); /* CCR: one line */
    (void)board_write(&test, XSPI2 + 0x110, READ_ID);
    board_advance_us(&test, 100);
    cr_assert_eq(board_read(&test, XSPI2 + 0x020, &value), SIM_ACK_OK);
    cr_assert_eq(value & TCF, TCF, "SR 0x%08x", value);
    cr_assert_eq(board_read(&test, XSPI2 + 0x050, &value), SIM_ACK_OK);
    cr_assert_eq(value & 0xFFFFFF, 0x3981C2, "0x%08x", value);
    cr_assert_eq(sim_report_violation_count(test.machine->env.report), 0);
    board_free(&test);
}

Test(machine, shows_a_led_that_its_pin_drives)
{
    enum { GPIOD = 0x58020C00, PD10 = 1 << 10 };
    struct board_test test;
    struct sim_report_led_change change;

    board_create(&test);
    board_power_up(&test);
    board_advance_us(&test, 20000);
    cr_assert_eq(board_write(&test, 0x58024540, 1 << 3), SIM_ACK_OK);
    cr_assert_eq(board_write(&test, GPIOD + 0x14, PD10), SIM_ACK_OK);
    cr_assert_eq(sim_report_led_change_count(test.machine->env.report), 0, "still analog");
    cr_assert_eq(board_write(&test, GPIOD + 0x00, 0xFFDFFFFF), SIM_ACK_OK);
    cr_assert(sim_report_led_change(test.machine->env.report, 0, &change));
    cr_assert_str_eq(change.name, "LD1");
    cr_assert(change.lit);
    board_free(&test);
}

Test(machine, a_watchdog_that_is_not_fed_resets_the_board)
{
    static const uint16_t loop[] = {0xE7FE};
    struct board_test test;
    const char *why = NULL;
    uint32_t flags = 0;

    board_create(&test);
    board_put_program(&test, loop, 1);
    board_power_up(&test);
    board_advance_us(&test, 20000);
    cr_assert(sim_machine_set(test.machine, "iwdg", "50ms", &why));
    board_advance_us(&test, 90000);
    cr_assert_eq(board_read(&test, 0x58024530, &flags), SIM_ACK_OK);
    cr_assert_eq(flags >> 26 & 1, 1, "RSR.IWDGRSTF in 0x%08x", flags);
    cr_assert_eq(sim_cpu_state(test.machine->cpu), SIM_CPU_RUNNING);
    board_free(&test);
}

Test(machine, the_unique_id_and_the_flash_size_are_where_the_mcu_has_them)
{
    struct board_test test;
    uint32_t value = 0;

    board_create(&test);
    memcpy(test.storage.identity, "ABCDEFGHIJKL\x40\0\0\0", 16);
    board_power_up(&test);
    board_advance_us(&test, 20000);
    cr_assert_eq(board_read(&test, 0x08FFF800, &value), SIM_ACK_OK);
    cr_assert_eq(value, 0x44434241);
    cr_assert_eq(board_read(&test, 0x08FFF80C, &value), SIM_ACK_OK);
    cr_assert_eq(value & 0xFFFF, 64);
    board_free(&test);
}
