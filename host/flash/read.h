/* Reading without changing: `read` and `blank`. */
#ifndef HOST_FLASH_READ_H
#define HOST_FLASH_READ_H

#include "host/flash/locate.h"
#include "host/flash/progress.h"

struct flash_sink {
    /* Called with the bytes in order. */
    bool (*take)(void *context, const uint8_t *bytes, size_t size_bytes, struct error *err);
    void *context;
};

/* Each part is checked on its way to the host. */
MUST_USE bool flash_read_range(struct flash_device *device, const struct flash_range *range,
    const struct flash_sink *sink, const struct flash_listener *listener, struct error *err);

struct flash_blank_result {
    bool is_blank;
    uint32_t first_addr; /* CPU address of the first byte that is not FF */
    uint8_t first_byte;
    uint32_t block_count; /* blocks of 4 KB that are not blank */
    uint64_t elapsed_ns;
};

/* ERROR_NOT_BLANK with address and value of the first byte that is not FF. */
MUST_USE bool flash_blank_range(struct flash_device *device, const struct flash_range *range,
    const struct flash_listener *listener, struct flash_blank_result *result, struct error *err);

#endif
