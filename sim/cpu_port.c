#include "sim/cpu_internal.h"

#include <string.h>

/* Memory as the debug port sees it, with and without the D-cache in between. */

static bool is_ram(const struct sim_region *region)
{
    return region != NULL && region->write == NULL && region->check_read == NULL &&
           (region->kind == SIM_REGION_TCM || region->kind == SIM_REGION_RAM);
}

static struct sim_region *ram_at(struct sim_cpu *cpu, uint32_t addr, size_t size_bytes)
{
    struct sim_region *region = sim_bus_region_at(cpu->bus, addr);

    if (!is_ram(region) || size_bytes > region->size_bytes - (addr - region->base) ||
        !sim_bus_region_is_clocked(cpu->bus, region)) {
        return NULL;
    }
    return region;
}

static bool cache_is_on(const struct sim_cpu *cpu)
{
    return (cpu->scb.ccr & SIM_CPU_CCR_DC) != 0;
}

bool sim_cpu_debug_read(
    struct sim_cpu *cpu, uint32_t addr, uint32_t size_bytes, bool cacheable, uint32_t *value)
{
    const struct sim_region *region = cacheable ? ram_at(cpu, addr, size_bytes) : NULL;

    if (region == NULL) {
        return sim_bus_read(cpu->bus, SIM_MASTER_DEBUG, addr, size_bytes, value);
    }
    *value = 0;
    memcpy(value, region->bytes + (addr - region->base), size_bytes);
    return true;
}

static void write_core_view(struct sim_cpu *cpu, struct sim_region *region, uint32_t addr,
    const uint8_t *bytes, uint32_t size_bytes)
{
    uint32_t offset = addr - region->base;

    sim_bus_note_store(cpu->bus, region, offset, size_bytes);
    memcpy(region->bytes + offset, bytes, size_bytes);
    for (uint32_t done = 0; done < size_bytes && cache_is_on(cpu);) {
        uint32_t room = SIM_CPU_LINE_BYTES - (addr + done) % SIM_CPU_LINE_BYTES;
        uint32_t count = room < size_bytes - done ? room : size_bytes - done;

        sim_cpu_cache_update(cpu, addr + done, bytes + done, count);
        done += count;
    }
    sim_cpu_forget_code(cpu, addr, size_bytes);
}

bool sim_cpu_debug_write(
    struct sim_cpu *cpu, uint32_t addr, uint32_t size_bytes, bool cacheable, uint32_t value)
{
    struct sim_region *region = cacheable ? ram_at(cpu, addr, size_bytes) : NULL;

    if (region == NULL) {
        return sim_bus_write(cpu->bus, SIM_MASTER_DEBUG, addr, size_bytes, value);
    }
    write_core_view(cpu, region, addr, (const uint8_t *)&value, size_bytes);
    return true;
}

bool sim_cpu_debug_read_block(
    struct sim_cpu *cpu, uint32_t addr, void *dst, size_t size_bytes, bool cacheable)
{
    const struct sim_region *region = ram_at(cpu, addr, size_bytes);
    uint8_t *out = dst;

    if (region == NULL || (addr | size_bytes) % 4 != 0) {
        return false;
    }
    if (cacheable || !cache_is_on(cpu)) {
        memcpy(out, region->bytes + (addr - region->base), size_bytes);
        return true;
    }
    for (size_t done = 0; done < size_bytes; done += 4) {
        uint32_t word = 0;

        (void)sim_bus_read(cpu->bus, SIM_MASTER_DEBUG, addr + (uint32_t)done, 4, &word);
        memcpy(out + done, &word, sizeof word);
    }
    return true;
}

bool sim_cpu_debug_write_block(
    struct sim_cpu *cpu, uint32_t addr, const void *src, size_t size_bytes, bool cacheable)
{
    struct sim_region *region = ram_at(cpu, addr, size_bytes);
    const uint8_t *in = src;

    if (region == NULL || (addr | size_bytes) % 4 != 0) {
        return false;
    }
    if (cacheable || !cache_is_on(cpu)) {
        write_core_view(cpu, region, addr, in, (uint32_t)size_bytes);
        return true;
    }
    for (size_t done = 0; done < size_bytes; done += 4) {
        uint32_t word = 0;

        memcpy(&word, in + done, sizeof word);
        (void)sim_bus_write(cpu->bus, SIM_MASTER_DEBUG, addr + (uint32_t)done, 4, word);
    }
    return true;
}

/* Whether any instruction at or just before the range was ever decoded. */
static bool holds_code(const struct sim_cpu *cpu, uint32_t addr, uint64_t end)
{
    enum { BLOCK = 64 };

    for (uint64_t at = addr >= BLOCK ? addr - BLOCK : 0; at < end;) {
        const struct sim_cpu_page *group = cpu->pages[at >> 22];
        const struct sim_cpu_page *page = NULL;

        if (group == NULL) {
            at = (at | ((UINT64_C(1) << 22) - 1)) + 1;
            continue;
        }
        page = &group[at >> 12 & (SIM_CPU_PAGES_PER_GROUP - 1)];
        if (page->code_blocks == 0) {
            at = (at | (SIM_CPU_PAGE_BYTES - 1)) + 1;
            continue;
        }
        if ((page->code_blocks >> (at / BLOCK % 64) & 1) != 0) {
            return true;
        }
        at = (at | (BLOCK - 1)) + 1;
    }
    return false;
}

void sim_cpu_forget_code(struct sim_cpu *cpu, uint32_t addr, size_t size_bytes)
{
    if (size_bytes > 0 && holds_code(cpu, addr, (uint64_t)addr + size_bytes)) {
        sim_cpu_map_forget(cpu, addr, (uint32_t)size_bytes);
    }
}
