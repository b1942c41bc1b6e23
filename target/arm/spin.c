#include "target/driver/cpu.h"

__attribute__((naked, noinline)) void cpu_spin(uint32_t loops)
{
    (void)loops;
    __asm volatile("1: subs r0, r0, #1\n"
                   "bne 1b\n"
                   "bx lr\n");
}
