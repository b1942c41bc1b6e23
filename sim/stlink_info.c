/* What the probe says of itself, and commands that it takes without doing anything. */
#include "sim/stlink_internal.h"

/* [15:12] hardware, [11:6] jtag, [5:0] swim or msd; of a V3 the rest is zero: ask FB. */
uint32_t stlink_get_version(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    const struct sim_stlink_firmware *firmware = stlink->firmware;
    uint32_t version = (uint32_t)firmware->hardware << 12;

    if (firmware->hardware < 3) {
        version |= (uint32_t)firmware->jtag << 6 | firmware->swim | firmware->msd;
    }
    stlink_put8(exchange, 0, (uint8_t)(version >> 8));
    stlink_put8(exchange, 1, (uint8_t)version);
    stlink_put16(exchange, 2, SIM_STLINK_VID);
    stlink_put16(exchange, 4, firmware->pid);
    return 6;
}

uint32_t stlink_get_version_ex(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    const struct sim_stlink_firmware *firmware = stlink->firmware;

    stlink_put8(exchange, 0, firmware->hardware);
    stlink_put8(exchange, 1, firmware->swim);
    stlink_put8(exchange, 2, firmware->jtag);
    stlink_put8(exchange, 3, firmware->msd);
    stlink_put8(exchange, 4, firmware->bridge);
    stlink_put16(exchange, 8, SIM_STLINK_VID);
    stlink_put16(exchange, 10, firmware->pid);
    return 12;
}

uint32_t stlink_get_mode(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    stlink_put16(exchange, 0, stlink->mode);
    return 2;
}

/* V = 2 * target * 1.2 / reference; nothing is measured in DFU mode. */
uint32_t stlink_get_voltage(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    const uint32_t reference = 1500;
    uint32_t target_mv = stlink->wiring->target_mv(stlink->wiring->context);

    if (stlink->mode != STLINK_MODE_DFU) {
        stlink_put32(exchange, 0, reference);
        stlink_put32(exchange, 4, target_mv * reference / 2400);
    }
    return 8;
}

uint32_t stlink_leave_dfu(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    (void)exchange;
    if (stlink->mode == STLINK_MODE_DFU) {
        stlink->mode = STLINK_MODE_MASS;
    }
    return 0;
}

uint32_t stlink_leave_swim(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    (void)stlink;
    (void)exchange;
    return 0;
}

uint32_t stlink_get_board_identifiers(
    struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    stlink_put8(exchange, 0, STLINK_OK);
    for (uint32_t i = 0; i < 4; i++) {
        stlink_put8(exchange, 2 + i, (uint8_t)stlink->wiring->board_id[i]);
    }
    return 128;
}

uint32_t stlink_accept(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    (void)stlink;
    stlink_put8(exchange, 0, STLINK_OK);
    return 2;
}

uint32_t stlink_count_trace(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    (void)stlink;
    (void)exchange;
    return 2; /* no SWO on the virtual board: no bytes */
}
