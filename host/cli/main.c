/* xflash: the command line. The only file that prints errors. */
#include "host/base/os.h"
#include "host/cli/command.h"
#include "host/cli/result.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_HOST_IO = 5 };

static bool check_allowed(const struct cli *cli, struct error *err)
{
    static const uint64_t common =
        OPTION_BIT(OPTION_JSON) | OPTION_BIT(OPTION_REPORT) | OPTION_BIT(OPTION_VERBOSE) |
        OPTION_BIT(OPTION_QUIET) | OPTION_BIT(OPTION_LOG_FILE) | OPTION_BIT(OPTION_HELP) |
        OPTION_BIT(OPTION_VERSION) | OPTION_BIT(OPTION_PROGRESS) | OPTION_BIT(OPTION_BOARD) |
        OPTION_BIT(OPTION_PROBE) | OPTION_BIT(OPTION_LOCK_WAIT) | OPTION_BIT(OPTION_SPEED) |
        OPTION_BIT(OPTION_CONNECT) | OPTION_BIT(OPTION_YES) | OPTION_BIT(OPTION_TIMEOUT) |
        OPTION_BIT(OPTION_RETRIES) | OPTION_BIT(OPTION_TRACE);

    for (unsigned id = 0; id < OPTION_COUNT; id++) {
        const struct option_value *value = &cli->options.values[id];

        if (value->source == OPTION_COMMAND_LINE &&
            ((common | cli->command->allowed) & OPTION_BIT(id)) == 0) {
            (void)error_set(err, ERROR_USAGE, "--%s does not apply to xflash %s",
                option_spec((enum option_id)id)->name, cli->command->name);
            error_set_hint(err, "xflash help %s", cli->command->name);
            return false;
        }
    }
    if (cli->command->arguments[0] == '\0' && cli->options.argument_count > 0 &&
        !cli->command->verbatim && cli->command->run != command_log) { /* log has its own text */
        return error_set(err, ERROR_USAGE, "xflash %s takes no arguments", cli->command->name);
    }
    if (cli->command->run == command_sim &&
        cli->options.values[OPTION_JSON].source == OPTION_COMMAND_LINE) {
        (void)error_set(
            err, ERROR_USAGE, "xflash sim hands its words on: --json belongs behind them");
        error_set_hint(err, "xflash sim report NAME --json");
        return false;
    }
    if (options_flag(&cli->options, OPTION_TRACE)) {
        return error_set(
            err, ERROR_USAGE, "--trace (a timeline of the run) is not in this version");
    }
    return true;
}

static void log_sources(struct cli *cli)
{
    for (unsigned id = 0; id < OPTION_COUNT; id++) {
        const struct option_value *value = &cli->options.values[id];

        if (value->source != OPTION_UNSET) {
            log_write(&cli->output.log, LOG_INFO, NULL, "option %s %s (from %s)",
                option_spec((enum option_id)id)->name, value->text,
                option_source_name(value->source));
        }
    }
}

static void write_start_record(struct cli *cli)
{
    struct record record;

    if (!output_wants_records(&cli->output)) {
        return;
    }
    output_begin_record(&cli->output, &record, "start");
    record_text(&record, "cmd", cli->command->name);
    record_text(&record, "xflash", XFLASH_VERSION);
    record_open_array(&record, "argv");
    for (int i = 1; i < cli->argc; i++) {
        record_text(&record, NULL, cli->argv[i]);
    }
    record_close_array(&record);
    output_record(&cli->output, &record);
}

static void write_result_record(struct cli *cli, int exit_code)
{
    struct record record;

    if (!output_wants_records(&cli->output) || (cli->result_written && exit_code == 0)) {
        return;
    }
    result_begin(cli, &record, exit_code, exit_code == 0 && cli->verified, cli->boot);
    result_end_times(cli, &record);
    record_open_array(&record, "images");
    record_close_array(&record);
    result_end(cli, &record);
}

static bool run_with_retries(struct cli *cli, struct error *err)
{
    unsigned allowed = options_number(&cli->options, OPTION_RETRIES);

    for (;;) {
        if (cli->command->run(cli, err)) {
            return true;
        }
        if (cli->retries >= allowed || !error_info(err->code)->retry || os_signal_pending() != 0) {
            return false;
        }
        cli->retries++;
        cli->spent_us += output_elapsed_us(&cli->output);
        output_use_clock(&cli->output, NULL, NULL);
        output_warning(&cli->output, "retry", "%s: %.*s; running again (%u of %u)",
            error_info(err->code)->name, (int)strcspn(err->message, "\n"), err->message,
            cli->retries, allowed);
    }
}

static int finish(struct cli *cli, bool ok, const struct error *err)
{
    int exit_code = 0;

    output_progress_end(&cli->output);
    if (!ok) {
        exit_code = error_info(err->code)->exit_code;
        output_error(&cli->output, err);
    } else if (cli->exit_override >= 0) {
        exit_code = cli->exit_override;
    }
    write_result_record(cli, exit_code);
    output_close(&cli->output);
    if (exit_code == 0 &&
        (cli->output.write_failed || fflush(stdout) != 0 || ferror(stdout) != 0)) {
        (void)fprintf(stderr,
            "xflash: a record or result could not be written (is the reader gone, the disk "
            "full?)\n(host-io, exit %d)\n",
            EXIT_HOST_IO);
        exit_code = EXIT_HOST_IO;
    }
    return exit_code;
}

/* A verbatim command hands on every word behind its name. */
static bool read_words(struct cli *cli, int command_word, char **words, struct error *err)
{
    int count = 0;

    for (int i = 1; i < cli->argc; i++) {
        if (i < command_word || (i > command_word && !cli->command->verbatim)) {
            words[count++] = cli->argv[i];
        }
    }
    if (!options_parse(&cli->options, count, words, err)) {
        return false;
    }
    for (int i = command_word + 1; cli->command->verbatim && i < cli->argc; i++) {
        if (!options_add_argument(&cli->options, cli->argv[i], err)) {
            return false;
        }
    }
    return true;
}

static bool read_options(struct cli *cli, int command_word, char **words, struct error *err)
{
    return read_words(cli, command_word, words, err) &&
           options_read_environment(&cli->options, err) && options_read_files(&cli->options, err) &&
           check_allowed(cli, err);
}

/* Whether the value of this option is the next word. */
static bool value_follows(const char *word)
{
    enum option_id id = OPTION_COUNT;

    if (word[1] != '-') {
        return strcmp(word, "-p") == 0 || strcmp(word, "-b") == 0;
    }
    id = options_find(word + 2, strlen(word + 2));
    return id != OPTION_COUNT && option_spec(id)->value_name != NULL &&
           option_spec(id)->kind != OPTION_KIND_OPTIONAL;
}

/* The command may stand behind common options: xflash -p sim:x info. */
static int find_command_word(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] != '-' || argv[i][1] == '\0') {
            return i;
        }
        if (value_follows(argv[i])) {
            i++;
        }
    }
    return 0;
}

static bool choose_command(struct cli *cli, int *word, struct error *err)
{
    *word = find_command_word(cli->argc, cli->argv);
    if (*word == 0) {
        bool version = false;

        for (int i = 1; i < cli->argc; i++) {
            version = version || strcmp(cli->argv[i], "--version") == 0 ||
                      strcmp(cli->argv[i], "-V") == 0;
        }
        cli->command = command_find(version ? "version" : "help");
        return true;
    }
    cli->command = command_find(cli->argv[*word]);
    if (cli->command == NULL) {
        (void)error_set(err, ERROR_USAGE, "there is no command \"%s\"", cli->argv[*word]);
        error_set_hint(err, "xflash help");
        return false;
    }
    return true;
}

/* Without a command: a wrong option before it says more than its value taken for a command. */
static void fail_without_command(struct cli *cli, int word, struct error *err)
{
    struct error option = {0};

    if (!options_parse(&cli->options, word, cli->argv + 1, &option)) {
        *err = option;
    }
    for (int i = 1; i < cli->argc; i++) {
        cli->output.json = cli->output.json || strcmp(cli->argv[i], "--json") == 0;
    }
}

int main(int argc, char **argv)
{
    struct cli cli = {.argc = argc, .argv = argv, .exit_override = -1};
    struct error err = {0};
    char **words = calloc((size_t)argc + 1, sizeof *words);
    int command_word = 0;
    int exit_code = 0;
    bool ok = false;

    if (words == NULL) {
        return 1;
    }
    os_standard_streams_hold();
    os_signals_install();
    cli.output.start_ns = os_monotonic_ns();
    if (!choose_command(&cli, &command_word, &err)) {
        fail_without_command(&cli, command_word, &err);
        exit_code = finish(&cli, false, &err);
        goto free_options;
    }
    if (!read_options(&cli, command_word, words, &err) ||
        !output_open(&cli.output, &cli.options, &err)) {
        /* records were asked for: the error is one too, as far as can be known */
        cli.output.json = options_flag(&cli.options, OPTION_JSON);
        cli.output.start_ns = os_monotonic_ns();
        exit_code = finish(&cli, false, &err);
        goto free_options;
    }
    if (options_flag(&cli.options, OPTION_HELP)) {
        cli.help_topic = cli.command;
        cli.command = command_find("help");
    }
    if (cli.command->run == command_sim) {
        cli.output.json = false; /* XFLASH_JSON: standard output is the other program's */
    }
    log_sources(&cli);
    write_start_record(&cli);
    ok = run_with_retries(&cli, &err);
    exit_code = finish(&cli, ok, &err);

free_options:
    options_free(&cli.options);
    free(words);
    return exit_code;
}
