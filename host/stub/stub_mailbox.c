/* Transfers to and from the mailbox, and nothing else. docs/stub-protocol.md. */
#include "common/le.h"
#include "host/stub/stub_internal.h"

#include <inttypes.h>
#include <string.h>

enum {
    COMMAND_WORDS = sizeof(struct abi_command) / 4,
    RESULT_WORDS = sizeof(struct abi_result) / 4,
    LOOK_WORDS = sizeof(struct stub_look) / 4
};

_Static_assert(offsetof(struct abi_mailbox, progress_bytes) - offsetof(struct abi_mailbox, state) ==
                   offsetof(struct stub_look, progress_bytes),
    "a look is six words of the mailbox in their order");

static uint32_t member_addr(const struct stub_client *stub, size_t offset)
{
    return stub->header.mailbox_addr + (uint32_t)offset;
}

static uint32_t result_addr(const struct stub_client *stub, uint32_t sequence)
{
    return member_addr(stub,
        offsetof(struct abi_mailbox, results) + stub_slot_of(sequence) * sizeof(struct abi_result));
}

static bool transfer(
    struct stub_client *stub, struct probe_word *words, size_t count, struct error *err)
{
    return probe_transfer_words(stub->probe, target_mcu(stub->target)->core_ap, words, count, err);
}

static size_t add_look(const struct stub_client *stub, struct probe_word *words)
{
    uint32_t addr = member_addr(stub, offsetof(struct abi_mailbox, state));
    size_t i = 0;

    for (i = 0; i < LOOK_WORDS; i++) {
        words[i] = (struct probe_word){.addr = addr + (uint32_t)(4 * i)};
    }
    return LOOK_WORDS;
}

/* Six bits of a struct abi_crash that say most. */
static const char *crash_cause(uint32_t cfsr, uint32_t hfsr)
{
    static const struct {
        uint32_t bit;
        const char *cause;
    } causes[] = {
        {0, "instruction access violation"},
        {1, "data access violation"},
        {8, "instruction bus error"},
        {9, "precise data bus error"},
        {10, "imprecise data bus error"},
        {16, "undefined instruction"},
        {17, "invalid state"},
        {18, "invalid return"},
        {24, "unaligned access"},
        {25, "division by zero"},
    };
    size_t i = 0;

    for (i = 0; i < sizeof causes / sizeof causes[0]; i++) {
        if ((cfsr >> causes[i].bit & 1) != 0) {
            return causes[i].cause;
        }
    }
    return (hfsr & 2) != 0 ? "vector table cannot be read" : "no cause recorded";
}

static bool report_crash(struct stub_client *stub, struct error *err)
{
    struct abi_command running = {
        .kind = stub->look.running_kind, .offset = stub->look.running_offset};
    uint8_t bytes[sizeof(struct abi_crash)];
    uint32_t sequence = stub->look.completed + 1;
    char doing[128];
    uint32_t cfsr = 0;
    uint32_t hfsr = 0;

    if (!target_read(stub->target, member_addr(stub, offsetof(struct abi_mailbox, crash)), bytes,
            sizeof bytes, err)) {
        return error_add_context(err, "reading why the stub crashed");
    }
    cfsr = le_get32(bytes + offsetof(struct abi_crash, cfsr));
    hfsr = le_get32(bytes + offsetof(struct abi_crash, hfsr));
    (void)error_set(err, ERROR_STUB_CRASHED,
        "the stub crashed: %s; pc 0x%08" PRIx32 " lr 0x%08" PRIx32 " xpsr 0x%08" PRIx32
        " sp 0x%08" PRIx32 " cfsr 0x%08" PRIx32 " hfsr 0x%08" PRIx32 " mmfar 0x%08" PRIx32
        " bfar 0x%08" PRIx32,
        crash_cause(cfsr, hfsr), le_get32(bytes), le_get32(bytes + 4), le_get32(bytes + 8),
        le_get32(bytes + 12), cfsr, hfsr, le_get32(bytes + 24), le_get32(bytes + 28));
    if (sequence == stub->sent[stub_slot_of(sequence)].command.sequence) {
        running = stub->sent[stub_slot_of(sequence)].command;
    }
    stub_command_text(&running, doing, sizeof doing);
    return error_add_context(err, "%s", doing);
}

/* Takes over a look. The mailbox is untrusted: a stub that was overwritten or reset must not make
 * the host believe that commands were executed. */
static bool take_look(struct stub_client *stub, const struct probe_word *words, struct error *err)
{
    struct stub_look look = {
        .state = words[0].value,
        .heartbeat = words[1].value,
        .completed = words[2].value,
        .running_kind = words[3].value,
        .running_offset = words[4].value,
        .progress_bytes = words[5].value,
    };
    uint32_t under_way = stub->submitted - look.completed;

    if (look.state < ABI_STATE_IDLE || look.state > ABI_STATE_CRASHED ||
        under_way > stub->submitted - stub->look.completed) {
        (void)error_set(err, ERROR_STUB_SILENT,
            "the stub's mailbox is damaged: state 0x%" PRIx32 ", completed %" PRIu32 " of %" PRIu32
            " commands, %" PRIu32 " before",
            look.state, look.completed, stub->submitted, stub->look.completed);
        error_set_hint(err,
            "something else writes to the RAM of the stub, or the MCU was reset: try "
            "--connect under-reset");
        return false;
    }
    stub->look = look;
    return look.state != ABI_STATE_CRASHED || report_crash(stub, err);
}

bool stub_mailbox_submit(
    struct stub_client *stub, const struct abi_command *command, struct error *err)
{
    const uint32_t fields[COMMAND_WORDS] = {command->sequence, command->kind, command->offset,
        command->size_bytes, command->buffer_addr, command->check, command->arg0, command->arg1};
    uint32_t addr =
        member_addr(stub, offsetof(struct abi_mailbox, commands) +
                              stub_slot_of(command->sequence) * sizeof(struct abi_command));
    struct probe_word words[COMMAND_WORDS + 1 + LOOK_WORDS];
    size_t i = 0;

    for (i = 0; i < COMMAND_WORDS; i++) {
        words[i] = (struct probe_word){
            .addr = addr + (uint32_t)(4 * i), .value = fields[i], .is_write = true};
    }
    /* The bell comes behind the entry; words are transferred strictly in order. */
    words[i++] =
        (struct probe_word){.addr = member_addr(stub, offsetof(struct abi_mailbox, submitted)),
            .value = command->sequence,
            .is_write = true};
    i += add_look(stub, words + i);
    if (!transfer(stub, words, i, err)) {
        return error_add_context(err, "submitting a command to the stub");
    }
    stub->submitted = command->sequence;
    return take_look(stub, words + COMMAND_WORDS + 1, err);
}

static void take_result(const struct probe_word *words, struct abi_result *result)
{
    *result = (struct abi_result){
        .sequence = words[0].value,
        .status = words[1].value,
        .value = {words[2].value, words[3].value, words[4].value, words[5].value},
        .cycles = words[6].value,
    };
}

static size_t add_result(
    const struct stub_client *stub, uint32_t sequence, struct probe_word *words)
{
    size_t i = 0;

    for (i = 0; i < RESULT_WORDS; i++) {
        words[i] = (struct probe_word){.addr = result_addr(stub, sequence) + (uint32_t)(4 * i)};
    }
    return RESULT_WORDS;
}

bool stub_mailbox_look(
    struct stub_client *stub, uint32_t sequence, struct abi_result *result, struct error *err)
{
    struct probe_word words[LOOK_WORDS + RESULT_WORDS];
    size_t count = add_look(stub, words);
    struct abi_result own = {0};

    /* Behind the look: a command that it shows as completed has its result there. */
    if (sequence != 0) {
        count += add_result(stub, sequence, words + count);
    }
    if (!transfer(stub, words, count, err)) {
        return error_add_context(err, "looking at the stub's mailbox");
    }
    if (!take_look(stub, words, err)) {
        return false;
    }
    if (sequence == 0) {
        return true;
    }
    take_result(words + LOOK_WORDS, &own);
    if (stub_is_completed(stub, sequence) && own.sequence != sequence) {
        return error_set(err, ERROR_STUB_SILENT,
            "the stub's mailbox is damaged: the result of command %" PRIu32 " is that of %" PRIu32,
            sequence, own.sequence);
    }
    *result = own;
    return true;
}

bool stub_mailbox_read_result(
    struct stub_client *stub, uint32_t sequence, struct abi_result *result, struct error *err)
{
    struct probe_word words[RESULT_WORDS];
    size_t count = add_result(stub, sequence, words);

    if (!transfer(stub, words, count, err)) {
        return error_add_context(err, "reading a result of the stub");
    }
    take_result(words, result);
    return true;
}

bool stub_mailbox_set_abort(struct stub_client *stub, bool on, struct error *err)
{
    return target_write_word(stub->target,
        member_addr(stub, offsetof(struct abi_mailbox, abort_request)), on ? 1 : 0, err);
}

bool stub_mailbox_acknowledge(struct stub_client *stub, uint32_t sequence, struct error *err)
{
    return target_write_word(
        stub->target, member_addr(stub, offsetof(struct abi_mailbox, acknowledge)), sequence, err);
}
