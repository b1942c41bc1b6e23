/* Carries ST-LINK commands to one ST-LINK: the cable under the command layer (reference: probe
 * protocols, section 1.2). Included by host/probe/ and by the scripted links of tests only. */
#ifndef HOST_PROBE_LINK_H
#define HOST_PROBE_LINK_H

#include "host/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LINK_COMMAND_BYTES = 16, LINK_MAX_DATA_BYTES = 6144 };

struct link;

/* All members are mandatory. After ERROR_USB_LOST every later call fails at once with it. */
struct link_ops {
    /* One command, then exactly size_bytes from the probe (0: a command without reply). */
    bool (*read)(struct link *link, const uint8_t command[LINK_COMMAND_BYTES], uint8_t *dst,
        size_t size_bytes, struct error *err);
    /* One command, then size_bytes > 0 to the probe. */
    bool (*write)(struct link *link, const uint8_t command[LINK_COMMAND_BYTES], const uint8_t *src,
        size_t size_bytes, struct error *err);
    uint64_t (*now_ns)(struct link *link);
    /* Returns early when a signal comes meanwhile. */
    void (*wait_ns)(struct link *link, uint64_t duration_ns);
    void (*close)(struct link *link);
};

/* A link embeds this as its first member and casts back. Filled in by its open. */
struct link {
    const struct link_ops *ops;
    char serial[33];
    char name[96];     /* for people: where the probe is */
    bool carries_misc; /* commands F2 51 and 52 pass */
    bool is_modelled;  /* now_ns is the clock of a virtual board */
};

#endif
