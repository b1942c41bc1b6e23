#include "target/driver/ff.h"

enum { WORD_BYTES = sizeof(uint32_t) };

bool ff_only(const uint8_t *bytes, uint32_t size_bytes)
{
    uint32_t i = 0;

    if ((uintptr_t)bytes % WORD_BYTES == 0) {
        for (; size_bytes - i >= WORD_BYTES; i += WORD_BYTES) {
            uint32_t word = 0;

            __builtin_memcpy(&word, __builtin_assume_aligned(bytes + i, WORD_BYTES), sizeof word);
            if (word != UINT32_MAX) {
                return false;
            }
        }
    }
    for (; i < size_bytes; i++) {
        if (bytes[i] != 0xFF) {
            return false;
        }
    }
    return true;
}
