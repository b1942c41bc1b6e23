/* Toggles the LED and says so in the log, for ever. */
#ifndef TARGET_APPS_BLINK_H
#define TARGET_APPS_BLINK_H

#include <stdint.h>

__attribute__((noreturn)) void blink_run(uint32_t core_hz);

#endif
