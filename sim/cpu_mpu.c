#include "sim/cpu_internal.h"

/* ARMv7-M Architecture Reference Manual B3.1 (default memory map) and B3.5 (PMSAv7); the attribute
 * encoding is table B3-18. Shareable Normal memory is not cached on Cortex-M7 while CACR.SIWT = 0
 * (Cortex-M7 TRM, "Shared memory"). */

enum { ENABLE = 1 << 0, HFNMIENA = 1 << 1, PRIVDEFENA = 1 << 2 };
enum { RASR_ENABLE = 1 << 0, RASR_B = 1 << 16, RASR_C = 1 << 17, RASR_S = 1 << 18 };
enum { RASR_XN = 1 << 28 };

static const struct {
    enum sim_cpu_memory memory;
    bool execute_never;
} default_map[8] = {
    [0] = {SIM_CPU_WRITE_THROUGH, false}, /* code */
    [1] = {SIM_CPU_WRITE_BACK, false},    /* SRAM */
    [2] = {SIM_CPU_DEVICE, true},         /* peripherals */
    [3] = {SIM_CPU_WRITE_BACK, false},    /* external RAM */
    [4] = {SIM_CPU_WRITE_THROUGH, false},
    [5] = {SIM_CPU_DEVICE, true},
    [6] = {SIM_CPU_DEVICE, true},
    [7] = {SIM_CPU_DEVICE, true}, /* system */
};

bool sim_cpu_mpu_is_active(const struct sim_cpu *cpu)
{
    bool is_negative =
        cpu->faultmask != 0 || cpu->ipsr == SIM_CPU_EXC_NMI || cpu->ipsr == SIM_CPU_EXC_HARD;

    return (cpu->mpu.ctrl & ENABLE) != 0 && (!is_negative || (cpu->mpu.ctrl & HFNMIENA) != 0);
}

static uint64_t region_bytes(uint32_t rasr)
{
    return UINT64_C(2) << (rasr >> 1 & 0x1F);
}

static bool region_covers(uint32_t rbar, uint32_t rasr, uint32_t addr)
{
    uint64_t size_bytes = region_bytes(rasr);
    uint32_t base = (rbar & ~0x1FU) & ~(uint32_t)(size_bytes - 1);
    uint32_t offset = addr - base;

    if ((rasr & RASR_ENABLE) == 0 || size_bytes < 32 || offset >= size_bytes) {
        return false;
    }
    if (size_bytes < 256) { /* no subregions */
        return true;
    }
    return (rasr >> (8 + offset / (size_bytes / 8)) & 1) == 0;
}

/* The region with the highest number wins; -1: none. */
static int find_region(const struct sim_cpu *cpu, uint32_t addr)
{
    for (int i = (int)cpu->config.mpu_regions - 1; i >= 0; i--) {
        if (region_covers(cpu->mpu.rbar[i], cpu->mpu.rasr[i], addr)) {
            return i;
        }
    }
    return -1;
}

static bool permits(uint32_t ap, enum sim_cpu_access access, bool privileged)
{
    static const struct {
        bool privileged_read;
        bool privileged_write;
        bool user_read;
        bool user_write;
    } rights[8] = {
        [0] = {false, false, false, false},
        [1] = {true, true, false, false},
        [2] = {true, true, true, false},
        [3] = {true, true, true, true},
        [5] = {true, false, false, false},
        [6] = {true, false, true, false},
        [7] = {true, false, true, false},
    };

    if (access == SIM_CPU_WRITE) {
        return privileged ? rights[ap].privileged_write : rights[ap].user_write;
    }
    return privileged ? rights[ap].privileged_read : rights[ap].user_read;
}

static bool is_private_bus(uint32_t addr)
{
    return addr >> 20 == 0xE00;
}

bool sim_cpu_mpu_allows(
    const struct sim_cpu *cpu, uint32_t addr, enum sim_cpu_access access, bool privileged)
{
    bool execute_never = default_map[addr >> 29].execute_never;
    int index = -1;

    if (!sim_cpu_mpu_is_active(cpu) || is_private_bus(addr)) {
        return access != SIM_CPU_EXECUTE || !execute_never;
    }
    index = find_region(cpu, addr);
    if (index < 0) {
        return (cpu->mpu.ctrl & PRIVDEFENA) != 0 && privileged &&
               (access != SIM_CPU_EXECUTE || !execute_never);
    }
    if (access == SIM_CPU_EXECUTE &&
        ((cpu->mpu.rasr[index] & RASR_XN) != 0 || addr >= 0xE0000000U)) {
        return false;
    }
    return permits(cpu->mpu.rasr[index] >> 24 & 7, access, privileged);
}

static enum sim_cpu_memory cache_policy(bool cacheable, bool bufferable)
{
    if (cacheable) {
        return bufferable ? SIM_CPU_WRITE_BACK : SIM_CPU_WRITE_THROUGH;
    }
    return SIM_CPU_UNCACHED;
}

static enum sim_cpu_memory decode_attributes(uint32_t rasr)
{
    bool cacheable = (rasr & RASR_C) != 0;
    bool bufferable = (rasr & RASR_B) != 0;
    uint32_t tex = rasr >> 19 & 7;
    enum sim_cpu_memory memory = SIM_CPU_DEVICE;

    if (tex >= 4) { /* inner policy in C and B: 01 is write-back with allocation */
        memory = cacheable    ? cache_policy(true, bufferable)
                 : bufferable ? SIM_CPU_WRITE_BACK
                              : SIM_CPU_UNCACHED;
    } else if (tex == 1) {
        memory = cache_policy(cacheable, bufferable);
    } else if (tex == 0 && cacheable) {
        memory = cache_policy(true, bufferable);
    }
    if (memory != SIM_CPU_DEVICE && (rasr & RASR_S) != 0) {
        memory = SIM_CPU_UNCACHED;
    }
    return memory;
}

enum sim_cpu_memory sim_cpu_mpu_memory(const struct sim_cpu *cpu, uint32_t addr)
{
    int index = -1;

    if (sim_cpu_mpu_is_active(cpu) && addr < 0xE0000000U) {
        index = find_region(cpu, addr);
    }
    return index < 0 ? default_map[addr >> 29].memory : decode_attributes(cpu->mpu.rasr[index]);
}

bool sim_cpu_mpu_is_mixed(const struct sim_cpu *cpu, uint32_t page_addr)
{
    if (!sim_cpu_mpu_is_active(cpu)) {
        return false;
    }
    for (unsigned i = 0; i < cpu->config.mpu_regions; i++) {
        uint32_t rasr = cpu->mpu.rasr[i];
        uint64_t size_bytes = region_bytes(rasr);
        uint64_t unit_bytes = (rasr >> 8 & 0xFF) != 0 ? size_bytes / 8 : size_bytes;
        uint32_t base = (cpu->mpu.rbar[i] & ~0x1FU) & ~(uint32_t)(size_bytes - 1);

        if ((rasr & RASR_ENABLE) == 0 || unit_bytes >= SIM_CPU_PAGE_BYTES) {
            continue;
        }
        /* Region and page are both aligned to their sizes: they overlap if one holds the other. */
        if (base - page_addr < SIM_CPU_PAGE_BYTES || page_addr - base < size_bytes) {
            return true;
        }
    }
    return false;
}

/* Offsets from 0xE000ED90: TYPE, CTRL, RNR, then RBAR and RASR with three aliases. */
bool sim_cpu_mpu_read(struct sim_cpu *cpu, uint32_t offset, uint32_t *value)
{
    uint32_t rnr = cpu->mpu.rnr;

    switch (offset) {
    case 0x00:
        *value = (uint32_t)cpu->config.mpu_regions << 8;
        return true;
    case 0x04:
        *value = cpu->mpu.ctrl;
        return true;
    case 0x08:
        *value = rnr;
        return true;
    default:
        break;
    }
    if (offset >= 0x2C) {
        return false;
    }
    *value = (offset & 4) != 0 ? (cpu->mpu.rbar[rnr] & ~0x1FU) | rnr : cpu->mpu.rasr[rnr];
    return true;
}

void sim_cpu_mpu_write(struct sim_cpu *cpu, uint32_t offset, uint32_t value)
{
    bool is_rbar = offset >= 0x0C && offset < 0x2C && (offset & 4) != 0;
    bool is_rasr = offset >= 0x0C && offset < 0x2C && (offset & 4) == 0;

    if (offset == 0x04) {
        cpu->mpu.ctrl = value & (ENABLE | HFNMIENA | PRIVDEFENA);
    } else if (offset == 0x08) {
        cpu->mpu.rnr = (value & 0xFF) % cpu->config.mpu_regions;
        return;
    } else if (is_rbar) {
        if ((value & 0x10) != 0) { /* VALID: the region number comes along */
            cpu->mpu.rnr = (value & 0xF) % cpu->config.mpu_regions;
        }
        cpu->mpu.rbar[cpu->mpu.rnr] = value & ~0x1FU;
    } else if (is_rasr) {
        cpu->mpu.rasr[cpu->mpu.rnr] = value & 0x173FFF3F;
    }
    sim_cpu_memory_changed(cpu);
    sim_cpu_protection_changed(cpu);
}
