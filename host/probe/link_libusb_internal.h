/* What the files with libusb calls share: link_libusb.c (transfers), link_libusb_open.c and
 * link_libusb_list.c. */
#ifndef HOST_PROBE_LINK_LIBUSB_INTERNAL_H
#define HOST_PROBE_LINK_LIBUSB_INTERNAL_H

#include "host/probe/usb.h"

#include <libusb.h>

struct pending {
    struct libusb_transfer *transfer;
    struct usb_transfer *owner; /* NULL: it has given up waiting */
    struct pending *next;       /* of those that could not be ended */
    uint64_t limit_ns;          /* when libusb should have ended it */
    unsigned timeout_ms;
    int is_done; /* as libusb wants it */
};

struct usb_pipe {
    struct libusb_context *context;
    struct libusb_device_handle *handle;
    struct usb_device device;
    bool is_owned; /* context and handle */
    bool is_lost;
    bool is_stuck; /* cancelling has no effect */
    bool has_callback;
    libusb_hotplug_callback_handle callback;
    struct pending *abandoned;
};

/* A context of its own, so that there is no state of the whole program. ERROR_HOST_IO. */
MUST_USE bool link_libusb_start(struct libusb_context **context, struct error *err);
/* Where a device sits: bus, address, path and node of *device. */
void link_libusb_place(struct libusb_device *usb, struct usb_device *device);
/* libusb's word for one of its error numbers. */
const char *link_libusb_text(int result);
/* ERROR_USB_LOST now and for every later call. Always false. */
bool link_libusb_fail_lost(struct usb_pipe *pipe, struct error *err);

#endif
