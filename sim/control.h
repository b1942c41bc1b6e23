/* The command line talks to a running virtual board through a Unix socket in the board's folder.
 *
 * One request per connection: the arguments; one answer: an exit code and a text. */
#ifndef SIM_CONTROL_H
#define SIM_CONTROL_H

#include "sim/failure.h"

#include <stdbool.h>
#include <stddef.h>

enum { SIM_CONTROL_ARGS = 16, SIM_CONTROL_REQUEST_BYTES = 16384 };

struct sim_control_request {
    int argc;
    const char *argv[SIM_CONTROL_ARGS]; /* into bytes */
    size_t used;
    char bytes[SIM_CONTROL_REQUEST_BYTES];
};

/* Server side. The listening descriptor, -1 on failure with errno set. */
int sim_control_listen(int folder_fd);
/* Accepts a client and reads its request, waiting for it at most a second. Returns the client's
 * descriptor, -1 when there was no valid request. */
int sim_control_receive(int listen_fd, struct sim_control_request *request);
/* Answers and closes. */
void sim_control_answer(int fd, enum sim_exit exit_code, const char *text);

/* Client side. False with exit code SIM_EXIT_OK: nobody is listening. On success *answer is the
 * text, to be freed by the caller. */
bool sim_control_call(int folder_fd, int argc, const char *const argv[], enum sim_exit *exit_code,
    char **answer, struct sim_failure *failure);

#endif
