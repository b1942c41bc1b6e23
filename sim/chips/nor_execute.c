/* What a command does when chip select rises. */
#include "sim/chips/nor.h"
#include "sim/report.h"

#include <string.h>

static void violate(struct nor *nor, const char *kind, const char *what)
{
    sim_violation(
        nor->env->report, kind, "%s: %s: %s", nor->base.name, nor->frame.command->name, what);
}

/* Refused without any effect but, by a knob, on WEL. */
static void refuse(struct nor *nor, const char *why)
{
    nor_note(nor, "%s refused: %s", nor->frame.command->name, why);
    if (!nor->wel_kept_after_refusal) {
        nor->wel = false;
    }
}

/* memories.md section 6: an operation on a protected area sets its fail bit and nothing else. */
static void refuse_protected(struct nor *nor, uint8_t fail_bit)
{
    nor->fail_bits |= fail_bit;
    refuse(nor, "protected area");
}

static void execute_program(struct nor *nor)
{
    struct nor_frame *frame = &nor->frame;
    struct nor_job *job = &nor->job;
    uint32_t page_bytes = nor->part->page_bytes;
    uint32_t addr = frame->addr % nor->part->size_bytes;
    uint32_t page = addr - addr % page_bytes;
    uint64_t first = 0;

    if (frame->data_count == 0) {
        nor_note(nor, "program without data ignored");
        return;
    }
    if (nor->mode == NOR_8D && addr % 2 != 0) {
        violate(nor, "dtr-odd-address", "8D program at an odd address");
        addr--;
    }
    if (nor->otp || nor_is_protected(nor, page, page_bytes)) {
        refuse_protected(nor, NOR_SCUR_P_FAIL);
        return;
    }
    if (frame->data_count > page_bytes - addr % page_bytes) {
        violate(nor, "program-past-page-end", "address wraps to the start of the page");
    }
    memset(job->data, 0xFF, sizeof job->data);
    memset(job->sent, 0, sizeof job->sent);
    if (frame->data_count > page_bytes) {
        first = frame->data_count - page_bytes; /* only the last page of bytes is kept */
    }
    for (uint64_t i = first; i < frame->data_count; i++) {
        uint32_t at = (uint32_t)(addr + i) % page_bytes;

        at = nor->mode == NOR_8D ? at ^ 1 : at; /* the byte swap, SFDP DW18[31] */
        job->data[at] = frame->data[i % sizeof frame->data];
        job->sent[at] = true;
    }
    job->offset = page;
    job->size_bytes = page_bytes;
    nor_cells_check_program(nor, job);
    nor_note(nor, "page program 0x%08x, %u bytes", (unsigned)addr, (unsigned)frame->data_count);
    nor_job_begin(nor, NOR_JOB_PROGRAM, nor->part->program_us);
}

static void execute_erase(struct nor *nor)
{
    uint32_t size_bytes = nor->frame.command->size_bytes;
    uint32_t addr = nor->frame.addr % nor->part->size_bytes;
    bool is_block = size_bytes == nor->part->block_bytes;

    addr -= addr % size_bytes;
    if (nor_is_protected(nor, addr, size_bytes)) {
        refuse_protected(nor, NOR_SCUR_E_FAIL);
        return;
    }
    nor->job.offset = addr;
    nor->job.size_bytes = size_bytes;
    nor_note(nor, "erase 0x%08x, %u KiB", (unsigned)addr, (unsigned)(size_bytes / 1024));
    nor_job_begin(
        nor, NOR_JOB_ERASE, is_block ? nor->part->erase_block_us : nor->part->erase_sector_us);
}

static void execute_erase_chip(struct nor *nor)
{
    bool wpsel = (nor->storage.registers[NOR_STORED_SCUR] & NOR_SCUR_WPSEL) != 0;

    /* With WPSEL = 1 the protected blocks are skipped instead (memories.md section 6). */
    if (!wpsel && (nor->storage.registers[NOR_STORED_SR] & NOR_SR_BP) != 0) {
        refuse_protected(nor, NOR_SCUR_E_FAIL);
        return;
    }
    nor->job.offset = 0;
    nor->job.size_bytes = nor->part->size_bytes;
    nor_note(nor, "chip erase");
    nor_job_begin(nor, NOR_JOB_ERASE_CHIP, nor->part->erase_chip_us);
}

/* False: 8D sends a register byte twice and the two differ, or there is none. */
static bool register_data_ok(struct nor *nor)
{
    const struct nor_frame *frame = &nor->frame;

    if (frame->data_count == 0) {
        nor_note(nor, "%s without data ignored", frame->command->name);
        return false;
    }
    if (nor->mode == NOR_8D && frame->data_count >= 2 && frame->data[0] != frame->data[1]) {
        violate(nor, "8d-register-bytes-differ",
            "which of two unequal bytes is taken is not documented");
    }
    return true;
}

static void execute_write_dpb(struct nor *nor)
{
    uint32_t block = nor->frame.addr % nor->part->size_bytes / nor->part->block_bytes;

    if (register_data_ok(nor)) {
        nor->dpb[block] = nor->frame.data[0] != 0;
        nor->wel = false;
        nor_touch(nor);
    }
}

static void execute_gang(struct nor *nor, bool lock)
{
    memset(nor->dpb, lock, nor->part->size_bytes / nor->part->block_bytes);
    nor->wel = false;
    nor_note(nor, lock ? "gang block lock" : "gang block unlock");
}

/* Registers whose bits cannot be taken back: acted out, and a violation each time. */
static void execute_lasting(struct nor *nor, enum nor_stored at, uint8_t set_bits)
{
    violate(nor, "nv-register-write", "writes a one-time or protection register");
    memcpy(nor->job.registers, nor->storage.registers, NOR_STORED_BYTES);
    nor->job.registers[at] |= set_bits;
    nor_job_begin(nor, NOR_JOB_REGISTER, nor->part->register_us);
}

static void execute_spb(struct nor *nor, bool set)
{
    uint32_t block = nor->frame.addr % nor->part->size_bytes / nor->part->block_bytes;
    uint32_t at = NOR_STORED_SPB + block / 8;

    if (set) {
        execute_lasting(nor, (enum nor_stored)at, (uint8_t)(1U << block % 8));
        return;
    }
    execute_lasting(nor, NOR_STORED_SPB, 0);
    memset(nor->job.registers + NOR_STORED_SPB, 0, NOR_STORED_BYTES - NOR_STORED_SPB);
}

void nor_reset(struct nor *nor, uint32_t busy_us)
{
    nor_job_abort(nor);
    nor->wel = false;
    nor->otp = false;
    nor->power_down = false;
    nor->reset_armed = false;
    nor->fail_bits = 0;
    nor_registers_load(nor);
    nor->deaf_until_ps = nor_now_ps(nor) + busy_us * SIM_PS_PER_US;
    nor->deaf_why = "access-during-reset";
    nor_touch(nor);
}

static void execute_reset(struct nor *nor, bool was_armed)
{
    const struct sim_nor_part *part = nor->part;
    uint32_t busy_us = part->reset_idle_us;

    if (!was_armed) {
        nor_note(nor, "reset without reset enable directly before: ignored");
        return;
    }
    if (nor->job.state != NOR_JOB_NONE) {
        busy_us =
            nor->job.kind == NOR_JOB_PROGRAM ? part->reset_in_program_us : part->reset_in_erase_us;
    }
    nor_reset(nor, busy_us);
    nor_note(nor, "reset, %u us", (unsigned)busy_us);
}

static void execute_mode(struct nor *nor)
{
    switch (nor->frame.command->action) {
    case NOR_ACTION_WRITE_ENABLE:
        nor->wel = true;
        break;
    case NOR_ACTION_WRITE_DISABLE:
        nor->wel = false;
        break;
    case NOR_ACTION_SUSPEND:
        nor_job_suspend(nor);
        break;
    case NOR_ACTION_RESUME:
        nor_job_resume(nor);
        break;
    case NOR_ACTION_POWER_DOWN:
        nor->power_down = true;
        nor_note(nor, "deep power-down");
        nor_touch(nor);
        break;
    case NOR_ACTION_WAKE:
        if (nor->power_down) {
            nor->power_down = false;
            nor->deaf_until_ps = nor_now_ps(nor) + nor->part->wake_us * SIM_PS_PER_US;
            nor->deaf_why = "access-during-wake-up";
            nor_touch(nor);
        }
        break;
    case NOR_ACTION_ENTER_OTP:
    case NOR_ACTION_EXIT_OTP:
        nor->otp = nor->frame.command->action == NOR_ACTION_ENTER_OTP;
        nor_touch(nor);
        break;
    case NOR_ACTION_UNMODELLED:
        violate(nor, "chip-command-unmodelled", "a programmer has no use for it");
        break;
    default:
        break;
    }
}

static void execute_write(struct nor *nor)
{
    struct nor_frame *frame = &nor->frame;

    switch (frame->command->action) {
    case NOR_ACTION_PROGRAM:
        execute_program(nor);
        break;
    case NOR_ACTION_ERASE:
        execute_erase(nor);
        break;
    case NOR_ACTION_ERASE_CHIP:
        execute_erase_chip(nor);
        break;
    case NOR_ACTION_WRITE_STATUS:
        if (register_data_ok(nor)) {
            nor_write_status(nor, frame->addr, frame->data, (size_t)frame->data_count);
        }
        break;
    case NOR_ACTION_WRITE_CR2:
        if (register_data_ok(nor)) {
            nor_write_cr2(nor, frame->addr, frame->data[0]);
        }
        break;
    case NOR_ACTION_WRITE_DPB:
        execute_write_dpb(nor);
        break;
    case NOR_ACTION_GANG_LOCK:
    case NOR_ACTION_GANG_UNLOCK:
        execute_gang(nor, frame->command->action == NOR_ACTION_GANG_LOCK);
        break;
    case NOR_ACTION_WRITE_SECURITY:
        execute_lasting(nor, NOR_STORED_SCUR, NOR_SCUR_LDSO);
        break;
    case NOR_ACTION_SET_WPSEL:
        execute_lasting(nor, NOR_STORED_SCUR, NOR_SCUR_WPSEL);
        break;
    case NOR_ACTION_WRITE_SPB:
    case NOR_ACTION_ERASE_SPB:
        execute_spb(nor, frame->command->action == NOR_ACTION_WRITE_SPB);
        break;
    default:
        break;
    }
}

static bool takes_data(const struct nor_command *command)
{
    return command->action == NOR_ACTION_PROGRAM || command->action == NOR_ACTION_WRITE_STATUS ||
           command->action == NOR_ACTION_WRITE_CR2 || command->action == NOR_ACTION_WRITE_DPB ||
           command->action == NOR_ACTION_UNMODELLED;
}

/* Chip select may rise only at the end of a byte, and not later than the command lasts. */
static bool ends_well(struct nor *nor)
{
    const struct nor_frame *frame = &nor->frame;

    if (frame->odd_edge) {
        violate(nor, "dtr-odd-length", "an odd number of bytes in 8D");
        return false;
    }
    if (frame->bit_count != 0 || frame->stage != NOR_STAGE_DATA_IN) {
        nor_note(nor, "%s cut short: ignored", frame->command->name);
        return false;
    }
    if (frame->data_count > 0 && !takes_data(frame->command)) {
        violate(nor, "command-overlong", "clocked on after its end: not executed");
        return false;
    }
    if (frame->max_hz > nor_command_max_hz(nor, frame->command)) {
        violate(nor, "chip-clock-too-fast", "not decoded at this clock");
        return false;
    }
    return true;
}

static bool may_write(struct nor *nor)
{
    const struct nor_command *command = nor->frame.command;

    if ((command->flags & NOR_NOT_SUSPENDED) != 0 && nor_is_suspended(nor)) {
        violate(nor, "write-while-suspended", "only reads are allowed (SFDP DW12)");
        refuse(nor, "an operation is suspended");
        return false;
    }
    if ((command->flags & NOR_NEEDS_WEL) != 0 && !nor->wel) {
        violate(nor, "write-without-enable", "WEL is 0: ignored");
        nor_note(nor, "%s ignored: WEL is 0", command->name);
        return false;
    }
    return true;
}

void nor_execute(struct nor *nor)
{
    const struct nor_command *command = nor->frame.command;
    bool was_armed = nor->reset_armed;

    if (nor->frame.fault == SIM_FAULT_POWER_CUT && nor->env->inject != NULL) {
        nor_fault_fired(nor, SIM_FAULT_POWER_CUT); /* power lost during a read */
        sim_inject_request_power_cut(nor->env->inject);
    }
    nor->reset_armed = false; /* anything but 99 directly after 66 disarms */
    if (command == NULL || nor_command_is_read(command) || !ends_well(nor)) {
        return;
    }
    if (command->action == NOR_ACTION_RESET_ENABLE) {
        nor->reset_armed = true;
    } else if (command->action == NOR_ACTION_RESET) {
        execute_reset(nor, was_armed);
    } else if (may_write(nor)) {
        if ((command->flags & NOR_NEEDS_WEL) != 0) {
            execute_write(nor);
        } else {
            execute_mode(nor);
        }
    }
}
