/* Programs that make a board hard to connect to, on every board: what a debugger meets, what helps,
 * and that it comes back after the next reset. */
#include "helpers_board.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <string.h>

#define RAM           UINT32_C(0x24020000)
#define CPUID         UINT32_C(0xE000ED00)
#define DBGMCU_CR     UINT32_C(0x5C001004)
#define DBGMCU_FREEZE UINT32_C(0x5C001054)

enum { DBGSLEEP = 1, DBGSTOP = 2, IWDG_FREEZE = 1 << 18, AFTER_RESET_US = 30000 };

static const char *const boards[] = {"nucleo-h7s3l8", "h750-bare"};
/* Parameters are handed to another process: no pointers in them. */
static unsigned indices[] = {0, 1};

ParameterizedTestParameters(apps, sleep_leaves_the_private_bus_only)
{
    return cr_make_param_array(unsigned, indices, 2);
}
ParameterizedTestParameters(apps, stop_takes_the_access_port)
{
    return cr_make_param_array(unsigned, indices, 2);
}
ParameterizedTestParameters(apps, swd_pins_come_back_with_a_reset_and_go_again)
{
    return cr_make_param_array(unsigned, indices, 2);
}
ParameterizedTestParameters(apps, a_fed_watchdog_lives_and_a_halted_core_starves_it)
{
    return cr_make_param_array(unsigned, indices, 2);
}
ParameterizedTestParameters(apps, dirty_lines_hide_ram)
{
    return cr_make_param_array(unsigned, indices, 2);
}
ParameterizedTestParameters(apps, lock_up_comes_back)
{
    return cr_make_param_array(unsigned, indices, 2);
}
ParameterizedTestParameters(apps, all_at_once_can_be_caught_under_reset)
{
    return cr_make_param_array(unsigned, indices, 2);
}

static void enter(struct board_test *test, const char *board, const char *app)
{
    const char *why = NULL;

    board_create_as(test, board);
    board_power_up(test);
    board_advance_us(test, 20000);
    cr_assert(sim_machine_set(test->machine, "cpu", app, &why), "%s: %s", app, why);
    board_clear_errors(test);
}

/* DBGMCU through the access port that is not the core's: 0 on H7R/S, 2 on H7. */
static enum sim_ack write_dbgmcu(struct board_test *test, uint32_t addr, uint32_t value)
{
    struct sim_dap_transfer transfer = {
        .ap = test->core_ap == 1 ? 0 : 2,
        .csw = 0x23000000,
        .addr = test->core_ap == 1 ? addr : addr - 0x5C000000 + 0xE00E0000,
        .unit_bytes = 4,
        .length_bytes = 4,
    };
    uint8_t bytes[4];

    memcpy(bytes, &value, sizeof bytes);
    return sim_dap_write_mem(&test->machine->dap, &transfer, bytes);
}

static void reset_board(struct board_test *test)
{
    sim_machine_set_nrst(test->machine, true);
    board_advance_us(test, 1000);
    sim_machine_set_nrst(test->machine, false);
}

static void end(struct board_test *test)
{
    cr_assert_eq(sim_report_violation_count(test->machine->env.report), 0);
    board_free(test);
}

ParameterizedTest(unsigned *board, apps, sleep_leaves_the_private_bus_only)
{
    struct board_test test;
    uint32_t value = 0;

    enter(&test, boards[*board], "app-sleep");
    for (int round = 0; round < 2; round++) {
        cr_assert_eq(sim_cpu_state(test.machine->cpu), SIM_CPU_SLEEPING);
        cr_assert_eq(board_read(&test, CPUID, &value), SIM_ACK_OK);
        cr_assert_eq(board_read(&test, RAM, &value), SIM_ACK_FAULT, "AXI is gated");
        board_clear_errors(&test);
        reset_board(&test);
        board_advance_us(&test, AFTER_RESET_US);
    }
    cr_assert_eq(write_dbgmcu(&test, DBGMCU_CR, DBGSLEEP), SIM_ACK_OK);
    cr_assert_eq(board_read(&test, RAM, &value), SIM_ACK_OK);
    cr_assert_eq(board_write(&test, BOARD_DHCSR, 0xA05F0003), SIM_ACK_OK);
    cr_assert_eq(sim_cpu_state(test.machine->cpu), SIM_CPU_HALTED, "a halt wakes it");
    end(&test);
}

ParameterizedTest(unsigned *board, apps, stop_takes_the_access_port)
{
    struct board_test test;
    uint32_t value = 0;

    enter(&test, boards[*board], "app-stop");
    for (int round = 0; round < 2; round++) {
        cr_assert_eq(board_read(&test, CPUID, &value), SIM_ACK_FAULT);
        board_clear_errors(&test);
        reset_board(&test);
        board_advance_us(&test, AFTER_RESET_US);
    }
    cr_assert_eq(write_dbgmcu(&test, DBGMCU_CR, DBGSLEEP), SIM_ACK_OK);
    cr_assert_eq(board_read(&test, CPUID, &value), SIM_ACK_FAULT, "the bit for Sleep does not do");
    board_clear_errors(&test);
    cr_assert_eq(write_dbgmcu(&test, DBGMCU_CR, DBGSTOP), SIM_ACK_OK);
    cr_assert_eq(board_read(&test, RAM, &value), SIM_ACK_OK);
    end(&test);
}

ParameterizedTest(unsigned *board, apps, swd_pins_come_back_with_a_reset_and_go_again)
{
    struct board_test test;
    uint32_t value = 0;

    enter(&test, boards[*board], "app-swd-off");
    for (int round = 0; round < 2; round++) {
        cr_assert_eq(sim_dap_read_dp(&test.machine->dap, 0, 0, &value), SIM_ACK_NONE);
        sim_machine_set_nrst(test.machine, true);
        board_advance_us(&test, 1000);
        cr_assert_eq(sim_dap_read_dp(&test.machine->dap, 0, 0, &value), SIM_ACK_OK);
        cr_assert_eq(value, 0x6BA02477);
        sim_machine_set_nrst(test.machine, false);
        board_advance_us(&test, 5100); /* the boot ROM of H7R/S is over, the delay is not */
        cr_assert_eq(board_read(&test, CPUID, &value), SIM_ACK_OK, "round %d", round);
        board_advance_us(&test, 20000);
    }
    end(&test);
}

ParameterizedTest(unsigned *board, apps, a_fed_watchdog_lives_and_a_halted_core_starves_it)
{
    struct board_test test;
    uint32_t dhcsr = 0;

    enter(&test, boards[*board], "app-watchdog");
    cr_assert_eq(board_read(&test, BOARD_DHCSR, &dhcsr), SIM_ACK_OK);
    board_advance_us(&test, 500000);
    cr_assert_eq(board_read(&test, BOARD_DHCSR, &dhcsr), SIM_ACK_OK);
    cr_assert_eq(dhcsr >> 25 & 1, 0, "no reset while it is fed");
    cr_assert_eq(board_write(&test, BOARD_DHCSR, 0xA05F0003), SIM_ACK_OK);
    board_advance_us(&test, 130000);
    cr_assert_eq(board_read(&test, BOARD_DHCSR, &dhcsr), SIM_ACK_OK);
    cr_assert_eq(dhcsr >> 25 & 1, 1, "S_RESET_ST");
    board_advance_us(&test, AFTER_RESET_US);
    cr_assert_eq(write_dbgmcu(&test, DBGMCU_FREEZE, IWDG_FREEZE), SIM_ACK_OK);
    cr_assert_eq(board_write(&test, BOARD_DHCSR, 0xA05F0003), SIM_ACK_OK);
    cr_assert_eq(board_read(&test, BOARD_DHCSR, &dhcsr), SIM_ACK_OK);
    board_advance_us(&test, 500000);
    cr_assert_eq(board_read(&test, BOARD_DHCSR, &dhcsr), SIM_ACK_OK);
    cr_assert_eq(dhcsr >> 25 & 1, 0, "frozen while halted");
    end(&test);
}

ParameterizedTest(unsigned *board, apps, dirty_lines_hide_ram)
{
    struct board_test test;
    struct sim_ap_access access = {.addr = 0x24027FE0, .size_bytes = 4};
    uint32_t core = 0;
    uint32_t behind = 0;

    enter(&test, boards[*board], "app-cache");
    access.ap = test.core_ap;
    cr_assert(test.machine->dap_target.read(test.machine, &access, &behind));
    access.cacheable = true;
    cr_assert(test.machine->dap_target.read(test.machine, &access, &core));
    cr_assert_eq(core, 0x24027FE0, "the program wrote each word with its address");
    cr_assert_neq(behind, core);
    end(&test);
}

ParameterizedTest(unsigned *board, apps, lock_up_comes_back)
{
    struct board_test test;

    enter(&test, boards[*board], "app-locked");
    for (int round = 0; round < 2; round++) {
        cr_assert_eq(sim_cpu_state(test.machine->cpu), SIM_CPU_LOCKED_UP);
        reset_board(&test);
        board_advance_us(&test, 7000);
        cr_assert_eq(sim_cpu_state(test.machine->cpu), SIM_CPU_RUNNING, "not yet");
        board_advance_us(&test, AFTER_RESET_US);
    }
    end(&test);
}

ParameterizedTest(unsigned *board, apps, all_at_once_can_be_caught_under_reset)
{
    struct board_test test;
    uint32_t value = 0;
    unsigned silent = 0;

    enter(&test, boards[*board], "app-all");
    for (int i = 0; i < 300; i++) { /* the watchdog gives the pins back for a while */
        silent += sim_dap_read_dp(&test.machine->dap, 0, 0, &value) == SIM_ACK_NONE ? 1 : 0;
        board_advance_us(&test, 1000);
    }
    cr_assert(silent > 200 && silent < 299, "silent in %u of 300 ms", silent);
    sim_machine_set_nrst(test.machine, true);
    board_advance_us(&test, 1000);
    sim_machine_set_nrst(test.machine, false);
    board_advance_us(&test, 5100);
    cr_assert_eq(board_write(&test, BOARD_DHCSR, 0xA05F0003), SIM_ACK_OK);
    board_advance_us(&test, 500000);
    cr_assert_eq(sim_cpu_state(test.machine->cpu), SIM_CPU_HALTED, "no watchdog was started");
    cr_assert_eq(board_write(&test, RAM, 0x12345678), SIM_ACK_OK);
    end(&test);
}

Test(apps, the_delay_is_as_long_as_set)
{
    struct board_test test;
    const char *why = NULL;
    uint32_t value = 0;

    board_create_as(&test, "h750-bare");
    board_power_up(&test);
    cr_assert(sim_machine_set(test.machine, "app-delay", "40", &why));
    cr_assert(sim_machine_set(test.machine, "cpu", "app-swd-off", &why));
    reset_board(&test);
    board_advance_us(&test, 39000);
    cr_assert_eq(sim_dap_read_dp(&test.machine->dap, 0, 0, &value), SIM_ACK_OK);
    board_advance_us(&test, 2000);
    cr_assert_eq(sim_dap_read_dp(&test.machine->dap, 0, 0, &value), SIM_ACK_NONE);
    end(&test);
}
