/* Lines of hexadecimal digits, as in Intel HEX and S-records, with line and column for messages. */
#ifndef HOST_IMAGE_IMAGE_TEXT_H
#define HOST_IMAGE_IMAGE_TEXT_H

#include "host/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest record: 255 bytes after the count. */
enum { IMAGE_RECORD_BYTES = 256 };

struct image_text {
    const char *path;
    const uint8_t *bytes;
    size_t size_bytes;
    size_t position;
    uint32_t line;   /* counted from 1 */
    uint32_t column; /* of the next character, counted from 1 */
};

void image_text_init(
    struct image_text *text, const char *path, const uint8_t *bytes, size_t size_bytes);
/* Steps over line ends and empty lines; false at the end of the file. */
bool image_text_next_line(struct image_text *text);
/* The next character of this line, or -1 at its end. Does not advance. */
int image_text_peek(const struct image_text *text);
void image_text_skip(struct image_text *text);
/* Two hexadecimal digits. */
MUST_USE bool image_text_byte(struct image_text *text, uint8_t *value, struct error *err);
/* Nothing but blanks may follow on this line. */
MUST_USE bool image_text_end_line(struct image_text *text, struct error *err);
/* ERROR_IMAGE_BAD "path:line:column: ..." */
bool image_text_fail(const struct image_text *text, struct error *err, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

#endif
