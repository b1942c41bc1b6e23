#include "host/probe/probe_text.h"

#include "common/le.h"

#include <stdio.h>
#include <string.h>

enum {
    CLASS_HID = 3,
    VID_ST = 0x0483,
    OLD_SERIAL_BYTES = 24, /* 12 characters, in truth 12 binary bytes: bLength 26 */
    MAX_UTF8_BYTES = 4
};

static const char hex_digits[] = "0123456789ABCDEF";

/* ---- strings ---- */

/* Bytes of the UTF-8 character at text; 0 when it is none. */
static size_t character_bytes(const unsigned char *text, uint32_t *character)
{
    static const struct {
        unsigned char mask;
        unsigned char lead;
        uint32_t least; /* shorter forms are wrong */
    } forms[MAX_UTF8_BYTES] = {
        {0x80, 0x00, 0}, {0xE0, 0xC0, 0x80}, {0xF0, 0xE0, 0x800}, {0xF8, 0xF0, 0x10000}};
    size_t count = 0;
    size_t i = 0;

    while (count < MAX_UTF8_BYTES && (text[0] & forms[count].mask) != forms[count].lead) {
        count++;
    }
    if (count == MAX_UTF8_BYTES) {
        return 0;
    }
    *character = text[0] & (unsigned char)~forms[count].mask;
    for (i = 1; i <= count; i++) {
        if ((text[i] & 0xC0) != 0x80) {
            return 0;
        }
        *character = *character << 6 | (text[i] & 0x3F);
    }
    return *character >= forms[count].least && *character <= 0x10FFFF ? count + 1 : 0;
}

static bool is_safe(uint32_t character)
{
    bool is_control = character < 0x20 || (character >= 0x7F && character < 0xA0);
    bool is_surrogate = character >= 0xD800 && character <= 0xDFFF;
    bool turns_text = (character >= 0x200E && character <= 0x200F) ||
                      (character >= 0x2028 && character <= 0x202E) ||
                      (character >= 0x2066 && character <= 0x2069);

    return !is_control && !is_surrogate && !turns_text;
}

void probe_text_escape(const char *text, char *out, size_t capacity)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t used = 0;

    while (*at != '\0') {
        uint32_t character = 0;
        size_t count = character_bytes(at, &character);
        bool is_good = count > 0 && is_safe(character);
        size_t needed = is_good ? count : 4;

        if (used + needed >= capacity) {
            break;
        }
        if (is_good) {
            memcpy(out + used, at, count);
        } else {
            out[used] = '\\';
            out[used + 1] = 'x';
            out[used + 2] = hex_digits[*at >> 4];
            out[used + 3] = hex_digits[*at & 15];
        }
        used += needed;
        at += is_good ? count : 1;
    }
    out[used] = '\0';
}

/* ---- serial numbers ---- */

static bool is_printable(uint16_t unit)
{
    return unit >= 0x20 && unit < 0x7F;
}

void probe_text_serial(const struct usb_device *device, char serial[PROBE_SERIAL_BYTES])
{
    const uint8_t *raw = device->raw_serial;
    size_t units = device->raw_serial_bytes / 2;
    /* Of the old ST-LINK only every second byte counts, and all of them do. */
    bool is_old = device->vid == VID_ST && device->raw_serial_bytes == OLD_SERIAL_BYTES;
    bool is_text = !is_old;
    bool is_wide = false;
    size_t used = 0;
    size_t i = 0;

    while (!is_old && units > 0 && le_get16(raw + 2 * (units - 1)) == 0) {
        units--; /* padded with zeros */
    }
    for (i = 0; i < units; i++) {
        is_text = is_text && is_printable(le_get16(raw + 2 * i));
        is_wide = !is_old && (is_wide || raw[2 * i + 1] != 0);
    }
    for (i = 0; i < units; i++) {
        if (is_text) {
            serial[used++] = (char)raw[2 * i];
            continue;
        }
        if (is_wide) {
            serial[used++] = hex_digits[raw[2 * i + 1] >> 4];
            serial[used++] = hex_digits[raw[2 * i + 1] & 15];
        }
        serial[used++] = hex_digits[raw[2 * i] >> 4];
        serial[used++] = hex_digits[raw[2 * i] & 15];
    }
    serial[used] = '\0';
}

/* ---- errors ---- */

void probe_text_udev_rule(const struct usb_device *device, char rule[PROBE_RULE_BYTES])
{
    bool is_hid = device->interface_class == CLASS_HID;

    (void)snprintf(rule, PROBE_RULE_BYTES,
        "SUBSYSTEM==\"%s\", ATTRS{idVendor}==\"%04x\", ATTRS{idProduct}==\"%04x\", "
        "MODE=\"0660\", TAG+=\"uaccess\"",
        is_hid ? "hidraw" : "usb", device->vid, device->pid);
}

bool probe_text_fail_permission(
    const struct usb_device *device, const char *name, struct error *err)
{
    char rule[PROBE_RULE_BYTES];

    probe_text_udev_rule(device, rule);
    (void)error_set(err, ERROR_PROBE_PERMISSION,
        "the probe %s may not be opened: no permission for %s", name, device->node);
    error_set_hint(err,
        "as root, put this line into /etc/udev/rules.d/60-xflash.rules (`cmake --install` brings "
        "that file for all probes), run `udevadm control --reload`, plug the probe in again:\n%s",
        rule);
    return false;
}

bool probe_text_fail_claimed(const char *name, struct error *err)
{
    (void)error_set(err, ERROR_PROBE_BUSY, "the probe %s is in use by another program", name);
    error_set_hint(err, "end the debugger or server that uses it, or wait for it: --lock-wait 60");
    return false;
}
