/* Damaged files of every format: an error or a well-formed image, never more. Run under the
 * sanitizers this is where a missing check shows. */
#include "common/le.h"
#include "tests/unit/image/image_maker.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 30000 };

static uint32_t next_random(uint32_t *state)
{
    *state = *state * UINT32_C(1664525) + UINT32_C(1013904223);
    return *state >> 8;
}

static void mutate(uint8_t *bytes, size_t *count, uint32_t *state)
{
    static const uint8_t nasty[] = {0, 1, 0x7F, 0x80, 0xFE, 0xFF, ':', 'S', 'F', '0', '\n'};
    unsigned changes = next_random(state) % 6 + 1;

    for (unsigned i = 0; i < changes; i++) {
        size_t at = next_random(state) % *count;

        switch (next_random(state) % 5) {
        case 0:
            bytes[at] = (uint8_t)next_random(state);
            break;
        case 1:
            bytes[at] = nasty[next_random(state) % sizeof nasty];
            break;
        case 2:
            bytes[at] ^= (uint8_t)(1u << next_random(state) % 8);
            break;
        case 3:
            *count = next_random(state) % 8 == 0 ? at + 1 : *count;
            break;
        default:
            memset(bytes + at, nasty[next_random(state) % 6], at + 4 <= *count ? 4 : 1);
            break;
        }
    }
}

/* What a caller relies on. */
static void check_image(const struct image *image, uint32_t seed)
{
    unsigned sum = 0;

    cr_assert_gt(image->segment_count, 0, "seed %u", seed);
    for (size_t i = 0; i < image->segment_count; i++) {
        const struct image_segment *segment = &image->segments[i];

        cr_assert_gt(segment->size_bytes, 0, "seed %u", seed);
        cr_assert_leq(segment->size_bytes - 1, UINT32_MAX - segment->addr, "seed %u", seed);
        if (i > 0) {
            cr_assert_geq(segment->addr - image->segments[i - 1].addr,
                image->segments[i - 1].size_bytes, "seed %u", seed);
        }
        for (uint32_t k = 0; k < segment->size_bytes; k++) {
            sum += segment->bytes[k]; /* every byte can be read */
        }
    }
    cr_assert_lt(sum, UINT32_MAX);
}

static void run(const char *path, const void *seed_bytes, size_t seed_count)
{
    uint8_t *bytes = malloc(seed_count);
    unsigned accepted = 0;
    uint32_t round = 0;

    for (round = 1; round <= ROUNDS; round++) {
        uint32_t state = round;
        size_t count = seed_count;
        struct error err;
        struct image *image = NULL;

        memcpy(bytes, seed_bytes, seed_count);
        mutate(bytes, &count, &state);
        image = parse_bytes(path, bytes, count, &err);
        if (image != NULL) {
            check_image(image, round);
            accepted++;
            image_free(image);
        } else {
            cr_assert_neq(err.code, ERROR_NONE, "seed %u", round);
            cr_assert_neq(err.message[0], '\0', "seed %u", round);
        }
    }
    cr_assert_lt(accepted, ROUNDS);
    free(bytes);
}

static const char hex[] = ":0200000470008A\n:100000000102030405060708090A0B0C0D0E0F1068\n"
                          ":0400100001020304E2\n:020000021000EC\n:0100100055"
                          "9A\n"
                          ":040000057000010185\n:00000001FF\n";
static const char srec[] = "S00600004844521B\nS104001001EA\nS205123456025C\n"
                           "S306700000100376\nS5030003F9\nS7057000010188\n";

Test(mutations, of_hex_never_do_harm)
{
    run("a.hex", hex, strlen(hex));
}

Test(mutations, of_srec_never_do_harm)
{
    run("a.srec", srec, strlen(srec));
}

Test(mutations, of_elf_never_do_harm)
{
    static const struct elf_segment segments[] = {
        {0x70000000, 0x70000000, 512, 64, 64}, {0x24000000, 0x70000040, 640, 32, 64}};
    struct elf_maker elf;

    elf_make(&elf, segments, 2);
    le_put32(elf.bytes + 32, 140);
    le_put16(elf.bytes + 46, 40);
    le_put16(elf.bytes + 48, 3);
    le_put32(elf.bytes + 140 + 40 + 4, 2); /* symbols, with names in section 2 */
    le_put32(elf.bytes + 140 + 40 + 16, 300);
    le_put32(elf.bytes + 140 + 40 + 20, 64);
    le_put32(elf.bytes + 140 + 40 + 24, 2);
    le_put32(elf.bytes + 140 + 80 + 16, 400);
    le_put32(elf.bytes + 140 + 80 + 20, 40);
    le_put32(elf.bytes + 300 + 16, 1);
    memcpy(elf.bytes + 401, "_SEGGER_RTT", 12);
    elf.size_bytes = 700;
    run("a.elf", elf.bytes, elf.size_bytes);
}

Test(mutations, of_uf2_never_do_harm)
{
    uint8_t bytes[1024] = {0};

    for (uint32_t i = 0; i < 2; i++) {
        uint8_t *block = bytes + 512 * i;

        le_put32(block, 0x0A324655);
        le_put32(block + 4, 0x9E5D5157);
        le_put32(block + 12, 0x70000000 + i * 256);
        le_put32(block + 16, 256);
        le_put32(block + 20, i);
        le_put32(block + 24, 2);
        le_put32(block + 508, 0x0AB16F30);
    }
    run("a.uf2", bytes, sizeof bytes);
}
