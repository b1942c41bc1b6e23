#include "sim/usb_bus.h"

#include "sim/usb_folder.h"
#include "sim/usb_testbed.h"
#include "sim/usb_wire.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    BOARDS = 30,
    FIRST_BOARD_MS = 10000, /* after the start */
    LINGER_MS = 2000,       /* for programs that still have an unplugged device open */
    TICK_MS = 50,
    CALM_TICK_MS = 1000
};

struct board {
    int fd;                        /* -1: free */
    bool is_board;                 /* else somebody who only asks */
    struct sim_usb_device *device; /* NULL: not plugged in */
};

struct bus {
    int folder_fd;
    int lock_fd;
    int listen_fd;
    int signal_fd;
    bool had_boards;
    uint64_t give_up_ms; /* host clock; counts while there is no board */
    struct sim_usb_testbed *testbed;
    struct board boards[BOARDS];
    uint8_t data[SIM_USB_MAX_TRANSFER];
};

static uint64_t host_ms(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

/* A killed bus leaves its testbed. The name is believed only when it looks like one of ours. */
static void remove_stale_testbed(const struct bus *bus)
{
    char root[PATH_MAX];
    struct stat info = {0};

    if (!sim_usb_folder_read(bus->folder_fd, "root", root, sizeof root)) {
        return;
    }
    if (strstr(root, "/umockdev.") != NULL && lstat(root, &info) == 0 && S_ISDIR(info.st_mode) &&
        info.st_uid == getuid()) {
        /* umockdev's thread does not exist yet: NOLINTNEXTLINE(concurrency-mt-unsafe) */
        (void)nftw(root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    }
    (void)unlinkat(bus->folder_fd, "root", 0);
}

static bool make_folder(const char *folder)
{
    return mkdir(folder, 0700) == 0 || errno == EEXIST;
}

/* The file may be removed by a bus that ends between open() and flock(): then it is not the lock
 * any more. */
static bool take_lock(struct bus *bus, const char *folder, struct sim_failure *failure)
{
    for (unsigned attempt = 0; attempt < 100; attempt++) {
        struct stat locked = {0};
        struct stat named = {0};

        if (!make_folder(folder)) {
            return sim_fail_errno(failure, "creating the folder %.250s", folder);
        }
        bus->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (bus->folder_fd >= 0) {
            bus->lock_fd =
                openat(bus->folder_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        }
        if (bus->lock_fd >= 0 && flock(bus->lock_fd, LOCK_EX | LOCK_NB) != 0) {
            return sim_fail(failure, SIM_EXIT_BUSY, "the virtual USB bus is running");
        }
        if (bus->lock_fd >= 0 && fstat(bus->lock_fd, &locked) == 0 &&
            fstatat(bus->folder_fd, "lock", &named, 0) == 0 && locked.st_ino == named.st_ino) {
            return true;
        }
        (void)close(bus->lock_fd);
        (void)close(bus->folder_fd);
        bus->lock_fd = -1;
        bus->folder_fd = -1;
    }
    return sim_fail_errno(failure, "locking %.250s/lock", folder);
}

/* Nothing of the caller is kept. Must come before umockdev's thread: it inherits the signals. */
static void leave_caller(const struct bus *bus, int ready_fd)
{
    int log_fd = openat(bus->folder_fd, "log", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
    int null_fd = open("/dev/null", O_RDWR);
    int kept[3] = {bus->folder_fd, bus->lock_fd, ready_fd};

    (void)dup2(null_fd, STDIN_FILENO);
    (void)dup2(null_fd, STDOUT_FILENO);
    (void)dup2(log_fd >= 0 ? log_fd : null_fd, STDERR_FILENO);
    for (int fd = STDERR_FILENO + 1; fd < 256; fd++) {
        if (fd != kept[0] && fd != kept[1] && fd != kept[2]) {
            (void)close(fd);
        }
    }
    (void)close_range(256, ~0U, 0);
    (void)fcntl(ready_fd, F_SETFD, FD_CLOEXEC);
    (void)!chdir("/");
}

static int open_signals(void)
{
    sigset_t signals;

    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGHUP);
    (void)signal(SIGPIPE, SIG_IGN);
    if (pthread_sigmask(SIG_BLOCK, &signals, NULL) != 0) {
        return -1;
    }
    return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

static bool publish(struct bus *bus, struct sim_failure *failure)
{
    char text[PATH_MAX];

    (void)snprintf(text, sizeof text, "%s\n", sim_usb_testbed_root(bus->testbed));
    if (!sim_usb_folder_write(bus->folder_fd, "root", text)) {
        return sim_fail_errno(failure, "writing usb/root");
    }
    (void)snprintf(text, sizeof text, "%jd\n", (intmax_t)getpid());
    if (!sim_usb_folder_write(bus->folder_fd, "pid", text)) {
        return sim_fail_errno(failure, "writing usb/pid");
    }
    bus->listen_fd = sim_usb_folder_listen(bus->folder_fd);
    return bus->listen_fd >= 0 ? true : sim_fail_errno(failure, "opening usb/socket");
}

static bool begin(struct bus *bus, const char *folder, int ready_fd, struct sim_failure *failure)
{
    /* the testbed's files: who may see them is decided by its root folder */
    (void)umask(022);
    if (!take_lock(bus, folder, failure)) {
        return false;
    }
    leave_caller(bus, ready_fd);
    remove_stale_testbed(bus);
    bus->signal_fd = open_signals();
    if (bus->signal_fd < 0) {
        return sim_fail_errno(failure, "taking signals");
    }
    return sim_usb_testbed_create(&bus->testbed, failure) && publish(bus, failure);
}

static void remove_folder(const struct bus *bus, const char *folder)
{
    static const char *const files[] = {"socket", "root", "pid", "log", "lock"};

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct stat info = {0};
        bool is_said = strcmp(files[i], "log") == 0 &&
                       fstatat(bus->folder_fd, files[i], &info, 0) == 0 && info.st_size > 0;

        if (!is_said) { /* what a library had to complain about stays */
            (void)unlinkat(bus->folder_fd, files[i], 0);
        }
    }
    (void)rmdir(folder);
}

static unsigned count_boards(const struct bus *bus)
{
    unsigned count = 0;

    for (size_t i = 0; i < BOARDS; i++) {
        count += bus->boards[i].fd >= 0 && bus->boards[i].is_board;
    }
    return count;
}

/* True: programs still have the device open. */
static bool unplug(struct bus *bus, struct board *board)
{
    struct sim_usb_device *device = board->device;

    if (device == NULL) {
        return false;
    }
    sim_usb_testbed_unplug(bus->testbed, device);
    board->device = NULL;
    return device->clients != NULL;
}

static void forget_board(struct bus *bus, struct board *board)
{
    sim_usb_testbed_lock(bus->testbed);
    if (board->device != NULL) {
        board->device->board_fd = -1;
    }
    (void)unplug(bus, board);
    sim_usb_testbed_forget_board(bus->testbed, board->fd);
    sim_usb_testbed_unlock(bus->testbed);
    (void)close(board->fd);
    *board = (struct board){.fd = -1};
}

static void answer(
    const struct board *board, enum sim_usb_kind kind, int32_t status, uint32_t value)
{
    struct sim_usb_message message = {.kind = kind, .status = status, .value = value};

    (void)sim_usb_send(board->fd, &message, NULL, 0);
}

static void plug(struct bus *bus, struct board *board, ssize_t bytes)
{
    struct sim_usb_identity identity;
    unsigned port = (unsigned)(board - bus->boards) + 1;

    if (bytes != (ssize_t)sizeof identity) {
        answer(board, SIM_USB_SAY_PLUGGED, -EPROTO, 0);
        return;
    }
    memcpy(&identity, bus->data, sizeof identity);
    if (identity.layout_bytes != sizeof identity) {
        answer(board, SIM_USB_SAY_PLUGGED, -EPROTO, 0);
        return;
    }
    (void)unplug(bus, board);
    board->is_board = true;
    board->device = sim_usb_testbed_plug(bus->testbed, &identity, port, board->fd);
    answer(board, SIM_USB_SAY_PLUGGED, board->device != NULL ? 0 : -errno,
        board->device != NULL ? board->device->address : 0);
}

/* False: the connection is done with. */
static bool obey(
    struct bus *bus, struct board *board, const struct sim_usb_message *message, ssize_t bytes)
{
    switch (message->kind) {
    case SIM_USB_SAY_PLUG:
        plug(bus, board, bytes);
        return true;
    case SIM_USB_SAY_UNPLUG:
        answer(board, SIM_USB_SAY_UNPLUGGED, 0, unplug(bus, board));
        return true;
    case SIM_USB_SAY_NODE_MODE:
        if (board->device != NULL) {
            sim_usb_testbed_set_mode(bus->testbed, board->device, message->value);
        }
        return true;
    case SIM_USB_SAY_COMPLETE:
        if (board->device != NULL) {
            sim_usb_device_complete(board->device, message, bus->data, (uint32_t)bytes);
        }
        return true;
    case SIM_USB_SAY_CLAIMED:
        if (board->device != NULL) {
            sim_usb_device_claimed(board->device, message);
        }
        return true;
    case SIM_USB_SAY_COUNT:
        answer(board, SIM_USB_SAY_COUNT, 0, count_boards(bus));
        return true;
    default:
        return false; /* SIM_USB_SAY_LEAVE, or nonsense */
    }
}

static void serve_board(struct bus *bus, struct board *board)
{
    bool is_staying = true;

    while (is_staying) {
        struct sim_usb_message message;
        ssize_t bytes = sim_usb_receive(board->fd, &message, bus->data, sizeof bus->data);

        if (bytes == SIM_USB_EMPTY) {
            return;
        }
        if (bytes == SIM_USB_CLOSED) {
            break;
        }
        sim_usb_testbed_lock(bus->testbed);
        is_staying = obey(bus, board, &message, bytes);
        sim_usb_testbed_unlock(bus->testbed);
    }
    forget_board(bus, board);
}

static void accept_board(struct bus *bus)
{
    int fd = accept4(bus->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd < 0) {
        return;
    }
    for (size_t i = 0; i < BOARDS; i++) {
        if (bus->boards[i].fd < 0) {
            bus->boards[i] = (struct board){.fd = fd};
            return;
        }
    }
    (void)close(fd);
}

static size_t fill_poll(const struct bus *bus, struct pollfd *fds, size_t *slots)
{
    size_t count = 0;

    fds[count++] = (struct pollfd){.fd = bus->listen_fd, .events = POLLIN};
    fds[count++] = (struct pollfd){.fd = bus->signal_fd, .events = POLLIN};
    for (size_t i = 0; i < BOARDS; i++) {
        if (bus->boards[i].fd >= 0) {
            slots[count] = i;
            fds[count++] = (struct pollfd){.fd = bus->boards[i].fd, .events = POLLIN};
        }
    }
    return count;
}

/* The last board has gone: programs that still have its device open get some time to notice, for
 * umockdev ends a program whose bus has gone. */
static bool is_done(const struct bus *bus, bool is_in_use)
{
    if (count_boards(bus) > 0) {
        return false;
    }
    return host_ms() >= bus->give_up_ms || (bus->had_boards && !is_in_use);
}

static void serve(struct bus *bus, const struct pollfd *fds, const size_t *slots, size_t count)
{
    bool had_boards = count_boards(bus) > 0;

    for (size_t i = 2; i < count; i++) {
        if (fds[i].revents != 0) {
            serve_board(bus, &bus->boards[slots[i]]);
        }
    }
    bus->had_boards = bus->had_boards || count_boards(bus) > 0;
    if (had_boards && count_boards(bus) == 0) {
        bus->give_up_ms = host_ms() + LINGER_MS;
    }
    if (fds[0].revents != 0) {
        accept_board(bus);
    }
}

static void live(struct bus *bus)
{
    bool is_in_use = false;
    bool is_ending = false;
    uint64_t expire_ms = 0;

    bus->give_up_ms = host_ms() + FIRST_BOARD_MS;
    while (!is_ending) {
        struct pollfd fds[BOARDS + 2];
        size_t slots[BOARDS + 2] = {0};
        size_t count = fill_poll(bus, fds, slots);

        if (poll(fds, count, count_boards(bus) > 0 ? CALM_TICK_MS : TICK_MS) < 0) {
            continue;
        }
        serve(bus, fds, slots, count);
        sim_usb_testbed_lock(bus->testbed);
        is_in_use = sim_usb_testbed_sweep(bus->testbed);
        if (host_ms() >= expire_ms) {
            sim_usb_testbed_expire_reads(bus->testbed);
            expire_ms = host_ms() + CALM_TICK_MS;
        }
        sim_usb_testbed_unlock(bus->testbed);
        is_ending = fds[1].revents != 0 || is_done(bus, is_in_use);
    }
}

static void end(struct bus *bus, const char *folder)
{
    for (size_t i = 0; i < BOARDS; i++) {
        if (bus->boards[i].fd >= 0) {
            forget_board(bus, &bus->boards[i]);
        }
    }
    sim_usb_testbed_free(bus->testbed);
    if (bus->lock_fd >= 0) {
        remove_folder(bus, folder);
    }
}

int sim_usb_bus_run(const char *folder, int ready_fd)
{
    struct bus *bus = calloc(1, sizeof *bus);
    struct sim_failure failure = {.exit_code = SIM_EXIT_OK, .text = ""};
    char line[sizeof failure.text + 16];
    bool is_running = false;
    int length = 0;

    if (bus == NULL) {
        abort();
    }
    *bus = (struct bus){.folder_fd = -1, .lock_fd = -1, .listen_fd = -1, .signal_fd = -1};
    for (size_t i = 0; i < BOARDS; i++) {
        bus->boards[i].fd = -1;
    }
    is_running = begin(bus, folder, ready_fd, &failure);
    length = snprintf(line, sizeof line, "%d %s\n", (int)failure.exit_code, failure.text);
    (void)!write(ready_fd, line, (size_t)length);
    (void)close(ready_fd);
    if (is_running) {
        live(bus);
    }
    if (failure.exit_code != SIM_EXIT_BUSY) {
        end(bus, folder);
    }
    free(bus);
    return (int)failure.exit_code;
}
