/* Operations that take time: program, erase, write of a non-volatile register. One at a time; it
 * can be suspended, fail, stay silent, get stuck, or be torn by a reset or a power cut. */
#include "sim/chips/nor.h"
#include "sim/report.h"

#include <string.h>

enum { PER_MILLE = 1000, RESUME_NS = 200 };

uint64_t nor_now_ps(const struct nor *nor)
{
    return sim_clock_now_ps(nor->env->clock);
}

/* Tests may run without injector: then tears are always the same. */
uint32_t nor_random(struct nor *nor)
{
    return nor->env->inject != NULL ? sim_inject_random(nor->env->inject) : 0x9E3779B9U;
}

enum sim_fault nor_fault_next(struct nor *nor, enum sim_seam seam)
{
    return nor->env->inject != NULL ? sim_inject_next(nor->env->inject, seam) : SIM_FAULT_NONE;
}

void nor_fault_fired(struct nor *nor, enum sim_fault fault)
{
    if (nor->env->inject != NULL) {
        sim_inject_fired(nor->env->inject, fault);
    }
}

bool nor_is_busy(const struct nor *nor)
{
    enum nor_job_state state = nor->job.state;

    return state == NOR_JOB_RUNNING || state == NOR_JOB_STUCK || state == NOR_JOB_SUSPENDING;
}

bool nor_is_suspended(const struct nor *nor)
{
    return nor->job.state == NOR_JOB_SUSPENDED;
}

static void charge(struct nor *nor, uint64_t duration_ps)
{
    enum sim_cost cost =
        nor->job.kind == NOR_JOB_PROGRAM ? SIM_COST_CHIP_PROGRAM_PS : SIM_COST_CHIP_ERASE_PS;

    if (nor->job.kind != NOR_JOB_REGISTER) {
        sim_report_cost(nor->env->report, cost, duration_ps);
    }
}

static uint8_t fail_bit(const struct nor_job *job)
{
    return job->kind == NOR_JOB_PROGRAM ? NOR_SCUR_P_FAIL : NOR_SCUR_E_FAIL;
}

static void clear_fail(struct nor *nor, enum nor_fail_rule moment)
{
    if (nor->job.kind != NOR_JOB_REGISTER && nor->fail_rule == moment) {
        nor->fail_bits &= (uint8_t)~fail_bit(&nor->job);
    }
}

void nor_job_begin(struct nor *nor, enum nor_job_kind kind, uint32_t duration_us)
{
    struct nor_job *job = &nor->job;
    uint64_t due_ps = 0;

    job->kind = kind;
    job->state = NOR_JOB_RUNNING;
    job->duration_ps = duration_us * SIM_PS_PER_US / PER_MILLE * nor->time_per_mille;
    job->started_ps = nor_now_ps(nor);
    job->remaining_ps = job->duration_ps;
    job->resumed = false;
    job->fault = nor_fault_next(nor, SIM_SEAM_CHIP_OP);
    clear_fail(nor, NOR_FAIL_CLEARED_BY_NEXT);
    nor_touch(nor);
    if (job->fault == SIM_FAULT_OP_STUCK) {
        job->state = NOR_JOB_STUCK;
        nor_fault_fired(nor, job->fault);
        return;
    }
    due_ps = job->started_ps + job->duration_ps;
    if (job->fault == SIM_FAULT_POWER_CUT) {
        due_ps = job->started_ps + job->duration_ps / PER_MILLE * (nor_random(nor) % PER_MILLE);
    }
    sim_clock_schedule(nor->env->clock, &nor->job_event, due_ps);
}

static void erase_chip(struct nor *nor)
{
    uint32_t block_bytes = nor->part->block_bytes;
    bool wpsel = (nor->storage.registers[NOR_STORED_SCUR] & NOR_SCUR_WPSEL) != 0;

    if (!wpsel) {
        nor_cells_erase(nor, 0, nor->part->size_bytes);
        return;
    }
    for (uint32_t block = 0; block < nor->part->size_bytes / block_bytes; block++) {
        if (!nor_block_is_locked(nor, block)) {
            nor_cells_erase(nor, block * block_bytes, block_bytes);
        }
    }
}

static void apply(struct nor *nor)
{
    struct nor_job *job = &nor->job;

    switch (job->kind) {
    case NOR_JOB_PROGRAM:
        nor_cells_program(nor, job);
        break;
    case NOR_JOB_ERASE:
        nor_cells_erase(nor, job->offset, job->size_bytes);
        break;
    case NOR_JOB_ERASE_CHIP:
        erase_chip(nor);
        break;
    case NOR_JOB_REGISTER:
        memcpy(nor->storage.registers, job->registers, NOR_STORED_BYTES);
        break;
    }
}

/* done_per_mille: how far the operation had come. */
static void tear(struct nor *nor, uint32_t done_per_mille)
{
    struct nor_job *job = &nor->job;

    switch (job->kind) {
    case NOR_JOB_PROGRAM:
        nor_cells_tear_program(nor, job, done_per_mille);
        break;
    case NOR_JOB_ERASE:
    case NOR_JOB_ERASE_CHIP:
        nor_cells_tear_erase(nor, job->offset, job->size_bytes, done_per_mille);
        break;
    case NOR_JOB_REGISTER:
        if (nor_random(nor) % 2 != 0) {
            apply(nor);
        }
        break;
    }
}

static void end(struct nor *nor)
{
    nor->job.state = NOR_JOB_NONE;
    nor->wel = false;
    nor_touch(nor);
}

static void finish(struct nor *nor)
{
    struct nor_job *job = &nor->job;

    charge(nor, job->duration_ps);
    if (job->fault == SIM_FAULT_OP_FAIL) {
        nor_fault_fired(nor, job->fault);
        if (job->kind != NOR_JOB_REGISTER) {
            tear(nor, PER_MILLE / 2);
            nor->fail_bits |= fail_bit(job);
        }
    } else if (job->fault == SIM_FAULT_OP_SILENT) {
        nor_fault_fired(nor, job->fault);
    } else {
        apply(nor);
        clear_fail(nor, NOR_FAIL_CLEARED_BY_SUCCESS);
    }
    end(nor);
}

static uint32_t progress_per_mille(const struct nor *nor)
{
    const struct nor_job *job = &nor->job;
    uint64_t left_ps = job->remaining_ps;

    if (job->state == NOR_JOB_RUNNING) {
        uint64_t spent_ps = nor_now_ps(nor) - job->started_ps;

        left_ps = spent_ps < left_ps ? left_ps - spent_ps : 0;
    }
    if (job->state == NOR_JOB_STUCK || job->duration_ps == 0) {
        return PER_MILLE / 2;
    }
    return (uint32_t)(PER_MILLE - left_ps / (job->duration_ps / PER_MILLE + 1));
}

void nor_job_abort(struct nor *nor)
{
    struct nor_job *job = &nor->job;

    sim_clock_cancel(nor->env->clock, &nor->job_event);
    if (job->state == NOR_JOB_NONE) {
        return;
    }
    uint32_t done_per_mille = progress_per_mille(nor);
    if (job->state != NOR_JOB_STUCK) {
        charge(nor, job->duration_ps / PER_MILLE * done_per_mille);
    }
    tear(nor, done_per_mille);
    end(nor);
}

void nor_job_fire(void *context)
{
    struct nor *nor = context;
    struct nor_job *job = &nor->job;

    if (job->state == NOR_JOB_SUSPENDING) {
        job->state = NOR_JOB_SUSPENDED;
        nor_touch(nor);
    } else if (job->state == NOR_JOB_RUNNING && job->fault == SIM_FAULT_POWER_CUT) {
        nor_fault_fired(nor, job->fault);
        nor_job_abort(nor);
        nor->powered = false; /* deaf until the machine has cut and restored the power */
        sim_inject_request_power_cut(nor->env->inject);
    } else if (job->state == NOR_JOB_RUNNING) {
        finish(nor);
    }
}

void nor_job_sync(struct nor *nor)
{
    if (nor->job_event.armed && nor->job_event.due_ps <= nor_now_ps(nor)) {
        sim_clock_cancel(nor->env->clock, &nor->job_event);
        nor_job_fire(nor);
    }
}

void nor_job_suspend(struct nor *nor)
{
    struct nor_job *job = &nor->job;
    const struct sim_nor_part *part = nor->part;
    bool is_program = job->kind == NOR_JOB_PROGRAM;
    uint64_t spent_ps = nor_now_ps(nor) - job->started_ps;
    uint64_t gap_ps =
        SIM_PS_PER_US * (is_program ? part->program_resume_gap_us : part->erase_resume_gap_us);
    uint64_t latency_ps =
        SIM_PS_PER_US * (is_program ? part->program_suspend_us : part->erase_suspend_us);

    if (job->state != NOR_JOB_RUNNING ||
        (job->kind != NOR_JOB_PROGRAM && job->kind != NOR_JOB_ERASE)) {
        nor_note(nor, "suspend ignored");
        return;
    }
    if (job->resumed && spent_ps < gap_ps) {
        sim_violation(nor->env->report, "suspend-too-soon",
            "%s: suspended %llu us after the resume: the operation makes no progress",
            nor->base.name, (unsigned long long)(spent_ps / SIM_PS_PER_US));
        spent_ps = 0;
    }
    if (spent_ps + latency_ps >= job->remaining_ps) {
        nor_note(nor, "suspend: the operation ends first");
        return;
    }
    job->remaining_ps -= spent_ps;
    job->state = NOR_JOB_SUSPENDING;
    sim_clock_schedule(nor->env->clock, &nor->job_event, nor_now_ps(nor) + latency_ps);
    nor_note(nor, "suspend");
}

void nor_job_resume(struct nor *nor)
{
    struct nor_job *job = &nor->job;

    if (job->state != NOR_JOB_SUSPENDED) {
        nor_note(nor, "resume ignored: nothing is suspended");
        return;
    }
    job->state = NOR_JOB_RUNNING;
    job->started_ps = nor_now_ps(nor);
    job->remaining_ps += RESUME_NS * SIM_PS_PER_NS;
    job->resumed = true;
    sim_clock_schedule(nor->env->clock, &nor->job_event, job->started_ps + job->remaining_ps);
    nor_touch(nor);
    nor_note(nor, "resume");
}
