/* The counter of a watchdog: runs down in virtual time, may be frozen while the core is halted.
 *
 * While it cannot be frozen it costs one event, at the very picosecond of its end. While it can,
 * it asks at every count whether it stands still. Internal to the watchdog models. */
#ifndef SIM_P_DOWNCOUNTER_H
#define SIM_P_DOWNCOUNTER_H

#include "sim/clock.h"

struct sim_downcounter {
    struct sim_clock *clock;
    void *context;
    void (*expired)(void *context);
    bool (*is_frozen)(void *context); /* asked only while may_freeze */
    struct sim_event event;
    uint64_t tick_ps; /* 0: the counter has no clock */
    uint64_t last_ps; /* when ticks_left was true */
    uint32_t ticks_left;
    bool is_running;
    bool may_freeze;
};

/* clock, context, expired and is_frozen are set by the caller before. */
void sim_downcounter_init(struct sim_downcounter *counter);
/* (Re)starts with this many ticks to go. */
void sim_downcounter_load(struct sim_downcounter *counter, uint32_t ticks);
void sim_downcounter_stop(struct sim_downcounter *counter);
void sim_downcounter_set_tick(struct sim_downcounter *counter, uint64_t tick_ps);
void sim_downcounter_set_may_freeze(struct sim_downcounter *counter, bool may_freeze);
uint32_t sim_downcounter_ticks_left(const struct sim_downcounter *counter);

#endif
