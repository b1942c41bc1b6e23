#include "sim/clock.h"

#include <criterion/criterion.h>

struct note {
    struct sim_clock *clock;
    struct sim_event event;
    unsigned *order;
    unsigned fired_as; /* 0: not yet */
    uint64_t fired_ps;
};

static void fire(void *context)
{
    struct note *note = context;

    note->fired_as = ++*note->order;
    note->fired_ps = sim_clock_now_ps(note->clock);
}

static void init_note(struct note *note, struct sim_clock *clock, unsigned *order)
{
    *note = (struct note){.clock = clock, .order = order};
    note->event.fire = fire;
    note->event.context = note;
}

Test(clock, fires_the_earliest_event_first_and_equal_times_in_the_order_of_scheduling)
{
    static const uint64_t due_ps[6] = {50, 10, 50, 30, 10, 50};
    static const unsigned expected[6] = {4, 1, 5, 3, 2, 6};
    struct sim_clock clock;
    struct note notes[6];
    unsigned order = 0;

    sim_clock_init(&clock);
    for (size_t i = 0; i < 6; i++) {
        init_note(&notes[i], &clock, &order);
        sim_clock_schedule(&clock, &notes[i].event, due_ps[i]);
    }
    cr_assert_eq(clock.next_due_ps, 10);
    sim_clock_spend(&clock, 100);
    sim_clock_fire_due(&clock);
    for (size_t i = 0; i < 6; i++) {
        cr_assert_eq(notes[i].fired_as, expected[i], "event %zu fired as %u", i, notes[i].fired_as);
    }
    cr_assert_eq(clock.next_due_ps, SIM_NEVER);
    sim_clock_free(&clock);
}

Test(clock, leaves_events_alone_that_are_not_due)
{
    struct sim_clock clock;
    struct note note;
    unsigned order = 0;

    sim_clock_init(&clock);
    init_note(&note, &clock, &order);
    sim_clock_schedule(&clock, &note.event, 1000);
    sim_clock_spend(&clock, 999);
    sim_clock_fire_due(&clock);
    cr_assert_eq(note.fired_as, 0);
    sim_clock_spend(&clock, 1);
    sim_clock_fire_due(&clock);
    cr_assert_eq(note.fired_as, 1);
    cr_assert_not(note.event.armed);
    sim_clock_free(&clock);
}

Test(clock, moves_an_armed_event_when_it_is_scheduled_again)
{
    struct sim_clock clock;
    struct note early;
    struct note late;
    unsigned order = 0;

    sim_clock_init(&clock);
    init_note(&early, &clock, &order);
    init_note(&late, &clock, &order);
    sim_clock_schedule(&clock, &early.event, 10);
    sim_clock_schedule(&clock, &late.event, 20);
    sim_clock_schedule(&clock, &early.event, 30);
    cr_assert_eq(clock.next_due_ps, 20);
    sim_clock_spend(&clock, 40);
    sim_clock_fire_due(&clock);
    cr_assert_eq(late.fired_as, 1);
    cr_assert_eq(early.fired_as, 2);
    sim_clock_free(&clock);
}

Test(clock, cancels_any_of_many_events_and_keeps_the_order_of_the_rest)
{
    struct sim_clock clock;
    struct note notes[40];
    unsigned order = 0;

    sim_clock_init(&clock);
    for (size_t i = 0; i < 40; i++) {
        init_note(&notes[i], &clock, &order);
        sim_clock_schedule(&clock, &notes[i].event, i * 7919 % 40);
    }
    for (size_t i = 0; i < 40; i += 3) {
        sim_clock_cancel(&clock, &notes[i].event);
        sim_clock_cancel(&clock, &notes[i].event);
    }
    sim_clock_spend(&clock, 100);
    sim_clock_fire_due(&clock);
    for (size_t i = 0; i < 40; i++) {
        cr_assert_eq(notes[i].fired_as != 0, i % 3 != 0, "event %zu", i);
        for (size_t j = 0; j < i; j++) {
            if (i % 3 != 0 && j % 3 != 0) {
                cr_assert_eq(notes[i].fired_as < notes[j].fired_as, i * 7919 % 40 < j * 7919 % 40,
                    "events %zu and %zu", i, j);
            }
        }
    }
    sim_clock_free(&clock);
}

struct repeater {
    struct sim_clock clock;
    struct sim_event event;
    unsigned count;
};

static void repeat(void *context)
{
    struct repeater *repeater = context;

    repeater->count++;
    sim_clock_schedule(&repeater->clock, &repeater->event, repeater->event.due_ps + 10);
}

Test(clock, lets_an_event_schedule_itself_again)
{
    struct repeater repeater = {.count = 0};

    sim_clock_init(&repeater.clock);
    repeater.event = (struct sim_event){.fire = repeat, .context = &repeater};
    sim_clock_schedule(&repeater.clock, &repeater.event, 10);
    sim_clock_spend(&repeater.clock, 105);
    sim_clock_fire_due(&repeater.clock);
    cr_assert_eq(repeater.count, 10);
    cr_assert_eq(repeater.clock.next_due_ps, 110);
    sim_clock_free(&repeater.clock);
}
