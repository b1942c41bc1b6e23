#include "sim/clock.h"

#include <assert.h>
#include <stdlib.h>

void sim_clock_init(struct sim_clock *clock)
{
    *clock = (struct sim_clock){.next_due_ps = SIM_NEVER};
}

void sim_clock_free(struct sim_clock *clock)
{
    free(clock->heap);
    *clock = (struct sim_clock){.next_due_ps = SIM_NEVER};
}

static bool is_before(const struct sim_event *a, const struct sim_event *b)
{
    return a->due_ps != b->due_ps ? a->due_ps < b->due_ps : a->order < b->order;
}

static void place(struct sim_clock *clock, struct sim_event *event, size_t index)
{
    clock->heap[index] = event;
    event->heap_index = index;
}

static void sift_up(struct sim_clock *clock, struct sim_event *event, size_t index)
{
    while (index > 0) {
        size_t parent = (index - 1) / 2;

        if (!is_before(event, clock->heap[parent])) {
            break;
        }
        place(clock, clock->heap[parent], index);
        index = parent;
    }
    place(clock, event, index);
}

static void sift_down(struct sim_clock *clock, struct sim_event *event, size_t index)
{
    for (;;) {
        size_t child = 2 * index + 1;

        if (child >= clock->heap_count) {
            break;
        }
        if (child + 1 < clock->heap_count &&
            is_before(clock->heap[child + 1], clock->heap[child])) {
            child++;
        }
        if (!is_before(clock->heap[child], event)) {
            break;
        }
        place(clock, clock->heap[child], index);
        index = child;
    }
    place(clock, event, index);
}

static void note_next_due(struct sim_clock *clock)
{
    clock->next_due_ps = clock->heap_count > 0 ? clock->heap[0]->due_ps : SIM_NEVER;
}

static void take_out(struct sim_clock *clock, struct sim_event *event)
{
    size_t index = event->heap_index;
    struct sim_event *last = clock->heap[--clock->heap_count];

    event->armed = false;
    if (last == event) {
        return;
    }
    if (index > 0 && is_before(last, clock->heap[(index - 1) / 2])) {
        sift_up(clock, last, index);
    } else {
        sift_down(clock, last, index);
    }
}

static void grow(struct sim_clock *clock)
{
    size_t capacity = clock->heap_capacity > 0 ? 2 * clock->heap_capacity : 32;
    struct sim_event **heap = realloc(clock->heap, capacity * sizeof(void *));

    if (heap == NULL) {
        abort(); /* a few hundred bytes: nothing sensible is left to do */
    }
    clock->heap = heap;
    clock->heap_capacity = capacity;
}

void sim_clock_schedule(struct sim_clock *clock, struct sim_event *event, uint64_t due_ps)
{
    assert(event->fire != NULL);
    if (event->armed) {
        take_out(clock, event);
    }
    if (clock->heap_count == clock->heap_capacity) {
        grow(clock);
    }
    event->due_ps = due_ps;
    event->order = clock->order++;
    event->armed = true;
    sift_up(clock, event, clock->heap_count++);
    note_next_due(clock);
}

void sim_clock_cancel(struct sim_clock *clock, struct sim_event *event)
{
    if (event->armed) {
        take_out(clock, event);
        note_next_due(clock);
    }
}

void sim_clock_fire_due(struct sim_clock *clock)
{
    while (clock->heap_count > 0 && clock->heap[0]->due_ps <= clock->now_ps) {
        struct sim_event *event = clock->heap[0];

        take_out(clock, event);
        note_next_due(clock);
        event->fire(event->context);
    }
}
