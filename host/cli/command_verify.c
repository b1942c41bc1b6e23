#include "host/cli/command.h"
#include "host/cli/images.h"
#include "host/cli/plan_view.h"
#include "host/cli/work.h"

bool command_verify(struct cli *cli, struct error *err)
{
    struct flash_plan_options options = {.consent = true};
    struct work work = {.stops_program = true};
    struct flash_engine_options engine;
    struct flash_engine_result result = {0};
    struct flash_plan plan = {0};
    struct images images = {0};
    bool ok = false;

    if (cli->options.argument_count == 0) {
        return error_set(
            err, ERROR_USAGE, "verify what? xflash verify %s", cli->command->arguments);
    }
    ok = connection_need_board(&work.connection, cli, err) &&
         images_load(&images, work.connection.board, &cli->options, err) &&
         (!work_parts_are_known(work.connection.board) ||
             flash_plan_make(
                 work.connection.board, images.requests, images.count, &options, &plan, err)) &&
         work_open(&work, cli, err);
    if (ok && plan.memory_count == 0) {
        ok = flash_plan_make(
            work.connection.board, images.requests, images.count, &options, &plan, err);
    }
    if (ok) {
        work_engine_options(&work, cli, &engine);
        ok = flash_engine_verify(&plan, flash_session_source(work.session), &engine, &result, err);
    }
    ok = work_leave(&work, cli, ok, err);
    if (ok) {
        output_result(&cli->output, "verified: equal%s",
            cli->output.is_modelled ? " (on a virtual board)" : "");
        plan_view_record(cli, &images, &plan, &result, "none");
    }
    work_free(&work, cli);
    flash_plan_free(&plan);
    images_free(&images);
    return ok;
}
