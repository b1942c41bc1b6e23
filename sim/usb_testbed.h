/* umockdev: a folder in which programs that run under its preload library find our devices instead
 * of the machine's, down to the system call.
 *
 * umockdev answers system calls in a thread of its own. Everything here takes one lock, so callers
 * see none of it; between sim_usb_testbed_lock() and unlock() they may touch the devices. */
#ifndef SIM_USB_TESTBED_H
#define SIM_USB_TESTBED_H

#include "sim/failure.h"
#include "sim/usb_device.h"

#include <stdbool.h>

struct sim_usb_testbed;

/* False also when this process does not run under the preload library. */
bool sim_usb_testbed_create(struct sim_usb_testbed **testbed, struct sim_failure *failure);
/* Removes the folder. */
void sim_usb_testbed_free(struct sim_usb_testbed *testbed);
/* What programs get in UMOCKDEV_DIR. */
const char *sim_usb_testbed_root(const struct sim_usb_testbed *testbed);

void sim_usb_testbed_lock(struct sim_usb_testbed *testbed);
void sim_usb_testbed_unlock(struct sim_usb_testbed *testbed);

/* With the lock held. The device appears at once; NULL with errno set. It belongs to the testbed,
 * which frees it some time after it was unplugged and nobody has it open any more. */
struct sim_usb_device *sim_usb_testbed_plug(struct sim_usb_testbed *testbed,
    const struct sim_usb_identity *identity, unsigned port, int board_fd);
void sim_usb_testbed_unplug(struct sim_usb_testbed *testbed, struct sim_usb_device *device);
/* Permissions of the device's nodes, from now on others see the testbed. */
void sim_usb_testbed_set_mode(
    struct sim_usb_testbed *testbed, struct sim_usb_device *device, uint32_t mode);
/* The connection is about to be closed. */
void sim_usb_testbed_forget_board(struct sim_usb_testbed *testbed, int board_fd);
/* Reads of hidraw that wait end with EAGAIN: once a second. */
void sim_usb_testbed_expire_reads(struct sim_usb_testbed *testbed);
/* Frees what nobody uses. True: programs still have an unplugged device open. */
bool sim_usb_testbed_sweep(struct sim_usb_testbed *testbed);

#endif
