/* Programs, time, signals, terminal, regular expressions. */
/* NOLINTBEGIN(readability-identifier-naming): names of the C library */
#define _DEFAULT_SOURCE 1
#define _XOPEN_SOURCE   700
/* NOLINTEND(readability-identifier-naming) */

#include "host/base/os.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <regex.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ; /* NOLINT(cppcoreguidelines-avoid-non-const-global-variables): POSIX */

enum {
    NS_PER_MS = 1000000,
    NS_PER_S = 1000000000,
    SIGNALS_UNTIL_END = 2,
    SIGNAL_LOOK_MS = 100, /* one may come just before a wait begins */
    /* A helper program that runs longer than this hangs. */
    PROGRAM_LIMIT_MS = 10 * 60 * 1000
};

/* Set by the handler: number of the first signal, and how many SIGINT came. */
static volatile sig_atomic_t signal_state[2]; /* NOLINT(*-avoid-non-const-global-variables) */

/* ---- time ---- */

uint64_t os_monotonic_ns(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

void os_sleep_ns(uint64_t duration_ns)
{
    struct timespec left = {
        .tv_sec = (time_t)(duration_ns / NS_PER_S), .tv_nsec = (long)(duration_ns % NS_PER_S)};

    while (nanosleep(&left, &left) != 0 && errno == EINTR && os_signal_pending() == 0) {
    }
}

void os_wall_clock_text(char text[21])
{
    time_t now = time(NULL);
    struct tm parts = {0};

    if (gmtime_r(&now, &parts) == NULL || strftime(text, 21, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0) {
        text[0] = '\0';
    }
}

/* ---- programs ---- */

struct capture {
    int file; /* reading end; -1: closed */
    char *text;
    size_t used;
};

/* One read of what a program says; text beyond the limit is dropped. */
static void capture_some(struct capture *capture, size_t limit_bytes)
{
    char dropped[1024];
    size_t room = limit_bytes - capture->used;
    ssize_t count = room > 0 ? read(capture->file, capture->text + capture->used, room)
                             : read(capture->file, dropped, sizeof dropped);

    if (count > 0 && room > 0) {
        capture->used += (size_t)count;
    } else if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) {
        (void)close(capture->file);
        capture->file = -1;
    }
}

/* Reads both until both are closed; false at the deadline. */
static bool capture_all(struct capture captures[2], size_t limit_bytes)
{
    uint64_t deadline_ns = os_monotonic_ns() + (uint64_t)PROGRAM_LIMIT_MS * NS_PER_MS;

    while (captures[0].file >= 0 || captures[1].file >= 0) {
        struct pollfd entries[2] = {
            {.fd = captures[0].file, .events = POLLIN}, {.fd = captures[1].file, .events = POLLIN}};

        if (os_monotonic_ns() > deadline_ns) {
            return false;
        }
        if (poll(entries, 2, 1000) <= 0) {
            continue;
        }
        if (entries[0].revents != 0) {
            capture_some(&captures[0], limit_bytes);
        }
        if (entries[1].revents != 0) {
            capture_some(&captures[1], limit_bytes);
        }
    }
    return true;
}

/* 0 to 255, or 128 + signal as shells do. */
static int wait_for_program(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Starts argv[0]; out and errors: descriptors for its streams, -1: those of this process. */
static bool spawn(const char *const argv[], int out, int errors, pid_t *pid, struct error *err)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t defaults;
    char **arguments = NULL;
    size_t count = 0;
    size_t i = 0;
    int status = 0;

    while (argv[count] != NULL) {
        count++;
    }
    if (count == 0) {
        return error_set(err, ERROR_INTERNAL, "a program without a name cannot be started");
    }
    arguments = calloc(count + 1, sizeof *arguments);
    if (arguments == NULL) {
        (void)error_set(err, ERROR_HOST_IO, "no memory to start %s", argv[0]);
        return false;
    }
    for (i = 0; i < count; i++) {
        memcpy(&arguments[i], &argv[i], sizeof arguments[i]); /* POSIX forgot a const */
    }
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawnattr_init(&attributes);
    (void)sigemptyset(&defaults);
    (void)sigaddset(&defaults, SIGPIPE); /* ignored here, and that would be inherited */
    (void)posix_spawnattr_setsigdefault(&attributes, &defaults);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    if (out >= 0) {
        (void)posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        (void)posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    }
    if (errors >= 0) {
        (void)posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
    }
    status = posix_spawn(pid, argv[0], &actions, &attributes, arguments, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)posix_spawnattr_destroy(&attributes);
    free(arguments);
    if (status != 0) {
        errno = status;
        return error_set(err, ERROR_HOST_IO, "%s cannot be started: %s", argv[0], os_error_text());
    }
    return true;
}

static bool make_pipe(int ends[2], struct error *err)
{
    if (pipe(ends) != 0) {
        return error_set(err, ERROR_HOST_IO, "no pipe: %s", os_error_text());
    }
    (void)fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    (void)fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    return true;
}

static void close_pipe(const int ends[2])
{
    if (ends[0] >= 0) {
        (void)close(ends[0]);
    }
    if (ends[1] >= 0) {
        (void)close(ends[1]);
    }
}

/* Starts the program with its streams in pipes; the reading ends stay in captures. */
static bool start_captured(const char *const argv[], struct capture captures[2], bool has_errors,
    pid_t *pid, struct error *err)
{
    int out[2] = {-1, -1};
    int errors[2] = {-1, -1};
    bool ok = make_pipe(out, err) && (!has_errors || make_pipe(errors, err)) &&
              spawn(argv, out[1], errors[1], pid, err);

    if (!ok) {
        close_pipe(out);
        close_pipe(errors);
        return false;
    }
    (void)close(out[1]);
    if (has_errors) {
        (void)close(errors[1]);
    }
    captures[0].file = out[0];
    captures[1].file = errors[0];
    return true;
}

bool os_run_program(const char *const argv[], size_t limit_bytes, char **output, char **errors,
    int *status, struct error *err)
{
    struct capture captures[2] = {{.file = -1}, {.file = -1}};
    pid_t pid = 0;
    bool ended = false;

    *output = NULL;
    if (errors != NULL) {
        *errors = NULL;
    }
    captures[0].text = calloc(1, limit_bytes + 1);
    captures[1].text = calloc(1, limit_bytes + 1);
    if (captures[0].text == NULL || captures[1].text == NULL) {
        (void)error_set(err, ERROR_HOST_IO, "no memory to run %s", argv[0]);
        goto free_text;
    }
    if (!start_captured(argv, captures, errors != NULL, &pid, err)) {
        goto free_text;
    }
    ended = capture_all(captures, limit_bytes);
    if (!ended) {
        (void)kill(pid, SIGKILL);
        (void)error_set(
            err, ERROR_HOST_IO, "%s did not end within %d s", argv[0], PROGRAM_LIMIT_MS / 1000);
    }
    *status = wait_for_program(pid);
    close_pipe((const int[2]){captures[0].file, captures[1].file});
    if (ended) {
        *output = captures[0].text;
        captures[0].text = NULL;
        if (errors != NULL) {
            *errors = captures[1].text;
            captures[1].text = NULL;
        }
    }

free_text:
    free(captures[0].text);
    free(captures[1].text);
    return ended;
}

bool os_run_attached(const char *const argv[], int *status, struct error *err)
{
    pid_t pid = 0;

    if (!spawn(argv, -1, -1, &pid, err)) {
        return false;
    }
    *status = wait_for_program(pid);
    return true;
}

unsigned os_process_id(void)
{
    return (unsigned)getpid();
}

bool os_process_is_alive(int pid)
{
    return pid > 0 && (kill(pid, 0) == 0 || errno == EPERM);
}

uint64_t os_peak_memory_bytes(void)
{
    struct rusage usage;

    return getrusage(RUSAGE_SELF, &usage) == 0 ? (uint64_t)usage.ru_maxrss * 1024 : 0;
}

/* ---- signals ---- */

static void count_signal(int number)
{
    if (signal_state[0] == 0) {
        signal_state[0] = number;
    }
    if (number == SIGINT) {
        signal_state[1]++;
        if (signal_state[1] >= SIGNALS_UNTIL_END) {
            (void)signal(SIGINT, SIG_DFL); /* delivered when this handler returns */
            (void)raise(SIGINT);
        }
    }
}

void os_signals_install(void)
{
    struct sigaction action = {.sa_handler = count_signal};

    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    action.sa_handler = SIG_IGN;
    (void)sigaction(SIGPIPE, &action, NULL);
}

bool os_signal_fail(struct error *err)
{
    switch (os_signal_pending()) {
    case OS_SIGNAL_TIMEOUT:
        return error_set(
            err, ERROR_WAIT_TIMEOUT, "the command took longer than its --timeout allows");
    case OS_SIGNAL_TERMINATE:
        return error_set(err, ERROR_TERMINATED, "terminated by a signal");
    default:
        return error_set(err, ERROR_INTERRUPTED, "interrupted");
    }
}

void os_signal_raise_timeout(void)
{
    if (signal_state[0] == 0) {
        signal_state[0] = OS_SIGNAL_TIMEOUT;
    }
}

int os_signal_pending(void)
{
    return (int)signal_state[0];
}

/* ---- terminal ---- */

void os_standard_streams_hold(void)
{
    int file = STDIN_FILENO;

    for (file = STDIN_FILENO; file <= STDERR_FILENO; file++) {
        /* open() takes the lowest free number. */
        if (fcntl(file, F_GETFD) < 0 && errno == EBADF &&
            open("/dev/null", file == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0) {
            return;
        }
    }
}

bool os_is_terminal(FILE *stream)
{
    return isatty(fileno(stream)) == 1;
}

bool os_wait_input(FILE *stream)
{
    struct pollfd entry = {.fd = fileno(stream), .events = POLLIN};

    while (os_signal_pending() == 0) {
        if (poll(&entry, 1, SIGNAL_LOOK_MS) > 0) {
            return true;
        }
    }
    return false;
}

unsigned os_terminal_columns(FILE *stream)
{
    struct winsize size = {0};

    return ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/* ---- regular expressions ---- */

struct os_regex {
    regex_t compiled;
};

bool os_regex_compile(const char *pattern, struct os_regex **out, struct error *err)
{
    struct os_regex *regex = calloc(1, sizeof *regex);
    char reason[128];
    int status = 0;

    *out = NULL;
    if (regex == NULL) {
        return error_set(err, ERROR_HOST_IO, "no memory for a regular expression");
    }
    status = regcomp(&regex->compiled, pattern, REG_EXTENDED | REG_NOSUB);
    if (status != 0) {
        (void)regerror(status, &regex->compiled, reason, sizeof reason);
        free(regex);
        return error_set(
            err, ERROR_USAGE, "\"%s\" is not a regular expression: %s", pattern, reason);
    }
    *out = regex;
    return true;
}

bool os_regex_matches(const struct os_regex *regex, const char *text)
{
    return regexec(&regex->compiled, text, 0, NULL, 0) == 0;
}

void os_regex_free(struct os_regex *regex)
{
    if (regex != NULL) {
        regfree(&regex->compiled);
        free(regex);
    }
}
