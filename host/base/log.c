#include "host/base/log.h"

#include <stdarg.h>
#include <stdio.h>

void log_write(struct log *log, enum log_level level, const char *code, const char *fmt, ...)
{
    char text[1024];
    va_list args;

    if (log == NULL || level > log->max_level) {
        return;
    }
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    log->write(log->context, level, code, text);
}
