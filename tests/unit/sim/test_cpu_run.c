#include "helpers_cpu.h"

#include <criterion/criterion.h>

#include <string.h>

/* Assembled for address 0; the comments are the listing. */
static const uint16_t program[] = {
    0x8000, 0x2000,              /*   0: vectors: .word */
    0x0049, 0x0000,              /*   4: .word */
    [0x3C / 2] = 0x0057, 0x0000, /*  3c: .word */
    0x005B, 0x0000,              /*  40: .word */
    [0x48 / 2] = 0x485A,         /*  48: ticks: ldr r0, [pc, #360] */
    0x2163,                      /*  4a: movs r1, #99 */
    0x6041,                      /*  4c: str r1, [r0, #4] */
    0x2107,                      /*  4e: movs r1, #7 */
    0x6001,                      /*  50: str r1, [r0, #0] */
    0x3201,                      /*  52: adds r2, #1 */
    0xE7FD,                      /*  54: b.n 52 <ticks+0xa> */
    0x3401,                      /*  56: tick: adds r4, #1 */
    0x4770,                      /*  58: bx lr */
    0xF04F, 0x40A0,              /*  5a: irq: mov.w r0, #1342177280 */
    0x2100,                      /*  5e: movs r1, #0 */
    0x6141,                      /*  60: str r1, [r0, #20] */
    0x3501,                      /*  62: adds r5, #1 */
    0x4770,                      /*  64: bx lr */
    0xF04F, 0x40A0,              /*  66: transfers: mov.w r0, #1342177280 */
    0x4953,                      /*  6a: ldr r1, [pc, #332] */
    0x6001,                      /*  6c: str r1, [r0, #0] */
    0x6802,                      /*  6e: ldr r2, [r0, #0] */
    0x8843,                      /*  70: ldrh r3, [r0, #2] */
    0xF990, 0x4000,              /*  72: ldrsb.w r4, [r0] */
    0x69C5,                      /*  76: ldr r5, [r0, #28] */
    0xBF00,                      /*  78: nop */
    0xBF00,                      /*  7a: nop */
    0x69C6,                      /*  7c: ldr r6, [r0, #28] */
    0xF880, 0x4020,              /*  7e: strb.w r4, [r0, #32] */
    0x6181,                      /*  82: str r1, [r0, #24] */
    0x2701,                      /*  84: movs r7, #1 */
    0xE7FE,                      /*  86: b.n 86 <transfers+0x20> */
    0xF04F, 0x40A0,              /*  88: itmix: mov.w r0, #1342177280 */
    0xF64C, 0x21FE,              /*  8c: movw r1, #51966 */
    0x6001,                      /*  90: str r1, [r0, #0] */
    0x2305,                      /*  92: movs r3, #5 */
    0x2B05,                      /*  94: cmp r3, #5 */
    0xBF0B,                      /*  96: itete eq */
    0x6804,                      /*  98: ldreq r4, [r0, #0] */
    0x6884,                      /*  9a: ldrne r4, [r0, #8] */
    0x1C65,                      /*  9c: addeq r5, r4, #1 */
    0x3507,                      /*  9e: addne r5, #7 */
    0x2B06,                      /*  a0: cmp r3, #6 */
    0xBF1C,                      /*  a2: itt ne */
    0x3603,                      /*  a4: addne r6, #3 */
    0x6006,                      /*  a6: strne r6, [r0, #0] */
    0x2B05,                      /*  a8: cmp r3, #5 */
    0xBF02,                      /*  aa: ittt eq */
    0x2703,                      /*  ac: moveq r7, #3 */
    0x3F03,                      /*  ae: subeq r7, #3 */
    0xF04F, 0x0809,              /*  b0: moveq.w r8, #9 */
    0xF3EF, 0x8900,              /*  b4: mrs r9, CPSR */
    0xE7FE,                      /*  b8: b.n b8 <itmix+0x30> */
    0x4840,                      /*  ba: wfi: ldr r0, [pc, #256] */
    0x2101,                      /*  bc: movs r1, #1 */
    0x6001,                      /*  be: str r1, [r0, #0] */
    0xBF30,                      /*  c0: wfi */
    0x3601,                      /*  c2: adds r6, #1 */
    0xE7FE,                      /*  c4: b.n c4 <wfi+0xa> */
    0xBF40,                      /*  c6: wfe: sev */
    0xBF20,                      /*  c8: wfe */
    0x2601,                      /*  ca: movs r6, #1 */
    0xBF20,                      /*  cc: wfe */
    0x2602,                      /*  ce: movs r6, #2 */
    0xE7FE,                      /*  d0: b.n d0 <wfe+0xa> */
    0x483B,                      /*  d2: lists: ldr r0, [pc, #236] */
    0xF04F, 0x3111,              /*  d4: mov.w r1, #286331153 */
    0xF04F, 0x3222,              /*  d8: mov.w r2, #572662306 */
    0xF04F, 0x3333,              /*  dc: mov.w r3, #858993459 */
    0xC00E,                      /*  e0: stmia r0!, {r1, r2, r3} */
    0xE900, 0x000A,              /*  e2: stmdb r0, {r1, r3} */
    0x4C36,                      /*  e6: ldr r4, [pc, #216] */
    0xE894, 0x00E0,              /*  e8: ldmia.w r4, {r5, r6, r7} */
    0xB520,                      /*  ec: push {r5, lr} */
    0xE8BD, 0x0300,              /*  ee: ldmia.w sp!, {r8, r9} */
    0xE9E4, 0x1304,              /*  f2: strd r1, r3, [r4, #16]! */
    0xE874, 0xAB04,              /*  f6: ldrd sl, fp, [r4], #-16 */
    0xE854, 0xCF00,              /*  fa: ldrex ip, [r4] */
    0xF11C, 0x0C01,              /*  fe: adds.w ip, ip, #1 */
    0xE844, 0xC100,              /* 102: strex r1, ip, [r4] */
    0xE844, 0xC200,              /* 106: strex r2, ip, [r4] */
    0xE7FE,                      /* 10a: b.n 10a <lists+0x38> */
    0x2002,                      /* 10c: table: movs r0, #2 */
    0xE8DF, 0xF000,              /* 10e: tbb [pc, r0] */
    0x0302,                      /* 112: .short 0x0302 */
    0x0504,                      /* 114: .short 0x0504 */
    0xE7FE,                      /* 116: b.n 116 <table+0xa> */
    0x210A,                      /* 118: movs r1, #10 */
    0x210B,                      /* 11a: movs r1, #11 */
    0x210C,                      /* 11c: movs r1, #12 */
    0x2201,                      /* 11e: movs r2, #1 */
    0xE7FE,                      /* 120: b.n 120 <table+0x14> */
    0xBF00,                      /* 122: nop */
    0x4827,                      /* 124: sub: ldr r0, [pc, #156] */
    0x4928,                      /* 126: ldr r1, [pc, #160] */
    0x6041,                      /* 128: str r1, [r0, #4] */
    0xF8D0, 0xF004,              /* 12a: ldr.w pc, [r0, #4] */
    0x4927,                      /* 12e: sub2: ldr r1, [pc, #156] */
    0x4A27,                      /* 130: ldr r2, [pc, #156] */
    0x600A,                      /* 132: str r2, [r1, #0] */
    0x680B,                      /* 134: ldr r3, [r1, #0] */
    0x884C,                      /* 136: ldrh r4, [r1, #2] */
    0xF9B1, 0x5002,              /* 138: ldrsh.w r5, [r1, #2] */
    0xBF10,                      /* 13c: yield */
    0x2704,                      /* 13e: movs r7, #4 */
    0xE7FE,                      /* 140: b.n 140 <sub2+0x12> */
    0x4824,                      /* 142: reset: ldr r0, [pc, #144] */
    0x4924,                      /* 144: ldr r1, [pc, #144] */
    0x6001,                      /* 146: str r1, [r0, #0] */
    0x2701,                      /* 148: movs r7, #1 */
    0xE7FE,                      /* 14a: b.n 14a <reset+0x8> */
    0x2064,                      /* 14c: divide: movs r0, #100 */
    0x2107,                      /* 14e: movs r1, #7 */
    0xFBB0, 0xF2F1,              /* 150: udiv r2, r0, r1 */
    0xE7FE,                      /* 154: b.n 154 <divide+0x8> */
    0x4821,                      /* 156: floats: ldr r0, [pc, #132] */
    0xF44F, 0x0170,              /* 158: mov.w r1, #15728640 */
    0x6001,                      /* 15c: str r1, [r0, #0] */
    0xF3BF, 0x8F4F,              /* 15e: dsb sy */
    0xEEB7, 0x0A08,              /* 162: vmov.f32 s0, #120 */
    0xEEF0, 0x0A00,              /* 166: vmov.f32 s1, #0 */
    0xEE30, 0x1A20,              /* 16a: vadd.f32 s2, s0, s1 */
    0x481C,                      /* 16e: ldr r0, [pc, #112] */
    0xED80, 0x1A00,              /* 170: vstr s2, [r0] */
    0xED2D, 0x0A04,              /* 174: vpush {s0-s3} */
    0xECBD, 0x2A04,              /* 178: vpop {s4-s7} */
    0xEE13, 0x2A10,              /* 17c: vmov r2, s6 */
    0xED90, 0x5B00,              /* 180: vldr d5, [r0] */
    0xEE15, 0x3A10,              /* 184: vmov r3, s10 */
    0xDF00,                      /* 188: svc 0 */
    0xE7FE,                      /* 18a: b.n 18a <floats+0x34> */
    0x4815,                      /* 18c: selfmod: ldr r0, [pc, #84] */
    0x4916,                      /* 18e: ldr r1, [pc, #88] */
    0x4A16,                      /* 190: ldr r2, [pc, #88] */
    0x6001,                      /* 192: str r1, [r0, #0] */
    0xF3BF, 0x8F4F,              /* 194: dsb sy */
    0xF3BF, 0x8F6F,              /* 198: isb sy */
    0x1C43,                      /* 19c: adds r3, r0, #1 */
    0x4798,                      /* 19e: blx r3 */
    0x4604,                      /* 1a0: mov r4, r0 */
    0x4810,                      /* 1a2: ldr r0, [pc, #64] */
    0x6002,                      /* 1a4: str r2, [r0, #0] */
    0xF3BF, 0x8F4F,              /* 1a6: dsb sy */
    0xF3BF, 0x8F6F,              /* 1aa: isb sy */
    0x4798,                      /* 1ae: blx r3 */
    0x4605,                      /* 1b0: mov r5, r0 */
    0xE7FE,                      /* 1b2: b.n 1b2 <selfmod+0x26> */
    0xE010, 0xE000,              /* 1b4: .word */
    0x5678, 0x1234,              /* 1b8: .word */
    0xE100, 0xE000,              /* 1bc: .word */
    0x0100, 0x2000,              /* 1c0: .word */
    0x0200, 0x2000,              /* 1c4: .word */
    0x012F, 0x0000,              /* 1c8: .word */
    0x0203, 0x2000,              /* 1cc: .word */
    0xC3D4, 0xA1B2,              /* 1d0: .word */
    0xED0C, 0xE000,              /* 1d4: .word */
    0x0004, 0x05FA,              /* 1d8: .word */
    0xED88, 0xE000,              /* 1dc: .word */
    0x0300, 0x2000,              /* 1e0: .word */
    0x0400, 0x2000,              /* 1e4: .word */
    0x2001, 0x4770,              /* 1e8: .word */
    0x2002, 0x4770,              /* 1ec: .word */
};
enum {
    AT_TICKS = 0x48,
    AT_TICK = 0x56,
    AT_IRQ = 0x5A,
    AT_TRANSFERS = 0x66,
    AT_ITMIX = 0x88,
    AT_WFI = 0xBA,
    AT_WFE = 0xC6,
    AT_LISTS = 0xD2,
    AT_TABLE = 0x10C,
    AT_SUB = 0x124,
    AT_SUB2 = 0x12E,
    AT_RESET = 0x142,
    AT_DIVIDE = 0x14C,
    AT_FLOATS = 0x156,
    AT_SELFMOD = 0x18C,
};

static struct cpu_board *start_at(uint32_t pc)
{
    struct cpu_board *board = cpu_board_create(program, sizeof program);

    cpu_board_start(board);
    sim_cpu_set_register(board->cpu, 15, pc);
    return board;
}

Test(cpu_run, takes_systick_exactly_every_load_plus_one_cycles)
{
    struct cpu_board *board = start_at(AT_TICKS);
    uint64_t start = 0;

    cpu_board_run(board, 95);
    cr_assert_eq(cpu_board_reg(board, 4), 0);
    start = board->clock.now_ps;
    sim_cpu_run_until(board->cpu, start + UINT64_C(100000) * BOARD_CYCLE_PS);
    cr_assert_eq(cpu_board_reg(board, 4), 1000);
    cr_assert_leq(board->clock.now_ps - start, UINT64_C(100020) * BOARD_CYCLE_PS);
    cpu_board_free(board);
}

Test(cpu_run, gives_the_same_result_in_slices_of_any_length)
{
    struct cpu_board *whole = start_at(AT_TICKS);
    struct cpu_board *sliced = start_at(AT_TICKS);

    cpu_board_run(whole, 20000);
    for (uint64_t at = 7; sliced->clock.now_ps < whole->clock.now_ps; at += 7) {
        uint64_t until_ps = at * BOARD_CYCLE_PS;

        sim_cpu_run_until(
            sliced->cpu, until_ps < whole->clock.now_ps ? until_ps : whole->clock.now_ps);
    }
    cr_assert_eq(sliced->clock.now_ps, whole->clock.now_ps);
    for (unsigned reg = 0; reg < 17; reg++) {
        cr_assert_eq(cpu_board_reg(sliced, reg), cpu_board_reg(whole, reg), "register %u", reg);
    }
    cr_assert_eq(sim_report_cost_total(sliced->env.report, SIM_COST_INSTRUCTIONS),
        sim_report_cost_total(whole->env.report, SIM_COST_INSTRUCTIONS));
    cpu_board_free(whole);
    cpu_board_free(sliced);
}

Test(cpu_run, does_loads_and_stores_of_peripherals_with_exact_time)
{
    struct cpu_board *board = start_at(AT_TRANSFERS);

    cpu_board_run(board, 10000);
    cr_assert_eq(cpu_board_reg(board, 2), 0x12345678);
    cr_assert_eq(cpu_board_reg(board, 4), 0x78);
    /* Two NOPs, the load and its peripheral access lie between the two readings. */
    cr_assert_eq(
        cpu_board_reg(board, 6) - cpu_board_reg(board, 5), 3 + sim_cpu_default_costs.peripheral);
    cr_assert_eq(board->writes, 3);
    cr_assert_eq(board->reads, 5);
    cr_assert_eq(cpu_board_reg(board, 7), 0, "the model asked to stop at once");
    cr_assert_lt(board->clock.now_ps, 200 * BOARD_CYCLE_PS);
    cpu_board_run(board, 100);
    cr_assert_eq(cpu_board_reg(board, 7), 1, "and the request was forgotten");
    cpu_board_free(board);
}

Test(cpu_run, executes_it_blocks_that_touch_peripherals)
{
    struct cpu_board *board = start_at(AT_ITMIX);

    cpu_board_run(board, 400);
    cr_assert_eq(cpu_board_reg(board, 4), 0xCAFE);
    cr_assert_eq(cpu_board_reg(board, 5), 0xCAFF);
    cr_assert_eq(cpu_board_reg(board, 6), 3);
    cr_assert_eq(board->scratch, 3);
    cr_assert_eq(cpu_board_reg(board, 8), 9, "SUB in an IT block leaves the flags alone");
    cr_assert_eq(cpu_board_reg(board, 9) & 0xF0000000, 0x60000000);
    cpu_board_free(board);
}

Test(cpu_run, sleeps_in_wfi_until_an_interrupt_and_jumps_to_the_next_event)
{
    struct cpu_board *board = start_at(AT_WFI);
    uint64_t instructions = 0;

    cpu_board_run(board, 100);
    cr_assert_eq(sim_cpu_state(board->cpu), SIM_CPU_SLEEPING);
    cr_assert_neq(cpu_board_word(board, PPB_DHCSR) & 1U << 18, 0, "S_SLEEP");
    instructions = sim_report_cost_total(board->env.report, SIM_COST_INSTRUCTIONS);
    cpu_board_run(board, 1000000000);
    cr_assert_eq(sim_report_cost_total(board->env.report, SIM_COST_INSTRUCTIONS), instructions);
    sim_cpu_set_irq(board->cpu, 0, true);
    cpu_board_run(board, 200);
    cr_assert_eq(cpu_board_reg(board, 6), 1);
    cr_assert_eq(cpu_board_reg(board, 5), 1, "the handler ran once");
    cpu_board_free(board);
}

Test(cpu_run, wakes_from_wfi_although_primask_keeps_the_handler_away)
{
    struct cpu_board *board = start_at(AT_WFI);

    sim_cpu_set_register(board->cpu, 20, 1);
    cpu_board_run(board, 100);
    cr_assert_eq(sim_cpu_state(board->cpu), SIM_CPU_SLEEPING);
    sim_cpu_set_irq(board->cpu, 0, true);
    cpu_board_run(board, 100);
    cr_assert_eq(cpu_board_reg(board, 6), 1);
    cr_assert_eq(cpu_board_reg(board, 5), 0);
    cpu_board_free(board);
}

Test(cpu_run, knows_deep_sleep)
{
    struct cpu_board *board = start_at(AT_WFI);

    cpu_board_put_word(board, PPB_SCR, 4);
    cpu_board_run(board, 100);
    cr_assert(sim_cpu_is_deep_asleep(board->cpu));
    cpu_board_free(board);
}

Test(cpu_run, passes_wfe_after_sev_and_sleeps_in_the_next)
{
    struct cpu_board *board = start_at(AT_WFE);

    cpu_board_run(board, 100);
    cr_assert_eq(cpu_board_reg(board, 6), 1);
    cr_assert_eq(sim_cpu_state(board->cpu), SIM_CPU_SLEEPING);
    cpu_board_free(board);
}

Test(cpu_run, moves_lists_and_pairs_and_exclusives)
{
    struct cpu_board *board = start_at(AT_LISTS);

    cpu_board_run(board, 200);
    cr_assert_eq(cpu_board_reg(board, 0), 0x2000010C);
    cr_assert_eq(cpu_board_reg(board, 5), 0x11111111);
    cr_assert_eq(cpu_board_reg(board, 6), 0x11111111, "STMDB overwrote the last two");
    cr_assert_eq(cpu_board_reg(board, 7), 0x33333333);
    cr_assert_eq(cpu_board_reg(board, 8), 0x11111111);
    cr_assert_eq(cpu_board_reg(board, 9), 0xFFFFFFFF);
    cr_assert_eq(cpu_board_reg(board, 10), 0x11111111);
    cr_assert_eq(cpu_board_reg(board, 11), 0x33333333);
    cr_assert_eq(cpu_board_reg(board, 4), 0x20000100);
    cr_assert_eq(cpu_board_word(board, 0x20000100), 0x11111112);
    cr_assert_eq(cpu_board_reg(board, 1), 0, "the first STREX succeeds");
    cr_assert_eq(cpu_board_reg(board, 2), 1, "the second has no reservation");
    cr_assert_eq(cpu_board_reg(board, 13), 0x20008000);
    cpu_board_free(board);
}

Test(cpu_run, branches_by_table_and_by_a_loaded_pc)
{
    struct cpu_board *board = start_at(AT_TABLE);

    cpu_board_run(board, 100);
    cr_assert_eq(cpu_board_reg(board, 1), 12);
    cr_assert_eq(cpu_board_reg(board, 2), 1);
    cpu_board_free(board);
    board = start_at(AT_SUB);
    cpu_board_run(board, 200);
    cr_assert_eq(cpu_board_reg(board, 7), 4);
    cr_assert_eq(cpu_board_reg(board, 3), 0xA1B2C3D4, "unaligned in Normal memory");
    cr_assert_eq(cpu_board_reg(board, 4), 0xA1B2);
    cr_assert_eq(cpu_board_reg(board, 5), 0xFFFFA1B2);
    cpu_board_free(board);
}

Test(cpu_run, stacks_the_floating_point_context)
{
    struct cpu_board *board = start_at(AT_FLOATS);

    cpu_board_put_word(board, 0x2C, AT_TICKS + 13); /* the SVC handler: BX LR after one ADDS */
    cpu_board_put_word(board, 0x2C, AT_TICK + 1);
    cpu_board_run(board, 300);
    cr_assert_eq(cpu_board_word(board, 0x20000300), 0x40600000, "1.5 + 2.0");
    cr_assert_eq(cpu_board_reg(board, 2), 0x40600000);
    cr_assert_eq(cpu_board_reg(board, 3), 0x40600000);
    cr_assert_eq(cpu_board_reg(board, 4), 1, "the handler ran");
    cr_assert_eq(cpu_board_reg(board, 13), 0x20008000);
    cr_assert_eq(cpu_board_word(board, 0x20008000 - 0x68 + 0x20), 0x3FC00000, "stacked S0");
    cpu_board_free(board);
}

Test(cpu_run, executes_code_that_the_program_or_the_debug_port_has_changed)
{
    struct cpu_board *board = start_at(AT_SELFMOD);

    cpu_board_run(board, 200);
    cr_assert_eq(cpu_board_reg(board, 4), 1);
    cr_assert_eq(cpu_board_reg(board, 5), 2);
    cpu_board_put_word(board, 0x20000400, 0x47702007);
    sim_cpu_set_register(board->cpu, 14, AT_TICKS + 12);
    sim_cpu_set_register(board->cpu, 15, 0x20000400);
    cpu_board_run(board, 10);
    cr_assert_eq(cpu_board_reg(board, 0), 7);
    cpu_board_free(board);
}

Test(cpu_run, hands_a_system_reset_request_to_the_machine_and_stops)
{
    struct cpu_board *board = start_at(AT_RESET);

    cpu_board_run(board, 1000);
    cr_assert_eq(board->reset_requests, 1);
    cr_assert_eq(cpu_board_reg(board, 7), 0);
    cr_assert_lt(board->clock.now_ps, 100 * BOARD_CYCLE_PS);
    sim_cpu_reset(board->cpu, SIM_RESET_SOFTWARE);
    cr_assert_eq(sim_cpu_state(board->cpu), SIM_CPU_IN_RESET);
    cpu_board_run(board, 100);
    cr_assert_eq(sim_cpu_state(board->cpu), SIM_CPU_IN_RESET);
    cpu_board_start(board);
    cpu_board_run(board, 100);
    cr_assert_eq(sim_cpu_state(board->cpu), SIM_CPU_RUNNING);
    cpu_board_free(board);
}

Test(cpu_run, charges_division_and_waits_of_the_axi_ram)
{
    struct cpu_board *board = start_at(AT_DIVIDE);
    uint64_t itcm_ps = 0;

    sim_cpu_run_until(board->cpu, 1); /* one instruction */
    cr_assert_eq(board->clock.now_ps, BOARD_CYCLE_PS);
    sim_cpu_run_until(board->cpu, BOARD_CYCLE_PS + 1);
    sim_cpu_run_until(board->cpu, 2 * BOARD_CYCLE_PS + 1);
    itcm_ps = board->clock.now_ps;
    cr_assert_eq(itcm_ps, (3 + sim_cpu_default_costs.divide) * BOARD_CYCLE_PS);
    cr_assert_eq(cpu_board_reg(board, 2), 14);
    board->axi_wait_ps = 5 * BOARD_CYCLE_PS;
    memcpy(board->axi.bytes, board->itcm.bytes + AT_DIVIDE, 16);
    sim_cpu_set_register(board->cpu, 15, BOARD_AXI);
    sim_cpu_run_until(board->cpu, itcm_ps + 1);
    cr_assert_eq(board->clock.now_ps, itcm_ps + 6 * BOARD_CYCLE_PS, "fetch of 8 bytes waits");
    sim_cpu_run_until(board->cpu, board->clock.now_ps + 1);
    cr_assert_eq(board->clock.now_ps, itcm_ps + 7 * BOARD_CYCLE_PS, "the next is there already");
    cpu_board_free(board);
}
