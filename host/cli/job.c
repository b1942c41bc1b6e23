#include "host/cli/job.h"

#include "host/cli/consent.h"
#include "host/cli/plan_view.h"

#include <stdlib.h>
#include <string.h>

static enum flash_erase_mode erase_mode(const struct options *options)
{
    static const struct {
        const char *name;
        enum flash_erase_mode mode;
    } modes[] = {{"auto", FLASH_ERASE_AUTO}, {"sector", FLASH_ERASE_SECTOR},
        {"chip", FLASH_ERASE_CHIP}, {"none", FLASH_ERASE_NONE}};
    const char *text = options_text(options, OPTION_ERASE);

    for (size_t i = 0; text != NULL && i < sizeof modes / sizeof modes[0]; i++) {
        if (strcmp(text, modes[i].name) == 0) {
            return modes[i].mode;
        }
    }
    return FLASH_ERASE_AUTO;
}

static enum job_boot_mode boot_mode(const struct options *options)
{
    const char *text = options_text(options, OPTION_BOOT);

    if (text != NULL && strcmp(text, "install") == 0) {
        return JOB_BOOT_INSTALL;
    }
    return text != NULL && strcmp(text, "none") == 0 ? JOB_BOOT_NONE : JOB_BOOT_CHECK;
}

/* Images, and the bootloader when it is to be installed, in one list. */
static bool make_plan_of_requests(struct job *job, struct error *err)
{
    size_t count = job->images.count + (job->boot_image != NULL ? 1 : 0);
    struct flash_request *requests = calloc(count + 1, sizeof *requests);
    bool ok = false;

    if (requests == NULL) {
        return error_set(err, ERROR_INTERNAL, "out of memory");
    }
    for (size_t i = 0; i < job->images.count; i++) {
        requests[i] = job->images.requests[i];
    }
    if (job->boot_image != NULL) {
        requests[job->images.count].image = job->boot_image;
    }
    job->plan_options.old_record = job->has_old_record ? &job->old_record : NULL;
    flash_plan_free(&job->plan);
    memset(&job->plan, 0, sizeof job->plan);
    ok = flash_plan_make(
        job->work.connection.board, requests, count, &job->plan_options, &job->plan, err);
    free(requests);
    return ok;
}

static bool make_plan(struct job *job, struct error *err)
{
    if (make_plan_of_requests(job, err)) {
        return true;
    }
    if (!consent_is_given(job->cli, err)) {
        return false;
    }
    job->plan_options.consent = true;
    return make_plan_of_requests(job, err);
}

static void warn_about_vectors(struct job *job)
{
    char text[160];

    if (!flash_boot_plan_vectors_ok(job->work.connection.board, &job->plan, text, sizeof text)) {
        output_warning(
            &job->cli->output, "bad-vectors", "the image at the entry will not start: %s", text);
    }
}

bool job_prepare(struct job *job, struct error *err)
{
    const struct options *options = &job->cli->options;
    const char *dry_run = options_text(options, OPTION_DRY_RUN);

    job->boot_mode = boot_mode(options);
    job->plan_options.erase = erase_mode(options);
    job->plan_options.consent = options_flag(options, OPTION_YES);
    job->plan_options.allow_ram = job->must_start;
    job->is_dry_run = dry_run != NULL && dry_run[0] == '\0';
    job->work.stops_program = dry_run != NULL;
    if (!connection_need_board(&job->work.connection, job->cli, err) ||
        !images_load(&job->images, job->work.connection.board, options, err)) {
        return false;
    }
    if (!work_parts_are_known(job->work.connection.board)) {
        return !job->is_dry_run || work_needs_target(err);
    }
    if (!make_plan(job, err)) {
        return false;
    }
    warn_about_vectors(job);
    return true;
}

static bool look_at_bootloader(struct job *job, struct error *err)
{
    struct flash_engine_options options;
    struct flash_device *internal = NULL;
    struct board *board = job->work.connection.board;

    work_engine_options(&job->work, job->cli, &options);
    return work_select(&job->work, job->cli, FLASH_MEMORY_INTERNAL, &internal, err) &&
           flash_boot_make(board, flash_session_hslv(job->work.session), &job->cli->output.log,
               &job->bootloader, err) &&
           flash_boot_inspect(internal, &job->bootloader, &options, &job->boot_state, err);
}

static const char *install_command(enum flash_boot_state state)
{
    return state == FLASH_BOOT_FOREIGN ? "xflash boot install --yes" : "xflash boot install";
}

/* Before anything is erased: is there a bootloader, and what is to be done about it. */
static bool settle_boot(struct job *job, struct error *err)
{
    const struct board *board = job->work.connection.board;

    if (board->boot_kind != BOARD_BOOT_XFLASH || job->boot_mode == JOB_BOOT_NONE) {
        return true;
    }
    if (!look_at_bootloader(job, err)) {
        return error_add_context(err, "looking for the bootloader");
    }
    job->has_boot = true;
    job->cli->boot = flash_boot_state_name(job->boot_state);
    if (job->boot_state == FLASH_BOOT_OK) {
        return true;
    }
    if (job->boot_mode == JOB_BOOT_INSTALL) {
        return (flash_boot_check_consent(job->boot_state, job->plan_options.consent, err) ||
                   consent_is_given(job->cli, err)) &&
               flash_boot_image(board, &job->bootloader, &job->boot_image, err);
    }
    if (job->must_start && job->plan.ram_piece_count == 0) {
        (void)error_set(err, ERROR_NO_BOOTLOADER,
            "the bootloader in internal flash is %s: the "
            "program would not start",
            flash_boot_state_name(job->boot_state));
        error_set_hint(err, "%s, or --boot install with this command%s",
            install_command(job->boot_state),
            job->boot_state == FLASH_BOOT_FOREIGN ? " and --yes" : "");
        return false;
    }
    return true;
}

static void warn_about_record(const struct job *job)
{
    const struct flash_record_plan *record = &job->plan.record;

    if (record->reason != NULL) {
        output_warning(&job->cli->output, "no-boot-record",
            "the image at the entry will have no boot record: %s", record->reason);
    }
}

/* After comparing: what is shown is what will be done. */
static bool show_plan(void *context, struct error *err)
{
    const struct job *job = context;
    const struct connection *connection = &job->work.connection;

    output_progress_end(&job->cli->output);
    warn_about_record(job);
    return plan_view_show(job->cli, connection->board, &job->plan,
        connection_link_bytes_per_s(connection),
        options_text(&job->cli->options, OPTION_DRY_RUN) != NULL, err);
}

static bool run_engine(struct job *job, struct error *err)
{
    struct flash_engine_options options;
    bool ok = false;

    work_engine_options(&job->work, job->cli, &options);
    options.dry_run = options_text(&job->cli->options, OPTION_DRY_RUN) != NULL;
    options.planned = show_plan;
    options.planned_context = job;
    ok = flash_engine_run(
        &job->plan, flash_session_source(job->work.session), &options, &job->result, err);
    output_progress_end(&job->cli->output);
    return ok;
}

bool job_carry_out(struct job *job, struct error *err)
{
    return work_open(&job->work, job->cli, err) && settle_boot(job, err) &&
           work_read_record(&job->work, job->cli, &job->old_record, &job->has_old_record, err) &&
           make_plan(job, err) && run_engine(job, err);
}

static const char *boot_text(const struct job *job)
{
    if (!job->has_boot) {
        return "none";
    }
    return job->boot_image != NULL ? "ok" : flash_boot_state_name(job->boot_state);
}

void job_show_text(struct job *job)
{
    plan_view_text(job->cli, &job->plan, &job->result);
    if (job->has_boot && job->boot_image == NULL && job->boot_state != FLASH_BOOT_OK) {
        output_warning(&job->cli->output, "no-bootloader",
            "programmed%s; will not start: no bootloader (it is %s); %s",
            job->result.verified ? " and verified" : ", NOT verified",
            flash_boot_state_name(job->boot_state), install_command(job->boot_state));
    }
}

void job_write_record(struct job *job)
{
    plan_view_record(job->cli, &job->images, &job->plan, &job->result, boot_text(job));
}

void job_free(struct job *job)
{
    flash_plan_free(&job->plan);
    flash_boot_free(&job->bootloader);
    image_free(job->boot_image);
    images_free(&job->images);
}
