/* Lists of bus operations: recovery, and the ways into and out of the program and run buses. */
#include "host/board/blob_parts.h"

#include <string.h>

enum { READY_TIMEOUT_US = 100000, UNKNOWN_RESET_US = 100000, RELEASE_WAIT_US = 100 };

static struct abi_bus_step *add(struct blob_steps *steps, enum abi_bus_step_kind kind)
{
    struct abi_bus_step *step = &steps->steps[steps->count];

    if (steps->count + 1 >= BLOB_MAX_STEPS) {
        steps->overflow = true; /* the last entry takes what does not fit */
    } else {
        steps->count++;
    }
    memset(step, 0, sizeof *step);
    step->kind = (uint8_t)kind;
    return step;
}

static void add_ctrl(struct blob_steps *steps, enum abi_ctrl_index index)
{
    add(steps, ABI_STEP_CTRL)->index = (uint8_t)index;
}

static void add_expect_id(
    struct blob_steps *steps, const struct part *part, const struct part_mode *mode)
{
    struct abi_bus_step *step = add(steps, ABI_STEP_EXPECT);

    step->op = mode->read_id;
    step->op.data_bytes = (uint32_t)part->id_bytes;
    step->data_count = (uint8_t)part->id_bytes;
    memcpy(step->data, part->id, part->id_bytes);
}

static void add_ready(
    struct blob_steps *steps, const struct part *part, const struct part_mode *mode)
{
    struct abi_bus_step *step = add(steps, ABI_STEP_POLL);

    step->op = mode->read_status;
    step->mask = part->busy_mask;
    step->match = (uint8_t)(~part->busy_value & part->busy_mask);
    step->timeout_us = READY_TIMEOUT_US;
}

/* Steps of a mode with the controller set-up and the dummy code filled in. */
static void add_mode_steps(struct blob_steps *steps, const struct abi_bus_step *list, size_t count,
    enum abi_ctrl_index ctrl)
{
    for (size_t i = 0; i < count; i++) {
        struct abi_bus_step *step = add(steps, (enum abi_bus_step_kind)list[i].kind);

        *step = list[i];
        if (step->kind == ABI_STEP_CTRL && step->index == PART_CTRL_OF_MODE) {
            step->index = (uint8_t)ctrl;
        }
    }
}

static void add_enter(struct blob_steps *steps, const struct part_mode *mode,
    const struct part_dummy *dummy, enum abi_ctrl_index ctrl)
{
    size_t first = steps->count;

    add_mode_steps(steps, mode->enter, mode->enter_count, ctrl);
    for (size_t i = 0; dummy != NULL && i < mode->enter_count; i++) {
        if ((mode->dummy_steps >> i & 1) != 0) {
            steps->steps[first + i].data[0] = dummy->code;
        }
    }
}

static const struct part_mode *single_line(const struct part *part)
{
    return part_mode_find(part, "1S-1S-1S");
}

void blob_steps_enter_program(struct blob_steps *steps, const struct part *part,
    const struct part_mode *mode, const struct part_dummy *dummy)
{
    const struct part_mode *single = single_line(part);

    add_ctrl(steps, ABI_CTRL_DETECT);
    add_expect_id(steps, part, single);
    if (mode == single) {
        add_ctrl(steps, ABI_CTRL_PROGRAM);
    }
    add_enter(steps, mode, dummy, ABI_CTRL_PROGRAM);
    add_ready(steps, part, mode);
    add_expect_id(steps, part, mode);
}

/* Register commands in the new mode still go at the slow clock; the fast one comes last. */
void blob_steps_enter_run(struct blob_steps *steps, const struct part *part,
    const struct part_mode *mode, const struct part_dummy *dummy)
{
    add_ctrl(steps, ABI_CTRL_RUN_SETUP);
    add_expect_id(steps, part, single_line(part));
    add_enter(steps, mode, dummy, ABI_CTRL_RUN_SETUP);
    add_ready(steps, part, mode);
    add_expect_id(steps, part, mode);
    add_ctrl(steps, ABI_CTRL_RUN);
}

void blob_steps_leave_program(
    struct blob_steps *steps, const struct part *part, const struct part_mode *mode)
{
    const struct part_mode *single = single_line(part);

    if (mode == single) {
        add_ctrl(steps, ABI_CTRL_DETECT);
    }
    add_mode_steps(steps, mode->leave, mode->leave_count, ABI_CTRL_DETECT);
    add_ready(steps, part, single);
    add_expect_id(steps, part, single);
}

/* ---- recovery ---- */

static bool is_release(const struct abi_bus_op *op)
{
    return (op->opcode_bytes == 1 && op->opcode == 0xAB) ||
           (op->opcode_bytes == 2 && op->opcode >> 8 == 0xAB);
}

void blob_steps_recover(
    struct blob_steps *steps, const struct part *part, const struct board_memory_details *details)
{
    unsigned lines = board_wired_lines(details);

    add_ctrl(steps, ABI_CTRL_DETECT);
    for (size_t i = 0; i < part->recover_count; i++) {
        const struct abi_bus_step *from = &part->recover[i];
        struct abi_bus_step *step = NULL;

        if ((from->op.opcode_bus & ABI_BUS_LINES_MASK) > lines ||
            (is_release(&from->op) && (details->quirks & BOARD_QUIRK_NO_RELEASE) != 0)) {
            continue;
        }
        step = add(steps, (enum abi_bus_step_kind)from->kind);
        *step = *from;
        if (step->kind == ABI_STEP_WAIT && step->timeout_us == 0) {
            step->timeout_us = part->reset_max_us;
        }
    }
}

static void add_quiet(struct blob_steps *steps, uint16_t opcode, uint8_t bytes, uint8_t bus)
{
    struct abi_bus_step *step = add(steps, ABI_STEP_QUIET);

    step->op.opcode = opcode;
    step->op.opcode_bytes = bytes;
    step->op.opcode_bus = bus;
}

/* All ones on four lines for 12 clocks: ends the continuous-read mode of quad parts. Alternate
 * bytes rather than an address, which the controller would compare with the chip's size. */
static void add_mode_reset(struct blob_steps *steps)
{
    struct abi_bus_step *step = add(steps, ABI_STEP_QUIET);

    step->op.opcode = 0xFFFF;
    step->op.opcode_bytes = 2;
    step->op.opcode_bus = 4;
    step->op.alternate_bytes = 4;
    step->op.alternate_bus = 4;
    step->op.alternate = UINT32_MAX;
}

void blob_steps_recover_any(struct blob_steps *steps, const struct board_memory_details *details)
{
    unsigned lines = board_wired_lines(details);
    bool release = (details->quirks & BOARD_QUIRK_NO_RELEASE) == 0;

    add_ctrl(steps, ABI_CTRL_DETECT);
    if (lines >= 4) {
        add_mode_reset(steps);
    }
    if (release) {
        add_quiet(steps, 0xAB, 1, 1);
    }
    if (release && lines >= 4) {
        add_quiet(steps, 0xAB, 1, 4);
    }
    if (release && lines == 8) {
        add_quiet(steps, 0xAB54, 2, 8);
        add_quiet(steps, 0xAB54, 2, 8 | ABI_BUS_DTR);
        add_quiet(steps, 0xABAB, 2, 8 | ABI_BUS_DTR);
    }
    add(steps, ABI_STEP_WAIT)->timeout_us = RELEASE_WAIT_US;
    add_quiet(steps, 0x66, 1, 1);
    add_quiet(steps, 0x99, 1, 1);
    if (lines >= 2) {
        add_quiet(steps, 0x66, 1, 2);
        add_quiet(steps, 0x99, 1, 2);
    }
    if (lines >= 4) {
        add_quiet(steps, 0x66, 1, 4);
        add_quiet(steps, 0x99, 1, 4);
    }
    if (lines == 8) {
        add_quiet(steps, 0x6699, 2, 8);
        add_quiet(steps, 0x9966, 2, 8);
        add_quiet(steps, 0x6699, 2, 8 | ABI_BUS_DTR);
        add_quiet(steps, 0x9966, 2, 8 | ABI_BUS_DTR);
        add_quiet(steps, 0x6666, 2, 8 | ABI_BUS_DTR);
        add_quiet(steps, 0x9999, 2, 8 | ABI_BUS_DTR);
    }
    add(steps, ABI_STEP_WAIT)->timeout_us = UNKNOWN_RESET_US;
}
