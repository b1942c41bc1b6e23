/* How an MCU is connected to, as its file says it, and boards without a memory. */
#include "host/base/os.h"
#include "host/board/board.h"
#include "host/board/mcu.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MCUS XFLASH_SOURCE_DIR "/boards/mcus/"

static struct board *load_or_fail(const char *path)
{
    struct board *board = NULL;
    struct error err;

    cr_assert(board_load(path, NULL, &board, &err), "%s", err.message);
    return board;
}

Test(mcu, a_core_on_access_port_0_has_its_debug_bus_on_2)
{
    struct board *board = load_or_fail(XFLASH_SOURCE_DIR "/boards/h750-bare.json");
    const struct board_mcu *mcu = &board->mcu;

    cr_assert_str_eq(mcu->name, "STM32H750VB");
    cr_assert_eq(mcu->dev_id, 0x450);
    cr_assert_eq(mcu->core_ap, 0);
    cr_assert_eq(mcu->debug_ap, 2);
    cr_assert(mcu->catches_reset);
    cr_assert_not(mcu->has_ap_status);
    cr_assert_eq(mcu->uid_addr, 0x1FF1E800);
    cr_assert_eq(mcu->flash_size_addr, 0x1FF1E880);
    cr_assert_eq(mcu->dbgmcu_place_count, 1);
    cr_assert_eq(mcu->dbgmcu_places[0], 0xE00E1000);
    cr_assert_eq(mcu->debug_wake.count, 1);
    cr_assert_eq(mcu->debug_wake.steps[0].kind, ABI_REG_MODIFY);
    cr_assert_eq(mcu->debug_wake.steps[0].addr, 0x5C001004);
    cr_assert_eq(mcu->debug_wake.steps[0].mask, 0x00600007);
    cr_assert_eq(mcu->debug_wake.steps[0].value, 0x00600007);
    cr_assert_eq(mcu->ring_ram.addr, 0x24000000);
    cr_assert_geq(mcu->ring_ram.size_bytes, 256 * 1024);
    cr_assert_eq(mcu->flash.sector_bytes, 128 * 1024);
    cr_assert_eq(mcu->flash.granule_bytes, 32);
    board_free(board);
}

Test(mcu, what_debug_setup_sets_debug_clear_clears)
{
    static const char *const boards[] = {"h750-bare", "nucleo-h7s3l8"};

    for (size_t i = 0; i < 2; i++) {
        char path[512];
        struct board *board = NULL;

        (void)snprintf(path, sizeof path, "%s/boards/%s.json", XFLASH_SOURCE_DIR, boards[i]);
        board = load_or_fail(path);
        cr_assert_eq(board->mcu.debug_setup.count, board->mcu.debug_clear.count, "%s", boards[i]);
        for (size_t k = 0; k < board->mcu.debug_setup.count; k++) {
            const struct abi_reg_step *set = &board->mcu.debug_setup.steps[k];
            const struct abi_reg_step *clear =
                &board->mcu.debug_clear.steps[board->mcu.debug_clear.count - 1 - k];

            cr_assert_eq(set->addr, clear->addr, "%s, step %zu", boards[i], k);
            cr_assert_eq(set->mask, clear->mask, "%s, step %zu", boards[i], k);
            cr_assert_eq(clear->value, 0, "%s, step %zu", boards[i], k);
        }
        board_free(board);
    }
}

Test(mcu, a_core_behind_a_boot_rom_is_not_caught_at_reset)
{
    struct board *board = load_or_fail(XFLASH_SOURCE_DIR "/boards/nucleo-h7s3l8.json");

    cr_assert_eq(board->mcu.core_ap, 1);
    cr_assert_eq(board->mcu.debug_ap, 0);
    cr_assert(board->mcu.has_ap_status);
    cr_assert_not(board->mcu.catches_reset);
    cr_assert_eq(board->mcu.dbgmcu_place_count, 3);
    board_free(board);
}

Test(mcu, a_board_without_a_memory_can_be_shown_and_checked)
{
    struct board *board = load_or_fail(XFLASH_SOURCE_DIR "/boards/h750-bare.json");
    struct error err;
    char *text = NULL;

    cr_assert_eq(board->memory_count, 0);
    cr_assert(board_lint(board, NULL, &err), "%s", err.message);
    cr_assert(board_describe(board, &text, &err), "%s", err.message);
    cr_assert_not_null(strstr(text, "no external memory"), "%s", text);
    free(text);
    board_free(board);
}

Test(mcu, a_board_without_a_memory_has_no_partitions)
{
    static const char text[] =
        "{ \"board\": \"bare\", \"mcu\": \"STM32H750VB\", \"memories\": [],\n"
        "  \"partitions\": [ { \"name\": \"app\", \"memory\": \"flash\", "
        "\"offset\": 0, \"size\": \"4M\" } ] }\n";
    static const char path[] = XFLASH_BUILD_DIR "/test_mcu_bare.json";
    struct board *board = NULL;
    struct error err = {0};

    cr_assert(os_write_file(path, text, strlen(text), &err), "%s", err.message);
    cr_assert_not(board_load(path, NULL, &board, &err));
    cr_assert_eq(err.code, ERROR_BOARD_BAD);
    cr_assert_not_null(
        strstr(err.message, ":2:17: $.partitions: this board has no memory to divide"), "%s",
        err.message);
}

/* ---- mistakes ---- */

/* Replaces the first `old` of the file by `new` and loads the result; the message, or "". */
static void load_changed(const char *old, const char *new, char *message, size_t capacity)
{
    char path[512]; /* tests run beside each other */
    struct board_mcu facts;
    struct mcu mcu;
    struct error err = {0};
    uint8_t *bytes = NULL;
    size_t size_bytes = 0;
    char *at = NULL;
    struct os_output *output = NULL;

    (void)snprintf(path, sizeof path, "%s/test_mcu_%u.json", XFLASH_BUILD_DIR, os_process_id());
    cr_assert(
        os_read_file(MCUS "STM32H750VB.json", 1 << 20, ERROR_BOARD_BAD, &bytes, &size_bytes, &err));
    at = strstr((char *)bytes, old);
    cr_assert_not_null(at, "%s", old);
    cr_assert(os_output_open(path, &output, &err));
    cr_assert(os_output_write(output, bytes, (size_t)(at - (char *)bytes), &err));
    cr_assert(os_output_write(output, new, strlen(new), &err));
    at += strlen(old);
    cr_assert(os_output_write(output, at, size_bytes - (size_t)(at - (char *)bytes), &err));
    cr_assert(os_output_commit(output, &err), "%s", err.message);
    free(bytes);
    message[0] = '\0';
    if (!mcu_load(path, &facts, &mcu, &err)) {
        const char *text = strchr(err.message, '$');

        (void)snprintf(message, capacity, "%.200s", text != NULL ? text : err.message);
    }
    mcu_free(&facts, &mcu);
    cr_assert(os_remove_file(path));
}

Test(mcu, says_where_a_core_can_be_halted)
{
    char message[256];

    load_changed("\"halt_at\": \"reset\"", "\"halt_at\": \"vector\"", message, sizeof message);
    cr_assert_str_eq(
        message, "$.debug.halt_at: expected \"program\" or \"reset\", found \"vector\"");
}

Test(mcu, wakes_only_through_an_access_port_that_is_named)
{
    char message[256];

    load_changed("\"debug_ap\": 2,", "", message, sizeof message);
    cr_assert_str_eq(message,
        "$.debug_wake: needs $.debug.debug_ap and $.debug.dbgmcu_at: what it goes through");
}

Test(mcu, wakes_only_by_fields_that_can_be_cleared_again)
{
    char message[256];

    load_changed("\"set\": \"DBGMCU_CR[0,1,2,21,22]\", \"to\": \"all\"",
        "\"set\": \"DBGMCU_CR\", \"to\": 7", message, sizeof message);
    cr_assert_str_eq(message, "$.debug_wake: takes only steps that set fields of registers");
}

Test(mcu, a_file_that_is_right_has_no_message)
{
    char message[256];

    load_changed("\"halt_at\": \"reset\"", "\"halt_at\": \"program\"", message, sizeof message);
    cr_assert_str_eq(message, "");
}
