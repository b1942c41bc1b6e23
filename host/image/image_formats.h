/* The parsers of host/image, one file each, and the table that names them. */
#ifndef HOST_IMAGE_IMAGE_FORMATS_H
#define HOST_IMAGE_IMAGE_FORMATS_H

#include "host/image/image_builder.h"

struct image_source {
    const char *path;
    const uint8_t *bytes; /* live as long as the image */
    size_t size_bytes;
    uint32_t bin_addr;
};

/* Fills builder with pieces and image with entry and symbols. */
typedef bool image_parse_fn(const struct image_source *source, struct image *image,
    struct image_builder *builder, struct error *err);

image_parse_fn image_bin_parse;
image_parse_fn image_elf_parse;
image_parse_fn image_hex_parse;
image_parse_fn image_srec_parse;
image_parse_fn image_uf2_parse;

/* Does the file look like this format? Short looks only. */
typedef bool image_looks_fn(const uint8_t *bytes, size_t size_bytes);

image_looks_fn image_elf_looks;
image_looks_fn image_hex_looks;
image_looks_fn image_srec_looks;
image_looks_fn image_uf2_looks;

#endif
