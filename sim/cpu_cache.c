#include "sim/cpu_internal.h"

#include <stdlib.h>
#include <string.h>

/* Four ways of 32-byte lines (Cortex-M7 TRM, "L1 caches"). Replacement is pseudo-random. */
enum { WAYS = 4 };

void sim_cpu_cache_init(struct sim_cpu *cpu)
{
    struct sim_cpu_cache *cache = &cpu->cache;

    cache->set_count = cpu->config.dcache_bytes / (WAYS * SIM_CPU_LINE_BYTES);
    if (cache->set_count == 0) {
        cache->set_count = 1;
    }
    cache->random = 0x2545F491;
    cache->lines = calloc((size_t)cache->set_count * WAYS, sizeof *cache->lines);
    if (cache->lines == NULL) {
        abort();
    }
}

void sim_cpu_cache_free(struct sim_cpu *cpu)
{
    free(cpu->cache.lines);
    cpu->cache.lines = NULL;
}

static uint32_t next_random(struct sim_cpu_cache *cache)
{
    cache->random ^= cache->random << 13;
    cache->random ^= cache->random >> 17;
    cache->random ^= cache->random << 5;
    return cache->random;
}

static bool is_on(const struct sim_cpu *cpu)
{
    return (cpu->scb.ccr & SIM_CPU_CCR_DC) != 0;
}

static struct sim_cpu_line *find_line(struct sim_cpu *cpu, uint32_t addr)
{
    struct sim_cpu_cache *cache = &cpu->cache;
    uint32_t line_addr = addr & ~(uint32_t)(SIM_CPU_LINE_BYTES - 1);
    struct sim_cpu_line *set =
        &cache->lines[(size_t)(addr / SIM_CPU_LINE_BYTES % cache->set_count) * WAYS];

    for (unsigned way = 0; way < WAYS; way++) {
        if (set[way].valid && set[way].addr == line_addr) {
            return &set[way];
        }
    }
    return NULL;
}

/* Where the line lies in RAM; NULL for lines of a flash window and of RAM that is gone. */
static uint8_t *line_host(struct sim_cpu *cpu, uint32_t addr)
{
    struct sim_region *region = sim_bus_region_at(cpu->bus, addr);

    if (region == NULL || region->size_bytes - (addr - region->base) < SIM_CPU_LINE_BYTES) {
        return NULL;
    }
    return region->bytes + (addr - region->base);
}

static void show_other(struct sim_cpu *cpu, struct sim_cpu_line *line)
{
    uint8_t *host = line_host(cpu, line->addr);

    if (line->differs && host != NULL) {
        memcpy(host, line->other, SIM_CPU_LINE_BYTES);
        sim_cpu_forget_code(cpu, line->addr, SIM_CPU_LINE_BYTES);
    }
    line->differs = false;
}

/* Memory takes the bytes of the cache. */
static void clean(struct sim_cpu *cpu, struct sim_cpu_line *line)
{
    if (!line->dirty) {
        return;
    }
    if (is_on(cpu)) {
        line->differs = false; /* what the core sees already lies in region->bytes */
    } else {
        show_other(cpu, line);
    }
    line->dirty = false;
}

/* The core forgets the line and sees memory. */
static void drop(struct sim_cpu *cpu, struct sim_cpu_line *line)
{
    if (is_on(cpu)) {
        show_other(cpu, line);
    }
    line->valid = false;
    line->dirty = false;
    line->differs = false;
}

static void evict(struct sim_cpu *cpu, struct sim_cpu_line *line)
{
    clean(cpu, line);
    drop(cpu, line);
}

static struct sim_cpu_line *fill(struct sim_cpu *cpu, uint32_t addr)
{
    struct sim_cpu_cache *cache = &cpu->cache;
    struct sim_cpu_line *set =
        &cache->lines[(size_t)(addr / SIM_CPU_LINE_BYTES % cache->set_count) * WAYS];
    struct sim_cpu_line *line = NULL;

    for (unsigned way = 0; way < WAYS && line == NULL; way++) {
        line = set[way].valid ? NULL : &set[way];
    }
    if (line == NULL) {
        line = &set[next_random(cache) % WAYS];
        evict(cpu, line);
    }
    line->addr = addr & ~(uint32_t)(SIM_CPU_LINE_BYTES - 1);
    line->valid = true;
    line->dirty = false;
    line->differs = false;
    return line;
}

bool sim_cpu_cache_load(struct sim_cpu *cpu, uint32_t addr)
{
    if (find_line(cpu, addr) != NULL) {
        return true;
    }
    (void)fill(cpu, addr);
    return false;
}

static void keep_memory(struct sim_cpu *cpu, struct sim_cpu_line *line)
{
    const uint8_t *host = line_host(cpu, line->addr);

    if (!line->differs && host != NULL) {
        memcpy(line->other, host, SIM_CPU_LINE_BYTES);
        line->differs = true;
    }
}

bool sim_cpu_cache_store(
    struct sim_cpu *cpu, uint32_t addr, uint32_t size_bytes, uint32_t value, bool write_back)
{
    struct sim_cpu_line *line = find_line(cpu, addr);
    bool hit = line != NULL;

    if (!write_back) { /* to memory at once, past the line if there is one */
        if (hit && line->differs) {
            memcpy(&line->other[addr % SIM_CPU_LINE_BYTES], &value, size_bytes);
        }
        return true;
    }
    if (!hit) {
        line = fill(cpu, addr);
    }
    keep_memory(cpu, line);
    line->dirty = true;
    return hit;
}

static void for_each_line(
    struct sim_cpu *cpu, void (*act)(struct sim_cpu *cpu, struct sim_cpu_line *line))
{
    for (size_t i = 0; i < (size_t)cpu->cache.set_count * WAYS; i++) {
        if (cpu->cache.lines[i].valid) {
            act(cpu, &cpu->cache.lines[i]);
        }
    }
}

static void swap_line(struct sim_cpu *cpu, struct sim_cpu_line *line)
{
    uint8_t *host = line_host(cpu, line->addr);

    if (line->differs && host != NULL) {
        uint8_t held[SIM_CPU_LINE_BYTES];

        memcpy(held, host, sizeof held);
        memcpy(host, line->other, sizeof held);
        memcpy(line->other, held, sizeof held);
        sim_cpu_forget_code(cpu, line->addr, SIM_CPU_LINE_BYTES);
    }
}

/* A disabled cache keeps its lines, and the core reads memory past them. */
void sim_cpu_cache_switch(struct sim_cpu *cpu, bool turn_on)
{
    if (turn_on != is_on(cpu)) {
        for_each_line(cpu, swap_line);
    }
}

void sim_cpu_cache_discard(struct sim_cpu *cpu)
{
    for_each_line(cpu, drop);
}

static void maintain(struct sim_cpu *cpu, struct sim_cpu_line *line, bool clean_it, bool drop_it)
{
    if (clean_it) {
        clean(cpu, line);
    }
    if (drop_it) {
        drop(cpu, line);
    }
}

void sim_cpu_cache_by_address(struct sim_cpu *cpu, uint32_t addr, bool clean_it, bool invalidate)
{
    struct sim_cpu_line *line = find_line(cpu, addr);

    if (line != NULL) {
        maintain(cpu, line, clean_it, invalidate);
    }
}

void sim_cpu_cache_by_set_way(struct sim_cpu *cpu, uint32_t operand, bool clean_it, bool invalidate)
{
    uint32_t set = (operand >> 5 & 0x1FF) % cpu->cache.set_count;
    struct sim_cpu_line *line = &cpu->cache.lines[(size_t)set * WAYS + (operand >> 30)];

    if (line->valid) {
        maintain(cpu, line, clean_it, invalidate);
    }
}

/* Lines also leave the cache when the program gives no visible reason. */
void sim_cpu_cache_evict_random(struct sim_cpu *cpu)
{
    size_t count = (size_t)cpu->cache.set_count * WAYS;
    size_t start = next_random(&cpu->cache) % count;

    if (!is_on(cpu)) {
        return;
    }
    for (size_t i = 0; i < 32; i++) {
        struct sim_cpu_line *line = &cpu->cache.lines[(start + i) % count];

        if (line->valid && line->differs) {
            evict(cpu, line);
            return;
        }
    }
}

void sim_cpu_cache_update(
    struct sim_cpu *cpu, uint32_t addr, const uint8_t *bytes, uint32_t size_bytes)
{
    struct sim_cpu_line *line = is_on(cpu) ? find_line(cpu, addr) : NULL;

    if (line != NULL && line->differs) {
        memcpy(&line->other[addr % SIM_CPU_LINE_BYTES], bytes, size_bytes);
    }
}

static void snoop_read(void *state, uint32_t addr, uint32_t size_bytes, uint32_t *value)
{
    struct sim_cpu *cpu = state;
    const struct sim_cpu_line *line = is_on(cpu) ? find_line(cpu, addr) : NULL;

    if (line != NULL && line->differs) {
        memcpy(value, &line->other[addr % SIM_CPU_LINE_BYTES], size_bytes);
    }
}

static bool snoop_write(void *state, uint32_t addr, uint32_t size_bytes, uint32_t value)
{
    struct sim_cpu *cpu = state;
    struct sim_cpu_line *line = is_on(cpu) ? find_line(cpu, addr) : NULL;

    if (line == NULL) {
        return false;
    }
    keep_memory(cpu, line);
    memcpy(&line->other[addr % SIM_CPU_LINE_BYTES], &value, size_bytes);
    return true;
}

static void snoop_changed(void *state, uint32_t addr, uint32_t size_bytes)
{
    sim_cpu_forget_code(state, addr, size_bytes);
}

void sim_cpu_cache_attach(struct sim_cpu *cpu)
{
    struct sim_bus_snoop snoop = {
        .state = cpu, .read = snoop_read, .write = snoop_write, .changed = snoop_changed};

    sim_bus_set_snoop(cpu->bus, &snoop);
}
