/* Everything a command shows: text for people on stderr, results on stdout, records for --json and
 * --report, the log file. A command never prints by itself. */
#ifndef HOST_CLI_OUTPUT_H
#define HOST_CLI_OUTPUT_H

#include "host/base/error.h"
#include "host/base/log.h"
#include "host/cli/options.h"
#include "host/cli/record.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum progress_style { PROGRESS_NONE, PROGRESS_PLAIN, PROGRESS_BAR };

struct output {
    bool json;
    bool quiet;
    enum progress_style progress;
    unsigned columns;
    FILE *report;                  /* NULL: none */
    FILE *log_file;                /* NULL: none */
    struct log log;                /* hand this to the rooms */
    enum log_level terminal_level; /* of it, what is shown on stderr; the log file gets all */
    uint64_t start_ns;             /* host clock when the command began */
    /* Clock of records: the probe's once there is one. */
    uint64_t (*now_ns)(void *context);
    void *now_context;
    uint64_t now_start_ns;
    bool is_modelled; /* the probe's time is virtual: say so beside every figure */
    bool is_frozen;
    uint64_t frozen_ns;
    bool bar_is_drawn;
    bool write_failed; /* a record could not be written: exit 5 at the end */
    /* progress state */
    char phase[24];
    unsigned last_percent;
    uint64_t phase_start_ns;
    uint64_t last_draw_ns;
};

MUST_USE bool output_open(struct output *output, const struct options *options, struct error *err);
void output_close(struct output *output);

/* Milliseconds since the command began, by the clock of the records. */
uint64_t output_elapsed_us(const struct output *output);
/* From now on time is the probe's (virtual for a virtual board). */
void output_use_clock(struct output *output, uint64_t (*now_ns)(void *context), void *context);

/* The probe is about to go away: records go on with the time it shows now. */
void output_freeze_clock(struct output *output);

/* A line for people, on stderr; not with -q. */
void output_note(struct output *output, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* A result for people, on stdout; nothing with --json. */
void output_result(struct output *output, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* A warning: text and record. */
void output_warning(struct output *output, const char *code, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* Starts a record of this type with its time; finish with output_record(), which frees it. */
void output_begin_record(struct output *output, struct record *record, const char *type);
void output_record(struct output *output, struct record *record);
bool output_wants_records(const struct output *output);

/* done of total bytes of a phase. The bar is drawn on a terminal only. */
void output_progress(
    struct output *output, const char *phase, uint64_t done_bytes, uint64_t total_bytes);
/* Ends the line of the bar. */
void output_progress_end(struct output *output);

/* The error, as text on stderr and as record. */
void output_error(struct output *output, const struct error *err);

/* Removes control characters (a probe's strings are not to be trusted). */
void output_clean_text(char *text);

#endif
