#include "tests/unit/image/image_maker.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

static void check_bad(const char *text, const char *message)
{
    struct error err;
    struct image *image = parse_text("a.srec", text, &err);
    char whole[512];

    (void)snprintf(whole, sizeof whole, "%s\n  while reading a.srec as srec", message);
    cr_assert_null(image);
    cr_assert_eq(err.code, ERROR_IMAGE_BAD, "%s", err.message);
    cr_assert_str_eq(err.message, whole);
}

Test(srec, reads_all_address_widths)
{
    struct error err;
    struct image *image = parse_text("a.bin",
        "S00600004844521B\nS104001001EA\nS20512345602"
        "5C\nS306700000100376\nS5030003F9\n"
        "S7057000010188\n",
        &err);

    cr_assert_not_null(image, "%s", err.message);
    cr_assert_eq(image->format, IMAGE_SREC);
    cr_assert_eq(image->segment_count, 3);
    cr_assert_eq(image->segments[0].addr, 0x10);
    cr_assert_eq(image->segments[1].addr, 0x123456);
    cr_assert_eq(image->segments[2].addr, 0x70000010);
    cr_assert_eq(image->entry_addr, 0x70000101);
    image_free(image);
}

Test(srec, refuses_a_wrong_checksum)
{
    check_bad("S104001001EB\n", "a.srec:1:13: the checksum is EB where EA is right");
}

Test(srec, refuses_a_file_without_last_record)
{
    check_bad("S104001001EA\n",
        "a.srec:2:1: the last record (S7, S8 or S9) is missing: the file is cut short");
}

Test(srec, refuses_a_wrong_count_of_records)
{
    check_bad("S104001001EA\nS5030002FA\nS9030000FC\n",
        "a.srec:2:11: the file announces 2 data records and has 1");
}

Test(srec, refuses_reserved_and_unknown_types)
{
    check_bad("S404001001EA\n", "a.srec:1:2: there is no such record type");
}

Test(srec, refuses_a_count_smaller_than_its_address)
{
    check_bad("S30400100100\n", "a.srec:1:5: a count of 4 is too small for this record");
}

Test(srec, refuses_data_after_the_last_record)
{
    check_bad("S9030000FC\nS104001001EA\n", "a.srec:2:1: data after the last record");
}
