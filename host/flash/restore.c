#include "host/flash/restore.h"

#include "host/flash/prepare.h"
#include "host/flash/verify.h"
#include "host/flash/writer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static int compare_keeps(const void *left, const void *right)
{
    const struct flash_journal_keep *a = left;
    const struct flash_journal_keep *b = right;

    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

/* The kept bytes as a plan of their own: every sector is erased whatever it reads, what else stands
 * in it is read and written back. */
static bool make_plan(const struct flash_device *device, struct flash_journal *journal,
    struct flash_memory_plan *memory, struct error *err)
{
    struct flash_piece *pieces = calloc(journal->keep_count, sizeof *pieces);
    size_t i = 0;
    bool ok = false;

    if (pieces == NULL) {
        return error_set(err, ERROR_HOST_IO, "no memory to restore kept bytes");
    }
    qsort(journal->keeps, journal->keep_count, sizeof *journal->keeps, compare_keeps);
    for (i = 0; i < journal->keep_count; i++) {
        pieces[i] = (struct flash_piece){.offset = journal->keeps[i].offset,
            .size_bytes = journal->keeps[i].size_bytes,
            .bytes = journal->keeps[i].bytes};
    }
    ok = flash_plan_make_memory(&device->geometry, pieces, journal->keep_count, memory, err);
    free(pieces);
    for (i = 0; ok && i < memory->piece_count; i++) {
        flash_prepare_distrust(memory, memory->pieces[i].offset, memory->pieces[i].size_bytes);
    }
    return ok;
}

static bool write_back(struct flash_device *device, struct flash_memory_plan *memory,
    const struct flash_engine_options *options, struct error *err)
{
    const struct flash_prepare_options prepare = {.compare = false, .erase = FLASH_ERASE_SECTOR};
    struct flash_meter meter;
    struct flash_writer writer;
    uint64_t ignored_ns = 0;
    bool ok = false;

    if (!flash_prepare_memory(device, memory, &prepare, NULL, err)) {
        return false;
    }
    flash_meter_start(
        &meter, options->listener, device, FLASH_PHASE_RESTORE, flash_verify_sector_bytes(memory));
    if (!flash_writer_open(&writer, device, memory, &meter, err)) {
        return false;
    }
    ok = flash_writer_run(&writer, err) && flash_verify_sectors(device, memory, NULL, err);
    flash_writer_close(&writer);
    flash_meter_end(&meter, ok, &ignored_ns);
    return ok;
}

/* Takes the sectors of the kept bytes out of (or, in a dry run, into) what is in work, and forgets
 * the bytes. */
static bool update(
    const struct flash_memory_plan *memory, bool is_restored, struct flash_journal *journal)
{
    size_t i = 0;
    bool ok = true;

    for (i = 0; i < memory->block_count && ok; i++) {
        const struct flash_block *block = &memory->blocks[i];

        ok = is_restored ? flash_journal_drop_work(journal, block->offset, block->size_bytes)
                         : flash_journal_add_work(journal, block->offset, block->size_bytes);
    }
    free(journal->keeps);
    journal->keeps = NULL;
    journal->keep_count = 0;
    return ok;
}

static uint64_t sum_keeps(const struct flash_journal *journal)
{
    uint64_t total_bytes = 0;
    size_t i = 0;

    for (i = 0; i < journal->keep_count; i++) {
        total_bytes += journal->keeps[i].size_bytes;
    }
    return total_bytes;
}

bool flash_restore_keeps(struct flash_device *device, const struct flash_engine_options *options,
    struct flash_journal *journal, struct error *err)
{
    struct flash_memory_plan memory = {0};
    bool ok = make_plan(device, journal, &memory, err) && write_back(device, &memory, options, err);

    if (ok && !update(&memory, true, journal)) {
        ok = error_set(err, ERROR_HOST_IO, "no memory to restore kept bytes");
    }
    flash_plan_free_memory(&memory);
    return ok && flash_journal_store(options->journal_directory, journal, err);
}

static bool restore(struct flash_device *device, const struct flash_engine_options *options,
    struct flash_journal *journal, uint64_t *restored_bytes, struct error *err)
{
    uint64_t kept_bytes = sum_keeps(journal);

    log_write(options->log, LOG_NOTE, NULL,
        "restoring %" PRIu64 " bytes of memory %s that a run of %s, which was cut off, had to keep",
        kept_bytes, journal->memory, journal->when);
    if (!flash_restore_keeps(device, options, journal, err)) {
        error_set_state(err, "bytes kept from an earlier run are in the journal and not all "
                             "restored; running the same command again is safe");
        return false;
    }
    *restored_bytes += kept_bytes;
    return true;
}

/* A dry run restores nothing: the sectors count as in work. */
static bool pretend(struct flash_device *device, struct flash_journal *journal, struct error *err)
{
    struct flash_memory_plan memory = {0};
    bool ok = make_plan(device, journal, &memory, err);

    if (ok && !update(&memory, false, journal)) {
        ok = error_set(err, ERROR_HOST_IO, "no memory for the journal");
    }
    flash_plan_free_memory(&memory);
    return ok;
}

bool flash_restore_memory(struct flash_device *device, const struct flash_engine_options *options,
    struct flash_journal *left, uint64_t *restored_bytes, struct error *err)
{
    flash_journal_init(
        left, options->unique_id, device->geometry.name, device->geometry.size_bytes);
    if (!flash_journal_load(options->journal_directory, left, err)) {
        return false;
    }
    if (left->keep_count > 0) {
        if (!(options->dry_run ? pretend(device, left, err)
                               : restore(device, options, left, restored_bytes, err))) {
            return error_add_context(
                err, "restoring what an earlier run kept of memory %s", device->geometry.name);
        }
    } else if (left->work_count > 0) {
        log_write(options->log, LOG_INFO, NULL,
            "a run of %s on memory %s was cut off: the sectors it worked on are not trusted",
            left->when, left->memory);
    }
    return true;
}

bool flash_engine_restore(struct flash_device *device, const struct flash_engine_options *options,
    uint64_t *restored_bytes, struct error *err)
{
    struct flash_journal left;
    bool ok = false;

    *restored_bytes = 0;
    ok = flash_restore_memory(device, options, &left, restored_bytes, err);
    flash_journal_clear(&left);
    return ok;
}
