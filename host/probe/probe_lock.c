#include "host/probe/probe_lock.h"

#include "host/base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEY_BYTES = 100,
    /* Listing holds a probe for two exchanges, each bounded by the USB time limit. */
    LIST_TRIES = 100,
    LIST_WAIT_NS = 20000000
};

/* Letters, digits, '-', '_' and '.' stay, the rest becomes %XX: a serial number may hold anything,
 * and two of them must not share a lock. */
static void make_file_name(const char *key, char *name, size_t capacity)
{
    size_t used = 0;

    for (; *key != '\0' && used + 4 <= capacity; key++) {
        bool is_plain = isalnum((unsigned char)*key) || strchr("-_", *key) != NULL ||
                        (*key == '.' && used > 0); /* "..": a name, but not of a file */

        used += (size_t)snprintf(
            name + used, capacity - used, is_plain ? "%c" : "%%%02X", (unsigned char)*key);
    }
    name[used] = '\0';
}

/* Allocated; NULL without memory. */
static char *path_of(const char *key)
{
    char *runtime = os_runtime_directory();
    char name[3 * KEY_BYTES + 1];
    char *path = NULL;

    make_file_name(key, name, sizeof name);
    if (runtime != NULL) {
        path = text_format("%s/locks/%s", runtime, name);
    }
    free(runtime);
    return path;
}

static bool fail_busy(const char *shown_as, const struct os_lock_holder *holder, struct error *err)
{
    if (holder->pid != 0) {
        (void)error_set(err, ERROR_PROBE_BUSY, "the probe %s is in use by process %d (%s)",
            shown_as, holder->pid, holder->program);
    } else {
        (void)error_set(
            err, ERROR_PROBE_BUSY, "the probe %s is in use by another run of xflash", shown_as);
    }
    error_set_hint(err, "wait until that run has ended, or let this one wait: --lock-wait 60");
    return false;
}

bool probe_lock_take(const char *key, const char *program, const char *shown_as,
    struct os_lock **out, struct error *err)
{
    char *path = path_of(key);
    struct os_lock_holder holder = {0};
    unsigned tries = 0;
    bool is_taken = false;

    *out = NULL;
    if (path == NULL) {
        return error_set(err, ERROR_HOST_IO, "no memory to lock the probe %s", shown_as);
    }
    is_taken = os_lock_take(path, program, out, &holder, err);
    while (!is_taken && err->code == ERROR_PROBE_BUSY && tries < LIST_TRIES &&
           strcmp(holder.program, PROBE_LOCK_LIST) == 0 && os_signal_pending() == 0) {
        os_sleep_ns(LIST_WAIT_NS);
        is_taken = os_lock_take(path, program, out, &holder, err);
        tries++;
    }
    if (!is_taken && err->code == ERROR_PROBE_BUSY) {
        (void)fail_busy(shown_as, &holder, err);
    }
    free(path);
    return is_taken;
}

void probe_lock_read_holder(const char *key, struct os_lock_holder *holder)
{
    char *path = path_of(key);

    memset(holder, 0, sizeof *holder);
    if (path != NULL) {
        os_lock_read_holder(path, holder);
    }
    free(path);
}
