/* What a virtual probe tells a USB host before it says a word: descriptors and strings (USB 2.0,
 * chapter 9; HID 1.11), and the standard requests on the control pipe. */
#ifndef SIM_USB_DESCRIPTORS_H
#define SIM_USB_DESCRIPTORS_H

#include "sim/probe.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    SIM_USB_DEVICE_BYTES = 18,
    SIM_USB_CONFIGURATION_MAX = 64,
    SIM_USB_REPORT_MAX = 64,
    SIM_USB_STRING_MAX = 128,
    SIM_USB_SETUP_BYTES = 8,
    SIM_USB_SERIAL_CHARS = 24
};

/* Indexes of the string descriptors; 0 lists the languages. */
enum {
    SIM_USB_STRING_LANGUAGES,
    SIM_USB_STRING_MANUFACTURER,
    SIM_USB_STRING_PRODUCT,
    SIM_USB_STRING_SERIAL,
    SIM_USB_STRING_INTERFACE,
    SIM_USB_STRING_COUNT
};

struct sim_usb_identity {
    uint32_t layout_bytes; /* size of this structure: both ends must agree */
    char owner[64];        /* board, for people */
    bool is_high_speed;
    bool is_hid;
    uint8_t interface_class;
    uint8_t interface_subclass;
    uint8_t out_endpoint; /* 0: reports go over the control pipe */
    uint8_t in_endpoint;
    uint8_t trace_endpoint;
    uint16_t packet_bytes;
    uint16_t vid;
    uint16_t pid;
    uint16_t bcd_device;
    uint32_t node_mode; /* permissions of the device nodes */
    bool is_for_others; /* users other than the bus's own may see it */
    char serial[SIM_USB_SERIAL_CHARS + 1];
    uint8_t device[SIM_USB_DEVICE_BYTES];
    uint16_t configuration_bytes;
    uint8_t configuration[SIM_USB_CONFIGURATION_MAX];
    uint16_t report_bytes; /* HID only */
    uint8_t report[SIM_USB_REPORT_MAX];
    uint8_t strings[SIM_USB_STRING_COUNT][SIM_USB_STRING_MAX]; /* descriptors; length 0: none */
};

/* serial: SIM_USB_SERIAL_CHARS hexadecimal digits. */
void sim_usb_identity_make(struct sim_usb_identity *identity, const struct sim_probe_model *model,
    const char *owner, const char *serial);

/* A string as UTF-8, as the kernel shows it in sysfs; text gets at most capacity bytes. */
void sim_usb_string_text(
    const struct sim_usb_identity *identity, unsigned index, char *text, uint32_t capacity);

enum { SIM_USB_CONTROL_STALL = -1, SIM_USB_CONTROL_FORWARD = -2 };
/* A request on the control pipe: setup is its first 8 bytes, data has room for length_bytes.
 * Returns the bytes answered, SIM_USB_CONTROL_STALL, or SIM_USB_CONTROL_FORWARD: the data are an
 * output report for the probe. */
int sim_usb_control(const struct sim_usb_identity *identity, const uint8_t *setup, uint8_t *data,
    uint32_t length_bytes);

#endif
