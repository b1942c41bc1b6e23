#include "common/le.h"

#include <criterion/criterion.h>

Test(le, puts_the_low_byte_first)
{
    uint8_t bytes[8] = {0};

    le_put32(bytes, 0x04030201U);
    cr_assert_eq(bytes[0], 1);
    cr_assert_eq(bytes[3], 4);
    le_put16(bytes, 0x0605U);
    cr_assert_eq(bytes[0], 5);
    cr_assert_eq(bytes[1], 6);
}

Test(le, gets_what_it_put_at_any_alignment)
{
    uint8_t bytes[16] = {0};

    for (size_t i = 0; i < 8; i++) {
        le_put64(bytes + i, UINT64_C(0xF1E2D3C4B5A69788));
        cr_assert_eq(le_get64(bytes + i), UINT64_C(0xF1E2D3C4B5A69788), "at %zu", i);
        cr_assert_eq(le_get32(bytes + i), 0xB5A69788U, "at %zu", i);
        cr_assert_eq(le_get16(bytes + i), 0x9788U, "at %zu", i);
    }
}
