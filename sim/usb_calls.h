/* System calls of programs on the nodes of a virtual probe, as umockdev hands them over. Included
 * by usb_testbed.c only: both halves know umockdev. */
#ifndef SIM_USB_CALLS_H
#define SIM_USB_CALLS_H

#include "sim/usb_device.h"

#include <umockdev.h>

/* An open descriptor of a program; what umockdev calls a client. */
struct sim_usb_opened {
    struct sim_usb_client client; /* first */
    struct sim_usb_testbed *testbed;
    UMockdevIoctlClient *umockdev;
};

/* With the testbed's lock held. A result of 0 or more, -errno, or -EINPROGRESS: the call is ended
 * later by sim_usb_calls_finish(). */
int sim_usb_calls_ioctl(struct sim_usb_opened *opened);
int sim_usb_calls_read(struct sim_usb_opened *opened);
int sim_usb_calls_write(struct sim_usb_opened *opened);

/* Ends the call that the client is in. */
void sim_usb_calls_complete(UMockdevIoctlClient *client, int result);
/* For struct sim_usb_host. */
void sim_usb_calls_finish(struct sim_usb_client *client, void *waiting, int status);
void sim_usb_calls_free_urb(struct sim_usb_urb *urb);

#endif
