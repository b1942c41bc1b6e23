/* Loading: the scanner finds places and mistakes, cJSON finds the values. */
#include "host/board/json.h"

#include "host/base/os.h"
#include "host/board/json_internal.h"

#include <cjson/cJSON.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The cJSON item behind `item` in the order of the text, climbing out of what ends there. */
static const cJSON *next_item(const struct json *json, const cJSON *const items[], size_t index)
{
    ptrdiff_t parent = json->places[index].parent;
    size_t elder = index - 1;

    if (parent == (ptrdiff_t)elder) {
        return items[elder]->child;
    }
    while (json->places[elder].parent != parent) {
        elder = (size_t)json->places[elder].parent;
    }
    return items[elder]->next;
}

/* Scanner and cJSON see the values in the same order; false when they do not agree. */
static bool pair_values(struct json *json)
{
    const cJSON **items = calloc(json->count, sizeof(const cJSON *)); /* NOLINT: of pointers */
    bool good = true;

    json->values = calloc(json->count, sizeof *json->values);
    if (items == NULL || json->values == NULL) {
        good = false;
    }
    for (size_t i = 0; good && i < json->count; i++) {
        const cJSON *item = i == 0 ? json->tree : next_item(json, items, i);

        good = item != NULL;
        if (good) {
            items[i] = item;
            json->values[i] = (struct json_value){.json = json,
                .key = item->string,
                .string = item->valuestring,
                .number = item->valuedouble,
                .truth = cJSON_IsTrue(item) != 0};
        }
    }
    free(items);
    return good;
}

/* ---- duplicate keys ---- */

static int compare_keys(const void *a, const void *b)
{
    const struct json_value *left = *(const struct json_value *const *)a;
    const struct json_value *right = *(const struct json_value *const *)b;
    int order = strcmp(left->key, right->key);

    if (order != 0) {
        return order;
    }
    return left < right ? -1 : left > right;
}

static bool find_duplicates(const struct json_value *object)
{
    size_t count = 0;
    const struct json_value **members =
        calloc(json_count(object) + 1, sizeof(const struct json_value *)); /* NOLINT: of pointers */

    if (members == NULL) {
        return false;
    }
    for (const struct json_value *at = json_first(object); at != NULL; at = json_next(at)) {
        members[count++] = at;
    }
    qsort(members, count, sizeof members[0], compare_keys); /* NOLINT: of pointers */
    for (size_t i = 1; i < count; i++) {
        if (strcmp(members[i]->key, members[i - 1]->key) == 0) {
            char text[80];

            (void)snprintf(text, sizeof text, "duplicate key; the first is in line %u",
                json_place_of(members[i - 1])->key_at.line);
            json_complain_about_key(members[i], text);
        }
    }
    free(members);
    return true;
}

static bool find_all_duplicates(const struct json *json)
{
    for (size_t i = 0; i < json->count; i++) {
        if (json->places[i].kind == JSON_OBJECT && !find_duplicates(&json->values[i])) {
            return false;
        }
    }
    return true;
}

/* ---- loading ---- */

/* False with *err filled in. */
static bool parse_text(struct json *json, const char *text, size_t size_bytes, struct error *err)
{
    struct json_scan scan = {0};
    bool is_strict = false;

    if (size_bytes > JSON_MAX_BYTES) {
        return error_set(err, json->code, "%s: larger than %d bytes", json->name, JSON_MAX_BYTES);
    }
    is_strict = json_scan_text(text, size_bytes, &scan);
    json->places = scan.places;
    json->count = scan.count;
    if (!is_strict && !scan.out_of_memory) {
        return error_set(err, json->code, "%s:%u:%u: %s", json->name, scan.error_at.line,
            scan.error_at.column, scan.error);
    }
    json->tree = is_strict ? cJSON_ParseWithLength(text, size_bytes) : NULL;
    if (json->tree == NULL || !pair_values(json) || !find_all_duplicates(json)) {
        return error_set(err, ERROR_INTERNAL, "out of memory while reading %s", json->name);
    }
    return true;
}

bool json_parse(const char *name, const char *text, size_t size_bytes, enum error_code code,
    struct json **out, struct error *err)
{
    struct json *json = calloc(1, sizeof *json);

    *out = NULL;
    if (json == NULL || (json->name = malloc(strlen(name) + 1)) == NULL) {
        free(json);
        return error_set(err, ERROR_INTERNAL, "out of memory");
    }
    memcpy(json->name, name, strlen(name) + 1);
    json->code = code;
    if (!parse_text(json, text, size_bytes, err)) {
        json_free(json);
        return false;
    }
    *out = json;
    return true;
}

bool json_load(const char *path, enum error_code code, struct json **out, struct error *err)
{
    uint8_t *bytes = NULL;
    size_t size_bytes = 0;
    bool good = false;

    *out = NULL;
    if (!os_read_file(path, JSON_MAX_BYTES, code, &bytes, &size_bytes, err)) {
        return false;
    }
    good = json_parse(path, (const char *)bytes, size_bytes, code, out, err);
    free(bytes);
    return good;
}

void json_free(struct json *json)
{
    if (json != NULL) {
        cJSON_Delete(json->tree);
        free(json->places);
        free(json->values);
        free(json->name);
        free(json);
    }
}
