/* xxHash32 with seed 0 (https://github.com/Cyan4973/xxHash, doc/xxhash_spec.md), streaming.
 * About 1.1 instructions a byte: cheap enough for every chunk (reference: performance notes). */
#ifndef COMMON_XXH32_H
#define COMMON_XXH32_H

#include <stddef.h>
#include <stdint.h>

struct xxh32 {
    uint32_t lane[4];
    uint32_t total_bytes;
    uint32_t pending_bytes;
    uint8_t pending[16];
};

void xxh32_init(struct xxh32 *state);
void xxh32_update(struct xxh32 *state, const void *bytes, size_t count);
uint32_t xxh32_final(const struct xxh32 *state);
/* The hash of one buffer. */
uint32_t xxh32_hash(const void *bytes, size_t count);

#define XXH32_PRIME1 0x9E3779B1U
#define XXH32_PRIME2 0x85EBCA77U

/* One word into one lane; for loops that hash in more than one way at once. */
static inline uint32_t xxh32_mix(uint32_t lane, uint32_t word)
{
    uint32_t sum = lane + word * XXH32_PRIME2;

    return (sum << 13 | sum >> 19) * XXH32_PRIME1;
}

#endif
