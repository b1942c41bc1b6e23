/* xxHash32 and wyhash32 of the same bytes in one pass: what blocks of a memory are compared by.
 *
 * Changed bytes that keep one of them are a 2^-32 event (for wyhash32 up to a factor of the 512
 * steps of a 4 KB block, because a state that becomes zero forgets what came before); the two have
 * nothing in common, so both at once are one in more than 2^50. About 2 instructions a byte. */
#ifndef COMMON_PAIR_HASH_H
#define COMMON_PAIR_HASH_H

#include "common/wyhash32.h"
#include "common/xxh32.h"

struct pair_hash {
    struct xxh32 xxh;
    struct wyhash32 wy;
};

void pair_hash_init(struct pair_hash *state, uint32_t total_bytes);
/* In pieces of 16 bytes or a multiple of them, but for the last. Fastest where aligned to 4. */
void pair_hash_update(struct pair_hash *state, const void *bytes, size_t count);
void pair_hash_final(const struct pair_hash *state, uint32_t *xxh32, uint32_t *wyhash32);

#endif
