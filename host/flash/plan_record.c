/* What a plan does to the boot record, and which consent it needs. */
#include "host/flash/plan_parts.h"
#include "host/flash/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool flash_plan_has_record(const struct board *board)
{
    return board->boot_kind == BOARD_BOOT_XFLASH && board->boot_check_crc;
}

/* ---- consent ---- */

static bool is_chip_erased(
    const struct flash_memory_plan *memory, const struct flash_plan_options *options)
{
    return options->erase == FLASH_ERASE_CHIP && memory->geometry.chip_erase_typical_us > 0;
}

bool flash_plan_check_consent(const struct board *board, const struct flash_memory_plan *memory,
    const struct flash_plan_options *options, struct error *err)
{
    size_t i = 0;

    for (i = 0; i < board->partition_count && !options->consent; i++) {
        const struct board_partition *partition = &board->partitions[i];
        bool is_touched =
            partition->memory_index == memory->geometry.memory &&
            (is_chip_erased(memory, options) ||
                flash_plan_overlaps(memory, partition->offset, partition->size_bytes));
        bool is_covered = flash_plan_covers(memory, partition->offset, partition->size_bytes);

        if (is_touched && partition->keep) {
            (void)error_set(err, ERROR_CONSENT_NEEDED,
                "partition %s is marked \"keep\" in the board file and would be changed",
                partition->name);
            error_set_hint(err, "--yes changes it");
            return false;
        }
        if (is_touched && is_chip_erased(memory, options) && !is_covered) {
            (void)error_set(err, ERROR_CONSENT_NEEDED,
                "erasing the whole of %s loses partition %s, which the images do not fill",
                memory->geometry.name, partition->name);
            error_set_hint(err, "--yes erases it; --erase auto keeps it");
            return false;
        }
    }
    return true;
}

/* ---- the record ---- */

static struct flash_memory_plan *find_memory(struct flash_plan *plan, size_t number)
{
    size_t i = 0;

    for (i = 0; i < plan->memory_count; i++) {
        if (plan->memories[i].geometry.memory == number) {
            return &plan->memories[i];
        }
    }
    return NULL;
}

/* Length of the entry image: from the start of the partition to the last byte that its request puts
 * into the partition. 0: this request does not start there. */
static uint32_t entry_bytes(
    const struct flash_memory_plan *memory, size_t request, const struct board_partition *partition)
{
    uint32_t end = 0;
    size_t i = 0;

    for (i = 0; i < memory->piece_count; i++) {
        const struct flash_piece *piece = &memory->pieces[i];
        uint32_t at = piece->offset - partition->offset;

        if (piece->request == request && at < partition->size_bytes) {
            end = at + piece->size_bytes;
        }
    }
    return end;
}

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

static void set_write(const struct plan_input *input, uint32_t image_bytes)
{
    struct flash_record_plan *record = &input->plan->record;
    const struct image *image = input->requests[input->plan->entry_request].image;

    record->action = FLASH_RECORD_WRITE;
    record->image_bytes = image_bytes;
    (void)snprintf(record->name, sizeof record->name, "%.47s", file_name(image->path));
}

static void set_change(const struct plan_input *input, const struct flash_memory_plan *memory)
{
    const struct abi_boot_record *old = input->options->old_record;
    struct flash_record_plan *record = &input->plan->record;
    size_t i = 0;

    record->action = FLASH_RECORD_RECOMPUTE;
    record->image_bytes = old->image_bytes;
    memcpy(record->name, old->name, sizeof record->name);
    memcpy(record->image_version, old->image_version, sizeof record->image_version);
    for (i = flash_plan_piece_at(memory, record->entry_offset); i < memory->piece_count; i++) {
        const struct flash_piece *piece = &memory->pieces[i];

        if (piece->offset > record->entry_offset &&
            piece->offset - record->entry_offset >= old->image_bytes) {
            break;
        }
        if (piece->bytes == NULL) {
            record->action = FLASH_RECORD_REMOVE;
        }
    }
}

/* The request whose image begins at the entry, SIZE_MAX for none. */
static size_t find_entry_request(
    const struct flash_memory_plan *memory, const struct board_partition *partition)
{
    size_t i = flash_plan_piece_at(memory, partition->offset);
    bool is_there = i < memory->piece_count && memory->pieces[i].offset == partition->offset &&
                    memory->pieces[i].bytes != NULL;

    return is_there ? memory->pieces[i].request : SIZE_MAX;
}

static void set_head(struct flash_memory_plan *memory, uint32_t entry_offset)
{
    uint32_t sector_bytes = flash_geometry_sector_bytes(&memory->geometry);

    memory->has_head = true;
    memory->head_offset = entry_offset - entry_offset % sector_bytes;
    memory->head_bytes = sector_bytes;
}

/* The vector table of the internal flash, too, is erased first and written last. */
static void set_internal_head(struct flash_plan *plan)
{
    struct flash_memory_plan *memory = find_memory(plan, FLASH_MEMORY_INTERNAL);

    if (memory != NULL && memory->pieces[0].offset == 0 && memory->pieces[0].bytes != NULL) {
        set_head(memory, 0);
    }
}

/* Bytes for the sector of the record, which this plan leaves to the user. NULL: the record survives
 * among the kept bytes and still fits the image. */
static const char *find_loss(const struct flash_memory_plan *memory,
    const struct board_partition *partition, const struct flash_record_plan *record,
    const struct abi_boot_record *old)
{
    if (flash_plan_overlaps(memory, record->offset, FLASH_RECORD_BYTES)) {
        return "its bytes are among those to be changed, and the bootloader does not start an "
               "image without one";
    }
    if (flash_plan_overlaps(memory, partition->offset, old->image_bytes)) {
        return "the image changes, and the sector of the record is given other bytes: the "
               "bootloader will find the checksum wrong";
    }
    return NULL;
}

static void choose_action(const struct board *board, const struct plan_input *input,
    const struct flash_memory_plan *memory, bool is_record_covered)
{
    const struct board_partition *partition = &board->partitions[board->boot_partition];
    const struct abi_boot_record *old = input->options->old_record;
    struct flash_record_plan *record = &input->plan->record;
    uint32_t limit_bytes = record->offset - partition->offset;
    uint32_t image_bytes = 0;

    if (input->plan->entry_request != SIZE_MAX) {
        image_bytes = entry_bytes(memory, input->plan->entry_request, partition);
        if (!is_record_covered && image_bytes <= limit_bytes) {
            set_write(input, image_bytes);
        } else {
            record->reason = "the image fills the sector of the record";
        }
    } else if (old != NULL && is_record_covered) {
        record->reason = find_loss(memory, partition, record, old);
    } else if (old != NULL && old->image_bytes <= limit_bytes &&
               flash_plan_overlaps(memory, partition->offset, old->image_bytes)) {
        set_change(input, memory);
    }
}

bool flash_plan_choose_record(
    const struct board *board, const struct plan_input *input, struct error *err)
{
    struct flash_record_plan *record = &input->plan->record;
    const struct board_partition *partition = NULL;
    struct flash_memory_plan *memory = NULL;
    uint32_t sector_bytes = 0;
    uint32_t at = 0;

    set_internal_head(input->plan);
    if (board->boot_kind != BOARD_BOOT_XFLASH) {
        return true;
    }
    partition = &board->partitions[board->boot_partition];
    memory = find_memory(input->plan, partition->memory_index);
    if (memory == NULL) {
        return true;
    }
    input->plan->entry_request = find_entry_request(memory, partition);
    if (input->plan->entry_request != SIZE_MAX) {
        set_head(memory, partition->offset);
    }
    if (!flash_plan_has_record(board)) {
        return true;
    }
    if (!board_boot_record_place(board, &record->offset, &record->unit_bytes, err)) {
        return false;
    }
    record->memory = partition->memory_index;
    record->entry_offset = partition->offset;
    choose_action(
        board, input, memory, flash_plan_overlaps(memory, record->offset, record->unit_bytes));
    if (record->action == FLASH_RECORD_NONE) {
        return true;
    }
    sector_bytes = flash_geometry_sector_bytes(&memory->geometry);
    for (at = 0; at < record->unit_bytes; at += sector_bytes) {
        memory->sectors[(record->offset + at) / sector_bytes] |= FLASH_SECTOR_RECORD;
    }
    return true;
}
