/* A parsed file inside: shared by json.c, json_mistakes.c and json_value.c. */
#ifndef HOST_BOARD_JSON_INTERNAL_H
#define HOST_BOARD_JSON_INTERNAL_H

#include "host/board/json.h"
#include "host/board/json_scan.h"

/* Stands at the place of the same index. Texts belong to the cJSON tree. */
struct json_value {
    struct json *json;
    const char *key;    /* NULL: element of an array, or the root */
    const char *string; /* of a string */
    double number;      /* of a number */
    bool truth;         /* of true or false */
};

struct json_mistake {
    struct json_position at;
    char text[512];
};

struct json {
    char *name;
    enum error_code code;
    void *tree; /* cJSON: known to json.c only */
    struct json_place *places;
    struct json_value *values;
    size_t count;
    struct json_mistake mistakes[JSON_MAX_MISTAKES]; /* in the order of the text */
    size_t mistake_count;                            /* may exceed JSON_MAX_MISTAKES */
};

static inline const struct json_place *json_place_of(const struct json_value *value)
{
    return &value->json->places[value - value->json->values];
}

/* Like json_complain(), but pointing at the key. */
void json_complain_about_key(const struct json_value *at, const char *text);

#endif
