/* From a selector to a probe: the only place that knows which links there are. */
#include "host/base/os.h"
#include "host/probe/cmsis_dap.h"
#include "host/probe/link_libstlink.h"
#include "host/probe/link_libusb.h"
#include "host/probe/link_sim.h"
#include "host/probe/link_tcp.h"
#include "host/probe/probe.h"
#include "host/probe/probe_driver.h"
#include "host/probe/probe_list.h"
#include "host/probe/probe_lock.h"
#include "host/probe/selector.h"
#include "host/probe/stlink.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NS_PER_MS = 1000000,
    /* Another run's look at what is free claims an interface for an instant. */
    CLAIM_TRIES = 5,
    CLAIM_WAIT_NS = 20000000,
    /* With --lock-wait. Nothing tells when a lock comes free, so it is tried again. */
    LOCK_POLL_NS = 50000000
};

/* ---- ST-LINK links ---- */

static bool open_by_libusb(const struct probe_entry *entry, const struct probe_config *config,
    struct link **out, struct error *err)
{
    return link_libusb_open(&entry->device, config->log, out, err);
}

/* The library does not say why it could not open a probe: it may be that another run's look at what
 * is free had the interface claimed just then. */
static bool try_libstlink(const struct probe_entry *entry, const struct probe_config *config,
    struct link **out, struct error *err)
{
    unsigned tries = 0;
    bool is_open = link_libstlink_open(&entry->device, config->log, out, err);

    while (!is_open && err->code == ERROR_USB_PROTOCOL && ++tries < CLAIM_TRIES) {
        os_sleep_ns(CLAIM_WAIT_NS);
        is_open = link_libstlink_open(&entry->device, config->log, out, err);
    }
    return is_open;
}

/* Where libstlink's tables end, and where it could only make things worse, the native link takes
 * over and says so (reference: probe protocols 2.3). */
static bool open_by_libstlink(const struct probe_entry *entry, const struct probe_config *config,
    struct link **out, struct error *err)
{
    const char *obstacle = config->under_reset ? "libstlink cannot connect under reset"
                                               : link_libstlink_obstacle(&entry->device);

    if (obstacle == NULL) {
        return try_libstlink(entry, config, out, err);
    }
    log_write(config->log, LOG_INFO, NULL, "%s: the probe is opened by libusb instead", obstacle);
    return open_by_libusb(entry, config, out, err);
}

static const struct stlink_link {
    const char *name;
    bool (*open)(const struct probe_entry *entry, const struct probe_config *config,
        struct link **out, struct error *err);
} stlink_links[] = {
    [SELECTOR_LINK_AUTO] = {"libusb", open_by_libusb},
    [SELECTOR_LINK_LIBUSB] = {"libusb", open_by_libusb},
    [SELECTOR_LINK_LIBSTLINK] = {"libstlink", open_by_libstlink},
};

/* Makes an ST-LINK of a link; the link is closed when that fails. */
static bool make_stlink(
    struct link *link, const struct probe_config *config, struct probe **out, struct error *err)
{
    if (stlink_open(link, config, out, err)) {
        return true;
    }
    link->ops->close(link);
    return false;
}

static bool open_stlink(const struct probe_entry *entry, enum selector_link how,
    const struct probe_config *config, struct probe **out, struct error *err)
{
    struct link *link = NULL;

    log_write(
        config->log, LOG_DEBUG, NULL, "probe %s, link %s", entry->name, stlink_links[how].name);
    return stlink_links[how].open(entry, config, &link, err) && make_stlink(link, config, out, err);
}

/* ---- kinds of probes on USB ---- */

static bool check_dap_link(
    const struct probe_entry *entry, enum selector_link how, struct error *err)
{
    return how != SELECTOR_LINK_LIBSTLINK ||
           error_set(
               err, ERROR_USAGE, "libstlink speaks to ST-LINKs only, and %s is none", entry->name);
}

static bool open_dap_hid(const struct probe_entry *entry, enum selector_link how,
    const struct probe_config *config, struct probe **out, struct error *err)
{
    return check_dap_link(entry, how, err) && cmsis_dap_open_hid(&entry->device, config, out, err);
}

static bool open_dap_bulk(const struct probe_entry *entry, enum selector_link how,
    const struct probe_config *config, struct probe **out, struct error *err)
{
    return check_dap_link(entry, how, err) && cmsis_dap_open_bulk(&entry->device, config, out, err);
}

static bool (*const families[])(const struct probe_entry *entry, enum selector_link how,
    const struct probe_config *config, struct probe **out, struct error *err) = {
    [PROBE_FAMILY_STLINK] = open_stlink,
    [PROBE_FAMILY_DAP_HID] = open_dap_hid,
    [PROBE_FAMILY_DAP_BULK] = open_dap_bulk,
};

static bool open_entry(const struct probe_entry *entry, enum selector_link how,
    const struct probe_config *config, struct probe **out, struct error *err)
{
    struct os_lock *lock = NULL;
    unsigned tries = 0;
    bool is_open = false;

    if (!probe_lock_take(entry->lock_key, PROBE_LOCK_RUN, entry->name, &lock, err)) {
        return false;
    }
    is_open = families[entry->family](entry, how, config, out, err);
    while (!is_open && err->code == ERROR_PROBE_BUSY && ++tries < CLAIM_TRIES) {
        os_sleep_ns(CLAIM_WAIT_NS);
        is_open = families[entry->family](entry, how, config, out, err);
    }
    if (!is_open) {
        os_lock_release(lock);
        return false;
    }
    (*out)->lock = lock;
    (void)snprintf((*out)->info.kind, sizeof(*out)->info.kind, "%s", entry->kind);
    (void)snprintf((*out)->info.serial, sizeof(*out)->info.serial, "%.63s", entry->serial);
    return true;
}

static bool open_usb(const struct selector *selector, const struct probe_config *config,
    struct probe **out, struct error *err)
{
    struct probe_list *list = NULL;
    const struct probe_entry *entry = NULL;
    bool is_open = false;

    if (!probe_list_read(&list, err)) {
        return false;
    }
    if (probe_list_choose(list, selector, config->selector, &entry, err)) {
        is_open = open_entry(entry, selector->link, config, out, err) ||
                  error_add_context(err, "opening the probe %s", entry->name);
    }
    free(list);
    return is_open;
}

/* ---- servers and virtual boards: they are locked by their links ---- */

static bool open_tcp(const struct selector *selector, const struct probe_config *config,
    struct probe **out, struct error *err)
{
    struct link *link = NULL;

    return link_tcp_open(&selector->tcp, config->log, &link, err) &&
           (make_stlink(link, config, out, err) ||
               error_add_context(err, "opening the probe %s", config->selector));
}

static bool open_sim(const struct selector *selector, const struct probe_config *config,
    struct probe **out, struct error *err)
{
    struct link *link = NULL;

    if (!link_sim_open(selector->sim_instance, config->log, &link, err)) {
        return false;
    }
    if (!make_stlink(link, config, out, err)) {
        return error_add_context(err, "opening the probe %s", config->selector);
    }
    (void)snprintf(
        (*out)->info.default_board, sizeof(*out)->info.default_board, "%s", selector->sim_name);
    return true;
}

static bool (*const doors[])(const struct selector *selector, const struct probe_config *config,
    struct probe **out, struct error *err) = {
    [SELECTOR_USB] = open_usb,
    [SELECTOR_TCP] = open_tcp,
    [SELECTOR_SIM] = open_sim,
};

static void say_waiting(const struct probe_config *config, const struct error *err)
{
    log_write(config->log, LOG_NOTE, NULL, "%.*s; waiting up to %" PRIu32 ".%" PRIu32 " s for it",
        (int)strcspn(err->message, "\n"), err->message, config->lock_wait_ms / 1000,
        config->lock_wait_ms / 100 % 10);
}

/* Waiting is the host's affair, whatever clock the probe has. */
bool probe_open(const struct probe_config *config, struct probe **out, struct error *err)
{
    uint64_t start_ns = os_monotonic_ns();
    uint64_t wait_ns = (uint64_t)config->lock_wait_ms * NS_PER_MS;
    struct selector selector;
    bool has_said = false;
    bool is_open = false;

    *out = NULL;
    if (!selector_parse(config->selector, &selector, err)) {
        return false;
    }
    is_open = doors[selector.kind](&selector, config, out, err);
    while (!is_open && err->code == ERROR_PROBE_BUSY && os_monotonic_ns() - start_ns < wait_ns) {
        if (!has_said) {
            say_waiting(config, err);
            has_said = true;
        }
        os_sleep_ns(LOCK_POLL_NS);
        if (os_signal_pending() != 0) {
            return os_signal_fail(err);
        }
        is_open = doors[selector.kind](&selector, config, out, err);
    }
    return is_open;
}
