/* Everything xflash wants from the operating system. os_posix.c is the only file with POSIX calls.
 *
 * Paths are UTF-8. Functions that return allocated memory say who frees it. */
#ifndef HOST_BASE_OS_H
#define HOST_BASE_OS_H

#include "host/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* ---- environment ---- */
const char *os_environment(const char *name); /* NULL: not set */
/* For libraries that take a choice only from there. NULL: removed. */
void os_environment_set(const char *name, const char *value);
/* What the last failed call of the C library says, such as "No space left on device". */
const char *os_error_text(void);

/* ---- files ---- */
/* Reads a whole file (a pipe too, "-": standard input) into *bytes, to be freed with free().
 * Larger than limit_bytes: an error. The error code is the caller's choice. */
MUST_USE bool os_read_file(const char *path, size_t limit_bytes, enum error_code code,
    uint8_t **bytes, size_t *size_bytes, struct error *err);
/* Writes to a temporary file beside path, syncs it and renames it into place. ERROR_HOST_IO. */
MUST_USE bool os_write_file(
    const char *path, const void *bytes, size_t size_bytes, struct error *err);
/* The same in parts: the file appears under its name only at commit. */
struct os_output;
MUST_USE bool os_output_open(const char *path, struct os_output **out, struct error *err);
MUST_USE bool os_output_write(
    struct os_output *output, const void *bytes, size_t size_bytes, struct error *err);
MUST_USE bool os_output_commit(struct os_output *output, struct error *err); /* frees */
void os_output_abandon(struct os_output *output); /* frees; NULL allowed */
bool os_file_exists(const char *path);
bool os_is_directory(const char *path);
MUST_USE bool os_make_directories(
    const char *path, struct error *err); /* mode 0700, like mkdir -p */
bool os_remove_file(const char *path);    /* true also when there was none; synced */
/* Names (not paths) in a folder, sorted; freed with os_free_names(). A missing folder has none. */
MUST_USE bool os_list_directory(const char *path, char ***names, size_t *count, struct error *err);
void os_free_names(char **names, size_t count);
/* Absolute path, allocated; NULL when it does not exist. */
char *os_real_path(const char *path);
char *os_current_directory(void);
/* Folder of the running executable, allocated. */
char *os_executable_directory(void);
/* $XDG_STATE_HOME/xflash, $XDG_CONFIG_HOME/xflash and $XDG_RUNTIME_DIR/xflash with their
 * defaults; allocated. */
char *os_state_directory(void);
char *os_config_directory(void);
char *os_runtime_directory(void);

/* ---- locks ---- */
struct os_lock;
struct os_lock_holder {
    int pid; /* 0: nobody, or not known */
    char program[32];
};
/* Exclusive lock on a file, released by the kernel when the process dies. program: what this
 * process is called in what others are told. False with ERROR_PROBE_BUSY when another process
 * holds it, and *holder says which; holder may be NULL. */
MUST_USE bool os_lock_take(const char *path, const char *program, struct os_lock **out,
    struct os_lock_holder *holder, struct error *err);
/* Who holds it, without taking it: as the holder wrote it, if that process is still alive. */
void os_lock_read_holder(const char *path, struct os_lock_holder *holder);
void os_lock_release(struct os_lock *lock); /* NULL allowed */

/* ---- loopback and TCP ---- */
struct os_socket;
MUST_USE bool os_socket_connect(const char *host, uint16_t port, uint32_t timeout_ms,
    struct os_socket **out, struct error *err);
void os_socket_close(struct os_socket *socket); /* NULL allowed */
/* All bytes or an error: ERROR_USB_LOST when the peer is gone or silent for timeout_ms. */
MUST_USE bool os_socket_send(
    struct os_socket *socket, const void *bytes, size_t count, struct error *err);
MUST_USE bool os_socket_receive(
    struct os_socket *socket, void *bytes, size_t count, uint32_t timeout_ms, struct error *err);

/* ---- programs ---- */
/* Runs argv[0] (a path) with no shell, standard input closed; captures standard output (at most
 * limit_bytes, zero-terminated, freed by the caller) and, when errors is not NULL, standard error
 * the same way. *status: exit status. */
MUST_USE bool os_run_program(const char *const argv[], size_t limit_bytes, char **output,
    char **errors, int *status, struct error *err);
/* Runs argv[0] with this process's standard streams and waits; *status: exit status. */
MUST_USE bool os_run_attached(const char *const argv[], int *status, struct error *err);

/* ---- time, signals, terminal ---- */
uint64_t os_monotonic_ns(void);
void os_sleep_ns(uint64_t duration_ns);
/* Wall clock as "2026-01-31T12:00:00Z". */
void os_wall_clock_text(char text[21]);
/* Installs handlers for SIGINT and SIGTERM that only count; a second SIGINT ends the process.
 * SIGPIPE is ignored. */
void os_signals_install(void);
enum { OS_SIGNAL_INTERRUPT = 2, OS_SIGNAL_TIMEOUT = 14, OS_SIGNAL_TERMINATE = 15 };
/* 0, or the number of the first signal that came. */
int os_signal_pending(void);
/* Fills *err for the signal that is pending; always false. */
bool os_signal_fail(struct error *err);
/* As if OS_SIGNAL_TIMEOUT had come: the command is over its --timeout and ends as after Ctrl-C. */
void os_signal_raise_timeout(void);
/* Standard streams that the caller closed become ones that fail when used: else the first socket
 * or file opened would take their number and get what is meant for people. */
void os_standard_streams_hold(void);
bool os_is_terminal(FILE *stream);
/* Until there is something to read, or its end; false: a signal came first. */
bool os_wait_input(FILE *stream);
unsigned os_terminal_columns(FILE *stream); /* 80 when unknown */
unsigned os_process_id(void);
bool os_process_is_alive(int pid);
uint64_t os_peak_memory_bytes(void);

/* ---- regular expressions (POSIX extended) ---- */
struct os_regex;
MUST_USE bool os_regex_compile(const char *pattern, struct os_regex **out, struct error *err);
bool os_regex_matches(const struct os_regex *regex, const char *text);
void os_regex_free(struct os_regex *regex);

#endif
