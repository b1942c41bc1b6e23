#include "host/board/json_scan.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cursor {
    const char *text;
    size_t size_bytes;
    size_t offset;
    struct json_position at;
    size_t capacity;
    struct json_scan *scan;
};

static bool fail(struct cursor *cursor, const char *fmt, ...) PRINTF_LIKE(2, 3);

static bool fail(struct cursor *cursor, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(cursor->scan->error, sizeof cursor->scan->error, fmt, args);
    va_end(args);
    cursor->scan->error_at = cursor->at;
    return false;
}

/* The byte under the cursor, or -1 at the end. */
static int peek(const struct cursor *cursor)
{
    return cursor->offset < cursor->size_bytes ? (unsigned char)cursor->text[cursor->offset] : -1;
}

static void advance(struct cursor *cursor)
{
    unsigned char byte = (unsigned char)cursor->text[cursor->offset++];

    if (byte == '\n') {
        cursor->at.line++;
        cursor->at.column = 1;
    } else if ((byte & 0xC0U) != 0x80U) {
        cursor->at.column++;
    }
}

static void skip_space(struct cursor *cursor)
{
    int byte = peek(cursor);

    while (byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r') {
        advance(cursor);
        byte = peek(cursor);
    }
}

/* How the byte under the cursor is called in a message. */
static const char *describe_next(const struct cursor *cursor, char text[16])
{
    int byte = peek(cursor);

    if (byte < 0) {
        return "the end of the file";
    }
    if (byte < 0x20 || byte >= 0x7F) {
        (void)snprintf(text, 16, "byte 0x%02X", (unsigned)byte);
    } else {
        (void)snprintf(text, 16, "'%c'", byte);
    }
    return text;
}

static bool expect(struct cursor *cursor, char wanted, const char *where)
{
    char found[16];

    if (peek(cursor) != wanted) {
        return fail(
            cursor, "expected '%c' %s, found %s", wanted, where, describe_next(cursor, found));
    }
    advance(cursor);
    return true;
}

/* Appends a place; its index goes to *index. */
static bool add_place(struct cursor *cursor, enum json_kind kind, ptrdiff_t parent, size_t *index)
{
    struct json_scan *scan = cursor->scan;

    if (scan->count == cursor->capacity) {
        size_t capacity = cursor->capacity == 0 ? 64 : cursor->capacity * 2;
        struct json_place *places = realloc(scan->places, capacity * sizeof *places);

        if (places == NULL) {
            scan->out_of_memory = true;
            return fail(cursor, "out of memory");
        }
        scan->places = places;
        cursor->capacity = capacity;
    }
    *index = scan->count++;
    memset(&scan->places[*index], 0, sizeof scan->places[*index]);
    scan->places[*index].kind = kind;
    scan->places[*index].at = cursor->at;
    scan->places[*index].parent = parent;
    return true;
}

/* ---- strings ---- */

static bool scan_hex4(struct cursor *cursor, unsigned *value)
{
    *value = 0;
    for (int i = 0; i < 4; i++) {
        int byte = peek(cursor);
        unsigned digit = 16;

        if (byte >= '0' && byte <= '9') {
            digit = (unsigned)byte - '0';
        } else if (byte >= 'a' && byte <= 'f') {
            digit = (unsigned)byte - 'a' + 10;
        } else if (byte >= 'A' && byte <= 'F') {
            digit = (unsigned)byte - 'A' + 10;
        }
        if (digit == 16) {
            return fail(cursor, "\\u needs four hexadecimal digits");
        }
        *value = *value << 4 | digit;
        advance(cursor);
    }
    return true;
}

/* The second half of a pair: "\\uDC00" to "\\uDFFF". */
static bool scan_low_surrogate(struct cursor *cursor, unsigned high)
{
    unsigned low = 0;

    if (cursor->size_bytes - cursor->offset > 2 &&
        memcmp(cursor->text + cursor->offset, "\\u", 2) == 0) {
        advance(cursor);
        advance(cursor);
        if (!scan_hex4(cursor, &low)) {
            return false;
        }
    }
    return (low >= 0xDC00 && low <= 0xDFFF) ||
           fail(cursor, "\\u%04X is half of a surrogate pair", high);
}

static bool scan_unicode_escape(struct cursor *cursor)
{
    unsigned high = 0;

    if (!scan_hex4(cursor, &high)) {
        return false;
    }
    if (high == 0) {
        return fail(cursor, "\\u0000 is not allowed in a string");
    }
    if (high >= 0xDC00 && high <= 0xDFFF) {
        return fail(cursor, "\\u%04X is half of a surrogate pair", high);
    }
    return high < 0xD800 || high > 0xDBFF || scan_low_surrogate(cursor, high);
}

static bool scan_escape(struct cursor *cursor)
{
    int byte = peek(cursor);

    if (byte < 0 || strchr("\"\\/bfnrtu", byte) == NULL) {
        return fail(cursor, "unknown escape in a string");
    }
    advance(cursor);
    return byte == 'u' ? scan_unicode_escape(cursor) : true;
}

/* A row of the table of well-formed sequences (RFC 3629): bounds of the first and second byte, and
 * how many bytes follow the first. */
struct utf8_form {
    uint8_t first_low, first_high, second_low, second_high, tail;
};

static bool utf8_fits(const struct utf8_form *form, const unsigned char *bytes, size_t left)
{
    bool fits = bytes[0] >= form->first_low && bytes[0] <= form->first_high && left > form->tail;

    if (fits && form->tail > 0) {
        fits = bytes[1] >= form->second_low && bytes[1] <= form->second_high;
    }
    for (size_t i = 2; fits && i <= form->tail; i++) {
        fits = bytes[i] >= 0x80 && bytes[i] <= 0xBF;
    }
    return fits;
}

/* One character: shortest form, no surrogates, at most U+10FFFF. */
static bool scan_utf8(struct cursor *cursor)
{
    static const struct utf8_form forms[] = {
        {0x20, 0x7F, 0, 0, 0},
        {0xC2, 0xDF, 0x80, 0xBF, 1},
        {0xE0, 0xE0, 0xA0, 0xBF, 2},
        {0xE1, 0xEC, 0x80, 0xBF, 2},
        {0xED, 0xED, 0x80, 0x9F, 2},
        {0xEE, 0xEF, 0x80, 0xBF, 2},
        {0xF0, 0xF0, 0x90, 0xBF, 3},
        {0xF1, 0xF3, 0x80, 0xBF, 3},
        {0xF4, 0xF4, 0x80, 0x8F, 3},
    };
    const unsigned char *bytes = (const unsigned char *)cursor->text + cursor->offset;
    size_t left = cursor->size_bytes - cursor->offset;
    size_t row = 0;

    while (row < sizeof forms / sizeof forms[0] && !utf8_fits(&forms[row], bytes, left)) {
        row++;
    }
    if (row == sizeof forms / sizeof forms[0]) {
        return fail(cursor, "byte 0x%02X is not valid UTF-8", bytes[0]);
    }
    for (size_t i = 0; i <= forms[row].tail; i++) {
        advance(cursor);
    }
    return true;
}

static bool scan_string(struct cursor *cursor)
{
    struct json_position start = cursor->at;
    bool good = true;

    advance(cursor);
    while (good && peek(cursor) != '"') {
        int byte = peek(cursor);

        if (byte < 0 || byte == '\n') {
            cursor->at = start;
            return fail(cursor, "the string that starts here has no end");
        }
        if (byte < 0x20) {
            return fail(cursor, "control character 0x%02X in a string", (unsigned)byte);
        }
        if (byte == '\\') {
            advance(cursor);
            good = scan_escape(cursor);
        } else {
            good = scan_utf8(cursor);
        }
    }
    if (good) {
        advance(cursor);
    }
    return good;
}

/* ---- numbers and words ---- */

static size_t skip_digits(struct cursor *cursor)
{
    size_t count = 0;

    while (peek(cursor) >= '0' && peek(cursor) <= '9') {
        advance(cursor);
        count++;
    }
    return count;
}

/* Digits, fraction, exponent; false where one of them is incomplete. */
static bool skip_number(struct cursor *cursor)
{
    bool good = true;

    if (peek(cursor) == '-') {
        advance(cursor);
    }
    if (peek(cursor) == '0') {
        advance(cursor); /* nothing may follow: 08 and 0x10 are caught by what comes next */
    } else {
        good = skip_digits(cursor) > 0;
    }
    if (good && peek(cursor) == '.') {
        advance(cursor);
        good = skip_digits(cursor) > 0;
    }
    if (good && (peek(cursor) == 'e' || peek(cursor) == 'E')) {
        advance(cursor);
        if (peek(cursor) == '+' || peek(cursor) == '-') {
            advance(cursor);
        }
        good = skip_digits(cursor) > 0;
    }
    return good;
}

static bool scan_number(struct cursor *cursor)
{
    struct json_position start = cursor->at;
    size_t start_offset = cursor->offset;
    char copy[64];
    size_t length = 0;
    bool good = skip_number(cursor);

    length = cursor->offset - start_offset;
    if (!good || length >= sizeof copy) {
        cursor->at = start;
        return fail(cursor, good ? "this number has too many digits" : "malformed number");
    }
    memcpy(copy, cursor->text + start_offset, length);
    copy[length] = '\0';
    if (!isfinite(strtod(copy, NULL))) {
        cursor->at = start;
        return fail(cursor, "the number %s is out of range", copy);
    }
    return true;
}

static bool scan_word(struct cursor *cursor, const char *word)
{
    size_t length = strlen(word);

    if (cursor->size_bytes - cursor->offset < length ||
        memcmp(cursor->text + cursor->offset, word, length) != 0) {
        return fail(cursor, "expected a value");
    }
    for (size_t i = 0; i < length; i++) {
        advance(cursor);
    }
    return true;
}

/* ---- structure: one open object or array after the other, no recursion ---- */

static enum json_kind kind_of(int byte)
{
    switch (byte) {
    case '{':
        return JSON_OBJECT;
    case '[':
        return JSON_ARRAY;
    case '"':
        return JSON_STRING;
    case 't':
    case 'f':
        return JSON_BOOL;
    case 'n':
        return JSON_NULL;
    default:
        return JSON_NUMBER;
    }
}

static bool scan_scalar(struct cursor *cursor, enum json_kind kind)
{
    char found[16];
    int byte = peek(cursor);

    if (kind == JSON_STRING) {
        return scan_string(cursor);
    }
    if (kind == JSON_BOOL) {
        return scan_word(cursor, byte == 't' ? "true" : "false");
    }
    if (kind == JSON_NULL) {
        return scan_word(cursor, "null");
    }
    if (byte != '-' && (byte < '0' || byte > '9')) {
        return fail(cursor, "expected a value, found %s", describe_next(cursor, found));
    }
    return scan_number(cursor);
}

/* The key and colon of a member, when the open value is an object. */
static bool scan_key(struct cursor *cursor, struct json_position *key_at)
{
    char found[16];

    *key_at = cursor->at;
    if (peek(cursor) != '"') {
        return fail(cursor, "expected a key in quotes, found %s", describe_next(cursor, found));
    }
    if (!scan_string(cursor)) {
        return false;
    }
    skip_space(cursor);
    if (!expect(cursor, ':', "after the key")) {
        return false;
    }
    skip_space(cursor);
    return true;
}

/* Scans the value under the cursor; an object or array is only opened: *open becomes its index. */
static bool scan_value(
    struct cursor *cursor, ptrdiff_t *open, struct json_position key_at, size_t *depth)
{
    enum json_kind kind = kind_of(peek(cursor));
    size_t index = 0;

    if (!add_place(cursor, kind, *open, &index)) {
        return false;
    }
    cursor->scan->places[index].key_at = key_at;
    if (*open != JSON_NO_PARENT) {
        cursor->scan->places[*open].count++;
    }
    if (kind != JSON_OBJECT && kind != JSON_ARRAY) {
        cursor->scan->places[index].after = index + 1;
        return scan_scalar(cursor, kind);
    }
    if (*depth == JSON_MAX_DEPTH) {
        return fail(cursor, "nested deeper than %d levels", JSON_MAX_DEPTH);
    }
    (*depth)++;
    advance(cursor);
    *open = (ptrdiff_t)index;
    return true;
}

/* The comma behind a value, which another one must follow. */
static bool scan_comma(struct cursor *cursor)
{
    struct json_position comma = cursor->at;

    advance(cursor);
    skip_space(cursor);
    if (peek(cursor) == '}' || peek(cursor) == ']') {
        cursor->at = comma;
        return fail(cursor, "comma before the closing bracket");
    }
    return true;
}

/* Behind a value: closes what ends here. *more: another value must follow. */
static bool close_values(struct cursor *cursor, ptrdiff_t *open, size_t *depth, bool *more)
{
    *more = false;
    while (*open != JSON_NO_PARENT) {
        struct json_place *place = &cursor->scan->places[*open];
        char closing = place->kind == JSON_OBJECT ? '}' : ']';
        char found[16];

        skip_space(cursor);
        if (peek(cursor) != closing) {
            *more = true;
            return place->count == 0 /* just opened, and not empty */
                   || (peek(cursor) == ',' ? scan_comma(cursor)
                                           : fail(cursor, "expected ',' or '%c', found %s", closing,
                                                 describe_next(cursor, found)));
        }
        advance(cursor);
        place->after = cursor->scan->count;
        *open = place->parent;
        (*depth)--;
    }
    return true;
}

bool json_scan_text(const char *text, size_t size_bytes, struct json_scan *scan)
{
    struct cursor cursor = {
        .text = text, .size_bytes = size_bytes, .at = {.line = 1, .column = 1}, .scan = scan};
    ptrdiff_t open = JSON_NO_PARENT;
    size_t depth = 0;
    bool more = true;
    char found[16];

    memset(scan, 0, sizeof *scan);
    if (size_bytes >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        return fail(&cursor, "the file starts with a byte order mark: save it as plain UTF-8");
    }
    skip_space(&cursor);
    while (more) {
        struct json_position key_at = {0};
        bool in_object = open != JSON_NO_PARENT && scan->places[open].kind == JSON_OBJECT;

        if ((in_object && !scan_key(&cursor, &key_at)) ||
            !scan_value(&cursor, &open, key_at, &depth) ||
            !close_values(&cursor, &open, &depth, &more)) {
            return false;
        }
    }
    skip_space(&cursor);
    if (cursor.offset != size_bytes) {
        return fail(&cursor, "%s after the end of the document", describe_next(&cursor, found));
    }
    return true;
}
