/* An image file of any format as a sorted list of segments. Pure: bytes in, segments out. */
#ifndef HOST_IMAGE_IMAGE_H
#define HOST_IMAGE_IMAGE_H

#include "host/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum image_format { IMAGE_AUTO, IMAGE_BIN, IMAGE_ELF, IMAGE_HEX, IMAGE_SREC, IMAGE_UF2 };

struct image_segment {
    uint32_t addr;        /* CPU (physical) address */
    const uint8_t *bytes; /* owned by the image */
    uint32_t size_bytes;
};

struct image {
    char *path;
    enum image_format format;
    struct image_segment *segments; /* sorted by addr, not overlapping, none empty */
    size_t segment_count;
    bool has_entry;
    uint32_t entry_addr; /* ELF, HEX, SREC start address */
    bool has_rtt;
    uint32_t rtt_addr;  /* ELF symbol _SEGGER_RTT */
    uint8_t sha256[32]; /* of the file's bytes */
    uint64_t file_bytes;
    void *storage; /* internal */
};

/* format: IMAGE_AUTO decides by content; a file named .hex or .elf that does not parse is an error,
 * never BIN. bin_addr: where a BIN goes (ignored by other formats). Limits: 256 MiB of data,
 * 65536 segments. ERROR_IMAGE_* with file, line or offset. */
MUST_USE bool image_load(const char *path, enum image_format format, uint32_t bin_addr,
    struct image **out, struct error *err);
struct image_input {
    const uint8_t *bytes; /* copied */
    size_t size_bytes;
    enum image_format format;
    uint32_t bin_addr;
};
/* The same from memory; path is for messages. */
MUST_USE bool image_parse(
    const char *path, const struct image_input *input, struct image **out, struct error *err);
void image_free(struct image *image); /* NULL allowed */
/* What IMAGE_AUTO would decide: by content, then by the file's extension. */
enum image_format image_guess_format(const char *path, const uint8_t *bytes, size_t size_bytes);
const char *image_format_name(enum image_format format);
MUST_USE bool image_format_parse(const char *name, enum image_format *format, struct error *err);

#endif
