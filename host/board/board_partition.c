/* Partitions and boot: reading and checking. */
#include "host/board/board_details.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- what a partition must be, also checked again once an unknown part has been detected ---- */

bool board_check_partition(const struct board *board, size_t index, char *text, size_t capacity)
{
    const struct board_partition *self = &board->partitions[index];
    const struct part *part = &board->memories[self->memory_index].part;
    uint32_t unit = part->erase_count > 0 ? part->erase[0].size_bytes : 1;

    if (part->size_bytes != 0 &&
        (self->offset > part->size_bytes || self->size_bytes > part->size_bytes - self->offset)) {
        (void)snprintf(text, capacity,
            "offset 0x%" PRIx32 " and size 0x%" PRIx32 " run past the end of \"%s\" at 0x%" PRIx32,
            self->offset, self->size_bytes, board->memories[self->memory_index].name,
            part->size_bytes);
        return false;
    }
    if (self->offset % unit != 0 || self->size_bytes % unit != 0) {
        (void)snprintf(text, capacity,
            "offset and size must be multiples of the erase unit of %" PRIu32 " bytes", unit);
        return false;
    }
    for (size_t i = 0; i < index; i++) {
        const struct board_partition *other = &board->partitions[i];
        bool apart =
            other->memory_index != self->memory_index ||
            (self->offset >= other->offset && self->offset - other->offset >= other->size_bytes) ||
            (other->offset >= self->offset && other->offset - self->offset >= self->size_bytes);

        if (!apart) {
            (void)snprintf(text, capacity, "overlaps the partition \"%s\"", other->name);
            return false;
        }
    }
    return true;
}

static void read_memory_name(
    const struct json_value *value, const struct board *board, struct board_partition *partition)
{
    const char *names[BOARD_MAX_MEMORIES + 1] = {NULL};

    for (size_t i = 0; i < board->memory_count; i++) {
        names[i] = board->memories[i].name;
    }
    if (value != NULL && board->memory_count > 0) {
        (void)json_get_choice(value, names, &partition->memory_index);
    }
}

static void read_partition(const struct json_value *value, struct board *board)
{
    static const struct json_key keys[] = {{"name", true}, {"memory", true}, {"offset", true},
        {"size", true}, {"keep", false}, {NULL, false}};
    struct board_partition *partition = &board->partitions[board->partition_count];
    const struct json_value *name = json_member(value, "name");
    char text[160];

    if (!json_check_object(value, keys)) {
        return;
    }
    if (json_get_text(name, partition->name, sizeof partition->name) &&
        (strcmp(partition->name, "internal") == 0 ||
            board_memory_find(board, partition->name) != NULL ||
            board_partition_find(board, partition->name) != NULL)) {
        json_complain(name, "the name \"%s\" is taken", partition->name);
    }
    read_memory_name(json_member(value, "memory"), board, partition);
    (void)json_take_bool(value, "keep", &partition->keep);
    /* Counted even when it is wrong: other places may name it. */
    board->partition_count++;
    if (!json_take_u32(value, "offset", 0, UINT32_MAX, &partition->offset) ||
        !json_take_u32(value, "size", 1, UINT32_MAX, &partition->size_bytes)) {
        partition->size_bytes = 0;
    } else if (board->memory_count > 0 &&
               !board_check_partition(board, board->partition_count - 1, text, sizeof text)) {
        json_complain(value, "%s", text);
    }
}

void board_read_partitions(const struct json_value *list, struct board *board)
{
    if (list == NULL || !json_check_kind(list, JSON_ARRAY)) {
        return;
    }
    for (const struct json_value *at = json_first(list); at != NULL; at = json_next(at)) {
        if (board->partition_count == BOARD_MAX_PARTITIONS) {
            json_complain(at, "more than %d partitions", BOARD_MAX_PARTITIONS);
            return;
        }
        read_partition(at, board);
    }
}

/* ---- boot ---- */

static void read_entry(const struct json_value *value, struct board *board)
{
    const char *names[BOARD_MAX_PARTITIONS + 1] = {NULL};
    const struct board_partition *entry = NULL;
    const struct part *part = NULL;

    for (size_t i = 0; i < board->partition_count; i++) {
        names[i] = board->partitions[i].name;
    }
    if (board->partition_count == 0) {
        json_complain(value, "there is no partition to start from");
        return;
    }
    if (!json_get_choice(value, names, &board->boot_partition)) {
        return;
    }
    entry = &board->partitions[board->boot_partition];
    part = &board->memories[entry->memory_index].part;
    if (entry->offset % 1024 != 0) {
        json_complain(value, "a vector table must stand at a multiple of 1024 bytes");
    }
    if (board->boot_check_crc && part->erase_count > 0 && entry->size_bytes != 0 &&
        entry->size_bytes <= part->erase[0].size_bytes) {
        json_complain(value,
            "no room for an image: the boot record takes the last %" PRIu32 " bytes of \"%s\"",
            part->erase[0].size_bytes, entry->name);
    }
}

void board_read_boot(const struct json_value *value, struct board *board)
{
    static const struct json_key keys[] = {{"kind", false}, {"entry", false}, {"check", false},
        {"run_khz", false}, {"caches", false}, {"mpu", false}, {NULL, false}};
    static const char *const kinds[] = {"xflash", "own", NULL};
    static const char *const checks[] = {"crc32", "none", NULL};
    static const char *const mpu[] = {"off", "window", NULL};
    const struct json_value *entry = json_member(value, "entry");
    uint32_t run_khz = 0;
    size_t kind = 0;
    size_t check = 0;
    size_t mpu_choice = 0;

    if (value == NULL || !json_check_object(value, keys)) {
        return;
    }
    (void)json_take_choice(value, "kind", kinds, &kind);
    (void)json_take_u32(value, "run_khz", 100, 1000000, &run_khz);
    (void)json_take_bool(value, "caches", &board->details->caches);
    (void)json_take_choice(value, "mpu", mpu, &mpu_choice);
    board->details->mpu_window = mpu_choice == 1;
    for (size_t i = 0; i < board->memory_count; i++) {
        board->memories[i].run_khz_wanted = run_khz;
    }
    if (kind == 1) {
        board->boot_kind = BOARD_BOOT_OWN;
        return;
    }
    board->boot_kind = BOARD_BOOT_XFLASH;
    if (json_member(value, "check") == NULL) {
        json_complain(value, "the key \"check\" is missing");
    }
    (void)json_take_choice(value, "check", checks, &check);
    board->boot_check_crc = check == 0;
    if (entry == NULL) {
        json_complain(value, "the key \"entry\" is missing");
    } else {
        read_entry(entry, board);
    }
}
