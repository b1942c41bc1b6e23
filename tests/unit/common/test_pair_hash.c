#include "common/pair_hash.h"

#include <criterion/criterion.h>

#include <string.h>

/* wyhash32 once more, in one piece and by the book (wyhash32.h, final version): 64-bit product, low
 * half to the seed, high half to the other; the length starts, a rest of 1 to 8 bytes ends it. */
static void mix(uint64_t state[2])
{
    uint64_t product = (state[0] ^ 0x53C5CA59) * (state[1] ^ 0x74743C1B);

    state[0] = product % 0x100000000;
    state[1] = product / 0x100000000;
}

static uint64_t read_word(const uint8_t *bytes)
{
    return bytes[0] + 256u * bytes[1] + 65536u * bytes[2] + 16777216u * (uint64_t)bytes[3];
}

static uint32_t by_the_book(const uint8_t *bytes, size_t count)
{
    uint64_t state[2] = {0, count};
    size_t left = count;

    mix(state);
    for (; left > 8; left -= 8, bytes += 8) {
        state[0] ^= read_word(bytes);
        state[1] ^= read_word(bytes + 4);
        mix(state);
    }
    if (left >= 4) {
        state[0] ^= read_word(bytes);
        state[1] ^= read_word(bytes + left - 4);
    } else if (left > 0) {
        state[0] ^= 65536u * bytes[0] + 256u * bytes[left / 2] + bytes[left - 1];
    }
    mix(state);
    mix(state);
    return (uint32_t)(state[0] ^ state[1]);
}

static void fill(uint8_t *bytes, size_t count)
{
    uint32_t state = 12345;

    for (size_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(state >> 24);
    }
}

Test(wyhash32, agrees_with_the_book_for_every_length_and_alignment)
{
    uint8_t bytes[300] __attribute__((aligned(8)));

    fill(bytes, sizeof bytes);
    for (size_t start = 0; start < 4; start++) {
        for (uint32_t count = 0; count <= 256; count++) {
            cr_assert_eq(wyhash32_hash(bytes + start, count), by_the_book(bytes + start, count),
                "%u bytes from %zu", count, start);
        }
    }
}

Test(pair_hash, is_both_hashes_for_every_length_and_alignment)
{
    uint8_t bytes[300] __attribute__((aligned(8)));

    fill(bytes, sizeof bytes);
    for (size_t start = 0; start < 4; start++) {
        for (uint32_t count = 0; count <= 256; count++) {
            struct pair_hash state;
            uint32_t xxh32 = 0;
            uint32_t wyhash32 = 0;

            pair_hash_init(&state, count);
            pair_hash_update(&state, bytes + start, count);
            pair_hash_final(&state, &xxh32, &wyhash32);
            cr_assert_eq(xxh32, xxh32_hash(bytes + start, count), "%u from %zu", count, start);
            cr_assert_eq(wyhash32, by_the_book(bytes + start, count), "%u from %zu", count, start);
        }
    }
}

Test(pair_hash, is_the_same_in_pieces_of_sixteen)
{
    uint8_t bytes[300] __attribute__((aligned(8)));

    fill(bytes, sizeof bytes);
    for (uint32_t cut = 0; cut <= sizeof bytes; cut += 16) {
        struct pair_hash state;
        uint32_t xxh32 = 0;
        uint32_t wyhash32 = 0;

        pair_hash_init(&state, sizeof bytes);
        pair_hash_update(&state, bytes, cut);
        pair_hash_update(&state, bytes + cut, sizeof bytes - cut);
        pair_hash_final(&state, &xxh32, &wyhash32);
        cr_assert_eq(xxh32, xxh32_hash(bytes, sizeof bytes), "cut at %u", cut);
        cr_assert_eq(wyhash32, by_the_book(bytes, sizeof bytes), "cut at %u", cut);
    }
}

/* What fools sums: equal bytes in another order, a page elsewhere, repeated blocks. */
Test(pair_hash, tells_swapped_words_and_pages_apart)
{
    uint8_t one[1024] __attribute__((aligned(8)));
    uint8_t other[1024] __attribute__((aligned(8)));

    fill(one, sizeof one);
    memcpy(other, one + 256, 256);
    memcpy(other + 256, one, 256);
    memcpy(other + 512, one + 512, 512);
    cr_assert_neq(wyhash32_hash(one, sizeof one), wyhash32_hash(other, sizeof other));
    cr_assert_neq(xxh32_hash(one, sizeof one), xxh32_hash(other, sizeof other));
    for (size_t at = 0; at + 8 <= sizeof one; at += 4) {
        memcpy(other, one, sizeof one);
        memcpy(other + at, one + at + 4, 4);
        memcpy(other + at + 4, one + at, 4);
        cr_assert_neq(
            wyhash32_hash(one, sizeof one), wyhash32_hash(other, sizeof other), "%zu", at);
    }
}
