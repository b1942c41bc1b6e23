#include "tests/unit/target/helpers_mcu.h"

#include <criterion/criterion.h>

static struct fake_core core;
static struct board_mcu mcu;

static void set_up(void)
{
    mcu_init(&mcu);
    fake_core_init(&core);
    fake_probe_set_word(&core.probe, CLOCK_REG, 3);
    fake_probe_set_word(&core.probe, DEBUG_REG, 0);
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
