#include "target/driver/crc_fast.h"

#include "common/le.h"

#define POLYNOMIAL 0xEDB88320U /* 0x04C11DB7 reflected */

void crc_fast_init(struct crc_fast *tables)
{
    for (uint32_t value = 0; value < 256; value++) {
        uint32_t crc = value;

        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (POLYNOMIAL & (0U - (crc & 1U)));
        }
        tables->remainders[0][value] = crc;
    }
    for (int slice = 1; slice < CRC_FAST_SLICES; slice++) {
        for (uint32_t value = 0; value < 256; value++) {
            uint32_t crc = tables->remainders[slice - 1][value];

            tables->remainders[slice][value] = crc >> 8 ^ tables->remainders[0][crc & 0xFFU];
        }
    }
}

uint32_t crc_fast_update(
    const struct crc_fast *tables, uint32_t crc, const uint8_t *bytes, uint32_t size_bytes)
{
    const uint8_t *next = __builtin_assume_aligned(bytes, 4);
    const uint32_t *slice0 = tables->remainders[0];
    const uint32_t *slice1 = tables->remainders[1];
    const uint32_t *slice2 = tables->remainders[2];
    const uint32_t *slice3 = tables->remainders[3];

    /* Else the compiler adds the distance between the tables to each index. */
    __asm__("" : "+r"(slice1), "+r"(slice2), "+r"(slice3));
    crc = ~crc;
    for (; size_bytes >= 4; size_bytes -= 4) {
        crc ^= le_get32(next);
        crc = slice3[crc & 0xFFU] ^ slice2[crc >> 8 & 0xFFU] ^ slice1[crc >> 16 & 0xFFU] ^
              slice0[crc >> 24];
        next = (const uint8_t *)__builtin_assume_aligned(next + 4, 4);
    }
    for (; size_bytes > 0; size_bytes--) {
        crc = crc >> 8 ^ slice0[(crc ^ *next++) & 0xFFU];
    }
    return ~crc;
}
