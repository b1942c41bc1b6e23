/* start and what belongs to it: the environment of the USB door, the probes to choose from. */
#include "sim/cli_internal.h"
#include "sim/life.h"
#include "sim/usb_start.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_hints(const char *address)
{
    const char *port = strrchr(address, ':') + 1;

    (void)fprintf(stderr,
        "export XFLASH_PROBE=tcp:%s\n"
        "openocd -c 'adapter driver st-link; st-link backend tcp %s; "
        "transport select dapdirect_swd' ...\n",
        address, port);
}

static bool parse_port(const char *text, uint16_t *port)
{
    char *end = NULL;
    unsigned long value = strtoul(text, &end, 10);

    *port = (uint16_t)value;
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && value <= UINT16_MAX;
}

/* What was typed after start. */
struct start_words {
    struct sim_life_options options;
    const char *typed; /* name of the board */
    bool is_verbose;
    bool has_pace;
};

static bool parse_model(const char *text, struct sim_life_options *options)
{
    options->model = sim_probe_model_find(text);
    return options->model != NULL;
}

/* Parses one word of start at argv[*index]. */
static bool parse_start_word(
    int argc, const char *const argv[], int *index, struct start_words *words)
{
    struct sim_life_options *options = &words->options;
    const char *option = argv[*index];
    const char *value = *index + 1 < argc ? argv[*index + 1] : "";

    if (option[0] != '-' && words->typed == NULL) {
        words->typed = option;
    } else if (strcmp(option, "--foreground") == 0) {
        options->is_foreground = true;
    } else if (strcmp(option, "--stop-on-violation") == 0) {
        options->stop_on_violation = true;
    } else if (strcmp(option, "-v") == 0) {
        words->is_verbose = true;
    } else if (strcmp(option, "--usb") == 0) {
        options->has_usb = true;
    } else if (strcmp(option, "--probe") == 0) {
        (*index)++;
        return parse_model(value, options);
    } else if (strcmp(option, "--pace") == 0) {
        (*index)++;
        words->has_pace = true;
        options->is_paced = strcmp(value, "real") == 0;
        return options->is_paced || strcmp(value, "virtual") == 0;
    } else if (strcmp(option, "--port") == 0) {
        (*index)++;
        return parse_port(value, &options->port);
    } else {
        return false;
    }
    return true;
}

/* A board that was running already opens its USB door now; of one that was just started it is
 * open. */
static bool open_usb(const struct sim_state_name *name, const struct sim_life_options *options,
    struct sim_failure *failure)
{
    const char *const request[] = {"usb", options->is_paced ? "real" : "virtual",
        options->model != NULL ? options->model->name : "any"};
    enum sim_exit exit_code = SIM_EXIT_OK;

    if (!sim_cli_ask(name, 3, request, &exit_code, failure)) {
        return false;
    }
    if (exit_code != SIM_EXIT_OK) {
        failure->text[0] = '\0'; /* sim_cli_ask() has printed it */
        failure->exit_code = exit_code;
    }
    return exit_code == SIM_EXIT_OK;
}

/* The address, and what else was asked for. */
static int print_start(const struct start_words *words, const char *address)
{
    struct sim_failure failure = {0};

    (void)printf("%s\n", address);
    if (words->options.has_usb && !sim_usb_print_environment(stdout, &failure)) {
        return sim_cli_complain(&failure);
    }
    if (words->is_verbose) {
        print_hints(address);
    }
    return SIM_EXIT_OK;
}

static int start_board(const struct start_words *words)
{
    struct sim_state_name name;
    struct sim_failure failure = {0};
    char address[32] = "";

    if (!sim_state_parse_name(words->typed, &name, &failure) ||
        !sim_life_start(&name, &words->options, address, &failure)) {
        return sim_cli_complain(&failure);
    }
    if (words->options.is_foreground) {
        return SIM_EXIT_OK;
    }
    if (words->options.has_usb && !open_usb(&name, &words->options, &failure)) {
        return failure.text[0] != '\0' ? sim_cli_complain(&failure) : (int)failure.exit_code;
    }
    return print_start(words, address);
}

int sim_cli_run_start(int argc, const char *const argv[])
{
    struct start_words words = {0};

    for (int i = 1; i < argc; i++) {
        if (!parse_start_word(argc, argv, &i, &words)) {
            return sim_cli_complain_usage("not understood: ", argv[i < argc ? i : argc - 1]);
        }
    }
    if (words.typed == NULL) {
        return sim_cli_complain_usage("start needs the NAME of a board", "");
    }
    words.options.is_paced = words.options.is_paced || (words.options.has_usb && !words.has_pace);
    return start_board(&words);
}

int sim_cli_run_env(int argc, const char *const argv[])
{
    struct sim_failure failure = {0};

    (void)argv;
    if (argc != 1) {
        return sim_cli_complain_usage("env takes no arguments", "");
    }
    return sim_usb_print_environment(stdout, &failure) ? SIM_EXIT_OK : sim_cli_complain(&failure);
}

int sim_cli_run_models(int argc, const char *const argv[])
{
    const struct sim_probe_model *model = NULL;

    (void)argv;
    if (argc != 1) {
        return sim_cli_complain_usage("models takes no arguments", "");
    }
    for (size_t i = 0; (model = sim_probe_model_at(i)) != NULL; i++) {
        (void)printf("%-10s %04x:%04x %s\n", model->name, model->vid, model->pid, model->title);
    }
    return SIM_EXIT_OK;
}
