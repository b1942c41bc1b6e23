#include "host/image/image.h"

#include "host/base/os.h"
#include "host/base/sha256.h"
#include "host/base/text.h"
#include "host/image/image_formats.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* HEX needs about 2.8 characters for a byte of data. */
#define FILE_MAX_BYTES ((size_t)3 * IMAGE_MAX_BYTES)

/* What the segments point into. */
struct image_storage {
    uint8_t *file; /* NULL when every byte was decoded into data */
    uint8_t *data;
};

struct format_row {
    const char *name;
    const char *extensions[8];
    image_looks_fn *looks; /* NULL: anything does */
    image_parse_fn *parse;
    const char *place_name;
    bool is_decoded; /* segments do not point into the file */
};

static const struct format_row formats[] = {
    [IMAGE_AUTO] = {.name = "auto"},
    [IMAGE_BIN] = {.name = "bin", .parse = image_bin_parse, .place_name = "offset"},
    [IMAGE_ELF] = {.name = "elf",
        .extensions = {"elf", "axf", "out"},
        .looks = image_elf_looks,
        .parse = image_elf_parse,
        .place_name = "segment"},
    [IMAGE_HEX] = {.name = "hex",
        .extensions = {"hex", "ihex", "ihx", "mcs"},
        .looks = image_hex_looks,
        .parse = image_hex_parse,
        .place_name = "line",
        .is_decoded = true},
    [IMAGE_SREC] = {.name = "srec",
        .extensions = {"srec", "s19", "s28", "s37", "mot", "sre", "s"},
        .looks = image_srec_looks,
        .parse = image_srec_parse,
        .place_name = "line",
        .is_decoded = true},
    [IMAGE_UF2] = {.name = "uf2",
        .extensions = {"uf2"},
        .looks = image_uf2_looks,
        .parse = image_uf2_parse,
        .place_name = "block",
        .is_decoded = true},
};

enum { FORMAT_COUNT = sizeof formats / sizeof formats[0] };

const char *image_format_name(enum image_format format)
{
    return (unsigned)format < FORMAT_COUNT ? formats[format].name : "unknown";
}

bool image_format_parse(const char *name, enum image_format *format, struct error *err)
{
    unsigned i = 0;

    for (i = 0; i < FORMAT_COUNT; i++) {
        if (strcmp(name, formats[i].name) == 0) {
            *format = (enum image_format)i;
            return true;
        }
    }
    (void)error_set(err, ERROR_USAGE, "\"%s\" is not an image format", name);
    error_set_hint(err, "one of auto, bin, elf, hex, srec, uf2");
    return false;
}

static int lower(char character)
{
    return character >= 'A' && character <= 'Z' ? character - 'A' + 'a' : character;
}

/* ASCII letters compare equal in either case, in any locale. */
static bool is_same_name(const char *left, const char *right)
{
    while (*left != '\0' && lower(*left) == lower(*right)) {
        left++;
        right++;
    }
    return lower(*left) == lower(*right);
}

static bool has_extension(const char *path, const char *const extensions[])
{
    const char *name = strrchr(path, '/');
    const char *dot = strrchr(name == NULL ? path : name, '.');
    unsigned i = 0;

    for (i = 0; dot != NULL && i < 8 && extensions[i] != NULL; i++) {
        if (is_same_name(dot + 1, extensions[i])) {
            return true;
        }
    }
    return false;
}

enum image_format image_guess_format(const char *path, const uint8_t *bytes, size_t size_bytes)
{
    unsigned i = 0;

    for (i = IMAGE_ELF; i < FORMAT_COUNT; i++) {
        if (formats[i].looks(bytes, size_bytes)) {
            return (enum image_format)i;
        }
    }
    for (i = IMAGE_ELF; i < FORMAT_COUNT; i++) {
        if (has_extension(path, formats[i].extensions)) {
            return (enum image_format)i;
        }
    }
    return IMAGE_BIN;
}

bool image_bin_parse(const struct image_source *source, struct image *image,
    struct image_builder *builder, struct error *err)
{
    (void)image;
    if (source->size_bytes > IMAGE_MAX_BYTES) {
        return error_set(err, ERROR_IMAGE_BAD, "%s: more than %d MiB of data", source->path,
            IMAGE_MAX_BYTES / (1024 * 1024));
    }
    return image_builder_refer(
        builder, source->bin_addr, source->bytes, (uint32_t)source->size_bytes, 0, err);
}

/* Runs the parser; the segments point into *file or into what was decoded. */
static bool parse_format(const struct image_source *source, enum image_format format,
    struct image *image, uint8_t **data, struct error *err)
{
    struct image_builder builder;
    bool ok = false;

    image_builder_init(&builder, source->path, formats[format].place_name);
    ok = formats[format].parse(source, image, &builder, err) &&
         image_builder_finish(&builder, image, data, err);
    image_builder_free(&builder);
    return ok;
}

/* An image that owns file; NULL without memory, and then file is freed. */
static struct image *make_image(const char *path, uint8_t *file, size_t size_bytes)
{
    struct image *image = calloc(1, sizeof *image);
    struct image_storage *storage = calloc(1, sizeof *storage);
    char *name = text_duplicate(path);

    if (image == NULL || storage == NULL || name == NULL) {
        free(name);
        free(storage);
        free(image);
        free(file);
        return NULL;
    }
    storage->file = file;
    image->path = name;
    image->storage = storage;
    image->file_bytes = size_bytes;
    sha256_hash(file, size_bytes, image->sha256);
    return image;
}

static bool fill_image(struct image *image, const struct image_input *input, struct error *err)
{
    struct image_storage *storage = image->storage;
    const struct image_source source = {
        image->path, input->bytes, input->size_bytes, input->bin_addr};

    if (input->size_bytes == 0) {
        return error_set(err, ERROR_IMAGE_EMPTY, "%s: the file is empty", image->path);
    }
    image->format = input->format;
    if (input->format == IMAGE_AUTO) {
        image->format = image_guess_format(image->path, input->bytes, input->size_bytes);
    }
    if (!parse_format(&source, image->format, image, &storage->data, err)) {
        if (input->format == IMAGE_AUTO) {
            (void)error_add_context(
                err, "reading %s as %s", image->path, image_format_name(image->format));
        }
        return false;
    }
    if (formats[image->format].is_decoded) {
        free(storage->file);
        storage->file = NULL;
    }
    return true;
}

/* Takes over file, which input describes, also on failure. */
static bool parse_owned(const char *path, uint8_t *file, const struct image_input *input,
    struct image **out, struct error *err)
{
    struct image *image = make_image(path, file, input->size_bytes);

    if (image == NULL) {
        return error_set(err, ERROR_HOST_IO, "%s: no memory for the image", path);
    }
    if (!fill_image(image, input, err)) {
        image_free(image);
        return false;
    }
    *out = image;
    return true;
}

bool image_parse(
    const char *path, const struct image_input *input, struct image **out, struct error *err)
{
    struct image_input owned = *input;
    uint8_t *copy = malloc(input->size_bytes + 1);

    *out = NULL;
    if (copy == NULL) {
        return error_set(err, ERROR_HOST_IO, "%s: no memory for the image", path);
    }
    if (input->size_bytes > 0) {
        memcpy(copy, input->bytes, input->size_bytes);
    }
    owned.bytes = copy;
    return parse_owned(path, copy, &owned, out, err);
}

bool image_load(const char *path, enum image_format format, uint32_t bin_addr, struct image **out,
    struct error *err)
{
    struct image_input input = {.format = format, .bin_addr = bin_addr};
    uint8_t *bytes = NULL;

    *out = NULL;
    if (!os_read_file(path, FILE_MAX_BYTES, ERROR_IMAGE_MISSING, &bytes, &input.size_bytes, err)) {
        return false;
    }
    input.bytes = bytes;
    return parse_owned(path, bytes, &input, out, err);
}

void image_free(struct image *image)
{
    struct image_storage *storage = NULL;

    if (image == NULL) {
        return;
    }
    storage = image->storage;
    if (storage != NULL) {
        free(storage->file);
        free(storage->data);
    }
    free(storage);
    free(image->segments);
    free(image->path);
    free(image);
}
