#include "common/xxh32.h"

#include "common/le.h"

/* Constants and rounds: xxhash_spec.md, "XXH32 algorithm". */
enum { LANES = 4, WORD_BYTES = 4, STRIPE_BYTES = LANES * WORD_BYTES };

static const uint32_t prime1 = XXH32_PRIME1;
static const uint32_t prime2 = XXH32_PRIME2;
static const uint32_t prime3 = 0xC2B2AE3DU;
static const uint32_t prime4 = 0x27D4EB2FU;
static const uint32_t prime5 = 0x165667B1U;

static inline uint32_t rotate_left(uint32_t value, unsigned bits)
{
    return value << bits | value >> (32U - bits);
}

void xxh32_init(struct xxh32 *state)
{
    state->lane[0] = prime1 + prime2;
    state->lane[1] = prime2;
    state->lane[2] = 0;
    state->lane[3] = 0U - prime1;
    state->total_bytes = 0;
    state->pending_bytes = 0;
}

static void mix_stripe(struct xxh32 *state, const uint8_t *bytes)
{
    for (size_t i = 0; i < LANES; i++) {
        state->lane[i] = xxh32_mix(state->lane[i], le_get32(bytes + WORD_BYTES * i));
    }
}

/* The lanes stay in registers, and the compiler is told that whole words may be loaded: this is the
 * loop that every chunk goes through on the target. */
static const uint8_t *mix_aligned(struct xxh32 *state, const uint8_t *bytes, size_t stripes)
{
    const uint8_t *word = __builtin_assume_aligned(bytes, WORD_BYTES);
    uint32_t lane0 = state->lane[0];
    uint32_t lane1 = state->lane[1];
    uint32_t lane2 = state->lane[2];
    uint32_t lane3 = state->lane[3];

    for (; stripes > 0; stripes--) {
        lane0 = xxh32_mix(lane0, le_get32(word));
        lane1 = xxh32_mix(lane1, le_get32(word + 4));
        lane2 = xxh32_mix(lane2, le_get32(word + 8));
        lane3 = xxh32_mix(lane3, le_get32(word + 12));
        word += STRIPE_BYTES;
    }
    state->lane[0] = lane0;
    state->lane[1] = lane1;
    state->lane[2] = lane2;
    state->lane[3] = lane3;
    return word;
}

static const uint8_t *mix_unaligned(struct xxh32 *state, const uint8_t *bytes, size_t stripes)
{
    for (; stripes > 0; stripes--) {
        mix_stripe(state, bytes);
        bytes += STRIPE_BYTES;
    }
    return bytes;
}

void xxh32_update(struct xxh32 *state, const void *bytes, size_t count)
{
    const uint8_t *next = bytes;

    state->total_bytes += (uint32_t)count;
    while (count > 0 && state->pending_bytes > 0) {
        state->pending[state->pending_bytes++] = *next++;
        count--;
        if (state->pending_bytes == STRIPE_BYTES) {
            mix_stripe(state, state->pending);
            state->pending_bytes = 0;
        }
    }
    if ((uintptr_t)next % WORD_BYTES == 0) {
        next = mix_aligned(state, next, count / STRIPE_BYTES);
    } else {
        next = mix_unaligned(state, next, count / STRIPE_BYTES);
    }
    for (size_t i = 0; i < count % STRIPE_BYTES; i++) {
        state->pending[state->pending_bytes++] = next[i];
    }
}

uint32_t xxh32_final(const struct xxh32 *state)
{
    uint32_t hash = prime5;
    uint32_t done = 0;

    if (state->total_bytes >= STRIPE_BYTES) {
        hash = rotate_left(state->lane[0], 1) + rotate_left(state->lane[1], 7) +
               rotate_left(state->lane[2], 12) + rotate_left(state->lane[3], 18);
    }
    hash += state->total_bytes;
    for (; state->pending_bytes - done >= WORD_BYTES; done += WORD_BYTES) {
        hash = rotate_left(hash + le_get32(state->pending + done) * prime3, 17) * prime4;
    }
    for (; done < state->pending_bytes; done++) {
        hash = rotate_left(hash + state->pending[done] * prime5, 11) * prime1;
    }
    hash = (hash ^ hash >> 15) * prime2;
    hash = (hash ^ hash >> 13) * prime3;
    return hash ^ hash >> 16;
}

uint32_t xxh32_hash(const void *bytes, size_t count)
{
    struct xxh32 state;

    xxh32_init(&state);
    xxh32_update(&state, bytes, count);
    return xxh32_final(&state);
}
