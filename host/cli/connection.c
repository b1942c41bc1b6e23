#include "host/cli/connection.h"

#include "host/base/os.h"
#include "host/target/internal_flash.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static uint64_t probe_clock(void *context)
{
    return probe_now_ns(context);
}

static bool load_board(struct connection *connection, struct cli *cli, const char *name,
    const char *source, struct error *err)
{
    if (!board_load(name, &cli->output.log, &connection->board, err)) {
        return error_add_context(err, "loading the board chosen by %s", source);
    }
    connection->board_source = source;
    log_write(&cli->output.log, LOG_INFO, NULL, "board %s (%s), chosen by %s",
        connection->board->name, connection->board->path, source);
    return true;
}

bool connection_choose_board(struct connection *connection, struct cli *cli, struct error *err)
{
    static const char sim[] = "sim:";
    const struct options *options = &cli->options;
    const char *name = options_text(options, OPTION_BOARD);
    const char *selector = options_text(options, OPTION_PROBE);
    char simulated[BOARD_NAME_BYTES * 2];
    size_t length = 0;

    if (connection->board != NULL) {
        return true;
    }
    if (name != NULL) {
        return load_board(
            connection, cli, name, option_source_name(options->values[OPTION_BOARD].source), err);
    }
    if (selector == NULL || strncmp(selector, sim, sizeof sim - 1) != 0) {
        return true;
    }
    length = strcspn(selector + sizeof sim - 1, "#");
    if (length == 0 || length >= sizeof simulated) {
        return true;
    }
    memcpy(simulated, selector + sizeof sim - 1, length);
    simulated[length] = '\0';
    if (strchr(simulated, '/') != NULL) {
        return true;
    }
    return load_board(connection, cli, simulated, "the name of the virtual board", err);
}

/* What --timeout leaves after the runs that were repeated, by the probe's clock. */
static void set_deadline(struct probe *probe, const struct cli *cli)
{
    uint64_t timeout_us = options_duration_ms(&cli->options, OPTION_TIMEOUT) * 1000;
    uint64_t left_us = timeout_us > cli->spent_us ? timeout_us - cli->spent_us : 1;

    if (timeout_us != 0) {
        probe_set_deadline(probe, probe_now_ns(probe) + left_us * 1000);
    }
}

static void report_probe(struct cli *cli, const struct probe_info *info)
{
    struct record record;

    output_note(&cli->output, "probe   %s %s, serial %s, %" PRIu32 " kHz, target %u.%02u V (%s)",
        info->kind, info->firmware, info->serial, info->freq_hz / 1000, info->target_mv / 1000,
        info->target_mv % 1000 / 10, info->link);
    if (!output_wants_records(&cli->output)) {
        return;
    }
    output_begin_record(&cli->output, &record, "probe");
    record_text(&record, "kind", info->kind);
    record_text(&record, "serial", info->serial);
    record_text(&record, "fw", info->firmware);
    record_text(&record, "link", info->link);
    record_milli(&record, "vtref", info->target_mv);
    record_u64(&record, "khz", info->freq_hz / 1000);
    record_text(&record, "clock", info->is_modelled ? "modelled" : "host");
    output_record(&cli->output, &record);
}

static void report_target(struct cli *cli, const struct connection *connection)
{
    const struct target_identity *identity = target_identity(connection->target);
    struct error ignored = {0};
    struct record record;
    char text[256];

    output_note(&cli->output, "target  %s, DEV_ID 0x%03x rev 0x%04x, unique ID %s",
        connection->board->mcu.name, identity->dev_id, identity->rev_id, identity->unique_id_text);
    output_note(&cli->output, "board   %s (chosen by %s)", connection->board->name,
        connection->board_source);
    if (!output_wants_records(&cli->output)) {
        return;
    }
    output_begin_record(&cli->output, &record, "target");
    record_text(&record, "mcu", connection->board->mcu.name);
    record_text(&record, "board", connection->board->name);
    record_text(&record, "board_source", connection->board_source);
    (void)snprintf(text, sizeof text, "0x%03x", identity->dev_id);
    record_text(&record, "dev_id", text);
    record_u64(&record, "rev", identity->rev_id);
    record_text(&record, "uid", identity->unique_id_text);
    record_u64(&record, "flash_kb", identity->flash_kb);
    (void)snprintf(text, sizeof text, "0x%08" PRIx32, identity->cpuid);
    record_text(&record, "cpuid", text);
    if (connection->shows_protection &&
        internal_flash_describe_protection(connection->target, text, sizeof text, &ignored)) {
        record_text(&record, "protection", text);
    }
    output_record(&cli->output, &record);
}

/* Nothing names the board: say what was found and what could be meant. */
static bool unknown_board(struct connection *connection, struct error *err)
{
    struct target_identity identity = {0};
    char **names = NULL;
    size_t count = 0;
    char list[256] = "";

    if (!target_identify(connection->probe, &identity, err)) {
        return error_add_context(err, "finding out which board this is");
    }
    if (!board_list_for_dev_id(identity.dev_id, &names, &count, err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        size_t used = strlen(list);

        (void)snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "", names[i]);
    }
    os_free_names(names, count);
    (void)error_set(err, ERROR_BOARD_UNKNOWN,
        "which board is this? The MCU has DEV_ID 0x%03x; boards with that MCU: %s", identity.dev_id,
        count > 0 ? list : "none known");
    error_set_hint(
        err, "-b BOARD, or -b FILE.json for a board of your own (docs/adding-a-board.md)");
    return false;
}

static bool choose_connect(const struct connection *connection, const struct cli *cli,
    enum target_connect fallback, enum target_connect *connect, struct error *err)
{
    static const struct {
        const char *name;
        enum target_connect connect;
    } ways[] = {{"auto", TARGET_CONNECT_AUTO}, {"attach", TARGET_CONNECT_ATTACH},
        {"halt", TARGET_CONNECT_HALT}, {"under-reset", TARGET_CONNECT_UNDER_RESET}};
    const char *how = options_text(&cli->options, OPTION_CONNECT);

    if (how == NULL) {
        *connect = fallback;
        how = connection->board->connect;
        if (fallback == TARGET_CONNECT_ATTACH || how[0] == '\0') {
            return true;
        }
    }
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        if (strcmp(how, ways[i].name) == 0) {
            *connect = ways[i].connect;
            return true;
        }
    }
    return error_set(err, ERROR_BOARD_BAD, "the board file's debug.connect \"%s\" is unknown", how);
}

bool connection_open(
    struct connection *connection, struct cli *cli, enum target_connect fallback, struct error *err)
{
    struct probe_config config = {
        .selector = options_text(&cli->options, OPTION_PROBE),
        .freq_hz = options_frequency_hz(&cli->options, OPTION_SPEED),
        .log = &cli->output.log,
    };
    enum target_connect connect = fallback;
    const struct probe_info *info = NULL;

    if (connection->target != NULL) {
        return true;
    }
    if (!connection_choose_board(connection, cli, err)) {
        return false;
    }
    if (config.freq_hz == 0 && connection->board != NULL) {
        config.freq_hz = connection->board->debug_max_khz * 1000;
    }
    if (!probe_open(&config, &connection->probe, err)) {
        return false;
    }
    info = probe_info(connection->probe);
    output_use_clock(&cli->output, probe_clock, connection->probe);
    set_deadline(connection->probe, cli);
    cli->output.is_modelled = info->is_modelled;
    report_probe(cli, info);
    if (connection->board == NULL && info->default_board[0] != '\0' &&
        !load_board(connection, cli, info->default_board, "the probe", err)) {
        return false;
    }
    if (connection->board == NULL) {
        return unknown_board(connection, err);
    }
    if (!choose_connect(connection, cli, fallback, &connect, err) ||
        !target_connect(connection->probe, &connection->board->mcu, connect, &cli->output.log,
            &connection->target, err)) {
        return false;
    }
    report_target(cli, connection);
    return true;
}

bool connection_need_board(struct connection *connection, struct cli *cli, struct error *err)
{
    return connection_choose_board(connection, cli, err) &&
           (connection->board != NULL ||
               connection_open(connection, cli, TARGET_CONNECT_AUTO, err));
}

uint32_t connection_link_bytes_per_s(const struct connection *connection)
{
    /* A word takes 46 clocks of SWD (request, acknowledge, data, turnarounds), 4 bytes each. */
    return probe_info(connection->probe)->freq_hz / 46 * 4;
}

void connection_close(struct connection *connection, struct cli *cli)
{
    target_close(connection->target);
    connection->target = NULL;
    if (connection->probe != NULL) {
        output_freeze_clock(&cli->output);
        probe_close(connection->probe);
        connection->probe = NULL;
    }
    board_free(connection->board);
    connection->board = NULL;
}
