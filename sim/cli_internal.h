/* Shared by the files of the command line only. */
#ifndef SIM_CLI_INTERNAL_H
#define SIM_CLI_INTERNAL_H

#include "sim/failure.h"
#include "sim/state.h"

#include <stdbool.h>

/* Print to stderr and return the exit code. */
int sim_cli_complain(const struct sim_failure *failure);
int sim_cli_complain_usage(const char *text, const char *detail);

/* Asks a running board and prints its answer. False with exit code SIM_EXIT_OK in *failure: it is
 * not running. */
bool sim_cli_ask(const struct sim_state_name *name, int argc, const char *const argv[],
    enum sim_exit *exit_code, struct sim_failure *failure);

/* cli_start.c */
int sim_cli_run_start(int argc, const char *const argv[]);
int sim_cli_run_env(int argc, const char *const argv[]);
int sim_cli_run_models(int argc, const char *const argv[]);

#endif
