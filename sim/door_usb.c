#include "sim/door_usb.h"

#include "sim/usb_descriptors.h"
#include "sim/usb_start.h"
#include "sim/usb_wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ENDPOINT_IN = 0x80, ENDPOINT_NUMBERS = 16, BUS_PATIENCE_MS = 5000, PRIVATE_NODE = 0600 };

struct transfer {
    struct transfer *next;
    uint32_t id;
    uint8_t endpoint;
    uint32_t size_bytes;
    uint32_t moved_bytes;
    bool is_refused; /* OUT: the probe does not take it; only the host can end it */
    uint8_t bytes[]; /* size_bytes */
};

struct sim_door_usb {
    const struct sim_door_usb_board *board;
    struct sim_usb_identity identity;
    int fd; /* -1: the bus has died */
    bool is_plugged;
    bool is_claimed;
    bool is_vanished;           /* the probe has just said so */
    bool is_unplugged_by_fault; /* until the program it was taken from has gone */
    struct transfer *transfers; /* under way, oldest first */
    uint8_t data[SIM_USB_MAX_TRANSFER];
};

static void tell(struct sim_door_usb *door, const struct sim_usb_message *message, const void *data,
    size_t bytes)
{
    if (door->fd >= 0) {
        (void)sim_usb_send_waiting(door->fd, message, data, bytes);
    }
}

static uint32_t bit_of(uint8_t endpoint)
{
    return 1U << ((endpoint & 0x0F) + ((endpoint & ENDPOINT_IN) != 0 ? ENDPOINT_NUMBERS : 0));
}

/* Ends a transfer and frees it. */
static void complete(struct sim_door_usb *door, struct transfer *transfer, int32_t status)
{
    struct transfer **link = &door->transfers;
    struct sim_usb_message message = {
        .kind = SIM_USB_SAY_COMPLETE,
        .id = transfer->id,
        .status = status,
        .value = transfer->moved_bytes,
    };
    bool is_in = (transfer->endpoint & ENDPOINT_IN) != 0;

    while (*link != transfer) {
        link = &(*link)->next;
    }
    *link = transfer->next;
    tell(door, &message, is_in ? transfer->bytes : NULL, is_in ? message.value : 0);
    free(transfer);
}

static void complete_all(struct sim_door_usb *door, int32_t status)
{
    while (door->transfers != NULL) {
        complete(door, door->transfers, status);
    }
}

static void release(struct sim_door_usb *door)
{
    if (door->is_claimed) {
        door->is_claimed = false;
        door->board->end_session(door->board->context);
    }
}

/* ---- In and out ---- */

static void lose_bus(struct sim_door_usb *door)
{
    (void)close(door->fd);
    door->fd = -1;
    door->is_plugged = false;
    complete_all(door, -ESHUTDOWN);
    release(door);
}

/* Waits for an answer of the given kind; others that were on their way are of no interest: they
 * belong to a device that is not plugged in. */
static bool wait_for(
    struct sim_door_usb *door, enum sim_usb_kind kind, struct sim_usb_message *answer)
{
    struct sim_usb_message message = {0};

    while (door->fd >= 0) {
        struct pollfd readable = {.fd = door->fd, .events = POLLIN};
        ssize_t bytes = SIM_USB_CLOSED;

        if (poll(&readable, 1, BUS_PATIENCE_MS) == 1) {
            bytes = sim_usb_receive(door->fd, &message, door->data, sizeof door->data);
        }
        if (bytes == SIM_USB_CLOSED) {
            lose_bus(door);
        } else if (bytes >= 0 && message.kind == kind) {
            *answer = message;
            return true;
        }
    }
    return false;
}

static bool plug_in(struct sim_door_usb *door, struct sim_failure *failure)
{
    struct sim_usb_message message = {.kind = SIM_USB_SAY_PLUG};

    tell(door, &message, &door->identity, sizeof door->identity);
    if (!wait_for(door, SIM_USB_SAY_PLUGGED, &message)) {
        return sim_fail(failure, SIM_EXIT_HOST_IO, "the virtual USB bus has ended");
    }
    if (message.status == -EPROTO) {
        return sim_fail(failure, SIM_EXIT_HOST_IO,
            "the virtual USB bus was started by another version; `stop --all` ends it");
    }
    if (message.status != 0) {
        errno = -message.status;
        return sim_fail_errno(failure, "plugging into the virtual USB bus");
    }
    door->is_plugged = true;
    return true;
}

/* True: a program still has the device open, and the bus will say when it has not. */
static bool pull_out(struct sim_door_usb *door)
{
    struct sim_usb_message message = {.kind = SIM_USB_SAY_UNPLUG};

    door->is_plugged = false;
    complete_all(door, -ESHUTDOWN);
    release(door);
    door->board->replug(door->board->context);
    tell(door, &message, NULL, 0);
    return wait_for(door, SIM_USB_SAY_UNPLUGGED, &message) && message.value != 0;
}

/* The fault injector pulled the probe out. It is plugged in again when the program that it was
 * taken from has gone. */
static void vanish(struct sim_door_usb *door)
{
    struct sim_failure failure;

    door->is_vanished = false;
    door->is_unplugged_by_fault = pull_out(door);
    if (!door->is_unplugged_by_fault && door->fd >= 0) {
        (void)plug_in(door, &failure);
    }
}

/* ---- The probe ---- */

static enum sim_probe_result run_transfer(struct sim_door_usb *door, struct transfer *transfer)
{
    struct sim_probe *probe = door->board->probe;
    enum sim_probe_result result = SIM_PROBE_NOTHING;

    if (transfer->is_refused || !door->board->is_answering(door->board->context)) {
        return SIM_PROBE_NOTHING;
    }
    if ((transfer->endpoint & ENDPOINT_IN) != 0) {
        return sim_probe_in(probe, transfer->endpoint, transfer->bytes, transfer->size_bytes,
            &transfer->moved_bytes);
    }
    result = sim_probe_out(probe, transfer->endpoint, transfer->bytes, transfer->size_bytes);
    transfer->is_refused = result == SIM_PROBE_NOTHING;
    if (result == SIM_PROBE_DONE) {
        transfer->moved_bytes = transfer->size_bytes;
    }
    return result;
}

/* Runs the transfer; true: it has ended, and another one may go on now. */
static bool advance(struct sim_door_usb *door, struct transfer *transfer)
{
    static const int32_t statuses[] = {
        [SIM_PROBE_DONE] = 0,
        [SIM_PROBE_STALLED] = -EPIPE,
        [SIM_PROBE_OVERFLOW] = -EOVERFLOW,
    };
    enum sim_probe_result result = run_transfer(door, transfer);

    if (result == SIM_PROBE_NOTHING) {
        return false;
    }
    if (result == SIM_PROBE_GONE) {
        door->is_vanished = true;
        return false;
    }
    complete(door, transfer, statuses[result]);
    return true;
}

/* Each endpoint serves its oldest transfer. True: one of them has ended. */
static bool advance_one(struct sim_door_usb *door)
{
    uint32_t seen = 0;

    for (struct transfer *at = door->transfers; at != NULL; at = at->next) {
        bool is_oldest = (seen & bit_of(at->endpoint)) == 0;

        seen |= bit_of(at->endpoint);
        if (is_oldest && advance(door, at)) {
            return true; /* and freed */
        }
        if (door->is_vanished) {
            return false;
        }
    }
    return false;
}

void sim_door_usb_retry(struct sim_door_usb *door)
{
    bool has_moved = true;

    while (has_moved) { /* what one transfer did may be what another waits for */
        has_moved = advance_one(door);
    }
    if (door->is_vanished) {
        vanish(door);
    }
}

/* ---- Messages of the bus ---- */

static void add_transfer(
    struct sim_door_usb *door, const struct sim_usb_message *message, uint32_t data_bytes)
{
    struct transfer *transfer = calloc(1, sizeof *transfer + message->value);
    struct transfer **link = &door->transfers;

    if (transfer == NULL) {
        abort();
    }
    transfer->id = message->id;
    transfer->endpoint = message->endpoint;
    transfer->size_bytes = message->value;
    memcpy(transfer->bytes, door->data, data_bytes < message->value ? data_bytes : message->value);
    while (*link != NULL) {
        link = &(*link)->next;
    }
    *link = transfer;
    if (message->begins_wait != 0) {
        sim_probe_count_wait(door->board->probe);
    }
    sim_door_usb_retry(door);
}

static void cancel(struct sim_door_usb *door, uint32_t id)
{
    for (struct transfer *at = door->transfers; at != NULL; at = at->next) {
        if (at->id == id) {
            complete(door, at, -ENOENT);
            return;
        }
    }
}

static void claim(struct sim_door_usb *door, uint32_t id)
{
    struct sim_usb_message message = {.kind = SIM_USB_SAY_CLAIMED, .id = id};

    if (door->board->is_taken(door->board->context)) {
        message.status = -EBUSY;
    } else if (!door->is_claimed) {
        door->is_claimed = true;
        door->board->begin_session(door->board->context);
    }
    tell(door, &message, NULL, 0);
}

static void reset_port(struct sim_door_usb *door)
{
    complete_all(door, -ENOENT);
    sim_probe_reset_port(door->board->probe);
}

static void plug_in_again(struct sim_door_usb *door)
{
    if (door->is_unplugged_by_fault) {
        sim_door_usb_set_plugged(door, true);
    }
}

static void obey(
    struct sim_door_usb *door, const struct sim_usb_message *message, uint32_t data_bytes)
{
    if (message->kind == SIM_USB_SAY_ABANDONED) {
        plug_in_again(door);
        return;
    }
    if (!door->is_plugged) {
        return; /* was on its way when the device was pulled out */
    }
    switch (message->kind) {
    case SIM_USB_SAY_CLAIM:
        claim(door, message->id);
        break;
    case SIM_USB_SAY_RELEASE:
        release(door);
        break;
    case SIM_USB_SAY_SUBMIT:
        add_transfer(door, message, data_bytes);
        break;
    case SIM_USB_SAY_CANCEL:
        cancel(door, message->id);
        break;
    case SIM_USB_SAY_CLEAR_HALT:
        sim_probe_clear_halt(door->board->probe, message->endpoint);
        sim_door_usb_retry(door);
        break;
    case SIM_USB_SAY_RESET:
        reset_port(door);
        break;
    default:
        break;
    }
}

void sim_door_usb_serve(struct sim_door_usb *door)
{
    while (door->fd >= 0) {
        struct sim_usb_message message;
        ssize_t bytes = sim_usb_receive(door->fd, &message, door->data, sizeof door->data);

        if (bytes == SIM_USB_EMPTY) {
            return;
        }
        if (bytes == SIM_USB_CLOSED) {
            lose_bus(door);
            return;
        }
        obey(door, &message, (uint32_t)bytes);
    }
}

void sim_door_usb_board_changed(struct sim_door_usb *door)
{
    uint32_t node_mode = door->identity.node_mode;
    bool is_for_others = door->identity.is_for_others;

    sim_usb_identity_make(
        &door->identity, door->board->model, door->board->name, door->board->serial);
    door->identity.node_mode = node_mode;
    door->identity.is_for_others = is_for_others;
}

struct sim_door_usb *sim_door_usb_open(
    const struct sim_door_usb_board *board, struct sim_failure *failure)
{
    struct sim_door_usb *door = calloc(1, sizeof *door);

    if (door == NULL) {
        abort();
    }
    door->board = board;
    sim_usb_identity_make(&door->identity, board->model, board->name, board->serial);
    door->identity.node_mode = PRIVATE_NODE;
    door->fd = sim_usb_start(failure);
    if (door->fd < 0 || !plug_in(door, failure)) {
        sim_door_usb_close(door);
        return NULL;
    }
    return door;
}

void sim_door_usb_close(struct sim_door_usb *door)
{
    struct sim_usb_message message = {.kind = SIM_USB_SAY_LEAVE};

    if (door == NULL) {
        return;
    }
    complete_all(door, -ESHUTDOWN);
    release(door);
    door->is_plugged = false;
    tell(door, &message, NULL, 0);
    (void)wait_for(door, SIM_USB_SAY_LEAVE, &message); /* ends when the bus closes the connection */
    free(door);
}

int sim_door_usb_fd(const struct sim_door_usb *door)
{
    return door->fd;
}

bool sim_door_usb_is_in_use(const struct sim_door_usb *door)
{
    return door->is_claimed;
}

bool sim_door_usb_is_plugged(const struct sim_door_usb *door)
{
    return door->is_plugged;
}

void sim_door_usb_set_plugged(struct sim_door_usb *door, bool is_plugged)
{
    struct sim_failure failure;

    door->is_unplugged_by_fault = false;
    if (door->is_plugged == is_plugged || door->fd < 0) {
        return;
    }
    if (is_plugged) {
        (void)plug_in(door, &failure);
    } else {
        (void)pull_out(door);
    }
}

void sim_door_usb_set_node_mode(struct sim_door_usb *door, uint32_t mode)
{
    struct sim_usb_message message = {.kind = SIM_USB_SAY_NODE_MODE, .value = mode};

    door->identity.node_mode = mode;
    door->identity.is_for_others = true;
    tell(door, &message, NULL, 0);
}
