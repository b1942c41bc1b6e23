/* An ST-LINK on USB, opened by libusb: the native link. */
#ifndef HOST_PROBE_LINK_LIBUSB_H
#define HOST_PROBE_LINK_LIBUSB_H

#include "host/base/log.h"
#include "host/probe/link.h"
#include "host/probe/usb.h"

/* Opens and claims. The caller owns *out and ends with its close(). The host's clock.
 * ERROR_PROBE_BUSY, _PROBE_PERMISSION, _NO_PROBE (gone since it was listed), _PROBE_ABILITY (no
 * endpoints), _USB_LOST, _USB_PROTOCOL. */
MUST_USE bool link_libusb_open(
    const struct usb_device *device, struct log *log, struct link **out, struct error *err);

#endif
