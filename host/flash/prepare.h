/* Looks at the chip before anything is erased: reads the bytes to keep, and finds the sectors that
 * need no work. */
#ifndef HOST_FLASH_PREPARE_H
#define HOST_FLASH_PREPARE_H

#include "host/flash/plan.h"
#include "host/flash/progress.h"

struct flash_prepare_options {
    bool compare; /* look for sectors that are right or blank already; false: work on all */
    enum flash_erase_mode erase;
};

/* Sectors must have been marked UNTRUSTED before. Afterwards the blocks are arranged anew.
 * ERROR_NOT_BLANK with FLASH_ERASE_NONE when a sector would have to be erased. */
MUST_USE bool flash_prepare_memory(struct flash_device *device, struct flash_memory_plan *memory,
    const struct flash_prepare_options *options, struct flash_meter *meter, struct error *err);
/* Marks the sectors of [offset, offset + size). */
void flash_prepare_distrust(struct flash_memory_plan *memory, uint32_t offset, uint32_t size_bytes);

#endif
