/* The address map: RAM and ROM regions, peripherals, memory-mapped windows of flash controllers.
 *
 * Both masters that matter use it: the CPU (for what Unicorn does not serve from its own mapping)
 * and the debug port. Faults are decided here, never by Unicorn. */
#ifndef SIM_BUS_H
#define SIM_BUS_H

#include "sim/env.h"
#include "sim/periph.h"
#include "sim/window.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sim_region_kind {
    SIM_REGION_TCM,  /* ITCM, DTCM: never cached, one cycle */
    SIM_REGION_RAM,  /* AXI and AHB SRAM: cacheable by the default memory map */
    SIM_REGION_ROM,  /* boot ROM, read-only */
    SIM_REGION_FLASH /* internal flash: reads through bytes, writes go to the flash controller */
};

struct sim_region {
    const char *name;
    uint32_t base;
    uint32_t size_bytes;     /* present now: option bytes move the shares of shared RAM */
    uint32_t capacity_bytes; /* of the storage behind bytes */
    enum sim_region_kind kind;
    uint8_t *bytes;       /* page-aligned (4 KiB) host memory, owned by the model that adds it */
    uint16_t gate_offset; /* as in struct sim_periph */
    uint8_t gate_bit;
    uint8_t ecc_line_bytes; /* 0: no ECC; 8: AXI, ITCM; 4: DTCM */
    uint8_t *ecc_written;   /* one bit per line: written since power-up; NULL without ECC */
    /* Internal flash only, else NULL: a store by CPU or debug port, and the error of a read
     * (double ECC error). False means a bus error. */
    bool (*write)(void *state, uint32_t offset, uint32_t size_bytes, uint32_t value);
    bool (*check_read)(void *state, uint32_t offset, uint32_t size_bytes);
    void *state;
};

enum sim_master { SIM_MASTER_CPU, SIM_MASTER_DEBUG, SIM_MASTER_DMA };

struct sim_bus;

/* Asked before each access to a gated block; answered by the RCC model. */
typedef bool sim_gate_fn(void *rcc, uint16_t gate_offset, uint8_t gate_bit);

struct sim_bus *sim_bus_create(const struct sim_env *env);
void sim_bus_free(struct sim_bus *bus);
void sim_bus_set_gate(struct sim_bus *bus, sim_gate_fn *is_clocked, void *rcc);

/* The pointed-to structs stay owned by the caller and must outlive the bus. */
void sim_bus_add_region(struct sim_bus *bus, struct sim_region *region);
void sim_bus_add_periph(struct sim_bus *bus, const struct sim_periph *periph);
void sim_bus_add_window(struct sim_bus *bus, const struct sim_window *window);
/* Calls `reset` of every peripheral, in the order in which they were added. */
void sim_bus_reset_periphs(struct sim_bus *bus, enum sim_reset_kind kind);
/* To be called when a region's size_bytes changed; the CPU remaps. */
void sim_bus_regions_changed(struct sim_bus *bus);
uint32_t sim_bus_generation(const struct sim_bus *bus);

struct sim_region *sim_bus_region_at(struct sim_bus *bus, uint32_t addr);
const struct sim_periph *sim_bus_periph_at(struct sim_bus *bus, uint32_t addr);
const struct sim_window *sim_bus_window_at(struct sim_bus *bus, uint32_t addr);
size_t sim_bus_region_count(const struct sim_bus *bus);
struct sim_region *sim_bus_region(struct sim_bus *bus, size_t index);

/* size_bytes 1, 2 or 4, naturally aligned. False: bus error. The private peripheral bus
 * (0xE0000000 upward) is a peripheral like any other, added by the CPU model. */
bool sim_bus_read(struct sim_bus *bus, enum sim_master master, uint32_t addr, uint32_t size_bytes,
    uint32_t *value);
bool sim_bus_write(struct sim_bus *bus, enum sim_master master, uint32_t addr, uint32_t size_bytes,
    uint32_t value);

/* ECC bookkeeping for whoever stores into region->bytes without sim_bus_write(): a burst counts as
 * one store of size_bytes. Allowed on regions without ECC. */
void sim_bus_note_store(
    struct sim_bus *bus, struct sim_region *region, uint32_t offset, uint32_t size_bytes);
void sim_bus_note_load(
    struct sim_bus *bus, struct sim_region *region, uint32_t offset, uint32_t size_bytes);
bool sim_bus_region_is_clocked(struct sim_bus *bus, const struct sim_region *region);
/* Stores still waiting to be merged into a whole ECC line are forgotten (power-on). */
void sim_bus_forget_stores(struct sim_bus *bus);

/* Set by the CPU model: RAM as masters other than the CPU see it. region->bytes holds what the core
 * sees; a line in the D-cache may hide other bytes behind it. */
struct sim_bus_snoop {
    void *state;
    /* Corrects *value, already read from region->bytes, to what lies behind the cache. */
    void (*read)(void *state, uint32_t addr, uint32_t size_bytes, uint32_t *value);
    /* True: the line is cached, the bytes went behind it and region->bytes must stay. */
    bool (*write)(void *state, uint32_t addr, uint32_t size_bytes, uint32_t value);
    /* region->bytes changed at addr (size_bytes 1, 2 or 4). */
    void (*changed)(void *state, uint32_t addr, uint32_t size_bytes);
};
void sim_bus_set_snoop(struct sim_bus *bus, const struct sim_bus_snoop *snoop);
size_t sim_bus_window_count(const struct sim_bus *bus);
const struct sim_window *sim_bus_window(const struct sim_bus *bus, size_t index);

#endif
