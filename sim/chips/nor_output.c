/* What the chip drives in the data phase of a read. */
#include "sim/chips/nor.h"
#include "sim/report.h"

#include <string.h>

bool nor_drives_dqs(const struct nor *nor)
{
    return nor->mode == NOR_8D ||
           (nor->mode == NOR_8S && (nor->cr2[NOR_CR2_DQS] & NOR_CR2_DOS) != 0);
}

static bool is_suspended_place(const struct nor *nor, uint32_t offset)
{
    const struct nor_job *job = &nor->job;

    return job->state == NOR_JOB_SUSPENDED && offset - job->offset < job->size_bytes;
}

/* A block with a suspended operation has no defined contents. */
static void blur_suspended(struct nor *nor, uint32_t offset, uint8_t *bytes, size_t count)
{
    bool touched = false;

    for (size_t i = 0; i < count; i++) {
        if (is_suspended_place(nor, offset + (uint32_t)i)) {
            bytes[i] ^= (uint8_t)(0x5A + i);
            touched = true;
        }
    }
    if (touched) {
        sim_violation(nor->env->report, "read-in-suspended-block",
            "%s: read at 0x%08x inside the suspended operation", nor->base.name, (unsigned)offset);
    }
}

static void disturb(struct nor *nor, uint32_t offset, size_t count)
{
    uint32_t page_bytes = nor->part->page_bytes;

    for (uint32_t page = offset / page_bytes; page <= (offset + (uint32_t)count - 1) / page_bytes;
         page++) {
        if (page != nor->frame.weak_page) {
            nor->frame.weak_page = page;
            nor_cells_disturb(nor, page);
        }
    }
}

/* One run that does not cross the end of the array. */
static void output_run(struct nor *nor, uint32_t offset, uint8_t *bytes, size_t count)
{
    if (nor->weak_count > 0) {
        disturb(nor, offset, count);
    }
    memcpy(bytes, nor->storage.bytes + offset, count);
    if (nor->job.state == NOR_JOB_SUSPENDED) {
        blur_suspended(nor, offset, bytes, count);
    }
}

static void output_linear(struct nor *nor, uint64_t position, uint8_t *bytes, size_t count)
{
    while (count > 0) {
        uint32_t offset = (uint32_t)(position % nor->part->size_bytes);
        size_t run = nor->part->size_bytes - offset;

        run = run < count ? run : count;
        output_run(nor, offset, bytes, run);
        bytes += run;
        position += run;
        count -= run;
    }
}

/* 8D: bytes D0 D1 D2 D3 of the array leave as D1 D0 D3 D2 (SFDP DW18[31]). */
static void output_array(struct nor *nor, uint8_t *bytes, size_t count)
{
    uint64_t position = (uint64_t)nor->frame.addr + nor->frame.out_count;

    if (nor->otp) {
        memset(bytes, 0xFF, count);
        return;
    }
    if (nor->mode != NOR_8D) {
        output_linear(nor, position, bytes, count);
        return;
    }
    if (count > 1 && position % 2 == 0) {
        size_t even = count & ~(size_t)1;

        output_linear(nor, position, bytes, even);
        for (size_t i = 0; i < even; i += 2) {
            uint8_t first = bytes[i];

            bytes[i] = bytes[i + 1];
            bytes[i + 1] = first;
        }
        bytes += even;
        position += even;
        count -= even;
    }
    for (size_t i = 0; i < count; i++) {
        output_linear(nor, (position + i) ^ 1, &bytes[i], 1);
    }
}

static uint8_t output_sfdp(const struct nor *nor, uint64_t position)
{
    uint64_t at = nor->frame.addr + position;

    at = nor->mode == NOR_8D ? at ^ 1 : at;
    return at < nor->part->sfdp_bytes ? nor->part->sfdp[at] : 0xFF;
}

/* In 8D each register byte is sent twice, so position counts half. */
static uint8_t output_register(const struct nor *nor, uint64_t position)
{
    uint32_t block = nor->frame.addr % nor->part->size_bytes / nor->part->block_bytes;

    position = nor->mode == NOR_8D ? position / 2 : position;
    switch (nor->frame.command->action) {
    case NOR_ACTION_READ_ID:
        return nor->id[position % sizeof nor->id];
    case NOR_ACTION_READ_STATUS:
        return nor_status(nor);
    case NOR_ACTION_READ_CONFIG:
        return nor_config(nor);
    case NOR_ACTION_READ_CR2:
        return nor_cr2_read(nor, nor->frame.addr);
    case NOR_ACTION_READ_SECURITY:
        return nor_security(nor);
    case NOR_ACTION_READ_SPB:
        return (nor->storage.registers[NOR_STORED_SPB + block / 8] >> block % 8 & 1) != 0 ? 0xFF
                                                                                          : 0;
    case NOR_ACTION_READ_DPB:
        return nor->dpb[block] != 0 ? 0xFF : 0;
    default:
        return 0xFF;
    }
}

static void output_true(struct nor *nor, uint8_t *bytes, size_t count)
{
    uint8_t action = nor->frame.command->action;

    if (action == NOR_ACTION_READ_ARRAY) {
        output_array(nor, bytes, count);
        return;
    }
    nor_job_sync(nor); /* a status read is live */
    for (size_t i = 0; i < count; i++) {
        uint64_t position = nor->frame.out_count + i;

        bytes[i] = action == NOR_ACTION_READ_SFDP ? output_sfdp(nor, position)
                                                  : output_register(nor, position);
    }
}

/* Above its limit the chip has not driven the lines in time: the byte before is still there. */
static void blur_fast(struct nor *nor, uint8_t *bytes, size_t count)
{
    struct nor_frame *frame = &nor->frame;
    uint32_t max_hz = nor_command_max_hz(nor, frame->command);

    if (frame->max_hz <= max_hz) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        bytes[i] ^= (uint8_t)(0x11U << (frame->out_count + i) % 4);
    }
    if (!frame->too_fast) {
        frame->too_fast = true;
        sim_violation(nor->env->report, "chip-clock-too-fast",
            "%s: %s at %u kHz, its limit is %u kHz", nor->base.name, frame->command->name,
            (unsigned)(frame->max_hz / 1000), (unsigned)(max_hz / 1000));
    }
}

void nor_output(struct nor *nor, uint8_t *bytes, size_t count)
{
    struct nor_frame *frame = &nor->frame;

    output_true(nor, bytes, count);
    blur_fast(nor, bytes, count);
    if (frame->fault == SIM_FAULT_READ_FLIP && count > 0) {
        uint32_t random = nor_random(nor);

        frame->fault = SIM_FAULT_NONE;
        bytes[random / 8 % count] ^= (uint8_t)(1U << random % 8);
        nor_fault_fired(nor, SIM_FAULT_READ_FLIP);
    }
    frame->out_count += count;
}
