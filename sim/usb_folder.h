/* The folder of the bus process: small files, and the socket where boards find it. */
#ifndef SIM_USB_FOLDER_H
#define SIM_USB_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

/* Descriptors, or -1 with errno set. A socket left by a killed bus is replaced. */
int sim_usb_folder_listen(int folder_fd);
int sim_usb_folder_connect(int folder_fd);

bool sim_usb_folder_write(int folder_fd, const char *file, const char *text);
/* The first line. False when there is no such file. */
bool sim_usb_folder_read(int folder_fd, const char *file, char *text, size_t size_bytes);

#endif
