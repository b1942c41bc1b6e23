/* Data register of a controller: a FIFO of words at one address. The two loops that every byte goes
 * through, so they are compiled for speed. */
#ifndef TARGET_DRIVER_FIFO_H
#define TARGET_DRIVER_FIFO_H

#include <stdint.h>

/* bytes is a multiple of 4, and so many are there, or have room. Any alignment of in and out. */
void fifo_load(uint32_t fifo_addr, uint8_t *in, uint32_t bytes);
void fifo_store(uint32_t fifo_addr, const uint8_t *out, uint32_t bytes);

#endif
