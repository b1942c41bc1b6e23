/* The boot record: made, checked, read from and written to its sector (silicon rule 20). */
#ifndef HOST_FLASH_RECORD_H
#define HOST_FLASH_RECORD_H

#include "abi/boot.h"
#include "host/flash/plan.h"
#include "host/flash/progress.h"

enum { FLASH_RECORD_BYTES = sizeof(struct abi_boot_record) };

enum flash_record_state {
    FLASH_RECORD_ABSENT,  /* the sector starts with FF */
    FLASH_RECORD_INVALID, /* something else stands there, or its checksum is wrong */
    FLASH_RECORD_VALID    /* well-formed; says nothing about the image */
};

void flash_record_encode(const struct abi_boot_record *record, uint8_t bytes[FLASH_RECORD_BYTES]);
/* limit_bytes: the longest image that can be recorded. */
enum flash_record_state flash_record_decode(
    const uint8_t bytes[FLASH_RECORD_BYTES], uint32_t limit_bytes, struct abi_boot_record *record);
/* Fills in magic, version and checksum. */
void flash_record_make(
    const struct flash_record_plan *plan, uint32_t image_crc32, struct abi_boot_record *record);

/* offset: of the record's sector; limit_bytes as above. */
MUST_USE bool flash_record_read(struct flash_device *device, uint32_t offset, uint32_t limit_bytes,
    enum flash_record_state *state, struct abi_boot_record *record, struct error *err);
/* Erases the sector, unless it is blank already. */
MUST_USE bool flash_record_invalidate(
    struct flash_device *device, uint32_t offset, uint32_t unit_bytes, struct error *err);
/* Programs the record into its erased sector and reads it back. */
MUST_USE bool flash_record_write(struct flash_device *device, uint32_t offset,
    const struct abi_boot_record *record, struct error *err);
/* CRC-32 of what the chip holds in [offset, offset + size). */
MUST_USE bool flash_record_crc_of_chip(struct flash_device *device, uint32_t offset,
    uint32_t size_bytes, uint32_t *crc32, struct error *err);
/* CRC-32 of what the plan wants there; false when it does not know every byte. */
bool flash_record_crc_of_plan(
    const struct flash_memory_plan *memory, uint32_t offset, uint32_t size_bytes, uint32_t *crc32);

#endif
