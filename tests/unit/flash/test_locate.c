#include "tests/unit/flash/fake_flash.h"

#include <criterion/criterion.h>

#include <string.h>

static void check_range(const char *text, size_t memory, uint32_t offset, uint32_t size_bytes)
{
    struct fake_board fake;
    struct flash_range range = {0};

    fake_board_init(&fake);
    cr_assert(
        flash_locate_range(&fake.board, text, &range, &fake.err), "%s: %s", text, fake.err.message);
    cr_assert_eq(range.memory, memory, "%s", text);
    cr_assert_eq(range.offset, offset, "%s", text);
    cr_assert_eq(range.size_bytes, size_bytes, "%s", text);
    fake_board_free(&fake);
}

static void check_bad_range(const char *text, enum error_code code, const char *message)
{
    struct fake_board fake;
    struct flash_range range = {0};

    fake_board_init(&fake);
    cr_assert_not(flash_locate_range(&fake.board, text, &range, &fake.err), "%s", text);
    cr_assert_eq(fake.err.code, code, "%s: %s", text, fake.err.message);
    cr_assert_str_eq(fake.err.message, message);
    fake_board_free(&fake);
}

Test(locate, takes_ranges_in_all_forms)
{
    check_range("0x70000000-0x70001000", 0, 0, 0x1000);
    check_range("0x70000010+0x20", 0, 0x10, 0x20);
    check_range("1879048192+4K", 0, 0, 4096);
    check_range("0x70000000+64K", 0, 0, 65536);
    check_range("flash", 0, 0, FAKE_BYTES);
    check_range("app", 0, 0, 256 * 1024);
    check_range("data+1K+2K", 0, 0x40400, 2048);
    check_range("internal", FLASH_MEMORY_INTERNAL, 0, FAKE_INTERNAL_BYTES);
    check_range("internal+8K+8K", FLASH_MEMORY_INTERNAL, 8192, 8192);
}

Test(locate, takes_the_end_of_a_range_as_the_first_address_not_meant)
{
    struct fake_board fake;
    struct flash_range range = {0};

    fake_board_init(&fake);
    cr_assert(flash_locate_range(&fake.board, "0x70000000-0x700000FF", &range, &fake.err));
    cr_assert_eq(range.size_bytes, 0xFF);
    cr_assert(range.looks_inclusive);
    cr_assert(flash_locate_range(&fake.board, "0x70000000-0x70000100", &range, &fake.err));
    cr_assert_not(range.looks_inclusive);
    fake_board_free(&fake);
}

Test(locate, refuses_ranges_with_a_reason)
{
    check_bad_range("0x70000000-0x70000000", ERROR_USAGE,
        "the range 0x70000000-0x70000000 ends before it starts");
    check_bad_range("0x70000000+0", ERROR_USAGE, "\"0x70000000+0\" is an empty range");
    check_bad_range("app+4K", ERROR_USAGE, "\"app+4K\": offset or length?");
    check_bad_range("0x70000000", ERROR_USAGE, "\"0x70000000\" is not a range");
    check_bad_range("nothing", ERROR_USAGE,
        "\"nothing\" is neither a number nor a memory or partition of board fake");
    check_bad_range("0x60000000+1", ERROR_IMAGE_OUT_OF_RANGE,
        "the address 0x60000000 lies in no memory of board fake");
    check_bad_range("0x70000000+1M", ERROR_IMAGE_OUT_OF_RANGE,
        "the range 0x70000000+1M is 0x100000 bytes long; from 0x70000000 there are only 0x80000");
    check_bad_range("data+128K+1", ERROR_IMAGE_OUT_OF_RANGE,
        "data+128K+1: the offset 0x20000 is past the end: there are 0x20000 bytes");
    check_bad_range("0x70000000+0x1FFFFFFFF", ERROR_USAGE, "0x1FFFFFFFF does not fit into 32 bits");
    check_bad_range("0x70000000+4Q", ERROR_USAGE, "\"4Q\" is not a number");
}

Test(locate, takes_places_in_all_forms)
{
    struct fake_board fake;
    struct flash_place place = {0};

    fake_board_init(&fake);
    cr_assert(flash_locate_where(&fake.board, "0x70000100", &place, &fake.err));
    cr_assert_eq(place.addr, 0x70000100);
    cr_assert_eq(place.offset, 0x100);
    cr_assert_not(place.is_named);
    cr_assert(flash_locate_where(&fake.board, "data+0x10", &place, &fake.err));
    cr_assert_eq(place.addr, 0x70040010);
    cr_assert_eq(place.room_bytes, 128 * 1024 - 16);
    cr_assert(place.is_named);
    cr_assert_eq(place.partition, 1);
    cr_assert(flash_locate_entry(&fake.board, &place, &fake.err));
    cr_assert_eq(place.addr, 0x70000000);
    fake.board.boot_kind = BOARD_BOOT_NONE;
    cr_assert_not(flash_locate_entry(&fake.board, &place, &fake.err));
    cr_assert_eq(fake.err.code, ERROR_USAGE);
    fake_board_free(&fake);
}

Test(locate, takes_the_only_memory_when_none_is_named)
{
    struct fake_board fake;
    struct flash_range range = {0};

    fake_board_init(&fake);
    cr_assert(flash_locate_memory(&fake.board, NULL, &range, &fake.err));
    cr_assert_eq(range.size_bytes, FAKE_BYTES);
    cr_assert(flash_locate_memory(&fake.board, "internal", &range, &fake.err));
    cr_assert_eq(range.memory, FLASH_MEMORY_INTERNAL);
    cr_assert_not(flash_locate_memory(&fake.board, "app", &range, &fake.err));
    cr_assert_str_eq(fake.err.message, "\"app\" is a partition, not a memory");
    fake_board_free(&fake);
}

Test(locate, splits_at_the_last_at)
{
    const char *where = NULL;

    cr_assert_eq(flash_locate_split("a@b.bin@app", &where), 7);
    cr_assert_str_eq(where, "app");
    cr_assert_eq(flash_locate_split("a.bin", &where), 5);
    cr_assert_null(where);
}
