#include "target/apps/blink.h"

#include "target/apps/board_led.h"
#include "target/apps/rtt.h"
#include "target/apps/tick.h"

enum { HALF_PERIOD_MS = 500 };

/* The LED and the log belong to thread mode; the interrupt only counts. No WFI: sleep may close the
 * debug port that the log goes through. */
void blink_run(uint32_t core_hz)
{
    uint32_t seen = 0;

    board_led_init();
    tick_start(core_hz, HALF_PERIOD_MS);
    for (;;) {
        while (tick_count() == seen) {
        }
        seen++;
        board_led_set(seen % 2 != 0);
        rtt_print(seen % 2 != 0 ? "LED on\n" : "LED off\n");
    }
}
