/* Small helpers for zero-terminated text. */
#ifndef HOST_BASE_TEXT_H
#define HOST_BASE_TEXT_H

#include "host/base/error.h"

#include <stdarg.h>

/* A copy to be freed with free(); NULL when memory ran out. */
char *text_duplicate(const char *text);
/* Formats into allocated text; NULL when memory ran out. */
char *text_format(const char *fmt, ...) PRINTF_LIKE(1, 2);

#endif
