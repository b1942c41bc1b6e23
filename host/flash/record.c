#include "host/flash/record.h"

#include "common/crc32.h"
#include "common/le.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    AT_IMAGE_BYTES = 8,
    AT_IMAGE_CRC = 12,
    AT_NAME = 16,
    AT_IMAGE_VERSION = 64,
    AT_RECORD_CRC = 124,
    STEP_BYTES = 4096
};

_Static_assert(offsetof(struct abi_boot_record, name) == AT_NAME, "record layout");
_Static_assert(
    offsetof(struct abi_boot_record, image_version) == AT_IMAGE_VERSION, "record layout");

void flash_record_encode(const struct abi_boot_record *record, uint8_t bytes[FLASH_RECORD_BYTES])
{
    memset(bytes, 0, FLASH_RECORD_BYTES);
    le_put32(bytes, record->magic);
    le_put32(bytes + 4, record->version);
    le_put32(bytes + AT_IMAGE_BYTES, record->image_bytes);
    le_put32(bytes + AT_IMAGE_CRC, record->image_crc32);
    memcpy(bytes + AT_NAME, record->name, sizeof record->name);
    memcpy(bytes + AT_IMAGE_VERSION, record->image_version, sizeof record->image_version);
    le_put32(bytes + AT_RECORD_CRC, record->record_crc32);
}

enum flash_record_state flash_record_decode(
    const uint8_t bytes[FLASH_RECORD_BYTES], uint32_t limit_bytes, struct abi_boot_record *record)
{
    memset(record, 0, sizeof *record);
    if (le_get32(bytes) == UINT32_MAX) {
        return FLASH_RECORD_ABSENT;
    }
    record->magic = le_get32(bytes);
    record->version = le_get32(bytes + 4);
    record->image_bytes = le_get32(bytes + AT_IMAGE_BYTES);
    record->image_crc32 = le_get32(bytes + AT_IMAGE_CRC);
    memcpy(record->name, bytes + AT_NAME, sizeof record->name);
    memcpy(record->image_version, bytes + AT_IMAGE_VERSION, sizeof record->image_version);
    record->name[sizeof record->name - 1] = '\0';
    record->image_version[sizeof record->image_version - 1] = '\0';
    record->record_crc32 = le_get32(bytes + AT_RECORD_CRC);
    if (record->magic != ABI_RECORD_MAGIC || record->version != ABI_BOOT_VERSION ||
        record->image_bytes == 0 || record->image_bytes > limit_bytes ||
        crc32_update(0, bytes, AT_RECORD_CRC) != record->record_crc32) {
        return FLASH_RECORD_INVALID;
    }
    return FLASH_RECORD_VALID;
}

void flash_record_make(
    const struct flash_record_plan *plan, uint32_t image_crc32, struct abi_boot_record *record)
{
    uint8_t bytes[FLASH_RECORD_BYTES];

    memset(record, 0, sizeof *record);
    record->magic = ABI_RECORD_MAGIC;
    record->version = ABI_BOOT_VERSION;
    record->image_bytes = plan->image_bytes;
    record->image_crc32 = image_crc32;
    memcpy(record->name, plan->name, strlen(plan->name));
    memcpy(record->image_version, plan->image_version, strlen(plan->image_version));
    flash_record_encode(record, bytes);
    record->record_crc32 = crc32_update(0, bytes, AT_RECORD_CRC);
}

bool flash_record_read(struct flash_device *device, uint32_t offset, uint32_t limit_bytes,
    enum flash_record_state *state, struct abi_boot_record *record, struct error *err)
{
    uint8_t bytes[FLASH_RECORD_BYTES];

    if (!device->driver->read(device, offset, bytes, sizeof bytes, err)) {
        return error_add_context(
            err, "reading the boot record at 0x%08" PRIx32, device->geometry.addr + offset);
    }
    *state = flash_record_decode(bytes, limit_bytes, record);
    return true;
}

bool flash_record_invalidate(
    struct flash_device *device, uint32_t offset, uint32_t unit_bytes, struct error *err)
{
    uint32_t sector_bytes = flash_geometry_sector_bytes(&device->geometry);
    uint32_t ticket = 0;
    uint32_t at = 0;

    for (at = 0; at < unit_bytes; at += sector_bytes) {
        if (!device->driver->erase(device, 0, offset + at, sector_bytes, &ticket, err)) {
            return error_add_context(
                err, "erasing the boot record at 0x%08" PRIx32, device->geometry.addr + offset);
        }
    }
    return device->driver->finish(device, err) ||
           error_add_context(
               err, "erasing the boot record at 0x%08" PRIx32, device->geometry.addr + offset);
}

bool flash_record_write(struct flash_device *device, uint32_t offset,
    const struct abi_boot_record *record, struct error *err)
{
    uint8_t bytes[FLASH_RECORD_BYTES];
    uint8_t found[FLASH_RECORD_BYTES];
    uint32_t addr = device->geometry.addr + offset;
    uint32_t ticket = 0;

    flash_record_encode(record, bytes);
    if (!device->driver->program(device, offset, bytes, sizeof bytes, &ticket, err) ||
        !device->driver->finish(device, err) ||
        !device->driver->read(device, offset, found, sizeof found, err)) {
        return error_add_context(err, "writing the boot record at 0x%08" PRIx32, addr);
    }
    if (memcmp(bytes, found, sizeof bytes) != 0) {
        (void)error_set(err, ERROR_VERIFY_MISMATCH,
            "the boot record at 0x%08" PRIx32 " reads back different", addr);
        error_set_addr(err, addr);
        return false;
    }
    return true;
}

bool flash_record_crc_of_chip(struct flash_device *device, uint32_t offset, uint32_t size_bytes,
    uint32_t *crc32, struct error *err)
{
    uint8_t tail[FLASH_ALIGN_BYTES];
    uint32_t crc = 0;
    uint32_t tail_bytes = size_bytes % FLASH_ALIGN_BYTES;
    const struct flash_range range = {.offset = offset, .size_bytes = size_bytes - tail_bytes};

    if (range.size_bytes > 0 && !device->driver->crc32(device, &range, &crc, err)) {
        return false;
    }
    if (tail_bytes > 0 &&
        !device->driver->read(device, offset + range.size_bytes, tail, tail_bytes, err)) {
        return false;
    }
    *crc32 = crc32_update(crc, tail, tail_bytes);
    return true;
}

bool flash_record_crc_of_plan(
    const struct flash_memory_plan *memory, uint32_t offset, uint32_t size_bytes, uint32_t *crc32)
{
    uint8_t bytes[STEP_BYTES];
    uint32_t crc = 0;
    uint32_t done = 0;
    uint32_t count = 0;
    uint32_t at = offset;
    size_t i = flash_plan_piece_at(memory, offset);

    for (; at - offset < size_bytes; i++) { /* is it covered without a gap? */
        if (i == memory->piece_count || memory->pieces[i].offset > at) {
            return false;
        }
        at = memory->pieces[i].offset + memory->pieces[i].size_bytes;
    }
    for (done = 0; done < size_bytes; done += count) {
        count = size_bytes - done < STEP_BYTES ? size_bytes - done : STEP_BYTES;
        (void)flash_plan_contents(memory, offset + done, bytes, count);
        crc = crc32_update(crc, bytes, count);
    }
    *crc32 = crc;
    return true;
}
