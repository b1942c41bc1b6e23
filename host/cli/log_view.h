/* Shows the log of the running program until something ends it: the part that `run` and `log`
 * share. */
#ifndef HOST_CLI_LOG_VIEW_H
#define HOST_CLI_LOG_VIEW_H

#include "host/cli/command.h"
#include "host/target/target.h"

/* Are --until and --fail-on regular expressions? Before anything is opened. */
MUST_USE bool log_view_check(struct cli *cli, struct error *err);
/* control_block_addr: of the ELF, or 0. Obeys --for, --until, --fail-on and --timeout. Success: the
 * time of --for is over or --until matched. ERROR_WAIT_TIMEOUT, ERROR_TARGET_PROGRAM_FAULT (with
 * the fault registers), ERROR_INTERRUPTED. The core is left running, or halted where it failed. */
MUST_USE bool log_view_run(
    struct cli *cli, struct target *target, uint32_t control_block_addr, struct error *err);

#endif
