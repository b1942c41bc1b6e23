/* Looking things up: boards by name or MCU, memories and partitions by name. */
#include "host/base/os.h"
#include "host/board/board_details.h"
#include "host/board/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct board_memory *board_memory_find(const struct board *board, const char *name)
{
    for (size_t i = 0; i < board->memory_count; i++) {
        if (strcmp(board->memories[i].name, name) == 0) {
            return &board->memories[i];
        }
    }
    return NULL;
}

const struct board_partition *board_partition_find(const struct board *board, const char *name)
{
    for (size_t i = 0; i < board->partition_count; i++) {
        if (strcmp(board->partitions[i].name, name) == 0) {
            return &board->partitions[i];
        }
    }
    return NULL;
}

bool board_list(char ***names, size_t *count, struct error *err)
{
    *names = files_names(NULL);
    *count = 0;
    if (*names == NULL) {
        return error_set(err, ERROR_INTERNAL, "out of memory");
    }
    while ((*names)[*count] != NULL) {
        (*count)++;
    }
    return true;
}

bool board_claims_stlink_id(const struct board *board, const char *id)
{
    for (size_t i = 0; i < board->stlink_id_count; i++) {
        if (strcmp(board->stlink_ids[i], id) == 0) {
            return true;
        }
    }
    return false;
}

typedef bool board_filter(const struct board *board, const void *wanted);

static bool has_dev_id(const struct board *board, const void *wanted)
{
    return board->mcu.dev_id == *(const uint16_t *)wanted;
}

static bool has_stlink_id(const struct board *board, const void *wanted)
{
    return board_claims_stlink_id(board, wanted);
}

static bool list_boards(
    board_filter *keep, const void *wanted, char ***names, size_t *count, struct error *err)
{
    size_t all = 0;
    size_t kept = 0;

    *count = 0;
    if (!board_list(names, &all, err) || *names == NULL) {
        return false;
    }
    for (size_t i = 0; i < all; i++) {
        struct board *board = NULL;
        struct error ignored = {0};

        /* A file that does not load cannot be proposed; `board lint` says what is wrong with it. */
        if (board_load((*names)[i], NULL, &board, &ignored) && keep(board, wanted)) {
            (*names)[kept++] = (*names)[i];
        } else {
            free((*names)[i]);
        }
        board_free(board);
    }
    (*names)[kept] = NULL;
    *count = kept;
    return true;
}

bool board_list_for_dev_id(uint16_t dev_id, char ***names, size_t *count, struct error *err)
{
    return list_boards(has_dev_id, &dev_id, names, count, err);
}

bool board_list_for_stlink_id(const char *id, char ***names, size_t *count, struct error *err)
{
    return list_boards(has_stlink_id, id, names, count, err);
}

bool board_set_part(
    struct board *board, size_t memory_index, const struct part *part, struct error *err)
{
    struct board_memory *memory = &board->memories[memory_index];
    char text[160];

    memory->part = *part;
    if (!board_apply_overrides(
            &board->details->memories[memory_index].overrides, NULL, &memory->part, err)) {
        return false;
    }
    for (size_t i = 0; i < board->partition_count; i++) {
        if (board->partitions[i].memory_index == memory_index &&
            !board_check_partition(board, i, text, sizeof text)) {
            return error_set(err, ERROR_BOARD_BAD, "%s: partition \"%s\": %s", board->path,
                board->partitions[i].name, text);
        }
    }
    return true;
}

bool board_boot_record_place(
    const struct board *board, uint32_t *offset, uint32_t *unit_bytes, struct error *err)
{
    const struct board_partition *entry = &board->partitions[board->boot_partition];
    const struct part *part = &board->memories[entry->memory_index].part;

    if (board->boot_kind != BOARD_BOOT_XFLASH || !board->boot_check_crc) {
        return error_set(err, ERROR_USAGE, "board \"%s\" has no boot record", board->name);
    }
    if (part->erase_count == 0 || entry->size_bytes <= part->erase[0].size_bytes) {
        return error_set(err, ERROR_BOARD_BAD,
            "partition \"%s\" has no room for an image and the boot record", entry->name);
    }
    *unit_bytes = part->erase[0].size_bytes;
    *offset = entry->offset + entry->size_bytes - *unit_bytes;
    return true;
}
