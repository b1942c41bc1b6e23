/* The calls that are not safe with threads: xflash has one thread. */
/* NOLINTBEGIN(readability-identifier-naming): names of the C library */
#define _DEFAULT_SOURCE 1
/* NOLINTEND(readability-identifier-naming) */

#include "host/base/os.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *os_environment(const char *name)
{
    return getenv(name); /* NOLINT(concurrency-mt-unsafe) */
}

void os_environment_set(const char *name, const char *value)
{
    if (value != NULL) {
        (void)setenv(name, value, 1); /* NOLINT(concurrency-mt-unsafe) */
    } else {
        (void)unsetenv(name); /* NOLINT(concurrency-mt-unsafe) */
    }
}

const char *os_error_text(void)
{
    return strerror(errno); /* NOLINT(concurrency-mt-unsafe) */
}
