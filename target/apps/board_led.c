#include "target/apps/board_led.h"

#include "app_board.h"
#include "target/driver/reg_script.h"

static const struct abi_reg_step led_setup[] = {APP_LED_SETUP};
static const struct abi_reg_step led_on[] = {APP_LED_ON};
static const struct abi_reg_step led_off[] = {APP_LED_OFF};
static const struct abi_reg_step fast_clock_setup[] = {APP_FAST_CLOCK_SETUP};

#define COUNT_OF(array) ((uint32_t)(sizeof(array) / sizeof(array)[0]))

uint32_t board_core_hz(void)
{
    return APP_CORE_HZ;
}

uint32_t board_fast_core_hz(void)
{
    return APP_FAST_CORE_HZ;
}

const char *board_name(void)
{
    return APP_BOARD_NAME;
}

const char *board_led_name(void)
{
    return APP_LED_NAME;
}

static bool run(const struct abi_reg_step *steps, uint32_t count)
{
    static volatile uint32_t heartbeat;
    static volatile uint32_t abort_request;
    struct reg_script_failure failure;
    struct clock clock;

    /* The higher of the two clocks: waits get longer, never shorter. */
    clock_start(&clock, APP_FAST_CORE_HZ > APP_CORE_HZ ? APP_FAST_CORE_HZ : APP_CORE_HZ, &heartbeat,
        &abort_request);
    return reg_script_run(steps, count, &clock, &failure) == ABI_STATUS_OK;
}

void board_led_init(void)
{
    (void)run(led_setup, COUNT_OF(led_setup));
}

void board_led_set(bool on)
{
    if (on) {
        (void)run(led_on, COUNT_OF(led_on));
    } else {
        (void)run(led_off, COUNT_OF(led_off));
    }
}

bool board_set_fast_clock(void)
{
    return run(fast_clock_setup, COUNT_OF(fast_clock_setup));
}
