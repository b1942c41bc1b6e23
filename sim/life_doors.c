#include "sim/life.h"

static uint64_t now_ns(void *context)
{
    return sim_life_now_ns(context);
}

static void advance(void *context, uint64_t duration_ns)
{
    sim_life_advance(context, duration_ns);
}

static bool is_answering(void *context)
{
    const struct sim_life *life = context;

    return !life->machine->is_stopped;
}

static void begin_session(void *context)
{
    sim_life_begin_session(context);
}

static void end_session(void *context)
{
    sim_life_end_session(context);
}

static bool is_taken_over_tcp(void *context)
{
    const struct sim_life *life = context;

    return sim_door_is_in_use(life->door);
}

static void begin_usb_session(void *context)
{
    struct sim_life *life = context;

    sim_door_set_taken(life->door, true);
    sim_life_begin_session(life);
}

static void end_usb_session(void *context)
{
    struct sim_life *life = context;

    sim_door_set_taken(life->door, false);
    sim_life_end_session(life);
}

static void replug(void *context)
{
    const struct sim_life *life = context;

    sim_probe_replug(life->machine->probe);
}

void sim_life_describe_doors(struct sim_life *life)
{
    life->door_board = (struct sim_door_board){
        .context = life,
        .stlink = sim_probe_stlink(life->machine->probe),
        .serial = life->state.serial,
        .now_ns = now_ns,
        .advance = advance,
        .is_answering = is_answering,
        .begin_session = begin_session,
        .end_session = end_session,
    };
    life->usb_board = (struct sim_door_usb_board){
        .context = life,
        .probe = life->machine->probe,
        .model = life->options.model,
        .name = life->state.name.text,
        .serial = life->state.serial,
        .is_answering = is_answering,
        .is_taken = is_taken_over_tcp,
        .begin_session = begin_usb_session,
        .end_session = end_usb_session,
        .replug = replug,
    };
}

bool sim_life_open_usb(struct sim_life *life, struct sim_failure *failure)
{
    sim_door_usb_close(life->usb);
    life->usb = sim_door_usb_open(&life->usb_board, failure);
    if (life->usb == NULL) {
        return false;
    }
    sim_door_usb_set_plugged(life->usb, sim_door_is_plugged(life->door));
    return true;
}

bool sim_life_is_in_use(const struct sim_life *life)
{
    return sim_door_is_in_use(life->door) ||
           (life->usb != NULL && sim_door_usb_is_in_use(life->usb));
}

bool sim_life_has_clients(const struct sim_life *life)
{
    return sim_door_has_connections(life->door) || sim_life_is_in_use(life);
}

void sim_life_set_plugged(struct sim_life *life, bool is_plugged)
{
    sim_door_set_plugged(life->door, is_plugged);
    if (life->usb != NULL) {
        sim_door_usb_set_plugged(life->usb, is_plugged);
    }
}

size_t sim_life_fill_poll(const struct sim_life *life, struct pollfd *fds)
{
    size_t count = sim_door_fill_poll(life->door, fds);

    /* a negative descriptor is passed over */
    fds[count++] = (struct pollfd){
        .fd = life->usb != NULL ? sim_door_usb_fd(life->usb) : -1, .events = POLLIN};
    return count;
}

/* What an injected fault did at one door shows at the other. */
static void serve_tcp(struct sim_life *life, const struct pollfd *fds, size_t count)
{
    bool was_plugged = sim_door_is_plugged(life->door);
    bool is_plugged = false;

    sim_door_serve(life->door, fds, count);
    is_plugged = sim_door_is_plugged(life->door);
    if (life->usb != NULL && is_plugged != was_plugged) {
        sim_door_usb_set_plugged(life->usb, is_plugged);
    }
}

static void serve_usb(struct sim_life *life)
{
    sim_door_usb_serve(life->usb);
    sim_door_usb_retry(life->usb);
    if (life->machine->is_stopped) { /* the board is frozen: nothing on it answers any more */
        sim_door_usb_set_plugged(life->usb, false);
    }
    if (sim_door_usb_fd(life->usb) >= 0 &&
        sim_door_usb_is_plugged(life->usb) != sim_door_is_plugged(life->door)) {
        sim_door_set_plugged(life->door, sim_door_usb_is_plugged(life->usb));
    }
}

void sim_life_serve_doors(struct sim_life *life, const struct pollfd *fds, size_t count)
{
    serve_tcp(life, fds, count - 1);
    if (life->usb != NULL) {
        serve_usb(life);
    }
}
