/* The optional keys of a board file, each against what it changes in the blob or the part. Files
 * are made from a template by replacing pieces of it. */
#include "host/base/os.h"
#include "host/board/blob_parts.h"
#include "host/board/board.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEMPLATE XFLASH_SOURCE_DIR "/tests/data/boards/good.json"
#define FOLDER   XFLASH_BUILD_DIR "/tests/board-options"

struct edit {
    const char *from;
    const char *to;
};

static char *replaced(const char *text, const struct edit *edit)
{
    const char *at = strstr(text, edit->from);
    size_t capacity = strlen(text) + strlen(edit->to) + 1;
    char *out = malloc(capacity);

    cr_assert_not_null(at, "the template has no %s", edit->from);
    cr_assert_not_null(out);
    (void)snprintf(
        out, capacity, "%.*s%s%s", (int)(at - text), text, edit->to, at + strlen(edit->from));
    return out;
}

/* The path of the edited file; name keeps tests that run side by side apart. */
static void write_board(const char *name, const struct edit *edits, size_t count, char path[512])
{
    uint8_t *bytes = NULL;
    size_t size_bytes = 0;
    struct error err = {0};
    char *text = NULL;

    cr_assert(os_read_file(TEMPLATE, 65536, ERROR_HOST_IO, &bytes, &size_bytes, &err));
    text = calloc(1, size_bytes + 1);
    cr_assert_not_null(text);
    memcpy(text, bytes, size_bytes);
    free(bytes);
    for (size_t i = 0; i < count; i++) {
        char *next = replaced(text, &edits[i]);

        free(text);
        text = next;
    }
    (void)snprintf(path, 512, FOLDER "/%s", name);
    cr_assert(os_make_directories(path, &err), "%s", err.message);
    (void)snprintf(path, 512, FOLDER "/%s/board.json", name);
    cr_assert(os_write_file(path, text, strlen(text), &err), "%s", err.message);
    free(text);
}

static struct board *load(const char *name, const struct edit *edits, size_t count)
{
    char path[512];
    struct board *board = NULL;
    struct error err = {0};

    write_board(name, edits, count, path);
    cr_assert(board_load(path, NULL, &board, &err), "%s", err.message);
    return board;
}

struct blob_view {
    uint8_t bytes[ABI_BLOB_MAX_BYTES];
    struct abi_blob blob;
};

static void make(const struct board *board, size_t memory_index, struct blob_view *view)
{
    size_t size_bytes = 0;
    struct error err = {0};

    cr_assert(board_blob_make(
                  board, memory_index, 0, NULL, view->bytes, sizeof view->bytes, &size_bytes, &err),
        "%s", err.message);
    memcpy(&view->blob, view->bytes, sizeof view->blob);
}

static bool has_step(const struct blob_view *view, const struct abi_blob_section *section,
    uint8_t kind, uint32_t addr, uint32_t mask, uint32_t value)
{
    for (size_t i = 0; i < section->count; i++) {
        struct abi_reg_step step;

        memcpy(&step, view->bytes + section->offset + i * sizeof step, sizeof step);
        if (step.kind == kind && step.addr == addr && step.mask == mask && step.value == value) {
            return true;
        }
    }
    return false;
}

static struct abi_memory memory_of(const struct blob_view *view)
{
    struct abi_memory memory;

    memcpy(&memory, view->bytes + view->blob.memory.offset, sizeof memory);
    return memory;
}

static struct abi_ctrl_setup ctrl_of(const struct blob_view *view, enum abi_ctrl_index index)
{
    struct abi_ctrl_setup ctrl;

    memcpy(&ctrl, view->bytes + view->blob.ctrl.offset + (size_t)index * sizeof ctrl, sizeof ctrl);
    return ctrl;
}

#define MEMORY_KEY "\"supply_mv\": 1800"

Test(board_options, overrides_opcodes_dummies_clocks_and_times)
{
    static const struct edit edits[] = {
        {MEMORY_KEY, MEMORY_KEY ", \"overrides\": { \"max_khz\": 40000, \"sample_shift\": false,"
                                " \"modes\": { \"8D-8D-8D\": { \"read\": { \"dummy\": 16 },"
                                " \"program\": { \"opcode\": \"8E71\" } } },"
                                " \"times\": { \"program_max_us\": 9000, \"reset_max_us\": 250000,"
                                " \"erase_max_us\": { \"64K\": 7000000 } } }"}};
    struct board *board = load("overrides", edits, 1);
    struct blob_view view;
    struct abi_memory memory;
    struct abi_bus_step step;
    bool waits_long = false;

    make(board, 0, &view);
    memory = memory_of(&view);
    cr_assert_eq(memory.read.dummy_cycles, 16);
    cr_assert_eq(memory.program.opcode, 0x8E71);
    cr_assert_eq(memory.program_max_us, 9000);
    cr_assert_eq(memory.erase[0].max_us, 500000);
    cr_assert_eq(memory.erase[1].max_us, 7000000);
    cr_assert_eq(memory.reset_max_us, 250000);
    for (size_t i = 0; i < view.blob.recover.count; i++) {
        memcpy(&step, view.bytes + view.blob.recover.offset + i * sizeof step, sizeof step);
        waits_long = waits_long || (step.kind == ABI_STEP_WAIT && step.timeout_us == 250000);
    }
    cr_assert(waits_long);
    cr_assert_eq(ctrl_of(&view, ABI_CTRL_RUN).bus_hz, 40000000);
    cr_assert_eq(ctrl_of(&view, ABI_CTRL_DETECT).flags, 0, "no sample shift");
    board_free(board);
}

Test(board_options, refuses_an_override_of_a_mode_that_the_part_lacks)
{
    static const struct edit edits[] = {{MEMORY_KEY,
        MEMORY_KEY ", \"overrides\": { \"modes\": { \"4S-4S-4S\": { \"max_khz\": 1000 } } }"}};
    char path[512];
    struct board *board = NULL;
    struct error err = {0};

    write_board("override-mode", edits, 1, path);
    cr_assert_not(board_load(path, NULL, &board, &err));
    cr_assert_not_null(strstr(
        err.message, ":4:85: $.memories[0].overrides: MX25UW25645G has no mode \"4S-4S-4S\""));
}

Test(board_options, drives_pins_before_the_memory_is_touched)
{
    static const struct edit edits[] = {{MEMORY_KEY,
        MEMORY_KEY ", \"gpio\": [ { \"pin\": \"PE3\", \"drive\": \"high\", \"wait_us\": 5000 },"
                   " { \"pin\": \"PE4\", \"drive\": \"low\" },"
                   " { \"pin\": \"PE4\", \"drive\": \"high\" },"
                   " { \"pin\": \"PF0\", \"drive\": \"float\" } ]"}};
    struct board *board = load("gpio", edits, 1);
    struct blob_view view;
    const struct abi_blob_section *regs = NULL;

    make(board, 0, &view);
    regs = &view.blob.program_regs;
    cr_assert(has_step(&view, regs, ABI_REG_MODIFY, 0x58024540, 1U << 4, 1U << 4), "GPIOEEN");
    cr_assert(has_step(&view, regs, ABI_REG_MODIFY, 0x58024540, 1U << 5, 1U << 5), "GPIOFEN");
    cr_assert(has_step(&view, regs, ABI_REG_WRITE, 0x58021018, UINT32_MAX, 1U << 3), "PE3 high");
    cr_assert(has_step(&view, regs, ABI_REG_MODIFY, 0x58021000, 0xC0, 0x40), "PE3 output");
    cr_assert(has_step(&view, regs, ABI_REG_DELAY, 0, 0, 0), "wait");
    cr_assert(has_step(&view, regs, ABI_REG_WRITE, 0x58021018, UINT32_MAX, 1U << 20), "PE4 low");
    cr_assert(has_step(&view, regs, ABI_REG_WRITE, 0x58021018, UINT32_MAX, 1U << 4), "PE4 high");
    cr_assert(has_step(&view, regs, ABI_REG_MODIFY, 0x58021400, 0x3, 0), "PF0 input");
    board_free(board);
}

Test(board_options, obeys_quirks)
{
    static const struct edit edits[] = {
        {MEMORY_KEY, MEMORY_KEY ", \"quirks\": [ \"pull-up-data\", \"no-release\" ]"}};
    struct board *board = load("quirks", edits, 1);
    struct blob_view view;

    make(board, 0, &view);
    /* pull-ups on IO0 to IO7 (PN2 to PN5, PN8 to PN11) and NCS (PN1), not on CLK and DQS */
    cr_assert(has_step(
        &view, &view.blob.program_regs, ABI_REG_MODIFY, 0x5802340C, 0x00FF3FFF, 0x00550554));
    for (size_t i = 0; i < view.blob.recover.count; i++) {
        struct abi_bus_step step;

        memcpy(&step, view.bytes + view.blob.recover.offset + i * sizeof step, sizeof step);
        cr_assert(step.op.opcode != 0xAB && step.op.opcode != 0xAB54);
    }
    board_free(board);
}

Test(board_options, sets_the_supply_only_when_asked)
{
    static const struct edit edits[] = {
        {"\"leds\"", "\"power\": { \"supply\": \"ldo\" }, \"leds\""}};
    struct board *board = load("supply", edits, 1);
    struct blob_view view;

    make(board, 0, &view);
    cr_assert(has_step(&view, &view.blob.program_regs, ABI_REG_MODIFY, 0x5802480C, 0x1F, 0x02),
        "LDOEN alone");
    cr_assert(has_step(&view, &view.blob.program_regs, ABI_REG_WAIT, 0x58024804, 2, 2));
    board_free(board);
}

Test(board_options, uses_a_narrow_bus_where_only_that_is_wired)
{
    static const struct edit edits[] = {
        {",\"IO2\":\"PN4\",\"IO3\":\"PN5\",\"IO4\":\"PN8\",\"IO5\":\"PN9\",\"IO6\":\"PN10\","
         "\"IO7\":\"PN11\"",
            ""},
        {"\"8D-8D-8D\"", "\"auto\""},
    };
    struct board *board = load("narrow", edits, 2);
    struct blob_view view;
    struct abi_memory memory;

    make(board, 0, &view);
    memory = memory_of(&view);
    cr_assert_eq(memory.read.opcode, 0x0C);
    cr_assert_eq(memory.read.data_bus, 1);
    cr_assert_eq(memory.flags, ABI_MEMORY_HAS_FAIL);
    cr_assert_eq(memory.run_read.opcode, 0x0C);
    cr_assert_eq(ctrl_of(&view, ABI_CTRL_PROGRAM).flags, ABI_CTRL_SAMPLE_SHIFT);
    cr_assert_eq(view.blob.recover.count, 7, "AB, wait, 66, 99, two waits behind the set-up");
    /* PN0 to PN3, PN6: not octal, so not the highest speed */
    cr_assert(has_step(
        &view, &view.blob.program_regs, ABI_REG_MODIFY, 0x58023408, 0x000030FF, 0x000020AA));
    board_free(board);
}

Test(board_options, takes_the_second_select_and_the_other_port)
{
    static const struct edit edits[] = {{"\"NCS\":\"PN1\"", "\"NCS\":\"PN12\""}};
    struct board *board = load("second-select", edits, 1);
    struct blob_view view;

    make(board, 0, &view);
    cr_assert_eq(ctrl_of(&view, ABI_CTRL_DETECT).flags, ABI_CTRL_SAMPLE_SHIFT | ABI_CTRL_CS_2);
    board_free(board);
}

Test(board_options, routes_a_controller_to_the_other_port)
{
    static const struct edit edits[] = {
        {"\"CLK\":\"PN6\",\"NCS\":\"PN1\",\"DQS\":\"PN0\",\"IO0\":\"PN2\",\"IO1\":\"PN3\","
         "\"IO2\":\"PN4\",\"IO3\":\"PN5\",\"IO4\":\"PN8\",\"IO5\":\"PN9\",\"IO6\":\"PN10\","
         "\"IO7\":\"PN11\"",
            "\"CLK\":\"PO4\",\"NCS\":\"PO0\",\"DQS\":\"PO2\",\"IO0\":\"PP0\",\"IO1\":\"PP1\","
            "\"IO2\":\"PP2\",\"IO3\":\"PP3\",\"IO4\":\"PP4\",\"IO5\":\"PP5\",\"IO6\":\"PP6\","
            "\"IO7\":\"PP7\""}};
    struct board *board = load("other-port", edits, 1);
    struct blob_view view;
    const struct abi_blob_section *regs = NULL;

    make(board, 0, &view);
    regs = &view.blob.program_regs;
    cr_assert(has_step(&view, regs, ABI_REG_WRITE, 0x5200B400, UINT32_MAX, 2), "XSPIM_CR.MODE");
    cr_assert(has_step(&view, regs, ABI_REG_MODIFY, 0x5802480C, 1U << 14, 1U << 14), "EN_XSPIM1");
    cr_assert_not(has_step(&view, regs, ABI_REG_MODIFY, 0x5802480C, 1U << 15, 1U << 15));
    cr_assert(has_step(&view, regs, ABI_REG_MODIFY, 0x58023C20, UINT32_MAX, 0x99999999), "PP AFRL");
    board_free(board);
}

Test(board_options, leaves_out_record_and_boot_where_the_board_has_its_own)
{
    static const struct edit edits[] = {
        {"\"entry\": \"app\", \"check\": \"crc32\"", "\"kind\": \"own\""}};
    struct board *board = load("own-boot", edits, 1);
    struct blob_view view;
    struct error err = {0};
    uint32_t offset = 0;
    uint32_t unit_bytes = 0;

    make(board, 0, &view);
    cr_assert_eq(board->boot_kind, BOARD_BOOT_OWN);
    cr_assert_eq(view.blob.boot.count, 0);
    cr_assert_not(board_boot_record_place(board, &offset, &unit_bytes, &err));
    cr_assert_str_eq(err.message, "board \"custom\" has no boot record");
    board_free(board);
}

Test(board_options, needs_no_record_without_a_check)
{
    static const struct edit edits[] = {
        {"\"crc32\"", "\"none\", \"caches\": true"}, {"\"offset\": 0", "\"offset\": \"1M\""}};
    struct board *board = load("unchecked", edits, 2);
    struct blob_view view;
    struct abi_boot_config boot;

    make(board, 0, &view);
    memcpy(&boot, view.bytes + view.blob.boot.offset, sizeof boot);
    cr_assert_eq(boot.flags, ABI_BOOT_CACHES | ABI_BOOT_MPU_OFF);
    cr_assert_eq(boot.record_addr, 0);
    cr_assert_eq(boot.entry_addr, 0x70100000);
    cr_assert_lt(boot.boot_max_ms, 1000, "no CRC to wait for");
    board_free(board);
}

Test(board_options, finds_a_part_beside_the_board_file)
{
    static const struct edit edits[] = {{"MX25UW25645G", "MY-PART"}};
    char *own = NULL;
    uint8_t *bytes = NULL;
    size_t size_bytes = 0;
    char path[512];
    struct board *board = NULL;
    struct error err = {0};
    struct edit rename = {"\"MX25UW25645G\"", "\"MY-PART\""};

    cr_assert(os_read_file(XFLASH_SOURCE_DIR "/boards/memories/MX25UW25645G.json", 65536,
        ERROR_HOST_IO, &bytes, &size_bytes, &err));
    bytes = realloc(bytes, size_bytes + 1);
    cr_assert_not_null(bytes);
    bytes[size_bytes] = '\0';
    own = replaced((const char *)bytes, &rename);
    write_board("own-part", edits, 1, path);
    cr_assert(os_make_directories(FOLDER "/own-part/memories", &err));
    cr_assert(os_write_file(FOLDER "/own-part/memories/MY-PART.json", own, strlen(own), &err));
    cr_assert(board_load(path, NULL, &board, &err), "%s", err.message);
    cr_assert_str_eq(board->memories[0].part.name, "MY-PART");
    board_free(board);
    free(own);
    free(bytes);
}

Test(board_options, says_which_file_is_wrong_when_it_is_the_part)
{
    static const struct edit edits[] = {{"MX25UW25645G", "BAD-PART"}};
    char path[512];
    struct board *board = NULL;
    struct error err = {0};

    write_board("bad-part", edits, 1, path);
    cr_assert(os_make_directories(FOLDER "/bad-part/memories", &err));
    cr_assert(
        os_write_file(FOLDER "/bad-part/memories/BAD-PART.json", "{ \"part\": 7 }\n", 14, &err));
    cr_assert_not(board_load(path, NULL, &board, &err));
    cr_assert_eq(err.code, ERROR_BOARD_BAD);
    cr_assert_not_null(
        strstr(err.message, "/bad-part/memories/BAD-PART.json:1:1: $: the key \"id\" is missing"));
    cr_assert_not_null(strstr(err.message, "BAD-PART.json:1:11: $.part: expected a string, found "
                                           "a number"));
    cr_assert_not_null(strstr(err.message, "\n  while reading the part of memory \"flash\""));
}

/* A repeatable random number (xorshift); only its spread matters. */
static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* Words of the file change places and numbers change: every result is a board or a message. */
Test(board_options, survives_mutated_files)
{
    static const char bytes[] = "{}[],:\"0129 -.eKMPNx";
    uint8_t *text = NULL;
    size_t size_bytes = 0;
    uint32_t state = 99;
    size_t accepted = 0;
    struct error err = {0};

    cr_assert(os_read_file(TEMPLATE, 65536, ERROR_HOST_IO, &text, &size_bytes, &err));
    cr_assert(os_make_directories(FOLDER "/mutated", &err));
    for (int round = 0; round < 400; round++) {
        uint8_t copy[4096];
        struct board *board = NULL;

        memcpy(copy, text, size_bytes);
        for (uint32_t i = 0; i <= next_random(&state) % 3; i++) {
            copy[next_random(&state) % size_bytes] =
                (uint8_t)bytes[next_random(&state) % (sizeof bytes - 1)];
        }
        cr_assert(os_write_file(FOLDER "/mutated/board.json", copy, size_bytes, &err));
        err.message[0] = '\0';
        if (board_load(FOLDER "/mutated/board.json", NULL, &board, &err)) {
            struct blob_view view;
            size_t blob_bytes = 0;

            accepted++;
            (void)!board_blob_make(
                board, 0, 0, NULL, view.bytes, sizeof view.bytes, &blob_bytes, &err);
        } else {
            cr_assert_neq(err.message[0], '\0');
        }
        board_free(board);
    }
    free(text);
    cr_assert_gt(accepted, 0);
}
