/* h750-bare as a whole: start without boot ROM, access ports, what answers under reset. */
#include "helpers_board.h"

#include <criterion/criterion.h>

#include <string.h>

enum { CORE = 0, D2 = 1, APB_D = 2 };

static struct board_test test;

static void open_board(void)
{
    board_create_as(&test, "h750-bare");
}

static void close_board(void)
{
    cr_assert_eq(sim_report_violation_count(test.machine->env.report), 0);
    board_free(&test);
}

TestSuite(h750, .init = open_board, .fini = close_board);

static enum sim_ack read_word(unsigned ap, uint32_t addr, uint32_t *value)
{
    struct sim_dap_transfer transfer = {
        .ap = ap, .csw = 0x23000000, .addr = addr, .unit_bytes = 4, .length_bytes = 4};
    uint8_t bytes[4] = {0};
    enum sim_ack ack = sim_dap_read_mem(&test.machine->dap, &transfer, bytes);

    memcpy(value, bytes, sizeof bytes);
    board_clear_errors(&test);
    return ack;
}

Test(h750, starts_at_its_vectors_at_once)
{
    static const uint16_t loop[] = {0xE7FE};
    uint32_t value = 0;

    board_put_program(&test, loop, 1);
    board_power_up(&test);
    board_advance_us(&test, 10);
    cr_assert_eq(sim_cpu_state(test.machine->cpu), SIM_CPU_RUNNING);
    cr_assert_eq(sim_cpu_pc(test.machine->cpu), 0x08000008);
    cr_assert_eq(read_word(CORE, 0xE000ED08, &value), SIM_ACK_OK);
    cr_assert_eq(value, 0x08000000, "VTOR");
}

Test(h750, erased_flash_ends_in_lock_up)
{
    board_power_up(&test);
    board_advance_us(&test, 100);
    cr_assert_eq(sim_cpu_state(test.machine->cpu), SIM_CPU_LOCKED_UP);
}

Test(h750, shows_its_identity_through_both_ports)
{
    uint32_t value = 0;

    board_power_up(&test);
    cr_assert_eq(read_word(CORE, 0x5C001000, &value), SIM_ACK_OK);
    cr_assert_eq(value, 0x20036450);
    cr_assert_eq(read_word(APB_D, 0xE00E1000, &value), SIM_ACK_OK);
    cr_assert_eq(value, 0x20036450);
    cr_assert_eq(read_word(APB_D, 0x24000000, &value), SIM_ACK_FAULT, "no memory behind APB-D");
    cr_assert_eq(read_word(3, 0x5C001000, &value), SIM_ACK_FAULT, "no such access port");
    cr_assert_eq(sim_dap_read_ap(&test.machine->dap, 3, 0xFC, &value), SIM_ACK_OK);
    cr_assert_eq(value, 0, "IDR of an access port that is not there");
    cr_assert_eq(read_word(D2, 0x24000000, &value), SIM_ACK_FAULT, "AXI is not in D2");
}

Test(h750, quadspi_is_not_there)
{
    uint32_t value = 0;

    board_power_up(&test);
    cr_assert_eq(board_write(&test, 0x580244D4, 1 << 14), SIM_ACK_OK);
    cr_assert_eq(read_word(CORE, 0x52005000, &value), SIM_ACK_FAULT);
    cr_assert_eq(read_word(CORE, 0x90000000, &value), SIM_ACK_FAULT);
}

Test(h750, under_reset_private_bus_and_debug_domain_answer_and_axi_does_not)
{
    uint32_t value = 0;

    board_power_up(&test);
    sim_machine_set_nrst(test.machine, true);
    board_advance_us(&test, 1000);
    cr_assert_eq(read_word(CORE, 0xE000ED00, &value), SIM_ACK_OK);
    cr_assert_eq(value, 0x411FC271);
    cr_assert_eq(read_word(CORE, 0x24000000, &value), SIM_ACK_FAULT);
    cr_assert_eq(read_word(CORE, 0x5C001000, &value), SIM_ACK_FAULT);
    cr_assert_eq(read_word(D2, 0x30000000, &value), SIM_ACK_FAULT);
    cr_assert_eq(read_word(APB_D, 0xE00E1000, &value), SIM_ACK_OK);
    cr_assert_eq(value, 0x20036450);
}

Test(h750, a_catch_set_under_reset_stops_before_the_first_instruction)
{
    static const uint16_t count[] = {0x3001, 0xE7FD}; /* adds r0, #1; b .-2 */
    uint32_t value = 0;

    board_put_program(&test, count, 2);
    board_power_up(&test);
    board_advance_us(&test, 1000);
    sim_machine_set_nrst(test.machine, true);
    cr_assert_eq(board_write(&test, BOARD_DHCSR, 0xA05F0001), SIM_ACK_OK);
    cr_assert_eq(board_write(&test, 0xE000EDFC, 1), SIM_ACK_OK);
    board_advance_us(&test, 1000);
    sim_machine_set_nrst(test.machine, false);
    board_advance_us(&test, 1000);
    cr_assert_eq(sim_cpu_state(test.machine->cpu), SIM_CPU_HALTED);
    cr_assert_eq(sim_cpu_pc(test.machine->cpu), 0x08000008);
    cr_assert_eq(sim_cpu_register(test.machine->cpu, 0), 0);
    cr_assert_eq(read_word(CORE, 0xE000ED30, &value), SIM_ACK_OK);
    cr_assert_eq(value & 8, 8, "DFSR.VCATCH");
}

Test(h750, either_pin_silences_the_port_until_a_reset)
{
    static const struct {
        uint32_t offset;
        uint32_t value;
    } rows[] = {
        {0x00, 0xAFFFFFFF}, /* PA13 analog */
        {0x00, 0xBBFFFFFF}, /* PA14 analog */
        {0x24, 0x00100000}, /* PA13 in alternate function 1 */
        {0x24, 0x01000000}, /* PA14 */
    };
    uint32_t value = 0;

    board_power_up(&test);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_eq(board_write(&test, 0x580244E0, 1), SIM_ACK_OK);
        (void)board_write(&test, 0x58020000 + rows[i].offset, rows[i].value);
        cr_assert_eq(sim_dap_read_dp(&test.machine->dap, 0, 0, &value), SIM_ACK_NONE, "row %zu", i);
        sim_machine_set_nrst(test.machine, true);
        cr_assert_eq(sim_dap_read_dp(&test.machine->dap, 0, 0, &value), SIM_ACK_OK, "row %zu", i);
        cr_assert_eq(sim_dap_read_dp(&test.machine->dap, 4, 0, &value), SIM_ACK_OK);
        cr_assert_eq(value, 0xF0000000, "power-up requests are kept");
        sim_machine_set_nrst(test.machine, false);
    }
}

Test(h750, a_crash_of_the_host_leaves_halt_and_breakpoints_until_they_are_cleared)
{
    static const uint16_t loop[] = {0xE7FE};
    uint32_t value = 0;

    board_put_program(&test, loop, 1);
    board_power_up(&test);
    board_advance_us(&test, 100);
    cr_assert_eq(board_write(&test, BOARD_DHCSR, 0xA05F0003), SIM_ACK_OK);
    cr_assert_eq(board_write(&test, 0xE0002000, 3), SIM_ACK_OK);          /* FP_CTRL */
    cr_assert_eq(board_write(&test, 0xE0002008, 0x08000009), SIM_ACK_OK); /* FP_COMP0 */
    sim_stlink_replug(&test.machine->stlink);
    board_advance_us(&test, 1000000);
    cr_assert_eq(sim_cpu_state(test.machine->cpu), SIM_CPU_HALTED);
    sim_machine_set_nrst(test.machine, true);
    board_advance_us(&test, 1000);
    sim_machine_set_nrst(test.machine, false);
    board_advance_us(&test, 1000);
    cr_assert_eq(sim_cpu_state(test.machine->cpu), SIM_CPU_HALTED, "the breakpoint outlives NRST");
    cr_assert_eq(board_write(&test, 0xE0002000, 2), SIM_ACK_OK);
    cr_assert_eq(board_write(&test, BOARD_DHCSR, 0xA05F0000), SIM_ACK_OK);
    board_advance_us(&test, 1000);
    cr_assert_eq(sim_cpu_state(test.machine->cpu), SIM_CPU_RUNNING);
    cr_assert_eq(read_word(CORE, BOARD_DHCSR, &value), SIM_ACK_OK);
    cr_assert_eq(value & 1, 0, "C_DEBUGEN");
    sim_machine_power_cycle(test.machine);
    (void)sim_dap_write_dp(&test.machine->dap, 4, 0, 0x50000000);
    cr_assert_eq(read_word(CORE, 0xE0002008, &value), SIM_ACK_OK);
    cr_assert_eq(value, 0, "power loss clears it");
}

Test(h750, entry_states_that_need_what_is_not_there_are_refused)
{
    const char *why = NULL;

    board_power_up(&test);
    cr_assert_not(sim_machine_set(test.machine, "chip", "8D", &why));
    cr_assert_str_eq(why, "this board has no such thing");
    cr_assert_not(sim_machine_set(test.machine, "xspi", "mapped", &why));
    cr_assert_not(sim_machine_set(test.machine, "nvstate", "closed", &why));
    cr_assert_not(sim_machine_set(test.machine, "ap-delay", "5", &why));
    cr_assert_not(sim_machine_set(test.machine, "wrp", "all", &why));
    cr_assert_not(sim_machine_set(test.machine, "cpu", "rom", &why));
    cr_assert_not(sim_machine_set(test.machine, "wel", "1", &why));
}

Test(h750, every_other_entry_state_can_be_left_by_a_halt)
{
    static const char *const states[] = {
        "reset", "idle", "dirty-cache", "mpu", "unprivileged", "dma", "pll", "sleep"};
    static const uint16_t loop[] = {0xE7FE};

    board_put_program(&test, loop, 1);
    board_power_up(&test);
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        const char *why = NULL;

        cr_assert(sim_machine_set(test.machine, "cpu", states[i], &why), "%s", states[i]);
        cr_assert_eq(board_write(&test, BOARD_DHCSR, 0xA05F0003), SIM_ACK_OK, "%s", states[i]);
        cr_assert_eq(sim_cpu_state(test.machine->cpu), SIM_CPU_HALTED, "%s", states[i]);
        cr_assert_eq(board_write(&test, BOARD_DHCSR, 0xA05F0000), SIM_ACK_OK);
    }
}

Test(h750, full_speed_is_400_mhz)
{
    const char *why = NULL;

    board_power_up(&test);
    cr_assert(sim_machine_set(test.machine, "cpu", "pll", &why));
    cr_assert_eq(sim_rcc_cpu_hz(test.machine->rcc), 400000000, "%llu Hz",
        (unsigned long long)sim_rcc_cpu_hz(test.machine->rcc));
    cr_assert_eq(sim_rcc_hclk_hz(test.machine->rcc), 200000000);
    cr_assert_eq(sim_rcc_apb_hz(test.machine->rcc, 3), 100000000);
}
