#include "host/base/os.h"
#include "host/board/board.h"
#include "host/cli/command.h"

#include <stdlib.h>
#include <string.h>

static bool list_boards(struct cli *cli, struct error *err)
{
    char **names = NULL;
    size_t count = 0;

    if (!board_list(&names, &count, err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        output_result(&cli->output, "%s", names[i]);
        if (output_wants_records(&cli->output)) {
            struct record record;

            output_begin_record(&cli->output, &record, "board");
            record_text(&record, "name", names[i]);
            output_record(&cli->output, &record);
        }
    }
    os_free_names(names, count);
    return true;
}

static bool load_board(struct cli *cli, struct board **board, struct error *err)
{
    const char *name = options_text(&cli->options, OPTION_BOARD);

    if (cli->options.argument_count > 1) {
        name = cli->options.arguments[1];
    }
    if (name == NULL) {
        (void)error_set(
            err, ERROR_USAGE, "which board? xflash board %s BOARD", cli->options.arguments[0]);
        error_set_hint(err, "xflash board list");
        return false;
    }
    return board_load(name, &cli->output.log, board, err);
}

static bool show_board(struct cli *cli, struct error *err)
{
    struct board *board = NULL;
    char *text = NULL;
    bool ok = false;

    if (!load_board(cli, &board, err)) {
        return false;
    }
    ok = board_describe(board, &text, err);
    if (ok) {
        output_result(&cli->output, "%s", text);
    }
    free(text);
    board_free(board);
    return ok;
}

static bool lint_board(struct cli *cli, struct error *err)
{
    struct board *board = NULL;
    bool ok = false;

    if (!load_board(cli, &board, err)) {
        return false;
    }
    ok = board_lint(board, &cli->output.log, err);
    if (ok) {
        output_result(&cli->output, "%s: ok", board->path);
    }
    board_free(board);
    return ok;
}

bool command_board(struct cli *cli, struct error *err)
{
    static const struct {
        const char *name;
        bool (*run)(struct cli *cli, struct error *err);
    } verbs[] = {{"list", list_boards}, {"show", show_board}, {"lint", lint_board}};
    const char *verb = cli->options.argument_count > 0 ? cli->options.arguments[0] : "";

    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(verb, verbs[i].name) == 0) {
            return verbs[i].run(cli, err);
        }
    }
    if (strcmp(verb, "new") == 0) {
        (void)error_set(err, ERROR_USAGE, "xflash board new is not in this version");
        error_set_hint(err, "copy a board file and change it: docs/adding-a-board.md");
        return false;
    }
    return error_set(
        err, ERROR_USAGE, "xflash board %s: expected %s", verb, cli->command->arguments);
}
