/* The ST-LINK server protocol on loopback TCP: how xflash and OpenOCD reach the virtual probe.
 *
 * Two requests of our own read and advance the virtual clock. docs/virtual-board.md describes the
 * bytes. Nothing here blocks longer than the command being served. */
#ifndef SIM_DOOR_TCP_H
#define SIM_DOOR_TCP_H

#include "sim/stlink.h"

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the door opens to. All members are mandatory. */
struct sim_door_board {
    void *context;
    struct sim_stlink *stlink; /* NULL: another kind of probe, which no ST-LINK server lists */
    const char *serial;        /* 24 characters */
    uint64_t (*now_ns)(void *context);
    void (*advance)(void *context, uint64_t duration_ns);
    bool (*is_answering)(void *context);  /* false: stopped at a violation */
    void (*begin_session)(void *context); /* a client opened the probe */
    void (*end_session)(void *context);
};

enum { SIM_DOOR_CONNECTIONS = 8, SIM_DOOR_POLL_FDS = SIM_DOOR_CONNECTIONS + 1 };

struct sim_door;

/* port 0: any free one. NULL: *why_errno is set. board must outlive the door. */
struct sim_door *sim_door_open(const struct sim_door_board *board, uint16_t port, int *why_errno);
void sim_door_close(struct sim_door *door);
uint16_t sim_door_port(const struct sim_door *door);

/* For the poll loop: fills in up to SIM_DOOR_POLL_FDS entries and returns their number. */
size_t sim_door_fill_poll(const struct sim_door *door, struct pollfd *fds);
/* Serves what has arrived. */
void sim_door_serve(struct sim_door *door, const struct pollfd *fds, size_t count);

/* A client has the probe open. */
bool sim_door_is_in_use(const struct sim_door *door);
/* Anybody is connected. */
bool sim_door_has_connections(const struct sim_door *door);
/* A client of another door has the probe open, or lets it go. */
void sim_door_set_taken(struct sim_door *door, bool is_taken);
/* The probe disappears from USB, or comes back. */
void sim_door_set_plugged(struct sim_door *door, bool is_plugged);
bool sim_door_is_plugged(const struct sim_door *door);

#endif
