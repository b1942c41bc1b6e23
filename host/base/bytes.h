/* A cursor over bytes from outside: every read is checked, nothing past the end is touched. */
#ifndef HOST_BASE_BYTES_H
#define HOST_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
    const uint8_t *data; /* not owned */
    size_t size_bytes;
    size_t position;
};

static inline size_t bytes_left(const struct bytes *bytes)
{
    return bytes->size_bytes - bytes->position;
}

/* The next count bytes, or NULL when there are fewer. Advances. */
static inline const uint8_t *bytes_take(struct bytes *bytes, size_t count)
{
    const uint8_t *taken = NULL;

    if (count <= bytes_left(bytes)) {
        taken = bytes->data + bytes->position;
        bytes->position += count;
    }
    return taken;
}

/* count bytes at offset from the start, or NULL. Does not advance. */
static inline const uint8_t *bytes_at(const struct bytes *bytes, size_t offset, size_t count)
{
    if (offset > bytes->size_bytes || count > bytes->size_bytes - offset) {
        return NULL;
    }
    return bytes->data + offset;
}

#endif
