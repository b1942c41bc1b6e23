/* "stlink_board_ids": what a board file may claim, and who claims an identifier. */
#include "host/base/os.h"
#include "host/board/board.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEMPLATE XFLASH_SOURCE_DIR "/tests/data/boards/good.json"
#define FOLDER   XFLASH_BUILD_DIR "/tests/board-recognition"
#define HEAD     "{ \"board\": \"custom\","

/* The template with a "debug" section in its first line. */
static void write_board(const char *name, const char *debug, char path[512])
{
    uint8_t *bytes = NULL;
    size_t size_bytes = 0;
    struct error err = {0};
    char text[4096];

    cr_assert(os_read_file(TEMPLATE, 65536, ERROR_HOST_IO, &bytes, &size_bytes, &err));
    cr_assert_eq(strncmp((char *)bytes, HEAD, strlen(HEAD)), 0);
    (void)snprintf(text, sizeof text, HEAD " \"debug\": %s,%.*s", debug,
        (int)(size_bytes - strlen(HEAD)), (char *)bytes + strlen(HEAD));
    free(bytes);
    cr_assert(os_make_directories(FOLDER, &err), "%s", err.message);
    (void)snprintf(path, 512, FOLDER "/%s.json", name);
    cr_assert(os_write_file(path, text, strlen(text), &err), "%s", err.message);
}

static void refuse(const char *name, const char *ids, const char *expected)
{
    struct board *board = NULL;
    struct error err = {0};
    char debug[300];
    char path[512];

    (void)snprintf(debug, sizeof debug, "{ \"stlink_board_ids\": %s }", ids);
    write_board(name, debug, path);
    cr_assert_not(board_load(path, NULL, &board, &err), "%s was accepted", ids);
    cr_assert_eq(err.code, ERROR_BOARD_BAD);
    cr_assert_str_eq(err.message + strlen(path), expected, "%s", ids);
}

Test(board_recognition, reads_what_a_board_claims)
{
    struct board *board = NULL;
    struct error err = {0};
    char *text = NULL;
    char path[512];

    write_board("two", "{ \"max_khz\": 8000, \"stlink_board_ids\": [\"0842\", \"0A7Z\"] }", path);
    cr_assert(board_load(path, NULL, &board, &err), "%s", err.message);
    cr_assert_eq(board->stlink_id_count, 2);
    cr_assert(board_claims_stlink_id(board, "0842"));
    cr_assert(board_claims_stlink_id(board, "0A7Z"));
    cr_assert_not(board_claims_stlink_id(board, "0843"));
    cr_assert_not(board_claims_stlink_id(board, ""));
    cr_assert_eq(board->debug_max_khz, 8000);
    cr_assert(board_describe(board, &text, &err), "%s", err.message);
    cr_assert_not_null(strstr(text, "recognised by the ST-LINK identifier 0842, 0A7Z\n"));
    free(text);
    board_free(board);
}

Test(board_recognition, claims_nothing_unless_told)
{
    struct board *board = NULL;
    struct error err = {0};

    cr_assert(board_load(TEMPLATE, NULL, &board, &err), "%s", err.message);
    cr_assert_eq(board->stlink_id_count, 0);
    board_free(board);
}

Test(board_recognition, refuses_what_is_no_identifier)
{
    static const char wanted[] = "$.debug.stlink_board_ids[0]: expected the four digits or "
                                 "upper-case letters of an ST-LINK's board identifier (`xflash "
                                 "list` shows it), found ";
    static const char *const wrong[] = {"084", "08420", "08a2", "0000", "", "08 2"};
    char expected[300];
    size_t i = 0;

    for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char ids[32];

        (void)snprintf(ids, sizeof ids, "[\"%s\"]", wrong[i]);
        (void)snprintf(expected, sizeof expected, ":1:54: %s\"%s\"", wanted, wrong[i]);
        refuse("wrong", ids, expected);
    }
}

Test(board_recognition, refuses_other_kinds_twins_and_too_many)
{
    refuse(
        "text", "\"0842\"", ":1:53: $.debug.stlink_board_ids: expected an array, found a string");
    refuse(
        "number", "[842]", ":1:54: $.debug.stlink_board_ids[0]: expected a string, found a number");
    refuse("twice", "[\"0842\", \"0842\"]",
        ":1:62: $.debug.stlink_board_ids[1]: \"0842\" stands here twice");
    refuse("many",
        "[\"0001\",\"0002\",\"0003\",\"0004\",\"0005\",\"0006\",\"0007\",\"0008\",\"0009\"]",
        ":1:110: $.debug.stlink_board_ids[8]: more than 8 identifiers");
}

/* No identifier of a board in the source tree is known; a claim that nobody can vouch for would
 * choose pins by guessing. */
Test(board_recognition, finds_no_board_for_an_unknown_identifier)
{
    char **names = NULL;
    size_t count = 1;
    struct error err = {0};

    cr_assert(board_list_for_stlink_id("ZZZZ", &names, &count, &err), "%s", err.message);
    cr_assert_eq(count, 0);
    os_free_names(names, count);
}

Test(board_recognition, lint_accepts_a_claim_of_its_own)
{
    struct board *board = NULL;
    struct error err = {0};
    char path[512];

    write_board("own", "{ \"stlink_board_ids\": [\"0A7Z\"] }", path);
    cr_assert(board_load(path, NULL, &board, &err), "%s", err.message);
    cr_assert(board_lint(board, NULL, &err), "%s", err.message);
    board_free(board);
}
