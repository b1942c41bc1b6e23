#include "helpers_cpu.h"

#include <criterion/criterion.h>

/* Assembled for address 0; the comments are the listing. */
static const uint16_t program[] = {
    0x8000, 0x2000,              /*   0: vectors: .word */
    0x0041, 0x0000,              /*   4: .word */
    [0x3C / 2] = 0x005B, 0x0000, /*  3c: .word */
    0x4820,                      /*  40: flag: ldr r0, [pc, #128] */
    0xF641, 0x01FF,              /*  42: movw r1, #6399 */
    0x6041,                      /*  46: str r1, [r0, #4] */
    0x2107,                      /*  48: movs r1, #7 */
    0x6001,                      /*  4a: str r1, [r0, #0] */
    0x4C1E,                      /*  4c: ldr r4, [pc, #120] */
    0x6825,                      /*  4e: ldr r5, [r4, #0] */
    0x6826,                      /*  50: ldr r6, [r4, #0] */
    0x42AE,                      /*  52: cmp r6, r5 */
    0xD0FC,                      /*  54: beq.n 50 <flag+0x10> */
    0x3701,                      /*  56: adds r7, #1 */
    0xE7F9,                      /*  58: b.n 4e <flag+0xe> */
    0x481B,                      /*  5a: tick: ldr r0, [pc, #108] */
    0x6801,                      /*  5c: ldr r1, [r0, #0] */
    0x3101,                      /*  5e: adds r1, #1 */
    0x6001,                      /*  60: str r1, [r0, #0] */
    0x4770,                      /*  62: bx lr */
    0x4C18,                      /*  64: kick: ldr r4, [pc, #96] */
    0xF8DF, 0x8064,              /*  66: ldr.w r8, [pc, #100] */
    0xF64A, 0x29AA,              /*  6a: movw r9, #43690 */
    0xF000, 0xF804,              /*  6e: bl 7a <getword> */
    0x2800,                      /*  72: cmp r0, #0 */
    0xD0FB,                      /*  74: beq.n 6e <kick+0xa> */
    0x2701,                      /*  76: movs r7, #1 */
    0xE7FE,                      /*  78: b.n 78 <kick+0x14> */
    0xB510,                      /*  7a: getword: push {r4, lr} */
    0xF8C8, 0x9000,              /*  7c: str.w r9, [r8] */
    0x6820,                      /*  80: ldr r0, [r4, #0] */
    0xBD10,                      /*  82: pop {r4, pc} */
    0xF44F, 0x707A,              /*  84: delay: mov.w r0, #1000 */
    0x3801,                      /*  88: subs r0, #1 */
    0xD1FD,                      /*  8a: bne.n 88 <delay+0x4> */
    0x2701,                      /*  8c: movs r7, #1 */
    0xE7FE,                      /*  8e: b.n 8e <delay+0xa> */
    0xF04F, 0x44A0,              /*  90: busy: mov.w r4, #1342177280 */
    0x4B0E,                      /*  94: ldr r3, [pc, #56] */
    0x6865,                      /*  96: ldr r5, [r4, #4] */
    0xF64A, 0x26AA,              /*  98: movw r6, #43690 */
    0xF8C4, 0x6100,              /*  9c: str.w r6, [r4, #256] */
    0x07ED,                      /*  a0: lsls r5, r5, #31 */
    0xD501,                      /*  a2: bpl.n a8 <busy+0x18> */
    0x3B01,                      /*  a4: subs r3, #1 */
    0xD1F6,                      /*  a6: bne.n 96 <busy+0x6> */
    0x2701,                      /*  a8: movs r7, #1 */
    0xE7FE,                      /*  aa: b.n aa <busy+0x1a> */
    0xF04F, 0x44A0,              /*  ac: device: mov.w r4, #1342177280 */
    0x69E5,                      /*  b0: ldr r5, [r4, #28] */
    0x2D00,                      /*  b2: cmp r5, #0 */
    0xD1FC,                      /*  b4: bne.n b0 <device+0x4> */
    0x4C07,                      /*  b6: counter: ldr r4, [pc, #28] */
    0x6825,                      /*  b8: ldr r5, [r4, #0] */
    0x3501,                      /*  ba: adds r5, #1 */
    0x6025,                      /*  bc: str r5, [r4, #0] */
    0x2500,                      /*  be: movs r5, #0 */
    0xE7FA,                      /*  c0: b.n b8 <counter+0x2> */
    0x0000,                      /*  c2: .short 0x0000 */
    0xE010, 0xE000,              /*  c4: .word */
    0x0100, 0x2000,              /*  c8: .word */
    0x0100, 0x5000,              /*  cc: .word */
    0x4240, 0x000F,              /*  d0: .word */
    0x0200, 0x2000,              /*  d4: .word */
};
enum {
    AT_FLAG = 0x40,
    AT_TICK = 0x5A,
    AT_KICK = 0x64,
    AT_GETWORD = 0x7A,
    AT_DELAY = 0x84,
    AT_BUSY = 0x90,
    AT_DEVICE = 0xAC,
    AT_COUNTER = 0xB6,
};

static struct cpu_board *start_at(uint32_t pc, bool skipping)
{
    struct cpu_board *board = cpu_board_create(program, sizeof program);

    cpu_board_start(board);
    sim_cpu_set_skipping(board->cpu, skipping);
    sim_cpu_set_register(board->cpu, 15, pc);
    return board;
}

static uint64_t cost(const struct cpu_board *board, enum sim_cost kind)
{
    return sim_report_cost_total(board->env.report, kind);
}

static void expect_equal(struct cpu_board *one, struct cpu_board *other)
{
    cr_assert_eq(one->clock.now_ps, other->clock.now_ps);
    for (unsigned reg = 0; reg < 17; reg++) {
        cr_assert_eq(cpu_board_reg(one, reg), cpu_board_reg(other, reg), "register %u", reg);
    }
    cr_assert_arr_eq(one->dtcm.bytes, other->dtcm.bytes, BOARD_MEMORY_BYTES);
    cr_assert_eq(cost(one, SIM_COST_INSTRUCTIONS), cost(other, SIM_COST_INSTRUCTIONS));
    cr_assert_eq(cost(one, SIM_COST_CPU_BUSY_PS), cost(other, SIM_COST_CPU_BUSY_PS));
}

Test(cpu_wait, ends_a_wait_for_memory_at_the_same_time_with_and_without_skipping)
{
    struct cpu_board *skipped = start_at(AT_FLAG, true);
    struct cpu_board *spun = start_at(AT_FLAG, false);

    cpu_board_run(skipped, 1000003);
    cpu_board_run(spun, 1000003);
    cr_assert_gt(cpu_board_reg(spun, 7), 150);
    expect_equal(skipped, spun);
    cr_assert_gt(cost(skipped, SIM_COST_CPU_POLL_PS), UINT64_C(900000) * BOARD_CYCLE_PS);
    cr_assert_eq(cost(spun, SIM_COST_CPU_POLL_PS), 0);
    cpu_board_free(skipped);
    cpu_board_free(spun);
}

Test(cpu_wait, skips_a_loop_with_calls_that_kicks_the_watchdog)
{
    struct cpu_board *skipped = start_at(AT_KICK, true);
    struct cpu_board *spun = start_at(AT_KICK, false);
    struct cpu_board *boards[2] = {skipped, spun};

    for (size_t i = 0; i < 2; i++) {
        cpu_board_run(boards[i], 300000);
        cpu_board_put_word(boards[i], 0x20000100, 1);
        cpu_board_run(boards[i], 1000);
        cr_assert_eq(cpu_board_reg(boards[i], 7), 1);
    }
    expect_equal(skipped, spun);
    cr_assert_lt(skipped->kicks, spun->kicks / 10);
    cpu_board_free(skipped);
    cpu_board_free(spun);
}

struct watchdog {
    struct cpu_board *board;
    struct sim_event event;
    bool expired;
};

static void expire(void *context)
{
    struct watchdog *watchdog = context;

    watchdog->expired = true;
}

Test(cpu_wait, kicks_again_before_the_next_event)
{
    struct cpu_board *board = start_at(AT_KICK, true);
    struct watchdog watchdog = {.board = board};
    uint32_t kicks = 0;

    watchdog.event = (struct sim_event){.fire = expire, .context = &watchdog};
    cpu_board_run(board, 1000);
    kicks = board->kicks;
    sim_clock_schedule(
        &board->clock, &watchdog.event, board->clock.now_ps + UINT64_C(50000) * BOARD_CYCLE_PS);
    sim_cpu_run_until(board->cpu, watchdog.event.due_ps - 1);
    cr_assert_gt(board->kicks, kicks, "the program had its turn before the event");
    cr_assert_lt(board->clock.now_ps - board->last_access_ps, UINT64_C(60) * BOARD_CYCLE_PS);
    cpu_board_free(board);
}

struct mail {
    struct cpu_board *board;
    struct sim_event event;
};

static void deliver(void *context)
{
    struct mail *mail = context;

    (void)sim_bus_write(mail->board->bus, SIM_MASTER_DMA, 0x20000100, 4, 1);
}

Test(cpu_wait, sees_what_an_event_brings_in_the_middle_of_a_pass)
{
    for (uint64_t due = 1000; due < 1100; due++) {
        struct cpu_board *boards[2] = {start_at(AT_KICK, true), start_at(AT_KICK, false)};
        struct mail mails[2];

        for (size_t i = 0; i < 2; i++) {
            mails[i] = (struct mail){.board = boards[i]};
            mails[i].event = (struct sim_event){.fire = deliver, .context = &mails[i]};
            sim_clock_schedule(&boards[i]->clock, &mails[i].event, due * BOARD_CYCLE_PS);
            cpu_board_run(boards[i], 1200);
            cr_assert_eq(cpu_board_reg(boards[i], 7), 1, "mail at cycle %u", (unsigned)due);
        }
        expect_equal(boards[0], boards[1]);
        cpu_board_free(boards[0]);
        cpu_board_free(boards[1]);
    }
}

Test(cpu_wait, never_lets_a_watchdog_expire_that_each_pass_reloads)
{
    for (uint64_t period = 100; period < 200; period++) {
        struct cpu_board *board = start_at(AT_KICK, true);
        struct watchdog watchdog = {.board = board};

        watchdog.event = (struct sim_event){.fire = expire, .context = &watchdog};
        board->watchdog = &watchdog.event;
        board->watchdog_ps = period * BOARD_CYCLE_PS;
        cpu_board_run(board, 20000);
        cr_assert_not(watchdog.expired, "period of %u cycles", (unsigned)period);
        cpu_board_free(board);
    }
}

Test(cpu_wait, skips_nothing_in_a_loop_that_counts)
{
    struct cpu_board *board = start_at(AT_DELAY, true);
    struct cpu_board *counter = start_at(AT_COUNTER, true);

    cpu_board_run(board, 5000);
    cr_assert_eq(cpu_board_reg(board, 7), 1);
    cpu_board_run(counter, 50000);
    cr_assert_eq(cost(counter, SIM_COST_CPU_POLL_PS), 0);
    cr_assert_gt(cpu_board_word(counter, 0x20000200), 5000);
    cpu_board_free(board);
    cpu_board_free(counter);
}

Test(cpu_wait, spends_time_when_a_model_hints_at_polling)
{
    struct cpu_board *board = start_at(AT_BUSY, true);
    uint64_t instructions = 0;

    board->busy_until_ps = 20 * SIM_PS_PER_MS;
    sim_cpu_run_until(board->cpu, 21 * SIM_PS_PER_MS);
    instructions = cost(board, SIM_COST_INSTRUCTIONS);
    cr_assert_eq(cpu_board_reg(board, 7), 1);
    cr_assert_lt(board->reads, 1000, "%u polls", board->reads);
    cr_assert_gt(cost(board, SIM_COST_CPU_POLL_PS), 19 * SIM_PS_PER_MS);
    cr_assert_lt(board->last_access_ps, 20 * SIM_PS_PER_MS + 201 * SIM_PS_PER_US);
    cr_assert_gt(instructions, 0);
    cpu_board_free(board);
}

Test(cpu_wait, never_jumps_over_an_event_when_a_model_hints)
{
    struct cpu_board *board = start_at(AT_BUSY, true);
    struct watchdog watchdog = {.board = board};

    watchdog.event = (struct sim_event){.fire = expire, .context = &watchdog};
    board->busy_until_ps = SIM_PS_PER_MS;
    sim_clock_schedule(&board->clock, &watchdog.event, 123456789);
    sim_cpu_run_until(board->cpu, 123456788);
    cr_assert_not(watchdog.expired);
    cr_assert_lt(board->clock.now_ps, 123456788 + UINT64_C(100) * BOARD_CYCLE_PS);
    sim_cpu_run_until(board->cpu, 123456789);
    cr_assert(watchdog.expired);
    cpu_board_free(board);
}

Test(cpu_wait, reads_a_register_without_hint_every_time)
{
    struct cpu_board *board = start_at(AT_DEVICE, true);

    cpu_board_run(board, 10000);
    cr_assert_eq(cost(board, SIM_COST_CPU_POLL_PS), 0);
    cr_assert_gt(board->reads, 500);
    cpu_board_free(board);
}

Test(cpu_wait, repeats_a_run_to_the_picosecond)
{
    struct cpu_board *first = start_at(AT_FLAG, true);
    struct cpu_board *second = start_at(AT_FLAG, true);

    for (unsigned i = 0; i < 50; i++) {
        cpu_board_run(first, 1000 + 77 * i);
        cpu_board_run(second, 1000 + 77 * i);
        expect_equal(first, second);
        cr_assert_eq(first->speculations, second->speculations);
    }
    cpu_board_free(first);
    cpu_board_free(second);
}
