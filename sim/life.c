#include "sim/life.h"

#include "sim/control.h"
#include "sim/usb_start.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    IDLE_MS = 10 * 60 * 1000,
    PACE_SLICE_MS = 2,
    LONGEST_SLICE_MS = 50, /* arrears beyond it are dropped: the host was asleep or too slow */
    START_PATIENCE_MS = 10000,
    SETTLE_MS = 20
};

static uint64_t host_ns(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint64_t host_ms(void)
{
    return host_ns() / 1000000;
}

uint64_t sim_life_now_ns(const struct sim_life *life)
{
    return sim_machine_now_ns(life->machine);
}

void sim_life_advance(struct sim_life *life, uint64_t duration_ns)
{
    sim_machine_advance(life->machine, duration_ns * SIM_PS_PER_NS);
}

void sim_life_begin_session(struct sim_life *life)
{
    struct sim_failure failure;

    if (!sim_state_refresh(&life->state, &failure)) {
        (void)fprintf(stderr, "xflash-vboard: %s\n", failure.text);
    }
    sim_machine_storage_changed(life->machine);
    if (life->machine->phase == SIM_PHASE_OFF) {
        /* a power cut is over when the next person comes to the desk */
        sim_machine_power_cycle(life->machine);
        sim_life_settle(life);
    }
    sim_report_begin_session(life->machine->env.report);
    life->paced_ns = host_ns();
}

void sim_life_end_session(struct sim_life *life)
{
    life->last_client_ms = host_ms();
}

void sim_life_settle(struct sim_life *life)
{
    sim_machine_advance(life->machine, SETTLE_MS * SIM_PS_PER_MS);
}

static void create_machine(struct sim_life *life)
{
    life->machine = sim_machine_create(life->state.name.board, &life->state.storage);
    life->machine->stop_on_violation = life->options.stop_on_violation;
    sim_probe_set_model(life->machine->probe, life->options.model);
    sim_probe_set_serial(life->machine->probe, life->state.serial);
    sim_life_describe_doors(life);
    sim_life_settle(life);
    sim_report_begin_session(life->machine->env.report);
}

/* The new serial number makes it another device on USB. */
bool sim_life_factory_reset(struct sim_life *life, struct sim_failure *failure)
{
    bool is_on_usb = life->usb != NULL && sim_door_usb_is_plugged(life->usb);

    if (!sim_state_factory_reset(&life->state, failure)) {
        return false;
    }
    if (is_on_usb) {
        sim_door_usb_set_plugged(life->usb, false);
    }
    sim_machine_free(life->machine);
    create_machine(life);
    if (life->usb != NULL) {
        sim_door_usb_board_changed(life->usb);
        sim_door_usb_set_plugged(life->usb, is_on_usb);
    }
    return true;
}

static int open_signals(void)
{
    sigset_t signals;

    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGHUP);
    if (pthread_sigmask(SIG_BLOCK, &signals, NULL) != 0) {
        return -1;
    }
    return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

static bool publish(struct sim_life *life, struct sim_failure *failure)
{
    char text[32];
    int folder_fd = life->state.folder_fd;

    (void)snprintf(text, sizeof text, "%jd\n", (intmax_t)getpid());
    if (!sim_state_write_text(folder_fd, "pid", text)) {
        return sim_fail_errno(failure, "writing %s/pid", life->state.name.text);
    }
    (void)snprintf(text, sizeof text, "127.0.0.1:%u\n", (unsigned)sim_door_port(life->door));
    if (!sim_state_write_text(folder_fd, "address", text)) {
        return sim_fail_errno(failure, "writing %s/address", life->state.name.text);
    }
    life->control_fd = sim_control_listen(folder_fd);
    if (life->control_fd < 0) {
        return sim_fail_errno(failure, "opening %s/control", life->state.name.text);
    }
    return true;
}

static bool begin_life(
    struct sim_life *life, const struct sim_state_name *name, struct sim_failure *failure)
{
    int why = 0;

    life->control_fd = -1;
    life->signal_fd = open_signals();
    if (life->signal_fd < 0 || !sim_state_open(&life->state, name, failure)) {
        return false;
    }
    create_machine(life);
    life->door = sim_door_open(&life->door_board, life->options.port, &why);
    if (life->door == NULL) {
        errno = why;
        return sim_fail_errno(failure, "listening on 127.0.0.1:%u", (unsigned)life->options.port);
    }
    life->last_client_ms = host_ms();
    return publish(life, failure) && (!life->options.has_usb || sim_life_open_usb(life, failure));
}

static void end_life(struct sim_life *life)
{
    sim_door_usb_close(life->usb);
    sim_door_close(life->door);
    sim_machine_free(life->machine);
    if (life->control_fd >= 0) {
        (void)close(life->control_fd);
        (void)unlinkat(life->state.folder_fd, "control", 0);
        (void)unlinkat(life->state.folder_fd, "address", 0);
        (void)unlinkat(life->state.folder_fd, "pid", 0);
    }
    if (life->signal_fd >= 0) {
        (void)close(life->signal_fd);
    }
    sim_state_close(&life->state);
}

static void serve_control(struct sim_life *life)
{
    struct sim_control_request request;
    int fd = sim_control_receive(life->control_fd, &request);
    char *text = NULL;
    enum sim_exit exit_code = SIM_EXIT_OK;

    if (fd < 0) {
        return;
    }
    exit_code = sim_life_run_command(life, request.argc, request.argv, &text);
    sim_control_answer(fd, exit_code, text != NULL ? text : "");
    free(text);
    life->last_client_ms = host_ms();
    life->paced_ns = host_ns();
}

/* Virtual time follows the host while a client is connected and nothing else advances it. */
static void follow_host(struct sim_life *life)
{
    const uint64_t longest_ns = (uint64_t)LONGEST_SLICE_MS * 1000000;
    uint64_t now = host_ns();
    uint64_t behind_ns = now - life->paced_ns;

    life->paced_ns = now;
    if (sim_life_has_clients(life)) {
        sim_life_advance(life, behind_ns < longest_ns ? behind_ns : longest_ns);
    }
}

static int poll_timeout_ms(const struct sim_life *life)
{
    uint64_t idle_ms = host_ms() - life->last_client_ms;

    if (sim_life_has_clients(life)) {
        return life->options.is_paced ? PACE_SLICE_MS : -1;
    }
    return idle_ms >= IDLE_MS ? 0 : (int)(IDLE_MS - idle_ms);
}

static void live(struct sim_life *life)
{
    struct pollfd fds[SIM_LIFE_DOOR_FDS + 2];

    while (!life->is_ending) {
        size_t door_count = sim_life_fill_poll(life, fds);
        int ready = 0;

        fds[door_count] = (struct pollfd){.fd = life->control_fd, .events = POLLIN};
        fds[door_count + 1] = (struct pollfd){.fd = life->signal_fd, .events = POLLIN};
        ready = poll(fds, door_count + 2, poll_timeout_ms(life));
        if (ready < 0) {
            continue;
        }
        if (ready == 0 && !sim_life_has_clients(life)) {
            return; /* idle */
        }
        if (life->options.is_paced) {
            follow_host(life);
        }
        sim_life_serve_doors(life, fds, door_count);
        life->paced_ns = host_ns(); /* a request has a duration of its own */
        if (fds[door_count].revents != 0) {
            serve_control(life);
        }
        life->is_ending = life->is_ending || fds[door_count + 1].revents != 0;
    }
}

/* What the new process tells the one that started it. */
static void tell(int fd, enum sim_exit exit_code, const char *text)
{
    char line[512];
    int length = snprintf(line, sizeof line, "%d %s\n", (int)exit_code, text);

    (void)!write(fd, line, (size_t)length);
    (void)close(fd);
}

static int run_detached(struct sim_life *life, const struct sim_state_name *name, int ready_fd)
{
    struct sim_failure failure = {.exit_code = SIM_EXIT_INTERNAL, .text = "starting"};
    char address[32];

    if (!begin_life(life, name, &failure)) {
        tell(ready_fd, failure.exit_code, failure.text);
        end_life(life);
        return (int)failure.exit_code;
    }
    (void)snprintf(address, sizeof address, "127.0.0.1:%u", (unsigned)sim_door_port(life->door));
    tell(ready_fd, SIM_EXIT_OK, address);
    live(life);
    end_life(life);
    return 0;
}

/* Nothing of the caller is kept: descriptors, terminal, working folder. What a sanitizer or a
 * failed assertion has to say goes to a file in the board's folder. */
static void leave_caller(const struct sim_state_name *name, int ready_fd)
{
    struct sim_failure failure;
    int folder_fd = 0;
    int log_fd = -1;
    int null_fd = 0;

    (void)umask(077);
    folder_fd = sim_state_open_folder(name, &failure);
    if (folder_fd >= 0) {
        log_fd = openat(folder_fd, "log", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
    }
    null_fd = open("/dev/null", O_RDWR);
    (void)dup2(null_fd, STDIN_FILENO);
    (void)dup2(null_fd, STDOUT_FILENO);
    (void)dup2(log_fd >= 0 ? log_fd : null_fd, STDERR_FILENO);
    (void)dup2(ready_fd, STDERR_FILENO + 1);
    (void)close_range(STDERR_FILENO + 2, ~0U, 0);
    (void)fcntl(STDERR_FILENO + 1, F_SETFD, FD_CLOEXEC);
    (void)!chdir("/");
}

static bool wait_for_start(
    int ready_fd, const struct sim_state_name *name, char address[32], struct sim_failure *failure)
{
    char line[512] = "";
    size_t used = 0;
    struct pollfd readable = {.fd = ready_fd, .events = POLLIN};
    char *space = NULL;

    while (used + 1 < sizeof line && poll(&readable, 1, START_PATIENCE_MS) == 1) {
        ssize_t received = read(ready_fd, line + used, sizeof line - 1 - used);

        if (received <= 0) {
            break;
        }
        used += (size_t)received;
    }
    line[used] = '\0';
    line[strcspn(line, "\n")] = '\0';
    space = strchr(line, ' ');
    if (space == NULL) {
        return sim_fail(failure, SIM_EXIT_INTERNAL,
            "the virtual board did not come up; %s/log may say why", name->text);
    }
    if (strtol(line, NULL, 10) != SIM_EXIT_OK) {
        return sim_fail(failure, (enum sim_exit)strtol(line, NULL, 10), "%s", space + 1);
    }
    (void)snprintf(address, 32, "%.31s", space + 1);
    return true;
}

static bool start_detached(struct sim_life *life, const struct sim_state_name *name,
    char address[32], struct sim_failure *failure)
{
    int ends[2];
    pid_t child = 0;
    bool is_started = false;

    if (pipe(ends) != 0 || (child = fork()) < 0) {
        return sim_fail_errno(failure, "starting a process");
    }
    if (child == 0) {
        (void)setsid();
        if (fork() != 0) {
            _exit(0);
        }
        leave_caller(name, ends[1]);
        exit(run_detached(life, name, STDERR_FILENO + 1)); /* NOLINT(concurrency-mt-unsafe) */
    }
    (void)close(ends[1]);
    is_started = wait_for_start(ends[0], name, address, failure);
    (void)waitpid(child, NULL, 0);
    (void)close(ends[0]);
    return is_started;
}

/* Somebody else may be starting the same board right now. */
static bool join(const struct sim_state_name *name, char address[32], struct sim_failure *failure)
{
    const char *const question[] = {"address"};
    enum sim_exit exit_code = SIM_EXIT_OK;
    char *answer = NULL;
    bool is_joined = false;
    int folder_fd = sim_state_open_folder(name, failure);

    if (folder_fd < 0) {
        return false;
    }
    if (sim_control_call(folder_fd, 1, question, &exit_code, &answer, failure)) {
        (void)snprintf(address, 32, "%.31s", answer);
        is_joined = true;
    } else if (failure->exit_code == SIM_EXIT_HOST_IO) {
        failure->exit_code = SIM_EXIT_BUSY; /* it is just ending, or was killed: ask again */
    }
    free(answer);
    (void)close(folder_fd);
    return is_joined;
}

static bool run_foreground(
    struct sim_life *life, const struct sim_state_name *name, struct sim_failure *failure)
{
    bool is_started = false;

    (void)umask(077);
    is_started = begin_life(life, name, failure);
    if (is_started) {
        (void)printf("127.0.0.1:%u\n", (unsigned)sim_door_port(life->door));
        if (life->usb != NULL) {
            (void)sim_usb_print_environment(stdout, failure);
        }
        (void)fflush(stdout);
        live(life);
    }
    end_life(life);
    return is_started;
}

bool sim_life_start(const struct sim_state_name *name, const struct sim_life_options *options,
    char address[32], struct sim_failure *failure)
{
    const struct timespec pause = {.tv_nsec = 50000000};
    uint64_t give_up_ms = host_ms() + START_PATIENCE_MS;
    struct sim_life *life = calloc(1, sizeof *life);
    bool is_started = false;

    if (life == NULL) {
        abort();
    }
    life->options = *options;
    if (life->options.model == NULL) {
        life->options.model = sim_probe_model_find(SIM_LIFE_DEFAULT_MODEL);
    }
    if (options->is_foreground) {
        is_started = run_foreground(life, name, failure);
        free(life);
        return is_started;
    }
    do {
        if (join(name, address, failure)) {
            is_started = true;
        } else if (failure->exit_code == SIM_EXIT_OK) {
            is_started = start_detached(life, name, address, failure);
        }
        if (is_started || failure->exit_code != SIM_EXIT_BUSY) {
            break;
        }
        (void)nanosleep(&pause, NULL);
    } while (host_ms() < give_up_ms);
    free(life);
    return is_started;
}
