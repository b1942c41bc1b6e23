#include "sim/cpu_decode.h"

#include <criterion/criterion.h>

struct row {
    const char *text;
    uint32_t raw; /* first halfword low */
    uint8_t kind;
    uint8_t rn;
    uint8_t rt;
    uint8_t unit_bytes;
    uint8_t count;
    uint16_t flags;
    int32_t offset;
};

enum {
    L = SIM_CPU_LOAD,
    S = SIM_CPU_SIGNED,
    W = SIM_CPU_WRITEBACK,
    P = SIM_CPU_PRE_INDEX,
    X = SIM_CPU_INDEX_REG,
    U = SIM_CPU_UNALIGNED_OK,
    T = SIM_CPU_TRANSFER
};

/* Encodings by the GNU assembler. */
static const struct row rows[] = {
    {"ldr r1, [pc, #16]", 0x4904, T, 15, 1, 4, 1, L | P | U, 16},
    {"str r2, [r3, r4]", 0x511A, T, 3, 2, 4, 1, P | X | U, 0},
    {"ldrsh r2, [r3, r4]", 0x5F1A, T, 3, 2, 2, 1, L | S | P | X | U, 0},
    {"ldrsb r2, [r3, r4]", 0x571A, T, 3, 2, 1, 1, L | S | P | X | U, 0},
    {"str r1, [r0, #124]", 0x67C1, T, 0, 1, 4, 1, P | U, 124},
    {"ldrb r1, [r0, #31]", 0x7FC1, T, 0, 1, 1, 1, L | P | U, 31},
    {"ldrh r1, [r0, #62]", 0x8FC1, T, 0, 1, 2, 1, L | P | U, 62},
    {"str r1, [sp, #8]", 0x9102, T, 13, 1, 4, 1, P | U, 8},
    {"push {r0, r4, lr}", 0xB511, T, 13, 0, 4, 3, SIM_CPU_LIST | P | W, -12},
    {"pop {r4, pc}", 0xBD10, T, 13, 0, 4, 2, SIM_CPU_LIST | L | W, 8},
    {"stmia r1!, {r2, r3}", 0xC10C, T, 1, 0, 4, 2, SIM_CPU_LIST | W, 8},
    {"ldmia r1, {r1, r2}", 0xC906, T, 1, 0, 4, 2, SIM_CPU_LIST | L, 8},
    {"ldr.w r1, [r2, #4095]", 0x1FFFF8D2, T, 2, 1, 4, 1, L | P | U, 4095},
    {"ldr.w r1, [pc, #-8]", 0x1008F85F, T, 15, 1, 4, 1, L | P | U, -8},
    {"ldr r3, [r1], #4", 0x3B04F851, T, 1, 3, 4, 1, L | W | U, 4},
    {"str r3, [r0, #-4]!", 0x3D04F840, T, 0, 3, 4, 1, P | W | U, -4},
    {"strb.w r1, [r2, r3, lsl #2]", 0x1023F802, T, 2, 1, 1, 1, P | X | U, 0},
    {"ldrt r1, [r0, #8]", 0x1E08F850, T, 0, 1, 4, 1, L | P | U | SIM_CPU_UNPRIVILEGED, 8},
    {"ldrd r2, r3, [r0, #-16]", 0x2304E950, T, 0, 2, 4, 2, SIM_CPU_DUAL | L | P, -16},
    {"strd r2, r3, [r0], #8", 0x2302E8E0, T, 0, 2, 4, 2, SIM_CPU_DUAL | W, 8},
    {"ldmdb r0!, {r1-r3}", 0x000EE930, T, 0, 0, 4, 3, SIM_CPU_LIST | L | P | W, -12},
    {"ldrex r1, [r2, #4]", 0x1F01E852, T, 2, 1, 4, 1, SIM_CPU_EXCLUSIVE | L | P, 4},
    {"strexb r0, r1, [r2]", 0x1F40E8C2, T, 2, 1, 1, 1, SIM_CPU_EXCLUSIVE | P, 0},
    {"tbh [pc, r1, lsl #1]", 0xF011E8DF, SIM_CPU_TABLE_BRANCH, 15, 15, 2, 1, L | P | X, 0},
    {"vldr s3, [r0, #8]", 0x1A02EDD0, T, 0, 3, 4, 1, SIM_CPU_FLOAT_LIST | L | P, 8},
    {"vstr d2, [r1, #-8]", 0x2B02ED01, T, 1, 4, 4, 2, SIM_CPU_FLOAT_LIST | P, -8},
    {"vpush {d8, d9}", 0x8B04ED2D, T, 13, 16, 4, 4, SIM_CPU_FLOAT_LIST | P | W, -16},
    {"vldmia r0!, {s0-s4}", 0x0A05ECB0, T, 0, 0, 4, 5, SIM_CPU_FLOAT_LIST | L | W, 20},
};

Test(cpu_decode, knows_every_form_of_load_and_store)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        struct sim_cpu_insn insn;

        sim_cpu_decode(row->raw, &insn);
        cr_assert_eq(insn.kind, row->kind, "%s: kind %u", row->text, insn.kind);
        cr_assert_eq(insn.rn, row->rn, "%s: rn %u", row->text, insn.rn);
        cr_assert_eq(insn.rt, row->rt, "%s: rt %u", row->text, insn.rt);
        cr_assert_eq(insn.unit_bytes, row->unit_bytes, "%s", row->text);
        cr_assert_eq(insn.count, row->count, "%s: count %u", row->text, insn.count);
        cr_assert_eq(insn.flags, row->flags, "%s: flags 0x%x", row->text, insn.flags);
        cr_assert_eq(insn.offset, row->offset, "%s: offset %d", row->text, insn.offset);
    }
}

Test(cpu_decode, tells_apart_what_the_model_does_itself)
{
    static const struct {
        const char *text;
        uint32_t raw;
        uint8_t kind;
    } kinds[] = {
        {"nop", 0xBF00, SIM_CPU_PLAIN},
        {"yield", 0xBF10, SIM_CPU_YIELD},
        {"wfe", 0xBF20, SIM_CPU_WFE},
        {"wfi", 0xBF30, SIM_CPU_WFI},
        {"sev", 0xBF40, SIM_CPU_SEV},
        {"wfi.w", 0x8003F3AF, SIM_CPU_WFI},
        {"nop.w", 0x8000F3AF, SIM_CPU_PLAIN},
        {"itte eq", 0xBF06, SIM_CPU_IT},
        {"svc 3", 0xDF03, SIM_CPU_SVC},
        {"bkpt 0", 0xBE00, SIM_CPU_BKPT},
        {"udf 1", 0xDE01, SIM_CPU_PLAIN},
        {"cpsid i", 0xB672, SIM_CPU_MASKS},
        {"msr PRIMASK, r0", 0x8810F380, SIM_CPU_MASKS},
        {"mrs r0, PRIMASK", 0x8010F3EF, SIM_CPU_PLAIN},
        {"clrex", 0x8F2FF3BF, SIM_CPU_CLEAR_EXCLUSIVE},
        {"dsb", 0x8F4FF3BF, SIM_CPU_PLAIN},
        {"udiv r2, r0, r1", 0xF2F1FBB0, SIM_CPU_DIVIDE},
        {"sdiv r2, r0, r1", 0xF2F1FB90, SIM_CPU_DIVIDE},
        {"umull r0, r1, r2, r3", 0x0103FBA2, SIM_CPU_PLAIN},
        {"vadd.f32 s0, s1, s2", 0x0A81EE30, SIM_CPU_FLOAT},
        {"vmov d0, r0, r1", 0x0B10EC41, SIM_CPU_FLOAT},
        {"mrc p15, 0, r0, c1, c0, 0", 0x0F10EE11, SIM_CPU_NO_COPROCESSOR},
        {"bl", 0xF800F000, SIM_CPU_PLAIN},
        {"b.w", 0xB800F000, SIM_CPU_PLAIN},
        {"pld [r0]", 0xF000F890, SIM_CPU_PLAIN},
        {"bx lr", 0x4770, SIM_CPU_PLAIN},
    };

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct sim_cpu_insn insn;

        sim_cpu_decode(kinds[i].raw, &insn);
        cr_assert_eq(insn.kind, kinds[i].kind, "%s: kind %u", kinds[i].text, insn.kind);
    }
}

Test(cpu_decode, ignores_the_second_halfword_of_a_short_instruction)
{
    struct sim_cpu_insn insn;

    sim_cpu_decode(0xFFFF6801, &insn);
    cr_assert_eq(insn.size_bytes, 2);
    cr_assert_eq(insn.raw, 0x6801);
    cr_assert_eq(sim_cpu_insn_bytes(0xE7FE), 2);
    cr_assert_eq(sim_cpu_insn_bytes(0xE800), 4);
}
