#include "host/cli/work.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void show_progress(void *context, const struct flash_progress *progress)
{
    output_progress(
        context, flash_phase_name(progress->phase), progress->done_bytes, progress->total_bytes);
}

bool work_parts_are_known(const struct board *board)
{
    for (size_t i = 0; i < board->memory_count; i++) {
        if (board->memories[i].part_is_auto && board->memories[i].part.mode_count == 0) {
            return false;
        }
    }
    return true;
}

bool work_needs_target(struct error *err)
{
    (void)error_set(err, ERROR_BOARD_UNKNOWN,
        "the board file leaves the part to the chip, which was not asked");
    error_set_hint(err, "--dry-run=target asks it and changes nothing");
    return false;
}

/* Asks the chips whose part the board file leaves to them. */
static bool learn_parts(struct work *work, struct cli *cli, struct error *err)
{
    const struct board *board = work->connection.board;

    for (size_t i = 0; i < board->memory_count; i++) {
        struct flash_device *device = NULL;

        if (board->memories[i].part_is_auto && !work_select(work, cli, i, &device, err)) {
            return error_add_context(err, "asking the chip which part it is");
        }
    }
    return true;
}

bool work_open(struct work *work, struct cli *cli, struct error *err)
{
    work->listener = (struct flash_listener){show_progress, &cli->output};
    work->journal_directory = flash_journal_directory();
    if (work->journal_directory == NULL) {
        return error_set(err, ERROR_INTERNAL, "out of memory");
    }
    if (!connection_open(&work->connection, cli, TARGET_CONNECT_AUTO, err)) {
        return false;
    }
    work->owes_reset = true;
    return flash_session_open(work->connection.target, work->connection.board, &cli->output.log,
               &work->session, err) &&
           learn_parts(work, cli, err);
}

static bool leave_target(struct cli *cli, struct target *target, struct error *err)
{
    const char *after = options_text(&cli->options, OPTION_AFTER);

    target_begin_leaving(target);
    if (after != NULL && strcmp(after, "none") == 0) {
        target_settle(target);
        return true;
    }
    if (after != NULL && strcmp(after, "halt") == 0) {
        return target_reset(target, TARGET_RESET_HALT, err);
    }
    return target_reset(target, TARGET_RESET_RUN, err);
}

bool work_leave(struct work *work, struct cli *cli, bool ok, struct error *err)
{
    struct target *target = work->connection.target;
    struct error leaving = {0};

    output_progress_end(&cli->output);
    if (!ok && err->state[0] == '\0') {
        error_set_state(err, "nothing was erased or written");
    }
    flash_session_close(work->session);
    work->session = NULL;
    if (target == NULL || !work->owes_reset) {
        return ok;
    }
    work->owes_reset = false;
    if (!leave_target(cli, target, &leaving)) {
        if (!ok) {
            output_warning(
                &cli->output, "target-left", "the target could not be reset: %s", leaving.message);
            return false;
        }
        *err = leaving;
        return error_add_context(err, "leaving the target");
    }
    if (ok && work->stops_program) {
        output_note(&cli->output, "the program was stopped, and the MCU was reset");
    }
    return ok;
}

void work_free(struct work *work, struct cli *cli)
{
    connection_close(&work->connection, cli);
    free(work->journal_directory);
    work->journal_directory = NULL;
}

bool work_close(struct work *work, struct cli *cli, bool ok, struct error *err)
{
    ok = work_leave(work, cli, ok, err);
    work_free(work, cli);
    return ok;
}

static void record_memory(
    struct cli *cli, const struct board_memory *memory, const struct flash_memory_info *info)
{
    struct record record;
    char status[8];

    output_begin_record(&cli->output, &record, "memory");
    record_text(&record, "name", memory->name);
    record_text(&record, "kind", memory->kind == BOARD_MEMORY_PSRAM ? "psram" : "nor");
    record_text(&record, "part", memory->part.name);
    record_hex(&record, "id", info->id, info->id_bytes);
    record_u64(&record, "size", memory->part.size_bytes);
    record_u64(&record, "addr", memory->window_addr);
    record_text(&record, "bus", info->program_mode);
    record_milli(&record, "mhz", info->program_hz / 1000);
    if (info->has_status) {
        (void)snprintf(status, sizeof status, "0x%02x", info->status);
        record_text(&record, "status", status);
    }
    if (info->has_sfdp) {
        record_hex(&record, "sfdp", info->sfdp_bytes, info->sfdp_count);
    }
    output_record(&cli->output, &record);
}

void work_report_memory(struct work *work, struct cli *cli, size_t memory)
{
    const struct flash_memory_info *info = NULL;
    const struct board_memory *board_memory = NULL;
    char id[3 * FLASH_ID_BYTES + 1] = "";

    if (memory >= BOARD_MAX_MEMORIES || work->is_shown[memory]) {
        return;
    }
    info = flash_session_info(work->session, memory);
    board_memory = &work->connection.board->memories[memory];
    if (info == NULL || !info->has_id) {
        return;
    }
    work->is_shown[memory] = true;
    for (size_t i = 0; i < info->id_bytes; i++) {
        (void)snprintf(id + 3 * i, sizeof id - 3 * i, " %02X", info->id[i]);
    }
    output_note(&cli->output,
        "memory  %s: %s, ID%s, %" PRIu32 " KB at 0x%08" PRIx32 ", %s at "
        "%" PRIu32 ".%u MHz",
        board_memory->name, board_memory->part.name, id, board_memory->part.size_bytes / 1024,
        board_memory->window_addr, info->program_mode, info->program_hz / 1000000,
        (unsigned)(info->program_hz / 100000 % 10));
    if (output_wants_records(&cli->output)) {
        record_memory(cli, board_memory, info);
    }
}

bool work_select(struct work *work, struct cli *cli, size_t memory, struct flash_device **device,
    struct error *err)
{
    struct flash_device_source *source = flash_session_source(work->session);
    bool ok = source->select(source, memory, device, err);

    if (ok || memory < BOARD_MAX_MEMORIES) {
        work_report_memory(work, cli, memory);
    }
    return ok;
}

static enum flash_verify_way verify_way(const struct options *options)
{
    static const struct {
        const char *name;
        enum flash_verify_way way;
    } ways[] = {
        {"hash", FLASH_VERIFY_HASH}, {"read", FLASH_VERIFY_READ}, {"mapped", FLASH_VERIFY_MAPPED}};
    const char *text = options_text(options, OPTION_VERIFY);

    for (size_t i = 0; text != NULL && i < sizeof ways / sizeof ways[0]; i++) {
        if (strcmp(text, ways[i].name) == 0) {
            return ways[i].way;
        }
    }
    return FLASH_VERIFY_HASH;
}

void work_engine_options(struct work *work, struct cli *cli, struct flash_engine_options *options)
{
    *options = (struct flash_engine_options){
        .compare = true,
        .verify = !options_flag(&cli->options, OPTION_NO_VERIFY),
        .verify_way = verify_way(&cli->options),
        .journal_directory = work->journal_directory,
        .unique_id = target_identity(work->connection.target)->unique_id_text,
        .listener = &work->listener,
        .log = &cli->output.log,
    };
}

bool work_read_record(struct work *work, struct cli *cli, struct abi_boot_record *record,
    bool *is_valid, struct error *err)
{
    const struct board *board = work->connection.board;
    enum flash_record_state state = FLASH_RECORD_ABSENT;
    struct flash_device *device = NULL;
    struct flash_boot_place place;

    *is_valid = false;
    if (!flash_boot_has_record(board)) {
        return true;
    }
    if (!flash_boot_place(board, &place, err) ||
        !work_select(work, cli, place.memory, &device, err) ||
        !flash_boot_read_record(device, board, &state, record, err)) {
        return error_add_context(err, "reading the boot record");
    }
    *is_valid = state == FLASH_RECORD_VALID;
    return true;
}
