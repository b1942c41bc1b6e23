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

/* One command with its data phase: out_bytes to the probe, or in_bytes from it, or neither; never
 * both. At most LINK_MAX_DATA_BYTES. */
struct link_exchange {
    uint8_t command[LINK_COMMAND_BYTES];
    const uint8_t *out;
    size_t out_bytes;
    uint8_t *in;
    size_t in_bytes;
};

/* All members are mandatory. After ERROR_USB_LOST every later call fails at once with it. */
struct link_ops {
    /* Strictly in order; a link may submit them together, so that the host waits once. After the
     * first failure nothing more is said: ERROR_USB_PROTOCOL leaves the link in step again, and the
     * exchanges may be repeated where the command layer knows that to be harmless. */
    bool (*exchange)(
        struct link *link, const struct link_exchange *exchanges, size_t count, struct error *err);
    uint64_t (*now_ns)(struct link *link);
    /* Returns early when a signal comes meanwhile. */
    void (*wait_ns)(struct link *link, uint64_t duration_ns);
    void (*close)(struct link *link);
};

/* A link embeds this as its first member and casts back. Filled in by its open. */
struct link {
    const struct link_ops *ops;
    char serial[64];
    char name[96];     /* for people: where the probe is */
    bool carries_misc; /* commands F2 51 and 52 pass */
    bool is_modelled;  /* now_ns is the clock of a virtual board */
    /* Several exchanges may be under way together. Set by the command layer, which knows the
     * firmware, unless the user has decided; taken back by the link after a failure. */
    bool may_batch;
    bool batch_is_chosen; /* by the user */
    /* How often the probe had to be reset to get it back into step: it has then left debug mode. */
    unsigned resets;
};

#endif
