/* The flash-test: erases a range, writes a pattern, reads it back, reads it through the mapped
 * window, and puts the old contents back. They are in the journal meanwhile. */
#ifndef HOST_FLASH_FLASH_TEST_H
#define HOST_FLASH_FLASH_TEST_H

#include "host/flash/engine.h"
#include "host/flash/locate.h"

struct flash_test_result {
    uint32_t size_bytes;
    uint64_t erase_ns;
    uint64_t write_ns;
    uint64_t verify_ns; /* read and hashed on the target over the program bus */
    uint64_t mapped_ns; /* the same through the window at run speed, set-up included */
    uint64_t read_ns;   /* read to the host */
    uint64_t restore_ns;
    bool mapped; /* the window was read and equal */
    bool restored;
};

/* Partition "scratch", or the last 64 KB of the first external memory. */
MUST_USE bool flash_test_default_range(
    const struct board *board, struct flash_range *range, struct error *err);
/* ERROR_VERIFY_MISMATCH and so on; the old contents are put back even then, if the chip lets. */
MUST_USE bool flash_test_run(struct flash_device *device, const struct flash_range *range,
    const struct flash_engine_options *options, struct flash_test_result *result,
    struct error *err);

#endif
