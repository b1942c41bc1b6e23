#include "host/flash/flash_test.h"

#include "common/le.h"
#include "host/flash/hash.h"
#include "host/flash/prepare.h"
#include "host/flash/restore.h"
#include "host/flash/verify.h"
#include "host/flash/writer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_BYTES = 64 * 1024, BLOCK_BYTES = 4096, MAX_TEST_BYTES = 64 * 1024 * 1024 };

struct test {
    struct flash_device *device;
    const struct flash_range *range;
    const struct flash_engine_options *options;
    struct flash_test_result *result;
    struct flash_journal journal; /* what was there before */
    struct flash_memory_plan plan;
    uint8_t *pattern;
    uint8_t *before;
    bool has_begun; /* something was erased: the contents have to be put back */
};

bool flash_test_default_range(
    const struct board *board, struct flash_range *range, struct error *err)
{
    struct board_range memory = {0};
    uint32_t size_bytes = DEFAULT_BYTES;

    if (board_partition_find(board, "scratch") != NULL) {
        return flash_locate_range(board, "scratch", range, err);
    }
    if (board->memory_count == 0) {
        return error_set(err, ERROR_USAGE, "board %s has no external memory", board->name);
    }
    memory = flash_memory_range(board, 0);
    size_bytes = memory.size_bytes < size_bytes ? memory.size_bytes : size_bytes;
    *range = (struct flash_range){.memory = 0,
        .partition = FLASH_NO_PARTITION,
        .addr = memory.addr + (memory.size_bytes - size_bytes),
        .offset = memory.size_bytes - size_bytes,
        .size_bytes = size_bytes};
    return true;
}

/* Each word depends on its own address: a line of the address that is stuck shows. */
static void fill_pattern(uint8_t *bytes, uint32_t addr, uint32_t size_bytes)
{
    uint32_t i = 0;

    for (i = 0; i < size_bytes; i++) {
        uint32_t word = (addr + i) / 4;

        word = (word ^ word >> 16) * UINT32_C(0x45D9F3B);
        word = (word ^ word >> 15) * UINT32_C(0x2C1B3C6D);
        word ^= word >> 16;
        bytes[i] = (uint8_t)(word >> (8 * ((addr + i) % 4)));
    }
}

/* ---- the old contents ---- */

static bool save_contents(struct test *test, struct error *err)
{
    const struct flash_memory_plan *plan = &test->plan;
    size_t i = 0;
    bool ok = flash_journal_add_keep(
        &test->journal, test->range->offset, test->range->size_bytes, test->before);

    for (i = 0; ok && i < plan->keep_count; i++) {
        const struct flash_keep *keep = &plan->keeps[i];

        ok = keep->bytes == NULL ||
             flash_journal_add_keep(&test->journal, keep->offset, keep->size_bytes, keep->bytes);
    }
    for (i = 0; ok && i < plan->block_count; i++) {
        const struct flash_block *block = &plan->blocks[i];

        ok = flash_journal_drop_work(&test->journal, block->offset, block->size_bytes) &&
             flash_journal_add_work(&test->journal, block->offset, block->size_bytes);
    }
    if (!ok) {
        return error_set(err, ERROR_JOURNAL_IO, "no memory for the journal");
    }
    return flash_journal_store(test->options->journal_directory, &test->journal, err);
}

static bool prepare(struct test *test, struct error *err)
{
    const struct flash_piece piece = {.offset = test->range->offset,
        .size_bytes = test->range->size_bytes,
        .bytes = test->pattern};
    const struct flash_prepare_options options = {.compare = false, .erase = FLASH_ERASE_AUTO};
    uint64_t restored_bytes = 0;
    struct flash_meter meter;

    if (!test->device->driver->check_writable(
            test->device, test->range->offset, test->range->size_bytes, err) ||
        !flash_restore_memory(test->device, test->options, &test->journal, &restored_bytes, err)) {
        return false;
    }
    flash_meter_start(
        &meter, test->options->listener, test->device, FLASH_PHASE_READ, test->range->size_bytes);
    if (!test->device->driver->read(
            test->device, test->range->offset, test->before, test->range->size_bytes, err)) {
        return false;
    }
    flash_meter_stop(&meter, &test->result->read_ns);
    return flash_plan_make_memory(&test->device->geometry, &piece, 1, &test->plan, err) &&
           flash_prepare_memory(test->device, &test->plan, &options, NULL, err) &&
           save_contents(test, err);
}

/* ---- the phases ---- */

static bool erase(struct test *test, struct error *err)
{
    const struct flash_memory_plan *plan = &test->plan;
    struct flash_device *device = test->device;
    struct flash_meter meter;
    uint32_t ticket = 0;
    uint64_t done_bytes = 0;
    size_t i = 0;

    flash_meter_start(
        &meter, test->options->listener, device, FLASH_PHASE_ERASE, test->range->size_bytes);
    test->has_begun = true;
    for (i = 0; i < plan->block_count; i++) {
        const struct flash_block *block = &plan->blocks[i];

        if (!flash_check_signal(device, err) ||
            (block->erase_type != FLASH_ERASE_TYPE_NONE &&
                !device->driver->erase(
                    device, block->erase_type, block->offset, block->size_bytes, &ticket, err))) {
            return error_add_context(err, "erasing %" PRIu32 " bytes at 0x%08" PRIx32,
                block->size_bytes, device->geometry.addr + block->offset);
        }
        done_bytes += block->size_bytes;
        flash_meter_report(&meter, done_bytes);
    }
    if (!device->driver->finish(device, err)) {
        return false;
    }
    flash_meter_stop(&meter, &test->result->erase_ns);
    return true;
}

static bool write(struct test *test, struct error *err)
{
    const struct flash_memory_plan *plan = &test->plan;
    struct flash_writer writer;
    struct flash_meter meter;
    bool ok = true;
    size_t i = 0;

    flash_meter_start(
        &meter, test->options->listener, test->device, FLASH_PHASE_WRITE, test->range->size_bytes);
    if (!flash_writer_open(&writer, test->device, plan, NULL, err)) {
        return false;
    }
    for (i = 0; ok && i < plan->block_count; i++) {
        if (plan->blocks[i].erase_type != FLASH_ERASE_TYPE_CHIP) {
            ok = flash_writer_program(
                &writer, plan->blocks[i].offset, plan->blocks[i].size_bytes, err);
        }
    }
    flash_writer_close(&writer);
    flash_meter_stop(&meter, &test->result->write_ns);
    return ok;
}

static bool verify(struct test *test, struct error *err)
{
    struct flash_meter meter;
    bool ok = false;

    flash_meter_start(&meter, test->options->listener, test->device, FLASH_PHASE_VERIFY,
        flash_verify_sector_bytes(&test->plan));
    ok = flash_verify_sectors(test->device, &test->plan, &meter, err);
    flash_meter_end(&meter, ok, &test->result->verify_ns);
    return ok;
}

/* The mapped window at run speed, as an application sees it. */
static bool verify_mapped(struct test *test, struct error *err)
{
    struct flash_device *device = test->device;
    uint32_t skip =
        (FLASH_ALIGN_BYTES - test->range->offset % FLASH_ALIGN_BYTES) % FLASH_ALIGN_BYTES;
    uint32_t size_bytes = test->range->size_bytes > skip ? test->range->size_bytes - skip : 0;
    struct flash_range range = {.offset = test->range->offset + skip};
    size_t count = (size_t)size_bytes / BLOCK_BYTES + 1;
    struct abi_block_hash *hashes = calloc(count, sizeof *hashes);
    struct flash_meter meter;
    bool ok = false;
    uint32_t at = 0;

    range.size_bytes = size_bytes - size_bytes % FLASH_ALIGN_BYTES;
    if (hashes == NULL) {
        return error_set(err, ERROR_HOST_IO, "no memory for the test");
    }
    flash_meter_start(
        &meter, test->options->listener, device, FLASH_PHASE_MAPPED, range.size_bytes);
    ok = range.size_bytes == 0 ||
         device->driver->hash(device, &range, BLOCK_BYTES, true, hashes, err);
    flash_meter_end(&meter, ok, &test->result->mapped_ns);
    for (at = 0; ok && at < range.size_bytes; at += BLOCK_BYTES) {
        uint32_t block_bytes =
            range.size_bytes - at < BLOCK_BYTES ? range.size_bytes - at : BLOCK_BYTES;
        struct abi_block_hash wanted = flash_hash_of(test->pattern + skip + at, block_bytes);

        if (!flash_hash_equal(&wanted, &hashes[at / BLOCK_BYTES])) {
            ok = error_set(err, ERROR_VERIFY_MISMATCH,
                "memory %s reads right over the program bus and wrong through the mapped window, "
                "first in the block at 0x%08" PRIx32,
                device->geometry.name, device->geometry.addr + range.offset + at);
            error_set_hint(err, "the run clock or its dummy cycles are wrong for this board: lower "
                                "\"run_khz\"");
        }
    }
    test->result->mapped = ok;
    free(hashes);
    return ok;
}

/* ---- the whole ---- */

/* As the next run would do it from the journal. After a signal or a lost probe it is left to that
 * run. */
static bool put_back(struct test *test, struct error *err)
{
    uint64_t start_ns = test->device->driver->now_ns(test->device);

    test->result->restored = flash_restore_keeps(test->device, test->options, &test->journal, err);
    test->result->restore_ns = test->device->driver->now_ns(test->device) - start_ns;
    return test->result->restored;
}

static bool run(struct test *test, struct error *err)
{
    return prepare(test, err) && erase(test, err) && write(test, err) && verify(test, err) &&
           (!test->device->can_map || verify_mapped(test, err));
}

static void conclude(struct test *test, bool ok, struct error *err)
{
    struct error second = {0};
    bool can_restore = ok || err->code == ERROR_VERIFY_MISMATCH ||
                       err->code == ERROR_ERASE_FAILED || err->code == ERROR_PROGRAM_FAILED;

    if (!test->has_begun) {
        error_set_state(err, "nothing was erased or written");
    } else if (can_restore && put_back(test, ok ? err : &second)) {
        error_set_state(err, "the contents from before are restored");
    } else {
        error_set_state(err, "the contents from before are in the journal: the next run on this "
                             "board that changes the memory restores them first");
    }
}

bool flash_test_run(struct flash_device *device, const struct flash_range *range,
    const struct flash_engine_options *options, struct flash_test_result *result, struct error *err)
{
    struct test test = {.device = device, .range = range, .options = options, .result = result};
    bool ok = false;

    memset(result, 0, sizeof *result);
    result->size_bytes = range->size_bytes;
    if (range->size_bytes > MAX_TEST_BYTES) {
        return error_set(err, ERROR_USAGE, "at most %d MB can be tested at a time",
            MAX_TEST_BYTES / (1024 * 1024));
    }
    test.pattern = malloc(range->size_bytes);
    test.before = malloc(range->size_bytes);
    if (test.pattern == NULL || test.before == NULL) {
        (void)error_set(err, ERROR_HOST_IO, "no memory for the test");
        goto free_test;
    }
    fill_pattern(test.pattern, range->addr, range->size_bytes);
    ok = run(&test, err);
    conclude(&test, ok, err);
    ok = ok && result->restored;

free_test:
    flash_plan_free_memory(&test.plan);
    flash_journal_clear(&test.journal);
    free(test.pattern);
    free(test.before);
    return ok;
}
