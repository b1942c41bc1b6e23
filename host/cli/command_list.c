/* Probes that can be used, without touching a target: those on USB, then the virtual boards. */
#include "host/base/os.h"
#include "host/base/text.h"
#include "host/board/board.h"
#include "host/cli/command.h"
#include "host/probe/probe_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 6, CELL_BYTES = 200 };

/* ---- USB ---- */

/* "nucleo-h7s3l8"; "" when no board file claims the identifier, or several do. */
static bool name_board(const struct probe_entry *entry, char board[CELL_BYTES], struct error *err)
{
    char **names = NULL;
    size_t count = 0;

    board[0] = '\0';
    if (entry->board_id[0] == '\0') {
        return true;
    }
    if (!board_list_for_stlink_id(entry->board_id, &names, &count, err)) {
        return false;
    }
    if (count == 1) {
        (void)snprintf(board, CELL_BYTES, "%s", names[0]);
    }
    os_free_names(names, count);
    return true;
}

static void describe_state(const struct probe_entry *entry, char text[CELL_BYTES])
{
    const char *state = probe_state_name(entry->state);

    if (entry->state != PROBE_STATE_BUSY) {
        (void)snprintf(text, CELL_BYTES, "%s", state);
    } else if (entry->holder.pid != 0) {
        (void)snprintf(
            text, CELL_BYTES, "busy: %s, process %d", entry->holder.program, entry->holder.pid);
    } else {
        (void)snprintf(text, CELL_BYTES, "busy: another program");
    }
}

static void record_probe(struct cli *cli, const struct probe_entry *entry, const char *board)
{
    struct record record;

    if (!output_wants_records(&cli->output)) {
        return;
    }
    output_begin_record(&cli->output, &record, "probe");
    record_text(&record, "kind", entry->kind);
    record_text(&record, "link", entry->name);
    record_text(&record, "select", entry->select);
    record_text(&record, "serial", entry->serial);
    record_text(&record, "vendor", entry->vendor);
    record_text(&record, "product", entry->product);
    record_u64(&record, "vid", entry->device.vid);
    record_u64(&record, "pid", entry->device.pid);
    record_text(&record, "usb_path", entry->device.path);
    record_text(&record, "state", probe_state_name(entry->state));
    if (entry->firmware[0] != '\0') {
        record_text(&record, "fw", entry->firmware);
    }
    if (entry->holder.pid != 0) {
        record_u64(&record, "holder_pid", (uint64_t)entry->holder.pid);
        record_text(&record, "holder", entry->holder.program);
    }
    if (entry->board_id[0] != '\0') {
        record_text(&record, "board_id", entry->board_id);
    }
    if (board[0] != '\0') {
        record_text(&record, "board", board);
    }
    output_record(&cli->output, &record);
}

struct table {
    char (*cells)[COLUMNS][CELL_BYTES];
    size_t rows;
};

static void show_table(struct cli *cli, const struct table *table)
{
    int width[COLUMNS] = {0};

    for (size_t row = 0; row < table->rows; row++) {
        for (size_t column = 0; column < COLUMNS; column++) {
            int length = (int)strlen(table->cells[row][column]);

            width[column] = length > width[column] ? length : width[column];
        }
    }
    for (size_t row = 0; row < table->rows; row++) {
        char(*cells)[CELL_BYTES] = table->cells[row];
        char line[COLUMNS * (CELL_BYTES + 2)] = "";
        size_t used = 0;

        for (size_t column = 0; column < COLUMNS; column++) {
            int count =
                snprintf(line + used, sizeof line - used, "%-*s  ", width[column], cells[column]);

            used += count > 0 ? (size_t)count : 0;
        }
        while (used > 0 && line[used - 1] == ' ') {
            line[--used] = '\0';
        }
        output_result(&cli->output, "%s", line);
    }
}

static bool fill_row(struct cli *cli, const struct probe_entry *entry,
    char cells[COLUMNS][CELL_BYTES], struct error *err)
{
    char board[CELL_BYTES];

    if (!name_board(entry, board, err)) {
        return false;
    }
    (void)snprintf(cells[0], CELL_BYTES, "-p %.190s", entry->select);
    (void)snprintf(cells[1], CELL_BYTES, "%s", entry->kind);
    (void)snprintf(cells[2], CELL_BYTES, "%s", entry->firmware[0] != '\0' ? entry->firmware : "?");
    (void)snprintf(cells[3], CELL_BYTES, "usb:%s", entry->device.path);
    describe_state(entry, cells[4]);
    (void)snprintf(cells[5], CELL_BYTES, "%s%s", board[0] != '\0' ? board : entry->board_id,
        board[0] == '\0' && entry->board_id[0] != '\0' ? " (unknown board)" : "");
    record_probe(cli, entry, board);
    return true;
}

static void say_permission(struct cli *cli, const struct probe_list *list)
{
    bool is_first = true;

    for (size_t i = 0; i < list->count; i++) {
        char rule[PROBE_RULE_BYTES];

        if (list->entries[i].state != PROBE_STATE_NO_PERMISSION) {
            continue;
        }
        if (is_first) {
            output_note(&cli->output, "no permission: these lines belong into "
                                      "/etc/udev/rules.d/60-xflash.rules (xflash help probe):");
        }
        is_first = false;
        probe_text_udev_rule(&list->entries[i].device, rule);
        output_note(&cli->output, "  %s", rule);
    }
}

static void say_twins(struct cli *cli, const struct probe_list *list)
{
    size_t i = 0;

    while (i < list->count &&
           (!list->entries[i].shares_serial || list->entries[i].serial[0] == '\0')) {
        i++;
    }
    if (i < list->count) {
        output_note(&cli->output,
            "probes with the same serial number are told apart by their place on USB");
    }
}

static bool show_usb_probes(struct cli *cli, struct error *err)
{
    static const char headings[COLUMNS][CELL_BYTES] = {
        "OPTION", "PROBE", "FIRMWARE", "PLACE", "STATE", "BOARD"};
    struct probe_list *list = NULL;
    struct table table = {0};
    bool ok = true;

    if (!probe_list_read(&list, err)) { /* a computer without USB has virtual boards all the same */
        output_warning(&cli->output, "usb", "%.*s", (int)strcspn(err->message, "\n"), err->message);
        return true;
    }
    if (list->count == 0) {
        output_note(&cli->output, "no debug probe on USB");
        free(list);
        return true;
    }
    probe_list_identify(list);
    table.cells = calloc(list->count + 1, sizeof *table.cells);
    if (table.cells == NULL) {
        free(list);
        return error_set(err, ERROR_HOST_IO, "no memory to list the probes");
    }
    memcpy(table.cells[0], headings, sizeof headings);
    table.rows = 1;
    for (size_t i = 0; ok && i < list->count; i++) {
        ok = fill_row(cli, &list->entries[i], table.cells[table.rows++], err);
    }
    if (ok) {
        show_table(cli, &table);
        say_permission(cli, list);
        say_twins(cli, list);
    }
    free(table.cells);
    free(list);
    return ok;
}

/* ---- virtual boards ---- */

static void show_line(struct cli *cli, char *line)
{
    struct record record;

    output_clean_text(line);
    output_result(&cli->output, "%s", line);
    if (output_wants_records(&cli->output)) {
        output_begin_record(&cli->output, &record, "probe");
        record_text(&record, "kind", "virtual board");
        record_text(&record, "link", line);
        output_record(&cli->output, &record);
    }
}

static void show_lines(struct cli *cli, char *text)
{
    char *line = text;

    while (*line != '\0') {
        size_t length = strcspn(line, "\n");
        char *next = line[length] == '\n' ? line + length + 1 : line + length;

        line[length] = '\0';
        if (length > 0) {
            show_line(cli, line);
        }
        line = next;
    }
}

static bool show_virtual_boards(struct cli *cli, struct error *err)
{
    char *folder = os_executable_directory();
    char *path = folder != NULL ? text_format("%s/xflash-vboard", folder) : NULL;
    const char *argv[] = {path, "list", NULL};
    char *text = NULL;
    int status = 0;
    bool ok = true;

    if (path != NULL && os_file_exists(path)) {
        output_note(&cli->output, "virtual boards (-p sim:NAME):");
        ok = os_run_program(argv, 65536, &text, NULL, &status, err);
        if (ok) {
            show_lines(cli, text);
        }
    }
    free(text);
    free(path);
    free(folder);
    return ok;
}

bool command_list(struct cli *cli, struct error *err)
{
    return show_usb_probes(cli, err) && show_virtual_boards(cli, err);
}
