#include "common/xxh32.h"

#include <criterion/criterion.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static void fill(uint8_t *bytes, size_t count)
{
    uint32_t state = 2654435761U;

    for (size_t i = 0; i < count; i++) {
        state = state * 1664525U + 1013904223U;
        bytes[i] = (uint8_t)(state >> 24);
    }
}

/* Known answers of xxHash's own sanity checks. */
Test(xxh32, knows_the_hash_of_nothing)
{
    cr_assert_eq(xxh32_hash("", 0), 0x02CC5D05U);
}

Test(xxh32, knows_the_hash_of_abc)
{
    cr_assert_eq(xxh32_hash("abc", 3), 0x32D153FFU);
}

Test(xxh32, agrees_with_the_library_for_every_length_and_alignment)
{
    uint8_t bytes[600] __attribute__((aligned(8)));

    fill(bytes, sizeof bytes);
    for (size_t start = 0; start < 4; start++) {
        for (size_t count = 0; count <= 512; count++) {
            cr_assert_eq(xxh32_hash(bytes + start, count), XXH32(bytes + start, count, 0),
                "%zu bytes from %zu", count, start);
        }
    }
}

Test(xxh32, is_the_same_in_pieces)
{
    uint8_t bytes[300] __attribute__((aligned(8)));
    uint32_t whole = 0;

    fill(bytes, sizeof bytes);
    whole = XXH32(bytes, sizeof bytes, 0);
    for (size_t cut = 0; cut <= sizeof bytes; cut++) {
        struct xxh32 state;

        xxh32_init(&state);
        xxh32_update(&state, bytes, cut / 2);
        xxh32_update(&state, bytes + cut / 2, cut - cut / 2);
        xxh32_update(&state, bytes + cut, sizeof bytes - cut);
        cr_assert_eq(xxh32_final(&state), whole, "cut at %zu", cut);
    }
}
