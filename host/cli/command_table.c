#include "host/cli/command.h"

#include <string.h>

#define IMAGE_OPTIONS (OPTION_BIT(OPTION_FORMAT))
#define PROGRAM_OPTIONS                                                                            \
    (IMAGE_OPTIONS | OPTION_BIT(OPTION_AFTER) | OPTION_BIT(OPTION_ERASE) |                         \
        OPTION_BIT(OPTION_NO_VERIFY) | OPTION_BIT(OPTION_VERIFY) | OPTION_BIT(OPTION_DRY_RUN) |    \
        OPTION_BIT(OPTION_BOOT))
#define LOG_OPTIONS (OPTION_BIT(OPTION_FOR) | OPTION_BIT(OPTION_UNTIL) | OPTION_BIT(OPTION_FAIL_ON))

static const struct command table[] = {
    {.name = "program",
        .aliases = "flash write download load",
        .arguments = "[IMAGE[@WHERE] | WHERE IMAGE]...",
        .summary = "erase what is needed, program, verify, reset and run",
        .details = "WHERE is an address, a memory or partition name, or NAME+OFFSET; K and M are "
                   "binary.\nELF, HEX, S-record and UF2 bring their addresses; a BIN without WHERE "
                   "goes to the boot entry partition.\nAll images are checked together before the "
                   "probe is opened, and verified after.",
        .allowed = PROGRAM_OPTIONS,
        .uses_probe = true,
        .run = command_program},
    {.name = "erase",
        .arguments = "RANGE... | --all [MEMORY]",
        .summary = "erase ranges, or one whole external memory",
        .details = "RANGE is A-B (B not included), A+LENGTH, a memory or partition name, or "
                   "NAME+OFFSET+LENGTH.\nBytes of partly covered sectors outside the range are "
                   "kept. Internal flash only when named.",
        .allowed = OPTION_BIT(OPTION_ALL) | OPTION_BIT(OPTION_AFTER) | OPTION_BIT(OPTION_DRY_RUN),
        .uses_probe = true,
        .run = command_erase},
    {.name = "verify",
        .arguments = "IMAGE[@WHERE]...",
        .summary = "compare images with what the memory returns",
        .allowed = IMAGE_OPTIONS | OPTION_BIT(OPTION_AFTER) | OPTION_BIT(OPTION_VERIFY),
        .uses_probe = true,
        .run = command_verify},
    {.name = "read",
        .aliases = "dump",
        .arguments = "RANGE -o FILE|-",
        .summary = "read a range into a file",
        .allowed = OPTION_BIT(OPTION_OUTPUT) | OPTION_BIT(OPTION_AFTER),
        .uses_probe = true,
        .run = command_read},
    {.name = "blank",
        .arguments = "RANGE...",
        .summary = "check that ranges are erased",
        .allowed = OPTION_BIT(OPTION_AFTER),
        .uses_probe = true,
        .run = command_blank},
    {.name = "info",
        .arguments = "",
        .summary = "probe, MCU, memories: IDs, SFDP, status, protection",
        .allowed = OPTION_BIT(OPTION_AFTER),
        .uses_probe = true,
        .run = command_info},
    {.name = "run",
        .arguments = "[IMAGE[@WHERE]]...",
        .summary = "program, reset, then show the log (RTT)",
        .details = "--for ends with success after a time, --until at a line that matches, "
                   "--fail-on, a fault or a breakpoint with exit 51.\nCtrl-C leaves the program "
                   "running.",
        .allowed = PROGRAM_OPTIONS | LOG_OPTIONS,
        .uses_probe = true,
        .run = command_run},
    {.name = "log",
        .aliases = "attach",
        .arguments = "",
        .summary = "attach to the log of the running program",
        .allowed = LOG_OPTIONS | OPTION_BIT(OPTION_ELF),
        .uses_probe = true,
        .run = command_log},
    {.name = "boot",
        .arguments = "install | check | show | seal",
        .summary = "the bootloader in internal flash",
        .details = "install: put it there, with the board's blob (asks before it replaces foreign "
                   "contents)\ncheck: reset, let it run, and say what it decided\nshow: what is in "
                   "internal flash, and the boot record\nseal: write a new record for what is in "
                   "the chip",
        .allowed = OPTION_BIT(OPTION_AFTER) | OPTION_BIT(OPTION_DRY_RUN),
        .uses_probe = true,
        .run = command_boot},
    {.name = "test",
        .arguments = "[RANGE]",
        .summary = "flash test: erase, write, read back, mapped read, throughput",
        .details =
            "Without RANGE it uses the partition \"scratch\" or the last 64 KB. The contents "
            "are saved before and restored after.",
        .allowed = OPTION_BIT(OPTION_PSRAM) | OPTION_BIT(OPTION_AFTER),
        .uses_probe = true,
        .run = command_test},
    {.name = "bench",
        .arguments = "",
        .summary = "speeds of the link (RAM round trip), of flash read and hash",
        .details =
            "Writes RAM of the target, reads it back and compares, twice (--size: how much of it); "
            "a difference is exit 42.\nOn a board with a memory it reads and hashes its start too. "
            "Nothing but RAM is changed, and the MCU is reset at the end.\nErase and program "
            "speeds (--flash) come later; xflash test measures them on a range it restores.",
        .allowed = OPTION_BIT(OPTION_SIZE) | OPTION_BIT(OPTION_FLASH) | OPTION_BIT(OPTION_AFTER),
        .uses_probe = true,
        .run = command_bench},
    {.name = "reset",
        .arguments = "",
        .summary = "reset the MCU and let it run",
        .allowed = OPTION_BIT(OPTION_AFTER),
        .uses_probe = true,
        .run = command_reset},
    {.name = "halt",
        .arguments = "",
        .summary = "stop the core and show where",
        .allowed = 0,
        .uses_probe = true,
        .run = command_halt},
    {.name = "list",
        .arguments = "",
        .summary = "debug probes, without touching a target",
        .details = "On USB: what to type behind -p, kind, firmware, whether it is free, and the "
                   "board it belongs to where that is known. Then the virtual boards.",
        .allowed = 0,
        .run = command_list},
    {.name = "board",
        .arguments = "list | show | lint [BOARD]",
        .summary = "board files, without a probe",
        .allowed = 0,
        .run = command_board},
    {.name = "sim",
        .arguments =
            "list | start | stop | reset | power-cycle | report | trace | inject | set ...",
        .summary = "virtual boards (xflash sim help)",
        .verbatim = true,
        .run = command_sim},
    {.name = "version", .arguments = "", .summary = "version", .run = command_version},
    {.name = "help",
        .arguments = "[COMMAND | errors | options | probe]",
        .summary = "this text, help on a command, the table of exit codes",
        .run = command_help},
    {.name = "doctor",
        .arguments = "",
        .summary = "(later)",
        .verbatim = true,
        .run = command_later},
    {.name = "batch",
        .arguments = "",
        .summary = "(later)",
        .verbatim = true,
        .run = command_later},
    {.name = "export",
        .arguments = "",
        .summary = "(later)",
        .verbatim = true,
        .run = command_later},
    {.name = "import",
        .arguments = "",
        .summary = "(later)",
        .verbatim = true,
        .run = command_later},
    {.name = "ob", .arguments = "", .summary = "(later)", .verbatim = true, .run = command_later},
    {.name = NULL},
};

const struct command *command_table(void)
{
    return table;
}

static bool word_is_in(const char *words, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = words; at != NULL && *at != '\0';) {
        size_t word_length = strcspn(at, " ");

        if (word_length == length && memcmp(at, word, length) == 0) {
            return true;
        }
        at += word_length;
        at += strspn(at, " ");
    }
    return false;
}

const struct command *command_find(const char *name)
{
    for (const struct command *command = table; command->name != NULL; command++) {
        if (strcmp(command->name, name) == 0 || word_is_in(command->aliases, name)) {
            return command;
        }
    }
    return NULL;
}
