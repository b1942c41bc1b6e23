#include "sim/stlink_internal.h"

#include <stddef.h>

enum { COM_SWD = 0, COM_JTAG = 1, SPEEDS = 7, DEFAULT_KHZ = 3300, DEFAULT_V2_KHZ = 1800 };

/* Reference probe.md 1.3: no source prints the list of a real probe; 24000 needs prescaler 1, and
 * 21333 was seen without. */
static const uint32_t fast_khz[SPEEDS] = {24000, 8000, 3300, 1000, 200, 50, 5};
static const uint32_t normal_khz[SPEEDS] = {21333, 8000, 3300, 1000, 200, 50, 5};

struct divisor_row {
    uint16_t divisor;
    uint16_t khz;
};

/* Reference probe.md 1.3, nominal; 650, 400, 360, 150 and the 18000 of JTAG are known to pyOCD
 * only. */
static const struct divisor_row swd_divisors[] = {{0, 4000}, {1, 1800}, {2, 1200}, {3, 950},
    {5, 650}, {7, 480}, {9, 400}, {10, 360}, {15, 240}, {25, 150}, {31, 125}, {40, 100}, {79, 50},
    {158, 25}, {265, 15}, {798, 5}};
static const struct divisor_row jtag_divisors[] = {
    {2, 18000}, {4, 9000}, {8, 4500}, {16, 2250}, {32, 1125}, {64, 562}, {128, 281}, {256, 140}};

static uint32_t set_divisor(const struct divisor_row *rows, size_t count,
    const struct sim_usb_exchange *exchange, uint32_t *khz)
{
    uint8_t status = STLINK_COMMAND_ERROR;

    for (size_t i = 0; i < count; i++) {
        if (rows[i].divisor == stlink_get16(&exchange->command[2])) {
            *khz = rows[i].khz;
            status = STLINK_OK;
        }
    }
    stlink_put8(exchange, 0, status);
    return 2;
}

uint32_t stlink_set_swd_divisor(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    return set_divisor(
        swd_divisors, sizeof swd_divisors / sizeof swd_divisors[0], exchange, &stlink->swd_khz);
}

uint32_t stlink_set_jtag_divisor(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    return set_divisor(
        jtag_divisors, sizeof jtag_divisors / sizeof jtag_divisors[0], exchange, &stlink->jtag_khz);
}

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
    uint32_t khz = stlink->firmware->hardware >= 3 ? DEFAULT_KHZ : DEFAULT_V2_KHZ;

    stlink->prescaler = 2;
    stlink->swd_khz = khz;
    stlink->jtag_khz = khz;
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
