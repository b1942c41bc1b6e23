/* Locks of probes between processes. */
#define _XOPEN_SOURCE 700 /* setenv, kill */
#include "host/probe/probe_lock.h"

#include <criterion/criterion.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char runtime[64];

static void make_runtime(void)
{
    (void)snprintf(runtime, sizeof runtime, "/tmp/xflash-lock-%u", os_process_id());
    cr_assert_eq(setenv("XDG_RUNTIME_DIR", runtime, 1), 0);
}

static void remove_runtime(void)
{
    char command[96];

    (void)snprintf(command, sizeof command, "rm -rf %s", runtime);
    cr_assert_eq(system(command), 0);
}

TestSuite(probe_lock, .init = make_runtime, .fini = remove_runtime);

/* A process that holds the lock until it is killed, or for hold_ms. */
static pid_t fork_holder(const char *key, const char *program, unsigned hold_ms)
{
    struct os_lock *lock = NULL;
    struct error err;
    int ready[2];
    char byte = 0;
    pid_t child = 0;

    cr_assert_eq(pipe(ready), 0);
    child = fork();
    if (child == 0) {
        if (probe_lock_take(key, program, "x", &lock, &err) && write(ready[1], "x", 1) == 1) {
            os_sleep_ns(hold_ms * UINT64_C(1000000));
            os_lock_release(lock);
        }
        _exit(0);
    }
    (void)close(ready[1]);
    cr_assert_eq(read(ready[0], &byte, 1), 1);
    (void)close(ready[0]);
    return child;
}

static void end(pid_t child, int number)
{
    if (number != 0) {
        (void)kill(child, number);
    }
    (void)waitpid(child, NULL, 0);
}

Test(probe_lock, names_process_and_program_of_the_holder)
{
    pid_t child = fork_holder("usb-A", PROBE_LOCK_RUN, 60000);
    struct os_lock_holder holder;
    struct os_lock *lock = NULL;
    struct error err;
    char expected[128];

    (void)snprintf(expected, sizeof expected,
        "the probe ST-LINK V3E A (usb:1-1) is in use by process %d (xflash)", (int)child);
    cr_assert_not(probe_lock_take("usb-A", "next", "ST-LINK V3E A (usb:1-1)", &lock, &err));
    cr_assert_eq(err.code, ERROR_PROBE_BUSY);
    cr_assert_str_eq(err.message, expected);
    cr_assert_not_null(strstr(err.hint, "--lock-wait"));
    cr_assert_null(lock);
    probe_lock_read_holder("usb-A", &holder);
    cr_assert_eq(holder.pid, child);
    cr_assert(probe_lock_take("usb-B", "next", "b", &lock, &err), "another probe is free");
    os_lock_release(lock);
    end(child, SIGKILL);
}

Test(probe_lock, is_free_again_when_its_holder_was_killed)
{
    pid_t child = fork_holder("usb-A", PROBE_LOCK_RUN, 60000);
    struct os_lock *lock = NULL;
    struct os_lock_holder holder;
    struct error err;

    end(child, SIGKILL);
    probe_lock_read_holder("usb-A", &holder);
    cr_assert_eq(holder.pid, 0);
    cr_assert(probe_lock_take("usb-A", "next", "x", &lock, &err), "%s", err.message);
    os_lock_release(lock);
}

Test(probe_lock, waits_for_a_holder_that_only_lists)
{
    pid_t child = fork_holder("usb-A", PROBE_LOCK_LIST, 200);
    struct os_lock *lock = NULL;
    struct error err;

    cr_assert(probe_lock_take("usb-A", PROBE_LOCK_RUN, "x", &lock, &err), "%s", err.message);
    os_lock_release(lock);
    end(child, 0);
}

Test(probe_lock, does_not_wait_for_a_run)
{
    pid_t child = fork_holder("usb-A", PROBE_LOCK_RUN, 60000);
    uint64_t start_ns = os_monotonic_ns();
    struct os_lock *lock = NULL;
    struct error err;

    cr_assert_not(probe_lock_take("usb-A", PROBE_LOCK_RUN, "x", &lock, &err));
    cr_assert_lt(os_monotonic_ns() - start_ns, UINT64_C(1000000000));
    end(child, SIGKILL);
}

/* A serial number is whatever a device says. */
Test(probe_lock, stays_in_its_folder_whatever_the_serial_is)
{
    static const char *const long_key =
        "usb-0123456789012345678901234567890123456789012345678901234567890123456789"
        "012345678901234567890123456789012345678901234567890123456789";
    const char *const keys[] = {
        "usb-../../../tmp/x", "usb-a/b", "usb-a%2Fb", "usb-\x1B[2J", "usb-", "..", long_key};
    struct os_lock *locks[sizeof keys / sizeof keys[0]];
    char folder[96];
    char **names = NULL;
    size_t count = 0;
    struct error err;
    size_t i = 0;

    for (i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        cr_assert(
            probe_lock_take(keys[i], "x", "x", &locks[i], &err), "%s: %s", keys[i], err.message);
    }
    (void)snprintf(folder, sizeof folder, "%s/xflash/locks", runtime);
    cr_assert(os_list_directory(folder, &names, &count, &err));
    cr_assert_eq(count, sizeof keys / sizeof keys[0], "two keys share a lock, or one is elsewhere");
    os_free_names(names, count);
    for (i = 0; i < count; i++) {
        os_lock_release(locks[i]);
    }
}
