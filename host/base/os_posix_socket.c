/* TCP: connected sockets that never block for longer than they are told to. */
/* NOLINTBEGIN(readability-identifier-naming): names of the C library */
#define _DEFAULT_SOURCE 1
#define _XOPEN_SOURCE   700
/* NOLINTEND(readability-identifier-naming) */

#include "host/base/os.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { NS_PER_MS = 1000000 };

struct os_socket {
    int file;
    uint32_t timeout_ms; /* for sending */
};

/* Waits until the socket is ready for events or deadline_ns has come; false: it has, errno set. */
static bool wait_ready(int file, short events, uint64_t deadline_ns)
{
    for (;;) {
        struct pollfd entry = {.fd = file, .events = events};
        uint64_t now_ns = os_monotonic_ns();
        uint64_t left_ms = now_ns < deadline_ns ? (deadline_ns - now_ns) / NS_PER_MS + 1 : 0;
        int ready = poll(&entry, 1, left_ms > 1000000 ? 1000000 : (int)left_ms);

        if (ready > 0) {
            return true;
        }
        if (ready < 0 && errno != EINTR) {
            return false;
        }
        if (left_ms == 0) {
            errno = ETIMEDOUT;
            return false;
        }
    }
}

static uint64_t deadline_after_ms(uint32_t timeout_ms)
{
    return os_monotonic_ns() + (uint64_t)timeout_ms * NS_PER_MS;
}

/* A connected non-blocking socket for one address, or -1 with errno. */
static int connect_one(const struct addrinfo *address, uint32_t timeout_ms)
{
    int file = socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int failure = 0;
    socklen_t length = sizeof failure;
    const int enabled = 1;

    if (file < 0) {
        return -1;
    }
    if (connect(file, address->ai_addr, address->ai_addrlen) != 0) {
        failure = errno;
        if (failure == EINPROGRESS || failure == EINTR) {
            failure = wait_ready(file, POLLOUT, deadline_after_ms(timeout_ms)) ? 0 : errno;
        }
        if (failure == 0 && getsockopt(file, SOL_SOCKET, SO_ERROR, &failure, &length) != 0) {
            failure = errno;
        }
    }
    if (failure != 0) {
        (void)close(file);
        errno = failure;
        return -1;
    }
    /* Requests are small and each waits for its answer: no delay by Nagle's algorithm. */
    (void)setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &enabled, sizeof enabled);
    return file;
}

bool os_socket_connect(
    const char *host, uint16_t port, uint32_t timeout_ms, struct os_socket **out, struct error *err)
{
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *addresses = NULL;
    const struct addrinfo *address = NULL;
    struct os_socket *opened = NULL;
    char service[8];
    int status = 0;
    int file = -1;

    *out = NULL;
    (void)snprintf(service, sizeof service, "%u", (unsigned)port);
    status = getaddrinfo(host, service, &hints, &addresses);
    if (status != 0) {
        return error_set(
            err, ERROR_NO_PROBE, "the host %s is not known: %s", host, gai_strerror(status));
    }
    for (address = addresses; address != NULL && file < 0; address = address->ai_next) {
        file = connect_one(address, timeout_ms);
    }
    if (file < 0) {
        (void)error_set(err, ERROR_NO_PROBE, "no connection to %s port %u: %s", host,
            (unsigned)port, os_error_text());
        goto free_addresses;
    }
    opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        (void)close(file);
        (void)error_set(err, ERROR_HOST_IO, "no memory for a connection");
        goto free_addresses;
    }
    opened->file = file;
    opened->timeout_ms = timeout_ms;
    *out = opened;

free_addresses:
    freeaddrinfo(addresses);
    return *out != NULL;
}

void os_socket_close(struct os_socket *socket)
{
    if (socket != NULL) {
        (void)close(socket->file);
        free(socket);
    }
}

static bool is_try_again(void)
{
    return errno == EAGAIN || errno == EINTR;
}

bool os_socket_send(struct os_socket *socket, const void *bytes, size_t count, struct error *err)
{
    const char *next = bytes;
    uint64_t deadline_ns = 0;

    while (count > 0) {
        ssize_t sent = send(socket->file, next, count, MSG_NOSIGNAL);

        if (sent > 0) {
            next += sent;
            count -= (size_t)sent;
            deadline_ns = 0;
            continue;
        }
        if (deadline_ns == 0) {
            deadline_ns = deadline_after_ms(socket->timeout_ms);
        }
        if (!is_try_again() || !wait_ready(socket->file, POLLOUT, deadline_ns)) {
            return error_set(
                err, ERROR_USB_LOST, "the connection to the probe broke: %s", os_error_text());
        }
    }
    return true;
}

bool os_socket_receive(
    struct os_socket *socket, void *bytes, size_t count, uint32_t timeout_ms, struct error *err)
{
    char *next = bytes;
    uint64_t deadline_ns = 0;

    while (count > 0) {
        ssize_t received = recv(socket->file, next, count, 0);

        if (received > 0) {
            next += received;
            count -= (size_t)received;
            deadline_ns = 0;
            continue;
        }
        if (received == 0) {
            return error_set(err, ERROR_USB_LOST, "the probe closed the connection");
        }
        if (deadline_ns == 0) {
            deadline_ns = deadline_after_ms(timeout_ms);
        }
        if (!is_try_again() || !wait_ready(socket->file, POLLIN, deadline_ns)) {
            return error_set(err, ERROR_USB_LOST, "the probe did not answer within %u ms: %s",
                (unsigned)timeout_ms, os_error_text());
        }
    }
    return true;
}
