#include "sim/cpu_internal.h"

/* Exception entry and return, escalation, lock-up: ARMv7-M Architecture Reference Manual B1.5.
 * Context of the FPU is stacked at once when CONTROL.FPCA is set (lazy stacking differs only in
 * time). */

enum {
    NO_PRIORITY = 0x100, /* Thread mode, nothing active */
    FRAME_BYTES = 0x20,
    FLOAT_FRAME_BYTES = 0x68,
    LOCKUP_PC = (int)0xEFFFFFFE,
    HFSR_VECTTBL = 1 << 1,
    HFSR_FORCED = 1 << 30,
    XPSR_T = 1 << 24,
    XPSR_REALIGNED = 1 << 9,
    CONTROL_SPSEL = 2,
    CONTROL_FPCA = 4
};

void sim_cpu_refresh_shadows(struct sim_cpu *cpu)
{
    uint32_t control = (sim_cpu_get(cpu, SIM_CPU_CONTROL) & 3) | (cpu->control & CONTROL_FPCA);

    cpu->control = control; /* first: it decides how the others can be read */
    cpu->primask = sim_cpu_get(cpu, SIM_CPU_PRIMASK) & 1;
    cpu->basepri = sim_cpu_get(cpu, SIM_CPU_BASEPRI) & 0xF0;
    cpu->faultmask = sim_cpu_get(cpu, SIM_CPU_FAULTMASK) & 1;
    sim_cpu_protection_changed(cpu);
    sim_cpu_update_pending(cpu);
}

static int active_priority(const struct sim_cpu *cpu)
{
    int priority = NO_PRIORITY;

    for (unsigned word = 0; word < SIM_CPU_EXCEPTIONS / 32; word++) {
        for (uint32_t bits = cpu->nvic.active[word]; bits != 0; bits &= bits - 1) {
            unsigned exception = word * 32 + (unsigned)__builtin_ctz(bits);
            int candidate = sim_cpu_group_priority(cpu, exception);

            priority = candidate < priority ? candidate : priority;
        }
    }
    return priority;
}

static int boosted_priority(const struct sim_cpu *cpu, bool with_primask)
{
    int priority = active_priority(cpu);

    if (cpu->basepri != 0) {
        int base = (int)(cpu->basepri & ~((2U << cpu->scb.prigroup) - 1));

        priority = base < priority ? base : priority;
    }
    if (with_primask && cpu->primask != 0 && priority > 0) {
        priority = 0;
    }
    if (cpu->faultmask != 0 && priority > -1) {
        priority = -1;
    }
    return priority;
}

int sim_cpu_execution_priority(const struct sim_cpu *cpu)
{
    return boosted_priority(cpu, true);
}

void sim_cpu_update_pending(struct sim_cpu *cpu)
{
    unsigned exception = sim_cpu_highest_pending(cpu);

    cpu->attention &= ~(uint32_t)SIM_CPU_ATTENTION_EXCEPTION;
    if (exception != 0 &&
        sim_cpu_group_priority(cpu, exception) < sim_cpu_execution_priority(cpu)) {
        cpu->attention |= SIM_CPU_ATTENTION_EXCEPTION;
    }
}

/* WFI ignores PRIMASK (B1.5.19). */
bool sim_cpu_wakes(const struct sim_cpu *cpu)
{
    unsigned exception = sim_cpu_highest_pending(cpu);

    return exception != 0 && sim_cpu_group_priority(cpu, exception) < boosted_priority(cpu, false);
}

void sim_cpu_lock_up(struct sim_cpu *cpu)
{
    cpu->state = SIM_CPU_LOCKED_UP;
    cpu->itstate = 0;
    sim_cpu_set(cpu, SIM_CPU_PC, (uint32_t)LOCKUP_PC);
}

static uint32_t status_word(struct sim_cpu *cpu)
{
    uint32_t xpsr = sim_cpu_get(cpu, SIM_CPU_XPSR) & ~0x0600FC00U;

    return xpsr | (cpu->itstate & 3) << 25 | (cpu->itstate >> 2) << 10;
}

static bool push_float(struct sim_cpu *cpu, uint32_t frame)
{
    for (unsigned i = 0; i < 16; i++) {
        if (!sim_cpu_store(
                cpu, frame + FRAME_BYTES + 4 * i, 4, true, sim_cpu_get(cpu, SIM_CPU_S0 + i))) {
            return false;
        }
    }
    return sim_cpu_store(cpu, frame + 0x60, 4, true, sim_cpu_get(cpu, SIM_CPU_FPSCR));
}

/* Stacks the context; *exc_return becomes LR. False: cpu->fault is set, SP has moved anyway. */
static bool push_frame(struct sim_cpu *cpu, uint32_t return_pc, uint32_t *exc_return)
{
    static const uint8_t regs[6] = {0, 1, 2, 3, 12, 14};
    bool has_float = (cpu->control & CONTROL_FPCA) != 0;
    uint32_t xpsr = status_word(cpu);
    uint32_t old_sp = sim_cpu_get(cpu, SIM_CPU_SP);
    uint32_t sp = (old_sp - (has_float ? FLOAT_FRAME_BYTES : FRAME_BYTES)) & ~7U;
    bool is_ok = true;

    if ((old_sp & 4) != 0) {
        xpsr |= XPSR_REALIGNED;
    }
    for (unsigned i = 0; i < 6 && is_ok; i++) {
        is_ok = sim_cpu_store(cpu, sp + 4 * i, 4, true, sim_cpu_get(cpu, regs[i]));
    }
    is_ok = is_ok && sim_cpu_store(cpu, sp + 0x18, 4, true, return_pc) &&
            sim_cpu_store(cpu, sp + 0x1C, 4, true, xpsr) && (!has_float || push_float(cpu, sp));
    sim_cpu_set(cpu, SIM_CPU_SP, sp);

    *exc_return = 0xFFFFFFE1 | (has_float ? 0U : 0x10U);
    if (cpu->ipsr == 0) {
        *exc_return |= 8 | ((cpu->control & CONTROL_SPSEL) != 0 ? 4U : 0U);
    }
    return is_ok;
}

static void set_status(struct sim_cpu *cpu, uint32_t fault_bits, uint32_t addr)
{
    cpu->scb.cfsr |= fault_bits;
    if ((fault_bits & SIM_CPU_MMARVALID) != 0) {
        cpu->scb.mmfar = addr;
    }
    if ((fault_bits & SIM_CPU_BFARVALID) != 0) {
        cpu->scb.bfar = addr;
    }
}

/* A fault of stacking or unstacking: only its own status bit, no address. */
static unsigned note_stack_fault(struct sim_cpu *cpu, uint32_t memory_bit, uint32_t bus_bit)
{
    bool is_memory = cpu->fault.exception == SIM_CPU_EXC_MEMORY;

    set_status(cpu, is_memory ? memory_bit : bus_bit, 0);
    return is_memory ? SIM_CPU_EXC_MEMORY : SIM_CPU_EXC_BUS;
}

/* Which exception a synchronous fault really takes; 0: lock-up. */
static unsigned escalate(struct sim_cpu *cpu, unsigned exception)
{
    int priority = sim_cpu_execution_priority(cpu);

    if (exception != SIM_CPU_EXC_HARD && sim_cpu_exception_enabled(cpu, exception) &&
        sim_cpu_group_priority(cpu, exception) < priority) {
        return exception;
    }
    if (priority <= -1) {
        return 0;
    }
    if (exception != SIM_CPU_EXC_HARD) {
        cpu->scb.hfsr |= HFSR_FORCED;
    }
    return SIM_CPU_EXC_HARD;
}

static void start_handler(struct sim_cpu *cpu, unsigned exception, uint32_t exc_return)
{
    uint32_t vector = 0;
    uint32_t xpsr = sim_cpu_get(cpu, SIM_CPU_XPSR) & ~0x0700FDFFU;

    if (!sim_cpu_load(cpu, cpu->scb.vtor + 4 * exception, 4, true, &vector)) {
        cpu->scb.hfsr |= HFSR_VECTTBL;
        if (exception == SIM_CPU_EXC_HARD || exception == SIM_CPU_EXC_NMI ||
            !sim_cpu_load(cpu, cpu->scb.vtor + 4 * SIM_CPU_EXC_HARD, 4, true, &vector)) {
            sim_cpu_lock_up(cpu);
            return;
        }
        exception = SIM_CPU_EXC_HARD;
    }
    sim_cpu_set(cpu, SIM_CPU_LR, exc_return);
    sim_cpu_set(cpu, SIM_CPU_XPSR, xpsr | exception | XPSR_T);
    sim_cpu_set(cpu, SIM_CPU_CONTROL, cpu->control & ~(uint32_t)(CONTROL_SPSEL | CONTROL_FPCA));
    sim_cpu_set(cpu, SIM_CPU_PC, vector & ~1U);
    sim_cpu_set_active(cpu, exception, true);
    cpu->nvic.pending[exception / 32] &= ~(1U << (exception % 32));
    cpu->itstate = 0;
    cpu->exclusive = false;
    cpu->event_register = true;
    if ((vector & 1) == 0) {
        cpu->attention |= SIM_CPU_ATTENTION_STATE;
    }
}

static void enter(struct sim_cpu *cpu, unsigned exception, uint32_t return_pc, uint32_t cfsr)
{
    uint32_t exc_return = 0;

    sim_cpu_spend_cycles(cpu, cpu->costs.exception_entry);
    sim_cpu_forget_loop(cpu);
    if (!push_frame(cpu, return_pc, &exc_return)) {
        unsigned derived = note_stack_fault(cpu, SIM_CPU_MSTKERR, SIM_CPU_STKERR);

        if (exception <= SIM_CPU_EXC_HARD) {
            sim_cpu_lock_up(cpu);
            return;
        }
        exception = escalate(cpu, derived);
        if (exception == 0) {
            sim_cpu_lock_up(cpu);
            return;
        }
    }
    start_handler(cpu, exception, exc_return);
    sim_cpu_protection_changed(cpu);
    sim_cpu_update_pending(cpu);
    if (cpu->state != SIM_CPU_LOCKED_UP && sim_cpu_vector_catch(cpu, exception, cfsr)) {
        sim_cpu_enter_halt(cpu, SIM_CPU_DFSR_VCATCH);
    }
}

void sim_cpu_take_pending(struct sim_cpu *cpu)
{
    unsigned exception = sim_cpu_highest_pending(cpu);

    if (exception != 0 &&
        sim_cpu_group_priority(cpu, exception) < sim_cpu_execution_priority(cpu)) {
        enter(cpu, exception, sim_cpu_get(cpu, SIM_CPU_PC), 0);
    }
    sim_cpu_update_pending(cpu);
}

static void take(struct sim_cpu *cpu, unsigned exception, uint32_t return_pc, uint32_t cfsr)
{
    unsigned taken = escalate(cpu, exception);

    if (taken == 0) {
        sim_cpu_lock_up(cpu);
        return;
    }
    enter(cpu, taken, return_pc, cfsr);
}

void sim_cpu_take_fault(struct sim_cpu *cpu)
{
    struct sim_cpu_fault fault = cpu->fault;

    cpu->fault.exception = 0;
    set_status(cpu, fault.cfsr, fault.addr);
    take(cpu, fault.exception, sim_cpu_get(cpu, SIM_CPU_PC), fault.cfsr);
}

void sim_cpu_take_sync(struct sim_cpu *cpu, unsigned exception, uint32_t return_pc)
{
    take(cpu, exception, return_pc, 0);
}

static bool pop_float(struct sim_cpu *cpu, uint32_t frame)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < 16; i++) {
        if (!sim_cpu_load(cpu, frame + FRAME_BYTES + 4 * i, 4, true, &value)) {
            return false;
        }
        sim_cpu_set(cpu, SIM_CPU_S0 + i, value);
    }
    if (!sim_cpu_load(cpu, frame + 0x60, 4, true, &value)) {
        return false;
    }
    sim_cpu_set(cpu, SIM_CPU_FPSCR, value);
    return true;
}

static bool read_frame(struct sim_cpu *cpu, uint32_t frame, uint32_t words[8])
{
    for (unsigned i = 0; i < 8; i++) {
        if (!sim_cpu_load(cpu, frame + 4 * i, 4, true, &words[i])) {
            return false;
        }
    }
    return true;
}

static void restore_frame(
    struct sim_cpu *cpu, uint32_t exc_return, uint32_t frame, const uint32_t words[8])
{
    static const uint8_t regs[6] = {0, 1, 2, 3, 12, 14};
    bool has_float = (exc_return & 0x10) == 0;
    bool to_thread = (exc_return & 8) != 0;
    uint32_t xpsr = words[7];
    uint32_t size_bytes = has_float ? FLOAT_FRAME_BYTES : FRAME_BYTES;
    uint32_t control = cpu->control & 1;

    for (unsigned i = 0; i < 6; i++) {
        sim_cpu_set(cpu, regs[i], words[i]);
    }
    if ((xpsr & XPSR_REALIGNED) != 0) {
        size_bytes += 4;
    }
    sim_cpu_set(cpu, (exc_return & 4) != 0 ? SIM_CPU_PSP : SIM_CPU_MSP, frame + size_bytes);
    cpu->itstate = (xpsr >> 25 & 3) | (xpsr >> 10 & 0x3F) << 2;
    sim_cpu_set(cpu, SIM_CPU_XPSR, (xpsr & ~0x0600FE00U) | XPSR_T);
    control |= to_thread && (exc_return & 4) != 0 ? (uint32_t)CONTROL_SPSEL : 0;
    control |= has_float ? (uint32_t)CONTROL_FPCA : 0;
    sim_cpu_set(cpu, SIM_CPU_CONTROL, control);
    sim_cpu_set(cpu, SIM_CPU_PC, words[6] & ~1U);
    if ((xpsr & XPSR_T) == 0) {
        cpu->attention |= SIM_CPU_ATTENTION_STATE;
    }
}

static bool return_is_valid(const struct sim_cpu *cpu, uint32_t exc_return)
{
    uint32_t form = exc_return & 0xF;

    return (exc_return & 0x0FFFFFE0) == 0x0FFFFFE0 && (form == 1 || form == 9 || form == 0xD) &&
           sim_cpu_is_active(cpu, cpu->ipsr);
}

static void refuse_return(struct sim_cpu *cpu, uint32_t exc_return, uint32_t cfsr)
{
    unsigned exception = cfsr == SIM_CPU_INVPC ? SIM_CPU_EXC_USAGE : cpu->fault.exception;

    set_status(cpu, cfsr, 0);
    sim_cpu_set(cpu, SIM_CPU_LR, exc_return);
    take(cpu, exception, exc_return & ~1U, cfsr);
}

void sim_cpu_return(struct sim_cpu *cpu, uint32_t exc_return)
{
    uint32_t words[8];
    unsigned leaving = cpu->ipsr;
    bool from_psp = (exc_return & 4) != 0;
    uint32_t frame = sim_cpu_get(cpu, from_psp ? SIM_CPU_PSP : SIM_CPU_MSP);

    sim_cpu_spend_cycles(cpu, cpu->costs.exception_return);
    sim_cpu_forget_loop(cpu);
    if (!return_is_valid(cpu, exc_return)) {
        refuse_return(cpu, exc_return, SIM_CPU_INVPC);
        return;
    }
    if (!read_frame(cpu, frame, words) || ((exc_return & 0x10) == 0 && !pop_float(cpu, frame))) {
        refuse_return(cpu, exc_return,
            cpu->fault.exception == SIM_CPU_EXC_MEMORY ? SIM_CPU_MUNSTKERR : SIM_CPU_UNSTKERR);
        return;
    }
    if (((words[7] & 0x1FF) == 0) != ((exc_return & 8) != 0)) {
        refuse_return(cpu, exc_return, SIM_CPU_INVPC);
        return;
    }
    sim_cpu_set_active(cpu, leaving, false);
    if (cpu->faultmask != 0 && leaving != SIM_CPU_EXC_NMI) {
        sim_cpu_set(cpu, SIM_CPU_FAULTMASK, 0);
        cpu->faultmask = 0;
    }
    restore_frame(cpu, exc_return, frame, words);
    cpu->exclusive = false;
    cpu->event_register = true;
    sim_cpu_protection_changed(cpu);
    sim_cpu_update_pending(cpu);
    if (cpu->ipsr == 0 && (cpu->scb.scr & SIM_CPU_SCR_SLEEPONEXIT) != 0 &&
        (cpu->attention & SIM_CPU_ATTENTION_EXCEPTION) == 0) {
        sim_cpu_sleep(cpu, false);
    }
}
