/* Where rooms report what they do. The command line decides what is shown and how.
 *
 * A room gets a `struct log *` and never prints. NULL is allowed and drops everything. */
#ifndef HOST_BASE_LOG_H
#define HOST_BASE_LOG_H

#include "host/base/error.h"

enum log_level {
    LOG_WARNING, /* shown always; code is a stable name such as "hslv-off" */
    LOG_NOTE,    /* one line a user wants to read */
    LOG_INFO,    /* -v */
    LOG_DEBUG,   /* -vv */
    LOG_TRACE    /* -vvv: every probe transfer */
};

struct log {
    void (*write)(void *context, enum log_level level, const char *code, const char *text);
    void *context;
    enum log_level max_level; /* higher ones are not even formatted */
};

/* code: stable name of a warning, NULL otherwise. */
void log_write(struct log *log, enum log_level level, const char *code, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

#endif
