/* Board files: the outer structure, and the life of struct board. */
#include "host/base/os.h"
#include "host/board/board.h"
#include "host/board/board_details.h"
#include "host/board/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_path(const char *name)
{
    size_t length = strlen(name);

    return strchr(name, '/') != NULL || (length > 5 && strcmp(name + length - 5, ".json") == 0);
}

static bool fail_unknown(const char *name, struct error *err)
{
    char **names = files_names(NULL);
    const char *nearest = names == NULL ? NULL : json_nearest(name, (const char *const *)names);

    (void)error_set(err, ERROR_BOARD_UNKNOWN, "no board is called \"%s\"", name);
    if (nearest != NULL) {
        error_set_hint(err, "did you mean \"%s\"? `xflash board list` shows all", nearest);
    } else {
        error_set_hint(err, "`xflash board list` shows all; a file needs a '/' or \".json\"");
    }
    files_free_names(names);
    return false;
}

static bool find_file(const char *name_or_path, char **path, struct error *err)
{
    if (!is_path(name_or_path)) {
        *path = files_find(NULL, NULL, name_or_path);
        return *path != NULL || fail_unknown(name_or_path, err);
    }
    if (!os_file_exists(name_or_path)) {
        return error_set(err, ERROR_BOARD_UNKNOWN, "there is no board file %s", name_or_path);
    }
    *path = malloc(strlen(name_or_path) + 1);
    if (*path == NULL) {
        return error_set(err, ERROR_INTERNAL, "out of memory");
    }
    memcpy(*path, name_or_path, strlen(name_or_path) + 1);
    return true;
}

/* ---- sections ---- */

static void complain_unknown_name(
    const struct json_value *at, const char *kind, const char *what, const char *name)
{
    char **names = files_names(kind);
    const char *nearest = names == NULL ? NULL : json_nearest(name, (const char *const *)names);

    if (nearest != NULL) {
        json_complain(at, "%s \"%s\" is not known; did you mean \"%s\"?", what, name, nearest);
    } else {
        json_complain(at, "%s \"%s\" is not known", what, name);
    }
    files_free_names(names);
}

/* False only when the MCU file itself is bad. */
static bool read_mcu(const struct json_value *root, struct board *board, struct error *err)
{
    const struct json_value *value = json_member(root, "mcu");
    char name[BOARD_NAME_BYTES] = "";
    char *path = NULL;
    bool good = true;

    if (value == NULL || !json_get_text(value, name, sizeof name)) {
        return true;
    }
    path = files_find(board->details->folder, "mcus", name);
    if (path == NULL) {
        complain_unknown_name(value, "mcus", "MCU", name);
    } else {
        good = mcu_load(path, &board->mcu, &board->details->mcu, err);
    }
    free(path);
    return good;
}

/* Four letters or digits; "0000" is what an ST-LINK without one says. */
static void read_stlink_id(const struct json_value *value, struct board *board)
{
    char id[BOARD_STLINK_ID_BYTES] = "";
    const char *text = json_get_string(value);

    if (text == NULL) {
        return;
    }
    if (strlen(text) != BOARD_STLINK_ID_BYTES - 1 || strcmp(text, "0000") == 0 ||
        strspn(text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") != BOARD_STLINK_ID_BYTES - 1) {
        json_complain(value,
            "expected the four digits or upper-case letters of an ST-LINK's board identifier "
            "(`xflash list` shows it), found \"%s\"",
            text);
        return;
    }
    memcpy(id, text, sizeof id);
    if (board_claims_stlink_id(board, id)) {
        json_complain(value, "\"%s\" stands here twice", id);
    } else if (board->stlink_id_count == BOARD_MAX_STLINK_IDS) {
        json_complain(value, "more than %d identifiers", BOARD_MAX_STLINK_IDS);
    } else {
        memcpy(board->stlink_ids[board->stlink_id_count++], id, sizeof id);
    }
}

static void read_stlink_ids(const struct json_value *list, struct board *board)
{
    if (list == NULL || !json_check_kind(list, JSON_ARRAY)) {
        return;
    }
    for (const struct json_value *at = json_first(list); at != NULL; at = json_next(at)) {
        read_stlink_id(at, board);
    }
}

static void read_debug(const struct json_value *debug, struct board *board)
{
    static const struct json_key keys[] = {
        {"connect", false}, {"max_khz", false}, {"stlink_board_ids", false}, {NULL, false}};
    static const char *const connects[] = {"auto", "attach", "halt", "under-reset", NULL};
    size_t connect = 0;

    board->debug_max_khz = 24000;
    if (debug != NULL && json_check_object(debug, keys)) {
        (void)json_take_choice(debug, "connect", connects, &connect);
        (void)json_take_u32(debug, "max_khz", 5, 100000, &board->debug_max_khz);
        read_stlink_ids(json_member(debug, "stlink_board_ids"), board);
    }
    (void)snprintf(board->connect, sizeof board->connect, "%s", connects[connect]);
}

static void read_power(const struct json_value *power, struct board *board)
{
    static const struct json_key keys[] = {{"supply", false}, {NULL, false}};
    struct board_details *details = board->details;
    const char *names[MCU_MAX_SUPPLIES + 2] = {"keep"};
    size_t choice = 0;

    for (size_t i = 0; i < details->mcu.supply_count; i++) {
        names[i + 1] = details->mcu.supplies[i].name;
    }
    if (power != NULL && json_check_object(power, keys)) {
        (void)json_take_choice(power, "supply", names, &choice);
    }
    details->supply = choice == 0 ? NULL : &details->mcu.supplies[choice - 1];
    (void)snprintf(details->supply_name, sizeof details->supply_name, "%s", names[choice]);
}

static void read_led(const struct json_value *value, struct board *board)
{
    static const struct json_key keys[] = {
        {"name", true}, {"pin", true}, {"active", true}, {NULL, false}};
    static const char *const levels[] = {"low", "high", NULL};
    struct board_led *led = &board->leds[board->led_count];
    const struct json_value *pin = json_member(value, "pin");
    char user[48];
    size_t level = 0;

    if (!json_check_object(value, keys)) {
        return;
    }
    (void)json_take_text(value, "name", led->name, sizeof led->name);
    (void)json_take_choice(value, "active", levels, &level);
    led->active_high = level == 1;
    (void)snprintf(user, sizeof user, "LED %s", led->name);
    board->details->leds[board->led_count] = board_use_pin(board, pin, user);
    if (board->details->leds[board->led_count] != NULL) {
        (void)json_get_text(pin, led->pin, sizeof led->pin);
        board->led_count++;
    }
}

static void read_leds(const struct json_value *list, struct board *board)
{
    if (list == NULL || !json_check_kind(list, JSON_ARRAY)) {
        return;
    }
    for (const struct json_value *at = json_first(list); at != NULL; at = json_next(at)) {
        if (board->led_count == BOARD_MAX_LEDS) {
            json_complain(at, "more than %d LEDs", BOARD_MAX_LEDS);
            return;
        }
        read_led(at, board);
    }
}

const struct mcu_pin *board_use_pin(
    struct board *board, const struct json_value *value, const char *user)
{
    struct board_details *details = board->details;
    const char *name = json_get_string(value);
    const struct mcu_pin *pin = name == NULL ? NULL : mcu_pin_find(&details->mcu, name);

    if (pin == NULL) {
        if (name != NULL && details->mcu.pin_count > 0) {
            json_complain(value, "\"%s\" is not a pin of %s", name, board->mcu.name);
        }
        return NULL;
    }
    for (size_t i = 0; i < details->used_count; i++) {
        if (details->used[i].pin == pin) {
            json_complain(value, "%s is already %s", name, details->used[i].user);
            return NULL;
        }
    }
    if (details->used_count < BOARD_MAX_USED_PINS) {
        details->used[details->used_count].pin = pin;
        (void)snprintf(
            details->used[details->used_count].user, sizeof details->used[0].user, "%s", user);
        details->used_count++;
    }
    return pin;
}

static bool read_board(const struct json_value *root, struct board *board, struct error *err)
{
    static const struct json_key keys[] = {{"board", true}, {"mcu", true}, {"debug", false},
        {"memories", true}, {"partitions", false}, {"boot", false}, {"power", false},
        {"leds", false}, {"$schema", false}, {NULL, false}};
    const struct json_value *memories = json_member(root, "memories");

    if (!json_check_object(root, keys) && json_kind_of(root) != JSON_OBJECT) {
        return true;
    }
    (void)json_take_text(root, "board", board->name, sizeof board->name);
    if (!read_mcu(root, board, err)) {
        return false;
    }
    read_debug(json_member(root, "debug"), board);
    read_power(json_member(root, "power"), board);
    err->code = ERROR_NONE;
    board_read_memories(memories, board, err);
    if (err->code != ERROR_NONE) {
        return false; /* a memory file is bad */
    }
    board_read_partitions(json_member(root, "partitions"), board);
    if (memories != NULL && json_kind_of(memories) == JSON_ARRAY && json_count(memories) == 0 &&
        board->partition_count > 0) {
        json_complain(json_member(root, "partitions"), "this board has no memory to divide");
    }
    board_read_boot(json_member(root, "boot"), board);
    read_leds(json_member(root, "leds"), board);
    return true;
}

/* ---- life ---- */

bool board_load(const char *name_or_path, struct log *log, struct board **out, struct error *err)
{
    struct board *board = calloc(1, sizeof *board);
    struct json *json = NULL;

    *out = NULL;
    if (board == NULL || (board->details = calloc(1, sizeof *board->details)) == NULL) {
        error_set(err, ERROR_INTERNAL, "out of memory");
        goto fail;
    }
    if (!find_file(name_or_path, &board->path, err)) {
        goto fail;
    }
    board->details->folder = files_directory_of(board->path);
    if (board->details->folder == NULL) {
        error_set(err, ERROR_INTERNAL, "out of memory");
        goto fail;
    }
    if (!json_load(board->path, ERROR_BOARD_BAD, &json, err) ||
        !read_board(json_root(json), board, err) || !json_finish(json, err)) {
        goto fail;
    }
    json_free(json);
    log_write(log, LOG_DEBUG, NULL, "board file %s", board->path);
    *out = board;
    return true;

fail:
    json_free(json);
    board_free(board);
    return false;
}

void board_free(struct board *board)
{
    if (board == NULL) {
        return;
    }
    if (board->details != NULL) {
        mcu_free(&board->mcu, &board->details->mcu);
        free(board->details->folder);
        free(board->details);
    }
    free(board->path);
    free(board);
}
