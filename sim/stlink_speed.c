#include "sim/stlink_internal.h"

#include <stddef.h>

enum { COM_SWD = 0, COM_JTAG = 1, SPEEDS = 7, DEFAULT_KHZ = 3300 };

/* Reference probe.md 1.3: no source prints the list of a real probe; 24000 needs prescaler 1, and
 * 21333 was seen without. */
static const uint32_t fast_khz[SPEEDS] = {24000, 8000, 3300, 1000, 200, 50, 5};
static const uint32_t normal_khz[SPEEDS] = {21333, 8000, 3300, 1000, 200, 50, 5};

static const uint32_t *speeds_of(const struct sim_stlink *stlink)
{
    return stlink->prescaler == 1 ? fast_khz : normal_khz;
}

/* The highest speed not above; 0 when there is none. */
static uint32_t round_down(const struct sim_stlink *stlink, uint32_t khz)
{
    const uint32_t *speeds = speeds_of(stlink);

    for (size_t i = 0; i < SPEEDS; i++) {
        if (speeds[i] <= khz) {
            return speeds[i];
        }
    }
    return 0;
}

void stlink_reset_speed(struct sim_stlink *stlink)
{
    stlink->prescaler = 2;
    stlink->swd_khz = DEFAULT_KHZ;
    stlink->jtag_khz = DEFAULT_KHZ;
}

uint32_t stlink_set_speed(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    uint32_t khz = round_down(stlink, stlink_get32(&exchange->command[4]));
    uint8_t com = exchange->command[2];

    if (khz == 0 || com > COM_JTAG) {
        stlink_put8(exchange, 0, STLINK_COMMAND_ERROR);
        return 8;
    }
    if (com == COM_SWD) {
        stlink->swd_khz = khz;
    } else {
        stlink->jtag_khz = khz;
    }
    stlink_put8(exchange, 0, STLINK_OK);
    stlink_put32(exchange, 4, khz);
    return 8;
}

uint32_t stlink_get_speeds(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    const uint32_t *speeds = speeds_of(stlink);

    stlink_put8(exchange, 0, STLINK_OK);
    stlink_put32(
        exchange, 4, exchange->command[2] == COM_JTAG ? stlink->jtag_khz : stlink->swd_khz);
    stlink_put32(exchange, 8, SPEEDS);
    for (uint32_t i = 0; i < SPEEDS; i++) {
        stlink_put32(exchange, 12 + 4 * i, speeds[i]);
    }
    return 52;
}

uint32_t stlink_switch_prescaler(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    uint8_t prescaler = exchange->command[2];
    bool is_changed = prescaler != stlink->prescaler;

    if (prescaler != 1 && prescaler != 2 && prescaler != 4) {
        stlink_put8(exchange, 0, STLINK_COMMAND_ERROR);
        return 8;
    }
    stlink->prescaler = prescaler;
    stlink->swd_khz = round_down(stlink, stlink->swd_khz);
    stlink->jtag_khz = round_down(stlink, stlink->jtag_khz);
    stlink_put8(exchange, 0, is_changed ? STLINK_CONFIG_CHANGED : STLINK_OK);
    return 8;
}
