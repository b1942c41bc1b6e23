/* A serial NOR flash: life, power, and the front of its bus. */
#include "sim/chips/nor.h"

#include "sim/report.h"
#include "sim/trace.h"

#include <stdlib.h>
#include <string.h>

static struct nor *nor_of(struct sim_chip *chip)
{
    return (struct nor *)(void *)chip; /* base is the first member */
}

static void power(struct sim_chip *chip, bool on)
{
    struct nor *nor = nor_of(chip);

    nor_reset(nor, nor->part->power_up_us);
    nor->deaf_why = "access-during-power-up";
    nor->frame.selected = false;
    nor->powered = on;
}

static void hardware_reset(struct sim_chip *chip)
{
    struct nor *nor = nor_of(chip);
    const struct sim_nor_part *part = nor->part;
    bool was_idle = nor->job.state == NOR_JOB_NONE;

    nor_reset(nor, was_idle ? part->reset_idle_us : part->reset_in_erase_us);
}

static void select(struct sim_chip *chip, uint16_t wired_lanes)
{
    struct nor *nor = nor_of(chip);

    nor_job_sync(nor);
    nor_decode_start(nor, wired_lanes);
    if (nor->env->trace != NULL) {
        sim_trace_select(nor->env->trace, nor->base.name);
    }
}

static void send(
    struct sim_chip *chip, const struct sim_phase *phase, const uint8_t *bytes, size_t count)
{
    struct nor *nor = nor_of(chip);

    if (nor->env->trace != NULL) {
        sim_trace_send(nor->env->trace, phase, bytes, count);
    }
    nor_wire_send(nor, phase, bytes, count);
}

static void idle(struct sim_chip *chip, const struct sim_phase *phase, uint32_t clocks)
{
    struct nor *nor = nor_of(chip);

    if (nor->env->trace != NULL) {
        sim_trace_idle(nor->env->trace, phase, clocks);
    }
    nor_wire_idle(nor, clocks);
}

static void receive(
    struct sim_chip *chip, const struct sim_phase *phase, uint8_t *bytes, size_t count)
{
    struct nor *nor = nor_of(chip);

    nor_wire_receive(nor, phase, bytes, count);
    if (nor->env->trace != NULL) {
        sim_trace_receive(nor->env->trace, phase, bytes, count);
    }
}

static void deselect(struct sim_chip *chip)
{
    struct nor *nor = nor_of(chip);
    struct nor_frame *frame = &nor->frame;

    if (!frame->selected) {
        return;
    }
    frame->selected = false;
    nor_job_sync(nor);
    nor_execute(nor);
    if (nor->env->trace != NULL) {
        const char *name = frame->command != NULL ? frame->command->name : NULL;

        sim_trace_deselect(nor->env->trace, frame->note[0] != '\0' ? frame->note : name);
    }
}

/* The end of a reset or wake-up time changes the answer of direct() too, and no event marks it. */
static uint32_t generation(struct sim_chip *chip)
{
    const struct nor *nor = nor_of(chip);

    return 2 * nor->generation + (nor_now_ps(nor) >= nor->deaf_until_ps ? 1 : 0);
}

static uint64_t busy_until_ps(struct sim_chip *chip)
{
    const struct nor *nor = nor_of(chip);

    return nor->job_event.armed ? nor->job_event.due_ps : SIM_NEVER;
}

static const struct sim_chip_ops nor_ops = {
    .power = power,
    .hardware_reset = hardware_reset,
    .select = select,
    .send = send,
    .idle = idle,
    .receive = receive,
    .deselect = deselect,
    .direct = nor_direct,
    .generation = generation,
    .busy_until_ps = busy_until_ps,
};

struct sim_chip *sim_nor_create(const struct sim_env *env, const char *name,
    const struct sim_nor_part *part, const struct sim_nor_storage *storage)
{
    struct nor *nor = calloc(1, sizeof *nor);

    if (nor == NULL) {
        return NULL;
    }
    nor->dpb = calloc(part->size_bytes / part->block_bytes, 1);
    if (nor->dpb == NULL) {
        free(nor);
        return NULL;
    }
    nor->base.ops = &nor_ops;
    nor->base.name = name;
    nor->base.size_bytes = part->size_bytes;
    nor->env = env;
    nor->part = part;
    nor->storage = *storage;
    memcpy(nor->id, part->id, sizeof nor->id);
    nor->time_per_mille = 1000;
    nor->job_event.fire = nor_job_fire;
    nor->job_event.context = nor;
    nor_cells_count_weak(nor);
    power(&nor->base, true);
    return &nor->base;
}

void sim_nor_free(struct sim_chip *chip)
{
    if (chip != NULL) {
        struct nor *nor = nor_of(chip);

        sim_clock_cancel(nor->env->clock, &nor->job_event);
        free(nor->dpb);
        free(nor);
    }
}

void sim_nor_set_time_scale(struct sim_chip *chip, uint32_t per_mille)
{
    nor_of(chip)->time_per_mille = per_mille;
}
