#include "host/cli/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void append(struct record *record, const char *text, size_t count)
{
    if (record->failed) {
        return;
    }
    if (count >= record->capacity - record->used) {
        size_t capacity = record->capacity * 2 + count + 256;
        char *grown = realloc(record->text, capacity);

        if (grown == NULL) {
            record->failed = true;
            return;
        }
        record->text = grown;
        record->capacity = capacity;
    }
    memcpy(record->text + record->used, text, count);
    record->used += count;
    record->text[record->used] = '\0';
}

static void append_escaped(struct record *record, const char *text, size_t count)
{
    append(record, "\"", 1);
    for (size_t i = 0; i < count; i++) {
        unsigned char c = (unsigned char)text[i];
        char escaped[8];

        if (c == '"' || c == '\\') {
            escaped[0] = '\\';
            escaped[1] = (char)c;
            append(record, escaped, 2);
        } else if (c < 0x20 || c == 0x7F) {
            (void)snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned)c);
            append(record, escaped, 6);
        } else {
            append(record, &text[i], 1);
        }
    }
    append(record, "\"", 1);
}

static void begin_value(struct record *record, const char *name)
{
    if (record->needs_comma) {
        append(record, ",", 1);
    }
    record->needs_comma = true;
    if (name != NULL) {
        append_escaped(record, name, strlen(name));
        append(record, ":", 1);
    }
}

void record_begin(struct record *record, const char *type)
{
    memset(record, 0, sizeof *record);
    append(record, "{", 1);
    record_u64(record, "v", 1);
    record_text(record, "type", type);
}

void record_text(struct record *record, const char *name, const char *value)
{
    record_text_count(record, name, value, strlen(value));
}

void record_text_count(struct record *record, const char *name, const char *value, size_t count)
{
    begin_value(record, name);
    append_escaped(record, value, count);
}

void record_u64(struct record *record, const char *name, uint64_t value)
{
    char text[24];
    int count = snprintf(text, sizeof text, "%" PRIu64, value);

    begin_value(record, name);
    append(record, text, (size_t)count);
}

void record_i64(struct record *record, const char *name, int64_t value)
{
    char text[24];
    int count = snprintf(text, sizeof text, "%" PRId64, value);

    begin_value(record, name);
    append(record, text, (size_t)count);
}

void record_milli(struct record *record, const char *name, uint64_t value)
{
    char text[32];
    int count =
        snprintf(text, sizeof text, "%" PRIu64 ".%03u", value / 1000, (unsigned)(value % 1000));

    begin_value(record, name);
    append(record, text, (size_t)count);
}

void record_bool(struct record *record, const char *name, bool value)
{
    const char *text = value ? "true" : "false";

    begin_value(record, name);
    append(record, text, strlen(text));
}

void record_hex(struct record *record, const char *name, const uint8_t *bytes, size_t count)
{
    static const char digits[] = "0123456789abcdef";

    begin_value(record, name);
    append(record, "\"", 1);
    for (size_t i = 0; i < count; i++) {
        char pair[2] = {digits[bytes[i] >> 4], digits[bytes[i] & 0xF]};

        append(record, pair, sizeof pair);
    }
    append(record, "\"", 1);
}

static void open_level(struct record *record, const char *name, const char *bracket)
{
    begin_value(record, name);
    append(record, bracket, 1);
    record->needs_comma = false;
}

static void close_level(struct record *record, const char *bracket)
{
    append(record, bracket, 1);
    record->needs_comma = true;
}

void record_open_array(struct record *record, const char *name)
{
    open_level(record, name, "[");
}

void record_close_array(struct record *record)
{
    close_level(record, "]");
}

void record_open_object(struct record *record, const char *name)
{
    open_level(record, name, "{");
}

void record_close_object(struct record *record)
{
    close_level(record, "}");
}

const char *record_finish(struct record *record)
{
    append(record, "}\n", 2);
    return record->failed ? NULL : record->text;
}

void record_free(struct record *record)
{
    free(record->text);
    record->text = NULL;
}
