/* Start of every application: RAM, vectors, main(). */
#include "target/apps/startup.h"

#include "app_board.h"
#include "target/driver/core_regs.h"
#include "target/driver/cpu.h"
#include "target/driver/mpu.h"
#include "target/driver/reg.h"

#include <stddef.h>

/* Made by app_sections.ld. */
extern uint32_t app_data_start[];
extern const uint32_t app_data_words[];
extern const uint32_t app_data_load[];
extern uint32_t app_stack_end[];

void app_enter(void);
void app_start(void);
void app_fault(void);

typedef void vector_function(void);

/* The core's own vectors; the applications use no other interrupt. */
__attribute__((section(".vectors"), used)) static const struct {
    uint32_t *stack;
    vector_function *function[15];
} vectors = {
    app_stack_end,
    {app_enter, app_fault, app_fault, app_fault, app_fault, app_fault, NULL, NULL, NULL, NULL,
        app_fault, app_fault, NULL, app_fault, app_handle_tick},
};

/* RAM with error correction is written in whole units of 8 bytes first, the stack included. */
__attribute__((naked, used)) void app_enter(void)
{
    __asm volatile("cpsid i\n"
                   "movs r0, #0\n"
                   "movs r1, #0\n"
                   "ldr r2, =app_data_start\n"
                   "ldr r3, =app_stack_end\n"
                   "1: strd r0, r1, [r2], #8\n"
                   "cmp r2, r3\n"
                   "blo 1b\n"
                   "msr control, r0\n"
                   "isb\n"
                   "msr msp, r3\n"
                   "b app_start\n");
}

/* Spins where a debugger finds it; the fault registers tell the rest. */
void app_fault(void)
{
    for (;;) {
        cpu_spin(1000);
    }
}

__attribute__((noreturn)) void app_start(void)
{
    for (uint32_t i = 0; i < (uint32_t)app_data_words; i++) {
        app_data_start[i] = app_data_load[i];
    }
    /* The core reads ahead wherever it likes, and behind the end of the chip that locks the
     * controller up. */
    mpu_guard_own_window(APP_WINDOW_ADDR, APP_WINDOW_BYTES, APP_CHIP_BYTES);
    reg_write32(SCB_VTOR, (uint32_t)&vectors);
    cpu_sync_data();
    cpu_enable_interrupts();
    app_main();
    app_fault();
    __builtin_unreachable();
}
