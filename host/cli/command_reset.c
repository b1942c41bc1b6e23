/* reset and halt: the core alone, without stub and memory. */
#include "host/base/os.h"
#include "host/cli/command.h"
#include "host/cli/connection.h"

#include <inttypes.h>
#include <string.h>

/* Too late is not success: --timeout bounds the whole command. */
static bool not_stopped(struct error *err)
{
    return os_signal_pending() == 0 || os_signal_fail(err);
}

bool command_reset(struct cli *cli, struct error *err)
{
    struct connection connection = {0};
    const char *after = options_text(&cli->options, OPTION_AFTER);
    enum target_reset_mode mode = TARGET_RESET_RUN;
    bool ok = false;

    if (after != NULL && strcmp(after, "halt") == 0) {
        mode = TARGET_RESET_HALT;
    }
    if (after != NULL && strcmp(after, "none") == 0) {
        return error_set(err, ERROR_USAGE,
            "after a reset the core runs, or stands with --after "
            "halt; --after none cannot be");
    }
    ok = connection_open(&connection, cli, TARGET_CONNECT_AUTO, err) &&
         target_reset(connection.target, mode, err) && not_stopped(err);
    if (ok) {
        output_note(&cli->output, "reset, %s",
            mode == TARGET_RESET_HALT ? "stopped at the first instruction" : "running");
    }
    connection_close(&connection, cli);
    return ok;
}

bool command_halt(struct cli *cli, struct error *err)
{
    struct connection connection = {0};
    char text[256];
    bool ok = false;

    ok = connection_open(&connection, cli, TARGET_CONNECT_ATTACH, err) &&
         target_halt(connection.target, err) &&
         target_describe_fault(connection.target, text, sizeof text, err) && not_stopped(err);
    if (ok) {
        target_settle(connection.target);
        output_result(&cli->output, "halted: %s", text);
    }
    connection_close(&connection, cli);
    return ok;
}
