/* `overrides` of a memory: what the board file knows better than part file or SFDP. */
#include "host/board/board_details.h"
#include "host/board/part_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void read_op(const struct json_value *value, struct board_override *override)
{
    static const struct json_key keys[] = {{"opcode", false}, {"dummy", false}, {NULL, false}};
    const struct json_value *opcode = json_member(value, "opcode");
    uint8_t bytes[2] = {0, 0};
    size_t count = 0;
    uint32_t cycles = 0;

    if (!json_check_object(value, keys)) {
        return;
    }
    if (opcode != NULL && part_get_bytes(opcode, bytes, sizeof bytes, &count)) {
        override->opcode_bytes = (uint8_t)count;
        override->opcode = count == 1 ? bytes[0] : (uint16_t)((uint32_t)bytes[0] << 8 | bytes[1]);
    }
    if (json_take_u32(value, "dummy", 0, 31, &cycles)) {
        override->has_dummy = true;
        override->dummy_cycles = (uint8_t)cycles;
    }
}

static struct board_override *add_override(const struct json_value *at, const char *mode,
    const char *op, struct board_overrides *overrides)
{
    struct board_override *override = NULL;

    if (overrides->mode_count == BOARD_MAX_OVERRIDES) {
        json_complain(at, "more than %d overrides", BOARD_MAX_OVERRIDES);
        return NULL;
    }
    override = &overrides->modes[overrides->mode_count++];
    (void)snprintf(override->mode, sizeof override->mode, "%s", mode);
    (void)snprintf(override->op, sizeof override->op, "%s", op);
    return override;
}

static void read_mode(const struct json_value *value, struct board_overrides *overrides)
{
    static const struct json_key keys[] = {{"max_khz", false}, {"command_max_khz", false},
        {"read", false}, {"program", false}, {"write_enable", false}, {"write_disable", false},
        {"read_status", false}, {"read_fail", false}, {"read_id", false}, {"chip_erase", false},
        {NULL, false}};
    const char *mode = json_key_of(value);
    struct board_override *override = add_override(value, mode, "", overrides);
    uint32_t khz = 0;

    if (override == NULL || !json_check_object(value, keys)) {
        return;
    }
    if (json_take_u32(value, "max_khz", 1, 1000000, &khz)) {
        override->max_hz = khz * 1000;
    }
    if (json_take_u32(value, "command_max_khz", 1, 1000000, &khz)) {
        override->command_max_hz = khz * 1000;
    }
    for (size_t i = 0; part_op_names[i] != NULL; i++) {
        const struct json_value *op = json_member(value, part_op_names[i]);

        override = op == NULL ? NULL : add_override(op, mode, part_op_names[i], overrides);
        if (override != NULL) {
            read_op(op, override);
        }
    }
}

static void read_erase_times(const struct json_value *table, struct board_overrides *overrides)
{
    if (table == NULL || !json_check_kind(table, JSON_OBJECT)) {
        return;
    }
    for (const struct json_value *at = json_first(table); at != NULL; at = json_next(at)) {
        char *end = NULL;
        unsigned long kilobytes = strtoul(json_key_of(at), &end, 10);
        size_t i = overrides->erase_count;

        if (kilobytes == 0 || kilobytes > 65536 || strcmp(end, "K") != 0) {
            json_complain(at, "expected a size such as \"4K\" as the key");
        } else if (i < PART_MAX_ERASE &&
                   json_get_u32(at, 1, UINT32_MAX, &overrides->erase_max_us[i])) {
            overrides->erase_size_bytes[i] = (uint32_t)kilobytes << 10;
            overrides->erase_count++;
        }
    }
}

static void read_times(const struct json_value *times, struct board_overrides *overrides)
{
    static const struct json_key keys[] = {{"program_max_us", false}, {"chip_erase_max_us", false},
        {"reset_max_us", false}, {"erase_max_us", false}, {NULL, false}};

    if (times == NULL || !json_check_object(times, keys)) {
        return;
    }
    (void)json_take_u32(times, "program_max_us", 1, UINT32_MAX, &overrides->program_max_us);
    (void)json_take_u32(times, "chip_erase_max_us", 1, UINT32_MAX, &overrides->chip_erase_max_us);
    (void)json_take_u32(times, "reset_max_us", 1, 10000000, &overrides->reset_max_us);
    read_erase_times(json_member(times, "erase_max_us"), overrides);
}

void board_read_overrides(const struct json_value *value, struct board_overrides *overrides)
{
    static const struct json_key keys[] = {{"max_khz", false}, {"sample_shift", false},
        {"modes", false}, {"times", false}, {NULL, false}};
    const struct json_value *modes = json_member(value, "modes");
    uint32_t khz = 0;

    overrides->sample_shift = true;
    if (value == NULL || !json_check_object(value, keys)) {
        return;
    }
    if (json_take_u32(value, "max_khz", 1, 1000000, &khz)) {
        overrides->max_hz = khz * 1000;
    }
    (void)json_take_bool(value, "sample_shift", &overrides->sample_shift);
    read_times(json_member(value, "times"), overrides);
    if (modes != NULL && json_check_kind(modes, JSON_OBJECT)) {
        for (const struct json_value *at = json_first(modes); at != NULL; at = json_next(at)) {
            read_mode(at, overrides);
        }
    }
}

/* ---- applying ---- */

static bool fail(const struct json_value *at, struct error *err, const char *text)
{
    if (at != NULL) {
        json_complain(at, "%s", text);
        return false;
    }
    return error_set(err, ERROR_BOARD_BAD, "overrides of the board file: %s", text);
}

static bool apply_dummy(const struct board_override *override, const struct json_value *at,
    struct part *part, struct part_mode *mode, struct error *err)
{
    char text[100];

    if (!mode->dummy_by_code || strcmp(override->op, "read") != 0) {
        part_mode_op(mode, override->op)->dummy_cycles = override->dummy_cycles;
        return true;
    }
    mode->dummy_min = override->dummy_cycles;
    if (part->dummies[part->dummy_count - 1].cycles < override->dummy_cycles) {
        (void)snprintf(text, sizeof text, "%s: the chip has no setting of %u dummy cycles",
            mode->name, override->dummy_cycles);
        return fail(at, err, text);
    }
    return true;
}

static bool apply_to_mode(const struct board_override *override, const struct json_value *at,
    struct part *part, struct part_mode *mode, struct error *err)
{
    if (override->max_hz != 0) {
        mode->max_hz = override->max_hz;
    }
    if (override->command_max_hz != 0) {
        mode->command_max_hz = override->command_max_hz;
    }
    if (override->opcode_bytes != 0) {
        struct abi_bus_op *op = part_mode_op(mode, override->op);

        op->opcode = override->opcode;
        op->opcode_bytes = override->opcode_bytes;
    }
    return !override->has_dummy || apply_dummy(override, at, part, mode, err);
}

static void apply_erase_time(struct part *part, uint32_t size_bytes, uint32_t max_us)
{
    for (size_t i = 0; i < part->erase_count; i++) {
        if (part->erase[i].size_bytes == size_bytes) {
            part->erase[i].max_us = max_us;
        }
    }
}

static void apply_times(const struct board_overrides *overrides, struct part *part)
{
    if (overrides->program_max_us != 0) {
        part->program_max_us = overrides->program_max_us;
    }
    if (overrides->chip_erase_max_us != 0) {
        part->chip_erase_max_us = overrides->chip_erase_max_us;
    }
    if (overrides->reset_max_us != 0) {
        part->reset_max_us = overrides->reset_max_us;
    }
    for (size_t i = 0; i < overrides->erase_count; i++) {
        apply_erase_time(part, overrides->erase_size_bytes[i], overrides->erase_max_us[i]);
    }
}

static struct part_mode *find_mode(struct part *part, const char *name)
{
    for (size_t i = 0; i < part->mode_count; i++) {
        if (strcmp(part->modes[i].name, name) == 0) {
            return &part->modes[i];
        }
    }
    return NULL;
}

bool board_apply_overrides(const struct board_overrides *overrides, const struct json_value *at,
    struct part *part, struct error *err)
{
    apply_times(overrides, part);
    for (size_t i = 0; i < overrides->mode_count; i++) {
        struct part_mode *mode = find_mode(part, overrides->modes[i].mode);
        char text[100];

        if (mode == NULL) {
            (void)snprintf(
                text, sizeof text, "%s has no mode \"%s\"", part->name, overrides->modes[i].mode);
            return fail(at, err, text);
        }
        if (!apply_to_mode(&overrides->modes[i], at, part, mode, err)) {
            return false;
        }
    }
    return true;
}
