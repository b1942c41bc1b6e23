/* Reads the chip back and compares it with what a plan wants. */
#ifndef HOST_FLASH_VERIFY_H
#define HOST_FLASH_VERIFY_H

#include "host/flash/plan.h"
#include "host/flash/progress.h"

enum flash_verify_way {
    FLASH_VERIFY_HASH,  /* two hashes of each block, made on the target */
    FLASH_VERIFY_READ,  /* the bytes themselves, over the link */
    FLASH_VERIFY_MAPPED /* the two hashes, through the memory-mapped window at run speed */
};

/* Compares [offset, offset + size) with flash_plan_contents(), by hash on the target, at the edges
 * by reading. On a difference ERROR_VERIFY_MISMATCH says where, what, how many, which bits, and
 * whether a second reading agrees. */
MUST_USE bool flash_verify_range(struct flash_device *device,
    const struct flash_memory_plan *memory, uint32_t offset, uint32_t size_bytes,
    struct flash_meter *meter, struct error *err);
/* Every sector that the plan has changed, but for the head and the record's sector: those are
 * verified when they have been written. Kept bytes included. */
MUST_USE bool flash_verify_sectors(struct flash_device *device,
    const struct flash_memory_plan *memory, struct flash_meter *meter, struct error *err);
/* Every requested byte, nothing else: for `verify`, where nothing was written, and for a second
 * look in another way. */
MUST_USE bool flash_verify_pieces(struct flash_device *device,
    const struct flash_memory_plan *memory, enum flash_verify_way way, struct flash_meter *meter,
    struct error *err);
/* How many bytes flash_verify_sectors() and flash_verify_pieces() will look at. */
uint64_t flash_verify_sector_bytes(const struct flash_memory_plan *memory);

#endif
