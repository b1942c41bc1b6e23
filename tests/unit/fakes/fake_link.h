/* An ST-LINK link that plays a written conversation: the test is the protocol trace. Whatever the
 * command layer sends must be the next line; anything else fails the test with both lines shown. */
#ifndef TESTS_UNIT_FAKES_FAKE_LINK_H
#define TESTS_UNIT_FAKES_FAKE_LINK_H

#include "host/probe/link.h"

/* command and data as hex, "F2 30 A3"; the command is padded with zeros. data NULL: nothing. */
struct fake_exchange {
    const char *command;
    const char *to_probe;   /* data phase OUT */
    const char *from_probe; /* data phase IN, padded with zeros to what is asked for */
};

struct fake_link {
    struct link base;
    const struct fake_exchange *script;
    size_t count;
    size_t next;
    size_t lost_at;   /* the exchange with this number (from 1) finds the probe gone; 0: none */
    size_t stalls_at; /* the exchange with this number stalls once and is not played; 0: none */
    uint64_t now_ns;
    bool is_closed;
    char mismatch[512]; /* empty: everything came as written */
};

void fake_link_init(struct fake_link *fake, const struct fake_exchange *script, size_t count);

#endif
