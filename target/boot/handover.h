/* From the bootloader to the application: the core as after reset. */
#ifndef TARGET_BOOT_HANDOVER_H
#define TARGET_BOOT_HANDOVER_H

#include <stdbool.h>
#include <stdint.h>

/* Puts caches, SysTick and NVIC into their state after reset. */
void handover_reset_core(void);

struct handover {
    uint32_t vectors_addr;
    uint32_t stack_addr;
    uint32_t reset_vector;
    bool caches_on; /* else off */
    bool mpu_off;   /* else as it is */
};

/* Vector table, stack pointer, CONTROL 0, interrupts on, and off. */
__attribute__((noreturn)) void handover_jump(const struct handover *handover);

#endif
