/* Devices on USB and their bulk pipes: what the USB links are built on. Implemented by
 * link_libusb.c, the only file that includes libusb; a scripted one stands in tests/unit/fakes.
 *
 * Listing opens devices only to read their strings and never sends a command of a probe's
 * protocol. A pipe is used by one thread. */
#ifndef HOST_PROBE_USB_H
#define HOST_PROBE_USB_H

#include "host/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { USB_MAX_DEVICES = 64, USB_RAW_SERIAL_BYTES = 64 };

enum usb_access {
    USB_ACCESS_FREE,          /* can be opened, and its interface claimed */
    USB_ACCESS_BUSY,          /* somebody else has claimed the interface */
    USB_ACCESS_NO_PERMISSION, /* the device node may not be opened */
    USB_ACCESS_FAILED         /* it answers with errors, or is just going away */
};

/* One interface that a probe may be behind. Text is what the device says: untrusted, UTF-8, may
 * hold control characters. */
struct usb_device {
    uint16_t vid;
    uint16_t pid;
    uint16_t version; /* bcdDevice */
    uint8_t bus;
    uint8_t address;
    char path[64]; /* "1-4.2": bus and ports, as in /sys/bus/usb/devices; the place, not the device
                    */
    char node[64]; /* "/dev/bus/usb/001/002" */
    char vendor[64]; /* strings are "" where the device has none or may not be opened */
    char product[64];
    char interface[64];
    /* String descriptor of the serial number without its two-byte head, as it came: old ST-LINK
     * V2 put binary there (reference: probe protocols 1.1). */
    uint8_t raw_serial[USB_RAW_SERIAL_BYTES];
    uint8_t raw_serial_bytes;
    uint8_t interface_number;
    uint8_t interface_class; /* 0xFF: vendor specific, 3: HID */
    uint8_t interface_subclass;
    uint8_t out_endpoint; /* addresses from the descriptor, 0: none */
    uint8_t in_endpoint;
    uint8_t trace_endpoint;
    uint16_t packet_bytes; /* of the OUT endpoint: 64 or 512 */
    enum usb_access access;
};

/* Which interfaces to list: true to keep one. Strings are filled in only for those kept. */
typedef bool usb_filter(const struct usb_device *device, void *context);

/* Up to USB_MAX_DEVICES, ordered by path. Errors of single devices stand in their `access`. */
MUST_USE bool usb_list(
    usb_filter *keep, void *context, struct usb_device *devices, size_t *count, struct error *err);

struct usb_pipe;

/* Opens the device at (bus, address, path) and claims its interface. The caller owns *out and ends
 * with usb_pipe_close(). ERROR_PROBE_BUSY, _PROBE_PERMISSION, _NO_PROBE (gone), _USB_LOST. */
MUST_USE bool usb_pipe_open(
    const struct usb_device *device, struct usb_pipe **out, struct error *err);
/* A pipe over a handle that a library has opened and claimed, and goes on to own: libusb_context *
 * and libusb_device_handle *. */
MUST_USE bool usb_pipe_adopt(void *context, void *handle, const struct usb_device *device,
    struct usb_pipe **out, struct error *err);
/* NULL is allowed. Cancels what is under way, bounded in time, also when the device is gone. */
void usb_pipe_close(struct usb_pipe *pipe);

/* How a transfer ended: what the layer above needs to know to get back into step. */
enum usb_end {
    USB_END_NONE = 0, /* not started */
    USB_END_DONE,
    USB_END_SHORT,   /* fewer bytes than asked for */
    USB_END_LONG,    /* more */
    USB_END_STALL,   /* refused; the halt has been cleared */
    USB_END_TIMEOUT, /* some of the bytes may have gone */
    USB_END_ERROR,
    USB_END_CANCELLED, /* another one, submitted with it, failed */
    USB_END_LOST       /* the device is gone */
};

/* One bulk transfer. The caller owns it and its bytes until usb_pipe_finish() has returned. */
struct usb_transfer {
    uint8_t endpoint;  /* 0x80: to the host */
    bool may_be_short; /* an IN transfer that may end with fewer bytes */
    uint32_t size_bytes;
    uint8_t *bytes;        /* of an OUT transfer only read */
    uint32_t actual_bytes; /* set by usb_pipe_finish() */
    enum usb_end end;      /* set by usb_pipe_finish() */
    /* Called as soon as this one has ended, from inside whatever function of the pipe waits then,
     * and before later transfers are looked at. is_done: without an error, whatever its length. It
     * may submit others, and must not wait. NULL: not wanted. */
    void (*on_end)(struct usb_transfer *transfer, bool is_done);
    void *context; /* of the caller, for on_end */
    void *pending; /* of the pipe */
};

/* Puts a transfer into the queue of its endpoint and returns at once. After a failure nothing is
 * under way for it. */
MUST_USE bool usb_pipe_submit(
    struct usb_pipe *pipe, struct usb_transfer *transfer, unsigned timeout_ms, struct error *err);
/* Waits for one that was submitted. ERROR_USB_LOST: the device is gone. ERROR_USB_PROTOCOL: stall
 * (halt cleared), time-out (transfer cancelled), short or too long answer; the message says which.
 */
MUST_USE bool usb_pipe_finish(
    struct usb_pipe *pipe, struct usb_transfer *transfer, struct error *err);
/* Submits all, then finishes all: one wait of the host. On failure all are ended. */
MUST_USE bool usb_pipe_transfer(struct usb_pipe *pipe, struct usb_transfer *transfers, size_t count,
    unsigned timeout_ms, struct error *err);
/* Reads away what an earlier user left in the IN endpoint. */
void usb_pipe_drain(struct usb_pipe *pipe);
/* Resets the port; the pipe stays usable, the interface claimed. */
MUST_USE bool usb_pipe_reset(struct usb_pipe *pipe, struct error *err);

#endif
