/* Why a command of xflash-vboard ends with another exit code than 0. */
#ifndef SIM_FAILURE_H
#define SIM_FAILURE_H

#include "sim/report.h"

#include <stdbool.h>

/* The exit codes of `xflash`, as far as the virtual board has a use for them. */
enum sim_exit {
    SIM_EXIT_OK = 0,
    SIM_EXIT_INTERNAL = 1,
    SIM_EXIT_USAGE = 2,
    SIM_EXIT_UNKNOWN_BOARD = 4,
    SIM_EXIT_HOST_IO = 5,
    SIM_EXIT_BUSY = 12,
    SIM_EXIT_VIOLATIONS = 61
};

struct sim_failure {
    enum sim_exit exit_code;
    char text[400];
};

/* Returns false, so that a failing function ends in `return sim_fail(...)`. */
bool sim_fail(struct sim_failure *failure, enum sim_exit exit_code, const char *fmt, ...)
    SIM_PRINTF_LIKE(3, 4);
/* A system call failed: SIM_EXIT_HOST_IO, and the text of errno is appended. */
bool sim_fail_errno(struct sim_failure *failure, const char *fmt, ...) SIM_PRINTF_LIKE(2, 3);

#endif
