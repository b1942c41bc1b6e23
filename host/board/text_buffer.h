/* Text that grows: for the pages that board and SFDP descriptions are. */
#ifndef HOST_BOARD_TEXT_BUFFER_H
#define HOST_BOARD_TEXT_BUFFER_H

#include "host/base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct text_buffer {
    char *chars; /* zero-terminated; NULL while empty */
    size_t used;
    size_t capacity;
    bool out_of_memory;
};

void text_buffer_add(struct text_buffer *text, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Hands the text over; false when memory ran out. */
MUST_USE bool text_buffer_finish(struct text_buffer *text, char **out, struct error *err);

#endif
