/* The life of a running virtual board: one process, one poll loop over its doors, its command
 * socket and its signals. */
#ifndef SIM_LIFE_H
#define SIM_LIFE_H

#include "sim/door_tcp.h"
#include "sim/machine.h"
#include "sim/state.h"

#include <stdbool.h>
#include <stdint.h>

struct sim_life_options {
    bool is_foreground;
    bool is_paced; /* virtual time follows the host's while no request is pending */
    bool stop_on_violation;
    uint16_t port; /* 0: any */
};

struct sim_life {
    struct sim_life_options options;
    struct sim_state state;
    struct sim_machine *machine;
    struct sim_door_board door_board;
    struct sim_door *door;
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

/* life_commands.c: runs one command of the control socket; writes its text to *text (freed by the
 * caller). */
enum sim_exit sim_life_run_command(
    struct sim_life *life, int argc, const char *const argv[], char **text);

/* Machine and files as after a factory reset. */
bool sim_life_factory_reset(struct sim_life *life, struct sim_failure *failure);
/* The board has been on for a while when somebody first looks at it. */
void sim_life_settle(struct sim_life *life);

#endif
