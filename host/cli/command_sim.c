/* Virtual boards are another program: it is found beside this one and gets every word. */
#include "host/base/os.h"
#include "host/base/text.h"
#include "host/cli/command.h"

#include <stdlib.h>

bool command_sim(struct cli *cli, struct error *err)
{
    size_t count = cli->options.argument_count;
    char *folder = os_executable_directory();
    char *path = folder != NULL ? text_format("%s/xflash-vboard", folder) : NULL;
    const char **argv = calloc(count + 2, sizeof *argv);
    int status = 0;
    bool ok = false;

    if (path == NULL || argv == NULL) {
        (void)error_set(err, ERROR_INTERNAL, "out of memory");
        goto free_all;
    }
    argv[0] = path;
    for (size_t i = 0; i < count; i++) {
        argv[i + 1] = cli->options.arguments[i];
    }
    if (count == 0) {
        (void)error_set(
            err, ERROR_USAGE, "what about the virtual board? %s", cli->command->arguments);
        error_set_hint(err, "xflash sim help");
        goto free_all;
    }
    if (!os_file_exists(path)) {
        (void)error_set(err, ERROR_NO_PROBE, "the virtual board's program %s is not there", path);
        error_set_hint(err, "build or install xflash-vboard beside xflash");
        goto free_all;
    }
    ok = os_run_attached(argv, &status, err);
    if (ok) {
        cli->exit_override = status;
    }

free_all:
    free(argv);
    free(path);
    free(folder);
    return ok;
}
