/* CRC-32 (IEEE 802.3: polynomial 0x04C11DB7 reflected, initial and final value 0xFFFFFFFF), the
 * one of zlib. crc32("123456789") is 0xCBF43926. */
#ifndef COMMON_CRC32_H
#define COMMON_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Continues from crc; start with 0. Table of 1 KiB, one byte at a time. */
uint32_t crc32_update(uint32_t crc, const void *bytes, size_t count);

#endif
