/* The bus process: one for each folder of virtual boards. It owns the umockdev testbed, takes the
 * boards' devices and carries transfers between programs and boards. It ends with the last board.
 *
 * Its folder is "usb" beside those of the boards: lock, pid, root (the testbed), socket, log. */
#ifndef SIM_USB_BUS_H
#define SIM_USB_BUS_H

/* All that the program xflash-vboard-usb does; it has to run under umockdev's preload library.
 * ready_fd gets one line, "0 \n" or an exit code and a text, and is closed. Returns the exit code.
 */
int sim_usb_bus_run(const char *folder, int ready_fd);

#endif
