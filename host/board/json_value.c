/* Walking through a parsed file, and reading values with their checks. */
#include "host/board/json_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- structure ---- */

const struct json_value *json_root(const struct json *json)
{
    return &json->values[0];
}

enum json_kind json_kind_of(const struct json_value *value)
{
    return json_place_of(value)->kind;
}

const char *json_key_of(const struct json_value *value)
{
    return value->key;
}

size_t json_count(const struct json_value *value)
{
    return json_place_of(value)->count;
}

/* The value behind this one in the same container, comments included. */
static const struct json_value *following(const struct json_value *value)
{
    const struct json_place *place = json_place_of(value);
    const struct json *json = value->json;

    if (place->parent == JSON_NO_PARENT || place->after == json->places[place->parent].after) {
        return NULL;
    }
    return &json->values[place->after];
}

static const struct json_value *skip_comments(const struct json_value *value)
{
    while (value != NULL && value->key != NULL && strcmp(value->key, "//") == 0) {
        value = following(value);
    }
    return value;
}

const struct json_value *json_first(const struct json_value *container)
{
    return json_place_of(container)->count > 0 ? skip_comments(container + 1) : NULL;
}

const struct json_value *json_next(const struct json_value *value)
{
    return skip_comments(following(value));
}

const struct json_value *json_member(const struct json_value *object, const char *key)
{
    if (object == NULL || json_kind_of(object) != JSON_OBJECT) {
        return NULL;
    }
    for (const struct json_value *at = json_first(object); at != NULL; at = json_next(at)) {
        if (strcmp(at->key, key) == 0) {
            return at;
        }
    }
    return NULL;
}

static const char *kind_name(enum json_kind kind)
{
    static const char *const names[] = {[JSON_NULL] = "null",
        [JSON_BOOL] = "true or false",
        [JSON_NUMBER] = "a number",
        [JSON_STRING] = "a string",
        [JSON_ARRAY] = "an array",
        [JSON_OBJECT] = "an object"};

    return names[kind];
}

bool json_check_kind(const struct json_value *value, enum json_kind kind)
{
    if (json_kind_of(value) == kind) {
        return true;
    }
    json_complain(value, "expected %s, found %s", kind_name(kind), kind_name(json_kind_of(value)));
    return false;
}

/* ---- keys ---- */

static const char *nearest_key(const char *text, const struct json_key *keys)
{
    const char *names[64];
    size_t count = 0;

    for (; keys[count].name != NULL && count + 1 < sizeof names / sizeof names[0]; count++) {
        names[count] = keys[count].name;
    }
    names[count] = NULL;
    return json_nearest(text, names);
}

static bool check_key(const struct json_value *member, const struct json_key *keys)
{
    const char *nearest = NULL;
    char text[160];

    for (size_t i = 0; keys[i].name != NULL; i++) {
        if (strcmp(keys[i].name, member->key) == 0) {
            return true;
        }
    }
    nearest = nearest_key(member->key, keys);
    if (nearest != NULL) {
        (void)snprintf(text, sizeof text, "unknown key; did you mean \"%s\"?", nearest);
    } else {
        (void)snprintf(text, sizeof text, "unknown key");
    }
    json_complain_about_key(member, text);
    return false;
}

/* A key that is probably meant to be this one: it has been complained about already. */
static bool has_misspelt(
    const struct json_value *object, const char *name, const struct json_key *keys)
{
    for (const struct json_value *at = json_first(object); at != NULL; at = json_next(at)) {
        const char *nearest = nearest_key(at->key, keys);

        if (nearest != NULL && strcmp(nearest, name) == 0) {
            return true;
        }
    }
    return false;
}

bool json_check_object(const struct json_value *value, const struct json_key *keys)
{
    bool good = true;

    if (!json_check_kind(value, JSON_OBJECT)) {
        return false;
    }
    for (const struct json_value *at = json_first(value); at != NULL; at = json_next(at)) {
        good = check_key(at, keys) && good;
    }
    for (size_t i = 0; keys[i].name != NULL; i++) {
        if (!keys[i].required || json_member(value, keys[i].name) != NULL) {
            continue;
        }
        good = false;
        if (!has_misspelt(value, keys[i].name, keys)) {
            json_complain(value, "the key \"%s\" is missing", keys[i].name);
        }
    }
    return good;
}

/* ---- values ---- */

const char *json_get_string(const struct json_value *value)
{
    return json_check_kind(value, JSON_STRING) ? value->string : NULL;
}

bool json_get_text(const struct json_value *value, char *text, size_t capacity)
{
    const char *string = json_get_string(value);

    if (string == NULL) {
        return false;
    }
    if (strlen(string) >= capacity) {
        json_complain(value, "longer than %zu bytes", capacity - 1);
        return false;
    }
    memcpy(text, string, strlen(string) + 1);
    return true;
}

bool json_get_bool(const struct json_value *value, bool *out)
{
    if (!json_check_kind(value, JSON_BOOL)) {
        return false;
    }
    *out = value->truth;
    return true;
}

/* "0x70000000", "4096", "64K", "4M". */
static bool parse_number_text(const char *text, double *number)
{
    bool is_hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const char *digits = is_hex ? text + 2 : text;
    size_t length = strspn(digits, is_hex ? "0123456789abcdefABCDEF" : "0123456789");
    const char *unit = digits + length;
    double scale = 1;

    if (length == 0 || length > 12) {
        return false;
    }
    if (strcmp(unit, "K") == 0) {
        scale = 1024;
    } else if (strcmp(unit, "M") == 0) {
        scale = 1048576;
    } else if (unit[0] != '\0') {
        return false;
    }
    *number = (double)strtoull(digits, NULL, is_hex ? 16 : 10) * scale;
    return true;
}

/* The number a value stands for, whatever its range. */
static bool get_number(const struct json_value *value, double *number)
{
    if (json_kind_of(value) == JSON_NUMBER) {
        *number = value->number;
        return true;
    }
    if (json_kind_of(value) != JSON_STRING) {
        json_complain(value, "expected a number, found %s", kind_name(json_kind_of(value)));
        return false;
    }
    if (!parse_number_text(value->string, number)) {
        json_complain(value,
            "expected a number such as 4096, \"0x1000\", \"64K\" or \"4M\", found \"%s\"",
            value->string);
        return false;
    }
    return true;
}

bool json_get_u32(const struct json_value *value, uint32_t low, uint32_t high, uint32_t *out)
{
    double number = 0;

    if (!get_number(value, &number)) {
        return false;
    }
    if (number < (double)low || number > (double)high) {
        json_complain(value, "expected a number from %u to %u, found %.15g", low, high, number);
        return false;
    }
    if (number > floor(number)) {
        json_complain(value, "expected a whole number, found %.15g", number);
        return false;
    }
    *out = (uint32_t)number;
    return true;
}

bool json_get_choice(const struct json_value *value, const char *const *names, size_t *index)
{
    const char *text = json_get_string(value);
    char list[200] = "";
    size_t used = 0;

    if (text == NULL) {
        return false;
    }
    for (size_t i = 0; names[i] != NULL; i++) {
        const char *separator = names[i + 1] == NULL ? " or " : ", ";

        if (strcmp(names[i], text) == 0) {
            *index = i;
            return true;
        }
        (void)snprintf(
            list + used, sizeof list - used, "%s\"%s\"", i == 0 ? "" : separator, names[i]);
        used = strlen(list);
    }
    json_complain(value, "expected %s, found \"%s\"", list, text);
    return false;
}

/* ---- members that may be absent ---- */

bool json_take_text(const struct json_value *object, const char *key, char *text, size_t capacity)
{
    const struct json_value *value = json_member(object, key);

    return value != NULL && json_get_text(value, text, capacity);
}

bool json_take_bool(const struct json_value *object, const char *key, bool *out)
{
    const struct json_value *value = json_member(object, key);

    return value != NULL && json_get_bool(value, out);
}

bool json_take_u32(
    const struct json_value *object, const char *key, uint32_t low, uint32_t high, uint32_t *out)
{
    const struct json_value *value = json_member(object, key);

    return value != NULL && json_get_u32(value, low, high, out);
}

bool json_take_choice(
    const struct json_value *object, const char *key, const char *const *names, size_t *index)
{
    const struct json_value *value = json_member(object, key);

    return value != NULL && json_get_choice(value, names, index);
}
