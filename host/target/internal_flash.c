#include "host/target/internal_flash.h"

#include "host/target/internal_flash_driver.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { READ_BLOCK_BYTES = 1024, MAX_GRANULE_BYTES = 32, ERASED = 0xFF };

static const struct {
    const char *name;
    const struct internal_flash_driver *driver;
} drivers[] = {
    {"h7rs", &internal_flash_h7rs},
    {"h7", &internal_flash_h7},
};

static const struct internal_flash_driver *find_driver(struct target *target, struct error *err)
{
    const struct board_mcu *mcu = target_mcu(target);
    size_t i = 0;

    for (i = 0; i < sizeof drivers / sizeof drivers[0]; i++) {
        if (strcmp(drivers[i].name, mcu->flash.driver) == 0) {
            return drivers[i].driver;
        }
    }
    (void)error_set(err, ERROR_BOARD_BAD, "%s: there is no driver \"%s\" for internal flash",
        mcu->name, mcu->flash.driver);
    return NULL;
}

/* offset and size_bytes in whole units and inside the flash. */
static bool check_range(struct target *target, uint32_t offset, size_t size_bytes,
    uint32_t unit_bytes, struct error *err)
{
    uint32_t flash_bytes = target_mcu(target)->flash.size_bytes;

    if (offset > flash_bytes || size_bytes > flash_bytes - offset) {
        return error_set(err, ERROR_INTERNAL,
            "%zu bytes at offset 0x%" PRIx32 " are not inside the internal flash of %" PRIu32
            " bytes",
            size_bytes, offset, flash_bytes);
    }
    if (offset % unit_bytes != 0 || size_bytes % unit_bytes != 0) {
        return error_set(err, ERROR_INTERNAL,
            "%zu bytes at offset 0x%" PRIx32
            " of the internal flash are not whole units of %" PRIu32,
            size_bytes, offset, unit_bytes);
    }
    return true;
}

/* One granule that may fault: read on its own, and FF when it does. */
static bool read_granule(
    struct target *target, uint32_t addr, uint8_t *dst, size_t *broken, struct error *err)
{
    uint32_t granule_bytes = target_mcu(target)->flash.granule_bytes;

    if (target_read(target, addr, dst, granule_bytes, err)) {
        return true;
    }
    if (err->code != ERROR_TARGET_FAULT) {
        return false;
    }
    memset(dst, ERASED, granule_bytes);
    (*broken)++;
    return true;
}

/* Whole granules. A refused access says nothing about which granule it was: each is tried. */
static bool read_block(struct target *target, uint32_t addr, uint8_t *dst, size_t size_bytes,
    size_t *broken, struct error *err)
{
    uint32_t granule_bytes = target_mcu(target)->flash.granule_bytes;
    size_t done = 0;

    if (target_read(target, addr, dst, size_bytes, err)) {
        return true;
    }
    if (err->code != ERROR_TARGET_FAULT) {
        return false;
    }
    for (done = 0; done < size_bytes; done += granule_bytes) {
        if (!read_granule(target, addr + (uint32_t)done, dst + done, broken, err)) {
            return false;
        }
    }
    return true;
}

/* offset on a granule; any size. */
static bool read_part(struct target *target, uint32_t offset, uint8_t *dst, size_t size_bytes,
    size_t *broken, struct error *err)
{
    const struct board_internal_flash *flash = &target_mcu(target)->flash;
    uint8_t block[READ_BLOCK_BYTES];
    uint32_t skip = offset % flash->granule_bytes;

    offset -= skip;
    while (size_bytes > 0) {
        size_t take = READ_BLOCK_BYTES - skip < size_bytes ? READ_BLOCK_BYTES - skip : size_bytes;
        size_t read_bytes =
            (skip + take + flash->granule_bytes - 1) / flash->granule_bytes * flash->granule_bytes;

        if (!read_block(target, flash->addr + offset, block, read_bytes, broken, err)) {
            return false;
        }
        memcpy(dst, block + skip, take);
        offset += READ_BLOCK_BYTES;
        dst += take;
        size_bytes -= take;
        skip = 0;
    }
    return true;
}

bool internal_flash_read(struct target *target, uint32_t offset, void *dst, size_t size_bytes,
    size_t *broken_granules, struct error *err)
{
    size_t broken = 0;
    bool is_read = check_range(target, offset, size_bytes, 1, err) &&
                   read_part(target, offset, dst, size_bytes, &broken, err);

    if (broken_granules != NULL) {
        *broken_granules = broken;
    }
    if (!is_read) {
        return error_add_context(err, "reading the internal flash");
    }
    return true;
}

bool internal_flash_check_writable(
    struct target *target, uint32_t offset, uint32_t size_bytes, struct error *err)
{
    const struct board_internal_flash *flash = &target_mcu(target)->flash;
    const struct internal_flash_driver *driver = find_driver(target, err);
    uint32_t first = offset / flash->sector_bytes;
    uint32_t end = 0;

    if (driver == NULL || !check_range(target, offset, size_bytes, 1, err)) {
        return false;
    }
    end = (offset + size_bytes + flash->sector_bytes - 1) / flash->sector_bytes;
    return driver->check_writable(target, first, end - first, err);
}

/* Whatever happened, the flash ends locked; the first failure is the one reported. */
static bool finish(
    struct target *target, const struct internal_flash_driver *driver, bool ok, struct error *err)
{
    struct error second;

    if (!driver->lock(target, &second) && ok) {
        *err = second;
        return false;
    }
    return ok;
}

static bool erase_sectors(struct target *target, const struct internal_flash_driver *driver,
    uint32_t first, uint32_t count, struct error *err)
{
    uint32_t i = 0;
    bool is_done = driver->unlock(target, err);

    for (i = 0; i < count && is_done; i++) {
        is_done = driver->erase_sector(target, first + i, err);
        if (!is_done) {
            error_set_addr(err, target_mcu(target)->flash.addr +
                                    (first + i) * target_mcu(target)->flash.sector_bytes);
            (void)error_add_context(
                err, "erasing sector %" PRIu32 " of the internal flash", first + i);
        }
    }
    return finish(target, driver, is_done, err);
}

bool internal_flash_erase(
    struct target *target, uint32_t offset, uint32_t size_bytes, struct error *err)
{
    uint32_t sector_bytes = target_mcu(target)->flash.sector_bytes;
    const struct internal_flash_driver *driver = find_driver(target, err);

    return driver != NULL && check_range(target, offset, size_bytes, sector_bytes, err) &&
           internal_flash_check_writable(target, offset, size_bytes, err) &&
           erase_sectors(target, driver, offset / sector_bytes, size_bytes / sector_bytes, err);
}

static bool is_erased(const uint8_t *bytes, size_t count)
{
    size_t i = 0;

    for (i = 0; i < count; i++) {
        if (bytes[i] != ERASED) {
            return false;
        }
    }
    return true;
}

/* The granule at offset 0 of the flash holds stack pointer and reset vector: written last, so that
 * a cut leaves nothing that would be started. */
static bool program_granules(struct target *target, const struct internal_flash_driver *driver,
    uint32_t offset, const uint8_t *src, size_t size_bytes, struct error *err)
{
    const struct board_internal_flash *flash = &target_mcu(target)->flash;
    size_t done = 0;
    bool is_done = driver->unlock(target, err) && driver->begin_program(target, err);

    /* From the second granule upwards, then the first. */
    for (done = flash->granule_bytes; done < size_bytes && is_done; done += flash->granule_bytes) {
        if (!is_erased(src + done, flash->granule_bytes)) {
            is_done = driver->program_granule(
                target, flash->addr + offset + (uint32_t)done, src + done, err);
        }
    }
    if (is_done && size_bytes > 0 && !is_erased(src, flash->granule_bytes)) {
        is_done = driver->program_granule(target, flash->addr + offset, src, err);
    }
    return finish(target, driver, is_done, err);
}

static bool compare_back(struct target *target, uint32_t offset, const uint8_t *src, uint8_t *found,
    size_t size_bytes, struct error *err)
{
    size_t broken = 0;
    size_t i = 0;
    uint32_t addr = target_mcu(target)->flash.addr + offset;

    if (!internal_flash_read(target, offset, found, size_bytes, &broken, err)) {
        return false;
    }
    while (i < size_bytes && found[i] == src[i]) {
        i++;
    }
    if (i == size_bytes && broken == 0) {
        return true;
    }
    addr += (uint32_t)(i < size_bytes ? i : 0);
    (void)error_set(err, ERROR_VERIFY_MISMATCH,
        "the internal flash reads back different: first at 0x%08" PRIx32
        ", %zu granules unreadable",
        addr, broken);
    error_set_addr(err, addr);
    return false;
}

static bool read_back(struct target *target, uint32_t offset, const uint8_t *src, size_t size_bytes,
    struct error *err)
{
    uint8_t *found = calloc(size_bytes > 0 ? size_bytes : 1, 1);
    bool is_equal = false;

    if (found == NULL) {
        return error_set(err, ERROR_HOST_IO, "no memory to read %zu bytes back", size_bytes);
    }
    is_equal = compare_back(target, offset, src, found, size_bytes, err);
    free(found);
    return is_equal;
}

bool internal_flash_program(
    struct target *target, uint32_t offset, const void *src, size_t size_bytes, struct error *err)
{
    const struct board_internal_flash *flash = &target_mcu(target)->flash;
    const struct internal_flash_driver *driver = find_driver(target, err);

    if (driver == NULL || !check_range(target, offset, size_bytes, flash->granule_bytes, err) ||
        !internal_flash_check_writable(target, offset, (uint32_t)size_bytes, err)) {
        return false;
    }
    if (!program_granules(target, driver, offset, src, size_bytes, err) ||
        !read_back(target, offset, src, size_bytes, err)) {
        return error_add_context(err, "programming %zu bytes of the internal flash at 0x%08" PRIx32,
            size_bytes, flash->addr + offset);
    }
    return true;
}

bool internal_flash_read_hslv(struct target *target, uint32_t *hslv, struct error *err)
{
    const struct internal_flash_driver *driver = find_driver(target, err);

    *hslv = 0;
    return driver != NULL && driver->read_hslv(target, hslv, err);
}

bool internal_flash_describe_protection(
    struct target *target, char *text, size_t text_bytes, struct error *err)
{
    const struct internal_flash_driver *driver = find_driver(target, err);

    text[0] = '\0';
    return driver != NULL && driver->describe(target, text, text_bytes, err);
}
