#include "sim/usb_descriptors.h"

#include <stdio.h>
#include <string.h>

enum {
    TYPE_DEVICE = 1,
    TYPE_CONFIGURATION = 2,
    TYPE_STRING = 3,
    TYPE_INTERFACE = 4,
    TYPE_ENDPOINT = 5,
    TYPE_QUALIFIER = 6,
    TYPE_HID = 0x21,
    TYPE_REPORT = 0x22,
    CLASS_HID = 3,
    TRANSFER_BULK = 2,
    TRANSFER_INTERRUPT = 3,
    CONTROL_PACKET_BYTES = 64,
    LANGUAGE_ENGLISH_US = 0x0409,
    STRING_HEAD_BYTES = 2
};

struct writer {
    uint8_t *bytes;
    uint16_t used;
};

static void put(struct writer *out, uint32_t value)
{
    out->bytes[out->used++] = (uint8_t)value;
}

static void put16(struct writer *out, uint32_t value)
{
    put(out, value & 0xFF);
    put(out, value >> 8);
}

static void write_device(struct sim_usb_identity *identity)
{
    struct writer out = {.bytes = identity->device};

    put(&out, SIM_USB_DEVICE_BYTES);
    put(&out, TYPE_DEVICE);
    put16(&out, 0x0200);
    put(&out, 0); /* class, subclass, protocol: of the interface */
    put(&out, 0);
    put(&out, 0);
    put(&out, CONTROL_PACKET_BYTES);
    put16(&out, identity->vid);
    put16(&out, identity->pid);
    put16(&out, identity->bcd_device);
    put(&out, SIM_USB_STRING_MANUFACTURER);
    put(&out, SIM_USB_STRING_PRODUCT);
    put(&out, SIM_USB_STRING_SERIAL);
    put(&out, 1);
}

static void write_endpoint(
    struct writer *out, const struct sim_usb_identity *identity, uint8_t address)
{
    if (address == 0) {
        return;
    }
    put(out, 7);
    put(out, TYPE_ENDPOINT);
    put(out, address);
    put(out, identity->is_hid ? TRANSFER_INTERRUPT : TRANSFER_BULK);
    put16(out, identity->packet_bytes);
    put(out, identity->is_hid ? 1 : 0); /* polling interval */
}

/* Order of the endpoints as CMSIS-DAP v2 prescribes it: OUT, IN, trace. */
static void write_configuration(struct sim_usb_identity *identity)
{
    struct writer out = {.bytes = identity->configuration};
    unsigned endpoints =
        1U + (identity->out_endpoint != 0 ? 1U : 0U) + (identity->trace_endpoint != 0 ? 1U : 0U);
    bool has_name = identity->strings[SIM_USB_STRING_INTERFACE][0] != 0;

    put(&out, 9);
    put(&out, TYPE_CONFIGURATION);
    put16(&out, 0); /* total length: below */
    put(&out, 1);   /* interfaces */
    put(&out, 1);   /* value */
    put(&out, 0);
    put(&out, 0x80); /* powered by the bus */
    put(&out, 150);  /* 300 mA */
    put(&out, 9);
    put(&out, TYPE_INTERFACE);
    put(&out, 0);
    put(&out, 0);
    put(&out, endpoints);
    put(&out, identity->interface_class);
    put(&out, identity->interface_subclass);
    put(&out, 0);
    put(&out, has_name ? SIM_USB_STRING_INTERFACE : 0);
    if (identity->is_hid) {
        put(&out, 9);
        put(&out, TYPE_HID);
        put16(&out, 0x0111);
        put(&out, 0);
        put(&out, 1);
        put(&out, TYPE_REPORT);
        put16(&out, identity->report_bytes);
    }
    write_endpoint(&out, identity, identity->out_endpoint);
    write_endpoint(&out, identity, identity->in_endpoint);
    write_endpoint(&out, identity, identity->trace_endpoint);
    identity->configuration[2] = (uint8_t)out.used;
    identity->configuration_bytes = out.used;
}

/* One input and one output report of vendor bytes, without report IDs. */
static void write_report(struct sim_usb_identity *identity)
{
    static const uint8_t head[] = {
        0x06, 0x00, 0xFF, /* usage page: vendor */
        0x09, 0x01,       /* usage */
        0xA1, 0x01,       /* collection: application */
        0x15, 0x00,       /* logical minimum 0 */
        0x26, 0xFF, 0x00, /* logical maximum 255 */
        0x75, 0x08,       /* report size: 8 bits */
    };
    static const uint8_t main_items[] = {0x81, 0x91}; /* input, output */
    struct writer out = {.bytes = identity->report};

    for (size_t i = 0; i < sizeof head; i++) {
        put(&out, head[i]);
    }
    for (size_t i = 0; i < sizeof main_items; i++) {
        put(&out, 0x96); /* report count */
        put16(&out, identity->packet_bytes);
        put(&out, 0x09);
        put(&out, 0x01);
        put(&out, main_items[i]);
        put(&out, 0x02); /* data, variable, absolute */
    }
    put(&out, 0xC0);
    identity->report_bytes = out.used;
}

static void write_string(uint8_t descriptor[SIM_USB_STRING_MAX], const char *text)
{
    struct writer out = {.bytes = descriptor, .used = STRING_HEAD_BYTES};

    if (text == NULL) {
        return;
    }
    for (size_t i = 0; text[i] != '\0' && out.used + 2 <= SIM_USB_STRING_MAX; i++) {
        put16(&out, (uint8_t)text[i]);
    }
    descriptor[0] = (uint8_t)out.used;
    descriptor[1] = TYPE_STRING;
}

static unsigned hex_digit(char digit)
{
    return digit <= '9' ? (unsigned)(digit - '0') : (unsigned)((digit | 0x20) - 'a' + 10);
}

/* What the bootloader of old ST-LINK/V2 does: the binary serial number, a byte for each character
 * (reference: probe protocols 1.1). */
static void write_raw_serial(uint8_t descriptor[SIM_USB_STRING_MAX], const char *serial)
{
    struct writer out = {.bytes = descriptor, .used = STRING_HEAD_BYTES};

    for (size_t i = 0; i + 1 < SIM_USB_SERIAL_CHARS; i += 2) {
        put16(&out, hex_digit(serial[i]) << 4 | hex_digit(serial[i + 1]));
    }
    descriptor[0] = (uint8_t)out.used;
    descriptor[1] = TYPE_STRING;
}

void sim_usb_identity_make(struct sim_usb_identity *identity, const struct sim_probe_model *model,
    const char *owner, const char *serial)
{
    struct writer languages = {0};

    memset(identity, 0, sizeof *identity);
    identity->layout_bytes = sizeof *identity;
    (void)snprintf(identity->owner, sizeof identity->owner, "%s", owner);
    (void)snprintf(identity->serial, sizeof identity->serial, "%s", serial);
    identity->is_high_speed = model->is_high_speed;
    identity->is_hid = model->interface_class == CLASS_HID;
    identity->interface_class = model->interface_class;
    identity->interface_subclass = model->interface_subclass;
    identity->out_endpoint = model->out_endpoint;
    identity->in_endpoint = model->in_endpoint;
    identity->trace_endpoint = model->trace_endpoint;
    identity->packet_bytes = model->packet_bytes;
    identity->vid = model->vid;
    identity->pid = model->pid;
    identity->bcd_device = model->bcd_device;

    languages = (struct writer){.bytes = identity->strings[SIM_USB_STRING_LANGUAGES]};
    put(&languages, 4);
    put(&languages, TYPE_STRING);
    put16(&languages, LANGUAGE_ENGLISH_US);
    write_string(identity->strings[SIM_USB_STRING_MANUFACTURER], model->manufacturer);
    write_string(identity->strings[SIM_USB_STRING_PRODUCT], model->product);
    write_string(identity->strings[SIM_USB_STRING_INTERFACE], model->interface);
    if (model->has_raw_serial) {
        write_raw_serial(identity->strings[SIM_USB_STRING_SERIAL], serial);
    } else {
        write_string(identity->strings[SIM_USB_STRING_SERIAL], serial);
    }
    write_device(identity);
    if (identity->is_hid) {
        write_report(identity);
    }
    write_configuration(identity);
}

void sim_usb_string_text(
    const struct sim_usb_identity *identity, unsigned index, char *text, uint32_t capacity)
{
    const uint8_t *descriptor = identity->strings[index];
    uint32_t used = 0;

    for (unsigned at = STRING_HEAD_BYTES; at + 1 < descriptor[0] && used + 3 <= capacity; at += 2) {
        uint8_t character = descriptor[at]; /* no character here is beyond U+00FF */

        if (character >= 0x80) {
            text[used++] = (char)(0xC0 | character >> 6);
            character = 0x80 | (character & 0x3F);
        }
        text[used++] = (char)character;
    }
    text[used] = '\0';
}

static int answer(const uint8_t *bytes, uint32_t count, uint8_t *data, uint32_t length_bytes)
{
    uint32_t given = count < length_bytes ? count : length_bytes;

    memcpy(data, bytes, given);
    return (int)given;
}

/* For a device that can also run at the other speed. */
static int answer_qualifier(
    const struct sim_usb_identity *identity, uint8_t *data, uint32_t length_bytes)
{
    uint8_t bytes[10] = {sizeof bytes, TYPE_QUALIFIER};

    if (!identity->is_high_speed) {
        return SIM_USB_CONTROL_STALL;
    }
    memcpy(&bytes[2], &identity->device[2], 6);
    bytes[8] = 1;
    return answer(bytes, sizeof bytes, data, length_bytes);
}

static int get_descriptor(const struct sim_usb_identity *identity, const uint8_t *setup,
    uint8_t *data, uint32_t length_bytes)
{
    uint8_t index = setup[2];

    switch (setup[3]) {
    case TYPE_DEVICE:
        return answer(identity->device, SIM_USB_DEVICE_BYTES, data, length_bytes);
    case TYPE_CONFIGURATION:
        if (index != 0) {
            return SIM_USB_CONTROL_STALL;
        }
        return answer(identity->configuration, identity->configuration_bytes, data, length_bytes);
    case TYPE_STRING:
        if (index >= SIM_USB_STRING_COUNT || identity->strings[index][0] == 0) {
            return SIM_USB_CONTROL_STALL;
        }
        return answer(identity->strings[index], identity->strings[index][0], data, length_bytes);
    case TYPE_QUALIFIER:
        return answer_qualifier(identity, data, length_bytes);
    case TYPE_REPORT:
        if (!identity->is_hid) {
            return SIM_USB_CONTROL_STALL;
        }
        return answer(identity->report, identity->report_bytes, data, length_bytes);
    default:
        return SIM_USB_CONTROL_STALL;
    }
}

static int answer_nothing(const struct sim_usb_identity *identity, const uint8_t *setup,
    uint8_t *data, /* NOLINT(readability-non-const-parameter): a row of a table */
    uint32_t length_bytes)
{
    (void)identity;
    (void)setup;
    (void)data;
    (void)length_bytes;
    return 0;
}

static int get_status(const struct sim_usb_identity *identity, const uint8_t *setup, uint8_t *data,
    uint32_t length_bytes)
{
    static const uint8_t bytes[2] = {0, 0};

    (void)identity;
    (void)setup;
    return answer(bytes, sizeof bytes, data, length_bytes);
}

static int get_configuration(const struct sim_usb_identity *identity, const uint8_t *setup,
    uint8_t *data, uint32_t length_bytes)
{
    static const uint8_t value = 1;

    (void)identity;
    (void)setup;
    return answer(&value, 1, data, length_bytes);
}

static int get_interface(const struct sim_usb_identity *identity, const uint8_t *setup,
    uint8_t *data, uint32_t length_bytes)
{
    static const uint8_t alternate = 0;

    (void)identity;
    (void)setup;
    return answer(&alternate, 1, data, length_bytes);
}

static int set_idle(const struct sim_usb_identity *identity, const uint8_t *setup,
    uint8_t *data, /* NOLINT(readability-non-const-parameter): a row of a table */
    uint32_t length_bytes)
{
    (void)setup;
    (void)data;
    (void)length_bytes;
    return identity->is_hid ? 0 : SIM_USB_CONTROL_STALL;
}

static int set_report(const struct sim_usb_identity *identity, const uint8_t *setup,
    uint8_t *data, /* NOLINT(readability-non-const-parameter): a row of a table */
    uint32_t length_bytes)
{
    (void)setup;
    (void)data;
    (void)length_bytes;
    return identity->is_hid ? SIM_USB_CONTROL_FORWARD : SIM_USB_CONTROL_STALL;
}

int sim_usb_control(const struct sim_usb_identity *identity, const uint8_t *setup, uint8_t *data,
    uint32_t length_bytes)
{
    static const struct {
        uint8_t type;
        uint8_t request;
        int (*run)(const struct sim_usb_identity *identity, const uint8_t *setup, uint8_t *data,
            uint32_t length_bytes);
    } rows[] = {
        {0x80, 6, get_descriptor},
        {0x81, 6, get_descriptor},
        {0x80, 0, get_status},
        {0x81, 0, get_status},
        {0x82, 0, get_status},
        {0x80, 8, get_configuration},
        {0x81, 10, get_interface},
        {0x00, 9, answer_nothing},  /* SET_CONFIGURATION */
        {0x01, 11, answer_nothing}, /* SET_INTERFACE */
        {0x21, 9, set_report},
        {0x21, 10, set_idle},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].type == setup[0] && rows[i].request == setup[1]) {
            return rows[i].run(identity, setup, data, length_bytes);
        }
    }
    return SIM_USB_CONTROL_STALL;
}
