/* The sysfs folders and device nodes of a virtual probe, as umockdev wants them described. */
#ifndef SIM_USB_SYSFS_H
#define SIM_USB_SYSFS_H

#include "sim/usb_descriptors.h"

#include <stddef.h>

enum { SIM_USB_SYSFS_TEXT_BYTES = 8192, SIM_USB_SYSFS_PATHS = 4, SIM_USB_SYSFS_PATH_BYTES = 128 };

struct sim_usb_place {
    unsigned port;          /* of the one hub, from 1 */
    unsigned address;       /* device number, 1 to 127 */
    unsigned hidraw_number; /* used where the probe is a HID */
};

/* Where things are: devices from the outermost to the innermost, and nodes without "/dev/". */
struct sim_usb_paths {
    unsigned count;
    char devices[SIM_USB_SYSFS_PATHS][SIM_USB_SYSFS_PATH_BYTES]; /* begin with "/sys" */
    char usb_node[32];
    char hidraw_node[32]; /* "" where there is none */
};

/* Describes the device in umockdev's record format. */
void sim_usb_sysfs_describe(const struct sim_usb_identity *identity,
    const struct sim_usb_place *place, struct sim_usb_paths *paths,
    char text[SIM_USB_SYSFS_TEXT_BYTES]);

#endif
