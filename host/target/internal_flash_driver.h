/* What a family's internal flash does, for internal_flash.c, which has checked ranges and alignment
 * before it calls. One file and one row of the table for each flash controller. */
#ifndef HOST_TARGET_INTERNAL_FLASH_DRIVER_H
#define HOST_TARGET_INTERNAL_FLASH_DRIVER_H

#include "host/target/target.h"

/* All members are mandatory. */
struct internal_flash_driver {
    /* ERROR_TARGET_PROTECTED unless the sectors can be written and the MCU starts from here. */
    bool (*check_writable)(
        struct target *target, uint32_t first_sector, uint32_t count, struct error *err);
    /* Keys; errors of earlier operations cleared. */
    bool (*unlock)(struct target *target, struct error *err);
    /* Between unlock() and the first program_granule(). */
    bool (*begin_program)(struct target *target, struct error *err);
    /* Always called after unlock(), also when something between failed. */
    bool (*lock)(struct target *target, struct error *err);
    bool (*erase_sector)(struct target *target, uint32_t sector, struct error *err);
    /* One granule of board_internal_flash.granule_bytes, at a CPU address. */
    bool (*program_granule)(
        struct target *target, uint32_t addr, const uint8_t *granule, struct error *err);
    bool (*read_hslv)(struct target *target, uint32_t *hslv, struct error *err);
    bool (*describe)(struct target *target, char *text, size_t text_bytes, struct error *err);
};

extern const struct internal_flash_driver internal_flash_h7rs;
extern const struct internal_flash_driver internal_flash_h7;

#endif
