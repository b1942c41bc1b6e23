#include "helpers_cpu.h"

#include <criterion/criterion.h>

/* Assembled for address 0; the comments are the listing. */
static const uint16_t program[] = {
    0x8000, 0x2000,              /*   0: vectors: .word */
    0x0081, 0x0000,              /*   4: .word */
    [0x0C / 2] = 0x00D3, 0x0000, /*   c: .word */
    0x00E5, 0x0000,              /*  10: .word */
    0x00E7, 0x0000,              /*  14: .word */
    0x00E9, 0x0000,              /*  18: .word */
    [0x2C / 2] = 0x00A7, 0x0000, /*  2c: .word */
    [0x38 / 2] = 0x00C7, 0x0000, /*  38: .word */
    [0x40 / 2] = 0x00EB, 0x0000, /*  40: .word */
    0x0109, 0x0000,              /*  44: .word */
    [0x80 / 2] = 0x4826,         /*  80: main: ldr r0, [pc, #152] */
    0xF380, 0x8809,              /*  82: msr PSP, r0 */
    0x2002,                      /*  86: movs r0, #2 */
    0xF380, 0x8814,              /*  88: msr CONTROL, r0 */
    0xF3BF, 0x8F6F,              /*  8c: isb sy */
    0x2001,                      /*  90: movs r0, #1 */
    0x2102,                      /*  92: movs r1, #2 */
    0x2203,                      /*  94: movs r2, #3 */
    0x2304,                      /*  96: movs r3, #4 */
    0xDF07,                      /*  98: svc 7 */
    0x4680,                      /*  9a: mov r8, r0 */
    0xF3EF, 0x8914,              /*  9c: mrs r9, CONTROL */
    0xF3EF, 0x8A05,              /*  a0: mrs sl, IPSR */
    0xE7FE,                      /*  a4: b.n a4 <main+0x24> */
    0xF3EF, 0x8409,              /*  a6: svc: mrs r4, PSP */
    0x69A5,                      /*  aa: ldr r5, [r4, #24] */
    0xF815, 0x6C02,              /*  ac: ldrb.w r6, [r5, #-2] */
    0x2763,                      /*  b0: movs r7, #99 */
    0x6027,                      /*  b2: str r7, [r4, #0] */
    0x46F3,                      /*  b4: mov fp, lr */
    0x46EC,                      /*  b6: mov ip, sp */
    0x4C19,                      /*  b8: ldr r4, [pc, #100] */
    0xF04F, 0x5580,              /*  ba: mov.w r5, #268435456 */
    0x6025,                      /*  be: str r5, [r4, #0] */
    0xF3BF, 0x8F4F,              /*  c0: dsb sy */
    0x4770,                      /*  c4: bx lr */
    0xF3EF, 0x8405,              /*  c6: pendsv: mrs r4, IPSR */
    0xF04F, 0x5500,              /*  ca: mov.w r5, #536870912 */
    0x602C,                      /*  ce: str r4, [r5, #0] */
    0x4770,                      /*  d0: bx lr */
    0x4814,                      /*  d2: hard: ldr r0, [pc, #80] */
    0xF3EF, 0x8105,              /*  d4: mrs r1, IPSR */
    0x6001,                      /*  d8: str r1, [r0, #0] */
    0xF8C0, 0xE004,              /*  da: str.w lr, [r0, #4] */
    0x9A06,                      /*  de: ldr r2, [sp, #24] */
    0x6082,                      /*  e0: str r2, [r0, #8] */
    0xE7FE,                      /*  e2: b.n e2 <hard+0x10> */
    0xE7F5,                      /*  e4: mem: b.n d2 <hard> */
    0xE7F4,                      /*  e6: bus: b.n d2 <hard> */
    0xE7F3,                      /*  e8: usage: b.n d2 <hard> */
    0x4C0F,                      /*  ea: irq0: ldr r4, [pc, #60] */
    0x6825,                      /*  ec: ldr r5, [r4, #0] */
    0x3501,                      /*  ee: adds r5, #1 */
    0x6025,                      /*  f0: str r5, [r4, #0] */
    0xF04F, 0x46A0,              /*  f2: mov.w r6, #1342177280 */
    0x2501,                      /*  f6: movs r5, #1 */
    0x6135,                      /*  f8: str r5, [r6, #16] */
    0xF3BF, 0x8F4F,              /*  fa: dsb sy */
    0x6865,                      /*  fe: ldr r5, [r4, #4] */
    0x60A5,                      /* 100: str r5, [r4, #8] */
    0x2500,                      /* 102: movs r5, #0 */
    0x6175,                      /* 104: str r5, [r6, #20] */
    0x4770,                      /* 106: bx lr */
    0x4808,                      /* 108: irq1: ldr r0, [pc, #32] */
    0x6801,                      /* 10a: ldr r1, [r0, #0] */
    0x3101,                      /* 10c: adds r1, #1 */
    0x6001,                      /* 10e: str r1, [r0, #0] */
    0xF04F, 0x42A0,              /* 110: mov.w r2, #1342177280 */
    0x2101,                      /* 114: movs r1, #1 */
    0x6151,                      /* 116: str r1, [r2, #20] */
    0x4770,                      /* 118: bx lr */
    0x0000,                      /* 11a: .short 0x0000 */
    0x6000, 0x2000,              /* 11c: .word */
    0xED04, 0xE000,              /* 120: .word */
    0x0010, 0x2000,              /* 124: .word */
    0x0020, 0x2000,              /* 128: .word */
    0x0024, 0x2000,              /* 12c: .word */
    0xF04F, 0x40C0,              /* 130: badload: mov.w r0, #1610612736 */
    0x6841,                      /* 134: ldr r1, [r0, #4] */
    0xBF00,                      /* 136: nop */
    0xE7FE,                      /* 138: b.n 138 <badload+0x8> */
    0xF04F, 0x6000,              /* 13a: badstore: mov.w r0, #134217728 */
    0x6081,                      /* 13e: str r1, [r0, #8] */
    0xE7FE,                      /* 140: b.n 140 <badstore+0x6> */
    0x481D,                      /* 142: badfetch: ldr r0, [pc, #116] */
    0x4700,                      /* 144: bx r0 */
    0xDE01,                      /* 146: undef: udf #1 */
    0xF44F, 0x7080,              /* 148: noth: mov.w r0, #256 */
    0x4700,                      /* 14c: bx r0 */
    0x481B,                      /* 14e: unal: ldr r0, [pc, #108] */
    0xE9D0, 0x2300,              /* 150: ldrd r2, r3, [r0] */
    0x481A,                      /* 154: unaldev: ldr r0, [pc, #104] */
    0x6802,                      /* 156: ldr r2, [r0, #0] */
    0xEE00, 0x0A10,              /* 158: fpu: vmov s0, r0 */
    0xE7FE,                      /* 15c: b.n 15c <fpu+0x4> */
    0xEE00, 0x0100,              /* 15e: cdp: adfs f0, f0, f0 */
    0xE7FE,                      /* 162: b.n 162 <cdp+0x4> */
    0xF04F, 0x40A0,              /* 164: deverr: mov.w r0, #1342177280 */
    0x2177,                      /* 168: movs r1, #119 */
    0x6881,                      /* 16a: ldr r1, [r0, #8] */
    0xE7FE,                      /* 16c: b.n 16c <deverr+0x8> */
    0xF04F, 0x40C0,              /* 16e: itfault: mov.w r0, #1610612736 */
    0x2100,                      /* 172: movs r1, #0 */
    0x2900,                      /* 174: cmp r1, #0 */
    0xBF04,                      /* 176: itt eq */
    0x6802,                      /* 178: ldreq r2, [r0, #0] */
    0x3101,                      /* 17a: addeq r1, #1 */
    0xE7FE,                      /* 17c: b.n 17c <itfault+0xe> */
    0xF04F, 0x40C0,              /* 17e: itloads: mov.w r0, #1610612736 */
    0x2200,                      /* 182: movs r2, #0 */
    0x2A00,                      /* 184: cmp r2, #0 */
    0xBF04,                      /* 186: itt eq */
    0x6801,                      /* 188: ldreq r1, [r0, #0] */
    0x6802,                      /* 18a: ldreq r2, [r0, #0] */
    0xE7FE,                      /* 18c: b.n 18c <itloads+0xe> */
    0x480C,                      /* 18e: xn: ldr r0, [pc, #48] */
    0x4700,                      /* 190: bx r0 */
    0xBE03,                      /* 192: bkpt: bkpt 0x0003 */
    0xF04F, 0x40C0,              /* 194: popfault: mov.w r0, #1610612736 */
    0x4685,                      /* 198: mov sp, r0 */
    0xBD02,                      /* 19a: pop {r1, pc} */
    0xF04F, 0x40C0,              /* 19c: badsp: mov.w r0, #1610612736 */
    0x4685,                      /* 1a0: mov sp, r0 */
    0xDF01,                      /* 1a2: svc 1 */
    0x4807,                      /* 1a4: irqmain: ldr r0, [pc, #28] */
    0x2103,                      /* 1a6: movs r1, #3 */
    0x6001,                      /* 1a8: str r1, [r0, #0] */
    0xF04F, 0x40A0,              /* 1aa: mov.w r0, #1342177280 */
    0x2100,                      /* 1ae: movs r1, #0 */
    0x6101,                      /* 1b0: str r1, [r0, #16] */
    0xBF00,                      /* 1b2: nop */
    0xE7FE,                      /* 1b4: b.n 1b4 <irqmain+0x10> */
    0x0000,                      /* 1b6: .short 0x0000 */
    0x0101, 0x6000,              /* 1b8: .word */
    0x0102, 0x2000,              /* 1bc: .word */
    0x0001, 0x5000,              /* 1c0: .word */
    0xE100, 0xE000,              /* 1c4: .word */
};
enum {
    AT_MAIN = 0x80,
    AT_SVC = 0xA6,
    AT_PENDSV = 0xC6,
    AT_HARD = 0xD2,
    AT_MEM = 0xE4,
    AT_BUS = 0xE6,
    AT_USAGE = 0xE8,
    AT_IRQ0 = 0xEA,
    AT_IRQ1 = 0x108,
    AT_BADLOAD = 0x130,
    AT_BADSTORE = 0x13A,
    AT_BADFETCH = 0x142,
    AT_UNDEF = 0x146,
    AT_NOTH = 0x148,
    AT_UNAL = 0x14E,
    AT_UNALDEV = 0x154,
    AT_FPU = 0x158,
    AT_CDP = 0x15E,
    AT_DEVERR = 0x164,
    AT_ITFAULT = 0x16E,
    AT_ITLOADS = 0x17E,
    AT_XN = 0x18E,
    AT_BKPT = 0x192,
    AT_POPFAULT = 0x194,
    AT_BADSP = 0x19C,
    AT_IRQMAIN = 0x1A4,
};

static struct cpu_board *start_at(uint32_t pc)
{
    struct cpu_board *board = cpu_board_create(program, sizeof program);

    cpu_board_start(board);
    sim_cpu_set_register(board->cpu, 15, pc);
    return board;
}

/* Where HardFault (or the fault named) wrote its number, LR and the stacked return address. */
static void expect_fault(struct cpu_board *board, uint32_t exception, uint32_t return_pc)
{
    cpu_board_run(board, 500);
    cr_assert_eq(cpu_board_word(board, 0x20000010), exception, "took exception %u",
        cpu_board_word(board, 0x20000010));
    cr_assert_eq(cpu_board_word(board, 0x20000018), return_pc, "returns to 0x%x",
        cpu_board_word(board, 0x20000018));
}

Test(cpu_exceptions, serves_svc_and_pendsv_for_a_thread_on_its_own_stack)
{
    struct cpu_board *board = start_at(AT_MAIN);

    cpu_board_run(board, 300);
    cr_assert_eq(cpu_board_reg(board, 8), 99, "R0 as changed in the frame");
    cr_assert_eq(cpu_board_reg(board, 6), 7, "the number of the SVC");
    cr_assert_eq(cpu_board_reg(board, 9), 2, "CONTROL");
    cr_assert_eq(cpu_board_reg(board, 10), 0, "IPSR in Thread mode");
    cr_assert_eq(cpu_board_reg(board, 11), 0xFFFFFFFD, "EXC_RETURN");
    cr_assert_eq(cpu_board_reg(board, 1), 2);
    cr_assert_eq(cpu_board_reg(board, 18), 0x20006000, "PSP is back");
    cr_assert_eq(cpu_board_reg(board, 17), 0x20008000, "MSP is back");
    cr_assert_eq(cpu_board_word(board, 0x20000000), 14, "PendSV ran in Handler mode");
    cpu_board_free(board);
}

Test(cpu_exceptions, aligns_the_stack_to_eight_bytes_and_undoes_it)
{
    struct cpu_board *board = start_at(AT_MAIN);

    cpu_board_run(board, 4); /* up to MSR CONTROL */
    sim_cpu_set_register(board->cpu, 0, 0x20005FFC);
    sim_cpu_set_register(board->cpu, 15, AT_MAIN + 2);
    cpu_board_run(board, 300);
    cr_assert_eq(cpu_board_reg(board, 18), 0x20005FFC);
    cr_assert_eq(cpu_board_reg(board, 8), 99);
    cr_assert_neq(cpu_board_word(board, 0x20005FD8 + 28) & 0x200, 0, "bit 9 of stacked xPSR");
    cpu_board_free(board);
}

Test(cpu_exceptions, makes_a_precise_bus_fault_of_a_load_from_nowhere)
{
    struct cpu_board *board = start_at(AT_BADLOAD);

    expect_fault(board, 3, AT_BADLOAD + 4);
    cr_assert_eq(cpu_board_word(board, PPB_CFSR), 0x8200);
    cr_assert_eq(cpu_board_word(board, PPB_BFAR), 0x60000004);
    cr_assert_eq(cpu_board_word(board, PPB_HFSR), 0x40000000, "FORCED");
    cpu_board_free(board);
}

Test(cpu_exceptions, takes_the_fault_itself_when_it_is_enabled)
{
    struct cpu_board *board = start_at(AT_BADLOAD);

    cpu_board_put_word(board, PPB_SHCSR, 1U << 17);
    expect_fault(board, 5, AT_BADLOAD + 4);
    cr_assert_eq(cpu_board_word(board, PPB_HFSR), 0);
    cr_assert_eq(cpu_board_word(board, PPB_SHCSR), 1U << 17 | 2, "BusFault active");
    cpu_board_free(board);
}

Test(cpu_exceptions, faults_a_store_to_read_only_memory)
{
    struct cpu_board *board = start_at(AT_BADSTORE);

    expect_fault(board, 3, AT_BADSTORE + 4);
    cr_assert_eq(cpu_board_word(board, PPB_CFSR), 0x8200);
    cr_assert_eq(cpu_board_word(board, PPB_BFAR), 0x08000008);
    cpu_board_free(board);
}

Test(cpu_exceptions, keeps_the_target_register_when_a_peripheral_answers_with_an_error)
{
    struct cpu_board *board = start_at(AT_DEVERR);

    cpu_board_run(board, 30);
    cr_assert_eq(cpu_board_word(board, PPB_BFAR), 0x50000008);
    cr_assert_eq(cpu_board_word(board, 0x20008000 - 28), 0x77, "stacked R1");
    cpu_board_free(board);
}

Test(cpu_exceptions, tells_a_fetch_from_nowhere_from_one_of_memory_that_is_not_executable)
{
    struct cpu_board *board = start_at(AT_BADFETCH);

    expect_fault(board, 3, 0x60000100);
    cr_assert_eq(cpu_board_word(board, PPB_CFSR), 0x0100, "IBUSERR");
    cpu_board_free(board);
    board = start_at(AT_XN);
    expect_fault(board, 3, 0x50000000);
    cr_assert_eq(cpu_board_word(board, PPB_CFSR), 0x0001, "IACCVIOL");
    cpu_board_free(board);
}

Test(cpu_exceptions, reports_usage_faults_with_their_cause)
{
    static const struct {
        uint32_t pc;
        uint32_t return_pc;
        uint32_t cfsr;
    } cases[] = {
        {AT_UNDEF, AT_UNDEF, 1U << 16},
        {AT_NOTH, 0x100, 1U << 17},
        {AT_FPU, AT_FPU, 1U << 19},
        {AT_CDP, AT_CDP, 1U << 19},
        {AT_UNAL, AT_UNAL + 2, 1U << 24},
        {AT_UNALDEV, AT_UNALDEV + 2, 1U << 24},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cpu_board *board = start_at(cases[i].pc);

        cpu_board_put_word(board, PPB_SHCSR, 1U << 18);
        expect_fault(board, 6, cases[i].return_pc);
        cr_assert_eq(cpu_board_word(board, PPB_CFSR), cases[i].cfsr, "case %zu: CFSR 0x%x", i,
            cpu_board_word(board, PPB_CFSR));
        cpu_board_free(board);
    }
}

Test(cpu_exceptions, lets_floating_point_through_once_cpacr_allows_it)
{
    struct cpu_board *board = start_at(AT_FPU);

    cpu_board_put_word(board, PPB_CPACR, 0xF << 20);
    sim_cpu_set_register(board->cpu, 0, 0x3F800000);
    cpu_board_run(board, 100);
    cr_assert_eq(cpu_board_word(board, PPB_CFSR), 0);
    cr_assert_eq(cpu_board_reg(board, 64), 0x3F800000, "S0");
    cpu_board_free(board);
}

Test(cpu_exceptions, faults_inside_an_it_block_before_the_rest_of_it)
{
    struct cpu_board *board = start_at(AT_ITFAULT);

    expect_fault(board, 3, AT_ITFAULT + 10);
    cr_assert_eq(cpu_board_word(board, PPB_BFAR), 0x60000000);
    cr_assert_eq(cpu_board_word(board, 0x20008000 - 28), 0, "R1 must not have been counted up");
    cr_assert_neq(cpu_board_word(board, 0x20008000 - 4) & 0x0600FC00, 0, "IT state is stacked");
    cpu_board_free(board);
}

Test(cpu_exceptions, stacks_the_it_state_of_a_block_of_loads)
{
    struct cpu_board *board = start_at(AT_ITLOADS);

    expect_fault(board, 3, AT_ITLOADS + 10);
    cr_assert_eq(cpu_board_word(board, 0x20008000 - 4) & 0x0600FC00, 0x00000400,
        "IT state 04: EQ, two instructions to go");
    cpu_board_free(board);
}

Test(cpu_exceptions, locks_up_on_a_fault_inside_hardfault)
{
    struct cpu_board *board = start_at(AT_BADLOAD);

    cpu_board_put_word(board, 0x0C, AT_BADLOAD + 1); /* HardFault does the same again */
    cpu_board_run(board, 200);
    cr_assert_eq(sim_cpu_state(board->cpu), SIM_CPU_LOCKED_UP);
    cr_assert_neq(cpu_board_word(board, 0xE000EDF0) & 1U << 19, 0, "S_LOCKUP");
    cr_assert_geq(board->clock.now_ps, 200 * BOARD_CYCLE_PS);
    cpu_board_free(board);
}

Test(cpu_exceptions, locks_up_when_there_is_no_stack_and_no_table)
{
    struct cpu_board *board = cpu_board_create(program, sizeof program);

    cpu_board_put_word(board, 0, 0xFFFFFFFF);
    cpu_board_put_word(board, 4, 0xFFFFFFFF);
    cpu_board_put_word(board, 0x0C, 0xFFFFFFFF);
    cpu_board_start(board);
    cpu_board_run(board, 200);
    cr_assert_eq(sim_cpu_state(board->cpu), SIM_CPU_LOCKED_UP);
    cpu_board_free(board);
    board = cpu_board_create(program, sizeof program);
    sim_cpu_start(board->cpu, 0x60000000);
    cr_assert_eq(sim_cpu_state(board->cpu), SIM_CPU_LOCKED_UP);
    cpu_board_free(board);
}

Test(cpu_exceptions, escalates_a_fault_of_stacking)
{
    struct cpu_board *board = start_at(AT_BADSP);

    cpu_board_run(board, 100);
    cr_assert_neq(cpu_board_word(board, PPB_CFSR) & 0x1000, 0, "STKERR");
    cpu_board_free(board);
}

Test(cpu_exceptions, changes_no_register_when_pop_faults)
{
    struct cpu_board *board = start_at(AT_POPFAULT);

    sim_cpu_set_register(board->cpu, 1, 0x1234);
    cpu_board_run(board, 100);
    cr_assert_eq(cpu_board_word(board, PPB_BFAR), 0x60000000);
    cr_assert_eq(sim_cpu_state(board->cpu), SIM_CPU_LOCKED_UP, "no stack for the fault either");
    cr_assert_eq(cpu_board_reg(board, 1), 0x1234);
    cpu_board_free(board);
}

Test(cpu_exceptions, turns_a_breakpoint_without_debugger_into_hardfault)
{
    struct cpu_board *board = start_at(AT_BKPT);

    expect_fault(board, 3, AT_BKPT);
    cr_assert_eq(cpu_board_word(board, PPB_HFSR), 0x80000000, "DEBUGEVT");
    cpu_board_free(board);
}

Test(cpu_exceptions, nests_an_interrupt_of_higher_priority)
{
    struct cpu_board *board = start_at(AT_IRQMAIN);

    cpu_board_put_word(board, PPB_IPR0, 0x4080); /* IRQ 0: 0x80, IRQ 1: 0x40 */
    cpu_board_run(board, 400);
    cr_assert_eq(cpu_board_word(board, 0x20000020), 1);
    cr_assert_eq(cpu_board_word(board, 0x20000024), 1);
    cr_assert_eq(cpu_board_word(board, 0x20000028), 1, "IRQ 1 ran before IRQ 0 went on");
    cr_assert_eq(cpu_board_reg(board, 15), AT_IRQMAIN + 0x10, "the main loop");
    cpu_board_free(board);
}

Test(cpu_exceptions, offers_the_most_urgent_of_several_pending_interrupts)
{
    struct cpu_board *board = start_at(AT_IRQMAIN);

    cpu_board_put_word(board, PPB_IPR0, 0x408080);
    cpu_board_put_word(board, 0xE000E100, 7);
    sim_cpu_set_register(board->cpu, 20, 1); /* PRIMASK */
    for (uint16_t irq = 0; irq < 3; irq++) {
        sim_cpu_set_irq(board->cpu, irq, true);
    }
    cr_assert_eq(cpu_board_word(board, 0xE000ED04) >> 12 & 0x1FF, 18, "VECTPENDING");
    cpu_board_put_word(board, PPB_IPR0, 0x808080);
    cr_assert_eq(cpu_board_word(board, 0xE000ED04) >> 12 & 0x1FF, 16, "the lowest of equals");
    cpu_board_free(board);
}

Test(cpu_exceptions, tail_chains_an_interrupt_of_equal_priority)
{
    struct cpu_board *board = start_at(AT_IRQMAIN);

    cpu_board_put_word(board, PPB_IPR0, 0x8080);
    cpu_board_run(board, 400);
    cr_assert_eq(cpu_board_word(board, 0x20000024), 1);
    cr_assert_eq(cpu_board_word(board, 0x20000028), 0, "IRQ 1 had to wait");
    cpu_board_free(board);
}

Test(cpu_exceptions, masks_by_primask_and_basepri)
{
    struct cpu_board *board = start_at(AT_IRQMAIN);

    cpu_board_put_word(board, PPB_IPR0, 0x8080);
    sim_cpu_set_register(board->cpu, 20, 1); /* PRIMASK */
    cpu_board_run(board, 200);
    cr_assert_eq(cpu_board_word(board, 0x20000020), 0);
    sim_cpu_set_register(board->cpu, 20, 0x80 << 8); /* BASEPRI at the same level */
    cpu_board_run(board, 200);
    cr_assert_eq(cpu_board_word(board, 0x20000020), 0);
    sim_cpu_set_register(board->cpu, 20, 0x90 << 8);
    cpu_board_run(board, 200);
    cr_assert_eq(cpu_board_word(board, 0x20000020), 1);
    cpu_board_free(board);
}
