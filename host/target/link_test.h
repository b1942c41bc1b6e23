/* Is the link to the target's RAM right, and how fast is it. Uses nothing but RAM. */
#ifndef HOST_TARGET_LINK_TEST_H
#define HOST_TARGET_LINK_TEST_H

#include "host/target/target.h"

struct target_link_speed {
    uint32_t addr;
    uint32_t size_bytes;    /* of the RAM used; written and read twice */
    uint64_t write_ns;      /* of both passes */
    uint64_t read_ns;       /* the same */
    unsigned word_count;    /* single words written, and read */
    uint64_t word_write_ns; /* of all of them */
    uint64_t word_read_ns;
};

/* Told what has been moved, of 4 * size_bytes. */
struct target_link_listener {
    void (*progress)(void *context, uint64_t done_bytes);
    void *context;
};

/* Fills the RAM with words that stand for their addresses, reads all of it back and compares, then
 * the same inverted; then single words. addr and size_bytes: multiples of 8 (ECC units), RAM that
 * target_prepare() left to us; size_bytes > 0. listener may be NULL. ERROR_VERIFY_MISMATCH with the
 * first address that differs; a signal or --timeout ends it between blocks. */
MUST_USE bool target_measure_link(struct target *target, uint32_t addr, uint32_t size_bytes,
    const struct target_link_listener *listener, struct target_link_speed *speed,
    struct error *err);

#endif
