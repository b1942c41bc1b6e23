/* The flash-test: does this range erase, program and read, and how fast. */
#include "host/cli/ranges.h"
#include "host/cli/result.h"
#include "host/cli/work.h"
#include "host/flash/flash_test.h"

#include <inttypes.h>
#include <string.h>

static uint64_t rate_kb_per_s(uint32_t size_bytes, uint64_t took_ns)
{
    return took_ns != 0 ? (uint64_t)((double)size_bytes * 1e6 / (double)took_ns) : 0;
}

struct phase_row {
    const char *name;
    uint64_t took_ns;
};

enum { PHASE_ROWS = 5 };

static void list_phases(const struct flash_test_result *result, struct phase_row rows[PHASE_ROWS])
{
    rows[0] = (struct phase_row){"erase", result->erase_ns};
    rows[1] = (struct phase_row){"write", result->write_ns};
    rows[2] = (struct phase_row){"verify", result->verify_ns};
    rows[3] = (struct phase_row){"read", result->read_ns};
    rows[4] = (struct phase_row){"mapped", result->mapped_ns};
}

static void show_result(
    struct cli *cli, const struct flash_range *range, const struct flash_test_result *result)
{
    struct output *output = &cli->output;
    struct phase_row rows[PHASE_ROWS];

    list_phases(result, rows);
    output_result(output, "flash test of %" PRIu32 " bytes at 0x%08" PRIx32 ": pass",
        range->size_bytes, range->addr);
    for (size_t i = 0; i < PHASE_ROWS; i++) {
        if (rows[i].took_ns == 0) {
            output_result(output, "  %-7s not done", rows[i].name);
        } else {
            output_result(output, "  %-7s %8.2f ms %8" PRIu64 " KB/s%s", rows[i].name,
                (double)rows[i].took_ns / 1e6, rate_kb_per_s(result->size_bytes, rows[i].took_ns),
                output->is_modelled ? " (modelled)" : "");
        }
    }
    output_result(output, "  contents %s", result->restored ? "restored" : "NOT restored");
}

static void record_result(struct cli *cli, const struct flash_test_result *result)
{
    struct phase_row rows[PHASE_ROWS];
    struct record record;

    if (!output_wants_records(&cli->output)) {
        return;
    }
    list_phases(result, rows);
    result_begin(cli, &record, 0, true, NULL);
    for (size_t i = 0; i < PHASE_ROWS; i++) {
        record_milli(&record, rows[i].name, rows[i].took_ns / 1000);
    }
    result_end_times(cli, &record);
    record_open_array(&record, "images");
    record_close_array(&record);
    record_open_object(&record, "rates");
    for (size_t i = 0; i < PHASE_ROWS; i++) {
        record_u64(
            &record, rows[i].name, rate_kb_per_s(result->size_bytes, rows[i].took_ns) * 1000);
    }
    record_close_object(&record);
    result_end(cli, &record);
}

static bool choose_range(
    struct cli *cli, const struct board *board, struct flash_range *range, struct error *err)
{
    struct ranges ranges = {0};
    bool ok = false;

    if (cli->options.argument_count == 0) {
        return flash_test_default_range(board, range, err);
    }
    ok = ranges_parse(&ranges, cli, board, err);
    if (ok && ranges.count > 1) {
        ok = error_set(err, ERROR_USAGE, "test takes one range");
    }
    if (ok) {
        *range = ranges.ranges[0];
    }
    ranges_free(&ranges);
    return ok;
}

bool command_test(struct cli *cli, struct error *err)
{
    struct work work = {.stops_program = true};
    struct flash_engine_options options;
    struct flash_test_result result = {0};
    struct flash_device *device = NULL;
    struct flash_range range = {0};
    bool ok = false;

    if (options_flag(&cli->options, OPTION_PSRAM)) {
        return error_set(err, ERROR_USAGE, "test --psram is not in this version");
    }
    ok = connection_need_board(&work.connection, cli, err) &&
         (!work_parts_are_known(work.connection.board) ||
             choose_range(cli, work.connection.board, &range, err)) &&
         work_open(&work, cli, err) &&
         (range.size_bytes != 0 || choose_range(cli, work.connection.board, &range, err)) &&
         work_select(&work, cli, range.memory, &device, err);
    if (ok) {
        work_engine_options(&work, cli, &options);
        ok = flash_test_run(device, &range, &options, &result, err);
    }
    output_progress_end(&cli->output);
    ok = work_close(&work, cli, ok, err);
    if (ok) {
        show_result(cli, &range, &result);
        record_result(cli, &result);
    }
    return ok;
}
