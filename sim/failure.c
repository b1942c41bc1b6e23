#include "sim/failure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool sim_fail(struct sim_failure *failure, enum sim_exit exit_code, const char *fmt, ...)
{
    va_list args;

    failure->exit_code = exit_code;
    va_start(args, fmt);
    (void)vsnprintf(failure->text, sizeof failure->text, fmt, args);
    va_end(args);
    return false;
}

bool sim_fail_errno(struct sim_failure *failure, const char *fmt, ...)
{
    char why[96] = "";
    const char *text = strerror_r(errno, why, sizeof why);
    size_t used = 0;
    va_list args;

    failure->exit_code = SIM_EXIT_HOST_IO;
    va_start(args, fmt);
    (void)vsnprintf(failure->text, sizeof failure->text, fmt, args);
    va_end(args);
    used = strlen(failure->text);
    (void)snprintf(failure->text + used, sizeof failure->text - used, ": %s", text);
    return false;
}
