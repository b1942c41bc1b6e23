/* Asking a person, where there is one. */
#ifndef HOST_CLI_CONSENT_H
#define HOST_CLI_CONSENT_H

#include "host/cli/command.h"

/* After ERROR_CONSENT_NEEDED: shows its message and asks on a terminal. True: go on. False: *err
 * stays as it is. */
bool consent_is_given(struct cli *cli, struct error *err);

#endif
