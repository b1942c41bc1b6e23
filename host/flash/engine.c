#include "host/flash/engine.h"

#include "host/flash/prepare.h"
#include "host/flash/record.h"
#include "host/flash/restore.h"
#include "host/flash/verify.h"
#include "host/flash/writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct run {
    struct flash_plan *plan;
    struct flash_device_source *source;
    const struct flash_engine_options *options;
    struct flash_engine_result *result;
    struct flash_device *device; /* of the memory in work */
    /* What an earlier run left in work and this plan does not touch. */
    struct flash_journal left[FLASH_MEMORY_COUNT];
    bool has_journal[FLASH_MEMORY_COUNT]; /* written by this run */
    bool needs_record;
};

static bool select_memory(struct run *run, size_t index, struct error *err)
{
    return run->source->select(
        run->source, run->plan->memories[index].geometry.memory, &run->device, err);
}

/* Index of the memory with the boot record, or memory_count. */
static size_t record_index(const struct run *run)
{
    size_t i = 0;

    while (i < run->plan->memory_count &&
           (run->plan->record.action == FLASH_RECORD_NONE ||
               run->plan->memories[i].geometry.memory != run->plan->record.memory)) {
        i++;
    }
    return i;
}

/* ---- before anything is erased ---- */

static bool check_memory(struct run *run, size_t index, struct error *err)
{
    const struct flash_memory_plan *memory = &run->plan->memories[index];
    size_t i = 0;

    if (!select_memory(run, index, err)) {
        return false;
    }
    if (run->device->geometry.size_bytes < memory->geometry.size_bytes) {
        return error_set(err, ERROR_IMAGE_OUT_OF_RANGE,
            "memory %s has %" PRIu32 " bytes, not the %" PRIu32 " it was planned for",
            memory->geometry.name, run->device->geometry.size_bytes, memory->geometry.size_bytes);
    }
    for (i = 0; i < memory->block_count && !run->options->dry_run; i++) {
        const struct flash_block *block = &memory->blocks[i];

        if (!run->device->driver->check_writable(
                run->device, block->offset, block->size_bytes, err)) {
            return false;
        }
    }
    return true;
}

static bool look_at_memory(struct run *run, size_t index, struct error *err)
{
    struct flash_memory_plan *memory = &run->plan->memories[index];
    struct flash_journal *left = &run->left[index];
    const struct flash_prepare_options prepare = {
        .compare = run->options->compare, .erase = run->plan->erase};
    struct flash_meter meter;
    size_t i = 0;
    bool ok = false;

    if (!select_memory(run, index, err) ||
        !flash_restore_memory(run->device, run->options, left, &run->result->restored_bytes, err)) {
        return false;
    }
    for (i = 0; i < left->work_count; i++) {
        flash_prepare_distrust(memory, left->works[i].offset, left->works[i].size_bytes);
    }
    flash_meter_start(&meter, run->options->compare ? run->options->listener : NULL, run->device,
        FLASH_PHASE_COMPARE, flash_verify_sector_bytes(memory));
    ok = flash_prepare_memory(run->device, memory, &prepare, &meter, err);
    flash_meter_end(&meter, ok, &run->result->compare_ns);
    flash_plan_sum(memory, &run->result->totals[index]);
    return ok;
}

/* Does the chip have a record of this length and CRC, over an image that does not change? Its name
 * only informs: the same bytes from blinky.elf after blinky.bin are no reason to erase a sector. */
static bool is_record_current(struct run *run, const struct flash_memory_plan *memory,
    const struct abi_boot_record *found, bool *is_current, struct error *err)
{
    const struct flash_record_plan *record = &run->plan->record;
    uint32_t crc32 = 0;

    *is_current = record->action == FLASH_RECORD_RECOMPUTE;
    if (record->action != FLASH_RECORD_WRITE || found->image_bytes != record->image_bytes) {
        return true;
    }
    if (!flash_record_crc_of_plan(memory, record->entry_offset, record->image_bytes, &crc32) &&
        !flash_record_crc_of_chip(
            run->device, record->entry_offset, record->image_bytes, &crc32, err)) {
        return false; /* an image with gaps counts with what the chip has in them */
    }
    *is_current = found->image_crc32 == crc32;
    return true;
}

/* The record is left alone only when nothing below it changes and it is right already. */
static bool look_at_record(struct run *run, struct error *err)
{
    const struct flash_record_plan *record = &run->plan->record;
    size_t index = record_index(run);
    enum flash_record_state state = FLASH_RECORD_ABSENT;
    struct abi_boot_record found;
    const struct flash_memory_plan *memory = NULL;
    uint32_t sector_bytes = 0;
    bool is_current = false;

    run->needs_record = index < run->plan->memory_count;
    if (!run->needs_record) {
        return true;
    }
    memory = &run->plan->memories[index];
    sector_bytes = flash_geometry_sector_bytes(&memory->geometry);
    if (!select_memory(run, index, err) ||
        !flash_record_read(run->device, record->offset, record->offset - record->entry_offset,
            &state, &found, err)) {
        return false;
    }
    if (memory->block_count == 0 && state == FLASH_RECORD_VALID &&
        (memory->sectors[record->offset / sector_bytes] & FLASH_SECTOR_UNTRUSTED) == 0) {
        if (!is_record_current(run, memory, &found, &is_current, err)) {
            return false;
        }
        run->needs_record = !is_current;
    }
    if (record->action == FLASH_RECORD_REMOVE && state == FLASH_RECORD_ABSENT) {
        run->needs_record = false;
    }
    return true;
}

/* ---- the journal ---- */

static bool add_keeps(const struct flash_memory_plan *memory, struct flash_journal *journal)
{
    uint32_t sector_bytes = flash_geometry_sector_bytes(&memory->geometry);
    size_t i = 0;

    for (i = 0; i < memory->keep_count; i++) {
        const struct flash_keep *keep = &memory->keeps[i];
        uint8_t flags = memory->sectors[keep->offset / sector_bytes];

        if ((flags & FLASH_SECTOR_SAME) == 0 && keep->bytes != NULL &&
            !flash_journal_add_keep(journal, keep->offset, keep->size_bytes, keep->bytes)) {
            return false;
        }
    }
    return true;
}

/* Everything this run will touch, and what an earlier one left. */
static bool fill_journal(
    const struct run *run, size_t index, bool has_record, struct flash_journal *journal)
{
    const struct flash_memory_plan *memory = &run->plan->memories[index];
    const struct flash_journal *left = &run->left[index];
    bool ok = true;
    size_t i = 0;

    for (i = 0; i < left->work_count && ok; i++) {
        ok = flash_journal_add_work(journal, left->works[i].offset, left->works[i].size_bytes);
    }
    for (i = 0; i < memory->block_count && ok; i++) {
        const struct flash_block *block = &memory->blocks[i];

        ok = flash_journal_add_work(journal, block->offset, block->size_bytes);
    }
    if (has_record && ok) {
        ok =
            flash_journal_add_work(journal, run->plan->record.offset, run->plan->record.unit_bytes);
    }
    return ok && add_keeps(memory, journal);
}

static bool write_journal(struct run *run, size_t index, bool has_record, struct error *err)
{
    const struct flash_geometry *geometry = &run->plan->memories[index].geometry;
    struct flash_journal *left = &run->left[index];
    struct flash_journal journal;
    bool ok = true;
    size_t i = 0;

    flash_journal_init(&journal, run->options->unique_id, geometry->name, geometry->size_bytes);
    for (i = 0; i < run->plan->memories[index].block_count && ok; i++) {
        const struct flash_block *block = &run->plan->memories[index].blocks[i];

        ok = flash_journal_drop_work(left, block->offset, block->size_bytes);
    }
    if (has_record && ok) {
        ok = flash_journal_drop_work(left, run->plan->record.offset, run->plan->record.unit_bytes);
    }
    if (!ok || !fill_journal(run, index, has_record, &journal)) {
        ok = error_set(err, ERROR_JOURNAL_IO, "no memory for the journal");
    } else {
        ok = flash_journal_store(run->options->journal_directory, &journal, err);
    }
    flash_journal_clear(&journal);
    run->has_journal[index] = ok;
    return ok;
}

/* Everything is right: only what an earlier run left elsewhere stays in the journal. */
static bool close_journals(struct run *run, struct error *err)
{
    size_t i = 0;

    for (i = 0; i < run->plan->memory_count; i++) {
        if (run->has_journal[i] &&
            !flash_journal_store(run->options->journal_directory, &run->left[i], err)) {
            return false;
        }
    }
    return true;
}

/* ---- changing the memories ---- */

static bool write_memory(struct run *run, size_t index, struct error *err)
{
    struct flash_memory_plan *memory = &run->plan->memories[index];
    bool has_record = run->needs_record && record_index(run) == index;
    struct flash_writer writer;
    struct flash_meter meter;
    bool ok = false;

    if (memory->block_count == 0 && !has_record) {
        return true;
    }
    if (!select_memory(run, index, err) || !write_journal(run, index, has_record, err)) {
        return false;
    }
    run->result->changed = true;
    if (has_record && !flash_record_invalidate(run->device, run->plan->record.offset,
                          run->plan->record.unit_bytes, err)) {
        error_set_state(err, "the boot record is erased or half erased, nothing else was touched; "
                             "running the same command again is safe");
        return false;
    }
    flash_meter_start(&meter, run->options->listener, run->device, FLASH_PHASE_WRITE,
        flash_verify_sector_bytes(memory) + (memory->has_head ? memory->head_bytes : 0));
    if (!flash_writer_open(&writer, run->device, memory, &meter, err)) {
        return false;
    }
    ok = flash_writer_run(&writer, err);
    if (!ok) {
        flash_writer_describe(&writer, err->state, sizeof err->state);
    }
    flash_writer_close(&writer);
    flash_meter_end(&meter, ok, &run->result->write_ns);
    return ok;
}

static bool verify_memory(struct run *run, size_t index, struct error *err)
{
    struct flash_memory_plan *memory = &run->plan->memories[index];
    struct flash_meter meter;
    bool ok = false;

    if (memory->block_count == 0) {
        return true;
    }
    if (!select_memory(run, index, err)) {
        return false;
    }
    flash_meter_start(&meter, run->options->listener, run->device, FLASH_PHASE_VERIFY,
        flash_verify_sector_bytes(memory));
    ok = flash_verify_sectors(run->device, memory, &meter, err);
    flash_meter_end(&meter, ok, &run->result->verify_ns);
    return ok || error_add_context(err, "verifying memory %s", memory->geometry.name);
}

/* Is the head among what has been erased? */
static bool has_work_on_head(const struct flash_memory_plan *memory)
{
    uint32_t sector_bytes = flash_geometry_sector_bytes(&memory->geometry);

    return memory->has_head && memory->block_count > 0 &&
           (memory->sectors[memory->head_offset / sector_bytes] & FLASH_SECTOR_SAME) == 0;
}

static bool write_head(struct run *run, size_t index, struct error *err)
{
    struct flash_memory_plan *memory = &run->plan->memories[index];
    struct flash_writer writer;
    bool ok = false;

    if (!has_work_on_head(memory)) {
        return true;
    }
    if (!select_memory(run, index, err) ||
        !flash_writer_open(&writer, run->device, memory, NULL, err)) {
        return false;
    }
    ok = flash_writer_program(&writer, memory->head_offset, memory->head_bytes, err) &&
         (!run->options->verify || flash_verify_range(run->device, memory, memory->head_offset,
                                       memory->head_bytes, NULL, err));
    flash_writer_close(&writer);
    return ok || error_add_context(err, "writing the first sector of the image");
}

/* In the way that was asked for, every requested byte, also of sectors that were right already. */
static bool verify_again(struct run *run, size_t index, struct error *err)
{
    const struct flash_memory_plan *memory = &run->plan->memories[index];
    struct flash_meter meter;
    bool ok = false;

    if (!select_memory(run, index, err)) {
        return false;
    }
    flash_meter_start(&meter, run->options->listener, run->device, FLASH_PHASE_VERIFY,
        run->result->totals[index].requested_bytes);
    ok = flash_verify_pieces(run->device, memory, run->options->verify_way, &meter, err);
    flash_meter_end(&meter, ok, &run->result->verify_ns);
    return ok || error_add_context(err, "verifying memory %s once more", memory->geometry.name);
}

static bool write_record(struct run *run, struct error *err)
{
    const struct flash_record_plan *record = &run->plan->record;
    size_t index = record_index(run);
    struct flash_meter meter;
    uint32_t crc32 = 0;

    if (!run->needs_record || record->action == FLASH_RECORD_REMOVE) {
        return true;
    }
    if (!select_memory(run, index, err)) {
        return false;
    }
    flash_meter_start(
        &meter, run->options->listener, run->device, FLASH_PHASE_RECORD, record->image_bytes);
    if (!flash_record_crc_of_plan(
            &run->plan->memories[index], record->entry_offset, record->image_bytes, &crc32) &&
        !flash_record_crc_of_chip(
            run->device, record->entry_offset, record->image_bytes, &crc32, err)) {
        return false;
    }
    flash_record_make(record, crc32, &run->result->record);
    if (!flash_record_write(run->device, record->offset, &run->result->record, err)) {
        return false;
    }
    run->result->record_written = true;
    flash_meter_stop(&meter, &run->result->write_ns);
    return true;
}

static bool for_each_memory(struct run *run,
    bool (*step)(struct run *run, size_t index, struct error *err), struct error *err)
{
    size_t i = 0;

    for (i = 0; i < run->plan->memory_count; i++) {
        if (!step(run, i, err)) {
            return false;
        }
    }
    return true;
}

/* The stages after the comparison, each with what a failure in it leaves behind. */
static bool change_all(struct run *run, struct error *err)
{
    size_t i = 0;
    bool ok = true;

    if (!for_each_memory(run, write_memory, err)) {
        return false;
    }
    if (run->options->verify && !for_each_memory(run, verify_memory, err)) {
        error_set_state(err,
            "everything is programmed but not verified%s; running the same command again is safe",
            run->needs_record ? ", and the boot record is not valid" : "");
        return false;
    }
    for (i = run->plan->memory_count; ok && i-- > 0;) { /* the internal flash's head first */
        ok = write_head(run, i, err);
    }
    if (ok && run->options->verify && run->options->verify_way != FLASH_VERIFY_HASH &&
        !for_each_memory(run, verify_again, err)) {
        error_set_state(err,
            "everything is programmed and was right by hash%s; running the same "
            "command again is safe",
            run->needs_record ? ", and the boot record is not valid" : "");
        return false;
    }
    if (!ok || !write_record(run, err)) {
        error_set_state(err, "everything but the first sector of the image or its boot record is "
                             "written; running the same command again is safe");
        return false;
    }
    return close_journals(run, err);
}

bool flash_engine_run(struct flash_plan *plan, struct flash_device_source *source,
    const struct flash_engine_options *options, struct flash_engine_result *result,
    struct error *err)
{
    struct run run = {.plan = plan, .source = source, .options = options, .result = result};
    size_t i = 0;
    bool ok = false;

    memset(result, 0, sizeof *result);
    ok = for_each_memory(&run, check_memory, err) && for_each_memory(&run, look_at_memory, err) &&
         look_at_record(&run, err) &&
         (options->planned == NULL || options->planned(options->planned_context, err));
    if (ok && !options->dry_run) {
        ok = change_all(&run, err);
        result->verified = ok && options->verify;
    }
    if (!ok && err->state[0] == '\0') {
        error_set_state(err, result->changed
                                 ? "partly erased and written; running the same command "
                                   "again is safe"
                                 : "nothing was erased or written");
    }
    for (i = 0; i < FLASH_MEMORY_COUNT; i++) {
        flash_journal_clear(&run.left[i]);
    }
    return ok;
}

bool flash_engine_verify(struct flash_plan *plan, struct flash_device_source *source,
    const struct flash_engine_options *options, struct flash_engine_result *result,
    struct error *err)
{
    struct flash_device *device = NULL;
    struct flash_meter meter;
    size_t i = 0;
    bool ok = true;

    memset(result, 0, sizeof *result);
    for (i = 0; i < plan->memory_count && ok; i++) {
        struct flash_memory_plan *memory = &plan->memories[i];

        flash_plan_sum(memory, &result->totals[i]);
        if (!source->select(source, memory->geometry.memory, &device, err)) {
            return false;
        }
        flash_meter_start(&meter, options->listener, device, FLASH_PHASE_VERIFY,
            result->totals[i].requested_bytes);
        ok = flash_verify_pieces(device, memory, options->verify_way, &meter, err);
        flash_meter_end(&meter, ok, &result->verify_ns);
    }
    result->verified = ok;
    return ok;
}
