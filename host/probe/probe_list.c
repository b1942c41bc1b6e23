#include "host/probe/probe_list.h"

#include "host/probe/cmsis_dap.h"
#include "host/probe/link_hidapi.h"
#include "host/probe/probe_sysfs.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLASS_VENDOR = 0xFF, MAX_HID = 32 };

/* Reference: probe protocols 1.1. */
static const struct probe_model models[] = {
    {"ST-LINK V2-1", PROBE_STATE_FREE, 0x3742},
    {"ST-LINK V1", PROBE_STATE_UNSUPPORTED, 0x3744}, /* speaks SCSI */
    {"ST-LINK V2", PROBE_STATE_FREE, 0x3748},
    {"ST-LINK V2-1", PROBE_STATE_FREE, 0x374A},
    {"ST-LINK V2-1", PROBE_STATE_FREE, 0x374B},
    {"ST-LINK V3 loader", PROBE_STATE_BOOTLOADER, 0x374D},
    {"ST-LINK V3E", PROBE_STATE_FREE, 0x374E},
    {"ST-LINK V3S", PROBE_STATE_FREE, 0x374F},
    {"ST-LINK V2-1", PROBE_STATE_FREE, 0x3752},
    {"ST-LINK V3", PROBE_STATE_FREE, 0x3753},
    {"ST-LINK V3", PROBE_STATE_FREE, 0x3754},
    {"ST-LINK V3P loader", PROBE_STATE_BOOTLOADER, 0x3755},
    {"ST-LINK V3PWR", PROBE_STATE_FREE, 0x3757},
};

const struct probe_model *probe_list_model(size_t index)
{
    return index < sizeof models / sizeof models[0] ? &models[index] : NULL;
}

static const struct probe_model *find_model(const struct usb_device *device)
{
    size_t i = 0;

    for (i = 0; device->vid == PROBE_VID_STLINK && i < sizeof models / sizeof models[0]; i++) {
        if (models[i].pid == device->pid) {
            return &models[i];
        }
    }
    return NULL;
}

const char *probe_state_name(enum probe_state state)
{
    static const char *const names[PROBE_STATE_COUNT] = {
        [PROBE_STATE_FREE] = "free",
        [PROBE_STATE_BUSY] = "busy",
        [PROBE_STATE_NO_PERMISSION] = "no-permission",
        [PROBE_STATE_BOOTLOADER] = "bootloader",
        [PROBE_STATE_UNSUPPORTED] = "unsupported",
        [PROBE_STATE_FAILED] = "failed",
    };

    return names[state];
}

/* Interfaces worth reading the strings of: interface 0 of an ST-LINK, and those that a CMSIS-DAP
 * v2 could be (reference: probe protocols 5). Version 1 comes from hid_list(). */
static bool may_be_probe(const struct usb_device *device, void *context)
{
    (void)context;
    if (find_model(device) != NULL) {
        return device->interface_number == 0;
    }
    return device->interface_class == CLASS_VENDOR && device->interface_subclass == 0 &&
           device->out_endpoint != 0 && device->in_endpoint != 0;
}

static enum probe_state state_of(const struct usb_device *device)
{
    static const enum probe_state states[] = {
        [USB_ACCESS_FREE] = PROBE_STATE_FREE,
        [USB_ACCESS_BUSY] = PROBE_STATE_BUSY,
        [USB_ACCESS_NO_PERMISSION] = PROBE_STATE_NO_PERMISSION,
        [USB_ACCESS_FAILED] = PROBE_STATE_FAILED,
    };

    return states[device->access];
}

static void add_entry(struct probe_list *list, const struct usb_device *device,
    enum probe_family family, const char *kind, enum probe_state state)
{
    struct probe_entry *entry = &list->entries[list->count];

    if (list->count == PROBE_LIST_MAX) {
        return;
    }
    list->count++;
    entry->device = *device;
    entry->family = family;
    entry->state = state == PROBE_STATE_FREE ? state_of(device) : state;
    (void)snprintf(entry->kind, sizeof entry->kind, "%s", kind);
    probe_text_escape(device->vendor, entry->vendor, sizeof entry->vendor);
    probe_text_escape(device->product, entry->product, sizeof entry->product);
    probe_text_serial(device, entry->serial);
}

static void add_usb(struct probe_list *list, const struct usb_device *devices, size_t count)
{
    size_t i = 0;

    for (i = 0; i < count; i++) {
        const struct probe_model *model = find_model(&devices[i]);

        if (model != NULL) {
            add_entry(list, &devices[i], PROBE_FAMILY_STLINK, model->kind, model->state);
        } else if (cmsis_dap_is_bulk(&devices[i])) {
            add_entry(list, &devices[i], PROBE_FAMILY_DAP_BULK, "CMSIS-DAP v2", PROBE_STATE_FREE);
        }
    }
}

/* Many probes speak both versions: the bulk interface is the faster one. */
static bool has_entry_at(const struct probe_list *list, const struct usb_device *device)
{
    size_t i = 0;

    for (i = 0; device->path[0] != '\0' && i < list->count; i++) {
        if (strcmp(list->entries[i].device.path, device->path) == 0) {
            return true;
        }
    }
    return false;
}

static void add_hid(struct probe_list *list, const struct usb_device *devices, size_t count)
{
    size_t i = 0;

    for (i = 0; i < count; i++) {
        if (!has_entry_at(list, &devices[i])) {
            add_entry(list, &devices[i], PROBE_FAMILY_DAP_HID, "CMSIS-DAP v1", PROBE_STATE_FREE);
        }
    }
}

/* Letters, digits, '.', '_' and '-': nothing that a shell or the selector would take apart. */
static bool is_plain(const char *text)
{
    for (; *text != '\0'; text++) {
        if (!isalnum((unsigned char)*text) && strchr("._-", *text) == NULL) {
            return false;
        }
    }
    return true;
}

static bool is_shared(const struct probe_list *list, size_t index)
{
    size_t i = 0;

    for (i = 0; i < list->count; i++) {
        if (i != index && strcmp(list->entries[i].serial, list->entries[index].serial) == 0) {
            return true;
        }
    }
    return false;
}

/* Where the serial number does not name one probe, its place on USB does. */
static void name_entry(struct probe_entry *entry)
{
    bool has_own_serial = entry->serial[0] != '\0' && !entry->shares_serial;
    const char *path = entry->device.path;

    if (has_own_serial && is_plain(entry->serial) && entry->serial[0] != '-') {
        (void)snprintf(entry->select, sizeof entry->select, "%s", entry->serial);
    } else if (path[0] != '\0') {
        (void)snprintf(entry->select, sizeof entry->select, "usb:%s", path);
    } else {
        (void)snprintf(
            entry->select, sizeof entry->select, "%04x:%04x", entry->device.vid, entry->device.pid);
    }
    if (has_own_serial) {
        (void)snprintf(entry->lock_key, sizeof entry->lock_key, "usb-%s", entry->serial);
    } else {
        (void)snprintf(entry->lock_key, sizeof entry->lock_key, "usb-path-%s",
            path[0] != '\0' ? path : entry->device.node);
    }
    (void)snprintf(entry->name, sizeof entry->name, "%s%s%.131s (%s%s)", entry->kind,
        entry->serial[0] != '\0' ? " " : "", entry->serial, path[0] != '\0' ? "usb:" : "",
        path[0] != '\0' ? path : entry->device.node);
}

static int compare_entries(const void *left, const void *right)
{
    const struct probe_entry *a = left;
    const struct probe_entry *b = right;
    const char *at = a->device.path;
    const char *bt = b->device.path;

    /* Numbers by value: 1-4 before 1-10. */
    while (*at != '\0' && *bt != '\0') {
        long a_value = strtol(at, NULL, 10);
        long b_value = strtol(bt, NULL, 10);

        if (a_value != b_value) {
            return a_value < b_value ? -1 : 1;
        }
        at += strspn(at, "0123456789");
        bt += strspn(bt, "0123456789");
        at += *at != '\0';
        bt += *bt != '\0';
    }
    return (*at != '\0') - (*bt != '\0');
}

static bool read_devices(struct probe_list *list, struct usb_device *devices, struct error *err)
{
    size_t count = USB_MAX_DEVICES;
    size_t i = 0;

    if (!usb_list(may_be_probe, NULL, devices, &count, err)) {
        return false;
    }
    for (i = 0; i < count; i++) {
        if (devices[i].access == USB_ACCESS_NO_PERMISSION) {
            probe_sysfs_fill("/sys/bus/usb/devices", &devices[i]);
        }
    }
    add_usb(list, devices, count);
    count = MAX_HID;
    if (!hid_list(devices, &count, err)) {
        return false;
    }
    add_hid(list, devices, count);
    return true;
}

bool probe_list_read(struct probe_list **out, struct error *err)
{
    struct probe_list *list = calloc(1, sizeof *list);
    struct usb_device *devices = calloc(USB_MAX_DEVICES, sizeof *devices);
    size_t i = 0;

    *out = NULL;
    if (list == NULL || devices == NULL) {
        (void)error_set(err, ERROR_HOST_IO, "no memory to list the probes");
        goto fail;
    }
    if (!read_devices(list, devices, err)) {
        (void)error_add_context(err, "looking for probes on USB");
        goto fail;
    }
    qsort(list->entries, list->count, sizeof list->entries[0], compare_entries);
    for (i = 0; i < list->count; i++) {
        list->entries[i].shares_serial = is_shared(list, i);
    }
    for (i = 0; i < list->count; i++) {
        name_entry(&list->entries[i]);
    }
    free(devices);
    *out = list;
    return true;

fail:
    free(devices);
    free(list);
    return false;
}
