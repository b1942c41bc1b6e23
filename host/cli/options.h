/* Options of the command line, the environment and configuration files, each with its source.
 *
 * Precedence: command line, XFLASH_<OPTION>, the nearest xflash.json upward, the user's file.
 * Values are kept as text and checked against the table when they are set, so that a wrong one is
 * reported with the place it came from. */
#ifndef HOST_CLI_OPTIONS_H
#define HOST_CLI_OPTIONS_H

#include "host/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_id {
    OPTION_BOARD,
    OPTION_PROBE,
    OPTION_LOCK_WAIT,
    OPTION_SPEED,
    OPTION_CONNECT,
    OPTION_AFTER,
    OPTION_ERASE,
    OPTION_RETRIES,
    OPTION_JSON,
    OPTION_REPORT,
    OPTION_PROGRESS,
    OPTION_VERBOSE,
    OPTION_QUIET,
    OPTION_LOG_FILE,
    OPTION_TRACE,
    OPTION_YES,
    OPTION_TIMEOUT,
    OPTION_FORMAT,
    OPTION_NO_VERIFY,
    OPTION_VERIFY,
    OPTION_DRY_RUN,
    OPTION_BOOT,
    OPTION_OUTPUT,
    OPTION_ALL,
    OPTION_FOR,
    OPTION_UNTIL,
    OPTION_FAIL_ON,
    OPTION_PSRAM,
    OPTION_ELF,
    OPTION_SIZE,
    OPTION_FLASH,
    OPTION_HELP,
    OPTION_VERSION,
    OPTION_COUNT
};

enum option_kind {
    OPTION_KIND_FLAG,
    OPTION_KIND_COUNT, /* -v, may be repeated */
    OPTION_KIND_TEXT,
    OPTION_KIND_CHOICE, /* one of `choices` */
    OPTION_KIND_NUMBER,
    OPTION_KIND_FREQUENCY, /* 24M, 8000 (kHz) */
    OPTION_KIND_DURATION,  /* 3s, 500ms, 2m; a bare number is seconds */
    OPTION_KIND_OPTIONAL   /* --dry-run or --dry-run=target */
};

struct option_spec {
    const char *name;       /* without the dashes */
    const char *value_name; /* in help; NULL for flags */
    const char *choices;    /* "auto|sector|chip|none" */
    const char *help;
    enum option_kind kind;
    char short_name;       /* 0: none */
    bool refused_in_files; /* and in the environment: consent and verification */
};

const struct option_spec *option_spec(enum option_id id);

enum option_source {
    OPTION_UNSET,
    OPTION_USER_FILE,
    OPTION_PROJECT_FILE,
    OPTION_ENVIRONMENT,
    OPTION_COMMAND_LINE
};

struct option_value {
    char *text; /* owned; NULL: unset */
    enum option_source source;
    unsigned count; /* OPTION_KIND_COUNT */
};

struct options {
    struct option_value values[OPTION_COUNT];
    char **arguments; /* positional; owned */
    size_t argument_count;
    char *user_file;    /* owned; NULL when not there */
    char *project_file; /* owned; NULL when not there */
};

/* Options and positional arguments, in any order; "--" ends the options. */
MUST_USE bool options_parse(struct options *options, int argc, char **argv, struct error *err);
/* One positional argument, taken as it is. */
MUST_USE bool options_add_argument(struct options *options, const char *word, struct error *err);
/* Fills in what is unset from XFLASH_<OPTION>. */
MUST_USE bool options_read_environment(struct options *options, struct error *err);
/* Fills in what is unset from xflash.json upward from the current folder, then the user's. */
MUST_USE bool options_read_files(struct options *options, struct error *err);
void options_free(struct options *options);

/* Sets a value from a file or the environment unless a stronger source has set it; text is copied
 * and checked. where: for messages. */
MUST_USE bool options_set(struct options *options, enum option_id id, const char *text,
    enum option_source source, const char *where, struct error *err);
/* Index of the option with this long name, or OPTION_COUNT. */
enum option_id options_find(const char *name, size_t name_length);

const char *options_text(const struct options *options, enum option_id id); /* NULL: unset */
bool options_flag(const struct options *options, enum option_id id);
uint64_t options_duration_ms(const struct options *options, enum option_id id);  /* 0: unset */
uint32_t options_frequency_hz(const struct options *options, enum option_id id); /* 0: unset */
unsigned options_number(const struct options *options, enum option_id id);
const char *option_source_name(enum option_source source);

/* "3s", "500ms", "2m", "1.5s" -> milliseconds. */
bool options_parse_duration(const char *text, uint64_t *duration_ms);
/* "24M", "8000k", "8000" (kHz) -> Hz. */
bool options_parse_frequency(const char *text, uint32_t *freq_hz);

#endif
