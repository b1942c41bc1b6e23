/* What the compiler may call without being asked; there is no C library. */
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t count);
void *memmove(void *to, const void *from, size_t count);
void *memset(void *to, int value, size_t count);
int memcmp(const void *left, const void *right, size_t count);

enum { WORD_BYTES = 4 };

void *memcpy(void *restrict to, const void *restrict from, size_t count)
{
    uint8_t *next = to;
    const uint8_t *source = from;

    if (((uintptr_t)next | (uintptr_t)source) % WORD_BYTES == 0) {
        for (; count >= WORD_BYTES; count -= WORD_BYTES) {
            uint32_t word;

            __builtin_memcpy(&word, __builtin_assume_aligned(source, WORD_BYTES), WORD_BYTES);
            __builtin_memcpy(__builtin_assume_aligned(next, WORD_BYTES), &word, WORD_BYTES);
            next += WORD_BYTES;
            source += WORD_BYTES;
        }
    }
    for (; count > 0; count--) {
        *next++ = *source++;
    }
    return to;
}

void *memmove(void *to, const void *from, size_t count)
{
    uint8_t *bytes = to;
    const uint8_t *source = from;

    if ((uintptr_t)to <= (uintptr_t)from) {
        return memcpy(to, from, count); /* ours goes upward */
    }
    for (; count > 0; count--) {
        bytes[count - 1] = source[count - 1];
    }
    return to;
}

void *memset(void *to, int value, size_t count)
{
    uint8_t *next = to;
    uint32_t word = (uint8_t)value * 0x01010101U;

    for (; (uintptr_t)next % WORD_BYTES != 0 && count > 0; count--) {
        *next++ = (uint8_t)value;
    }
    for (; count >= WORD_BYTES; count -= WORD_BYTES) {
        __builtin_memcpy(__builtin_assume_aligned(next, WORD_BYTES), &word, WORD_BYTES);
        next += WORD_BYTES;
    }
    for (; count > 0; count--) {
        *next++ = (uint8_t)value;
    }
    return to;
}

int memcmp(const void *left, const void *right, size_t count)
{
    const uint8_t *a = left;
    const uint8_t *b = right;

    for (size_t i = 0; i < count; i++) {
        if (a[i] != b[i]) {
            return a[i] < b[i] ? -1 : 1;
        }
    }
    return 0;
}
