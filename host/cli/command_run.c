/* Program, start, show the log. */
#include "common/le.h"
#include "host/cli/command.h"
#include "host/cli/job.h"
#include "host/cli/log_view.h"
#include "host/cli/plan_view.h"
#include "host/log/rtt.h"

#include <string.h>

enum { REG_PC = 15, REG_XPSR = 16, REG_MSP = 17, REG_CONTROL_PRIMASK = 20 };

#define XPSR_THUMB UINT32_C(0x01000000)
#define SCB_VTOR   UINT32_C(0xE000ED08)
#define SCB_AIRCR  UINT32_C(0xE000ED0C)

/* VECTCLRACTIVE: the program before may have ended in a fault handler. */
#define AIRCR_FORGET_EXCEPTIONS UINT32_C(0x05FA0002)

/* Whole words; what is behind the end of the piece is zero. */
static bool write_piece(
    struct target *target, const struct flash_ram_piece *piece, struct error *err)
{
    uint32_t whole = piece->size_bytes & ~UINT32_C(3);
    uint8_t tail[4] = {0};

    if (whole > 0 && !target_write(target, piece->addr, piece->bytes, whole, err)) {
        return false;
    }
    if (whole == piece->size_bytes) {
        return true;
    }
    memcpy(tail, piece->bytes + whole, piece->size_bytes - whole);
    return target_write(target, piece->addr + whole, tail, sizeof tail, err);
}

static bool write_pieces(struct target *target, const struct flash_plan *plan, struct error *err)
{
    for (size_t i = 0; i < plan->ram_piece_count; i++) {
        if (!write_piece(target, &plan->ram_pieces[i], err)) {
            return false;
        }
    }
    return true;
}

/* An image in RAM is started without a reset, from its vector table (contract: --after run). */
static bool start_in_ram(struct target *target, const struct flash_plan *plan, struct error *err)
{
    const struct flash_ram_piece *first = &plan->ram_pieces[0];

    if (first->size_bytes < 8) {
        return error_set(err, ERROR_IMAGE_BAD, "the image in RAM at 0x%08x has no vector table",
            (unsigned)first->addr);
    }
    return write_pieces(target, plan, err) &&
           target_write_word(target, SCB_AIRCR, AIRCR_FORGET_EXCEPTIONS, err) &&
           target_write_register(target, REG_CONTROL_PRIMASK, 0, err) &&
           target_write_word(target, SCB_VTOR, first->addr, err) &&
           target_write_register(target, REG_MSP, le_get32(first->bytes), err) &&
           target_write_register(target, REG_PC, le_get32(first->bytes + 4) & ~UINT32_C(1), err) &&
           target_write_register(target, REG_XPSR, XPSR_THUMB, err) && target_run(target, err);
}

/* The session is over: the stub is gone, the chip idle, the core halted. */
static bool start_program(struct job *job, struct error *err)
{
    struct target *target = job->work.connection.target;
    uint32_t rtt_addr = images_rtt_addr(&job->images);

    flash_session_close(job->work.session);
    job->work.session = NULL;
    if (!rtt_forget_stale(target, rtt_addr, err)) {
        return error_add_context(err, "clearing the old log");
    }
    if (job->plan.ram_piece_count > 0) {
        if (!start_in_ram(target, &job->plan, err)) {
            return false;
        }
        target_settle(target);
        return true;
    }
    return target_reset(target, TARGET_RESET_RUN, err);
}

static bool check_options(struct cli *cli, struct error *err)
{
    const char *after = options_text(&cli->options, OPTION_AFTER);

    if (cli->options.argument_count == 0) {
        (void)error_set(err, ERROR_USAGE, "run what? xflash run %s", cli->command->arguments);
        error_set_hint(err, "xflash log shows the log of the program that runs already");
        return false;
    }
    if (after != NULL && strcmp(after, "run") != 0) {
        (void)error_set(
            err, ERROR_USAGE, "xflash run starts the program: --after %s cannot be", after);
        error_set_hint(err, "xflash program --after %s", after);
        return false;
    }
    return log_view_check(cli, err);
}

static bool program_and_watch(struct job *job, struct error *err)
{
    struct cli *cli = job->cli;

    if (!job_carry_out(job, err)) {
        return false;
    }
    if (options_text(&cli->options, OPTION_DRY_RUN) != NULL) {
        return true;
    }
    job_show_text(job);
    if (start_program(job, err) &&
        log_view_run(cli, job->work.connection.target, images_rtt_addr(&job->images), err)) {
        return true;
    }
    if (err->state[0] == '\0') {
        error_set_state(err, "the images are programmed%s",
            job->result.verified ? " and verified" : ", NOT verified");
    }
    return false;
}

bool command_run(struct cli *cli, struct error *err)
{
    struct job job = {.cli = cli, .must_start = true};
    bool is_dry = options_text(&cli->options, OPTION_DRY_RUN) != NULL;
    bool ok = check_options(cli, err) && job_prepare(&job, err);

    if (ok && job.is_dry_run) {
        ok = plan_view_show(cli, job.work.connection.board, &job.plan, 0, true, err);
    } else if (ok) {
        ok = program_and_watch(&job, err);
    }
    ok = work_leave(&job.work, cli, ok, err);
    if (ok && !is_dry) {
        job_write_record(&job);
    }
    work_free(&job.work, cli);
    job_free(&job);
    return ok;
}
