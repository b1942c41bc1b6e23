#include "host/cli/command.h"
#include "host/cli/consent.h"
#include "host/cli/plan_view.h"
#include "host/cli/ranges.h"
#include "host/cli/work.h"
#include "host/flash/boot.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static bool parse_what(
    struct cli *cli, const struct board *board, struct ranges *ranges, struct error *err)
{
    const struct options *options = &cli->options;
    const char *memory = options->argument_count > 0 ? options->arguments[0] : NULL;

    if (!options_flag(options, OPTION_ALL)) {
        if (options->argument_count == 0) {
            (void)error_set(
                err, ERROR_USAGE, "erase what? xflash erase %s", cli->command->arguments);
            error_set_hint(err, "--all erases one whole external memory");
            return false;
        }
        return ranges_parse(ranges, cli, board, err);
    }
    if (options->argument_count > 1) {
        return error_set(err, ERROR_USAGE, "--all takes one memory");
    }
    ranges->ranges = calloc(1, sizeof *ranges->ranges);
    if (ranges->ranges == NULL) {
        return error_set(err, ERROR_INTERNAL, "out of memory");
    }
    ranges->count = 1;
    return flash_locate_memory(board, memory, &ranges->ranges[0], err);
}

struct erase {
    struct cli *cli;
    struct work work;
    struct ranges ranges;
    struct flash_plan plan;
    struct flash_plan_options options;
    struct abi_boot_record old_record;
    struct flash_engine_result result;
};

static bool make_plan_once(struct erase *erase, struct error *err)
{
    struct flash_request *requests = calloc(erase->ranges.count, sizeof *requests);
    bool ok = false;

    if (requests == NULL) {
        return error_set(err, ERROR_INTERNAL, "out of memory");
    }
    for (size_t i = 0; i < erase->ranges.count; i++) {
        requests[i].range = erase->ranges.ranges[i];
    }
    flash_plan_free(&erase->plan);
    memset(&erase->plan, 0, sizeof erase->plan);
    ok = flash_plan_make(erase->work.connection.board, requests, erase->ranges.count,
        &erase->options, &erase->plan, err);
    free(requests);
    return ok;
}

static bool make_plan(struct erase *erase, struct error *err)
{
    if (make_plan_once(erase, err)) {
        return true;
    }
    if (!consent_is_given(erase->cli, err)) {
        return false;
    }
    erase->options.consent = true;
    return make_plan_once(erase, err);
}

/* After comparing: what is shown is what will be done. */
static bool show_plan(void *context, struct error *err)
{
    const struct erase *erase = context;

    output_progress_end(&erase->cli->output);
    return plan_view_show(erase->cli, erase->work.connection.board, &erase->plan, 0,
        options_text(&erase->cli->options, OPTION_DRY_RUN) != NULL, err);
}

static bool carry_out(struct erase *erase, struct error *err)
{
    const char *dry_run = options_text(&erase->cli->options, OPTION_DRY_RUN);
    const struct board *board = erase->work.connection.board;
    struct flash_engine_options options;
    bool was_known = work_parts_are_known(board);
    bool has_record = false;

    erase->work.stops_program = dry_run != NULL;
    if (!work_open(&erase->work, erase->cli, err)) {
        return false;
    }
    if (!was_known) { /* the whole of a memory has a size only now */
        ranges_free(&erase->ranges);
        if (!parse_what(erase->cli, board, &erase->ranges, err)) {
            return false;
        }
    }
    if (!work_read_record(&erase->work, erase->cli, &erase->old_record, &has_record, err)) {
        return false;
    }
    erase->options.old_record = has_record ? &erase->old_record : NULL;
    if (!make_plan(erase, err)) {
        return false;
    }
    work_engine_options(&erase->work, erase->cli, &options);
    options.dry_run = dry_run != NULL;
    options.planned = show_plan;
    options.planned_context = erase;
    return flash_engine_run(
        &erase->plan, flash_session_source(erase->work.session), &options, &erase->result, err);
}

static void show_result(struct erase *erase)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < erase->plan.memory_count; i++) {
        bytes += erase->result.totals[i].requested_bytes;
    }
    output_result(&erase->cli->output, "%s: %" PRIu64 " bytes in %" PRIu64 " ms%s",
        erase->result.changed ? "erased and verified" : "already blank, verified", bytes,
        output_elapsed_us(&erase->cli->output) / 1000,
        erase->cli->output.is_modelled ? " (modelled)" : "");
    plan_view_record(erase->cli, NULL, &erase->plan, &erase->result, "none");
}

/* Before anything is opened, as far as the parts are known. */
static bool plan_ahead(struct erase *erase, const char *dry_run, struct error *err)
{
    if (work_parts_are_known(erase->work.connection.board)) {
        return make_plan(erase, err);
    }
    return dry_run == NULL || dry_run[0] != '\0' || work_needs_target(err);
}

bool command_erase(struct cli *cli, struct error *err)
{
    struct erase erase = {.cli = cli};
    const char *dry_run = options_text(&cli->options, OPTION_DRY_RUN);
    bool ok = false;

    erase.options.consent = options_flag(&cli->options, OPTION_YES);
    erase.options.erase =
        options_flag(&cli->options, OPTION_ALL) ? FLASH_ERASE_CHIP : FLASH_ERASE_AUTO;
    /* --all is the consent to erase every partition of the memory but the kept ones */
    ok = connection_need_board(&erase.work.connection, cli, err) &&
         parse_what(cli, erase.work.connection.board, &erase.ranges, err) &&
         plan_ahead(&erase, dry_run, err);
    if (ok && dry_run != NULL && dry_run[0] == '\0') {
        ok = plan_view_show(cli, erase.work.connection.board, &erase.plan, 0, true, err);
    } else if (ok) {
        ok = carry_out(&erase, err);
    }
    ok = work_leave(&erase.work, cli, ok, err);
    if (ok && dry_run == NULL) {
        show_result(&erase);
    }
    work_free(&erase.work, cli);
    flash_plan_free(&erase.plan);
    ranges_free(&erase.ranges);
    return ok;
}
