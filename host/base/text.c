#include "host/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *text_duplicate(const char *text)
{
    size_t size_bytes = strlen(text) + 1;
    char *copy = malloc(size_bytes);

    if (copy != NULL) {
        memcpy(copy, text, size_bytes);
    }
    return copy;
}

char *text_format(const char *fmt, ...)
{
    va_list args;
    char *text = NULL;
    int length = 0;

    va_start(args, fmt);
    length = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (length < 0) {
        return NULL;
    }
    text = malloc((size_t)length + 1);
    if (text != NULL) {
        va_start(args, fmt);
        (void)vsnprintf(text, (size_t)length + 1, fmt, args);
        va_end(args);
    }
    return text;
}
