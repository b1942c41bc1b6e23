/* Opening, claiming and resetting a device, and letting it go again, by libusb. */
#include "host/base/os.h"
#include "host/probe/link_libusb_internal.h"
#include "host/probe/probe_text.h"

#include <libusb.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NS_PER_MS = 1000000,
    /* A listing of another program holds the interface for an instant, and the kernel needs one
     * after a program was killed. */
    CLAIM_TRIES = 15,
    CLAIM_WAIT_MS = 20,
    /* The device enumerates again after a reset of its port. */
    RETURN_TRIES = 40,
    RETURN_WAIT_MS = 50
};

static bool fail_open(const struct usb_device *device, int result, struct error *err)
{
    char product[64];
    char name[160];

    probe_text_escape(device->product, product, sizeof product);
    (void)snprintf(
        name, sizeof name, "%s at usb:%s", product[0] != '\0' ? product : "probe", device->path);
    switch (result) {
    case LIBUSB_ERROR_ACCESS:
        return probe_text_fail_permission(device, name, err);
    case LIBUSB_ERROR_BUSY:
        return probe_text_fail_claimed(name, err);
    case LIBUSB_ERROR_NO_DEVICE:
    case LIBUSB_ERROR_NOT_FOUND:
        (void)error_set(
            err, ERROR_NO_PROBE, "the probe usb:%s is not there any more", device->path);
        error_set_hint(err, "check the cable, and run the command again");
        return false;
    default:
        break;
    }
    return error_set(err, ERROR_USB_PROTOCOL, "the probe usb:%s cannot be opened: %s", device->path,
        link_libusb_text(result));
}

/* A device may have got another address since it was listed: its place and kind count. */
static bool is_same(const struct usb_device *wanted, struct libusb_device *usb)
{
    struct libusb_device_descriptor about;
    struct usb_device place = {0};

    link_libusb_place(usb, &place);
    return strcmp(place.path, wanted->path) == 0 &&
           libusb_get_device_descriptor(usb, &about) == 0 && about.idVendor == wanted->vid &&
           about.idProduct == wanted->pid;
}

static int open_handle(struct usb_pipe *pipe)
{
    struct libusb_device **list = NULL;
    ssize_t count = libusb_get_device_list(pipe->context, &list);
    int result = LIBUSB_ERROR_NOT_FOUND;
    ssize_t i = 0;

    if (count < 0) {
        return (int)count;
    }
    for (i = 0; i < count && result == LIBUSB_ERROR_NOT_FOUND; i++) {
        if (is_same(&pipe->device, list[i])) {
            link_libusb_place(list[i], &pipe->device);
            result = libusb_open(list[i], &pipe->handle);
        }
    }
    libusb_free_device_list(list, 1);
    return result;
}

static int claim(struct usb_pipe *pipe)
{
    int result = LIBUSB_ERROR_BUSY;
    unsigned tries = 0;

    for (tries = 0; tries < CLAIM_TRIES && result == LIBUSB_ERROR_BUSY; tries++) {
        if (tries > 0) {
            os_sleep_ns(UINT64_C(1) * CLAIM_WAIT_MS * NS_PER_MS);
        }
        result = libusb_claim_interface(pipe->handle, pipe->device.interface_number);
    }
    return result;
}

static int LIBUSB_CALL on_left(struct libusb_context *context, struct libusb_device *device,
    libusb_hotplug_event event, void *user_data)
{
    struct usb_pipe *pipe = user_data;

    (void)context;
    (void)event;
    if (pipe->handle != NULL && device == libusb_get_device(pipe->handle)) {
        pipe->is_lost = true;
    }
    return 0;
}

/* Where the system tells of devices that leave, a transfer need not run into its time limit. */
static void watch(struct usb_pipe *pipe)
{
    if (libusb_has_capability(LIBUSB_CAP_HAS_HOTPLUG) != 0) {
        pipe->has_callback =
            libusb_hotplug_register_callback(pipe->context, LIBUSB_HOTPLUG_EVENT_DEVICE_LEFT, 0,
                pipe->device.vid, pipe->device.pid, LIBUSB_HOTPLUG_MATCH_ANY, on_left, pipe,
                &pipe->callback) == LIBUSB_SUCCESS;
    }
}

static void close_handle(struct usb_pipe *pipe)
{
    if (pipe->handle != NULL && pipe->is_owned) {
        (void)libusb_release_interface(pipe->handle, pipe->device.interface_number);
        libusb_close(pipe->handle);
    }
    pipe->handle = NULL;
}

static bool open_and_claim(struct usb_pipe *pipe, struct error *err)
{
    int result = open_handle(pipe);

    if (result == 0) {
        result = claim(pipe);
    }
    if (result != 0) {
        close_handle(pipe);
        return fail_open(&pipe->device, result, err);
    }
    return true;
}

static struct usb_pipe *make_pipe(const struct usb_device *device, struct error *err)
{
    struct usb_pipe *pipe = calloc(1, sizeof *pipe);

    if (pipe == NULL) {
        (void)error_set(err, ERROR_HOST_IO, "no memory for a connection");
        return NULL;
    }
    pipe->device = *device;
    return pipe;
}

bool usb_pipe_open(const struct usb_device *device, struct usb_pipe **out, struct error *err)
{
    struct usb_pipe *pipe = make_pipe(device, err);

    *out = NULL;
    if (pipe == NULL) {
        return false;
    }
    pipe->is_owned = true;
    if (!link_libusb_start(&pipe->context, err) || !open_and_claim(pipe, err)) {
        usb_pipe_close(pipe);
        return false;
    }
    watch(pipe);
    *out = pipe;
    return true;
}

bool usb_pipe_adopt(void *context, void *handle, const struct usb_device *device,
    struct usb_pipe **out, struct error *err)
{
    struct usb_pipe *pipe = make_pipe(device, err);

    *out = NULL;
    if (pipe == NULL) {
        return false;
    }
    pipe->context = context;
    pipe->handle = handle;
    watch(pipe);
    *out = pipe;
    return true;
}

void usb_pipe_close(struct usb_pipe *pipe)
{
    struct pending *next = NULL;

    if (pipe == NULL) {
        return;
    }
    if (pipe->has_callback) {
        libusb_hotplug_deregister_callback(pipe->context, pipe->callback);
    }
    close_handle(pipe);
    /* Closing the handle has taken them from libusb's list. The handle of a library is closed
     * later: then they are left, for libusb may still look at them. */
    while (pipe->is_owned && (next = pipe->abandoned) != NULL) {
        pipe->abandoned = next->next;
        libusb_free_transfer(next->transfer);
        free(next);
    }
    if (pipe->is_owned && pipe->context != NULL) {
        libusb_exit(pipe->context);
    }
    free(pipe);
}

/* The device came back as a new one. */
static bool follow(struct usb_pipe *pipe, struct error *err)
{
    unsigned tries = 0;
    bool is_open = false;

    if (!pipe->is_owned) {
        return link_libusb_fail_lost(pipe, err);
    }
    close_handle(pipe);
    for (tries = 0; tries < RETURN_TRIES && !is_open; tries++) {
        os_sleep_ns(UINT64_C(1) * RETURN_WAIT_MS * NS_PER_MS);
        is_open = open_and_claim(pipe, err);
    }
    if (!is_open) {
        return link_libusb_fail_lost(pipe, err);
    }
    pipe->is_lost = false; /* that was the old one */
    return true;
}

bool usb_pipe_reset(struct usb_pipe *pipe, struct error *err)
{
    int result = 0;

    if (pipe->is_lost) {
        return link_libusb_fail_lost(pipe, err);
    }
    result = libusb_reset_device(pipe->handle);
    if (result == 0) {
        return true;
    }
    if (result == LIBUSB_ERROR_NOT_FOUND) {
        return follow(pipe, err);
    }
    if (result == LIBUSB_ERROR_NO_DEVICE) {
        return link_libusb_fail_lost(pipe, err);
    }
    return error_set(err, ERROR_USB_PROTOCOL, "the port of the probe usb:%s cannot be reset: %s",
        pipe->device.path, link_libusb_text(result));
}
