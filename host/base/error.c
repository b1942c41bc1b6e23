#include "host/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool error_set(struct error *err, enum error_code code, const char *fmt, ...)
{
    va_list args;

    memset(err, 0, sizeof *err);
    err->code = code;
    va_start(args, fmt);
    (void)vsnprintf(err->message, sizeof err->message, fmt, args);
    va_end(args);
    return false;
}

bool error_add_context(struct error *err, const char *fmt, ...)
{
    static const char prefix[] = "\n  while ";
    size_t used = strlen(err->message);
    va_list args;

    if (used + sizeof prefix >= sizeof err->message) {
        return false;
    }
    memcpy(err->message + used, prefix, sizeof prefix);
    used += sizeof prefix - 1;
    va_start(args, fmt);
    (void)vsnprintf(err->message + used, sizeof err->message - used, fmt, args);
    va_end(args);
    return false;
}

void error_set_hint(struct error *err, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(err->hint, sizeof err->hint, fmt, args);
    va_end(args);
}

void error_set_state(struct error *err, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(err->state, sizeof err->state, fmt, args);
    va_end(args);
}

void error_set_addr(struct error *err, uint32_t addr)
{
    err->has_addr = true;
    err->addr = addr;
}
