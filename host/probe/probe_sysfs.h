/* Strings of a device that may not be opened, from where the kernel keeps them for everybody
 * (Linux: /sys/bus/usb/devices). So a probe without permission can be named. */
#ifndef HOST_PROBE_PROBE_SYSFS_H
#define HOST_PROBE_PROBE_SYSFS_H

#include "host/probe/usb.h"

/* root: "/sys/bus/usb/devices". Fills in vendor, product, interface and serial as far as they are
 * there; a serial number that is not printable ASCII stays unknown, since the kernel's text of it
 * has lost bytes. */
void probe_sysfs_fill(const char *root, struct usb_device *device);

#endif
