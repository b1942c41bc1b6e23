/* Executes instructions without Unicorn, inside its hook: those on registers (cpu_alu.c), loads and
 * stores. Everything that happens between two instructions happens here as it does there, in the
 * same order and at the same price: virtual time does not tell who executed. */
#include "sim/cpu_internal.h"

#include <string.h>

enum { HOLDOFF = 4 /* instructions left to the engine after one that only it knows */ };

static bool is_same_insn(const struct sim_cpu_page *page, uint32_t offset)
{
    const struct sim_cpu_insn *insn = &page->insns[offset >> 1];
    uint16_t first = 0;
    uint16_t second = 0;

    memcpy(&first, page->host + offset, 2);
    if (insn->kind == SIM_CPU_NOT_DECODED || first != (uint16_t)insn->raw) {
        return false;
    }
    if (insn->size_bytes == 2) {
        return true;
    }
    if (offset + 4 > SIM_CPU_PAGE_BYTES) {
        return false; /* decode again: the second half lies in the next page */
    }
    memcpy(&second, page->host + offset + 2, 2);
    return second == (uint16_t)(insn->raw >> 16);
}

const struct sim_cpu_insn *sim_cpu_begin(struct sim_cpu *cpu, uint32_t pc)
{
    struct sim_clock *clock = cpu->clock;
    const struct sim_cpu_insn *insn = NULL;

    if ((clock->now_ps >= clock->next_due_ps || clock->now_ps >= cpu->deadline_ps ||
            cpu->attention != 0) &&
        sim_cpu_must_leave(cpu, pc)) {
        return NULL;
    }
    if (((pc & ~(uint32_t)(SIM_CPU_PAGE_BYTES - 1)) != cpu->code_base ||
            cpu->code->epoch != cpu->epoch) &&
        !sim_cpu_enter_page(cpu, pc)) {
        return NULL;
    }
    if ((cpu->code->flags & SIM_CPU_PAGE_FETCH) != 0 && !sim_cpu_fetch(cpu, pc)) {
        return NULL;
    }
    if (is_same_insn(cpu->code, pc - cpu->code_base)) {
        insn = &cpu->code->insns[(pc - cpu->code_base) >> 1];
    } else {
        insn = sim_cpu_insn_at(cpu, pc);
    }
    if (insn == NULL) {
        return NULL;
    }
    if (pc != cpu->next_pc) {
        sim_cpu_note_jump(cpu, pc);
    }
    cpu->next_pc = pc + insn->size_bytes;
    clock->now_ps += cpu->costs.instruction * cpu->cycle_ps;
    cpu->instructions++;
    return insn;
}

static bool is_transfer(const struct sim_cpu_insn *insn)
{
    return insn->kind == SIM_CPU_TRANSFER || insn->kind == SIM_CPU_TABLE_BRANCH;
}

void sim_cpu_set_interpreting(struct sim_cpu *cpu, bool is_on)
{
    cpu->interpreting_off = !is_on;
}

bool sim_cpu_can_interpret(const struct sim_cpu *cpu, const struct sim_cpu_insn *insn, uint32_t pc)
{
    return (insn->op != SIM_CPU_OP_NONE || is_transfer(insn)) && !cpu->interpreting_off &&
           (cpu->attention & SIM_CPU_ATTENTION_STEP) == 0 && /* it may be one of an IT block */
           !cpu->garbage_shown && !sim_cpu_is_in_native_it(cpu, pc);
}

/* One instruction that has begun. NATIVE: the engine must do it. */
static enum sim_cpu_action execute(
    struct sim_cpu *cpu, const struct sim_cpu_insn *insn, uint32_t pc)
{
    enum sim_cpu_action action = SIM_CPU_DONE;

    if (insn->op >= SIM_CPU_OP_LOAD && sim_cpu_transfer_quickly(cpu, insn)) {
        cpu->resume_pc = pc + insn->size_bytes;
        return SIM_CPU_DONE;
    }
    if (is_transfer(insn)) {
        action = sim_cpu_transfer_here(cpu, insn, pc);
        if (action == SIM_CPU_DONE) {
            cpu->next_pc = cpu->resume_pc;
        }
        return action;
    }
    if (!sim_cpu_alu_execute(&cpu->alu, insn)) {
        return SIM_CPU_NATIVE;
    }
    if (insn->kind == SIM_CPU_DIVIDE) {
        sim_cpu_spend_cycles(cpu, cpu->costs.divide);
    }
    cpu->resume_pc = cpu->alu.regs[SIM_CPU_PC];
    return SIM_CPU_DONE;
}

uint32_t sim_cpu_interpret(
    struct sim_cpu *cpu, const struct sim_cpu_insn *insn, uint32_t pc, bool *leaves)
{
    *leaves = false;
    for (;;) {
        enum sim_cpu_action action = SIM_CPU_DONE;

        cpu->alu.regs[SIM_CPU_PC] = pc;
        action = execute(cpu, insn, pc);
        if (action == SIM_CPU_NATIVE) {
            cpu->holdoff = 1;
            return pc;
        }
        if (action == SIM_CPU_STOP) {
            *leaves = true;
            return pc;
        }
        pc = cpu->resume_pc;
        cpu->alu.regs[SIM_CPU_PC] = pc;
        insn = sim_cpu_begin(cpu, pc);
        if (insn == NULL) {
            *leaves = true;
            return pc;
        }
        if (!cpu->alu_is_live) {
            sim_cpu_engine_lend(cpu);
        }
        if (!sim_cpu_can_interpret(cpu, insn, pc)) {
            cpu->holdoff = HOLDOFF;
            return pc;
        }
    }
}
