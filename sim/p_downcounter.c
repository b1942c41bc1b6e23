#include "sim/p_downcounter.h"

static uint64_t elapsed_ticks(const struct sim_downcounter *counter)
{
    uint64_t ticks = 0;

    if (counter->is_running && counter->tick_ps != 0 && !counter->may_freeze) {
        ticks = (sim_clock_now_ps(counter->clock) - counter->last_ps) / counter->tick_ps;
    }
    return ticks < counter->ticks_left ? ticks : counter->ticks_left;
}

uint32_t sim_downcounter_ticks_left(const struct sim_downcounter *counter)
{
    return counter->ticks_left - (uint32_t)elapsed_ticks(counter);
}

static void sync(struct sim_downcounter *counter)
{
    uint64_t ticks = elapsed_ticks(counter);

    counter->ticks_left -= (uint32_t)ticks;
    counter->last_ps += ticks * counter->tick_ps;
}

static void arm(struct sim_downcounter *counter)
{
    uint64_t ticks = counter->may_freeze ? 1 : counter->ticks_left;

    if (!counter->is_running || counter->tick_ps == 0) {
        sim_clock_cancel(counter->clock, &counter->event);
        return;
    }
    sim_clock_schedule(
        counter->clock, &counter->event, counter->last_ps + ticks * counter->tick_ps);
}

static void fire(void *context)
{
    struct sim_downcounter *counter = context;

    if (counter->may_freeze) {
        counter->last_ps += counter->tick_ps;
        if (!counter->is_frozen(counter->context)) {
            counter->ticks_left--;
        }
    } else {
        sync(counter);
    }
    if (counter->ticks_left > 0) {
        arm(counter);
        return;
    }
    counter->is_running = false;
    counter->expired(counter->context);
}

void sim_downcounter_init(struct sim_downcounter *counter)
{
    counter->event.fire = fire;
    counter->event.context = counter;
}

void sim_downcounter_load(struct sim_downcounter *counter, uint32_t ticks)
{
    counter->ticks_left = ticks;
    counter->last_ps = sim_clock_now_ps(counter->clock);
    counter->is_running = true;
    arm(counter);
}

void sim_downcounter_stop(struct sim_downcounter *counter)
{
    counter->is_running = false;
    sim_clock_cancel(counter->clock, &counter->event);
}

/* The part of a count that has passed is lost, as with a prescaler that is reloaded. */
void sim_downcounter_set_tick(struct sim_downcounter *counter, uint64_t tick_ps)
{
    if (tick_ps == counter->tick_ps) {
        return;
    }
    sync(counter);
    counter->tick_ps = tick_ps;
    counter->last_ps = sim_clock_now_ps(counter->clock);
    arm(counter);
}

void sim_downcounter_set_may_freeze(struct sim_downcounter *counter, bool may_freeze)
{
    if (may_freeze == counter->may_freeze) {
        return;
    }
    sync(counter);
    counter->may_freeze = may_freeze;
    arm(counter);
}
