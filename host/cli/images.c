#include "host/cli/images.h"

#include "host/base/os.h"
#include "host/base/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool looks_like_place(const struct board *board, const char *word)
{
    struct flash_place place = {0};
    struct error ignored = {0};
    bool is_number = isdigit((unsigned char)word[0]) && strchr(word, '.') == NULL;

    return is_number || flash_locate_where(board, word, &place, &ignored);
}

static bool choose_format(
    const struct options *options, enum image_format *format, struct error *err)
{
    const char *name = options_text(options, OPTION_FORMAT);

    *format = IMAGE_AUTO;
    return name == NULL || image_format_parse(name, format, err);
}

/* where NULL: the image's own addresses, or the boot entry. */
static bool load_one(struct images *images, const struct board *board,
    const struct options *options, const char *path, const char *where, struct error *err)
{
    struct flash_request *request = &images->requests[images->count];
    struct flash_place place = {0};
    struct error no_entry = {0};
    enum image_format format = IMAGE_AUTO;
    struct image *image = NULL;
    bool has_entry = false;

    if (!choose_format(options, &format, err)) {
        return false;
    }
    if (where != NULL && !flash_locate_where(board, where, &place, err)) {
        return error_add_context(err, "finding the place of %s", path);
    }
    if (where == NULL) {
        has_entry = flash_locate_entry(board, &place, &no_entry);
    }
    if (!image_load(path, format, place.addr, &image, err)) {
        return false;
    }
    if (image->format != IMAGE_BIN && where != NULL) {
        (void)error_set(err, ERROR_USAGE,
            "%s is %s and brings its own addresses; @%s cannot move it", path,
            image_format_name(image->format), where);
        image_free(image);
        return false;
    }
    if (image->format == IMAGE_BIN && where == NULL && !has_entry) {
        *err = no_entry;
        image_free(image);
        return error_add_context(err, "finding a place for %s", path);
    }
    request->image = image;
    request->place = place;
    request->has_place = image->format == IMAGE_BIN;
    images->owned[images->count] = image;
    images->count++;
    return true;
}

static bool take_argument(struct images *images, const struct board *board,
    const struct options *options, size_t *index, struct error *err)
{
    const char *word = options->arguments[*index];
    const char *next = *index + 1 < options->argument_count ? options->arguments[*index + 1] : NULL;
    const char *where = NULL;
    size_t path_length = 0;
    char *path = NULL;
    bool ok = false;

    if (next != NULL && !os_file_exists(word) && strchr(word, '@') == NULL &&
        looks_like_place(board, word)) {
        *index += 1;
        return load_one(images, board, options, next, word, err);
    }
    path_length = os_file_exists(word) ? strlen(word) : flash_locate_split(word, &where);
    path = text_duplicate(word);
    if (path == NULL) {
        return error_set(err, ERROR_INTERNAL, "out of memory");
    }
    path[path_length] = '\0';
    ok = load_one(images, board, options, path, where, err);
    free(path);
    return ok;
}

/* Two BINs cannot both start at the entry: say so before the overlap is found. */
static bool check_single_entry(
    const struct images *images, const struct options *options, struct error *err)
{
    size_t unplaced = 0;

    for (size_t i = 0; i < images->count && images->count == options->argument_count; i++) {
        const struct flash_request *request = &images->requests[i];

        unplaced +=
            request->image->format == IMAGE_BIN && strchr(options->arguments[i], '@') == NULL ? 1
                                                                                              : 0;
    }
    if (unplaced > 1) {
        (void)error_set(err, ERROR_USAGE,
            "%zu raw images have no address, and only one may go to "
            "the boot entry partition",
            unplaced);
        error_set_hint(err, "FILE@ADDRESS or FILE@PARTITION");
        return false;
    }
    return true;
}

bool images_load(struct images *images, const struct board *board, const struct options *options,
    struct error *err)
{
    images->count = 0;
    images->requests = calloc(options->argument_count + 1, sizeof *images->requests);
    images->owned = calloc(options->argument_count + 1, sizeof(struct image *));
    if (images->requests == NULL || images->owned == NULL) {
        return error_set(err, ERROR_INTERNAL, "out of memory");
    }
    for (size_t i = 0; i < options->argument_count; i++) {
        if (!take_argument(images, board, options, &i, err)) {
            return false;
        }
    }
    return check_single_entry(images, options, err);
}

void images_free(struct images *images)
{
    for (size_t i = 0; i < images->count; i++) {
        image_free(images->owned[i]);
    }
    free(images->owned);
    free(images->requests);
    images->owned = NULL;
    images->requests = NULL;
    images->count = 0;
}

uint32_t images_rtt_addr(const struct images *images)
{
    for (size_t i = 0; i < images->count; i++) {
        if (images->requests[i].image->has_rtt) {
            return images->requests[i].image->rtt_addr;
        }
    }
    return 0;
}
