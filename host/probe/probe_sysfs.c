#include "host/probe/probe_sysfs.h"

#include "host/base/os.h"
#include "host/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_LIMIT_BYTES = 4096 };

/* First line of ROOT/FOLDER/NAME; text stays as it is when there is none. */
static void read_line(
    const char *root, const char *folder, const char *name, char *text, size_t capacity)
{
    char *path = text_format("%s/%s/%s", root, folder, name);
    struct error ignored;
    uint8_t *bytes = NULL;
    size_t size_bytes = 0;

    if (path != NULL &&
        os_read_file(path, FILE_LIMIT_BYTES, ERROR_HOST_IO, &bytes, &size_bytes, &ignored)) {
        size_t length = 0;

        while (length < size_bytes && length + 1 < capacity && bytes[length] != '\n' &&
               bytes[length] != '\0') {
            text[length] = (char)bytes[length];
            length++;
        }
        text[length] = '\0';
        free(bytes);
    }
    free(path);
}

static void take_serial(const char *text, struct usb_device *device)
{
    size_t length = strlen(text);
    size_t i = 0;

    if (length > USB_RAW_SERIAL_BYTES / 2) {
        return;
    }
    for (i = 0; i < length; i++) {
        if (text[i] < 0x20 || text[i] == 0x7F) {
            return;
        }
    }
    for (i = 0; i < length; i++) {
        device->raw_serial[2 * i] = (uint8_t)text[i];
        device->raw_serial[2 * i + 1] = 0;
    }
    device->raw_serial_bytes = (uint8_t)(2 * length);
}

void probe_sysfs_fill(const char *root, struct usb_device *device)
{
    char folder[sizeof device->path + 8];
    char serial[USB_RAW_SERIAL_BYTES] = "";

    if (device->path[0] == '\0') {
        return;
    }
    read_line(root, device->path, "manufacturer", device->vendor, sizeof device->vendor);
    read_line(root, device->path, "product", device->product, sizeof device->product);
    read_line(root, device->path, "serial", serial, sizeof serial);
    take_serial(serial, device);
    /* Of configuration 1: probes have no other. */
    (void)snprintf(
        folder, sizeof folder, "%s:1.%u", device->path, (unsigned)device->interface_number);
    read_line(root, folder, "interface", device->interface, sizeof device->interface);
}
