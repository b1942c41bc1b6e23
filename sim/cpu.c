/* The engine: the only file that includes Unicorn. Why each call is made as it is:
 * - UC_MODE_MCLASS would silently give a Cortex-M33, so the mode is THUMB and the model is set.
 * - Stopping is exact only from a HOOK_CODE; so there is one, over everything, and no timeouts.
 * - Writing PC inside the hook continues there without leaving uc_emu_start(), at the price of some
 *   ten instructions; so the hook executes what it can by itself (cpu_interpret.c). It does not
 * work inside an IT block, whose instructions are done one by one when it matters.
 * - XPSR and CONTROL written from outside leave stale translation flags; writing APSR_NZCV
 *   rebuilds them. In unprivileged Thread mode most writes are ignored, so it is left for them.
 * - Translations go stale on every write from outside: sim_cpu_map_forget(). */
#include "sim/cpu_internal.h"

#include <unicorn/unicorn.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sim_cpu_engine {
    uc_engine *uc;
    uint32_t intno;
    bool interrupted;
};

static const int engine_regs[SIM_CPU_S0] = {
    UC_ARM_REG_R0,
    UC_ARM_REG_R1,
    UC_ARM_REG_R2,
    UC_ARM_REG_R3,
    UC_ARM_REG_R4,
    UC_ARM_REG_R5,
    UC_ARM_REG_R6,
    UC_ARM_REG_R7,
    UC_ARM_REG_R8,
    UC_ARM_REG_R9,
    UC_ARM_REG_R10,
    UC_ARM_REG_R11,
    UC_ARM_REG_R12,
    [SIM_CPU_SP] = UC_ARM_REG_SP,
    [SIM_CPU_LR] = UC_ARM_REG_LR,
    [SIM_CPU_PC] = UC_ARM_REG_PC,
    [SIM_CPU_XPSR] = UC_ARM_REG_XPSR,
    [SIM_CPU_MSP] = UC_ARM_REG_MSP,
    [SIM_CPU_PSP] = UC_ARM_REG_PSP,
    [SIM_CPU_CONTROL] = UC_ARM_REG_CONTROL,
    [SIM_CPU_PRIMASK] = UC_ARM_REG_PRIMASK,
    [SIM_CPU_BASEPRI] = UC_ARM_REG_BASEPRI,
    [SIM_CPU_FAULTMASK] = UC_ARM_REG_FAULTMASK,
    [SIM_CPU_FPSCR] = UC_ARM_REG_FPSCR,
};

static int engine_reg(unsigned reg)
{
    return reg < SIM_CPU_S0 ? engine_regs[reg] : UC_ARM_REG_S0 + (int)(reg - SIM_CPU_S0);
}

static uint32_t get_raw(const struct sim_cpu *cpu, int id)
{
    uint32_t value = 0;

    (void)uc_reg_read(cpu->engine->uc, id, &value);
    return value;
}

static void set_raw(struct sim_cpu *cpu, int id, uint32_t value)
{
    (void)uc_reg_write(cpu->engine->uc, id, &value);
}

static bool needs_privilege(const struct sim_cpu *cpu, unsigned reg)
{
    return reg >= SIM_CPU_MSP && reg <= SIM_CPU_FAULTMASK && (cpu->control & 1) != 0 &&
           cpu->ipsr == 0;
}

/* Into Handler mode for the moment of an access that Thread mode may not make. */
static uint32_t borrow_privilege(struct sim_cpu *cpu)
{
    uint32_t xpsr = get_raw(cpu, UC_ARM_REG_XPSR);

    set_raw(cpu, UC_ARM_REG_XPSR, (xpsr & ~0x1FFU) | SIM_CPU_EXC_HARD);
    return xpsr;
}

/* R0 to R14 and the flags, in one call. */
static void read_lent(struct sim_cpu *cpu, uint32_t values[17])
{
    int ids[16];
    void *places[16];

    for (unsigned reg = 0; reg < SIM_CPU_PC; reg++) {
        ids[reg] = engine_regs[reg];
        places[reg] = &values[reg];
    }
    ids[15] = UC_ARM_REG_XPSR;
    places[15] = &values[SIM_CPU_XPSR];
    (void)uc_reg_read_batch(cpu->engine->uc, ids, places, 16);
}

void sim_cpu_engine_lend(struct sim_cpu *cpu)
{
    read_lent(cpu, cpu->alu_loaded);
    memcpy(cpu->alu.regs, cpu->alu_loaded, SIM_CPU_PC * sizeof(uint32_t));
    sim_cpu_alu_set_flags(&cpu->alu, cpu->alu_loaded[SIM_CPU_XPSR]);
    cpu->alu_is_live = true;
}

void sim_cpu_engine_take_back(struct sim_cpu *cpu)
{
    uint32_t flags = sim_cpu_alu_flags(&cpu->alu);

    if (!cpu->alu_is_live) {
        return;
    }
    cpu->alu_is_live = false;
    for (unsigned reg = 0; reg < SIM_CPU_PC; reg++) {
        if (cpu->alu.regs[reg] != cpu->alu_loaded[reg]) {
            set_raw(cpu, engine_regs[reg], cpu->alu.regs[reg]);
        }
    }
    if (flags != (cpu->alu_loaded[SIM_CPU_XPSR] & 0xF0000000U)) {
        set_raw(cpu, UC_ARM_REG_APSR_NZCV, flags);
    }
}

uint32_t sim_cpu_pc(const struct sim_cpu *cpu)
{
    return cpu->alu_is_live ? cpu->alu.regs[SIM_CPU_PC] : get_raw(cpu, UC_ARM_REG_PC);
}

/* The banked registers and masks are the engine's alone. */
static void end_loan_for(struct sim_cpu *cpu, unsigned reg)
{
    if (cpu->alu_is_live && reg >= SIM_CPU_MSP && reg <= SIM_CPU_FAULTMASK) {
        sim_cpu_engine_take_back(cpu);
    }
}

uint32_t sim_cpu_get(struct sim_cpu *cpu, unsigned reg)
{
    uint32_t value = 0;

    if (cpu->alu_is_live && reg <= SIM_CPU_PC) {
        return cpu->alu.regs[reg];
    }
    if (cpu->alu_is_live && reg == SIM_CPU_XPSR) {
        return (cpu->alu_loaded[SIM_CPU_XPSR] & 0x0FFFFFFFU) | sim_cpu_alu_flags(&cpu->alu);
    }
    end_loan_for(cpu, reg);
    if (reg < SIM_CPU_XPSR) {
        return get_raw(cpu, engine_regs[reg]);
    }
    if (needs_privilege(cpu, reg)) {
        uint32_t xpsr = borrow_privilege(cpu);

        value = get_raw(cpu, engine_reg(reg));
        set_raw(cpu, UC_ARM_REG_XPSR, xpsr);
    } else {
        value = get_raw(cpu, engine_reg(reg));
    }
    return value;
}

static void set_control(struct sim_cpu *cpu, uint32_t value)
{
    uint32_t xpsr = get_raw(cpu, UC_ARM_REG_XPSR);

    /* SPSEL can be written in Thread mode only, and only while privileged. */
    set_raw(cpu, UC_ARM_REG_XPSR, (xpsr & ~0x1FFU) | SIM_CPU_EXC_HARD);
    set_raw(cpu, UC_ARM_REG_CONTROL, 0);
    set_raw(cpu, UC_ARM_REG_XPSR, xpsr & ~0x1FFU);
    set_raw(cpu, UC_ARM_REG_CONTROL, value);
    set_raw(cpu, UC_ARM_REG_XPSR, xpsr);
    cpu->control = value;
}

static void rebuild_flags(struct sim_cpu *cpu)
{
    set_raw(cpu, UC_ARM_REG_APSR_NZCV, get_raw(cpu, UC_ARM_REG_APSR_NZCV));
}

void sim_cpu_set(struct sim_cpu *cpu, unsigned reg, uint32_t value)
{
    if (cpu->alu_is_live && reg < SIM_CPU_PC) {
        cpu->alu.regs[reg] = reg == SIM_CPU_SP ? value & ~3U : value;
        return;
    }
    if (cpu->alu_is_live && reg < SIM_CPU_S0) {
        sim_cpu_engine_take_back(cpu);
    }
    if (reg < SIM_CPU_PC) {
        set_raw(cpu, engine_regs[reg], value);
        return;
    }
    if (reg == SIM_CPU_PC) {
        /* Bit 0 selects Thumb state for Unicorn; the T bit of XPSR is ours to check. */
        cpu->next_pc = value & ~1U;
        value |= 1;
    }
    if (reg == SIM_CPU_CONTROL) {
        set_control(cpu, value);
    } else if (needs_privilege(cpu, reg)) {
        uint32_t xpsr = borrow_privilege(cpu);

        set_raw(cpu, engine_reg(reg), value);
        set_raw(cpu, UC_ARM_REG_XPSR, xpsr);
    } else {
        set_raw(cpu, engine_reg(reg), value);
    }
    if (reg == SIM_CPU_XPSR) {
        cpu->ipsr = value & 0x1FF;
        set_raw(cpu, UC_ARM_REG_APSR_NZCV, value);
    } else if (reg >= SIM_CPU_MSP && reg <= SIM_CPU_CONTROL) {
        rebuild_flags(cpu);
    }
}

static void leave(struct sim_cpu *cpu, enum sim_cpu_exit exit)
{
    if (exit != SIM_CPU_EXIT_NONE) {
        cpu->exit = exit;
    }
    uc_emu_stop(cpu->engine->uc);
}

static void do_before(struct sim_cpu *cpu, const struct sim_cpu_insn *insn, uint32_t pc)
{
    switch (sim_cpu_before(cpu, insn, pc)) {
    case SIM_CPU_NATIVE:
        break;
    case SIM_CPU_DONE:
    case SIM_CPU_LOADED:
        cpu->next_pc = cpu->resume_pc;
        set_raw(cpu, UC_ARM_REG_PC, cpu->resume_pc | 1);
        break;
    case SIM_CPU_STOP:
        leave(cpu, SIM_CPU_EXIT_NONE);
        break;
    }
}

static void interpret(struct sim_cpu *cpu, const struct sim_cpu_insn *insn, uint32_t pc)
{
    bool leaves = false;
    uint32_t resume_pc = 0;

    sim_cpu_engine_lend(cpu);
    resume_pc = sim_cpu_interpret(cpu, insn, pc, &leaves);
    sim_cpu_engine_take_back(cpu);
    if (resume_pc != pc) { /* the hook will be called for it once more */
        set_raw(cpu, UC_ARM_REG_PC, resume_pc | 1);
        cpu->is_begun = !leaves;
        cpu->is_leaving = leaves; /* writing PC takes back a request to stop */
        cpu->begun_pc = resume_pc;
    } else if (leaves) {
        leave(cpu, SIM_CPU_EXIT_NONE);
        return;
    }
    if (resume_pc == pc) {
        do_before(cpu, &cpu->code->insns[(pc - cpu->code_base) >> 1], pc);
    }
}

static void on_instruction(uc_engine *uc, uint64_t address, uint32_t size, void *context)
{
    struct sim_cpu *cpu = context;
    uint32_t pc = (uint32_t)address;
    const struct sim_cpu_insn *insn = NULL;

    (void)uc;
    (void)size;
    cpu->map.in_hook = true;
    if (cpu->is_leaving) {
        leave(cpu, SIM_CPU_EXIT_NONE);
        return;
    }
    if (cpu->is_begun && cpu->begun_pc == pc) {
        insn = &cpu->code->insns[(pc - cpu->code_base) >> 1];
    } else {
        insn = sim_cpu_begin(cpu, pc);
    }
    cpu->is_begun = false;
    if (insn == NULL) {
        leave(cpu, SIM_CPU_EXIT_NONE);
    } else if (cpu->holdoff > 0) {
        cpu->holdoff--;
        if (insn->kind != SIM_CPU_PLAIN) {
            do_before(cpu, insn, pc);
        }
    } else if (sim_cpu_can_interpret(cpu, insn, pc)) {
        interpret(cpu, insn, pc);
    } else if (insn->kind != SIM_CPU_PLAIN) {
        do_before(cpu, insn, pc);
    }
}

static void on_interrupt(uc_engine *uc, uint32_t intno, void *context)
{
    struct sim_cpu *cpu = context;

    cpu->engine->intno = intno;
    cpu->engine->interrupted = true;
    uc_emu_stop(uc);
}

/* Every access that could fail was looked at before; what comes here is a fetch, or a store of a
 * form that the decoder does not know. */
static bool on_invalid(
    uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value, void *context)
{
    struct sim_cpu *cpu = context;

    (void)uc;
    (void)size;
    (void)value;
    if (type != UC_MEM_FETCH_UNMAPPED && type != UC_MEM_FETCH_PROT) {
        sim_cpu_set_fault(
            cpu, SIM_CPU_EXC_BUS, SIM_CPU_PRECISERR | SIM_CPU_BFARVALID, (uint32_t)address);
    }
    return false;
}

static void check(uc_err err, const char *what)
{
    if (err != UC_ERR_OK) {
        (void)fprintf(stderr, "xflash-vboard: %s: %s\n", what, uc_strerror(err));
        abort();
    }
}

/* Unicorn takes every kind of callback as void *. */
union callback {
    uc_cb_hookcode_t on_code;
    uc_cb_hookintr_t on_interrupt;
    uc_cb_eventmem_t on_memory;
    void *pointer;
};

static void add_hook(struct sim_cpu *cpu, int type, union callback callback)
{
    uc_hook hook = 0;

    check(uc_hook_add(cpu->engine->uc, &hook, type, callback.pointer, cpu, 1, 0), "adding a hook");
}

struct sim_cpu *sim_cpu_create(
    const struct sim_env *env, struct sim_bus *bus, const struct sim_cpu_config *config)
{
    struct sim_cpu *cpu = calloc(1, sizeof *cpu);
    struct sim_cpu_engine *engine = calloc(1, sizeof *engine);

    if (cpu == NULL || engine == NULL) {
        abort();
    }
    cpu->engine = engine;
    check(uc_open(UC_ARCH_ARM, UC_MODE_THUMB, &engine->uc), "opening the engine");
    check(uc_ctl_set_cpu_model(engine->uc, UC_CPU_ARM_CORTEX_M7), "selecting the core");
    add_hook(cpu, UC_HOOK_CODE, (union callback){.on_code = on_instruction});
    add_hook(cpu, UC_HOOK_INTR, (union callback){.on_interrupt = on_interrupt});
    add_hook(cpu, UC_HOOK_MEM_INVALID, (union callback){.on_memory = on_invalid});
    sim_cpu_init(cpu, env, bus, config);
    return cpu;
}

void sim_cpu_free(struct sim_cpu *cpu)
{
    if (cpu == NULL) {
        return;
    }
    sim_cpu_exit(cpu);
    uc_close(cpu->engine->uc);
    free(cpu->engine);
    free(cpu);
}

void sim_cpu_engine_flush(struct sim_cpu *cpu, uint32_t base, uint32_t size_bytes)
{
    check(uc_ctl_remove_cache(cpu->engine->uc, base, (uint64_t)base + size_bytes),
        "forgetting translations");
}

void sim_cpu_engine_unmap(struct sim_cpu *cpu, uint32_t base, uint32_t size_bytes)
{
    sim_cpu_engine_flush(cpu, base, size_bytes);
    check(uc_mem_unmap(cpu->engine->uc, base, size_bytes), "unmapping memory");
}

/* Native code never stores: the mapping is read-only so that a gap in the decoder shows. */
void sim_cpu_engine_map(
    struct sim_cpu *cpu, uint32_t base, uint32_t size_bytes, const uint8_t *bytes)
{
    void *host = NULL;

    memcpy(&host, &bytes, sizeof host); /* Unicorn does not know const */
    check(uc_mem_map_ptr(cpu->engine->uc, base, size_bytes, UC_PROT_READ | UC_PROT_EXEC, host),
        "mapping memory");
}

/* QEMU's exception numbers (target/arm/cpu.h). */
enum {
    INT_UNDEFINED = 1,
    INT_SVC = 2,
    INT_PREFETCH_ABORT = 3,
    INT_BKPT = 7,
    INT_EXCEPTION_EXIT = 8,
    INT_NOCP = 17,
    INT_INVSTATE = 18
};

static void note_interrupt(struct sim_cpu *cpu)
{
    switch (cpu->engine->intno) {
    case INT_EXCEPTION_EXIT:
        cpu->exit = SIM_CPU_EXIT_RETURN;
        cpu->exit_value = get_raw(cpu, UC_ARM_REG_PC) | 1;
        break;
    case INT_PREFETCH_ABORT: /* EXC_RETURN in Thread mode: a branch into nowhere */
        cpu->exit = SIM_CPU_EXIT_FETCH;
        break;
    case INT_NOCP:
        sim_cpu_set_fault(cpu, SIM_CPU_EXC_USAGE, SIM_CPU_NOCP, 0);
        cpu->exit = SIM_CPU_EXIT_FAULT;
        break;
    default:
        cpu->exit = SIM_CPU_EXIT_UNDEFINED;
        break;
    }
}

static void note_error(struct sim_cpu *cpu, uc_err err)
{
    if (cpu->fault.exception != 0) {
        cpu->exit = SIM_CPU_EXIT_FAULT;
    } else if (err == UC_ERR_FETCH_UNMAPPED || err == UC_ERR_FETCH_PROT) {
        cpu->exit = SIM_CPU_EXIT_FETCH;
    } else {
        cpu->exit = SIM_CPU_EXIT_UNDEFINED;
    }
}

void sim_cpu_engine_run(struct sim_cpu *cpu)
{
    struct sim_cpu_engine *engine = cpu->engine;
    uint32_t pc = 0;
    uc_err err = UC_ERR_OK;

    sim_cpu_map_sync(cpu);
    cpu->exit = SIM_CPU_EXIT_NONE;
    cpu->fault.exception = 0;
    cpu->is_begun = false;
    cpu->is_leaving = false;
    engine->interrupted = false;
    pc = get_raw(cpu, UC_ARM_REG_PC);
    err = uc_emu_start(engine->uc, pc | 1, 0xFFFFFFFE, 0, 0);
    cpu->map.in_hook = false;
    if (cpu->exit != SIM_CPU_EXIT_NONE) {
        return;
    }
    if (engine->interrupted) {
        note_interrupt(cpu);
    } else if (err != UC_ERR_OK) {
        note_error(cpu, err);
    }
}
