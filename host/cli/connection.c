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
static void set_deadline(struct probe *probe, const struct cli *cli, uint64_t waited_us)
{
    uint64_t timeout_us = options_duration_ms(&cli->options, OPTION_TIMEOUT) * 1000;
    uint64_t spent_us = cli->spent_us + waited_us;
    uint64_t left_us = timeout_us > spent_us ? timeout_us - spent_us : 1;

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

static void join_names(char **names, size_t count, char *list, size_t capacity)
{
    (void)snprintf(list, capacity, "%s", count == 0 ? "none known" : "");
    for (size_t i = 0; i < count; i++) {
        size_t used = strlen(list);

        (void)snprintf(list + used, capacity - used, "%s%s", i > 0 ? ", " : "", names[i]);
    }
}

/* The board that alone claims the identifier of the ST-LINK; none when several or no file does. */
static bool recognise_board(struct connection *connection, struct cli *cli, struct error *err)
{
    const char *id = probe_info(connection->probe)->board_id;
    char **names = NULL;
    char list[256];
    size_t count = 0;
    bool ok = true;

    if (id[0] == '\0') {
        return true;
    }
    if (!board_list_for_stlink_id(id, &names, &count, err)) {
        return false;
    }
    if (count == 1) {
        ok = load_board(connection, cli, names[0], "the ST-LINK's board identifier", err);
    } else {
        join_names(names, count, list, sizeof list);
        log_write(&cli->output.log, count > 1 ? LOG_NOTE : LOG_INFO, NULL,
            "board identifier %s of the ST-LINK, claimed by: %s", id, list);
    }
    os_free_names(names, count);
    return ok;
}

/* Nothing names the board: say what was found and what could be meant. */
static bool unknown_board(struct connection *connection, struct error *err)
{
    struct target_identity identity = {0};
    struct board *board = NULL;
    struct error ignored = {0};
    char **names = NULL;
    size_t count = 0;
    char list[256];

    if (!target_identify(connection->probe, &identity, err)) {
        return error_add_context(err, "finding out which board this is");
    }
    if (!board_list_for_dev_id(identity.dev_id, &names, &count, err)) {
        return false;
    }
    join_names(names, count, list, sizeof list);
    if (count > 0 && !board_load(names[0], NULL, &board, &ignored)) {
        board = NULL;
    }
    os_free_names(names, count);
    (void)error_set(err, ERROR_BOARD_UNKNOWN,
        "which board is this? The MCU has DEV_ID 0x%03x%s%s; boards with that MCU: %s",
        identity.dev_id, board != NULL ? ", as the family of the " : "",
        board != NULL ? board->mcu.name : "", list);
    board_free(board);
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

/* What is known before the probe is opened. */
static struct probe_config probe_wishes(const struct connection *connection, const struct cli *cli)
{
    const struct options *options = &cli->options;
    const char *how = options_text(options, OPTION_CONNECT);
    uint64_t wait_ms = options_duration_ms(options, OPTION_LOCK_WAIT);
    uint64_t timeout_ms = options_duration_ms(options, OPTION_TIMEOUT);
    struct probe_config config = {
        .selector = options_text(options, OPTION_PROBE),
        .freq_hz = options_frequency_hz(options, OPTION_SPEED),
        .log = NULL,
    };

    if (connection->board != NULL) {
        config.freq_hz =
            config.freq_hz != 0 ? config.freq_hz : connection->board->debug_max_khz * 1000;
        how = how != NULL ? how : connection->board->connect;
    }
    if (timeout_ms != 0 && timeout_ms < wait_ms) {
        wait_ms = timeout_ms; /* of the whole command */
    }
    config.lock_wait_ms = wait_ms < UINT32_MAX ? (uint32_t)wait_ms : UINT32_MAX;
    config.under_reset = how != NULL && strcmp(how, "under-reset") == 0;
    return config;
}

/* The board that goes with the probe, when nothing else has named one. */
static bool ask_probe_for_board(struct connection *connection, struct cli *cli, struct error *err)
{
    const struct probe_info *info = probe_info(connection->probe);

    if (connection->board != NULL) {
        return true;
    }
    if (info->default_board[0] != '\0') {
        return load_board(connection, cli, info->default_board, "the probe", err);
    }
    return recognise_board(connection, cli, err);
}

/* A board that was recognised only now may want a slower clock than the probe was opened with. */
static bool obey_board_clock(struct connection *connection, struct cli *cli, struct error *err)
{
    struct probe_config config = probe_wishes(connection, cli);

    if (config.freq_hz == 0 || probe_info(connection->probe)->freq_hz <= config.freq_hz) {
        return true;
    }
    config.log = &cli->output.log;
    probe_close(connection->probe);
    connection->probe = NULL;
    return probe_open(&config, &connection->probe, err);
}

static bool open_probe(struct connection *connection, struct cli *cli, struct error *err)
{
    struct probe_config config = probe_wishes(connection, cli);
    const struct probe_info *info = NULL;
    uint64_t start_ns = os_monotonic_ns();
    uint64_t waited_us = 0;

    config.log = &cli->output.log;
    if (!probe_open(&config, &connection->probe, err) ||
        !ask_probe_for_board(connection, cli, err) || !obey_board_clock(connection, cli, err)) {
        return false;
    }
    info = probe_info(connection->probe);
    waited_us = info->is_modelled ? 0 : (os_monotonic_ns() - start_ns) / 1000;
    output_use_clock(&cli->output, probe_clock, connection->probe);
    set_deadline(connection->probe, cli, waited_us);
    cli->output.is_modelled = info->is_modelled;
    report_probe(cli, info);
    return true;
}

bool connection_open(
    struct connection *connection, struct cli *cli, enum target_connect fallback, struct error *err)
{
    enum target_connect connect = fallback;

    if (connection->target != NULL) {
        return true;
    }
    if (!connection_choose_board(connection, cli, err) || !open_probe(connection, cli, err)) {
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
