/* Little-endian access to bytes of any alignment. */
#ifndef COMMON_LE_H
#define COMMON_LE_H

#include <stdint.h>

static inline uint16_t le_get16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] | (uint16_t)bytes[1] << 8);
}

static inline uint32_t le_get32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

static inline uint64_t le_get64(const uint8_t *bytes)
{
    return (uint64_t)le_get32(bytes) | (uint64_t)le_get32(bytes + 4) << 32;
}

static inline void le_put16(uint8_t *bytes, uint16_t value)
{
    bytes[0] = (uint8_t)value;
    bytes[1] = (uint8_t)(value >> 8);
}

static inline void le_put32(uint8_t *bytes, uint32_t value)
{
    bytes[0] = (uint8_t)value;
    bytes[1] = (uint8_t)(value >> 8);
    bytes[2] = (uint8_t)(value >> 16);
    bytes[3] = (uint8_t)(value >> 24);
}

static inline void le_put64(uint8_t *bytes, uint64_t value)
{
    le_put32(bytes, (uint32_t)value);
    le_put32(bytes + 4, (uint32_t)(value >> 32));
}

#endif
