/* A MX25UW25645G alone on its wires, for the tests of the chip model: no controller, no CPU. */
#ifndef TESTS_UNIT_SIM_NOR_RIG_H
#define TESTS_UNIT_SIM_NOR_RIG_H

#include "sim/chip.h"
#include "sim/clock.h"
#include "sim/env.h"
#include "sim/inject.h"
#include "sim/report.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

enum { RIG_MHZ = 16, RIG_CHIP_BYTES = 32 << 20 };

struct nor_rig {
    struct sim_clock clock;
    struct sim_env env;
    struct sim_nor_storage storage;
    struct sim_chip *chip;
    uint32_t clock_hz;
    bool no_dqs;
};

static inline void nor_rig_init(struct nor_rig *rig)
{
    const struct sim_nor_part *part = sim_nor_part_find("MX25UW25645G");

    memset(rig, 0, sizeof *rig);
    cr_assert_not_null(part);
    sim_clock_init(&rig->clock);
    rig->env.clock = &rig->clock;
    rig->env.report = sim_report_create(&rig->clock);
    rig->env.inject = sim_inject_create();
    rig->storage.bytes = malloc(sim_nor_part_size_bytes(part));
    rig->storage.cells_bytes = sim_nor_part_cells_bytes(part);
    rig->storage.cells = malloc(rig->storage.cells_bytes);
    rig->storage.registers_bytes = sim_nor_part_registers_bytes(part);
    rig->storage.registers = malloc(rig->storage.registers_bytes);
    sim_nor_part_factory(part, &rig->storage);
    rig->chip = sim_nor_create(&rig->env, "flash", part, &rig->storage);
    rig->clock_hz = RIG_MHZ * 1000000;
    sim_clock_spend(&rig->clock, 10 * SIM_PS_PER_MS); /* past power-up */
}

static inline void nor_rig_free(struct nor_rig *rig)
{
    sim_nor_free(rig->chip);
    sim_report_free(rig->env.report);
    sim_inject_free(rig->env.inject);
    free(rig->storage.bytes);
    free(rig->storage.cells);
    free(rig->storage.registers);
    sim_clock_free(&rig->clock);
}

static inline void nor_rig_wait_us(struct nor_rig *rig, uint64_t us)
{
    sim_clock_spend(&rig->clock, us * SIM_PS_PER_US);
    sim_clock_fire_due(&rig->clock);
}

static inline uint32_t nor_rig_violations(const struct nor_rig *rig, const char *kind)
{
    struct sim_report_violation violation;

    for (size_t i = 0; sim_report_violation(rig->env.report, i, &violation); i++) {
        if (strcmp(violation.kind, kind) == 0) {
            return violation.count;
        }
    }
    return 0;
}

static inline void nor_rig_expect_clean(const struct nor_rig *rig)
{
    struct sim_report_violation violation;

    if (sim_report_violation(rig->env.report, 0, &violation)) {
        cr_assert_fail("violation %s: %s", violation.kind, violation.texts[0]);
    }
}

/* One transaction: bytes out, dummy clocks, bytes in; all in one width. lanes 1 or 8. */
static inline void nor_rig_transfer(struct nor_rig *rig, struct sim_phase phase, const void *out,
    size_t out_count, uint32_t dummies, void *in, size_t in_count)
{
    phase.clock_hz = rig->clock_hz;
    rig->chip->ops->select(rig->chip, 0xFF);
    rig->chip->ops->send(rig->chip, &phase, out, out_count);
    if (dummies > 0) {
        rig->chip->ops->idle(rig->chip, &phase, dummies);
    }
    if (in_count > 0) {
        phase.dqs = phase.dtr && !rig->no_dqs;
        rig->chip->ops->receive(rig->chip, &phase, in, in_count);
    }
    rig->chip->ops->deselect(rig->chip);
}

#define PHASE_1S   ((struct sim_phase){.lanes = 1})
#define PHASE_8S   ((struct sim_phase){.lanes = 8})
#define PHASE_8D   ((struct sim_phase){.lanes = 8, .dtr = true})
#define BYTES(...) ((const uint8_t[]){__VA_ARGS__})
#define SEND(rig, phase, ...)                                                                      \
    nor_rig_transfer(rig, phase, BYTES(__VA_ARGS__), sizeof(BYTES(__VA_ARGS__)), 0, NULL, 0)

/* SPI mode register reads. */
static inline uint8_t nor_rig_read_1s(struct nor_rig *rig, uint8_t opcode)
{
    uint8_t value = 0;

    nor_rig_transfer(rig, PHASE_1S, &opcode, 1, 0, &value, 1);
    return value;
}

static inline void nor_rig_read_array_1s(
    struct nor_rig *rig, uint32_t offset, uint8_t *bytes, size_t count)
{
    uint8_t out[] = {0x0C, (uint8_t)(offset >> 24), (uint8_t)(offset >> 16), (uint8_t)(offset >> 8),
        (uint8_t)offset};

    nor_rig_transfer(rig, PHASE_1S, out, sizeof out, 8, bytes, count);
}

static inline void nor_rig_program_1s(
    struct nor_rig *rig, uint32_t offset, const void *bytes, size_t count)
{
    uint8_t out[5 + 600] = {0x12, (uint8_t)(offset >> 24), (uint8_t)(offset >> 16),
        (uint8_t)(offset >> 8), (uint8_t)offset};

    memcpy(out + 5, bytes, count);
    SEND(rig, PHASE_1S, 0x06);
    nor_rig_transfer(rig, PHASE_1S, out, 5 + count, 0, NULL, 0);
}

static inline void nor_rig_erase_1s(struct nor_rig *rig, uint8_t opcode, uint32_t offset)
{
    SEND(rig, PHASE_1S, 0x06);
    SEND(rig, PHASE_1S, opcode, (uint8_t)(offset >> 24), (uint8_t)(offset >> 16),
        (uint8_t)(offset >> 8), (uint8_t)offset);
}

/* 8S or 8D from SPI mode, by CR2 0. */
static inline void nor_rig_enter(struct nor_rig *rig, uint8_t cr2)
{
    SEND(rig, PHASE_1S, 0x06);
    SEND(rig, PHASE_1S, 0x72, 0, 0, 0, 0, cr2);
}

#endif
