#include "common/wyhash32.h"

#include "common/le.h"

enum { STEP_BYTES = WYHASH32_STEP_BYTES, WORD_BYTES = 4 };

void wyhash32_init(struct wyhash32 *state, uint32_t total_bytes)
{
    state->seed = 0;
    state->other = total_bytes;
    state->left_bytes = total_bytes;
    wyhash32_mix(&state->seed, &state->other);
}

/* One to eight bytes. */
static void add_tail(struct wyhash32 *state, const uint8_t *bytes, uint32_t count)
{
    if (count >= WORD_BYTES) {
        state->seed ^= le_get32(bytes);
        state->other ^= le_get32(bytes + count - WORD_BYTES);
    } else if (count > 0) {
        state->seed ^=
            (uint32_t)bytes[0] << 16 | (uint32_t)bytes[count / 2] << 8 | bytes[count - 1];
    }
}

void wyhash32_update(struct wyhash32 *state, const void *bytes, size_t count)
{
    const uint8_t *next = bytes;
    uint32_t fresh_bytes = (uint32_t)count;

    while (fresh_bytes >= STEP_BYTES && state->left_bytes > STEP_BYTES) {
        state->seed ^= le_get32(next);
        state->other ^= le_get32(next + WORD_BYTES);
        wyhash32_mix(&state->seed, &state->other);
        next += STEP_BYTES;
        fresh_bytes -= STEP_BYTES;
        state->left_bytes -= STEP_BYTES;
    }
    add_tail(state, next, fresh_bytes);
    state->left_bytes -= fresh_bytes;
}

uint32_t wyhash32_final(const struct wyhash32 *state)
{
    uint32_t seed = state->seed;
    uint32_t other = state->other;

    wyhash32_mix(&seed, &other);
    wyhash32_mix(&seed, &other);
    return seed ^ other;
}

uint32_t wyhash32_hash(const void *bytes, uint32_t count)
{
    struct wyhash32 state;

    wyhash32_init(&state, count);
    wyhash32_update(&state, bytes, count);
    return wyhash32_final(&state);
}
