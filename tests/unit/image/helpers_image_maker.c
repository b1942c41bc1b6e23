#include "common/le.h"
#include "tests/unit/image/image_maker.h"

#include <string.h>

void elf_make(struct elf_maker *elf, const struct elf_segment *segments, size_t count)
{
    uint8_t *header = elf->bytes;

    memset(elf, 0, sizeof *elf);
    for (size_t i = 512; i < ELF_MAX_BYTES; i++) {
        elf->bytes[i] = (uint8_t)(i - 512);
    }
    memcpy(header, "\177ELF\1\1\1", 7);
    le_put16(header + 16, 2);
    le_put16(header + 18, 40);
    le_put32(header + 20, 1);
    le_put32(header + 24, 0x70000101);
    le_put32(header + 28, 52);
    le_put16(header + 40, 52);
    le_put16(header + 42, 32);
    le_put16(header + 44, (uint16_t)count);
    for (size_t i = 0; i < count; i++) {
        uint8_t *entry = elf->bytes + 52 + 32 * i;

        le_put32(entry, 1);
        le_put32(entry + 4, segments[i].offset);
        le_put32(entry + 8, segments[i].virtual_addr);
        le_put32(entry + 12, segments[i].physical_addr);
        le_put32(entry + 16, segments[i].file_bytes);
        le_put32(entry + 20, segments[i].memory_bytes);
    }
    elf->size_bytes = ELF_MAX_BYTES;
}

struct image *parse_bytes(const char *path, const void *bytes, size_t count, struct error *err)
{
    struct image *image = NULL;

    memset(err, 0, sizeof *err);
    (void)!image_parse(path,
        &(struct image_input){
            .bytes = bytes, .size_bytes = count, .format = IMAGE_AUTO, .bin_addr = 0x70000000},
        &image, err);
    return image;
}

struct image *parse_text(const char *path, const char *text, struct error *err)
{
    return parse_bytes(path, text, strlen(text), err);
}
