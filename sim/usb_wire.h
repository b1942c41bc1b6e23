/* What a virtual board and the bus process say to each other: one message per packet of a local
 * socket, a head and its data. Both ends are the same program, so structures go as they are. */
#ifndef SIM_USB_WIRE_H
#define SIM_USB_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { SIM_USB_MAX_TRANSFER = 65536 };

enum sim_usb_kind {
    /* From the board. */
    SIM_USB_SAY_PLUG = 1, /* data: struct sim_usb_identity; answered by SIM_USB_SAY_PLUGGED */
    SIM_USB_SAY_UNPLUG, /* answered by SIM_USB_SAY_UNPLUGGED when nobody can see the device any more
                         */
    SIM_USB_SAY_NODE_MODE, /* value: permissions of the device nodes; others see the bus from then
                              on */
    SIM_USB_SAY_COMPLETE,  /* id, status, value: bytes moved; data of an IN transfer */
    SIM_USB_SAY_CLAIMED,   /* id, status: 0 or -EBUSY */
    SIM_USB_SAY_LEAVE,     /* unplugs; the bus closes the connection when it is done */
    SIM_USB_SAY_COUNT,     /* from the command line; answered with value: boards on the bus */
    /* From the bus. */
    SIM_USB_SAY_PLUGGED,   /* status: 0 or -errno; value: device address */
    SIM_USB_SAY_UNPLUGGED, /* see above */
    SIM_USB_SAY_ABANDONED, /* the last program that had an unplugged device open has closed it */
    SIM_USB_SAY_CLAIM,     /* id; a program claims the interface, the board may refuse it */
    SIM_USB_SAY_RELEASE,
    SIM_USB_SAY_SUBMIT,     /* id, endpoint, value: bytes; data of an OUT transfer */
    SIM_USB_SAY_CANCEL,     /* id; SIM_USB_SAY_COMPLETE follows in any case */
    SIM_USB_SAY_CLEAR_HALT, /* endpoint */
    SIM_USB_SAY_RESET
};

struct sim_usb_message {
    uint32_t kind;
    uint32_t id;
    int32_t status; /* 0 or -errno, as in the kernel */
    uint32_t value;
    uint8_t endpoint;    /* address, bit 7 set: IN */
    uint8_t begins_wait; /* of SIM_USB_SAY_SUBMIT: nothing else was outstanding */
    uint8_t reserved[2];
};

/* Does not wait; false: the other side is gone or does not read. */
bool sim_usb_send(int fd, const struct sim_usb_message *message, const void *data, size_t bytes);
/* Waits for room. */
bool sim_usb_send_waiting(
    int fd, const struct sim_usb_message *message, const void *data, size_t bytes);

enum { SIM_USB_CLOSED = -1, SIM_USB_EMPTY = -2 };
/* Does not wait. Bytes of data, SIM_USB_EMPTY, or SIM_USB_CLOSED: also after nonsense. */
ssize_t sim_usb_receive(int fd, struct sim_usb_message *message, void *data, size_t capacity_bytes);

#endif
