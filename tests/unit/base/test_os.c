#define _XOPEN_SOURCE 700 /* setenv */
#include "host/base/os.h"

#include <criterion/criterion.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[96];
static char file[160];

static void make_folder(void)
{
    struct error err;

    (void)snprintf(folder, sizeof folder, "/tmp/xflash-os-%u", os_process_id());
    (void)snprintf(file, sizeof file, "%s/a", folder);
    cr_assert(os_make_directories(folder, &err), "%s", err.message);
}

static void remove_folder(void)
{
    (void)os_remove_file(file);
    (void)remove(folder);
}

TestSuite(os, .init = make_folder, .fini = remove_folder);

static size_t count_names(void)
{
    char **names = NULL;
    size_t count = 0;
    struct error err;

    cr_assert(os_list_directory(folder, &names, &count, &err));
    os_free_names(names, count);
    return count;
}

Test(os, writes_and_reads_a_file)
{
    uint8_t *bytes = NULL;
    size_t size_bytes = 0;
    struct error err;

    cr_assert(os_write_file(file, "hello", 5, &err));
    cr_assert(os_write_file(file, "again", 5, &err), "an existing file is replaced");
    cr_assert(os_read_file(file, 100, ERROR_HOST_IO, &bytes, &size_bytes, &err));
    cr_assert_eq(size_bytes, 5);
    cr_assert_eq(memcmp(bytes, "again", 5), 0);
    cr_assert_eq(count_names(), 1, "no temporary file is left");
    free(bytes);
}

Test(os, refuses_a_file_that_is_too_large)
{
    uint8_t *bytes = NULL;
    size_t size_bytes = 0;
    struct error err;

    cr_assert(os_write_file(file, "hello", 5, &err));
    cr_assert_not(os_read_file(file, 4, ERROR_IMAGE_BAD, &bytes, &size_bytes, &err));
    cr_assert_eq(err.code, ERROR_IMAGE_BAD);
    cr_assert_null(bytes);
}

Test(os, leaves_nothing_of_an_abandoned_output)
{
    struct os_output *output = NULL;
    struct error err;

    cr_assert(os_output_open(file, &output, &err));
    cr_assert(os_output_write(output, "hello", 5, &err));
    cr_assert_not(os_file_exists(file), "it appears only at commit");
    os_output_abandon(output);
    cr_assert_eq(count_names(), 0);
}

Test(os, writes_to_a_device_without_replacing_it)
{
    struct error err;

    cr_assert(os_write_file("/dev/null", "hello", 5, &err), "%s", err.message);
    cr_assert(os_file_exists("/dev/null"));
}

Test(os, reports_a_full_disk)
{
    struct error err;

    cr_assert_not(os_write_file("/dev/full", "hello", 5, &err));
    cr_assert_eq(err.code, ERROR_HOST_IO);
    cr_assert_str_eq(err.message, "writing /dev/full: No space left on device");
}

Test(os, lists_a_folder_sorted_and_a_missing_one_as_empty)
{
    char **names = NULL;
    size_t count = 0;
    char other[160];
    struct error err;

    (void)snprintf(other, sizeof other, "%s/0", folder);
    cr_assert(os_write_file(file, "", 0, &err));
    cr_assert(os_write_file(other, "", 0, &err));
    cr_assert(os_list_directory(folder, &names, &count, &err));
    cr_assert_eq(count, 2);
    cr_assert_str_eq(names[0], "0");
    cr_assert_str_eq(names[1], "a");
    os_free_names(names, count);
    cr_assert(os_remove_file(other));
    cr_assert(os_remove_file(other), "removing nothing is fine");
    cr_assert(os_list_directory("/nowhere/at/all", &names, &count, &err));
    cr_assert_eq(count, 0);
}

Test(os, locks_against_another_process)
{
    struct os_lock *lock = NULL;
    struct os_lock *second = NULL;
    struct os_lock_holder holder;
    struct error err;

    os_lock_read_holder(file, &holder);
    cr_assert_eq(holder.pid, 0, "no file yet");
    cr_assert(os_lock_take(file, "a program", &lock, &holder, &err));
    cr_assert_eq(holder.pid, 0);
    cr_assert_not(os_lock_take(file, "another", &second, &holder, &err));
    cr_assert_eq(err.code, ERROR_PROBE_BUSY);
    cr_assert_eq((unsigned)holder.pid, os_process_id());
    cr_assert_str_eq(holder.program, "a program");
    cr_assert_null(second);
    os_lock_read_holder(file, &holder);
    cr_assert_eq((unsigned)holder.pid, os_process_id());
    os_lock_release(lock);
    os_lock_read_holder(file, &holder);
    cr_assert_eq(holder.pid, 0);
    cr_assert(os_lock_take(file, "another", &second, NULL, &err));
    os_lock_release(second);
}

/* A lock of a process that was killed while it held it. */
Test(os, forgets_the_lock_of_a_killed_process)
{
    struct os_lock *lock = NULL;
    struct os_lock_holder holder;
    struct error err;
    int ready[2];
    char byte = 0;
    pid_t child = 0;

    cr_assert_eq(pipe(ready), 0);
    child = fork();
    if (child == 0) {
        while (os_lock_take(file, "doomed", &lock, NULL, &err) && write(ready[1], "x", 1) == 1) {
            (void)pause();
        }
        _exit(1);
    }
    cr_assert_eq(read(ready[0], &byte, 1), 1);
    cr_assert_not(os_lock_take(file, "next", &lock, &holder, &err));
    cr_assert_eq(holder.pid, child);
    cr_assert_str_eq(holder.program, "doomed");
    (void)kill(child, SIGKILL);
    (void)waitpid(child, NULL, 0);
    os_lock_read_holder(file, &holder);
    cr_assert_eq(holder.pid, 0, "its name stands in the file, but it is dead");
    cr_assert(os_lock_take(file, "next", &lock, &holder, &err), "%s", err.message);
    os_lock_release(lock);
}

Test(os, runs_a_program_and_captures_both_streams)
{
    const char *const argv[] = {"/bin/sh", "-c", "echo out; echo err >&2; exit 3", NULL};
    char *output = NULL;
    char *errors = NULL;
    int status = 0;
    struct error err;

    cr_assert(os_run_program(argv, 100, &output, &errors, &status, &err), "%s", err.message);
    cr_assert_str_eq(output, "out\n");
    cr_assert_str_eq(errors, "err\n");
    cr_assert_eq(status, 3);
    free(output);
    free(errors);
}

Test(os, cuts_the_output_of_a_program_at_the_limit)
{
    const char *const argv[] = {"/bin/sh", "-c", "head -c 300000 /dev/zero | tr '\\0' x", NULL};
    char *output = NULL;
    int status = 1;
    struct error err;

    cr_assert(os_run_program(argv, 10, &output, NULL, &status, &err), "%s", err.message);
    cr_assert_str_eq(output, "xxxxxxxxxx");
    cr_assert_eq(status, 0);
    free(output);
}

Test(os, gives_a_program_no_input_and_none_of_its_descriptors)
{
    const char *const argv[] = {
        "/bin/sh", "-c", "cat; ls -l /proc/self/fd | grep -c xflash-os", NULL};
    struct os_lock *lock = NULL;
    char *output = NULL;
    int status = 1;
    struct error err;

    cr_assert(os_lock_take(file, "a program", &lock, NULL, &err));
    cr_assert(os_run_program(argv, 100, &output, NULL, &status, &err), "%s", err.message);
    cr_assert_str_eq(output, "0\n");
    free(output);
    os_lock_release(lock);
}

Test(os, says_that_a_program_cannot_be_started)
{
    const char *const argv[] = {"/nowhere/program", NULL};
    char *output = NULL;
    int status = 0;
    struct error err;

    cr_assert_not(os_run_program(argv, 100, &output, NULL, &status, &err));
    cr_assert_eq(err.code, ERROR_HOST_IO);
    cr_assert_str_eq(err.message, "/nowhere/program cannot be started: No such file or directory");
}

Test(os, counts_the_first_signal)
{
    os_signals_install();
    cr_assert_eq(os_signal_pending(), 0);
    cr_assert_eq(raise(SIGTERM), 0);
    cr_assert_eq(os_signal_pending(), 15);
    cr_assert_eq(raise(SIGINT), 0);
    cr_assert_eq(os_signal_pending(), 15);
}

Test(os, ends_at_the_second_interrupt, .signal = SIGINT)
{
    os_signals_install();
    (void)raise(SIGINT);
    cr_assert_eq(os_signal_pending(), 2);
    (void)raise(SIGINT);
}

Test(os, matches_regular_expressions)
{
    struct os_regex *regex = NULL;
    struct error err;

    cr_assert(os_regex_compile("LED (on|off)$", &regex, &err));
    cr_assert(os_regex_matches(regex, "1.5 s LED on"));
    cr_assert_not(os_regex_matches(regex, "LED on again"));
    os_regex_free(regex);
    cr_assert_not(os_regex_compile("(", &regex, &err));
    cr_assert_eq(err.code, ERROR_USAGE);
}

Test(os, connects_nowhere_in_bounded_time)
{
    struct os_socket *connection = NULL;
    uint64_t start_ns = os_monotonic_ns();
    struct error err;

    cr_assert_not(os_socket_connect("127.0.0.1", 1, 500, &connection, &err));
    cr_assert_eq(err.code, ERROR_NO_PROBE);
    cr_assert_null(connection);
    cr_assert_lt(os_monotonic_ns() - start_ns, 2000000000);
}

Test(os, takes_only_absolute_xdg_folders)
{
    char *path = NULL;

    cr_assert_eq(setenv("XDG_STATE_HOME", "/tmp/state", 1), 0);
    path = os_state_directory();
    cr_assert_str_eq(path, "/tmp/state/xflash");
    free(path);
    cr_assert_eq(setenv("XDG_STATE_HOME", "relative", 1), 0);
    cr_assert_eq(setenv("HOME", "/tmp/home", 1), 0);
    path = os_state_directory();
    cr_assert_str_eq(path, "/tmp/home/.local/state/xflash");
    free(path);
}
