/* The command line of xflash-vboard. */
#ifndef SIM_CLI_H
#define SIM_CLI_H

/* Returns the exit code. */
int sim_cli_run(int argc, const char *const argv[]);

#endif
