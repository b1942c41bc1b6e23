/* Access to registers and memory by CPU address: the one place where a number becomes a pointer.
 *
 * In the unit tests, which run on the host, the test program supplies these functions, and with
 * them the hardware. */
#ifndef TARGET_DRIVER_REG_H
#define TARGET_DRIVER_REG_H

#include <stdint.h>

#ifdef __arm__

static inline uint32_t reg_read32(uint32_t addr)
{
    return *(const volatile uint32_t *)addr;
}

static inline void reg_write32(uint32_t addr, uint32_t value)
{
    *(volatile uint32_t *)addr = value;
}

static inline uint16_t reg_read16(uint32_t addr)
{
    return *(const volatile uint16_t *)addr;
}

static inline void reg_write16(uint32_t addr, uint16_t value)
{
    *(volatile uint16_t *)addr = value;
}

static inline uint8_t reg_read8(uint32_t addr)
{
    return *(const volatile uint8_t *)addr;
}

static inline void reg_write8(uint32_t addr, uint8_t value)
{
    *(volatile uint8_t *)addr = value;
}

static inline void *reg_pointer(uint32_t addr)
{
    return (void *)addr;
}

#else

uint32_t reg_read32(uint32_t addr);
void reg_write32(uint32_t addr, uint32_t value);
uint16_t reg_read16(uint32_t addr);
void reg_write16(uint32_t addr, uint16_t value);
uint8_t reg_read8(uint32_t addr);
void reg_write8(uint32_t addr, uint8_t value);
void *reg_pointer(uint32_t addr);

#endif

#endif
