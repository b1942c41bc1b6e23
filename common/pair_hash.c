#include "common/pair_hash.h"

#include "common/le.h"

enum { STRIPE_BYTES = 16, WORD_BYTES = 4 };

void pair_hash_init(struct pair_hash *state, uint32_t total_bytes)
{
    xxh32_init(&state->xxh);
    wyhash32_init(&state->wy, total_bytes);
}

/* Everything in registers, each word loaded once: the loop that every byte of a comparison or a
 * verification goes through on the target. */
static const uint8_t *mix_stripes(struct pair_hash *state, const uint8_t *bytes, uint32_t stripes)
{
    const uint8_t *next = __builtin_assume_aligned(bytes, WORD_BYTES);
    const uint8_t *end = next + (size_t)stripes * STRIPE_BYTES;
    uint32_t lane0 = state->xxh.lane[0];
    uint32_t lane1 = state->xxh.lane[1];
    uint32_t lane2 = state->xxh.lane[2];
    uint32_t lane3 = state->xxh.lane[3];
    uint32_t seed = state->wy.seed;
    uint32_t other = state->wy.other;

    while (next != end) {
        uint32_t first = le_get32(next);
        uint32_t second = le_get32(next + WORD_BYTES);

        lane0 = xxh32_mix(lane0, first);
        seed ^= first;
        lane1 = xxh32_mix(lane1, second);
        other ^= second;
        wyhash32_mix(&seed, &other);
        first = le_get32(next + (size_t)2 * WORD_BYTES);
        second = le_get32(next + (size_t)3 * WORD_BYTES);
        lane2 = xxh32_mix(lane2, first);
        seed ^= first;
        lane3 = xxh32_mix(lane3, second);
        other ^= second;
        wyhash32_mix(&seed, &other);
        next = (const uint8_t *)__builtin_assume_aligned(next + STRIPE_BYTES, WORD_BYTES);
    }
    state->xxh.lane[0] = lane0;
    state->xxh.lane[1] = lane1;
    state->xxh.lane[2] = lane2;
    state->xxh.lane[3] = lane3;
    state->wy.seed = seed;
    state->wy.other = other;
    return next;
}

void pair_hash_update(struct pair_hash *state, const void *bytes, size_t count)
{
    const uint8_t *next = bytes;
    uint32_t fresh_bytes = (uint32_t)count;
    uint32_t most_bytes = state->wy.left_bytes == 0 ? 0 : state->wy.left_bytes - 1;

    /* wyhash32 treats its last 1 to 8 bytes in another way, so the last stripe is not for here. */
    if ((uintptr_t)next % WORD_BYTES == 0 && state->xxh.pending_bytes == 0) {
        uint32_t stripes = (most_bytes < fresh_bytes ? most_bytes : fresh_bytes) / STRIPE_BYTES;

        next = mix_stripes(state, next, stripes);
        state->xxh.total_bytes += stripes * STRIPE_BYTES;
        state->wy.left_bytes -= stripes * STRIPE_BYTES;
        fresh_bytes -= stripes * STRIPE_BYTES;
    }
    xxh32_update(&state->xxh, next, fresh_bytes);
    wyhash32_update(&state->wy, next, fresh_bytes);
}

void pair_hash_final(const struct pair_hash *state, uint32_t *xxh32, uint32_t *wyhash32)
{
    *xxh32 = xxh32_final(&state->xxh);
    *wyhash32 = wyhash32_final(&state->wy);
}
