#include "host/base/sha256.h"

#include <string.h>

enum { BLOCK_BYTES = 64, ROUNDS = 64, LENGTH_OFFSET = 56 };

/* FIPS 180-4, section 4.2.2. */
static const uint32_t round_constants[ROUNDS] = {0x428A2F98, 0x71374491, 0xB5C0FBCF, 0xE9B5DBA5,
    0x3956C25B, 0x59F111F1, 0x923F82A4, 0xAB1C5ED5, 0xD807AA98, 0x12835B01, 0x243185BE, 0x550C7DC3,
    0x72BE5D74, 0x80DEB1FE, 0x9BDC06A7, 0xC19BF174, 0xE49B69C1, 0xEFBE4786, 0x0FC19DC6, 0x240CA1CC,
    0x2DE92C6F, 0x4A7484AA, 0x5CB0A9DC, 0x76F988DA, 0x983E5152, 0xA831C66D, 0xB00327C8, 0xBF597FC7,
    0xC6E00BF3, 0xD5A79147, 0x06CA6351, 0x14292967, 0x27B70A85, 0x2E1B2138, 0x4D2C6DFC, 0x53380D13,
    0x650A7354, 0x766A0ABB, 0x81C2C92E, 0x92722C85, 0xA2BFE8A1, 0xA81A664B, 0xC24B8B70, 0xC76C51A3,
    0xD192E819, 0xD6990624, 0xF40E3585, 0x106AA070, 0x19A4C116, 0x1E376C08, 0x2748774C, 0x34B0BCB5,
    0x391C0CB3, 0x4ED8AA4A, 0x5B9CCA4F, 0x682E6FF3, 0x748F82EE, 0x78A5636F, 0x84C87814, 0x8CC70208,
    0x90BEFFFA, 0xA4506CEB, 0xBEF9A3F7, 0xC67178F2};

static uint32_t rotate(uint32_t value, unsigned count)
{
    return value >> count | value << (32 - count);
}

static uint32_t get_big_endian(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void put_big_endian(uint8_t *bytes, uint32_t value)
{
    bytes[0] = (uint8_t)(value >> 24);
    bytes[1] = (uint8_t)(value >> 16);
    bytes[2] = (uint8_t)(value >> 8);
    bytes[3] = (uint8_t)value;
}

/* FIPS 180-4, section 6.2.2: one block into the eight words of state. */
static void add_block(uint32_t state[8], const uint8_t *block)
{
    uint32_t schedule[ROUNDS];
    uint32_t v[8];
    unsigned t = 0;

    for (t = 0; t < 16; t++) {
        schedule[t] = get_big_endian(block + (size_t)t * 4);
    }
    for (t = 16; t < ROUNDS; t++) {
        uint32_t a = schedule[t - 15];
        uint32_t b = schedule[t - 2];

        schedule[t] = schedule[t - 16] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + schedule[t - 7] +
                      (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
    }
    memcpy(v, state, sizeof v);
    for (t = 0; t < ROUNDS; t++) {
        uint32_t first = v[7] + (rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)) +
                         ((v[4] & v[5]) ^ (~v[4] & v[6])) + round_constants[t] + schedule[t];
        uint32_t second = (rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)) +
                          ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));

        memmove(v + 1, v, 7 * sizeof v[0]);
        v[4] += first;
        v[0] = first + second;
    }
    for (t = 0; t < 8; t++) {
        state[t] += v[t];
    }
}

void sha256_hash(const void *bytes, size_t count, uint8_t digest[SHA256_BYTES])
{
    uint32_t state[8] = {0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C,
        0x1F83D9AB, 0x5BE0CD19};
    const uint8_t *next = bytes;
    uint8_t last[2 * BLOCK_BYTES] = {0};
    size_t left = count;
    size_t last_bytes = BLOCK_BYTES;
    uint64_t bits = (uint64_t)count * 8;
    size_t i = 0;

    for (; left >= BLOCK_BYTES; left -= BLOCK_BYTES, next += BLOCK_BYTES) {
        add_block(state, next);
    }
    if (left > 0) {
        memcpy(last, next, left);
    }
    last[left] = 0x80;
    if (left >= LENGTH_OFFSET) {
        last_bytes = sizeof last;
    }
    put_big_endian(last + last_bytes - 8, (uint32_t)(bits >> 32));
    put_big_endian(last + last_bytes - 4, (uint32_t)bits);
    for (i = 0; i < last_bytes; i += BLOCK_BYTES) {
        add_block(state, last + i);
    }
    for (i = 0; i < 8; i++) {
        put_big_endian(digest + i * 4, state[i]);
    }
}
