/* What stands after -p, taken apart. Pure.
 *
 *   SERIAL               a serial number or its end; a whole one wins. Upper and lower case are one
 *   VID:PID[:SERIAL]     four hexadecimal digits each
 *   usb:BUS-PATH         the place on USB, as in /sys/bus/usb/devices: usb:1-4.2
 *   tcp:HOST[:PORT]      an ST-LINK server
 *   sim:NAME[#INSTANCE]  a virtual board
 *
 * The first three, and nothing, may have a link in front of them: auto:, libusb: or libstlink:. */
#ifndef HOST_PROBE_SELECTOR_H
#define HOST_PROBE_SELECTOR_H

#include "host/base/error.h"
#include "host/probe/link_tcp.h"

enum selector_kind { SELECTOR_USB, SELECTOR_TCP, SELECTOR_SIM };

enum selector_link {
    SELECTOR_LINK_AUTO, /* the native one */
    SELECTOR_LINK_LIBUSB,
    SELECTOR_LINK_LIBSTLINK
};

struct selector {
    enum selector_kind kind;
    /* USB; what is not named is "" or 0 and matches everything */
    enum selector_link link;
    char serial[136];
    char usb_path[64];
    uint16_t vid;
    uint16_t pid;
    bool has_ids;
    /* TCP */
    struct link_tcp_address tcp;
    /* SIM */
    char sim_name[64];     /* "NAME" */
    char sim_instance[80]; /* "NAME" or "NAME#INSTANCE", as the user wrote it */
};

/* NULL: any probe on USB. ERROR_USAGE for what cannot be understood. */
MUST_USE bool selector_parse(const char *text, struct selector *selector, struct error *err);

#endif
