/* The devices on USB, by libusb: descriptors, strings, and whether they can be opened. */
#include "host/base/os.h"
#include "host/probe/link_libusb_internal.h"

#include <libusb.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    DESCRIPTOR_BYTES = 255,
    DESCRIPTOR_HEAD_BYTES = 2,
    PACKET_BYTES_MASK = 0x7FF, /* of wMaxPacketSize */
    HID_CLASS = 3,
    MAX_PORTS = 7,
    /* Another listing holds an interface for an instant while it looks: look twice. */
    CLAIM_TRIES = 3,
    CLAIM_WAIT_NS = 10000000,
    /* libusb opens a socket for hotplug events, which may fail for a moment when several programs
     * start at once. */
    START_TRIES = 20,
    START_WAIT_NS = 25000000
};

struct listing {
    usb_filter *keep;
    void *context;
    struct usb_device *devices;
    size_t count;
};

bool link_libusb_start(struct libusb_context **context, struct error *err)
{
    int result = libusb_init(context);

    for (int i = 1; result != 0 && i < START_TRIES; i++) {
        os_sleep_ns(START_WAIT_NS);
        result = libusb_init(context);
    }
    return result == 0 || error_set(err, ERROR_HOST_IO, "USB cannot be used on this computer: %s",
                              link_libusb_text(result));
}

const char *link_libusb_text(int result)
{
    return libusb_strerror(result);
}

void link_libusb_place(struct libusb_device *usb, struct usb_device *device)
{
    uint8_t ports[MAX_PORTS];
    int count = libusb_get_port_numbers(usb, ports, MAX_PORTS);
    size_t used = 0;
    int i = 0;

    device->bus = libusb_get_bus_number(usb);
    device->address = libusb_get_device_address(usb);
    (void)snprintf(device->node, sizeof device->node, "/dev/bus/usb/%03u/%03u",
        (unsigned)device->bus, (unsigned)device->address);
    if (count <= 0) {
        (void)snprintf(device->path, sizeof device->path, "usb%u", (unsigned)device->bus);
        return;
    }
    used = (size_t)snprintf(device->path, sizeof device->path, "%u", (unsigned)device->bus);
    for (i = 0; i < count; i++) {
        used += (size_t)snprintf(device->path + used, sizeof device->path - used, "%c%u",
            i == 0 ? '-' : '.', (unsigned)ports[i]);
    }
}

/* UTF-8 of one code point; returns its length. */
static size_t put_code_point(uint32_t code, char *text)
{
    if (code < 0x80) {
        text[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        text[0] = (char)(0xC0 | code >> 6);
        text[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    text[0] = (char)(0xE0 | code >> 12);
    text[1] = (char)(0x80 | (code >> 6 & 0x3F));
    text[2] = (char)(0x80 | (code & 0x3F));
    return 3;
}

/* UTF-16, low byte first, as string descriptors have it. Surrogates become '?': no probe's name
 * needs them. */
static void copy_text(const uint8_t *units, size_t size_bytes, char *text, size_t text_bytes)
{
    size_t used = 0;
    size_t i = 0;

    for (i = 0; i + 1 < size_bytes && used + 4 <= text_bytes; i += 2) {
        uint32_t code = (uint32_t)units[i] | (uint32_t)units[i + 1] << 8;

        if (code == 0) {
            break;
        }
        used += put_code_point(code >= 0xD800 && code < 0xE000 ? '?' : code, text + used);
    }
    text[used] = '\0';
}

/* Bytes of a string descriptor behind its head; 0 also when there is none. False: the device does
 * not answer, and asking for more would only cost time. */
static bool read_string(struct libusb_device_handle *handle, uint8_t index, uint16_t language,
    uint8_t descriptor[DESCRIPTOR_BYTES], size_t *size_bytes)
{
    int result = 0;

    *size_bytes = 0;
    result = libusb_get_string_descriptor(handle, index, language, descriptor, DESCRIPTOR_BYTES);
    if (result >= DESCRIPTOR_HEAD_BYTES && descriptor[1] == LIBUSB_DT_STRING) {
        size_t length = descriptor[0] < result ? descriptor[0] : (size_t)result;

        *size_bytes = length > DESCRIPTOR_HEAD_BYTES ? length - DESCRIPTOR_HEAD_BYTES : 0;
    }
    return result >= 0 || result == LIBUSB_ERROR_PIPE;
}

/* indexes: of vendor, product and interface. False when the device stopped answering. */
static bool read_strings(struct libusb_device_handle *handle, const uint8_t indexes[3],
    uint8_t serial_index, struct usb_device *device)
{
    char *const texts[] = {device->vendor, device->product, device->interface};
    uint8_t descriptor[DESCRIPTOR_BYTES];
    uint16_t language = 0;
    size_t size_bytes = 0;
    size_t i = 0;

    if (!read_string(handle, 0, 0, descriptor, &size_bytes)) {
        return false;
    }
    if (size_bytes < 2) {
        return true; /* no strings at all */
    }
    language = (uint16_t)(descriptor[2] | descriptor[3] << 8);
    for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (indexes[i] == 0) {
            continue;
        }
        if (!read_string(handle, indexes[i], language, descriptor, &size_bytes)) {
            return false;
        }
        copy_text(descriptor + DESCRIPTOR_HEAD_BYTES, size_bytes, texts[i], sizeof device->vendor);
    }
    if (serial_index == 0) {
        return true;
    }
    if (!read_string(handle, serial_index, language, descriptor, &size_bytes)) {
        return false;
    }
    device->raw_serial_bytes =
        (uint8_t)(size_bytes < USB_RAW_SERIAL_BYTES ? size_bytes : USB_RAW_SERIAL_BYTES);
    memcpy(device->raw_serial, descriptor + DESCRIPTOR_HEAD_BYTES, device->raw_serial_bytes);
    return true;
}

/* Claiming is the only question that shows another program. An interface for the system's own HID
 * driver is always held by that driver, which is no obstacle. */
static enum usb_access try_claim(
    struct libusb_device_handle *handle, const struct usb_device *device)
{
    int result = LIBUSB_ERROR_BUSY;
    unsigned tries = 0;

    if (device->interface_class == HID_CLASS) {
        return USB_ACCESS_FREE;
    }
    for (tries = 0; tries < CLAIM_TRIES && result == LIBUSB_ERROR_BUSY; tries++) {
        if (tries > 0) {
            os_sleep_ns(CLAIM_WAIT_NS);
        }
        result = libusb_claim_interface(handle, device->interface_number);
    }
    if (result == 0) {
        (void)libusb_release_interface(handle, device->interface_number);
        return USB_ACCESS_FREE;
    }
    return result == LIBUSB_ERROR_BUSY ? USB_ACCESS_BUSY : USB_ACCESS_FAILED;
}

static void look_inside(struct libusb_device *usb, const struct libusb_device_descriptor *about,
    uint8_t interface_index, struct usb_device *device)
{
    const uint8_t indexes[3] = {about->iManufacturer, about->iProduct, interface_index};
    struct libusb_device_handle *handle = NULL;
    int result = libusb_open(usb, &handle);

    if (result != 0) {
        device->access =
            result == LIBUSB_ERROR_ACCESS ? USB_ACCESS_NO_PERMISSION : USB_ACCESS_FAILED;
        return;
    }
    device->access = USB_ACCESS_FAILED;
    if (read_strings(handle, indexes, about->iSerialNumber, device)) {
        device->access = try_claim(handle, device);
    }
    libusb_close(handle);
}

/* The first endpoint each way, and a second one to the host, which carries trace. */
static void take_endpoint(
    const struct libusb_endpoint_descriptor *endpoint, struct usb_device *device)
{
    uint8_t address = endpoint->bEndpointAddress;
    uint8_t *place = &device->out_endpoint;

    if ((address & LIBUSB_ENDPOINT_IN) != 0) {
        place = device->in_endpoint == 0 ? &device->in_endpoint : &device->trace_endpoint;
    } else if (device->out_endpoint == 0) {
        device->packet_bytes = endpoint->wMaxPacketSize & PACKET_BYTES_MASK;
    }
    if (*place == 0) {
        *place = address;
    }
}

static void take_endpoints(
    const struct libusb_interface_descriptor *interface, struct usb_device *device)
{
    unsigned i = 0;

    for (i = 0; i < interface->bNumEndpoints; i++) {
        unsigned type = interface->endpoint[i].bmAttributes & LIBUSB_TRANSFER_TYPE_MASK;

        if (type == LIBUSB_TRANSFER_TYPE_BULK || type == LIBUSB_TRANSFER_TYPE_INTERRUPT) {
            take_endpoint(&interface->endpoint[i], device);
        }
    }
}

static void list_interfaces(struct listing *listing, struct libusb_device *usb,
    const struct libusb_device_descriptor *about, const struct libusb_config_descriptor *config)
{
    unsigned i = 0;

    for (i = 0; i < config->bNumInterfaces && listing->count < USB_MAX_DEVICES; i++) {
        const struct libusb_interface_descriptor *interface = config->interface[i].altsetting;
        struct usb_device *device = &listing->devices[listing->count];

        if (config->interface[i].num_altsetting < 1) {
            continue;
        }
        memset(device, 0, sizeof *device);
        device->vid = about->idVendor;
        device->pid = about->idProduct;
        device->version = about->bcdDevice;
        device->interface_number = interface->bInterfaceNumber;
        device->interface_class = interface->bInterfaceClass;
        device->interface_subclass = interface->bInterfaceSubClass;
        link_libusb_place(usb, device);
        take_endpoints(interface, device);
        if (listing->keep(device, listing->context)) {
            look_inside(usb, about, interface->iInterface, device);
            listing->count++;
        }
    }
}

static void list_device(struct listing *listing, struct libusb_device *usb)
{
    struct libusb_device_descriptor about;
    struct libusb_config_descriptor *config = NULL;

    if (libusb_get_device_descriptor(usb, &about) != 0) {
        return;
    }
    if (libusb_get_active_config_descriptor(usb, &config) == 0 ||
        libusb_get_config_descriptor(usb, 0, &config) == 0) {
        list_interfaces(listing, usb, &about, config);
        libusb_free_config_descriptor(config);
    }
}

/* The next number of a path, -1 behind its end. *path goes on behind its separator. */
static long next_port(const char **path)
{
    char *end = NULL;
    long port = strtol(*path, &end, 10);

    if (end == *path) {
        return -1;
    }
    *path = *end != '\0' ? end + 1 : end;
    return port;
}

/* By bus and ports, as numbers: 1-4 before 1-10, a hub before what hangs on it. */
static int compare_paths(const char *left, const char *right)
{
    long left_port = 0;
    long right_port = 0;

    while (left_port == right_port && left_port >= 0) {
        left_port = next_port(&left);
        right_port = next_port(&right);
    }
    return (left_port > right_port ? 1 : 0) - (left_port < right_port ? 1 : 0);
}

static int compare_devices(const void *left, const void *right)
{
    const struct usb_device *a = left;
    const struct usb_device *b = right;
    int order = compare_paths(a->path, b->path);

    return order != 0 ? order : (int)a->interface_number - (int)b->interface_number;
}

bool usb_list(
    usb_filter *keep, void *context, struct usb_device *devices, size_t *count, struct error *err)
{
    struct listing listing = {.keep = keep, .context = context, .devices = devices};
    struct libusb_context *libusb = NULL;
    struct libusb_device **list = NULL;
    ssize_t found = 0;
    ssize_t i = 0;

    *count = 0;
    if (!link_libusb_start(&libusb, err)) {
        return false;
    }
    found = libusb_get_device_list(libusb, &list);
    for (i = 0; i < found; i++) {
        list_device(&listing, list[i]);
    }
    if (found >= 0) {
        libusb_free_device_list(list, 1);
    }
    libusb_exit(libusb);
    if (found < 0) {
        return error_set(err, ERROR_HOST_IO, "the devices on USB cannot be listed: %s",
            link_libusb_text((int)found));
    }
    qsort(devices, listing.count, sizeof devices[0], compare_devices);
    *count = listing.count;
    return true;
}
