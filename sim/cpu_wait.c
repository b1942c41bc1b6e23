#include "sim/cpu_internal.h"

#include <string.h>

/* Waiting without work. A loop that comes back to its start with equal registers, having stored
 * nothing that stayed and touched no peripheral, can only wait for something outside: whole
 * iterations are skipped up to the next event. Virtual time is the same as without skipping. */

enum {
    FIRST_TRY = 3,       /* passes before the registers are looked at */
    MAX_INTERVAL = 4096, /* passes between two looks at a loop that does work */
    PATIENCE = 32,       /* backward branches elsewhere during one pass */
    HINTS_BEFORE_WAIT = 16,
    MAX_STORES_PER_HINT = 16 /* more than a waiting loop stores to its stack */
};
static const uint64_t max_hint_wait_ps = 50 * SIM_PS_PER_US;

void sim_cpu_set_skipping(struct sim_cpu *cpu, bool is_on)
{
    cpu->loop.skipping_off = !is_on;
}

void sim_cpu_forget_loop(struct sim_cpu *cpu)
{
    cpu->loop.armed = false;
    cpu->loop.hints = 0;
}

static uint64_t next_stop_ps(const struct sim_cpu *cpu)
{
    uint64_t due_ps = cpu->clock->next_due_ps;

    return due_ps < cpu->deadline_ps ? due_ps : cpu->deadline_ps;
}

static void read_state(struct sim_cpu *cpu, uint32_t *regs)
{
    for (unsigned reg = 0; reg < SIM_CPU_PC; reg++) {
        regs[reg] = sim_cpu_get(cpu, reg);
    }
    regs[15] = sim_cpu_get(cpu, SIM_CPU_XPSR);
}

static void arm(struct sim_cpu *cpu, uint32_t pc)
{
    struct sim_cpu_loop *loop = &cpu->loop;

    loop->pc = pc;
    loop->last_pc = pc;
    loop->strangers = 0;
    read_state(cpu, loop->regs);
    loop->armed = true;
    loop->impure = false;
    loop->kicks = false;
    loop->store_count = 0;
    loop->start_ps = cpu->clock->now_ps;
    loop->start_instructions = cpu->instructions;
}

static bool memory_is_unchanged(const struct sim_cpu_loop *loop)
{
    for (uint32_t i = 0; i < loop->store_count; i++) {
        if (memcmp(loop->stores[i].host, loop->stores[i].old, loop->stores[i].size_bytes) != 0) {
            return false;
        }
    }
    return true;
}

static void skip(struct sim_cpu *cpu)
{
    struct sim_cpu_loop *loop = &cpu->loop;
    uint64_t now_ps = cpu->clock->now_ps;
    uint64_t stop_ps = next_stop_ps(cpu);
    uint64_t pass_ps = now_ps - loop->start_ps;
    uint64_t passes = 0;

    if (stop_ps <= now_ps || pass_ps == 0) {
        return;
    }
    passes = (stop_ps - now_ps) / pass_ps;
    if (loop->kicks) { /* the next event may be the watchdog: leave time for the next kick */
        passes = passes > 2 ? passes - 2 : 0;
    }
    sim_clock_spend(cpu->clock, passes * pass_ps);
    cpu->instructions += passes * (cpu->instructions - loop->start_instructions);
    loop->poll_ps += passes * pass_ps;
}

static bool is_waiting(struct sim_cpu *cpu)
{
    const struct sim_cpu_loop *loop = &cpu->loop;
    uint32_t regs[16];

    if (loop->impure || !memory_is_unchanged(loop)) {
        return false;
    }
    read_state(cpu, regs);
    return memcmp(regs, loop->regs, sizeof regs) == 0;
}

static struct sim_cpu_loop_slot *find_slot(struct sim_cpu_loop *loop, uint32_t pc)
{
    struct sim_cpu_loop_slot *slot = &loop->slots[(pc >> 1) % SIM_CPU_LOOP_SLOTS];

    if (slot->pc != pc) {
        *slot = (struct sim_cpu_loop_slot){.pc = pc, .countdown = FIRST_TRY, .interval = 1};
    }
    return slot;
}

void sim_cpu_note_backward(struct sim_cpu *cpu, uint32_t pc)
{
    struct sim_cpu_loop *loop = &cpu->loop;
    struct sim_cpu_loop_slot *slot = NULL;

    if (loop->skipping_off) {
        return;
    }
    slot = find_slot(loop, pc);
    if (!loop->armed || loop->pc != pc) {
        bool is_tight = loop->last_pc == pc;

        loop->last_pc = pc;
        slot->countdown -= slot->countdown > 0 ? 1 : 0;
        /* A loop around calls must not lose its turn to their returns, only to a loop inside. */
        if (slot->countdown == 0 && (!loop->armed || is_tight || ++loop->strangers > PATIENCE)) {
            arm(cpu, pc);
        }
        return;
    }
    if (is_waiting(cpu)) {
        skip(cpu);
        slot->interval = 1;
        arm(cpu, pc);
        return;
    }
    loop->armed = false;
    slot->interval = slot->interval < MAX_INTERVAL ? 2 * slot->interval : MAX_INTERVAL;
    slot->countdown = slot->interval;
}

void sim_cpu_note_ram_store(struct sim_cpu *cpu, uint8_t *host, uint32_t size_bytes)
{
    struct sim_cpu_loop *loop = &cpu->loop;

    for (uint32_t i = 0; i < loop->store_count; i++) {
        if (loop->stores[i].host == host && loop->stores[i].size_bytes == size_bytes) {
            return; /* the first value is the one that counts */
        }
    }
    if (loop->store_count == SIM_CPU_LOOP_STORES) {
        loop->impure = true;
        return;
    }
    loop->stores[loop->store_count].host = host;
    loop->stores[loop->store_count].size_bytes = (uint8_t)size_bytes;
    memcpy(loop->stores[loop->store_count].old, host, size_bytes);
    loop->store_count++;
}

static bool is_private_bus(uint32_t addr)
{
    return addr >> 20 == 0xE00;
}

/* The system control space changes with events and with what the core does, but for the value of
 * SysTick. (Its COUNTFLAG is cleared by a read, which shows in the value read.) */
static bool is_steady(uint32_t addr)
{
    return addr >> 12 == 0xE000E && (addr & 0xFFC) != 0x018;
}

void sim_cpu_note_device_access(struct sim_cpu *cpu, uint32_t addr, bool is_write, uint32_t value)
{
    struct sim_cpu_loop *loop = &cpu->loop;

    if (is_write && cpu->config.kick_addr != 0 && addr == cpu->config.kick_addr &&
        value == cpu->config.kick_value) {
        loop->kicks = true;
        return;
    }
    if (!is_write && is_steady(addr)) {
        return;
    }
    loop->impure = true;
    if (!loop->hinted && !is_private_bus(addr)) {
        loop->hints = 0;
    }
}

void sim_cpu_hint_poll(struct sim_cpu *cpu)
{
    struct sim_cpu_loop *loop = &cpu->loop;
    uint64_t now_ps = cpu->clock->now_ps;
    uint64_t stop_ps = 0;

    if (!cpu->accessing || !cpu->running || loop->skipping_off) {
        return; /* the debug port reads, too */
    }
    loop->hinted = true;
    loop->hints = loop->hint_stores > MAX_STORES_PER_HINT ? 0 : loop->hints + 1;
    loop->hint_stores = 0;
    if (loop->hints < HINTS_BEFORE_WAIT) {
        return;
    }
    stop_ps = next_stop_ps(cpu);
    if (stop_ps > now_ps + max_hint_wait_ps) {
        stop_ps = now_ps + max_hint_wait_ps;
    }
    if (stop_ps > now_ps) {
        sim_clock_spend(cpu->clock, stop_ps - now_ps);
        loop->poll_ps += stop_ps - now_ps;
    }
}
