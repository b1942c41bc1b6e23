/* Collecting mistakes, and turning them into one error. */
#include "host/board/json_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool is_before(struct json_position a, struct json_position b)
{
    return a.line != b.line ? a.line < b.line : a.column < b.column;
}

/* "$.memories[0].pins.IO3". */
static void write_path(const struct json_value *value, char *path, size_t capacity)
{
    const struct json_value *values = value->json->values;
    const struct json_value *chain[JSON_MAX_DEPTH + 1];
    size_t depth = 0;
    size_t used = (size_t)snprintf(path, capacity, "$");

    while (json_place_of(value)->parent != JSON_NO_PARENT && depth <= JSON_MAX_DEPTH) {
        chain[depth++] = value;
        value = &values[json_place_of(value)->parent];
    }
    while (depth > 0 && used < capacity) {
        const struct json_value *at = chain[--depth];
        size_t position = 0;

        if (at->key != NULL) {
            used += (size_t)snprintf(path + used, capacity - used, ".%s", at->key);
            continue;
        }
        for (const struct json_value *elder = values + json_place_of(at)->parent + 1; elder != at;
             elder = &values[json_place_of(elder)->after]) {
            position++;
        }
        used += (size_t)snprintf(path + used, capacity - used, "[%zu]", position);
    }
}

/* Full, and this place comes behind all that are kept. */
static bool is_too_late(const struct json *json, struct json_position at)
{
    return json->mistake_count >= JSON_MAX_MISTAKES &&
           !is_before(at, json->mistakes[JSON_MAX_MISTAKES - 1].at);
}

static void note(const struct json_value *at, struct json_position place, const char *text)
{
    struct json *json = at->json;
    size_t kept = json->mistake_count < JSON_MAX_MISTAKES ? json->mistake_count : JSON_MAX_MISTAKES;
    size_t slot = kept;
    struct json_mistake *mistake = NULL;
    char path[200];

    json->mistake_count++;
    while (slot > 0 && is_before(place, json->mistakes[slot - 1].at)) {
        slot--;
    }
    if (kept == JSON_MAX_MISTAKES) {
        kept--;
    }
    mistake = &json->mistakes[slot];
    memmove(mistake + 1, mistake, (kept - slot) * sizeof *mistake);
    write_path(at, path, sizeof path);
    mistake->at = place;
    (void)snprintf(mistake->text, sizeof mistake->text, "%s:%u:%u: %s: %s", json->name, place.line,
        place.column, path, text);
}

void json_complain(const struct json_value *at, const char *fmt, ...)
{
    struct json_position place = json_place_of(at)->at;
    char text[300];
    va_list args;

    if (is_too_late(at->json, place)) {
        at->json->mistake_count++; /* would not be shown; a hostile file has very many */
        return;
    }
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    note(at, place, text);
}

void json_complain_about_key(const struct json_value *at, const char *text)
{
    struct json_position place = json_place_of(at)->key_at;

    if (is_too_late(at->json, place)) {
        at->json->mistake_count++;
    } else {
        note(at, place, text);
    }
}

bool json_finish(const struct json *json, struct error *err)
{
    size_t shown =
        json->mistake_count < JSON_MAX_MISTAKES ? json->mistake_count : JSON_MAX_MISTAKES;

    if (shown == 0) {
        return true;
    }
    (void)error_set(err, json->code, "%s", json->mistakes[0].text);
    for (size_t i = 1; i < shown; i++) {
        size_t used = strlen(err->message);

        (void)snprintf(
            err->message + used, sizeof err->message - used, "\n%s", json->mistakes[i].text);
    }
    if (shown < json->mistake_count) {
        size_t used = strlen(err->message);

        (void)snprintf(err->message + used, sizeof err->message - used, "\nand %zu more",
            json->mistake_count - shown);
    }
    return false;
}
