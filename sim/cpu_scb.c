#include "sim/cpu_internal.h"

/* System control block: ARMv7-M Architecture Reference Manual B3.2 and Cortex-M7 TRM "System
 * control registers". Offsets from 0xE000E000. */

enum {
    ICTR = 0x004,
    ACTLR = 0x008,
    CPUID = 0xD00,
    ICSR = 0xD04,
    VTOR = 0xD08,
    AIRCR = 0xD0C,
    SCR = 0xD10,
    CCR = 0xD14,
    SHPR1 = 0xD18,
    SHPR3 = 0xD20,
    SHCSR = 0xD24,
    CFSR = 0xD28,
    HFSR = 0xD2C,
    DFSR = 0xD30,
    MMFAR = 0xD34,
    BFAR = 0xD38,
    CLIDR = 0xD78,
    CTR = 0xD7C,
    CCSIDR = 0xD80,
    CSSELR = 0xD84,
    CPACR = 0xD88,
    STIR = 0xF00,
    FPCCR = 0xF34,
    FPCAR = 0xF38,
    FPDSCR = 0xF3C,
    MVFR0 = 0xF40,
    MVFR1 = 0xF44,
    MVFR2 = 0xF48,
    ITCMCR = 0xF90,
    DTCMCR = 0xF94,
    AHBPCR = 0xF98,
    CACR = 0xF9C,
    AHBSCR = 0xFA0,
    ABFSR = 0xFA8
};

enum {
    VECTKEY = 0x05FA,
    VECTKEYSTAT = 0xFA05,
    SYSRESETREQ = 1 << 2,
    VECTCLRACTIVE = 1 << 1,
    CCR_WRITABLE =
        0x7031B,        /* NONBASETHRDENA USERSETMPEND UNALIGN_TRP DIV_0_TRP BFHFNMIGN DC IC BP */
    CCR_RESET = 0x40200 /* BP and STKALIGN read as one on this core */
};

void sim_cpu_scb_reset(struct sim_cpu *cpu)
{
    cpu->scb =
        (struct sim_cpu_scb){.ccr = CCR_RESET, .fpccr = 0xC0000000U, .itcmcr = 1, .dtcmcr = 1};
    cpu->mpu = (struct sim_cpu_mpu){.ctrl = 0};
    cpu->cache.csselr = 0;
}

/* Size of one cache in the form of CCSIDR: sets, ways, lines of 32 bytes. */
static uint32_t ccsidr(uint32_t cache_bytes, uint32_t ways)
{
    uint32_t sets = cache_bytes / (ways * SIM_CPU_LINE_BYTES);

    return 0xF0000000U | (sets - 1) << 13 | (ways - 1) << 3 | 1;
}

static uint32_t read_icsr(const struct sim_cpu *cpu)
{
    unsigned pending = sim_cpu_highest_pending(cpu);
    uint32_t active_count = 0;
    uint32_t value = cpu->ipsr | pending << 12;

    for (unsigned i = 0; i < SIM_CPU_EXCEPTIONS / 32; i++) {
        active_count += (uint32_t)__builtin_popcount(cpu->nvic.active[i]);
        if ((i == 0 ? cpu->nvic.pending[0] >> 16 : cpu->nvic.pending[i]) != 0) {
            value |= 1U << 22;
        }
    }
    value |= active_count <= 1 ? 1U << 11 : 0; /* RETTOBASE */
    value |= (cpu->nvic.pending[0] >> SIM_CPU_EXC_SYSTICK & 1) << 26;
    value |= (cpu->nvic.pending[0] >> SIM_CPU_EXC_PENDSV & 1) << 28;
    value |= (cpu->nvic.pending[0] >> SIM_CPU_EXC_NMI & 1) << 31;
    return value;
}

/* SHCSR shows active and pending states scattered over its bits. */
static const struct {
    uint8_t bit;
    uint8_t exception;
    bool is_pending;
} shcsr_bits[] = {
    {0, SIM_CPU_EXC_MEMORY, false},
    {1, SIM_CPU_EXC_BUS, false},
    {3, SIM_CPU_EXC_USAGE, false},
    {7, SIM_CPU_EXC_SVC, false},
    {8, SIM_CPU_EXC_MONITOR, false},
    {10, SIM_CPU_EXC_PENDSV, false},
    {11, SIM_CPU_EXC_SYSTICK, false},
    {12, SIM_CPU_EXC_USAGE, true},
    {13, SIM_CPU_EXC_MEMORY, true},
    {14, SIM_CPU_EXC_BUS, true},
    {15, SIM_CPU_EXC_SVC, true},
};

static uint32_t read_shcsr(const struct sim_cpu *cpu)
{
    uint32_t value = cpu->scb.shcsr_enables;

    for (size_t i = 0; i < sizeof shcsr_bits / sizeof shcsr_bits[0]; i++) {
        const uint32_t *words = shcsr_bits[i].is_pending ? cpu->nvic.pending : cpu->nvic.active;

        value |= (words[0] >> shcsr_bits[i].exception & 1) << shcsr_bits[i].bit;
    }
    return value;
}

static void write_shcsr(struct sim_cpu *cpu, uint32_t value)
{
    cpu->scb.shcsr_enables = value & 0x70000;
    for (size_t i = 0; i < sizeof shcsr_bits / sizeof shcsr_bits[0]; i++) {
        uint32_t *words = shcsr_bits[i].is_pending ? cpu->nvic.pending : cpu->nvic.active;
        uint32_t bit = 1U << shcsr_bits[i].exception;

        words[0] = (value >> shcsr_bits[i].bit & 1) != 0 ? words[0] | bit : words[0] & ~bit;
    }
    sim_cpu_update_pending(cpu);
}

static bool read_identity(const struct sim_cpu *cpu, uint32_t offset, uint32_t *value)
{
    switch (offset) {
    case ICTR:
        *value = (cpu->config.irq_count + 31U) / 32 - 1;
        return true;
    case CPUID:
        *value = cpu->config.cpuid;
        return true;
    case CLIDR:
        *value = 0x09000003;
        return true;
    case CTR:
        *value = 0x8303C003;
        return true;
    case CCSIDR:
        *value = (cpu->cache.csselr & 1) != 0 ? ccsidr(cpu->config.icache_bytes, 2)
                                              : ccsidr(cpu->config.dcache_bytes, 4);
        return true;
    case MVFR0: /* double precision: Cortex-M7 TRM, "FPU programmers model" */
        *value = 0x10110221;
        return true;
    case MVFR1:
        *value = 0x12000011;
        return true;
    case MVFR2:
        *value = 0x00000040;
        return true;
    default:
        return false;
    }
}

/* Registers that only store what was written. */
static uint32_t *stored(struct sim_cpu *cpu, uint32_t offset, uint32_t *writable)
{
    const struct {
        uint32_t offset;
        uint32_t writable;
        uint32_t *word;
    } table[] = {
        {SCR, 0x16, &cpu->scb.scr},
        {MMFAR, 0xFFFFFFFF, &cpu->scb.mmfar},
        {BFAR, 0xFFFFFFFF, &cpu->scb.bfar},
        {CSSELR, 0xF, &cpu->cache.csselr},
        {CPACR, 0x00F00000, &cpu->scb.cpacr},
        {FPCCR, 0xC0000000U, &cpu->scb.fpccr},
        {FPCAR, 0xFFFFFFF8, &cpu->scb.fpcar},
        {FPDSCR, 0x07C00000, &cpu->scb.fpdscr},
        {ITCMCR, 0x7, &cpu->scb.itcmcr},
        {DTCMCR, 0x7, &cpu->scb.dtcmcr},
        {AHBPCR, 0x1, &cpu->scb.ahbpcr},
        {CACR, 0x7, &cpu->scb.cacr},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].offset == offset) {
            *writable = table[i].writable;
            return table[i].word;
        }
    }
    return NULL;
}

static uint32_t read_priorities(const struct sim_cpu *cpu, uint32_t offset)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < 4; i++) {
        value |= (uint32_t)cpu->nvic.priority[4 + (offset - SHPR1) + i] << (8 * i);
    }
    return value;
}

bool sim_cpu_scb_read(struct sim_cpu *cpu, uint32_t offset, uint32_t *value)
{
    uint32_t writable = 0;
    const uint32_t *word = stored(cpu, offset, &writable);

    *value = 0;
    if (word != NULL) {
        *value = *word;
        return true;
    }
    if (offset >= SHPR1 && offset <= SHPR3) {
        *value = read_priorities(cpu, offset);
        return true;
    }
    switch (offset) {
    case ACTLR:
    case AHBSCR:
    case ABFSR:
    case STIR:
        return true;
    case ICSR:
        *value = read_icsr(cpu);
        return true;
    case VTOR:
        *value = cpu->scb.vtor;
        return true;
    case AIRCR:
        *value = (uint32_t)VECTKEYSTAT << 16 | cpu->scb.prigroup << 8;
        return true;
    case CCR:
        *value = cpu->scb.ccr;
        return true;
    case SHCSR:
        *value = read_shcsr(cpu);
        return true;
    case CFSR:
        *value = cpu->scb.cfsr;
        return true;
    case HFSR:
        *value = cpu->scb.hfsr;
        return true;
    case DFSR:
        *value = cpu->debug.dfsr;
        return true;
    default:
        return read_identity(cpu, offset, value);
    }
}

static void write_icsr(struct sim_cpu *cpu, uint32_t value)
{
    static const struct {
        uint8_t bit;
        uint8_t exception;
        bool sets;
    } bits[] = {
        {31, SIM_CPU_EXC_NMI, true},
        {28, SIM_CPU_EXC_PENDSV, true},
        {27, SIM_CPU_EXC_PENDSV, false},
        {26, SIM_CPU_EXC_SYSTICK, true},
        {25, SIM_CPU_EXC_SYSTICK, false},
    };

    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++) {
        if ((value >> bits[i].bit & 1) != 0) {
            sim_cpu_set_pending(cpu, bits[i].exception, bits[i].sets);
        }
    }
}

static void write_aircr(struct sim_cpu *cpu, uint32_t value)
{
    if (value >> 16 != VECTKEY) {
        return;
    }
    cpu->scb.prigroup = value >> 8 & 7;
    if ((value & VECTCLRACTIVE) != 0 && cpu->state == SIM_CPU_HALTED) {
        for (unsigned i = 0; i < SIM_CPU_EXCEPTIONS / 32; i++) {
            cpu->nvic.active[i] = 0;
        }
        sim_cpu_set(cpu, SIM_CPU_XPSR, sim_cpu_get(cpu, SIM_CPU_XPSR) & ~0x1FFU);
    }
    sim_cpu_update_pending(cpu);
    if ((value & SYSRESETREQ) != 0) {
        cpu->config.request_system_reset(cpu->config.machine);
        sim_cpu_stop_now(cpu);
    }
}

static void write_ccr(struct sim_cpu *cpu, uint32_t value)
{
    sim_cpu_cache_switch(cpu, (value & SIM_CPU_CCR_DC) != 0);
    cpu->scb.ccr = (value & CCR_WRITABLE) | CCR_RESET;
    sim_cpu_memory_changed(cpu);
}

static void write_priorities(struct sim_cpu *cpu, uint32_t offset, uint32_t value, uint32_t mask)
{
    for (unsigned i = 0; i < 4; i++) {
        if ((mask >> (8 * i) & 0xFF) != 0) {
            cpu->nvic.priority[4 + (offset - SHPR1) + i] = (uint8_t)(value >> (8 * i) & 0xF0);
        }
    }
    sim_cpu_update_pending(cpu);
}

/* mask: the bytes that the access covers; value is zero elsewhere. */
bool sim_cpu_scb_write(struct sim_cpu *cpu, uint32_t offset, uint32_t value, uint32_t mask)
{
    uint32_t writable = 0;
    uint32_t *word = stored(cpu, offset, &writable);

    if (word != NULL) {
        writable &= mask;
        *word = (*word & ~writable) | (value & writable);
        return true;
    }
    if (offset >= SHPR1 && offset <= SHPR3) {
        write_priorities(cpu, offset, value, mask);
        return true;
    }
    if (offset >= 0xF50 && offset <= 0xF78) {
        sim_cpu_cache_op(cpu, offset, value);
        return true;
    }
    switch (offset) {
    case ICSR:
        write_icsr(cpu, value);
        break;
    case VTOR:
        cpu->scb.vtor = value & 0xFFFFFF80;
        break;
    case AIRCR:
        write_aircr(cpu, value);
        break;
    case CCR:
        write_ccr(cpu, (cpu->scb.ccr & ~mask) | value);
        break;
    case SHCSR:
        write_shcsr(cpu, (read_shcsr(cpu) & ~mask) | value);
        break;
    case CFSR:
        cpu->scb.cfsr &= ~value;
        break;
    case HFSR:
        cpu->scb.hfsr &= ~value;
        break;
    case DFSR:
        cpu->debug.dfsr &= ~value;
        break;
    case STIR:
        if ((value & 0x1FF) < cpu->config.irq_count) {
            sim_cpu_set_pending(cpu, SIM_CPU_EXC_IRQ0 + (value & 0x1FF), true);
        }
        break;
    default:
        break;
    }
    return true;
}

void sim_cpu_cache_op(struct sim_cpu *cpu, uint32_t offset, uint32_t value)
{
    switch (offset) {
    case 0xF50: /* ICIALLU, ICIMVAU */
    case 0xF58:
        for (size_t i = 0; i < sizeof cpu->icache_tags / sizeof cpu->icache_tags[0]; i++) {
            cpu->icache_tags[i] = 0;
        }
        break;
    case 0xF5C: /* DCIMVAC */
        sim_cpu_cache_by_address(cpu, value, false, true);
        break;
    case 0xF60: /* DCISW */
        sim_cpu_cache_by_set_way(cpu, value, false, true);
        break;
    case 0xF64: /* DCCMVAU, DCCMVAC */
    case 0xF68:
        sim_cpu_cache_by_address(cpu, value, true, false);
        break;
    case 0xF6C: /* DCCSW */
        sim_cpu_cache_by_set_way(cpu, value, true, false);
        break;
    case 0xF70: /* DCCIMVAC */
        sim_cpu_cache_by_address(cpu, value, true, true);
        break;
    case 0xF74: /* DCCISW */
        sim_cpu_cache_by_set_way(cpu, value, true, true);
        break;
    default: /* BPIALL: no branch predictor here */
        break;
    }
}
