#include "sim/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void list_boards(char *text, size_t size_bytes)
{
    size_t used = 0;

    text[0] = '\0';
    for (unsigned i = 0; sim_board_at(i) != NULL && used < size_bytes; i++) {
        used += (size_t)snprintf(
            text + used, size_bytes - used, "%s%s", i == 0 ? "" : ", ", sim_board_at(i)->name);
    }
}

static bool parse_instance(const char *text, unsigned *instance)
{
    char *end = NULL;
    unsigned long value = 0;

    if (text[0] < '0' || text[0] > '9') {
        return false;
    }
    value = strtoul(text, &end, 10);
    *instance = (unsigned)value;
    return *end == '\0' && value <= SIM_STATE_MAX_INSTANCE;
}

bool sim_state_parse_name(
    const char *typed, struct sim_state_name *name, struct sim_failure *failure)
{
    const char *hash = strchr(typed, '#');
    char board[48];

    name->instance = 0;
    (void)snprintf(board, sizeof board, "%.*s",
        hash == NULL ? (int)strnlen(typed, sizeof board) : (int)(hash - typed), typed);
    name->board = sim_board_find(board);
    if (name->board == NULL) {
        char known[200];

        list_boards(known, sizeof known);
        return sim_fail(failure, SIM_EXIT_UNKNOWN_BOARD,
            "there is no virtual board named '%.60s'; known are: %s", typed, known);
    }
    if (hash != NULL && !parse_instance(hash + 1, &name->instance)) {
        return sim_fail(failure, SIM_EXIT_USAGE,
            "the instance in '%.60s' is not a number from 0 to %d", typed, SIM_STATE_MAX_INSTANCE);
    }
    (void)snprintf(name->text, sizeof name->text, "%s#%u", name->board->name, name->instance);
    return true;
}

bool sim_state_root(char path[PATH_MAX], struct sim_failure *failure)
{
    static const struct {
        const char *variable;
        const char *suffix;
    } rows[] = {
        {"XFLASH_SIM_DIR", ""},
        {"XDG_STATE_HOME", "/xflash/sim"},
        {"HOME", "/.local/state/xflash/sim"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *base = getenv(rows[i].variable); /* NOLINT(concurrency-mt-unsafe) */
        char working[PATH_MAX] = "";
        int length = 0;

        if (base == NULL || base[0] == '\0') {
            continue;
        }
        if (base[0] != '/' && getcwd(working, sizeof working) == NULL) {
            return sim_fail_errno(failure, "no working folder");
        }
        length = snprintf(path, PATH_MAX, "%s%s%s%s", working, working[0] != '\0' ? "/" : "", base,
            rows[i].suffix);
        if (length >= PATH_MAX) {
            return sim_fail(failure, SIM_EXIT_HOST_IO, "%s is too long a path", rows[i].variable);
        }
        return true;
    }
    return sim_fail(failure, SIM_EXIT_HOST_IO,
        "nowhere to keep state: set XFLASH_SIM_DIR, XDG_STATE_HOME or HOME");
}

static bool make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST) {
            return false; /* path shows how far it got */
        }
        *slash = '/';
    }
    return mkdir(path, 0700) == 0 || errno == EEXIST;
}

int sim_state_open_folder(const struct sim_state_name *name, struct sim_failure *failure)
{
    char root[PATH_MAX];
    char path[PATH_MAX];
    int fd = -1;

    if (!sim_state_root(root, failure)) {
        return -1;
    }
    if (snprintf(path, sizeof path, "%s/%s", root, name->text) >= (int)sizeof path) {
        (void)sim_fail(failure, SIM_EXIT_HOST_IO, "too long a path: %.200s", root);
        return -1;
    }
    if (!make_folders(path)) {
        (void)sim_fail_errno(failure, "creating the folder %.250s", path);
        return -1;
    }
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        (void)sim_fail_errno(failure, "opening the folder %.250s", path);
    }
    return fd;
}

bool sim_state_write_text(int folder_fd, const char *file, const char *text)
{
    char temporary[64];
    size_t length = strlen(text);
    bool is_written = false;
    int fd = 0;

    (void)snprintf(temporary, sizeof temporary, ".%s.new", file);
    fd = openat(folder_fd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return false;
    }
    is_written = write(fd, text, length) == (ssize_t)length;
    is_written = close(fd) == 0 && is_written;
    return is_written && renameat(folder_fd, temporary, folder_fd, file) == 0;
}

bool sim_state_read_text(int folder_fd, const char *file, char *text, size_t size_bytes)
{
    int fd = openat(folder_fd, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t length = 0;

    text[0] = '\0';
    if (fd < 0) {
        return false;
    }
    length = read(fd, text, size_bytes - 1);
    (void)close(fd);
    if (length < 0) {
        return false;
    }
    text[length] = '\0';
    return true;
}
