#include "host/cli/consent.h"

#include "host/base/os.h"

#include <stdio.h>
#include <string.h>

bool consent_is_given(struct cli *cli, struct error *err)
{
    char answer[16] = "";

    if (err->code != ERROR_CONSENT_NEEDED || cli->output.json || !os_is_terminal(stdin) ||
        !os_is_terminal(stderr)) {
        return false;
    }
    (void)fprintf(stderr, "%s\nGo on? [y/N] ", err->message);
    (void)fflush(stderr);
    if (!os_wait_input(stdin)) {
        return os_signal_fail(err);
    }
    if (fgets(answer, sizeof answer, stdin) == NULL) {
        return false;
    }
    return strcmp(answer, "y\n") == 0 || strcmp(answer, "yes\n") == 0;
}
