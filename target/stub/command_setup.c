#include "target/driver/reg.h"
#include "target/stub/command_rows.h"

#include <stddef.h>

static enum abi_stub_status take_blob(struct stub *stub, const struct abi_command *command)
{
    const uint8_t *bytes = reg_pointer(command->buffer_addr);

    if (command->size_bytes > sizeof stub->blob ||
        !command_buffer_ok(stub, command->buffer_addr, command->size_bytes)) {
        return ABI_STATUS_BAD_COMMAND;
    }
    /* Copied, because the host goes on to use its buffers for data. */
    __builtin_memcpy(stub->blob, bytes, command->size_bytes);
    return blob_check((const struct abi_blob *)stub->blob, command->size_bytes)
               ? ABI_STATUS_OK
               : ABI_STATUS_BAD_BLOB;
}

enum abi_stub_status command_set_up(struct stub *stub, const struct abi_command *command)
{
    const struct abi_blob *blob = (const struct abi_blob *)stub->blob;
    enum abi_stub_status status = ABI_STATUS_OK;

    stub->set_up = false;
    stub->ready = false;
    status = take_blob(stub, command);
    if (status != ABI_STATUS_OK) {
        return status;
    }
    board_init(&stub->board, blob, &stub->clock, stub->drivers);
    stub->nor = (struct nor){
        .ctrl = &stub->board.bus.ctrl,
        .memory = blob_memory(blob),
        .running_offset = &stub->mailbox->running_offset,
        .progress_bytes = &stub->mailbox->progress_bytes,
        .buffer = (uint8_t *)stub->buffer,
    };
    status = board_start(&stub->board);
    if (status != ABI_STATUS_OK) {
        return status;
    }
    stub->set_up = true; /* a chip that does not recover can still be looked at by STEPS */
    return (command->arg0 & ABI_SETUP_NO_RECOVER) != 0 ? ABI_STATUS_OK
                                                       : board_recover(&stub->board);
}

enum abi_stub_status command_sequence(struct stub *stub, const struct abi_command *command)
{
    enum abi_stub_status status = ABI_STATUS_BAD_COMMAND;
    bool was_ready = stub->ready;
    bool needs_memory =
        command->arg0 == ABI_SEQUENCE_ENTER_PROGRAM || command->arg0 == ABI_SEQUENCE_ENTER_RUN;

    stub->ready = false;
    if (needs_memory && stub->nor.memory == NULL) {
        return ABI_STATUS_NO_SETUP; /* a blob for detection only */
    }
    switch (command->arg0) {
    case ABI_SEQUENCE_RECOVER:
        return board_recover(&stub->board);
    case ABI_SEQUENCE_ENTER_PROGRAM:
        status = board_enter_program(&stub->board);
        stub->ready = status == ABI_STATUS_OK;
        return status;
    case ABI_SEQUENCE_ENTER_RUN:
        return board_enter_run(&stub->board);
    case ABI_SEQUENCE_LEAVE_PROGRAM:
        /* After an abort the chip does not understand the program bus any more. */
        return was_ready ? board_leave_program(&stub->board) : board_recover(&stub->board);
    default:
        return ABI_STATUS_BAD_COMMAND;
    }
}

enum abi_stub_status command_steps(struct stub *stub, const struct abi_command *command)
{
    uint32_t stored_bytes = 0;
    const struct abi_bus_step *steps = reg_pointer(command->buffer_addr);
    uint8_t *in = command->arg1 == 0 ? NULL : reg_pointer(command->arg1);
    enum abi_stub_status status = ABI_STATUS_OK;

    if (command->buffer_addr % 4 != 0 || command->arg0 > UINT16_MAX ||
        !command_buffer_ok(stub, command->buffer_addr, command->arg0 * (uint32_t)sizeof *steps)) {
        return ABI_STATUS_BAD_COMMAND;
    }
    status = bus_run(&stub->board.bus, steps, command->arg0, in, &stored_bytes);
    if (status == ABI_STATUS_OK) {
        stub->board.detail.value[0] = stored_bytes;
    }
    return status;
}

void stub_settle(struct stub *stub)
{
    struct detail detail = stub->board.detail;

    stub->ready = false;
    if (!stub->set_up) {
        return;
    }
    stub->clock.abort_ignored = true;
    (void)board_recover(&stub->board);
    stub->clock.abort_ignored = false;
    stub->board.detail = detail;
}
