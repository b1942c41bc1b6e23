#include "tests/unit/fakes/fake_usb_list.h"

#include "host/probe/link_dap_bulk.h"
#include "host/probe/link_hidapi.h"

#include <stdio.h>
#include <string.h>

struct fake_usb_list fake_usb_list;

void fake_usb_set_serial(struct usb_device *device, const char *serial)
{
    size_t i = 0;

    memset(device->raw_serial, 0, sizeof device->raw_serial);
    for (i = 0; serial[i] != '\0'; i++) {
        device->raw_serial[2 * i] = (uint8_t)serial[i];
    }
    device->raw_serial_bytes = (uint8_t)(2 * i);
}

static void fill(struct usb_device *device, uint16_t vid, uint16_t pid, const char *path)
{
    memset(device, 0, sizeof *device);
    device->vid = vid;
    device->pid = pid;
    (void)snprintf(device->path, sizeof device->path, "%s", path);
    (void)snprintf(device->node, sizeof device->node, "/dev/bus/usb/001/007");
    device->interface_class = 0xFF;
    device->out_endpoint = 0x01;
    device->in_endpoint = 0x81;
    device->packet_bytes = 64;
}

struct usb_device *fake_usb_add(uint16_t vid, uint16_t pid, const char *path, const char *serial)
{
    struct usb_device *device = &fake_usb_list.usb[fake_usb_list.usb_count++];

    fill(device, vid, pid, path);
    (void)snprintf(device->vendor, sizeof device->vendor, "STMicroelectronics");
    (void)snprintf(device->product, sizeof device->product, "STLINK");
    fake_usb_set_serial(device, serial);
    return device;
}

struct usb_device *fake_hid_add(uint16_t vid, uint16_t pid, const char *path, const char *serial)
{
    struct usb_device *device = &fake_usb_list.hid[fake_usb_list.hid_count++];

    fill(device, vid, pid, path);
    device->interface_class = 3;
    (void)snprintf(device->node, sizeof device->node, "/dev/hidraw0");
    (void)snprintf(device->product, sizeof device->product, "Some CMSIS-DAP");
    fake_usb_set_serial(device, serial);
    return device;
}

bool usb_list(
    usb_filter *keep, void *context, struct usb_device *devices, size_t *count, struct error *err)
{
    size_t i = 0;

    *count = 0;
    if (fake_usb_list.usb_fails) {
        return error_set(err, ERROR_HOST_IO, "no USB here");
    }
    for (i = 0; i < fake_usb_list.usb_count; i++) {
        struct usb_device *device = &devices[*count];

        *device = fake_usb_list.usb[i];
        memset(device->vendor, 0, sizeof device->vendor);
        memset(device->product, 0, sizeof device->product);
        memset(device->interface, 0, sizeof device->interface);
        memset(device->raw_serial, 0, sizeof device->raw_serial);
        device->raw_serial_bytes = 0;
        device->access = USB_ACCESS_FAILED;
        if (!keep(device, context)) {
            continue;
        }
        if (fake_usb_list.usb[i].access == USB_ACCESS_NO_PERMISSION) {
            device->access = USB_ACCESS_NO_PERMISSION;
        } else {
            *device = fake_usb_list.usb[i];
            fake_usb_list.strings_read++;
        }
        (*count)++;
    }
    return true;
}

bool hid_list(struct usb_device *devices, size_t *count, struct error *err)
{
    (void)err;
    if (fake_usb_list.hid_count < *count) {
        *count = fake_usb_list.hid_count;
    }
    memcpy(devices, fake_usb_list.hid, *count * sizeof devices[0]);
    return true;
}

/* ---- pipes of ST-LINKs ---- */

struct usb_pipe {
    int unused;
};

static struct usb_pipe pipe_storage;

static bool open_device(const struct usb_device *device, struct error *err)
{
    fake_usb_list.opens++;
    if (device->access == USB_ACCESS_BUSY) {
        return error_set(err, ERROR_PROBE_BUSY, "claimed");
    }
    if (device->access != USB_ACCESS_FREE) {
        return error_set(err, ERROR_USB_LOST, "gone");
    }
    fake_usb_list.open_count++;
    if (fake_usb_list.while_open != NULL) {
        fake_usb_list.while_open();
    }
    return true;
}

bool usb_pipe_open(const struct usb_device *device, struct usb_pipe **out, struct error *err)
{
    *out = NULL;
    if (!open_device(device, err)) {
        return false;
    }
    *out = &pipe_storage;
    return true;
}

void usb_pipe_close(struct usb_pipe *pipe)
{
    fake_usb_list.open_count -= pipe != NULL;
}

void usb_pipe_drain(struct usb_pipe *pipe)
{
    (void)pipe;
}

static bool reply_with(struct usb_transfer *in, const uint8_t *bytes, size_t count)
{
    size_t i = 0;
    bool is_empty = true;

    for (i = 0; i < count; i++) {
        is_empty = is_empty && bytes[i] == 0;
    }
    if (is_empty || in->size_bytes != count) {
        return false;
    }
    memcpy(in->bytes, bytes, count);
    in->actual_bytes = (uint32_t)count;
    return true;
}

bool usb_pipe_transfer(struct usb_pipe *pipe, struct usb_transfer *transfers, size_t count,
    unsigned timeout_ms, struct error *err)
{
    const uint8_t *command = transfers[0].bytes;
    uint8_t ids[128] = {0x80};

    (void)pipe;
    (void)timeout_ms;
    fake_usb_list.commands++;
    if (count == 2 && transfers[0].size_bytes == 16 && command[0] == 0xF1 &&
        reply_with(&transfers[1], fake_usb_list.version, 6)) {
        return true;
    }
    if (count == 2 && command[0] == 0xFB &&
        reply_with(&transfers[1], fake_usb_list.version_ex, 12)) {
        return true;
    }
    memcpy(ids + 2, fake_usb_list.board_id, 4);
    if (count == 2 && command[0] == 0xF2 && command[1] == 0x56 &&
        reply_with(&transfers[1], ids, sizeof ids)) {
        return true;
    }
    fake_usb_list.forbidden += command[0] != 0xF1 && command[0] != 0xFB;
    return error_set(err, ERROR_USB_PROTOCOL, "no answer");
}

/* ---- packet links of CMSIS-DAP probes ---- */

static bool dap_send(
    struct dap_link *link, const uint8_t *packet, size_t size_bytes, struct error *err)
{
    (void)link;
    (void)err;
    fake_usb_list.commands++;
    fake_usb_list.forbidden += size_bytes != 2 || packet[0] != 0 || packet[1] != 4;
    return true;
}

static bool dap_receive(
    struct dap_link *link, uint8_t *packet, size_t *size_bytes, struct error *err)
{
    size_t length = 0;

    (void)link;
    if (fake_usb_list.dap_firmware == NULL) {
        return error_set(err, ERROR_USB_PROTOCOL, "no answer");
    }
    length = strlen(fake_usb_list.dap_firmware) + 1;
    packet[0] = 0;
    packet[1] = (uint8_t)(length + fake_usb_list.dap_boast);
    memcpy(packet + 2, fake_usb_list.dap_firmware, length);
    *size_bytes = 2 + length;
    return true;
}

static void dap_drain(struct dap_link *link)
{
    (void)link;
}

static void dap_close(struct dap_link *link)
{
    (void)link;
    fake_usb_list.open_count--;
}

static const struct dap_link_ops dap_ops = {
    .send = dap_send,
    .receive = dap_receive,
    .drain = dap_drain,
    .close = dap_close,
};

static bool open_dap(const struct usb_device *device, struct dap_link **out, struct error *err)
{
    static struct dap_link link;

    link.ops = &dap_ops;
    *out = NULL;
    if (!open_device(device, err)) {
        return false;
    }
    *out = &link;
    return true;
}

bool link_hidapi_open(const struct usb_device *device, struct dap_link **out, struct error *err)
{
    return open_dap(device, out, err);
}

bool link_dap_bulk_open(const struct usb_device *device, struct dap_link **out, struct error *err)
{
    return open_dap(device, out, err);
}
