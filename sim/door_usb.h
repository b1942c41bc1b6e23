/* The USB door: the virtual probe as a device on the virtual USB bus, where unmodified libusb,
 * libstlink and hidapi find it. docs/virtual-board.md describes it for users.
 *
 * The bus is another process (usb_bus.h); this is the board's end of the connection. Transfers come
 * in as messages and are answered when the probe has served them. Nothing here blocks but plugging
 * in and out, which wait for the bus. */
#ifndef SIM_DOOR_USB_H
#define SIM_DOOR_USB_H

#include "sim/failure.h"
#include "sim/probe.h"

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the door opens to. All members are mandatory. */
struct sim_door_usb_board {
    void *context;
    struct sim_probe *probe;
    const struct sim_probe_model *model;
    const char *name;                     /* for people */
    const char *serial;                   /* 24 characters */
    bool (*is_answering)(void *context);  /* false: stopped at a violation */
    bool (*is_taken)(void *context);      /* a client of another door has the probe open */
    void (*begin_session)(void *context); /* a program claimed the probe */
    void (*end_session)(void *context);
    void (*replug)(void *context); /* the probe has lost its supply */
};

struct sim_door_usb;

/* Plugs the probe into the bus, which is started where there is none. board must outlive the door.
 */
struct sim_door_usb *sim_door_usb_open(
    const struct sim_door_usb_board *board, struct sim_failure *failure);
void sim_door_usb_close(struct sim_door_usb *door);

/* For the poll loop; -1: the bus has died. */
int sim_door_usb_fd(const struct sim_door_usb *door);
/* Serves what has arrived. */
void sim_door_usb_serve(struct sim_door_usb *door);
/* Time has passed: what a transfer waits for may be there. */
void sim_door_usb_retry(struct sim_door_usb *door);

/* A program has claimed the probe. */
bool sim_door_usb_is_in_use(const struct sim_door_usb *door);
/* The probe disappears from USB, or comes back. */
void sim_door_usb_set_plugged(struct sim_door_usb *door, bool is_plugged);
bool sim_door_usb_is_plugged(const struct sim_door_usb *door);
/* What the board says about its probe is different from now on: while it is not plugged in. */
void sim_door_usb_board_changed(struct sim_door_usb *door);
/* Permissions of the device nodes; users other than the board's own see the bus from then on. */
void sim_door_usb_set_node_mode(struct sim_door_usb *door, uint32_t mode);

#endif
