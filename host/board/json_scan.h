/* Strict scanner behind json.c: finds every syntax error that cJSON would let pass, and where each
 * value stands. It keeps no values; cJSON parses those afterwards, in the same order. */
#ifndef HOST_BOARD_JSON_SCAN_H
#define HOST_BOARD_JSON_SCAN_H

#include "host/board/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { JSON_MAX_DEPTH = 64, JSON_NO_PARENT = -1 };

/* A position in the text, counted from 1; columns in characters, not bytes. */
struct json_position {
    uint32_t line;
    uint32_t column;
};

/* One value, in the order of the text. */
struct json_place {
    enum json_kind kind;
    struct json_position at;
    struct json_position key_at; /* of the member's key; line 0: the value has none */
    ptrdiff_t parent;            /* index of the object or array around it, or JSON_NO_PARENT */
    size_t after;                /* index of the first value behind this one and all inside it */
    size_t count;                /* members or elements */
};

struct json_scan {
    struct json_place *places; /* freed by the caller with free() */
    size_t count;
    bool out_of_memory;
    struct json_position error_at;
    char error[160]; /* what is wrong at error_at */
};

/* False with error and error_at when the text is not strict JSON. */
bool json_scan_text(const char *text, size_t size_bytes, struct json_scan *scan);

#endif
