/* The door is spoken to as a client does: over a socket, byte by byte from the protocol. */
#include "probe_rig.h"
#include "sim/door_tcp.h"

#include <criterion/criterion.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

struct door_test {
    struct probe_rig rig;
    struct sim_door_board board;
    struct sim_door *door;
    unsigned sessions_begun;
    unsigned sessions_ended;
    uint8_t reply[16384];
};

static uint64_t now_ns(void *context)
{
    return sim_clock_now_ps(&((struct door_test *)context)->rig.clock) / 1000;
}

static void advance_ns(void *context, uint64_t duration_ns)
{
    sim_clock_spend(&((struct door_test *)context)->rig.clock, duration_ns * 1000);
}

static bool is_answering(void *context)
{
    (void)context;
    return true;
}

static void begin_session(void *context)
{
    ((struct door_test *)context)->sessions_begun++;
}

static void end_session(void *context)
{
    ((struct door_test *)context)->sessions_ended++;
}

static void open_door(struct door_test *test)
{
    int why = 0;

    memset(test, 0, sizeof *test);
    rig_create(&test->rig);
    test->board = (struct sim_door_board){test, &test->rig.stlink, "0123456789ABCDEF01234567",
        now_ns, advance_ns, is_answering, begin_session, end_session};
    test->door = sim_door_open(&test->board, 0, &why);
    cr_assert_not_null(test->door, "errno %d", why);
}

static void close_door(struct door_test *test)
{
    sim_door_close(test->door);
    rig_free(&test->rig);
}

static void serve(struct door_test *test)
{
    struct pollfd fds[SIM_DOOR_POLL_FDS];
    size_t count;

    do {
        count = sim_door_fill_poll(test->door, fds);
        if (poll(fds, count, 20) > 0) {
            sim_door_serve(test->door, fds, count);
        } else {
            count = 0;
        }
    } while (count > 0);
}

static int connect_client(struct door_test *test)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(sim_door_port(test->door))};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    cr_assert_eq(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    serve(test);
    return fd;
}

/* Sends a request and takes the one reply, whose length is compared. */
static void ask(
    struct door_test *test, int fd, const uint8_t *request, size_t count, ssize_t reply_bytes)
{
    ssize_t received;

    cr_assert_eq(send(fd, request, count, 0), (ssize_t)count);
    serve(test);
    memset(test->reply, 0xEE, sizeof test->reply);
    received = recv(fd, test->reply, sizeof test->reply, MSG_DONTWAIT);
    cr_assert_eq(received, reply_bytes, "request %02x: %zd bytes", request[0], received);
}

#define ASK(test, fd, reply_bytes, ...)                                                            \
    do {                                                                                           \
        const uint8_t ask_bytes[] = {__VA_ARGS__};                                                 \
        ask(test, fd, ask_bytes, sizeof ask_bytes, reply_bytes);                                   \
    } while (0)

static uint32_t reply_word(const struct door_test *test, size_t at)
{
    const uint8_t *bytes = &test->reply[at];

    return (uint32_t)(bytes[0] | bytes[1] << 8 | bytes[2] << 16) | (uint32_t)bytes[3] << 24;
}

static int open_probe(struct door_test *test)
{
    int fd = connect_client(test);

    ASK(test, fd, 8, 3, 0, 0, 0, 1, 0, 0, 0);
    cr_assert_eq(reply_word(test, 0), 1);
    return fd;
}

/* One USB command: dir 0 writes, 1 reads. */
static void send_usb(struct door_test *test, int fd, uint8_t first, uint8_t second, uint8_t dir,
    uint32_t size, ssize_t reply_bytes)
{
    uint8_t request[32] = {5, 0, 0, 0, 1, 0, 0, 0, first, second};

    request[24] = dir;
    request[28] = (uint8_t)size;
    request[29] = (uint8_t)(size >> 8);
    ask(test, fd, request, sizeof request, reply_bytes);
}

Test(door, lists_one_probe_with_exact_reply_lengths)
{
    struct door_test test;
    int fd;

    open_door(&test);
    fd = connect_client(&test);
    ASK(&test, fd, 16, 6, 1, 0, 0);
    cr_assert_eq(reply_word(&test, 0), 3);
    ASK(&test, fd, 4, 0, 1);
    cr_assert_eq(reply_word(&test, 0), 1);
    ASK(&test, fd, 4, 1);
    cr_assert_eq(reply_word(&test, 0), 1);
    ASK(&test, fd, 45, 2, 0, 0, 0, 41, 0, 0, 0);
    cr_assert_eq(reply_word(&test, 0), 1);
    cr_assert_str_eq((const char *)&test.reply[8], "0123456789ABCDEF01234567");
    cr_assert_eq(reply_word(&test, 40), 0x374E0483);
    cr_assert_eq(test.reply[44], 0);
    ASK(&test, fd, 45, 2, 1, 0, 0, 41, 0, 0, 0);
    cr_assert_eq(reply_word(&test, 0), 0x1002, "an error is padded to the full length");
    (void)close(fd);
    close_door(&test);
}

Test(door, passes_usb_commands_to_the_probe)
{
    struct door_test test;
    int fd;

    open_door(&test);
    fd = open_probe(&test);
    send_usb(&test, fd, 0xF1, 0, 1, 6, 10);
    cr_assert_eq(reply_word(&test, 0), 1);
    cr_assert_eq(test.reply[4], 0x30);
    send_usb(&test, fd, 0xF2, 0x21, 1, 0, 4);
    (void)close(fd);
    close_door(&test);
}

Test(door, takes_write_data_behind_the_request)
{
    struct door_test test;
    uint8_t request[32 + 8] = {5, 0, 0, 0, 1, 0, 0, 0, 0xF2, 0x08, 0x10, 0, 0, 0x24, 8, 0, 1};
    int fd;

    open_door(&test);
    fd = open_probe(&test);
    {
        const uint8_t enter[32] = {5, 0, 0, 0, 1, 0, 0, 0, 0xF2, 0x30, 0xA3, [24] = 1, [28] = 2};
        const uint8_t init_ap[32] = {5, 0, 0, 0, 1, 0, 0, 0, 0xF2, 0x4B, 1, [24] = 1, [28] = 2};

        ask(&test, fd, enter, sizeof enter, 6);
        ask(&test, fd, init_ap, sizeof init_ap, 6);
    }
    request[28] = 8;
    memcpy(&request[32], "ABCDEFGH", 8);
    ask(&test, fd, request, sizeof request, 4);
    cr_assert_arr_eq(&test.rig.ram[0x10], "ABCDEFGH", 8);
    (void)close(fd);
    close_door(&test);
}

Test(door, serves_a_request_that_arrives_in_pieces)
{
    struct door_test test;
    const uint8_t head[3] = {3, 0, 0};
    int fd;

    open_door(&test);
    fd = connect_client(&test);
    cr_assert_eq(send(fd, head, sizeof head, 0), 3);
    serve(&test);
    ASK(&test, fd, 8, 0, 1, 0, 0, 0);
    cr_assert_eq(reply_word(&test, 0), 1);
    (void)close(fd);
    close_door(&test);
}

Test(door, a_second_client_is_told_that_the_probe_is_busy)
{
    struct door_test test;
    int first;
    int second;

    open_door(&test);
    first = open_probe(&test);
    second = connect_client(&test);
    ASK(&test, second, 45, 2, 0, 0, 0, 41, 0, 0, 0);
    cr_assert_eq(test.reply[44], 1);
    ASK(&test, second, 8, 3, 0, 0, 0, 1, 0, 0, 0);
    cr_assert_eq(reply_word(&test, 0), 0x2004);
    send_usb(&test, second, 0xF1, 0, 1, 6, 10);
    cr_assert_eq(reply_word(&test, 0), 0x1002);
    ASK(&test, second, 16, 0x81, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0);
    cr_assert_eq(reply_word(&test, 0), 0x2004);
    (void)close(first);
    serve(&test);
    ASK(&test, second, 8, 3, 0, 0, 0, 1, 0, 0, 0);
    cr_assert_eq(reply_word(&test, 0), 1);
    cr_assert_eq(test.sessions_begun, 2);
    cr_assert_eq(test.sessions_ended, 1);
    (void)close(second);
    close_door(&test);
}

Test(door, a_client_that_has_just_gone_does_not_keep_its_successor_out)
{
    struct door_test test;
    int other;
    int first;
    int second;

    open_door(&test);
    other = connect_client(&test); /* takes the first slot, so that the successor gets it */
    first = open_probe(&test);
    (void)close(other);
    serve(&test);
    second = connect_client(&test);
    cr_assert_eq(send(first, "\x05\0\0\0", 4, 0), 4);
    (void)close(first);
    ASK(&test, second, 8, 3, 0, 0, 0, 1, 0, 0, 0);
    cr_assert_eq(reply_word(&test, 0), 1);
    (void)close(second);
    close_door(&test);
}

Test(door, reads_and_advances_the_virtual_clock)
{
    struct door_test test;
    int fd;

    open_door(&test);
    fd = connect_client(&test);
    ASK(&test, fd, 16, 0x80, 0, 0, 0);
    cr_assert_eq(reply_word(&test, 0), 1);
    cr_assert_eq(reply_word(&test, 8), 0);
    /* 5,000,000,000 ns */
    ASK(&test, fd, 16, 0x81, 0, 0, 0, 0, 0, 0, 0, 0x00, 0xF2, 0x05, 0x2A, 1, 0, 0, 0);
    cr_assert_eq(reply_word(&test, 0), 1);
    cr_assert_eq(reply_word(&test, 8), 0x2A05F200);
    cr_assert_eq(reply_word(&test, 12), 1);
    ASK(&test, fd, 16, 0x81, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F);
    cr_assert_eq(reply_word(&test, 0), 0x1002, "more than an hour");
    (void)close(fd);
    close_door(&test);
}

Test(door, drops_clients_that_do_not_speak_the_protocol)
{
    struct door_test test;
    uint8_t huge[32] = {5, 0, 0, 0, 1, 0, 0, 0, 0xF2, 0x08};
    int fd;

    open_door(&test);
    fd = connect_client(&test);
    ASK(&test, fd, 0, 'G', 'E', 'T', ' ', '/');
    (void)close(fd);
    fd = open_probe(&test);
    memset(&huge[28], 0xFF, 4);
    ask(&test, fd, huge, sizeof huge, 0);
    (void)close(fd);
    cr_assert_not(sim_door_is_in_use(test.door));
    close_door(&test);
}

Test(door, survives_a_client_that_goes_in_the_middle_of_a_command)
{
    struct door_test test;
    const uint8_t half[40] = {
        5, 0, 0, 0, 1, 0, 0, 0, 0xF2, 0x08, 0, 0, 0, 0x24, 64, 0, 1, [28] = 64};
    int fd;

    open_door(&test);
    fd = open_probe(&test);
    cr_assert_eq(send(fd, half, sizeof half, 0), (ssize_t)sizeof half);
    serve(&test);
    (void)close(fd);
    serve(&test);
    cr_assert_not(sim_door_has_connections(test.door));
    fd = open_probe(&test);
    cr_assert_eq(reply_word(&test, 0), 1);
    (void)close(fd);
    close_door(&test);
}

Test(door, an_unplugged_probe_comes_back_when_its_client_is_gone)
{
    struct door_test test;
    const char *why = NULL;
    int fd;

    open_door(&test);
    fd = open_probe(&test);
    cr_assert(sim_inject_arm(test.rig.env.inject, "usb-unplug@1", &why));
    send_usb(&test, fd, 0xF1, 0, 1, 6, 10);
    cr_assert_eq(reply_word(&test, 0), 0x1003);
    ASK(&test, fd, 4, 1);
    cr_assert_eq(reply_word(&test, 0), 0);
    ASK(&test, fd, 8, 3, 0, 0, 0, 1, 0, 0, 0);
    cr_assert_eq(reply_word(&test, 0), 0x1003);
    (void)close(fd);
    serve(&test);
    fd = connect_client(&test);
    ASK(&test, fd, 4, 1);
    cr_assert_eq(reply_word(&test, 0), 1);
    (void)close(fd);
    close_door(&test);
}

Test(door, names_the_product_of_the_model_and_lists_no_other_kind_of_probe)
{
    struct door_test test;
    int fd;

    open_door(&test);
    sim_stlink_set_firmware(&test.rig.stlink, &sim_stlink_firmware_v2);
    fd = connect_client(&test);
    ASK(&test, fd, 45, 2, 0, 0, 0, 41, 0, 0, 0);
    cr_assert_eq(reply_word(&test, 40), 0x37480483);
    test.board.stlink = NULL;
    ASK(&test, fd, 4, 1);
    cr_assert_eq(reply_word(&test, 0), 0);
    ASK(&test, fd, 45, 2, 0, 0, 0, 41, 0, 0, 0);
    cr_assert_eq(reply_word(&test, 0), 0x1002);
    ASK(&test, fd, 8, 3, 0, 0, 0, 1, 0, 0, 0);
    cr_assert_eq(reply_word(&test, 0), 0x1003);
    (void)close(fd);
    close_door(&test);
}

/* The same commands as over USB, one wait each. */
Test(door, counts_a_wait_for_each_request)
{
    struct door_test test;
    int fd;

    open_door(&test);
    fd = open_probe(&test);
    sim_report_begin_session(test.rig.env.report);
    send_usb(&test, fd, 0xF1, 0, 1, 6, 10);
    send_usb(&test, fd, 0xF5, 0, 1, 2, 6);
    cr_assert_eq(sim_report_cost_total(test.rig.env.report, SIM_COST_LINK_WAITS), 2);
    (void)close(fd);
    close_door(&test);
}
