#include "helpers_cpu.h"

#include <criterion/criterion.h>

#include <string.h>

/* Assembled for address 0; the comments are the listing. */
static const uint16_t program[] = {
    0x8000, 0x2000,      /*   0: vectors: .word */
    0x0041, 0x0000,      /*   4: .word */
    [0x40 / 2] = 0x6801, /*  40: load: ldr r1, [r0, #0] */
    0x2201,              /*  42: movs r2, #1 */
    0xE7FE,              /*  44: b.n 44 <load+0x4> */
    0x7001,              /*  46: storebyte: strb r1, [r0, #0] */
    0x2201,              /*  48: movs r2, #1 */
    0xE7FE,              /*  4a: b.n 4a <storebyte+0x4> */
    0x2308,              /*  4c: fill: movs r3, #8 */
    0xF840, 0x1B04,      /*  4e: str.w r1, [r0], #4 */
    0x3B01,              /*  52: subs r3, #1 */
    0xD1FB,              /*  54: bne.n 4e <fill+0x2> */
    0x2201,              /*  56: movs r2, #1 */
    0xE7FE,              /*  58: b.n 58 <fill+0xc> */
    0x2308,              /*  5a: odd: movs r3, #8 */
    0xF840, 0x1B40,      /*  5c: str.w r1, [r0], #64 */
    0x3B01,              /*  60: subs r3, #1 */
    0xD1FB,              /*  62: bne.n 5c <odd+0x2> */
    0x2201,              /*  64: movs r2, #1 */
    0xE7FE,              /*  66: b.n 66 <odd+0xc> */
};
enum {
    AT_LOAD = 0x40,
    AT_STOREBYTE = 0x46,
    AT_FILL = 0x4C,
    AT_ODD = 0x5A,
};

/* RAM with ECC lines of line_bytes at BOARD_AXI and DTCM, nothing written since power-up. */
static struct cpu_board *start(uint8_t line_bytes)
{
    static uint8_t written[2][BOARD_MEMORY_BYTES / 4 / 8];
    struct cpu_board *board = cpu_board_create(program, sizeof program);

    memset(written, 0, sizeof written);
    board->axi.ecc_line_bytes = line_bytes;
    board->axi.ecc_written = written[0];
    board->dtcm.ecc_line_bytes = 4;
    board->dtcm.ecc_written = written[1];
    sim_bus_regions_changed(board->bus);
    cpu_board_start(board);
    return board;
}

static uint32_t run_code(struct cpu_board *board, uint32_t code, uint32_t addr)
{
    sim_cpu_set_register(board->cpu, 0, addr);
    sim_cpu_set_register(board->cpu, 1, 0x11111111);
    sim_cpu_set_register(board->cpu, 2, 0);
    sim_cpu_set_register(board->cpu, 15, code);
    cpu_board_run(board, 200);
    cr_assert_eq(cpu_board_reg(board, 2), 1);
    return sim_report_violation_count(board->env.report);
}

Test(cpu_ecc, reports_a_load_of_ram_never_written_once)
{
    struct cpu_board *board = start(8);

    cr_assert_eq(run_code(board, AT_LOAD, BOARD_AXI + 0x40), 1);
    cr_assert_eq(run_code(board, AT_LOAD, BOARD_AXI + 0x40), 1);
    cr_assert_eq(run_code(board, AT_LOAD, BOARD_DTCM + 0x40), 2);
    cpu_board_free(board);
}

Test(cpu_ecc, accepts_ram_that_was_filled_word_for_word)
{
    struct cpu_board *board = start(8);

    cr_assert_eq(run_code(board, AT_FILL, BOARD_AXI), 0);
    cr_assert_eq(run_code(board, AT_LOAD, BOARD_AXI + 4), 0);
    cr_assert_eq(run_code(board, AT_STOREBYTE, BOARD_AXI + 5), 0);
    cpu_board_free(board);
}

Test(cpu_ecc, reports_words_that_leave_half_of_their_line_unwritten)
{
    struct cpu_board *board = start(8);

    /* Eight lines half written; four may still wait in the buffer for their other half. */
    cr_assert_eq(run_code(board, AT_ODD, BOARD_AXI), 4);
    cr_assert_eq(run_code(board, AT_ODD, BOARD_DTCM), 4, "DTCM has lines of one word");
    cpu_board_free(board);
}

Test(cpu_ecc, counts_a_line_in_the_write_back_cache_as_written_whole)
{
    struct cpu_board *board = start(8);

    cpu_board_put_word(board, PPB_CCR, 1 << 16);
    cr_assert_eq(run_code(board, AT_ODD, BOARD_AXI), 0);
    cpu_board_free(board);
}

Test(cpu_ecc, takes_a_block_of_the_debug_port_as_one_store)
{
    struct cpu_board *board = start(8);
    uint32_t words[8] = {0};

    cr_assert(sim_cpu_debug_write_block(board->cpu, BOARD_AXI, words, sizeof words, true));
    cr_assert_eq(run_code(board, AT_LOAD, BOARD_AXI + 28), 0);
    cr_assert_eq(sim_report_violation_count(board->env.report), 0);
    cpu_board_free(board);
}
