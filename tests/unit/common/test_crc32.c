#include "common/crc32.h"

#include <criterion/criterion.h>

Test(crc32, knows_the_check_value_of_the_standard)
{
    cr_assert_eq(crc32_update(0, "123456789", 9), 0xCBF43926U);
}

Test(crc32, of_nothing_is_zero)
{
    cr_assert_eq(crc32_update(0, "", 0), 0);
}

Test(crc32, of_32_bytes_of_ff_and_of_00_are_those_of_zlib)
{
    uint8_t bytes[32];

    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = 0xFF;
    }
    cr_assert_eq(crc32_update(0, bytes, sizeof bytes), 0xFF6CAB0BU);
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = 0;
    }
    cr_assert_eq(crc32_update(0, bytes, sizeof bytes), 0x190A55ADU);
}

Test(crc32, goes_on_where_it_stopped)
{
    uint32_t crc = crc32_update(0, "1234", 4);

    cr_assert_eq(crc32_update(crc, "56789", 5), 0xCBF43926U);
}
