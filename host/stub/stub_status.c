/* What the stub's answers mean to people: the only place where its statuses become errors. */
#include "host/stub/stub_internal.h"

#include <inttypes.h>
#include <stdio.h>

void stub_command_text(const struct abi_command *command, char *text, size_t text_bytes)
{
    static const char *const verbs[] = {
        [ABI_COMMAND_NOP] = "doing nothing",
        [ABI_COMMAND_SETUP] = "setting up clocks, pins and memory controller",
        [ABI_COMMAND_SEQUENCE] = "changing the mode of the memory",
        [ABI_COMMAND_STEPS] = "talking to the memory",
        [ABI_COMMAND_ERASE] = "erasing",
        [ABI_COMMAND_PROGRAM] = "programming",
        [ABI_COMMAND_READ] = "reading",
        [ABI_COMMAND_HASH] = "hashing",
        [ABI_COMMAND_BLANK] = "blank-checking",
        [ABI_COMMAND_COMPARE] = "comparing",
        [ABI_COMMAND_HASH_MAPPED] = "hashing through the memory window",
        [ABI_COMMAND_CRC32] = "checksumming",
    };
    bool is_known = command->kind < sizeof verbs / sizeof verbs[0] && verbs[command->kind] != NULL;

    if (is_known && command->kind < ABI_COMMAND_ERASE) {
        (void)snprintf(text, text_bytes, "%s", verbs[command->kind]);
        return;
    }
    (void)snprintf(text, text_bytes, "%s %" PRIu32 " bytes at offset 0x%08" PRIx32,
        is_known ? verbs[command->kind] : "running an unknown command on", command->size_bytes,
        command->offset);
}

/* How a status is worded: the values of the result go into the text in the order of the rows. */
struct wording {
    enum error_code code;
    const char *text;
    const char *value_names[2]; /* NULL: not shown */
    const char *hint;
};

static const struct wording wordings[] = {
    [ABI_STATUS_BAD_COMMAND] = {.code = ERROR_STUB_REFUSED,
        .text = "the stub refused the command: kind, range or alignment"},
    [ABI_STATUS_BAD_BLOB] = {.code = ERROR_STUB_REFUSED,
        .text = "the stub refused the board blob: magic, version, size or checksum"},
    [ABI_STATUS_NO_SETUP] = {.code = ERROR_STUB_REFUSED, .text = "the stub is not set up"},
    [ABI_STATUS_REG_TIMEOUT] = {.code = ERROR_TARGET_STATE,
        .text = "a register of the MCU did not take the state it was waited for",
        .value_names = {"register", "value"}},
    [ABI_STATUS_CTRL_TIMEOUT] = {.code = ERROR_MEMORY_BUS_CORRUPT,
        .text = "the memory controller is stuck",
        .value_names = {"status register", NULL}},
    [ABI_STATUS_CTRL_ERROR] = {.code = ERROR_MEMORY_BUS_CORRUPT,
        .text = "the memory controller reports a transfer error"},
    [ABI_STATUS_POLL_TIMEOUT] = {.code = ERROR_MEMORY_BUS_CORRUPT,
        .text = "the memory did not give the status it was waited for",
        .value_names = {"last byte", "step"}},
    [ABI_STATUS_UNEXPECTED] = {.code = ERROR_MEMORY_BUS_CORRUPT,
        .text = "the memory gave other bytes than it must",
        .value_names = {"bytes", "step"}},
    [ABI_STATUS_BAD_CHECK] = {.code = ERROR_USB_PROTOCOL,
        .text = "data were damaged on their way to the target",
        .value_names = {"hash", NULL},
        .hint = "try a lower wire clock with --speed"},
    [ABI_STATUS_NO_WRITE_ENABLE] = {.code = ERROR_MEMORY_BUS_CORRUPT,
        .text = "the memory does not take the write-enable command",
        .value_names = {"status", NULL}},
    [ABI_STATUS_ERASE_TIMEOUT] = {.code = ERROR_ERASE_TIMEOUT,
        .text = "the memory did not finish an erase in its maximum time",
        .value_names = {"offset", "status"}},
    [ABI_STATUS_ERASE_FAILED] = {.code = ERROR_ERASE_FAILED,
        .text = "the memory reports a failed erase",
        .value_names = {"offset", "fail flags"}},
    [ABI_STATUS_PROGRAM_TIMEOUT] = {.code = ERROR_PROGRAM_TIMEOUT,
        .text = "the memory did not finish a page program in its maximum time",
        .value_names = {"offset", "status"}},
    [ABI_STATUS_PROGRAM_FAILED] = {.code = ERROR_PROGRAM_FAILED,
        .text = "the memory reports a failed page program",
        .value_names = {"offset", "fail flags"}},
    [ABI_STATUS_ABORTED] = {.code = ERROR_STUB_REFUSED, .text = "the command was aborted"},
    [ABI_STATUS_STUB_DAMAGED] = {.code = ERROR_STUB_CRASHED,
        .text = "the stub's own code changed in RAM",
        .hint = "another bus master may write there: try --connect under-reset"},
    [ABI_STATUS_STACK_OVERFLOW] = {.code = ERROR_STUB_CRASHED,
        .text = "the stub overran its stack"},
    [ABI_STATUS_SKIPPED] = {.code = ERROR_STUB_REFUSED,
        .text = "not executed, because an earlier command failed"},
};

static const struct wording unknown_status = {
    .code = ERROR_STUB_REFUSED, .text = "the stub answered with a status that is not known"};

/* One switch without default, so that the compiler finds a status that has no row above. */
static const struct wording *wording_of(enum abi_stub_status status)
{
    switch (status) {
    case ABI_STATUS_BAD_COMMAND:
    case ABI_STATUS_BAD_BLOB:
    case ABI_STATUS_NO_SETUP:
    case ABI_STATUS_REG_TIMEOUT:
    case ABI_STATUS_CTRL_TIMEOUT:
    case ABI_STATUS_CTRL_ERROR:
    case ABI_STATUS_POLL_TIMEOUT:
    case ABI_STATUS_UNEXPECTED:
    case ABI_STATUS_BAD_CHECK:
    case ABI_STATUS_NO_WRITE_ENABLE:
    case ABI_STATUS_ERASE_TIMEOUT:
    case ABI_STATUS_ERASE_FAILED:
    case ABI_STATUS_PROGRAM_TIMEOUT:
    case ABI_STATUS_PROGRAM_FAILED:
    case ABI_STATUS_ABORTED:
    case ABI_STATUS_STUB_DAMAGED:
    case ABI_STATUS_STACK_OVERFLOW:
    case ABI_STATUS_SKIPPED:
        return &wordings[status];
    case ABI_STATUS_OK:
        break;
    }
    return &unknown_status;
}

bool stub_status_error(
    const struct abi_command *command, const struct abi_result *result, struct error *err)
{
    const struct wording *wording = wording_of((enum abi_stub_status)result->status);
    char values[96] = "";
    char doing[128];
    size_t used = 0;
    size_t i = 0;

    for (i = 0; i < 2 && wording->value_names[i] != NULL; i++) {
        used += (size_t)snprintf(values + used, sizeof values - used, "%s%s 0x%" PRIx32,
            i == 0 ? ": " : ", ", wording->value_names[i], result->value[i]);
    }
    (void)error_set(err, wording->code, "%s%s", wording->text, values);
    if (wording->hint != NULL) {
        error_set_hint(err, "%s", wording->hint);
    }
    stub_command_text(command, doing, sizeof doing);
    return error_add_context(err, "%s", doing);
}
