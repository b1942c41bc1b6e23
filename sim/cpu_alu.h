/* Instructions that touch registers and flags only, executed here instead of by Unicorn: a call of
 * the engine costs more than the instruction. Encodings and operations: ARMv7-M Architecture
 * Reference Manual, chapters A5 and A7. What is not in the list is left to Unicorn, which the unit
 * test compares with. */
#ifndef SIM_CPU_ALU_H
#define SIM_CPU_ALU_H

#include "sim/cpu_decode.h"

#include <stdbool.h>
#include <stdint.h>

enum sim_cpu_op {
    SIM_CPU_OP_NONE, /* not executed here */
    SIM_CPU_OP_NOP,
    /* rt = rn op operand; order of the 32-bit encodings */
    SIM_CPU_OP_AND,
    SIM_CPU_OP_BIC,
    SIM_CPU_OP_ORR,
    SIM_CPU_OP_ORN,
    SIM_CPU_OP_EOR,
    SIM_CPU_OP_ADD,
    SIM_CPU_OP_ADC,
    SIM_CPU_OP_SBC,
    SIM_CPU_OP_SUB,
    SIM_CPU_OP_RSB,
    SIM_CPU_OP_MOV, /* rt = operand */
    SIM_CPU_OP_MVN,
    SIM_CPU_OP_SHIFT, /* rt = rn shifted by register rm */
    SIM_CPU_OP_ADR,   /* rt = address of the word of PC + offset */
    SIM_CPU_OP_MOVT,
    SIM_CPU_OP_SBFX,
    SIM_CPU_OP_UBFX,
    SIM_CPU_OP_BFI,    /* rn = 15: BFC */
    SIM_CPU_OP_EXTEND, /* rt = extended rm, plus rn unless that is 15 */
    SIM_CPU_OP_REV,
    SIM_CPU_OP_REV16,
    SIM_CPU_OP_REVSH,
    SIM_CPU_OP_RBIT,
    SIM_CPU_OP_CLZ,
    SIM_CPU_OP_MUL,
    SIM_CPU_OP_MLA, /* rt2: addend */
    SIM_CPU_OP_MLS,
    SIM_CPU_OP_SMULL, /* rt: low, rt2: high */
    SIM_CPU_OP_UMULL,
    SIM_CPU_OP_SMLAL,
    SIM_CPU_OP_UMLAL,
    SIM_CPU_OP_SDIV,
    SIM_CPU_OP_UDIV,
    SIM_CPU_OP_BRANCH, /* by offset */
    SIM_CPU_OP_BRANCH_IF,
    SIM_CPU_OP_BRANCH_LINK,
    SIM_CPU_OP_BRANCH_ZERO,
    SIM_CPU_OP_BRANCH_NOT_ZERO,
    SIM_CPU_OP_BRANCH_REG,
    SIM_CPU_OP_BRANCH_LINK_REG,
    /* Loads and stores of one unit, without writeback: cpu_quick.c. */
    SIM_CPU_OP_LOAD,
    SIM_CPU_OP_STORE
};

/* In sim_cpu_insn.flags of these instructions. */
enum sim_cpu_alu_flag {
    SIM_CPU_ALU_FLAGS = 1 << 0,     /* sets N, Z and, as the operation says, C and V */
    SIM_CPU_ALU_IMMEDIATE = 1 << 1, /* the operand is offset, else rm shifted by a constant */
    SIM_CPU_ALU_ROTATED = 1 << 2,   /* the immediate was rotated: C is its bit 31 */
    SIM_CPU_ALU_NO_RESULT = 1 << 3, /* TST, TEQ, CMP, CMN */
    SIM_CPU_ALU_SIGNED = 1 << 4     /* EXTEND */
};

enum sim_cpu_shift { SIM_CPU_LSL, SIM_CPU_LSR, SIM_CPU_ASR, SIM_CPU_ROR, SIM_CPU_RRX };

/* Sets insn->op and the fields it needs for an instruction whose kind is PLAIN or DIVIDE. */
void sim_cpu_alu_decode(struct sim_cpu_insn *insn);

struct sim_cpu_alu {
    uint32_t regs[16]; /* [15]: address of the instruction */
    uint32_t n;        /* bit 31 is N */
    uint32_t z;        /* zero: Z is set */
    bool c;
    bool v;
};

/* Executes insn, whose op is neither NONE nor LOAD or STORE, at regs[15] and sets regs[15] to the
 * next address. False: nothing was done; a branch to a value that Unicorn has to look at. */
bool sim_cpu_alu_execute(struct sim_cpu_alu *alu, const struct sim_cpu_insn *insn);

/* APSR bits 31:28. */
uint32_t sim_cpu_alu_flags(const struct sim_cpu_alu *alu);
void sim_cpu_alu_set_flags(struct sim_cpu_alu *alu, uint32_t xpsr);

#endif
