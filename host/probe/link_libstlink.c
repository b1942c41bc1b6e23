#include "host/probe/link_libstlink.h"

#include "host/base/os.h"
#include "host/probe/link_usb.h"
#include "host/probe/probe_text.h"

#include <stlink.h> /* with its usb.h: the handle that it opened */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FREQ_KHZ = 1800,        /* while libstlink looks around; the command layer sets its own */
    GOOD_SERIAL_BYTES = 48, /* 24 characters; libstlink knows this length and the next */
    OLD_SERIAL_BYTES = 24,
    IN_ENDPOINT = 0x81
};

/* Which probe libstlink may take, "BUS:ADDRESS": among several with one serial number only this
 * tells them apart. The library cuts the text in two, so it has to be set before each use. */
static const char device_variable[] = "STLINK_DEVICE";

struct link_libstlink {
    struct link base;
    struct link *link; /* owned: the framing and submissions over libstlink's handle */
    stlink_t *stlink;  /* owned */
};

/* The library takes the OUT endpoint from its own table. */
static uint8_t out_endpoint(uint16_t pid)
{
    return pid == STLINK_USB_PID_STLINK_32L ? 2 : 1;
}

static bool is_known(const struct usb_device *device)
{
    return device->vid == STLINK_USB_VID_ST &&
           (STLINK_V2_USB_PID(device->pid) || STLINK_V2_1_USB_PID(device->pid) ||
               (STLINK_V3_USB_PID(device->pid) &&
                   device->pid != STLINK_USB_PID_STLINK_V3_USBLOADER));
}

/* The ST-LINKs that are missing in its tables, by name (reference: probe protocols 1.1, 2.1). */
static const char *unknown_text(uint16_t pid)
{
    static const struct {
        uint16_t pid;
        const char *text;
    } rows[] = {
        {0x3742, "libstlink does not know product ID 3742"},
        {0x3754, "libstlink does not know product ID 3754"},
        {0x3757, "libstlink does not know product ID 3757"},
    };
    size_t i = 0;

    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].pid == pid) {
            return rows[i].text;
        }
    }
    return "libstlink does not know the product ID of this probe";
}

const char *link_libstlink_obstacle(const struct usb_device *device)
{
    char serial[PROBE_SERIAL_BYTES];

    if (!is_known(device)) {
        return unknown_text(device->pid);
    }
    probe_text_serial(device, serial);
    if ((device->raw_serial_bytes != GOOD_SERIAL_BYTES &&
            device->raw_serial_bytes != OLD_SERIAL_BYTES) ||
        strlen(serial) != STLINK_SERIAL_LENGTH) {
        return "libstlink skips probes with a serial number like this one's";
    }
    if (device->interface_number != 0 || device->in_endpoint != IN_ENDPOINT ||
        device->out_endpoint != out_endpoint(device->pid)) {
        return "libstlink expects other endpoints than this probe has";
    }
    return NULL;
}

static bool exchange(
    struct link *link, const struct link_exchange *exchanges, size_t count, struct error *err)
{
    struct link *inner = ((struct link_libstlink *)link)->link;
    bool is_done = false;

    inner->may_batch = link->may_batch;
    is_done = inner->ops->exchange(inner, exchanges, count, err);
    link->may_batch = inner->may_batch;
    link->resets = inner->resets;
    return is_done;
}

static uint64_t now_ns(struct link *link)
{
    struct link *inner = ((struct link_libstlink *)link)->link;

    return inner->ops->now_ns(inner);
}

static void wait_ns(struct link *link, uint64_t duration_ns)
{
    struct link *inner = ((struct link_libstlink *)link)->link;

    inner->ops->wait_ns(inner, duration_ns);
}

static void close_link(struct link *link)
{
    struct link_libstlink *libstlink = (struct link_libstlink *)link;

    libstlink->link->ops->close(libstlink->link);
    stlink_close(libstlink->stlink);
    free(libstlink);
}

static const struct link_ops ops = {
    .exchange = exchange,
    .now_ns = now_ns,
    .wait_ns = wait_ns,
    .close = close_link,
};

/* libstlink says only that it failed, and its messages would go to standard output: an opening
 * without it finds the reason first. */
static bool check_access(const struct usb_device *device, struct error *err)
{
    struct usb_pipe *pipe = NULL;

    if (!usb_pipe_open(device, &pipe, err)) {
        return false;
    }
    usb_pipe_close(pipe);
    return true;
}

static bool open_library(const struct usb_device *device, stlink_t **stlink, struct error *err)
{
    char serial[PROBE_SERIAL_BYTES];
    char place[16];

    probe_text_serial(device, serial);
    (void)snprintf(place, sizeof place, "%u:%u", (unsigned)device->bus, (unsigned)device->address);
    os_environment_set(device_variable, place);
    *stlink = stlink_open_usb((enum ugly_loglevel)0, CONNECT_HOT_PLUG, serial, FREQ_KHZ);
    os_environment_set(device_variable, NULL);
    return *stlink != NULL || check_access(device, err) == false ||
           error_set(
               err, ERROR_USB_PROTOCOL, "libstlink does not open the probe usb:%s", device->path);
}

/* The library has entered SWD: from here on everything is as with the native link. */
static bool leave_debug(struct link *link, struct error *err)
{
    struct link_exchange leave = {.command = {0xF2, 0x21}};

    return link->ops->exchange(link, &leave, 1, err) ||
           error_add_context(err, "leaving the debug mode that libstlink entered");
}

static bool make_link(const struct usb_device *device, struct log *log, stlink_t *stlink,
    struct link **out, struct error *err)
{
    const struct stlink_libusb *usb = stlink->backend_data;
    struct usb_pipe *pipe = NULL;

    if (!usb_pipe_adopt(usb->libusb_ctx, usb->usb_handle, device, &pipe, err)) {
        return false;
    }
    if (!link_usb_make(pipe, device, log, out, err)) {
        usb_pipe_close(pipe);
        return false;
    }
    if (!leave_debug(*out, err)) {
        (*out)->ops->close(*out);
        return false;
    }
    return true;
}

bool link_libstlink_open(
    const struct usb_device *device, struct log *log, struct link **out, struct error *err)
{
    const char *obstacle = link_libstlink_obstacle(device);
    struct link_libstlink *libstlink = NULL;

    *out = NULL;
    if (obstacle != NULL) {
        return error_set(err, ERROR_PROBE_ABILITY, "%s", obstacle);
    }
    if (!check_access(device, err)) {
        return false;
    }
    libstlink = calloc(1, sizeof *libstlink);
    if (libstlink == NULL) {
        return error_set(err, ERROR_HOST_IO, "no memory for a connection");
    }
    if (!open_library(device, &libstlink->stlink, err)) {
        goto free_link;
    }
    if (!make_link(device, log, libstlink->stlink, &libstlink->link, err)) {
        goto close_library;
    }
    log_write(log, LOG_INFO, NULL,
        "libstlink %s opened the probe usb:%s; commands to it are our own", STLINK_VERSION,
        device->path);
    libstlink->base = *libstlink->link;
    libstlink->base.ops = &ops;
    *out = &libstlink->base;
    return true;
close_library:
    stlink_close(libstlink->stlink);
free_link:
    free(libstlink);
    return false;
}
