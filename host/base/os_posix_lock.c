/* Locks that end with the process. */
#define _DEFAULT_SOURCE 1
#define _XOPEN_SOURCE   700

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

/* The file stays when the lock is released: removing it would let two processes lock two files of
 * one name. */
bool os_lock_take(const char *path, struct os_lock **out, int *holder_pid, struct error *err)
{
    char *folder = os_posix_folder_of(path);
    struct os_lock *lock = calloc(1, sizeof *lock);
    bool ok = false;

    *out = NULL;
    *holder_pid = 0;
    if (folder == NULL || lock == NULL) {
        (void)error_set(err, ERROR_HOST_IO, "no memory to lock %s", path);
        goto free_lock;
    }
    if (!os_make_directories(folder, err)) {
        goto free_lock;
    }
    lock->file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock->file < 0) {
        (void)error_set(err, ERROR_HOST_IO, "the lock %s: %s", path, os_error_text());
        goto free_lock;
    }
    if (flock(lock->file, LOCK_EX | LOCK_NB) != 0) {
        bool is_held = errno == EWOULDBLOCK;

        *holder_pid = is_held ? read_holder(lock->file) : 0;
        (void)error_set(err, is_held ? ERROR_PROBE_BUSY : ERROR_HOST_IO, "the lock %s: %s", path,
            is_held ? "held by another process" : os_error_text());
        goto close_file;
    }
    if (!write_own_pid(lock->file)) {
        (void)error_set(err, ERROR_HOST_IO, "the lock %s: %s", path, os_error_text());
        goto close_file;
    }
    *out = lock;
    lock = NULL;
    ok = true;
    goto free_lock;

close_file:
    (void)close(lock->file);
free_lock:
    free(lock);
    free(folder);
    return ok;
}

void os_lock_release(struct os_lock *lock)
{
    if (lock != NULL) {
        (void)ftruncate(lock->file, 0);
        (void)close(lock->file);
        free(lock);
    }
}
