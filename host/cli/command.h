/* A command of the command line: one file each, one row in the table of commands. */
#ifndef HOST_CLI_COMMAND_H
#define HOST_CLI_COMMAND_H

#include "host/base/error.h"
#include "host/cli/options.h"
#include "host/cli/output.h"

/* What a command gets. */
struct cli {
    struct options options;
    struct output output;
    const struct command *command;
    const struct command *help_topic; /* COMMAND of `xflash COMMAND --help` */
    int argc;                         /* of the program, for the start record */
    char **argv;
    int exit_override;   /* exit status of a program that was run in our place (sim); -1: none */
    bool result_written; /* the command wrote its own result record */
    bool verified;       /* for the result record that main() writes otherwise */
    const char *boot;    /* the same: state of the bootloader when it was looked at */
    unsigned retries;    /* runs repeated so far */
    uint64_t spent_us;   /* by them, of --timeout */
};

struct command {
    const char *name;
    const char *aliases;   /* "flash write download load"; NULL: none */
    const char *arguments; /* for the usage line */
    const char *summary;   /* one line */
    const char *details;   /* help text; NULL: none */
    uint64_t allowed;      /* bit per enum option_id, besides the common ones */
    bool verbatim;         /* arguments are not parsed */
    bool uses_probe;       /* shown with the probe options */
    bool (*run)(struct cli *cli, struct error *err);
};

#define OPTION_BIT(id) (UINT64_C(1) << (id))

/* The table, ended by a row without a name. */
const struct command *command_table(void);
const struct command *command_find(const char *name);

bool command_program(struct cli *cli, struct error *err);
bool command_erase(struct cli *cli, struct error *err);
bool command_verify(struct cli *cli, struct error *err);
bool command_read(struct cli *cli, struct error *err);
bool command_blank(struct cli *cli, struct error *err);
bool command_info(struct cli *cli, struct error *err);
bool command_run(struct cli *cli, struct error *err);
bool command_log(struct cli *cli, struct error *err);
bool command_boot(struct cli *cli, struct error *err);
bool command_test(struct cli *cli, struct error *err);
bool command_bench(struct cli *cli, struct error *err);
bool command_reset(struct cli *cli, struct error *err);
bool command_halt(struct cli *cli, struct error *err);
bool command_list(struct cli *cli, struct error *err);
bool command_version(struct cli *cli, struct error *err);
bool command_help(struct cli *cli, struct error *err);
bool command_board(struct cli *cli, struct error *err);
bool command_sim(struct cli *cli, struct error *err);
bool command_later(struct cli *cli, struct error *err);

#endif
