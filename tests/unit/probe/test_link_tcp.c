/* The ST-LINK server protocol against a server of this file: one scripted reply for each request,
 * on a loopback socket. */
#define _POSIX_C_SOURCE 200809L /* mkdtemp, setenv */
#include "common/le.h"
#include "host/base/os.h"
#include "host/probe/link_sim.h"
#include "host/probe/link_tcp.h"

#include <criterion/criterion.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct server {
    int listener;
    uint16_t port;
    pthread_t thread;
    uint32_t api;
    uint32_t count;       /* devices */
    unsigned used_looks;  /* so many times the device is in use */
    uint32_t send_status; /* of SEND */
    bool is_silent;       /* answers nothing after OPEN */
    bool hangs_up;        /* closes the connection at the first SEND */
    bool has_clock;
    uint64_t now_ns;
    uint8_t last_send[32 + 64]; /* the last SEND as it came */
    unsigned closed;            /* CLOSE requests */
    unsigned sends;             /* SEND requests */
};

static struct server server;

static bool receive(int file, void *bytes, size_t count)
{
    return recv(file, bytes, count, MSG_WAITALL) == (ssize_t)count;
}

static bool reply(int file, const uint8_t *bytes, size_t count)
{
    return send(file, bytes, count, MSG_NOSIGNAL) == (ssize_t)count;
}

static bool serve_send(int file, uint8_t *request)
{
    uint8_t answer[4 + 64] = {0};
    uint32_t size_bytes = 0;

    if (!receive(file, request + 1, 31)) {
        return false;
    }
    size_bytes = le_get32(request + 28);
    cr_assert_leq(size_bytes, 64);
    if (request[24] == 0 && !receive(file, request + 32, size_bytes)) {
        return false;
    }
    memcpy(server.last_send, request, sizeof server.last_send);
    server.sends++;
    if (server.hangs_up) {
        return false;
    }
    if (server.is_silent) {
        return true;
    }
    le_put32(answer, server.send_status);
    memset(answer + 4, 0x5A, 64);
    return reply(file, answer, request[24] == 1 ? 4 + size_bytes : 4);
}

static bool serve_device(int file)
{
    uint8_t answer[45] = {1};

    le_put32(answer + 4, 0x1234);
    memcpy(answer + 8, "00380031\x07", 9);
    answer[44] = server.used_looks > 0 ? 1 : 0;
    server.used_looks -= server.used_looks > 0 ? 1 : 0;
    return reply(file, answer, sizeof answer);
}

static bool serve_clock(int file, uint8_t *request)
{
    uint8_t answer[16] = {1};

    if (!server.has_clock || !receive(file, request + 1, request[0] == 0x80 ? 3 : 15)) {
        return false;
    }
    server.now_ns += request[0] == 0x81 ? le_get64(request + 8) : 0;
    le_put64(answer + 8, server.now_ns);
    return reply(file, answer, sizeof answer);
}

static bool serve_one(int file)
{
    /* Length of the rest of each request, and of its reply. */
    static const size_t rest[] = {1, 0, 7, 7, 7, 31, 3};
    static const size_t lengths[] = {4, 4, 45, 8, 4, 0, 16};
    uint8_t request[32 + 64] = {0};
    uint8_t answer[64] = {1};

    if (!receive(file, request, 1)) {
        return false;
    }
    if (request[0] == 0x80 || request[0] == 0x81) {
        return serve_clock(file, request);
    }
    if (request[0] == 5) {
        return serve_send(file, request);
    }
    cr_assert_leq(request[0], 6);
    if (rest[request[0]] > 0 && !receive(file, request + 1, rest[request[0]])) {
        return false;
    }
    if (request[0] == 2) {
        return serve_device(file);
    }
    server.closed += request[0] == 4 ? 1 : 0;
    le_put32(answer, request[0] == 1 ? server.count : (request[0] == 6 ? server.api : 1));
    le_put32(answer + 4, 0x77);
    return reply(file, answer, lengths[request[0]]);
}

static void *serve(void *context)
{
    int file = -1;

    (void)context;
    while ((file = accept(server.listener, NULL, NULL)) >= 0) {
        while (serve_one(file)) {
        }
        (void)close(file);
    }
    return NULL;
}

static char runtime_folder[] = "/tmp/xflash-unit-XXXXXX";

static void set_up(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;

    memset(&server, 0, sizeof server);
    server.api = 3;
    server.count = 1;
    server.send_status = 1;
    cr_assert_not_null(mkdtemp(runtime_folder));
    (void)setenv("XDG_RUNTIME_DIR", runtime_folder, 1);
    (void)signal(SIGPIPE, SIG_IGN);
    server.listener = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(bind(server.listener, (struct sockaddr *)&address, sizeof address), 0);
    cr_assert_eq(listen(server.listener, 4), 0);
    cr_assert_eq(getsockname(server.listener, (struct sockaddr *)&address, &length), 0);
    server.port = ntohs(address.sin_port);
    cr_assert_eq(pthread_create(&server.thread, NULL, serve, NULL), 0);
}

static void tear_down(void)
{
    char command[128];

    (void)shutdown(server.listener, SHUT_RDWR);
    (void)pthread_join(server.thread, NULL);
    (void)close(server.listener);
    (void)snprintf(command, sizeof command, "rm -rf %s", runtime_folder);
    (void)system(command);
}

TestSuite(link_tcp, .init = set_up, .fini = tear_down, .timeout = 30);

static bool open_link(struct link **link, struct error *err)
{
    struct link_tcp_address address = {.host = "127.0.0.1", .port = server.port};

    return link_tcp_open(&address, NULL, link, err);
}

static struct link *open_or_fail(void)
{
    struct link *link = NULL;
    struct error err;

    cr_assert(open_link(&link, &err), "%s", err.message);
    return link;
}

static bool read_from(struct link *link, const uint8_t command[LINK_COMMAND_BYTES], uint8_t *bytes,
    size_t size_bytes, struct error *err)
{
    struct link_exchange exchange = {.in = bytes, .in_bytes = size_bytes};

    memcpy(exchange.command, command, LINK_COMMAND_BYTES);
    return link->ops->exchange(link, &exchange, 1, err);
}

static bool write_to(struct link *link, const uint8_t command[LINK_COMMAND_BYTES],
    const uint8_t *bytes, size_t size_bytes, struct error *err)
{
    struct link_exchange exchange = {.out = bytes, .out_bytes = size_bytes};

    memcpy(exchange.command, command, LINK_COMMAND_BYTES);
    return link->ops->exchange(link, &exchange, 1, err);
}

Test(link_tcp, carries_commands_with_data_both_ways)
{
    static const uint8_t get_version[LINK_COMMAND_BYTES] = {0xF1};
    static const uint8_t write_memory[LINK_COMMAND_BYTES] = {0xF2, 0x08};
    struct link *link = open_or_fail();
    struct error err;
    uint8_t bytes[8] = {0};

    cr_assert_str_eq(link->serial, "00380031?");
    cr_assert(link->carries_misc);
    cr_assert(read_from(link, get_version, bytes, 6, &err), "%s", err.message);
    cr_assert_eq(bytes[5], 0x5A);
    cr_assert_eq(bytes[6], 0);
    cr_assert_eq(server.last_send[24], 1);
    cr_assert_eq(le_get32(server.last_send + 4), 0x77, "the connect ID");
    cr_assert_eq(le_get32(server.last_send + 28), 6);
    cr_assert(write_to(link, write_memory, bytes, 8, &err), "%s", err.message);
    cr_assert_eq(server.last_send[9], 0x08);
    cr_assert_eq(server.last_send[24], 0);
    cr_assert_eq(server.last_send[32 + 5], 0x5A);
    link->ops->close(link);
    cr_assert_eq(server.closed, 1);
}

Test(link_tcp, a_command_without_reply_is_a_read_of_nothing)
{
    static const uint8_t leave[LINK_COMMAND_BYTES] = {0xF2, 0x21};
    struct link *link = open_or_fail();
    struct error err;

    cr_assert(read_from(link, leave, NULL, 0, &err), "%s", err.message);
    cr_assert_eq(server.last_send[24], 1);
    cr_assert_eq(le_get32(server.last_send + 28), 0);
    link->ops->close(link);
}

Test(link_tcp, says_several_exchanges_one_after_the_other)
{
    struct link *link = open_or_fail();
    struct error err;
    uint8_t data[8] = {7};
    uint8_t status[12] = {0};
    struct link_exchange exchanges[] = {
        {.command = {0xF2, 0x08}, .out = data, .out_bytes = sizeof data},
        {.command = {0xF2, 0x3E}, .in = status, .in_bytes = sizeof status}};

    cr_assert(link->ops->exchange(link, exchanges, 2, &err), "%s", err.message);
    cr_assert_eq(server.sends, 2);
    cr_assert_eq(server.last_send[9], 0x3E);
    cr_assert_eq(status[11], 0x5A);
    server.send_status = 0x1001;
    cr_assert_not(link->ops->exchange(link, exchanges, 2, &err));
    cr_assert_eq(server.sends, 3, "nothing after the first failure");
    link->ops->close(link);
}

Test(link_tcp, an_old_server_carries_no_scattered_words)
{
    struct link *link = NULL;

    server.api = 2;
    link = open_or_fail();
    cr_assert_not(link->carries_misc);
    link->ops->close(link);
}

/* The message is: before, the address of the server, after. */
static void expect_open_failure(enum error_code code, const char *before, const char *after)
{
    struct link *link = NULL;
    struct error err;
    char expected[256];

    (void)snprintf(
        expected, sizeof expected, "%stcp:127.0.0.1:%u%s", before, (unsigned)server.port, after);
    cr_assert_not(open_link(&link, &err));
    cr_assert_null(link);
    cr_assert_str_eq(err.message, expected);
    cr_assert_eq(err.code, code);
}

Test(link_tcp, needs_exactly_one_device)
{
    server.count = 0;
    expect_open_failure(ERROR_NO_PROBE, "the server ", " has no ST-LINK");
    server.count = 2;
    expect_open_failure(
        ERROR_SEVERAL_PROBES, "the server ", " has 2 ST-LINKs, only one is supported");
}

Test(link_tcp, waits_a_moment_for_a_device_whose_client_has_just_died)
{
    struct link *link = NULL;

    server.used_looks = 2;
    link = open_or_fail();
    cr_assert_eq(server.used_looks, 0);
    link->ops->close(link);
}

Test(link_tcp, refuses_a_device_that_is_in_use)
{
    server.used_looks = 100;
    expect_open_failure(
        ERROR_PROBE_BUSY, "the probe ", " is in use by another client of its server");
}

Test(link_tcp, names_the_process_that_holds_the_probe)
{
    struct link *link = open_or_fail();
    char expected[128];

    (void)snprintf(expected, sizeof expected, " is in use by process %d (xflash)", (int)getpid());
    expect_open_failure(ERROR_PROBE_BUSY, "the probe ", expected);
    link->ops->close(link);
    link = open_or_fail(); /* free again */
    link->ops->close(link);
}

Test(link_tcp, a_peer_that_hangs_up_is_a_lost_probe_at_once_and_for_ever)
{
    static const uint8_t get_version[LINK_COMMAND_BYTES] = {0xF1};
    struct link *link = open_or_fail();
    struct error err;
    uint8_t bytes[6];
    uint64_t begin_ns = os_monotonic_ns();

    server.hangs_up = true;
    cr_assert_not(read_from(link, get_version, bytes, sizeof bytes, &err));
    cr_assert_eq(err.code, ERROR_USB_LOST);
    cr_assert_str_neq(err.hint, "");
    cr_assert_not(read_from(link, get_version, bytes, sizeof bytes, &err));
    cr_assert_eq(err.code, ERROR_USB_LOST);
    link->ops->close(link);
    cr_assert_lt(os_monotonic_ns() - begin_ns, 2000000000);
}

Test(link_tcp, a_status_that_is_not_ok_is_an_error)
{
    static const uint8_t get_version[LINK_COMMAND_BYTES] = {0xF1};
    struct link *link = open_or_fail();
    struct error err;
    uint8_t bytes[6];

    server.send_status = 0x1001;
    cr_assert_not(read_from(link, get_version, bytes, sizeof bytes, &err));
    cr_assert_eq(err.code, ERROR_USB_PROTOCOL);
    server.send_status = 0x2004;
    cr_assert_not(read_from(link, get_version, bytes, sizeof bytes, &err));
    cr_assert_eq(err.code, ERROR_PROBE_BUSY);
    link->ops->close(link);
}

Test(link_tcp, nothing_listens)
{
    struct link_tcp_address address = {.host = "127.0.0.1", .port = 1};
    struct link *link = NULL;
    struct error err;

    cr_assert_not(link_tcp_open(&address, NULL, &link, &err));
    cr_assert_eq(err.code, ERROR_NO_PROBE);
    cr_assert_null(link);
}

Test(link_tcp, a_virtual_board_supplies_the_clock)
{
    struct link *link = NULL;
    struct error err;

    server.has_clock = true;
    server.now_ns = 5000;
    cr_assert(link_sim_join("nucleo", server.port, NULL, &link, &err), "%s", err.message);
    cr_assert(link->is_modelled);
    cr_assert_eq(link->ops->now_ns(link), 5000);
    link->ops->wait_ns(link, 123456789);
    cr_assert_eq(link->ops->now_ns(link), 123461789);
    link->ops->close(link);
    cr_assert_eq(server.closed, 1);
}

Test(link_tcp, names_a_virtual_board_by_its_selector)
{
    struct link *link = NULL;
    struct error err;
    char expected[64];

    server.has_clock = true;
    cr_assert(link_sim_join("nucleo#2", server.port, NULL, &link, &err), "%s", err.message);
    (void)snprintf(expected, sizeof expected, "sim:nucleo#2 (127.0.0.1:%u)", (unsigned)server.port);
    cr_assert_str_eq(link->name, expected);
    link->ops->close(link);
}

Test(link_tcp, a_server_without_a_virtual_clock_is_no_virtual_board)
{
    struct link *link = NULL;
    struct error err;

    cr_assert_not(link_sim_join("nucleo", server.port, NULL, &link, &err));
    cr_assert_eq(err.code, ERROR_NO_PROBE);
    cr_assert_null(link);
}

Test(link_tcp, waits_end_when_the_virtual_board_is_gone)
{
    struct link *link = NULL;
    struct error err;
    uint64_t before_ns = 0;
    uint64_t begin_ns = os_monotonic_ns();

    server.has_clock = true;
    cr_assert(link_sim_join("nucleo", server.port, NULL, &link, &err), "%s", err.message);
    before_ns = link->ops->now_ns(link);
    server.has_clock = false; /* hangs up at the next request */
    link->ops->wait_ns(link, 3600000000000);
    os_sleep_ns(20000000);
    cr_assert_gt(link->ops->now_ns(link), before_ns, "time goes on, so that bounds end waits");
    link->ops->close(link);
    cr_assert_lt(os_monotonic_ns() - begin_ns, 2000000000);
}
