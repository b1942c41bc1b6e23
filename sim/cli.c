#include "sim/cli.h"

#include "sim/cli_internal.h"
#include "sim/control.h"
#include "sim/life.h"
#include "sim/link_cost.h"
#include "sim/usb_start.h"
#include "sim/version.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "xflash-vboard: virtual boards for xflash, OpenOCD and other clients of an ST-LINK server\n"
    "\n"
    "  xflash-vboard list                       boards known and running\n"
    "  xflash-vboard start NAME[#INSTANCE] [--usb] [--probe MODEL] [--pace real|virtual]\n"
    "                      [--foreground] [--port N] [--stop-on-violation] [-v]\n"
    "                                           joins or starts; prints 127.0.0.1:PORT, and with\n"
    "                                           --usb the environment that shows it on USB\n"
    "  xflash-vboard env                        prints that environment again\n"
    "  xflash-vboard models                     probes for --probe; v3 unless given\n"
    "  xflash-vboard stop NAME[#INSTANCE] | --all\n"
    "  xflash-vboard reset NAME                 as from the factory, with a new unique ID\n"
    "  xflash-vboard power-cycle NAME\n"
    "  xflash-vboard report NAME [--json]       what the last client did; exit 61 on violations\n"
    "  xflash-vboard trace NAME on|off|show     decoded log of the memory bus, and VCD\n"
    "  xflash-vboard trace NAME [--text FILE] [--vcd FILE]\n"
    "  xflash-vboard inject NAME [SPEC...]      KIND@INDEX, KIND@seed:N, off; without SPEC a list\n"
    "  xflash-vboard set NAME [KEY=VALUE...]    puts the board into a state; without KEY a list\n"
    "  xflash-vboard --cost | --help | --version\n"
    "\n"
    "State lies in $XFLASH_SIM_DIR, or $XDG_STATE_HOME/xflash/sim, or ~/.local/state/xflash/sim.\n"
    "Exit codes: 0 done, 1 internal, 2 usage, 4 unknown board, 5 host input/output, 12 busy,\n"
    "61 violations.\n";

int sim_cli_complain(const struct sim_failure *failure)
{
    (void)fprintf(stderr, "xflash-vboard: %s\n", failure->text);
    return (int)failure->exit_code;
}

int sim_cli_complain_usage(const char *text, const char *detail)
{
    (void)fprintf(stderr, "xflash-vboard: %s%s\ntry: xflash-vboard --help\n", text, detail);
    return SIM_EXIT_USAGE;
}

bool sim_cli_ask(const struct sim_state_name *name, int argc, const char *const argv[],
    enum sim_exit *exit_code, struct sim_failure *failure)
{
    int folder_fd = sim_state_open_folder(name, failure);
    char *answer = NULL;
    bool is_answered = false;

    if (folder_fd < 0) {
        return false;
    }
    is_answered = sim_control_call(folder_fd, argc, argv, exit_code, &answer, failure);
    if (is_answered) {
        bool is_result = *exit_code == SIM_EXIT_OK || *exit_code == SIM_EXIT_VIOLATIONS;

        (void)fprintf(
            is_result ? stdout : stderr, "%s%s", is_result ? "" : "xflash-vboard: ", answer);
    }
    free(answer);
    (void)close(folder_fd);
    return is_answered;
}

/* Waits until the process that answered has let go of the folder. */
static bool wait_for_lock(const struct sim_state_name *name, struct sim_failure *failure)
{
    struct sim_state *state = calloc(1, sizeof *state);
    bool is_free = false;

    if (state == NULL) {
        abort();
    }
    for (int attempt = 0; attempt < 100 && !is_free; attempt++) {
        is_free = sim_state_open(state, name, failure);
        sim_state_close(state);
        if (!is_free && failure->exit_code != SIM_EXIT_BUSY) {
            break;
        }
        if (!is_free) {
            (void)usleep(50000);
        }
    }
    free(state);
    return is_free;
}

static int stop_one(const struct sim_state_name *name)
{
    const char *const request[] = {"stop"};
    enum sim_exit exit_code = SIM_EXIT_OK;
    struct sim_failure failure = {0};

    if (!sim_cli_ask(name, 1, request, &exit_code, &failure)) {
        return failure.exit_code == SIM_EXIT_OK ? SIM_EXIT_OK : sim_cli_complain(&failure);
    }
    if (exit_code == SIM_EXIT_OK && !wait_for_lock(name, &failure)) {
        return sim_cli_complain(&failure);
    }
    return (int)exit_code;
}

/* Calls visit for each folder of a known board. */
static int for_each_state(int (*visit)(const struct sim_state_name *name))
{
    struct sim_failure failure = {0};
    struct sim_state_name name;
    char root[PATH_MAX];
    int exit_code = SIM_EXIT_OK;
    const struct dirent *entry = NULL;
    DIR *folder = NULL;

    if (!sim_state_root(root, &failure)) {
        return sim_cli_complain(&failure);
    }
    folder = opendir(root);
    if (folder == NULL) {
        return SIM_EXIT_OK; /* nothing was ever started */
    }
    while ((entry = readdir(folder)) != NULL) { /* NOLINT(concurrency-mt-unsafe) */
        if (strchr(entry->d_name, '#') != NULL &&
            sim_state_parse_name(entry->d_name, &name, &failure)) {
            int visited = visit(&name);

            exit_code = visited != SIM_EXIT_OK ? visited : exit_code;
        }
    }
    (void)closedir(folder);
    return exit_code;
}

static int run_stop(int argc, const char *const argv[])
{
    struct sim_state_name name;
    struct sim_failure failure = {0};
    int exit_code = SIM_EXIT_OK;

    if (argc != 2) {
        return sim_cli_complain_usage("stop needs one NAME, or --all", "");
    }
    if (strcmp(argv[1], "--all") == 0) {
        exit_code = for_each_state(stop_one);
    } else if (sim_state_parse_name(argv[1], &name, &failure)) {
        exit_code = stop_one(&name);
    } else {
        return sim_cli_complain(&failure);
    }
    sim_usb_wait_for_end();
    return exit_code;
}

static int list_one(const struct sim_state_name *name)
{
    int folder_fd = 0;
    struct sim_failure failure = {0};
    const char *const request[] = {"address"};
    enum sim_exit exit_code = SIM_EXIT_OK;
    char *answer = NULL;

    folder_fd = sim_state_open_folder(name, &failure);
    if (folder_fd < 0) {
        return sim_cli_complain(&failure);
    }
    if (sim_control_call(folder_fd, 1, request, &exit_code, &answer, &failure)) {
        (void)printf("%-24s running at %s\n", name->text, answer);
    } else {
        (void)printf("%-24s stopped\n", name->text);
    }
    free(answer);
    (void)close(folder_fd);
    return SIM_EXIT_OK;
}

static int run_list(int argc, const char *const argv[])
{
    (void)argv;
    if (argc != 1) {
        return sim_cli_complain_usage("list takes no arguments", "");
    }
    for (unsigned i = 0; sim_board_at(i) != NULL; i++) {
        const struct sim_board *board = sim_board_at(i);

        (void)printf("%-24s %s, %s\n", board->name, board->mcu,
            board->memory_part != NULL ? board->memory_part : "no external memory");
    }
    return for_each_state(list_one);
}

static int reset_stopped(const struct sim_state_name *name, struct sim_failure *failure)
{
    struct sim_state *state = calloc(1, sizeof *state);
    bool is_reset = false;

    if (state == NULL) {
        abort();
    }
    is_reset = sim_state_open(state, name, failure) && sim_state_factory_reset(state, failure);
    sim_state_close(state);
    free(state);
    return is_reset ? SIM_EXIT_OK : sim_cli_complain(failure);
}

/* File arguments mean the caller's working folder, the board has another one. */
static const char *absolute(const char *path, char buffer[PATH_MAX])
{
    char working[PATH_MAX];

    if (path[0] == '/' || getcwd(working, sizeof working) == NULL ||
        snprintf(buffer, PATH_MAX, "%s/%s", working, path) >= PATH_MAX) {
        return path;
    }
    return buffer;
}

/* VERB NAME ARGS... becomes VERB ARGS... at the board. */
static int forward(int argc, const char *const argv[], bool starts_board)
{
    const char *request[SIM_CONTROL_ARGS];
    char paths[2][PATH_MAX];
    unsigned path_count = 0;
    struct sim_life_options options = {0};
    struct sim_state_name name;
    struct sim_failure failure = {0};
    enum sim_exit exit_code = SIM_EXIT_OK;
    char address[32];

    if (argc < 2 || argc > SIM_CONTROL_ARGS) {
        return sim_cli_complain_usage(argv[0], " needs the NAME of a board");
    }
    if (!sim_state_parse_name(argv[1], &name, &failure)) {
        return sim_cli_complain(&failure);
    }
    request[0] = argv[0];
    for (int i = 2; i < argc; i++) {
        bool is_path = argv[i - 1][0] == '-' && argv[0][0] == 't' && path_count < 2;

        request[i - 1] = is_path ? absolute(argv[i], paths[path_count]) : argv[i];
        path_count += is_path;
    }
    if (starts_board && !sim_life_start(&name, &options, address, &failure)) {
        return sim_cli_complain(&failure);
    }
    if (sim_cli_ask(&name, argc - 1, request, &exit_code, &failure)) {
        return (int)exit_code;
    }
    if (failure.exit_code != SIM_EXIT_OK) {
        return sim_cli_complain(&failure);
    }
    if (strcmp(argv[0], "reset") == 0) {
        return reset_stopped(&name, &failure);
    }
    return sim_cli_complain_usage(name.text, " is not running; `start` it first");
}

static int run_forwarded(int argc, const char *const argv[])
{
    return forward(argc, argv, false);
}

static int run_starting(int argc, const char *const argv[])
{
    return forward(argc, argv, true);
}

static int run_help(int argc, const char *const argv[])
{
    (void)argc;
    (void)argv;
    (void)fputs(help, stdout);
    return SIM_EXIT_OK;
}

static int run_version(int argc, const char *const argv[])
{
    (void)argc;
    (void)argv;
    (void)printf("xflash-vboard %s\n", SIM_VERSION);
    return SIM_EXIT_OK;
}

static int run_cost(int argc, const char *const argv[])
{
    const struct sim_cpu_costs *cpu = &sim_cpu_default_costs;

    (void)argc;
    (void)argv;
    sim_link_cost_print_all(stdout);
    (void)printf(
        "CPU, cycles: %u per instruction, %u more for a branch taken, %u for a division,\n"
        "  %u per further word of a multiple transfer, %u per access to a peripheral,\n"
        "  %u to the private bus, %u and %u for exception entry and return, %u for a cache "
        "fill\n",
        (unsigned)cpu->instruction, (unsigned)cpu->branch_taken, (unsigned)cpu->divide,
        (unsigned)cpu->transfer_extra, (unsigned)cpu->peripheral, (unsigned)cpu->private_bus,
        (unsigned)cpu->exception_entry, (unsigned)cpu->exception_return, (unsigned)cpu->cache_fill);
    for (unsigned i = 0; sim_board_at(i) != NULL; i++) {
        (void)printf("%s: %u bus clocks per access to AXI SRAM that no cache answers\n",
            sim_board_at(i)->name, (unsigned)sim_board_at(i)->soc->axi_wait_clocks);
    }
    return SIM_EXIT_OK;
}

static const struct {
    const char *name;
    int (*run)(int argc, const char *const argv[]);
} commands[] = {
    {"list", run_list},
    {"start", sim_cli_run_start},
    {"env", sim_cli_run_env},
    {"models", sim_cli_run_models},
    {"stop", run_stop},
    {"reset", run_forwarded},
    {"power-cycle", run_starting},
    {"report", run_forwarded},
    {"trace", run_starting},
    {"inject", run_starting},
    {"set", run_starting},
    {"help", run_help},
    {"--help", run_help},
    {"-h", run_help},
    {"--version", run_version},
    {"--cost", run_cost},
};

int sim_cli_run(int argc, const char *const argv[])
{
    if (argc < 2) {
        return sim_cli_complain_usage("no command given", "");
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i].name, argv[1]) == 0) {
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    return sim_cli_complain_usage("unknown command: ", argv[1]);
}
