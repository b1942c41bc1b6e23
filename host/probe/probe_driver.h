/* What a probe backend implements. Included by host/probe/ and by the fake probes of tests only. */
#ifndef HOST_PROBE_PROBE_DRIVER_H
#define HOST_PROBE_PROBE_DRIVER_H

#include "host/probe/probe.h"

struct os_lock;
struct probe_driver;

/* What differs between firmware versions of one kind of probe. */
struct probe_limits {
    uint32_t word_block_bytes; /* longest block of words, multiple of 4 */
    uint32_t byte_block_bytes; /* longest block of single bytes */
    uint32_t boundary_bytes; /* power of two that no block crosses: 1024 for a plain ADIv5 MEM-AP */
    uint32_t scatter_count;  /* words in one transfer_words(); 0: only single blocks */
};

/* A backend embeds this as the first member of its own struct and casts back. The front fills in
 * nothing; the backend's open does. */
struct probe {
    const struct probe_driver *driver;
    struct log *log;
    struct probe_limits limits;
    struct probe_info info;
    struct probe_counters counters; /* transfers: by the backend; bytes: by the front */
    uint64_t deadline_ns;           /* of the command, by now_ns; 0: none. Of the front */
    struct os_lock *lock; /* held until it is closed; NULL: its link has its own. Of the front */
};

/* unit_bytes: 4, 2 or 1, the width of each access. addr and size_bytes are multiples of it,
 * 0 < size_bytes <= the limit for the unit, and the block crosses no boundary. */
struct probe_block {
    uint8_t ap;
    uint8_t unit_bytes;
    uint32_t addr;
    uint32_t size_bytes;
};

/* All members are mandatory. probe.c has checked alignment and bounds before it calls. A function
 * that fails leaves the debug port without sticky errors, so that the next call can work. */
struct probe_driver {
    uint64_t (*now_ns)(struct probe *probe);
    void (*wait_ns)(struct probe *probe, uint64_t duration_ns);
    void (*close)(struct probe *probe);
    bool (*attach)(struct probe *probe, uint32_t *dpidr, struct error *err);
    bool (*set_reset)(struct probe *probe, bool asserted, struct error *err);
    bool (*open_ap)(struct probe *probe, uint8_t ap, struct error *err);
    bool (*read_block)(
        struct probe *probe, const struct probe_block *block, uint8_t *dst, struct error *err);
    bool (*write_block)(struct probe *probe, const struct probe_block *block, const uint8_t *src,
        struct error *err);
    /* At most limits.scatter_count words; never called when that is 0. */
    bool (*transfer_words)(
        struct probe *probe, uint8_t ap, struct probe_word *words, size_t count, struct error *err);
    bool (*clear_errors)(struct probe *probe, struct error *err);
};

#endif
