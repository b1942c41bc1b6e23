#include "common/xxh32.h"
#include "target/driver/core_regs.h"
#include "target/driver/cpu.h"
#include "target/driver/mpu.h"
#include "target/driver/reg.h"
#include "target/stub/stub.h"

#include <stddef.h>

enum {
    HEADER_CRC_BYTES = offsetof(struct abi_stub_header, crc32),
    IDLE_LOOKS = 256 /* at the mailbox, between two at the alarm */
};

void stub_start(struct stub *stub)
{
    volatile struct abi_mailbox *mailbox = stub->mailbox;

    clock_start(&stub->clock, STUB_CORE_HZ, &mailbox->heartbeat, &mailbox->abort_request);
    crc_fast_init(&stub->tables);
    mpu_reset();
    mpu_close();
    mailbox->version = ABI_STUB_VERSION;
    mailbox->state = ABI_STATE_IDLE;
    (void)stub_check_stack(stub);
    cpu_sync_data();
    mailbox->magic = ABI_MAILBOX_MAGIC;
}

enum abi_stub_status stub_check_image(struct stub *stub)
{
    const struct abi_stub_header *header = stub->header;
    const uint8_t *image = (const uint8_t *)header;
    static const uint32_t zero = 0;
    uint32_t behind = HEADER_CRC_BYTES + sizeof zero;
    uint32_t crc = 0;

    /* The whole checksum at the first look; later the faster hash of the same bytes. */
    if (stub->image_xxh32 != 0 && stub->set_up) {
        return xxh32_hash(image, header->image_bytes) == stub->image_xxh32
                   ? ABI_STATUS_OK
                   : ABI_STATUS_STUB_DAMAGED;
    }
    crc = crc_fast_update(&stub->tables, 0, image, HEADER_CRC_BYTES);
    crc = crc_fast_update(&stub->tables, crc, (const uint8_t *)&zero, sizeof zero);
    crc = crc_fast_update(&stub->tables, crc, image + behind, header->image_bytes - behind);
    if (crc != header->crc32) {
        return ABI_STATUS_STUB_DAMAGED;
    }
    stub->image_xxh32 = xxh32_hash(image, header->image_bytes);
    return ABI_STATUS_OK;
}

/* The stack was filled with the canary before the stub began to use it. */
enum abi_stub_status stub_check_stack(struct stub *stub)
{
    uint32_t unused = 0;

    while (unused < stub->stack_words && stub->stack[unused] == ABI_STACK_CANARY) {
        unused++;
    }
    stub->mailbox->stack_canary = stub->stack[0];
    stub->mailbox->stack_free_bytes = unused * (uint32_t)sizeof(uint32_t);
    return unused > 0 ? ABI_STATUS_OK : ABI_STATUS_STACK_OVERFLOW;
}

static void take_command(
    volatile const struct abi_mailbox *mailbox, uint32_t sequence, struct abi_command *command)
{
    volatile const struct abi_command *slot =
        &mailbox->commands[(sequence - 1) % ABI_COMMAND_SLOTS];

    command->sequence = slot->sequence;
    command->kind = slot->kind;
    command->offset = slot->offset;
    command->size_bytes = slot->size_bytes;
    command->buffer_addr = slot->buffer_addr;
    command->check = slot->check;
    command->arg0 = slot->arg0;
    command->arg1 = slot->arg1;
}

static void answer(struct stub *stub, uint32_t sequence, enum abi_stub_status status,
    const struct detail *detail, uint32_t cycles)
{
    volatile struct abi_mailbox *mailbox = stub->mailbox;
    volatile struct abi_result *result = &mailbox->results[(sequence - 1) % ABI_COMMAND_SLOTS];

    result->status = (uint32_t)status;
    for (int i = 0; i < 4; i++) {
        result->value[i] = detail->value[i];
    }
    result->cycles = cycles;
    cpu_sync_data();
    result->sequence = sequence;
    mailbox->completed = sequence;
}

static void skip(struct stub *stub, uint32_t sequence)
{
    const struct detail nothing = {0};

    answer(stub, sequence, ABI_STATUS_SKIPPED, &nothing, 0);
}

static void run(struct stub *stub, uint32_t sequence)
{
    volatile struct abi_mailbox *mailbox = stub->mailbox;
    struct abi_command command;
    uint32_t begin_cycles = reg_read32(DWT_CYCCNT);
    enum abi_stub_status status = ABI_STATUS_BAD_COMMAND;

    take_command(mailbox, sequence, &command);
    mailbox->progress_bytes = 0;
    mailbox->running_offset = command.offset;
    mailbox->running_kind = command.kind;
    mailbox->state = ABI_STATE_BUSY;
    stub->board.detail = (struct detail){0};
    if (command.sequence == sequence) {
        status = stub_execute(stub, &command);
    }
    if (status == ABI_STATUS_ABORTED) {
        stub_settle(stub);
    }
    mailbox->running_kind = 0;
    stub->failed_sequence = status == ABI_STATUS_OK ? 0 : sequence;
    mailbox->state = status == ABI_STATUS_OK ? ABI_STATE_IDLE : ABI_STATE_STOPPED;
    answer(stub, sequence, status, &stub->board.detail, reg_read32(DWT_CYCCNT) - begin_cycles);
}

bool stub_serve_once(struct stub *stub)
{
    volatile struct abi_mailbox *mailbox = stub->mailbox;
    uint32_t done = mailbox->completed;

    if (mailbox->state == ABI_STATE_STOPPED && mailbox->acknowledge == stub->failed_sequence) {
        mailbox->state = ABI_STATE_IDLE;
    }
    if (mailbox->submitted == done) {
        return false;
    }
    cpu_sync_data();
    if (mailbox->state == ABI_STATE_STOPPED) {
        skip(stub, done + 1);
    } else {
        run(stub, done + 1);
    }
    return true;
}

/* Nothing but loads from RAM while there is nothing to do; now and then a look at the alarm, which
 * rings for the watchdog. */
static void idle(struct stub *stub)
{
    const volatile uint32_t *submitted = &stub->mailbox->submitted;
    uint32_t done = stub->mailbox->completed;

    clock_set_alarm(&stub->clock, CLOCK_ALARM_MAX_US);
    while (*submitted == done && !clock_alarm_rings()) {
        for (uint32_t looks = IDLE_LOOKS; looks > 0 && *submitted == done; looks--) {
        }
    }
    clock_end_alarm(&stub->clock);
}

void stub_serve(struct stub *stub)
{
    for (;;) {
        if (!stub_serve_once(stub)) {
            idle(stub);
        }
    }
}
