/* Reads the table of SFDP errata. */
#include "host/board/sfdp_errata_read.h"

#include "host/board/files.h"
#include "host/board/part_read.h"
#include "host/board/sfdp_tables.h"

#include <stdlib.h>

/* By bit of the 4-byte table; erase opcodes have a list of their own. */
static const char *const four_byte_ops[] = {"13", "0C", "3C", "BC", "6C", "EC", "12", "34", "3E",
    "erase 1", "erase 2", "erase 3", "erase 4", "0E", "BE", "EE", "E0", "E1", "E2", "E3", "7C",
    "CC", "FD", "84", "8E", NULL};

static void take_byte(const struct json_value *object, const char *key, uint8_t *out)
{
    const struct json_value *value = json_member(object, key);
    size_t count = 0;

    if (value != NULL && part_get_bytes(value, out, 1, &count) && count != 1) {
        json_complain(value, "expected one byte such as \"21\"");
    }
}

static void take_small(
    const struct json_value *object, const char *key, uint32_t high, bool *has, uint8_t *out)
{
    uint32_t number = 0;

    if (json_take_u32(object, key, 0, high, &number)) {
        *out = (uint8_t)number;
        *has = true;
    }
}

static void take_read(const struct json_value *object, const char *key, uint32_t *bits)
{
    size_t index = 0;

    if (json_take_choice(object, key, sfdp_read_names, &index)) {
        *bits |= UINT32_C(1) << index;
    }
}

static void read_when(const struct json_value *value, struct sfdp_erratum_when *when)
{
    static const struct json_key keys[] = {{"id", true}, {"minor_min", false}, {"minor_max", false},
        {"has_read", false}, {"vendor_table", false}, {"four_byte_is_phantom", false},
        {NULL, false}};
    const struct json_value *table = json_member(value, "vendor_table");
    uint8_t bytes[2] = {0, 0};
    size_t count = 0;
    bool has = false;

    when->minor_max = UINT8_MAX;
    if (value == NULL || !json_check_object(value, keys)) {
        return;
    }
    if (part_get_bytes(json_member(value, "id"), when->id, sizeof when->id, &when->id_bytes) &&
        when->id_bytes == 0) {
        json_complain(json_member(value, "id"), "expected the beginning of an ID");
    }
    take_small(value, "minor_min", UINT8_MAX, &has, &when->minor_min);
    take_small(value, "minor_max", UINT8_MAX, &has, &when->minor_max);
    take_read(value, "has_read", &when->reads);
    if (table != NULL && part_get_bytes(table, bytes, sizeof bytes, &count)) {
        when->vendor_table = (uint16_t)(bytes[0] << 8 | bytes[1]);
    }
    (void)json_take_bool(value, "four_byte_is_phantom", &when->only_phantom);
}

static void read_erase(const struct json_value *list, struct sfdp_erratum_then *then)
{
    static const struct json_key keys[] = {
        {"size", true}, {"four_byte_opcode", false}, {"max_us", false}, {NULL, false}};

    if (list == NULL || !json_check_kind(list, JSON_ARRAY)) {
        return;
    }
    for (const struct json_value *at = json_first(list); at != NULL; at = json_next(at)) {
        struct sfdp_erratum_erase *erase = &then->erase[then->erase_count];

        if (then->erase_count == SFDP_ERASE_TYPES || !json_check_object(at, keys)) {
            return;
        }
        then->erase_count++;
        (void)json_take_u32(at, "size", 1, UINT32_MAX, &erase->size_bytes);
        (void)json_take_u32(at, "max_us", 1, UINT32_MAX, &erase->max_us);
        take_byte(at, "four_byte_opcode", &erase->four_byte_opcode);
    }
}

static void read_four_byte_ops(const struct json_value *list, uint32_t *ops)
{
    if (list == NULL || !json_check_kind(list, JSON_ARRAY)) {
        return;
    }
    for (const struct json_value *at = json_first(list); at != NULL; at = json_next(at)) {
        size_t index = 0;

        if (json_get_choice(at, four_byte_ops, &index)) {
            *ops |= UINT32_C(1) << index;
        }
    }
}

static void read_entry(const struct json_value *value, uint8_t *ways)
{
    static const char *const names[] = {"B7", "06 B7", NULL};
    size_t index = 0;

    if (json_take_choice(value, "enter_four_byte", names, &index)) {
        *ways = index == 0 ? SFDP_ENTER_B7 : SFDP_ENTER_06_B7;
    }
}

static void read_then(const struct json_value *value, struct sfdp_erratum_then *then)
{
    static const struct json_key keys[] = {{"addr_mode", false}, {"quad_enable", false},
        {"enter_four_byte", false}, {"leaves_extended_address", false}, {"four_byte_ops", false},
        {"erase", false}, {"erase_opcodes_are_3_byte", false}, {"status_write_bytes", false},
        {"octal_read", false}, {"status_addr_bytes", false}, {"sequence_value", false},
        {"program_max_us", false}, {"erase_gap_us", false}, {"drop_read", false},
        {"size_is_doubtful", false}, {NULL, false}};
    bool has = false;

    if (value == NULL || !json_check_object(value, keys)) {
        return;
    }
    take_small(value, "addr_mode", 2, &then->has_addr_mode, &then->addr_mode);
    take_small(value, "quad_enable", 7, &then->has_quad_enable, &then->quad_enable);
    take_small(value, "status_write_bytes", 2, &has, &then->status_write_bytes);
    take_small(value, "status_addr_bytes", 4, &has, &then->status_addr_bytes);
    take_byte(value, "octal_read", &then->octal_read);
    take_byte(value, "sequence_value", &then->sequence_value);
    take_read(value, "drop_read", &then->drop_reads);
    read_entry(value, &then->enter_four_byte);
    read_four_byte_ops(json_member(value, "four_byte_ops"), &then->four_byte_ops);
    read_erase(json_member(value, "erase"), then);
    (void)json_take_u32(value, "program_max_us", 1, UINT32_MAX, &then->program_max_us);
    (void)json_take_u32(value, "erase_gap_us", 1, UINT32_MAX, &then->erase_gap_us);
    (void)json_take_bool(value, "leaves_extended_address", &then->leaves_extended_address);
    (void)json_take_bool(value, "erase_opcodes_are_3_byte", &then->erase_opcodes_are_3_byte);
    (void)json_take_bool(value, "size_is_doubtful", &then->size_is_doubtful);
}

static void read_errata(const struct json_value *root, struct sfdp_errata *errata)
{
    static const struct json_key root_keys[] = {{"errata", true}, {NULL, false}};
    static const struct json_key keys[] = {{"number", true}, {"chips", true}, {"why", true},
        {"when", true}, {"then", true}, {NULL, false}};
    const struct json_value *list = json_member(root, "errata");

    if (!json_check_object(root, root_keys) || !json_check_kind(list, JSON_ARRAY)) {
        return;
    }
    for (const struct json_value *at = json_first(list); at != NULL; at = json_next(at)) {
        struct sfdp_erratum *erratum = &errata->entries[errata->count];

        if (errata->count == ERRATA_MAX) {
            json_complain(at, "more than %d errata", ERRATA_MAX);
            return;
        }
        errata->count++;
        if (json_check_object(at, keys)) {
            read_when(json_member(at, "when"), &erratum->when);
            read_then(json_member(at, "then"), &erratum->then);
        }
    }
}

bool sfdp_errata_load_file(const char *path, struct sfdp_errata **out, struct error *err)
{
    struct sfdp_errata *errata = calloc(1, sizeof *errata);
    struct json *json = NULL;
    bool good = false;

    *out = NULL;
    if (errata == NULL) {
        return error_set(err, ERROR_INTERNAL, "out of memory");
    }
    if (json_load(path, ERROR_BOARD_BAD, &json, err)) {
        read_errata(json_root(json), errata);
        good = json_finish(json, err);
    }
    json_free(json);
    if (!good) {
        free(errata);
        return false;
    }
    *out = errata;
    return true;
}

bool sfdp_errata_load(struct sfdp_errata **out, struct error *err)
{
    char *path = files_find(NULL, "sfdp", "errata");
    bool good = false;

    *out = NULL;
    if (path == NULL) {
        return error_set(err, ERROR_BOARD_BAD,
            "the table of SFDP errata (share/xflash/boards/sfdp/errata.json) is missing");
    }
    good = sfdp_errata_load_file(path, out, err);
    free(path);
    return good;
}

void sfdp_errata_free(struct sfdp_errata *errata)
{
    free(errata);
}
