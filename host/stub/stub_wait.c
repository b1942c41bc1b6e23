/* Waiting for the stub: when to look, and how to tell that it will never answer. */
#include "host/base/os.h"
#include "host/stub/stub_internal.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    MIN_PAUSE_NS = 50 * STUB_NS_PER_US,
    MAX_PAUSE_NS = 5 * STUB_NS_PER_MS,
    /* Also when the end is far: a crash is to be seen in time. */
    MAX_EXPECTED_PAUSE_NS = 250 * STUB_NS_PER_MS,
    /* A command that is longer under way than this is looked at less often: at most this part of
     * its time is lost. */
    LATE_PART = 16,
    /* Without any sign of life for so long the core is asked how it is. */
    ASK_CORE_NS = 200 * STUB_NS_PER_MS,
    S_HALT = 1 << 17,
    S_LOCKUP = 1 << 19,
    S_RESET_ST = 1 << 25
};

/* What is seen while one command is waited for. */
struct watch {
    uint64_t timeout_ns;
    uint64_t progress_ns; /* when there last was progress */
    uint64_t life_ns;     /* when there last was progress or a heartbeat */
    uint64_t asked_ns;    /* when the core was asked last */
    uint32_t beats;       /* heartbeats since progress_ns */
    struct stub_look look;
};

/* Commands that were completed between two looks ended when they should have, not when that was
 * seen: else each look would make the next one late. */
static void follow_running(struct stub_client *stub, uint32_t completed_before, uint64_t now_ns)
{
    uint32_t sequence = completed_before;

    while (sequence != stub->look.completed) {
        const struct stub_sent *done = &stub->sent[stub_slot_of(++sequence)];
        uint64_t end_ns = stub->running_since_ns + done->expected_ns;

        stub->running_since_ns = done->expected_ns != 0 && end_ns < now_ns ? end_ns : now_ns;
    }
    if (sequence != stub->submitted) {
        const struct stub_sent *next = &stub->sent[stub_slot_of(sequence + 1)];

        if (stub->running_since_ns < next->submitted_ns) {
            stub->running_since_ns = next->submitted_ns;
        }
    }
}

static uint64_t clamp(uint64_t value, uint64_t low, uint64_t high)
{
    if (value < low) {
        return low;
    }
    return value < high ? value : high;
}

/* How long to leave the link alone before the next look. */
static uint64_t pause_ns(const struct stub_client *stub, uint32_t sequence, uint64_t now_ns)
{
    uint64_t elapsed_ns = now_ns > stub->running_since_ns ? now_ns - stub->running_since_ns : 0;
    uint64_t expected_ns = 0;
    uint32_t i = stub->look.completed;

    while (i != sequence) {
        expected_ns += stub->sent[stub_slot_of(++i)].expected_ns;
    }
    if (expected_ns > elapsed_ns) {
        uint64_t left_ns = expected_ns - elapsed_ns;

        /* Up to shortly before the expected end. */
        return clamp(left_ns - left_ns / LATE_PART, MIN_PAUSE_NS, MAX_EXPECTED_PAUSE_NS);
    }
    return clamp((elapsed_ns - expected_ns) / LATE_PART, MIN_PAUSE_NS, MAX_PAUSE_NS);
}

static void note_life(struct watch *watch, const struct stub_look *look, uint64_t now_ns)
{
    if (look->completed != watch->look.completed ||
        look->running_kind != watch->look.running_kind ||
        look->progress_bytes != watch->look.progress_bytes) {
        watch->progress_ns = now_ns;
        watch->life_ns = now_ns;
        watch->beats = 0;
    } else if (look->heartbeat != watch->look.heartbeat) {
        watch->life_ns = now_ns;
        watch->beats += look->heartbeat - watch->look.heartbeat;
    }
    watch->look = *look;
}

static bool report_dead_core(struct stub_client *stub, uint32_t dhcsr, struct error *err)
{
    struct error second;
    char fault[256];
    const char *what = "is halted";

    if ((dhcsr & S_LOCKUP) != 0) {
        what = "is locked up";
    } else if ((dhcsr & S_RESET_ST) != 0) {
        what = "was reset";
    }
    if (!target_describe_fault(stub->target, fault, sizeof fault, &second)) {
        (void)snprintf(fault, sizeof fault, "its registers cannot be read");
    }
    (void)error_set(err, (dhcsr & S_LOCKUP) != 0 ? ERROR_STUB_CRASHED : ERROR_STUB_SILENT,
        "the core %s while the stub should run: DHCSR 0x%08" PRIx32 "; %s", what, dhcsr, fault);
    if ((dhcsr & S_RESET_ST) != 0) {
        error_set_hint(err, "a watchdog, a reset button or the supply; try --connect under-reset");
    }
    return false;
}

/* True: the core is fine, as far as can be seen. */
static bool ask_core(
    struct stub_client *stub, struct watch *watch, uint64_t now_ns, struct error *err)
{
    uint32_t dhcsr = 0;

    watch->asked_ns = now_ns;
    if (!target_read_dhcsr(stub->target, &dhcsr, err)) {
        return false;
    }
    return (dhcsr & (S_HALT | S_LOCKUP | S_RESET_ST)) == 0 || report_dead_core(stub, dhcsr, err);
}

static enum error_code timeout_code(const struct watch *watch, const struct abi_command *command)
{
    if (watch->beats == 0) {
        return ERROR_STUB_SILENT;
    }
    if (command->kind == ABI_COMMAND_ERASE) {
        return ERROR_ERASE_TIMEOUT;
    }
    return command->kind == ABI_COMMAND_PROGRAM ? ERROR_PROGRAM_TIMEOUT : ERROR_STUB_SILENT;
}

/* The stub bounds its own waits, so this is its last resort: the chip is asked to stop, too. */
static bool report_timeout(struct stub_client *stub, const struct watch *watch,
    const struct abi_command *command, struct error *err)
{
    struct error second;
    uint32_t dhcsr = 0;
    char fault[256] = "";
    char doing[128];

    if (!target_read_dhcsr(stub->target, &dhcsr, err)) {
        return false;
    }
    if (watch->beats == 0 && !target_describe_fault(stub->target, fault, sizeof fault, &second)) {
        fault[0] = '\0';
    }
    (void)error_set(err, timeout_code(watch, command),
        "the stub made no progress within %" PRIu64 " ms: %" PRIu32 " of %" PRIu32
        " bytes done, heartbeat %s, DHCSR 0x%08" PRIx32 "%s%s",
        watch->timeout_ns / STUB_NS_PER_MS, watch->look.progress_bytes, command->size_bytes,
        watch->beats == 0 ? "stopped" : "goes on", dhcsr, fault[0] != '\0' ? "; " : "", fault);
    stub_command_text(command, doing, sizeof doing);
    (void)error_add_context(err, "%s", doing);
    if (watch->beats > 0 && !stub_client_abort(stub, 2000, &second)) {
        log_write(stub->log, LOG_DEBUG, NULL, "aborting: %s", second.message);
    }
    return false;
}

static bool check_watch(
    struct stub_client *stub, struct watch *watch, uint64_t now_ns, struct error *err)
{
    uint32_t running = stub->look.completed + 1;

    note_life(watch, &stub->look, now_ns);
    if (now_ns - watch->progress_ns >= watch->timeout_ns) {
        return report_timeout(stub, watch, &stub->sent[stub_slot_of(running)].command, err);
    }
    if (now_ns - watch->life_ns >= ASK_CORE_NS && now_ns - watch->asked_ns >= ASK_CORE_NS) {
        return ask_core(stub, watch, now_ns, err);
    }
    return true;
}

static bool interrupt(struct stub_client *stub, struct error *err)
{
    const struct abi_command *command = &stub->sent[stub_slot_of(stub->look.completed + 1)].command;
    char doing[128];

    stub_command_text(command, doing, sizeof doing);
    stub->was_interrupted = true;
    if (!stub_client_abort(stub, 2000, err)) {
        return error_add_context(err, "stopping after a signal");
    }
    (void)os_signal_fail(err);
    return error_add_context(err, "%s", doing);
}

bool stub_wait_completed(struct stub_client *stub, uint32_t sequence, uint32_t timeout_ms,
    struct abi_result *result, struct error *err)
{
    uint64_t now_ns = probe_now_ns(stub->probe);
    struct watch watch = {
        .timeout_ns = (uint64_t)timeout_ms * STUB_NS_PER_MS,
        .progress_ns = now_ns,
        .life_ns = now_ns,
        .asked_ns = now_ns,
        .look = stub->look,
    };

    /* What is known from the blob to take long is not looked at before. */
    if (!stub_is_completed(stub, sequence)) {
        probe_wait_ns(stub->probe, pause_ns(stub, sequence, now_ns));
    }
    for (;;) {
        uint32_t completed_before = stub->look.completed;

        if (!stub_mailbox_look(stub, sequence, result, err)) {
            return false;
        }
        now_ns = probe_now_ns(stub->probe);
        follow_running(stub, completed_before, now_ns);
        if (stub_is_completed(stub, sequence)) {
            stub_expect_learn(stub, &stub->sent[stub_slot_of(sequence)].command, result);
            return true;
        }
        if (!stub->was_interrupted && os_signal_pending() != 0) {
            return interrupt(stub, err);
        }
        if (!check_watch(stub, &watch, now_ns, err)) {
            return false;
        }
        probe_wait_ns(stub->probe, pause_ns(stub, sequence, now_ns));
    }
}
