/* Keeps the core away from external memory that is not there, not mapped, or not wanted.
 *
 * The Cortex-M7 reads ahead into Normal memory at addresses no program asked for, and the default
 * memory map makes 0x60000000 to 0x9FFFFFFF Normal. While a controller is not in mapped mode, or
 * behind the end of the chip, such a read hangs or disturbs it (reference: mcu.md 6.3). Armv7-M
 * only: an Armv8-M core has other registers. */
#ifndef TARGET_DRIVER_MPU_H
#define TARGET_DRIVER_MPU_H

#include <stdint.h>

/* Off, and every region empty, as after reset. */
void mpu_reset(void);

/* No access to external memory at all; the default map elsewhere. Either the MPU is as after
 * mpu_reset(), or only these functions have touched it since. It is never off in between: the chip
 * may be mapped, and the core uses every moment to read ahead. */
void mpu_close(void);

/* After mpu_close(): the chip is Normal memory, not cached, read-only, not executable.
 * addr is aligned to size_bytes; of a size that is no power of two, the largest one below it. */
void mpu_open_chip(uint32_t addr, uint32_t size_bytes);

/* After mpu_close(), for a program that knows nothing of the MPU: everything is as without it, but
 * for the window of the controller, of which only the chip can be reached: read, executed, cached
 * (write-through). Unprivileged code needs regions of its own. */
void mpu_guard_window(uint32_t addr, uint32_t window_bytes, uint32_t chip_bytes);

/* The same for the program itself, which may execute from the chip: the MPU is as after
 * mpu_reset(), and on afterwards. Does nothing when it is on already. */
void mpu_guard_own_window(uint32_t addr, uint32_t window_bytes, uint32_t chip_bytes);

#endif
