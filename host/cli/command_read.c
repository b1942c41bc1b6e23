/* read and blank: looking at a memory. */
#include "host/base/os.h"
#include "host/cli/ranges.h"
#include "host/cli/work.h"
#include "host/flash/read.h"

#include <inttypes.h>
#include <string.h>

/* Where the bytes go: a file that appears only when it is whole, or standard output. */
struct sink {
    struct os_output *file; /* NULL: standard output */
};

static bool sink_take(void *context, const uint8_t *bytes, size_t size_bytes, struct error *err)
{
    struct sink *sink = context;

    if (sink->file != NULL) {
        return os_output_write(sink->file, bytes, size_bytes, err);
    }
    if (fwrite(bytes, 1, size_bytes, stdout) != size_bytes || fflush(stdout) != 0) {
        return error_set(err, ERROR_HOST_IO, "standard output: %s", os_error_text());
    }
    return true;
}

static bool read_range(struct work *work, struct cli *cli, const struct flash_range *range,
    struct sink *sink, struct error *err)
{
    struct flash_device *device = NULL;
    struct flash_sink flash_sink = {sink_take, sink};

    if (!work_select(work, cli, range->memory, &device, err)) {
        return false;
    }
    if (!flash_read_range(device, range, &flash_sink, &work->listener, err)) {
        return error_add_context(
            err, "reading %" PRIu32 " bytes at 0x%08" PRIx32, range->size_bytes, range->addr);
    }
    output_progress_end(&cli->output);
    return true;
}

/* The file is opened before the probe: a path that cannot be is no reason to stop a program. */
/* The name of a memory whose part is left to the chip has a size only once the chip was asked. */
static bool open_with_ranges(
    struct work *work, struct cli *cli, struct ranges *ranges, struct error *err)
{
    bool was_known = work_parts_are_known(work->connection.board);

    if (!work_open(work, cli, err)) {
        return false;
    }
    if (was_known) {
        return true;
    }
    ranges_free(ranges);
    return ranges_parse(ranges, cli, work->connection.board, err);
}

static bool read_to_sink(
    struct work *work, struct cli *cli, struct ranges *ranges, struct error *err)
{
    const char *path = options_text(&cli->options, OPTION_OUTPUT);
    struct os_output *file = NULL;
    struct sink sink = {NULL};

    if (strcmp(path, "-") != 0 && !os_output_open(path, &file, err)) {
        return false;
    }
    sink.file = file;
    if (!open_with_ranges(work, cli, ranges, err) ||
        !read_range(work, cli, &ranges->ranges[0], &sink, err)) {
        os_output_abandon(file);
        return false;
    }
    if (file != NULL && !os_output_commit(file, err)) {
        return false;
    }
    output_note(&cli->output, "read %" PRIu32 " bytes at 0x%08" PRIx32,
        ranges->ranges[0].size_bytes, ranges->ranges[0].addr);
    return true;
}

bool command_read(struct cli *cli, struct error *err)
{
    const char *path = options_text(&cli->options, OPTION_OUTPUT);
    struct work work = {.stops_program = true};
    struct ranges ranges = {0};
    bool ok = false;

    if (path == NULL) {
        (void)error_set(err, ERROR_USAGE, "where do the bytes go?");
        error_set_hint(err, "xflash read RANGE -o FILE, or -o - for standard output");
        return false;
    }
    if (strcmp(path, "-") == 0 && cli->output.json) {
        return error_set(err, ERROR_USAGE, "--json and -o - both want standard output");
    }
    ok = connection_need_board(&work.connection, cli, err) &&
         ranges_parse(&ranges, cli, work.connection.board, err);
    if (ok && ranges.count > 1) {
        ok = error_set(err, ERROR_USAGE, "read takes one range");
    }
    ok = ok && read_to_sink(&work, cli, &ranges, err);
    ok = work_close(&work, cli, ok, err);
    ranges_free(&ranges);
    return ok;
}

static bool check_blank(
    struct work *work, struct cli *cli, const struct flash_range *range, struct error *err)
{
    struct flash_device *device = NULL;
    struct flash_blank_result result = {0};

    if (!work_select(work, cli, range->memory, &device, err)) {
        return false;
    }
    if (!flash_blank_range(device, range, &work->listener, &result, err)) {
        return error_add_context(err, "checking %" PRIu32 " bytes at 0x%08" PRIx32 " for blank",
            range->size_bytes, range->addr);
    }
    output_progress_end(&cli->output);
    output_result(
        &cli->output, "blank: %" PRIu32 " bytes at 0x%08" PRIx32, range->size_bytes, range->addr);
    return true;
}

bool command_blank(struct cli *cli, struct error *err)
{
    struct work work = {.stops_program = true};
    struct ranges ranges = {0};
    bool ok = connection_need_board(&work.connection, cli, err) &&
              ranges_parse(&ranges, cli, work.connection.board, err) &&
              open_with_ranges(&work, cli, &ranges, err);

    for (size_t i = 0; ok && i < ranges.count; i++) {
        ok = check_blank(&work, cli, &ranges.ranges[i], err);
    }
    ok = work_close(&work, cli, ok, err);
    ranges_free(&ranges);
    return ok;
}
