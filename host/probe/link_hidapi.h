/* CMSIS-DAP version 1: packets in HID reports. Implemented by link_hidapi.c, the only file that
 * includes hidapi (its hidraw flavour on Linux). */
#ifndef HOST_PROBE_LINK_HIDAPI_H
#define HOST_PROBE_LINK_HIDAPI_H

#include "host/probe/dap_link.h"
#include "host/probe/usb.h"

/* HID interfaces that name themselves CMSIS-DAP, ordered by path. *count: room in devices, then
 * how many there are. node is the hidraw node ("/dev/hidraw0"), path, bus, address and interface
 * come from sysfs ("" and 0 where it does not tell), raw_serial is UTF-16 as in a string
 * descriptor. access is FREE or NO_PERMISSION: nobody claims a HID interface. Nothing is sent. */
MUST_USE bool hid_list(struct usb_device *devices, size_t *count, struct error *err);

/* device is an entry of hid_list(). The caller owns *out and ends with its close(). The host's
 * clock. ERROR_PROBE_PERMISSION, _NO_PROBE (gone). */
MUST_USE bool link_hidapi_open(
    const struct usb_device *device, struct dap_link **out, struct error *err);

#endif
