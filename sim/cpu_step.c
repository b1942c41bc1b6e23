#include "sim/cpu_internal.h"

#include <stdlib.h>
#include <string.h>

static uint32_t page_base(uint32_t addr)
{
    return addr & ~(uint32_t)(SIM_CPU_PAGE_BYTES - 1);
}

bool sim_cpu_is_in_native_it(const struct sim_cpu *cpu, uint32_t pc)
{
    return pc - cpu->it_start < cpu->it_bytes;
}

bool sim_cpu_must_leave(struct sim_cpu *cpu, uint32_t pc)
{
    if (sim_cpu_is_in_native_it(cpu, pc)) {
        return false;
    }
    if (cpu->clock->now_ps >= cpu->clock->next_due_ps) {
        sim_clock_fire_due(cpu->clock);
        sim_cpu_sync_rates(cpu);
        cpu->loop.armed = false; /* what the loop waits for may have come */
    }
    if ((cpu->attention & SIM_CPU_ATTENTION_STEP) != 0 && cpu->step_count++ > 0) {
        return true;
    }
    return (cpu->attention & ~(uint32_t)SIM_CPU_ATTENTION_STEP) != 0 ||
           cpu->clock->now_ps >= cpu->deadline_ps;
}

void sim_cpu_note_jump(struct sim_cpu *cpu, uint32_t pc)
{
    bool was_in_it = sim_cpu_is_in_native_it(cpu, cpu->next_pc);

    if (was_in_it && pc - cpu->it_start <= cpu->it_bytes) {
        return; /* instructions of an IT block were passed over */
    }
    sim_cpu_spend_cycles(cpu, cpu->costs.branch_taken);
    if (pc < cpu->next_pc) {
        sim_cpu_note_backward(cpu, pc);
    }
}

static bool leave_with(struct sim_cpu *cpu, enum sim_cpu_exit exit)
{
    cpu->exit = exit;
    return false;
}

bool sim_cpu_enter_page(struct sim_cpu *cpu, uint32_t pc)
{
    struct sim_cpu_page *page = sim_cpu_page(cpu, pc);

    if (cpu->garbage_shown && cpu->garbage_base == page_base(pc)) {
        page = &cpu->garbage;
    } else if ((page->flags & (SIM_CPU_PAGE_EXECUTE | SIM_CPU_PAGE_MIXED)) == 0) {
        sim_cpu_set_fault(cpu, SIM_CPU_EXC_MEMORY, SIM_CPU_IACCVIOL, pc);
        return leave_with(cpu, SIM_CPU_EXIT_FAULT);
    } else if (page->host == NULL) {
        return leave_with(cpu, SIM_CPU_EXIT_FETCH);
    } else if (page->window != NULL) {
        const struct sim_cpu_window *state = &cpu->windows[page->window_index];

        if (state->mapped != state->direct) {
            return false; /* to be mapped before the next slice */
        }
    }
    if (page->insns == NULL) {
        page->insns = calloc(SIM_CPU_PAGE_BYTES / 2, sizeof *page->insns);
        if (page->insns == NULL) {
            abort();
        }
    }
    cpu->code = page;
    cpu->code_base = page_base(pc);
    if (cpu->handover_armed && pc - cpu->handover_base < cpu->handover_bytes) {
        sim_cpu_check_handover(cpu);
    }
    return true;
}

const struct sim_cpu_insn *sim_cpu_insn_at(struct sim_cpu *cpu, uint32_t pc)
{
    uint32_t offset = pc - cpu->code_base;
    struct sim_cpu_insn *insn = &cpu->code->insns[offset >> 1];
    bool is_known = insn->kind != SIM_CPU_NOT_DECODED;
    uint32_t raw = 0;
    uint16_t first = 0;
    uint16_t second = 0;

    memcpy(&first, cpu->code->host + offset, 2);
    if (sim_cpu_insn_bytes(first) == 4) {
        const uint8_t *host = cpu->code->host + offset + 2;

        if (offset + 2 == SIM_CPU_PAGE_BYTES) {
            host = sim_cpu_page(cpu, pc + 2)->host;
        }
        if (host != NULL) {
            memcpy(&second, host, 2);
        }
    }
    raw = (uint32_t)second << 16 | first;
    if (is_known && insn->raw == raw) {
        return insn;
    }
    sim_cpu_decode(raw, insn);
    cpu->code->code_blocks |= UINT64_C(1) << (offset >> 6);
    if (is_known && !sim_cpu_is_in_native_it(cpu, pc)) {
        sim_cpu_map_forget(cpu, pc, 4);
        return NULL;
    }
    return insn;
}

static void charge_fetch(struct sim_cpu *cpu, uint32_t pc)
{
    bool is_cached =
        cpu->code->memory >= SIM_CPU_WRITE_THROUGH && (cpu->scb.ccr & SIM_CPU_CCR_IC) != 0;
    uint32_t bytes = is_cached ? SIM_CPU_LINE_BYTES : 8; /* the core fetches 64 bits at a time */
    uint32_t granule = pc & ~(bytes - 1);

    if (is_cached) {
        uint32_t *tag = &cpu->icache_tags[pc / SIM_CPU_LINE_BYTES % 1024];

        if (*tag == granule + 1) {
            return;
        }
        *tag = granule + 1; /* never 0, which is an empty tag */
        sim_cpu_spend_cycles(cpu, cpu->costs.cache_fill);
    } else {
        if (granule == cpu->fetch_granule) {
            return;
        }
        cpu->fetch_granule = granule;
    }
    if (cpu->code->window != NULL) {
        struct sim_cpu_window *state = &cpu->windows[cpu->code->window_index];

        sim_cpu_window_touch(cpu, state, granule - state->window->base, bytes);
    } else {
        sim_clock_spend(cpu->clock, cpu->axi_wait_ps);
    }
}

bool sim_cpu_fetch(struct sim_cpu *cpu, uint32_t pc)
{
    const struct sim_cpu_page *page = cpu->code;

    if (page->window != NULL) {
        if (sim_cpu_window_refresh(cpu, &cpu->windows[page->window_index])) {
            sim_cpu_memory_changed(cpu);
            return false;
        }
    }
    if (sim_cpu_breakpoint_at(cpu, pc) && sim_cpu_halting_enabled(cpu)) {
        return leave_with(cpu, SIM_CPU_EXIT_BREAKPOINT);
    }
    if ((page->flags & SIM_CPU_PAGE_MIXED) != 0 &&
        !sim_cpu_mpu_allows(cpu, pc, SIM_CPU_EXECUTE, sim_cpu_is_privileged(cpu))) {
        sim_cpu_set_fault(cpu, SIM_CPU_EXC_MEMORY, SIM_CPU_IACCVIOL, pc);
        return leave_with(cpu, SIM_CPU_EXIT_FAULT);
    }
    if ((page->flags & SIM_CPU_PAGE_GATED) != 0 && page->region != NULL &&
        !sim_bus_region_is_clocked(cpu->bus, page->region)) {
        sim_cpu_set_fault(cpu, SIM_CPU_EXC_BUS, SIM_CPU_IBUSERR, pc);
        return leave_with(cpu, SIM_CPU_EXIT_FAULT);
    }
    if ((page->flags & SIM_CPU_PAGE_WAITS) != 0) {
        charge_fetch(cpu, pc);
    }
    return true;
}

static enum sim_cpu_action stop_to_perform(struct sim_cpu *cpu, const struct sim_cpu_insn *insn)
{
    cpu->exit = SIM_CPU_EXIT_PERFORM;
    cpu->exit_insn = *insn;
    return SIM_CPU_STOP;
}

static enum sim_cpu_action no_coprocessor(struct sim_cpu *cpu)
{
    sim_cpu_set_fault(cpu, SIM_CPU_EXC_USAGE, SIM_CPU_NOCP, 0);
    cpu->exit = SIM_CPU_EXIT_FAULT;
    return SIM_CPU_STOP;
}

/* CPACR.CP10 and CP11: 01 privileged only, 11 full. */
static bool fpu_is_enabled(const struct sim_cpu *cpu)
{
    uint32_t access = cpu->scb.cpacr >> 20 & 3;

    return access == 3 || (access == 1 && sim_cpu_is_privileged(cpu));
}

static enum sim_cpu_action use_fpu(struct sim_cpu *cpu)
{
    if (!fpu_is_enabled(cpu)) {
        return no_coprocessor(cpu);
    }
    cpu->control |= 4; /* FPCA: from now on the context is stacked */
    return SIM_CPU_NATIVE;
}

static enum sim_cpu_action transfer(struct sim_cpu *cpu, const struct sim_cpu_insn *insn,
    uint32_t pc, enum sim_cpu_plain_load plain_load)
{
    if ((insn->flags & SIM_CPU_FLOAT_LIST) != 0 && use_fpu(cpu) == SIM_CPU_STOP) {
        return SIM_CPU_STOP;
    }
    return sim_cpu_transfer(cpu, insn, pc, plain_load);
}

enum sim_cpu_action sim_cpu_before_transfer(
    struct sim_cpu *cpu, const struct sim_cpu_insn *insn, uint32_t pc)
{
    return transfer(cpu, insn, pc, SIM_CPU_BY_UNITS);
}

enum sim_cpu_action sim_cpu_transfer_here(
    struct sim_cpu *cpu, const struct sim_cpu_insn *insn, uint32_t pc)
{
    return transfer(cpu, insn, pc, SIM_CPU_AS_ENGINE);
}

enum sim_cpu_action sim_cpu_before(
    struct sim_cpu *cpu, const struct sim_cpu_insn *insn, uint32_t pc)
{
    switch ((enum sim_cpu_kind)insn->kind) {
    case SIM_CPU_TRANSFER:
    case SIM_CPU_TABLE_BRANCH:
        return transfer(cpu, insn, pc, SIM_CPU_BY_ENGINE);
    case SIM_CPU_DIVIDE:
        sim_cpu_spend_cycles(cpu, cpu->costs.divide);
        return SIM_CPU_NATIVE;
    case SIM_CPU_FLOAT:
        return use_fpu(cpu);
    case SIM_CPU_NO_COPROCESSOR:
        return no_coprocessor(cpu);
    case SIM_CPU_MASKS:
        cpu->attention |= SIM_CPU_ATTENTION_MASKS;
        cpu->loop.impure = true;
        return SIM_CPU_NATIVE;
    case SIM_CPU_CLEAR_EXCLUSIVE:
        cpu->exclusive = false;
        return SIM_CPU_NATIVE;
    case SIM_CPU_SEV:
        cpu->event_register = true;
        return SIM_CPU_NATIVE;
    case SIM_CPU_YIELD:
        cpu->resume_pc = pc + insn->size_bytes;
        return SIM_CPU_DONE;
    case SIM_CPU_IT:
        return sim_cpu_enter_it(cpu, insn, pc);
    case SIM_CPU_WFI:
    case SIM_CPU_WFE:
    case SIM_CPU_SVC:
    case SIM_CPU_BKPT:
        return stop_to_perform(cpu, insn);
    case SIM_CPU_PLAIN:
    case SIM_CPU_NOT_DECODED:
        break;
    }
    return SIM_CPU_NATIVE;
}
