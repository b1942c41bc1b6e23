#include "sim/bus.h"

#include "sim/report.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_REGIONS = 32, MAX_PERIPHS = 96, MAX_WINDOWS = 4, MERGE_SLOTS = 4 };

/* A first store to part of an ECC line, waiting for the rest of the line as in the store buffer of
 * the core or of the interconnect. */
struct merge_slot {
    struct sim_region *region; /* NULL: free */
    uint32_t line;
    uint32_t byte_mask;
};

struct sim_bus {
    struct sim_env env;
    sim_gate_fn *is_clocked;
    void *rcc;
    struct sim_region *regions[MAX_REGIONS];
    size_t region_count;
    const struct sim_periph *periphs[MAX_PERIPHS];     /* sorted by base */
    const struct sim_periph *reset_order[MAX_PERIPHS]; /* as added */
    size_t periph_count;
    const struct sim_window *windows[MAX_WINDOWS];
    size_t window_count;
    uint32_t generation;
    struct merge_slot merging[MERGE_SLOTS];
    size_t next_merge_slot;
    struct sim_bus_snoop snoop;
};

struct sim_bus *sim_bus_create(const struct sim_env *env)
{
    struct sim_bus *bus = calloc(1, sizeof *bus);

    if (bus == NULL) {
        abort();
    }
    bus->env = *env;
    return bus;
}

void sim_bus_free(struct sim_bus *bus)
{
    free(bus);
}

void sim_bus_set_gate(struct sim_bus *bus, sim_gate_fn *is_clocked, void *rcc)
{
    bus->is_clocked = is_clocked;
    bus->rcc = rcc;
}

void sim_bus_set_snoop(struct sim_bus *bus, const struct sim_bus_snoop *snoop)
{
    bus->snoop = *snoop;
}

void sim_bus_add_region(struct sim_bus *bus, struct sim_region *region)
{
    assert(bus->region_count < MAX_REGIONS);
    bus->regions[bus->region_count++] = region;
    bus->generation++;
}

void sim_bus_add_periph(struct sim_bus *bus, const struct sim_periph *periph)
{
    size_t index = bus->periph_count++;

    assert(index < MAX_PERIPHS);
    bus->reset_order[index] = periph;
    while (index > 0 && bus->periphs[index - 1]->base > periph->base) {
        bus->periphs[index] = bus->periphs[index - 1];
        index--;
    }
    bus->periphs[index] = periph;
    bus->generation++;
}

void sim_bus_reset_periphs(struct sim_bus *bus, enum sim_reset_kind kind)
{
    for (size_t i = 0; i < bus->periph_count; i++) {
        bus->reset_order[i]->reset(bus->reset_order[i]->state, kind);
    }
}

void sim_bus_add_window(struct sim_bus *bus, const struct sim_window *window)
{
    assert(bus->window_count < MAX_WINDOWS);
    bus->windows[bus->window_count++] = window;
    bus->generation++;
}

void sim_bus_regions_changed(struct sim_bus *bus)
{
    bus->generation++;
}

uint32_t sim_bus_generation(const struct sim_bus *bus)
{
    return bus->generation;
}

struct sim_region *sim_bus_region_at(struct sim_bus *bus, uint32_t addr)
{
    for (size_t i = 0; i < bus->region_count; i++) {
        if (addr - bus->regions[i]->base < bus->regions[i]->size_bytes) {
            return bus->regions[i];
        }
    }
    return NULL;
}

const struct sim_periph *sim_bus_periph_at(struct sim_bus *bus, uint32_t addr)
{
    size_t low = 0;
    size_t high = bus->periph_count;

    while (low < high) { /* ends behind the last block whose base is not above addr */
        size_t middle = (low + high) / 2;

        if (bus->periphs[middle]->base <= addr) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low > 0 && addr - bus->periphs[low - 1]->base < bus->periphs[low - 1]->size_bytes) {
        return bus->periphs[low - 1];
    }
    return NULL;
}

const struct sim_window *sim_bus_window_at(struct sim_bus *bus, uint32_t addr)
{
    for (size_t i = 0; i < bus->window_count; i++) {
        if (addr - bus->windows[i]->base < bus->windows[i]->size_bytes) {
            return bus->windows[i];
        }
    }
    return NULL;
}

size_t sim_bus_region_count(const struct sim_bus *bus)
{
    return bus->region_count;
}

struct sim_region *sim_bus_region(struct sim_bus *bus, size_t index)
{
    return bus->regions[index];
}

size_t sim_bus_window_count(const struct sim_bus *bus)
{
    return bus->window_count;
}

const struct sim_window *sim_bus_window(const struct sim_bus *bus, size_t index)
{
    return bus->windows[index];
}

static bool is_clocked(const struct sim_bus *bus, uint16_t gate_offset, uint8_t gate_bit)
{
    return gate_offset == SIM_GATE_ALWAYS || bus->is_clocked == NULL ||
           bus->is_clocked(bus->rcc, gate_offset, gate_bit);
}

bool sim_bus_region_is_clocked(struct sim_bus *bus, const struct sim_region *region)
{
    return is_clocked(bus, region->gate_offset, region->gate_bit);
}

/* What an access to a block without clock comes to. For the debug port it is a bus fault that the
 * access port shows; the CPU reads 0, loses the write, and the program is wrong. */
static bool refuse_unclocked(
    struct sim_bus *bus, enum sim_master master, const char *name, uint32_t addr)
{
    if (master == SIM_MASTER_DEBUG) {
        return false;
    }
    sim_violation(
        bus->env.report, "unclocked-access", "%s at 0x%08" PRIx32 " has no clock", name, addr);
    return true;
}

/* ECC (mcu.md 3): a store to part of a line that was never written since power-up makes the RAM
 * read, correct and rewrite cells with random check bits. */

static bool line_is_written(const struct sim_region *region, uint32_t line)
{
    return (region->ecc_written[line / 8] >> (line % 8) & 1) != 0;
}

static void set_line_written(struct sim_region *region, uint32_t line)
{
    region->ecc_written[line / 8] = (uint8_t)(region->ecc_written[line / 8] | 1U << (line % 8));
}

static void report_partial(struct sim_bus *bus, struct merge_slot *slot)
{
    struct sim_region *region = slot->region;

    slot->region = NULL;
    if (region == NULL || line_is_written(region, slot->line)) {
        return;
    }
    set_line_written(region, slot->line);
    sim_violation(bus->env.report, "ecc-partial-write",
        "%s: first write to the ECC line at 0x%08" PRIx32 " covers only part of its %u bytes",
        region->name, region->base + slot->line * region->ecc_line_bytes,
        (unsigned)region->ecc_line_bytes);
}

static void merge_partial(
    struct sim_bus *bus, struct sim_region *region, uint32_t line, uint32_t byte_mask)
{
    uint32_t full_mask = (1U << region->ecc_line_bytes) - 1;
    struct merge_slot *slot = NULL;

    for (size_t i = 0; i < MERGE_SLOTS; i++) {
        if (bus->merging[i].region == region && bus->merging[i].line == line) {
            slot = &bus->merging[i];
        }
    }
    if (slot == NULL) {
        slot = &bus->merging[bus->next_merge_slot];
        bus->next_merge_slot = (bus->next_merge_slot + 1) % MERGE_SLOTS;
        report_partial(bus, slot);
        *slot = (struct merge_slot){.region = region, .line = line};
    }
    slot->byte_mask |= byte_mask;
    if (slot->byte_mask == full_mask) {
        set_line_written(region, line);
        slot->region = NULL;
    }
}

static void note_line_store(
    struct sim_bus *bus, struct sim_region *region, uint32_t line, uint32_t within, uint32_t count)
{
    if (line_is_written(region, line)) {
        return;
    }
    if (count == region->ecc_line_bytes) {
        set_line_written(region, line);
    } else {
        merge_partial(bus, region, line, ((1U << count) - 1) << within);
    }
}

void sim_bus_note_store(
    struct sim_bus *bus, struct sim_region *region, uint32_t offset, uint32_t size_bytes)
{
    uint32_t line_bytes = region->ecc_line_bytes;

    if (line_bytes == 0 || region->ecc_written == NULL) {
        return;
    }
    while (size_bytes > 0) {
        uint32_t within = offset % line_bytes;
        uint32_t room = line_bytes - within;
        uint32_t count = room < size_bytes ? room : size_bytes;

        note_line_store(bus, region, offset / line_bytes, within, count);
        offset += count;
        size_bytes -= count;
    }
}

void sim_bus_note_load(
    struct sim_bus *bus, struct sim_region *region, uint32_t offset, uint32_t size_bytes)
{
    uint32_t line_bytes = region->ecc_line_bytes;

    if (line_bytes == 0 || region->ecc_written == NULL) {
        return;
    }
    for (uint32_t line = offset / line_bytes; line <= (offset + size_bytes - 1) / line_bytes;
         line++) {
        if (!line_is_written(region, line)) {
            set_line_written(region, line);
            sim_violation(bus->env.report, "ecc-uninitialised-read",
                "%s: 0x%08" PRIx32 " read before it was written since power-up", region->name,
                region->base + offset);
        }
    }
}

void sim_bus_forget_stores(struct sim_bus *bus)
{
    memset(bus->merging, 0, sizeof bus->merging);
}

static uint32_t load_le(const uint8_t *bytes, uint32_t size_bytes)
{
    uint32_t value = 0;

    memcpy(&value, bytes, size_bytes); /* host and target are little-endian */
    return value;
}

static bool read_region(struct sim_bus *bus, enum sim_master master, struct sim_region *region,
    uint32_t addr, uint32_t size_bytes, uint32_t *value)
{
    uint32_t offset = addr - region->base;

    *value = 0;
    if (!is_clocked(bus, region->gate_offset, region->gate_bit)) {
        return refuse_unclocked(bus, master, region->name, addr);
    }
    if (region->check_read != NULL && !region->check_read(region->state, offset, size_bytes)) {
        return false;
    }
    if (master == SIM_MASTER_CPU) {
        sim_bus_note_load(bus, region, offset, size_bytes);
    }
    *value = load_le(region->bytes + offset, size_bytes);
    if (master != SIM_MASTER_CPU && bus->snoop.read != NULL) {
        bus->snoop.read(bus->snoop.state, addr, size_bytes, value);
    }
    return true;
}

static bool write_region(struct sim_bus *bus, enum sim_master master, struct sim_region *region,
    uint32_t addr, uint32_t size_bytes, uint32_t value)
{
    uint32_t offset = addr - region->base;

    if (!is_clocked(bus, region->gate_offset, region->gate_bit)) {
        return refuse_unclocked(bus, master, region->name, addr);
    }
    if (region->write != NULL) {
        return region->write(region->state, offset, size_bytes, value);
    }
    if (region->kind == SIM_REGION_ROM || region->kind == SIM_REGION_FLASH) {
        return false;
    }
    sim_bus_note_store(bus, region, offset, size_bytes);
    if (master != SIM_MASTER_CPU && bus->snoop.write != NULL &&
        bus->snoop.write(bus->snoop.state, addr, size_bytes, value)) {
        return true;
    }
    memcpy(region->bytes + offset, &value, size_bytes);
    if (bus->snoop.changed != NULL) {
        bus->snoop.changed(bus->snoop.state, addr, size_bytes);
    }
    return true;
}

bool sim_bus_read(struct sim_bus *bus, enum sim_master master, uint32_t addr, uint32_t size_bytes,
    uint32_t *value)
{
    const struct sim_periph *periph = sim_bus_periph_at(bus, addr);
    struct sim_region *region = NULL;
    const struct sim_window *window = NULL;

    *value = 0;
    if (periph != NULL) {
        if (!is_clocked(bus, periph->gate_offset, periph->gate_bit)) {
            return refuse_unclocked(bus, master, periph->name, addr);
        }
        return periph->read(periph->state, addr - periph->base, size_bytes, value);
    }
    region = sim_bus_region_at(bus, addr);
    if (region != NULL) {
        return read_region(bus, master, region, addr, size_bytes, value);
    }
    window = sim_bus_window_at(bus, addr);
    return window != NULL && window->read(window->state, addr - window->base, size_bytes, value);
}

bool sim_bus_write(
    struct sim_bus *bus, enum sim_master master, uint32_t addr, uint32_t size_bytes, uint32_t value)
{
    const struct sim_periph *periph = sim_bus_periph_at(bus, addr);
    struct sim_region *region = NULL;
    const struct sim_window *window = NULL;

    if (periph != NULL) {
        if (!is_clocked(bus, periph->gate_offset, periph->gate_bit)) {
            return refuse_unclocked(bus, master, periph->name, addr);
        }
        return periph->write(periph->state, addr - periph->base, size_bytes, value);
    }
    region = sim_bus_region_at(bus, addr);
    if (region != NULL) {
        return write_region(bus, master, region, addr, size_bytes, value);
    }
    window = sim_bus_window_at(bus, addr);
    return window != NULL && window->write(window->state, addr - window->base, size_bytes, value);
}
