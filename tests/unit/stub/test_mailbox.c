/* Commands and answers, and every way in which the stub can fail to answer. */
#include "host/base/os.h"
#include "tests/unit/stub/helpers_stub.h"

#include <criterion/criterion.h>

#include <signal.h>
#include <string.h>

static struct fake_stub fake;
static struct stub_client *client;

static void set_up(void)
{
    fake_stub_init(&fake);
    client = open_or_fail(&fake);
}

static void tear_down(void)
{
    stub_client_close(client);
    fake_stub_free(&fake);
}

TestSuite(mailbox, .init = set_up, .fini = tear_down);

static const struct abi_command erase_command = {
    .kind = ABI_COMMAND_ERASE, .offset = 0x10000, .size_bytes = 4096, .arg0 = 0};

static void submit(const struct abi_command *command, uint32_t *sequence)
{
    struct error err;

    cr_assert(stub_client_submit(client, command, sequence, &err), "%s", err.message);
}

static void expect_call_failure(enum error_code code, const char *message)
{
    struct error err;

    cr_assert_not(stub_client_call(client, &erase_command, 2000, NULL, &err));
    cr_assert_str_eq(err.message, message);
    cr_assert_eq(err.code, code);
}

Test(mailbox, programs_what_was_filled)
{
    struct error err;
    uint8_t bytes[512];
    struct abi_command command = {.kind = ABI_COMMAND_PROGRAM,
        .offset = 0x1000,
        .size_bytes = sizeof bytes,
        .buffer_addr = stub_client_slot_addr(client, 2)};

    memset(bytes, 0x3C, sizeof bytes);
    cr_assert(stub_client_fill(client, 2, bytes, sizeof bytes, &err));
    cr_assert(stub_client_call(client, &command, 1000, NULL, &err), "%s", err.message);
    cr_assert_eq(memcmp(fake.chip + 0x1000, bytes, sizeof bytes), 0);
    cr_assert_eq(fake.core.probe.violations, 0, "%s", fake.core.probe.first_violation);
}

Test(mailbox, keeps_many_commands_under_way_and_in_order)
{
    struct error err;
    uint32_t sequences[100];
    size_t i = 0;

    for (i = 0; i < 100; i++) {
        struct abi_command command = {.kind = ABI_COMMAND_NOP, .offset = (uint32_t)i};

        submit(&command, &sequences[i]);
        cr_assert_eq(sequences[i], i + 1);
    }
    cr_assert(stub_client_wait(client, sequences[99], 1000, NULL, &err), "%s", err.message);
    cr_assert_eq(fake.executed, 100);
    cr_assert_eq(fake.last.offset, 99);
    cr_assert_not(stub_client_wait(client, sequences[60], 1000, NULL, &err));
    cr_assert_str_eq(err.message, "command 61 of the stub cannot be waited for: the last is 100");
}

Test(mailbox, does_not_overwrite_a_command_that_waits_in_the_ring)
{
    struct error err;
    uint32_t sequence = 0;
    size_t i = 0;

    fake.command_ns = 20000000;
    for (i = 0; i < 40; i++) {
        struct abi_command command = {.kind = ABI_COMMAND_NOP, .offset = (uint32_t)i};

        submit(&command, &sequence);
    }
    cr_assert_geq(fake.executed, 8, "submitting waited for room");
    cr_assert(stub_client_wait(client, sequence, 5000, NULL, &err), "%s", err.message);
    cr_assert_eq(fake.executed, 40);
}

Test(mailbox, submitting_takes_one_transfer_and_waiting_few)
{
    struct error err;
    uint32_t sequence = 0;
    size_t before = fake.core.probe.transfers;

    fake.command_ns = 400000000;
    submit(&erase_command, &sequence);
    cr_assert_eq(fake.core.probe.transfers - before, 1);
    stub_client_expect(client, sequence, 400000000);
    cr_assert(stub_client_wait(client, sequence, 1000, NULL, &err), "%s", err.message);
    cr_assert_lt(fake.core.probe.transfers - before, 15);
}

Test(mailbox, waiting_does_not_come_late)
{
    struct error err;
    uint32_t sequence = 0;
    uint64_t begin_ns = fake.core.probe.now_ns;

    fake.command_ns = 400000000;
    submit(&erase_command, &sequence);
    stub_client_expect(client, sequence, 390000000);
    cr_assert(stub_client_wait(client, sequence, 1000, NULL, &err), "%s", err.message);
    cr_assert_lt(fake.core.probe.now_ns - begin_ns, 402000000);
}

Test(mailbox, waiting_without_an_expectation_loses_little)
{
    struct error err;
    uint64_t begin_ns = fake.core.probe.now_ns;
    size_t before = fake.core.probe.transfers;

    fake.command_ns = 100000000;
    cr_assert(stub_client_call(client, &erase_command, 1000, NULL, &err), "%s", err.message);
    cr_assert_lt(fake.core.probe.now_ns - begin_ns, 107000000);
    cr_assert_lt(fake.core.probe.transfers - before, 70);
}

Test(mailbox, knows_from_the_blob_how_long_erases_take)
{
    struct abi_memory memory = {.page_bytes = 256,
        .program_typical_us = 150,
        .chip_erase_typical_us = 100000,
        .erase = {{.size_bytes = 4096, .typical_us = 25000},
            {.size_bytes = 65536, .typical_us = 220000}}};
    struct abi_command command = erase_command;

    client->memory = memory;
    cr_assert_eq(stub_expect_ns(client, &command), 0, "no blob yet");
    client->has_memory = true;
    cr_assert_eq(stub_expect_ns(client, &command), 25000000);
    command.arg0 = 1;
    command.size_bytes = 131072;
    cr_assert_eq(stub_expect_ns(client, &command), 440000000);
    command.arg0 = ABI_ERASE_CHIP;
    cr_assert_eq(stub_expect_ns(client, &command), 100000000);
    command.arg0 = 3;
    cr_assert_eq(stub_expect_ns(client, &command), 0);
    command.kind = ABI_COMMAND_PROGRAM;
    command.size_bytes = 1024;
    cr_assert_eq(stub_expect_ns(client, &command), 600000);
}

Test(mailbox, learns_how_long_commands_take)
{
    struct abi_command program = {.kind = ABI_COMMAND_PROGRAM, .size_bytes = 1000};
    struct abi_result result = {.cycles = 64000};

    client->has_memory = true;
    client->memory.page_bytes = 256;
    client->memory.program_typical_us = 150;
    client->memory.erase[1] = (struct abi_erase_type){.size_bytes = 65536, .typical_us = 220000};
    stub_expect_learn(client, &program, &result);
    cr_assert_eq(stub_expect_ns(client, &program), 450000, "no core clock yet: from the blob");
    client->core_hz = 64000000;
    stub_expect_learn(client, &program, &result);
    program.size_bytes = 3000;
    cr_assert_eq(stub_expect_ns(client, &program), 3000000);
    program.kind = ABI_COMMAND_ERASE;
    program.arg0 = 1;
    program.size_bytes = 65536 * 2;
    result.cycles = 64000000;
    stub_expect_learn(client, &program, &result);
    cr_assert_eq(stub_expect_ns(client, &program), 1000000000);
    result.status = ABI_STATUS_ERASE_FAILED;
    result.cycles = 1;
    stub_expect_learn(client, &program, &result);
    cr_assert_eq(stub_expect_ns(client, &program), 1000000000, "failures teach nothing");
}

Test(mailbox, words_a_failed_erase)
{
    fake.trouble = TROUBLE_FAIL;
    fake.trouble_at = 1;
    fake.status = ABI_STATUS_ERASE_FAILED;
    fake.value[0] = 0x10000;
    fake.value[1] = 0x40;
    expect_call_failure(ERROR_ERASE_FAILED,
        "the memory reports a failed erase: offset 0x10000, fail flags 0x40\n"
        "  while erasing 4096 bytes at offset 0x00010000");
}

Test(mailbox, a_command_that_the_stub_does_not_accept_is_named_so)
{
    struct abi_result result = {.status = ABI_STATUS_BAD_COMMAND};
    struct error err;

    cr_assert_not(stub_status_error(&erase_command, &result, &err));
    cr_assert_eq(err.code, ERROR_STUB_REFUSED);
    cr_assert_eq(error_info(err.code)->exit_code, 70);
}

Test(mailbox, has_a_wording_for_every_status)
{
    uint32_t status = 0;

    for (status = 1; status <= ABI_STATUS_SKIPPED + 1; status++) {
        struct abi_result result = {.status = status};
        struct error err = {.code = ERROR_NONE};

        cr_assert_not(stub_status_error(&erase_command, &result, &err));
        cr_assert_neq(err.code, ERROR_NONE, "status %u", status);
        cr_assert_eq(strstr(err.message, "not known") != NULL, status == ABI_STATUS_SKIPPED + 1,
            "status %u: %s", status, err.message);
    }
}

Test(mailbox, reports_the_command_that_failed_for_those_that_were_skipped)
{
    struct error err;
    struct abi_command program = {
        .kind = ABI_COMMAND_PROGRAM, .size_bytes = 256, .buffer_addr = RING_ADDR};
    uint32_t first = 0;
    uint32_t last = 0;

    fake.trouble = TROUBLE_FAIL;
    fake.trouble_at = 1;
    fake.status = ABI_STATUS_ERASE_TIMEOUT;
    fake.command_ns = 1000000;
    submit(&erase_command, &first);
    submit(&program, &last);
    submit(&program, &last);
    cr_assert_not(stub_client_wait(client, last, 1000, NULL, &err));
    cr_assert_eq(err.code, ERROR_ERASE_TIMEOUT);
    cr_assert_str_eq(err.message,
        "the memory did not finish an erase in its maximum time: offset 0x0, status 0x0\n"
        "  while erasing 4096 bytes at offset 0x00010000");
    cr_assert_eq(fake.skipped, 2);
    cr_assert_eq(mailbox_word(&fake, offsetof(struct abi_mailbox, acknowledge)), 1);
}

Test(mailbox, goes_on_after_a_failure)
{
    struct error err;

    fake.trouble = TROUBLE_FAIL;
    fake.trouble_at = 1;
    fake.status = ABI_STATUS_POLL_TIMEOUT;
    cr_assert_not(stub_client_call(client, &erase_command, 1000, NULL, &err));
    cr_assert(stub_client_call(client, &erase_command, 1000, NULL, &err), "%s", err.message);
    cr_assert_eq(fake.executed, 2);
}

Test(mailbox, reports_a_crash_with_its_registers)
{
    fake.trouble = TROUBLE_CRASH;
    fake.trouble_at = 1;
    expect_call_failure(ERROR_STUB_CRASHED,
        "the stub crashed: precise data bus error; pc 0x20000abc lr 0x20000def xpsr 0x21000000 sp "
        "0x20001f00 cfsr 0x00008200 hfsr 0x40000000 mmfar 0x00000000 bfar 0x90000000\n"
        "  while erasing 4096 bytes at offset 0x00010000");
}

Test(mailbox, sees_a_lock_up_long_before_the_timeout)
{
    struct error err;
    uint64_t begin_ns = fake.core.probe.now_ns;

    fake.trouble = TROUBLE_LOCK_UP;
    fake.trouble_at = 1;
    cr_assert_not(stub_client_call(client, &erase_command, 60000, NULL, &err));
    cr_assert_eq(err.code, ERROR_STUB_CRASHED);
    cr_assert_eq(strncmp(err.message,
                     "the core is locked up while the stub should run: DHCSR 0x00090001; pc", 68),
        0, "%s", err.message);
    cr_assert_lt(fake.core.probe.now_ns - begin_ns, 500000000);
}

Test(mailbox, sees_that_the_mcu_was_reset)
{
    struct error err;

    fake.trouble = TROUBLE_RESET;
    fake.trouble_at = 1;
    cr_assert_not(stub_client_call(client, &erase_command, 60000, NULL, &err));
    cr_assert_eq(err.code, ERROR_STUB_SILENT);
    cr_assert_eq(strncmp(err.message, "the core was reset while the stub should run", 44), 0, "%s",
        err.message);
    cr_assert_str_neq(err.hint, "");
}

Test(mailbox, says_that_the_heartbeat_stopped)
{
    struct error err;
    uint64_t begin_ns = fake.core.probe.now_ns;

    fake.trouble = TROUBLE_HANG;
    fake.trouble_at = 1;
    cr_assert_not(stub_client_call(client, &erase_command, 2000, NULL, &err));
    cr_assert_eq(err.code, ERROR_STUB_SILENT);
    cr_assert_str_eq(err.message,
        "the stub made no progress within 2000 ms: 0 of 4096 bytes done, heartbeat stopped, DHCSR "
        "0x00010001; pc 0x20000080 lr 0xffffffff xpsr 0x01000000 cfsr 0x00000000 hfsr 0x00000000 "
        "mmfar 0x00000000 bfar 0x00000000\n  while erasing 4096 bytes at offset 0x00010000");
    cr_assert_lt(fake.core.probe.now_ns - begin_ns, 2200000000);
}

Test(mailbox, a_stall_with_heartbeat_is_a_timeout_of_the_chip_and_is_aborted)
{
    struct error err;

    fake.trouble = TROUBLE_STALL;
    fake.trouble_at = 1;
    cr_assert_not(stub_client_call(client, &erase_command, 1000, NULL, &err));
    cr_assert_eq(err.code, ERROR_ERASE_TIMEOUT, "%s", err.message);
    cr_assert_eq(fake.aborted, 1);
    cr_assert_eq(mailbox_word(&fake, offsetof(struct abi_mailbox, abort_request)), 0);
}

Test(mailbox, does_not_believe_a_damaged_mailbox)
{
    fake.trouble = TROUBLE_SCRIBBLE;
    fake.trouble_at = 1;
    expect_call_failure(ERROR_STUB_SILENT,
        "the stub's mailbox is damaged: state 0x2, completed 3435973836 of 1 commands, 0 before");
}

Test(mailbox, aborts_what_is_under_way)
{
    struct error err;
    uint32_t sequence = 0;

    fake.command_ns = 60000000000;
    submit(&erase_command, &sequence);
    submit(&erase_command, &sequence);
    cr_assert(stub_client_abort(client, 2000, &err), "%s", err.message);
    cr_assert_eq(fake.aborted, 1);
    cr_assert_eq(fake.skipped, 1);
    cr_assert_eq(mailbox_word(&fake, offsetof(struct abi_mailbox, abort_request)), 0);
    fake.command_ns = 1000;
    cr_assert(stub_client_call(client, &erase_command, 1000, NULL, &err), "%s", err.message);
}

Test(mailbox, abort_of_an_idle_stub_does_nothing)
{
    struct error err;

    cr_assert(stub_client_abort(client, 2000, &err), "%s", err.message);
    cr_assert_eq(fake.aborted, 0);
}

Test(mailbox, abort_is_bounded_when_the_stub_hangs)
{
    struct error err;
    uint32_t sequence = 0;
    uint64_t begin_ns = fake.core.probe.now_ns;

    fake.trouble = TROUBLE_HANG;
    fake.trouble_at = 1;
    submit(&erase_command, &sequence);
    cr_assert_not(stub_client_abort(client, 2000, &err));
    cr_assert_str_eq(err.message, "the stub did not end its work within 2000 ms\n"
                                  "  while aborting the work of the stub");
    cr_assert_lt(fake.core.probe.now_ns - begin_ns, 2100000000);
    cr_assert_eq(mailbox_word(&fake, offsetof(struct abi_mailbox, abort_request)), 0);
}

Test(mailbox, a_signal_ends_the_wait_once_the_chip_is_idle)
{
    struct error err;

    os_signals_install();
    fake.command_ns = 60000000000;
    (void)raise(SIGINT);
    cr_assert_not(stub_client_call(client, &erase_command, 120000, NULL, &err));
    cr_assert_eq(err.code, ERROR_INTERRUPTED);
    cr_assert_str_eq(err.message, "interrupted\n  while erasing 4096 bytes at offset 0x00010000");
    cr_assert_eq(fake.aborted, 1);
    fake.command_ns = 5000000;
    cr_assert(
        stub_client_call(client, &erase_command, 1000, NULL, &err), "tidying up: %s", err.message);
}

Test(mailbox, sigterm_has_its_own_code)
{
    struct error err;

    os_signals_install();
    fake.command_ns = 60000000000;
    (void)raise(SIGTERM);
    cr_assert_not(stub_client_call(client, &erase_command, 120000, NULL, &err));
    cr_assert_eq(err.code, ERROR_TERMINATED);
}

Test(mailbox, polls_progress)
{
    struct error err;
    struct stub_progress progress;
    uint32_t sequence = 0;

    fake.command_ns = 60000000000;
    submit(&erase_command, &sequence);
    cr_assert(stub_client_poll(client, &progress, &err));
    cr_assert_eq(progress.completed, 0);
    cr_assert_eq(progress.running_kind, ABI_COMMAND_ERASE);
    cr_assert_eq(progress.running_offset, 0x10000);
}

Test(mailbox, works_with_a_probe_that_cannot_scatter)
{
    struct error err;

    fake.core.probe.base.limits.scatter_count = 0;
    cr_assert(stub_client_call(client, &erase_command, 1000, NULL, &err), "%s", err.message);
    cr_assert_eq(fake.executed, 1);
}

Test(mailbox, fails_cleanly_wherever_the_cable_is_pulled)
{
    size_t at = 0;
    bool is_done = false;

    for (at = 1; at < 100 && !is_done; at++) {
        struct error err = {.code = ERROR_NONE};

        tear_down();
        set_up();
        fake.command_ns = 3000000;
        fake.core.probe.fails_at_transfer = fake.core.probe.transfers + at;
        is_done = stub_client_call(client, &erase_command, 1000, NULL, &err);
        cr_assert(is_done || err.code == ERROR_USB_LOST, "transfer %zu: %s", at, err.message);
    }
    cr_assert(is_done);
}
