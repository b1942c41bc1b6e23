#include "sim/bus.h"
#include "sim/clock.h"
#include "sim/report.h"

#include <criterion/criterion.h>

#include <string.h>

enum { RAM_BASE = 0x24000000, PERIPH_BASE = 0x50000000, FLASH_BASE = 0x08000000 };

struct rig {
    struct sim_clock clock;
    struct sim_env env;
    struct sim_bus *bus;
    struct sim_region ram;
    struct sim_region flash;
    struct sim_periph periph;
    uint8_t bytes[4096];
    uint8_t written[64];
    uint8_t flash_bytes[4096];
    bool is_clocked;
    uint32_t flash_writes;
    bool flash_readable;
};

static bool is_clocked(void *rcc, uint16_t gate_offset, uint8_t gate_bit)
{
    const struct rig *rig = rcc;

    cr_assert_eq(gate_offset, 0x13C);
    cr_assert_eq(gate_bit, 29);
    return rig->is_clocked;
}

static bool periph_read(void *state, uint32_t offset, uint32_t size_bytes, uint32_t *value)
{
    (void)state;
    *value = offset + size_bytes;
    return offset != 0x20;
}

static bool periph_write(void *state, uint32_t offset, uint32_t size_bytes, uint32_t value)
{
    (void)state;
    (void)size_bytes;
    (void)value;
    return offset != 0x20;
}

static void periph_reset(void *state, enum sim_reset_kind kind)
{
    (void)state;
    (void)kind;
}

static bool flash_write(void *state, uint32_t offset, uint32_t size_bytes, uint32_t value)
{
    struct rig *rig = state;

    (void)size_bytes;
    (void)value;
    rig->flash_writes++;
    return offset < 0x100;
}

static bool flash_check_read(void *state, uint32_t offset, uint32_t size_bytes)
{
    const struct rig *rig = state;

    (void)offset;
    (void)size_bytes;
    return rig->flash_readable;
}

static void set_up(struct rig *rig)
{
    memset(rig, 0, sizeof *rig);
    sim_clock_init(&rig->clock);
    rig->env.clock = &rig->clock;
    rig->env.report = sim_report_create(&rig->clock);
    rig->bus = sim_bus_create(&rig->env);
    rig->is_clocked = true;
    rig->flash_readable = true;
    sim_bus_set_gate(rig->bus, is_clocked, rig);
    rig->ram = (struct sim_region){.name = "RAM",
        .base = RAM_BASE,
        .size_bytes = 4096,
        .capacity_bytes = 4096,
        .kind = SIM_REGION_RAM,
        .bytes = rig->bytes,
        .gate_offset = 0x13C,
        .gate_bit = 29,
        .ecc_line_bytes = 8,
        .ecc_written = rig->written};
    sim_bus_add_region(rig->bus, &rig->ram);
    rig->flash = (struct sim_region){.name = "flash",
        .base = FLASH_BASE,
        .size_bytes = 4096,
        .capacity_bytes = 4096,
        .kind = SIM_REGION_FLASH,
        .bytes = rig->flash_bytes,
        .gate_offset = SIM_GATE_ALWAYS,
        .write = flash_write,
        .check_read = flash_check_read,
        .state = rig};
    sim_bus_add_region(rig->bus, &rig->flash);
    rig->periph = (struct sim_periph){.name = "block",
        .base = PERIPH_BASE,
        .size_bytes = 0x400,
        .state = rig,
        .read = periph_read,
        .write = periph_write,
        .reset = periph_reset,
        .gate_offset = 0x13C,
        .gate_bit = 29};
    sim_bus_add_periph(rig->bus, &rig->periph);
}

static void tear_down(struct rig *rig)
{
    sim_bus_free(rig->bus);
    sim_report_free(rig->env.report);
    sim_clock_free(&rig->clock);
}

Test(bus, answers_inside_blocks_and_faults_between_them)
{
    struct rig rig;
    uint32_t value = 0;

    set_up(&rig);
    cr_assert(sim_bus_read(rig.bus, SIM_MASTER_CPU, PERIPH_BASE + 0x10, 4, &value));
    cr_assert_eq(value, 0x14);
    cr_assert_not(sim_bus_read(rig.bus, SIM_MASTER_CPU, PERIPH_BASE + 0x20, 4, &value));
    cr_assert_not(sim_bus_read(rig.bus, SIM_MASTER_CPU, PERIPH_BASE + 0x400, 4, &value));
    cr_assert_not(sim_bus_read(rig.bus, SIM_MASTER_CPU, PERIPH_BASE - 4, 4, &value));
    cr_assert_not(sim_bus_write(rig.bus, SIM_MASTER_CPU, 0x60000000, 4, 1));
    cr_assert_null(sim_bus_region_at(rig.bus, RAM_BASE + 4096));
    cr_assert_eq(sim_bus_region_at(rig.bus, RAM_BASE + 4095), &rig.ram);
    tear_down(&rig);
}

Test(bus, follows_a_region_whose_size_changes)
{
    struct rig rig;
    uint32_t generation = 0;
    uint32_t value = 0;

    set_up(&rig);
    generation = sim_bus_generation(rig.bus);
    rig.ram.size_bytes = 2048;
    sim_bus_regions_changed(rig.bus);
    cr_assert_neq(sim_bus_generation(rig.bus), generation);
    cr_assert_not(sim_bus_read(rig.bus, SIM_MASTER_DEBUG, RAM_BASE + 2048, 4, &value));
    tear_down(&rig);
}

Test(bus, gives_zero_and_a_violation_for_a_block_without_clock)
{
    struct rig rig;
    uint32_t value = 1;

    set_up(&rig);
    rig.is_clocked = false;
    cr_assert(sim_bus_read(rig.bus, SIM_MASTER_CPU, PERIPH_BASE, 4, &value));
    cr_assert_eq(value, 0);
    cr_assert_eq(sim_report_violation_count(rig.env.report), 1);
    cr_assert(sim_bus_write(rig.bus, SIM_MASTER_CPU, RAM_BASE, 4, 0x55));
    cr_assert_eq(rig.bytes[0], 0, "the write must be lost");
    cr_assert_eq(sim_report_violation_count(rig.env.report), 2);
    tear_down(&rig);
}

Test(bus, faults_the_debug_port_at_a_block_without_clock)
{
    struct rig rig;
    uint32_t value = 1;

    set_up(&rig);
    rig.is_clocked = false;
    cr_assert_not(sim_bus_read(rig.bus, SIM_MASTER_DEBUG, PERIPH_BASE, 4, &value));
    cr_assert_not(sim_bus_write(rig.bus, SIM_MASTER_DEBUG, RAM_BASE, 4, 1));
    cr_assert_eq(sim_report_violation_count(rig.env.report), 0);
    tear_down(&rig);
}

Test(bus, lets_the_flash_controller_decide_on_stores_and_reads)
{
    struct rig rig;
    uint32_t value = 0;

    set_up(&rig);
    cr_assert(sim_bus_write(rig.bus, SIM_MASTER_CPU, FLASH_BASE, 4, 1));
    cr_assert_not(sim_bus_write(rig.bus, SIM_MASTER_CPU, FLASH_BASE + 0x100, 4, 1));
    cr_assert_eq(rig.flash_writes, 2);
    rig.flash_readable = false;
    cr_assert_not(sim_bus_read(rig.bus, SIM_MASTER_CPU, FLASH_BASE, 4, &value));
    tear_down(&rig);
}

Test(bus, reports_a_first_store_that_covers_part_of_an_ecc_line_once)
{
    struct rig rig;

    set_up(&rig);
    sim_bus_note_store(rig.bus, &rig.ram, 0, 4);
    for (uint32_t line = 1; line <= 4; line++) { /* pushes it out of the merge buffer */
        sim_bus_note_store(rig.bus, &rig.ram, line * 8, 2);
    }
    cr_assert_eq(sim_report_violation_count(rig.env.report), 1);
    sim_bus_note_store(rig.bus, &rig.ram, 4, 1);
    cr_assert_eq(sim_report_violation_count(rig.env.report), 1);
    tear_down(&rig);
}

Test(bus, merges_neighbouring_stores_into_whole_ecc_lines)
{
    struct rig rig;

    set_up(&rig);
    for (uint32_t addr = RAM_BASE; addr < RAM_BASE + 256; addr += 4) {
        cr_assert(sim_bus_write(rig.bus, SIM_MASTER_DEBUG, addr, 4, addr));
    }
    sim_bus_note_store(rig.bus, &rig.ram, 256, 64);
    for (uint32_t offset = 0; offset < 320; offset += 8) {
        sim_bus_note_load(rig.bus, &rig.ram, offset, 8);
    }
    cr_assert_eq(sim_report_violation_count(rig.env.report), 0);
    tear_down(&rig);
}

Test(bus, reports_a_cpu_read_of_a_line_never_written_but_not_the_debug_ports)
{
    struct rig rig;
    uint32_t value = 0;

    set_up(&rig);
    cr_assert(sim_bus_read(rig.bus, SIM_MASTER_DEBUG, RAM_BASE + 64, 4, &value));
    cr_assert_eq(sim_report_violation_count(rig.env.report), 0);
    cr_assert(sim_bus_read(rig.bus, SIM_MASTER_CPU, RAM_BASE + 64, 4, &value));
    cr_assert_eq(sim_report_violation_count(rig.env.report), 1);
    tear_down(&rig);
}
