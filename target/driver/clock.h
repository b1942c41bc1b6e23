/* Time on the target, and what has to happen while it passes: the watchdog is served, the heartbeat
 * counts, a request to abort is seen.
 *
 * Time comes from the cycle counter of the DWT. Should it stand still (a debugger may switch it
 * off), each look at the clock counts for the least number of cycles the code in between can have
 * taken, so that every wait ends all the same.
 *
 * Loops that wait longer use the alarm: SysTick, of which only the pending flag is looked at, since
 * interrupts are off. Such a loop has nothing in it but loads, and notices its event at once. A
 * program that uses SysTick itself must not wait here meanwhile. */
#ifndef TARGET_DRIVER_CLOCK_H
#define TARGET_DRIVER_CLOCK_H

#include "abi/mailbox.h"
#include "target/driver/core_regs.h"
#include "target/driver/reg.h"

#include <stdbool.h>
#include <stdint.h>

enum { CLOCK_ALARM_MAX_US = 1000 };

struct clock {
    uint32_t cycles_per_us;
    uint32_t last_cycles;   /* of the counter, at the last look */
    uint32_t rest_cycles;   /* not yet a whole microsecond */
    uint64_t now_us;        /* since clock_start() */
    uint64_t served_us;     /* when the watchdog was last served */
    uint32_t watchdog_addr; /* of IWDG_KR; 0: not known yet */
    bool abort_ignored;     /* while the chip is brought back after an abort */
    uint32_t alarm_cycles;  /* that it was set to */
    uint64_t limit_us;      /* what is still waiting then is aborted; 0: no limit */
    volatile uint32_t *heartbeat;
    const volatile uint32_t *abort_request;
};

/* Unlocks and starts the cycle counter. The pointers must stay valid. */
void clock_start(struct clock *clock, uint32_t core_hz, volatile uint32_t *heartbeat,
    const volatile uint32_t *abort_request);

/* Call when the core clock changes, or with the highest one that may come when it is about to. */
void clock_set_core_hz(struct clock *clock, uint32_t core_hz);

/* Takes the time, and serves the watchdog if that is due. */
uint64_t clock_look(struct clock *clock);

/* Call at least every 4 KB of work: serves the watchdog, counts the heartbeat.
 * ABI_STATUS_ABORTED when the host asked for it or the limit is over, else ABI_STATUS_OK. */
enum abi_stub_status clock_pace(struct clock *clock);

/* As clock_pace(), until the time has passed. */
enum abi_stub_status clock_wait_us(struct clock *clock, uint32_t duration_us);

/* Sets the alarm to duration_us, at most CLOCK_ALARM_MAX_US, from now. */
void clock_set_alarm(struct clock *clock, uint32_t duration_us);

static inline bool clock_alarm_rings(void)
{
    return (reg_read32(SCB_ICSR) & SCB_ICSR_PENDSTSET) != 0;
}

/* Switches the alarm off, takes the time, serves the watchdog. */
void clock_end_alarm(struct clock *clock);

#endif
