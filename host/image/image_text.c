#include "host/image/image_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

void image_text_init(
    struct image_text *text, const char *path, const uint8_t *bytes, size_t size_bytes)
{
    *text = (struct image_text){
        .path = path, .bytes = bytes, .size_bytes = size_bytes, .line = 1, .column = 1};
}

static bool is_line_end(int character)
{
    return character == '\n' || character == '\r';
}

static bool is_blank(int character)
{
    return character == ' ' || character == '\t';
}

int image_text_peek(const struct image_text *text)
{
    if (text->position >= text->size_bytes || is_line_end(text->bytes[text->position])) {
        return -1;
    }
    return text->bytes[text->position];
}

void image_text_skip(struct image_text *text)
{
    text->position++;
    text->column++;
}

bool image_text_next_line(struct image_text *text)
{
    while (text->position < text->size_bytes) {
        int character = text->bytes[text->position];

        if (character == '\n') {
            text->line++;
            text->column = 0;
        } else if (!is_line_end(character) && !is_blank(character)) {
            return true;
        }
        image_text_skip(text);
    }
    return false;
}

static int digit_value(int character)
{
    if (character >= '0' && character <= '9') {
        return character - '0';
    }
    if (character >= 'A' && character <= 'F') {
        return character - 'A' + 10;
    }
    return character >= 'a' && character <= 'f' ? character - 'a' + 10 : -1;
}

bool image_text_byte(struct image_text *text, uint8_t *value, struct error *err)
{
    unsigned result = 0;
    unsigned i = 0;

    for (i = 0; i < 2; i++) {
        int character = image_text_peek(text);
        int digit = digit_value(character);

        if (character < 0) {
            return image_text_fail(text, err, "the record is cut short");
        }
        if (digit < 0) {
            return image_text_fail(
                text, err, "0x%02x is not a hexadecimal digit", (unsigned)character);
        }
        result = result << 4 | (unsigned)digit;
        image_text_skip(text);
    }
    *value = (uint8_t)result;
    return true;
}

bool image_text_end_line(struct image_text *text, struct error *err)
{
    int character = image_text_peek(text);

    while (character >= 0) {
        if (!is_blank(character)) {
            return image_text_fail(text, err, "characters after the end of the record");
        }
        image_text_skip(text);
        character = image_text_peek(text);
    }
    return true;
}

bool image_text_fail(const struct image_text *text, struct error *err, const char *fmt, ...)
{
    char reason[200];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(reason, sizeof reason, fmt, args);
    va_end(args);
    return error_set(err, ERROR_IMAGE_BAD, "%s:%" PRIu32 ":%" PRIu32 ": %s", text->path, text->line,
        text->column, reason);
}
