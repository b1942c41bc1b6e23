#include "sim/cpu_internal.h"

#include <string.h>

/* What a load or store is about to do. */
struct transfer {
    uint32_t addr;
    uint32_t final_base; /* of the base register after writeback */
    uint32_t bytes;
    bool privileged;
};

static struct transfer plan(struct sim_cpu *cpu, const struct sim_cpu_insn *insn, uint32_t pc)
{
    struct transfer transfer = {.bytes = (uint32_t)insn->unit_bytes * insn->count};
    uint32_t base = insn->rn == SIM_CPU_PC ? (pc + 4) & ~3U : sim_cpu_get(cpu, insn->rn);
    uint32_t offset = (uint32_t)insn->offset;

    if ((insn->flags & SIM_CPU_INDEX_REG) != 0) {
        offset = sim_cpu_get(cpu, insn->rm) << insn->shift;
        if (insn->kind == SIM_CPU_TABLE_BRANCH && insn->rn == SIM_CPU_PC) {
            base = pc + 4;
        }
    }
    transfer.final_base = base + offset;
    transfer.addr = (insn->flags & SIM_CPU_PRE_INDEX) != 0 ? transfer.final_base : base;
    transfer.privileged = (insn->flags & SIM_CPU_UNPRIVILEGED) == 0 && sim_cpu_is_privileged(cpu);
    return transfer;
}

/* The registers that take part, lowest address first. Returns their number. */
static unsigned list_registers(const struct sim_cpu_insn *insn, uint8_t *regs)
{
    unsigned count = 0;

    if ((insn->flags & SIM_CPU_LIST) != 0) {
        for (uint32_t list = insn->list; list != 0; list &= list - 1) {
            regs[count++] = (uint8_t)__builtin_ctz(list);
        }
    } else if ((insn->flags & SIM_CPU_FLOAT_LIST) != 0) {
        for (; count < insn->count && count < 32; count++) {
            regs[count] = (uint8_t)(SIM_CPU_S0 + (insn->rt + count) % 32);
        }
    } else {
        regs[count++] = insn->rt;
        if ((insn->flags & SIM_CPU_DUAL) != 0) {
            regs[count++] = insn->rt2;
        }
    }
    return count;
}

/* A value loaded into PC: branch, exception return, or a state this core does not have. */
static enum sim_cpu_action branch(struct sim_cpu *cpu, uint32_t value)
{
    if (value >= 0xFF000000U && cpu->ipsr != 0) {
        cpu->exit = SIM_CPU_EXIT_RETURN;
        cpu->exit_value = value;
        return SIM_CPU_STOP;
    }
    if ((value & 1) == 0) {
        cpu->attention |= SIM_CPU_ATTENTION_STATE;
    }
    cpu->resume_pc = value & ~1U;
    return SIM_CPU_DONE;
}

static uint32_t extend(const struct sim_cpu_insn *insn, uint32_t value)
{
    uint32_t sign = 1U << (8 * insn->unit_bytes - 1);

    return (insn->flags & SIM_CPU_SIGNED) != 0 ? (value ^ sign) - sign : value;
}

static enum sim_cpu_action stop_for_fault(struct sim_cpu *cpu)
{
    cpu->exit = SIM_CPU_EXIT_FAULT;
    return SIM_CPU_STOP;
}

/* What has been loaded goes to its registers. */
static enum sim_cpu_action finish_load(struct sim_cpu *cpu, const struct sim_cpu_insn *insn,
    const struct transfer *transfer, const uint32_t *values)
{
    uint8_t regs[32];
    unsigned count = list_registers(insn, regs);
    enum sim_cpu_action action = SIM_CPU_DONE;

    if (insn->kind == SIM_CPU_TABLE_BRANCH) {
        cpu->resume_pc += 2 * values[0]; /* relative to the next instruction */
        return SIM_CPU_DONE;
    }
    if ((insn->flags & SIM_CPU_WRITEBACK) != 0) {
        sim_cpu_set(cpu, insn->rn, transfer->final_base);
    }
    for (unsigned i = 0; i < count; i++) {
        if (regs[i] == SIM_CPU_PC) {
            action = branch(cpu, values[i]);
        } else {
            sim_cpu_set(cpu, regs[i], extend(insn, values[i]));
        }
    }
    if ((insn->flags & SIM_CPU_EXCLUSIVE) != 0) {
        cpu->exclusive = true;
    }
    return action;
}

static enum sim_cpu_action load_all(
    struct sim_cpu *cpu, const struct sim_cpu_insn *insn, const struct transfer *transfer)
{
    uint32_t values[32] = {0}; /* an empty list is unpredictable */

    for (unsigned i = 0; i < insn->count; i++) {
        if (!sim_cpu_load(cpu, transfer->addr + i * insn->unit_bytes, insn->unit_bytes,
                transfer->privileged, &values[i])) {
            return stop_for_fault(cpu);
        }
    }
    return finish_load(cpu, insn, transfer, values);
}

/* From memory that has been checked and paid for. */
static enum sim_cpu_action load_as_engine(
    struct sim_cpu *cpu, const struct sim_cpu_insn *insn, const struct transfer *transfer)
{
    const uint8_t *host =
        sim_cpu_page(cpu, transfer->addr)->host + (transfer->addr & (SIM_CPU_PAGE_BYTES - 1));
    uint32_t values[32] = {0};
    enum sim_cpu_action action = SIM_CPU_DONE;

    for (unsigned i = 0; i < insn->count; i++) {
        memcpy(&values[i], host + (size_t)i * insn->unit_bytes, insn->unit_bytes);
    }
    action = finish_load(cpu, insn, transfer, values);
    return action == SIM_CPU_DONE ? SIM_CPU_LOADED : action;
}

static enum sim_cpu_action store_all(
    struct sim_cpu *cpu, const struct sim_cpu_insn *insn, const struct transfer *transfer)
{
    uint8_t regs[32];
    unsigned count = list_registers(insn, regs);
    bool is_exclusive = (insn->flags & SIM_CPU_EXCLUSIVE) != 0;

    if (is_exclusive && !cpu->exclusive) {
        sim_cpu_set(cpu, insn->rt2, 1);
        return SIM_CPU_DONE;
    }
    for (unsigned i = 0; i < count; i++) {
        uint32_t value = sim_cpu_get(cpu, regs[i]);

        if (insn->unit_bytes < 4) {
            value &= (1U << (8 * insn->unit_bytes)) - 1;
        }
        if (!sim_cpu_store(cpu, transfer->addr + i * insn->unit_bytes, insn->unit_bytes,
                transfer->privileged, value)) {
            return stop_for_fault(cpu);
        }
    }
    if (is_exclusive) {
        cpu->exclusive = false;
        sim_cpu_set(cpu, insn->rt2, 0);
    }
    if ((insn->flags & SIM_CPU_WRITEBACK) != 0) {
        sim_cpu_set(cpu, insn->rn, transfer->final_base);
    }
    return SIM_CPU_DONE;
}

/* The common store: one register, no reservation. */
static enum sim_cpu_action store_one(
    struct sim_cpu *cpu, const struct sim_cpu_insn *insn, const struct transfer *transfer)
{
    uint32_t value = sim_cpu_get(cpu, insn->rt);

    if (insn->unit_bytes < 4) {
        value &= (1U << (8 * insn->unit_bytes)) - 1;
    }
    if (!sim_cpu_store(cpu, transfer->addr, insn->unit_bytes, transfer->privileged, value)) {
        return stop_for_fault(cpu);
    }
    if ((insn->flags & SIM_CPU_WRITEBACK) != 0) {
        sim_cpu_set(cpu, insn->rn, transfer->final_base);
    }
    return SIM_CPU_DONE;
}

static bool is_aligned(const struct sim_cpu_insn *insn, uint32_t addr)
{
    return (addr & (uint32_t)(insn->unit_bytes - 1)) == 0;
}

enum sim_cpu_action sim_cpu_transfer(struct sim_cpu *cpu, const struct sim_cpu_insn *insn,
    uint32_t pc, enum sim_cpu_plain_load plain_load)
{
    const unsigned several = SIM_CPU_LIST | SIM_CPU_DUAL | SIM_CPU_FLOAT_LIST | SIM_CPU_EXCLUSIVE;
    struct transfer transfer = plan(cpu, insn, pc);
    bool is_load = (insn->flags & SIM_CPU_LOAD) != 0;

    if (insn->count > 1) {
        sim_cpu_spend_cycles(cpu, cpu->costs.transfer_extra * (insn->count - 1U));
    }
    if (!is_aligned(insn, transfer.addr) && ((insn->flags & SIM_CPU_UNALIGNED_OK) == 0 ||
                                                (cpu->scb.ccr & SIM_CPU_CCR_UNALIGN_TRP) != 0)) {
        sim_cpu_set_fault(cpu, SIM_CPU_EXC_USAGE, SIM_CPU_UNALIGNED, transfer.addr);
        return stop_for_fault(cpu);
    }
    cpu->resume_pc = pc + insn->size_bytes;
    if (is_load && plain_load != SIM_CPU_BY_UNITS && is_aligned(insn, transfer.addr) &&
        (insn->flags & (SIM_CPU_EXCLUSIVE | SIM_CPU_UNPRIVILEGED)) == 0 &&
        sim_cpu_load_natively(cpu, transfer.addr, transfer.bytes)) {
        return plain_load == SIM_CPU_BY_ENGINE ? SIM_CPU_NATIVE
                                               : load_as_engine(cpu, insn, &transfer);
    }
    if (is_load) {
        return load_all(cpu, insn, &transfer);
    }
    return (insn->flags & several) == 0 ? store_one(cpu, insn, &transfer)
                                        : store_all(cpu, insn, &transfer);
}
