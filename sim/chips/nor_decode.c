/* Command, address, dummy clocks and data of one transaction, byte by byte in the chip's mode. */
#include "sim/chips/nor.h"
#include "sim/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void nor_note(struct nor *nor, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(nor->frame.note, sizeof nor->frame.note, fmt, args);
    va_end(args);
}

const struct nor_command *nor_command_find(
    const struct sim_nor_part *part, enum nor_mode mode, uint8_t opcode)
{
    for (size_t i = 0; i < part->command_count; i++) {
        const struct nor_command *command = &part->commands[i];

        if (command->opcode == opcode && (command->modes & 1U << mode) != 0) {
            return command;
        }
    }
    return NULL;
}

bool nor_command_is_read(const struct nor_command *command)
{
    return command->action >= NOR_ACTION_READ_ARRAY && command->action <= NOR_ACTION_LAST_READ;
}

static const struct nor_dummy_row *dummy_row(const struct nor *nor)
{
    return &nor->part->dummies[nor->cr2[NOR_CR2_DUMMY] & 7];
}

uint8_t nor_command_dummy(const struct nor *nor, const struct nor_command *command)
{
    uint8_t dummy = nor->mode == NOR_1S ? command->dummy_1s : command->dummy_octal;

    return dummy == NOR_DUMMY_CODE ? dummy_row(nor)->clocks : dummy;
}

uint32_t nor_command_max_hz(const struct nor *nor, const struct nor_command *command)
{
    uint32_t mhz = nor->mode == NOR_1S ? command->max_mhz_1s : command->max_mhz_octal;

    if (nor->mode != NOR_1S && mhz == 0) {
        mhz = dummy_row(nor)->max_mhz;
    }
    return mhz * 1000000;
}

uint8_t nor_command_addr_bytes(const struct nor *nor, const struct nor_command *command)
{
    return nor->mode == NOR_1S ? command->addr_bytes_1s : command->addr_bytes_octal;
}

void nor_decode_start(struct nor *nor, uint16_t wired_lanes)
{
    struct nor_frame *frame = &nor->frame;

    frame->selected = true;
    frame->wired = wired_lanes;
    frame->stage = nor->powered ? NOR_STAGE_OPCODE : NOR_STAGE_IGNORE;
    frame->command = NULL;
    frame->opcode_count = 0;
    frame->addr_left = 0;
    frame->addr = 0;
    frame->dummy_left = 0;
    frame->bit_count = 0;
    frame->data_count = 0;
    frame->out_count = 0;
    frame->max_hz = 0;
    frame->weak_page = UINT32_MAX;
    frame->odd_edge = false;
    frame->too_fast = false;
    frame->strobe_missed = false;
    frame->fault = SIM_FAULT_NONE;
    frame->note[0] = '\0';
}

static void ignore(struct nor *nor)
{
    nor->frame.command = NULL;
    nor->frame.stage = NOR_STAGE_IGNORE;
}

/* False: the chip does not take this command in its present state. */
static bool takes_command(struct nor *nor, const struct nor_command *command)
{
    bool is_silent = (command->flags & NOR_SILENT) != 0;

    if (nor_now_ps(nor) < nor->deaf_until_ps) {
        nor_note(nor, "%s ignored: %s", command->name, nor->deaf_why);
        if (!is_silent) {
            sim_violation(nor->env->report, nor->deaf_why, "%s: %s comes %llu ns too early",
                nor->base.name, command->name,
                (unsigned long long)((nor->deaf_until_ps - nor_now_ps(nor)) / SIM_PS_PER_NS));
        }
        return false;
    }
    if (nor->power_down && command->action != NOR_ACTION_WAKE) {
        nor_note(nor, "%s ignored: deep power-down", command->name);
        return false;
    }
    if (nor_is_busy(nor) && (command->flags & NOR_WHEN_BUSY) == 0) {
        nor_note(nor, "%s ignored: busy", command->name);
        if (!is_silent) {
            sim_violation(nor->env->report, "access-while-busy", "%s: %s while WIP is set",
                nor->base.name, command->name);
        }
        return false;
    }
    return true;
}

static void start_data(struct nor *nor)
{
    struct nor_frame *frame = &nor->frame;

    if (!nor_command_is_read(frame->command)) {
        frame->stage = NOR_STAGE_DATA_IN;
        return;
    }
    frame->stage = NOR_STAGE_DATA_OUT;
    if (frame->command->action == NOR_ACTION_READ_STATUS) {
        sim_report_cost(nor->env->report, SIM_COST_STATUS_POLLS, 1);
    }
    if (frame->command->action <= NOR_ACTION_READ_SFDP) {
        frame->fault = nor_fault_next(nor, SIM_SEAM_CHIP_READ);
    }
    if (frame->command->action == NOR_ACTION_READ_ARRAY && nor->mode == NOR_8D &&
        frame->addr % 2 != 0) {
        frame->addr--; /* A0 is taken as 0 (memories.md 1.5) */
        sim_violation(nor->env->report, "dtr-odd-address", "%s: 8D read at odd address 0x%08x",
            nor->base.name, (unsigned)frame->addr + 1);
    }
}

static void end_address(struct nor *nor)
{
    struct nor_frame *frame = &nor->frame;

    frame->dummy_left = nor_command_dummy(nor, frame->command);
    if (frame->dummy_left > 0) {
        frame->stage = NOR_STAGE_DUMMY;
    } else {
        start_data(nor);
    }
}

static void end_opcode(struct nor *nor, uint8_t opcode)
{
    struct nor_frame *frame = &nor->frame;
    const struct nor_command *command = nor_command_find(nor->part, nor->mode, opcode);

    if (command == NULL) {
        nor_note(nor, "unknown opcode 0x%02X", opcode);
        ignore(nor);
        return;
    }
    if (!takes_command(nor, command)) {
        ignore(nor);
        return;
    }
    frame->command = command;
    frame->addr_left = nor_command_addr_bytes(nor, command);
    frame->stage = NOR_STAGE_ADDRESS;
    if (frame->addr_left == 0) {
        end_address(nor);
    }
}

static void take_opcode(struct nor *nor, uint8_t byte)
{
    struct nor_frame *frame = &nor->frame;

    if (nor->mode == NOR_1S) {
        frame->opcode = byte;
        end_opcode(nor, byte);
        return;
    }
    frame->opcode_count++;
    if (frame->opcode_count == 1) {
        frame->opcode = byte;
    } else if ((frame->opcode ^ byte) == 0xFF) {
        end_opcode(nor, frame->opcode);
    } else {
        nor_note(nor, "0x%02X%02X is no opcode with its inverse", frame->opcode, byte);
        ignore(nor);
    }
}

void nor_decode_byte(struct nor *nor, uint8_t byte)
{
    struct nor_frame *frame = &nor->frame;

    switch (frame->stage) {
    case NOR_STAGE_OPCODE:
        take_opcode(nor, byte);
        break;
    case NOR_STAGE_ADDRESS:
        frame->addr = frame->addr << 8 | byte;
        frame->addr_left--;
        if (frame->addr_left == 0) {
            end_address(nor);
        }
        break;
    case NOR_STAGE_DATA_IN:
        frame->data[frame->data_count % sizeof frame->data] = byte;
        frame->data_count++;
        break;
    case NOR_STAGE_DUMMY:
    case NOR_STAGE_DATA_OUT:
    case NOR_STAGE_IGNORE:
        break;
    }
}

/* A run of bytes may begin in one stage and end in another; bytes of an 8D phase that fall into
 * dummy clocks count as half a clock each. */
void nor_decode_bytes(struct nor *nor, const uint8_t *bytes, size_t count)
{
    static const uint8_t clocks_per_pair[] = {[NOR_1S] = 16, [NOR_8S] = 2, [NOR_8D] = 1};

    for (size_t i = 0; i < count; i++) {
        enum nor_stage stage = nor->frame.stage;

        if (stage == NOR_STAGE_DUMMY || stage == NOR_STAGE_DATA_OUT) {
            nor_wire_idle(nor, (uint32_t)((count - i) * clocks_per_pair[nor->mode] / 2));
            return;
        }
        nor_decode_byte(nor, bytes[i]);
    }
}

void nor_decode_dummy(struct nor *nor, uint32_t clocks)
{
    nor->frame.dummy_left -= clocks;
    if (nor->frame.dummy_left == 0) {
        start_data(nor);
    }
}
