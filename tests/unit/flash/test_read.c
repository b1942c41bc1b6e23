#include "host/flash/flash_test.h"
#include "host/flash/read.h"
#include "tests/unit/flash/fake_flash.h"

#include <criterion/criterion.h>

#include <string.h>

struct collected {
    uint8_t bytes[FAKE_BYTES];
    size_t count;
};

static bool collect(void *context, const uint8_t *bytes, size_t size_bytes, struct error *err)
{
    struct collected *collected = context;

    (void)err;
    memcpy(collected->bytes + collected->count, bytes, size_bytes);
    collected->count += size_bytes;
    return true;
}

static struct flash_range range_of(uint32_t offset, uint32_t size_bytes)
{
    return (struct flash_range){
        .addr = FAKE_ADDR + offset, .offset = offset, .size_bytes = size_bytes};
}

Test(read, gives_exactly_the_bytes_asked_for)
{
    static struct collected collected;
    const struct flash_sink sink = {collect, &collected};
    const struct flash_range range = range_of(3, FAKE_BYTES - 7);
    struct fake_board fake;

    fake_board_init(&fake);
    fake_fill_random(fake.flash.cells, FAKE_BYTES, 3);
    cr_assert(flash_read_range(&fake.flash.base, &range, &sink, NULL, &fake.err));
    cr_assert_eq(collected.count, FAKE_BYTES - 7);
    cr_assert_eq(memcmp(collected.bytes, fake.flash.cells + 3, FAKE_BYTES - 7), 0);
    fake_board_free(&fake);
}

static void check_blank(uint32_t dirty, uint32_t offset, uint32_t size_bytes, bool is_blank)
{
    const struct flash_range range = range_of(offset, size_bytes);
    struct flash_blank_result result;
    struct fake_board fake;

    fake_board_init(&fake);
    fake.flash.cells[dirty] = 0x7F;
    cr_assert_eq(flash_blank_range(&fake.flash.base, &range, NULL, &result, &fake.err), is_blank,
        "0x%x in 0x%x+0x%x", dirty, offset, size_bytes);
    if (!is_blank) {
        cr_assert_eq(fake.err.code, ERROR_NOT_BLANK);
        cr_assert_eq(result.first_addr, FAKE_ADDR + dirty);
        cr_assert_eq(result.first_byte, 0x7F);
        cr_assert_eq(result.block_count, 1);
    }
    fake_board_free(&fake);
}

Test(blank, finds_a_single_byte_anywhere_in_the_range_and_nowhere_else)
{
    check_blank(0x1000, 0x1001, 0x3000, true);
    check_blank(0x1001, 0x1001, 0x3000, false);
    check_blank(0x1010, 0x1001, 0x3000, false);
    check_blank(0x2345, 0x1001, 0x3000, false);
    check_blank(0x4000, 0x1001, 0x3000, false);
    check_blank(0x4001, 0x1001, 0x3000, true);
    check_blank(5, 5, 1, false);
    check_blank(6, 5, 1, true);
    check_blank(FAKE_BYTES - 1, 0, FAKE_BYTES, false);
}

/* ---- the flash-test ---- */

Test(flash_test, restores_the_contents)
{
    struct fake_board fake;
    struct flash_range range;
    struct flash_test_result result;
    uint8_t before[FAKE_BYTES];

    fake_board_init(&fake);
    fake_fill_random(before, sizeof before, 41);
    fake_flash_load(&fake.flash, 0, before, sizeof before);
    cr_assert(flash_test_default_range(&fake.board, &range, &fake.err));
    cr_assert_eq(range.offset, 448 * 1024);
    cr_assert(flash_test_run(&fake.flash.base, &range, &fake.options, &result, &fake.err), "%s",
        fake.err.message);
    cr_assert(result.restored);
    cr_assert(result.mapped);
    cr_assert_gt(result.erase_ns, 0);
    cr_assert_gt(result.write_ns, 0);
    cr_assert_eq(memcmp(fake.flash.cells, before, sizeof before), 0);
    cr_assert_eq(fake.flash.violations, 0);
    fake_board_free(&fake);
}

Test(flash_test, uses_the_last_64_kb_without_a_scratch_partition)
{
    struct fake_board fake;
    struct flash_range range;

    fake_board_init(&fake);
    fake.board.partition_count = 2;
    cr_assert(flash_test_default_range(&fake.board, &range, &fake.err));
    cr_assert_eq(range.offset, FAKE_BYTES - 65536);
    cr_assert_eq(range.size_bytes, 65536);
    fake_board_free(&fake);
}

Test(flash_test, of_a_chip_that_lies_fails_and_keeps_the_contents_in_the_journal)
{
    struct fake_board fake;
    const struct flash_range range = range_of(0x70000, 8192);
    struct flash_test_result result;
    uint8_t before[8192];

    fake_board_init(&fake);
    fake_fill_random(before, sizeof before, 42);
    fake_flash_load(&fake.flash, 0x70000, before, sizeof before);
    fake.flash.lies = true;
    cr_assert_not(flash_test_run(&fake.flash.base, &range, &fake.options, &result, &fake.err));
    cr_assert_eq(fake.err.code, ERROR_VERIFY_MISMATCH);
    cr_assert(strstr(fake.err.state, "in the journal") != NULL);
    fake.flash.lies = false;
    cr_assert(flash_test_run(&fake.flash.base, &range, &fake.options, &result, &fake.err), "%s",
        fake.err.message);
    cr_assert_eq(memcmp(fake.flash.cells + 0x70000, before, sizeof before), 0);
    fake_board_free(&fake);
}

/* Power fails inside each operation; the next test restores the old contents. */
Test(flash_test, loses_nothing_when_it_is_cut, .timeout = 120)
{
    const struct flash_range range = range_of(0x70010, 5000);
    bool is_done = false;

    for (unsigned cut = 1; !is_done; cut++) {
        struct fake_board fake;
        struct flash_test_result result;
        uint8_t before[0x4000];

        fake_board_init(&fake);
        fake_fill_random(before, sizeof before, 43);
        fake_flash_load(&fake.flash, 0x70000, before, sizeof before);
        fake.flash.cut_at = cut;
        is_done = flash_test_run(&fake.flash.base, &range, &fake.options, &result, &fake.err);
        if (!is_done) {
            fake_flash_power_on(&fake.flash);
            cr_assert(flash_test_run(&fake.flash.base, &range, &fake.options, &result, &fake.err),
                "cut %u: %s", cut, fake.err.message);
        }
        cr_assert_eq(memcmp(fake.flash.cells + 0x70000, before, sizeof before), 0, "cut %u", cut);
        cr_assert_eq(fake.flash.violations, 0, "cut %u", cut);
        fake_board_free(&fake);
    }
}
