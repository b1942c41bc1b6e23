/* The image in the entry partition, and its record. */
#include "common/le.h"
#include "host/flash/boot.h"
#include "host/flash/hash.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 4096, STEP_BYTES = 1024 * 1024, VECTOR_BYTES = 8 };

bool flash_boot_has_record(const struct board *board)
{
    return board->boot_kind == BOARD_BOOT_XFLASH && board->boot_check_crc;
}

bool flash_boot_place(const struct board *board, struct flash_boot_place *place, struct error *err)
{
    const struct board_partition *partition = NULL;

    memset(place, 0, sizeof *place);
    if (board->boot_kind != BOARD_BOOT_XFLASH) {
        return error_set(
            err, ERROR_USAGE, "board %s does not boot with the bootloader of xflash", board->name);
    }
    partition = &board->partitions[board->boot_partition];
    place->memory = partition->memory_index;
    place->entry_offset = partition->offset;
    place->entry_addr = flash_memory_range(board, place->memory).addr + partition->offset;
    place->limit_bytes = partition->size_bytes;
    if (flash_boot_has_record(board)) {
        if (!board_boot_record_place(
                board, &place->record_offset, &place->record_unit_bytes, err)) {
            return false;
        }
        place->limit_bytes = place->record_offset - place->entry_offset;
    }
    return true;
}

bool flash_boot_read_record(struct flash_device *device, const struct board *board,
    enum flash_record_state *state, struct abi_boot_record *record, struct error *err)
{
    struct flash_boot_place place;

    *state = FLASH_RECORD_ABSENT;
    memset(record, 0, sizeof *record);
    if (!flash_boot_has_record(board)) {
        return true;
    }
    return flash_boot_place(board, &place, err) &&
           flash_record_read(device, place.record_offset, place.limit_bytes, state, record, err);
}

/* ---- vectors ---- */

/* Above the start and not above the end of one of the RAM ranges, in whole 8 bytes: what the
 * bootloader checks (docs/stub-protocol.md, section 6). */
static bool is_stack_ok(const struct board_mcu *mcu, uint32_t stack_addr)
{
    size_t i = 0;

    for (i = 0; i < mcu->ram_count; i++) {
        uint32_t used_bytes = stack_addr - mcu->ram[i].addr;

        if (used_bytes > 0 && used_bytes <= mcu->ram[i].size_bytes) {
            return stack_addr % 8 == 0;
        }
    }
    return false;
}

bool flash_boot_vectors_ok(const struct board *board, const uint8_t first8[8], uint32_t image_bytes,
    char *text, size_t text_bytes)
{
    struct flash_boot_place place;
    struct error err;
    uint32_t stack_addr = le_get32(first8);
    uint32_t reset_addr = le_get32(first8 + 4);
    uint32_t reset_offset = 0;

    text[0] = '\0';
    if (!flash_boot_place(board, &place, &err)) {
        (void)snprintf(text, text_bytes, "%s", err.message);
        return false;
    }
    reset_offset = (reset_addr & ~UINT32_C(1)) - place.entry_addr;
    if (!is_stack_ok(&board->mcu, stack_addr)) {
        (void)snprintf(text, text_bytes,
            "its first word, the stack pointer, is 0x%08" PRIx32 ": not in the RAM of %s",
            stack_addr, board->mcu.name);
    } else if ((reset_addr & 1) == 0) {
        (void)snprintf(text, text_bytes,
            "its second word, the reset vector, is 0x%08" PRIx32
            ": even, which is no Thumb address",
            reset_addr);
    } else if (reset_offset < VECTOR_BYTES || reset_offset >= image_bytes) {
        (void)snprintf(text, text_bytes,
            "its second word, the reset vector, is 0x%08" PRIx32 ": outside the image 0x%08" PRIx32
            "+0x%" PRIx32,
            reset_addr, place.entry_addr, image_bytes);
    }
    return text[0] == '\0';
}

bool flash_boot_plan_vectors_ok(
    const struct board *board, const struct flash_plan *plan, char *text, size_t text_bytes)
{
    uint8_t first8[VECTOR_BYTES];
    struct flash_boot_place place;
    struct error err;
    uint32_t image_bytes = plan->record.image_bytes;
    size_t i = 0;

    text[0] = '\0';
    if (plan->entry_request == SIZE_MAX || !flash_boot_place(board, &place, &err)) {
        return true;
    }
    while (i < plan->memory_count && plan->memories[i].geometry.memory != place.memory) {
        i++;
    }
    if (i == plan->memory_count) {
        return true;
    }
    if (plan->record.action != FLASH_RECORD_WRITE) {
        image_bytes = place.limit_bytes;
    }
    (void)flash_plan_contents(&plan->memories[i], place.entry_offset, first8, sizeof first8);
    return flash_boot_vectors_ok(board, first8, image_bytes, text, text_bytes);
}

/* ---- show ---- */

bool flash_boot_show(struct flash_device *device, const struct board *board,
    struct flash_boot_image_info *info, struct error *err)
{
    struct flash_boot_place place;
    uint8_t first8[VECTOR_BYTES];
    uint32_t image_bytes = 0;

    memset(info, 0, sizeof *info);
    if (!flash_boot_place(board, &place, err) ||
        !device->driver->read(device, place.entry_offset, first8, sizeof first8, err) ||
        !flash_boot_read_record(device, board, &info->record_state, &info->record, err)) {
        return false;
    }
    image_bytes = place.limit_bytes;
    if (info->record_state == FLASH_RECORD_VALID) {
        image_bytes = info->record.image_bytes;
        if (!flash_record_crc_of_chip(device, place.entry_offset, image_bytes, &info->crc32, err)) {
            return error_add_context(err, "computing the checksum of the image in the chip");
        }
        info->crc_matches = info->crc32 == info->record.image_crc32;
    }
    info->stack_addr = le_get32(first8);
    info->reset_addr = le_get32(first8 + 4);
    info->vectors_ok = flash_boot_vectors_ok(
        board, first8, image_bytes, info->vectors_text, sizeof info->vectors_text);
    return true;
}

/* ---- seal ---- */

/* Bytes up to the last one in the block that is not FF. */
static bool end_in_block(struct flash_device *device, uint32_t offset, uint32_t size_bytes,
    uint32_t *end_bytes, struct error *err)
{
    uint8_t bytes[BLOCK_BYTES];

    if (!device->driver->read(device, offset, bytes, size_bytes, err)) {
        return false;
    }
    while (size_bytes > 0 && bytes[size_bytes - 1] == 0xFF) {
        size_bytes--;
    }
    *end_bytes = size_bytes;
    return true;
}

/* Index of the last block whose hash is not that of FF; count: none. */
static uint32_t last_not_blank(const struct abi_block_hash *hashes, uint32_t count)
{
    uint8_t bytes[BLOCK_BYTES];
    struct abi_block_hash blank = {0};
    uint32_t i = count;

    memset(bytes, 0xFF, sizeof bytes);
    blank = flash_hash_of(bytes, sizeof bytes);
    while (i > 0 && flash_hash_equal(&hashes[i - 1], &blank)) {
        i--;
    }
    return i > 0 ? i - 1 : count;
}

/* From the end downwards, a hash command for each step. *found: the last block that is not blank.
 */
static bool find_last_block(struct flash_device *device, const struct flash_boot_place *place,
    struct abi_block_hash *hashes, uint32_t *found, bool *is_blank, struct error *err)
{
    uint32_t end = place->limit_bytes / BLOCK_BYTES * BLOCK_BYTES;

    *is_blank = true;
    while (end > 0 && *is_blank) {
        uint32_t step_bytes = end < STEP_BYTES ? end : STEP_BYTES;
        const struct flash_range range = {
            .offset = place->entry_offset + (end - step_bytes), .size_bytes = step_bytes};
        uint32_t count = step_bytes / BLOCK_BYTES;
        uint32_t last = 0;

        if (!flash_check_signal(device, err) ||
            !device->driver->hash(device, &range, BLOCK_BYTES, false, hashes, err)) {
            return false;
        }
        end -= step_bytes;
        last = last_not_blank(hashes, count);
        *is_blank = last == count;
        *found = end + last * BLOCK_BYTES;
    }
    return true;
}

static bool find_length(struct flash_device *device, const struct flash_boot_place *place,
    uint32_t *image_bytes, struct error *err)
{
    struct abi_block_hash *hashes = calloc(STEP_BYTES / BLOCK_BYTES, sizeof *hashes);
    uint32_t block = 0;
    uint32_t end_bytes = 0;
    bool is_blank = true;
    bool ok = false;

    if (hashes == NULL) {
        return error_set(err, ERROR_HOST_IO, "no memory to look for the image");
    }
    ok = find_last_block(device, place, hashes, &block, &is_blank, err);
    free(hashes);
    if (!ok) {
        return false;
    }
    if (is_blank) {
        (void)error_set(err, ERROR_NO_BOOT_IMAGE, "the entry partition at 0x%08" PRIx32 " is blank",
            place->entry_addr);
        error_set_hint(err, "xflash program IMAGE");
        return false;
    }
    if (!end_in_block(device, place->entry_offset + block, BLOCK_BYTES, &end_bytes, err)) {
        return false;
    }
    *image_bytes = block + end_bytes;
    return true;
}

static bool write_seal(struct flash_device *device, const struct flash_boot_place *place,
    const struct flash_engine_options *options, const struct abi_boot_record *record,
    struct error *err)
{
    struct flash_journal journal;
    bool ok = false;

    flash_journal_init(
        &journal, options->unique_id, device->geometry.name, device->geometry.size_bytes);
    ok = flash_journal_load(options->journal_directory, &journal, err);
    if (ok && !flash_journal_add_work(&journal, place->record_offset, place->record_unit_bytes)) {
        ok = error_set(err, ERROR_JOURNAL_IO, "no memory for the journal");
    }
    ok = ok && flash_journal_store(options->journal_directory, &journal, err) &&
         flash_record_invalidate(device, place->record_offset, place->record_unit_bytes, err) &&
         flash_record_write(device, place->record_offset, record, err) &&
         flash_journal_drop_work(&journal, place->record_offset, place->record_unit_bytes) &&
         flash_journal_store(options->journal_directory, &journal, err);
    flash_journal_clear(&journal);
    return ok;
}

bool flash_boot_seal(struct flash_device *device, const struct board *board,
    const struct flash_engine_options *options, struct abi_boot_record *record, struct error *err)
{
    enum flash_record_state state = FLASH_RECORD_ABSENT;
    struct flash_record_plan plan = {.name = "sealed"};
    struct flash_boot_place place;
    struct abi_boot_record old;
    uint32_t crc32 = 0;

    if (!flash_boot_has_record(board)) {
        return error_set(err, ERROR_USAGE,
            "board %s has no checked boot: there is no record to seal", board->name);
    }
    if (!flash_boot_place(board, &place, err) ||
        !device->driver->check_writable(
            device, place.record_offset, place.record_unit_bytes, err) ||
        !flash_boot_read_record(device, board, &state, &old, err)) {
        return false;
    }
    if (state == FLASH_RECORD_VALID) {
        plan.image_bytes = old.image_bytes;
        memcpy(plan.name, old.name, sizeof plan.name);
        memcpy(plan.image_version, old.image_version, sizeof plan.image_version);
    } else if (!find_length(device, &place, &plan.image_bytes, err)) {
        return false;
    }
    if (!flash_record_crc_of_chip(device, place.entry_offset, plan.image_bytes, &crc32, err)) {
        return error_add_context(err, "computing the checksum of the image in the chip");
    }
    flash_record_make(&plan, crc32, record);
    return write_seal(device, &place, options, record, err) ||
           error_add_context(err, "sealing %" PRIu32 " bytes at 0x%08" PRIx32, plan.image_bytes,
               place.entry_addr);
}
