#include "sim/cpu_internal.h"

#include <stdlib.h>
#include <string.h>

static const uint32_t private_bus = 0xE0000000;
enum { PRIVATE_BUS_BYTES = 0x100000 };

static bool is_private_bus(uint32_t addr)
{
    return addr - private_bus < PRIVATE_BUS_BYTES;
}

static bool is_priority_negative(const struct sim_cpu *cpu)
{
    return cpu->faultmask != 0 || cpu->ipsr == SIM_CPU_EXC_NMI || cpu->ipsr == SIM_CPU_EXC_HARD;
}

bool sim_cpu_is_privileged(const struct sim_cpu *cpu)
{
    return cpu->ipsr != 0 || (cpu->control & 1) == 0;
}

void sim_cpu_memory_changed(struct sim_cpu *cpu)
{
    cpu->epoch++;
    if (cpu->epoch == 0) {
        cpu->epoch = 1;
    }
}

void sim_cpu_protection_changed(struct sim_cpu *cpu)
{
    uint32_t key = (cpu->mpu.ctrl & 1) == 0 ? 0
                                            : 1U + (sim_cpu_is_privileged(cpu) ? 1U : 0U) +
                                                  (is_priority_negative(cpu) ? 2U : 0U);

    if (key != cpu->protection_key) {
        cpu->protection_key = key;
        sim_cpu_memory_changed(cpu);
    }
}

static void set_permissions(struct sim_cpu *cpu, struct sim_cpu_page *page, uint32_t addr)
{
    bool privileged = sim_cpu_is_privileged(cpu);

    page->memory = (uint8_t)sim_cpu_mpu_memory(cpu, addr);
    if (sim_cpu_mpu_is_mixed(cpu, addr)) {
        page->flags |= SIM_CPU_PAGE_MIXED;
        return;
    }
    for (unsigned access = SIM_CPU_READ; access <= SIM_CPU_EXECUTE; access++) {
        if (sim_cpu_mpu_allows(cpu, addr, (enum sim_cpu_access)access, privileged)) {
            page->flags = (uint16_t)(page->flags | SIM_CPU_PAGE_READ << access);
        }
    }
}

static void set_region(struct sim_cpu *cpu, struct sim_cpu_page *page, uint32_t addr)
{
    struct sim_region *region = page->region;
    bool is_ram = region->kind == SIM_REGION_TCM || region->kind == SIM_REGION_RAM;
    unsigned flags = page->flags;

    page->host = region->bytes + (addr - region->base);
    if (region->kind != SIM_REGION_TCM) {
        flags |= SIM_CPU_PAGE_WAITS;
        if (page->memory >= SIM_CPU_WRITE_THROUGH && (cpu->scb.ccr & SIM_CPU_CCR_DC) != 0) {
            flags |= SIM_CPU_PAGE_CACHED;
        }
    }
    if (region->ecc_written != NULL) {
        flags |= SIM_CPU_PAGE_ECC;
    }
    if (region->gate_offset != SIM_GATE_ALWAYS || region->check_read != NULL) {
        flags |= SIM_CPU_PAGE_GATED;
    }
    if (is_ram && region->write == NULL) {
        flags |= SIM_CPU_PAGE_RAM;
    }
    if ((flags & SIM_CPU_PAGE_MIXED) == 0) {
        if ((flags & SIM_CPU_PAGE_WRITE) != 0) {
            flags |= SIM_CPU_PAGE_STORE;
        }
        if ((flags & SIM_CPU_PAGE_READ) != 0 &&
            (flags & (SIM_CPU_PAGE_ECC | SIM_CPU_PAGE_GATED | SIM_CPU_PAGE_WAITS)) == 0) {
            flags |= SIM_CPU_PAGE_SIMPLE;
        }
    }
    page->flags = (uint16_t)flags;
}

static void set_window(struct sim_cpu *cpu, struct sim_cpu_page *page, uint32_t addr)
{
    uint32_t offset = addr - page->window->base;
    struct sim_cpu_window *state = NULL;

    for (size_t i = 0; i < cpu->window_count; i++) {
        if (cpu->windows[i].window == page->window) {
            page->window_index = (uint8_t)i;
        }
    }
    state = &cpu->windows[page->window_index];
    page->flags |= SIM_CPU_PAGE_WAITS;
    if (state->direct != NULL && offset < state->direct_bytes) {
        page->host = state->direct + offset;
        if (page->memory >= SIM_CPU_WRITE_THROUGH && (cpu->scb.ccr & SIM_CPU_CCR_DC) != 0) {
            page->flags |= SIM_CPU_PAGE_CACHED;
        }
    }
}

static void classify(struct sim_cpu *cpu, struct sim_cpu_page *page, uint32_t addr)
{
    page->epoch = cpu->epoch;
    page->flags = 0;
    page->host = NULL;
    page->region = sim_bus_region_at(cpu->bus, addr);
    page->window = sim_bus_window_at(cpu->bus, addr);
    set_permissions(cpu, page, addr);
    if (page->region != NULL) {
        if (page->region->size_bytes - (addr - page->region->base) < SIM_CPU_PAGE_BYTES) {
            page->region = NULL; /* not a whole page: by the bus, word for word */
        } else {
            set_region(cpu, page, addr);
        }
        page->window = NULL;
    } else if (page->window != NULL) {
        set_window(cpu, page, addr);
    }
    if ((page->flags & (SIM_CPU_PAGE_WAITS | SIM_CPU_PAGE_MIXED | SIM_CPU_PAGE_GATED)) != 0 ||
        (page->flags & SIM_CPU_PAGE_EXECUTE) == 0 || page->host == NULL ||
        sim_cpu_breakpoint_in_page(cpu, addr)) {
        page->flags |= SIM_CPU_PAGE_FETCH;
    }
}

struct sim_cpu_page *sim_cpu_page(struct sim_cpu *cpu, uint32_t addr)
{
    struct sim_cpu_page **group = &cpu->pages[addr >> 22];
    struct sim_cpu_page *page = NULL;

    if (*group == NULL) {
        *group = calloc(SIM_CPU_PAGES_PER_GROUP, sizeof **group);
        if (*group == NULL) {
            abort();
        }
    }
    page = &(*group)[addr >> 12 & (SIM_CPU_PAGES_PER_GROUP - 1)];
    if (page->epoch != cpu->epoch) {
        classify(cpu, page, addr & ~(uint32_t)(SIM_CPU_PAGE_BYTES - 1));
    }
    return page;
}

void sim_cpu_free_pages(struct sim_cpu *cpu)
{
    for (size_t group = 0; group < SIM_CPU_PAGE_GROUPS; group++) {
        for (size_t i = 0; cpu->pages[group] != NULL && i < SIM_CPU_PAGES_PER_GROUP; i++) {
            free(cpu->pages[group][i].insns);
        }
        free(cpu->pages[group]);
        cpu->pages[group] = NULL;
    }
}

bool sim_cpu_set_fault(
    struct sim_cpu *cpu, enum sim_cpu_exception exception, uint32_t cfsr, uint32_t addr)
{
    cpu->fault = (struct sim_cpu_fault){(uint8_t)exception, cfsr, addr};
    return false;
}

void sim_cpu_spend_cycles(struct sim_cpu *cpu, uint32_t cycles)
{
    sim_clock_spend(cpu->clock, cycles * cpu->cycle_ps);
}

void sim_cpu_sync_rates(struct sim_cpu *cpu)
{
    uint64_t cycle_ps = cpu->config.cycle_ps(cpu->config.machine);

    cpu->axi_wait_ps = cpu->config.axi_wait_ps(cpu->config.machine);
    if (cycle_ps != cpu->cycle_ps) {
        sim_cpu_systick_sync(cpu);
        sim_cpu_cyccnt_sync(cpu);
        cpu->cycle_ps = cycle_ps;
        sim_cpu_systick_restart(cpu);
    }
}

static bool may_access(struct sim_cpu *cpu, const struct sim_cpu_page *page, uint32_t addr,
    enum sim_cpu_access access, bool privileged)
{
    if ((page->flags & SIM_CPU_PAGE_MIXED) != 0 || privileged != sim_cpu_is_privileged(cpu)) {
        return sim_cpu_mpu_allows(cpu, addr, access, privileged);
    }
    return (page->flags & SIM_CPU_PAGE_READ << access) != 0;
}

static bool check_access(struct sim_cpu *cpu, const struct sim_cpu_page *page, uint32_t addr,
    enum sim_cpu_access access, bool privileged)
{
    if (is_private_bus(addr)) {
        return privileged ||
               sim_cpu_set_fault(cpu, SIM_CPU_EXC_BUS, SIM_CPU_PRECISERR | SIM_CPU_BFARVALID, addr);
    }
    return may_access(cpu, page, addr, access, privileged) ||
           sim_cpu_set_fault(cpu, SIM_CPU_EXC_MEMORY, SIM_CPU_DACCVIOL | SIM_CPU_MMARVALID, addr);
}

static void charge_line(struct sim_cpu *cpu, bool hit)
{
    if (!hit) {
        sim_cpu_spend_cycles(cpu, cpu->costs.cache_fill);
        sim_clock_spend(cpu->clock, cpu->axi_wait_ps);
    }
}

/* Most lines have been written long ago: only the others go to the bookkeeping of the bus. */
static bool line_is_written(const struct sim_region *region, uint32_t offset, uint32_t bytes)
{
    uint32_t line = offset / region->ecc_line_bytes;

    return (region->ecc_written[line / 8] >> (line % 8) & 1) != 0 &&
           (offset + bytes - 1) / region->ecc_line_bytes == line;
}

/* Wait states and bookkeeping of a load from RAM, ROM or internal flash. */
static void charge_region_load(
    struct sim_cpu *cpu, const struct sim_cpu_page *page, uint32_t addr, uint32_t bytes)
{
    if ((page->flags & SIM_CPU_PAGE_ECC) != 0 &&
        !line_is_written(page->region, addr - page->region->base, bytes)) {
        sim_bus_note_load(cpu->bus, page->region, addr - page->region->base, bytes);
    }
    if ((page->flags & SIM_CPU_PAGE_CACHED) != 0) {
        for (uint32_t line = addr & ~31U; line - (addr & ~31U) < bytes + (addr & 31);
             line += SIM_CPU_LINE_BYTES) {
            charge_line(cpu, sim_cpu_cache_load(cpu, line));
        }
    } else if ((page->flags & SIM_CPU_PAGE_WAITS) != 0) {
        sim_clock_spend(cpu->clock, cpu->axi_wait_ps * ((bytes + 7) / 8));
    }
}

/* As above for a window that answers directly. False: it does not any more. */
static bool charge_window_load(
    struct sim_cpu *cpu, const struct sim_cpu_page *page, uint32_t addr, uint32_t bytes)
{
    struct sim_cpu_window *state = &cpu->windows[page->window_index];
    uint32_t offset = addr - state->window->base;

    if (sim_cpu_window_refresh(cpu, state)) {
        sim_cpu_memory_changed(cpu);
        return false;
    }
    if ((page->flags & SIM_CPU_PAGE_CACHED) == 0) {
        sim_cpu_window_touch(cpu, state, offset, bytes);
        return true;
    }
    for (uint32_t line = addr & ~31U; line - (addr & ~31U) < bytes + (addr & 31);
         line += SIM_CPU_LINE_BYTES) {
        if (!sim_cpu_cache_load(cpu, line)) {
            sim_cpu_window_touch(cpu, state, line - state->window->base, SIM_CPU_LINE_BYTES);
        }
    }
    return true;
}

static bool region_answers(
    struct sim_cpu *cpu, const struct sim_cpu_page *page, uint32_t addr, uint32_t bytes)
{
    struct sim_region *region = page->region;

    if ((page->flags & SIM_CPU_PAGE_GATED) == 0) {
        return true;
    }
    return sim_bus_region_is_clocked(cpu->bus, region) &&
           (region->check_read == NULL ||
               region->check_read(region->state, addr - region->base, bytes));
}

bool sim_cpu_load_natively(struct sim_cpu *cpu, uint32_t addr, uint32_t bytes)
{
    const struct sim_cpu_page *page = sim_cpu_page(cpu, addr);

    if ((addr & (SIM_CPU_PAGE_BYTES - 1)) + bytes > SIM_CPU_PAGE_BYTES) {
        return false;
    }
    if ((page->flags & SIM_CPU_PAGE_SIMPLE) != 0) {
        return true;
    }
    if (page->host == NULL ||
        (page->flags & (SIM_CPU_PAGE_READ | SIM_CPU_PAGE_MIXED)) != SIM_CPU_PAGE_READ) {
        return false;
    }
    if (page->window != NULL) {
        const struct sim_cpu_window *state = &cpu->windows[page->window_index];

        return state->mapped == state->direct && charge_window_load(cpu, page, addr, bytes);
    }
    if (!region_answers(cpu, page, addr, bytes)) {
        return false;
    }
    charge_region_load(cpu, page, addr, bytes);
    return true;
}

static bool load_device(struct sim_cpu *cpu, uint32_t addr, uint32_t size_bytes, uint32_t *value)
{
    bool ok = false;

    sim_cpu_spend_cycles(
        cpu, is_private_bus(addr) ? cpu->costs.private_bus : cpu->costs.peripheral);
    cpu->accessing = true;
    cpu->loop.hinted = false;
    ok = sim_bus_read(cpu->bus, SIM_MASTER_CPU, addr, size_bytes, value);
    cpu->accessing = false;
    if (size_bytes < 4) { /* the other lanes of the bus are not the core's concern */
        *value &= (1U << (8 * size_bytes)) - 1;
    }
    sim_cpu_note_device_access(cpu, addr, false, 0);
    return ok ||
           sim_cpu_set_fault(cpu, SIM_CPU_EXC_BUS, SIM_CPU_PRECISERR | SIM_CPU_BFARVALID, addr);
}

static bool load_aligned(
    struct sim_cpu *cpu, uint32_t addr, uint32_t size_bytes, bool privileged, uint32_t *value)
{
    const struct sim_cpu_page *page = sim_cpu_page(cpu, addr);
    uint32_t loaded = 0;

    if (!check_access(cpu, page, addr, SIM_CPU_READ, privileged)) {
        return false;
    }
    if (page->window != NULL) {
        if (page->host == NULL || !charge_window_load(cpu, page, addr, size_bytes)) {
            return load_device(cpu, addr, size_bytes, value);
        }
    } else if (page->host == NULL || !region_answers(cpu, page, addr, size_bytes)) {
        return load_device(cpu, addr, size_bytes, value);
    } else {
        charge_region_load(cpu, page, addr, size_bytes);
    }
    memcpy(&loaded, page->host + (addr & (SIM_CPU_PAGE_BYTES - 1)), size_bytes);
    *value = loaded;
    return true;
}

/* Only Normal memory can be accessed off its alignment; the core splits such an access. */
static bool is_normal(struct sim_cpu *cpu, uint32_t addr, uint32_t size_bytes)
{
    return sim_cpu_mpu_memory(cpu, addr) != SIM_CPU_DEVICE &&
           sim_cpu_mpu_memory(cpu, addr + size_bytes - 1) != SIM_CPU_DEVICE;
}

bool sim_cpu_load(
    struct sim_cpu *cpu, uint32_t addr, uint32_t size_bytes, bool privileged, uint32_t *value)
{
    uint32_t byte = 0;

    if ((addr & (size_bytes - 1)) == 0) {
        return load_aligned(cpu, addr, size_bytes, privileged, value);
    }
    if (!is_normal(cpu, addr, size_bytes)) {
        return sim_cpu_set_fault(cpu, SIM_CPU_EXC_USAGE, SIM_CPU_UNALIGNED, addr);
    }
    *value = 0;
    for (uint32_t i = 0; i < size_bytes; i++) {
        if (!load_aligned(cpu, addr + i, 1, privileged, &byte)) {
            return false;
        }
        *value |= byte << (8 * i);
    }
    return true;
}

static bool store_device(struct sim_cpu *cpu, uint32_t addr, uint32_t size_bytes, uint32_t value)
{
    bool ok = false;

    sim_cpu_spend_cycles(
        cpu, is_private_bus(addr) ? cpu->costs.private_bus : cpu->costs.peripheral);
    cpu->accessing = true;
    ok = sim_bus_write(cpu->bus, SIM_MASTER_CPU, addr, size_bytes, value);
    cpu->accessing = false;
    sim_cpu_note_device_access(cpu, addr, true, value);
    if (!is_private_bus(addr)) {
        sim_cpu_sync_rates(cpu); /* it may have been the clock controller */
    }
    return ok ||
           sim_cpu_set_fault(cpu, SIM_CPU_EXC_BUS, SIM_CPU_PRECISERR | SIM_CPU_BFARVALID, addr);
}

static void store_ram(struct sim_cpu *cpu, const struct sim_cpu_page *page, uint32_t addr,
    uint32_t size_bytes, uint32_t value)
{
    struct sim_region *region = page->region;
    uint8_t *host = region->bytes + (addr - region->base);
    bool write_back = page->memory == SIM_CPU_WRITE_BACK;

    if (cpu->loop.armed) {
        sim_cpu_note_ram_store(cpu, host, size_bytes);
    }
    cpu->loop.hint_stores++;
    if ((page->flags & SIM_CPU_PAGE_CACHED) != 0) {
        charge_line(cpu, sim_cpu_cache_store(cpu, addr, size_bytes, value, write_back));
        if (write_back) { /* the line is written whole when it is evicted */
            sim_bus_note_store(cpu->bus, region, (addr & ~31U) - region->base, SIM_CPU_LINE_BYTES);
        }
    } else if ((page->flags & SIM_CPU_PAGE_WAITS) != 0) {
        sim_clock_spend(cpu->clock, cpu->axi_wait_ps);
    }
    if ((page->flags & SIM_CPU_PAGE_ECC) != 0 &&
        !line_is_written(region, addr - region->base, size_bytes)) {
        sim_bus_note_store(cpu->bus, region, addr - region->base, size_bytes);
    }
    memcpy(host, &value, size_bytes);
    if (page->code_blocks != 0 || (addr & (SIM_CPU_PAGE_BYTES - 1)) < 64) {
        sim_cpu_forget_code(cpu, addr, size_bytes);
    }
}

static bool store_aligned(
    struct sim_cpu *cpu, uint32_t addr, uint32_t size_bytes, bool privileged, uint32_t value)
{
    const struct sim_cpu_page *page = sim_cpu_page(cpu, addr);
    bool is_ram = (page->flags & SIM_CPU_PAGE_RAM) != 0;

    if ((page->flags & SIM_CPU_PAGE_STORE) == 0 || privileged != sim_cpu_is_privileged(cpu)) {
        if (!check_access(cpu, page, addr, SIM_CPU_WRITE, privileged)) {
            return false;
        }
    }
    if (is_ram && region_answers(cpu, page, addr, size_bytes)) {
        store_ram(cpu, page, addr, size_bytes, value);
        return true;
    }
    return store_device(cpu, addr, size_bytes, value);
}

bool sim_cpu_store(
    struct sim_cpu *cpu, uint32_t addr, uint32_t size_bytes, bool privileged, uint32_t value)
{
    if ((addr & (size_bytes - 1)) == 0) {
        return store_aligned(cpu, addr, size_bytes, privileged, value);
    }
    if (!is_normal(cpu, addr, size_bytes)) {
        return sim_cpu_set_fault(cpu, SIM_CPU_EXC_USAGE, SIM_CPU_UNALIGNED, addr);
    }
    for (uint32_t i = 0; i < size_bytes; i++) {
        if (!store_aligned(cpu, addr + i, 1, privileged, value >> (8 * i) & 0xFF)) {
            return false;
        }
    }
    return true;
}
