/* What an application supplies to its start-up code. */
#ifndef TARGET_APPS_STARTUP_H
#define TARGET_APPS_STARTUP_H

/* Called with RAM initialised and interrupts on. Does not return. */
void app_main(void);

/* SysTick. */
void app_handle_tick(void);

#endif
