/* What the command line may ask of a running virtual board. */
#include "sim/life.h"
#include "sim/trace.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRACE_DATA_BYTES = 32 };

typedef enum sim_exit command_fn(
    struct sim_life *life, int argc, const char *const argv[], FILE *out);

static enum sim_exit complain(const struct sim_failure *failure, FILE *out)
{
    (void)fprintf(out, "%s\n", failure->text);
    return failure->exit_code;
}

static enum sim_exit run_address(
    struct sim_life *life, int argc, const char *const argv[], FILE *out)
{
    (void)argc;
    (void)argv;
    (void)fprintf(out, "127.0.0.1:%u", (unsigned)sim_door_port(life->door));
    return SIM_EXIT_OK;
}

static enum sim_exit run_stop(struct sim_life *life, int argc, const char *const argv[], FILE *out)
{
    (void)argc;
    (void)argv;
    (void)out;
    life->is_ending = true;
    return SIM_EXIT_OK;
}

static void close_trace(struct sim_life *life)
{
    sim_trace_close(life->machine->env.trace);
    life->machine->env.trace = NULL;
}

static enum sim_exit run_reset(struct sim_life *life, int argc, const char *const argv[], FILE *out)
{
    struct sim_failure failure;

    (void)argc;
    (void)argv;
    if (sim_life_is_in_use(life)) {
        (void)fprintf(out, "%s is in use by a client: not reset\n", life->state.name.text);
        return SIM_EXIT_BUSY;
    }
    close_trace(life);
    if (!sim_life_factory_reset(life, &failure)) {
        return complain(&failure, out);
    }
    return SIM_EXIT_OK;
}

static enum sim_exit run_power_cycle(
    struct sim_life *life, int argc, const char *const argv[], FILE *out)
{
    (void)argc;
    (void)argv;
    (void)out;
    sim_life_set_plugged(life, true);
    sim_machine_power_cycle(life->machine);
    if (!sim_life_is_in_use(life)) {
        sim_life_settle(life);
    }
    return SIM_EXIT_OK;
}

static enum sim_exit run_report(
    struct sim_life *life, int argc, const char *const argv[], FILE *out)
{
    const struct sim_report *report = life->machine->env.report;

    if (argc == 2 && strcmp(argv[1], "--json") == 0) {
        sim_report_print_json(report, sim_machine_lower_bound_ps(life->machine), out);
    } else if (argc == 1) {
        (void)fprintf(out, "%s, ", life->state.name.text);
        sim_report_print_text(report, sim_machine_lower_bound_ps(life->machine), out);
        if (life->machine->is_stopped) {
            (void)fprintf(out, "stopped at the first violation; power-cycle goes on\n");
        }
    } else {
        (void)fprintf(out, "report takes --json and nothing else\n");
        return SIM_EXIT_USAGE;
    }
    return sim_report_violation_count(report) == 0 ? SIM_EXIT_OK : SIM_EXIT_VIOLATIONS;
}

static enum sim_exit open_trace(
    struct sim_life *life, const char *text_path, const char *vcd_path, FILE *out)
{
    struct sim_failure failure;

    close_trace(life);
    life->machine->env.trace =
        sim_trace_open(&life->machine->clock, text_path, vcd_path, TRACE_DATA_BYTES);
    if (life->machine->env.trace == NULL) {
        (void)sim_fail_errno(&failure, "creating the trace files");
        return complain(&failure, out);
    }
    (void)snprintf(life->trace_text_path, sizeof life->trace_text_path, "%s",
        text_path != NULL ? text_path : "");
    return SIM_EXIT_OK;
}

static enum sim_exit show_trace(struct sim_life *life, FILE *out)
{
    struct sim_failure failure;
    char bytes[4096];
    size_t count = 0;
    FILE *file = NULL;

    if (life->trace_text_path[0] == '\0') {
        (void)fprintf(out, "no trace was taken; `trace NAME on` starts one\n");
        return SIM_EXIT_USAGE;
    }
    if (life->machine->env.trace != NULL) {
        sim_trace_flush(life->machine->env.trace);
    }
    file = fopen(life->trace_text_path, "r");
    if (file == NULL) {
        (void)sim_fail_errno(&failure, "reading %s", life->trace_text_path);
        return complain(&failure, out);
    }
    while ((count = fread(bytes, 1, sizeof bytes, file)) > 0) {
        (void)fwrite(bytes, 1, count, out);
    }
    (void)fclose(file);
    return SIM_EXIT_OK;
}

static enum sim_exit open_own_trace(struct sim_life *life, FILE *out)
{
    char text_path[64];
    char vcd_path[64];

    (void)snprintf(
        text_path, sizeof text_path, "/proc/self/fd/%d/trace.txt", life->state.folder_fd);
    (void)snprintf(vcd_path, sizeof vcd_path, "/proc/self/fd/%d/trace.vcd", life->state.folder_fd);
    return open_trace(life, text_path, vcd_path, out);
}

static enum sim_exit run_trace(struct sim_life *life, int argc, const char *const argv[], FILE *out)
{
    const char *text_path = NULL;
    const char *vcd_path = NULL;

    if (argc == 2 && strcmp(argv[1], "on") == 0) {
        return open_own_trace(life, out);
    }
    if (argc == 2 && strcmp(argv[1], "off") == 0) {
        close_trace(life);
        return SIM_EXIT_OK;
    }
    if (argc == 2 && strcmp(argv[1], "show") == 0) {
        return show_trace(life, out);
    }
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--text") == 0) {
            text_path = argv[i + 1];
        } else if (strcmp(argv[i], "--vcd") == 0) {
            vcd_path = argv[i + 1];
        } else {
            argc = 0;
        }
    }
    if (argc % 2 == 0 || (text_path == NULL && vcd_path == NULL)) {
        (void)fprintf(out, "trace takes on, off, show, or --text FILE and/or --vcd FILE\n");
        return SIM_EXIT_USAGE;
    }
    return open_trace(life, text_path, vcd_path, out);
}

static void list_injections(struct sim_life *life, FILE *out)
{
    static const char *const seams[SIM_SEAM_COUNT] = {
        [SIM_SEAM_CHIP_OP] = "erase, program or register write in the memory chip",
        [SIM_SEAM_CHIP_READ] = "read transaction at the memory chip",
        [SIM_SEAM_FLASH_OP] = "granule program or sector erase of internal flash",
        [SIM_SEAM_USB] = "USB phase: command or data",
        [SIM_SEAM_DAP] = "transfer of debug port or access port (a block is one)",
        [SIM_SEAM_CPU] = "millisecond of virtual time (counted while something is armed)",
    };
    const struct sim_inject *inject = life->machine->env.inject;
    const struct sim_inject_kind *kind = NULL;

    (void)fprintf(out, "%-18s %8s %8s\n", "kind", "given", "fired");
    for (size_t i = 0; (kind = sim_inject_kind(i)) != NULL; i++) {
        (void)fprintf(out, "%-18s %8" PRIu64 " %8" PRIu64 "\n", kind->name,
            sim_inject_handed_out(inject, i), sim_inject_fired_count(inject, i));
    }
    (void)fprintf(out, "(given: handed to the model; fired: took effect)\n"
                       "operations so far:\n");
    for (int seam = 0; seam < SIM_SEAM_COUNT; seam++) {
        (void)fprintf(out, "%12" PRIu64 "  %s\n",
            sim_inject_seam_count(inject, (enum sim_seam)seam), seams[seam]);
    }
    (void)fprintf(out, "%12u  armed now\n", sim_inject_armed_count(inject));
}

static enum sim_exit run_inject(
    struct sim_life *life, int argc, const char *const argv[], FILE *out)
{
    const char *why = "";

    if (argc == 1) {
        list_injections(life, out);
        return SIM_EXIT_OK;
    }
    for (int i = 1; i < argc; i++) {
        if (!sim_inject_arm(life->machine->env.inject, argv[i], &why)) {
            (void)fprintf(out, "%s: %s\n", argv[i], why);
            return SIM_EXIT_USAGE;
        }
    }
    sim_machine_inject_changed(life->machine);
    return SIM_EXIT_OK;
}

static bool set_node(struct sim_life *life, const char *value, const char **why)
{
    bool is_open = strcmp(value, "0666") == 0;

    *why = "node is 0600 or 0666, and needs the USB door (start --usb)";
    if (life->usb == NULL || (!is_open && strcmp(value, "0600") != 0)) {
        return false;
    }
    sim_door_usb_set_node_mode(life->usb, is_open ? 0666 : 0600);
    return true;
}

static bool set_life(struct sim_life *life, const char *key, const char *value, const char **why)
{
    if (strcmp(key, "probe") == 0) {
        *why = "probe is plugged or unplugged";
        if (strcmp(value, "plugged") != 0 && strcmp(value, "unplugged") != 0) {
            return false;
        }
        sim_life_set_plugged(life, strcmp(value, "plugged") == 0);
        return true;
    }
    if (strcmp(key, "node") == 0) {
        return set_node(life, value, why);
    }
    return sim_machine_set(life->machine, key, value, why);
}

/* KEY=VALUE. */
static bool set_typed(struct sim_life *life, const char *typed, const char **why)
{
    const char *equals = strchr(typed, '=');
    char key[32];

    *why = "expected KEY=VALUE";
    if (equals == NULL || (size_t)(equals - typed) >= sizeof key) {
        return false;
    }
    (void)snprintf(key, sizeof key, "%.*s", (int)(equals - typed), typed);
    return set_life(life, key, equals + 1, why);
}

static enum sim_exit run_set(struct sim_life *life, int argc, const char *const argv[], FILE *out)
{
    if (argc == 1) {
        sim_machine_print_set_help(life->machine, out);
        (void)fprintf(out, "  probe=plugged|unplugged\n  node=0600|0666\n");
        if (life->machine->memory != NULL) {
            (void)fprintf(out, "%s\n", sim_nor_set_help());
        }
        return SIM_EXIT_OK;
    }
    for (int i = 1; i < argc; i++) {
        const char *why = "";

        if (!set_typed(life, argv[i], &why)) {
            (void)fprintf(out, "%s: %s\n", argv[i], why);
            return SIM_EXIT_USAGE;
        }
    }
    return SIM_EXIT_OK;
}

/* PACE MODEL|any: from `start --usb` of a board that was running already. */
static enum sim_exit run_usb(struct sim_life *life, int argc, const char *const argv[], FILE *out)
{
    struct sim_failure failure;

    if (argc != 3) {
        (void)fprintf(out, "usb takes a pace and a model\n");
        return SIM_EXIT_USAGE;
    }
    if (strcmp(argv[2], "any") != 0 && strcmp(argv[2], life->options.model->name) != 0) {
        (void)fprintf(out, "%s is running with the probe %s; stop it first\n",
            life->state.name.text, life->options.model->name);
        return SIM_EXIT_BUSY;
    }
    if (life->usb == NULL || sim_door_usb_fd(life->usb) < 0) {
        life->options.is_paced = strcmp(argv[1], "real") == 0;
        if (!sim_life_open_usb(life, &failure)) {
            return complain(&failure, out);
        }
    }
    return SIM_EXIT_OK;
}

static const struct {
    const char *name;
    command_fn *run;
} commands[] = {
    {"usb", run_usb},
    {"address", run_address},
    {"stop", run_stop},
    {"reset", run_reset},
    {"power-cycle", run_power_cycle},
    {"report", run_report},
    {"trace", run_trace},
    {"inject", run_inject},
    {"set", run_set},
};

enum sim_exit sim_life_run_command(
    struct sim_life *life, int argc, const char *const argv[], char **text)
{
    size_t length = 0;
    FILE *out = open_memstream(text, &length);
    enum sim_exit exit_code = SIM_EXIT_USAGE;
    size_t i = 0;

    if (out == NULL) {
        abort();
    }
    while (i < sizeof commands / sizeof commands[0] && strcmp(commands[i].name, argv[0]) != 0) {
        i++;
    }
    if (i < sizeof commands / sizeof commands[0]) {
        exit_code = commands[i].run(life, argc, argv, out);
    } else {
        (void)fprintf(out, "unknown command '%s'\n", argv[0]);
    }
    (void)fclose(out);
    return exit_code;
}
