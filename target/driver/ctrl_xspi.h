/* The driver for the XSPI controller (STM32H7R/S, version 1). */
#ifndef TARGET_DRIVER_CTRL_XSPI_H
#define TARGET_DRIVER_CTRL_XSPI_H

#include "target/driver/ctrl.h"

extern const struct ctrl_driver ctrl_xspi;

#endif
