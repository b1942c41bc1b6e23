/* The two calls that are not safe with threads: xflash has one thread. */
#include "host/base/os.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *os_environment(const char *name)
{
    return getenv(name); /* NOLINT(concurrency-mt-unsafe) */
}

const char *os_error_text(void)
{
    return strerror(errno); /* NOLINT(concurrency-mt-unsafe) */
}
