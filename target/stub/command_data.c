#include "common/pair_hash.h"
#include "target/driver/reg.h"
#include "target/stub/command_rows.h"

#include <stddef.h>

enum abi_stub_status command_erase(struct stub *stub, const struct abi_command *command)
{
    return nor_erase(&stub->nor, command->arg0, command->offset, command->size_bytes);
}

enum abi_stub_status command_program(struct stub *stub, const struct abi_command *command)
{
    const uint8_t *bytes = reg_pointer(command->buffer_addr);
    uint32_t found = 0;

    if (nor_check_range(&stub->nor, command->offset, command->size_bytes) != ABI_STATUS_OK ||
        !command_buffer_ok(stub, command->buffer_addr, command->size_bytes)) {
        return ABI_STATUS_BAD_COMMAND;
    }
    found = xxh32_hash(bytes, command->size_bytes);
    if (found != command->check) {
        stub->board.detail.value[0] = found;
        return ABI_STATUS_BAD_CHECK;
    }
    return nor_program(&stub->nor, command->offset, bytes, command->size_bytes);
}

static uint32_t piece_bytes(uint32_t size_bytes, uint32_t done)
{
    uint32_t left_bytes = size_bytes - done;

    return left_bytes < NOR_BUFFER_BYTES ? left_bytes : NOR_BUFFER_BYTES;
}

enum abi_stub_status command_read(struct stub *stub, const struct abi_command *command)
{
    uint8_t *bytes = reg_pointer(command->buffer_addr);
    struct xxh32 hash;

    if (nor_check_range(&stub->nor, command->offset, command->size_bytes) != ABI_STATUS_OK ||
        !command_buffer_ok(stub, command->buffer_addr, command->size_bytes)) {
        return ABI_STATUS_BAD_COMMAND;
    }
    xxh32_init(&hash);
    for (uint32_t done = 0; done < command->size_bytes;) {
        uint32_t step_bytes = piece_bytes(command->size_bytes, done);
        enum abi_stub_status status = ABI_STATUS_OK;

        stub->mailbox->running_offset = command->offset + done;
        status = nor_read(&stub->nor, command->offset + done, bytes + done, step_bytes);
        if (status != ABI_STATUS_OK) {
            return status;
        }
        xxh32_update(&hash, bytes + done, step_bytes);
        done += step_bytes;
        stub->mailbox->progress_bytes = done;
    }
    stub->board.detail.value[0] = xxh32_final(&hash);
    return ABI_STATUS_OK;
}

enum abi_stub_status command_crc32(struct stub *stub, const struct abi_command *command)
{
    uint8_t *bytes = (uint8_t *)stub->buffer;
    uint32_t crc = 0;

    if (nor_check_range(&stub->nor, command->offset, command->size_bytes) != ABI_STATUS_OK) {
        return ABI_STATUS_BAD_COMMAND;
    }
    for (uint32_t done = 0; done < command->size_bytes;) {
        uint32_t step_bytes = piece_bytes(command->size_bytes, done);
        enum abi_stub_status status =
            nor_read(&stub->nor, command->offset + done, bytes, step_bytes);

        if (status != ABI_STATUS_OK) {
            return status;
        }
        crc = crc_fast_update(&stub->tables, crc, bytes, step_bytes);
        done += step_bytes;
        stub->mailbox->running_offset = command->offset + done;
        stub->mailbox->progress_bytes = done;
    }
    stub->board.detail.value[0] = crc;
    return ABI_STATUS_OK;
}

/* Blocks of a range, and where to put their hashes. */
struct hash_job {
    uint32_t offset;
    uint32_t size_bytes;
    uint32_t block_bytes;
    struct abi_block_hash *hashes;
    const uint8_t *mapped; /* the chip in the mapped window; NULL: read over the bus */
};

static enum abi_stub_status hash_block(struct stub *stub, const struct hash_job *job,
    uint32_t offset, uint32_t size_bytes, struct abi_block_hash *result)
{
    struct pair_hash hash;

    pair_hash_init(&hash, size_bytes);
    for (uint32_t done = 0; done < size_bytes;) {
        uint32_t step_bytes = piece_bytes(size_bytes, done);
        uint8_t *bytes = (uint8_t *)stub->buffer;
        enum abi_stub_status status = clock_pace(&stub->clock);

        stub->mailbox->running_offset = offset + done;
        if (status == ABI_STATUS_OK && job->mapped == NULL) {
            status = nor_read(&stub->nor, offset + done, bytes, step_bytes);
        } else if (status == ABI_STATUS_OK) {
            __builtin_memcpy(bytes, job->mapped + offset + done, step_bytes);
        }
        if (status != ABI_STATUS_OK) {
            return status;
        }
        pair_hash_update(&hash, bytes, step_bytes);
        done += step_bytes;
    }
    pair_hash_final(&hash, &result->xxh32, &result->wyhash32);
    return ABI_STATUS_OK;
}

static enum abi_stub_status hash_blocks(struct stub *stub, const struct hash_job *job)
{
    struct abi_block_hash *next = job->hashes;

    for (uint32_t done = 0; done < job->size_bytes;) {
        uint32_t left_bytes = job->size_bytes - done;
        uint32_t bytes = left_bytes < job->block_bytes ? left_bytes : job->block_bytes;
        enum abi_stub_status status = hash_block(stub, job, job->offset + done, bytes, next);

        if (status != ABI_STATUS_OK) {
            return status;
        }
        next++;
        done += bytes;
        stub->mailbox->progress_bytes = done;
    }
    return ABI_STATUS_OK;
}

static enum abi_stub_status make_job(
    const struct stub *stub, const struct abi_command *command, struct hash_job *job)
{
    uint32_t blocks = 0;

    if (command->arg0 == 0 || command->buffer_addr % 4 != 0 ||
        nor_check_range(&stub->nor, command->offset, command->size_bytes) != ABI_STATUS_OK) {
        return ABI_STATUS_BAD_COMMAND;
    }
    blocks = (command->size_bytes - 1) / command->arg0 + 1;
    if (blocks > UINT32_MAX / sizeof *job->hashes ||
        !command_buffer_ok(stub, command->buffer_addr, blocks * (uint32_t)sizeof *job->hashes)) {
        return ABI_STATUS_BAD_COMMAND;
    }
    *job = (struct hash_job){
        .offset = command->offset,
        .size_bytes = command->size_bytes,
        .block_bytes = command->arg0,
        .hashes = reg_pointer(command->buffer_addr),
    };
    return ABI_STATUS_OK;
}

enum abi_stub_status command_hash(struct stub *stub, const struct abi_command *command)
{
    struct hash_job job = {0};
    enum abi_stub_status status = make_job(stub, command, &job);

    return status == ABI_STATUS_OK ? hash_blocks(stub, &job) : status;
}

/* The way back goes over the recovery prelude: it works from the run bus too. */
static enum abi_stub_status return_to_program(struct stub *stub)
{
    enum abi_stub_status status = board_start(&stub->board);

    if (status == ABI_STATUS_OK) {
        status = board_recover(&stub->board);
    }
    if (status == ABI_STATUS_OK) {
        status = board_enter_program(&stub->board);
    }
    stub->ready = status == ABI_STATUS_OK;
    return status;
}

enum abi_stub_status command_hash_mapped(struct stub *stub, const struct abi_command *command)
{
    struct board *board = &stub->board;
    struct hash_job job = {0};
    enum abi_stub_status status = make_job(stub, command, &job);

    if (status != ABI_STATUS_OK) {
        return status;
    }
    stub->ready = false;
    status = board_leave_program(board);
    if (status == ABI_STATUS_OK) {
        status = board_enter_run(board);
    }
    if (status == ABI_STATUS_OK) {
        status = board_map(board);
    }
    if (status == ABI_STATUS_OK) {
        job.mapped = reg_pointer(board->bus.ctrl.setup->window_addr);
        status = hash_blocks(stub, &job);
        board_unmap(board);
    }
    if (status != ABI_STATUS_OK) {
        struct detail detail = board->detail;

        stub->clock.abort_ignored = true;
        (void)return_to_program(stub);
        stub->clock.abort_ignored = false;
        board->detail = detail;
        return status;
    }
    return return_to_program(stub);
}

enum abi_stub_status command_blank(struct stub *stub, const struct abi_command *command)
{
    struct nor_blank blank = {0};
    enum abi_stub_status status =
        nor_check_blank(&stub->nor, command->offset, command->size_bytes, &blank);

    if (status == ABI_STATUS_OK) {
        stub->board.detail.value[0] = blank.first_offset;
        stub->board.detail.value[1] = blank.count;
    }
    return status;
}

enum abi_stub_status command_compare(struct stub *stub, const struct abi_command *command)
{
    struct nor_difference difference = {0};
    uint32_t *value = stub->board.detail.value;
    enum abi_stub_status status = ABI_STATUS_BAD_COMMAND;

    if (command_buffer_ok(stub, command->buffer_addr, command->size_bytes)) {
        status = nor_compare(&stub->nor, command->offset, reg_pointer(command->buffer_addr),
            command->size_bytes, &difference);
    }
    if (status == ABI_STATUS_OK) {
        value[0] = difference.first_offset;
        value[1] = difference.count;
        value[2] = (uint32_t)difference.expected | (uint32_t)difference.found << 8 |
                   (uint32_t)difference.found_again << 16;
        value[3] = difference.bits;
    }
    return status;
}
