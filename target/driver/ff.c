#include "target/driver/ff.h"

enum { WORD_BYTES = sizeof(uint32_t) };

/* How many bytes from the start are words of FF; bytes is aligned. */
static uint32_t count_words(const uint8_t *bytes, uint32_t size_bytes)
{
    uint32_t i = 0;

    for (; size_bytes - i >= WORD_BYTES; i += WORD_BYTES) {
        uint32_t word = 0;

        __builtin_memcpy(&word, __builtin_assume_aligned(bytes + i, WORD_BYTES), sizeof word);
        if (word != UINT32_MAX) {
            break;
        }
    }
    return i;
}

bool ff_only(const uint8_t *bytes, uint32_t size_bytes)
{
    uint32_t i = (uintptr_t)bytes % WORD_BYTES == 0 ? count_words(bytes, size_bytes) : 0;

    while (i < size_bytes && bytes[i] == 0xFF) {
        i++;
    }
    return i == size_bytes;
}

/* Most units are not blank, and their first word shows it. */
static inline bool unit_is_blank(const uint8_t *bytes, uint32_t unit_bytes)
{
    uint32_t word = 0;

    if (unit_bytes >= WORD_BYTES && (uintptr_t)bytes % WORD_BYTES == 0) {
        __builtin_memcpy(&word, __builtin_assume_aligned(bytes, WORD_BYTES), sizeof word);
        if (word != UINT32_MAX) {
            return false;
        }
    }
    return ff_only(bytes, unit_bytes);
}

uint32_t ff_count_alike(const uint8_t *bytes, uint32_t size_bytes, uint32_t unit_bytes, bool blank)
{
    uint32_t alike_bytes = 0;

    while (alike_bytes < size_bytes && unit_is_blank(bytes + alike_bytes, unit_bytes) == blank) {
        alike_bytes += unit_bytes;
    }
    return alike_bytes;
}
