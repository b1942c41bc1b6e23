/* An ST-LINK opened by libstlink (reference: probe protocols, section 2.3). The library finds the
 * probe, opens and claims it, reads its version and sets its clock; then the command layer of
 * stlink.h speaks over the library's USB handle, because the library selects no access port and
 * looks at no write status. Implemented by link_libstlink.c, the only file that includes it. */
#ifndef HOST_PROBE_LINK_LIBSTLINK_H
#define HOST_PROBE_LINK_LIBSTLINK_H

#include "host/base/log.h"
#include "host/probe/link.h"
#include "host/probe/usb.h"

/* NULL when libstlink can open this probe, else why not, for one sentence: "libstlink does not
 * know product ID 3754". Then the native link is the one to take, and that is said with -v. */
const char *link_libstlink_obstacle(const struct usb_device *device);

/* Opens the probe: unlike the other links this enters SWD and reads the target through access port
 * 0, because the library always does; the link has left debug mode again when this returns. Never
 * with a target that has to be connected under reset. The caller owns *out and ends with its
 * close(). ERROR_PROBE_BUSY, _PROBE_PERMISSION, _NO_PROBE, _PROBE_ABILITY (an obstacle). */
MUST_USE bool link_libstlink_open(
    const struct usb_device *device, struct log *log, struct link **out, struct error *err);

#endif
