#include "sim/cpu_internal.h"

#include <stdio.h>
#include <string.h>

/* Things the core does on its own, at moments that depend on nothing but virtual time: dirty lines
 * leave the D-cache, and Normal memory is read ahead of any access (design rule 10). */

static const uint64_t period_ps = 100 * SIM_PS_PER_US;

static void fire(void *context)
{
    struct sim_cpu *cpu = context;
    uint32_t random = cpu->background_random;

    random ^= random << 13;
    random ^= random >> 17;
    random ^= random << 5;
    cpu->background_random = random;
    sim_cpu_cache_evict_random(cpu);
    sim_cpu_speculate(cpu);
    sim_clock_schedule(
        cpu->clock, &cpu->background, cpu->clock->now_ps + period_ps + random % 16 * SIM_PS_PER_US);
}

void sim_cpu_background_start(struct sim_cpu *cpu)
{
    cpu->background = (struct sim_event){.fire = fire, .context = cpu};
    cpu->background_random = 0x9E3779B9;
    sim_clock_schedule(cpu->clock, &cpu->background, cpu->clock->now_ps + period_ps);
}

void sim_cpu_set_handover_range(struct sim_cpu *cpu, uint32_t base, uint32_t size_bytes)
{
    cpu->handover_base = base;
    cpu->handover_bytes = size_bytes;
    cpu->handover_armed = size_bytes > 0;
    sim_cpu_memory_changed(cpu);
}

static bool nvic_is_clear(const struct sim_cpu *cpu)
{
    uint32_t bits = 0;

    for (unsigned i = 0; i < SIM_CPU_EXCEPTIONS / 32; i++) {
        bits |= cpu->nvic.enabled[i] | cpu->nvic.pending[i] | cpu->nvic.active[i];
    }
    return bits == 0;
}

/* MSP must be what the table in VTOR says, as after a reset. */
static bool stack_is_set(struct sim_cpu *cpu)
{
    const struct sim_cpu_page *page = sim_cpu_page(cpu, cpu->scb.vtor);
    uint32_t msp = 0;

    if (page->host == NULL) {
        return false;
    }
    memcpy(&msp, page->host + cpu->scb.vtor % SIM_CPU_PAGE_BYTES, sizeof msp);
    return sim_cpu_get(cpu, SIM_CPU_MSP) == (msp & ~3U);
}

void sim_cpu_check_handover(struct sim_cpu *cpu)
{
    const struct {
        const char *what;
        bool is_wrong;
    } rules[] = {
        {"D-cache on", (cpu->scb.ccr & SIM_CPU_CCR_DC) != 0},
        {"I-cache on", (cpu->scb.ccr & SIM_CPU_CCR_IC) != 0},
        {"the MPU on", cpu->mpu.ctrl != 0},
        {"SysTick on", cpu->systick.ctrl != 0},
        {"interrupts enabled, pending or active", !nvic_is_clear(cpu)},
        {"CONTROL not 0", sim_cpu_get(cpu, SIM_CPU_CONTROL) != 0},
        {"PRIMASK set", sim_cpu_get(cpu, SIM_CPU_PRIMASK) != 0},
        {"BASEPRI set", sim_cpu_get(cpu, SIM_CPU_BASEPRI) != 0},
        {"FAULTMASK set", sim_cpu_get(cpu, SIM_CPU_FAULTMASK) != 0},
        {"VTOR elsewhere", cpu->scb.vtor - cpu->handover_base >= cpu->handover_bytes},
        {"MSP not from the vector table", !stack_is_set(cpu)},
    };

    cpu->handover_armed = false;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (rules[i].is_wrong) {
            sim_violation(cpu->env.report, "handover-state",
                "application entered at 0x%08x with %s", (unsigned)sim_cpu_get(cpu, SIM_CPU_PC),
                rules[i].what);
        }
    }
}
