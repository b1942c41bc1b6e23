/* What plan and engine need to know of a memory: its place, its erase units and its times. The same
 * struct for a chip behind the stub and for the MCU's internal flash. */
#ifndef HOST_FLASH_GEOMETRY_H
#define HOST_FLASH_GEOMETRY_H

#include "host/board/board.h"

/* Numbers of memories: the external ones as in the board file, then the internal flash. */
enum { FLASH_MEMORY_INTERNAL = BOARD_MAX_MEMORIES, FLASH_MEMORY_COUNT = BOARD_MAX_MEMORIES + 1 };

struct flash_geometry {
    char name[BOARD_NAME_BYTES]; /* "flash", "internal" */
    size_t memory;               /* number as above */
    uint32_t addr;               /* CPU address of offset 0 */
    uint32_t size_bytes;
    uint32_t page_bytes;
    uint32_t granule_bytes; /* programmed whole and once: ECC unit, or granule of internal flash */
    struct part_erase erase[PART_MAX_ERASE]; /* smallest first */
    size_t erase_count;
    uint32_t program_typical_us; /* for a page */
    uint32_t program_max_us;
    uint32_t chip_erase_typical_us; /* 0: has none */
    uint32_t chip_erase_max_us;
};

/* ERROR_BOARD_UNKNOWN for a memory whose part is "auto" and has not been read from the chip yet. */
MUST_USE bool flash_geometry_get(
    const struct board *board, size_t memory, struct flash_geometry *geometry, struct error *err);
/* The smallest erase unit. */
uint32_t flash_geometry_sector_bytes(const struct flash_geometry *geometry);

/* Number of the memory that contains a CPU address; FLASH_MEMORY_COUNT: none. */
size_t flash_memory_at(const struct board *board, uint32_t addr);
const char *flash_memory_name(const struct board *board, size_t memory);
/* First CPU address and length (for an unknown part: of its window). */
struct board_range flash_memory_range(const struct board *board, size_t memory);

#endif
