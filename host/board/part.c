#include "host/board/part.h"

#include "host/board/files.h"
#include "host/board/part_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void read_sizes(const struct json_value *root, struct part *part)
{
    const struct json_value *id = json_member(root, "id");

    (void)json_take_text(root, "part", part->name, sizeof part->name);
    if (id != NULL) {
        (void)part_get_bytes(id, part->id, sizeof part->id, &part->id_bytes);
    }
    (void)json_take_u32(root, "size", 256, UINT32_MAX, &part->size_bytes);
    (void)json_take_u32(root, "page", 1, 4096, &part->page_bytes);
    (void)json_take_u32(root, "ecc_unit", 1, 4096, &part->ecc_unit_bytes);
    if ((part->size_bytes & (part->size_bytes - 1)) != 0) {
        json_complain(json_member(root, "size"), "expected a power of two");
    }
}

static void read_erase(const struct json_value *list, struct part *part)
{
    static const struct json_key keys[] = {
        {"size", true}, {"typical_us", true}, {"max_us", true}, {NULL, false}};

    if (list == NULL || !json_check_kind(list, JSON_ARRAY)) {
        return;
    }
    for (const struct json_value *at = json_first(list); at != NULL; at = json_next(at)) {
        struct part_erase *erase = &part->erase[part->erase_count];

        if (part->erase_count == PART_MAX_ERASE) {
            json_complain(at, "more than %d erase types", PART_MAX_ERASE);
            return;
        }
        part->erase_count++;
        if (json_check_object(at, keys)) {
            (void)json_take_u32(at, "size", 16, UINT32_MAX, &erase->size_bytes);
            (void)json_take_u32(at, "typical_us", 1, UINT32_MAX, &erase->typical_us);
            (void)json_take_u32(at, "max_us", 1, UINT32_MAX, &erase->max_us);
        }
        if (part->erase_count > 1 && erase->size_bytes <= erase[-1].size_bytes) {
            json_complain(at, "erase types stand smallest first");
        }
    }
}

static void read_times(const struct json_value *times, struct part *part)
{
    static const struct json_key keys[] = {{"program_typical_us", true}, {"program_max_us", true},
        {"chip_erase_typical_us", true}, {"chip_erase_max_us", true}, {"reset_max_us", true},
        {NULL, false}};

    if (times == NULL || !json_check_object(times, keys)) {
        return;
    }
    (void)json_take_u32(times, "program_typical_us", 1, UINT32_MAX, &part->program_typical_us);
    (void)json_take_u32(times, "program_max_us", 1, UINT32_MAX, &part->program_max_us);
    (void)json_take_u32(
        times, "chip_erase_typical_us", 1, UINT32_MAX, &part->chip_erase_typical_us);
    (void)json_take_u32(times, "chip_erase_max_us", 1, UINT32_MAX, &part->chip_erase_max_us);
    (void)json_take_u32(times, "reset_max_us", 1, UINT32_MAX, &part->reset_max_us);
}

static void read_status_bits(const struct json_value *status, struct part *part)
{
    static const struct json_key keys[] = {{"busy_mask", true}, {"busy_value", true},
        {"wel_mask", true}, {"protect_mask", true}, {"program_fail_mask", false},
        {"erase_fail_mask", false}, {NULL, false}};
    struct {
        const char *key;
        uint8_t *out;
    } const bytes[] = {{"busy_mask", &part->busy_mask}, {"busy_value", &part->busy_value},
        {"wel_mask", &part->wel_mask}, {"protect_mask", &part->protect_mask},
        {"program_fail_mask", &part->program_fail_mask},
        {"erase_fail_mask", &part->erase_fail_mask}};

    if (status == NULL || !json_check_object(status, keys)) {
        return;
    }
    for (size_t i = 0; i < sizeof bytes / sizeof bytes[0]; i++) {
        uint32_t number = 0;

        if (json_take_u32(status, bytes[i].key, 0, 255, &number)) {
            *bytes[i].out = (uint8_t)number;
        }
    }
}

static void read_dummies(const struct json_value *list, struct part *part)
{
    static const struct json_key keys[] = {
        {"code", true}, {"cycles", true}, {"max_khz", true}, {NULL, false}};

    if (list == NULL || !json_check_kind(list, JSON_ARRAY)) {
        return;
    }
    for (const struct json_value *at = json_first(list); at != NULL; at = json_next(at)) {
        struct part_dummy *dummy = &part->dummies[part->dummy_count];
        uint32_t number = 0;

        if (part->dummy_count == PART_MAX_DUMMIES || !json_check_object(at, keys)) {
            return;
        }
        part->dummy_count++;
        if (json_take_u32(at, "code", 0, 255, &number)) {
            dummy->code = (uint8_t)number;
        }
        if (json_take_u32(at, "cycles", 0, 31, &number)) {
            dummy->cycles = (uint8_t)number;
        }
        if (json_take_u32(at, "max_khz", 1, 1000000, &number)) {
            dummy->max_hz = number * 1000;
        }
        if (part->dummy_count > 1 && dummy->cycles <= dummy[-1].cycles) {
            json_complain(at, "dummy codes stand fewest cycles first");
        }
    }
}

/* ---- modes ---- */

static void read_mode_erase(const struct json_value *list, const uint8_t bus[3],
    const struct part *part, struct part_mode *mode)
{
    size_t i = 0;

    if (list == NULL || !json_check_kind(list, JSON_ARRAY)) {
        return;
    }
    if (json_count(list) != part->erase_count) {
        json_complain(
            list, "expected one operation for each of the %zu erase types", part->erase_count);
        return;
    }
    for (const struct json_value *at = json_first(list); at != NULL; at = json_next(at)) {
        (void)part_read_op(at, bus, mode, &mode->erase[i++]);
    }
}

static void read_mode_ops(const struct json_value *table, const uint8_t bus[3],
    struct part_mode *mode, struct part_mode_ops *ops)
{
    if (table == NULL || !json_check_kind(table, JSON_OBJECT)) {
        return;
    }
    for (const struct json_value *at = json_first(table); at != NULL; at = json_next(at)) {
        struct part_named_op *named = &ops->ops[ops->count];
        struct abi_bus_op *member = part_mode_op(mode, json_key_of(at));

        if (ops->count == PART_MAX_OPS) {
            json_complain(at, "more than %d operations", PART_MAX_OPS);
            return;
        }
        (void)snprintf(named->name, sizeof named->name, "%s", json_key_of(at));
        if (part_read_op(at, bus, mode, member != NULL ? member : &named->op) && member != NULL) {
            named->op = *member;
        }
        ops->count++;
    }
}

static void check_mode_is_complete(const struct json_value *value, struct part_mode *mode)
{
    for (size_t i = 0; part_op_names[i] != NULL; i++) {
        bool optional = strcmp(part_op_names[i], "read_fail") == 0;

        if (!optional && part_mode_op(mode, part_op_names[i])->opcode_bytes == 0) {
            json_complain(value, "the operation \"%s\" is missing", part_op_names[i]);
        }
    }
}

static void read_mode(const struct json_value *value, const struct part *part,
    struct part_mode *mode, struct part_mode_ops *ops)
{
    static const struct json_key keys[] = {{"max_khz", true}, {"command_max_khz", true},
        {"needs_dqs", false}, {"even", false}, {"swaps_bytes", false}, {"ops", true},
        {"erase", true}, {"enter", false}, {"leave", false}, {NULL, false}};
    uint8_t bus[3] = {0};
    uint32_t number = 0;

    (void)snprintf(mode->name, sizeof mode->name, "%s", json_key_of(value));
    if (!part_parse_bus(mode->name, bus)) {
        json_complain(value, "expected a mode such as \"1S-4S-4S\"");
        return;
    }
    if (!json_check_object(value, keys)) {
        return;
    }
    if (json_take_u32(value, "max_khz", 1, 1000000, &number)) {
        mode->max_hz = number * 1000;
    }
    if (json_take_u32(value, "command_max_khz", 1, 1000000, &number)) {
        mode->command_max_hz = number * 1000;
    }
    (void)json_take_bool(value, "needs_dqs", &mode->needs_dqs);
    (void)json_take_bool(value, "even", &mode->even);
    (void)json_take_bool(value, "swaps_bytes", &mode->swaps_bytes);
    read_mode_ops(json_member(value, "ops"), bus, mode, ops);
    read_mode_erase(json_member(value, "erase"), bus, part, mode);
    check_mode_is_complete(value, mode);
}

/* Steps may name operations of every mode, so they are read when all modes are known. */
static void read_modes(
    const struct json_value *table, struct part *part, struct part_mode_ops *tables)
{
    const struct part_source source = {part, tables};
    size_t i = 0;

    if (table == NULL || !json_check_kind(table, JSON_OBJECT)) {
        return;
    }
    for (const struct json_value *at = json_first(table); at != NULL; at = json_next(at)) {
        if (part->mode_count == PART_MAX_MODES) {
            json_complain(at, "more than %d modes", PART_MAX_MODES);
            return;
        }
        read_mode(at, part, &part->modes[part->mode_count], &tables[part->mode_count]);
        part->mode_count++;
    }
    for (const struct json_value *at = json_first(table); at != NULL && i < part->mode_count;
         at = json_next(at)) {
        struct part_mode *mode = &part->modes[i++];

        part_read_steps(json_member(at, "enter"), &source, mode->enter, PART_MAX_STEPS,
            &mode->enter_count, &mode->dummy_steps);
        part_read_steps(json_member(at, "leave"), &source, mode->leave, PART_MAX_STEPS,
            &mode->leave_count, NULL);
    }
    if (part_mode_find(part, "1S-1S-1S") == NULL) {
        json_complain(table, "the mode \"1S-1S-1S\" is missing");
    }
}

static void read_quad_enable(
    const struct json_value *value, const struct part_source *source, struct part *part)
{
    static const struct json_key keys[] = {
        {"read", true}, {"write", true}, {"mask", true}, {"volatile_enable", false}, {NULL, false}};
    const struct json_value *enable = json_member(value, "volatile_enable");
    struct part_quad_enable *quad = &part->quad_enable;
    uint32_t mask = 0;

    if (value == NULL || !json_check_object(value, keys)) {
        return;
    }
    memset(quad, 0, sizeof *quad);
    if (json_take_u32(value, "mask", 1, 255, &mask) &&
        part_find_op(json_member(value, "read"), source, &quad->read) &&
        part_find_op(json_member(value, "write"), source, &quad->write) &&
        (enable == NULL || part_find_op(enable, source, &quad->volatile_enable))) {
        quad->mask = (uint8_t)mask;
    }
}

/* The dummy count that serves the highest clock, as long as no other is chosen. */
static void settle_dummies(struct part *part)
{
    const struct part_dummy *most =
        part->dummy_count > 0 ? &part->dummies[part->dummy_count - 1] : NULL;

    for (size_t i = 0; i < part->mode_count; i++) {
        struct part_mode *mode = &part->modes[i];

        if (mode->dummy_by_code && most != NULL) {
            mode->read.dummy_cycles = most->cycles;
            mode->max_hz = mode->max_hz < most->max_hz ? mode->max_hz : most->max_hz;
        }
    }
}

/* ---- files ---- */

static bool load_file(const char *beside, const char *name, const char *like_of, struct part *part,
    struct error *err);

/* Modes, recovery and quad enable of another part, and dummy codes unless the file has its own. */
static bool take_from_like(const char *beside, const char *like, const struct json_value *root,
    struct part *part, struct error *err)
{
    struct part *other = calloc(1, sizeof *other);
    bool good = false;

    if (other == NULL) {
        return error_set(err, ERROR_INTERNAL, "out of memory");
    }
    good = load_file(beside, like, part->name, other, err);
    if (good && other->erase_count != part->erase_count) {
        json_complain(root, "has another number of erase types than \"%s\"", like);
    } else if (good) {
        memcpy(part->modes, other->modes, sizeof part->modes);
        part->mode_count = other->mode_count;
        part->quad_enable = other->quad_enable;
        memcpy(part->recover, other->recover, sizeof part->recover);
        part->recover_count = other->recover_count;
        if (part->dummy_count == 0) {
            memcpy(part->dummies, other->dummies, sizeof part->dummies);
            part->dummy_count = other->dummy_count;
        }
    }
    free(other);
    return good;
}

/* What a file that is like another one cannot have. */
static void refuse_own(const struct json_value *root)
{
    static const char *const taken[] = {"modes", "recover", "quad_enable"};

    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        if (json_member(root, taken[i]) != NULL) {
            json_complain(json_member(root, taken[i]), "is taken from the part of \"like\"");
        }
    }
}

static bool read_root(const char *beside, const struct json_value *root, bool may_be_like,
    struct part *part, struct error *err)
{
    static const struct json_key keys[] = {{"part", true}, {"id", true}, {"size", true},
        {"page", true}, {"ecc_unit", true}, {"erase", true}, {"times", true}, {"status", true},
        {"cs_high_cycles", true}, {"dummy_codes", false}, {"like", false}, {"modes", false},
        {"recover", false}, {"quad_enable", false}, {NULL, false}};
    struct part_mode_ops *tables = NULL;
    struct part_source source = {part, NULL};
    char like[64];
    uint32_t number = 0;

    if (!json_check_object(root, keys) && json_kind_of(root) != JSON_OBJECT) {
        return true;
    }
    read_sizes(root, part);
    read_erase(json_member(root, "erase"), part);
    read_times(json_member(root, "times"), part);
    read_status_bits(json_member(root, "status"), part);
    read_dummies(json_member(root, "dummy_codes"), part);
    if (json_take_u32(root, "cs_high_cycles", 1, 8, &number)) {
        part->cs_high_cycles = (uint8_t)number;
    }
    if (json_take_text(root, "like", like, sizeof like)) {
        if (!may_be_like) {
            json_complain(json_member(root, "like"), "this part is the model of another one");
            return true;
        }
        refuse_own(root);
        if (!take_from_like(beside, like, root, part, err)) {
            return false;
        }
    } else {
        tables = calloc(PART_MAX_MODES, sizeof *tables);
        if (tables == NULL) {
            return error_set(err, ERROR_INTERNAL, "out of memory");
        }
        read_modes(json_member(root, "modes"), part, tables);
        source.tables = tables;
        read_quad_enable(json_member(root, "quad_enable"), &source, part);
        part_read_steps(json_member(root, "recover"), &source, part->recover, PART_MAX_PRELUDE,
            &part->recover_count, NULL);
        free(tables);
    }
    if (part->mode_count == 0) {
        json_complain(root, "\"modes\" or \"like\" is missing");
    }
    settle_dummies(part);
    return true;
}

/* like_of: the part that takes its modes from this one; NULL when it is loaded for itself. */
static bool load_file(
    const char *beside, const char *name, const char *like_of, struct part *part, struct error *err)
{
    char *path = files_find(beside, "memories", name);
    struct json *json = NULL;
    bool good = false;

    memset(part, 0, sizeof *part);
    if (path == NULL) {
        return error_set(err, ERROR_BOARD_BAD, "memory part \"%s\" is not known", name);
    }
    if (json_load(path, ERROR_BOARD_BAD, &json, err)) {
        good = read_root(beside, json_root(json), like_of == NULL, part, err) &&
               json_finish(json, err);
    }
    json_free(json);
    free(path);
    return good;
}

bool part_load_beside(const char *beside, const char *name, struct part *part, struct error *err)
{
    return load_file(beside, name, NULL, part, err);
}

bool part_load(const char *name, struct part *part, struct error *err)
{
    return load_file(NULL, name, NULL, part, err);
}

const struct part_mode *part_mode_find(const struct part *part, const char *name)
{
    for (size_t i = 0; i < part->mode_count; i++) {
        if (strcmp(part->modes[i].name, name) == 0) {
            return &part->modes[i];
        }
    }
    return NULL;
}
