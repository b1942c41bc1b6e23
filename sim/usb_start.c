#include "sim/usb_start.h"

#include "sim/state.h"
#include "sim/usb_folder.h"
#include "sim/usb_wire.h"

#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 10000, END_PATIENCE_MS = 8000, STEP_MS = 20 };

static const char preload_library[] = "libumockdev-preload.so.0";
static const char program_name[] = "xflash-vboard-usb";

static void pause_ms(unsigned duration_ms)
{
    const struct timespec pause = {.tv_nsec = (long)duration_ms * 1000000};

    (void)nanosleep(&pause, NULL);
}

static bool folder_path(char path[PATH_MAX], struct sim_failure *failure)
{
    char root[PATH_MAX];

    if (!sim_state_root(root, failure)) {
        return false;
    }
    if (snprintf(path, PATH_MAX, "%s/usb", root) >= PATH_MAX) {
        return sim_fail(failure, SIM_EXIT_HOST_IO, "too long a path: %.200s", root);
    }
    return true;
}

static int open_folder(void)
{
    struct sim_failure failure;
    char path[PATH_MAX];

    return folder_path(path, &failure) ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
}

static int try_connect(void)
{
    int folder_fd = open_folder();
    int fd = -1;

    if (folder_fd >= 0) {
        fd = sim_usb_folder_connect(folder_fd);
        (void)close(folder_fd);
    }
    return fd;
}

/* A sanitizer that is a shared library has to come first among the libraries that are loaded
 * before others. */
static int find_sanitizer(struct dl_phdr_info *info, size_t size, void *context)
{
    char *path = context;
    const char *slash = strrchr(info->dlpi_name, '/');
    const char *name = slash != NULL ? slash + 1 : info->dlpi_name;

    (void)size;
    if (strncmp(name, "libasan.so", 10) != 0 && strncmp(name, "libclang_rt.asan", 16) != 0) {
        return 0;
    }
    (void)snprintf(path, PATH_MAX, "%s", info->dlpi_name);
    return 1;
}

/* The bus is a program of its own, installed beside this one: libunicorn, which this one needs,
 * exports names of GLib, which umockdev needs. */
static bool find_program(char path[PATH_MAX])
{
    ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);
    char *slash = NULL;

    if (length <= 0) {
        return false;
    }
    path[length] = '\0';
    slash = strrchr(path, '/');
    if (slash == NULL || (size_t)(slash - path) + sizeof program_name + 1 > PATH_MAX) {
        return false;
    }
    (void)snprintf(slash + 1, sizeof program_name, "%s", program_name);
    return access(path, X_OK) == 0;
}

/* Runs in the new process. setenv() is for the program that replaces this one. */
static void become_bus(const char *program, const char *folder, int ready_fd)
{
    enum { LONGEST_TMPDIR = 40 }; /* sockets lie deep below it */
    char sanitizer[PATH_MAX] = "";
    char preload[PATH_MAX + sizeof preload_library + 1];
    char ready[16];
    const char *tmpdir = getenv("TMPDIR"); /* NOLINT(concurrency-mt-unsafe) */

    (void)dl_iterate_phdr(find_sanitizer, sanitizer);
    (void)snprintf(preload, sizeof preload, "%s%s%s", sanitizer, sanitizer[0] != '\0' ? " " : "",
        preload_library);
    (void)snprintf(ready, sizeof ready, "%d", ready_fd);
    (void)setenv("LD_PRELOAD", preload, 1); /* NOLINT(concurrency-mt-unsafe) */
    (void)unsetenv("UMOCKDEV_DIR");         /* NOLINT(concurrency-mt-unsafe) */
    if (tmpdir != NULL && strlen(tmpdir) > LONGEST_TMPDIR) {
        (void)setenv("TMPDIR", "/tmp", 1); /* NOLINT(concurrency-mt-unsafe) */
    }
    (void)fcntl(ready_fd, F_SETFD, 0);
    (void)execl(program, program_name, folder, ready, NULL);
    _exit(SIM_EXIT_INTERNAL);
}

/* Its first word is an exit code. */
static bool wait_until_ready(int ready_fd, struct sim_failure *failure)
{
    char line[512] = "";
    size_t used = 0;
    struct pollfd readable = {.fd = ready_fd, .events = POLLIN};
    char *text = NULL;
    long exit_code = 0;

    while (used + 1 < sizeof line && poll(&readable, 1, PATIENCE_MS) == 1) {
        ssize_t received = read(ready_fd, line + used, sizeof line - 1 - used);

        if (received <= 0) {
            break;
        }
        used += (size_t)received;
    }
    line[used] = '\0';
    line[strcspn(line, "\n")] = '\0';
    exit_code = strtol(line, &text, 10);
    if (text == line) {
        return sim_fail(failure, SIM_EXIT_INTERNAL,
            "the virtual USB bus did not come up; usb/log beside the boards may say why");
    }
    return exit_code == SIM_EXIT_OK
               ? true
               : sim_fail(failure, (enum sim_exit)exit_code, "%s", text + (*text == ' '));
}

static bool spawn(const char *folder, struct sim_failure *failure)
{
    char program[PATH_MAX];
    int ends[2];
    pid_t child = 0;
    bool is_ready = false;

    if (!find_program(program)) {
        return sim_fail(failure, SIM_EXIT_HOST_IO,
            "the USB door needs the program %s beside xflash-vboard", program_name);
    }
    if (pipe2(ends, O_CLOEXEC) != 0 || (child = fork()) < 0) {
        return sim_fail_errno(failure, "starting the virtual USB bus");
    }
    if (child == 0) {
        (void)setsid();
        if (fork() != 0) {
            _exit(0);
        }
        become_bus(program, folder, ends[1]);
    }
    (void)waitpid(child, NULL, 0);
    (void)close(ends[1]);
    is_ready = wait_until_ready(ends[0], failure);
    (void)close(ends[0]);
    return is_ready;
}

int sim_usb_start(struct sim_failure *failure)
{
    char folder[PATH_MAX];
    int fd = -1;

    if (!folder_path(folder, failure)) {
        return -1;
    }
    for (unsigned waited_ms = 0; waited_ms < PATIENCE_MS; waited_ms += STEP_MS) {
        fd = try_connect();
        if (fd >= 0) {
            return fd;
        }
        /* busy: another one starts it, or it is just ending */
        if (!spawn(folder, failure) && failure->exit_code != SIM_EXIT_BUSY) {
            return -1;
        }
        fd = try_connect();
        if (fd >= 0) {
            return fd;
        }
        pause_ms(STEP_MS);
    }
    (void)sim_fail(failure, SIM_EXIT_BUSY, "the virtual USB bus does not take connections");
    return -1;
}

bool sim_usb_print_environment(FILE *out, struct sim_failure *failure)
{
    int folder_fd = open_folder();
    int fd = try_connect();
    char root[PATH_MAX];
    bool is_known =
        folder_fd >= 0 && fd >= 0 && sim_usb_folder_read(folder_fd, "root", root, sizeof root);

    if (folder_fd >= 0) {
        (void)close(folder_fd);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    if (!is_known) {
        return sim_fail(failure, SIM_EXIT_USAGE,
            "no virtual board has a USB door open; `start NAME --usb` opens one");
    }
    (void)fprintf(out, "export UMOCKDEV_DIR=%s\nexport LD_PRELOAD=%s\n", root, preload_library);
    return true;
}

/* Boards on the bus; 0 also when it does not answer. */
static uint32_t count_boards(void)
{
    int fd = try_connect();
    struct sim_usb_message message = {.kind = SIM_USB_SAY_COUNT};
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    uint32_t count = 0;

    if (fd < 0) {
        return 0;
    }
    if (sim_usb_send_waiting(fd, &message, NULL, 0) && poll(&readable, 1, PATIENCE_MS) == 1 &&
        sim_usb_receive(fd, &message, NULL, 0) == 0) {
        count = message.value;
    }
    (void)close(fd);
    return count;
}

static bool is_lock_free(void)
{
    int folder_fd = open_folder();
    int lock_fd = -1;
    bool is_free = true;

    if (folder_fd < 0) {
        return true;
    }
    lock_fd = openat(folder_fd, "lock", O_RDWR | O_CLOEXEC);
    if (lock_fd >= 0) {
        is_free = flock(lock_fd, LOCK_EX | LOCK_NB) == 0;
        (void)close(lock_fd);
    }
    (void)close(folder_fd);
    return is_free;
}

void sim_usb_wait_for_end(void)
{
    unsigned waited_ms = 0;

    if (count_boards() > 0) {
        return;
    }
    while (!is_lock_free() && waited_ms < END_PATIENCE_MS) {
        pause_ms(STEP_MS);
        waited_ms += STEP_MS;
    }
}
