/* Collects the pieces of an image in the order of the file and turns them into sorted segments.
 * Memory is proportional to the data, never to the addresses. Known inside host/image only. */
#ifndef HOST_IMAGE_IMAGE_BUILDER_H
#define HOST_IMAGE_IMAGE_BUILDER_H

#include "host/image/image.h"

enum { IMAGE_MAX_BYTES = 256 * 1024 * 1024, IMAGE_MAX_SEGMENTS = 65536 };

struct image_piece {
    uint32_t addr;
    uint32_t size_bytes;
    const uint8_t *bytes; /* in the file's bytes; NULL: in the builder's data */
    size_t data_offset;
    uint32_t place; /* where in the file, for messages */
};

struct image_builder {
    const char *path;
    const char *place_name; /* "line", "block", "segment": what place counts */
    struct image_piece *pieces;
    size_t piece_count;
    size_t piece_capacity;
    uint8_t *data; /* bytes that had to be decoded */
    size_t data_bytes;
    size_t data_capacity;
    uint64_t total_bytes;
};

void image_builder_init(struct image_builder *builder, const char *path, const char *place_name);
void image_builder_free(struct image_builder *builder);
/* Adds a copy of bytes. */
MUST_USE bool image_builder_add(struct image_builder *builder, uint32_t addr, const uint8_t *bytes,
    uint32_t size_bytes, uint32_t place, struct error *err);
/* Adds bytes that live as long as the image: no copy. */
MUST_USE bool image_builder_refer(struct image_builder *builder, uint32_t addr,
    const uint8_t *bytes, uint32_t size_bytes, uint32_t place, struct error *err);
/* Sorts, looks for overlaps, joins neighbours; segments go to the image. *data: what the segments
 * point into, to be freed with the image (NULL when they all refer to the file). */
MUST_USE bool image_builder_finish(
    struct image_builder *builder, struct image *image, uint8_t **data, struct error *err);

#endif
