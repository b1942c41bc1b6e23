/* Stands in for the bus: usb_list() and hid_list() give what a test has put here, and each probe
 * answers to the commands that ask who it is. Strict: strings are seen only of interfaces that the
 * filter keeps, and of no device that may not be opened; a command that might reach a target, and a
 * probe that is left open, are counted. */
#ifndef TESTS_FAKE_USB_LIST_H
#define TESTS_FAKE_USB_LIST_H

#include "host/probe/usb.h"

struct fake_usb_list {
    struct usb_device usb[USB_MAX_DEVICES];
    size_t usb_count;
    struct usb_device hid[8];
    size_t hid_count;
    bool usb_fails;
    size_t strings_read; /* interfaces that were opened for their strings */
    /* Of the probes behind pipes and packet links; what a test leaves empty is not answered. */
    uint8_t version[6];     /* to F1 */
    uint8_t version_ex[12]; /* to FB */
    uint8_t board_id[4];    /* in the reply to F2 56 */
    const char *dap_firmware;
    uint8_t dap_boast; /* bytes that the answer announces beyond those it has */
    size_t open_count; /* now */
    size_t opens;      /* ever */
    size_t commands;
    size_t forbidden;         /* commands that are none of F1, FB, F2 56 and DAP_Info */
    void (*while_open)(void); /* called when a probe has been opened; NULL: nothing */
};

extern struct fake_usb_list fake_usb_list;

/* Adds an interface and gives it back for changes. serial: ASCII, as UTF-16 in the descriptor. */
struct usb_device *fake_usb_add(uint16_t vid, uint16_t pid, const char *path, const char *serial);
struct usb_device *fake_hid_add(uint16_t vid, uint16_t pid, const char *path, const char *serial);
void fake_usb_set_serial(struct usb_device *device, const char *serial);

#endif
