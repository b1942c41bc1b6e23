/* Addresses as the user writes them: WHERE and RANGE of the command line. Pure.
 *
 *   WHERE   ADDRESS | NAME | NAME+OFFSET
 *   RANGE   ADDRESS-END | ADDRESS+LENGTH | NAME | NAME+OFFSET+LENGTH
 *
 * NAME is a partition, a memory, or "internal". END is the first address that is not meant any
 * more: 0x70000000-0x70001000 is 4096 bytes. Numbers are decimal or 0x, with K or M for 1024 and
 * 1024 * 1024. */
#ifndef HOST_FLASH_LOCATE_H
#define HOST_FLASH_LOCATE_H

#include "host/board/board.h"

enum { FLASH_NO_PARTITION = BOARD_MAX_PARTITIONS };

struct flash_place {
    size_t memory;       /* as in geometry.h */
    size_t partition;    /* index, or FLASH_NO_PARTITION */
    uint32_t addr;       /* CPU address */
    uint32_t offset;     /* within the memory */
    uint32_t room_bytes; /* from there to the end of the partition or memory */
    bool is_named;       /* by NAME: bounds of the partition apply. False: an explicit address */
};

struct flash_range {
    size_t memory;
    size_t partition; /* index when the range is a partition's name, else FLASH_NO_PARTITION */
    uint32_t addr;
    uint32_t offset;
    uint32_t size_bytes;  /* never 0 */
    bool looks_inclusive; /* ADDRESS-END with END ending in FF: worth a warning */
};

/* All fail with ERROR_USAGE, and ERROR_IMAGE_OUT_OF_RANGE for an address outside every memory. */
MUST_USE bool flash_locate_number(const char *text, uint32_t *value, struct error *err);
MUST_USE bool flash_locate_where(
    const struct board *board, const char *text, struct flash_place *place, struct error *err);
MUST_USE bool flash_locate_range(
    const struct board *board, const char *text, struct flash_range *range, struct error *err);
/* The start of the boot entry partition: where a BIN without address goes. ERROR_USAGE when the
 * board file names none. */
MUST_USE bool flash_locate_entry(
    const struct board *board, struct flash_place *place, struct error *err);
/* The whole of a memory by name; NULL or "": the only external one, else ERROR_USAGE. */
MUST_USE bool flash_locate_memory(
    const struct board *board, const char *name, struct flash_range *range, struct error *err);
/* "file@WHERE": the last '@' splits. Returns the length of the path; *where is NULL without '@'. */
size_t flash_locate_split(const char *argument, const char **where);

#endif
