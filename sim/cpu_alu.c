#include "sim/cpu_alu.h"

enum { SP = 13, LR = 14, PC = 15 };

uint32_t sim_cpu_alu_flags(const struct sim_cpu_alu *alu)
{
    return (alu->n & 0x80000000U) | (alu->z == 0 ? 1U << 30 : 0) | (alu->c ? 1U << 29 : 0) |
           (alu->v ? 1U << 28 : 0);
}

void sim_cpu_alu_set_flags(struct sim_cpu_alu *alu, uint32_t xpsr)
{
    alu->n = xpsr;
    alu->z = ~xpsr & 1U << 30;
    alu->c = (xpsr >> 29 & 1) != 0;
    alu->v = (xpsr >> 28 & 1) != 0;
}

static inline void set_reg(struct sim_cpu_alu *alu, uint8_t reg, uint32_t value)
{
    alu->regs[reg] = reg == SP ? value & ~3U : value;
}

static inline uint32_t rotate_right(uint32_t value, uint32_t bits)
{
    return bits == 0 ? value : value >> bits | value << (32 - bits);
}

/* bits: 1 to 32. */
static uint32_t shift_arithmetic(uint32_t value, uint32_t bits, bool *carry)
{
    uint64_t wide = (value >> 31 != 0 ? UINT64_C(0xFFFFFFFF00000000) : 0) | value;

    *carry = (wide >> (bits - 1) & 1) != 0;
    return (uint32_t)(wide >> bits);
}

/* A7.4.2, with bits up to 255 for shifts by register. */
static uint32_t shift(uint32_t value, uint8_t type, uint32_t bits, bool *carry)
{
    if (type == SIM_CPU_RRX) {
        uint32_t result = value >> 1 | (*carry ? 1U << 31 : 0);

        *carry = (value & 1) != 0;
        return result;
    }
    if (bits == 0) {
        return value;
    }
    switch (type) {
    case SIM_CPU_LSL:
        *carry = bits <= 32 && (value >> (32 - bits) & 1) != 0;
        return bits < 32 ? value << bits : 0;
    case SIM_CPU_LSR:
        *carry = bits <= 32 && (value >> (bits - 1) & 1) != 0;
        return bits < 32 ? value >> bits : 0;
    case SIM_CPU_ASR:
        return shift_arithmetic(value, bits < 32 ? bits : 32, carry);
    default:
        value = rotate_right(value, bits % 32);
        *carry = value >> 31 != 0;
        return value;
    }
}

static uint32_t operand(const struct sim_cpu_alu *alu, const struct sim_cpu_insn *insn, bool *carry)
{
    if ((insn->flags & SIM_CPU_ALU_IMMEDIATE) != 0) {
        if ((insn->flags & SIM_CPU_ALU_ROTATED) != 0) {
            *carry = (uint32_t)insn->offset >> 31 != 0;
        }
        return (uint32_t)insn->offset;
    }
    return shift(alu->regs[insn->rm], insn->unit_bytes, insn->shift, carry);
}

static void set_nz(struct sim_cpu_alu *alu, uint32_t value)
{
    alu->n = value;
    alu->z = value;
}

static void finish_logic(
    struct sim_cpu_alu *alu, const struct sim_cpu_insn *insn, uint32_t value, bool carry)
{
    if ((insn->flags & SIM_CPU_ALU_FLAGS) != 0) {
        set_nz(alu, value);
        alu->c = carry;
    }
    if ((insn->flags & SIM_CPU_ALU_NO_RESULT) == 0) {
        set_reg(alu, insn->rt, value);
    }
}

static void finish_sum(struct sim_cpu_alu *alu, const struct sim_cpu_insn *insn, uint32_t left,
    uint32_t right, bool carry)
{
    uint64_t sum = (uint64_t)left + right + (carry ? 1 : 0);
    uint32_t value = (uint32_t)sum;

    if ((insn->flags & SIM_CPU_ALU_FLAGS) != 0) {
        set_nz(alu, value);
        alu->c = sum >> 32 != 0;
        alu->v = ((left ^ value) & (right ^ value)) >> 31 != 0;
    }
    if ((insn->flags & SIM_CPU_ALU_NO_RESULT) == 0) {
        set_reg(alu, insn->rt, value);
    }
}

static void process(struct sim_cpu_alu *alu, const struct sim_cpu_insn *insn)
{
    bool carry = alu->c;
    uint32_t left = alu->regs[insn->rn];
    uint32_t right = operand(alu, insn, &carry);

    switch (insn->op) {
    case SIM_CPU_OP_AND:
        finish_logic(alu, insn, left & right, carry);
        break;
    case SIM_CPU_OP_BIC:
        finish_logic(alu, insn, left & ~right, carry);
        break;
    case SIM_CPU_OP_ORR:
        finish_logic(alu, insn, left | right, carry);
        break;
    case SIM_CPU_OP_ORN:
        finish_logic(alu, insn, left | ~right, carry);
        break;
    case SIM_CPU_OP_EOR:
        finish_logic(alu, insn, left ^ right, carry);
        break;
    case SIM_CPU_OP_MOV:
        finish_logic(alu, insn, right, carry);
        break;
    case SIM_CPU_OP_MVN:
        finish_logic(alu, insn, ~right, carry);
        break;
    case SIM_CPU_OP_ADD:
        finish_sum(alu, insn, left, right, false);
        break;
    case SIM_CPU_OP_ADC:
        finish_sum(alu, insn, left, right, alu->c);
        break;
    case SIM_CPU_OP_SBC:
        finish_sum(alu, insn, left, ~right, alu->c);
        break;
    case SIM_CPU_OP_SUB:
        finish_sum(alu, insn, left, ~right, true);
        break;
    default: /* RSB */
        finish_sum(alu, insn, right, ~left, true);
        break;
    }
}

static uint32_t reverse_bits(uint32_t value)
{
    value = (value >> 1 & 0x55555555U) | (value & 0x55555555U) << 1;
    value = (value >> 2 & 0x33333333U) | (value & 0x33333333U) << 2;
    value = (value >> 4 & 0x0F0F0F0FU) | (value & 0x0F0F0F0FU) << 4;
    return __builtin_bswap32(value);
}

static uint32_t extend(uint32_t value, uint8_t bits, bool is_signed)
{
    uint32_t sign = 1U << (bits - 1);

    value &= (sign << 1) - 1;
    return is_signed ? (value ^ sign) - sign : value;
}

/* shift: lowest bit, count: width. */
static uint32_t field_mask(const struct sim_cpu_insn *insn)
{
    return insn->count >= 32 ? UINT32_MAX : (1U << insn->count) - 1;
}

static void move_field(struct sim_cpu_alu *alu, const struct sim_cpu_insn *insn)
{
    uint32_t mask = field_mask(insn);
    uint32_t source = insn->rn == PC ? 0 : alu->regs[insn->rn];

    if (insn->op == SIM_CPU_OP_BFI) {
        set_reg(alu, insn->rt,
            (alu->regs[insn->rt] & ~(mask << insn->shift)) | (source & mask) << insn->shift);
    } else {
        set_reg(
            alu, insn->rt, extend(source >> insn->shift, insn->count, insn->op == SIM_CPU_OP_SBFX));
    }
}

static void extend_register(struct sim_cpu_alu *alu, const struct sim_cpu_insn *insn)
{
    uint32_t value = extend(rotate_right(alu->regs[insn->rm], insn->shift), insn->count,
        (insn->flags & SIM_CPU_ALU_SIGNED) != 0);

    set_reg(alu, insn->rt, insn->rn == PC ? value : alu->regs[insn->rn] + value);
}

static void multiply_long(struct sim_cpu_alu *alu, const struct sim_cpu_insn *insn)
{
    bool is_signed = insn->op == SIM_CPU_OP_SMULL || insn->op == SIM_CPU_OP_SMLAL;
    bool adds = insn->op == SIM_CPU_OP_SMLAL || insn->op == SIM_CPU_OP_UMLAL;
    uint32_t left = alu->regs[insn->rn];
    uint32_t right = alu->regs[insn->rm];
    uint64_t product =
        is_signed ? (uint64_t)((int64_t)(int32_t)left * (int32_t)right) : (uint64_t)left * right;

    if (adds) {
        product += (uint64_t)alu->regs[insn->rt2] << 32 | alu->regs[insn->rt];
    }
    set_reg(alu, insn->rt, (uint32_t)product);
    set_reg(alu, insn->rt2, (uint32_t)(product >> 32));
}

static void multiply(struct sim_cpu_alu *alu, const struct sim_cpu_insn *insn)
{
    uint32_t product = alu->regs[insn->rn] * alu->regs[insn->rm];

    if (insn->op == SIM_CPU_OP_MLA) {
        product = alu->regs[insn->rt2] + product;
    } else if (insn->op == SIM_CPU_OP_MLS) {
        product = alu->regs[insn->rt2] - product;
    }
    if ((insn->flags & SIM_CPU_ALU_FLAGS) != 0) {
        set_nz(alu, product);
    }
    set_reg(alu, insn->rt, product);
}

/* Division by zero gives zero: DIV_0_TRP is not modelled by Unicorn either. */
static void divide(struct sim_cpu_alu *alu, const struct sim_cpu_insn *insn)
{
    uint32_t left = alu->regs[insn->rn];
    uint32_t right = alu->regs[insn->rm];
    uint32_t value = 0;

    if (right != 0 && insn->op == SIM_CPU_OP_UDIV) {
        value = left / right;
    } else if (right == UINT32_MAX) {
        value = 0U - left; /* also the one quotient that overflows */
    } else if (right != 0) {
        value = (uint32_t)((int32_t)left / (int32_t)right);
    }
    set_reg(alu, insn->rt, value);
}

static void shift_by_register(struct sim_cpu_alu *alu, const struct sim_cpu_insn *insn)
{
    bool carry = alu->c;
    uint32_t value =
        shift(alu->regs[insn->rn], insn->unit_bytes, alu->regs[insn->rm] & 0xFF, &carry);

    finish_logic(alu, insn, value, carry);
}

static void change(struct sim_cpu_alu *alu, const struct sim_cpu_insn *insn)
{
    uint32_t value = alu->regs[insn->rm];

    switch (insn->op) {
    case SIM_CPU_OP_REV:
        value = __builtin_bswap32(value);
        break;
    case SIM_CPU_OP_REV16:
        value = (value >> 8 & 0x00FF00FFU) | (value & 0x00FF00FFU) << 8;
        break;
    case SIM_CPU_OP_REVSH:
        value = extend((value >> 8 & 0xFF) | (value & 0xFF) << 8, 16, true);
        break;
    case SIM_CPU_OP_RBIT:
        value = reverse_bits(value);
        break;
    default: /* CLZ */
        value = value == 0 ? 32 : (uint32_t)__builtin_clz(value);
        break;
    }
    set_reg(alu, insn->rt, value);
}

/* Table A7-1; condition is 0 to 13. */
static bool holds(const struct sim_cpu_alu *alu, unsigned condition)
{
    bool n = alu->n >> 31 != 0;
    bool z = alu->z == 0;
    bool result = false;

    switch (condition >> 1) {
    case 0:
        result = z;
        break;
    case 1:
        result = alu->c;
        break;
    case 2:
        result = n;
        break;
    case 3:
        result = alu->v;
        break;
    case 4:
        result = alu->c && !z;
        break;
    case 5:
        result = n == alu->v;
        break;
    default:
        result = n == alu->v && !z;
        break;
    }
    return (condition & 1) != 0 ? !result : result;
}

static bool branch_to_register(struct sim_cpu_alu *alu, const struct sim_cpu_insn *insn)
{
    uint32_t target = alu->regs[insn->rm];

    if ((target & 1) == 0 || target >= 0xFE000000U) {
        return false; /* no Thumb state, or a return from an exception */
    }
    if (insn->op == SIM_CPU_OP_BRANCH_LINK_REG) {
        alu->regs[LR] = (alu->regs[PC] + insn->size_bytes) | 1;
    }
    alu->regs[PC] = target & ~1U;
    return true;
}

static bool branch(struct sim_cpu_alu *alu, const struct sim_cpu_insn *insn)
{
    uint32_t next = alu->regs[PC] + insn->size_bytes;
    uint32_t target = alu->regs[PC] + 4 + (uint32_t)insn->offset;
    bool is_taken = true;

    switch (insn->op) {
    case SIM_CPU_OP_BRANCH_IF:
        is_taken = holds(alu, insn->shift);
        break;
    case SIM_CPU_OP_BRANCH_ZERO:
        is_taken = alu->regs[insn->rn] == 0;
        break;
    case SIM_CPU_OP_BRANCH_NOT_ZERO:
        is_taken = alu->regs[insn->rn] != 0;
        break;
    case SIM_CPU_OP_BRANCH_LINK:
        alu->regs[LR] = next | 1;
        break;
    case SIM_CPU_OP_BRANCH_REG:
    case SIM_CPU_OP_BRANCH_LINK_REG:
        return branch_to_register(alu, insn);
    default:
        break;
    }
    alu->regs[PC] = is_taken ? target : next;
    return true;
}

/* What does not branch. */
static void compute(struct sim_cpu_alu *alu, const struct sim_cpu_insn *insn)
{
    switch (insn->op) {
    case SIM_CPU_OP_SHIFT:
        shift_by_register(alu, insn);
        break;
    case SIM_CPU_OP_ADR:
        set_reg(alu, insn->rt, ((alu->regs[PC] + 4) & ~3U) + (uint32_t)insn->offset);
        break;
    case SIM_CPU_OP_MOVT:
        set_reg(alu, insn->rt, (alu->regs[insn->rt] & 0xFFFF) | (uint32_t)insn->offset << 16);
        break;
    case SIM_CPU_OP_SBFX:
    case SIM_CPU_OP_UBFX:
    case SIM_CPU_OP_BFI:
        move_field(alu, insn);
        break;
    case SIM_CPU_OP_EXTEND:
        extend_register(alu, insn);
        break;
    case SIM_CPU_OP_REV:
    case SIM_CPU_OP_REV16:
    case SIM_CPU_OP_REVSH:
    case SIM_CPU_OP_RBIT:
    case SIM_CPU_OP_CLZ:
        change(alu, insn);
        break;
    case SIM_CPU_OP_MUL:
    case SIM_CPU_OP_MLA:
    case SIM_CPU_OP_MLS:
        multiply(alu, insn);
        break;
    case SIM_CPU_OP_SMULL:
    case SIM_CPU_OP_UMULL:
    case SIM_CPU_OP_SMLAL:
    case SIM_CPU_OP_UMLAL:
        multiply_long(alu, insn);
        break;
    case SIM_CPU_OP_SDIV:
    case SIM_CPU_OP_UDIV:
        divide(alu, insn);
        break;
    case SIM_CPU_OP_NOP:
        break;
    default:
        process(alu, insn);
        break;
    }
}

bool sim_cpu_alu_execute(struct sim_cpu_alu *alu, const struct sim_cpu_insn *insn)
{
    if (insn->op >= SIM_CPU_OP_BRANCH) {
        return branch(alu, insn);
    }
    compute(alu, insn);
    alu->regs[PC] += insn->size_bytes;
    return true;
}
