#include "sim/cpu_decode.h"

#include "sim/cpu_alu.h"

/* Encodings: ARMv7-M Architecture Reference Manual, chapter A5 (Thumb instruction set encoding) and
 * A6.4 (floating-point load and store). */

static uint32_t field(uint32_t word, unsigned low, unsigned width)
{
    return word >> low & ((1U << width) - 1);
}

static uint8_t field8(uint32_t word, unsigned low, unsigned width)
{
    return (uint8_t)field(word, low, width);
}

static uint8_t count_bits(uint32_t list)
{
    uint8_t count = 0;

    for (; list != 0; list &= list - 1) {
        count++;
    }
    return count;
}

uint32_t sim_cpu_insn_bytes(uint16_t first_halfword)
{
    return first_halfword >= 0xE800 ? 4 : 2;
}

static void set_single(struct sim_cpu_insn *insn, uint8_t unit_bytes, unsigned flags, uint8_t rt)
{
    insn->kind = SIM_CPU_TRANSFER;
    insn->unit_bytes = unit_bytes;
    insn->count = 1;
    insn->rt = rt;
    insn->flags = (uint16_t)(flags | SIM_CPU_UNALIGNED_OK);
}

static void set_list(
    struct sim_cpu_insn *insn, bool is_load, bool is_before, bool writes_back, uint16_t list)
{
    insn->kind = SIM_CPU_TRANSFER;
    insn->unit_bytes = 4;
    insn->list = list;
    insn->count = count_bits(list);
    insn->offset = is_before ? -4 * insn->count : 4 * insn->count;
    insn->flags =
        (uint16_t)(SIM_CPU_LIST | (is_load ? SIM_CPU_LOAD : 0) |
                   (is_before ? SIM_CPU_PRE_INDEX : 0) | (writes_back ? SIM_CPU_WRITEBACK : 0));
}

static void decode_register_offset(uint16_t half, struct sim_cpu_insn *insn)
{
    static const struct {
        uint8_t unit_bytes;
        uint16_t flags;
    } forms[8] = {
        [0] = {4, 0},
        [1] = {2, 0},
        [2] = {1, 0},
        [3] = {1, SIM_CPU_LOAD | SIM_CPU_SIGNED},
        [4] = {4, SIM_CPU_LOAD},
        [5] = {2, SIM_CPU_LOAD},
        [6] = {1, SIM_CPU_LOAD},
        [7] = {2, SIM_CPU_LOAD | SIM_CPU_SIGNED},
    };
    uint32_t form = field(half, 9, 3);

    set_single(insn, forms[form].unit_bytes,
        forms[form].flags | (unsigned)SIM_CPU_PRE_INDEX | SIM_CPU_INDEX_REG, field8(half, 0, 3));
    insn->rn = field8(half, 3, 3);
    insn->rm = field8(half, 6, 3);
}

static void decode_short_transfer(uint16_t half, struct sim_cpu_insn *insn)
{
    bool is_load = field(half, 11, 1) != 0;
    unsigned flags = SIM_CPU_PRE_INDEX | (is_load ? (unsigned)SIM_CPU_LOAD : 0U);
    uint8_t unit_bytes = 4;

    switch (half >> 12) {
    case 0x7:
        unit_bytes = 1;
        break;
    case 0x8:
        unit_bytes = 2;
        break;
    case 0x9: /* relative to SP */
        set_single(insn, 4, flags, field8(half, 8, 3));
        insn->rn = 13;
        insn->offset = (int32_t)field(half, 0, 8) * 4;
        return;
    default:
        break;
    }
    set_single(insn, unit_bytes, flags, field8(half, 0, 3));
    insn->rn = field8(half, 3, 3);
    insn->offset = (int32_t)field(half, 6, 5) * unit_bytes;
}

static void decode_misc_16(uint16_t half, struct sim_cpu_insn *insn)
{
    static const uint8_t hints[5] = {
        SIM_CPU_PLAIN, SIM_CPU_YIELD, SIM_CPU_WFE, SIM_CPU_WFI, SIM_CPU_SEV};

    if ((half & 0xFE00) == 0xB400) { /* PUSH */
        insn->rn = 13;
        set_list(insn, false, true, true, (uint16_t)(field(half, 0, 8) | field(half, 8, 1) << 14));
    } else if ((half & 0xFE00) == 0xBC00) { /* POP */
        insn->rn = 13;
        set_list(insn, true, false, true, (uint16_t)(field(half, 0, 8) | field(half, 8, 1) << 15));
    } else if ((half & 0xFFE0) == 0xB660) {
        insn->kind = SIM_CPU_MASKS;
    } else if ((half & 0xFF00) == 0xBE00) {
        insn->kind = SIM_CPU_BKPT;
    } else if ((half & 0xFF00) == 0xBF00) {
        uint32_t hint = field(half, 4, 4);

        if (field(half, 0, 4) != 0) {
            insn->kind = SIM_CPU_IT;
        } else if (hint < sizeof hints) {
            insn->kind = hints[hint];
        }
    }
}

static void decode_16(uint16_t half, struct sim_cpu_insn *insn)
{
    switch (half >> 12) {
    case 0x4:
        if (field(half, 11, 1) != 0) { /* LDR literal */
            set_single(insn, 4, SIM_CPU_LOAD | SIM_CPU_PRE_INDEX, field8(half, 8, 3));
            insn->rn = 15;
            insn->offset = (int32_t)field(half, 0, 8) * 4;
        }
        break;
    case 0x5:
        decode_register_offset(half, insn);
        break;
    case 0x6:
    case 0x7:
    case 0x8:
    case 0x9:
        decode_short_transfer(half, insn);
        break;
    case 0xB:
        decode_misc_16(half, insn);
        break;
    case 0xC: {
        bool is_load = field(half, 11, 1) != 0;
        uint16_t list = (uint16_t)field(half, 0, 8);

        insn->rn = field8(half, 8, 3);
        set_list(insn, is_load, false, !is_load || (list >> insn->rn & 1) == 0, list);
        break;
    }
    case 0xD:
        if (field(half, 8, 4) == 0xF) {
            insn->kind = SIM_CPU_SVC;
        }
        break;
    default:
        break;
    }
}

static void decode_exclusive(uint16_t first, uint16_t second, struct sim_cpu_insn *insn)
{
    bool is_load = field(first, 4, 1) != 0;
    uint32_t form = field(second, 4, 4);
    unsigned flags =
        SIM_CPU_EXCLUSIVE | SIM_CPU_PRE_INDEX | (is_load ? (unsigned)SIM_CPU_LOAD : 0U);

    if (field(first, 7, 1) == 0) { /* LDREX, STREX */
        set_single(insn, 4, flags, field8(second, 12, 4));
        insn->rt2 = field8(second, 8, 4);
        insn->offset = (int32_t)field(second, 0, 8) * 4;
    } else if (is_load && form < 2) { /* TBB, TBH */
        set_single(
            insn, form == 1 ? 2 : 1, SIM_CPU_LOAD | SIM_CPU_PRE_INDEX | SIM_CPU_INDEX_REG, 15);
        insn->kind = SIM_CPU_TABLE_BRANCH;
        insn->rm = field8(second, 0, 4);
        insn->shift = (uint8_t)form;
    } else if (form == 4 || form == 5) { /* LDREXB, LDREXH, STREXB, STREXH */
        set_single(insn, form == 5 ? 2 : 1, flags, field8(second, 12, 4));
        insn->rt2 = field8(second, 0, 4);
    }
    insn->flags = (uint16_t)(insn->flags & ~(unsigned)SIM_CPU_UNALIGNED_OK);
}

static void decode_multiple(uint16_t first, uint16_t second, struct sim_cpu_insn *insn)
{
    bool is_load = field(first, 4, 1) != 0;
    bool is_before = field(first, 8, 1) != 0;
    bool is_up = field(first, 7, 1) != 0;
    bool writes_back = field(first, 5, 1) != 0;

    insn->rn = field8(first, 0, 4);
    if (field(first, 6, 1) == 0) {
        if (is_before != is_up) { /* else RFE and SRS, which this core lacks */
            set_list(insn, is_load, is_before, writes_back, second);
        }
        return;
    }
    if (!is_before && !writes_back) {
        decode_exclusive(first, second, insn);
        return;
    }
    insn->kind = SIM_CPU_TRANSFER; /* LDRD, STRD */
    insn->unit_bytes = 4;
    insn->count = 2;
    insn->rt = field8(second, 12, 4);
    insn->rt2 = field8(second, 8, 4);
    insn->offset = (int32_t)field(second, 0, 8) * (is_up ? 4 : -4);
    insn->flags =
        (uint16_t)(SIM_CPU_DUAL | (is_load ? SIM_CPU_LOAD : 0) |
                   (is_before ? SIM_CPU_PRE_INDEX : 0) | (writes_back ? SIM_CPU_WRITEBACK : 0));
}

static void decode_single_offset(uint16_t first, uint16_t second, struct sim_cpu_insn *insn)
{
    if (field(first, 7, 1) != 0) { /* 12-bit positive offset */
        insn->offset = (int32_t)field(second, 0, 12);
        insn->flags |= SIM_CPU_PRE_INDEX;
    } else if (field(second, 11, 1) != 0) { /* 8-bit offset with P, U, W */
        bool is_before = field(second, 10, 1) != 0;
        bool is_up = field(second, 9, 1) != 0;
        bool writes_back = field(second, 8, 1) != 0;

        insn->offset = (int32_t)field(second, 0, 8) * (is_up ? 1 : -1);
        insn->flags = (uint16_t)(insn->flags | (is_before ? SIM_CPU_PRE_INDEX : 0) |
                                 (writes_back ? SIM_CPU_WRITEBACK : 0) |
                                 (is_before && is_up && !writes_back ? SIM_CPU_UNPRIVILEGED : 0));
    } else {
        insn->rm = field8(second, 0, 4);
        insn->shift = field8(second, 4, 2);
        insn->flags |= SIM_CPU_PRE_INDEX | SIM_CPU_INDEX_REG;
    }
}

static void decode_single_32(uint16_t first, uint16_t second, struct sim_cpu_insn *insn)
{
    bool is_load = field(first, 4, 1) != 0;
    bool is_signed = field(first, 8, 1) != 0;
    uint32_t size_code = field(first, 5, 2);
    uint8_t rt = field8(second, 12, 4);

    if (size_code == 3 || (!is_load && is_signed)) {
        return; /* undefined or a hint; Unicorn decides */
    }
    if (is_load && rt == 15 && size_code != 2) {
        return; /* PLD, PLI */
    }
    set_single(insn, (uint8_t)(1U << size_code),
        (is_load ? (unsigned)SIM_CPU_LOAD : 0U) | (is_signed ? (unsigned)SIM_CPU_SIGNED : 0U), rt);
    insn->rn = field8(first, 0, 4);
    if (insn->rn == 15) { /* literal */
        insn->offset = (int32_t)field(second, 0, 12) * (field(first, 7, 1) != 0 ? 1 : -1);
        insn->flags |= SIM_CPU_PRE_INDEX;
        return;
    }
    decode_single_offset(first, second, insn);
}

static void decode_coprocessor(uint16_t first, uint16_t second, struct sim_cpu_insn *insn)
{
    uint32_t coprocessor = field(second, 8, 4);
    bool is_before = field(first, 8, 1) != 0;
    bool is_up = field(first, 7, 1) != 0;
    bool writes_back = field(first, 5, 1) != 0;
    uint32_t words = field(second, 0, 8);

    if (coprocessor != 10 && coprocessor != 11) {
        insn->kind = SIM_CPU_NO_COPROCESSOR;
        return;
    }
    insn->kind = SIM_CPU_FLOAT;
    if ((first & 0xFE00) != 0xEC00 || (!is_before && !is_up)) {
        return; /* data processing and register moves */
    }
    insn->kind = SIM_CPU_TRANSFER; /* VLDR, VSTR, VLDM, VSTM, VPUSH, VPOP */
    insn->unit_bytes = 4;
    insn->rn = field8(first, 0, 4);
    insn->rt = coprocessor == 10 ? (uint8_t)(field(second, 12, 4) << 1 | field(first, 6, 1))
                                 : (uint8_t)((field(second, 12, 4) | field(first, 6, 1) << 4) << 1);
    insn->flags = (uint16_t)(SIM_CPU_FLOAT_LIST | (field(first, 4, 1) != 0 ? SIM_CPU_LOAD : 0));
    insn->offset = (int32_t)words * (is_up ? 4 : -4);
    if (is_before && !writes_back) { /* VLDR, VSTR */
        insn->count = coprocessor == 10 ? 1 : 2;
        insn->flags |= SIM_CPU_PRE_INDEX;
        return;
    }
    insn->count = (uint8_t)(coprocessor == 11 ? words & ~1U : words); /* FLDMX: odd word unused */
    insn->flags = (uint16_t)(insn->flags | (is_before ? SIM_CPU_PRE_INDEX : 0) |
                             (writes_back ? SIM_CPU_WRITEBACK : 0));
}

static void decode_control(uint16_t first, uint16_t second, struct sim_cpu_insn *insn)
{
    static const uint8_t hints[5] = {
        SIM_CPU_PLAIN, SIM_CPU_YIELD, SIM_CPU_WFE, SIM_CPU_WFI, SIM_CPU_SEV};

    if ((first & 0xFFE0) == 0xF380 && (second & 0xD000) == 0x8000) {
        insn->kind = SIM_CPU_MASKS; /* MSR */
    } else if (first == 0xF3AF && (second & 0xFF00) == 0x8000) {
        uint32_t hint = second & 0xFF;

        insn->kind = hint < sizeof hints ? hints[hint] : SIM_CPU_PLAIN;
    } else if (first == 0xF3BF && (second & 0xFFF0) == 0x8F20) {
        insn->kind = SIM_CPU_CLEAR_EXCLUSIVE;
    }
}

static void decode_32(uint16_t first, uint16_t second, struct sim_cpu_insn *insn)
{
    if ((first & 0xFE00) == 0xE800) {
        decode_multiple(first, second, insn);
    } else if ((first & 0xEC00) == 0xEC00) {
        decode_coprocessor(first, second, insn);
    } else if ((first & 0xFE00) == 0xF800) {
        decode_single_32(first, second, insn);
    } else if ((first & 0xF800) == 0xF000 && (second & 0x8000) != 0) {
        decode_control(first, second, insn);
    } else if ((first & 0xFFD0) == 0xFB90 && (second & 0x00F0) == 0x00F0) {
        insn->kind = SIM_CPU_DIVIDE;
    }
}

/* The forms that nearly all loads and stores have. */
static bool is_quick(const struct sim_cpu_insn *insn)
{
    const unsigned usual = SIM_CPU_LOAD | SIM_CPU_SIGNED | SIM_CPU_PRE_INDEX | SIM_CPU_INDEX_REG |
                           SIM_CPU_UNALIGNED_OK;

    return insn->count == 1 && (insn->flags & ~usual) == 0 &&
           (insn->flags & SIM_CPU_PRE_INDEX) != 0 && insn->rt != 15 && insn->rn != 15;
}

void sim_cpu_decode(uint32_t raw, struct sim_cpu_insn *insn)
{
    uint16_t first = (uint16_t)raw;

    *insn = (struct sim_cpu_insn){.kind = SIM_CPU_PLAIN};
    insn->size_bytes = (uint8_t)sim_cpu_insn_bytes(first);
    if (insn->size_bytes == 2) {
        insn->raw = first;
        decode_16(first, insn);
    } else {
        insn->raw = raw;
        decode_32(first, (uint16_t)(raw >> 16), insn);
    }
    if (insn->kind == SIM_CPU_PLAIN || insn->kind == SIM_CPU_DIVIDE) {
        sim_cpu_alu_decode(insn);
    } else if (insn->kind == SIM_CPU_TRANSFER) {
        insn->op = is_quick(insn) ? (uint8_t)((insn->flags & SIM_CPU_LOAD) != 0 ? SIM_CPU_OP_LOAD
                                                                                : SIM_CPU_OP_STORE)
                                  : SIM_CPU_OP_NONE;
    }
}
