/* Numbers and bytes of the ST-LINK server protocol (reference probe.md 3), and the two requests of
 * our own. Everything is little-endian. */
#ifndef SIM_DOOR_WIRE_H
#define SIM_DOOR_WIRE_H

#include "sim/stlink.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SIM_DOOR_REFRESH = 0x00,
    SIM_DOOR_COUNT_DEVICES = 0x01,
    SIM_DOOR_DEVICE_INFO = 0x02,
    SIM_DOOR_OPEN = 0x03,
    SIM_DOOR_CLOSE = 0x04,
    SIM_DOOR_SEND = 0x05,
    SIM_DOOR_SERVER_VERSION = 0x06,
    SIM_DOOR_COUNT_CLIENTS = 0x07,
    SIM_DOOR_GET_CLOCK = 0x80,
    SIM_DOOR_ADVANCE_CLOCK = 0x81
};

enum {
    SIM_DOOR_OK = 0x1,
    SIM_DOOR_TIMEOUT = 0x1001,
    SIM_DOOR_BAD_PARAMETER = 0x1002,
    SIM_DOOR_OPEN_ERROR = 0x1003,
    SIM_DOOR_TRUNCATED = 0x1052,
    SIM_DOOR_NO_COMMAND = 0x1053,
    SIM_DOOR_BUSY = 0x2004
};

enum {
    SIM_DOOR_API = 3, /* below 3 OpenOCD does without RW_MISC, below 2 it cuts packets */
    SIM_DOOR_DEVICE_ID = 1,
    SIM_DOOR_DIRECTION_WRITE = 0,
    SIM_DOOR_DIRECTION_TRACE = 3,
    SIM_DOOR_SEND_BYTES = 32, /* of a SEND request without its data */
    SIM_DOOR_MAX_DATA = 10240,
    SIM_DOOR_MAX_REQUEST = SIM_DOOR_SEND_BYTES + SIM_DOOR_MAX_DATA,
    SIM_DOOR_MAX_REPLY = 64 + SIM_DOOR_MAX_DATA
};

uint32_t sim_door_get32(const uint8_t *bytes, size_t at);
uint64_t sim_door_get64(const uint8_t *bytes, size_t at);
void sim_door_put16(uint8_t *bytes, size_t at, uint16_t value);
void sim_door_put32(uint8_t *bytes, size_t at, uint32_t value);
void sim_door_put64(uint8_t *bytes, size_t at, uint64_t value);

/* Length of the request that begins at bytes; when count is too short to tell, at least the length
 * that is needed to tell; 0 for count 0. False: not a request of this protocol. */
bool sim_door_request_bytes(const uint8_t *bytes, size_t count, size_t *needed);

uint32_t sim_door_status_of(enum sim_usb_result result);

#endif
