#include "host/cli/plan_view.h"

#include "host/cli/result.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *operation_name(
    const struct flash_memory_plan *memory, const struct flash_block *block, char text[16])
{
    if (block->erase_type == FLASH_ERASE_TYPE_CHIP) {
        return "chip";
    }
    if (block->erase_type == FLASH_ERASE_TYPE_NONE) {
        return "none";
    }
    (void)snprintf(
        text, 16, "%" PRIu32 "K", memory->geometry.erase[block->erase_type].size_bytes / 1024);
    return text;
}

static void record_blocks(struct record *record, const struct flash_memory_plan *memory)
{
    for (size_t i = 0; i < memory->block_count; i++) {
        const struct flash_block *block = &memory->blocks[i];
        char text[16];

        if (block->erase_type == FLASH_ERASE_TYPE_NONE) {
            continue;
        }
        record_open_object(record, NULL);
        record_u64(record, "addr", memory->geometry.addr + block->offset);
        record_u64(record, "size", block->size_bytes);
        record_text(record, "op", operation_name(memory, block, text));
        record_close_object(record);
    }
}

static void record_plan(struct cli *cli, const struct flash_plan *plan, uint32_t link_bytes_per_s)
{
    uint64_t write_bytes = 0;
    uint64_t keep_bytes = 0;
    uint64_t estimate_ms = 0;
    struct record record;

    output_begin_record(&cli->output, &record, "plan");
    record_open_array(&record, "erase");
    for (size_t i = 0; i < plan->memory_count; i++) {
        struct flash_plan_totals totals = {0};

        flash_plan_sum(&plan->memories[i], &totals);
        write_bytes += totals.program_bytes;
        keep_bytes += totals.keep_bytes;
        estimate_ms += flash_plan_estimate_ms(&plan->memories[i], link_bytes_per_s);
        record_blocks(&record, &plan->memories[i]);
    }
    record_close_array(&record);
    record_u64(&record, "write", write_bytes);
    record_u64(&record, "keep", keep_bytes);
    record_bool(&record, "record", plan->record.action != FLASH_RECORD_NONE);
    record_u64(&record, "eta_ms", estimate_ms);
    output_record(&cli->output, &record);
}

bool plan_view_show(struct cli *cli, const struct board *board, const struct flash_plan *plan,
    uint32_t link_bytes_per_s, bool as_result, struct error *err)
{
    char *text = NULL;

    if (output_wants_records(&cli->output)) {
        record_plan(cli, plan, link_bytes_per_s);
    }
    if (!as_result && cli->output.log.max_level < LOG_INFO) {
        return true;
    }
    if (!flash_plan_describe(board, plan, link_bytes_per_s, &text, err)) {
        return false;
    }
    for (char *line = text; *line != '\0';) {
        size_t length = strcspn(line, "\n");

        if (as_result) {
            output_result(&cli->output, "%.*s", (int)length, line);
        } else {
            log_write(&cli->output.log, LOG_INFO, NULL, "%.*s", (int)length, line);
        }
        line += length + (line[length] == '\n' ? 1 : 0);
    }
    free(text);
    return true;
}

struct sums {
    uint64_t requested_bytes;
    uint64_t same_bytes;
    uint64_t keep_bytes;
};

static struct sums sum_totals(
    const struct flash_plan *plan, const struct flash_engine_result *result)
{
    struct sums sums = {0};

    for (size_t i = 0; i < plan->memory_count; i++) {
        sums.requested_bytes += result->totals[i].requested_bytes;
        sums.same_bytes += result->totals[i].same_bytes;
        sums.keep_bytes += result->totals[i].keep_bytes;
    }
    return sums;
}

static const char *verdict_of(const struct flash_engine_result *result)
{
    if (!result->verified) {
        return "programmed, NOT verified";
    }
    return result->changed ? "programmed and verified" : "already identical, verified";
}

void plan_view_text(
    struct cli *cli, const struct flash_plan *plan, const struct flash_engine_result *result)
{
    struct sums sums = sum_totals(plan, result);
    uint64_t ms = output_elapsed_us(&cli->output) / 1000;
    uint64_t work_ns = result->compare_ns + result->write_ns + result->verify_ns;
    uint64_t rate =
        work_ns != 0 ? (uint64_t)((double)sums.requested_bytes * 1e6 / (double)work_ns) : 0;

    output_note(&cli->output,
        "%" PRIu64 " bytes, %" PRIu64 " of them there already, %" PRIu64 " bytes around them kept",
        sums.requested_bytes, sums.same_bytes, sums.keep_bytes);
    if (result->restored_bytes != 0) {
        output_note(&cli->output,
            "%" PRIu64 " bytes were restored from the journal of a run that "
            "was cut off",
            result->restored_bytes);
    }
    output_result(&cli->output, "%s: %" PRIu64 " bytes in %" PRIu64 ".%03u s, %" PRIu64 " KB/s%s",
        verdict_of(result), sums.requested_bytes, ms / 1000, (unsigned)(ms % 1000), rate,
        cli->output.is_modelled ? " (modelled)" : "");
}

/* Bytes of a piece that lie in sectors which had the wanted contents already. */
static uint64_t same_bytes_of_piece(
    const struct flash_memory_plan *memory, const struct flash_piece *piece)
{
    uint32_t unit = flash_geometry_sector_bytes(&memory->geometry);
    uint32_t done = 0;
    uint64_t same_bytes = 0;

    while (done < piece->size_bytes) {
        uint32_t offset = piece->offset + done;
        uint32_t step = unit - offset % unit;

        step = step < piece->size_bytes - done ? step : piece->size_bytes - done;
        if ((memory->sectors[offset / unit] & FLASH_SECTOR_SAME) != 0) {
            same_bytes += step;
        }
        done += step;
    }
    return same_bytes;
}

static uint64_t same_bytes_of_memory(const struct flash_memory_plan *memory, size_t request)
{
    uint64_t same_bytes = 0;

    for (size_t i = 0; i < memory->piece_count; i++) {
        if (memory->pieces[i].request == request) {
            same_bytes += same_bytes_of_piece(memory, &memory->pieces[i]);
        }
    }
    return same_bytes;
}

static uint64_t same_bytes_of_request(const struct flash_plan *plan, size_t request)
{
    uint64_t same_bytes = 0;

    for (size_t i = 0; i < plan->memory_count; i++) {
        same_bytes += same_bytes_of_memory(&plan->memories[i], request);
    }
    return same_bytes;
}

static void record_images(
    struct record *record, const struct images *images, const struct flash_plan *plan)
{
    record_open_array(record, "images");
    for (size_t i = 0; images != NULL && i < images->count; i++) {
        const struct image *image = images->requests[i].image;
        uint64_t same_bytes = same_bytes_of_request(plan, i);
        uint64_t size_bytes = 0;

        for (size_t j = 0; j < image->segment_count; j++) {
            size_bytes += image->segments[j].size_bytes;
        }
        record_open_object(record, NULL);
        record_text(record, "file", image->path);
        record_u64(record, "address", image->segments[0].addr);
        record_u64(record, "size", size_bytes);
        record_hex(record, "sha256", image->sha256, sizeof image->sha256);
        record_u64(record, "written", size_bytes - same_bytes);
        record_u64(record, "skipped", same_bytes);
        record_close_object(record);
    }
    record_close_array(record);
}

void plan_view_record(struct cli *cli, const struct images *images, const struct flash_plan *plan,
    const struct flash_engine_result *result, const char *boot)
{
    struct record record;

    if (!output_wants_records(&cli->output)) {
        return;
    }
    result_begin(cli, &record, 0, result->verified, boot);
    record_milli(&record, "compare", result->compare_ns / 1000);
    record_milli(&record, "program", result->write_ns / 1000);
    record_milli(&record, "verify", result->verify_ns / 1000);
    result_end_times(cli, &record);
    record_images(&record, images, plan);
    result_end(cli, &record);
}
