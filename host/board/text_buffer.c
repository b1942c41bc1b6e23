#include "host/board/text_buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { STEP_BYTES = 1024 };

static bool grow(struct text_buffer *text, size_t wanted_bytes)
{
    char *chars = NULL;

    if (text->capacity - text->used > wanted_bytes) {
        return true;
    }
    chars = realloc(text->chars, text->capacity + wanted_bytes + STEP_BYTES);
    if (chars == NULL) {
        text->out_of_memory = true;
        return false;
    }
    text->chars = chars;
    text->capacity += wanted_bytes + STEP_BYTES;
    return true;
}

void text_buffer_add(struct text_buffer *text, const char *fmt, ...)
{
    char line[512];
    va_list args;
    int length = 0;

    va_start(args, fmt);
    length = vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    if (length < 0 || !grow(text, (size_t)length)) {
        return;
    }
    length = (size_t)length < sizeof line ? length : (int)sizeof line - 1;
    for (int i = 0; i <= length; i++) {
        text->chars[text->used + (size_t)i] = line[i];
    }
    text->used += (size_t)length;
}

bool text_buffer_finish(struct text_buffer *text, char **out, struct error *err)
{
    *out = NULL;
    if (text->out_of_memory || !grow(text, 0)) {
        free(text->chars);
        return error_set(err, ERROR_INTERNAL, "out of memory");
    }
    text->chars[text->used] = '\0';
    *out = text->chars;
    return true;
}
