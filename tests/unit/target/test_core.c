/* Core registers, known state, resets, scripts, and what is left behind at the end. */
#include "host/base/os.h"
#include "tests/unit/target/helpers_mcu.h"

#include <criterion/criterion.h>

#include <string.h>

static struct fake_core core;
static struct board_mcu mcu;
static struct target *target;

static void set_up(void)
{
    mcu_init(&mcu);
    target = connect_or_fail(&core, &mcu);
}

static void tear_down(void)
{
    target_close(target);
    fake_core_free(&core);
}

TestSuite(core, .init = set_up, .fini = tear_down);

Test(core, reads_and_writes_registers)
{
    struct error err;
    uint32_t value = 0;

    core.registers[15] = 0x20001234;
    cr_assert(target_read_register(target, 15, &value, &err), "%s", err.message);
    cr_assert_eq(value, 0x20001234);
    cr_assert(target_write_register(target, 17, 0x2000F000, &err), "%s", err.message);
    cr_assert_eq(core.registers[17], 0x2000F000);
}

Test(core, runs_and_halts)
{
    struct error err;
    bool is_halted = true;

    cr_assert(target_run(target, &err));
    cr_assert(target_is_halted(target, &is_halted, &err));
    cr_assert_not(is_halted);
    cr_assert(target_halt(target, &err));
    cr_assert(core.is_halted);
}

Test(core, says_what_dhcsr_is_when_it_does_not_halt)
{
    struct error err;

    cr_assert(target_run(target, &err));
    core.refuses_halt = true;
    core.is_locked_up = true;
    cr_assert_not(target_halt(target, &err));
    cr_assert_eq(err.code, ERROR_TARGET_STATE);
    cr_assert_str_eq(
        err.message, "the core did not halt within 100 ms: DHCSR is 0x00090001 (locked up)");
}

Test(core, prepares_from_a_program_with_interrupts_mpu_and_caches)
{
    struct error err;

    core.registers[20] = 0x03000000; /* CONTROL: unprivileged, process stack */
    core.registers[16] = 0x01000003; /* inside HardFault */
    core.ccr = 0x00070200;
    fake_probe_set_word(&core.probe, 0xE000E010, 7);
    fake_probe_set_word(&core.probe, 0xE000ED94, 5);
    cr_assert(target_prepare(target, &err), "%s", err.message);
    cr_assert_eq(core.registers[20], 1, "PRIMASK and nothing else");
    cr_assert_eq(core.registers[16], 0x01000000);
    cr_assert_eq(core.ccr, 0x00040200);
    cr_assert_eq(fake_probe_word(&core.probe, 0xE000E010), 0);
    cr_assert_eq(fake_probe_word(&core.probe, 0xE000ED94), 0);
    cr_assert_eq(fake_probe_word(&core.probe, CLOCK_REG), 0);
    cr_assert_eq(core.cleaned_lines, 1024, "every set and way");
    cr_assert_eq(core.invalidated_lines, 0);
}

Test(core, does_not_clean_a_data_cache_that_was_off)
{
    struct error err;

    cr_assert(target_prepare(target, &err), "%s", err.message);
    cr_assert_eq(core.cleaned_lines, 0, "it may hold anything after power-on");
    cr_assert_eq(core.invalidated_lines, 1024);
}

static bool stick_to_pll(struct fake_core *fake, uint32_t addr, uint32_t value)
{
    (void)value;
    return addr == CLOCK_REG && fake->resets == 0; /* writes are lost */
}

Test(core, resets_when_the_known_state_cannot_be_reached)
{
    struct error err;

    core.write_hook = stick_to_pll;
    cr_assert(target_prepare(target, &err), "%s", err.message);
    cr_assert_eq(core.resets, 1);
    cr_assert(core.is_halted);
    target_close(target);
    target = NULL;
    cr_assert_eq(core.resets, 2, "the known state is not the program's either");
}

static bool lose_all(struct fake_core *fake, uint32_t addr, uint32_t value)
{
    (void)fake;
    (void)value;
    return addr == CLOCK_REG;
}

Test(core, names_the_register_that_does_not_take_its_value)
{
    struct error err;

    core.write_hook = lose_all;
    cr_assert_not(target_prepare(target, &err));
    cr_assert_eq(err.code, ERROR_TARGET_STATE);
    cr_assert_str_eq(err.message,
        "the register at 0x58024410 reads 0x00000003 after 0x00000000 was written (mask "
        "0x00000007)\n  while running step 1 of 2 of a register script\n"
        "  while bringing the MCU into a known state");
}

Test(core, a_script_waits_with_a_bound)
{
    struct abi_reg_step step = {.kind = ABI_REG_WAIT,
        .bytes = 4,
        .addr = CLOCK_REG,
        .mask = 0x38,
        .value = 0x18,
        .timeout_us = 2000};
    struct board_script script = {&step, 1};
    struct error err;
    uint64_t begin_ns = core.probe.now_ns;

    cr_assert_not(target_run_script(target, &script, true, &err));
    cr_assert_str_eq(err.message,
        "the register at 0x58024410 reads 0x00000003 and did not become 0x00000018 (mask "
        "0x00000038) within 2000 us\n  while running step 1 of 1 of a register script");
    cr_assert_lt(core.probe.now_ns - begin_ns, 4000000);
}

Test(core, a_script_accesses_half_words_and_bytes)
{
    struct abi_reg_step steps[] = {
        {.kind = ABI_REG_WRITE, .bytes = 2, .addr = 0x24020002, .value = 0xBEEF},
        {.kind = ABI_REG_MODIFY, .bytes = 1, .addr = 0x24020003, .mask = 0xF0, .value = 0x10}};
    struct board_script script = {steps, 2};
    struct error err;

    cr_assert(target_run_script(target, &script, true, &err), "%s", err.message);
    cr_assert_eq(fake_probe_word(&core.probe, 0x24020000), 0x1EEF0000);
}

Test(core, reset_and_run_leaves_no_debugger_for_the_bootloader_to_wait_for)
{
    struct error err;

    cr_assert(target_reset(target, TARGET_RESET_RUN, &err), "%s", err.message);
    cr_assert_eq(core.resets, 1);
    cr_assert_not(core.is_halted);
    cr_assert_not(core.is_debug_enabled);
}

Test(core, a_halted_core_is_parked_before_the_reset)
{
    struct error err;

    core.registers[15] = 0x08000100;
    core.ignores_sysreset = true;
    core.ignores_nrst = true;
    cr_assert_not(target_reset(target, TARGET_RESET_RUN, &err));
    cr_assert_str_eq(
        err.message, "neither SYSRESETREQ nor NRST reset the MCU\n  while resetting the MCU");
    cr_assert_eq(core.registers[15], 0x20000000);
    cr_assert_eq(fake_probe_word(&core.probe, 0x20000000), 0xE7FEE7FE);
    cr_assert_not(core.probe.is_reset_asserted);
}

Test(core, falls_back_to_nrst_when_sysresetreq_does_nothing)
{
    struct error err;

    core.ignores_sysreset = true;
    cr_assert(target_reset(target, TARGET_RESET_RUN, &err), "%s", err.message);
    cr_assert_eq(core.resets, 1);
    cr_assert_not(core.probe.is_reset_asserted);
    cr_assert_eq(core.probe.violations, 0, "%s", core.probe.first_violation);
}

Test(core, reset_and_halt_stops_at_the_first_instruction_of_the_program)
{
    struct error err;
    uint32_t pc = 0;

    (void)fake_probe_add_region(&core.probe, 0x08000000, 0x10000);
    fake_probe_set_word(&core.probe, 0x08000004, 0x08000201);
    core.entry_addr = 0x08000200;
    cr_assert(target_reset(target, TARGET_RESET_HALT, &err), "%s", err.message);
    cr_assert(core.is_halted);
    cr_assert(target_read_register(target, 15, &pc, &err));
    cr_assert_eq(pc, 0x08000200);
    cr_assert_eq(core.fpb[0], 0, "the breakpoint is gone");
    cr_assert_eq(core.fpb_control, 0);
    cr_assert_eq(core.demcr, 0, "no vector catch: the ROM must open the access port");
}

Test(core, reset_and_halt_works_without_a_program)
{
    struct error err;

    (void)fake_probe_add_region(&core.probe, 0x08000000, 0x10000);
    memset(fake_probe_bytes(&core.probe, 0x08000000, 0x10000), 0xFF, 0x10000);
    cr_assert(target_reset(target, TARGET_RESET_HALT, &err), "%s", err.message);
    cr_assert(core.is_halted);
}

Test(core, close_leaves_a_running_core_without_traces)
{
    struct error err;

    core.fpb[3] = 0x08000101;
    core.fpb_control = 1;
    core.demcr = 0x01000411;
    cr_assert(target_run(target, &err));
    target_close(target);
    target = NULL;
    cr_assert_not(core.is_debug_enabled);
    cr_assert_eq(core.fpb[3], 0);
    cr_assert_eq(core.fpb_control, 0);
    cr_assert_eq(core.demcr, 0x01000000, "TRCENA is the program's own");
    cr_assert_eq(fake_probe_word(&core.probe, DEBUG_REG), 0);
}

Test(core, close_gives_the_core_back_that_was_halted_for_our_work)
{
    target_close(target);
    target = NULL;
    cr_assert_not(core.is_halted);
    cr_assert_not(core.is_debug_enabled);
    cr_assert_eq(core.resets, 0, "nothing of the program's was changed");
    cr_assert_eq(fake_probe_word(&core.probe, DEBUG_REG), 0);
}

Test(core, close_resets_a_program_whose_state_was_taken_away)
{
    struct error err;

    cr_assert(target_prepare(target, &err), "%s", err.message);
    target_close(target);
    target = NULL;
    cr_assert_eq(core.resets, 1);
    cr_assert_not(core.is_halted);
    cr_assert_not(core.is_debug_enabled);
}

Test(core, close_does_not_reset_what_was_reset_already)
{
    struct error err;

    cr_assert(target_prepare(target, &err), "%s", err.message);
    cr_assert(target_reset(target, TARGET_RESET_RUN, &err), "%s", err.message);
    target_close(target);
    target = NULL;
    cr_assert_eq(core.resets, 1);
}

Test(core, close_resets_it_even_while_a_signal_is_pending)
{
    struct error err;

    cr_assert(target_prepare(target, &err), "%s", err.message);
    os_signal_raise_timeout();
    target_close(target);
    target = NULL;
    cr_assert_eq(core.resets, 1);
    cr_assert_not(core.is_debug_enabled);
}

Test(core, a_reset_is_not_begun_when_the_time_is_up)
{
    struct error err;

    os_signal_raise_timeout();
    cr_assert_not(target_reset(target, TARGET_RESET_RUN, &err));
    cr_assert_eq(err.code, ERROR_WAIT_TIMEOUT);
    cr_assert_eq(core.resets, 0);
}

Test(core, a_reset_whose_access_port_stays_shut_ends_when_the_time_is_up)
{
    struct error err;
    uint64_t start_ns = core.probe.now_ns;

    core.rom_ns = 100000000000;
    probe_set_deadline(&core.probe.base, start_ns + 20000000);
    cr_assert_not(target_reset(target, TARGET_RESET_RUN, &err));
    cr_assert_eq(err.code, ERROR_WAIT_TIMEOUT, "%s", err.message);
    cr_assert_lt(core.probe.now_ns - start_ns, 30000000);
    cr_assert_eq(core.resets, 1, "NRST is not tried as well");
}

Test(core, a_catch_at_the_reset_vector_is_undone)
{
    struct error err;

    mcu.catches_reset = true;
    core.entry_addr = 0x08000100;
    cr_assert(target_reset(target, TARGET_RESET_HALT, &err), "%s", err.message);
    cr_assert(core.is_halted);
    cr_assert_eq(core.registers[15], 0x08000298, "before the program");
    cr_assert_eq(core.demcr, 0);
    cr_assert_eq(core.fpb[0], 0, "no breakpoint is needed");
}

Test(core, close_does_not_let_go_of_a_core_that_was_halted_on_purpose)
{
    target_settle(target);
    target_close(target);
    target = NULL;
    cr_assert(core.is_halted);
    cr_assert(core.is_debug_enabled);
    cr_assert_eq(fake_probe_word(&core.probe, DEBUG_REG), 0);
}

Test(core, describes_a_fault_with_the_stacked_frame)
{
    struct error err;
    char text[256];

    core.registers[14] = 0xFFFFFFF9;
    core.registers[15] = 0x08000300;
    core.registers[16] = 0x01000003;
    core.registers[17] = 0x20000100;
    fake_probe_set_word(&core.probe, 0x20000114, 0x70000401);
    fake_probe_set_word(&core.probe, 0x20000118, 0x70000456);
    fake_probe_set_word(&core.probe, 0xE000ED28, 0x00008200);
    fake_probe_set_word(&core.probe, 0xE000ED38, 0x90000000);
    cr_assert(target_describe_fault(target, text, sizeof text, &err), "%s", err.message);
    cr_assert_str_eq(text, "pc 0x08000300 lr 0xfffffff9 xpsr 0x01000003 cfsr 0x00008200 hfsr "
                           "0x00000000 mmfar 0x00000000 bfar 0x90000000, stacked pc 0x70000456 lr "
                           "0x70000401");
    cr_assert(core.is_halted);
}

Test(core, describing_a_fault_leaves_a_running_core_running)
{
    struct error err;
    char text[256];

    cr_assert(target_run(target, &err));
    cr_assert(target_describe_fault(target, text, sizeof text, &err));
    cr_assert_not(core.is_halted);
}
