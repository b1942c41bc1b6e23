/* A regular interrupt from SysTick, of any period although its counter has 24 bits. */
#ifndef TARGET_APPS_TICK_H
#define TARGET_APPS_TICK_H

#include <stdint.h>

void tick_start(uint32_t core_hz, uint32_t period_ms);

/* Periods since tick_start(). */
uint32_t tick_count(void);

#endif
