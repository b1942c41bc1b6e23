/* Every file of tests/data/boards is wrong in one way (several-mistakes: in several). The whole
 * message is compared, with "FILE" for its path. */
#include "host/board/board.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER XFLASH_SOURCE_DIR "/tests/data/boards/"

struct bad_file {
    char name[40];
    char message[640];
};

/* message with every occurrence of path replaced by FILE */
static void shorten(const char *message, const char *path, char *out, size_t capacity)
{
    size_t used = 0;

    while (*message != '\0' && used + 5 < capacity) {
        if (strncmp(message, path, strlen(path)) == 0) {
            memcpy(out + used, "FILE", 4);
            used += 4;
            message += strlen(path);
        } else {
            out[used++] = *message++;
        }
    }
    out[used] = '\0';
}

ParameterizedTestParameters(board_file, names_every_mistake_with_place_and_remedy)
{
    static struct bad_file files[] = {
        {"bad-size-text", "FILE:5:76: $.partitions[0].size: expected a number such as 4096, "
                          "\"0x1000\", \"64K\" or \"4M\", found \"4MB\""},
        {"bad-utf8", "FILE:1:17: byte 0xFF is not valid UTF-8"},
        {"boot-entry-unknown", "FILE:6:22: $.boot.entry: expected \"app\", found \"ap\""},
        {"byte-order-mark",
            "FILE:1:1: the file starts with a byte order mark: save it as plain UTF-8"},
        {"cut-off", "FILE:4:7: the string that starts here has no end"},
        {"deep-nesting", "FILE:1:75: nested deeper than 64 levels"},
        {"duplicate-key",
            "FILE:4:72: $.memories[0].supply_mv: duplicate key; the first is in line 4"},
        {"empty", "FILE:1:1: expected a value, found the end of the file"},
        {"fraction",
            "FILE:4:66: $.memories[0].supply_mv: expected a number from 1000 to 5500, found 1.8"},
        {"infinite-number", "FILE:6:58: the number 1e400 is out of range"},
        {"led-on-memory-pin", "FILE:7:37: $.leds[0].pin: PN6 is already CLK of flash"},
        {"mcu-unknown",
            "FILE:1:29: $.mcu: MCU \"STM32H7S3L9\" is not known; did you mean \"STM32H7S3L8\"?"},
        {"misspelt-key",
            "FILE:2:51: $.memories[0].controler: unknown key; did you mean \"controller\"?"},
        {"mode-not-wired",
            "FILE:4:41: $.memories[0].run_bus: 8D-8D-8D needs more data lines than are wired"},
        {"mode-unknown", "FILE:4:41: $.memories[0].run_bus: expected \"auto\", \"1S-1S-1S\", "
                         "\"8S-8S-8S\" or \"8D-8D-8D\", found \"8D8D8D\""},
        {"negative", "FILE:5:65: $.partitions[0].offset: expected a number from 0 to 4294967295, "
                     "found -4096"},
        {"no-room-for-record", "FILE:6:22: $.boot.entry: no room for an image: the boot record "
                               "takes the last 4096 bytes of \"app\""},
        {"no-strobe", "FILE:4:41: $.memories[0].run_bus: 8D-8D-8D needs the DQS pin"},
        {"not-an-object", "FILE:1:1: $: expected an object, found an array"},
        {"number-too-large", "FILE:6:58: $.boot.run_khz: expected a number from 100 to 1000000, "
                             "found 1.84467440737096e+19"},
        {"part-unknown", "FILE:2:82: $.memories[0].part: memory part \"MX25UW25645\" is not known; "
                         "did you mean \"MX25UW25645G\"?"},
        {"partition-name-taken", "FILE:5:29: $.partitions[0].name: the name \"flash\" is taken"},
        {"partition-overlap", "FILE:5:84: $.partitions[1]: overlaps the partition \"app\""},
        {"partition-past-end", "FILE:5:19: $.partitions[0]: offset 0x0 and size 0x2100000 run past "
                               "the end of \"flash\" at 0x2000000"},
        {"partition-unaligned", "FILE:5:19: $.partitions[0]: offset and size must be multiples of "
                                "the erase unit of 4096 bytes"},
        {"pin-on-other-port", "FILE:3:95: $.memories[0].pins.IO3: PP3 cannot be IO3 of XSPI2 on "
                              "its port P2: it has P1_IO3; PN5 can"},
        {"pin-twice", "FILE:3:95: $.memories[0].pins.IO3: PN4 is already IO2 of flash"},
        {"pin-unknown", "FILE:3:95: $.memories[0].pins.IO3: \"PZ5\" is not a pin of STM32H7S3L8"},
        {"pin-without-function", "FILE:3:95: $.memories[0].pins.IO3: PN7 cannot be IO3 of XSPI2 on "
                                 "its port P2: it has P2_NCLK; PN5 can"},
        {"pins-missing", "FILE:3:15: $.memories[0].pins: the key \"NCS\" is missing\n"
                         "FILE:3:15: $.memories[0].pins: the key \"IO1\" is missing"},
        {"several-mistakes",
            "FILE:2:44: $.memories[0].kind: expected \"nor\" or \"psram\", found \"nand\"\n"
            "FILE:2:52: $.memories[0].controler: unknown key; did you mean \"controller\"?\n"
            "FILE:5:65: $.partitions[0].offset: expected a number such as 4096, \"0x1000\", "
            "\"64K\" or \"4M\", found \"x\"\n"
            "FILE:7:55: $.leds[0].active: expected a string, found a number"},
        {"trailing-comma", "FILE:7:61: comma before the closing bracket"},
        {"wrong-type", "FILE:5:65: $.partitions[0].offset: expected a number, found true or false"},
    };

    return cr_make_param_array(struct bad_file, files, sizeof files / sizeof files[0]);
}

ParameterizedTest(struct bad_file *file, board_file, names_every_mistake_with_place_and_remedy)
{
    char path[512];
    char message[4096];
    struct board *board = NULL;
    struct error err = {0};

    (void)snprintf(path, sizeof path, FOLDER "%s.json", file->name);
    cr_assert_not(board_load(path, NULL, &board, &err), "%s was accepted", file->name);
    shorten(err.message, path, message, sizeof message);
    cr_assert_null(board);
    cr_assert_eq(err.code, ERROR_BOARD_BAD, "%s: %s", file->name, err.message);
    cr_assert_str_eq(message, file->message, "%s", file->name);
}

Test(board_file, loads_the_example_of_the_contract)
{
    struct board *board = NULL;
    struct error err = {0};

    cr_assert(board_load("nucleo-h7s3l8", NULL, &board, &err), "%s", err.message);
    cr_assert_str_eq(board->name, "nucleo-h7s3l8");
    cr_assert_str_eq(board->mcu.name, "STM32H7S3L8");
    cr_assert_eq(board->mcu.dev_id, 0x485);
    cr_assert_eq(board->mcu.core_ap, 1);
    cr_assert_eq(board->mcu.debug_ap, 0);
    cr_assert_eq(board->mcu.flash.size_bytes, 65536);
    cr_assert_eq(board->mcu.flash.sector_bytes, 8192);
    cr_assert_eq(board->mcu.flash.granule_bytes, 16);
    cr_assert_eq(board->mcu.stub_ram.addr, 0x20000000);
    cr_assert_eq(board->mcu.ring_ram.addr, 0x24020000);
    cr_assert_eq(board->memory_count, 1);
    cr_assert_eq(board->memories[0].window_addr, 0x70000000);
    cr_assert_eq(board->memories[0].part.size_bytes, 32u << 20);
    cr_assert_eq(board->memories[0].run_khz_wanted, 64000);
    cr_assert_eq(board->partition_count, 1);
    cr_assert_eq(board->partitions[0].size_bytes, 4u << 20);
    cr_assert_eq(board->boot_kind, BOARD_BOOT_XFLASH);
    cr_assert(board->boot_check_crc);
    cr_assert_str_eq(board->leds[0].pin, "PD10");
    cr_assert(board->leds[0].active_high);
    cr_assert_str_eq(board->connect, "auto");
    cr_assert_eq(board->debug_max_khz, 24000);
    board_free(board);
}

Test(board_file, loads_from_any_folder)
{
    struct board *board = NULL;
    struct error err = {0};

    cr_assert(board_load(FOLDER "good.json", NULL, &board, &err), "%s", err.message);
    cr_assert_str_eq(board->name, "custom");
    board_free(board);
}

Test(board_file, proposes_the_nearest_name_for_an_unknown_board)
{
    struct board *board = NULL;
    struct error err = {0};

    cr_assert_not(board_load("nucleo-h7s3l9", NULL, &board, &err));
    cr_assert_eq(err.code, ERROR_BOARD_UNKNOWN);
    cr_assert_str_eq(err.message, "no board is called \"nucleo-h7s3l9\"");
    cr_assert_str_eq(err.hint, "did you mean \"nucleo-h7s3l8\"? `xflash board list` shows all");
}

Test(board_file, says_that_a_file_is_missing)
{
    struct board *board = NULL;
    struct error err = {0};

    cr_assert_not(board_load("./no-such.json", NULL, &board, &err));
    cr_assert_eq(err.code, ERROR_BOARD_UNKNOWN);
    cr_assert_str_eq(err.message, "there is no board file ./no-such.json");
}

Test(board_file, never_leaves_the_board_folder_for_a_name)
{
    struct board *board = NULL;
    struct error err = {0};

    cr_assert_not(board_load("..", NULL, &board, &err));
    cr_assert_eq(err.code, ERROR_BOARD_UNKNOWN);
}

Test(board_file, lists_boards_by_mcu)
{
    char **names = NULL;
    size_t count = 0;
    struct error err = {0};

    cr_assert(board_list_for_dev_id(0x485, &names, &count, &err));
    cr_assert_geq(count, 1);
    cr_assert_str_eq(names[0], "nucleo-h7s3l8");
    for (size_t i = 0; i < count; i++) {
        free(names[i]);
    }
    free(names);
    cr_assert(board_list_for_dev_id(0x123, &names, &count, &err));
    cr_assert_eq(count, 0);
    free(names);
}

Test(board_file, puts_the_boot_record_into_the_last_erase_unit_of_the_partition)
{
    struct board *board = NULL;
    struct error err = {0};
    uint32_t offset = 0;
    uint32_t unit_bytes = 0;

    cr_assert(board_load("nucleo-h7s3l8", NULL, &board, &err));
    cr_assert(board_boot_record_place(board, &offset, &unit_bytes, &err));
    cr_assert_eq(offset, 0x3FF000);
    cr_assert_eq(unit_bytes, 4096);
    board_free(board);
}

Test(board_file, loads_every_board_of_the_source_tree_and_makes_its_blob)
{
    char **names = NULL;
    size_t count = 0;
    struct error err = {0};

    cr_assert(board_list(&names, &count, &err));
    cr_assert_geq(count, 1);
    for (size_t i = 0; i < count; i++) {
        struct board *board = NULL;
        uint8_t blob[ABI_BLOB_MAX_BYTES];
        size_t size_bytes = 0;

        cr_assert(board_load(names[i], NULL, &board, &err), "%s", err.message);
        cr_assert_str_eq(board->name, names[i], "the file is called as the board");
        for (size_t k = 0; k < board->memory_count; k++) {
            cr_assert(board_blob_make(board, k, 0, NULL, blob, sizeof blob, &size_bytes, &err),
                "%s", err.message);
        }
        cr_assert(board_lint(board, NULL, &err), "%s", err.message);
        board_free(board);
        free(names[i]);
    }
    free(names);
}
