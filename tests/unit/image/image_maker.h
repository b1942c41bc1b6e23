/* Small images in text and ELF form, built byte by byte. */
#ifndef TESTS_UNIT_IMAGE_IMAGE_MAKER_H
#define TESTS_UNIT_IMAGE_IMAGE_MAKER_H

#include "host/image/image.h"

enum { ELF_MAX_BYTES = 4096 };

struct elf_maker {
    uint8_t bytes[ELF_MAX_BYTES];
    size_t size_bytes;
};

struct elf_segment {
    uint32_t virtual_addr;
    uint32_t physical_addr;
    uint32_t offset;
    uint32_t file_bytes;
    uint32_t memory_bytes;
};

/* A header and program headers; data from offset 512 on count up from 0. */
void elf_make(struct elf_maker *elf, const struct elf_segment *segments, size_t count);
/* Parses text or bytes; the error stays in *err. */
struct image *parse_text(const char *path, const char *text, struct error *err);
struct image *parse_bytes(const char *path, const void *bytes, size_t count, struct error *err);

#endif
