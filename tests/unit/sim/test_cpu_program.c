#include "cpu_program.h"
#include "cpu_program_image.h"
#include "helpers_cpu.h"

#include <criterion/criterion.h>

#include <string.h>

enum {
    ARGUMENTS = BOARD_DTCM + 0x9000, /* results, buffer, seed; then the flag that it is done */
    DONE = ARGUMENTS + 12,
    RESULTS = BOARD_DTCM,
    BUFFER_IN_DTCM = BOARD_DTCM + 0x400,
    BUFFER_IN_AXI = BOARD_AXI + 0x400,
    SEEDS = 3
};

static struct cpu_board *start(uint32_t buffer, uint32_t seed)
{
    struct cpu_board *board = cpu_board_create(program_image, sizeof program_image);

    cpu_board_put_word(board, ARGUMENTS, RESULTS);
    cpu_board_put_word(board, ARGUMENTS + 4, buffer);
    cpu_board_put_word(board, ARGUMENTS + 8, seed);
    cpu_board_start(board);
    return board;
}

static bool is_done(struct cpu_board *board)
{
    return cpu_board_word(board, DONE) != 0;
}

static void expect_results(struct cpu_board *board, uint32_t seed)
{
    static _Alignas(8) uint8_t buffer[PROGRAM_BUFFER_BYTES];
    uint32_t expected[PROGRAM_RESULTS] = {0};

    memset(buffer, 0, sizeof buffer);
    run_program(expected, buffer, seed);
    cr_assert(is_done(board), "PC 0x%x, CFSR 0x%x", sim_cpu_pc(board->cpu),
        cpu_board_word(board, PPB_CFSR));
    for (uint32_t i = 0; i < PROGRAM_RESULTS; i++) {
        cr_assert_eq(
            cpu_board_word(board, RESULTS + 4 * i), expected[i], "seed %u, result %u", seed, i);
    }
    cpu_board_free(board);
}

static void run_slices(struct cpu_board *board, uint64_t cycles)
{
    for (uint32_t i = 0; i < 1000000 && !is_done(board); i++) {
        cpu_board_run(board, cycles);
    }
}

Test(cpu_program, computes_what_the_host_computes)
{
    for (uint32_t seed = 1; seed <= SEEDS; seed++) {
        struct cpu_board *board = start(BUFFER_IN_DTCM, seed);

        run_slices(board, 100000);
        expect_results(board, seed);
    }
}

Test(cpu_program, computes_the_same_with_caches_over_axi_ram)
{
    for (uint32_t seed = 1; seed <= SEEDS; seed++) {
        struct cpu_board *board = start(BUFFER_IN_AXI, seed);

        cpu_board_put_word(board, PPB_CCR, 3 << 16);
        run_slices(board, 100000);
        expect_results(board, seed);
    }
}

/* A small MPU region in each page makes the model look at every single access. */
Test(cpu_program, computes_the_same_under_the_mpu)
{
    for (uint32_t seed = 1; seed <= SEEDS; seed++) {
        struct cpu_board *board = start(BUFFER_IN_DTCM, seed);

        for (uint32_t i = 0; i < 16; i++) {
            cpu_board_put_word(board, PPB_MPU_RBAR, (BOARD_DTCM + i * 0x1000) | 0x10 | i);
            cpu_board_put_word(board, PPB_MPU_RASR, 3 << 24 | 3 << 16 | 4 << 1 | 1);
        }
        cpu_board_put_word(board, PPB_MPU_CTRL, 5);
        run_slices(board, 100000);
        expect_results(board, seed);
    }
}

Test(cpu_program, computes_the_same_in_slices_of_a_few_instructions)
{
    struct cpu_board *board = start(BUFFER_IN_DTCM, 1);

    run_slices(board, 13);
    expect_results(board, 1);
}

Test(cpu_program, computes_the_same_step_by_step)
{
    struct cpu_board *board = start(BUFFER_IN_DTCM, 1);

    cpu_board_put_word(board, PPB_DHCSR, 0xA05F0003);
    for (uint32_t i = 0; i < 2000000 && !is_done(board); i++) {
        cpu_board_put_word(board, PPB_DHCSR, 0xA05F0005);
        cpu_board_run(board, 50);
    }
    expect_results(board, 1);
}

Test(cpu_program, computes_the_same_when_interrupted_all_the_time)
{
    struct cpu_board *board = start(BUFFER_IN_DTCM, 2);
    static const uint16_t handler[] = {0x4770}; /* BX LR */

    memcpy(board->itcm.bytes + 0xFF00, handler, sizeof handler);
    cpu_board_put_word(board, 0x3C, 0xFF01);
    cpu_board_put_word(board, PPB_SYST_CSR + 4, 96); /* every 97 cycles */
    cpu_board_put_word(board, PPB_SYST_CSR, 7);
    run_slices(board, 100000);
    expect_results(board, 2);
}
