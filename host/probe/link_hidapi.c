#include "host/probe/link_hidapi.h"

#include "common/le.h"
#include "host/base/os.h"
#include "host/base/text.h"
#include "host/probe/cmsis_dap.h"
#include "host/probe/probe_text.h"

#include <hidapi/hidapi.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    DEFAULT_REPORT_BYTES = 64, /* where the report descriptor cannot be read */
    MAX_FILE_BYTES = 4096,
    CLASS_HID = 3,
    DRAIN_MS = 20, /* of silence */
    MAX_DRAINED = 256,
    NS_PER_MS = 1000000
};

struct link_hidapi {
    struct dap_link base;
    hid_device *device;    /* owned */
    uint32_t report_bytes; /* 0: not known */
    bool is_lost;
};

/* ---- listing ---- */

/* UTF-8 of hidapi's text, cut where capacity ends. */
static void copy_text(const wchar_t *wide, char *text, size_t capacity)
{
    size_t used = 0;

    for (; wide != NULL && *wide != L'\0' && used + 4 < capacity; wide++) {
        uint32_t code = (uint32_t)*wide;

        if (code < 0x80) {
            text[used++] = (char)code;
        } else if (code < 0x800) {
            text[used++] = (char)(0xC0 | code >> 6);
            text[used++] = (char)(0x80 | (code & 0x3F));
        } else if (code < 0x10000) {
            text[used++] = (char)(0xE0 | code >> 12);
            text[used++] = (char)(0x80 | (code >> 6 & 0x3F));
            text[used++] = (char)(0x80 | (code & 0x3F));
        } else {
            text[used++] = '?';
        }
    }
    text[used] = '\0';
}

static void copy_serial(const wchar_t *wide, struct usb_device *device)
{
    size_t used = 0;

    for (; wide != NULL && *wide != L'\0' && used + 2 <= sizeof device->raw_serial; wide++) {
        le_put16(device->raw_serial + used, (uint16_t)*wide);
        used += 2;
    }
    device->raw_serial_bytes = (uint8_t)used;
}

/* A small file of sysfs; NULL: not there. Zero-terminated, to be freed. */
static char *read_sysfs(const char *folder, const char *name, size_t *size_bytes)
{
    char *path = text_format("%s/%s", folder, name);
    uint8_t *bytes = NULL;
    char *text = NULL;
    struct error err;

    if (path != NULL &&
        os_read_file(path, MAX_FILE_BYTES, ERROR_HOST_IO, &bytes, size_bytes, &err)) {
        text = calloc(1, *size_bytes + 1);
        if (text != NULL) {
            memcpy(text, bytes, *size_bytes);
        }
    }
    free(bytes);
    free(path);
    return text;
}

static void read_line(const char *folder, const char *name, char *text, size_t capacity)
{
    size_t size_bytes = 0;
    char *line = read_sysfs(folder, name, &size_bytes);

    if (line != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        (void)snprintf(text, capacity, "%s", line);
    }
    free(line);
}

static uint8_t read_number(const char *folder, const char *name, int base)
{
    char text[16] = "";
    unsigned long value = 0;

    read_line(folder, name, text, sizeof text);
    value = strtoul(text, NULL, base);
    return value <= UINT8_MAX ? (uint8_t)value : 0;
}

/* Of ".../1-4/1-4.2/1-4.2:1.0/0003:0D28:0204.0001/...": where "1-4.2:1.0" begins; NULL: the node is
 * not of USB. */
static char *find_interface(char *path)
{
    char *found = NULL;
    char *part = path;

    for (; part != NULL; part = strchr(part, '/')) {
        char *colon = NULL;

        part += *part == '/';
        colon = strpbrk(part, ":/");
        /* HID devices are "BUS:VID:PID.N": only an interface's name has a dash. */
        if (colon != NULL && *colon == ':' && memchr(part, '-', (size_t)(colon - part)) != NULL) {
            found = part;
        }
    }
    return found;
}

/* Where the device sits, from the real path of its node's entry in sysfs. */
static void place(const char *node, struct usb_device *device)
{
    const char *name = strrchr(node, '/');
    char *link = text_format("/sys/class/hidraw/%s", name != NULL ? name + 1 : node);
    char *path = link != NULL ? os_real_path(link) : NULL;
    char *part = path != NULL ? find_interface(path) : NULL;

    if (part != NULL) {
        part[strcspn(part, "/")] = '\0';
        read_line(path, "interface", device->interface, sizeof device->interface);
        device->interface_number = read_number(path, "bInterfaceNumber", 16);
        (void)snprintf(device->path, sizeof device->path, "%.*s", (int)strcspn(part, ":"), part);
        part[-1] = '\0'; /* now the folder of the device */
        device->bus = read_number(path, "busnum", 10);
        device->address = read_number(path, "devnum", 10);
    }
    free(path);
    free(link);
}

static enum usb_access try_open(const char *node)
{
    hid_device *device = hid_open_path(node);

    if (device == NULL) {
        return errno == EACCES || errno == EPERM ? USB_ACCESS_NO_PERMISSION : USB_ACCESS_FAILED;
    }
    hid_close(device);
    return USB_ACCESS_FREE;
}

static void fill(const struct hid_device_info *info, struct usb_device *device)
{
    *device = (struct usb_device){.vid = info->vendor_id,
        .pid = info->product_id,
        .version = info->release_number,
        .interface_class = CLASS_HID};
    (void)snprintf(device->node, sizeof device->node, "%s", info->path);
    copy_text(info->manufacturer_string, device->vendor, sizeof device->vendor);
    copy_text(info->product_string, device->product, sizeof device->product);
    copy_serial(info->serial_number, device);
    place(info->path, device);
}

static bool comes_before(const struct usb_device *a, const struct usb_device *b)
{
    int order = strcmp(a->path, b->path);

    return order < 0 || (order == 0 && strcmp(a->node, b->node) < 0);
}

static void insert(struct usb_device *devices, size_t count, const struct usb_device *device)
{
    size_t i = count;

    for (; i > 0 && comes_before(device, &devices[i - 1]); i--) {
        devices[i] = devices[i - 1];
    }
    devices[i] = *device;
}

bool hid_list(struct usb_device *devices, size_t *count, struct error *err)
{
    struct hid_device_info *infos = NULL;
    const struct hid_device_info *info = NULL;
    size_t room = *count;

    *count = 0;
    if (hid_init() != 0) {
        return error_set(err, ERROR_HOST_IO, "hidapi does not start");
    }
    /* NULL also means none. */
    infos = hid_enumerate(0, 0);
    for (info = infos; info != NULL && *count < room; info = info->next) {
        struct usb_device device;

        fill(info, &device);
        /* One node may be listed once for each usage that it has. */
        if (!cmsis_dap_is_hid(&device) ||
            (*count > 0 && strcmp(device.node, devices[*count - 1].node) == 0)) {
            continue;
        }
        device.access = try_open(device.node);
        insert(devices, *count, &device);
        (*count)++;
    }
    hid_free_enumeration(infos);
    return true;
}

/* ---- the link ---- */

/* Size of the longest report to the probe, from the items of its report descriptor (the HID
 * specification, 6.2.2); 0: not known. */
static uint32_t parse_report_bytes(const uint8_t *items, size_t size_bytes)
{
    enum {
        LONG_ITEM = 0xFE,
        REPORT_SIZE = 0x74,
        REPORT_COUNT = 0x94,
        OUTPUT = 0x90,
        MAX_BITS = 8192
    };
    uint32_t field_bits = 0;
    uint32_t fields = 0;
    size_t i = 0;

    while (i < size_bytes && items[i] != LONG_ITEM) {
        size_t length = (size_t)(items[i] & 3) == 3 ? 4 : (size_t)(items[i] & 3);
        uint32_t value = 0;
        size_t k = 0;

        for (k = 0; k < length && i + 1 + k < size_bytes; k++) {
            value |= (uint32_t)items[i + 1 + k] << 8 * k;
        }
        switch (items[i] & 0xFC) {
        case REPORT_SIZE:
            field_bits = value;
            break;
        case REPORT_COUNT:
            fields = value;
            break;
        case OUTPUT:
            return field_bits <= MAX_BITS && fields <= MAX_BITS ? field_bits * fields / 8 : 0;
        default:
            break;
        }
        i += 1 + length;
    }
    return 0;
}

static uint32_t read_report_bytes(const char *node)
{
    const char *name = strrchr(node, '/');
    char *folder = text_format("/sys/class/hidraw/%s/device", name != NULL ? name + 1 : node);
    size_t size_bytes = 0;
    char *items = folder != NULL ? read_sysfs(folder, "report_descriptor", &size_bytes) : NULL;
    uint32_t report_bytes = 0;

    if (items != NULL) {
        report_bytes = parse_report_bytes((const uint8_t *)items, size_bytes);
    }
    free(items);
    free(folder);
    return report_bytes <= DAP_LINK_MAX_PACKET_BYTES ? report_bytes : 0;
}

static bool fail_lost(struct link_hidapi *hid, struct error *err)
{
    hid->is_lost = true;
    (void)error_set(err, ERROR_USB_LOST, "the probe %s is gone", hid->base.name);
    error_set_hint(err, "check the cable, and run the command again");
    return false;
}

static bool hid_send(
    struct dap_link *link, const uint8_t *packet, size_t size_bytes, struct error *err)
{
    struct link_hidapi *hid = (struct link_hidapi *)link;
    uint32_t report_bytes = hid->report_bytes != 0 ? hid->report_bytes : link->packet_bytes;
    uint8_t report[1 + DAP_LINK_MAX_PACKET_BYTES] = {0}; /* report number 0 in front */
    int sent = 0;

    if (hid->is_lost) {
        return fail_lost(hid, err);
    }
    if (size_bytes > report_bytes) {
        return error_set(err, ERROR_INTERNAL, "a report of %zu bytes is too long", size_bytes);
    }
    memcpy(report + 1, packet, size_bytes);
    do {
        sent = hid_write(hid->device, report, 1 + (size_t)report_bytes);
    } while (sent < 0 && errno == EINTR);
    return sent >= 0 || fail_lost(hid, err);
}

/* Bytes that came; 0: none in time, negative: the probe is gone. */
static int read_report(struct link_hidapi *hid, uint8_t *report, unsigned timeout_ms)
{
    uint64_t end_ns = os_monotonic_ns() + (uint64_t)timeout_ms * NS_PER_MS;
    int count = 0;

    do {
        uint64_t now_ns = os_monotonic_ns();
        int left_ms = now_ns < end_ns ? (int)((end_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS) : 0;

        count = hid_read_timeout(hid->device, report, DAP_LINK_MAX_PACKET_BYTES, left_ms);
        /* A signal is no reason to leave an answer lying. */
    } while (count < 0 && errno == EINTR);
    return count;
}

static bool hid_receive(
    struct dap_link *link, uint8_t *packet, size_t *size_bytes, struct error *err)
{
    struct link_hidapi *hid = (struct link_hidapi *)link;
    uint8_t report[DAP_LINK_MAX_PACKET_BYTES];
    int count = 0;

    if (hid->is_lost) {
        return fail_lost(hid, err);
    }
    count = read_report(hid, report, link->timeout_ms);
    if (count < 0) {
        return fail_lost(hid, err);
    }
    if (count == 0) {
        return error_set(err, ERROR_USB_PROTOCOL, "the probe %s did not answer within %u ms",
            link->name, link->timeout_ms);
    }
    /* What is behind a packet is padding. */
    *size_bytes = (uint32_t)count < link->packet_bytes ? (size_t)count : link->packet_bytes;
    memcpy(packet, report, *size_bytes);
    return true;
}

/* Each has gone to the kernel. */
static size_t hid_recall(struct dap_link *link)
{
    (void)link;
    return 0;
}

static void hid_drain(struct dap_link *link)
{
    struct link_hidapi *hid = (struct link_hidapi *)link;
    uint8_t report[DAP_LINK_MAX_PACKET_BYTES];
    unsigned i = 0;

    while (!hid->is_lost && i < MAX_DRAINED && read_report(hid, report, DRAIN_MS) > 0) {
        i++;
    }
}

static uint64_t hid_now_ns(struct dap_link *link)
{
    (void)link;
    return os_monotonic_ns();
}

static void hid_wait_ns(struct dap_link *link, uint64_t duration_ns)
{
    (void)link;
    os_sleep_ns(duration_ns);
}

static void hid_close_link(struct dap_link *link)
{
    struct link_hidapi *hid = (struct link_hidapi *)link;

    hid_close(hid->device);
    free(hid);
}

static const struct dap_link_ops ops = {
    .send = hid_send,
    .send_unanswered = hid_send,
    .receive = hid_receive,
    .recall = hid_recall,
    .drain = hid_drain,
    .now_ns = hid_now_ns,
    .wait_ns = hid_wait_ns,
    .close = hid_close_link,
};

static bool fail_open(const struct usb_device *device, struct error *err)
{
    char name[96];

    (void)snprintf(name, sizeof name, "CMSIS-DAP v1 at %s", device->node);
    if (errno == EACCES || errno == EPERM) {
        return probe_text_fail_permission(device, name, err);
    }
    return error_set(err, ERROR_NO_PROBE, "the %s cannot be opened: %s", name, os_error_text());
}

bool link_hidapi_open(const struct usb_device *device, struct dap_link **out, struct error *err)
{
    struct link_hidapi *hid = calloc(1, sizeof *hid);
    char serial[PROBE_SERIAL_BYTES];

    *out = NULL;
    if (hid == NULL) {
        return error_set(err, ERROR_HOST_IO, "no memory for a connection");
    }
    hid->device = hid_open_path(device->node);
    if (hid->device == NULL) {
        (void)fail_open(device, err);
        free(hid);
        return false;
    }
    hid->base.ops = &ops;
    hid->report_bytes = read_report_bytes(device->node);
    hid->base.max_packet_bytes =
        hid->report_bytes != 0 ? hid->report_bytes : DAP_LINK_MAX_PACKET_BYTES;
    hid->base.packet_bytes = hid->report_bytes != 0 ? hid->report_bytes : DEFAULT_REPORT_BYTES;
    hid->base.packet_count = 1;
    (void)snprintf(hid->base.kind, sizeof hid->base.kind, "CMSIS-DAP v1");
    (void)snprintf(
        hid->base.name, sizeof hid->base.name, "usb:%.30s (%.40s)", device->path, device->node);
    probe_text_serial(device, serial);
    (void)snprintf(hid->base.serial, sizeof hid->base.serial, "%.63s", serial);
    *out = &hid->base;
    return true;
}
