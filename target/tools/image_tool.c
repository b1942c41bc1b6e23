/* Build step for target images.
 *
 *   xflash-imagetool seal-stub STUB.bin           writes the checksum into the stub's header
 *   xflash-imagetool embed OUT.c STUB.bin BOOT.bin  makes the C source of host/stub/embedded.h */
#include "abi/mailbox.h"
#include "common/crc32.h"
#include "common/le.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { IMAGE_MAX_BYTES = 64 * 1024, BYTES_PER_LINE = 16 };

struct image {
    uint8_t bytes[IMAGE_MAX_BYTES];
    size_t size_bytes;
};

static bool complain(const char *path, const char *what)
{
    (void)fprintf(stderr, "xflash-imagetool: %s: %s\n", path, what);
    return false;
}

static bool read_image(const char *path, struct image *image)
{
    FILE *file = fopen(path, "rb");

    if (file == NULL) {
        return complain(path, "cannot be opened");
    }
    image->size_bytes = fread(image->bytes, 1, sizeof image->bytes, file);
    if (ferror(file) != 0 || fgetc(file) != EOF) {
        (void)fclose(file);
        return complain(path, "cannot be read, or is larger than 64 KB");
    }
    (void)fclose(file);
    return true;
}

static bool write_image(const char *path, const struct image *image)
{
    FILE *file = fopen(path, "wb");
    bool written = false;

    if (file == NULL) {
        return complain(path, "cannot be written");
    }
    written = fwrite(image->bytes, 1, image->size_bytes, file) == image->size_bytes;
    return fclose(file) == 0 && written ? true : complain(path, "cannot be written");
}

static bool seal_stub(const char *path)
{
    static struct image image;
    uint8_t *crc = image.bytes + offsetof(struct abi_stub_header, crc32);

    if (!read_image(path, &image)) {
        return false;
    }
    if (image.size_bytes < sizeof(struct abi_stub_header) ||
        le_get32(image.bytes) != ABI_STUB_MAGIC ||
        le_get32(image.bytes + offsetof(struct abi_stub_header, image_bytes)) != image.size_bytes) {
        return complain(path, "is not a stub of the length its header says");
    }
    le_put32(crc, 0);
    le_put32(crc, crc32_update(0, image.bytes, image.size_bytes));
    return write_image(path, &image);
}

static bool print_image(FILE *file, const char *name, const char *path)
{
    static struct image image;

    if (!read_image(path, &image)) {
        return false;
    }
    /* Aligned, so that a test may look at the header where it stands. */
    (void)fprintf(
        file, "static const unsigned char %s_bytes[] __attribute__((aligned(8))) = {", name);
    for (size_t i = 0; i < image.size_bytes; i++) {
        (void)fprintf(
            file, "%s0x%02" PRIx8 ",", i % BYTES_PER_LINE == 0 ? "\n    " : " ", image.bytes[i]);
    }
    (void)fprintf(file, "\n};\nconst struct embedded_image embedded_%s = {%s_bytes, %zu};\n\n",
        name, name, image.size_bytes);
    return true;
}

static bool embed(const char *out, const char *stub, const char *boot)
{
    FILE *file = fopen(out, "w");
    bool done = false;

    if (file == NULL) {
        return complain(out, "cannot be written");
    }
    (void)fprintf(file, "/* Generated from the images of target/. */\n"
                        "#include \"host/stub/embedded.h\"\n\n");
    done = print_image(file, "stub", stub) && print_image(file, "boot", boot);
    return fclose(file) == 0 && done ? true : complain(out, "not complete");
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "seal-stub") == 0) {
        return seal_stub(argv[2]) ? 0 : 1;
    }
    if (argc == 5 && strcmp(argv[1], "embed") == 0) {
        return embed(argv[2], argv[3], argv[4]) ? 0 : 1;
    }
    (void)fprintf(stderr, "usage: xflash-imagetool seal-stub STUB.bin\n"
                          "       xflash-imagetool embed OUT.c STUB.bin BOOT.bin\n");
    return 2;
}
