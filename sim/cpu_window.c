#include "sim/cpu_internal.h"

enum { READ_AHEAD_LINES = 2 }; /* 64 bytes past an access (design rule 10) */

bool sim_cpu_window_refresh(struct sim_cpu *cpu, struct sim_cpu_window *state)
{
    const struct sim_window *window = state->window;
    uint32_t generation = window->generation(window->state);
    const uint8_t *direct = NULL;
    uint32_t direct_bytes = 0;

    (void)cpu;
    if (state->known && generation == state->generation) {
        return false;
    }
    state->known = true;
    state->generation = generation;
    direct = window->direct(window->state, &direct_bytes);
    if (direct == NULL) {
        direct_bytes = 0;
    }
    if (direct == state->direct && direct_bytes == state->direct_bytes) {
        return false;
    }
    state->direct = direct;
    state->direct_bytes = direct_bytes;
    return true;
}

static bool may_speculate(const struct sim_cpu *cpu, uint32_t addr)
{
    return sim_cpu_mpu_memory(cpu, addr) != SIM_CPU_DEVICE &&
           sim_cpu_mpu_allows(cpu, addr, SIM_CPU_READ, sim_cpu_is_privileged(cpu));
}

static void read_ahead(struct sim_cpu *cpu, const struct sim_cpu_window *state, uint32_t line)
{
    const struct sim_window *window = state->window;

    for (uint32_t i = 1; i <= READ_AHEAD_LINES; i++) {
        uint32_t offset = line + i * SIM_CPU_LINE_BYTES;

        if (offset < window->size_bytes && may_speculate(cpu, window->base + offset)) {
            window->speculate(window->state, offset);
        }
    }
}

void sim_cpu_window_touch(
    struct sim_cpu *cpu, struct sim_cpu_window *state, uint32_t offset, uint32_t size_bytes)
{
    uint32_t line = offset & ~(uint32_t)(SIM_CPU_LINE_BYTES - 1);

    if (state->direct != NULL) {
        state->window->touch(state->window->state, offset, size_bytes);
    }
    if (line != state->last_line) {
        state->last_line = line;
        read_ahead(cpu, state, line);
    }
}

/* Where the core may read although no program asked. Code outside a window (stub, bootloader) has
 * no business there and gets any address: only the MPU can protect it. A program that executes from
 * the window was handed over with the MPU off, as after reset (design rule 8); what a core reads
 * for it by a wrong guess comes from what its registers hold. */
static uint32_t guess_offset(struct sim_cpu *cpu, const struct sim_window *window)
{
    uint32_t random = cpu->background_random;

    if (sim_cpu_pc(cpu) - window->base < window->size_bytes) {
        return (sim_cpu_register(cpu, random % 13) - window->base) & ~31U;
    }
    return (random >> 3) % window->size_bytes & ~31U;
}

void sim_cpu_speculate(struct sim_cpu *cpu)
{
    const struct sim_window *window = NULL;
    uint32_t offset = 0;

    if (cpu->window_count == 0 || cpu->state != SIM_CPU_RUNNING) {
        return;
    }
    window = cpu->windows[cpu->background_random % cpu->window_count].window;
    offset = guess_offset(cpu, window);
    if (offset < window->size_bytes && may_speculate(cpu, window->base + offset)) {
        window->speculate(window->state, offset);
    }
}
