#include "sim/cpu_internal.h"

#include <stdlib.h>
#include <string.h>

enum { DFSR_HALTED_OR_BKPT = SIM_CPU_DFSR_BKPT, HFSR_DEBUGEVT_BIT = 31 };

void sim_cpu_stop_now(struct sim_cpu *cpu)
{
    cpu->attention |= SIM_CPU_ATTENTION_STOP;
}

enum sim_cpu_state sim_cpu_state(const struct sim_cpu *cpu)
{
    return cpu->state;
}

bool sim_cpu_is_deep_asleep(const struct sim_cpu *cpu)
{
    return cpu->deep_asleep;
}

void sim_cpu_set_state(struct sim_cpu *cpu, enum sim_cpu_state state)
{
    sim_cpu_systick_sync(cpu);
    sim_cpu_cyccnt_sync(cpu);
    cpu->state = state;
    cpu->deep_asleep = state == SIM_CPU_SLEEPING && (cpu->scb.scr & SIM_CPU_SCR_SLEEPDEEP) != 0;
    sim_cpu_systick_restart(cpu);
}

void sim_cpu_sleep(struct sim_cpu *cpu, bool for_event)
{
    cpu->waits_for_event = for_event;
    sim_cpu_forget_loop(cpu);
    sim_cpu_set_state(cpu, SIM_CPU_SLEEPING);
}

void sim_cpu_sync_bus(struct sim_cpu *cpu)
{
    if (cpu->bus_generation == sim_bus_generation(cpu->bus)) {
        return;
    }
    cpu->bus_generation = sim_bus_generation(cpu->bus);
    for (; cpu->window_count < sim_bus_window_count(cpu->bus) &&
           cpu->window_count < sizeof cpu->windows / sizeof cpu->windows[0];
         cpu->window_count++) {
        cpu->windows[cpu->window_count] = (struct sim_cpu_window){
            .window = sim_bus_window(cpu->bus, cpu->window_count), .last_line = UINT32_MAX};
    }
    sim_cpu_memory_changed(cpu);
}

static void idle(struct sim_cpu *cpu)
{
    uint64_t until_ps = cpu->clock->next_due_ps;

    if (cpu->state == SIM_CPU_SLEEPING) {
        if (sim_cpu_wakes(cpu) || (cpu->waits_for_event && cpu->event_register)) {
            cpu->event_register = false;
            sim_cpu_set_state(cpu, SIM_CPU_RUNNING);
            return;
        }
    }
    if (until_ps > cpu->deadline_ps) {
        until_ps = cpu->deadline_ps;
    }
    if (until_ps > cpu->clock->now_ps) {
        sim_clock_spend(cpu->clock, until_ps - cpu->clock->now_ps);
    }
}

/* Nothing to execute at PC by the engine's account: not there, not executable, or a window whose
 * controller answers with whatever its configuration makes of the request. */
static void resolve_fetch(struct sim_cpu *cpu)
{
    uint32_t pc = sim_cpu_get(cpu, SIM_CPU_PC);
    const struct sim_cpu_page *page = sim_cpu_page(cpu, pc);
    uint32_t words[2] = {0, 0};
    uint32_t addr = pc & ~3U;

    if (!sim_cpu_mpu_allows(cpu, pc, SIM_CPU_EXECUTE, sim_cpu_is_privileged(cpu))) {
        sim_cpu_set_fault(cpu, SIM_CPU_EXC_MEMORY, SIM_CPU_IACCVIOL, pc);
        sim_cpu_take_fault(cpu);
        return;
    }
    if (page->window == NULL || page->host != NULL ||
        !sim_bus_read(cpu->bus, SIM_MASTER_CPU, addr, 4, &words[0]) ||
        ((addr + 4) % SIM_CPU_PAGE_BYTES != 0 &&
            !sim_bus_read(cpu->bus, SIM_MASTER_CPU, addr + 4, 4, &words[1]))) {
        sim_cpu_set_fault(cpu, SIM_CPU_EXC_BUS, SIM_CPU_IBUSERR, pc);
        sim_cpu_take_fault(cpu);
        return;
    }
    sim_cpu_map_show(cpu, addr, words, (addr + 4) % SIM_CPU_PAGE_BYTES != 0 ? 2 : 1);
    free(cpu->garbage.insns);
    cpu->garbage =
        (struct sim_cpu_page){.epoch = cpu->epoch, .flags = page->flags, .memory = page->memory};
    cpu->garbage.flags = (uint16_t)(cpu->garbage.flags & ~(unsigned)SIM_CPU_PAGE_FETCH);
    cpu->garbage.host = cpu->map.scratch;
    cpu->garbage_base = pc & ~(uint32_t)(SIM_CPU_PAGE_BYTES - 1);
    cpu->garbage_shown = true;
    cpu->code_base = UINT32_MAX;
    cpu->attention |= SIM_CPU_ATTENTION_STEP;
    cpu->step_count = 0;
    sim_cpu_engine_run(cpu);
    cpu->attention &= ~(uint32_t)SIM_CPU_ATTENTION_STEP;
    cpu->garbage_shown = false;
    cpu->code_base = UINT32_MAX;
    sim_cpu_map_hide(cpu);
    if (cpu->exit != SIM_CPU_EXIT_FETCH) {
        sim_cpu_handle_exit(cpu);
    }
}

static void perform_breakpoint(struct sim_cpu *cpu, uint32_t pc)
{
    if (sim_cpu_halting_enabled(cpu)) {
        sim_cpu_enter_halt(cpu, DFSR_HALTED_OR_BKPT);
        return;
    }
    cpu->debug.dfsr |= SIM_CPU_DFSR_BKPT;
    cpu->scb.hfsr |= 1U << HFSR_DEBUGEVT_BIT;
    sim_cpu_take_sync(cpu, SIM_CPU_EXC_HARD, pc);
}

static void perform(struct sim_cpu *cpu)
{
    const struct sim_cpu_insn *insn = &cpu->exit_insn;
    uint32_t pc = sim_cpu_get(cpu, SIM_CPU_PC);
    uint32_t next_pc = pc + insn->size_bytes;

    if (insn->kind == SIM_CPU_BKPT) {
        perform_breakpoint(cpu, pc);
        return;
    }
    sim_cpu_set(cpu, SIM_CPU_PC, next_pc);
    if (insn->kind == SIM_CPU_SVC) {
        sim_cpu_take_sync(cpu, SIM_CPU_EXC_SVC, next_pc);
    } else if (insn->kind == SIM_CPU_IT) {
        cpu->itstate = insn->raw & 0xFF;
    } else if (insn->kind == SIM_CPU_WFI) {
        if (!sim_cpu_wakes(cpu)) {
            sim_cpu_sleep(cpu, false);
        }
    } else if (insn->kind == SIM_CPU_WFE) {
        if (cpu->event_register) {
            cpu->event_register = false;
        } else {
            sim_cpu_sleep(cpu, true);
        }
    }
}

static void take_undefined(struct sim_cpu *cpu)
{
    bool is_thumb = (sim_cpu_get(cpu, SIM_CPU_XPSR) & 1U << 24) != 0;

    sim_cpu_set_fault(cpu, SIM_CPU_EXC_USAGE, is_thumb ? SIM_CPU_UNDEFINSTR : SIM_CPU_INVSTATE, 0);
    sim_cpu_take_fault(cpu);
}

void sim_cpu_handle_exit(struct sim_cpu *cpu)
{
    enum sim_cpu_exit exit = cpu->exit;

    cpu->exit = SIM_CPU_EXIT_NONE;
    switch (exit) {
    case SIM_CPU_EXIT_NONE:
        break;
    case SIM_CPU_EXIT_PERFORM:
        perform(cpu);
        break;
    case SIM_CPU_EXIT_FAULT:
        sim_cpu_take_fault(cpu);
        break;
    case SIM_CPU_EXIT_RETURN:
        sim_cpu_return(cpu, cpu->exit_value);
        break;
    case SIM_CPU_EXIT_FETCH:
        resolve_fetch(cpu);
        break;
    case SIM_CPU_EXIT_BREAKPOINT:
        sim_cpu_enter_halt(cpu, SIM_CPU_DFSR_BKPT);
        break;
    case SIM_CPU_EXIT_UNDEFINED:
        take_undefined(cpu);
        break;
    }
}

/* Deals with what happened since the last instruction. True: execute the next one now. */
static bool attend(struct sim_cpu *cpu)
{
    if ((cpu->attention & SIM_CPU_ATTENTION_MASKS) != 0) {
        cpu->attention &= ~(uint32_t)SIM_CPU_ATTENTION_MASKS;
        sim_cpu_refresh_shadows(cpu);
    }
    if ((cpu->attention & SIM_CPU_ATTENTION_HALT) != 0) {
        sim_cpu_enter_halt(cpu, SIM_CPU_DFSR_HALTED);
        return false;
    }
    if ((cpu->attention & SIM_CPU_ATTENTION_EXCEPTION) != 0) {
        sim_cpu_take_pending(cpu);
        if (cpu->debug.step_pending && cpu->state == SIM_CPU_RUNNING) {
            sim_cpu_enter_halt(cpu, SIM_CPU_DFSR_HALTED); /* at the first line of the handler */
        }
        return false;
    }
    if ((cpu->attention & SIM_CPU_ATTENTION_STATE) != 0) {
        cpu->attention &= ~(uint32_t)SIM_CPU_ATTENTION_STATE;
        sim_cpu_set_fault(cpu, SIM_CPU_EXC_USAGE, SIM_CPU_INVSTATE, 0);
        sim_cpu_take_fault(cpu);
        return false;
    }
    return true;
}

static void execute(struct sim_cpu *cpu)
{
    uint64_t before = cpu->instructions;
    uint32_t itstate = cpu->itstate;
    bool progressed = false;

    if (!attend(cpu)) {
        return;
    }
    cpu->attention &= ~(uint32_t)SIM_CPU_ATTENTION_IT;
    if (cpu->debug.step_pending) {
        cpu->attention |= SIM_CPU_ATTENTION_STEP;
        cpu->step_count = 0;
    }
    cpu->it_bytes = 0;
    if (cpu->itstate != 0) {
        sim_cpu_step_in_it(cpu);
    } else {
        sim_cpu_engine_run(cpu);
    }
    cpu->attention &= ~(uint32_t)SIM_CPU_ATTENTION_STEP;
    if (cpu->instructions != before) {
        cpu->debug.retired = true;
    }
    progressed = cpu->instructions != before || cpu->exit != SIM_CPU_EXIT_NONE ||
                 cpu->itstate != itstate; /* passed over inside an IT block */
    sim_cpu_handle_exit(cpu);
    if (cpu->debug.step_pending && progressed && cpu->state != SIM_CPU_HALTED) {
        sim_cpu_enter_halt(cpu, SIM_CPU_DFSR_HALTED);
    }
}

static void report_costs(struct sim_cpu *cpu, uint64_t busy_ps)
{
    struct sim_report *report = cpu->env.report;

    sim_report_cost(report, SIM_COST_CPU_BUSY_PS, busy_ps);
    sim_report_cost(report, SIM_COST_CPU_POLL_PS, cpu->loop.poll_ps);
    sim_report_cost(report, SIM_COST_INSTRUCTIONS, cpu->instructions - cpu->reported_instructions);
    cpu->loop.poll_ps = 0;
    cpu->reported_instructions = cpu->instructions;
}

void sim_cpu_run_until(struct sim_cpu *cpu, uint64_t deadline_ps)
{
    uint64_t busy_ps = 0;

    cpu->deadline_ps = deadline_ps;
    cpu->running = true;
    cpu->loop.armed = false; /* the debug port may have been at work */
    for (;;) {
        uint64_t start_ps = 0;

        if (cpu->clock->next_due_ps <= cpu->clock->now_ps) {
            sim_clock_fire_due(cpu->clock);
            cpu->loop.armed = false;
        }
        if ((cpu->attention & SIM_CPU_ATTENTION_STOP) != 0 || cpu->clock->now_ps >= deadline_ps) {
            break;
        }
        sim_cpu_sync_rates(cpu);
        sim_cpu_sync_bus(cpu);
        start_ps = cpu->clock->now_ps;
        if (cpu->state == SIM_CPU_RUNNING) {
            execute(cpu);
            busy_ps += cpu->clock->now_ps - start_ps;
        } else {
            idle(cpu);
        }
    }
    cpu->attention &= ~(uint32_t)SIM_CPU_ATTENTION_STOP;
    cpu->running = false;
    report_costs(cpu, busy_ps);
}
