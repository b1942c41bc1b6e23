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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum {
    HOLDER_TEXT_BYTES = 64,
    /* A holder writes its name just after it has locked and removes it just before it unlocks. */
    HOLDER_TRIES = 50,
    HOLDER_WAIT_NS = 1000000
};

struct os_lock {
    int file;
};

static bool write_own_name(int file, const char *program)
{
    char text[HOLDER_TEXT_BYTES];
    int count = snprintf(text, sizeof text, "%u %.31s\n", os_process_id(), program);

    return ftruncate(file, 0) == 0 && lseek(file, 0, SEEK_SET) == 0 &&
           os_posix_write_all(file, text, (size_t)count);
}

/* "PID PROGRAM"; false when nobody alive has written its name. */
static bool read_holder(int file, struct os_lock_holder *holder)
{
    char text[HOLDER_TEXT_BYTES] = "";
    ssize_t count = pread(file, text, sizeof text - 1, 0);
    char *end = NULL;
    long pid = count > 0 ? strtol(text, &end, 10) : 0;

    memset(holder, 0, sizeof *holder);
    if (pid <= 0 || pid > INT_MAX || strchr(end, '\n') == NULL || !os_process_is_alive((int)pid)) {
        return false;
    }
    holder->pid = (int)pid;
    end += strspn(end, " ");
    (void)snprintf(holder->program, sizeof holder->program, "%.*s", (int)strcspn(end, "\n"), end);
    return true;
}

/* Locks the file and writes the name into it. */
static bool lock_file(int file, const char *path, const char *program,
    struct os_lock_holder *holder, struct error *err)
{
    unsigned tries = 0;

    while (flock(file, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) {
            return error_set(err, ERROR_HOST_IO, "the lock %s: %s", path, os_error_text());
        }
        if (read_holder(file, holder) || ++tries == HOLDER_TRIES) {
            return error_set(err, ERROR_PROBE_BUSY, "the lock %s: held by another process", path);
        }
        os_sleep_ns(HOLDER_WAIT_NS);
    }
    memset(holder, 0, sizeof *holder);
    return write_own_name(file, program) ||
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
bool os_lock_take(const char *path, const char *program, struct os_lock **out,
    struct os_lock_holder *holder, struct error *err)
{
    struct os_lock_holder ignored = {0};
    struct os_lock *lock = NULL;

    *out = NULL;
    holder = holder != NULL ? holder : &ignored;
    memset(holder, 0, sizeof *holder);
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
    if (!lock_file(lock->file, path, program, holder, err)) {
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

void os_lock_read_holder(const char *path, struct os_lock_holder *holder)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    memset(holder, 0, sizeof *holder);
    if (file >= 0) {
        (void)read_holder(file, holder);
        (void)close(file);
    }
}

void os_lock_release(struct os_lock *lock)
{
    if (lock != NULL) {
        (void)ftruncate(lock->file, 0);
        (void)close(lock->file);
        free(lock);
    }
}
