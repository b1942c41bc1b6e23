/* The MCU's internal flash as a flash_device. */
#ifndef HOST_FLASH_DEVICE_INTERNAL_H
#define HOST_FLASH_DEVICE_INTERNAL_H

#include "host/flash/device.h"
#include "host/target/target.h"

/* target must outlive the device. */
MUST_USE bool device_internal_open(struct target *target, const struct flash_geometry *geometry,
    struct flash_device **out, struct error *err);
void device_internal_close(struct flash_device *device); /* NULL allowed */

#endif
