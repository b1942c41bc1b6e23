#include "target/boot/check.h"

#include "common/crc32.h"
#include "target/driver/blob.h"
#include "target/driver/ff.h"
#include "target/driver/reg.h"

#include <stddef.h>

enum {
    VECTOR_BYTES = 8, /* stack pointer and reset vector */
    EMPTY_BYTES = 64, /* FF at the start of the partition: nothing was ever programmed */
    CRC_STEP_BYTES = 4096
};

static bool inside(uint32_t addr, uint32_t size_bytes, uint32_t base_addr, uint32_t room_bytes)
{
    return addr >= base_addr && addr - base_addr <= room_bytes &&
           size_bytes <= room_bytes - (addr - base_addr);
}

bool boot_config_fits(
    const struct abi_boot_config *config, uint32_t window_addr, uint32_t chip_bytes)
{
    if (config->partition_bytes < EMPTY_BYTES ||
        !inside(config->entry_addr, config->partition_bytes, window_addr, chip_bytes)) {
        return false;
    }
    if (config->record_addr == 0) {
        return (config->flags & ABI_BOOT_CHECK_CRC) == 0;
    }
    return inside(config->record_addr, sizeof(struct abi_boot_record), config->entry_addr,
        config->partition_bytes);
}

static struct boot_verdict verdict(enum abi_boot_code code, uint32_t first, uint32_t second)
{
    return (struct boot_verdict){.code = (uint32_t)code, .value = {first, second}};
}

static bool is_empty(const struct abi_boot_config *config)
{
    return ff_only(reg_pointer(config->entry_addr), EMPTY_BYTES);
}

/* The record is copied first: what was checked is what is used. */
static struct boot_verdict check_record(
    const struct abi_boot_config *config, struct abi_boot_record *record)
{
    uint32_t found = 0;

    __builtin_memcpy(record, reg_pointer(config->record_addr), sizeof *record);
    if (record->magic != ABI_RECORD_MAGIC) {
        bool erased = ff_only((const uint8_t *)record, sizeof *record);

        return verdict(
            erased && is_empty(config) ? ABI_BOOT_EMPTY : ABI_BOOT_NO_RECORD, record->magic, 0);
    }
    found = crc32_update(0, record, offsetof(struct abi_boot_record, record_crc32));
    if (found != record->record_crc32 || record->version != ABI_BOOT_VERSION) {
        return verdict(ABI_BOOT_BAD_RECORD, record->record_crc32, found);
    }
    if (record->image_bytes < VECTOR_BYTES ||
        record->image_bytes > config->record_addr - config->entry_addr) {
        return verdict(
            ABI_BOOT_BAD_LENGTH, record->image_bytes, config->record_addr - config->entry_addr);
    }
    return verdict(ABI_BOOT_HANDED_OVER, 0, 0);
}

static struct boot_verdict check_crc(const struct abi_boot_config *config,
    const struct abi_boot_record *record, const struct crc_fast *tables, struct clock *clock)
{
    const uint8_t *image = reg_pointer(config->entry_addr);
    uint32_t crc = 0;

    for (uint32_t done = 0; done < record->image_bytes;) {
        uint32_t left_bytes = record->image_bytes - done;
        uint32_t step_bytes = left_bytes < CRC_STEP_BYTES ? left_bytes : CRC_STEP_BYTES;

        if (clock_pace(clock) != ABI_STATUS_OK) {
            return verdict(ABI_BOOT_OUT_OF_TIME, ABI_BOOT_BAD_CRC, 0);
        }
        crc = crc_fast_update(tables, crc, image + done, step_bytes);
        done += step_bytes;
    }
    if (crc != record->image_crc32) {
        return verdict(ABI_BOOT_BAD_CRC, record->image_crc32, crc);
    }
    return verdict(ABI_BOOT_HANDED_OVER, 0, 0);
}

static bool stack_ok(const struct abi_boot_config *config, uint32_t stack_addr)
{
    if (stack_addr % 8 != 0) {
        return false;
    }
    for (uint32_t i = 0; i < config->ram_count; i++) {
        const struct abi_ram_range *ram = &config->ram[i];

        /* It grows downward: the end of a range is a place to start. */
        if (stack_addr > ram->addr && stack_addr - ram->addr <= ram->size_bytes) {
            return true;
        }
    }
    return false;
}

static struct boot_verdict check_vectors(const struct abi_boot_config *config, uint32_t image_bytes)
{
    uint32_t vectors[VECTOR_BYTES / 4];
    uint32_t entry_addr = 0;

    __builtin_memcpy(vectors, reg_pointer(config->entry_addr), sizeof vectors);
    if (!stack_ok(config, vectors[0])) {
        return verdict(ABI_BOOT_BAD_STACK, vectors[0], 0);
    }
    entry_addr = vectors[1] - 1;
    if (vectors[1] % 2 == 0 ||
        !inside(entry_addr, 2, config->entry_addr + VECTOR_BYTES, image_bytes - VECTOR_BYTES)) {
        return verdict(ABI_BOOT_BAD_VECTOR, vectors[1], 0);
    }
    return verdict(ABI_BOOT_HANDED_OVER, vectors[0], vectors[1]);
}

struct boot_verdict boot_check_image(const struct abi_blob *blob, uint32_t window_addr,
    const struct crc_fast *tables, struct clock *clock)
{
    const struct abi_boot_config *config = blob_boot_config(blob);
    struct abi_boot_record record;
    uint32_t image_bytes = 0;

    if (config == NULL || !boot_config_fits(config, window_addr, blob_memory(blob)->size_bytes)) {
        return verdict(ABI_BOOT_BAD_BLOB, 0, 0);
    }
    image_bytes = config->partition_bytes;
    if ((config->flags & ABI_BOOT_CHECK_CRC) != 0) {
        struct boot_verdict result = check_record(config, &record);

        if (result.code == ABI_BOOT_HANDED_OVER) {
            result = check_crc(config, &record, tables, clock);
        }
        if (result.code != ABI_BOOT_HANDED_OVER) {
            return result;
        }
        image_bytes = record.image_bytes;
    } else if (is_empty(config)) {
        return verdict(ABI_BOOT_EMPTY, 0, 0);
    }
    return check_vectors(config, image_bytes);
}
