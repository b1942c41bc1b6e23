/* The few things only an instruction can do. */
#ifndef TARGET_DRIVER_CPU_H
#define TARGET_DRIVER_CPU_H

#include <stdint.h>

#ifdef __arm__

/* Every access before it has reached its target. */
static inline void cpu_sync_data(void)
{
    __asm volatile("dsb" ::: "memory");
}

/* The instructions after it are fetched anew. */
static inline void cpu_sync_instructions(void)
{
    __asm volatile("isb" ::: "memory");
}

static inline void cpu_enable_interrupts(void)
{
    __asm volatile("cpsie i" ::: "memory");
}

/* Burns a few cycles a loop without touching memory or a bus, for programs that are parked. loops
 * is not 0. */
static inline void cpu_spin(uint32_t loops)
{
    __asm volatile("1: subs %0, %0, #1\n"
                   "bne 1b\n"
                   : "+r"(loops)
                   :
                   : "cc");
}

#else

static inline void cpu_sync_data(void)
{
}

static inline void cpu_sync_instructions(void)
{
}

static inline void cpu_spin(uint32_t loops)
{
    (void)loops;
}

#endif

#endif
