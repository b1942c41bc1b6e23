/* How boards and the command line find the bus process, and start it where there is none. */
#ifndef SIM_USB_START_H
#define SIM_USB_START_H

#include "sim/failure.h"

#include <stdbool.h>
#include <stdio.h>

/* A connection to the bus, which is started when it is not running. -1 on failure. */
int sim_usb_start(struct sim_failure *failure);
/* Prints lines for a shell that let other programs see the bus. False: it is not running. */
bool sim_usb_print_environment(FILE *out, struct sim_failure *failure);
/* After boards were stopped: waits until a bus without boards has ended. */
void sim_usb_wait_for_end(void);

#endif
