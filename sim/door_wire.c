#include "sim/door_wire.h"

uint32_t sim_door_get32(const uint8_t *bytes, size_t at)
{
    uint32_t value = 0;

    for (size_t i = 0; i < sizeof value; i++) {
        value |= (uint32_t)bytes[at + i] << (8 * i);
    }
    return value;
}

uint64_t sim_door_get64(const uint8_t *bytes, size_t at)
{
    return sim_door_get32(bytes, at) | (uint64_t)sim_door_get32(bytes, at + 4) << 32;
}

void sim_door_put16(uint8_t *bytes, size_t at, uint16_t value)
{
    bytes[at] = (uint8_t)value;
    bytes[at + 1] = (uint8_t)(value >> 8);
}

void sim_door_put32(uint8_t *bytes, size_t at, uint32_t value)
{
    sim_door_put16(bytes, at, (uint16_t)value);
    sim_door_put16(bytes, at + 2, (uint16_t)(value >> 16));
}

void sim_door_put64(uint8_t *bytes, size_t at, uint64_t value)
{
    sim_door_put32(bytes, at, (uint32_t)value);
    sim_door_put32(bytes, at + 4, (uint32_t)(value >> 32));
}

bool sim_door_request_bytes(const uint8_t *bytes, size_t count, size_t *needed)
{
    static const struct {
        uint8_t request;
        uint8_t bytes;
    } rows[] = {
        {SIM_DOOR_REFRESH, 2},
        {SIM_DOOR_COUNT_DEVICES, 1},
        {SIM_DOOR_DEVICE_INFO, 8},
        {SIM_DOOR_OPEN, 8},
        {SIM_DOOR_CLOSE, 8},
        {SIM_DOOR_SEND, SIM_DOOR_SEND_BYTES},
        {SIM_DOOR_SERVER_VERSION, 4},
        {SIM_DOOR_COUNT_CLIENTS, 8},
        {SIM_DOOR_GET_CLOCK, 4},
        {SIM_DOOR_ADVANCE_CLOCK, 16},
    };
    size_t row = 0;
    uint32_t size = 0;

    *needed = 0;
    if (count == 0) {
        return true;
    }
    while (row < sizeof rows / sizeof rows[0] && rows[row].request != bytes[0]) {
        row++;
    }
    if (row == sizeof rows / sizeof rows[0]) {
        return false;
    }
    *needed = rows[row].bytes;
    if (bytes[0] != SIM_DOOR_SEND || count < SIM_DOOR_SEND_BYTES) {
        return true;
    }
    size = sim_door_get32(bytes, 28);
    if (size > SIM_DOOR_MAX_DATA || bytes[24] > SIM_DOOR_DIRECTION_TRACE || bytes[24] == 2) {
        return false;
    }
    if (bytes[24] == SIM_DOOR_DIRECTION_WRITE) {
        *needed += size;
    }
    return true;
}

uint32_t sim_door_status_of(enum sim_usb_result result)
{
    static const uint32_t statuses[] = {
        [SIM_USB_OK] = SIM_DOOR_OK,
        [SIM_USB_STALL] = SIM_DOOR_NO_COMMAND,
        [SIM_USB_TIMEOUT] = SIM_DOOR_TIMEOUT,
        [SIM_USB_SHORT] = SIM_DOOR_TRUNCATED,
        [SIM_USB_UNPLUGGED] = SIM_DOOR_OPEN_ERROR,
    };

    return statuses[result];
}
