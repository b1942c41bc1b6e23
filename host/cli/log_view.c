#include "host/cli/log_view.h"

#include "host/base/os.h"
#include "host/log/rtt.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    LINE_BYTES = 512,
    DHCSR_S_HALT = 1 << 17,
    DHCSR_S_LOCKUP = 1 << 19,
};

#define POLL_NS   UINT64_C(5000000)
#define NS_PER_MS UINT64_C(1000000)

struct view {
    struct cli *cli;
    struct target *target;
    struct rtt *rtt;
    uint32_t control_block_addr;
    struct os_regex *until;
    struct os_regex *fail_on;
    uint64_t start_ns;
    uint64_t for_ns; /* 0: no end */
    char line[LINE_BYTES];
    size_t line_length;
    bool matched;
    bool by_pattern; /* --fail-on matched: the core runs */
};

static uint64_t elapsed_ns(const struct view *view)
{
    return probe_now_ns(target_probe(view->target)) - view->start_ns;
}

static void show_line(struct view *view)
{
    struct output *output = &view->cli->output;
    uint64_t ms = elapsed_ns(view) / NS_PER_MS;
    struct record record;

    view->line[view->line_length] = '\0';
    output_clean_text(view->line);
    output_result(output, "[%4" PRIu64 ".%03u s] %s", ms / 1000, (unsigned)(ms % 1000), view->line);
    if (output_wants_records(output)) {
        output_begin_record(output, &record, "log");
        record_text(&record, "text", view->line);
        output_record(output, &record);
    }
}

static bool end_line(struct view *view, struct error *err)
{
    show_line(view);
    view->line_length = 0;
    if (view->fail_on != NULL && os_regex_matches(view->fail_on, view->line)) {
        view->by_pattern = true;
        return error_set(err, ERROR_TARGET_PROGRAM_FAULT,
            "the log says \"%s\", which --fail-on %s "
            "names",
            view->line, options_text(&view->cli->options, OPTION_FAIL_ON));
    }
    if (view->until != NULL && os_regex_matches(view->until, view->line)) {
        view->matched = true;
    }
    return true;
}

static bool take_byte(struct view *view, char byte, struct error *err)
{
    bool ends_line = byte == '\n' || view->line_length == LINE_BYTES - 1;

    if (ends_line && !end_line(view, err)) {
        return false;
    }
    if (byte != '\n' && byte != '\r') {
        view->line[view->line_length++] = byte;
    }
    return true;
}

static bool take_bytes(struct view *view, const char *bytes, size_t count, struct error *err)
{
    for (size_t i = 0; i < count && !view->matched; i++) {
        if (!take_byte(view, bytes[i], err)) {
            return false;
        }
    }
    return true;
}

static bool read_log(struct view *view, struct error *err)
{
    struct log *log = &view->cli->output.log;
    char bytes[1024];
    size_t count = 0;

    if (view->rtt == NULL &&
        !rtt_attach(view->target, view->control_block_addr, log, &view->rtt, err)) {
        return err->code == ERROR_WAIT_TIMEOUT; /* not there yet */
    }
    do {
        if (!rtt_read(view->rtt, bytes, sizeof bytes, &count, err) ||
            !take_bytes(view, bytes, count, err)) {
            return false;
        }
    } while (count == sizeof bytes && !view->matched);
    return true;
}

static bool check_core(struct view *view, struct error *err)
{
    uint32_t dhcsr = 0;
    char text[256];

    if (!target_read_dhcsr(view->target, &dhcsr, err)) {
        return false;
    }
    if ((dhcsr & (DHCSR_S_HALT | DHCSR_S_LOCKUP)) == 0) {
        return true;
    }
    if (!target_describe_fault(view->target, text, sizeof text, err)) {
        return error_add_context(err, "looking at the core, which has stopped");
    }
    (void)error_set(err, ERROR_TARGET_PROGRAM_FAULT, "the program %s: %s",
        (dhcsr & DHCSR_S_LOCKUP) != 0 ? "has locked the core up"
                                      : "has stopped (fault or "
                                        "breakpoint)",
        text);
    return false;
}

static bool check_time(struct view *view, bool *is_over, struct error *err)
{
    const struct options *options = &view->cli->options;
    uint64_t now_ns = elapsed_ns(view);

    *is_over = view->matched || (view->for_ns != 0 && now_ns >= view->for_ns);
    if (*is_over) {
        return true;
    }
    if (os_signal_pending() == OS_SIGNAL_TIMEOUT) {
        return error_set(err, ERROR_WAIT_TIMEOUT, "%s%s%s did not come within %s (--timeout)",
            view->until != NULL ? "a line with \"" : "",
            view->until != NULL ? options_text(options, OPTION_UNTIL) : "the end",
            view->until != NULL ? "\"" : "", options_text(options, OPTION_TIMEOUT));
    }
    return os_signal_pending() == 0 || os_signal_fail(err);
}

static bool watch(struct view *view, struct error *err)
{
    bool is_over = false;

    for (;;) {
        if (!read_log(view, err) || !check_core(view, err) || !check_time(view, &is_over, err)) {
            return false;
        }
        if (is_over) {
            return true;
        }
        probe_wait_ns(target_probe(view->target), POLL_NS);
    }
}

static bool open_patterns(struct view *view, struct error *err)
{
    const struct options *options = &view->cli->options;
    const char *until = options_text(options, OPTION_UNTIL);
    const char *fail_on = options_text(options, OPTION_FAIL_ON);

    return (until == NULL || os_regex_compile(until, &view->until, err)) &&
           (fail_on == NULL || os_regex_compile(fail_on, &view->fail_on, err));
}

bool log_view_check(struct cli *cli, struct error *err)
{
    struct view view = {.cli = cli};
    bool ok = open_patterns(&view, err);

    os_regex_free(view.until);
    os_regex_free(view.fail_on);
    return ok;
}

bool log_view_run(
    struct cli *cli, struct target *target, uint32_t control_block_addr, struct error *err)
{
    struct view view = {
        .cli = cli,
        .target = target,
        .control_block_addr = control_block_addr,
        .for_ns = options_duration_ms(&cli->options, OPTION_FOR) * NS_PER_MS,
    };
    bool ok = false;

    if (!open_patterns(&view, err)) {
        goto free_patterns;
    }
    view.start_ns = probe_now_ns(target_probe(target));
    ok = target_catch_faults(target, true, err) && watch(&view, err);
    if (!ok && (view.by_pattern || os_signal_pending() != 0)) {
        error_set_state(err, "the program goes on running");
    }
    if (view.line_length > 0) {
        show_line(&view);
    }
    if (ok && view.rtt == NULL) {
        output_warning(&cli->output, "no-log",
            "no RTT control block was found in RAM: this program "
            "has no log");
    }
    rtt_detach(view.rtt);

free_patterns:
    os_regex_free(view.until);
    os_regex_free(view.fail_on);
    return ok;
}
