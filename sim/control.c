#include "sim/control.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { REQUEST_PATIENCE_MS = 1000, ANSWER_PATIENCE_MS = 5000 };

/* A socket's path has at most 108 bytes: the folder is named by its descriptor. */
static struct sockaddr_un socket_address(int folder_fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    (void)snprintf(
        address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/control", folder_fd);
    return address;
}

int sim_control_listen(int folder_fd)
{
    struct sockaddr_un address = socket_address(folder_fd);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0) {
        return -1;
    }
    (void)unlink(address.sun_path); /* left by a killed process: the lock says it is dead */
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 8) != 0) {
        int why = errno;

        (void)close(fd);
        errno = why;
        return -1;
    }
    return fd;
}

/* A request is its arguments, each ended by a zero byte, and one more zero byte. */
static bool is_complete(const struct sim_control_request *request)
{
    return request->used >= 2 && request->bytes[request->used - 1] == '\0' &&
           request->bytes[request->used - 2] == '\0';
}

static bool split(struct sim_control_request *request)
{
    size_t at = 0;

    request->argc = 0;
    while (at + 1 < request->used) {
        if (request->argc == SIM_CONTROL_ARGS) {
            return false;
        }
        request->argv[request->argc++] = &request->bytes[at];
        at += strlen(&request->bytes[at]) + 1;
    }
    return request->argc > 0;
}

int sim_control_receive(int listen_fd, struct sim_control_request *request)
{
    int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
    struct pollfd readable = {.fd = fd, .events = POLLIN};

    request->used = 0;
    if (fd < 0) {
        return -1;
    }
    while (!is_complete(request)) {
        ssize_t received = -1;

        if (request->used < sizeof request->bytes && poll(&readable, 1, REQUEST_PATIENCE_MS) == 1) {
            received =
                recv(fd, request->bytes + request->used, sizeof request->bytes - request->used, 0);
        }
        if (received <= 0) {
            (void)close(fd);
            return -1;
        }
        request->used += (size_t)received;
    }
    if (!split(request)) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static bool send_bytes(int fd, const char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t sent = send(fd, bytes, count, MSG_NOSIGNAL);

        if (sent <= 0) {
            return false;
        }
        bytes += sent;
        count -= (size_t)sent;
    }
    return true;
}

void sim_control_answer(int fd, enum sim_exit exit_code, const char *text)
{
    struct timeval patience = {.tv_sec = ANSWER_PATIENCE_MS / 1000};
    char head[16];
    int length = snprintf(head, sizeof head, "%d\n", (int)exit_code);

    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (send_bytes(fd, head, (size_t)length)) {
        (void)send_bytes(fd, text, strlen(text));
    }
    (void)close(fd);
}

static bool send_request(int fd, int argc, const char *const argv[])
{
    for (int i = 0; i < argc; i++) {
        if (!send_bytes(fd, argv[i], strlen(argv[i]) + 1)) {
            return false;
        }
    }
    return send_bytes(fd, "", 1);
}

static char *grow(char *text, size_t size_bytes)
{
    char *larger = realloc(text, size_bytes);

    if (larger == NULL) {
        abort();
    }
    return larger;
}

/* All that comes until the other side closes. */
static char *receive_all(int fd)
{
    enum { STEP_BYTES = 65536 };
    size_t capacity = STEP_BYTES;
    size_t used = 0;
    char *text = grow(NULL, capacity);
    ssize_t received = 1;

    while (received > 0) {
        received = recv(fd, text + used, capacity - used - 1, 0);
        used += received > 0 ? (size_t)received : 0;
        if (used + 1 == capacity) {
            capacity += STEP_BYTES;
            text = grow(text, capacity);
        }
    }
    text[used] = '\0';
    return text;
}

bool sim_control_call(int folder_fd, int argc, const char *const argv[], enum sim_exit *exit_code,
    char **answer, struct sim_failure *failure)
{
    struct sockaddr_un address = socket_address(folder_fd);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char *text = NULL;
    char *newline = NULL;

    *answer = NULL;
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        bool is_absent = fd >= 0 && (errno == ENOENT || errno == ECONNREFUSED);

        (void)sim_fail_errno(failure, "talking to the virtual board");
        failure->exit_code = is_absent ? SIM_EXIT_OK : SIM_EXIT_HOST_IO;
        if (fd >= 0) {
            (void)close(fd);
        }
        return false;
    }
    if (!send_request(fd, argc, argv)) {
        (void)close(fd);
        return sim_fail(failure, SIM_EXIT_HOST_IO, "the virtual board does not take commands");
    }
    text = receive_all(fd);
    (void)close(fd);
    newline = strchr(text, '\n');
    if (newline == NULL) {
        free(text);
        return sim_fail(
            failure, SIM_EXIT_HOST_IO, "the virtual board ended while it was being asked");
    }
    *exit_code = (enum sim_exit)strtol(text, NULL, 10);
    memmove(text, newline + 1, strlen(newline + 1) + 1);
    *answer = text;
    return true;
}
