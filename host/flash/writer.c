#include "host/flash/writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool flash_writer_open(struct flash_writer *writer, struct flash_device *device,
    const struct flash_memory_plan *memory, struct flash_meter *meter, struct error *err)
{
    memset(writer, 0, sizeof *writer);
    writer->device = device;
    writer->memory = memory;
    writer->meter = meter;
    writer->chunk = malloc(device->chunk_bytes);
    writer->tickets = calloc(memory->block_count + 1, sizeof *writer->tickets);
    if (writer->chunk == NULL || writer->tickets == NULL) {
        flash_writer_close(writer);
        return error_set(err, ERROR_HOST_IO, "no memory for programming");
    }
    return true;
}

void flash_writer_close(struct flash_writer *writer)
{
    free(writer->chunk);
    free(writer->tickets);
    writer->chunk = NULL;
    writer->tickets = NULL;
}

/* Contents of FF need no programming after an erase. */
static bool program_range(struct flash_writer *writer, uint32_t offset, uint32_t size_bytes,
    uint32_t *ticket, struct error *err)
{
    struct flash_device *device = writer->device;
    uint32_t done = 0;
    uint32_t count = 0;

    for (done = 0; done < size_bytes; done += count) {
        count = size_bytes - done < device->chunk_bytes ? size_bytes - done : device->chunk_bytes;
        if (!flash_plan_contents(writer->memory, offset + done, writer->chunk, count)) {
            continue;
        }
        if (!flash_check_signal(device, err) ||
            !device->driver->program(device, offset + done, writer->chunk, count, ticket, err)) {
            return error_add_context(err, "programming %" PRIu32 " bytes at 0x%08" PRIx32, count,
                device->geometry.addr + offset + done);
        }
    }
    return true;
}

bool flash_writer_program(
    struct flash_writer *writer, uint32_t offset, uint32_t size_bytes, struct error *err)
{
    uint32_t ticket = 0;

    return program_range(writer, offset, size_bytes, &ticket, err) &&
           writer->device->driver->finish(writer->device, err);
}

static bool has_head(const struct flash_writer *writer, const struct flash_block *block)
{
    const struct flash_memory_plan *memory = writer->memory;

    return memory->has_head && memory->head_offset >= block->offset &&
           memory->head_offset - block->offset < block->size_bytes;
}

/* The head is left out: it comes last of all, by itself. */
static bool program_block(struct flash_writer *writer, const struct flash_block *block,
    uint32_t *ticket, struct error *err)
{
    const struct flash_memory_plan *memory = writer->memory;
    uint32_t before = memory->head_offset - block->offset;
    uint32_t after = before + memory->head_bytes;

    if (block->erase_type == FLASH_ERASE_TYPE_CHIP) {
        return true; /* its contents come as blocks of their own */
    }
    if (!has_head(writer, block)) {
        return program_range(writer, block->offset, block->size_bytes, ticket, err);
    }
    return program_range(writer, block->offset, before, ticket, err) &&
           (after >= block->size_bytes || program_range(writer, block->offset + after,
                                              block->size_bytes - after, ticket, err));
}

static size_t count_done(const struct flash_writer *writer)
{
    uint32_t completed = writer->device->driver->completed(writer->device);
    size_t done = writer->done;

    while (done < writer->submitted && writer->tickets[done] <= completed) {
        done++;
    }
    return done;
}

static void report(struct flash_writer *writer)
{
    size_t done = count_done(writer);
    uint64_t bytes = 0;
    size_t i = 0;

    if (writer->meter == NULL) {
        return;
    }
    for (i = 0; i < done; i++) {
        bytes += writer->memory->blocks[i].erase_type == FLASH_ERASE_TYPE_CHIP
                     ? 0
                     : writer->memory->blocks[i].size_bytes;
    }
    flash_meter_report(writer->meter, bytes);
}

static bool run_block(struct flash_writer *writer, size_t index, struct error *err)
{
    const struct flash_block *block = &writer->memory->blocks[index];
    struct flash_device *device = writer->device;
    uint32_t *ticket = &writer->tickets[index];

    *ticket = index > 0 ? writer->tickets[index - 1] : 0;
    if (!flash_check_signal(device, err)) {
        return false;
    }
    writer->has_begun = true;
    if (block->erase_type != FLASH_ERASE_TYPE_NONE &&
        !device->driver->erase(
            device, block->erase_type, block->offset, block->size_bytes, ticket, err)) {
        return error_add_context(err, "erasing %" PRIu32 " bytes at 0x%08" PRIx32,
            block->size_bytes, device->geometry.addr + block->offset);
    }
    if (!program_block(writer, block, ticket, err)) {
        return false;
    }
    writer->submitted = index + 1;
    report(writer);
    return true;
}

bool flash_writer_run(struct flash_writer *writer, struct error *err)
{
    size_t i = 0;

    for (i = 0; i < writer->memory->block_count; i++) {
        if (!run_block(writer, i, err)) {
            return false;
        }
    }
    if (!writer->device->driver->finish(writer->device, err)) {
        return error_add_context(err, "waiting for the last blocks");
    }
    report(writer);
    return true;
}

/* ---- the state for messages ---- */

/* Adds "0x..-0x.." for the blocks [first, end), joined to one hull. */
static size_t describe_blocks(const struct flash_writer *writer, size_t first, size_t end,
    const char *what, char *text, size_t text_bytes)
{
    const struct flash_memory_plan *memory = writer->memory;
    uint32_t low = UINT32_MAX;
    uint32_t high = 0;
    size_t i = 0;
    int count = 0;

    for (i = first; i < end; i++) {
        const struct flash_block *block = &memory->blocks[i];
        uint32_t block_end = block->offset + block->size_bytes;

        low = block->offset < low ? block->offset : low;
        high = block_end > high ? block_end : high;
    }
    if (first < end) {
        count = snprintf(text, text_bytes, "0x%08" PRIx32 "-0x%08" PRIx32 " %s; ",
            memory->geometry.addr + low, memory->geometry.addr + high, what);
    }
    return count > 0 && (size_t)count < text_bytes ? (size_t)count : 0;
}

void flash_writer_describe(const struct flash_writer *writer, char *text, size_t text_bytes)
{
    size_t total = writer->memory->block_count;
    size_t done = count_done(writer);
    size_t begun =
        writer->submitted < total && writer->has_begun ? writer->submitted + 1 : writer->submitted;
    size_t used = 0;

    text[0] = '\0';
    used += describe_blocks(writer, 0, done, "erased and written", text + used, text_bytes - used);
    used += describe_blocks(
        writer, done, begun, "erased or half written, in work", text + used, text_bytes - used);
    used += describe_blocks(writer, begun, total, "untouched", text + used, text_bytes - used);
    (void)snprintf(text + used, text_bytes - used, "running the same command again is safe");
}
