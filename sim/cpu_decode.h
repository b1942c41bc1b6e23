/* What the CPU model must know of a Thumb instruction before Unicorn executes it: whether it
 * touches memory, where, and whether it is one of those that Unicorn does not do as the core does.
 */
#ifndef SIM_CPU_DECODE_H
#define SIM_CPU_DECODE_H

#include <stdbool.h>
#include <stdint.h>

enum sim_cpu_kind {
    SIM_CPU_NOT_DECODED, /* zero: a slot of the cache never looked at */
    SIM_CPU_PLAIN,       /* registers and flags only; branches, too */
    SIM_CPU_TRANSFER,    /* loads and stores of every form */
    SIM_CPU_TABLE_BRANCH,
    SIM_CPU_DIVIDE,
    SIM_CPU_FLOAT, /* needs CPACR; registers only */
    SIM_CPU_NO_COPROCESSOR,
    SIM_CPU_MASKS, /* CPS, MSR: masks, stack pointers or CONTROL may change */
    SIM_CPU_CLEAR_EXCLUSIVE,
    SIM_CPU_IT,
    SIM_CPU_WFI,
    SIM_CPU_WFE,
    SIM_CPU_SEV,
    SIM_CPU_YIELD, /* Unicorn takes YIELD for an undefined instruction */
    SIM_CPU_SVC,
    SIM_CPU_BKPT
};

enum sim_cpu_transfer_flag {
    SIM_CPU_LOAD = 1 << 0,
    SIM_CPU_SIGNED = 1 << 1,
    SIM_CPU_WRITEBACK = 1 << 2,
    SIM_CPU_PRE_INDEX = 1 << 3,  /* the offset is part of the address */
    SIM_CPU_INDEX_REG = 1 << 4,  /* the offset is rm << shift */
    SIM_CPU_LIST = 1 << 5,       /* list has a bit per core register */
    SIM_CPU_DUAL = 1 << 6,       /* rt, rt2 */
    SIM_CPU_FLOAT_LIST = 1 << 7, /* count single-precision registers from rt on */
    SIM_CPU_EXCLUSIVE = 1 << 8,  /* LDREX, STREX: rt2 takes the result of a store */
    SIM_CPU_UNPRIVILEGED = 1 << 9,
    SIM_CPU_UNALIGNED_OK = 1 << 10 /* unless CCR.UNALIGN_TRP, and in Normal memory only */
};

struct sim_cpu_insn {
    uint32_t raw; /* first halfword in bits 15:0, the second above */
    uint8_t kind; /* enum sim_cpu_kind */
    uint8_t size_bytes;
    uint8_t rn;
    uint8_t rm;
    uint8_t shift;
    uint8_t rt;
    uint8_t rt2;
    uint8_t unit_bytes;
    uint8_t count; /* units moved */
    uint8_t op;    /* enum sim_cpu_op, when registers and flags are all it touches */
    uint16_t flags;
    uint16_t list;
    int32_t offset;
};

/* raw: as in struct sim_cpu_insn; the upper half is ignored for a 16-bit instruction. */
void sim_cpu_decode(uint32_t raw, struct sim_cpu_insn *insn);
/* 2 or 4. */
uint32_t sim_cpu_insn_bytes(uint16_t first_halfword);

#endif
