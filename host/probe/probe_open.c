/* From a selector to a probe: the only place that knows which links there are. */
#include "host/probe/link_sim.h"
#include "host/probe/link_tcp.h"
#include "host/probe/probe.h"
#include "host/probe/probe_driver.h"
#include "host/probe/selector.h"
#include "host/probe/stlink.h"

#include <stdio.h>

static bool open_link(
    const struct selector *selector, struct log *log, struct link **out, struct error *err)
{
    switch (selector->kind) {
    case SELECTOR_SIM:
        return link_sim_open(selector->sim_instance, log, out, err);
    case SELECTOR_TCP:
        break;
    }
    return link_tcp_open(&selector->tcp, log, out, err);
}

bool probe_open(const struct probe_config *config, struct probe **out, struct error *err)
{
    struct selector selector;
    struct link *link = NULL;

    *out = NULL;
    if (!selector_parse(config->selector, &selector, err) ||
        !open_link(&selector, config->log, &link, err)) {
        return false;
    }
    if (!stlink_open(link, config, out, err)) {
        link->ops->close(link);
        return error_add_context(err, "opening the probe %s", config->selector);
    }
    (void)snprintf(
        (*out)->info.default_board, sizeof(*out)->info.default_board, "%s", selector.sim_name);
    return true;
}
