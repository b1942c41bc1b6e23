/* Steps of flash_plan_make(), one file each. Known to plan*.c only. */
#ifndef HOST_FLASH_PLAN_PARTS_H
#define HOST_FLASH_PLAN_PARTS_H

#include "host/flash/plan.h"

struct plan_input {
    struct flash_plan *plan;
    const struct flash_request *requests;
    const struct flash_plan_options *options;
    size_t request; /* the one in work */
};

/* Boot with a checked image: a record stands behind it. */
bool flash_plan_has_record(const struct board *board);
/* ERROR_CONSENT_NEEDED for a kept partition, or a chip erase that loses something. */
MUST_USE bool flash_plan_check_consent(const struct board *board,
    const struct flash_memory_plan *memory, const struct flash_plan_options *options,
    struct error *err);
/* Flags of the sectors and the list of kept ranges. */
MUST_USE bool flash_plan_mark_sectors(struct flash_memory_plan *memory, struct error *err);
/* What happens to the boot record, and the head of the entry image. */
MUST_USE bool flash_plan_choose_record(
    const struct board *board, const struct plan_input *input, struct error *err);
/* Does [offset, offset + size) hold a requested byte? */
bool flash_plan_overlaps(
    const struct flash_memory_plan *memory, uint32_t offset, uint32_t size_bytes);
bool flash_plan_covers(
    const struct flash_memory_plan *memory, uint32_t offset, uint32_t size_bytes);

#endif
