#include "sim/cpu_alu.h"

enum { SP = 13, PC = 15 };

static uint32_t field(uint32_t word, unsigned low, unsigned width)
{
    return word >> low & ((1U << width) - 1);
}

static uint8_t field8(uint32_t word, unsigned low, unsigned width)
{
    return (uint8_t)field(word, low, width);
}

/* Sign extension of a number of `bits` bits. */
static int32_t widen(uint32_t value, unsigned bits)
{
    uint32_t sign = 1U << (bits - 1);

    return (int32_t)((value ^ sign) - sign);
}

struct operation {
    enum sim_cpu_op op;
    uint8_t rt;
    uint8_t rn;
    uint8_t rm;
    unsigned flags;
};

static void set(struct sim_cpu_insn *insn, struct operation operation)
{
    insn->op = (uint8_t)operation.op;
    insn->rt = operation.rt;
    insn->rn = operation.rn;
    insn->rm = operation.rm;
    insn->flags = (uint16_t)operation.flags;
}

static void set_immediate(
    struct sim_cpu_insn *insn, enum sim_cpu_op op, uint8_t rt, uint8_t rn, uint32_t value)
{
    set(insn, (struct operation){op, rt, rn, 0, SIM_CPU_ALU_FLAGS | SIM_CPU_ALU_IMMEDIATE});
    insn->offset = (int32_t)value;
}

/* LSR and ASR by 0 mean 32, ROR by 0 means RRX (A7.4.2). */
static void set_shift(struct sim_cpu_insn *insn, uint8_t type, uint8_t bits)
{
    insn->unit_bytes = type;
    insn->shift = bits;
    if (bits == 0 && (type == SIM_CPU_LSR || type == SIM_CPU_ASR)) {
        insn->shift = 32;
    } else if (bits == 0 && type == SIM_CPU_ROR) {
        insn->unit_bytes = SIM_CPU_RRX;
    }
}

/* ---- 16 bits ---- */

static void decode_shift_add(uint16_t half, struct sim_cpu_insn *insn)
{
    uint8_t rd = field8(half, 0, 3);
    uint8_t rn = field8(half, 3, 3);
    uint8_t third = field8(half, 6, 3);
    uint8_t type = field8(half, 11, 2);

    if (type != 3) {
        set(insn, (struct operation){SIM_CPU_OP_MOV, rd, 0, rn, SIM_CPU_ALU_FLAGS});
        set_shift(insn, type, field8(half, 6, 5));
        return;
    }
    if (field(half, 10, 1) != 0) {
        set_immediate(
            insn, field(half, 9, 1) != 0 ? SIM_CPU_OP_SUB : SIM_CPU_OP_ADD, rd, rn, third);
    } else {
        set(insn, (struct operation){field(half, 9, 1) != 0 ? SIM_CPU_OP_SUB : SIM_CPU_OP_ADD, rd,
                      rn, third, SIM_CPU_ALU_FLAGS});
    }
}

static void decode_immediate(uint16_t half, struct sim_cpu_insn *insn)
{
    static const uint8_t ops[4] = {SIM_CPU_OP_MOV, SIM_CPU_OP_SUB, SIM_CPU_OP_ADD, SIM_CPU_OP_SUB};
    uint8_t rd = field8(half, 8, 3);
    uint32_t form = field(half, 11, 2);

    set_immediate(insn, (enum sim_cpu_op)ops[form], rd, rd, half & 0xFF);
    if (form == 1) {
        insn->flags |= SIM_CPU_ALU_NO_RESULT;
    }
}

static void decode_registers(uint16_t half, struct sim_cpu_insn *insn)
{
    static const struct {
        uint8_t op;
        uint8_t shift;
        uint8_t flags;
    } forms[16] = {
        {SIM_CPU_OP_AND, 0, 0},
        {SIM_CPU_OP_EOR, 0, 0},
        {SIM_CPU_OP_SHIFT, SIM_CPU_LSL, 0},
        {SIM_CPU_OP_SHIFT, SIM_CPU_LSR, 0},
        {SIM_CPU_OP_SHIFT, SIM_CPU_ASR, 0},
        {SIM_CPU_OP_ADC, 0, 0},
        {SIM_CPU_OP_SBC, 0, 0},
        {SIM_CPU_OP_SHIFT, SIM_CPU_ROR, 0},
        {SIM_CPU_OP_AND, 0, SIM_CPU_ALU_NO_RESULT},
        {SIM_CPU_OP_RSB, 0, SIM_CPU_ALU_IMMEDIATE},
        {SIM_CPU_OP_SUB, 0, SIM_CPU_ALU_NO_RESULT},
        {SIM_CPU_OP_ADD, 0, SIM_CPU_ALU_NO_RESULT},
        {SIM_CPU_OP_ORR, 0, 0},
        {SIM_CPU_OP_MUL, 0, 0},
        {SIM_CPU_OP_BIC, 0, 0},
        {SIM_CPU_OP_MVN, 0, 0},
    };
    uint32_t form = field(half, 6, 4);
    uint8_t rd = field8(half, 0, 3);
    uint8_t rm = field8(half, 3, 3);
    bool is_negation = forms[form].op == SIM_CPU_OP_RSB;

    set(insn, (struct operation){(enum sim_cpu_op)forms[form].op, rd, is_negation ? rm : rd, rm,
                  forms[form].flags | (unsigned)SIM_CPU_ALU_FLAGS});
    insn->unit_bytes = forms[form].shift;
}

static void decode_high_registers(uint16_t half, struct sim_cpu_insn *insn)
{
    uint8_t rd = (uint8_t)(field8(half, 0, 3) | field8(half, 7, 1) << 3);
    uint8_t rm = field8(half, 3, 4);

    uint32_t form = field(half, 8, 2);

    if (rm == PC || (form != 3 && rd == PC)) {
        return; /* PC as an operand is left to Unicorn */
    }
    switch (form) {
    case 0:
        set(insn, (struct operation){SIM_CPU_OP_ADD, rd, rd, rm, 0});
        break;
    case 1:
        set(insn, (struct operation){
                      SIM_CPU_OP_SUB, rd, rd, rm, SIM_CPU_ALU_FLAGS | SIM_CPU_ALU_NO_RESULT});
        break;
    case 2:
        set(insn, (struct operation){SIM_CPU_OP_MOV, rd, 0, rm, 0});
        break;
    default:
        if ((half & 7) == 0) {
            set(insn, (struct operation){field(half, 7, 1) != 0 ? SIM_CPU_OP_BRANCH_LINK_REG
                                                                : SIM_CPU_OP_BRANCH_REG,
                          0, 0, rm, 0});
        }
        break;
    }
}

static void set_extend(struct sim_cpu_insn *insn, uint8_t rd, uint8_t rn, uint8_t rm)
{
    set(insn, (struct operation){SIM_CPU_OP_EXTEND, rd, rn, rm, 0});
}

static void decode_misc(uint16_t half, struct sim_cpu_insn *insn)
{
    static const uint8_t changes[4] = {
        SIM_CPU_OP_REV, SIM_CPU_OP_REV16, SIM_CPU_OP_NONE, SIM_CPU_OP_REVSH};
    uint8_t rd = field8(half, 0, 3);
    uint8_t rm = field8(half, 3, 3);

    if ((half & 0xFF00) == 0xB000) {
        set(insn, (struct operation){field(half, 7, 1) != 0 ? SIM_CPU_OP_SUB : SIM_CPU_OP_ADD, SP,
                      SP, 0, SIM_CPU_ALU_IMMEDIATE});
        insn->offset = (int32_t)field(half, 0, 7) * 4;
    } else if ((half & 0xF500) == 0xB100) { /* CBZ, CBNZ */
        set(insn, (struct operation){
                      field(half, 11, 1) != 0 ? SIM_CPU_OP_BRANCH_NOT_ZERO : SIM_CPU_OP_BRANCH_ZERO,
                      0, rd, 0, 0});
        insn->offset = (int32_t)(field(half, 3, 5) << 1 | field(half, 9, 1) << 6);
    } else if ((half & 0xFF00) == 0xB200) {
        set_extend(insn, rd, PC, rm);
        insn->count = field(half, 6, 1) != 0 ? 8 : 16;
        insn->flags = field(half, 7, 1) != 0 ? 0 : SIM_CPU_ALU_SIGNED;
    } else if ((half & 0xFF00) == 0xBA00) {
        set(insn, (struct operation){(enum sim_cpu_op)changes[field(half, 6, 2)], rd, 0, rm, 0});
    } else if (half == 0xBF00) {
        insn->op = SIM_CPU_OP_NOP;
    }
}

static void decode_16(uint16_t half, struct sim_cpu_insn *insn)
{
    switch (half >> 12) {
    case 0x0:
    case 0x1:
        decode_shift_add(half, insn);
        break;
    case 0x2:
    case 0x3:
        decode_immediate(half, insn);
        break;
    case 0x4:
        if (half < 0x4400) {
            decode_registers(half, insn);
        } else if (half < 0x4800) {
            decode_high_registers(half, insn);
        }
        break;
    case 0xA: /* from PC or SP */
        set(insn, (struct operation){field(half, 11, 1) != 0 ? SIM_CPU_OP_ADD : SIM_CPU_OP_ADR,
                      field8(half, 8, 3), SP, 0, SIM_CPU_ALU_IMMEDIATE});
        insn->offset = (int32_t)field(half, 0, 8) * 4;
        break;
    case 0xB:
        decode_misc(half, insn);
        break;
    case 0xD:
        if (field(half, 8, 4) < 14) {
            insn->op = SIM_CPU_OP_BRANCH_IF;
            insn->shift = field8(half, 8, 4);
            insn->offset = widen(field(half, 0, 8), 8) * 2;
        }
        break;
    case 0xE:
        insn->op = SIM_CPU_OP_BRANCH;
        insn->offset = widen(field(half, 0, 11), 11) * 2;
        break;
    default:
        break;
    }
}

/* ---- 32 bits ---- */

static const uint8_t processing[16] = {
    [0] = SIM_CPU_OP_AND,
    [1] = SIM_CPU_OP_BIC,
    [2] = SIM_CPU_OP_ORR,
    [3] = SIM_CPU_OP_ORN,
    [4] = SIM_CPU_OP_EOR,
    [8] = SIM_CPU_OP_ADD,
    [10] = SIM_CPU_OP_ADC,
    [11] = SIM_CPU_OP_SBC,
    [13] = SIM_CPU_OP_SUB,
    [14] = SIM_CPU_OP_RSB,
};

/* Register fields of A5.3.1 and A5.3.11. False: a combination that is left to Unicorn. */
static bool set_processing(
    uint16_t first, uint16_t second, unsigned flags, struct sim_cpu_insn *insn)
{
    uint8_t op = processing[field(first, 5, 4)];
    uint8_t rn = field8(first, 0, 4);
    uint8_t rd = field8(second, 8, 4);
    bool sets_flags = field(first, 4, 1) != 0;

    flags |= sets_flags ? (unsigned)SIM_CPU_ALU_FLAGS : 0;
    if (rd == PC) {
        if (!sets_flags || (op != SIM_CPU_OP_AND && op != SIM_CPU_OP_EOR && op != SIM_CPU_OP_ADD &&
                               op != SIM_CPU_OP_SUB)) {
            return false;
        }
        flags |= SIM_CPU_ALU_NO_RESULT;
        rd = 0;
    }
    if (rn == PC) {
        if (op != SIM_CPU_OP_ORR && op != SIM_CPU_OP_ORN) {
            return false;
        }
        op = op == SIM_CPU_OP_ORR ? SIM_CPU_OP_MOV : SIM_CPU_OP_MVN;
        rn = 0;
    }
    set(insn, (struct operation){(enum sim_cpu_op)op, rd, rn, 0, flags});
    return op != SIM_CPU_OP_NONE;
}

static void decode_shifted(uint16_t first, uint16_t second, struct sim_cpu_insn *insn)
{
    uint8_t rm = field8(second, 0, 4);

    if (rm == PC || field(second, 15, 1) != 0 || !set_processing(first, second, 0, insn)) {
        insn->op = SIM_CPU_OP_NONE;
        return;
    }
    insn->rm = rm;
    set_shift(
        insn, field8(second, 4, 2), (uint8_t)(field(second, 12, 3) << 2 | field(second, 6, 2)));
}

/* ThumbExpandImm_C (A5.3.2). */
static uint32_t expand(uint32_t code, bool *is_rotated)
{
    uint32_t byte = code & 0xFF;
    uint32_t bits = code >> 7;

    *is_rotated = code >= 0x400;
    if (*is_rotated) {
        byte = 0x80 | (code & 0x7F);
        return byte >> bits | byte << (32 - bits);
    }
    switch (code >> 8) {
    case 0:
        return byte;
    case 1:
        return byte << 16 | byte;
    case 2:
        return byte << 24 | byte << 8;
    default:
        return byte << 24 | byte << 16 | byte << 8 | byte;
    }
}

static uint32_t immediate12(uint16_t first, uint16_t second)
{
    return field(first, 10, 1) << 11 | field(second, 12, 3) << 8 | field(second, 0, 8);
}

static void decode_modified_immediate(uint16_t first, uint16_t second, struct sim_cpu_insn *insn)
{
    bool is_rotated = false;
    uint32_t value = expand(immediate12(first, second), &is_rotated);

    if (!set_processing(first, second,
            SIM_CPU_ALU_IMMEDIATE | (is_rotated ? (unsigned)SIM_CPU_ALU_ROTATED : 0U), insn)) {
        insn->op = SIM_CPU_OP_NONE;
        return;
    }
    insn->offset = (int32_t)value;
}

static void decode_field(uint16_t first, uint16_t second, struct sim_cpu_insn *insn)
{
    uint8_t low = (uint8_t)(field(second, 12, 3) << 2 | field(second, 6, 2));
    uint8_t last = field8(second, 0, 5);
    uint8_t rn = field8(first, 0, 4);
    uint8_t rd = field8(second, 8, 4);
    uint32_t form = field(first, 4, 5);

    if (rd == PC || field(first, 10, 1) != 0 || field(second, 5, 1) != 0) {
        return;
    }
    if (form == 0x16) {
        if (last >= low) {
            set(insn, (struct operation){SIM_CPU_OP_BFI, rd, rn, 0, 0});
            insn->count = (uint8_t)(last - low + 1);
        }
    } else if (rn != PC && low + last < 32) {
        set(insn,
            (struct operation){form == 0x14 ? SIM_CPU_OP_SBFX : SIM_CPU_OP_UBFX, rd, rn, 0, 0});
        insn->count = (uint8_t)(last + 1);
    }
    insn->shift = low;
}

static void decode_plain_immediate(uint16_t first, uint16_t second, struct sim_cpu_insn *insn)
{
    uint8_t rn = field8(first, 0, 4);
    uint8_t rd = field8(second, 8, 4);
    uint32_t value = immediate12(first, second);
    uint32_t form = field(first, 4, 5);
    bool subtracts = form == 0x0A;

    if (rd == PC) {
        return;
    }
    switch (form) {
    case 0x00:
    case 0x0A:
        if (rn == PC) {
            set(insn, (struct operation){SIM_CPU_OP_ADR, rd, 0, 0, 0});
            insn->offset = subtracts ? -(int32_t)value : (int32_t)value;
        } else {
            set(insn, (struct operation){subtracts ? SIM_CPU_OP_SUB : SIM_CPU_OP_ADD, rd, rn, 0,
                          SIM_CPU_ALU_IMMEDIATE});
            insn->offset = (int32_t)value;
        }
        break;
    case 0x04:
    case 0x0C:
        set(insn, (struct operation){form == 0x04 ? SIM_CPU_OP_MOV : SIM_CPU_OP_MOVT, rd, 0, 0,
                      SIM_CPU_ALU_IMMEDIATE});
        insn->offset = (int32_t)((uint32_t)rn << 12 | value);
        break;
    case 0x14:
    case 0x16:
    case 0x1C:
        decode_field(first, second, insn);
        break;
    default: /* saturation */
        break;
    }
}

static int32_t long_offset(uint16_t first, uint16_t second)
{
    uint32_t sign = field(first, 10, 1);
    uint32_t i1 = ~(field(second, 13, 1) ^ sign) & 1;
    uint32_t i2 = ~(field(second, 11, 1) ^ sign) & 1;

    return widen(
        sign << 24 | i1 << 23 | i2 << 22 | field(first, 0, 10) << 12 | field(second, 0, 11) << 1,
        25);
}

static void decode_branch(uint16_t first, uint16_t second, struct sim_cpu_insn *insn)
{
    uint32_t form = second & 0xD000;

    if (form == 0xD000 || form == 0x9000) {
        insn->op = form == 0xD000 ? SIM_CPU_OP_BRANCH_LINK : SIM_CPU_OP_BRANCH;
        insn->offset = long_offset(first, second);
    } else if (form == 0x8000 && field(first, 6, 4) < 14) {
        insn->op = SIM_CPU_OP_BRANCH_IF;
        insn->shift = field8(first, 6, 4);
        insn->offset = widen(field(first, 10, 1) << 20 | field(second, 11, 1) << 19 |
                                 field(second, 13, 1) << 18 | field(first, 0, 6) << 12 |
                                 field(second, 0, 11) << 1,
            21);
    } else if (first == 0xF3BF && second >= 0x8F40 && second < 0x8F70) {
        insn->op = SIM_CPU_OP_NOP; /* DSB, DMB, ISB: everything is in order here */
    }
}

static void decode_change(
    uint32_t group, uint32_t form, struct operation operation, struct sim_cpu_insn *insn)
{
    static const uint8_t changes[4] = {
        SIM_CPU_OP_REV, SIM_CPU_OP_REV16, SIM_CPU_OP_RBIT, SIM_CPU_OP_REVSH};

    if (group == 9 && (form & 0xC) == 8) {
        operation.op = (enum sim_cpu_op)changes[form & 3];
    } else if (group == 11 && form == 8) {
        operation.op = SIM_CPU_OP_CLZ;
    }
    set(insn, operation);
}

/* A5.3.12, A5.3.15: shifts by register, extensions, reversals, CLZ. */
static void decode_register_group(uint16_t first, uint16_t second, struct sim_cpu_insn *insn)
{
    static const uint8_t widths[16] = {[0] = 16, [1] = 16, [4] = 8, [5] = 8}; /* SXTH ... UXTB */
    uint8_t rn = field8(first, 0, 4);
    uint8_t rd = field8(second, 8, 4);
    uint8_t rm = field8(second, 0, 4);
    uint32_t group = field(first, 4, 4);
    uint32_t form = field(second, 4, 4);

    if (field(second, 12, 4) != 15 || rd == PC || rm == PC) {
        return;
    }
    if (group < 8 && form == 0 && rn != PC) {
        set(insn, (struct operation){SIM_CPU_OP_SHIFT, rd, rn, rm,
                      (group & 1) != 0 ? (unsigned)SIM_CPU_ALU_FLAGS : 0U});
        insn->unit_bytes = (uint8_t)(group >> 1);
    } else if ((form & 0xC) == 8 && widths[group] != 0) {
        set_extend(insn, rd, rn, rm);
        insn->count = widths[group];
        insn->shift = (uint8_t)((form & 3) * 8);
        insn->flags = (group & 1) != 0 ? 0 : SIM_CPU_ALU_SIGNED;
    } else if (rn == rm) {
        decode_change(group, form, (struct operation){SIM_CPU_OP_NONE, rd, 0, rm, 0}, insn);
    }
}

static void decode_multiply(uint16_t first, uint16_t second, struct sim_cpu_insn *insn)
{
    uint8_t rn = field8(first, 0, 4);
    uint8_t ra = field8(second, 12, 4);
    uint8_t rd = field8(second, 8, 4);
    uint8_t rm = field8(second, 0, 4);
    uint32_t group = field(first, 4, 4);
    uint32_t form = field(second, 4, 4);
    enum sim_cpu_op op = SIM_CPU_OP_NONE;

    if (rn == PC || rm == PC || rd == PC) {
        return;
    }
    if (group == 0 && form == 0) {
        op = ra == PC ? SIM_CPU_OP_MUL : SIM_CPU_OP_MLA;
    } else if (group == 0 && form == 1 && ra != PC) {
        op = SIM_CPU_OP_MLS;
    } else if (group == 9 && form == 15 && ra == PC) {
        op = SIM_CPU_OP_SDIV;
    } else if (group == 11 && form == 15 && ra == PC) {
        op = SIM_CPU_OP_UDIV;
    }
    if (op != SIM_CPU_OP_NONE) {
        set(insn, (struct operation){op, rd, rn, rm, 0});
        insn->rt2 = ra == PC ? 0 : ra;
    }
}

static void decode_long_multiply(uint16_t first, uint16_t second, struct sim_cpu_insn *insn)
{
    static const uint8_t ops[16] = {[8] = SIM_CPU_OP_SMULL,
        [10] = SIM_CPU_OP_UMULL,
        [12] = SIM_CPU_OP_SMLAL,
        [14] = SIM_CPU_OP_UMLAL};
    uint8_t op = ops[field(first, 4, 4)];
    uint8_t rn = field8(first, 0, 4);
    uint8_t low = field8(second, 12, 4);
    uint8_t high = field8(second, 8, 4);
    uint8_t rm = field8(second, 0, 4);

    if (op != SIM_CPU_OP_NONE && field(second, 4, 4) == 0 && rn != PC && rm != PC && low != PC &&
        high != PC && low != high) {
        set(insn, (struct operation){(enum sim_cpu_op)op, low, rn, rm, 0});
        insn->rt2 = high;
    }
}

static void decode_32(uint16_t first, uint16_t second, struct sim_cpu_insn *insn)
{
    if ((first & 0xFE00) == 0xEA00) {
        decode_shifted(first, second, insn);
    } else if ((first & 0xF800) == 0xF000) {
        if (field(second, 15, 1) != 0) {
            decode_branch(first, second, insn);
        } else if (field(first, 9, 1) != 0) {
            decode_plain_immediate(first, second, insn);
        } else {
            decode_modified_immediate(first, second, insn);
        }
    } else if ((first & 0xFF00) == 0xFA00) {
        decode_register_group(first, second, insn);
    } else if ((first & 0xFF00) == 0xFB00) {
        decode_multiply(first, second, insn);
        if (insn->op == SIM_CPU_OP_NONE) {
            decode_long_multiply(first, second, insn);
        }
    }
}

void sim_cpu_alu_decode(struct sim_cpu_insn *insn)
{
    if (insn->size_bytes == 2) {
        decode_16((uint16_t)insn->raw, insn);
    } else {
        decode_32((uint16_t)insn->raw, (uint16_t)(insn->raw >> 16), insn);
    }
}
