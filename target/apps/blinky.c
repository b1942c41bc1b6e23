/* The first program on a new board: the LED toggles every half second, and the log says so. */
#include "target/apps/blink.h"
#include "target/apps/board_led.h"
#include "target/apps/rtt.h"
#include "target/apps/startup.h"

void app_main(void)
{
    rtt_init();
    rtt_print("blinky on ");
    rtt_print(board_name());
    rtt_print(", ");
    rtt_print(board_led_name());
    rtt_print("\n");
    blink_run(board_core_hz());
}
