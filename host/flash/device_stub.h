/* A chip behind the stub as a flash_device. The session has set it up and is in program mode. */
#ifndef HOST_FLASH_DEVICE_STUB_H
#define HOST_FLASH_DEVICE_STUB_H

#include "host/flash/device.h"
#include "host/stub/stub_client.h"

struct device_stub_config {
    struct stub_client *stub;
    struct probe *probe;
    struct flash_geometry geometry;
    uint8_t status;       /* of the chip, as read */
    uint8_t protect_mask; /* block-protect bits in it */
};

MUST_USE bool device_stub_open(
    const struct device_stub_config *config, struct flash_device **out, struct error *err);
/* Does not touch the chip. NULL allowed. */
void device_stub_close(struct flash_device *device);

#endif
