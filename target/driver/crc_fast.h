/* CRC-32 as in common/crc32.h, four bytes a step: for megabytes. The tables are made at run time,
 * in RAM, where they cost no room in the image and no wait states. */
#ifndef TARGET_DRIVER_CRC_FAST_H
#define TARGET_DRIVER_CRC_FAST_H

#include <stdint.h>

enum { CRC_FAST_SLICES = 4 };

struct crc_fast {
    uint32_t remainders[CRC_FAST_SLICES][256];
};

void crc_fast_init(struct crc_fast *tables);

/* Continues from crc; start with 0. bytes is aligned to 4. */
uint32_t crc_fast_update(
    const struct crc_fast *tables, uint32_t crc, const uint8_t *bytes, uint32_t size_bytes);

#endif
