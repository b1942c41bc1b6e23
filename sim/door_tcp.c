#include "sim/door_tcp.h"

#include "sim/door_wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SEND_PATIENCE_MS = 5000 };

struct connection {
    int fd; /* -1: free */
    size_t used;
    uint8_t bytes[SIM_DOOR_MAX_REQUEST];
};

struct sim_door {
    const struct sim_door_board *board;
    int listen_fd;
    uint16_t port;
    bool is_plugged;
    bool is_taken;                     /* a client of another door has the probe */
    struct connection *unplugged_from; /* plugged in again when this client is gone; may be NULL */
    struct connection connections[SIM_DOOR_CONNECTIONS];
    struct connection *owner; /* has the probe open */
    uint32_t connect_id;
    uint8_t reply[SIM_DOOR_MAX_REPLY];
};

static bool listen_on_loopback(struct sim_door *door, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    socklen_t length = sizeof address;
    int on = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    door->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (door->listen_fd < 0) {
        return false;
    }
    (void)setsockopt(door->listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(door->listen_fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(door->listen_fd, SIM_DOOR_CONNECTIONS) != 0 ||
        getsockname(door->listen_fd, (struct sockaddr *)&address, &length) != 0) {
        return false;
    }
    door->port = ntohs(address.sin_port);
    return true;
}

struct sim_door *sim_door_open(const struct sim_door_board *board, uint16_t port, int *why_errno)
{
    struct sim_door *door = calloc(1, sizeof *door);

    if (door == NULL) {
        abort();
    }
    door->board = board;
    door->is_plugged = true;
    for (size_t i = 0; i < SIM_DOOR_CONNECTIONS; i++) {
        door->connections[i].fd = -1;
    }
    if (!listen_on_loopback(door, port)) {
        *why_errno = errno;
        if (door->listen_fd >= 0) {
            (void)close(door->listen_fd);
        }
        free(door);
        return NULL;
    }
    return door;
}

static void release(struct sim_door *door)
{
    if (door->owner != NULL) {
        door->owner = NULL;
        door->board->end_session(door->board->context);
    }
}

static void drop(struct sim_door *door, struct connection *connection)
{
    if (door->owner == connection) {
        release(door);
    }
    if (door->unplugged_from == connection) { /* as a user would, before the next try */
        sim_door_set_plugged(door, true);
    }
    (void)close(connection->fd);
    connection->fd = -1;
    connection->used = 0;
}

void sim_door_close(struct sim_door *door)
{
    if (door == NULL) {
        return;
    }
    for (size_t i = 0; i < SIM_DOOR_CONNECTIONS; i++) {
        if (door->connections[i].fd >= 0) {
            drop(door, &door->connections[i]);
        }
    }
    (void)close(door->listen_fd);
    free(door);
}

uint16_t sim_door_port(const struct sim_door *door)
{
    return door->port;
}

bool sim_door_is_in_use(const struct sim_door *door)
{
    return door->owner != NULL;
}

bool sim_door_has_connections(const struct sim_door *door)
{
    for (size_t i = 0; i < SIM_DOOR_CONNECTIONS; i++) {
        if (door->connections[i].fd >= 0) {
            return true;
        }
    }
    return false;
}

void sim_door_set_plugged(struct sim_door *door, bool is_plugged)
{
    if (door->is_plugged != is_plugged) {
        release(door);
        if (door->board->stlink != NULL) {
            sim_stlink_replug(door->board->stlink);
        }
    }
    door->is_plugged = is_plugged;
    door->unplugged_from = NULL;
}

void sim_door_set_taken(struct sim_door *door, bool is_taken)
{
    door->is_taken = is_taken;
}

bool sim_door_is_plugged(const struct sim_door *door)
{
    return door->is_plugged;
}

size_t sim_door_fill_poll(const struct sim_door *door, struct pollfd *fds)
{
    size_t count = 0;

    fds[count++] = (struct pollfd){.fd = door->listen_fd, .events = POLLIN};
    for (size_t i = 0; i < SIM_DOOR_CONNECTIONS; i++) {
        if (door->connections[i].fd >= 0) {
            fds[count++] = (struct pollfd){.fd = door->connections[i].fd, .events = POLLIN};
        }
    }
    return count;
}

static void accept_client(struct sim_door *door)
{
    int fd = accept4(door->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    int on = 1;

    if (fd < 0) {
        return;
    }
    for (size_t i = 0; i < SIM_DOOR_CONNECTIONS; i++) {
        if (door->connections[i].fd < 0) {
            (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            door->connections[i].fd = fd;
            door->connections[i].used = 0;
            return;
        }
    }
    (void)close(fd);
}

static bool wait_writable(int fd)
{
    struct pollfd writable = {.fd = fd, .events = POLLOUT};

    return (errno == EAGAIN || errno == EINTR) && poll(&writable, 1, SEND_PATIENCE_MS) == 1;
}

/* The whole answer in one write: a client whose receive buffer is full gets some patience. */
static bool send_all(int fd, const uint8_t *bytes, size_t count)
{
    while (count > 0) {
        ssize_t sent = send(fd, bytes, count, MSG_NOSIGNAL);

        if (sent < 0 && !wait_writable(fd)) {
            return false;
        }
        if (sent > 0) {
            bytes += sent;
            count -= (size_t)sent;
        }
    }
    return true;
}

static bool has_device(const struct sim_door *door)
{
    return door->is_plugged && door->board->stlink != NULL;
}

static uint32_t server_version(struct sim_door *door)
{
    sim_door_put32(door->reply, 0, SIM_DOOR_API);
    sim_door_put32(door->reply, 4, 2);
    sim_door_put32(door->reply, 8, 1);
    sim_door_put32(door->reply, 12, 1);
    return 16;
}

static bool is_busy(const struct sim_door *door, const struct connection *connection)
{
    return door->is_taken || (door->owner != NULL && door->owner != connection);
}

static uint32_t device_info(
    struct sim_door *door, const struct connection *connection, const uint8_t *request)
{
    bool is_there = request[1] == 0 && has_device(door);

    sim_door_put32(door->reply, 0, is_there ? SIM_DOOR_OK : SIM_DOOR_BAD_PARAMETER);
    if (is_there) {
        sim_door_put32(door->reply, 4, SIM_DOOR_DEVICE_ID);
        memcpy(&door->reply[8], door->board->serial, strnlen(door->board->serial, 31));
        sim_door_put16(door->reply, 40, SIM_STLINK_VID);
        sim_door_put16(door->reply, 42, door->board->stlink->firmware->pid);
        door->reply[44] = is_busy(door, connection);
    }
    return 45;
}

static void serve_client(struct sim_door *door, struct connection *connection);

/* A client that has just gone may be the next one to be looked at: its successor must not find the
 * probe busy. */
static void hear_owner(struct sim_door *door)
{
    enum { ROUNDS = 16 };

    for (unsigned i = 0; i < ROUNDS && door->owner != NULL; i++) {
        struct pollfd readable = {.fd = door->owner->fd, .events = POLLIN};

        if (poll(&readable, 1, 0) != 1) {
            return;
        }
        serve_client(door, door->owner);
    }
}

static uint32_t open_device(
    struct sim_door *door, struct connection *connection, const uint8_t *request)
{
    uint32_t status = SIM_DOOR_OK;

    if (door->owner != connection) {
        hear_owner(door);
    }
    if (sim_door_get32(request, 4) != SIM_DOOR_DEVICE_ID) {
        status = SIM_DOOR_BAD_PARAMETER;
    } else if (!has_device(door)) {
        status = SIM_DOOR_OPEN_ERROR;
    } else if (is_busy(door, connection)) {
        status = SIM_DOOR_BUSY;
    } else if (door->owner == NULL) {
        door->owner = connection;
        door->connect_id++;
        door->board->begin_session(door->board->context);
    }
    memset(door->reply, 0, sizeof door->reply); /* the owner's answers went through it too */
    sim_door_put32(door->reply, 0, status);
    sim_door_put32(door->reply, 4, status == SIM_DOOR_OK ? door->connect_id : 0);
    return 8;
}

static bool is_owned(
    const struct sim_door *door, const struct connection *connection, const uint8_t *request)
{
    return door->owner == connection && sim_door_get32(request, 4) == door->connect_id;
}

static uint32_t close_device(
    struct sim_door *door, const struct connection *connection, const uint8_t *request)
{
    bool is_ours = is_owned(door, connection, request);

    if (is_ours) {
        release(door);
    }
    sim_door_put32(door->reply, 0, is_ours ? SIM_DOOR_OK : SIM_DOOR_BAD_PARAMETER);
    return 4;
}

/* An error is padded to the length of the answer: the client reads that much in any case. */
static uint32_t run_usb(
    struct sim_door *door, struct connection *connection, const uint8_t *request)
{
    bool is_write = request[24] == SIM_DOOR_DIRECTION_WRITE;
    uint32_t size = sim_door_get32(request, 28);
    struct sim_usb_exchange exchange = {
        .command = &request[8],
        .out = &request[SIM_DOOR_SEND_BYTES],
        .out_bytes = is_write ? size : 0,
        .in = &door->reply[4],
        .in_bytes = is_write ? 0 : size,
    };
    enum sim_usb_result result = SIM_USB_UNPLUGGED;
    uint32_t status = SIM_DOOR_BAD_PARAMETER;

    if (is_owned(door, connection, request) && request[24] == SIM_DOOR_DIRECTION_TRACE) {
        status = SIM_DOOR_OK; /* no trace on this board: zeros */
    } else if (is_owned(door, connection, request)) {
        if (door->is_plugged && door->board->is_answering(door->board->context)) {
            result = sim_stlink_exchange(door->board->stlink, &exchange);
        }
        status = sim_door_status_of(result);
        if (result == SIM_USB_UNPLUGGED && door->board->is_answering(door->board->context)) {
            sim_door_set_plugged(door, false);
            door->unplugged_from = connection;
        }
    }
    sim_door_put32(door->reply, 0, status);
    return 4 + exchange.in_bytes;
}

static uint32_t clock_reply(struct sim_door *door, uint32_t status)
{
    sim_door_put32(door->reply, 0, status);
    sim_door_put64(door->reply, 8, door->board->now_ns(door->board->context));
    return 16;
}

static uint32_t advance_clock(
    struct sim_door *door, const struct connection *connection, const uint8_t *request)
{
    const uint64_t longest_ns = UINT64_C(3600) * 1000000000;
    uint64_t duration_ns = sim_door_get64(request, 8);

    if (is_busy(door, connection)) {
        return clock_reply(door, SIM_DOOR_BUSY);
    }
    if (duration_ns > longest_ns) {
        return clock_reply(door, SIM_DOOR_BAD_PARAMETER);
    }
    door->board->advance(door->board->context, duration_ns);
    return clock_reply(door, SIM_DOOR_OK);
}

static uint32_t answer(struct sim_door *door, struct connection *connection, const uint8_t *request)
{
    switch (request[0]) {
    case SIM_DOOR_REFRESH:
        sim_door_put32(door->reply, 0, SIM_DOOR_OK);
        return 4;
    case SIM_DOOR_COUNT_DEVICES:
        sim_door_put32(door->reply, 0, has_device(door) ? 1 : 0);
        return 4;
    case SIM_DOOR_DEVICE_INFO:
        return device_info(door, connection, request);
    case SIM_DOOR_OPEN:
        return open_device(door, connection, request);
    case SIM_DOOR_CLOSE:
        return close_device(door, connection, request);
    case SIM_DOOR_SEND:
        return run_usb(door, connection, request);
    case SIM_DOOR_SERVER_VERSION:
        return server_version(door);
    case SIM_DOOR_COUNT_CLIENTS:
        sim_door_put32(door->reply, 0, SIM_DOOR_OK);
        sim_door_put32(door->reply, 4, door->owner != NULL ? 1 : 0);
        return 8;
    case SIM_DOOR_GET_CLOCK:
        return clock_reply(door, SIM_DOOR_OK);
    default: /* SIM_DOOR_ADVANCE_CLOCK: sim_door_request_bytes() knows no others */
        return advance_clock(door, connection, request);
    }
}

/* Answers every complete request in the buffer. False: the connection is to be dropped. */
static bool serve_requests(struct sim_door *door, struct connection *connection)
{
    for (;;) {
        size_t needed = 0;
        uint32_t reply_bytes = 0;

        if (!sim_door_request_bytes(connection->bytes, connection->used, &needed)) {
            return false;
        }
        if (connection->used < needed || needed == 0) {
            return true;
        }
        memset(door->reply, 0, sizeof door->reply);
        reply_bytes = answer(door, connection, connection->bytes);
        connection->used -= needed;
        memmove(connection->bytes, connection->bytes + needed, connection->used);
        if (!send_all(connection->fd, door->reply, reply_bytes)) {
            return false;
        }
    }
}

static void serve_client(struct sim_door *door, struct connection *connection)
{
    ssize_t received = recv(connection->fd, connection->bytes + connection->used,
        sizeof connection->bytes - connection->used, 0);

    if (received < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (received <= 0) {
        drop(door, connection);
        return;
    }
    connection->used += (size_t)received;
    if (!serve_requests(door, connection)) {
        drop(door, connection);
    }
}

static struct connection *find_connection(struct sim_door *door, int fd)
{
    for (size_t i = 0; i < SIM_DOOR_CONNECTIONS; i++) {
        if (door->connections[i].fd == fd) {
            return &door->connections[i];
        }
    }
    return NULL;
}

void sim_door_serve(struct sim_door *door, const struct pollfd *fds, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct connection *connection = find_connection(door, fds[i].fd);

        if (fds[i].revents != 0 && connection != NULL) {
            serve_client(door, connection);
        }
    }
    if (count > 0 && fds[0].revents != 0) {
        accept_client(door);
    }
}
