/* Reads strict JSON: values know their line, column and key path, and mistakes are collected so
 * that a user sees all of them at once. Used for board, MCU and memory files, and by the command
 * line for its configuration files.
 *
 * Refused: duplicate keys, trailing commas, comments, a byte order mark, numbers that are not
 * finite, bad UTF-8, more than 64 levels, more than 1 MiB. A member named "//" is a comment.
 *
 * Getters return false after noting what was expected; json_finish() turns the notes into one
 * error. A caller may therefore go on after a false and find the next mistake too. */
#ifndef HOST_BOARD_JSON_H
#define HOST_BOARD_JSON_H

#include "host/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { JSON_MAX_BYTES = 1 << 20, JSON_MAX_MISTAKES = 20 };

enum json_kind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json;       /* a file */
struct json_value; /* a value in it; lives as long as the file */

/* code: of the errors about the contents (ERROR_BOARD_BAD, ERROR_CONFIG_BAD); a file that cannot
 * be opened gets it too. Syntax errors and duplicate keys are found here. */
MUST_USE bool json_load(
    const char *path, enum error_code code, struct json **out, struct error *err);
/* name: what messages call the text. */
MUST_USE bool json_parse(const char *name, const char *text, size_t size_bytes,
    enum error_code code, struct json **out, struct error *err);
void json_free(struct json *json); /* NULL allowed */
const struct json_value *json_root(const struct json *json);

/* ---- mistakes ---- */
/* Notes "file:line:column: $.key.path: message". */
void json_complain(const struct json_value *at, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* False, with up to JSON_MAX_MISTAKES lines in order of their place, when there were any. */
MUST_USE bool json_finish(const struct json *json, struct error *err);

/* ---- structure ---- */
struct json_key {
    const char *name; /* NULL ends a list */
    bool required;
};

enum json_kind json_kind_of(const struct json_value *value);
const char *json_key_of(const struct json_value *value); /* NULL for an element of an array */
size_t json_count(const struct json_value *value);       /* members or elements */
/* For walking: the first value inside, the one behind a value in the same container, or NULL.
 * Comments are passed over (but counted by json_count). */
const struct json_value *json_first(const struct json_value *container);
const struct json_value *json_next(const struct json_value *value);
/* A member, or NULL. object may be NULL. */
const struct json_value *json_member(const struct json_value *object, const char *key);
/* It is an object, has no other keys than these (a list ended by NULL), and all required ones. */
bool json_check_object(const struct json_value *value, const struct json_key *keys);
/* It is of that kind. */
bool json_check_kind(const struct json_value *value, enum json_kind kind);

/* ---- values ---- */
/* Text that fits into capacity with its zero. */
bool json_get_text(const struct json_value *value, char *text, size_t capacity);
/* The text itself, owned by the file; NULL after a complaint. */
const char *json_get_string(const struct json_value *value);
bool json_get_bool(const struct json_value *value, bool *out);
/* A whole number, or a string "0x..." or with K, M behind it ("4M"). */
bool json_get_u32(const struct json_value *value, uint32_t low, uint32_t high, uint32_t *out);
/* One of the names; its index. names ends with NULL. */
bool json_get_choice(const struct json_value *value, const char *const *names, size_t *index);

/* The same for a member that may be absent: false, without complaint, when it is. */
bool json_take_text(const struct json_value *object, const char *key, char *text, size_t capacity);
bool json_take_bool(const struct json_value *object, const char *key, bool *out);
bool json_take_u32(
    const struct json_value *object, const char *key, uint32_t low, uint32_t high, uint32_t *out);
bool json_take_choice(
    const struct json_value *object, const char *key, const char *const *names, size_t *index);

/* The name most like text, or NULL when none is close. names ends with NULL. */
const char *json_nearest(const char *text, const char *const *names);

#endif
