/* The MCU's internal flash, driven over the debug port (silicon rule 16). */
#ifndef HOST_TARGET_INTERNAL_FLASH_H
#define HOST_TARGET_INTERNAL_FLASH_H

#include "host/target/target.h"

/* Reads; granules that fault (double ECC error) are reported in broken (may be NULL) and read as
 * FF: a half-written granule means "differs", never "target lost". */
MUST_USE bool internal_flash_read(struct target *target, uint32_t offset, void *dst,
    size_t size_bytes, size_t *broken_granules, struct error *err);
/* Whole sectors. ERROR_TARGET_PROTECTED when write protection is in the way (checked before). */
MUST_USE bool internal_flash_erase(
    struct target *target, uint32_t offset, uint32_t size_bytes, struct error *err);
/* offset and size multiples of the granule; FF granules are skipped; the granule at offset 0 (the
 * vector table) is written last. Reads back and compares. */
MUST_USE bool internal_flash_program(
    struct target *target, uint32_t offset, const void *src, size_t size_bytes, struct error *err);
/* ERROR_TARGET_PROTECTED with the reason when sectors of the range cannot be written, or when the
 * MCU would not start from 0x08000000 (silicon rule 16). Changes nothing. */
MUST_USE bool internal_flash_check_writable(
    struct target *target, uint32_t offset, uint32_t size_bytes, struct error *err);
/* Option bits: which XSPI ports have HSLV really enabled (bit 0: port 1). */
MUST_USE bool internal_flash_read_hslv(struct target *target, uint32_t *hslv, struct error *err);
/* One line about life cycle and write protection, for `info`. */
MUST_USE bool internal_flash_describe_protection(
    struct target *target, char *text, size_t text_bytes, struct error *err);

#endif
