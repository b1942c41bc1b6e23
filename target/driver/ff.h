/* Whether memory holds nothing but FF: the erased state of NOR flash. */
#ifndef TARGET_DRIVER_FF_H
#define TARGET_DRIVER_FF_H

#include <stdbool.h>
#include <stdint.h>

bool ff_only(const uint8_t *bytes, uint32_t size_bytes);

/* How many bytes from the start are units that are all blank, or all not blank. size_bytes is a
 * multiple of unit_bytes. */
uint32_t ff_count_alike(const uint8_t *bytes, uint32_t size_bytes, uint32_t unit_bytes, bool blank);

#endif
