#include "tests/unit/image/image_maker.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

static void check_bad(const char *text, const char *message)
{
    struct error err;
    struct image *image = parse_text("a.hex", text, &err);
    char whole[512];

    (void)snprintf(whole, sizeof whole, "%s\n  while reading a.hex as hex", message);
    cr_assert_null(image);
    cr_assert_eq(err.code, ERROR_IMAGE_BAD, "%s", err.message);
    cr_assert_str_eq(err.message, whole);
}

Test(hex, reads_data_records_with_linear_base_and_start)
{
    struct error err;
    struct image *image = parse_text("a.hex",
        ":0200000470008A\n"
        ":0400000001020304F2\r\n"
        ":020004000506EF\n"
        ":040000057000010185\n"
        ":00000001FF\n",
        &err);

    cr_assert_not_null(image, "%s", err.message);
    cr_assert_eq(image->format, IMAGE_HEX);
    cr_assert_eq(image->segment_count, 1);
    cr_assert_eq(image->segments[0].addr, 0x70000000);
    cr_assert_eq(image->segments[0].size_bytes, 6);
    cr_assert_eq(memcmp(image->segments[0].bytes, "\1\2\3\4\5\6", 6), 0);
    cr_assert(image->has_entry);
    cr_assert_eq(image->entry_addr, 0x70000101);
    image_free(image);
}

Test(hex, reads_segment_base_and_start)
{
    struct error err;
    struct image *image = parse_text("a.hex",
        ":020000021000EC\n:0100100055"
        "9A\n:0400000310000020C9\n:00000001FF\n",
        &err);

    cr_assert_not_null(image, "%s", err.message);
    cr_assert_eq(image->segments[0].addr, 0x10010);
    cr_assert_eq(image->entry_addr, 0x10020);
    image_free(image);
}

Test(hex, sorts_and_joins_records_in_any_order)
{
    struct error err;
    struct image *image = parse_text(
        "a.hex", ":0100020003FA\n:0100000001FE\n:0100100005EA\n:0100010002FC\n:00000001FF\n", &err);

    cr_assert_not_null(image, "%s", err.message);
    cr_assert_eq(image->segment_count, 2);
    cr_assert_eq(image->segments[0].size_bytes, 3);
    cr_assert_eq(memcmp(image->segments[0].bytes, "\1\2\3", 3), 0);
    cr_assert_eq(image->segments[1].addr, 0x10);
    image_free(image);
}

Test(hex, names_line_and_column_of_a_wrong_digit)
{
    check_bad(":0100000001FE\n:01000000ZZFE\n", "a.hex:2:10: 0x5a is not a hexadecimal digit");
}

Test(hex, refuses_a_wrong_checksum)
{
    check_bad(":0100000001FF\n", "a.hex:1:14: the checksum is FF where FE is right");
}

Test(hex, refuses_a_record_that_is_cut_short)
{
    check_bad(":04000000010203", "a.hex:1:16: the record is cut short");
}

Test(hex, refuses_a_file_without_end_record)
{
    check_bad(":0100000001FE\n",
        "a.hex:2:1: the end record (:00000001FF) is missing: the file is cut short");
}

Test(hex, refuses_data_after_the_end_record)
{
    check_bad(
        ":0100000001FE\n:00000001FF\n:0100000001FE\n", "a.hex:3:1: data after the end record");
}

Test(hex, refuses_an_unknown_record_type)
{
    check_bad(
        ":0100000001FE\n:0100000601F8\n:00000001FF\n", "a.hex:2:14: record type 06 is unknown");
}

Test(hex, refuses_a_base_record_of_wrong_length)
{
    check_bad(
        ":0100000401FA\n:00000001FF\n", "a.hex:1:14: a record of type 04 has 2 data bytes, not 1");
}

Test(hex, refuses_a_record_past_the_address_space)
{
    check_bad(":02000004FFFFFC\n:02FFFF000102FD\n:00000001FF\n",
        "a.hex:2:16: the record runs past the 32-bit address space");
}

Test(hex, refuses_a_record_past_the_end_of_its_segment)
{
    check_bad(":020000020000FC\n:02FFFF000102FD\n:00000001FF\n",
        "a.hex:2:16: the record runs past the end of its 64 KB segment");
}

Test(hex, names_both_lines_of_an_overlap)
{
    struct error err;
    struct image *image = parse_text("a.hex",
        ":020000000102FB\n:01001000"
        "00EF\n:0100010003FB\n:00000001FF\n",
        &err);

    cr_assert_null(image);
    cr_assert_eq(err.code, ERROR_IMAGE_OVERLAP);
    cr_assert_str_eq(err.message,
        "a.hex: the bytes at 0x00000001 are given twice: from line 1 and from line 3\n  while "
        "reading a.hex as hex");
}

Test(hex, is_never_taken_as_binary_when_its_name_says_hex)
{
    struct error err;
    struct image *image = parse_text("a.HEX", "hello", &err);

    cr_assert_null(image);
    cr_assert_eq(err.code, ERROR_IMAGE_BAD);
}

Test(hex, is_recognised_by_content)
{
    static const char text[] = ":00000001FF\n";

    cr_assert_eq(image_guess_format("a.bin", (const uint8_t *)text, strlen(text)), IMAGE_HEX);
}

Test(hex, without_data_is_empty)
{
    struct error err;

    cr_assert_null(parse_text("a.hex", ":00000001FF\n", &err));
    cr_assert_eq(err.code, ERROR_IMAGE_EMPTY);
}

/* 72 bytes that claim 2.5 GB of addresses cost a few bytes of memory. */
Test(hex, needs_memory_for_data_not_for_addresses)
{
    struct error err;
    struct image *image =
        parse_text("a.hex", ":0100000001FE\n:020000049FFF5C\n:0100000002FD\n:00000001FF\n", &err);

    cr_assert_not_null(image, "%s", err.message);
    cr_assert_eq(image->segment_count, 2);
    cr_assert_eq(image->segments[1].addr, 0x9FFF0000);
    image_free(image);
}
