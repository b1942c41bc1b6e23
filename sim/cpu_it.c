#include "sim/cpu_internal.h"

/* IT blocks. Unicorn cannot be left inside one, so it gets those that only compute; blocks of loads
 * and stores are done at once, all others (and all when single-stepping) one by one. */

static bool condition_holds(uint32_t condition, uint32_t flags)
{
    bool n = (flags >> 31 & 1) != 0;
    bool z = (flags >> 30 & 1) != 0;
    bool c = (flags >> 29 & 1) != 0;
    bool v = (flags >> 28 & 1) != 0;
    const bool holds[8] = {z, c, n, v, c && !z, n == v, !z && n == v, true};
    bool result = holds[condition >> 1];

    return (condition & 1) != 0 && condition != 0xF ? !result : result;
}

static uint32_t advance(uint32_t itstate)
{
    return (itstate & 7) == 0 ? 0 : (itstate & 0xE0) | (itstate << 1 & 0x1F);
}

/* As the last instruction of a block of its own: 16-bit forms leave the flags alone, and the
 * engine can be left right behind it. */
static void run_alone(struct sim_cpu *cpu, uint32_t condition)
{
    uint32_t alone = condition << 4 | 8;
    uint32_t xpsr = sim_cpu_get(cpu, SIM_CPU_XPSR) & ~0x0600FC00U;

    sim_cpu_set(cpu, SIM_CPU_XPSR, xpsr | (alone & 3) << 25 | (alone >> 2) << 10);
    cpu->it_bytes = 0;
    cpu->step_count = 0;
    cpu->attention |= SIM_CPU_ATTENTION_STEP;
    sim_cpu_engine_run(cpu);
    cpu->attention &= ~(uint32_t)SIM_CPU_ATTENTION_STEP;
}

static void charge(struct sim_cpu *cpu)
{
    sim_cpu_spend_cycles(cpu, cpu->costs.instruction);
    cpu->instructions++;
}

static void execute(struct sim_cpu *cpu, const struct sim_cpu_insn *insn, uint32_t pc)
{
    uint32_t itstate = cpu->itstate;
    bool is_transfer = insn->kind == SIM_CPU_TRANSFER || insn->kind == SIM_CPU_TABLE_BRANCH;
    bool is_ours = insn->kind >= SIM_CPU_IT && insn->kind != SIM_CPU_SEV;

    if (!is_transfer && !is_ours) {
        run_alone(cpu, itstate >> 4);
        if (cpu->exit == SIM_CPU_EXIT_NONE || cpu->exit == SIM_CPU_EXIT_RETURN ||
            cpu->exit == SIM_CPU_EXIT_FETCH) {
            cpu->itstate = advance(itstate);
        }
        return;
    }
    charge(cpu);
    if (is_ours) {
        cpu->itstate = advance(itstate);
        (void)sim_cpu_before(cpu, insn, pc);
        if (insn->kind == SIM_CPU_YIELD) {
            sim_cpu_set(cpu, SIM_CPU_PC, cpu->resume_pc);
        }
        return;
    }
    if (sim_cpu_before_transfer(cpu, insn, pc) == SIM_CPU_DONE) {
        cpu->itstate = advance(itstate);
        sim_cpu_set(cpu, SIM_CPU_PC, cpu->resume_pc);
    } else if (cpu->exit == SIM_CPU_EXIT_RETURN) {
        cpu->itstate = 0;
    }
}

void sim_cpu_step_in_it(struct sim_cpu *cpu)
{
    uint32_t pc = sim_cpu_get(cpu, SIM_CPU_PC);
    const struct sim_cpu_insn *insn = NULL;

    cpu->exit = SIM_CPU_EXIT_NONE;
    if (!sim_cpu_enter_page(cpu, pc) || !sim_cpu_fetch(cpu, pc)) {
        return;
    }
    insn = sim_cpu_insn_at(cpu, pc);
    if (insn == NULL) {
        return; /* decoded anew at the next turn */
    }
    if (condition_holds(cpu->itstate >> 4, sim_cpu_get(cpu, SIM_CPU_XPSR))) {
        execute(cpu, insn, pc);
        return;
    }
    cpu->itstate = advance(cpu->itstate); /* an instruction passed over costs nothing */
    sim_cpu_set(cpu, SIM_CPU_PC, pc + insn->size_bytes);
}

static uint32_t page_base(uint32_t addr)
{
    return addr & ~(uint32_t)(SIM_CPU_PAGE_BYTES - 1);
}

static uint32_t it_length(uint32_t mask)
{
    uint32_t length = 4;

    while ((mask & 1) == 0) {
        mask >>= 1;
        length--;
    }
    return length;
}

/* What the instructions of a block are that will be executed. */
struct block {
    uint32_t end;
    bool has_transfers;
    bool has_others;
    bool is_plain; /* also where the condition fails: fit for Unicorn */
};

static bool survey(struct sim_cpu *cpu, const struct sim_cpu_insn *it, uint32_t pc, uint32_t flags,
    struct block *block)
{
    uint32_t itstate = it->raw & 0xFF;
    uint32_t count = it_length(it->raw & 0xF);

    *block = (struct block){.end = pc + 2, .is_plain = true};
    for (uint32_t i = 0; i < count; i++) {
        const struct sim_cpu_insn *insn = NULL;
        bool is_plain = false;

        if (page_base(block->end) != cpu->code_base ||
            page_base(block->end + 2) != cpu->code_base) {
            return false;
        }
        insn = sim_cpu_insn_at(cpu, block->end);
        if (insn == NULL) {
            return false;
        }
        is_plain = insn->kind == SIM_CPU_PLAIN || insn->kind == SIM_CPU_DIVIDE;
        block->is_plain = block->is_plain && is_plain;
        if (condition_holds(itstate >> 4, flags)) {
            bool is_transfer = insn->kind == SIM_CPU_TRANSFER;

            block->has_transfers = block->has_transfers || is_transfer;
            block->has_others = block->has_others || !is_transfer;
        }
        itstate = advance(itstate);
        block->end += insn->size_bytes;
    }
    return true;
}

/* A fault inside transfer_block() is met again, with the state of the block around it, by
 * sim_cpu_step_in_it(). */
static enum sim_cpu_action meet_again(struct sim_cpu *cpu, uint32_t at, uint32_t itstate)
{
    if (cpu->exit == SIM_CPU_EXIT_RETURN) {
        return SIM_CPU_STOP; /* no fault: PC was loaded with EXC_RETURN */
    }
    cpu->exit = SIM_CPU_EXIT_NONE;
    cpu->fault.exception = 0;
    cpu->itstate = itstate;
    cpu->attention |= SIM_CPU_ATTENTION_IT;
    cpu->resume_pc = at;
    return SIM_CPU_DONE;
}

/* All of the block that counts are loads and stores: done here and now. */
static enum sim_cpu_action transfer_block(
    struct sim_cpu *cpu, const struct sim_cpu_insn *it, uint32_t pc, uint32_t flags, uint32_t end)
{
    uint32_t itstate = it->raw & 0xFF;
    uint32_t at = pc + 2;

    while (at != end) {
        const struct sim_cpu_insn *insn = &cpu->code->insns[(at - cpu->code_base) >> 1];
        uint32_t next = at + insn->size_bytes;

        if (!condition_holds(itstate >> 4, flags)) {
            at = next;
            itstate = advance(itstate);
            continue;
        }
        charge(cpu);
        if (sim_cpu_before_transfer(cpu, insn, at) == SIM_CPU_STOP) {
            return meet_again(cpu, at, itstate);
        }
        if (cpu->resume_pc != next) {
            return SIM_CPU_DONE; /* PC was loaded: the last of the block */
        }
        at = next;
        itstate = advance(itstate);
    }
    cpu->resume_pc = end;
    return SIM_CPU_DONE;
}

enum sim_cpu_action sim_cpu_enter_it(
    struct sim_cpu *cpu, const struct sim_cpu_insn *insn, uint32_t pc)
{
    uint32_t flags = 0;
    struct block block;

    cpu->exit = SIM_CPU_EXIT_PERFORM;
    cpu->exit_insn = *insn;
    if ((cpu->attention & SIM_CPU_ATTENTION_STEP) != 0 ||
        sim_cpu_breakpoint_in_page(cpu, page_base(pc))) {
        return SIM_CPU_STOP;
    }
    flags = sim_cpu_get(cpu, SIM_CPU_XPSR);
    if (!survey(cpu, insn, pc, flags, &block)) {
        return SIM_CPU_STOP;
    }
    if (block.is_plain) {
        cpu->exit = SIM_CPU_EXIT_NONE;
        cpu->it_start = pc + 2;
        cpu->it_bytes = block.end - cpu->it_start;
        return SIM_CPU_NATIVE;
    }
    if (block.has_transfers && !block.has_others && (cpu->code->flags & SIM_CPU_PAGE_MIXED) == 0) {
        cpu->exit = SIM_CPU_EXIT_NONE;
        return transfer_block(cpu, insn, pc, flags, block.end);
    }
    return SIM_CPU_STOP;
}
