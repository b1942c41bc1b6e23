/* Files: reading, and writing that is whole or not at all. The os_posix*.c are the only code with
 * POSIX calls. */
/* NOLINTBEGIN(readability-identifier-naming): names of the C library */
#define _DEFAULT_SOURCE 1
#define _XOPEN_SOURCE   700
/* NOLINTEND(readability-identifier-naming) */

#include "host/base/os_posix.h"

#include "host/base/os.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_STEP_BYTES = 64 * 1024, TEMPORARY_NAMES = 100 };

/* ---- shared with the other files ---- */

char *os_posix_join(const char *left, const char *right)
{
    size_t left_count = strlen(left);
    size_t right_count = strlen(right);
    char *text = malloc(left_count + right_count + 1);

    if (text != NULL) {
        (void)snprintf(text, left_count + right_count + 1, "%s%s", left, right);
    }
    return text;
}

/* The folder of a path: "." for a bare name. */
char *os_posix_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = NULL;

    if (slash == NULL) {
        return strdup(".");
    }
    folder = strndup(path, slash == path ? 1 : (size_t)(slash - path));
    return folder;
}

bool os_posix_write_all(int file, const void *bytes, size_t size_bytes)
{
    const char *next = bytes;

    while (size_bytes > 0) {
        ssize_t written = write(file, next, size_bytes);

        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return false;
        }
        next += written;
        size_bytes -= (size_t)written;
    }
    return true;
}

/* A rename or a removal lasts only once the folder is on the disk. File systems that cannot sync
 * a folder say EINVAL, which is not a failure of ours. */
static bool sync_folder(const char *folder)
{
    int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = false;

    if (file < 0) {
        return false;
    }
    ok = fsync(file) == 0 || errno == EINVAL;
    (void)close(file);
    return ok;
}

bool os_posix_sync_folder_of(const char *path)
{
    char *folder = os_posix_folder_of(path);
    bool ok = folder != NULL && sync_folder(folder);

    free(folder);
    return ok;
}

/* ---- reading ---- */

/* Grows *bytes so that READ_STEP_BYTES more fit, and doubles so that copying stays cheap. */
static bool make_room(uint8_t **bytes, size_t *capacity, size_t used)
{
    uint8_t *grown = NULL;

    if (*capacity - used >= READ_STEP_BYTES) {
        return true;
    }
    *capacity = *capacity * 2 + READ_STEP_BYTES;
    grown = realloc(*bytes, *capacity);
    if (grown == NULL) {
        return false;
    }
    *bytes = grown;
    return true;
}

/* What a plain file will need, so that one allocation does; 0: not known. */
static size_t expected_bytes(int file, size_t limit_bytes)
{
    struct stat status;

    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size <= 0 ||
        (uint64_t)status.st_size > limit_bytes) {
        return 0;
    }
    return (size_t)status.st_size + READ_STEP_BYTES;
}

static ssize_t read_some(int file, uint8_t *bytes, size_t capacity)
{
    ssize_t count = 0;

    do {
        count = read(file, bytes, capacity);
    } while (count < 0 && errno == EINTR);
    return count;
}

struct source {
    int file;
    const char *path;
    size_t limit_bytes;
    enum error_code code;
};

/* *bytes is to be freed whatever happens. */
static bool read_descriptor(
    const struct source *source, uint8_t **bytes, size_t *used, struct error *err)
{
    size_t capacity = expected_bytes(source->file, source->limit_bytes);
    ssize_t count = 0;

    *bytes = malloc(capacity > 0 ? capacity : 1);
    do {
        if (*bytes == NULL || !make_room(bytes, &capacity, *used)) {
            return error_set(err, ERROR_HOST_IO, "no memory for %s", source->path);
        }
        count = read_some(source->file, *bytes + *used, capacity - *used);
        if (count < 0) {
            return error_set(err, source->code, "%s: %s", source->path, os_error_text());
        }
        *used += (size_t)count;
        if (*used > source->limit_bytes) {
            return error_set(
                err, source->code, "%s: larger than %zu bytes", source->path, source->limit_bytes);
        }
    } while (count > 0);
    return true;
}

bool os_read_file(const char *path, size_t limit_bytes, enum error_code code, uint8_t **bytes,
    size_t *size_bytes, struct error *err)
{
    struct source source = {STDIN_FILENO, "standard input", limit_bytes, code};
    bool is_standard = strcmp(path, "-") == 0;
    bool ok = false;

    *bytes = NULL;
    *size_bytes = 0;
    if (!is_standard) {
        source.path = path;
        source.file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (source.file < 0) {
            return error_set(err, code, "%s: %s", path, os_error_text());
        }
    }
    ok = read_descriptor(&source, bytes, size_bytes, err);
    if (!is_standard) {
        (void)close(source.file);
    }
    if (!ok) {
        free(*bytes);
        *bytes = NULL;
        *size_bytes = 0;
    }
    return ok;
}

/* ---- writing ---- */

struct os_output {
    int file;
    bool in_place;   /* a device, a pipe or standard output: nothing to rename */
    char *path;      /* final name, links resolved */
    char *temporary; /* NULL when in_place */
};

static void free_output(struct os_output *output)
{
    if (output->file > STDERR_FILENO) {
        (void)close(output->file);
    }
    free(output->path);
    free(output->temporary);
    free(output);
}

/* Creates a file beside path that nobody else has. */
static bool open_temporary(struct os_output *output)
{
    char suffix[48];
    unsigned attempt = 0;

    for (attempt = 0; attempt < TEMPORARY_NAMES; attempt++) {
        (void)snprintf(suffix, sizeof suffix, ".%u-%u.tmp", os_process_id(), attempt);
        free(output->temporary);
        output->temporary = os_posix_join(output->path, suffix);
        if (output->temporary == NULL) {
            errno = ENOMEM;
            return false;
        }
        output->file =
            open(output->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (output->file >= 0 || errno != EEXIST) {
            break;
        }
    }
    return output->file >= 0;
}

/* What stands at path decides: a device or pipe is written to as it is, a file is replaced and its
 * permissions are kept, a link leads to the file that is replaced. */
static bool open_for_path(struct os_output *output, const char *path)
{
    struct stat status;
    bool exists = stat(path, &status) == 0;

    if (exists && S_ISDIR(status.st_mode)) {
        errno = EISDIR;
        return false;
    }
    if (exists && !S_ISREG(status.st_mode)) {
        output->in_place = true;
        output->path = strdup(path);
        output->file = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
        return output->file >= 0 && output->path != NULL;
    }
    output->path = exists ? os_real_path(path) : strdup(path);
    if (output->path == NULL || !open_temporary(output)) {
        return false;
    }
    if (exists) {
        (void)fchmod(output->file, status.st_mode & 07777);
    }
    return true;
}

bool os_output_open(const char *path, struct os_output **out, struct error *err)
{
    struct os_output *output = calloc(1, sizeof *output);

    *out = NULL;
    if (output == NULL) {
        (void)error_set(err, ERROR_HOST_IO, "no memory to write %s", path);
        return false;
    }
    output->file = -1;
    if (strcmp(path, "-") == 0) {
        output->in_place = true;
        output->file = STDOUT_FILENO;
        output->path = strdup("standard output");
    } else if (!open_for_path(output, path)) {
        (void)error_set(err, ERROR_HOST_IO, "%s cannot be written: %s", path, os_error_text());
        free_output(output);
        return false;
    }
    *out = output;
    return true;
}

bool os_output_write(
    struct os_output *output, const void *bytes, size_t size_bytes, struct error *err)
{
    if (!os_posix_write_all(output->file, bytes, size_bytes)) {
        return error_set(err, ERROR_HOST_IO, "writing %s: %s", output->path, os_error_text());
    }
    return true;
}

void os_output_abandon(struct os_output *output)
{
    if (output == NULL) {
        return;
    }
    if (output->temporary != NULL) {
        (void)unlink(output->temporary);
    }
    free_output(output);
}

bool os_output_commit(struct os_output *output, struct error *err)
{
    if (output->in_place) {
        free_output(output);
        return true;
    }
    if (fsync(output->file) != 0 || rename(output->temporary, output->path) != 0) {
        (void)error_set(err, ERROR_HOST_IO, "writing %s: %s", output->path, os_error_text());
        os_output_abandon(output);
        return false;
    }
    free(output->temporary);
    output->temporary = NULL;
    if (!os_posix_sync_folder_of(output->path)) {
        (void)error_set(
            err, ERROR_HOST_IO, "syncing the folder of %s: %s", output->path, os_error_text());
        os_output_abandon(output);
        return false;
    }
    free_output(output);
    return true;
}

bool os_write_file(const char *path, const void *bytes, size_t size_bytes, struct error *err)
{
    struct os_output *output = NULL;

    if (!os_output_open(path, &output, err)) {
        return false;
    }
    if (!os_output_write(output, bytes, size_bytes, err)) {
        os_output_abandon(output);
        return false;
    }
    return os_output_commit(output, err);
}
