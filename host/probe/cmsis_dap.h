/* CMSIS-DAP probes: a probe over any packet link (reference: probe protocols, section 5). The
 * struct is shared by the cmsis_dap*.c files only; everybody else sees a struct probe. */
#ifndef HOST_PROBE_CMSIS_DAP_H
#define HOST_PROBE_CMSIS_DAP_H

#include "host/probe/dap_link.h"
#include "host/probe/probe_driver.h"
#include "host/probe/usb.h"

/* Version 1: device is an entry of hid_list(). The caller owns *out and ends with probe_close().
 * Does not touch the target, and takes no lock file. ERROR_NO_PROBE, _PROBE_PERMISSION,
 * _USB_LOST, _USB_PROTOCOL, _PROBE_ABILITY (no SWD). */
MUST_USE bool cmsis_dap_open_hid(const struct usb_device *device, const struct probe_config *config,
    struct probe **out, struct error *err);
/* Version 2: device is the bulk interface, an entry of usb_list(). Also ERROR_PROBE_BUSY. */
MUST_USE bool cmsis_dap_open_bulk(const struct usb_device *device,
    const struct probe_config *config, struct probe **out, struct error *err);
/* Over any link, which the probe owns from then on; on failure it stays with the caller. */
MUST_USE bool cmsis_dap_open(struct dap_link *link, const struct probe_config *config,
    struct probe **out, struct error *err);

/* Whether an interface is one of a CMSIS-DAP, by its class and its name. */
bool cmsis_dap_is_hid(const struct usb_device *device);
bool cmsis_dap_is_bulk(const struct usb_device *device);

#endif
