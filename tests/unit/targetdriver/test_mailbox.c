#include "common/crc32.h"
#include "common/wyhash32.h"
#include "common/xxh32.h"
#include "target/driver/core_regs.h"
#include "target/stub/crash.h"
#include "target/stub/stub.h"
#include "tests/unit/targetdriver/blob_maker.h"
#include "tests/unit/targetdriver/chip_model.h"
#include "tests/unit/targetdriver/machine.h"

#include <criterion/criterion.h>

#include <stddef.h>
#include <string.h>

#define STUB_ADDR   0x20000000U
#define BLOB_ADDR   MACHINE_RAM_ADDR
#define BUFFER_ADDR (MACHINE_RAM_ADDR + 0x8000U)
#define RESULT_ADDR (MACHINE_RAM_ADDR + 0x30000U)

enum { STACK_WORDS = 64 };

/* The stub's memory: a header with some "code" behind it. */
static struct {
    struct abi_stub_header header;
    uint8_t code[1000];
} image;
static volatile struct abi_mailbox mailbox;
static uint32_t stack[STACK_WORDS];
static struct stub stub;
static const struct ctrl_driver *const drivers[] = {&chip_driver, NULL};
static uint32_t submitted;

static void start(void)
{
    machine_reset();
    chip_reset_model();
    memset((void *)(uintptr_t)&mailbox, 0, sizeof mailbox);
    memset(&stub, 0, sizeof stub);
    memset(image.code, 0x5A, sizeof image.code);
    image.header = (struct abi_stub_header){.magic = ABI_STUB_MAGIC,
        .load_addr = STUB_ADDR,
        .image_bytes = sizeof image,
        .memory_bytes = 0x8000};
    image.header.crc32 = crc32_update(0, &image, sizeof image);
    for (int i = 0; i < STACK_WORDS; i++) {
        stack[i] = i < 40 ? ABI_STACK_CANARY : 0;
    }
    (void)blob_make((uint32_t *)(void *)(machine.ram));
    stub.mailbox = &mailbox;
    stub.header = &image.header;
    stub.stack = stack;
    stub.stack_words = STACK_WORDS;
    stub.drivers = drivers;
    submitted = 0;
    stub_start(&stub);
}

static void put(const struct abi_command *command)
{
    volatile struct abi_command *slot = &mailbox.commands[submitted % ABI_COMMAND_SLOTS];

    submitted++;
    slot->sequence = submitted;
    slot->kind = command->kind;
    slot->offset = command->offset;
    slot->size_bytes = command->size_bytes;
    slot->buffer_addr = command->buffer_addr;
    slot->check = command->check;
    slot->arg0 = command->arg0;
    slot->arg1 = command->arg1;
}

static struct abi_result result_of(uint32_t sequence)
{
    volatile const struct abi_result *slot = &mailbox.results[(sequence - 1) % ABI_COMMAND_SLOTS];
    struct abi_result result = {.sequence = slot->sequence, .status = slot->status};

    for (int i = 0; i < 4; i++) {
        result.value[i] = slot->value[i];
    }
    cr_assert_eq(result.sequence, sequence);
    return result;
}

static void serve(void)
{
    mailbox.submitted = submitted;
    while (stub_serve_once(&stub)) {
    }
    cr_assert_eq(mailbox.completed, submitted);
}

static struct abi_result run(struct abi_command command)
{
    put(&command);
    serve();
    return result_of(submitted);
}

static struct abi_command set_up_command(void)
{
    const struct abi_blob *blob = (const struct abi_blob *)(void *)machine.ram;

    return (struct abi_command){
        .kind = ABI_COMMAND_SETUP, .buffer_addr = BLOB_ADDR, .size_bytes = blob->size_bytes};
}

static void start_in_program_mode(void)
{
    start();
    cr_assert_eq(run(set_up_command()).status, ABI_STATUS_OK);
    cr_assert_eq(
        run((struct abi_command){.kind = ABI_COMMAND_SEQUENCE, .arg0 = ABI_SEQUENCE_ENTER_PROGRAM})
            .status,
        ABI_STATUS_OK);
    cr_assert(chip.dtr);
}

static uint8_t *at(uint32_t addr)
{
    return machine.ram + (addr - MACHINE_RAM_ADDR);
}

static struct abi_command program_command(uint32_t offset, uint32_t size_bytes)
{
    for (uint32_t i = 0; i < size_bytes; i++) {
        at(BUFFER_ADDR)[i] = (uint8_t)(i * 5 + 1);
    }
    return (struct abi_command){.kind = ABI_COMMAND_PROGRAM,
        .offset = offset,
        .size_bytes = size_bytes,
        .buffer_addr = BUFFER_ADDR,
        .check = xxh32_hash(at(BUFFER_ADDR), size_bytes)};
}

Test(mailbox, announces_itself)
{
    start();
    cr_assert_eq(mailbox.magic, ABI_MAILBOX_MAGIC);
    cr_assert_eq(mailbox.version, ABI_STUB_VERSION);
    cr_assert_eq(mailbox.state, ABI_STATE_IDLE);
    cr_assert_eq(mailbox.stack_canary, ABI_STACK_CANARY);
    cr_assert_eq(mailbox.stack_free_bytes, 160);
    cr_assert_eq(machine_peek(MPU_CTRL), 5, "external memory is closed");
    cr_assert_not(stub_serve_once(&stub));
}

Test(mailbox, answers_more_commands_than_it_has_slots)
{
    start();
    for (int i = 0; i < 100; i++) {
        cr_assert_eq(run((struct abi_command){.kind = ABI_COMMAND_NOP}).status, ABI_STATUS_OK);
    }
    cr_assert_eq(mailbox.completed, 100);
    cr_assert_eq(mailbox.state, ABI_STATE_IDLE);
}

Test(mailbox, refuses_kinds_it_does_not_know_and_slots_of_another_number)
{
    start();
    cr_assert_eq(run((struct abi_command){.kind = 0}).status, ABI_STATUS_BAD_COMMAND);
    start();
    cr_assert_eq(run((struct abi_command){.kind = 13}).status, ABI_STATUS_BAD_COMMAND);
    start();
    cr_assert_eq(run((struct abi_command){.kind = UINT32_MAX}).status, ABI_STATUS_BAD_COMMAND);
    start();
    mailbox.commands[0].sequence = 7;
    mailbox.commands[0].kind = ABI_COMMAND_NOP;
    submitted = 1;
    serve();
    cr_assert_eq(result_of(1).status, ABI_STATUS_BAD_COMMAND);
}

Test(mailbox, skips_what_follows_a_failure_until_it_is_acknowledged)
{
    static const struct abi_command bad = {.kind = 99};
    static const struct abi_command nop = {.kind = ABI_COMMAND_NOP};

    start();
    put(&nop);
    put(&bad);
    put(&nop);
    put(&nop);
    serve();
    cr_assert_eq(result_of(1).status, ABI_STATUS_OK);
    cr_assert_eq(result_of(2).status, ABI_STATUS_BAD_COMMAND);
    cr_assert_eq(result_of(3).status, ABI_STATUS_SKIPPED);
    cr_assert_eq(result_of(4).status, ABI_STATUS_SKIPPED);
    cr_assert_eq(mailbox.state, ABI_STATE_STOPPED);
    cr_assert_eq(run(nop).status, ABI_STATUS_SKIPPED);
    mailbox.acknowledge = 1;
    cr_assert_eq(run(nop).status, ABI_STATUS_SKIPPED, "another command was acknowledged");
    mailbox.acknowledge = 2;
    cr_assert_eq(run(nop).status, ABI_STATUS_OK);
    cr_assert_eq(mailbox.state, ABI_STATE_IDLE);
}

Test(mailbox, needs_a_set_up_and_the_program_mode)
{
    for (uint32_t kind = ABI_COMMAND_SEQUENCE; kind <= ABI_COMMAND_HASH_MAPPED; kind++) {
        start();
        cr_assert_eq(
            run((struct abi_command){.kind = kind}).status, ABI_STATUS_NO_SETUP, "kind %u", kind);
        start();
        cr_assert_eq(run(set_up_command()).status, ABI_STATUS_OK);
        if (kind >= ABI_COMMAND_ERASE) {
            cr_assert_eq(run((struct abi_command){.kind = kind}).status, ABI_STATUS_NO_SETUP,
                "kind %u", kind);
        }
    }
    cr_assert_eq(chip.programs + chip.erases, 0);
}

Test(mailbox, sets_up_the_board)
{
    start();
    chip.dtr = true;
    cr_assert_eq(run(set_up_command()).status, ABI_STATUS_OK);
    cr_assert_eq(machine_peek(BLOB_REG_ADDR), 1);
    cr_assert_eq(chip.last_prescaler, ABI_CTRL_DETECT + 1);
    cr_assert_not(chip.dtr, "recovered");
    cr_assert_eq(chip.resets, 1);
    cr_assert_eq(chip.mistakes, 0, "%s", chip.mistake);
}

Test(mailbox, leaves_the_chip_as_it_is_when_told_so)
{
    struct abi_command command;

    start();
    chip.dtr = true;
    command = set_up_command();
    command.arg0 = ABI_SETUP_NO_RECOVER;
    cr_assert_eq(run(command).status, ABI_STATUS_OK);
    cr_assert_eq(chip.commands, 0);
}

Test(mailbox, keeps_its_own_copy_of_the_blob)
{
    start_in_program_mode();
    memset(machine.ram, 0, 0x8000);
    cr_assert_eq(run(program_command(0x1000, 512)).status, ABI_STATUS_OK);
    cr_assert_eq(memcmp(chip.bytes + 0x1000, at(BUFFER_ADDR), 512), 0);
}

Test(mailbox, refuses_a_damaged_blob_and_touches_nothing)
{
    start();
    at(BLOB_ADDR)[200] ^= 1;
    cr_assert_eq(run(set_up_command()).status, ABI_STATUS_BAD_BLOB);
    cr_assert_eq(chip.commands, 0);
    cr_assert_eq(machine_peek(BLOB_REG_ADDR), 0);
}

Test(mailbox, refuses_to_work_when_its_image_has_changed)
{
    start();
    image.code[500] ^= 1;
    cr_assert_eq(run(set_up_command()).status, ABI_STATUS_STUB_DAMAGED);
    start_in_program_mode();
    image.code[999] ^= 0x80;
    cr_assert_eq(run(program_command(0, 256)).status, ABI_STATUS_STUB_DAMAGED);
    cr_assert_eq(chip.programs, 0);
    start_in_program_mode();
    image.code[0] ^= 0x80;
    cr_assert_eq(run((struct abi_command){.kind = ABI_COMMAND_ERASE, .size_bytes = 0x1000}).status,
        ABI_STATUS_STUB_DAMAGED);
    cr_assert_eq(chip.erases, 0);
}

Test(mailbox, refuses_to_work_when_its_stack_has_overflown)
{
    start();
    stack[0] = 0;
    cr_assert_eq(
        run((struct abi_command){.kind = ABI_COMMAND_NOP}).status, ABI_STATUS_STACK_OVERFLOW);
    cr_assert_neq(mailbox.stack_canary, ABI_STACK_CANARY);
}

Test(mailbox, erases_programs_reads_and_compares)
{
    struct abi_result result;

    start_in_program_mode();
    memset(chip.bytes + 0x4000, 0, 0x1000);
    cr_assert_eq(
        run((struct abi_command){.kind = ABI_COMMAND_ERASE, .offset = 0x4000, .size_bytes = 0x1000})
            .status,
        ABI_STATUS_OK);
    result = run(
        (struct abi_command){.kind = ABI_COMMAND_BLANK, .offset = 0x4000, .size_bytes = 0x1000});
    cr_assert_eq(result.status, ABI_STATUS_OK);
    cr_assert_eq(result.value[0], UINT32_MAX);
    cr_assert_eq(run(program_command(0x4000, 0x800)).status, ABI_STATUS_OK);
    cr_assert_eq(mailbox.progress_bytes, 0x800);
    result = run((struct abi_command){.kind = ABI_COMMAND_COMPARE,
        .offset = 0x4000,
        .size_bytes = 0x800,
        .buffer_addr = BUFFER_ADDR});
    cr_assert_eq(result.status, ABI_STATUS_OK);
    cr_assert_eq(result.value[0], UINT32_MAX);
    result = run((struct abi_command){.kind = ABI_COMMAND_READ,
        .offset = 0x4001,
        .size_bytes = 0x7FD,
        .buffer_addr = RESULT_ADDR});
    cr_assert_eq(result.status, ABI_STATUS_OK);
    cr_assert_eq(memcmp(at(RESULT_ADDR), at(BUFFER_ADDR) + 1, 0x7FD), 0);
    cr_assert_eq(result.value[0], xxh32_hash(at(BUFFER_ADDR) + 1, 0x7FD));
    cr_assert_eq(chip.mistakes, 0, "%s", chip.mistake);
}

Test(mailbox, tells_where_flash_differs_from_a_buffer)
{
    struct abi_result result;

    start_in_program_mode();
    cr_assert_eq(run(program_command(0, 0x400)).status, ABI_STATUS_OK);
    at(BUFFER_ADDR)[0x123] ^= 0x40;
    result = run((struct abi_command){
        .kind = ABI_COMMAND_COMPARE, .size_bytes = 0x400, .buffer_addr = BUFFER_ADDR});
    cr_assert_eq(result.status, ABI_STATUS_OK);
    cr_assert_eq(result.value[0], 0x123);
    cr_assert_eq(result.value[1], 1);
    cr_assert_eq(result.value[2] & 0xFF, at(BUFFER_ADDR)[0x123]);
    cr_assert_eq(result.value[2] >> 8 & 0xFF, chip.bytes[0x123]);
    cr_assert_eq(result.value[2] >> 16, chip.bytes[0x123]);
    cr_assert_eq(result.value[3], 0x40);
}

Test(mailbox, programs_nothing_of_a_chunk_that_was_damaged_on_its_way)
{
    struct abi_command command;
    struct abi_result result;

    start_in_program_mode();
    command = program_command(0, 0x1000);
    at(BUFFER_ADDR)[0xFFF] ^= 1;
    result = run(command);
    cr_assert_eq(result.status, ABI_STATUS_BAD_CHECK);
    cr_assert_eq(result.value[0], xxh32_hash(at(BUFFER_ADDR), 0x1000));
    cr_assert_eq(chip.programs, 0);
}

Test(mailbox, hashes_blocks_the_last_one_short)
{
    struct abi_block_hash hashes[3];

    start_in_program_mode();
    for (uint32_t i = 0; i < CHIP_BYTES; i++) {
        chip.bytes[i] = (uint8_t)(i ^ i >> 8);
    }
    cr_assert_eq(run((struct abi_command){.kind = ABI_COMMAND_HASH,
                         .offset = 0x101,
                         .size_bytes = 0x2800,
                         .arg0 = 0x1400,
                         .buffer_addr = RESULT_ADDR})
                     .status,
        ABI_STATUS_OK);
    memcpy(hashes, at(RESULT_ADDR), sizeof hashes);
    for (uint32_t i = 0; i < 2; i++) {
        const uint8_t *block = chip.bytes + 0x101 + i * 0x1400;

        cr_assert_eq(hashes[i].wyhash32, wyhash32_hash(block, 0x1400), "block %u", i);
        cr_assert_eq(hashes[i].xxh32, xxh32_hash(block, 0x1400), "block %u", i);
    }
    cr_assert_eq(hashes[2].xxh32, 0, "no third block");
    cr_assert_eq(hashes[2].wyhash32, 0, "no third block");
    cr_assert_eq(chip.mistakes, 0, "%s", chip.mistake);
}

Test(mailbox, checksums_a_range_longer_than_its_buffer)
{
    struct abi_result result;

    start_in_program_mode();
    for (uint32_t i = 0; i < CHIP_BYTES; i++) {
        chip.bytes[i] = (uint8_t)(i ^ i >> 9);
    }
    result =
        run((struct abi_command){.kind = ABI_COMMAND_CRC32, .offset = 0x102, .size_bytes = 0x2803});
    cr_assert_eq(result.status, ABI_STATUS_OK);
    cr_assert_eq(result.value[0], crc32_update(0, chip.bytes + 0x102, 0x2803));
    result = run((struct abi_command){.kind = ABI_COMMAND_CRC32, .offset = CHIP_BYTES});
    cr_assert_eq(result.status, ABI_STATUS_BAD_COMMAND);
    cr_assert_eq(chip.mistakes, 0, "%s", chip.mistake);
}

Test(mailbox, hashes_through_the_mapped_window_and_comes_back)
{
    struct abi_block_hash hashes[2];

    start_in_program_mode();
    for (uint32_t i = 0; i < CHIP_BYTES; i++) {
        chip.bytes[i] = (uint8_t)(i * 3);
    }
    machine.window = chip.bytes;
    cr_assert_eq(run((struct abi_command){.kind = ABI_COMMAND_HASH_MAPPED,
                         .offset = 0x1000,
                         .size_bytes = 0x1800,
                         .arg0 = 0x1000,
                         .buffer_addr = RESULT_ADDR})
                     .status,
        ABI_STATUS_OK);
    memcpy(hashes, at(RESULT_ADDR), sizeof hashes);
    cr_assert_eq(hashes[0].wyhash32, wyhash32_hash(chip.bytes + 0x1000, 0x1000));
    cr_assert_eq(hashes[1].xxh32, xxh32_hash(chip.bytes + 0x2000, 0x800));
    cr_assert_not(chip.mapped);
    cr_assert_eq(machine_peek(BLOB_REG_ADDR), 1, "program_regs came last");
    cr_assert_eq(machine_count_writes(BLOB_REG_ADDR, 2), 1, "run_regs");
    cr_assert_eq(run((struct abi_command){.kind = ABI_COMMAND_BLANK, .size_bytes = 16}).status,
        ABI_STATUS_OK, "the chip is back on the program bus");
    cr_assert_eq(chip.mistakes, 0, "%s", chip.mistake);
}

Test(mailbox, refuses_buffers_in_its_own_memory)
{
    static const uint32_t addrs[] = {STUB_ADDR, STUB_ADDR + 0x7FFC, STUB_ADDR - 8, 0xFFFFFFF8U};

    for (size_t i = 0; i < sizeof addrs / sizeof addrs[0]; i++) {
        start_in_program_mode();
        cr_assert_eq(run((struct abi_command){
                             .kind = ABI_COMMAND_READ, .size_bytes = 64, .buffer_addr = addrs[i]})
                         .status,
            ABI_STATUS_BAD_COMMAND, "0x%08x", addrs[i]);
        cr_assert_eq(chip.reads, 0);
    }
}

Test(mailbox, refuses_ranges_outside_of_the_chip)
{
    static const uint32_t kinds[] = {ABI_COMMAND_ERASE, ABI_COMMAND_PROGRAM, ABI_COMMAND_READ,
        ABI_COMMAND_HASH, ABI_COMMAND_BLANK, ABI_COMMAND_COMPARE, ABI_COMMAND_HASH_MAPPED};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct abi_command command = {.kind = kinds[i],
            .offset = CHIP_BYTES - 0x1000,
            .size_bytes = 0x2000,
            .buffer_addr = BUFFER_ADDR,
            .arg0 = kinds[i] == ABI_COMMAND_ERASE ? 0 : 0x1000};

        start_in_program_mode();
        cr_assert_eq(run(command).status, ABI_STATUS_BAD_COMMAND, "kind %u", kinds[i]);
        start_in_program_mode();
        command.offset = 0xFFFFF000U;
        cr_assert_eq(run(command).status, ABI_STATUS_BAD_COMMAND, "kind %u", kinds[i]);
    }
}

static void ask_to_abort(void)
{
    if (machine_now_us() > 300000) {
        mailbox.abort_request = 1;
    }
}

Test(mailbox, ends_an_erase_when_asked_to_and_leaves_the_chip_idle)
{
    static const struct abi_command nop = {.kind = ABI_COMMAND_NOP};
    struct abi_command erase = {
        .kind = ABI_COMMAND_ERASE, .arg0 = ABI_ERASE_CHIP, .size_bytes = CHIP_BYTES};

    start_in_program_mode();
    machine.meanwhile = ask_to_abort;
    put(&erase);
    put(&nop);
    serve();
    cr_assert_eq(result_of(submitted - 1).status, ABI_STATUS_ABORTED);
    cr_assert_eq(result_of(submitted).status, ABI_STATUS_SKIPPED);
    cr_assert_lt(machine_now_us(), 300000 + CHIP_RESET_BUSY_US + 10000);
    cr_assert_not(chip_busy());
    cr_assert_not(chip.dtr);
    machine.meanwhile = NULL;
    mailbox.abort_request = 0;
    mailbox.acknowledge = submitted - 1;
    cr_assert_eq(run(erase).status, ABI_STATUS_NO_SETUP, "not without the program mode");
}

Test(mailbox, leaves_the_program_bus_or_recovers_from_whatever_it_is)
{
    static const struct abi_command leave = {
        .kind = ABI_COMMAND_SEQUENCE, .arg0 = ABI_SEQUENCE_LEAVE_PROGRAM};

    start_in_program_mode();
    cr_assert_eq(run(leave).status, ABI_STATUS_OK);
    cr_assert_not(chip.dtr);
    cr_assert_eq(chip.resets, 1, "of the set-up");
    cr_assert_eq(run(leave).status, ABI_STATUS_OK);
    cr_assert_eq(chip.resets, 2, "not on the program bus: recovered");
    cr_assert_eq(chip.mistakes, 0, "%s", chip.mistake);
}

Test(mailbox, runs_steps_of_the_host)
{
    struct abi_bus_step step = {.kind = ABI_STEP_EXEC, .op = chip_op(CHIP_RDID, false)};
    struct abi_result result;

    start();
    step.op.data_bytes = 3;
    cr_assert_eq(run(set_up_command()).status, ABI_STATUS_OK);
    memcpy(at(BUFFER_ADDR), &step, sizeof step);
    result = run((struct abi_command){
        .kind = ABI_COMMAND_STEPS, .buffer_addr = BUFFER_ADDR, .arg0 = 1, .arg1 = RESULT_ADDR});
    cr_assert_eq(result.status, ABI_STATUS_OK);
    cr_assert_eq(result.value[0], 3);
    cr_assert_eq(at(RESULT_ADDR)[0], 0xC2);
    cr_assert_eq(at(RESULT_ADDR)[2], 0x39);
    cr_assert_eq(run((struct abi_command){
                         .kind = ABI_COMMAND_STEPS, .buffer_addr = BUFFER_ADDR + 2, .arg0 = 1})
                     .status,
        ABI_STATUS_BAD_COMMAND, "not aligned");
}

static uint8_t frame_bytes[32];

static bool read_frame(uint32_t addr, uint8_t bytes, uint32_t *value)
{
    (void)bytes;
    if (addr - (STUB_ADDR + 0x7000) >= sizeof frame_bytes) {
        return false;
    }
    memcpy(value, frame_bytes + (addr - (STUB_ADDR + 0x7000)), sizeof *value);
    return true;
}

Test(mailbox, records_where_it_crashed)
{
    static const uint32_t frame[] = {0, 1, 2, 3, 12, 0x20000123, 0x20000456, 0x21000200};

    start();
    memcpy(frame_bytes, frame, sizeof frame);
    machine.read = read_frame;
    machine_poke(SCB_CFSR, 0x8200);
    machine_poke(SCB_BFAR, 0x70000000);
    crash_record(&mailbox, &image.header, STUB_ADDR + 0x7000);
    cr_assert_eq(mailbox.state, ABI_STATE_CRASHED);
    cr_assert_eq(mailbox.crash.pc, 0x20000456);
    cr_assert_eq(mailbox.crash.lr, 0x20000123);
    cr_assert_eq(mailbox.crash.xpsr, 0x21000200);
    cr_assert_eq(mailbox.crash.sp, STUB_ADDR + 0x7000 + 36, "with the padding word");
    cr_assert_eq(mailbox.crash.cfsr, 0x8200);
    cr_assert_eq(mailbox.crash.bfar, 0x70000000);
}

Test(mailbox, does_not_read_a_frame_outside_of_its_memory)
{
    start();
    crash_record(&mailbox, &image.header, 0x30000000);
    cr_assert_eq(mailbox.state, ABI_STATE_CRASHED);
    cr_assert_eq(mailbox.crash.pc, 0);
    cr_assert_eq(mailbox.crash.sp, 0x30000000);
}
