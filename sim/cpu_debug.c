#include "sim/cpu_internal.h"

/* Halting debug: ARMv7-M Architecture Reference Manual C1.6. Breakpoints and the cycle counter are
 * in cpu_trace.c. */

enum {
    DHCSR = 0xDF0,
    DCRSR = 0xDF4,
    DCRDR = 0xDF8,
    DEMCR = 0xDFC,
    DBGKEY = 0xA05F,
    S_REGRDY = 1 << 16,
    S_HALT = 1 << 17,
    S_SLEEP = 1 << 18,
    S_LOCKUP = 1 << 19,
    S_RETIRE_ST = 1 << 24,
    S_RESET_ST = 1 << 25,
    DEMCR_WRITABLE = 0x010F07F1,
    REGSEL_XPSR = 16,
    REGSEL_MSP = 17,
    REGSEL_PSP = 18,
    REGSEL_MASKS = 20,
    REGSEL_FPSCR = 33,
    REGSEL_S0 = 64
};

bool sim_cpu_halting_enabled(const struct sim_cpu *cpu)
{
    return (cpu->debug.dhcsr & SIM_CPU_C_DEBUGEN) != 0;
}

void sim_cpu_enter_halt(struct sim_cpu *cpu, uint32_t dfsr)
{
    cpu->debug.dfsr |= dfsr;
    cpu->debug.dhcsr |= SIM_CPU_C_HALT;
    cpu->debug.reg_ready = true;
    cpu->attention &= ~(uint32_t)(SIM_CPU_ATTENTION_HALT | SIM_CPU_ATTENTION_STEP);
    cpu->debug.step_pending = false;
    sim_cpu_forget_loop(cpu);
    sim_cpu_set_state(cpu, SIM_CPU_HALTED);
}

bool sim_cpu_vector_catch(struct sim_cpu *cpu, unsigned exception, uint32_t cfsr)
{
    static const struct {
        uint32_t cfsr;
        uint32_t catch_bit;
    } causes[] = {
        {0x000000FF, SIM_CPU_VC_MMERR},
        {0x0000FF00, SIM_CPU_VC_BUSERR},
        {SIM_CPU_UNDEFINSTR | SIM_CPU_INVSTATE | SIM_CPU_INVPC, SIM_CPU_VC_STATERR},
        {SIM_CPU_NOCP, SIM_CPU_VC_NOCPERR},
        {SIM_CPU_UNALIGNED, SIM_CPU_VC_CHKERR},
    };
    uint32_t demcr = cpu->debug.demcr;

    if (!sim_cpu_halting_enabled(cpu)) {
        return false;
    }
    if (exception == SIM_CPU_EXC_HARD && (demcr & SIM_CPU_VC_HARDERR) != 0) {
        return true;
    }
    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++) {
        if ((cfsr & causes[i].cfsr) != 0 && (demcr & causes[i].catch_bit) != 0) {
            return true;
        }
    }
    return false;
}

static uint32_t read_dhcsr(struct sim_cpu *cpu)
{
    struct sim_cpu_debug *debug = &cpu->debug;
    uint32_t value = debug->dhcsr;

    value |= debug->reg_ready ? (uint32_t)S_REGRDY : 0;
    value |= cpu->state == SIM_CPU_HALTED ? (uint32_t)S_HALT : 0;
    value |= cpu->state == SIM_CPU_SLEEPING ? (uint32_t)S_SLEEP : 0;
    value |= cpu->state == SIM_CPU_LOCKED_UP ? (uint32_t)S_LOCKUP : 0;
    value |= debug->retired ? (uint32_t)S_RETIRE_ST : 0;
    value |= debug->reset_seen ? (uint32_t)S_RESET_ST : 0;
    if (!cpu->accessing) { /* sticky bits are cleared by the debugger's read */
        debug->retired = false;
        debug->reset_seen = false;
    }
    return value;
}

uint32_t sim_cpu_debug_register(struct sim_cpu *cpu, uint32_t offset)
{
    switch (offset) {
    case DHCSR:
        return read_dhcsr(cpu);
    case DCRDR:
        return cpu->debug.dcrdr;
    case DEMCR:
        return cpu->debug.demcr;
    default:
        return 0; /* DCRSR is write-only */
    }
}

static void resume(struct sim_cpu *cpu, bool step)
{
    sim_cpu_set_state(cpu, SIM_CPU_RUNNING);
    cpu->debug.step_pending = step;
    sim_cpu_update_pending(cpu);
}

static void write_dhcsr(struct sim_cpu *cpu, uint32_t value)
{
    struct sim_cpu_debug *debug = &cpu->debug;
    uint32_t bits =
        value & (SIM_CPU_C_DEBUGEN | SIM_CPU_C_HALT | SIM_CPU_C_STEP | SIM_CPU_C_MASKINTS);

    if (value >> 16 != DBGKEY) {
        return;
    }
    if (cpu->accessing) { /* software cannot enable halting debug (C1.6.2) */
        bits = (bits & ~(uint32_t)SIM_CPU_C_DEBUGEN) | (debug->dhcsr & SIM_CPU_C_DEBUGEN);
    }
    if ((bits & SIM_CPU_C_DEBUGEN) == 0) {
        bits = 0;
    }
    debug->dhcsr = bits;
    sim_cpu_update_pending(cpu); /* C_MASKINTS */
    if ((bits & SIM_CPU_C_HALT) != 0) {
        if (cpu->state == SIM_CPU_HALTED || cpu->state == SIM_CPU_IN_RESET) {
            return; /* in reset: sim_cpu_start() looks at C_HALT */
        }
        if (cpu->accessing) {
            cpu->attention |= SIM_CPU_ATTENTION_HALT;
        } else {
            sim_cpu_enter_halt(cpu, SIM_CPU_DFSR_HALTED);
        }
    } else if (cpu->state == SIM_CPU_HALTED) {
        resume(cpu, (bits & SIM_CPU_C_STEP) != 0);
    }
}

static bool select_register(uint32_t regsel, unsigned *reg)
{
    if (regsel <= SIM_CPU_PC) {
        *reg = regsel;
    } else if (regsel == REGSEL_XPSR) {
        *reg = SIM_CPU_XPSR;
    } else if (regsel == REGSEL_MSP) {
        *reg = SIM_CPU_MSP;
    } else if (regsel == REGSEL_PSP) {
        *reg = SIM_CPU_PSP;
    } else if (regsel == REGSEL_FPSCR) {
        *reg = SIM_CPU_FPSCR;
    } else if (regsel >= REGSEL_S0 && regsel < REGSEL_S0 + 32) {
        *reg = SIM_CPU_S0 + (regsel - REGSEL_S0);
    } else {
        return false;
    }
    return true;
}

uint32_t sim_cpu_register(struct sim_cpu *cpu, unsigned regsel)
{
    unsigned reg = 0;

    if (regsel == REGSEL_MASKS) {
        return cpu->control << 24 | cpu->faultmask << 16 | cpu->basepri << 8 | cpu->primask;
    }
    if (!select_register(regsel, &reg)) {
        return 0;
    }
    if (reg == SIM_CPU_XPSR) {
        return (sim_cpu_get(cpu, reg) & ~0x0600FC00U) | (cpu->itstate & 3) << 25 |
               (cpu->itstate >> 2) << 10;
    }
    return sim_cpu_get(cpu, reg);
}

void sim_cpu_set_register(struct sim_cpu *cpu, unsigned regsel, uint32_t value)
{
    unsigned reg = 0;

    if (regsel == REGSEL_MASKS) {
        sim_cpu_set(cpu, SIM_CPU_PRIMASK, value & 1);
        sim_cpu_set(cpu, SIM_CPU_BASEPRI, value >> 8 & 0xF0);
        sim_cpu_set(cpu, SIM_CPU_FAULTMASK, value >> 16 & 1);
        sim_cpu_set(cpu, SIM_CPU_CONTROL, value >> 24 & 7);
        sim_cpu_refresh_shadows(cpu);
        return;
    }
    if (!select_register(regsel, &reg)) {
        return;
    }
    if (reg == SIM_CPU_XPSR) {
        cpu->itstate = (value >> 25 & 3) | (value >> 10 & 0x3F) << 2;
        sim_cpu_set(cpu, reg, value & ~0x0600FC00U);
        cpu->attention &= ~(uint32_t)SIM_CPU_ATTENTION_STATE;
        if ((value & 1U << 24) == 0) {
            cpu->attention |= SIM_CPU_ATTENTION_STATE;
        }
        sim_cpu_protection_changed(cpu);
        sim_cpu_update_pending(cpu);
    } else if (reg == SIM_CPU_PC) {
        cpu->itstate = 0;
        sim_cpu_set(cpu, reg, value & ~1U);
    } else {
        sim_cpu_set(cpu, reg,
            reg == SIM_CPU_SP || reg == SIM_CPU_MSP || reg == SIM_CPU_PSP ? value & ~3U : value);
    }
}

static void write_dcrsr(struct sim_cpu *cpu, uint32_t value)
{
    cpu->debug.reg_ready = false;
    if (cpu->state != SIM_CPU_HALTED) {
        return; /* a transfer that never completes */
    }
    if ((value & 1U << 16) != 0) {
        sim_cpu_set_register(cpu, value & 0x7F, cpu->debug.dcrdr);
    } else {
        cpu->debug.dcrdr = sim_cpu_register(cpu, value & 0x7F);
    }
    cpu->debug.reg_ready = true;
}

void sim_cpu_debug_set_register(struct sim_cpu *cpu, uint32_t offset, uint32_t value)
{
    switch (offset) {
    case DHCSR:
        write_dhcsr(cpu, value);
        break;
    case DCRSR:
        write_dcrsr(cpu, value);
        break;
    case DCRDR:
        cpu->debug.dcrdr = value;
        break;
    case DEMCR:
        sim_cpu_cyccnt_sync(cpu);
        cpu->debug.demcr = value & DEMCR_WRITABLE;
        break;
    default:
        break;
    }
}
