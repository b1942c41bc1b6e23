#include "sim/cpu_internal.h"

#include <stdlib.h>
#include <string.h>

/* Creation, reset and start of the core. */

void sim_cpu_init(struct sim_cpu *cpu, const struct sim_env *env, struct sim_bus *bus,
    const struct sim_cpu_config *config)
{
    cpu->env = *env;
    cpu->clock = env->clock;
    cpu->bus = bus;
    cpu->config = *config;
    cpu->costs = config->costs != NULL ? *config->costs : sim_cpu_default_costs;
    if (config->kick_addr == 0) { /* IWDG_KR */
        cpu->config.kick_addr = 0x58004800;
        cpu->config.kick_value = 0xAAAA;
    }
    cpu->epoch = 1;
    cpu->code = &cpu->garbage;
    cpu->code_base = UINT32_MAX;
    cpu->cycle_ps = 1; /* until the machine is asked */
    if (cpu->config.mpu_regions > SIM_CPU_MPU_REGIONS) {
        cpu->config.mpu_regions = SIM_CPU_MPU_REGIONS;
    }
    sim_cpu_map_init(cpu);
    sim_cpu_cache_init(cpu);
    sim_cpu_systick_init(cpu);
    sim_cpu_cache_attach(cpu);
    sim_cpu_ppb_attach(cpu);
    sim_cpu_background_start(cpu);
    sim_cpu_scb_reset(cpu);
}

void sim_cpu_exit(struct sim_cpu *cpu)
{
    static const struct sim_bus_snoop none;

    sim_clock_cancel(cpu->clock, &cpu->systick.event);
    sim_clock_cancel(cpu->clock, &cpu->background);
    sim_bus_set_snoop(cpu->bus, &none);
    sim_cpu_map_free(cpu);
    sim_cpu_cache_free(cpu);
    sim_cpu_free_pages(cpu);
    free(cpu->garbage.insns);
}

static void reset_registers(struct sim_cpu *cpu)
{
    sim_cpu_set(cpu, SIM_CPU_XPSR, 1U << 24);
    sim_cpu_set(cpu, SIM_CPU_CONTROL, 0);
    sim_cpu_set(cpu, SIM_CPU_PRIMASK, 0);
    sim_cpu_set(cpu, SIM_CPU_BASEPRI, 0);
    sim_cpu_set(cpu, SIM_CPU_FAULTMASK, 0);
    for (unsigned reg = 0; reg < SIM_CPU_SP; reg++) {
        sim_cpu_set(cpu, reg, 0);
    }
    sim_cpu_set(cpu, SIM_CPU_LR, 0xFFFFFFFF);
    sim_cpu_set(cpu, SIM_CPU_MSP, 0);
    sim_cpu_set(cpu, SIM_CPU_PSP, 0);
    sim_cpu_set(cpu, SIM_CPU_PC, 0);
    cpu->itstate = 0;
    cpu->exclusive = false;
    cpu->event_register = false;
    cpu->fault.exception = 0;
}

static void reset_debug(struct sim_cpu *cpu, enum sim_reset_kind kind)
{
    struct sim_cpu_debug *debug = &cpu->debug;

    if (kind == SIM_RESET_POWER_ON) {
        *debug = (struct sim_cpu_debug){.reset_seen = true};
        sim_cpu_memory_changed(cpu);
        return;
    }
    /* DEMCR, DFSR, C_DEBUGEN and the breakpoints survive a system reset. */
    debug->dhcsr &= ~(uint32_t)(SIM_CPU_C_HALT | SIM_CPU_C_STEP | SIM_CPU_C_MASKINTS);
    debug->step_pending = false;
    debug->reg_ready = false;
    debug->reset_seen = true;
}

void sim_cpu_reset(struct sim_cpu *cpu, enum sim_reset_kind kind)
{
    sim_cpu_sync_bus(cpu);
    sim_cpu_cache_discard(cpu); /* while CCR.DC still says which side is which */
    reset_registers(cpu);
    reset_debug(cpu, kind);
    cpu->nvic = (struct sim_cpu_nvic){.pending = {0}};
    sim_cpu_set_state(cpu, SIM_CPU_IN_RESET);
    sim_cpu_systick_reset(cpu);
    sim_cpu_scb_reset(cpu);
    memset(cpu->icache_tags, 0, sizeof cpu->icache_tags);
    cpu->attention &= SIM_CPU_ATTENTION_STOP | SIM_CPU_ATTENTION_FORGET;
    cpu->handover_armed = cpu->handover_bytes > 0;
    sim_cpu_forget_loop(cpu);
    sim_cpu_memory_changed(cpu);
    sim_cpu_refresh_shadows(cpu);
    if (kind == SIM_RESET_POWER_ON) {
        sim_bus_forget_stores(cpu->bus);
    }
    if (cpu->running) {
        sim_cpu_stop_now(cpu);
    }
}

static void begin(struct sim_cpu *cpu, bool catches_reset)
{
    sim_cpu_sync_rates(cpu);
    sim_cpu_set_state(cpu, SIM_CPU_RUNNING);
    if (!sim_cpu_halting_enabled(cpu)) {
        return;
    }
    if (catches_reset && (cpu->debug.demcr & SIM_CPU_VC_CORERESET) != 0) {
        sim_cpu_enter_halt(cpu, SIM_CPU_DFSR_VCATCH);
    } else if ((cpu->debug.dhcsr & SIM_CPU_C_HALT) != 0) {
        sim_cpu_enter_halt(cpu, SIM_CPU_DFSR_HALTED);
    }
}

void sim_cpu_start(struct sim_cpu *cpu, uint32_t vector_table_addr)
{
    uint32_t msp = 0;
    uint32_t pc = 0;

    sim_cpu_sync_bus(cpu);
    cpu->scb.vtor = vector_table_addr & 0xFFFFFF80;
    if (!sim_cpu_load(cpu, vector_table_addr, 4, true, &msp) ||
        !sim_cpu_load(cpu, vector_table_addr + 4, 4, true, &pc)) {
        cpu->scb.hfsr |= 2; /* VECTTBL */
        sim_cpu_set_state(cpu, SIM_CPU_RUNNING);
        sim_cpu_lock_up(cpu);
        return;
    }
    sim_cpu_set(cpu, SIM_CPU_MSP, msp & ~3U);
    sim_cpu_set(cpu, SIM_CPU_PC, pc & ~1U);
    if ((pc & 1) == 0) {
        cpu->attention |= SIM_CPU_ATTENTION_STATE;
    }
    begin(cpu, true);
}

void sim_cpu_start_at(struct sim_cpu *cpu, uint32_t pc, uint32_t msp)
{
    sim_cpu_sync_bus(cpu);
    sim_cpu_set(cpu, SIM_CPU_MSP, msp & ~3U);
    sim_cpu_set(cpu, SIM_CPU_PC, pc & ~1U);
    begin(cpu, false);
}
