#include "sim/cpu_internal.h"

/* ARMv7-M Architecture Reference Manual B3.3. The counter is not stepped: its value follows from
 * the time since anchor_ps, and an event stands where it reaches 0. */

enum { ENABLE = 1 << 0, TICKINT = 1 << 1, CLKSOURCE = 1 << 2, COUNTFLAG = 1 << 16 };
enum { EXTERNAL_DIVIDER = 8 };

/* The counter stops while the core is halted by the debugger, and in deep sleep. */
static bool is_counting(const struct sim_cpu *cpu)
{
    return (cpu->systick.ctrl & ENABLE) != 0 && cpu->systick.load != 0 &&
           cpu->state != SIM_CPU_HALTED && cpu->state != SIM_CPU_IN_RESET && !cpu->deep_asleep;
}

void sim_cpu_systick_sync(struct sim_cpu *cpu)
{
    struct sim_cpu_systick *systick = &cpu->systick;
    uint64_t now_ps = cpu->clock->now_ps;
    uint64_t ticks = 0;
    uint64_t period = (uint64_t)systick->load + 1;

    if (!systick->running || systick->tick_ps == 0 || now_ps <= systick->anchor_ps) {
        return;
    }
    ticks = (now_ps - systick->anchor_ps) / systick->tick_ps;
    systick->anchor_ps += ticks * systick->tick_ps;
    if (ticks <= systick->value) {
        systick->value -= (uint32_t)ticks;
        return;
    }
    ticks = (ticks - systick->value) % period; /* since the counter stood at 0 */
    systick->value = ticks == 0 ? 0 : (uint32_t)(period - ticks);
}

static void arm(struct sim_cpu *cpu)
{
    struct sim_cpu_systick *systick = &cpu->systick;
    uint64_t ticks = systick->value > 0 ? systick->value : (uint64_t)systick->load + 1;

    sim_clock_schedule(cpu->clock, &systick->event, systick->anchor_ps + ticks * systick->tick_ps);
}

void sim_cpu_systick_restart(struct sim_cpu *cpu)
{
    struct sim_cpu_systick *systick = &cpu->systick;
    uint64_t tick_ps = cpu->cycle_ps * ((systick->ctrl & CLKSOURCE) != 0 ? 1U : EXTERNAL_DIVIDER);

    if (!systick->running || tick_ps != systick->tick_ps) {
        systick->anchor_ps = cpu->clock->now_ps;
    }
    systick->tick_ps = tick_ps;
    systick->running = is_counting(cpu);
    if (!systick->running) {
        sim_clock_cancel(cpu->clock, &systick->event);
        return;
    }
    arm(cpu);
}

static void reach_zero(void *context)
{
    struct sim_cpu *cpu = context;

    sim_cpu_systick_sync(cpu);
    cpu->systick.count_flag = true;
    if ((cpu->systick.ctrl & TICKINT) != 0) {
        sim_cpu_set_pending(cpu, SIM_CPU_EXC_SYSTICK, true);
    }
    arm(cpu);
}

void sim_cpu_systick_init(struct sim_cpu *cpu)
{
    cpu->systick.event = (struct sim_event){.fire = reach_zero, .context = cpu};
}

void sim_cpu_systick_reset(struct sim_cpu *cpu)
{
    cpu->systick.ctrl = 0;
    cpu->systick.load = 0;
    cpu->systick.value = 0;
    cpu->systick.count_flag = false;
    sim_cpu_systick_restart(cpu);
}

uint32_t sim_cpu_systick_read(struct sim_cpu *cpu, uint32_t offset)
{
    struct sim_cpu_systick *systick = &cpu->systick;
    uint32_t value = 0;

    sim_cpu_systick_sync(cpu);
    switch (offset) {
    case 0x10:
        value = systick->ctrl | (systick->count_flag ? (uint32_t)COUNTFLAG : 0);
        systick->count_flag = false;
        break;
    case 0x14:
        value = systick->load;
        break;
    case 0x18:
        value = systick->value;
        break;
    default: /* CALIB: no calibration value is documented in the reference */
        break;
    }
    return value;
}

void sim_cpu_systick_write(struct sim_cpu *cpu, uint32_t offset, uint32_t value)
{
    struct sim_cpu_systick *systick = &cpu->systick;

    sim_cpu_systick_sync(cpu);
    switch (offset) {
    case 0x10:
        systick->ctrl = value & (ENABLE | TICKINT | CLKSOURCE);
        break;
    case 0x14:
        systick->load = value & 0xFFFFFF;
        break;
    case 0x18:
        systick->value = 0;
        systick->count_flag = false;
        break;
    default:
        return;
    }
    sim_cpu_systick_restart(cpu);
}
