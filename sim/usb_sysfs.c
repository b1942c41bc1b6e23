#include "sim/usb_sysfs.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { USB_MAJOR = 189, HIDRAW_MAJOR = 245, BUS_USB = 3 };

struct record {
    char *text;
    size_t used;
};

static void add(struct record *record, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add(struct record *record, const char *fmt, ...)
{
    size_t room = SIM_USB_SYSFS_TEXT_BYTES - record->used;
    va_list args;
    int length = 0;

    va_start(args, fmt);
    length = vsnprintf(record->text + record->used, room, fmt, args);
    va_end(args);
    if (length < 0 || (size_t)length >= room) {
        abort(); /* no identity is that long */
    }
    record->used += (size_t)length;
}

static void add_hex(struct record *record, const char *name, const uint8_t *bytes, size_t count)
{
    add(record, "H: %s=", name);
    for (size_t i = 0; i < count; i++) {
        add(record, "%02X", bytes[i]);
    }
    add(record, "\n");
}

/* Hexadecimal, because a raw serial number may contain anything. The kernel ends every attribute
 * with a line feed. */
static void add_text(struct record *record, const char *name,
    const struct sim_usb_identity *identity, unsigned index)
{
    char text[SIM_USB_STRING_MAX + 2];
    size_t length = 0;

    if (identity->strings[index][0] == 0) {
        return;
    }
    sim_usb_string_text(identity, index, text, sizeof text - 2);
    length = strlen(text);
    text[length++] = '\n';
    add_hex(record, name, (const uint8_t *)text, length);
}

/* `dev` is without a line feed: umockdev finds a link by it when it removes the device. */
static void add_device(struct record *record, const struct sim_usb_identity *identity,
    const struct sim_usb_place *place, const struct sim_usb_paths *paths)
{
    uint8_t descriptors[SIM_USB_DEVICE_BYTES + SIM_USB_CONFIGURATION_MAX];

    memcpy(descriptors, identity->device, SIM_USB_DEVICE_BYTES);
    memcpy(
        descriptors + SIM_USB_DEVICE_BYTES, identity->configuration, identity->configuration_bytes);
    add(record, "P: %s\n", paths->devices[0] + strlen("/sys"));
    add(record,
        "E: DEVTYPE=usb_device\nE: SUBSYSTEM=usb\nE: DRIVER=usb\nE: DEVNAME=/dev/%s\n"
        "E: MAJOR=%d\nE: MINOR=%u\nE: BUSNUM=001\nE: DEVNUM=%03u\nE: TYPE=0/0/0\n"
        "E: PRODUCT=%x/%x/%x\nE: ID_VENDOR_ID=%04x\nE: ID_MODEL_ID=%04x\n",
        paths->usb_node, USB_MAJOR, place->address - 1, place->address, identity->vid,
        identity->pid, identity->bcd_device, identity->vid, identity->pid);
    add(record,
        "A: busnum=1\\n\nA: devnum=%u\\n\nA: devpath=%u\\n\nA: dev=%d:%u\nA: speed=%s\\n\n"
        "A: version= 2.00\\n\nA: bConfigurationValue=1\\n\nA: bNumConfigurations=1\\n\n"
        "A: bNumInterfaces= 1\\n\nA: bDeviceClass=00\\n\nA: bDeviceSubClass=00\\n\n"
        "A: bDeviceProtocol=00\\n\nA: bMaxPacketSize0=64\\n\nA: idVendor=%04x\\n\n"
        "A: idProduct=%04x\\n\nA: bcdDevice=%04x\\n\n",
        place->address, place->port, USB_MAJOR, place->address - 1,
        identity->is_high_speed ? "480" : "12", identity->vid, identity->pid, identity->bcd_device);
    add_text(record, "manufacturer", identity, SIM_USB_STRING_MANUFACTURER);
    add_text(record, "product", identity, SIM_USB_STRING_PRODUCT);
    add_text(record, "serial", identity, SIM_USB_STRING_SERIAL);
    add_hex(record, "descriptors", descriptors,
        SIM_USB_DEVICE_BYTES + (size_t)identity->configuration_bytes);
    add(record, "\n");
}

static void add_interface(struct record *record, const struct sim_usb_identity *identity,
    const struct sim_usb_paths *paths)
{
    add(record, "P: %s\n", paths->devices[1] + strlen("/sys"));
    add(record,
        "E: DEVTYPE=usb_interface\nE: SUBSYSTEM=usb\nE: INTERFACE=%u/%u/0\n"
        "A: bInterfaceNumber=00\\n\nA: bAlternateSetting= 0\\n\nA: bInterfaceClass=%02x\\n\n"
        "A: bInterfaceSubClass=%02x\\n\nA: bInterfaceProtocol=00\\n\n",
        identity->interface_class, identity->interface_subclass, identity->interface_class,
        identity->interface_subclass);
    add_text(record, "interface", identity, SIM_USB_STRING_INTERFACE);
    add(record, "\n");
}

static void add_hid(struct record *record, const struct sim_usb_identity *identity,
    const struct sim_usb_place *place, const struct sim_usb_paths *paths)
{
    char manufacturer[SIM_USB_STRING_MAX];
    char product[SIM_USB_STRING_MAX];

    sim_usb_string_text(identity, SIM_USB_STRING_MANUFACTURER, manufacturer, sizeof manufacturer);
    sim_usb_string_text(identity, SIM_USB_STRING_PRODUCT, product, sizeof product);
    add(record, "P: %s\n", paths->devices[2] + strlen("/sys"));
    add(record,
        "E: SUBSYSTEM=hid\nE: DRIVER=hid-generic\nE: HID_ID=%04X:%08X:%08X\nE: HID_NAME=%s %s\n"
        "E: HID_PHYS=usb-0000:00:14.0-%u/input0\nE: HID_UNIQ=%s\n",
        BUS_USB, identity->vid, identity->pid, manufacturer, product, place->port,
        identity->serial);
    add_hex(record, "report_descriptor", identity->report, identity->report_bytes);
    add(record, "\n");
    add(record, "P: %s\n", paths->devices[3] + strlen("/sys"));
    add(record, "E: SUBSYSTEM=hidraw\nE: DEVNAME=/dev/%s\nE: MAJOR=%d\nE: MINOR=%u\nA: dev=%d:%u\n",
        paths->hidraw_node, HIDRAW_MAJOR, place->hidraw_number, HIDRAW_MAJOR, place->hidraw_number);
    /* hidapi looks there for the numbers of the device */
    add(record, "L: device=../../../%s\n\n", strrchr(paths->devices[2], '/') + 1);
}

static void find_paths(const struct sim_usb_identity *identity, const struct sim_usb_place *place,
    struct sim_usb_paths *paths)
{
    memset(paths, 0, sizeof *paths);
    paths->count = identity->is_hid ? 4 : 2;
    (void)snprintf(paths->usb_node, sizeof paths->usb_node, "bus/usb/001/%03u", place->address);
    (void)snprintf(
        paths->devices[0], SIM_USB_SYSFS_PATH_BYTES, "/sys/devices/usb1/1-%u", place->port);
    (void)snprintf(paths->devices[1], SIM_USB_SYSFS_PATH_BYTES, "/sys/devices/usb1/1-%u/1-%u:1.0",
        place->port, place->port);
    if (identity->is_hid) {
        (void)snprintf(
            paths->hidraw_node, sizeof paths->hidraw_node, "hidraw%u", place->hidraw_number);
        (void)snprintf(paths->devices[2], SIM_USB_SYSFS_PATH_BYTES,
            "/sys/devices/usb1/1-%u/1-%u:1.0/0003:%04X:%04X.%04X", place->port, place->port,
            identity->vid, identity->pid, place->address);
        (void)snprintf(paths->devices[3], SIM_USB_SYSFS_PATH_BYTES,
            "/sys/devices/usb1/1-%u/1-%u:1.0/0003:%04X:%04X.%04X/hidraw/hidraw%u", place->port,
            place->port, identity->vid, identity->pid, place->address, place->hidraw_number);
    }
}

void sim_usb_sysfs_describe(const struct sim_usb_identity *identity,
    const struct sim_usb_place *place, struct sim_usb_paths *paths,
    char text[SIM_USB_SYSFS_TEXT_BYTES])
{
    struct record record = {.text = text};

    find_paths(identity, place, paths);
    text[0] = '\0';
    add_device(&record, identity, place, paths);
    add_interface(&record, identity, paths);
    if (identity->is_hid) {
        add_hid(&record, identity, place, paths);
    }
}
