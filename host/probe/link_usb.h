/* ST-LINK commands over a pair of bulk endpoints (reference: probe protocols 1.1, 1.2): framing,
 * submissions, and getting back into step after a failure or a killed run. */
#ifndef HOST_PROBE_LINK_USB_H
#define HOST_PROBE_LINK_USB_H

#include "host/base/log.h"
#include "host/probe/link.h"
#include "host/probe/usb.h"

/* Environment: "on" or "off" decides for every firmware whether a command, its data and its status
 * are submitted together; anything else is "auto", the table of stlink_version.c. */
#define LINK_USB_BATCH_VARIABLE "XFLASH_USB_BATCH"

/* Makes a link of a pipe that is open: reads away what an earlier user left, asks for the version,
 * and resets the port once when there is no answer. On success the link owns the pipe; on failure
 * the pipe stays with the caller. Endpoints are those of *device. The host's clock. */
MUST_USE bool link_usb_make(struct usb_pipe *pipe, const struct usb_device *device, struct log *log,
    struct link **out, struct error *err);

#endif
