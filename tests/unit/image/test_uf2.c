#include "common/le.h"
#include "tests/unit/image/image_maker.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

struct uf2 {
    uint8_t blocks[4][512];
};

static void make(struct uf2 *uf2, uint32_t count)
{
    memset(uf2, 0, sizeof *uf2);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t *block = uf2->blocks[i];

        le_put32(block, 0x0A324655);
        le_put32(block + 4, 0x9E5D5157);
        le_put32(block + 8, 0x2000);
        le_put32(block + 12, 0x70000000 + i * 256);
        le_put32(block + 16, 256);
        le_put32(block + 20, i);
        le_put32(block + 24, count);
        le_put32(block + 28, 0x12345678);
        memset(block + 32, (int)i + 1, 256);
        le_put32(block + 508, 0x0AB16F30);
    }
}

static void check_bad(const struct uf2 *uf2, size_t size_bytes, const char *message)
{
    struct error err;
    char whole[512];

    (void)snprintf(whole, sizeof whole, "%s\n  while reading a.uf2 as uf2", message);
    cr_assert_null(parse_bytes("a.uf2", uf2, size_bytes, &err));
    cr_assert_eq(err.code, ERROR_IMAGE_BAD);
    cr_assert_str_eq(err.message, whole);
}

Test(uf2, reads_blocks_of_any_family)
{
    struct uf2 uf2;
    struct error err;
    struct image *image = NULL;

    make(&uf2, 3);
    image = parse_bytes("a.bin", &uf2, 1536, &err);
    cr_assert_not_null(image, "%s", err.message);
    cr_assert_eq(image->format, IMAGE_UF2);
    cr_assert_eq(image->segment_count, 1);
    cr_assert_eq(image->segments[0].addr, 0x70000000);
    cr_assert_eq(image->segments[0].size_bytes, 768);
    cr_assert_eq(image->segments[0].bytes[512], 3);
    image_free(image);
}

Test(uf2, skips_blocks_that_are_not_for_the_main_flash)
{
    struct uf2 uf2;
    struct error err;
    struct image *image = NULL;

    make(&uf2, 2);
    make((struct uf2 *)(void *)&uf2, 2);
    le_put32(uf2.blocks[1] + 8, 0x2001);
    le_put32(uf2.blocks[0] + 24, 1);
    image = parse_bytes("a.uf2", &uf2, 1024, &err);
    cr_assert_not_null(image, "%s", err.message);
    cr_assert_eq(image->segments[0].size_bytes, 256);
    image_free(image);
}

Test(uf2, refuses_missing_double_and_foreign_blocks)
{
    struct uf2 uf2;

    make(&uf2, 3);
    check_bad(&uf2, 1024,
        "a.uf2: block at offset 0x0: its number or the block count does not fit the file");
    check_bad(&uf2, 1000,
        "a.uf2: 1000 bytes are not a whole number of 512-byte blocks: the file is cut short");
    le_put32(uf2.blocks[1] + 20, 0);
    check_bad(&uf2, 1536, "a.uf2: block at offset 0x200: its block number comes twice");
    make(&uf2, 3);
    le_put32(uf2.blocks[2] + 28, 1);
    check_bad(&uf2, 1536,
        "a.uf2: block at offset 0x400: its block count or family differs from the first block");
    make(&uf2, 3);
    le_put32(uf2.blocks[2] + 508, 1);
    check_bad(&uf2, 1536, "a.uf2: block at offset 0x400: its magic numbers are wrong");
    make(&uf2, 3);
    le_put32(uf2.blocks[2] + 16, 477);
    check_bad(&uf2, 1536, "a.uf2: block at offset 0x400: it claims more than 476 bytes of data");
    make(&uf2, 3);
    le_put32(uf2.blocks[0] + 24, 2);
    le_put32(uf2.blocks[1] + 24, 2);
    le_put32(uf2.blocks[2] + 8, 0x2001);
    le_put32(uf2.blocks[0] + 20, 1);
    le_put32(uf2.blocks[1] + 8, 0x2001);
    check_bad(&uf2, 1536, "a.uf2: 1 blocks of 2 are missing: the file is cut short");
}
