#include "helpers_cpu.h"

#include <criterion/criterion.h>

#include <string.h>

/* Assembled for address 0; the comments are the listing. */
static const uint16_t program[] = {
    0x8000, 0x2000,              /*   0: vectors: .word */
    0x0041, 0x0000,              /*   4: .word */
    [0x0C / 2] = 0x0043, 0x0000, /*   c: .word */
    [0x40 / 2] = 0xE7FE,         /*  40: spin: b.n 40 <spin> */
    0xF04F, 0x0A03,              /*  42: hard: mov.w sl, #3 */
    0xE7FE,                      /*  46: b.n 46 <hard+0x4> */
    0x4810,                      /*  48: go: ldr r0, [pc, #64] */
    0x4700,                      /*  4a: bx r0 */
    0xF04F, 0x40E0,              /*  4c: read: mov.w r0, #1879048192 */
    0x2340,                      /*  50: movs r3, #64 */
    0xF850, 0x1B04,              /*  52: ldr.w r1, [r0], #4 */
    0x3B01,                      /*  56: subs r3, #1 */
    0xD1FB,                      /*  58: bne.n 52 <read+0x6> */
    0xE7FE,                      /*  5a: b.n 5a <read+0xe> */
    0x480C,                      /*  5c: readend: ldr r0, [pc, #48] */
    0x6801,                      /*  5e: ldr r1, [r0, #0] */
    0xE7FE,                      /*  60: b.n 60 <readend+0x4> */
    0x480C,                      /*  62: beyond: ldr r0, [pc, #48] */
    0x6801,                      /*  64: ldr r1, [r0, #0] */
    0xE7FE,                      /*  66: b.n 66 <beyond+0x4> */
    0xF04F, 0x40E0,              /*  68: write: mov.w r0, #1879048192 */
    0x6001,                      /*  6c: str r1, [r0, #0] */
    0xE7FE,                      /*  6e: b.n 6e <write+0x6> */
    0xF04F, 0x40E0,              /*  70: handover: mov.w r0, #1879048192 */
    0x4908,                      /*  74: ldr r1, [pc, #32] */
    0x6008,                      /*  76: str r0, [r1, #0] */
    0x6802,                      /*  78: ldr r2, [r0, #0] */
    0xF382, 0x8808,              /*  7a: msr MSP, r2 */
    0x6840,                      /*  7e: ldr r0, [r0, #4] */
    0x4700,                      /*  80: bx r0 */
    0xB672,                      /*  82: badover: cpsid i */
    0xF04F, 0x40E0,              /*  84: mov.w r0, #1879048192 */
    0x6840,                      /*  88: ldr r0, [r0, #4] */
    0x4700,                      /*  8a: bx r0 */
    0x0001, 0x7000,              /*  8c: .word */
    0x3FF0, 0x7000,              /*  90: .word */
    0x4000, 0x7000,              /*  94: .word */
    0xED08, 0xE000,              /*  98: .word */
};
enum {
    AT_SPIN = 0x40,
    AT_HARD = 0x42,
    AT_GO = 0x48,
    AT_READ = 0x4C,
    AT_READEND = 0x5C,
    AT_BEYOND = 0x62,
    AT_WRITE = 0x68,
    AT_HANDOVER = 0x70,
    AT_BADOVER = 0x82,
};

/* MOVS R5, #1; ADDS R5, #1; LDR R6, [PC]; B .; the word that R6 gets. */
static const uint16_t flash_code[] = {0x2501, 0x3501, 0x4E00, 0xE7FE, 0x5678, 0x1234};

static struct cpu_board *start(bool is_direct)
{
    struct cpu_board *board = cpu_board_create(program, sizeof program);

    memcpy(board->chip, flash_code, sizeof flash_code);
    board->window_is_direct = is_direct;
    board->window_generation++;
    cpu_board_start(board);
    return board;
}

Test(cpu_window, executes_and_reads_a_mapped_chip_and_pays_for_it)
{
    struct cpu_board *board = start(true);

    sim_cpu_set_register(board->cpu, 15, AT_GO);
    cpu_board_run(board, 100);
    cr_assert_eq(cpu_board_reg(board, 5), 2);
    cr_assert_eq(cpu_board_reg(board, 6), 0x12345678);
    cr_assert_eq(board->window_reads, 0);
    cr_assert_eq(board->touches, 2, "one 8-byte fetch and one literal, not %u", board->touches);
    cpu_board_free(board);
}

Test(cpu_window, pays_once_for_a_line_in_the_instruction_cache)
{
    struct cpu_board *board = start(true);
    static const uint16_t loop[] = {0x3501, 0x3501, 0x3501, 0x3501, 0x3501, 0x3501, 0xE7F8};

    memcpy(board->chip, loop, sizeof loop);
    cpu_board_put_word(board, PPB_CCR, 1 << 17);
    sim_cpu_set_register(board->cpu, 15, AT_GO);
    cpu_board_run(board, 1000);
    cr_assert_gt(cpu_board_reg(board, 5), 500);
    cr_assert_eq(board->touches, 1);
    cpu_board_free(board);
}

Test(cpu_window, executes_what_the_controller_answers_when_it_is_not_direct)
{
    struct cpu_board *board = start(false);

    sim_cpu_set_register(board->cpu, 15, AT_GO);
    cpu_board_run(board, 100);
    cr_assert_eq(cpu_board_reg(board, 5), 2);
    cr_assert_eq(cpu_board_reg(board, 6), 0x12345678);
    cr_assert_gt(board->window_reads, 3);
    cpu_board_free(board);
}

Test(cpu_window, notices_at_once_that_the_controller_left_memory_mapped_mode)
{
    struct cpu_board *board = start(true);

    sim_cpu_set_register(board->cpu, 15, AT_GO);
    cpu_board_run(board, 100);
    cr_assert_eq(cpu_board_reg(board, 10), 0);
    board->window_is_direct = false;
    board->window_generation++;
    memset(board->chip, 0xFF, BOARD_CHIP_BYTES); /* an undefined instruction, if it were read */
    cpu_board_run(board, 100);
    cr_assert_eq(cpu_board_reg(board, 10), 3, "HardFault by what the window answers now");
    cpu_board_free(board);
}

Test(cpu_window, executes_new_contents_after_they_were_announced)
{
    struct cpu_board *board = start(true);

    sim_cpu_set_register(board->cpu, 15, AT_GO);
    cpu_board_run(board, 100);
    board->chip[0] = 0x07; /* MOVS R5, #7 */
    sim_cpu_forget_code(board->cpu, BOARD_WINDOW, 4096);
    sim_cpu_set_register(board->cpu, 15, AT_GO);
    cpu_board_run(board, 100);
    cr_assert_eq(cpu_board_reg(board, 5), 8);
    cpu_board_free(board);
}

Test(cpu_window, faults_beyond_the_chip_and_on_stores)
{
    struct cpu_board *board = start(true);

    sim_cpu_set_register(board->cpu, 15, AT_BEYOND);
    cpu_board_run(board, 100);
    cr_assert_eq(cpu_board_word(board, PPB_BFAR), 0x70004000);
    cpu_board_free(board);
    board = start(true);
    sim_cpu_set_register(board->cpu, 15, AT_WRITE);
    cpu_board_run(board, 100);
    cr_assert_eq(cpu_board_word(board, PPB_BFAR), 0x70000000);
    cpu_board_free(board);
}

Test(cpu_window, reads_ahead_of_an_access_into_normal_memory)
{
    struct cpu_board *board = start(true);

    sim_cpu_set_register(board->cpu, 15, AT_READEND);
    cpu_board_run(board, 100);
    cr_assert_eq(board->speculations, 2);
    cr_assert_eq(board->highest_speculation, 0x4020, "64 bytes on, past the chip's end");
    cpu_board_free(board);
}

Test(cpu_window, does_not_read_ahead_where_the_mpu_forbids_it)
{
    struct cpu_board *board = start(true);

    cpu_board_put_word(board, PPB_MPU_RBAR, BOARD_WINDOW | 0x10); /* 256 MB: no access */
    cpu_board_put_word(board, PPB_MPU_RASR, 27 << 1 | 1);
    cpu_board_put_word(board, PPB_MPU_RBAR, BOARD_WINDOW | 0x11); /* 16 KB: the chip */
    cpu_board_put_word(board, PPB_MPU_RASR, 6 << 24 | 1 << 17 | 13 << 1 | 1);
    cpu_board_put_word(board, PPB_MPU_CTRL, 5);
    sim_cpu_set_register(board->cpu, 15, AT_READEND);
    cpu_board_run(board, 100);
    cr_assert_eq(cpu_board_word(board, PPB_CFSR), 0);
    cr_assert_eq(board->speculations, 0);
    sim_cpu_run_until(board->cpu, SIM_PS_PER_S);
    cr_assert_lt(board->highest_speculation, BOARD_CHIP_BYTES);
    cpu_board_free(board);
}

Test(cpu_window, speculates_anywhere_in_a_window_that_is_normal_memory)
{
    struct cpu_board *board = start(false);

    sim_cpu_run_until(board->cpu, SIM_PS_PER_S / 10);
    cr_assert_gt(board->speculations, 100);
    cr_assert_gt(board->highest_speculation, BOARD_CHIP_BYTES);
    cpu_board_free(board);
}

static void put_application(struct cpu_board *board)
{
    static const uint16_t image[] = {0x4000, 0x2000, 0x0011, 0x7000, [8] = 0x2501, 0xE7FE};

    memcpy(board->chip, image, sizeof image);
    sim_cpu_set_handover_range(board->cpu, BOARD_WINDOW, BOARD_CHIP_BYTES);
}

Test(cpu_window, accepts_a_clean_hand_over)
{
    struct cpu_board *board = start(true);

    put_application(board);
    sim_cpu_set_register(board->cpu, 15, AT_HANDOVER);
    cpu_board_run(board, 100);
    cr_assert_eq(cpu_board_reg(board, 5), 1, "the application runs");
    cr_assert_eq(sim_report_violation_count(board->env.report), 0);
    cpu_board_free(board);
}

Test(cpu_window, reports_each_fault_of_a_hand_over)
{
    struct cpu_board *board = start(true);

    put_application(board);
    cpu_board_put_word(board, PPB_CCR, 1 << 16);
    sim_cpu_set_register(board->cpu, 15, AT_BADOVER);
    cpu_board_run(board, 100);
    /* D-cache, PRIMASK and VTOR. */
    cr_assert_eq(sim_report_violation_count(board->env.report), 3);
    cpu_board_run(board, 100);
    cr_assert_eq(sim_report_violation_count(board->env.report), 3, "once per reset");
    cpu_board_free(board);
}
