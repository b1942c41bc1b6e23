/* Probes that can be used, without touching a target. */
#include "host/base/os.h"
#include "host/base/text.h"
#include "host/cli/command.h"

#include <stdlib.h>
#include <string.h>

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

static void show_virtual_boards(struct cli *cli, char *text)
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

bool command_list(struct cli *cli, struct error *err)
{
    char *folder = os_executable_directory();
    char *path = folder != NULL ? text_format("%s/xflash-vboard", folder) : NULL;
    const char *argv[] = {path, "list", NULL};
    char *text = NULL;
    int status = 0;
    bool ok = true;

    output_note(&cli->output, "USB probes are not listed by this version; -p tcp:HOST:PORT reaches "
                              "an ST-LINK server, -p sim:NAME a virtual board:");
    if (path != NULL && os_file_exists(path)) {
        ok = os_run_program(argv, 65536, &text, NULL, &status, err);
        if (ok) {
            show_virtual_boards(cli, text);
        }
    }
    free(text);
    free(path);
    free(folder);
    return ok;
}
