#include "target/driver/reg.h"
#include "target/stub/command_rows.h"

#include <stddef.h>

static enum abi_stub_status do_nothing(struct stub *stub, const struct abi_command *command)
{
    (void)stub;
    (void)command;
    return ABI_STATUS_OK;
}

enum needs {
    NEEDS_NOTHING,
    NEEDS_SET_UP,
    NEEDS_READY /* the chip in the mode of the program bus */
};

struct row {
    command_function *run;
    enum needs needs;
    bool checks_image; /* the stub looks at itself before it changes anything */
};

static const struct row rows[] = {
    [ABI_COMMAND_NOP] = {do_nothing, NEEDS_NOTHING, false},
    [ABI_COMMAND_SETUP] = {command_set_up, NEEDS_NOTHING, true},
    [ABI_COMMAND_SEQUENCE] = {command_sequence, NEEDS_SET_UP, false},
    [ABI_COMMAND_STEPS] = {command_steps, NEEDS_SET_UP, false},
    [ABI_COMMAND_ERASE] = {command_erase, NEEDS_READY, true},
    [ABI_COMMAND_PROGRAM] = {command_program, NEEDS_READY, true},
    [ABI_COMMAND_READ] = {command_read, NEEDS_READY, false},
    [ABI_COMMAND_HASH] = {command_hash, NEEDS_READY, false},
    [ABI_COMMAND_BLANK] = {command_blank, NEEDS_READY, false},
    [ABI_COMMAND_COMPARE] = {command_compare, NEEDS_READY, false},
    [ABI_COMMAND_HASH_MAPPED] = {command_hash_mapped, NEEDS_READY, false},
    [ABI_COMMAND_CRC32] = {command_crc32, NEEDS_READY, false},
};

enum { ROW_COUNT = sizeof rows / sizeof rows[0] };

static bool needs_met(const struct stub *stub, enum needs needs)
{
    switch (needs) {
    case NEEDS_READY:
        return stub->set_up && stub->ready;
    case NEEDS_SET_UP:
        return stub->set_up;
    case NEEDS_NOTHING:
        break;
    }
    return true;
}

enum abi_stub_status stub_execute(struct stub *stub, const struct abi_command *command)
{
    const struct row *row = NULL;
    enum abi_stub_status status = stub_check_stack(stub);
    bool first = command->kind != stub->last_kind;

    stub->board.detail = (struct detail){0};
    if (status != ABI_STATUS_OK) {
        return status;
    }
    if (command->kind >= ROW_COUNT || rows[command->kind].run == NULL) {
        return ABI_STATUS_BAD_COMMAND;
    }
    row = &rows[command->kind];
    if (row->checks_image && (first || command->kind == ABI_COMMAND_SETUP)) {
        status = stub_check_image(stub);
    }
    if (status != ABI_STATUS_OK) {
        return status;
    }
    if (!needs_met(stub, row->needs)) {
        return ABI_STATUS_NO_SETUP;
    }
    stub->last_kind = command->kind;
    return row->run(stub, command);
}

bool command_buffer_ok(const struct stub *stub, uint32_t addr, uint32_t size_bytes)
{
    const struct abi_stub_header *header = stub->header;

    if (size_bytes > UINT32_MAX - addr) {
        return false;
    }
    if (addr >= header->load_addr) {
        return addr - header->load_addr >= header->memory_bytes;
    }
    return size_bytes <= header->load_addr - addr;
}
