#include "sim/cpu_internal.h"

/* ARMv7-M Architecture Reference Manual B3.4 (NVIC) and B1.5 (priorities). STM32H7: 4 priority
 * bits, in 7:4. */

enum { PRIORITY_MASK = 0xF0 };

static bool get_bit(const uint32_t *words, unsigned bit)
{
    return (words[bit / 32] >> (bit % 32) & 1) != 0;
}

static void put_bit(uint32_t *words, unsigned bit, bool value)
{
    if (value) {
        words[bit / 32] |= 1U << (bit % 32);
    } else {
        words[bit / 32] &= ~(1U << (bit % 32));
    }
}

int sim_cpu_group_priority(const struct sim_cpu *cpu, unsigned exception)
{
    uint32_t subpriority_mask = (2U << cpu->scb.prigroup) - 1;

    if (exception < SIM_CPU_EXC_MEMORY || exception >= SIM_CPU_EXCEPTIONS) {
        return (int)exception - 4; /* reset -3, NMI -2, HardFault -1 */
    }
    return (int)(cpu->nvic.priority[exception] & ~subpriority_mask);
}

bool sim_cpu_exception_enabled(const struct sim_cpu *cpu, unsigned exception)
{
    if (exception >= SIM_CPU_EXC_IRQ0) {
        return get_bit(cpu->nvic.enabled, exception);
    }
    if (exception >= SIM_CPU_EXC_MEMORY && exception <= SIM_CPU_EXC_USAGE) {
        return (cpu->scb.shcsr_enables >> (exception - SIM_CPU_EXC_MEMORY + 16) & 1) != 0;
    }
    return exception != SIM_CPU_EXC_MONITOR;
}

static bool is_masked_for_debug(const struct sim_cpu *cpu, unsigned exception)
{
    uint32_t masked = SIM_CPU_C_DEBUGEN | SIM_CPU_C_MASKINTS;

    return (cpu->debug.dhcsr & masked) == masked && exception >= SIM_CPU_EXC_PENDSV;
}

static bool goes_first(const struct sim_cpu *cpu, unsigned exception, unsigned other)
{
    int priority = sim_cpu_group_priority(cpu, exception);
    int other_priority = sim_cpu_group_priority(cpu, other);

    return priority < other_priority ||
           (priority == other_priority &&
               cpu->nvic.priority[exception] < cpu->nvic.priority[other]);
}

static bool may_be_taken(const struct sim_cpu *cpu, unsigned exception)
{
    return sim_cpu_exception_enabled(cpu, exception) && !is_masked_for_debug(cpu, exception);
}

static unsigned better_of_word(const struct sim_cpu *cpu, unsigned word, unsigned best)
{
    for (uint32_t bits = cpu->nvic.pending[word]; bits != 0; bits &= bits - 1) {
        unsigned exception = word * 32 + (unsigned)__builtin_ctz(bits);

        if (may_be_taken(cpu, exception) && (best == 0 || goes_first(cpu, exception, best))) {
            best = exception;
        }
    }
    return best;
}

unsigned sim_cpu_highest_pending(const struct sim_cpu *cpu)
{
    unsigned best = 0;

    for (unsigned word = 0; word < SIM_CPU_EXCEPTIONS / 32; word++) {
        best = better_of_word(cpu, word, best);
    }
    return best;
}

bool sim_cpu_is_active(const struct sim_cpu *cpu, unsigned exception)
{
    return get_bit(cpu->nvic.active, exception);
}

void sim_cpu_set_active(struct sim_cpu *cpu, unsigned exception, bool is_active)
{
    put_bit(cpu->nvic.active, exception, is_active);
    if (!is_active && get_bit(cpu->nvic.level, exception)) {
        put_bit(cpu->nvic.pending, exception, true); /* the line is still high */
    }
}

void sim_cpu_set_pending(struct sim_cpu *cpu, unsigned exception, bool is_pending)
{
    bool rises = is_pending && !get_bit(cpu->nvic.pending, exception);

    put_bit(cpu->nvic.pending, exception, is_pending);
    if (rises && (cpu->scb.scr & SIM_CPU_SCR_SEVONPEND) != 0) {
        cpu->event_register = true;
    }
    sim_cpu_update_pending(cpu);
}

void sim_cpu_set_irq(struct sim_cpu *cpu, uint16_t irq, bool level)
{
    unsigned exception = SIM_CPU_EXC_IRQ0 + irq;
    bool was_high = false;

    if (irq >= cpu->config.irq_count || exception >= SIM_CPU_EXCEPTIONS) {
        return;
    }
    was_high = get_bit(cpu->nvic.level, exception);
    put_bit(cpu->nvic.level, exception, level);
    if (level && !was_high) {
        sim_cpu_set_pending(cpu, exception, true);
    }
}

/* Words of 32 interrupts; the system exceptions occupy the 16 bits below. */
static uint32_t irq_word(const uint32_t *words, unsigned index)
{
    uint32_t low = words[index] >> 16;
    uint32_t high = index + 1 < SIM_CPU_EXCEPTIONS / 32 ? words[index + 1] << 16 : 0;

    return low | high;
}

static void change_irq_word(
    struct sim_cpu *cpu, uint32_t *words, unsigned index, uint32_t bits, bool value)
{
    for (; bits != 0; bits &= bits - 1) {
        unsigned irq = index * 32 + (unsigned)__builtin_ctz(bits);
        unsigned exception = SIM_CPU_EXC_IRQ0 + irq;

        if (irq >= cpu->config.irq_count || exception >= SIM_CPU_EXCEPTIONS) {
            continue;
        }
        /* A line that is still high pends again at once. */
        put_bit(words, exception,
            value || (words == cpu->nvic.pending && get_bit(cpu->nvic.level, exception)));
    }
    sim_cpu_update_pending(cpu);
}

static uint32_t read_priorities(const struct sim_cpu *cpu, uint32_t offset)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < 4; i++) {
        unsigned exception = SIM_CPU_EXC_IRQ0 + (offset - 0x400) + i;

        if (exception < SIM_CPU_EXCEPTIONS) {
            value |= (uint32_t)cpu->nvic.priority[exception] << (8 * i);
        }
    }
    return value;
}

/* Offsets from 0xE000E000. False: no such register. */
bool sim_cpu_nvic_read(struct sim_cpu *cpu, uint32_t offset, uint32_t *value)
{
    unsigned index = (offset & 0x7F) / 4;
    const uint32_t *words = NULL;

    if (offset >= 0x400 && offset < 0x4F0) {
        *value = read_priorities(cpu, offset);
        return true;
    }
    switch (offset & ~0x7FU) {
    case 0x100:
    case 0x180:
        words = cpu->nvic.enabled;
        break;
    case 0x200:
    case 0x280:
        words = cpu->nvic.pending;
        break;
    case 0x300:
        words = cpu->nvic.active;
        break;
    default:
        return false;
    }
    *value = index < SIM_CPU_EXCEPTIONS / 32 ? irq_word(words, index) : 0;
    return true;
}

static void write_priorities(struct sim_cpu *cpu, uint32_t offset, uint32_t value, uint32_t mask)
{
    for (unsigned i = 0; i < 4; i++) {
        unsigned irq = offset - 0x400 + i;
        unsigned exception = SIM_CPU_EXC_IRQ0 + irq;

        if ((mask >> (8 * i) & 0xFF) != 0 && irq < cpu->config.irq_count &&
            exception < SIM_CPU_EXCEPTIONS) {
            cpu->nvic.priority[exception] = (uint8_t)(value >> (8 * i) & PRIORITY_MASK);
        }
    }
    sim_cpu_update_pending(cpu);
}

void sim_cpu_nvic_write(struct sim_cpu *cpu, uint32_t offset, uint32_t value, uint32_t mask)
{
    unsigned index = (offset & 0x7F) / 4;

    if (offset >= 0x400 && offset < 0x4F0) {
        write_priorities(cpu, offset, value, mask);
        return;
    }
    value &= mask;
    if (index >= SIM_CPU_EXCEPTIONS / 32) {
        return;
    }
    switch (offset & ~0x7FU) {
    case 0x100:
        change_irq_word(cpu, cpu->nvic.enabled, index, value, true);
        break;
    case 0x180:
        change_irq_word(cpu, cpu->nvic.enabled, index, value, false);
        break;
    case 0x200:
        change_irq_word(cpu, cpu->nvic.pending, index, value, true);
        break;
    case 0x280:
        change_irq_word(cpu, cpu->nvic.pending, index, value, false);
        break;
    default:
        break;
    }
}
