/* The first LED of the board, and the clocks an application may ask for. The generated header
 * app_board.h knows the pins; nothing here does. */
#ifndef TARGET_APPS_BOARD_LED_H
#define TARGET_APPS_BOARD_LED_H

#include <stdbool.h>
#include <stdint.h>

uint32_t board_core_hz(void);      /* as handed over by the bootloader */
uint32_t board_fast_core_hz(void); /* after board_set_fast_clock() */

void board_led_init(void);
void board_led_set(bool on);

/* False when a clock did not become ready; the old one runs then. */
bool board_set_fast_clock(void);

const char *board_name(void);
const char *board_led_name(void);

#endif
