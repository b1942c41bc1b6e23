/* What stands after -p, taken apart. Pure. */
#ifndef HOST_PROBE_SELECTOR_H
#define HOST_PROBE_SELECTOR_H

#include "host/base/error.h"
#include "host/probe/link_tcp.h"

enum selector_kind { SELECTOR_TCP, SELECTOR_SIM };

struct selector {
    enum selector_kind kind;
    struct link_tcp_address tcp;
    char sim_name[64];     /* "NAME" */
    char sim_instance[80]; /* "NAME" or "NAME#INSTANCE", as the user wrote it */
};

/* ERROR_USAGE for what cannot be understood, ERROR_NO_PROBE for NULL (no selector given). */
MUST_USE bool selector_parse(const char *text, struct selector *selector, struct error *err);

#endif
