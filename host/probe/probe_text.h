/* Texts about probes on USB that several links share: strings of devices made safe to print, the
 * fixed form of serial numbers, and what to say when a probe may not be opened or is busy. Pure. */
#ifndef HOST_PROBE_PROBE_TEXT_H
#define HOST_PROBE_PROBE_TEXT_H

#include "host/base/error.h"
#include "host/probe/usb.h"

#include <stddef.h>

enum { PROBE_SERIAL_BYTES = 132, PROBE_RULE_BYTES = 160 };

/* A string of a device for a terminal: control characters (C0, DEL, C1), marks that turn the
 * direction of writing, and bytes that are not UTF-8 become \xNN. Cut where capacity ends. */
void probe_text_escape(const char *text, char *out, size_t capacity);

/* Serial number in the form that is shown, matched and locked: as the device says it when that is
 * printable ASCII, else upper-case hex of its characters (of both bytes where the upper ones are
 * used). Old ST-LINK V2 put 12 binary bytes there: always hex (reference: probe protocols 1.1). */
void probe_text_serial(const struct usb_device *device, char serial[PROBE_SERIAL_BYTES]);

/* The udev rule for this device, one line as in the rules file: for hidraw when its class is HID.
 * Its IDs are numbers, so nothing of what the device says gets into a rule. */
void probe_text_udev_rule(const struct usb_device *device, char rule[PROBE_RULE_BYTES]);

/* ERROR_PROBE_PERMISSION with that rule and how to install it. name: "ST-LINK V3 at usb:1-4.2".
 * Always false. */
bool probe_text_fail_permission(
    const struct usb_device *device, const char *name, struct error *err);
/* ERROR_PROBE_BUSY for an interface that a program without our lock has claimed. Always false. */
bool probe_text_fail_claimed(const char *name, struct error *err);

#endif
