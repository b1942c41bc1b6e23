/* Whether memory holds nothing but FF: the erased state of NOR flash. */
#ifndef TARGET_DRIVER_FF_H
#define TARGET_DRIVER_FF_H

#include <stdbool.h>
#include <stdint.h>

bool ff_only(const uint8_t *bytes, uint32_t size_bytes);

#endif
