#include "host/probe/link_sim.h"

#include "common/le.h"
#include "host/base/os.h"
#include "host/base/text.h"
#include "host/probe/link_tcp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    GET_CLOCK = 0x80,
    ADVANCE_CLOCK = 0x81,
    CLOCK_REPLY_BYTES = 16,
    STATUS_OK = 1,
    /* One advance is at most this long, so that a signal is seen and the board has answered long
     * before the time limit of the connection. */
    SLICE_NS = 10000000,
    OUTPUT_BYTES = 4096,
    EXIT_BOARD_UNKNOWN = 4,
    EXIT_BUSY = 12
};

struct link_sim {
    struct link base;
    struct link *tcp; /* owned */
    uint64_t last_ns;
    uint64_t lost_at_ns; /* host clock when the board was lost; 0: it answers */
};

/* Once the board is gone its clock goes on as the host's, so that bounded waits end. */
static uint64_t clock_without_board(struct link_sim *sim)
{
    if (sim->lost_at_ns == 0) {
        sim->lost_at_ns = os_monotonic_ns();
    }
    return sim->last_ns + (os_monotonic_ns() - sim->lost_at_ns);
}

static bool ask_clock(struct link_sim *sim, const uint8_t *request, size_t request_bytes)
{
    uint8_t reply[CLOCK_REPLY_BYTES];
    struct error err;

    if (sim->lost_at_ns != 0 ||
        !link_tcp_request(sim->tcp, request, request_bytes, reply, sizeof reply, &err) ||
        le_get32(reply) != STATUS_OK) {
        return false;
    }
    sim->last_ns = le_get64(reply + 8);
    return true;
}

static uint64_t sim_now_ns(struct link *link)
{
    static const uint8_t request[4] = {GET_CLOCK};
    struct link_sim *sim = (struct link_sim *)link;

    return ask_clock(sim, request, sizeof request) ? sim->last_ns : clock_without_board(sim);
}

static void sim_wait_ns(struct link *link, uint64_t duration_ns)
{
    struct link_sim *sim = (struct link_sim *)link;
    uint8_t request[16] = {ADVANCE_CLOCK};
    bool was_pending = os_signal_pending() != 0;

    while (duration_ns > 0 && (was_pending || os_signal_pending() == 0)) {
        uint64_t slice_ns = duration_ns < SLICE_NS ? duration_ns : SLICE_NS;

        le_put64(request + 8, slice_ns);
        if (!ask_clock(sim, request, sizeof request)) {
            (void)clock_without_board(sim);
            return;
        }
        duration_ns -= slice_ns;
    }
}

static bool sim_exchange(
    struct link *link, const struct link_exchange *exchanges, size_t count, struct error *err)
{
    struct link *tcp = ((struct link_sim *)link)->tcp;

    return tcp->ops->exchange(tcp, exchanges, count, err);
}

static void sim_close(struct link *link)
{
    struct link_sim *sim = (struct link_sim *)link;

    sim->tcp->ops->close(sim->tcp);
    free(sim);
}

static const struct link_ops ops = {
    .exchange = sim_exchange,
    .now_ns = sim_now_ns,
    .wait_ns = sim_wait_ns,
    .close = sim_close,
};

static bool check_clock(struct link_sim *sim, struct error *err)
{
    static const uint8_t request[4] = {GET_CLOCK};

    return ask_clock(sim, request, sizeof request) ||
           error_set(err, ERROR_NO_PROBE, "%s is not a virtual board: it has no virtual clock",
               sim->tcp->name);
}

bool link_sim_join(
    const char *name_instance, uint16_t port, struct log *log, struct link **out, struct error *err)
{
    struct link_tcp_address address = {.host = "127.0.0.1", .port = port};
    struct link_sim *sim = calloc(1, sizeof *sim);

    *out = NULL;
    if (sim == NULL) {
        return error_set(err, ERROR_HOST_IO, "no memory for a connection");
    }
    (void)snprintf(address.shown_as, sizeof address.shown_as, "sim:%.60s%s (127.0.0.1:%u)",
        name_instance, strchr(name_instance, '#') != NULL ? "" : "#0", (unsigned)port);
    if (!link_tcp_open(&address, log, &sim->tcp, err)) {
        goto free_sim;
    }
    if (!check_clock(sim, err)) {
        goto close_tcp;
    }
    sim->base = *sim->tcp;
    sim->base.ops = &ops;
    sim->base.is_modelled = true;
    *out = &sim->base;
    return true;
close_tcp:
    sim->tcp->ops->close(sim->tcp);
free_sim:
    free(sim);
    return false;
}

/* The words of the program without line ends, for one sentence. */
static void trim_line(char *text)
{
    text[strcspn(text, "\r\n")] = '\0';
}

static bool fail_start(int status, char *errors, const char *name_instance, struct error *err)
{
    enum error_code code = ERROR_NO_PROBE;
    const char *said = errors;

    trim_line(errors);
    /* Its own name in front adds nothing. */
    if (strncmp(said, "xflash-vboard: ", 15) == 0) {
        said += 15;
    }
    if (status == EXIT_BOARD_UNKNOWN) {
        code = ERROR_BOARD_UNKNOWN;
    } else if (status == EXIT_BUSY) {
        code = ERROR_PROBE_BUSY;
    }
    (void)error_set(err, code, "the virtual board %s did not start: %s", name_instance,
        said[0] != '\0' ? said : "it gave no reason");
    if (code == ERROR_BOARD_UNKNOWN) {
        error_set_hint(err, "`xflash sim list` shows the virtual boards there are");
    }
    return false;
}

static bool parse_port(const char *line, uint16_t *port)
{
    static const char host[] = "127.0.0.1:";
    unsigned long value = 0;
    char *end = NULL;

    if (strncmp(line, host, sizeof host - 1) != 0) {
        return false;
    }
    value = strtoul(line + sizeof host - 1, &end, 10);
    if (end == line + sizeof host - 1 || (*end != '\0' && *end != '\n') || value == 0 ||
        value > UINT16_MAX) {
        return false;
    }
    *port = (uint16_t)value;
    return true;
}

static bool run_program(
    const char *path, const char *name_instance, uint16_t *port, struct error *err)
{
    const char *const argv[] = {path, "start", name_instance, NULL};
    char *output = NULL;
    char *errors = NULL;
    int status = 0;
    bool is_started = false;

    if (!os_run_program(argv, OUTPUT_BYTES, &output, &errors, &status, err)) {
        return error_add_context(err, "starting the virtual board %s", name_instance);
    }
    if (status != 0) {
        (void)fail_start(status, errors, name_instance, err);
    } else if (!parse_port(output, port)) {
        trim_line(output);
        (void)error_set(err, ERROR_NO_PROBE,
            "the virtual board %s said \"%.64s\" instead of its address", name_instance, output);
    } else {
        is_started = true;
    }
    free(output);
    free(errors);
    return is_started;
}

bool link_sim_open(const char *name_instance, struct log *log, struct link **out, struct error *err)
{
    char *folder = os_executable_directory();
    char *path = folder != NULL ? text_format("%s/xflash-vboard", folder) : NULL;
    uint16_t port = 0;
    bool is_open = false;

    *out = NULL;
    if (path == NULL) {
        (void)error_set(err, ERROR_HOST_IO, "the folder of this program is not known");
    } else if (!os_file_exists(path)) {
        (void)error_set(err, ERROR_NO_PROBE, "the virtual board's program %s is missing", path);
        error_set_hint(err, "build or install it beside xflash");
    } else {
        is_open = run_program(path, name_instance, &port, err) &&
                  link_sim_join(name_instance, port, log, out, err);
    }
    free(path);
    free(folder);
    return is_open;
}
