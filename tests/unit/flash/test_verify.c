#include "tests/unit/flash/fake_flash.h"

#include <criterion/criterion.h>

#include <string.h>

enum { OFFSET = 0x60005, SIZE = 9001 };

/* An image that is in the chip but for one byte (UINT32_MAX: none). */
static bool verify(uint32_t wrong, struct error *err)
{
    static uint8_t bytes[SIZE];
    const struct flash_plan_options options = {.consent = true};
    struct flash_engine_result result;
    struct fake_board fake;
    struct flash_plan plan;
    struct image *image = NULL;
    struct flash_request request;
    bool ok = false;

    fake_board_init(&fake);
    fake_fill_random(fake.flash.cells, FAKE_BYTES, 51);
    memcpy(bytes, fake.flash.cells + OFFSET, SIZE);
    if (wrong != UINT32_MAX) {
        fake.flash.cells[wrong] ^= 0x81;
    }
    image = fake_image("a.bin", FAKE_ADDR + OFFSET, bytes, sizeof bytes);
    request = fake_request(image);
    cr_assert(flash_plan_make(&fake.board, &request, 1, &options, &plan, err), "%s", err->message);
    ok = flash_engine_verify(&plan, &fake.source, &fake.options, &result, err);
    cr_assert_eq(result.verified, ok);
    cr_assert_eq(fake.flash.operations, 0, "verify changes nothing");
    cr_assert_eq(fake.flash.violations, 0);
    flash_plan_free(&plan);
    image_free(image);
    fake_board_free(&fake);
    return ok;
}

Test(verify, finds_one_wrong_byte_anywhere)
{
    static const uint32_t wrong[] = {OFFSET, OFFSET + 1, OFFSET + 10, OFFSET + 11, OFFSET + 4096,
        OFFSET + SIZE - 17, OFFSET + SIZE - 2, OFFSET + SIZE - 1};
    struct error err;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        cr_assert_not(verify(wrong[i], &err), "0x%x", wrong[i]);
        cr_assert_eq(err.code, ERROR_VERIFY_MISMATCH);
        cr_assert_eq(err.addr, FAKE_ADDR + wrong[i], "0x%x", err.addr);
        cr_assert(strstr(err.message, "1 bytes differ, in bits 7 0;") != NULL, "%s", err.message);
    }
}

Test(verify, looks_at_nothing_else)
{
    struct error err;

    cr_assert(verify(UINT32_MAX, &err), "%s", err.message);
    cr_assert(verify(OFFSET - 1, &err), "%s", err.message);
    cr_assert(verify(OFFSET + SIZE, &err), "%s", err.message);
}
