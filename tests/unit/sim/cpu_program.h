/* A program with a bit of everything that compilers make of C: byte loops, structures, tables,
 * 64-bit arithmetic, division, unaligned access, floating point. test_cpu_program.c runs it here
 * and, compiled for the core (cpu_program_image.h), on the CPU model; the results must be equal. */
#ifndef CPU_PROGRAM_H
#define CPU_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

enum { PROGRAM_RESULTS = 12, PROGRAM_BUFFER_BYTES = 8192, PROGRAM_RECORDS = 40 };

struct program_record {
    uint32_t key;
    uint16_t half;
    uint8_t byte;
    uint8_t index;
    int64_t value;
};

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 3;
}

static uint32_t crc32(const void *data, size_t count)
{
    const uint8_t *bytes = data;
    uint32_t crc = 0xFFFFFFFFU;

    for (size_t i = 0; i < count; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (0xEDB88320U & (0U - (crc & 1U)));
        }
    }
    return ~crc;
}

static void sort(struct program_record *records, int count)
{
    for (int i = 1; i < count; i++) {
        struct program_record moving = records[i];
        int at = i - 1;

        while (at >= 0 && (records[at].key > moving.key || (records[at].key == moving.key &&
                                                               records[at].value < moving.value))) {
            records[at + 1] = records[at];
            at--;
        }
        records[at + 1] = moving;
    }
}

static uint32_t compress(const uint8_t *in, uint32_t count, uint8_t *out)
{
    uint32_t written = 0;

    for (uint32_t at = 0; at < count;) {
        uint32_t best = 0;
        uint32_t best_back = 0;

        for (uint32_t back = 1; back < 64 && back <= at; back++) {
            uint32_t length = 0;

            while (
                at + length < count && length < 30 && in[at + length - back] == in[at + length]) {
                length++;
            }
            if (length > best) {
                best = length;
                best_back = back;
            }
        }
        if (best >= 3) {
            out[written++] = (uint8_t)(0x80 | best_back);
            out[written++] = (uint8_t)best;
            at += best;
        } else {
            out[written++] = in[at++] & 0x7F;
        }
    }
    return written;
}

static uint32_t choose(uint32_t x)
{
    switch (x % 11) {
    case 0:
        return 5;
    case 1:
        return x * 3;
    case 2:
        return x ^ 77;
    case 3:
        return x << 2;
    case 4:
        return x >> 3;
    case 5:
        return ~x;
    case 6:
        return x + 9;
    case 7:
        return x * x;
    case 8:
        return 1;
    case 9:
        return x / 7;
    default:
        return x % 13;
    }
}

static uint64_t square_root(uint64_t n)
{
    uint64_t root = 0;
    uint64_t bit = UINT64_C(1) << 62;

    while (bit > n) {
        bit >>= 2;
    }
    for (; bit != 0; bit >>= 2) {
        if (n >= root + bit) {
            n -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    return root;
}

static int16_t mix_signed(const int8_t *bytes, const int16_t *halves, int count)
{
    int32_t sum = 0;

    for (int i = 0; i < count; i++) {
        sum = (int16_t)(sum + ((bytes[i] * halves[i]) >> 3));
    }
    return (int16_t)sum;
}

static uint32_t mix_floats(int count)
{
    union {
        float value;
        uint32_t bits;
    } result = {.value = 0.0F};
    double product = 1.0;

    for (int i = 1; i < count; i++) {
        result.value += 1.0F / (float)i;
        product *= 1.0001;
    }
    result.value *= (float)product;
    return result.bits;
}

static uint32_t read_unaligned(const uint8_t *bytes)
{
    uint32_t mixed = 0;

    for (int i = 0; i < 64; i++) {
        uint32_t word = 0;
        uint16_t half = 0;

        __builtin_memcpy(&word, bytes + i * 3 + 1, sizeof word);
        __builtin_memcpy(&half, bytes + i * 5 + 1, sizeof half);
        mixed = (mixed * 33U + word) ^ half;
    }
    return mixed;
}

/* buffer: PROGRAM_BUFFER_BYTES, zeroed, aligned to 8. */
static void run_program(uint32_t results[PROGRAM_RESULTS], uint8_t *buffer, uint32_t seed)
{
    struct program_record *records = (struct program_record *)(void *)(buffer + 1024);
    int16_t *halves = (int16_t *)(void *)(buffer + 600);
    uint64_t roots = 0;
    uint32_t chosen = 0;
    int32_t quotients = 0;
    uint32_t packed = 0;

    for (int i = 0; i < 512; i++) {
        buffer[i] =
            (uint8_t)((next_random(&seed) & 3) != 0 ? next_random(&seed) & 7 : next_random(&seed));
    }
    results[0] = crc32(buffer, 512);
    for (int i = 0; i < PROGRAM_RECORDS; i++) {
        records[i].key = next_random(&seed) % 20;
        records[i].half = (uint16_t)next_random(&seed);
        records[i].byte = (uint8_t)next_random(&seed);
        records[i].index = (uint8_t)i;
        records[i].value = (int64_t)next_random(&seed) * -3;
    }
    sort(records, PROGRAM_RECORDS);
    results[1] = crc32(records, PROGRAM_RECORDS * sizeof *records);
    packed = compress(buffer, 512, buffer + 4096);
    results[2] = packed;
    results[3] = crc32(buffer + 4096, packed);
    for (int i = 0; i < 200; i++) {
        chosen = chosen * 31 + choose(next_random(&seed));
    }
    results[4] = chosen;
    for (int i = 0; i < 50; i++) {
        halves[i] = (int16_t)next_random(&seed);
    }
    results[5] = (uint32_t)mix_signed((const int8_t *)buffer, halves, 50);
    for (int i = 0; i < 20; i++) {
        uint64_t high = next_random(&seed);

        roots += square_root(high << 32 | next_random(&seed));
    }
    results[6] = (uint32_t)roots;
    results[7] = (uint32_t)(roots >> 32);
    results[8] = mix_floats(50);
    results[9] = read_unaligned(buffer);
    for (int i = 0; i < 20; i++) {
        int32_t dividend = (int32_t)next_random(&seed);

        quotients -= dividend / (int32_t)(1 + next_random(&seed) % 77);
    }
    results[10] = (uint32_t)quotients;
    results[11] = crc32(buffer, PROGRAM_BUFFER_BYTES);
}

#endif
