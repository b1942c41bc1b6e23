#include "host/base/os.h"
#include "tests/unit/target/helpers_mcu.h"

#include <criterion/criterion.h>

#include <string.h>

static struct fake_core core;
static struct board_mcu mcu;

static void set_up(void)
{
    mcu_init(&mcu);
    fake_core_init(&core);
    fake_probe_set_word(&core.probe, CLOCK_REG, 3);
    fake_probe_set_word(&core.probe, DEBUG_REG, 0);
    core.probe.is_attached = false;
}

static void tear_down(void)
{
    fake_core_free(&core);
}

TestSuite(connect, .init = set_up, .fini = tear_down);

static bool connect_by(enum target_connect connect, struct target **target, struct error *err)
{
    return target_connect(&core.probe.base, &mcu, connect, NULL, target, err);
}

Test(connect, auto_halts_and_identifies_the_mcu)
{
    struct target *target = NULL;
    struct error err;

    cr_assert(connect_by(TARGET_CONNECT_AUTO, &target, &err), "%s", err.message);
    cr_assert(core.is_halted);
    cr_assert_eq(core.resets, 0, "a running board is not reset");
    cr_assert_eq(target_identity(target)->dev_id, 0x485);
    cr_assert_eq(target_identity(target)->rev_id, 0x1003);
    cr_assert_eq(target_identity(target)->flash_kb, 64);
    cr_assert_str_eq(target_identity(target)->unique_id_text, "003800313531470B36383430");
    cr_assert_eq(fake_probe_word(&core.probe, DEBUG_REG), 7);
    target_close(target);
}

Test(connect, attach_leaves_the_core_running_and_without_debug_enable)
{
    struct target *target = NULL;
    struct error err;

    cr_assert(connect_by(TARGET_CONNECT_ATTACH, &target, &err), "%s", err.message);
    cr_assert_not(core.is_halted);
    cr_assert_not(core.is_debug_enabled);
    target_close(target);
    cr_assert_eq(fake_probe_word(&core.probe, DEBUG_REG), 0);
}

Test(connect, waits_for_an_access_port_that_opens_late)
{
    struct target *target = NULL;
    struct error err;

    core.probe.ap_opens_ns = 400000000;
    cr_assert(connect_by(TARGET_CONNECT_HALT, &target, &err), "%s", err.message);
    cr_assert_gt(core.probe.closed_accesses, 10);
    target_close(target);
}

Test(connect, under_reset_does_not_touch_the_access_port_before_nrst_is_released)
{
    struct target *target = NULL;
    struct error err;

    cr_assert(connect_by(TARGET_CONNECT_UNDER_RESET, &target, &err), "%s", err.message);
    cr_assert_eq(core.resets, 1);
    cr_assert_eq(core.probe.violations, 0, "%s", core.probe.first_violation);
    cr_assert(core.is_halted);
    cr_assert_not(core.probe.is_reset_asserted);
    target_close(target);
}

Test(connect, auto_resets_a_core_that_does_not_halt)
{
    struct target *target = NULL;
    struct error err;

    core.refuses_halt = true;
    cr_assert(connect_by(TARGET_CONNECT_AUTO, &target, &err), "%s", err.message);
    cr_assert_eq(core.resets, 1);
    cr_assert(core.is_halted);
    target_close(target);
}

Test(connect, gives_up_when_the_access_port_never_opens)
{
    struct target *target = NULL;
    struct error err;
    uint64_t begin_ns = core.probe.now_ns;

    core.probe.ap_opens_ns = UINT64_MAX;
    core.rom_ns = 100000000000;
    cr_assert_not(connect_by(TARGET_CONNECT_AUTO, &target, &err));
    cr_assert_null(target);
    cr_assert_eq(err.code, ERROR_TARGET_FAULT);
    cr_assert_str_eq(err.message, "access port 1 is closed\n  while opening access port 1\n"
                                  "  while waiting 500 ms for access port 1 of the core\n"
                                  "  while connecting to the STM32H7S3L8");
    cr_assert_lt(core.probe.now_ns - begin_ns, 1200000000, "twice the bound");
    cr_assert_not(core.probe.is_reset_asserted);
}

Test(connect, tells_an_access_port_that_is_kept_shut_from_one_that_does_not_answer)
{
    struct target *target = NULL;
    struct error err;

    mcu.debug_ap = 0;
    core.probe.debug_ap = 0;
    core.probe.ap_opens_ns = UINT64_MAX;
    core.rom_ns = 100000000000;
    fake_probe_set_word(&core.probe, 0x5C0010FC, 0x00010003);
    cr_assert_not(connect_by(TARGET_CONNECT_AUTO, &target, &err));
    cr_assert_eq(err.code, ERROR_TARGET_PROTECTED);
    cr_assert_str_eq(err.message,
        "the MCU keeps access port 1 of its core shut (DBGMCU_SR 0x00010003)\n"
        "  while connecting to the STM32H7S3L8");
    fake_probe_set_word(&core.probe, 0x5C0010FC, 0x00030003);
    cr_assert_not(connect_by(TARGET_CONNECT_HALT, &target, &err));
    cr_assert_eq(err.code, ERROR_TARGET_FAULT, "open as far as DBGMCU knows: %s", err.message);
}

Test(connect, names_both_when_the_mcu_is_another)
{
    struct target *target = NULL;
    struct error err;

    fake_probe_set_word(&core.probe, 0x5C001000, 0x10006450);
    cr_assert_not(connect_by(TARGET_CONNECT_AUTO, &target, &err));
    cr_assert_eq(err.code, ERROR_WRONG_MCU);
    cr_assert_str_eq(err.message,
        "the MCU has device ID 0x450, the board file is for STM32H7S3L8 with 0x485\n"
        "  while connecting to the STM32H7S3L8");
    cr_assert_eq(core.resets, 0);
    cr_assert_not(core.is_halted);
}

Test(connect, lets_the_core_go_on_when_connecting_fails_after_the_halt)
{
    struct target *target = NULL;
    struct error err;

    core.probe.fault_addr = DEBUG_REG;
    cr_assert_not(connect_by(TARGET_CONNECT_UNDER_RESET, &target, &err));
    cr_assert_not(core.is_halted);
    cr_assert_not(core.is_debug_enabled);
    cr_assert_not(core.probe.is_reset_asserted);
}

Test(connect, releases_nrst_when_the_debug_port_does_not_answer_under_reset)
{
    struct target *target = NULL;
    struct error err;

    core.probe.fails_at_transfer = 2;
    cr_assert_not(connect_by(TARGET_CONNECT_UNDER_RESET, &target, &err));
    cr_assert_eq(err.code, ERROR_USB_LOST);
    cr_assert_not(core.probe.is_reset_asserted);
}

/* The cable is pulled at each transfer in turn: an error each time, nothing leaked, no hang. */
Test(connect, fails_cleanly_wherever_the_cable_is_pulled)
{
    size_t at = 0;
    bool is_connected = false;

    for (at = 1; at < 200 && !is_connected; at++) {
        struct target *target = NULL;
        struct error err = {.code = ERROR_NONE};

        tear_down();
        set_up();
        core.probe.fails_at_transfer = at;
        is_connected = connect_by(TARGET_CONNECT_UNDER_RESET, &target, &err);
        if (!is_connected) {
            cr_assert_null(target);
            cr_assert_eq(err.code, ERROR_USB_LOST, "transfer %zu: %s", at, err.message);
        }
        target_close(target);
    }
    cr_assert(is_connected);
    cr_assert_gt(at, 20);
}

Test(connect, identifies_without_a_board_file)
{
    struct target_identity identity;
    struct error err;

    cr_assert(target_identify(&core.probe.base, &identity, &err), "%s", err.message);
    cr_assert_eq(identity.dev_id, 0x485);
    cr_assert_eq(identity.dpidr, 0x6BA02477);
    fake_probe_set_word(&core.probe, 0x5C001000, 0x10006411);
    cr_assert_not(target_identify(&core.probe.base, &identity, &err));
    cr_assert_eq(err.code, ERROR_WRONG_MCU);
    cr_assert_str_eq(err.message, "the MCU has device ID 0x411, which is not known");
}

/* ---- programs that do not want to be debugged ---- */

Test(connect, a_program_that_shuts_the_pins_is_stopped_under_reset_before_it_does)
{
    struct target *target = NULL;
    struct error err;

    core.probe.is_silent = true;
    core.shuts_ns = 1000000; /* a millisecond behind the ROM */
    cr_assert(connect_by(TARGET_CONNECT_AUTO, &target, &err), "%s", err.message);
    cr_assert_eq(core.resets, 1, "at the first try");
    cr_assert_geq(core.probe.shortest_reset_ns, 10000000);
    cr_assert(core.is_halted);
    cr_assert_eq(core.probe.violations, 0, "%s", core.probe.first_violation);
    target_close(target);
    cr_assert_not(core.is_debug_enabled);
}

Test(connect, a_race_that_is_lost_is_run_again_but_not_for_ever)
{
    struct target *target = NULL;
    struct error err;

    core.probe.is_silent = true;
    core.shuts_ns = 200000; /* the access port is seen, then gone */
    cr_assert_not(connect_by(TARGET_CONNECT_UNDER_RESET, &target, &err));
    cr_assert_eq(err.code, ERROR_TARGET_SILENT, "%s", err.message);
    cr_assert_eq(core.resets, 3);
    cr_assert_lt(core.probe.now_ns, 100000000, "without waiting for what is known to be gone");
    cr_assert_not(core.probe.is_reset_asserted);
}

Test(connect, attaching_to_silent_pins_says_what_to_check)
{
    struct target *target = NULL;
    struct error err = {0};

    core.probe.is_silent = true;
    cr_assert_not(connect_by(TARGET_CONNECT_ATTACH, &target, &err));
    cr_assert_eq(err.code, ERROR_TARGET_SILENT);
    cr_assert_eq(core.resets, 0);
    cr_assert_not_null(strstr(err.hint, "SWDIO"), "%s", err.hint);
}

Test(connect, a_core_without_a_clock_is_told_from_wires_without_a_target)
{
    struct target *target = NULL;
    struct error err = {0};

    core.is_asleep = true;
    cr_assert_not(connect_by(TARGET_CONNECT_ATTACH, &target, &err));
    cr_assert_eq(err.code, ERROR_TARGET_FAULT);
    cr_assert_not_null(strstr(err.hint, "asleep"), "%s", err.hint);
    cr_assert(connect_by(TARGET_CONNECT_AUTO, &target, &err), "%s", err.message);
    cr_assert_eq(core.resets, 1);
    target_close(target);
}

/* ---- the core on access port 0, DBGMCU behind another ---- */

#define BUS_REG UINT32_C(0xE00E1004)

static struct abi_reg_step wake[] = {
    {.kind = ABI_REG_MODIFY, .bytes = 4, .addr = 0x5C001004, .mask = 7, .value = 7}};

static void set_up_core_on_ap0(void)
{
    set_up();
    mcu.core_ap = 0;
    mcu.debug_ap = 2;
    mcu.has_ap_status = false;
    mcu.catches_reset = true;
    mcu.debug_wake = (struct board_script){wake, 1};
    mcu.dbgmcu_places[0] = 0x80001000; /* nothing is there */
    mcu.dbgmcu_places[1] = 0xE00E1000;
    mcu.dbgmcu_place_count = 2;
    core.probe.core_ap = 0;
    core.probe.debug_ap = 2;
    core.probe.answers_under_reset = true;
    core.rom_ns = 0;
    core.wake_addr = BUS_REG;
    fake_probe_set_word(&core.probe, BUS_REG, 0x100000);
    fake_probe_set_word(&core.probe, 0xE00E1000, 0x20036485);
}

TestSuite(connect_ap0, .init = set_up_core_on_ap0, .fini = tear_down);

Test(connect_ap0, under_reset_stops_at_the_reset_vector)
{
    struct target *target = NULL;
    struct error err;

    cr_assert(connect_by(TARGET_CONNECT_UNDER_RESET, &target, &err), "%s", err.message);
    cr_assert_eq(core.resets, 1);
    cr_assert(core.is_halted);
    cr_assert_eq(core.registers[15], 0x08000298, "not an instruction was executed");
    cr_assert_eq(core.demcr, 0, "and the next reset is not caught");
    cr_assert_eq(fake_probe_word(&core.probe, BUS_REG), 0x100007);
    cr_assert_eq(core.probe.violations, 0, "%s", core.probe.first_violation);
    target_close(target);
    cr_assert_not(core.is_debug_enabled);
    cr_assert_not(core.is_halted);
}

Test(connect_ap0, where_the_core_is_out_of_reach_under_reset_a_second_reset_is_caught)
{
    struct target *target = NULL;
    struct error err;

    core.probe.answers_under_reset = false;
    cr_assert(connect_by(TARGET_CONNECT_UNDER_RESET, &target, &err), "%s", err.message);
    cr_assert_eq(core.resets, 2);
    cr_assert_eq(core.registers[15], 0x08000298);
    target_close(target);
    cr_assert_not(core.is_halted);
}

Test(connect_ap0, wakes_a_sleeping_core_through_the_debug_bus_without_a_reset)
{
    struct target *target = NULL;
    struct error err;

    core.is_asleep = true;
    cr_assert(connect_by(TARGET_CONNECT_ATTACH, &target, &err), "%s", err.message);
    cr_assert_eq(core.resets, 0);
    cr_assert_eq(fake_probe_word(&core.probe, BUS_REG), 0x100007);
    target_close(target);
    cr_assert_eq(core.probe.debug_ap_writes, 1, "undone from the core's side: the same register");
}

Test(connect_ap0, a_register_that_another_family_has_is_not_asked)
{
    struct target *target = NULL;
    struct error err;

    core.probe.ap_opens_ns = UINT64_MAX;
    fake_probe_set_word(&core.probe, 0xE00E10FC, 0x00000001); /* "port 0 is there, and shut" */
    cr_assert_not(connect_by(TARGET_CONNECT_ATTACH, &target, &err));
    cr_assert_eq(err.code, ERROR_TARGET_FAULT, "%s", err.message);
}

Test(connect_ap0, what_woke_the_core_is_undone_when_connecting_fails)
{
    struct target *target = NULL;
    struct error err;

    core.probe.ap_opens_ns = UINT64_MAX;
    cr_assert_not(connect_by(TARGET_CONNECT_ATTACH, &target, &err));
    cr_assert_eq(fake_probe_word(&core.probe, BUS_REG), 0x100000, "bit 20 is not ours");
    cr_assert_eq(core.probe.debug_ap_writes, 2);
}

/* Its debug registers answer, its buses do not. */
static bool refuse_the_bus(struct fake_core *fake, uint32_t addr, uint32_t *value)
{
    fake->probe.fault_addr = (fake_probe_word(&fake->probe, BUS_REG) & 7) == 0 ? 0x5C001000 : 0;
    (void)addr;
    (void)value;
    return false;
}

Test(connect_ap0, wakes_a_core_whose_debug_registers_answer_all_the_same)
{
    struct target *target = NULL;
    struct error err;

    core.read_hook = refuse_the_bus;
    core.probe.fault_addr = 0x5C001000;
    cr_assert(connect_by(TARGET_CONNECT_ATTACH, &target, &err), "%s", err.message);
    cr_assert_eq(core.resets, 0);
    target_close(target);
}

Test(connect_ap0, writes_nothing_to_a_place_that_is_not_dbgmcu)
{
    struct target *target = NULL;
    struct error err;

    fake_probe_set_word(&core.probe, 0xE00E1000, 0x20036450); /* of another MCU */
    core.is_asleep = true;
    cr_assert_not(connect_by(TARGET_CONNECT_ATTACH, &target, &err));
    cr_assert_eq(core.probe.debug_ap_writes, 0);
    cr_assert_eq(fake_probe_word(&core.probe, BUS_REG), 0x100000);
}

Test(connect_ap0, connects_without_the_debug_bus_too)
{
    struct target *target = NULL;
    struct error err;

    core.probe.debug_ap = 0xFF;
    cr_assert(connect_by(TARGET_CONNECT_AUTO, &target, &err), "%s", err.message);
    cr_assert(core.is_halted);
    target_close(target);
}

/* ---- what an earlier run left ---- */

static void leave_as_if_killed(void)
{
    core.is_debug_enabled = true;
    core.is_halted = true;
    core.demcr = 0x01000401;
    core.fpb[0] = 0x08000101;
    core.fpb_control = 1;
    fake_probe_set_word(&core.probe, DEBUG_REG, 7);
}

Test(connect, what_a_killed_run_left_is_undone_and_the_program_starts_anew)
{
    struct target *target = NULL;
    struct error err;

    leave_as_if_killed();
    cr_assert(connect_by(TARGET_CONNECT_AUTO, &target, &err), "%s", err.message);
    target_close(target);
    cr_assert_eq(core.resets, 1);
    cr_assert_not(core.is_halted);
    cr_assert_not(core.is_debug_enabled);
    cr_assert_eq(core.fpb[0], 0);
    cr_assert_eq(core.fpb_control, 0);
    cr_assert_eq(core.demcr & 0x7F1, 0);
    cr_assert_eq(fake_probe_word(&core.probe, DEBUG_REG), 0);
}

Test(connect, attaching_after_a_killed_run_clears_its_catches_and_leaves_the_core)
{
    struct target *target = NULL;
    struct error err;

    leave_as_if_killed();
    cr_assert(connect_by(TARGET_CONNECT_ATTACH, &target, &err), "%s", err.message);
    target_close(target);
    cr_assert_eq(core.resets, 0);
    cr_assert(core.is_halted, "only a reset would give the program back");
    cr_assert_eq(core.fpb[0], 0);
    cr_assert_eq(core.demcr & 0x7F1, 0);
}

Test(connect, a_core_that_was_halted_on_purpose_stays_halted)
{
    struct target *target = NULL;
    struct error err;

    core.is_debug_enabled = true;
    core.is_halted = true;
    cr_assert(connect_by(TARGET_CONNECT_AUTO, &target, &err), "%s", err.message);
    target_close(target);
    cr_assert(core.is_halted);
    cr_assert_eq(core.resets, 0);
}

Test(connect, a_core_that_was_found_halted_and_then_reset_is_given_back)
{
    struct target *target = NULL;
    struct error err;

    core.is_debug_enabled = true;
    core.is_halted = true;
    cr_assert(connect_by(TARGET_CONNECT_AUTO, &target, &err), "%s", err.message);
    cr_assert(target_reset(target, TARGET_RESET_RUN, &err), "%s", err.message);
    cr_assert(target_halt(target, &err), "%s", err.message);
    target_close(target);
    cr_assert_not(core.is_halted);
}

Test(connect, debug_enable_of_a_killed_run_goes_from_a_running_core)
{
    struct target *target = NULL;
    struct error err;

    core.is_debug_enabled = true;
    core.fpb[2] = 0x08000201;
    core.fpb_control = 1;
    cr_assert(connect_by(TARGET_CONNECT_ATTACH, &target, &err), "%s", err.message);
    target_close(target);
    cr_assert_not(core.is_debug_enabled);
    cr_assert_not(core.is_halted);
    cr_assert_eq(core.fpb[2], 0);
}

/* ---- signals and --timeout ---- */

Test(connect, waiting_for_the_access_port_ends_when_the_time_is_up)
{
    struct target *target = NULL;
    struct error err;
    uint64_t start_ns = core.probe.now_ns;

    core.probe.ap_opens_ns = UINT64_MAX;
    probe_set_deadline(&core.probe.base, start_ns + 50000000);
    cr_assert_not(connect_by(TARGET_CONNECT_AUTO, &target, &err));
    cr_assert_eq(err.code, ERROR_WAIT_TIMEOUT, "%s", err.message);
    cr_assert_lt(core.probe.now_ns - start_ns, 60000000);
    cr_assert_eq(core.resets, 0, "no second way is tried");
}

Test(connect, under_reset_ends_too_and_nrst_is_high)
{
    struct target *target = NULL;
    struct error err;
    uint64_t start_ns = core.probe.now_ns;

    core.rom_ns = 100000000000;
    probe_set_deadline(&core.probe.base, start_ns + 50000000);
    cr_assert_not(connect_by(TARGET_CONNECT_UNDER_RESET, &target, &err));
    cr_assert_eq(err.code, ERROR_WAIT_TIMEOUT, "%s", err.message);
    cr_assert_lt(core.probe.now_ns - start_ns, 60000000);
    cr_assert_not(core.probe.is_reset_asserted);
}

Test(connect, a_signal_that_came_meanwhile_gives_the_core_back)
{
    struct target *target = NULL;
    struct error err;

    os_signal_raise_timeout();
    cr_assert_not(connect_by(TARGET_CONNECT_AUTO, &target, &err));
    cr_assert_null(target);
    cr_assert_eq(err.code, ERROR_WAIT_TIMEOUT);
    cr_assert_not(core.is_halted);
    cr_assert_not(core.is_debug_enabled);
}
