#include "host/cli/command.h"
#include "host/probe/probe_list.h"

#include <stdio.h>
#include <string.h>

/* Help is a result: stdout, also with -q; nothing of it is a record. */
static void print_option(enum option_id id)
{
    const struct option_spec *spec = option_spec(id);
    char left[64];
    const char *value = spec->choices != NULL ? spec->choices : spec->value_name;

    if (spec->value_name == NULL) {
        value = "";
    }
    (void)snprintf(left, sizeof left, "%c%c%s--%s%s%s%s", spec->short_name != 0 ? '-' : ' ',
        spec->short_name != 0 ? spec->short_name : ' ', spec->short_name != 0 ? ", " : "  ",
        spec->name, spec->kind == OPTION_KIND_OPTIONAL ? "[=" : (value[0] != '\0' ? " " : ""),
        value, spec->kind == OPTION_KIND_OPTIONAL ? "]" : "");
    if (strlen(left) > 33) {
        (void)printf("  %s\n  %-34s%s\n", left, "", spec->help);
    } else {
        (void)printf("  %-34s%s\n", left, spec->help);
    }
}

static void print_overview(void)
{
    (void)printf("xflash programs external flash of STM32 boards through a debug probe.\n\n"
                 "usage: xflash [options] COMMAND [arguments]\n\n");
    for (const struct command *command = command_table(); command->name != NULL; command++) {
        if (command->run != command_later) {
            (void)printf("  %-9s %s\n", command->name, command->summary);
        }
    }
    (void)printf(
        "\nLater versions: bench, doctor, batch, export, import, ob.\n"
        "\nxflash help COMMAND, xflash help options, xflash help errors, xflash help probe\n"
        "First steps without hardware: xflash sim list, xflash -p sim:NAME info\n");
}

static void print_errors(void)
{
    (void)printf("exit  name                 retry  meaning\n");
    for (unsigned code = 0; code < ERROR_CODE_COUNT; code++) {
        const struct error_info *info = error_info((enum error_code)code);

        (void)printf("%4d  %-20s %-5s  %s\n", info->exit_code, info->name, info->retry ? "yes" : "",
            info->meaning);
    }
}

static void print_probes(void)
{
    struct usb_device stlink = {.vid = PROBE_VID_STLINK, .pid = 0x374E};
    char rule[PROBE_RULE_BYTES];

    probe_text_udev_rule(&stlink, rule);
    (void)printf(
        "-p PROBE chooses the debug probe; without it the only one on USB is taken.\n\n"
        "  SERIAL               its serial number, or the end of it; upper and lower case are one\n"
        "  VID:PID[:SERIAL]     four hexadecimal digits each: 0483:374e\n"
        "  usb:BUS-PATH         its place on USB: usb:1-4.2\n"
        "  tcp:HOST[:PORT]      an ST-LINK behind an ST-LINK server\n"
        "  sim:NAME[#INSTANCE]  a virtual board\n\n"
        "`xflash list` shows the probes and what to type for each. libstlink: or libusb: in front\n"
        "of a probe on USB chooses the library that opens an ST-LINK; libusb is the default.\n"
        "--lock-wait SECONDS waits while another run or program uses the probe.\n\n"
        "Linux lets a user open a probe when a udev rule says so. `cmake --install` puts the "
        "rules\n"
        "into PREFIX/lib/udev/rules.d/60-xflash.rules; udev reads them below /usr and /usr/local,\n"
        "else copy that file to /etc/udev/rules.d. Then, as root, `udevadm control --reload`, and\n"
        "plug the probe in again. The rule of an ST-LINK V3E:\n\n  %s\n",
        rule);
}

static void print_options(void)
{
    (void)printf(
        "Options may stand in XFLASH_<OPTION> and, without the dashes, in xflash.json;\n"
        "the command line wins, then the environment, then the nearest xflash.json upward,\n"
        "then the user's file. --yes, --no-verify and --all are for the command line only."
        "\n\n");
    for (unsigned id = 0; id < OPTION_COUNT; id++) {
        print_option((enum option_id)id);
    }
}

static void print_command(const struct command *command)
{
    (void)printf(
        "usage: xflash %s %s\n\n%s\n", command->name, command->arguments, command->summary);
    if (command->aliases != NULL) {
        (void)printf("also: %s\n", command->aliases);
    }
    if (command->details != NULL) {
        (void)printf("\n%s\n", command->details);
    }
    if (command->allowed != 0) {
        (void)printf("\n");
    }
    for (unsigned id = 0; id < OPTION_COUNT; id++) {
        if ((command->allowed & OPTION_BIT(id)) != 0) {
            print_option((enum option_id)id);
        }
    }
    (void)printf("\nCommon options: xflash help options\n");
}

bool command_help(struct cli *cli, struct error *err)
{
    const char *topic = cli->options.argument_count > 0 ? cli->options.arguments[0] : NULL;
    const struct command *command = cli->help_topic;

    if (command != NULL && command != cli->command) {
        print_command(command);
        return true;
    }
    if (topic == NULL) {
        print_overview();
        return true;
    }
    if (strcmp(topic, "errors") == 0 || strcmp(topic, "exit-codes") == 0) {
        print_errors();
        return true;
    }
    if (strcmp(topic, "options") == 0) {
        print_options();
        return true;
    }
    if (strcmp(topic, "probe") == 0 || strcmp(topic, "probes") == 0) {
        print_probes();
        return true;
    }
    command = command_find(topic);
    if (command == NULL) {
        return error_set(err, ERROR_USAGE, "there is no help on \"%s\"", topic);
    }
    print_command(command);
    return true;
}

bool command_version(struct cli *cli, struct error *err)
{
    (void)err;
    output_result(&cli->output, "xflash %s", XFLASH_VERSION);
    return true;
}

bool command_later(struct cli *cli, struct error *err)
{
    (void)error_set(err, ERROR_USAGE, "xflash %s is not in this version", cli->command->name);
    error_set_hint(err, "xflash help lists what is");
    return false;
}
