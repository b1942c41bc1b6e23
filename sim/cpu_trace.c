#include "sim/cpu_internal.h"

/* FPB version 2 (breakpoints at any address) and the cycle counter of the DWT: ARMv7-M
 * Architecture Reference Manual C1.11 and C1.8; Cortex-M7 TRM for counts. */

enum {
    FP_CTRL_RESET = 0x10000080,  /* revision 2, 8 instruction comparators */
    DWT_CTRL_RESET = 0x40000000, /* 4 comparators */
    CYCCNTENA = 1 << 0,
    LAR = 0xFB0,
    LSR = 0xFB4,
    LAR_KEY = (int)0xC5ACCE55
};

bool sim_cpu_breakpoint_at(const struct sim_cpu *cpu, uint32_t pc)
{
    if (!cpu->debug.fpb_enabled) {
        return false;
    }
    for (unsigned i = 0; i < SIM_CPU_FPB_COMPARATORS; i++) {
        if ((cpu->debug.fpb_comp[i] & 1) != 0 && (cpu->debug.fpb_comp[i] & ~1U) == pc) {
            return true;
        }
    }
    return false;
}

bool sim_cpu_breakpoint_in_page(const struct sim_cpu *cpu, uint32_t page_addr)
{
    if (!cpu->debug.fpb_enabled) {
        return false;
    }
    for (unsigned i = 0; i < SIM_CPU_FPB_COMPARATORS; i++) {
        if ((cpu->debug.fpb_comp[i] & 1) != 0 &&
            cpu->debug.fpb_comp[i] - page_addr < SIM_CPU_PAGE_BYTES) {
            return true;
        }
    }
    return false;
}

bool sim_cpu_fpb_read(void *state, uint32_t offset, uint32_t size_bytes, uint32_t *value)
{
    const struct sim_cpu *cpu = state;

    (void)size_bytes;
    *value = 0;
    if (offset == 0) {
        *value = FP_CTRL_RESET | (cpu->debug.fpb_enabled ? 1U : 0U);
    } else if (offset >= 8 && offset < 8 + 4 * SIM_CPU_FPB_COMPARATORS) {
        *value = cpu->debug.fpb_comp[(offset - 8) / 4];
    }
    return true;
}

bool sim_cpu_fpb_write(void *state, uint32_t offset, uint32_t size_bytes, uint32_t value)
{
    struct sim_cpu *cpu = state;

    (void)size_bytes;
    if (offset == 0 && (value & 2) != 0) { /* KEY */
        cpu->debug.fpb_enabled = (value & 1) != 0;
    } else if (offset >= 8 && offset < 8 + 4 * SIM_CPU_FPB_COMPARATORS) {
        cpu->debug.fpb_comp[(offset - 8) / 4] = value;
    }
    sim_cpu_memory_changed(cpu);
    return true;
}

static bool is_counting(const struct sim_cpu *cpu)
{
    return (cpu->debug.demcr & SIM_CPU_TRCENA) != 0 && (cpu->debug.dwt_ctrl & CYCCNTENA) != 0 &&
           cpu->state != SIM_CPU_HALTED && cpu->state != SIM_CPU_IN_RESET;
}

void sim_cpu_cyccnt_sync(struct sim_cpu *cpu)
{
    struct sim_cpu_debug *debug = &cpu->debug;
    uint64_t now_ps = cpu->clock->now_ps;

    if (is_counting(cpu) && cpu->cycle_ps > 0) {
        uint64_t cycles = (now_ps - debug->cyccnt_anchor_ps) / cpu->cycle_ps;

        debug->cyccnt += (uint32_t)cycles;
        debug->cyccnt_anchor_ps += cycles * cpu->cycle_ps;
    } else {
        debug->cyccnt_anchor_ps = now_ps;
    }
}

bool sim_cpu_dwt_read(void *state, uint32_t offset, uint32_t size_bytes, uint32_t *value)
{
    struct sim_cpu *cpu = state;

    (void)size_bytes;
    *value = 0;
    switch (offset) {
    case 0x00:
        *value = cpu->debug.dwt_ctrl | DWT_CTRL_RESET;
        break;
    case 0x04:
        sim_cpu_cyccnt_sync(cpu);
        *value = cpu->debug.cyccnt;
        break;
    case LSR: /* implemented, and locked for software */
        *value = cpu->accessing ? 1U | (cpu->debug.dwt_unlocked ? 0U : 2U) : 0U;
        break;
    default:
        if (offset < sizeof cpu->debug.dwt_regs) {
            *value = cpu->debug.dwt_regs[offset / 4];
        }
        break;
    }
    return true;
}

bool sim_cpu_dwt_write(void *state, uint32_t offset, uint32_t size_bytes, uint32_t value)
{
    struct sim_cpu *cpu = state;

    (void)size_bytes;
    if (offset == LAR) {
        cpu->debug.dwt_unlocked = value == (uint32_t)LAR_KEY;
        return true;
    }
    if (cpu->accessing && !cpu->debug.dwt_unlocked) {
        return true; /* locked: the write is lost without a sign (mcu.md 4.5) */
    }
    sim_cpu_cyccnt_sync(cpu);
    if (offset == 0x00) {
        cpu->debug.dwt_ctrl = value & 0x007F1FFF;
    } else if (offset == 0x04) {
        cpu->debug.cyccnt = value;
        cpu->debug.cyccnt_anchor_ps = cpu->clock->now_ps;
    } else if (offset < sizeof cpu->debug.dwt_regs) {
        cpu->debug.dwt_regs[offset / 4] = value;
    }
    return true;
}
