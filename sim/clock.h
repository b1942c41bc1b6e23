/* Virtual time of the board and its event queue.
 *
 * One 64-bit counter in picoseconds, advanced by CPU cycles, bus stalls, link transfers and waits.
 * No host clock is read anywhere behind this header, so two runs are equal to the nanosecond.
 * Events due at the same time fire in the order in which they were scheduled. */
#ifndef SIM_CLOCK_H
#define SIM_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_PS_PER_NS UINT64_C(1000)
#define SIM_PS_PER_US UINT64_C(1000000)
#define SIM_PS_PER_MS UINT64_C(1000000000)
#define SIM_PS_PER_S  UINT64_C(1000000000000)
#define SIM_NEVER     UINT64_MAX

/* Owned by the model that schedules it; must stay valid while armed. Zero-initialise, then set
 * fire and context once. */
struct sim_event {
    void (*fire)(void *context); /* called with the clock standing at due_ps or later */
    void *context;
    uint64_t due_ps;
    uint64_t order;    /* set by the clock */
    size_t heap_index; /* set by the clock */
    bool armed;        /* set by the clock */
};

struct sim_clock {
    uint64_t now_ps;
    uint64_t next_due_ps; /* due time of the earliest armed event, SIM_NEVER when there is none */
    uint64_t order;
    struct sim_event **heap;
    size_t heap_count;
    size_t heap_capacity;
};

void sim_clock_init(struct sim_clock *clock);
void sim_clock_free(struct sim_clock *clock);

static inline uint64_t sim_clock_now_ps(const struct sim_clock *clock)
{
    return clock->now_ps;
}

/* Adds wait states, bus time or CPU cycles. Fires nothing: the CPU loop calls
 * sim_clock_fire_due() between two instructions. */
static inline void sim_clock_spend(struct sim_clock *clock, uint64_t duration_ps)
{
    clock->now_ps += duration_ps;
}

/* (Re)schedules. A due time in the past fires at the next sim_clock_fire_due(). */
void sim_clock_schedule(struct sim_clock *clock, struct sim_event *event, uint64_t due_ps);
/* Allowed on an event that is not armed. */
void sim_clock_cancel(struct sim_clock *clock, struct sim_event *event);

/* Fires every event with due_ps <= now, earliest first. An event may schedule others. */
void sim_clock_fire_due(struct sim_clock *clock);

#endif
