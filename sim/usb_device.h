/* A virtual probe as the kernel's usbfs and hidraw would show it: programs that have it open, the
 * claimed interface, transfers under way. It knows the messages to the board and nothing of
 * umockdev, which brings the system calls here.
 *
 * Every call returns 0 or a negative errno as the kernel would give it. Nothing here waits. */
#ifndef SIM_USB_DEVICE_H
#define SIM_USB_DEVICE_H

#include "sim/usb_descriptors.h"
#include "sim/usb_wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One transfer. Whoever submits it owns the memory until the host's free_urb(). */
struct sim_usb_urb {
    struct sim_usb_urb *next;
    uint32_t id;
    uint8_t endpoint; /* address, bit 7 set: IN */
    bool is_control;
    int32_t status;
    uint32_t actual_bytes;
    uint8_t *bytes; /* of a control transfer: behind the setup packet */
    const uint8_t *setup;
    uint32_t size_bytes;
    uintptr_t address; /* in the program: what it discards by */
};

struct sim_usb_queue {
    struct sim_usb_urb *first;
    struct sim_usb_urb *last;
};

struct sim_usb_device;

/* An open descriptor of a program: of the USB node or of the hidraw node. */
struct sim_usb_client {
    struct sim_usb_client *next;
    struct sim_usb_device *device;
    bool is_hidraw;
    void *waiting; /* system call that waits for the board: a claim, or a read of hidraw */
    struct sim_usb_queue pending;
    struct sim_usb_queue done;
};

/* What the system calls come through. */
struct sim_usb_host {
    void (*set_ready)(struct sim_usb_device *device, bool is_hidraw, bool is_ready);
    void (*finish)(struct sim_usb_client *client, void *waiting, int status);
    void (*free_urb)(struct sim_usb_urb *urb);
};

enum { SIM_USB_REPORTS = 64 };

struct sim_usb_device {
    const struct sim_usb_host *host;
    struct sim_usb_identity identity;
    int board_fd; /* -1: the board is gone */
    unsigned port;
    unsigned address;
    bool is_gone;
    bool is_kernel_driver_off; /* usbhid was detached from the interface */
    struct sim_usb_client *clients;
    struct sim_usb_client *owner; /* of the interface */
    struct sim_usb_client *claiming;
    uint32_t claim_id;
    uint32_t last_id;
    /* hidraw: one IN transfer is always under way while somebody has it open. */
    uint32_t report_in_id; /* 0: none */
    uint32_t report_debts; /* reports written and not yet answered: for the count of waits */
    unsigned report_first;
    unsigned report_count;
    uint8_t reports[SIM_USB_REPORTS][1024];
};

void sim_usb_device_open(struct sim_usb_device *device, struct sim_usb_client *client);
void sim_usb_device_close(struct sim_usb_client *client);

/* Ends reads of hidraw that wait: to be called now and then. */
void sim_usb_device_expire_reads(struct sim_usb_device *device);
/* -EINPROGRESS: host->finish() is called with waiting when the board has answered. */
int sim_usb_device_claim(struct sim_usb_client *client, unsigned interface, void *waiting);
int sim_usb_device_release(struct sim_usb_client *client, unsigned interface);
int sim_usb_device_submit(struct sim_usb_client *client, struct sim_usb_urb *urb);
int sim_usb_device_discard(struct sim_usb_client *client, uintptr_t address);
/* -EAGAIN: nothing is done yet; -ENODEV: nor will it ever be. */
int sim_usb_device_reap(struct sim_usb_client *client, struct sim_usb_urb **urb);
int sim_usb_device_clear_halt(struct sim_usb_client *client, uint8_t endpoint);
int sim_usb_device_reset(struct sim_usb_client *client);

/* hidraw: a report is written behind its number, which is 0; read without it. Bytes, or -errno;
 * -EAGAIN: no report yet. */
int sim_usb_device_write_report(
    struct sim_usb_client *client, const uint8_t *bytes, uint32_t size_bytes);
int sim_usb_device_read_report(struct sim_usb_client *client, uint8_t *bytes, uint32_t size_bytes);

/* From the board. */
void sim_usb_device_complete(struct sim_usb_device *device, const struct sim_usb_message *message,
    const uint8_t *data, uint32_t size_bytes);
void sim_usb_device_claimed(struct sim_usb_device *device, const struct sim_usb_message *message);
/* Unplugged: what is under way ends with -ESHUTDOWN, every call after it with -ENODEV. */
void sim_usb_device_remove(struct sim_usb_device *device);

#endif
