#include "host/board/json.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

static struct json *parse(const char *text)
{
    struct json *json = NULL;
    struct error err = {0};

    cr_assert(
        json_parse("t", text, strlen(text), ERROR_CONFIG_BAD, &json, &err), "%s", err.message);
    return json;
}

static void refuse(const char *text, const char *message)
{
    struct json *json = NULL;
    struct error err = {0};

    cr_assert_not(
        json_parse("t", text, strlen(text), ERROR_CONFIG_BAD, &json, &err), "accepted: %s", text);
    cr_assert_null(json);
    cr_assert_eq(err.code, ERROR_CONFIG_BAD);
    cr_assert_str_eq(err.message, message, "for %s", text);
}

Test(json, refuses_what_the_standard_refuses)
{
    refuse("", "t:1:1: expected a value, found the end of the file");
    refuse("{", "t:1:2: expected a key in quotes, found the end of the file");
    refuse("{\"a\"}", "t:1:5: expected ':' after the key, found '}'");
    refuse("{\"a\":}", "t:1:6: expected a value, found '}'");
    refuse("[1,]", "t:1:3: comma before the closing bracket");
    refuse("[1 2]", "t:1:4: expected ',' or ']', found '2'");
    refuse("[1}", "t:1:3: expected ',' or ']', found '}'");
    refuse("[,1]", "t:1:2: expected a value, found ','");
    refuse("{\"a\":1,,}", "t:1:8: expected a key in quotes, found ','");
    refuse("{a:1}", "t:1:2: expected a key in quotes, found 'a'");
    refuse("'a'", "t:1:1: expected a value, found '''");
    refuse("[tru]", "t:1:2: expected a value");
    refuse("nul", "t:1:1: expected a value");
    refuse("1 2", "t:1:3: '2' after the end of the document");
    refuse("{} x", "t:1:4: 'x' after the end of the document");
    refuse("// c\n{}", "t:1:1: expected a value, found '/'");
}

Test(json, refuses_malformed_numbers)
{
    refuse("01", "t:1:2: '1' after the end of the document");
    refuse("0x10", "t:1:2: 'x' after the end of the document");
    refuse("-", "t:1:1: malformed number");
    refuse("1.", "t:1:1: malformed number");
    refuse(".5", "t:1:1: expected a value, found '.'");
    refuse("1e", "t:1:1: malformed number");
    refuse("+1", "t:1:1: expected a value, found '+'");
    refuse("[1e400]", "t:1:2: the number 1e400 is out of range");
    refuse("[-1e999]", "t:1:2: the number -1e999 is out of range");
    refuse("NaN", "t:1:1: expected a value, found 'N'");
    refuse("Infinity", "t:1:1: expected a value, found 'I'");
    refuse("1111111111111111111111111111111111111111111111111111111111111111111",
        "t:1:1: this number has too many digits");
}

Test(json, refuses_malformed_strings)
{
    refuse("\"a", "t:1:1: the string that starts here has no end");
    refuse("\"a\nb\"", "t:1:1: the string that starts here has no end");
    refuse("\"a\tb\"", "t:1:3: control character 0x09 in a string");
    refuse("\"\\x\"", "t:1:3: unknown escape in a string");
    refuse("\"\\u12g4\"", "t:1:6: \\u needs four hexadecimal digits");
    refuse("\"\\u0000\"", "t:1:8: \\u0000 is not allowed in a string");
    refuse("\"\\ud800\"", "t:1:8: \\uD800 is half of a surrogate pair");
    refuse("\"\\udc00\"", "t:1:8: \\uDC00 is half of a surrogate pair");
    refuse("\"\\ud800\\u0041\"", "t:1:14: \\uD800 is half of a surrogate pair");
}

Test(json, refuses_bad_utf8)
{
    refuse("\"\x80\"", "t:1:2: byte 0x80 is not valid UTF-8");
    refuse("\"\xC0\x80\"", "t:1:2: byte 0xC0 is not valid UTF-8");
    refuse("\"\xED\xA0\x80\"", "t:1:2: byte 0xED is not valid UTF-8");
    refuse("\"\xE0\x80\x80\"", "t:1:2: byte 0xE0 is not valid UTF-8");
    refuse("\"\xF0\x80\x80\x80\"", "t:1:2: byte 0xF0 is not valid UTF-8");
    refuse("\"\xF5\x80\x80\x80\"", "t:1:2: byte 0xF5 is not valid UTF-8");
    refuse("\"\xE2\x82\"", "t:1:2: byte 0xE2 is not valid UTF-8");
    refuse(
        "\xEF\xBB\xBF{}", "t:1:1: the file starts with a byte order mark: save it as plain UTF-8");
}

Test(json, counts_columns_in_characters)
{
    refuse("[\"\xC3\xA4\xE2\x82\xAC\", x]", "t:1:8: expected a value, found 'x'");
}

Test(json, refuses_more_than_64_levels_and_accepts_64)
{
    char text[200];
    struct json *json = NULL;

    memset(text, '[', 64);
    memset(text + 64, ']', 64);
    text[128] = '\0';
    json = parse(text);
    json_free(json);
    memset(text, '[', 65);
    memset(text + 65, ']', 65);
    text[130] = '\0';
    refuse(text, "t:1:65: nested deeper than 64 levels");
}

Test(json, refuses_more_than_a_mebibyte)
{
    size_t size_bytes = JSON_MAX_BYTES + 1;
    char *text = malloc(size_bytes);
    struct json *json = NULL;
    struct error err = {0};

    cr_assert_not_null(text);
    memset(text, ' ', size_bytes);
    cr_assert_not(json_parse("t", text, size_bytes, ERROR_CONFIG_BAD, &json, &err));
    cr_assert_str_eq(err.message, "t: larger than 1048576 bytes");
    free(text);
}

Test(json, reports_every_duplicate_key)
{
    struct json *json = parse("{\n \"a\": 1,\n \"b\": {\"c\": 1, \"c\": 2},\n \"a\": 3}");
    struct error err = {0};

    cr_assert_not(json_finish(json, &err));
    cr_assert_str_eq(err.message, "t:3:16: $.b.c: duplicate key; the first is in line 3\n"
                                  "t:4:2: $.a: duplicate key; the first is in line 2");
    json_free(json);
}

Test(json, takes_a_member_named_like_a_comment_as_one)
{
    static const struct json_key keys[] = {{"a", true}, {NULL, false}};
    struct json *json = parse("{\"//\": \"x\", \"a\": 1, \"//\": [\"y\"]}");
    struct error err = {0};

    cr_assert(json_check_object(json_root(json), keys));
    cr_assert(json_finish(json, &err));
    cr_assert_str_eq(json_key_of(json_first(json_root(json))), "a");
    cr_assert_null(json_next(json_first(json_root(json))));
    json_free(json);
}

Test(json, names_the_nearest_known_key)
{
    static const struct json_key keys[] = {{"memories", false}, {"board", false}, {NULL, false}};
    struct json *json = parse("{\"memorys\": 1, \"zzzz\": 2}");
    struct error err = {0};

    cr_assert_not(json_check_object(json_root(json), keys));
    cr_assert_not(json_finish(json, &err));
    cr_assert_str_eq(err.message, "t:1:2: $.memorys: unknown key; did you mean \"memories\"?\n"
                                  "t:1:16: $.zzzz: unknown key");
    json_free(json);
}

Test(json, lists_the_first_20_mistakes_in_the_order_of_the_text)
{
    static const struct json_key keys[] = {{"k", false}, {NULL, false}};
    char text[2000] = "[";
    struct json *json = NULL;
    struct error err = {0};
    const char *line = NULL;
    size_t lines = 1;

    for (int i = 0; i < 25; i++) {
        strcat(text, i == 0 ? "{\"xxxxxx\":1}" : ",\n{\"xxxxxx\":1}");
    }
    strcat(text, "]");
    json = parse(text);
    for (const struct json_value *at = json_first(json_root(json)); at != NULL;
         at = json_next(at)) {
        (void)json_check_object(at, keys);
    }
    cr_assert_not(json_finish(json, &err));
    for (line = err.message; (line = strchr(line, '\n')) != NULL; line++) {
        lines++;
    }
    cr_assert_eq(lines, 21);
    cr_assert_not_null(strstr(err.message, "t:20:2: $[19].xxxxxx: unknown key\nand 5 more"));
    json_free(json);
}

static uint32_t number(const char *text)
{
    struct json *json = parse(text);
    struct error err = {0};
    uint32_t value = 0;

    cr_assert(json_get_u32(json_root(json), 0, UINT32_MAX, &value), "%s", text);
    cr_assert(json_finish(json, &err));
    json_free(json);
    return value;
}

Test(json, reads_numbers_addresses_and_sizes)
{
    cr_assert_eq(number("0"), 0);
    cr_assert_eq(number("4294967295"), UINT32_MAX);
    cr_assert_eq(number("\"0x70000000\""), 0x70000000);
    cr_assert_eq(number("\"64K\""), 65536);
    cr_assert_eq(number("\"4M\""), 4194304);
    cr_assert_eq(number("1e3"), 1000);
}

static void refuse_number(const char *text, const char *message)
{
    struct json *json = parse(text);
    struct error err = {0};
    uint32_t value = 0;

    cr_assert_not(json_get_u32(json_root(json), 1, 4096, &value), "%s", text);
    cr_assert_not(json_finish(json, &err));
    cr_assert_str_eq(err.message, message);
    json_free(json);
}

Test(json, refuses_numbers_that_are_not_what_was_asked_for)
{
    refuse_number("0", "t:1:1: $: expected a number from 1 to 4096, found 0");
    refuse_number("4097", "t:1:1: $: expected a number from 1 to 4096, found 4097");
    refuse_number("18446744073709551616",
        "t:1:1: $: expected a number from 1 to 4096, found 1.84467440737096e+19");
    refuse_number("1.5", "t:1:1: $: expected a whole number, found 1.5");
    refuse_number("true", "t:1:1: $: expected a number, found true or false");
    refuse_number("\"0x\"",
        "t:1:1: $: expected a number such as 4096, \"0x1000\", \"64K\" or \"4M\", found \"0x\"");
    refuse_number("\"4G\"",
        "t:1:1: $: expected a number such as 4096, \"0x1000\", \"64K\" or \"4M\", found \"4G\"");
}

Test(json, walks_nested_values)
{
    struct json *json = parse("{\"a\": [1, {\"b\": [[], {}]}, \"x\"], \"c\": null}");
    const struct json_value *a = json_member(json_root(json), "a");
    const struct json_value *second = json_next(json_first(a));
    const struct json_value *b = json_member(second, "b");

    cr_assert_eq(json_count(a), 3);
    cr_assert_eq(json_count(b), 2);
    cr_assert_eq(json_kind_of(json_first(b)), JSON_ARRAY);
    cr_assert_eq(json_kind_of(json_next(json_first(b))), JSON_OBJECT);
    cr_assert_str_eq(json_get_string(json_next(second)), "x");
    cr_assert_eq(json_kind_of(json_member(json_root(json), "c")), JSON_NULL);
    json_free(json);
}

/* A repeatable random number (xorshift); only its spread matters. */
static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

Test(json, survives_mutated_text)
{
    static const char seed_text[] = "{\"a\": [1, -2.5e3, \"x\\u00e4\\n\", true, null, {}],"
                                    " \"b\": {\"c\": \"\xE2\x82\xAC\", \"d\": [[[]]]}}";
    static const char bytes[] = "{}[],:\"\\u0aex-. \n\x80\xE2tfn";
    uint32_t state = 12345;
    size_t accepted = 0;

    for (int round = 0; round < 20000; round++) {
        char text[sizeof seed_text];
        size_t length = sizeof seed_text - 1 - next_random(&state) % 8;
        struct json *json = NULL;
        struct error err = {0};

        memcpy(text, seed_text, sizeof text);
        for (uint32_t i = 0; i <= next_random(&state) % 3; i++) {
            text[next_random(&state) % length] = bytes[next_random(&state) % (sizeof bytes - 1)];
        }
        accepted += json_parse("t", text, length, ERROR_CONFIG_BAD, &json, &err);
        cr_assert(json != NULL || err.message[0] != '\0');
        json_free(json);
    }
    cr_assert_gt(accepted, 0);
}
