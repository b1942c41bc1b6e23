#include "host/flash/plan.h"

#include "host/flash/plan_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the pieces ---- */

static const char *request_name(const struct flash_request *request)
{
    return request->image != NULL ? request->image->path : "the range to erase";
}

static bool no_memory(struct error *err)
{
    return error_set(err, ERROR_HOST_IO, "no memory for the plan");
}

/* The plan of one memory, made on first use and kept in the order of the memories' numbers. */
static bool get_memory(const struct board *board, struct flash_plan *plan, size_t number,
    struct flash_memory_plan **out, struct error *err)
{
    struct flash_memory_plan fresh = {0};
    size_t place = 0;

    while (place < plan->memory_count && plan->memories[place].geometry.memory < number) {
        place++;
    }
    if (place == plan->memory_count || plan->memories[place].geometry.memory != number) {
        if (!flash_geometry_get(board, number, &fresh.geometry, err)) {
            return false;
        }
        memmove(plan->memories + place + 1, plan->memories + place,
            (plan->memory_count - place) * sizeof fresh);
        plan->memories[place] = fresh;
        plan->memory_count++;
    }
    *out = &plan->memories[place];
    return true;
}

static bool append_piece(
    struct flash_memory_plan *memory, const struct flash_piece *piece, struct error *err)
{
    struct flash_piece *grown = NULL;

    if ((memory->piece_count & (memory->piece_count - 1)) == 0) { /* full at powers of two */
        size_t capacity = memory->piece_count == 0 ? 1 : memory->piece_count * 2;

        grown = realloc(memory->pieces, capacity * sizeof *grown);
        if (grown == NULL) {
            return no_memory(err);
        }
        memory->pieces = grown;
    }
    memory->pieces[memory->piece_count++] = *piece;
    return true;
}

static bool is_in_ram(const struct board_mcu *mcu, uint32_t addr, uint32_t size_bytes)
{
    size_t i = 0;

    for (i = 0; i < mcu->ram_count; i++) {
        uint32_t at = addr - mcu->ram[i].addr;

        if (at < mcu->ram[i].size_bytes && size_bytes <= mcu->ram[i].size_bytes - at) {
            return true;
        }
    }
    return false;
}

static bool add_ram(
    struct flash_plan *plan, const struct image_segment *segment, size_t request, struct error *err)
{
    struct flash_ram_piece *grown =
        realloc(plan->ram_pieces, (plan->ram_piece_count + 1) * sizeof *grown);

    if (grown == NULL) {
        return no_memory(err);
    }
    plan->ram_pieces = grown;
    grown[plan->ram_piece_count++] = (struct flash_ram_piece){.addr = segment->addr,
        .size_bytes = segment->size_bytes,
        .bytes = segment->bytes,
        .request = request};
    return true;
}

static bool outside(const struct board *board, const struct flash_request *request,
    const struct image_segment *segment, struct error *err)
{
    bool is_ram = is_in_ram(&board->mcu, segment->addr, segment->size_bytes);

    (void)error_set(err, ERROR_IMAGE_OUT_OF_RANGE,
        "%s: %" PRIu32 " bytes at 0x%08" PRIx32 " lie in %s of board %s", request_name(request),
        segment->size_bytes, segment->addr, is_ram ? "the RAM" : "no memory", board->name);
    if (is_ram) {
        error_set_hint(err, "an image with parts in RAM can only be started: xflash run %s",
            request_name(request));
    }
    error_set_addr(err, segment->addr);
    return false;
}

static bool too_large(const char *name, const char *where, const struct image_segment *segment,
    uint32_t room_bytes, struct error *err)
{
    (void)error_set(err, ERROR_IMAGE_OUT_OF_RANGE,
        "%s: %" PRIu32 " bytes at 0x%08" PRIx32 " do not fit: %s has room for %" PRIu32, name,
        segment->size_bytes, segment->addr, where, room_bytes);
    error_set_addr(err, segment->addr);
    return false;
}

/* A place given by name keeps the image inside its partition, and out of the record's sector. */
static bool check_place(const struct board *board, const struct flash_request *request,
    const struct image_segment *segment, struct error *err)
{
    const struct flash_place *place = &request->place;
    uint32_t room_bytes = place->room_bytes;
    bool is_boot = false;
    char where[96];

    if (!request->has_place || !place->is_named || place->partition == FLASH_NO_PARTITION) {
        return true;
    }
    is_boot = flash_plan_has_record(board) && place->partition == board->boot_partition;
    if (is_boot) {
        uint32_t unit_bytes = 0;
        uint32_t offset = 0;

        if (!board_boot_record_place(board, &offset, &unit_bytes, err)) {
            return false;
        }
        room_bytes = room_bytes > unit_bytes ? room_bytes - unit_bytes : 0;
    }
    if (segment->addr - place->addr < room_bytes &&
        segment->size_bytes <= room_bytes - (segment->addr - place->addr)) {
        return true;
    }
    (void)snprintf(where, sizeof where, "partition %s%s", board->partitions[place->partition].name,
        is_boot ? " (its last sector belongs to the boot record)" : "");
    return too_large(request->image->path, where, segment, room_bytes, err);
}

static bool add_segment(const struct board *board, const struct flash_request *request,
    const struct image_segment *segment, struct plan_input *input, struct error *err)
{
    size_t number = flash_memory_at(board, segment->addr);
    struct flash_memory_plan *memory = NULL;
    struct flash_piece piece = {
        .size_bytes = segment->size_bytes, .bytes = segment->bytes, .request = input->request};

    if (number == FLASH_MEMORY_COUNT) {
        if (input->options->allow_ram &&
            is_in_ram(&board->mcu, segment->addr, segment->size_bytes)) {
            return add_ram(input->plan, segment, input->request, err);
        }
        return outside(board, request, segment, err);
    }
    if (!get_memory(board, input->plan, number, &memory, err)) {
        return false;
    }
    piece.offset = segment->addr - memory->geometry.addr;
    if (piece.size_bytes > memory->geometry.size_bytes - piece.offset) {
        char where[64];

        (void)snprintf(where, sizeof where, "memory %s", memory->geometry.name);
        return too_large(
            request->image->path, where, segment, memory->geometry.size_bytes - piece.offset, err);
    }
    return check_place(board, request, segment, err) && append_piece(memory, &piece, err);
}

static bool add_erase(const struct board *board, const struct flash_request *request,
    struct plan_input *input, struct error *err)
{
    struct flash_memory_plan *memory = NULL;
    struct flash_piece piece = {.offset = request->range.offset,
        .size_bytes = request->range.size_bytes,
        .request = input->request};

    if (!get_memory(board, input->plan, request->range.memory, &memory, err)) {
        return false;
    }
    if (piece.offset >= memory->geometry.size_bytes ||
        piece.size_bytes > memory->geometry.size_bytes - piece.offset) {
        return error_set(err, ERROR_IMAGE_OUT_OF_RANGE,
            "the range 0x%08" PRIx32 "+0x%" PRIx32 " ends behind memory %s", request->range.addr,
            request->range.size_bytes, memory->geometry.name);
    }
    return append_piece(memory, &piece, err);
}

static bool add_request(const struct board *board, const struct flash_request *request,
    struct plan_input *input, struct error *err)
{
    size_t i = 0;

    if (request->image == NULL) {
        return add_erase(board, request, input, err);
    }
    for (i = 0; i < request->image->segment_count; i++) {
        if (!add_segment(board, request, &request->image->segments[i], input, err)) {
            return false;
        }
    }
    return true;
}

static int compare_pieces(const void *left, const void *right)
{
    const struct flash_piece *a = left;
    const struct flash_piece *b = right;

    if (a->offset != b->offset) {
        return a->offset < b->offset ? -1 : 1;
    }
    return a->request < b->request ? -1 : a->request > b->request;
}

static bool sort_pieces(
    struct flash_memory_plan *memory, const struct flash_request *requests, struct error *err)
{
    size_t i = 0;

    qsort(memory->pieces, memory->piece_count, sizeof *memory->pieces, compare_pieces);
    for (i = 1; i < memory->piece_count; i++) {
        const struct flash_piece *before = &memory->pieces[i - 1];
        const struct flash_piece *piece = &memory->pieces[i];
        uint32_t addr = memory->geometry.addr + piece->offset;

        if (piece->offset - before->offset < before->size_bytes) {
            (void)error_set(err, ERROR_IMAGE_OVERLAP,
                "two requests claim the bytes at 0x%08" PRIx32 " of memory %s: %s (to 0x%08" PRIx32
                ") and %s (from there)",
                addr, memory->geometry.name, request_name(&requests[before->request]),
                memory->geometry.addr + before->offset + (before->size_bytes - 1),
                request_name(&requests[piece->request]));
            error_set_addr(err, addr);
            return false;
        }
    }
    return true;
}

/* ---- the whole ---- */

static bool finish_memory(const struct board *board, struct flash_plan *plan, size_t index,
    const struct plan_input *input, struct error *err)
{
    struct flash_memory_plan *memory = &plan->memories[index];

    return sort_pieces(memory, input->requests, err) &&
           flash_plan_check_consent(board, memory, input->options, err) &&
           flash_plan_mark_sectors(memory, err);
}

bool flash_plan_make(const struct board *board, const struct flash_request *requests,
    size_t request_count, const struct flash_plan_options *options, struct flash_plan *plan,
    struct error *err)
{
    struct plan_input input = {.plan = plan, .requests = requests, .options = options};
    size_t i = 0;

    memset(plan, 0, sizeof *plan);
    plan->erase = options->erase;
    plan->entry_request = SIZE_MAX;
    for (i = 0; i < request_count; i++) {
        input.request = i;
        if (!add_request(board, &requests[i], &input, err)) {
            goto free_plan;
        }
    }
    for (i = 0; i < plan->memory_count; i++) {
        if (!finish_memory(board, plan, i, &input, err)) {
            goto free_plan;
        }
    }
    if (!flash_plan_choose_record(board, &input, err)) {
        goto free_plan;
    }
    for (i = 0; i < plan->memory_count; i++) {
        if (!flash_plan_arrange(&plan->memories[i], options->erase, err)) {
            goto free_plan;
        }
    }
    return true;

free_plan:
    flash_plan_free(plan);
    return false;
}

bool flash_plan_make_memory(const struct flash_geometry *geometry, const struct flash_piece *pieces,
    size_t piece_count, struct flash_memory_plan *memory, struct error *err)
{
    size_t i = 0;

    memset(memory, 0, sizeof *memory);
    memory->geometry = *geometry;
    for (i = 0; i < piece_count; i++) {
        if (!append_piece(memory, &pieces[i], err)) {
            goto free_memory;
        }
    }
    if (!flash_plan_mark_sectors(memory, err) ||
        !flash_plan_arrange(memory, FLASH_ERASE_AUTO, err)) {
        goto free_memory;
    }
    return true;

free_memory:
    flash_plan_free_memory(memory);
    return false;
}

void flash_plan_free_memory(struct flash_memory_plan *memory)
{
    size_t i = 0;

    for (i = 0; i < memory->keep_count; i++) {
        free(memory->keeps[i].bytes);
    }
    free(memory->pieces);
    free(memory->keeps);
    free(memory->sectors);
    free(memory->blocks);
    memset(memory, 0, sizeof *memory);
}

void flash_plan_free(struct flash_plan *plan)
{
    size_t i = 0;

    for (i = 0; i < plan->memory_count; i++) {
        flash_plan_free_memory(&plan->memories[i]);
    }
    free(plan->ram_pieces);
    memset(plan, 0, sizeof *plan);
}

/* ---- contents ---- */

size_t flash_plan_piece_at(const struct flash_memory_plan *memory, uint32_t offset)
{
    size_t low = 0;
    size_t high = memory->piece_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct flash_piece *piece = &memory->pieces[middle];

        if (piece->offset <= offset && offset - piece->offset >= piece->size_bytes) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

size_t flash_plan_keep_at(const struct flash_memory_plan *memory, uint32_t offset)
{
    size_t low = 0;
    size_t high = memory->keep_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct flash_keep *keep = &memory->keeps[middle];

        if (keep->offset <= offset && offset - keep->offset >= keep->size_bytes) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Copies what of [offset, offset + size) lies in a piece of bytes. */
static void overlay(
    uint8_t *dst, uint32_t offset, uint32_t size_bytes, const struct flash_piece *piece)
{
    uint32_t from = piece->offset > offset ? piece->offset : offset;
    uint32_t into = from - offset;
    uint32_t skip = from - piece->offset;
    uint32_t count = 0;

    if (into >= size_bytes || skip >= piece->size_bytes || piece->bytes == NULL) {
        return;
    }
    count = size_bytes - into;
    if (count > piece->size_bytes - skip) {
        count = piece->size_bytes - skip;
    }
    memcpy(dst + into, piece->bytes + skip, count);
}

static bool has_programmed_byte(const uint8_t *bytes, uint32_t size_bytes)
{
    uint32_t i = 0;

    while (i < size_bytes && bytes[i] == 0xFF) {
        i++;
    }
    return i < size_bytes;
}

bool flash_plan_contents(
    const struct flash_memory_plan *memory, uint32_t offset, uint8_t *dst, uint32_t size_bytes)
{
    size_t i = 0;

    memset(dst, 0xFF, size_bytes);
    for (i = flash_plan_keep_at(memory, offset); i < memory->keep_count; i++) {
        const struct flash_keep *keep = &memory->keeps[i];
        const struct flash_piece kept = {
            .offset = keep->offset, .size_bytes = keep->size_bytes, .bytes = keep->bytes};

        if (keep->offset > offset && keep->offset - offset >= size_bytes) {
            break;
        }
        overlay(dst, offset, size_bytes, &kept);
    }
    for (i = flash_plan_piece_at(memory, offset); i < memory->piece_count; i++) {
        const struct flash_piece *piece = &memory->pieces[i];

        if (piece->offset > offset && piece->offset - offset >= size_bytes) {
            break;
        }
        overlay(dst, offset, size_bytes, piece);
    }
    return has_programmed_byte(dst, size_bytes);
}
