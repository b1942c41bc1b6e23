#include "host/image/image_builder.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void image_builder_init(struct image_builder *builder, const char *path, const char *place_name)
{
    memset(builder, 0, sizeof *builder);
    builder->path = path;
    builder->place_name = place_name;
}

void image_builder_free(struct image_builder *builder)
{
    free(builder->pieces);
    free(builder->data);
    builder->pieces = NULL;
    builder->data = NULL;
}

static bool no_memory(const struct image_builder *builder, struct error *err)
{
    return error_set(err, ERROR_HOST_IO, "%s: no memory for the image", builder->path);
}

/* What holds for every piece, wherever its bytes are. */
static bool check_piece(struct image_builder *builder, uint32_t addr, uint32_t size_bytes,
    uint32_t place, struct error *err)
{
    if (size_bytes > UINT64_C(0x100000000) - addr) {
        return error_set(err, ERROR_IMAGE_OUT_OF_RANGE,
            "%s: %s %" PRIu32 ": %" PRIu32 " bytes at 0x%08" PRIx32
            " run past the 32-bit address space",
            builder->path, builder->place_name, place, size_bytes, addr);
    }
    if (size_bytes > IMAGE_MAX_BYTES - builder->total_bytes) {
        return error_set(err, ERROR_IMAGE_BAD, "%s: more than %d MiB of data", builder->path,
            IMAGE_MAX_BYTES / (1024 * 1024));
    }
    return true;
}

static struct image_piece *new_piece(struct image_builder *builder)
{
    struct image_piece *grown = NULL;

    if (builder->piece_count == builder->piece_capacity) {
        size_t capacity = builder->piece_capacity * 2 + 16;

        grown = realloc(builder->pieces, capacity * sizeof *grown);
        if (grown == NULL) {
            return NULL;
        }
        builder->pieces = grown;
        builder->piece_capacity = capacity;
    }
    return &builder->pieces[builder->piece_count++];
}

static bool append_data(struct image_builder *builder, const uint8_t *bytes, uint32_t size_bytes)
{
    if (size_bytes > builder->data_capacity - builder->data_bytes) {
        size_t capacity = builder->data_capacity + builder->data_capacity / 2 + size_bytes + 4096;
        uint8_t *grown = realloc(builder->data, capacity);

        if (grown == NULL) {
            return false;
        }
        builder->data = grown;
        builder->data_capacity = capacity;
    }
    memcpy(builder->data + builder->data_bytes, bytes, size_bytes);
    builder->data_bytes += size_bytes;
    return true;
}

bool image_builder_add(struct image_builder *builder, uint32_t addr, const uint8_t *bytes,
    uint32_t size_bytes, uint32_t place, struct error *err)
{
    struct image_piece *last =
        builder->piece_count > 0 ? &builder->pieces[builder->piece_count - 1] : NULL;

    if (size_bytes == 0) {
        return true;
    }
    if (!check_piece(builder, addr, size_bytes, place, err)) {
        return false;
    }
    if (last != NULL && last->bytes == NULL && addr - last->addr == last->size_bytes && addr != 0) {
        last->size_bytes += size_bytes;
    } else {
        struct image_piece *piece = new_piece(builder);

        if (piece == NULL) {
            return no_memory(builder, err);
        }
        *piece = (struct image_piece){.addr = addr,
            .size_bytes = size_bytes,
            .data_offset = builder->data_bytes,
            .place = place};
    }
    builder->total_bytes += size_bytes;
    return append_data(builder, bytes, size_bytes) || no_memory(builder, err);
}

bool image_builder_refer(struct image_builder *builder, uint32_t addr, const uint8_t *bytes,
    uint32_t size_bytes, uint32_t place, struct error *err)
{
    struct image_piece *piece = NULL;

    if (size_bytes == 0) {
        return true;
    }
    if (!check_piece(builder, addr, size_bytes, place, err)) {
        return false;
    }
    piece = new_piece(builder);
    if (piece == NULL) {
        return no_memory(builder, err);
    }
    *piece = (struct image_piece){
        .addr = addr, .size_bytes = size_bytes, .bytes = bytes, .place = place};
    builder->total_bytes += size_bytes;
    return true;
}

static int compare_pieces(const void *left, const void *right)
{
    const struct image_piece *a = left;
    const struct image_piece *b = right;

    if (a->addr != b->addr) {
        return a->addr < b->addr ? -1 : 1;
    }
    return a->place < b->place ? -1 : a->place > b->place;
}

static bool check_overlap(const struct image_builder *builder, struct error *err)
{
    size_t i = 0;

    for (i = 1; i < builder->piece_count; i++) {
        const struct image_piece *before = &builder->pieces[i - 1];
        const struct image_piece *piece = &builder->pieces[i];

        if (piece->addr - before->addr < before->size_bytes) {
            return error_set(err, ERROR_IMAGE_OVERLAP,
                "%s: the bytes at 0x%08" PRIx32 " are given twice: from %s %" PRIu32
                " and from %s %" PRIu32,
                builder->path, piece->addr, builder->place_name, before->place, builder->place_name,
                piece->place);
        }
    }
    return true;
}

/* Brings decoded bytes into the order of their addresses. Files are nearly always sorted, and then
 * nothing moves. */
static bool sort_data(struct image_builder *builder, struct error *err)
{
    uint8_t *sorted = NULL;
    size_t used = 0;
    size_t i = 0;
    bool in_order = true;

    for (i = 1; i < builder->piece_count; i++) {
        in_order = in_order && builder->pieces[i].data_offset >= builder->pieces[i - 1].data_offset;
    }
    if (in_order || builder->data_bytes == 0) {
        return true;
    }
    sorted = malloc(builder->data_bytes);
    if (sorted == NULL) {
        return no_memory(builder, err);
    }
    for (i = 0; i < builder->piece_count; i++) {
        struct image_piece *piece = &builder->pieces[i];

        if (piece->bytes == NULL) {
            memcpy(sorted + used, builder->data + piece->data_offset, piece->size_bytes);
            piece->data_offset = used;
            used += piece->size_bytes;
        }
    }
    free(builder->data);
    builder->data = sorted;
    return true;
}

static bool are_joined(const struct image_piece *before, const struct image_piece *piece)
{
    return before->bytes == NULL && piece->bytes == NULL &&
           piece->addr - before->addr == before->size_bytes &&
           piece->data_offset - before->data_offset == before->size_bytes;
}

/* Joins neighbours in place; the pieces are sorted. */
static void join_pieces(struct image_builder *builder)
{
    size_t used = 0;
    size_t i = 0;

    for (i = 1; i < builder->piece_count; i++) {
        struct image_piece *before = &builder->pieces[used];

        if (are_joined(before, &builder->pieces[i])) {
            before->size_bytes += builder->pieces[i].size_bytes;
        } else {
            used++;
            builder->pieces[used] = builder->pieces[i];
        }
    }
    builder->piece_count = used + 1;
}

bool image_builder_finish(
    struct image_builder *builder, struct image *image, uint8_t **data, struct error *err)
{
    size_t i = 0;

    if (builder->piece_count == 0) {
        return error_set(
            err, ERROR_IMAGE_EMPTY, "%s: there is nothing to program in it", builder->path);
    }
    qsort(builder->pieces, builder->piece_count, sizeof *builder->pieces, compare_pieces);
    if (!check_overlap(builder, err) || !sort_data(builder, err)) {
        return false;
    }
    join_pieces(builder);
    if (builder->piece_count > IMAGE_MAX_SEGMENTS) {
        return error_set(err, ERROR_IMAGE_BAD, "%s: more than %d separate pieces of data",
            builder->path, IMAGE_MAX_SEGMENTS);
    }
    image->segments = calloc(builder->piece_count + 1, sizeof *image->segments);
    if (image->segments == NULL) {
        return no_memory(builder, err);
    }
    for (i = 0; i < builder->piece_count; i++) {
        const struct image_piece *piece = &builder->pieces[i];

        image->segments[i] = (struct image_segment){.addr = piece->addr,
            .bytes = piece->bytes != NULL ? piece->bytes : builder->data + piece->data_offset,
            .size_bytes = piece->size_bytes};
    }
    image->segment_count = builder->piece_count;
    *data = builder->data;
    builder->data = NULL;
    return true;
}
