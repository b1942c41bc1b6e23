#include "sim/usb_calls.h"

#include <errno.h>
#include <linux/hidraw.h>
#include <linux/usbdevice_fs.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

struct submitted {
    struct sim_usb_urb urb; /* first */
    UMockdevIoctlData *memory;
};

void sim_usb_calls_complete(UMockdevIoctlClient *client, int result)
{
    umockdev_ioctl_client_complete(client, result < 0 ? -1 : result, result < 0 ? -result : 0);
}

/* A system call that had to wait for the board. */
void sim_usb_calls_finish(struct sim_usb_client *client, void *waiting, int status)
{
    UMockdevIoctlClient *call = waiting;
    int result = status;

    if (client->is_hidraw && status == 0) {
        UMockdevIoctlData *arg = umockdev_ioctl_client_get_arg(call);

        result = sim_usb_device_read_report(client, arg->data, (uint32_t)arg->data_len);
    }
    sim_usb_calls_complete(call, result);
    g_object_unref(call);
}

void sim_usb_calls_free_urb(struct sim_usb_urb *urb)
{
    struct submitted *submitted = (struct submitted *)urb;

    g_object_unref(submitted->memory);
    free(submitted);
}

/* The structure that the argument points to; NULL: the program gave a bad address. */
static void *resolve(UMockdevIoctlData *arg, size_t size_bytes)
{
    UMockdevIoctlData *memory = umockdev_ioctl_data_resolve(arg, 0, size_bytes, NULL);
    void *bytes = NULL;

    if (memory != NULL) {
        bytes = memory->data; /* lives as long as the argument */
        g_object_unref(memory);
    }
    return bytes;
}

static int get_number(UMockdevIoctlData *arg, unsigned *number)
{
    const void *bytes = resolve(arg, sizeof *number);

    if (bytes == NULL) {
        return -EFAULT;
    }
    memcpy(number, bytes, sizeof *number);
    return 0;
}

static int run_capabilities(struct sim_usb_opened *opened, UMockdevIoctlData *arg)
{
    const uint32_t capabilities = USBDEVFS_CAP_ZERO_PACKET | USBDEVFS_CAP_NO_PACKET_SIZE_LIM |
                                  USBDEVFS_CAP_REAP_AFTER_DISCONNECT;
    void *bytes = resolve(arg, sizeof capabilities);

    (void)opened;
    if (bytes == NULL) {
        return -EFAULT;
    }
    memcpy(bytes, &capabilities, sizeof capabilities);
    return 0;
}

static int run_claim(struct sim_usb_opened *opened, UMockdevIoctlData *arg)
{
    unsigned interface = 0;
    int result = get_number(arg, &interface);

    if (result == 0) {
        result = sim_usb_device_claim(&opened->client, interface, opened->umockdev);
    }
    if (result == -EINPROGRESS) {
        (void)g_object_ref(opened->umockdev); /* finish() lets it go */
    }
    return result;
}

static int run_release(struct sim_usb_opened *opened, UMockdevIoctlData *arg)
{
    unsigned interface = 0;
    int result = get_number(arg, &interface);

    return result == 0 ? sim_usb_device_release(&opened->client, interface) : result;
}

static int run_set_configuration(struct sim_usb_opened *opened, UMockdevIoctlData *arg)
{
    unsigned configuration = 0;
    int result = get_number(arg, &configuration);

    if (result != 0) {
        return result;
    }
    if (opened->client.device->is_gone) {
        return -ENODEV;
    }
    if (opened->client.device->owner != NULL) {
        return -EBUSY; /* usbfs refuses while an interface is claimed, by whomever */
    }
    return configuration == 1 ? 0 : -EINVAL;
}

static int run_set_interface(struct sim_usb_opened *opened, UMockdevIoctlData *arg)
{
    struct usbdevfs_setinterface setting = {0};
    const void *bytes = resolve(arg, sizeof setting);

    if (bytes == NULL) {
        return -EFAULT;
    }
    memcpy(&setting, bytes, sizeof setting);
    if (opened->client.device->is_gone) {
        return -ENODEV;
    }
    if (opened->client.device->owner != &opened->client) {
        return -EBUSY;
    }
    return setting.interface == 0 && setting.altsetting == 0 ? 0 : -EINVAL;
}

static int run_get_driver(struct sim_usb_opened *opened, UMockdevIoctlData *arg)
{
    const struct sim_usb_device *device = opened->client.device;
    struct usbdevfs_getdriver *driver = resolve(arg, sizeof *driver);

    if (driver == NULL) {
        return -EFAULT;
    }
    if (device->is_gone) {
        return -ENODEV;
    }
    if (device->owner != NULL) {
        (void)snprintf(driver->driver, sizeof driver->driver, "usbfs");
        return 0;
    }
    if (!device->identity.is_hid || device->is_kernel_driver_off) {
        return -ENODATA;
    }
    (void)snprintf(driver->driver, sizeof driver->driver, "usbhid");
    return 0;
}

/* Takes usbhid off the interface, or puts it back. */
static int run_driver_command(struct sim_usb_opened *opened, UMockdevIoctlData *arg)
{
    struct sim_usb_device *device = opened->client.device;
    struct usbdevfs_ioctl command = {0};
    const void *bytes = resolve(arg, sizeof command);
    bool is_off = false;

    if (bytes == NULL) {
        return -EFAULT;
    }
    memcpy(&command, bytes, sizeof command);
    is_off = (unsigned)command.ioctl_code == USBDEVFS_DISCONNECT;
    if (device->is_gone) {
        return -ENODEV;
    }
    if (!is_off && (unsigned)command.ioctl_code != USBDEVFS_CONNECT) {
        return -ENOTTY;
    }
    if (!device->identity.is_hid || device->is_kernel_driver_off == is_off) {
        return is_off ? -ENODATA : 0;
    }
    if (device->owner != NULL) {
        return -EBUSY;
    }
    device->is_kernel_driver_off = is_off;
    return 0;
}

static int run_clear_halt(struct sim_usb_opened *opened, UMockdevIoctlData *arg)
{
    unsigned endpoint = 0;
    int result = get_number(arg, &endpoint);

    return result == 0 ? sim_usb_device_clear_halt(&opened->client, (uint8_t)endpoint) : result;
}

static int run_reset(struct sim_usb_opened *opened, UMockdevIoctlData *arg)
{
    (void)arg;
    return sim_usb_device_reset(&opened->client);
}

static int run_speed(struct sim_usb_opened *opened, UMockdevIoctlData *arg)
{
    const int full = 2; /* enum usb_device_speed of the kernel */
    const int high = 3;

    (void)arg;
    return opened->client.device->identity.is_high_speed ? high : full;
}

/* Fills in urb from the program's structure; its memory stays mirrored until it is reaped. */
static int take_urb(UMockdevIoctlData *memory, struct submitted *submitted)
{
    struct usbdevfs_urb raw = {0};
    UMockdevIoctlData *buffer = NULL;
    struct sim_usb_urb *urb = &submitted->urb;

    memcpy(&raw, memory->data, sizeof raw);
    if (raw.buffer_length < 0 || raw.buffer_length > SIM_USB_MAX_TRANSFER) {
        return -ENOMEM;
    }
    if (raw.buffer_length > 0) {
        buffer = umockdev_ioctl_data_resolve(
            memory, offsetof(struct usbdevfs_urb, buffer), (gsize)raw.buffer_length, NULL);
        if (buffer == NULL) {
            return -EFAULT;
        }
        urb->bytes = buffer->data;
        g_object_unref(buffer); /* memory holds it, too */
    }
    urb->address = memory->client_addr;
    urb->endpoint = raw.endpoint;
    urb->size_bytes = (uint32_t)raw.buffer_length;
    if (raw.type == USBDEVFS_URB_TYPE_CONTROL) {
        if (urb->size_bytes < SIM_USB_SETUP_BYTES) {
            return -EINVAL;
        }
        urb->is_control = true;
        urb->setup = urb->bytes;
        urb->bytes += SIM_USB_SETUP_BYTES;
        urb->size_bytes -= SIM_USB_SETUP_BYTES;
        return 0;
    }
    return raw.type == USBDEVFS_URB_TYPE_BULK || raw.type == USBDEVFS_URB_TYPE_INTERRUPT
               ? 0
               : -EINVAL; /* no isochronous endpoints */
}

static int run_submit(struct sim_usb_opened *opened, UMockdevIoctlData *arg)
{
    UMockdevIoctlData *memory =
        umockdev_ioctl_data_resolve(arg, 0, sizeof(struct usbdevfs_urb), NULL);
    struct submitted *submitted = NULL;
    int result = 0;

    if (memory == NULL) {
        return -EFAULT;
    }
    submitted = calloc(1, sizeof *submitted);
    if (submitted == NULL) {
        abort();
    }
    submitted->memory = memory;
    result = take_urb(memory, submitted);
    if (result == 0) {
        result = sim_usb_device_submit(&opened->client, &submitted->urb);
    }
    if (result != 0) {
        sim_usb_calls_free_urb(&submitted->urb);
    }
    return result;
}

static int run_discard(struct sim_usb_opened *opened, UMockdevIoctlData *arg)
{
    uintptr_t address = 0;

    memcpy(&address, arg->data, sizeof address);
    return sim_usb_device_discard(&opened->client, address);
}

static int run_reap(struct sim_usb_opened *opened, UMockdevIoctlData *arg)
{
    struct sim_usb_urb *urb = NULL;
    UMockdevIoctlData *pointer = NULL;
    UMockdevIoctlData *memory = NULL;
    struct usbdevfs_urb raw = {0};
    int result = sim_usb_device_reap(&opened->client, &urb);

    if (result != 0) {
        return result;
    }
    memory = ((struct submitted *)urb)->memory;
    memcpy(&raw, memory->data, sizeof raw);
    raw.status = urb->status;
    raw.actual_length = (int)urb->actual_bytes;
    memcpy(memory->data, &raw, sizeof raw);
    pointer = umockdev_ioctl_data_resolve(arg, 0, sizeof(void *), NULL);
    if (pointer != NULL) {
        (void)umockdev_ioctl_data_set_ptr(pointer, 0, memory);
        g_object_unref(pointer);
    }
    sim_usb_calls_free_urb(urb);
    return pointer != NULL ? 0 : -EFAULT;
}

static const struct {
    unsigned long request;
    int (*run)(struct sim_usb_opened *opened, UMockdevIoctlData *arg);
} usb_calls[] = {
    {USBDEVFS_GET_CAPABILITIES, run_capabilities},
    {USBDEVFS_CLAIMINTERFACE, run_claim},
    {USBDEVFS_RELEASEINTERFACE, run_release},
    {USBDEVFS_SETCONFIGURATION, run_set_configuration},
    {USBDEVFS_SETINTERFACE, run_set_interface},
    {USBDEVFS_GETDRIVER, run_get_driver},
    {USBDEVFS_IOCTL, run_driver_command},
    {USBDEVFS_CLEAR_HALT, run_clear_halt},
    {USBDEVFS_RESETEP, run_clear_halt},
    {USBDEVFS_RESET, run_reset},
    {USBDEVFS_GET_SPEED, run_speed},
    {USBDEVFS_SUBMITURB, run_submit},
    {USBDEVFS_DISCARDURB, run_discard},
    {USBDEVFS_REAPURB, run_reap},
    {USBDEVFS_REAPURBNDELAY, run_reap},
};

static int run_usb_call(
    struct sim_usb_opened *opened, unsigned long request, UMockdevIoctlData *arg)
{
    for (size_t i = 0; i < sizeof usb_calls / sizeof usb_calls[0]; i++) {
        if (usb_calls[i].request == request) {
            return usb_calls[i].run(opened, arg);
        }
    }
    return -ENOTTY;
}

static int give(UMockdevIoctlData *arg, const void *bytes, size_t count)
{
    void *memory = resolve(arg, count);

    if (memory == NULL) {
        return -EFAULT;
    }
    memcpy(memory, bytes, count);
    return 0;
}

static int run_hidraw_call(
    struct sim_usb_opened *opened, unsigned long request, UMockdevIoctlData *arg)
{
    const struct sim_usb_identity *identity = &opened->client.device->identity;
    struct hidraw_report_descriptor report = {.size = identity->report_bytes};
    struct hidraw_devinfo info = {
        .bustype = 3, .vendor = (__s16)identity->vid, .product = (__s16)identity->pid};
    int size = identity->report_bytes;
    char name[2 * SIM_USB_STRING_MAX];
    size_t used = 0;

    if (opened->client.device->is_gone) {
        return -ENODEV;
    }
    switch (request) {
    case HIDIOCGRDESCSIZE:
        return give(arg, &size, sizeof size);
    case HIDIOCGRDESC:
        memcpy(report.value, identity->report, identity->report_bytes);
        return give(arg, &report, sizeof report.size + identity->report_bytes);
    case HIDIOCGRAWINFO:
        return give(arg, &info, sizeof info);
    default:
        break;
    }
    if (_IOC_TYPE(request) != 'H' || _IOC_NR(request) != _IOC_NR(HIDIOCGRAWNAME(0))) {
        return -ENOTTY;
    }
    sim_usb_string_text(identity, SIM_USB_STRING_MANUFACTURER, name, SIM_USB_STRING_MAX);
    used = strlen(name);
    name[used++] = ' ';
    sim_usb_string_text(identity, SIM_USB_STRING_PRODUCT, name + used, SIM_USB_STRING_MAX - 1);
    used = strlen(name) + 1;
    used = used < _IOC_SIZE(request) ? used : _IOC_SIZE(request);
    return give(arg, name, used) == 0 ? (int)used : -EFAULT;
}

int sim_usb_calls_ioctl(struct sim_usb_opened *opened)
{
    UMockdevIoctlData *arg = umockdev_ioctl_client_get_arg(opened->umockdev);
    unsigned long request = umockdev_ioctl_client_get_request(opened->umockdev);

    return opened->client.is_hidraw ? run_hidraw_call(opened, request, arg)
                                    : run_usb_call(opened, request, arg);
}

/* Reads without data wait here, as in the kernel; that O_NONBLOCK was asked for is not passed on,
 * but who asks for it polls first. */
int sim_usb_calls_read(struct sim_usb_opened *opened)
{
    UMockdevIoctlData *arg = umockdev_ioctl_client_get_arg(opened->umockdev);
    int result = -EINVAL;

    if (opened->client.is_hidraw) {
        result = sim_usb_device_read_report(&opened->client, arg->data, (uint32_t)arg->data_len);
    }
    if (result == -EAGAIN) {
        opened->client.waiting = g_object_ref(opened->umockdev);
        return -EINPROGRESS;
    }
    return result;
}

int sim_usb_calls_write(struct sim_usb_opened *opened)
{
    UMockdevIoctlData *arg = umockdev_ioctl_client_get_arg(opened->umockdev);

    if (!opened->client.is_hidraw) {
        return -EINVAL;
    }
    return sim_usb_device_write_report(&opened->client, arg->data, (uint32_t)arg->data_len);
}
