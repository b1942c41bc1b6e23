#include "helpers_cpu.h"

#include <criterion/criterion.h>

/* Assembled for address 0; the comments are the listing. */
static const uint16_t program[] = {
    0x8000, 0x2000,              /*   0: vectors: .word */
    0x0041, 0x0000,              /*   4: .word */
    [0x0C / 2] = 0x004B, 0x0000, /*   c: .word */
    [0x3C / 2] = 0x004D, 0x0000, /*  3c: .word */
    0x2001,                      /*  40: main: movs r0, #1 */
    0x2102,                      /*  42: movs r1, #2 */
    0x1842,                      /*  44: adds r2, r0, r1 */
    0x3301,                      /*  46: loop: adds r3, #1 */
    0xE7FD,                      /*  48: b.n 46 <loop> */
    0xE7FE,                      /*  4a: hard: b.n 4a <hard> */
    0x3701,                      /*  4c: tick: adds r7, #1 */
    0x4770,                      /*  4e: bx lr */
    0x2000,                      /*  50: stepit: movs r0, #0 */
    0x2800,                      /*  52: cmp r0, #0 */
    0xBF0C,                      /*  54: ite eq */
    0x2101,                      /*  56: moveq r1, #1 */
    0x2102,                      /*  58: movne r1, #2 */
    0xBF00,                      /*  5a: nop */
    0x2005,                      /*  5c: bkpt: movs r0, #5 */
    0xBE00,                      /*  5e: bkpt 0x0000 */
    0x2006,                      /*  60: movs r0, #6 */
    0xE7FE,                      /*  62: b.n 62 <bkpt+0x6> */
    0xF04F, 0x40C0,              /*  64: bad: mov.w r0, #1610612736 */
    0x6801,                      /*  68: ldr r1, [r0, #0] */
    0x480D,                      /*  6a: dwt: ldr r0, [pc, #52] */
    0x490D,                      /*  6c: ldr r1, [pc, #52] */
    0xF04F, 0x7280,              /*  6e: mov.w r2, #16777216 */
    0x600A,                      /*  72: str r2, [r1, #0] */
    0x2301,                      /*  74: movs r3, #1 */
    0x6003,                      /*  76: str r3, [r0, #0] */
    0x6844,                      /*  78: ldr r4, [r0, #4] */
    0xBF00,                      /*  7a: nop */
    0x6845,                      /*  7c: ldr r5, [r0, #4] */
    0x4A0A,                      /*  7e: ldr r2, [pc, #40] */
    0xF44F, 0x667B,              /*  80: mov.w r6, #4016 */
    0x5182,                      /*  84: str r2, [r0, r6] */
    0x6003,                      /*  86: str r3, [r0, #0] */
    0xF8D0, 0x8004,              /*  88: ldr.w r8, [r0, #4] */
    0xBF00,                      /*  8c: nop */
    0xBF00,                      /*  8e: nop */
    0xF8D0, 0x9004,              /*  90: ldr.w r9, [r0, #4] */
    0xE7FE,                      /*  94: b.n 94 <dwt+0x2a> */
    0x4805,                      /*  96: selfhalt: ldr r0, [pc, #20] */
    0x4905,                      /*  98: ldr r1, [pc, #20] */
    0x6001,                      /*  9a: str r1, [r0, #0] */
    0x2201,                      /*  9c: movs r2, #1 */
    0xE7FE,                      /*  9e: b.n 9e <selfhalt+0x8> */
    0x1000, 0xE000,              /*  a0: .word */
    0xEDFC, 0xE000,              /*  a4: .word */
    0xCE55, 0xC5AC,              /*  a8: .word */
    0xEDF0, 0xE000,              /*  ac: .word */
    0x0003, 0xA05F,              /*  b0: .word */
};
enum {
    AT_MAIN = 0x40,
    AT_LOOP = 0x46,
    AT_HARD = 0x4A,
    AT_TICK = 0x4C,
    AT_STEPIT = 0x50,
    AT_BKPT = 0x5C,
    AT_BAD = 0x64,
    AT_DWT = 0x6A,
    AT_SELFHALT = 0x96,
};

enum { KEY = (int)0xA05F0000, DEBUGEN = 1, HALT = 2, STEP = 4, MASKINTS = 8 };

static struct cpu_board *start_at(uint32_t pc)
{
    struct cpu_board *board = cpu_board_create(program, sizeof program);

    cpu_board_start(board);
    sim_cpu_set_register(board->cpu, 15, pc);
    return board;
}

static void control(struct cpu_board *board, unsigned bits)
{
    cpu_board_put_word(board, PPB_DHCSR, (uint32_t)KEY | bits);
}

static uint32_t read_reg(struct cpu_board *board, uint32_t regsel)
{
    cpu_board_put_word(board, PPB_DCRSR, regsel);
    cr_assert_neq(cpu_board_word(board, PPB_DHCSR) & 1U << 16, 0, "S_REGRDY");
    return cpu_board_word(board, PPB_DCRDR);
}

static void write_reg(struct cpu_board *board, uint32_t regsel, uint32_t value)
{
    cpu_board_put_word(board, PPB_DCRDR, value);
    cpu_board_put_word(board, PPB_DCRSR, regsel | 1U << 16);
}

static bool is_halted(struct cpu_board *board)
{
    return (cpu_board_word(board, PPB_DHCSR) & 1U << 17) != 0;
}

Test(cpu_debug, halts_at_once_and_goes_on)
{
    struct cpu_board *board = start_at(AT_MAIN);
    uint32_t count = 0;

    cpu_board_run(board, 1000);
    control(board, DEBUGEN | HALT);
    cr_assert(is_halted(board));
    cr_assert_eq(cpu_board_word(board, PPB_DFSR), 1, "HALTED");
    count = read_reg(board, 3);
    cr_assert_neq(count, 0);
    cpu_board_run(board, 1000);
    cr_assert_eq(read_reg(board, 3), count);
    cr_assert_geq(board->clock.now_ps, 2000 * BOARD_CYCLE_PS, "time passes while halted");
    control(board, DEBUGEN);
    cpu_board_run(board, 1000);
    control(board, DEBUGEN | HALT);
    cr_assert_gt(read_reg(board, 3), count);
    cpu_board_free(board);
}

Test(cpu_debug, ignores_dhcsr_without_the_key_or_without_debugen)
{
    struct cpu_board *board = start_at(AT_MAIN);

    cpu_board_put_word(board, PPB_DHCSR, DEBUGEN | HALT);
    cr_assert_not(is_halted(board));
    control(board, HALT);
    cr_assert_not(is_halted(board));
    cpu_board_free(board);
}

Test(cpu_debug, does_not_let_software_enable_halting)
{
    struct cpu_board *board = start_at(AT_SELFHALT);

    cpu_board_run(board, 100);
    cr_assert_not(is_halted(board));
    cr_assert_eq(cpu_board_reg(board, 2), 1);
    cpu_board_free(board);
}

Test(cpu_debug, steps_one_instruction_at_a_time_also_inside_it_blocks)
{
    static const uint32_t pcs[] = {
        AT_STEPIT + 2, AT_STEPIT + 4, AT_STEPIT + 6, AT_STEPIT + 8, AT_STEPIT + 10, AT_STEPIT + 12};
    struct cpu_board *board = start_at(AT_STEPIT);

    control(board, DEBUGEN | HALT);
    for (size_t i = 0; i < sizeof pcs / sizeof pcs[0]; i++) {
        control(board, DEBUGEN | STEP);
        cpu_board_run(board, 100);
        cr_assert(is_halted(board), "step %zu", i);
        cr_assert_eq(read_reg(board, 15), pcs[i], "step %zu ends at 0x%x", i, read_reg(board, 15));
    }
    cr_assert_eq(read_reg(board, 1), 1);
    cpu_board_free(board);
}

Test(cpu_debug, steps_past_or_into_an_interrupt_as_maskints_says)
{
    struct cpu_board *board = start_at(AT_MAIN);

    control(board, DEBUGEN | HALT);
    cpu_board_put_word(board, 0xE000ED04, 1U << 26); /* PENDSTSET */
    control(board, DEBUGEN | HALT | MASKINTS);
    control(board, DEBUGEN | STEP | MASKINTS);
    cpu_board_run(board, 100);
    cr_assert_eq(read_reg(board, 15), AT_MAIN + 2);
    control(board, DEBUGEN | HALT);
    control(board, DEBUGEN | STEP);
    cpu_board_run(board, 100);
    cr_assert_eq(read_reg(board, 15), AT_TICK, "the first line of the handler");
    cpu_board_free(board);
}

Test(cpu_debug, stops_before_a_breakpointed_instruction_each_time)
{
    struct cpu_board *board = start_at(AT_MAIN);

    control(board, DEBUGEN | HALT);
    cpu_board_put_word(board, PPB_FP_CTRL, 3);
    cpu_board_put_word(board, PPB_FP_COMP0 + 28, AT_LOOP | 1);
    cr_assert_eq(cpu_board_word(board, PPB_FP_CTRL) >> 4 & 0xF, 8, "comparators");
    control(board, DEBUGEN);
    cpu_board_run(board, 1000);
    cr_assert(is_halted(board));
    cr_assert_eq(read_reg(board, 15), AT_LOOP);
    cr_assert_eq(read_reg(board, 3), 0);
    cr_assert_eq(cpu_board_word(board, PPB_DFSR) & 2, 2, "BKPT");
    cpu_board_put_word(board, PPB_FP_COMP0 + 28, 0);
    control(board, DEBUGEN);
    cpu_board_run(board, 100);
    cr_assert_not(is_halted(board));
    cpu_board_free(board);
}

Test(cpu_debug, stops_at_bkpt_with_pc_on_it)
{
    struct cpu_board *board = start_at(AT_BKPT);

    control(board, DEBUGEN);
    cpu_board_run(board, 100);
    cr_assert(is_halted(board));
    cr_assert_eq(read_reg(board, 15), AT_BKPT + 2);
    write_reg(board, 15, AT_BKPT + 4);
    control(board, DEBUGEN);
    cpu_board_run(board, 100);
    cr_assert_eq(cpu_board_reg(board, 0), 6);
    cpu_board_free(board);
}

Test(cpu_debug, transfers_core_registers_only_while_halted)
{
    struct cpu_board *board = start_at(AT_MAIN);

    cpu_board_put_word(board, PPB_DCRSR, 15);
    cr_assert_eq(cpu_board_word(board, PPB_DHCSR) & 1U << 16, 0, "running: S_REGRDY stays 0");
    control(board, DEBUGEN | HALT);
    for (uint32_t reg = 0; reg < 13; reg++) {
        write_reg(board, reg, 0x1000 + reg);
    }
    write_reg(board, 17, 0x20001000);
    write_reg(board, 18, 0x20002000);
    write_reg(board, 20, 0x02000001); /* SPSEL, PRIMASK */
    write_reg(board, 64 + 5, 0x40490FDB);
    write_reg(board, 33, 0x03000000);
    for (uint32_t reg = 0; reg < 13; reg++) {
        cr_assert_eq(read_reg(board, reg), 0x1000 + reg);
    }
    cr_assert_eq(read_reg(board, 13), 0x20002000, "SP is PSP now");
    cr_assert_eq(read_reg(board, 17), 0x20001000);
    cr_assert_eq(read_reg(board, 20), 0x02000001);
    cr_assert_eq(read_reg(board, 64 + 5), 0x40490FDB);
    cr_assert_eq(read_reg(board, 33), 0x03000000);
    write_reg(board, 16, 0xF1000000);
    cr_assert_eq(read_reg(board, 16), 0xF1000000);
    cpu_board_free(board);
}

Test(cpu_debug, reaches_stack_pointers_of_an_unprivileged_thread)
{
    struct cpu_board *board = start_at(AT_MAIN);

    control(board, DEBUGEN | HALT);
    write_reg(board, 20, 0x03000000); /* unprivileged on PSP */
    write_reg(board, 17, 0x20001100);
    write_reg(board, 18, 0x20002200);
    cr_assert_eq(read_reg(board, 17), 0x20001100);
    cr_assert_eq(read_reg(board, 18), 0x20002200);
    cr_assert_eq(read_reg(board, 20), 0x03000000);
    cpu_board_free(board);
}

Test(cpu_debug, catches_the_reset_vector)
{
    struct cpu_board *board = start_at(AT_MAIN);

    control(board, DEBUGEN);
    cpu_board_put_word(board, PPB_DEMCR, 1);
    (void)cpu_board_word(board, PPB_DHCSR);
    sim_cpu_reset(board->cpu, SIM_RESET_SOFTWARE);
    cr_assert_neq(cpu_board_word(board, PPB_DHCSR) & 1U << 25, 0, "S_RESET_ST");
    cr_assert_eq(cpu_board_word(board, PPB_DHCSR) & 1U << 25, 0, "cleared by the read");
    cpu_board_start(board);
    cr_assert(is_halted(board));
    cr_assert_eq(read_reg(board, 15), AT_MAIN);
    cr_assert_eq(cpu_board_word(board, PPB_DFSR) & 8, 8, "VCATCH");
    cpu_board_free(board);
}

Test(cpu_debug, forgets_everything_at_power_on)
{
    struct cpu_board *board = start_at(AT_MAIN);

    control(board, DEBUGEN | HALT);
    cpu_board_put_word(board, PPB_DEMCR, 1);
    sim_cpu_reset(board->cpu, SIM_RESET_POWER_ON);
    cpu_board_start(board);
    cr_assert_eq(sim_cpu_state(board->cpu), SIM_CPU_RUNNING);
    cr_assert_eq(cpu_board_word(board, PPB_DEMCR), 0);
    cpu_board_free(board);
}

Test(cpu_debug, halts_out_of_reset_when_asked_during_it)
{
    struct cpu_board *board = start_at(AT_MAIN);

    sim_cpu_reset(board->cpu, SIM_RESET_PIN);
    control(board, DEBUGEN | HALT);
    cr_assert_not(is_halted(board));
    cpu_board_start(board);
    cr_assert(is_halted(board));
    cr_assert_eq(read_reg(board, 15), AT_MAIN);
    cpu_board_free(board);
}

Test(cpu_debug, catches_hard_faults)
{
    struct cpu_board *board = start_at(AT_BAD);

    control(board, DEBUGEN);
    cpu_board_put_word(board, PPB_DEMCR, 1U << 10);
    cpu_board_run(board, 100);
    cr_assert(is_halted(board));
    cr_assert_eq(read_reg(board, 15), AT_HARD);
    cr_assert_eq(read_reg(board, 16) & 0x1FF, 3);
    cpu_board_free(board);
}

Test(cpu_debug, recovers_a_locked_up_core_by_halting_it)
{
    struct cpu_board *board = start_at(AT_BAD);

    cpu_board_put_word(board, 0x0C, AT_BAD + 1);
    cpu_board_run(board, 100);
    cr_assert_neq(cpu_board_word(board, PPB_DHCSR) & 1U << 19, 0, "S_LOCKUP");
    control(board, DEBUGEN | HALT);
    cr_assert(is_halted(board));
    write_reg(board, 16, 0x01000000);
    write_reg(board, 15, AT_MAIN);
    cpu_board_put_word(board, PPB_AIRCR, 0x05FA0002); /* VECTCLRACTIVE */
    control(board, DEBUGEN);
    cpu_board_run(board, 100);
    cr_assert_gt(cpu_board_reg(board, 3), 5);
    cpu_board_free(board);
}

Test(cpu_debug, counts_cycles_only_after_the_dwt_is_unlocked)
{
    struct cpu_board *board = start_at(AT_DWT);

    cpu_board_run(board, 400);
    cr_assert_eq(cpu_board_reg(board, 4), 0);
    cr_assert_eq(cpu_board_reg(board, 5), 0);
    /* NOP, NOP, the load and its private bus access. */
    cr_assert_eq(
        cpu_board_reg(board, 9) - cpu_board_reg(board, 8), 3 + sim_cpu_default_costs.private_bus);
    cpu_board_free(board);
}

Test(cpu_debug, lets_the_debug_port_use_the_dwt_without_unlocking)
{
    struct cpu_board *board = start_at(AT_MAIN);

    cpu_board_put_word(board, PPB_DEMCR, 1U << 24);
    cpu_board_put_word(board, PPB_DWT_CTRL, 1);
    cpu_board_run(board, 100);
    cr_assert_geq(cpu_board_word(board, PPB_CYCCNT), 100);
    cpu_board_free(board);
}

Test(cpu_debug, shows_retired_instructions)
{
    struct cpu_board *board = start_at(AT_MAIN);

    cpu_board_run(board, 100);
    cr_assert_neq(cpu_board_word(board, PPB_DHCSR) & 1U << 24, 0, "S_RETIRE_ST");
    control(board, DEBUGEN | HALT);
    (void)cpu_board_word(board, PPB_DHCSR);
    cpu_board_run(board, 100);
    cr_assert_eq(cpu_board_word(board, PPB_DHCSR) & 1U << 24, 0);
    cpu_board_free(board);
}
