/* Locks that end with the process. */
/* NOLINTBEGIN(readability-identifier-naming): names of the C library */
#define _DEFAULT_SOURCE 1
#define _XOPEN_SOURCE   700
/* NOLINTEND(readability-identifier-naming) */

#include "host/base/os.h"
#include "host/base/os_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

struct os_lock {
    int file;
};

static bool write_own_pid(int file)
{
    char text[24];
    int count = snprintf(text, sizeof text, "%u\n", os_process_id());

    return ftruncate(file, 0) == 0 && lseek(file, 0, SEEK_SET) == 0 &&
           os_posix_write_all(file, text, (size_t)count);
}

static int read_holder(int file)
{
    char text[24] = "";
    ssize_t count = pread(file, text, sizeof text - 1, 0);
    long pid = count > 0 ? strtol(text, NULL, 10) : 0;

    return pid > 0 && pid <= INT_MAX ? (int)pid : 0;
}

/* Locks the file and writes the PID into it. */
static bool lock_file(int file, const char *path, int *holder_pid, struct error *err)
{
    if (flock(file, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) {
            return error_set(err, ERROR_HOST_IO, "the lock %s: %s", path, os_error_text());
        }
        *holder_pid = read_holder(file);
        return error_set(err, ERROR_PROBE_BUSY, "the lock %s: held by another process", path);
    }
    return write_own_pid(file) ||
           error_set(err, ERROR_HOST_IO, "the lock %s: %s", path, os_error_text());
}

static bool make_folder_of(const char *path, struct error *err)
{
    char *folder = os_posix_folder_of(path);
    bool ok = false;

    if (folder == NULL) {
        return error_set(err, ERROR_HOST_IO, "no memory to lock %s", path);
    }
    ok = os_make_directories(folder, err);
    free(folder);
    return ok;
}

/* The file stays when the lock is released: removing it would let two processes lock two files of
 * one name. */
bool os_lock_take(const char *path, struct os_lock **out, int *holder_pid, struct error *err)
{
    struct os_lock *lock = NULL;

    *out = NULL;
    *holder_pid = 0;
    if (!make_folder_of(path, err)) {
        return false;
    }
    lock = calloc(1, sizeof *lock);
    if (lock == NULL) {
        return error_set(err, ERROR_HOST_IO, "no memory to lock %s", path);
    }
    lock->file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock->file < 0) {
        (void)error_set(err, ERROR_HOST_IO, "the lock %s: %s", path, os_error_text());
        goto free_lock;
    }
    if (!lock_file(lock->file, path, holder_pid, err)) {
        goto close_file;
    }
    *out = lock;
    return true;

close_file:
    (void)close(lock->file);
free_lock:
    free(lock);
    return false;
}

void os_lock_release(struct os_lock *lock)
{
    if (lock != NULL) {
        (void)ftruncate(lock->file, 0);
        (void)close(lock->file);
        free(lock);
    }
}
