/* wyhash32 with seed 0 (https://github.com/wangyi-fudan/wyhash, wyhash32.h, final version),
 * streaming. Multiplies 32 by 32 bits into 64: another kind of function than xxHash32, whose lanes
 * are sums and rotations. About 0.7 instructions a byte.
 *
 * The number of bytes enters first, so it must be known at the start. */
#ifndef COMMON_WYHASH32_H
#define COMMON_WYHASH32_H

#include <stddef.h>
#include <stdint.h>

struct wyhash32 {
    uint32_t seed;
    uint32_t other;
    uint32_t left_bytes; /* still to come */
};

void wyhash32_init(struct wyhash32 *state, uint32_t total_bytes);
/* In pieces of 8 bytes or a multiple of them, but for the last. */
void wyhash32_update(struct wyhash32 *state, const void *bytes, size_t count);
/* After total_bytes have come. */
uint32_t wyhash32_final(const struct wyhash32 *state);
/* The hash of one buffer. */
uint32_t wyhash32_hash(const void *bytes, uint32_t count);

enum { WYHASH32_STEP_BYTES = 8 };

static const uint32_t wyhash32_secret0 = 0x53C5CA59U;
static const uint32_t wyhash32_secret1 = 0x74743C1BU;

static inline void wyhash32_mix(uint32_t *seed, uint32_t *other)
{
    uint64_t product = (uint64_t)(*seed ^ wyhash32_secret0) * (*other ^ wyhash32_secret1);

    *seed = (uint32_t)product;
    *other = (uint32_t)(product >> 32);
}

#endif
