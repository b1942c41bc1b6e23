#include "sim/cpu_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* What the engine sees of the address space: whole regions, windows that answer directly, and for
 * a moment one page of bytes that a window gave for a fetch. Everything else is not mapped. */

void sim_cpu_map_init(struct sim_cpu *cpu)
{
    cpu->map.scratch = aligned_alloc(SIM_CPU_PAGE_BYTES, SIM_CPU_PAGE_BYTES);
    if (cpu->map.scratch == NULL) {
        abort();
    }
}

void sim_cpu_map_free(struct sim_cpu *cpu)
{
    free(cpu->map.scratch);
}

static size_t find(const struct sim_cpu_map *map, uint32_t base)
{
    size_t index = 0;

    while (index < map->count && map->entries[index].base != base) {
        index++;
    }
    return index;
}

static void drop(struct sim_cpu *cpu, size_t index)
{
    struct sim_cpu_mapping *entry = &cpu->map.entries[index];

    sim_cpu_engine_unmap(cpu, entry->base, entry->size_bytes);
    *entry = cpu->map.entries[--cpu->map.count];
}

static void add(struct sim_cpu *cpu, uint32_t base, uint32_t size_bytes, const uint8_t *bytes)
{
    assert(cpu->map.count < SIM_CPU_MAPPINGS);
    sim_cpu_engine_map(cpu, base, size_bytes, bytes);
    cpu->map.entries[cpu->map.count++] = (struct sim_cpu_mapping){base, size_bytes, bytes};
}

/* Brings one mapping to what it should be; size_bytes 0: none. */
static void adjust(struct sim_cpu *cpu, uint32_t base, uint32_t size_bytes, const uint8_t *bytes)
{
    size_t index = find(&cpu->map, base);

    if (index < cpu->map.count) {
        const struct sim_cpu_mapping *now = &cpu->map.entries[index];

        if (now->size_bytes == size_bytes && now->bytes == bytes) {
            return;
        }
        drop(cpu, index);
    }
    if (size_bytes > 0) {
        add(cpu, base, size_bytes, bytes);
    }
}

static uint32_t whole_pages(uint32_t size_bytes)
{
    return size_bytes & ~(uint32_t)(SIM_CPU_PAGE_BYTES - 1);
}

static void sync_regions(struct sim_cpu *cpu)
{
    if (cpu->map.bus_generation == sim_bus_generation(cpu->bus)) {
        return;
    }
    cpu->map.bus_generation = sim_bus_generation(cpu->bus);
    for (size_t i = 0; i < sim_bus_region_count(cpu->bus); i++) {
        struct sim_region *region = sim_bus_region(cpu->bus, i);

        adjust(cpu, region->base, whole_pages(region->size_bytes), region->bytes);
    }
}

/* A window stays mapped when its controller leaves memory-mapped mode: unmapping costs
 * milliseconds, and nothing runs or reads there without sim_cpu_window_refresh(). */
static void sync_windows(struct sim_cpu *cpu)
{
    for (size_t i = 0; i < cpu->window_count; i++) {
        struct sim_cpu_window *state = &cpu->windows[i];

        if (sim_cpu_window_refresh(cpu, state)) {
            sim_cpu_memory_changed(cpu);
        }
        if (state->direct != NULL &&
            (state->direct != state->mapped || state->direct_bytes != state->mapped_bytes)) {
            adjust(cpu, state->window->base, whole_pages(state->direct_bytes), state->direct);
            state->mapped = state->direct;
            state->mapped_bytes = state->direct_bytes;
        }
    }
}

void sim_cpu_map_hide(struct sim_cpu *cpu)
{
    if (cpu->map.scratch_shown) {
        drop(cpu, find(&cpu->map, cpu->map.scratch_base));
        cpu->map.scratch_shown = false;
    }
}

void sim_cpu_map_show(struct sim_cpu *cpu, uint32_t addr, const uint32_t *words, size_t count)
{
    uint32_t base = addr & ~(uint32_t)(SIM_CPU_PAGE_BYTES - 1);

    sim_cpu_map_hide(cpu);
    for (size_t i = 0; i < cpu->window_count; i++) { /* it may still be mapped from before */
        adjust(cpu, cpu->windows[i].window->base, 0, NULL);
        cpu->windows[i].mapped = NULL;
    }
    memcpy(cpu->map.scratch + (addr - base), words, count * sizeof *words);
    add(cpu, base, SIM_CPU_PAGE_BYTES, cpu->map.scratch);
    cpu->map.scratch_base = base;
    cpu->map.scratch_shown = true;
}

/* Unicorn looks up the first address only: each call must stay inside one mapping. */
static void forget_now(struct sim_cpu *cpu)
{
    const struct sim_cpu_map *map = &cpu->map;
    uint64_t low = whole_pages(map->forget_low);
    uint64_t high = ((uint64_t)map->forget_high | (SIM_CPU_PAGE_BYTES - 1)) + 1;

    for (size_t i = 0; i < map->count; i++) {
        uint64_t base = map->entries[i].base;
        uint64_t end = base + map->entries[i].size_bytes;
        uint64_t from = low > base ? low : base;
        uint64_t to = high < end ? high : end;

        if (from < to) {
            sim_cpu_engine_flush(cpu, (uint32_t)from, (uint32_t)(to - from));
        }
    }
    cpu->map.forget_pending = false;
}

void sim_cpu_map_forget(struct sim_cpu *cpu, uint32_t addr, uint32_t size_bytes)
{
    struct sim_cpu_map *map = &cpu->map;
    uint32_t last = addr + (size_bytes - 1);

    if (size_bytes == 0) {
        return;
    }
    /* A translation may begin in the page before. */
    addr = addr >= SIM_CPU_PAGE_BYTES ? addr - SIM_CPU_PAGE_BYTES : 0;
    if (map->forget_pending) {
        map->forget_low = addr < map->forget_low ? addr : map->forget_low;
        map->forget_high = last > map->forget_high ? last : map->forget_high;
    } else {
        map->forget_low = addr;
        map->forget_high = last;
        map->forget_pending = true;
    }
    if (map->in_hook) { /* not under the feet of the translation that runs */
        cpu->attention |= SIM_CPU_ATTENTION_FORGET;
    } else {
        forget_now(cpu);
    }
}

void sim_cpu_map_sync(struct sim_cpu *cpu)
{
    sync_regions(cpu);
    sync_windows(cpu);
    if (cpu->map.forget_pending) {
        forget_now(cpu);
    }
    cpu->attention &= ~(uint32_t)SIM_CPU_ATTENTION_FORGET;
}
