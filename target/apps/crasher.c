/* An application that faults on purpose, one second after it has started. */
#include "target/apps/board_led.h"
#include "target/apps/rtt.h"
#include "target/apps/startup.h"
#include "target/apps/tick.h"

enum { DELAY_MS = 1000 };

void app_main(void)
{
    rtt_init();
    rtt_print("crasher: about to fault\n");
    tick_start(board_core_hz(), DELAY_MS);
    while (tick_count() == 0) {
    }
    __asm volatile("udf #0");
}
