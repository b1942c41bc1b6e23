/* An application that sets up its own clocks while it executes from external flash, and then turns
 * the caches on: what most real applications do, and what must not pull the flash from under them.
 */
#include "target/apps/blink.h"
#include "target/apps/board_led.h"
#include "target/apps/rtt.h"
#include "target/apps/startup.h"
#include "target/driver/cache.h"

void app_main(void)
{
    uint32_t core_hz = board_core_hz();

    rtt_init();
    rtt_print("fastclock: setting up clocks\n");
    if (board_set_fast_clock()) {
        core_hz = board_fast_core_hz();
        rtt_print("fastclock: fast clock runs\n");
    } else {
        rtt_print("fastclock: FAILED, a clock did not become ready\n");
    }
    cache_disable();
    cache_enable();
    rtt_print("fastclock: caches on\n");
    blink_run(core_hz);
}
