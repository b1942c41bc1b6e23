/* UF2 (https://github.com/microsoft/uf2, README): blocks of 512 bytes, each with its address. */
#include "common/le.h"
#include "host/image/image_formats.h"

#include <inttypes.h>
#include <stdlib.h>

#define MAGIC_FIRST  0x0A324655U
#define MAGIC_SECOND 0x9E5D5157U
#define MAGIC_LAST   0x0AB16F30U

enum { BLOCK_BYTES = 512, DATA_OFFSET = 32, DATA_MAX_BYTES = 476, LAST_OFFSET = 508 };

enum block_flags {
    FLAG_NOT_MAIN_FLASH = 1 << 0, /* comments: not to be programmed */
    FLAG_FILE_CONTAINER = 1 << 12,
    FLAG_FAMILY = 1 << 13
};

struct block {
    uint32_t flags;
    uint32_t addr;
    uint32_t size_bytes;
    uint32_t index;
    uint32_t count;
    uint32_t family;
    const uint8_t *data;
};

bool image_uf2_looks(const uint8_t *bytes, size_t size_bytes)
{
    return size_bytes >= 8 && le_get32(bytes) == MAGIC_FIRST && le_get32(bytes + 4) == MAGIC_SECOND;
}

static bool fail(
    const struct image_source *source, size_t position, const char *reason, struct error *err)
{
    return error_set(
        err, ERROR_IMAGE_BAD, "%s: block at offset 0x%zx: %s", source->path, position, reason);
}

static bool read_block(
    const struct image_source *source, size_t position, struct block *block, struct error *err)
{
    const uint8_t *bytes = source->bytes + position;

    if (!image_uf2_looks(bytes, BLOCK_BYTES) || le_get32(bytes + LAST_OFFSET) != MAGIC_LAST) {
        return fail(source, position, "its magic numbers are wrong", err);
    }
    block->flags = le_get32(bytes + 8);
    block->addr = le_get32(bytes + 12);
    block->size_bytes = le_get32(bytes + 16);
    block->index = le_get32(bytes + 20);
    block->count = le_get32(bytes + 24);
    block->family = (block->flags & FLAG_FAMILY) != 0 ? le_get32(bytes + 28) : 0;
    block->data = bytes + DATA_OFFSET;
    if (block->size_bytes > DATA_MAX_BYTES) {
        return fail(source, position, "it claims more than 476 bytes of data", err);
    }
    if ((block->flags & FLAG_FILE_CONTAINER) != 0) {
        return fail(source, position, "file containers are not supported", err);
    }
    return true;
}

/* Blocks of one file carry the same count and family, and each number once. */
static bool check_block(const struct image_source *source, size_t position,
    const struct block *block, const struct block *first, uint8_t *seen, struct error *err)
{
    uint8_t bit = (uint8_t)(1U << block->index % 8);

    if (block->count != first->count || block->family != first->family) {
        return fail(
            source, position, "its block count or family differs from the first block", err);
    }
    if (block->index >= block->count || block->count > source->size_bytes / BLOCK_BYTES) {
        return fail(source, position, "its number or the block count does not fit the file", err);
    }
    if ((seen[block->index / 8] & bit) != 0) {
        return fail(source, position, "its block number comes twice", err);
    }
    seen[block->index / 8] |= bit;
    return true;
}

static bool take_blocks(const struct image_source *source, struct image_builder *builder,
    uint8_t *seen, struct error *err)
{
    struct block first = {0};
    uint32_t taken = 0;
    size_t position = 0;

    for (position = 0; position < source->size_bytes; position += BLOCK_BYTES) {
        struct block block = {0};

        if (!read_block(source, position, &block, err)) {
            return false;
        }
        if ((block.flags & FLAG_NOT_MAIN_FLASH) != 0) {
            continue;
        }
        if (taken == 0) {
            first = block;
        }
        taken++;
        if (!check_block(source, position, &block, &first, seen, err) ||
            !image_builder_add(builder, block.addr, block.data, block.size_bytes,
                (uint32_t)(position / BLOCK_BYTES), err)) {
            return false;
        }
    }
    if (taken < first.count) {
        return error_set(err, ERROR_IMAGE_BAD,
            "%s: %" PRIu32 " blocks of %" PRIu32 " are missing: the file is cut short",
            source->path, first.count - taken, first.count);
    }
    return true;
}

bool image_uf2_parse(const struct image_source *source, struct image *image,
    struct image_builder *builder, struct error *err)
{
    size_t block_count = source->size_bytes / BLOCK_BYTES;
    uint8_t *seen = NULL;
    bool ok = false;

    (void)image;
    if (source->size_bytes % BLOCK_BYTES != 0) {
        return error_set(err, ERROR_IMAGE_BAD,
            "%s: %zu bytes are not a whole number of 512-byte blocks: the file is cut short",
            source->path, source->size_bytes);
    }
    seen = calloc(block_count / 8 + 1, 1);
    if (seen == NULL) {
        return error_set(err, ERROR_HOST_IO, "%s: no memory for the image", source->path);
    }
    ok = take_blocks(source, builder, seen, err);
    free(seen);
    return ok;
}
