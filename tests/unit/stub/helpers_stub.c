#include "tests/unit/stub/helpers_stub.h"

#include "common/crc32.h"
#include "common/le.h"
#include "common/wyhash32.h"
#include "common/xxh32.h"

#include <criterion/criterion.h>

#include <string.h>

#define MEMBER(name) offsetof(struct abi_mailbox, name)

uint32_t mailbox_word(struct fake_stub *stub, size_t offset)
{
    return fake_probe_word(&stub->core.probe, STUB_MAILBOX + (uint32_t)offset);
}

static void set_mailbox(struct fake_stub *stub, size_t offset, uint32_t value)
{
    fake_probe_set_word(&stub->core.probe, STUB_MAILBOX + (uint32_t)offset, value);
}

static void take_command(struct fake_stub *stub, uint32_t sequence, struct abi_command *command)
{
    size_t offset = MEMBER(commands) + (sequence - 1) % ABI_COMMAND_SLOTS * sizeof *command;

    *command = (struct abi_command){
        .sequence = mailbox_word(stub, offset),
        .kind = mailbox_word(stub, offset + 4),
        .offset = mailbox_word(stub, offset + 8),
        .size_bytes = mailbox_word(stub, offset + 12),
        .buffer_addr = mailbox_word(stub, offset + 16),
        .check = mailbox_word(stub, offset + 20),
        .arg0 = mailbox_word(stub, offset + 24),
        .arg1 = mailbox_word(stub, offset + 28),
    };
}

static void answer(
    struct fake_stub *stub, uint32_t sequence, uint32_t status, const uint32_t *value)
{
    size_t offset =
        MEMBER(results) + (sequence - 1) % ABI_COMMAND_SLOTS * sizeof(struct abi_result);
    size_t i = 0;

    set_mailbox(stub, offset + 4, status);
    for (i = 0; i < 4; i++) {
        set_mailbox(stub, offset + 8 + 4 * i, value[i]);
    }
    set_mailbox(stub, offset, sequence);
    set_mailbox(stub, MEMBER(completed), sequence);
}

/* The stub's own store: into units that the host has written whole before. */
static uint8_t *ring_for_writing(struct fake_stub *stub, uint32_t addr, uint32_t size_bytes)
{
    uint32_t unit = (addr - RING_ADDR) / 8;
    uint32_t end = (addr - RING_ADDR + size_bytes + 7) / 8;

    for (; unit < end; unit++) {
        stub->ecc_violations += stub->ring_written[unit] == 0 ? 1 : 0;
    }
    return fake_probe_bytes(&stub->core.probe, addr, size_bytes);
}

static uint32_t run_steps(struct fake_stub *stub, const struct abi_command *command)
{
    const uint8_t *bytes = fake_probe_bytes(&stub->core.probe, command->buffer_addr,
        command->arg0 * (uint32_t)sizeof(struct abi_bus_step));
    uint32_t stored = 0;
    uint32_t i = 0;

    for (i = 0; i < command->arg0; i++) {
        struct abi_bus_step step;

        memcpy(&step, bytes + i * sizeof step, sizeof step);
        if (step.kind == ABI_STEP_EXEC && step.op.data_bus != 0) {
            memcpy(ring_for_writing(stub, command->arg1 + stored, step.op.data_bytes),
                stub->chip + step.op.addr, step.op.data_bytes);
            stored += step.op.data_bytes;
        }
    }
    return stored;
}

static void hash_blocks(struct fake_stub *stub, const struct abi_command *command)
{
    uint32_t done = 0;
    uint32_t addr = command->buffer_addr;

    while (done < command->size_bytes) {
        uint32_t left = command->size_bytes - done;
        uint32_t block = left < command->arg0 ? left : command->arg0;
        uint8_t *place = ring_for_writing(stub, addr, 8);

        le_put32(place, xxh32_hash(stub->chip + command->offset + done, block));
        le_put32(place + 4, wyhash32_hash(stub->chip + command->offset + done, block));
        done += block;
        addr += 8;
    }
}

static void execute(struct fake_stub *stub, const struct abi_command *command, uint32_t value[4])
{
    uint8_t *buffer = NULL;

    switch (command->kind) {
    case ABI_COMMAND_PROGRAM:
        memcpy(stub->chip + command->offset,
            fake_probe_bytes(&stub->core.probe, command->buffer_addr, command->size_bytes),
            command->size_bytes);
        break;
    case ABI_COMMAND_READ:
        buffer = ring_for_writing(stub, command->buffer_addr, command->size_bytes);
        memcpy(buffer, stub->chip + command->offset, command->size_bytes);
        value[0] = xxh32_hash(buffer, command->size_bytes);
        break;
    case ABI_COMMAND_HASH:
    case ABI_COMMAND_HASH_MAPPED:
        hash_blocks(stub, command);
        break;
    case ABI_COMMAND_CRC32:
        value[0] = crc32_update(0, stub->chip + command->offset, command->size_bytes);
        break;
    case ABI_COMMAND_STEPS:
        value[0] = run_steps(stub, command);
        break;
    default:
        break;
    }
}

static void crash(struct fake_stub *stub)
{
    static const uint32_t facts[8] = {
        0x20000ABC, 0x20000DEF, 0x21000000, 0x20001F00, 0x00008200, 0x40000000, 0, 0x90000000};
    size_t i = 0;

    for (i = 0; i < 8; i++) {
        set_mailbox(stub, MEMBER(crash) + 4 * i, facts[i]);
    }
    set_mailbox(stub, MEMBER(state), ABI_STATE_CRASHED);
}

/* False: the command never ends by itself. */
static bool make_trouble(struct fake_stub *stub)
{
    switch (stub->trouble) {
    case TROUBLE_CRASH:
        crash(stub);
        return false;
    case TROUBLE_LOCK_UP:
        stub->core.is_locked_up = true;
        return false;
    case TROUBLE_RESET:
        stub->core.was_reset = true;
        stub->never_starts = true;
        return false;
    case TROUBLE_SCRIBBLE:
        set_mailbox(stub, MEMBER(completed), 0xCCCCCCCC);
        stub->never_starts = true;
        return false;
    case TROUBLE_STALL:
        set_mailbox(stub, MEMBER(heartbeat), mailbox_word(stub, MEMBER(heartbeat)) + 1);
        return false;
    case TROUBLE_HANG:
        return false;
    case TROUBLE_NONE:
    case TROUBLE_FAIL:
        break;
    }
    return true;
}

static void finish(struct fake_stub *stub, uint32_t sequence, uint32_t status)
{
    static const uint32_t nothing[4] = {0};
    uint32_t value[4] = {0};

    if (status == ABI_STATUS_OK) {
        execute(stub, &stub->last, value);
    }
    stub->executed++;
    stub->is_busy = false;
    stub->failed_sequence = status == ABI_STATUS_OK ? 0 : sequence;
    set_mailbox(stub, MEMBER(running_kind), 0);
    set_mailbox(stub, MEMBER(state), status == ABI_STATUS_OK ? ABI_STATE_IDLE : ABI_STATE_STOPPED);
    answer(stub, sequence, status,
        status == ABI_STATUS_OK ? value : (status == stub->status ? stub->value : nothing));
}

static void work(struct fake_stub *stub, uint32_t sequence)
{
    bool is_troubled = stub->trouble != TROUBLE_NONE && stub->trouble_at == sequence;

    if (mailbox_word(stub, MEMBER(abort_request)) != 0 && stub->trouble != TROUBLE_HANG) {
        stub->aborted++;
        stub->busy_until_ns = stub->core.probe.now_ns;
        finish(stub, sequence, ABI_STATUS_ABORTED);
        return;
    }
    if (is_troubled && !make_trouble(stub)) {
        return;
    }
    if (stub->core.probe.now_ns < stub->busy_until_ns) {
        set_mailbox(stub, MEMBER(heartbeat), mailbox_word(stub, MEMBER(heartbeat)) + 1);
        return;
    }
    finish(stub, sequence, is_troubled ? stub->status : ABI_STATUS_OK);
}

static void begin(struct fake_stub *stub, uint32_t sequence)
{
    uint64_t begin_ns = stub->busy_until_ns;

    take_command(stub, sequence, &stub->last);
    cr_assert_eq(stub->last.sequence, sequence, "the entry must be there before the bell");
    if (begin_ns + 300000 < stub->core.probe.now_ns) {
        begin_ns = stub->core.probe.now_ns; /* it was idle: back to back otherwise */
    }
    stub->is_busy = true;
    stub->busy_until_ns = begin_ns + stub->command_ns;
    set_mailbox(stub, MEMBER(running_kind), stub->last.kind);
    set_mailbox(stub, MEMBER(running_offset), stub->last.offset);
    set_mailbox(stub, MEMBER(progress_bytes), 0);
    set_mailbox(stub, MEMBER(state), ABI_STATE_BUSY);
}

static void serve(struct fake_stub *stub)
{
    static const uint32_t nothing[4] = {0};
    uint32_t next = mailbox_word(stub, MEMBER(completed)) + 1;

    if (mailbox_word(stub, MEMBER(state)) == ABI_STATE_CRASHED) {
        return;
    }
    if (mailbox_word(stub, MEMBER(state)) == ABI_STATE_STOPPED &&
        mailbox_word(stub, MEMBER(acknowledge)) == stub->failed_sequence) {
        set_mailbox(stub, MEMBER(state), ABI_STATE_IDLE);
    }
    if (stub->is_busy) {
        work(stub, next);
    } else if (mailbox_word(stub, MEMBER(submitted)) == next - 1) {
        return;
    } else if (mailbox_word(stub, MEMBER(state)) == ABI_STATE_STOPPED) {
        stub->skipped++;
        answer(stub, next, ABI_STATUS_SKIPPED, nothing);
    } else {
        begin(stub, next);
    }
}

static void program(struct fake_core *core)
{
    struct fake_stub *stub = core->context;
    int i = 0;

    if (core->registers[15] != STUB_ADDR + 0x80 || stub->never_starts) {
        return;
    }
    if (mailbox_word(stub, 0) != ABI_MAILBOX_MAGIC) {
        set_mailbox(stub, MEMBER(version), ABI_STUB_VERSION);
        set_mailbox(stub, MEMBER(state), ABI_STATE_IDLE);
        set_mailbox(stub, 0, ABI_MAILBOX_MAGIC);
    }
    for (i = 0; i < 8; i++) {
        serve(stub); /* several steps of its loop fit into one transfer */
    }
}

static bool watch_ring(struct fake_core *core, uint32_t addr, uint32_t value)
{
    struct fake_stub *stub = core->context;

    (void)value;
    if (addr - RING_ADDR < 0x20000 && addr % 8 == 4) {
        stub->ring_written[(addr - RING_ADDR) / 8] = 1;
    }
    return false;
}

void fake_stub_seal(struct fake_stub *stub)
{
    le_put32(stub->image_bytes + 36, 0);
    le_put32(stub->image_bytes + 36, crc32_update(0, stub->image_bytes, STUB_IMAGE_BYTES));
}

static void make_image(struct fake_stub *stub)
{
    static const uint32_t header[] = {ABI_STUB_MAGIC, ABI_STUB_VERSION, STUB_ADDR, STUB_IMAGE_BYTES,
        STUB_MEMORY_BYTES, STUB_ADDR + 0x81, STUB_ADDR + STUB_MEMORY_BYTES, STUB_ADDR + 0x80,
        STUB_MAILBOX, 0, 0, 0};
    size_t i = 0;

    for (i = 0; i < STUB_IMAGE_BYTES; i++) {
        stub->image_bytes[i] = (uint8_t)(i * 5);
    }
    for (i = 0; i < sizeof header / sizeof header[0]; i++) {
        le_put32(stub->image_bytes + 4 * i, header[i]);
    }
    fake_stub_seal(stub);
    stub->image = (struct stub_image){.bytes = stub->image_bytes, .size_bytes = STUB_IMAGE_BYTES};
}

void fake_stub_init(struct fake_stub *stub)
{
    struct error err;
    size_t i = 0;

    memset(stub, 0, sizeof *stub);
    fake_core_init(&stub->core);
    stub->core.context = stub;
    stub->core.program = program;
    stub->core.write_hook = watch_ring;
    stub->command_ns = 100000;
    stub->mcu = (struct board_mcu){
        .name = "STM32H7S3L8",
        .dev_id = 0x485,
        .idcode_addr = 0x5C001000,
        .core_ap = 1,
        .debug_ap = 0xFF,
        .ap_open_timeout_ms = 500,
        .uid_addr = 0x08FFF800,
        .flash_size_addr = 0x08FFF80C,
        .stub_ram = {STUB_ADDR, 0x10000},
        .ring_ram = {RING_ADDR, 0x20000},
    };
    for (i = 0; i < CHIP_BYTES; i++) {
        stub->chip[i] = (uint8_t)(i * 7 + i / 251);
    }
    make_image(stub);
    cr_assert(target_connect(&stub->core.probe.base, &stub->mcu, TARGET_CONNECT_HALT, NULL,
                  &stub->target, &err),
        "%s", err.message);
}

void fake_stub_free(struct fake_stub *stub)
{
    target_close(stub->target);
    fake_core_free(&stub->core);
}

struct stub_client *open_or_fail(struct fake_stub *stub)
{
    struct stub_client *client = NULL;
    struct error err;

    cr_assert(
        stub_client_open_image(stub->target, &stub->image, NULL, &client, &err), "%s", err.message);
    return client;
}
