/* Instructions executed by sim/cpu_alu.c against the same ones executed by Unicorn: registers,
 * flags and virtual time of random programs. */
#include "helpers_cpu.h"
#include "sim/cpu_alu.h"

#include <criterion/criterion.h>

#include <string.h>

enum {
    HALFWORDS = 512,
    CODE = 0x80,      /* of the first instruction */
    CONSTANTS = 0x20, /* 13 words that R0 to R12 start with, then one for the flags */
    BODY = 10,        /* random instructions in one program */
    PROGRAMS = 4000,
    CYCLES = 120
};

struct dice {
    uint64_t state;
};

static uint32_t roll(struct dice *dice)
{
    dice->state = dice->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(dice->state >> 32);
}

/* Values at the edges are worth more than others. */
static uint32_t roll_value(struct dice *dice)
{
    static const uint32_t edges[] = {0, 1, 2, 31, 32, 33, 255, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF};
    uint32_t choice = roll(dice) % 20;

    return choice < 10 ? edges[choice] : roll(dice);
}

/* Registers 13 and 15 in 32-bit encodings are unpredictable more often than not. */
static bool is_predictable(const struct sim_cpu_insn *insn)
{
    bool has_pc = insn->rn == 15 && (insn->op == SIM_CPU_OP_EXTEND || insn->op == SIM_CPU_OP_BFI);

    if (insn->size_bytes == 2) {
        return insn->rt != 13 && insn->rm != 15 && insn->rn != 15;
    }
    return insn->rt != 13 && insn->rn != 13 && insn->rm != 13 && insn->rt2 != 13 &&
           insn->rt2 != 15 && (insn->rn != 15 || has_pc);
}

/* Reversals, CLZ and divisions have too many fixed bits to come up by chance. */
static uint32_t roll_rare(struct dice *dice)
{
    uint32_t raw = roll(dice);
    uint32_t reg = raw & 15;

    switch (raw >> 4 & 3) {
    case 0:
        return (raw & 0x0F300000) | 0xF0800000 | reg << 16 | 0xFA90 | reg;
    case 1:
        return (raw & 0x0F000000) | 0xF0800000 | reg << 16 | 0xFAB0 | reg;
    case 2:
        return (raw & 0x0F0F0000) | 0xF0F00000 | 0xFB90 | reg;
    default:
        return (raw & 0x0F0F0000) | 0xF0F00000 | 0xFBB0 | reg;
    }
}

/* One that is executed here, and stays in the program. */
static uint32_t roll_instruction(struct dice *dice, struct sim_cpu_insn *insn)
{
    static const uint16_t groups[] = {0xEA00, 0xEB00, 0xF000, 0xF100, 0xF200, 0xF300, 0xF400,
        0xF500, 0xF600, 0xF700, 0xFA00, 0xFA80, 0xFB00, 0xFB80};

    for (;;) {
        uint32_t raw = roll(dice);

        if (roll(dice) % 3 != 0) {
            raw = (raw & 0xFFFF00FF) | groups[roll(dice) % (sizeof groups / sizeof groups[0])];
            if ((raw & 0xFF00) == 0xFA00) {
                raw |= 0xF0000000;
            }
        } else if (roll(dice) % 4 == 0) {
            raw = roll_rare(dice);
        } else {
            raw &= 0xFFFF;
        }
        sim_cpu_decode(raw, insn);
        if (insn->op == SIM_CPU_OP_NONE || insn->op >= SIM_CPU_OP_BRANCH) {
            continue;
        }
        if (insn->size_bytes == (raw > 0xFFFF ? 4 : 2) && is_predictable(insn)) {
            return raw;
        }
    }
}

struct program {
    uint16_t code[HALFWORDS];
    size_t used;
};

static void add16(struct program *program, uint16_t half)
{
    program->code[program->used++] = half;
}

static void put_word(struct program *program, uint32_t addr, uint32_t value)
{
    program->code[addr / 2] = (uint16_t)value;
    program->code[addr / 2 + 1] = (uint16_t)(value >> 16);
}

/* LDR R0..R12 from the constants, flags from the last, then the body with short branches. */
static void make_program(struct program *program, struct dice *dice, uint32_t *seen)
{
    memset(program, 0, sizeof *program);
    put_word(program, 0, BOARD_DTCM + 0x1000);
    put_word(program, 4, CODE | 1);
    for (uint32_t reg = 0; reg < 14; reg++) {
        put_word(program, CONSTANTS + 4 * reg, roll_value(dice));
    }
    program->used = CODE / 2;
    add16(program, 0x2000 | CONSTANTS); /* movs r0, #CONSTANTS */
    add16(program, 0x6B41);             /* ldr r1, [r0, #52] */
    add16(program, 0xF381);             /* msr apsr_nzcvq, r1 */
    add16(program, 0x8800);
    add16(program, 0xE890); /* ldmia.w r0, {r0-r12} */
    add16(program, 0x1FFF);
    for (unsigned i = 0; i < BODY; i++) {
        struct sim_cpu_insn insn;
        uint32_t raw = roll_instruction(dice, &insn);

        if (roll(dice) % 8 == 0) { /* b<cond> over the next one */
            add16(program,
                (uint16_t)(0xD000 | (roll(dice) % 14) << 8 | (insn.size_bytes == 4 ? 1 : 0)));
        }
        seen[insn.op]++;
        add16(program, (uint16_t)raw);
        if (insn.size_bytes == 4) {
            add16(program, (uint16_t)(raw >> 16));
        }
    }
    add16(program, 0xE7FE); /* b . */
}

static void run_both(struct dice *dice, uint32_t *seen)
{
    static struct program program;
    struct cpu_board *boards[2];

    make_program(&program, dice, seen);
    for (unsigned i = 0; i < 2; i++) {
        boards[i] = cpu_board_create(program.code, sizeof program.code);
        sim_cpu_set_interpreting(boards[i]->cpu, i == 0);
        sim_cpu_set_skipping(boards[i]->cpu, false);
        cpu_board_start(boards[i]);
        cpu_board_run(boards[i], CYCLES);
        cpu_board_put_word(boards[i], PPB_DHCSR, 0xA05F0003);
    }
    for (unsigned reg = 0; reg <= 16; reg++) {
        uint32_t ours = cpu_board_reg(boards[0], reg);
        uint32_t theirs = cpu_board_reg(boards[1], reg);

        if (ours != theirs) {
            for (size_t i = CODE / 2; i < program.used; i++) {
                cr_log_error("%03zx: %04x", 2 * i, program.code[i]);
            }
        }
        cr_assert_eq(ours, theirs, "register %u: %08x, by Unicorn %08x", reg, ours, theirs);
    }
    cr_assert_eq(boards[0]->clock.now_ps, boards[1]->clock.now_ps);
    cpu_board_free(boards[0]);
    cpu_board_free(boards[1]);
}

Test(cpu_interpret, does_what_unicorn_does)
{
    struct dice dice = {1};
    uint32_t seen[SIM_CPU_OP_BRANCH] = {0};

    for (unsigned i = 0; i < PROGRAMS; i++) {
        run_both(&dice, seen);
    }
    for (unsigned op = SIM_CPU_OP_AND; op < SIM_CPU_OP_BRANCH; op++) {
        cr_expect_gt(seen[op], 10, "operation %u was hardly tried", op);
    }
}
