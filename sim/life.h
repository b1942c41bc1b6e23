/* The life of a running virtual board: one process, one poll loop over its doors, its command
 * socket and its signals. */
#ifndef SIM_LIFE_H
#define SIM_LIFE_H

#include "sim/door_tcp.h"
#include "sim/door_usb.h"
#include "sim/machine.h"
#include "sim/state.h"

#include <stdbool.h>
#include <stdint.h>

#define SIM_LIFE_DEFAULT_MODEL "v3"

struct sim_life_options {
    bool is_foreground;
    bool is_paced; /* virtual time follows the host's while no request is pending */
    bool stop_on_violation;
    bool has_usb;
    uint16_t port;                       /* 0: any */
    const struct sim_probe_model *model; /* NULL: SIM_LIFE_DEFAULT_MODEL */
};

struct sim_life {
    struct sim_life_options options;
    struct sim_state state;
    struct sim_machine *machine;
    struct sim_door_board door_board;
    struct sim_door *door;
    struct sim_door_usb_board usb_board;
    struct sim_door_usb *usb; /* NULL: no USB door */
    int control_fd;
    int signal_fd;
    bool is_ending;
    uint64_t last_client_ms; /* host clock */
    uint64_t paced_ns;       /* host clock up to which virtual time has followed */
    char trace_text_path[PATH_MAX];
};

/* Joins the running board or starts one. On success address is "127.0.0.1:PORT". With
 * is_foreground it returns when the board ends, having printed the address to stdout. */
bool sim_life_start(const struct sim_state_name *name, const struct sim_life_options *options,
    char address[32], struct sim_failure *failure);

/* life_doors.c: the doors as one. A client of either has the probe for itself. */
void sim_life_describe_doors(struct sim_life *life);
bool sim_life_open_usb(struct sim_life *life, struct sim_failure *failure);
/* A client has the probe open. */
bool sim_life_is_in_use(const struct sim_life *life);
/* Somebody is connected for whom time goes on. */
bool sim_life_has_clients(const struct sim_life *life);
void sim_life_set_plugged(struct sim_life *life, bool is_plugged);
/* For the poll loop; fds has room for SIM_LIFE_DOOR_FDS. */
enum { SIM_LIFE_DOOR_FDS = SIM_DOOR_POLL_FDS + 1 };
size_t sim_life_fill_poll(const struct sim_life *life, struct pollfd *fds);
void sim_life_serve_doors(struct sim_life *life, const struct pollfd *fds, size_t count);
/* life.c: time as the doors see it. */
void sim_life_begin_session(struct sim_life *life);
void sim_life_end_session(struct sim_life *life);
uint64_t sim_life_now_ns(const struct sim_life *life);
void sim_life_advance(struct sim_life *life, uint64_t duration_ns);

/* life_commands.c: runs one command of the control socket; writes its text to *text (freed by the
 * caller). */
enum sim_exit sim_life_run_command(
    struct sim_life *life, int argc, const char *const argv[], char **text);

/* Machine and files as after a factory reset. */
bool sim_life_factory_reset(struct sim_life *life, struct sim_failure *failure);
/* The board has been on for a while when somebody first looks at it. */
void sim_life_settle(struct sim_life *life);

#endif
