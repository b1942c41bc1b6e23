#include "host/stub/stub_client.h"

#include "host/stub/stub_internal.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    DEFAULT_SLOTS = 4,
    /* Bound for a place in the ring: time without progress of the stub. */
    RING_TIMEOUT_MS = 60000,
    /* Answering the rest of the ring with "skipped" takes the stub microseconds. */
    DRAIN_TIMEOUT_MS = 2000,
    DRAIN_PAUSE_NS = 500 * STUB_NS_PER_US
};

static bool prepare_slots(struct stub_client *stub, struct error *err)
{
    uint32_t ring_bytes = target_mcu(stub->target)->ring_ram.size_bytes;
    size_t blocks = (ring_bytes + STUB_RING_BLOCK_BYTES - 1) / STUB_RING_BLOCK_BYTES;

    stub->ring_is_written = calloc(blocks > 0 ? blocks : 1, 1);
    if (stub->ring_is_written == NULL) {
        return error_set(err, ERROR_HOST_IO, "no memory for the stub's buffers");
    }
    return stub_client_set_slots(stub, DEFAULT_SLOTS,
        (size_t)ring_bytes / DEFAULT_SLOTS / STUB_UNIT_BYTES * STUB_UNIT_BYTES, err);
}

bool stub_client_open_image(struct target *target, const struct stub_image *image, struct log *log,
    struct stub_client **out, struct error *err)
{
    struct stub_client *stub = calloc(1, sizeof *stub);

    *out = NULL;
    if (stub == NULL) {
        return error_set(err, ERROR_HOST_IO, "no memory for the stub");
    }
    stub->target = target;
    stub->probe = target_probe(target);
    stub->log = log;
    if (!prepare_slots(stub, err) || !stub_load(stub, image, err)) {
        stub_client_close(stub);
        return false;
    }
    *out = stub;
    return true;
}

void stub_client_close(struct stub_client *stub)
{
    struct error err;

    if (stub == NULL) {
        return;
    }
    if (!target_halt(stub->target, &err)) {
        log_write(stub->log, LOG_DEBUG, NULL, "stopping the stub: %s", err.message);
    }
    free(stub->ring_is_written);
    free(stub);
}

/* What the stub will write into the ring. */
static bool touch_output(
    struct stub_client *stub, const struct abi_command *command, struct error *err)
{
    size_t size_bytes = 0;

    if (command->kind == ABI_COMMAND_READ) {
        size_bytes = command->size_bytes;
    } else if ((command->kind == ABI_COMMAND_HASH || command->kind == ABI_COMMAND_HASH_MAPPED) &&
               command->arg0 != 0) {
        size_bytes = ((size_t)command->size_bytes + command->arg0 - 1) / command->arg0 *
                     sizeof(struct abi_block_hash);
    }
    return stub_slots_touch(stub, command->buffer_addr, size_bytes, err);
}

bool stub_client_submit(struct stub_client *stub, const struct abi_command *command,
    uint32_t *sequence, struct error *err)
{
    uint32_t next = stub->submitted + 1;
    struct stub_sent *sent = &stub->sent[stub_slot_of(next)];
    struct abi_result ignored;

    *sequence = next;
    if (!touch_output(stub, command, err)) {
        return false;
    }
    if (stub->submitted - stub->look.completed >= ABI_COMMAND_SLOTS &&
        !stub_wait_completed(stub, next - ABI_COMMAND_SLOTS, RING_TIMEOUT_MS, &ignored, err)) {
        return false;
    }
    sent->command = *command;
    sent->command.sequence = next;
    sent->expected_ns = stub_expect_ns(stub, command);
    sent->submitted_ns = probe_now_ns(stub->probe);
    if (stub->look.completed == stub->submitted) {
        stub->running_since_ns = sent->submitted_ns;
    }
    return stub_mailbox_submit(stub, &sent->command, err);
}

void stub_client_expect(struct stub_client *stub, uint32_t sequence, uint64_t expected_ns)
{
    struct stub_sent *sent = &stub->sent[stub_slot_of(sequence)];

    if (sent->command.sequence == sequence) {
        sent->expected_ns = expected_ns;
    }
}

/* Until everything submitted is answered. */
static bool drain(struct stub_client *stub, uint32_t timeout_ms, struct error *err)
{
    uint64_t end_ns = probe_now_ns(stub->probe) + (uint64_t)timeout_ms * STUB_NS_PER_MS;

    for (;;) {
        bool is_late = probe_now_ns(stub->probe) >= end_ns;

        if (!stub_mailbox_look(stub, 0, NULL, err)) {
            return false;
        }
        if (stub->look.completed == stub->submitted) {
            return true;
        }
        if (is_late) {
            return error_set(err, ERROR_STUB_SILENT,
                "the stub did not end its work within %" PRIu32 " ms", timeout_ms);
        }
        probe_wait_ns(stub->probe, DRAIN_PAUSE_NS);
    }
}

/* The command that made the one at sequence be skipped: the last before it that was executed. */
static bool find_failed(struct stub_client *stub, uint32_t sequence, uint32_t *failed,
    struct abi_result *result, struct error *err)
{
    uint32_t looked_at = 0;

    *failed = sequence;
    for (looked_at = 0; looked_at < ABI_COMMAND_SLOTS && *failed != 0; looked_at++) {
        if (!stub_mailbox_read_result(stub, *failed, result, err)) {
            return false;
        }
        if (result->status != ABI_STATUS_SKIPPED || result->sequence != *failed) {
            return true;
        }
        (*failed)--;
    }
    *failed = sequence;
    return true;
}

/* With the ring empty: lets the stub take commands again. */
static bool acknowledge(struct stub_client *stub, uint32_t failed, struct error *err)
{
    return stub->look.state != ABI_STATE_STOPPED || stub_mailbox_acknowledge(stub, failed, err);
}

static bool report_failed(struct stub_client *stub, uint32_t sequence, struct error *err)
{
    struct abi_result result = {0};
    uint32_t failed = sequence;

    if (!drain(stub, DRAIN_TIMEOUT_MS, err) ||
        !find_failed(stub, sequence, &failed, &result, err) || !acknowledge(stub, failed, err)) {
        return error_add_context(err, "finding out which command of the stub failed");
    }
    return stub_status_error(&stub->sent[stub_slot_of(failed)].command, &result, err);
}

bool stub_client_wait(struct stub_client *stub, uint32_t sequence, uint32_t timeout_ms,
    struct abi_result *result, struct error *err)
{
    struct abi_result own = {0};

    if (stub->submitted - sequence >= ABI_COMMAND_SLOTS) {
        return error_set(err, ERROR_INTERNAL,
            "command %" PRIu32 " of the stub cannot be waited for: the last is %" PRIu32, sequence,
            stub->submitted);
    }
    if (!stub_wait_completed(stub, sequence, timeout_ms, &own, err)) {
        return false;
    }
    if (result != NULL) {
        *result = own;
    }
    return own.status == ABI_STATUS_OK || report_failed(stub, sequence, err);
}

bool stub_client_call(struct stub_client *stub, const struct abi_command *command,
    uint32_t timeout_ms, struct abi_result *result, struct error *err)
{
    uint32_t sequence = 0;

    return stub_client_submit(stub, command, &sequence, err) &&
           stub_client_wait(stub, sequence, timeout_ms, result, err);
}

bool stub_client_poll(struct stub_client *stub, struct stub_progress *progress, struct error *err)
{
    if (!stub_mailbox_look(stub, 0, NULL, err)) {
        return false;
    }
    *progress = (struct stub_progress){
        .completed = stub->look.completed,
        .running_kind = stub->look.running_kind,
        .running_offset = stub->look.running_offset,
        .progress_bytes = stub->look.progress_bytes,
    };
    return true;
}

bool stub_client_abort(struct stub_client *stub, uint32_t timeout_ms, struct error *err)
{
    struct abi_result result = {0};
    uint32_t failed = 0;
    bool is_done = false;

    if (!stub_mailbox_set_abort(stub, true, err)) {
        return error_add_context(err, "aborting the work of the stub");
    }
    is_done = drain(stub, timeout_ms, err);
    if (is_done && stub->look.state == ABI_STATE_STOPPED) {
        is_done = find_failed(stub, stub->submitted, &failed, &result, err) &&
                  acknowledge(stub, failed, err);
    }
    /* Also when it did not end: a request that stays would end the next command, too. */
    if (is_done) {
        is_done = stub_mailbox_set_abort(stub, false, err);
    } else {
        struct error second;

        if (!stub_mailbox_set_abort(stub, false, &second)) {
            log_write(stub->log, LOG_DEBUG, NULL, "taking the abort back: %s", second.message);
        }
    }
    if (!is_done) {
        return error_add_context(err, "aborting the work of the stub");
    }
    return true;
}
