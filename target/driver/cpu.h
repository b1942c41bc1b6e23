/* The few things only an instruction can do. */
#ifndef TARGET_DRIVER_CPU_H
#define TARGET_DRIVER_CPU_H

#include <stdint.h>

/* Burns about four cycles a loop without touching memory or a bus, for programs that are parked.
 * loops is not 0. */
void cpu_spin(uint32_t loops);

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

static inline void cpu_disable_interrupts(void)
{
    __asm volatile("cpsid i" ::: "memory");
}

static inline void cpu_enable_interrupts(void)
{
    __asm volatile("cpsie i" ::: "memory");
}

#else

static inline void cpu_sync_data(void)
{
}

static inline void cpu_sync_instructions(void)
{
}

#endif

#endif
