/* Register fields and scripts as MCU files write them. */
#include "host/board/mcu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The address of a register name (not terminated) in the table `registers`. */
static bool find_register(const struct json_value *registers, const struct json_value *at,
    const char *name, size_t length, uint32_t *addr)
{
    char copy[48];
    const struct json_value *entry = NULL;

    if (length < sizeof copy) {
        memcpy(copy, name, length);
        copy[length] = '\0';
        entry = json_member(registers, copy);
    }
    if (entry == NULL) {
        json_complain(at, "register \"%.*s\" is not in $.registers", (int)length, name);
        return false;
    }
    return json_get_u32(entry, 0, UINT32_MAX, addr);
}

/* One entry of a bit list: "26" or "17:12". Advances *text behind it. */
static bool parse_bits(const char **text, uint32_t *mask)
{
    char *end = NULL;
    unsigned long high = strtoul(*text, &end, 10);
    unsigned long low = high;

    if (end == *text || high > 31) {
        return false;
    }
    if (*end == ':') {
        *text = end + 1;
        low = strtoul(*text, &end, 10);
        if (end == *text || low > high) {
            return false;
        }
    }
    *text = end;
    for (unsigned long bit = low; bit <= high; bit++) {
        *mask |= UINT32_C(1) << bit;
    }
    return true;
}

static bool parse_bit_list(const char *text, uint32_t *mask)
{
    *mask = 0;
    do {
        text++; /* the bracket, or a comma */
        if (!parse_bits(&text, mask)) {
            return false;
        }
    } while (*text == ',');
    return text[0] == ']' && text[1] == '\0';
}

bool mcu_field_get(
    const struct json_value *registers, const struct json_value *value, struct mcu_field *field)
{
    const char *text = json_get_string(value);
    size_t length = 0;

    memset(field, 0, sizeof *field);
    if (text == NULL) {
        return false;
    }
    length = strcspn(text, "[");
    if (!find_register(registers, value, text, length, &field->addr)) {
        return false;
    }
    if (text[length] == '\0') {
        field->mask = UINT32_MAX;
        return true;
    }
    if (!parse_bit_list(text + length, &field->mask)) {
        json_complain(value,
            "expected bits such as RCC_CR[26], RCC_CR[4:3] or RCC_CR[0,7], found \"%s\"", text);
        return false;
    }
    while ((field->mask >> field->shift & 1) == 0) {
        field->shift++;
    }
    return true;
}

bool mcu_field_take(const struct json_value *registers, const struct json_value *object,
    const char *key, struct mcu_field *field)
{
    const struct json_value *value = json_member(object, key);

    return value != NULL && mcu_field_get(registers, value, field);
}

/* The value for a field: a number, or "all" for all ones. Shifted into place. */
static bool get_field_value(
    const struct json_value *value, const struct mcu_field *field, uint32_t *shifted)
{
    uint32_t ones = field->mask >> field->shift;
    uint32_t number = 0;
    bool has_gaps = (ones & (ones + 1)) != 0;

    if (json_kind_of(value) == JSON_STRING && strcmp(json_get_string(value), "all") == 0) {
        *shifted = field->mask;
        return true;
    }
    if (!json_get_u32(value, 0, ones, &number)) {
        return false;
    }
    if (has_gaps && number != 0) {
        json_complain(value, "a list of bits takes 0 or \"all\"");
        return false;
    }
    *shifted = number << field->shift;
    return true;
}

static const struct json_value *only_check(
    const struct json_value *step, const struct json_key *keys, const char *key)
{
    return json_check_object(step, keys) ? json_member(step, key) : NULL;
}

static bool get_set(
    const struct json_value *registers, const struct json_value *step, struct abi_reg_step *out)
{
    static const struct json_key keys[] = {{"set", true}, {"to", true}, {NULL, false}};
    const struct json_value *value = only_check(step, keys, "to");
    struct mcu_field field = {0};

    if (value == NULL || !mcu_field_take(registers, step, "set", &field) ||
        !get_field_value(value, &field, &out->value)) {
        return false;
    }
    out->kind = field.mask == UINT32_MAX ? ABI_REG_WRITE : ABI_REG_MODIFY;
    out->addr = field.addr;
    out->mask = field.mask;
    return true;
}

static bool get_wait(
    const struct json_value *registers, const struct json_value *step, struct abi_reg_step *out)
{
    static const struct json_key keys[] = {
        {"wait", true}, {"is", true}, {"timeout_us", true}, {NULL, false}};
    const struct json_value *value = only_check(step, keys, "is");
    struct mcu_field field = {0};

    if (value == NULL || !mcu_field_take(registers, step, "wait", &field) ||
        !get_field_value(value, &field, &out->value) ||
        !json_take_u32(step, "timeout_us", 1, 10000000, &out->timeout_us)) {
        return false;
    }
    out->kind = ABI_REG_WAIT;
    out->addr = field.addr;
    out->mask = field.mask;
    return true;
}

static bool get_step(
    const struct json_value *registers, const struct json_value *step, struct abi_reg_step *out)
{
    static const struct json_key delay_keys[] = {{"delay_us", true}, {NULL, false}};

    memset(out, 0, sizeof *out);
    out->bytes = 4;
    if (json_member(step, "set") != NULL) {
        return get_set(registers, step, out);
    }
    if (json_member(step, "wait") != NULL) {
        return get_wait(registers, step, out);
    }
    if (json_member(step, "delay_us") != NULL) {
        out->kind = ABI_REG_DELAY;
        return json_check_object(step, delay_keys) &&
               json_take_u32(step, "delay_us", 1, 10000000, &out->timeout_us);
    }
    json_complain(step, "expected a step with \"set\", \"wait\" or \"delay_us\"");
    return false;
}

bool mcu_script_get(
    const struct json_value *registers, const struct json_value *value, struct board_script *script)
{
    bool good = true;

    script->count = 0;
    script->steps = NULL;
    if (value == NULL) {
        return true;
    }
    if (!json_check_kind(value, JSON_ARRAY)) {
        return false;
    }
    script->steps = calloc(json_count(value) + 1, sizeof *script->steps);
    if (script->steps == NULL) {
        json_complain(value, "out of memory");
        return false;
    }
    for (const struct json_value *step = json_first(value); step != NULL; step = json_next(step)) {
        good = get_step(registers, step, &script->steps[script->count]) && good;
        script->count++;
    }
    return good;
}
