#include "host/cli/result.h"

#include "host/base/os.h"

void result_begin(
    struct cli *cli, struct record *record, int exit_code, bool verified, const char *boot)
{
    output_begin_record(&cli->output, record, "result");
    record_bool(record, "ok", exit_code == 0);
    record_i64(record, "exit", exit_code);
    record_bool(record, "verified", verified);
    record_text(record, "boot", boot != NULL ? boot : "none");
    record_open_object(record, "ms");
}

void result_end_times(struct cli *cli, struct record *record)
{
    record_milli(record, "total", output_elapsed_us(&cli->output));
    record_close_object(record);
    record_text(record, "clock", cli->output.is_modelled ? "modelled" : "host");
    if (cli->output.is_modelled) {
        record_milli(record, "real_ms", (os_monotonic_ns() - cli->output.start_ns) / 1000);
    }
}

void result_end(struct cli *cli, struct record *record)
{
    record_u64(record, "retries", cli->retries);
    output_record(&cli->output, record);
    cli->result_written = true;
}
