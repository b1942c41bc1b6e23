#include "host/cli/output.h"

#include "host/base/os.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_US UINT64_C(1000)

static void log_to_output(void *context, enum log_level level, const char *code, const char *text);

static bool open_file(const char *path, FILE **file, struct error *err)
{
    if (path == NULL) {
        return true;
    }
    *file = fopen(path, "w");
    if (*file == NULL) {
        return error_set(err, ERROR_HOST_IO, "cannot write %s: %s", path, os_error_text());
    }
    return true;
}

static enum progress_style choose_style(const struct options *options, const struct output *output)
{
    const char *how = options_text(options, OPTION_PROGRESS);
    const char *terminal = os_environment("TERM");
    bool is_dumb = terminal != NULL && strcmp(terminal, "dumb") == 0; /* cannot erase a line */

    if (how != NULL && strcmp(how, "none") == 0) {
        return PROGRESS_NONE;
    }
    if (how != NULL && strcmp(how, "plain") == 0) {
        return PROGRESS_PLAIN;
    }
    if (output->quiet || output->json) {
        return PROGRESS_NONE;
    }
    return os_is_terminal(stderr) && !is_dumb ? PROGRESS_BAR : PROGRESS_PLAIN;
}

bool output_open(struct output *output, const struct options *options, struct error *err)
{
    unsigned verbose = options->values[OPTION_VERBOSE].count;

    memset(output, 0, sizeof *output);
    output->json = options_flag(options, OPTION_JSON);
    output->quiet = options_flag(options, OPTION_QUIET);
    output->progress = choose_style(options, output);
    output->columns = os_terminal_columns(stderr);
    output->start_ns = os_monotonic_ns();
    output->log.write = log_to_output;
    output->log.context = output;
    output->terminal_level = verbose >= 3 ? LOG_TRACE : (enum log_level)(LOG_NOTE + (int)verbose);
    output->log.max_level = output->terminal_level;
    if (!open_file(options_text(options, OPTION_REPORT), &output->report, err) ||
        !open_file(options_text(options, OPTION_LOG_FILE), &output->log_file, err)) {
        output_close(output);
        return false;
    }
    if (output->log_file != NULL) {
        output->log.max_level = LOG_TRACE;
    }
    return true;
}

static void close_file(struct output *output, FILE **file)
{
    if (*file != NULL && fclose(*file) != 0) {
        output->write_failed = true;
    }
    *file = NULL;
}

void output_close(struct output *output)
{
    close_file(output, &output->report);
    close_file(output, &output->log_file);
}

void output_use_clock(struct output *output, uint64_t (*now_ns)(void *context), void *context)
{
    output->now_ns = now_ns;
    output->now_context = context;
    output->now_start_ns = now_ns != NULL ? now_ns(context) : 0;
    output->is_frozen = false;
}

static uint64_t now_ns(const struct output *output)
{
    if (output->is_frozen) {
        return output->frozen_ns;
    }
    if (output->now_ns != NULL) {
        return output->now_ns(output->now_context) - output->now_start_ns;
    }
    return os_monotonic_ns() - output->start_ns;
}

void output_freeze_clock(struct output *output)
{
    output->frozen_ns = now_ns(output);
    output->is_frozen = true;
}

uint64_t output_elapsed_us(const struct output *output)
{
    return now_ns(output) / NS_PER_US;
}

static void end_bar(struct output *output)
{
    if (output->bar_is_drawn) {
        (void)fputs("\r\033[K", stderr);
        output->bar_is_drawn = false;
    }
}

static void print_line(struct output *output, FILE *stream, const char *text)
{
    end_bar(output);
    (void)fprintf(stream, "%s\n", text);
    (void)fflush(stream);
    if (output->log_file != NULL) {
        (void)fprintf(output->log_file, "%s\n", text);
    }
}

void output_note(struct output *output, const char *fmt, ...)
{
    char text[2048];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (!output->quiet) {
        print_line(output, stderr, text);
    } else if (output->log_file != NULL) {
        (void)fprintf(output->log_file, "%s\n", text);
    }
}

void output_result(struct output *output, const char *fmt, ...)
{
    char text[8192];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (!output->json) {
        print_line(output, stdout, text);
    } else if (output->log_file != NULL) {
        (void)fprintf(output->log_file, "%s\n", text);
    }
}

static void write_warning(struct output *output, const char *code, const char *text)
{
    struct record record;
    char line[1200];

    (void)snprintf(line, sizeof line, "warning: %s", text);
    print_line(output, stderr, line);
    if (output_wants_records(output)) {
        output_begin_record(output, &record, "warning");
        record_text(&record, "code", code != NULL ? code : "note");
        record_text(&record, "msg", text);
        output_record(output, &record);
    }
}

void output_warning(struct output *output, const char *code, const char *fmt, ...)
{
    char text[1024];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    write_warning(output, code, text);
}

static void log_to_output(void *context, enum log_level level, const char *code, const char *text)
{
    struct output *output = context;

    if (level == LOG_WARNING) {
        write_warning(output, code, text);
    } else if (level == LOG_NOTE) {
        output_note(output, "%s", text);
    } else if (level <= output->terminal_level && !output->quiet) {
        print_line(output, stderr, text);
    } else if (output->log_file != NULL) {
        (void)fprintf(output->log_file, "%s\n", text);
    }
}

bool output_wants_records(const struct output *output)
{
    return output->json || output->report != NULL;
}

void output_begin_record(struct output *output, struct record *record, const char *type)
{
    record_begin(record, type);
    record_milli(record, "t", output_elapsed_us(output) / 1000);
}

void output_record(struct output *output, struct record *record)
{
    const char *text = record_finish(record);

    if (text == NULL) {
        output->write_failed = true;
    } else {
        if (output->json && (fputs(text, stdout) == EOF || fflush(stdout) != 0)) {
            output->write_failed = true;
        }
        if (output->report != NULL &&
            (fputs(text, output->report) == EOF || fflush(output->report) != 0)) {
            output->write_failed = true;
        }
    }
    record_free(record);
}

static void print_multiline(struct output *output, const char *prefix, const char *text)
{
    end_bar(output);
    (void)fprintf(stderr, "%s%s\n", prefix, text);
    if (output->log_file != NULL) {
        (void)fprintf(output->log_file, "%s%s\n", prefix, text);
    }
}

/* "cause\n  while a\n  while b" -> array of "a", "b". */
static void record_while(struct record *record, const char *message)
{
    static const char marker[] = "\n  while ";
    const char *at = strstr(message, marker);

    record_open_array(record, "while");
    while (at != NULL) {
        const char *start = at + sizeof marker - 1;

        at = strstr(start, marker);
        record_text_count(record, NULL, start, at != NULL ? (size_t)(at - start) : strlen(start));
    }
    record_close_array(record);
}

static void record_error(struct output *output, const struct error *err)
{
    const struct error_info *info = error_info(err->code);
    const char *end = strstr(err->message, "\n  while ");
    struct record record;

    output_begin_record(output, &record, "error");
    record_text(&record, "code", info->name);
    record_i64(&record, "exit", info->exit_code);
    record_text_count(&record, "msg", err->message,
        end != NULL ? (size_t)(end - err->message) : strlen(err->message));
    record_bool(&record, "retry", info->retry);
    record_open_array(&record, "hint");
    if (err->hint[0] != '\0') {
        record_text(&record, NULL, err->hint);
    }
    record_close_array(&record);
    record_while(&record, err->message);
    if (err->has_addr) {
        record_u64(&record, "where", err->addr);
    }
    if (err->state[0] != '\0') {
        record_text(&record, "state", err->state);
    }
    output_record(output, &record);
}

void output_error(struct output *output, const struct error *err)
{
    const struct error_info *info = error_info(err->code);
    char code[64];

    print_multiline(output, "xflash: ", err->message);
    if (err->state[0] != '\0') {
        print_multiline(output, "state: ", err->state);
    }
    if (err->hint[0] != '\0') {
        print_multiline(output, "try: ", err->hint);
    }
    (void)snprintf(code, sizeof code, "(%s, exit %d)", info->name, info->exit_code);
    print_multiline(output, "", code);
    if (output_wants_records(output)) {
        record_error(output, err);
    }
}

void output_clean_text(char *text)
{
    for (char *at = text; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || (unsigned char)*at == 0x7F) {
            *at = '?';
        }
    }
}
