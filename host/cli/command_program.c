#include "host/cli/command.h"
#include "host/cli/job.h"
#include "host/cli/plan_view.h"

bool command_program(struct cli *cli, struct error *err)
{
    struct job job = {.cli = cli};
    bool is_dry = options_text(&cli->options, OPTION_DRY_RUN) != NULL;
    bool ok = false;

    if (cli->options.argument_count == 0) {
        return error_set(
            err, ERROR_USAGE, "program what? xflash program %s", cli->command->arguments);
    }
    ok = job_prepare(&job, err);
    if (ok && job.is_dry_run) {
        ok = plan_view_show(cli, job.work.connection.board, &job.plan, 0, true, err);
    } else if (ok) {
        ok = job_carry_out(&job, err);
    }
    ok = work_leave(&job.work, cli, ok, err);
    if (ok && !is_dry) {
        job_show_text(&job);
        job_write_record(&job);
    }
    work_free(&job.work, cli);
    job_free(&job);
    return ok;
}
