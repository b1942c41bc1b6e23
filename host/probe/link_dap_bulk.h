/* CMSIS-DAP version 2: packets over two bulk endpoints. */
#ifndef HOST_PROBE_LINK_DAP_BULK_H
#define HOST_PROBE_LINK_DAP_BULK_H

#include "host/probe/dap_link.h"
#include "host/probe/usb.h"

/* Opens and claims. The caller owns *out and ends with its close(). The host's clock. */
MUST_USE bool link_dap_bulk_open(
    const struct usb_device *device, struct dap_link **out, struct error *err);

#endif
