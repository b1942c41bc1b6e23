#include "host/probe/link_tcp.h"

#include "common/le.h"
#include "host/base/os.h"
#include "host/probe/probe_lock.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    /* A peer that is gone is seen at once; this is for one that is silent. */
    ANSWER_TIMEOUT_MS = 10000,
    CONNECT_TIMEOUT_MS = 2000,
    HANDSHAKE_TIMEOUT_MS = 2000,
    /* After a client was killed the server needs a moment to see it. */
    BUSY_TRIES = 5,
    BUSY_WAIT_NS = 100000000,
    SEND_BYTES = 32,
    STATUS_BYTES = 4,
    DEVICE_INFO_BYTES = 45,
    SERIAL_BYTES = 32,
    API_WITH_MISC = 3
};

enum request {
    REQUEST_REFRESH = 0,
    REQUEST_COUNT = 1,
    REQUEST_DEVICE_INFO = 2,
    REQUEST_OPEN = 3,
    REQUEST_CLOSE = 4,
    REQUEST_SEND = 5,
    REQUEST_VERSION = 6
};

enum status {
    STATUS_OK = 1,
    STATUS_GONE = 0x1003, /* cannot be opened: unplugged */
    STATUS_BUSY = 0x2004
};

struct link_tcp {
    struct link base;
    struct log *log;
    struct os_lock *lock;
    struct os_socket *socket;
    uint32_t connect_id;
    bool is_lost;
    char lost_cause[200];
    uint8_t buffer[SEND_BYTES + LINK_MAX_DATA_BYTES];
};

static bool fail_lost(const struct link_tcp *tcp, struct error *err)
{
    (void)error_set(
        err, ERROR_USB_LOST, "the probe %s is gone: %s", tcp->base.name, tcp->lost_cause);
    error_set_hint(err, "check the cable or the server of the probe, and run the command again");
    return false;
}

static bool request_within(struct link_tcp *tcp, const uint8_t *request, size_t request_bytes,
    uint8_t *reply, size_t reply_bytes, struct error *err)
{
    if (tcp->is_lost) {
        return fail_lost(tcp, err);
    }
    if (!os_socket_send(tcp->socket, request, request_bytes, err) ||
        !os_socket_receive(tcp->socket, reply, reply_bytes, ANSWER_TIMEOUT_MS, err)) {
        tcp->is_lost = true;
        (void)snprintf(tcp->lost_cause, sizeof tcp->lost_cause, "%.199s", err->message);
        return fail_lost(tcp, err);
    }
    return true;
}

bool link_tcp_request(struct link *link, const uint8_t *request, size_t request_bytes,
    uint8_t *reply, size_t reply_bytes, struct error *err)
{
    return request_within((struct link_tcp *)link, request, request_bytes, reply, reply_bytes, err);
}

static bool check_status(struct link_tcp *tcp, uint32_t status, struct error *err)
{
    if (status == STATUS_OK) {
        return true;
    }
    if (status == STATUS_BUSY) {
        return error_set(err, ERROR_PROBE_BUSY,
            "the probe %s is in use by another client of its "
            "server",
            tcp->base.name);
    }
    if (status == STATUS_GONE) {
        tcp->is_lost = true;
        (void)snprintf(
            tcp->lost_cause, sizeof tcp->lost_cause, "its server cannot open it any more");
        return fail_lost(tcp, err);
    }
    return error_set(err, ERROR_USB_PROTOCOL,
        "the server of the probe %s answered status 0x%" PRIx32, tcp->base.name, status);
}

static void fill_send(struct link_tcp *tcp, const uint8_t command[LINK_COMMAND_BYTES], bool is_read,
    size_t size_bytes)
{
    memset(tcp->buffer, 0, SEND_BYTES);
    tcp->buffer[0] = REQUEST_SEND;
    le_put32(tcp->buffer + 4, tcp->connect_id);
    memcpy(tcp->buffer + 8, command, LINK_COMMAND_BYTES);
    tcp->buffer[24] = is_read ? 1 : 0;
    le_put32(tcp->buffer + 28, (uint32_t)size_bytes);
}

static bool check_size(size_t size_bytes, struct error *err)
{
    return size_bytes <= LINK_MAX_DATA_BYTES ||
           error_set(err, ERROR_INTERNAL, "a probe command with %zu bytes", size_bytes);
}

static bool run_one(struct link_tcp *tcp, const struct link_exchange *exchange, struct error *err)
{
    bool is_read = exchange->out_bytes == 0;
    size_t request_bytes = SEND_BYTES + exchange->out_bytes;
    size_t reply_bytes = STATUS_BYTES + exchange->in_bytes;

    if (!check_size(exchange->out_bytes, err) || !check_size(exchange->in_bytes, err)) {
        return false;
    }
    fill_send(tcp, exchange->command, is_read, is_read ? exchange->in_bytes : exchange->out_bytes);
    if (exchange->out_bytes > 0) {
        memcpy(tcp->buffer + SEND_BYTES, exchange->out, exchange->out_bytes);
    }
    if (!request_within(tcp, tcp->buffer, request_bytes, tcp->buffer, reply_bytes, err) ||
        !check_status(tcp, le_get32(tcp->buffer), err)) {
        return false;
    }
    if (exchange->in_bytes > 0) {
        memcpy(exchange->in, tcp->buffer + STATUS_BYTES, exchange->in_bytes);
    }
    return true;
}

/* One after the other: the server takes one request at a time. */
static bool tcp_exchange(
    struct link *link, const struct link_exchange *exchanges, size_t count, struct error *err)
{
    size_t i = 0;

    for (i = 0; i < count; i++) {
        if (!run_one((struct link_tcp *)link, &exchanges[i], err)) {
            return false;
        }
    }
    return true;
}

static uint64_t tcp_now_ns(struct link *link)
{
    (void)link;
    return os_monotonic_ns();
}

static void tcp_wait_ns(struct link *link, uint64_t duration_ns)
{
    (void)link;
    os_sleep_ns(duration_ns);
}

static void close_device(struct link_tcp *tcp)
{
    uint8_t request[8] = {REQUEST_CLOSE};
    uint8_t reply[STATUS_BYTES];
    struct error err;

    le_put32(request + 4, tcp->connect_id);
    if (!request_within(tcp, request, sizeof request, reply, sizeof reply, &err)) {
        log_write(tcp->log, LOG_DEBUG, NULL, "while closing the probe: %s", err.message);
    }
}

static void tcp_close(struct link *link)
{
    struct link_tcp *tcp = (struct link_tcp *)link;

    if (tcp->connect_id != 0 && !tcp->is_lost) {
        close_device(tcp);
    }
    os_socket_close(tcp->socket);
    os_lock_release(tcp->lock);
    free(tcp);
}

static const struct link_ops ops = {
    .exchange = tcp_exchange,
    .now_ns = tcp_now_ns,
    .wait_ns = tcp_wait_ns,
    .close = tcp_close,
};

/* One run at a time for each server address, whatever the selector was. */
static bool take_lock(
    struct link_tcp *tcp, const struct link_tcp_address *address, struct error *err)
{
    char key[96];

    (void)snprintf(key, sizeof key, "tcp-%s-%u", address->host, (unsigned)address->port);
    return probe_lock_take(key, PROBE_LOCK_RUN, tcp->base.name, &tcp->lock, err);
}

static bool handshake(struct link_tcp *tcp, const uint8_t *request, size_t request_bytes,
    uint8_t *reply, size_t reply_bytes, struct error *err)
{
    if (!os_socket_send(tcp->socket, request, request_bytes, err) ||
        !os_socket_receive(tcp->socket, reply, reply_bytes, HANDSHAKE_TIMEOUT_MS, err)) {
        (void)error_add_context(err, "talking to the server of the probe %s", tcp->base.name);
        error_set_hint(err, "is it an ST-LINK server?");
        return false;
    }
    return true;
}

static bool read_server_version(struct link_tcp *tcp, struct error *err)
{
    static const uint8_t request[4] = {REQUEST_VERSION, 1};
    uint8_t reply[16];

    if (!handshake(tcp, request, sizeof request, reply, sizeof reply, err)) {
        return false;
    }
    log_write(tcp->log, LOG_DEBUG, NULL,
        "ST-LINK server API %" PRIu32 ", version %" PRIu32 ".%" PRIu32 ".%" PRIu32, le_get32(reply),
        le_get32(reply + 4), le_get32(reply + 8), le_get32(reply + 12));
    tcp->base.carries_misc = le_get32(reply) >= API_WITH_MISC;
    return true;
}

/* Index 0 must be the only one: the selector names a server, not a device. */
static bool check_count(struct link_tcp *tcp, struct error *err)
{
    static const uint8_t refresh[2] = {REQUEST_REFRESH, 0};
    static const uint8_t count[1] = {REQUEST_COUNT};
    uint8_t reply[4];

    if (!handshake(tcp, refresh, sizeof refresh, reply, sizeof reply, err) ||
        !check_status(tcp, le_get32(reply), err) ||
        !handshake(tcp, count, sizeof count, reply, sizeof reply, err)) {
        return false;
    }
    if (le_get32(reply) == 0) {
        return error_set(err, ERROR_NO_PROBE, "the server %s has no ST-LINK", tcp->base.name);
    }
    if (le_get32(reply) > 1) {
        return error_set(err, ERROR_SEVERAL_PROBES,
            "the server %s has %" PRIu32 " ST-LINKs, only one is supported", tcp->base.name,
            le_get32(reply));
    }
    return true;
}

static void copy_serial(struct link_tcp *tcp, const uint8_t *serial)
{
    size_t i = 0;

    for (i = 0; i < SERIAL_BYTES && serial[i] != 0; i++) {
        tcp->base.serial[i] = isprint(serial[i]) ? (char)serial[i] : '?';
    }
    tcp->base.serial[i] = '\0';
}

/* *is_used: another client has it. */
static bool read_device(struct link_tcp *tcp, uint32_t *device_id, bool *is_used, struct error *err)
{
    static const uint8_t request[8] = {REQUEST_DEVICE_INFO, 0, 0, 0, DEVICE_INFO_BYTES - 4};
    uint8_t reply[DEVICE_INFO_BYTES];

    if (!handshake(tcp, request, sizeof request, reply, sizeof reply, err) ||
        !check_status(tcp, le_get32(reply), err)) {
        return false;
    }
    *device_id = le_get32(reply + 4);
    *is_used = reply[44] != 0;
    copy_serial(tcp, reply + 8);
    return true;
}

static bool open_device(struct link_tcp *tcp, struct error *err)
{
    uint8_t request[8] = {REQUEST_OPEN};
    uint8_t reply[8];
    uint32_t device_id = 0;
    bool is_used = true;
    unsigned tries = 0;

    while (is_used) {
        if (!read_device(tcp, &device_id, &is_used, err)) {
            return false;
        }
        if (is_used && ++tries >= BUSY_TRIES) {
            return check_status(tcp, STATUS_BUSY, err);
        }
        if (is_used) {
            os_sleep_ns(BUSY_WAIT_NS);
        }
    }
    le_put32(request + 4, device_id);
    if (!handshake(tcp, request, sizeof request, reply, sizeof reply, err) ||
        !check_status(tcp, le_get32(reply), err)) {
        return false;
    }
    tcp->connect_id = le_get32(reply + 4);
    return true;
}

bool link_tcp_open(
    const struct link_tcp_address *address, struct log *log, struct link **out, struct error *err)
{
    struct link_tcp *tcp = calloc(1, sizeof *tcp);

    *out = NULL;
    if (tcp == NULL) {
        return error_set(err, ERROR_HOST_IO, "no memory for a connection");
    }
    tcp->base.ops = &ops;
    tcp->log = log;
    if (address->shown_as[0] != '\0') {
        (void)snprintf(tcp->base.name, sizeof tcp->base.name, "%s", address->shown_as);
    } else {
        (void)snprintf(tcp->base.name, sizeof tcp->base.name, "tcp:%s:%u", address->host,
            (unsigned)address->port);
    }
    if (!take_lock(tcp, address, err) ||
        !os_socket_connect(address->host, address->port, CONNECT_TIMEOUT_MS, &tcp->socket, err) ||
        !read_server_version(tcp, err) || !check_count(tcp, err) || !open_device(tcp, err)) {
        tcp_close(&tcp->base);
        return false;
    }
    *out = &tcp->base;
    return true;
}
