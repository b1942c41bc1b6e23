#include "helpers_cpu.h"

#include <criterion/criterion.h>

/* Assembled for address 0; the comments are the listing. */
static const uint16_t program[] = {
    0x8000, 0x2000,              /*   0: vectors: .word */
    0x0041, 0x0000,              /*   4: .word */
    [0x0C / 2] = 0x0043, 0x0000, /*   c: .word */
    0x0049, 0x0000,              /*  10: .word */
    [0x40 / 2] = 0xE7FE,         /*  40: spin: b.n 40 <spin> */
    0xF04F, 0x0A03,              /*  42: hard: mov.w sl, #3 */
    0xE7FC,                      /*  46: b.n 42 <hard> */
    0xF04F, 0x0A04,              /*  48: mem: mov.w sl, #4 */
    0xE7FE,                      /*  4c: b.n 4c <mem+0x4> */
    0x6801,                      /*  4e: load: ldr r1, [r0, #0] */
    0x2201,                      /*  50: movs r2, #1 */
    0xE7FE,                      /*  52: b.n 52 <load+0x4> */
    0x6001,                      /*  54: store: str r1, [r0, #0] */
    0x2201,                      /*  56: movs r2, #1 */
    0xE7FE,                      /*  58: b.n 58 <store+0x4> */
    0x4700,                      /*  5a: jump: bx r0 */
    0xF850, 0x1E00,              /*  5c: unpriv: ldrt r1, [r0] */
    0x2201,                      /*  60: movs r2, #1 */
    0xE7FE,                      /*  62: b.n 62 <unpriv+0x6> */
    0x2308,                      /*  64: fill: movs r3, #8 */
    0xF840, 0x1B04,              /*  66: str.w r1, [r0], #4 */
    0x3B01,                      /*  6a: subs r3, #1 */
    0xD1FB,                      /*  6c: bne.n 66 <fill+0x2> */
    0x2201,                      /*  6e: movs r2, #1 */
    0xE7FE,                      /*  70: b.n 70 <fill+0xc> */
    0x6804,                      /*  72: sum: ldr r4, [r0, #0] */
    0xF100, 0x0040,              /*  74: add.w r0, r0, #64 */
    0x3B01,                      /*  78: subs r3, #1 */
    0xD1FA,                      /*  7a: bne.n 72 <sum> */
    0x2201,                      /*  7c: movs r2, #1 */
    0xE7FE,                      /*  7e: b.n 7e <sum+0xc> */
};
enum {
    AT_SPIN = 0x40,
    AT_HARD = 0x42,
    AT_MEM = 0x48,
    AT_LOAD = 0x4E,
    AT_STORE = 0x54,
    AT_JUMP = 0x5A,
    AT_UNPRIV = 0x5C,
    AT_FILL = 0x64,
    AT_SUM = 0x72,
};

enum { DC = 1 << 16, LINE = BOARD_AXI + 0x100 };

static struct cpu_board *start(bool cache_on)
{
    struct cpu_board *board = cpu_board_create(program, sizeof program);

    cpu_board_start(board);
    if (cache_on) {
        cpu_board_put_word(board, PPB_CCR, DC);
    }
    return board;
}

static void run_code(struct cpu_board *board, uint32_t code, uint32_t r0, uint32_t r1)
{
    sim_cpu_set_register(board->cpu, 0, r0);
    sim_cpu_set_register(board->cpu, 1, r1);
    sim_cpu_set_register(board->cpu, 2, 0);
    sim_cpu_set_register(board->cpu, 15, code);
    cpu_board_run(board, 2);
    while (cpu_board_reg(board, 2) == 0) {
        cpu_board_run(board, 10);
    }
}

static uint32_t core_load(struct cpu_board *board, uint32_t addr)
{
    run_code(board, AT_LOAD, addr, 0);
    return cpu_board_reg(board, 1);
}

static uint32_t coherent_word(struct cpu_board *board, uint32_t addr)
{
    uint32_t value = 0;

    cr_assert(sim_cpu_debug_read(board->cpu, addr, 4, true, &value));
    return value;
}

Test(cpu_cache, hides_a_dirty_line_from_a_non_cacheable_reader_only)
{
    struct cpu_board *board = start(true);

    run_code(board, AT_STORE, LINE, 0x1234);
    cr_assert_eq(cpu_board_word(board, LINE), 0, "behind the cache");
    cr_assert_eq(coherent_word(board, LINE), 0x1234);
    cr_assert_eq(core_load(board, LINE), 0x1234);
    cpu_board_free(board);
}

Test(cpu_cache, is_transparent_while_it_is_off_and_for_tcm)
{
    struct cpu_board *board = start(false);

    run_code(board, AT_STORE, LINE, 0x1234);
    cr_assert_eq(cpu_board_word(board, LINE), 0x1234);
    cpu_board_put_word(board, PPB_CCR, DC);
    run_code(board, AT_STORE, BOARD_DTCM + 0x100, 0x77);
    cr_assert_eq(cpu_board_word(board, BOARD_DTCM + 0x100), 0x77);
    cpu_board_free(board);
}

Test(cpu_cache, writes_back_when_cleaned_by_address_or_by_set_and_way)
{
    struct cpu_board *board = start(true);

    run_code(board, AT_STORE, LINE, 0x1234);
    cpu_board_put_word(board, PPB_DCCMVAC, LINE + 12);
    cr_assert_eq(cpu_board_word(board, LINE), 0x1234);
    run_code(board, AT_STORE, LINE, 0x5678);
    for (uint32_t way = 0; way < 4; way++) {
        for (uint32_t set = 0; set < 256; set++) {
            cpu_board_put_word(board, PPB_DCCISW, way << 30 | set << 5);
        }
    }
    cr_assert_eq(cpu_board_word(board, LINE), 0x5678);
    cr_assert_eq(core_load(board, LINE), 0x5678);
    cpu_board_free(board);
}

Test(cpu_cache, loses_dirty_data_when_invalidated_without_cleaning)
{
    struct cpu_board *board = start(true);

    run_code(board, AT_STORE, LINE, 0x1234);
    cpu_board_put_word(board, PPB_DCIMVAC, LINE);
    cr_assert_eq(core_load(board, LINE), 0);
    cpu_board_free(board);
}

Test(cpu_cache, overwrites_a_non_cacheable_debug_write_when_the_line_is_evicted)
{
    struct cpu_board *board = start(true);

    run_code(board, AT_STORE, LINE, 0x1234);
    cpu_board_put_word(board, LINE + 4, 0x9999);
    cr_assert_eq(cpu_board_word(board, LINE + 4), 0x9999, "it is behind the cache for now");
    cr_assert_eq(core_load(board, LINE + 4), 0, "and the core does not see it");
    cpu_board_put_word(board, PPB_DCCMVAC, LINE);
    cr_assert_eq(cpu_board_word(board, LINE + 4), 0, "lost");
    cpu_board_free(board);
}

Test(cpu_cache, keeps_a_clean_line_stale_until_it_is_invalidated)
{
    struct cpu_board *board = start(true);

    cr_assert_eq(core_load(board, LINE), 0);
    cpu_board_put_word(board, LINE, 0x42);
    cr_assert_eq(core_load(board, LINE), 0, "stale");
    cpu_board_put_word(board, PPB_DCIMVAC, LINE);
    cr_assert_eq(core_load(board, LINE), 0x42);
    cpu_board_free(board);
}

Test(cpu_cache, takes_a_cacheable_debug_write_coherently)
{
    struct cpu_board *board = start(true);

    run_code(board, AT_STORE, LINE, 0x1234);
    cr_assert(sim_cpu_debug_write(board->cpu, LINE + 4, 4, true, 0x42));
    cr_assert_eq(core_load(board, LINE + 4), 0x42);
    cpu_board_put_word(board, PPB_DCCMVAC, LINE);
    cr_assert_eq(cpu_board_word(board, LINE + 4), 0x42);
    cpu_board_put_word(board, LINE + 8, 0x99); /* behind the line, which is clean now */
    cr_assert(sim_cpu_debug_write(board->cpu, LINE + 4, 4, true, 0x43));
    cpu_board_put_word(board, PPB_DCIMVAC, LINE);
    cr_assert_eq(core_load(board, LINE + 4), 0x43, "it had reached memory, too");
    cr_assert_eq(core_load(board, LINE + 8), 0x99);
    cpu_board_free(board);
}

Test(cpu_cache, shows_everybody_stale_memory_when_turned_off_without_cleaning)
{
    struct cpu_board *board = start(true);

    run_code(board, AT_STORE, LINE, 0x1234);
    cpu_board_put_word(board, PPB_CCR, 0);
    cr_assert_eq(core_load(board, LINE), 0);
    cr_assert_eq(cpu_board_word(board, LINE), 0);
    cpu_board_put_word(board, PPB_DCCMVAC, LINE); /* the line is still there to be cleaned */
    cr_assert_eq(core_load(board, LINE), 0x1234);
    cpu_board_free(board);
}

Test(cpu_cache, loses_dirty_lines_at_reset)
{
    struct cpu_board *board = start(true);

    run_code(board, AT_STORE, LINE, 0x1234);
    sim_cpu_reset(board->cpu, SIM_RESET_PIN);
    cr_assert_eq(cpu_board_word(board, LINE), 0);
    cpu_board_free(board);
}

Test(cpu_cache, evicts_dirty_lines_sooner_or_later)
{
    struct cpu_board *board = start(true);

    run_code(board, AT_STORE, LINE, 0x1234);
    sim_cpu_set_register(board->cpu, 15, AT_SPIN);
    sim_cpu_run_until(board->cpu, SIM_PS_PER_S);
    cr_assert_eq(cpu_board_word(board, LINE), 0x1234);
    cpu_board_free(board);
}

Test(cpu_cache, evicts_when_a_set_is_full)
{
    struct cpu_board *board = start(true);
    uint32_t written = 0;

    for (uint32_t i = 0; i < 8; i++) { /* 8 KiB apart: the same set, four ways */
        run_code(board, AT_STORE, BOARD_AXI + i * 0x2000, 0x100 + i);
    }
    for (uint32_t i = 0; i < 8; i++) {
        written += cpu_board_word(board, BOARD_AXI + i * 0x2000) == 0x100 + i ? 1 : 0;
    }
    for (uint32_t i = 0; i < 8; i++) {
        cr_assert_eq(core_load(board, BOARD_AXI + i * 0x2000), 0x100 + i);
    }
    cr_assert_eq(written, 4);
    cpu_board_free(board);
}

Test(cpu_cache, writes_through_where_the_mpu_says_so)
{
    struct cpu_board *board = start(true);

    cpu_board_put_word(board, PPB_MPU_RBAR, BOARD_AXI | 0x10);
    cpu_board_put_word(board, PPB_MPU_RASR, 3 << 24 | 1 << 17 | 15 << 1 | 1); /* C 1, B 0 */
    cpu_board_put_word(board, PPB_MPU_CTRL, 5);
    run_code(board, AT_STORE, LINE, 0x1234);
    cr_assert_eq(cpu_board_word(board, LINE), 0x1234);
    cpu_board_put_word(board, PPB_MPU_RASR, 3 << 24 | 3 << 16 | 1 << 18 | 15 << 1 | 1);
    run_code(board, AT_STORE, LINE, 0x5678);
    cr_assert_eq(cpu_board_word(board, LINE), 0x5678, "shareable is not cached");
    cpu_board_free(board);
}

Test(cpu_cache, tells_the_size_of_the_caches)
{
    struct cpu_board *board = start(false);

    cr_assert_eq(cpu_board_word(board, 0xE000ED80), 0xF01FE019, "CCSIDR of 32 KiB, 4 ways");
    cpu_board_put_word(board, 0xE000ED84, 1);
    cr_assert_eq(cpu_board_word(board, 0xE000ED80), 0xF03FE009, "CCSIDR of 32 KiB, 2 ways");
    cpu_board_free(board);
}

Test(cpu_cache, makes_the_second_access_to_a_line_cheaper)
{
    struct cpu_board *board = start(true);
    uint64_t first_ps = 0;
    uint64_t second_ps = 0;

    board->axi_wait_ps = 10 * BOARD_CYCLE_PS;
    sim_cpu_set_register(board->cpu, 0, LINE);
    sim_cpu_set_register(board->cpu, 15, AT_LOAD);
    first_ps = board->clock.now_ps;
    sim_cpu_run_until(board->cpu, first_ps + 1);
    first_ps = board->clock.now_ps - first_ps;
    sim_cpu_set_register(board->cpu, 15, AT_LOAD);
    second_ps = board->clock.now_ps;
    sim_cpu_run_until(board->cpu, second_ps + 1);
    second_ps = board->clock.now_ps - second_ps;
    cr_assert_eq(second_ps, BOARD_CYCLE_PS);
    cr_assert_eq(first_ps,
        second_ps + 10 * BOARD_CYCLE_PS + sim_cpu_default_costs.cache_fill * BOARD_CYCLE_PS);
    cpu_board_free(board);
}

Test(cpu_cache, moves_blocks_of_the_debug_port_through_and_past_the_cache)
{
    struct cpu_board *board = start(true);
    uint32_t words[4] = {1, 2, 3, 4};
    uint32_t read[4] = {0};

    run_code(board, AT_STORE, LINE, 0x1234);
    cr_assert(sim_cpu_debug_write_block(board->cpu, LINE, words, sizeof words, false));
    cr_assert(sim_cpu_debug_read_block(board->cpu, LINE, read, sizeof read, false));
    cr_assert_arr_eq(read, words, sizeof words);
    cr_assert(sim_cpu_debug_read_block(board->cpu, LINE, read, sizeof read, true));
    cr_assert_eq(read[0], 0x1234);
    cr_assert(sim_cpu_debug_write_block(board->cpu, LINE, words, sizeof words, true));
    cr_assert_eq(core_load(board, LINE), 1);
    cr_assert_not(sim_cpu_debug_read_block(board->cpu, BOARD_ROM, read, sizeof read, true));
    cr_assert_not(sim_cpu_debug_read_block(
        board->cpu, BOARD_AXI + BOARD_MEMORY_BYTES - 8, read, sizeof read, true));
    cpu_board_free(board);
}
