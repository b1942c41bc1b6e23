/* Framing of the ST-LINK (reference probe.md 1.2): a command of 16 bytes, then at most one data
 * phase, whose direction and length follow from the command. */
#include "sim/clock.h"
#include "sim/probe_internal.h"
#include "sim/report.h"

#include <string.h>

enum { ANSWERS = 2 };

static enum sim_probe_result run(struct sim_probe *probe, const struct sim_stlink_phase *phase)
{
    struct probe_answer *answer = probe_next_answer(probe);
    struct sim_usb_exchange exchange = {.command = probe->command,
        .out = probe->data,
        .out_bytes = phase->out_bytes,
        .in_bytes = phase->in_bytes};

    exchange.in = answer->bytes;
    answer->size_bytes = sim_stlink_run(probe->stlink, &exchange);
    if (phase->in_bytes == 0) {
        return SIM_PROBE_DONE;
    }
    answer->will_corrupt = probe->carried == SIM_FAULT_USB_CORRUPT;
    answer->will_shorten = probe->carried == SIM_FAULT_USB_SHORT;
    probe_push_answer(probe);
    return SIM_PROBE_DONE;
}

/* A host that was killed leaves its answer behind. The next command is taken all the same, and its
 * answer comes after the old one; a third is refused. */
static bool is_in_order(struct sim_probe *probe)
{
    if (probe->answer_count == 0) {
        return true;
    }
    sim_violation(probe->env->report, "usb-command-before-answer",
        "command %02x %02x while %u bytes of an answer wait to be read", probe->command[0],
        probe->command[1], (unsigned)probe->answers[probe->first_answer].size_bytes);
    return probe->answer_count < ANSWERS;
}

static enum sim_probe_result take_command(
    struct sim_probe *probe, const uint8_t *bytes, uint32_t size_bytes)
{
    struct sim_stlink_phase phase;

    if (size_bytes != SIM_STLINK_COMMAND_BYTES) {
        sim_violation(probe->env->report, "usb-command-length",
            "%u bytes where a command of %u is expected", (unsigned)size_bytes,
            (unsigned)SIM_STLINK_COMMAND_BYTES);
        return probe_stall_out(probe);
    }
    memcpy(probe->command, bytes, size_bytes);
    if (!is_in_order(probe)) {
        return probe_stall_out(probe);
    }
    phase = sim_stlink_data_phase(probe->stlink, probe->command);
    if (phase.out_bytes != 0) {
        probe->data_expected = phase.out_bytes;
        probe->data_bytes = 0;
        return SIM_PROBE_DONE;
    }
    return run(probe, &phase);
}

/* Data may come in several transfers; all but the last end with a full packet. */
static enum sim_probe_result take_data(
    struct sim_probe *probe, const uint8_t *bytes, uint32_t size_bytes)
{
    struct sim_stlink_phase phase = {.out_bytes = probe->data_expected};

    if (size_bytes > probe->data_expected - probe->data_bytes) {
        sim_violation(probe->env->report, "usb-data-too-long",
            "%u bytes of data where %u are expected", (unsigned)(probe->data_bytes + size_bytes),
            (unsigned)probe->data_expected);
        return probe_stall_out(probe);
    }
    memcpy(probe->data + probe->data_bytes, bytes, size_bytes);
    probe->data_bytes += size_bytes;
    if (probe->data_bytes == probe->data_expected) {
        probe->data_expected = 0;
        if (probe->carried == SIM_FAULT_USB_CORRUPT) {
            probe_flip_bit(probe, probe->data, phase.out_bytes);
            probe->carried = SIM_FAULT_NONE;
        }
        return run(probe, &phase);
    }
    if (size_bytes % probe->model->packet_bytes != 0) {
        sim_violation(probe->env->report, "usb-data-too-short",
            "%u bytes of data where %u are expected", (unsigned)probe->data_bytes,
            (unsigned)probe->data_expected);
    }
    return SIM_PROBE_DONE;
}

static enum sim_probe_result take(
    struct sim_probe *probe, const uint8_t *bytes, uint32_t size_bytes, enum sim_fault fault)
{
    if (fault == SIM_FAULT_USB_CORRUPT || fault == SIM_FAULT_USB_SHORT) {
        probe->carried = fault;
    } else if (probe->data_expected == 0) {
        probe->carried = SIM_FAULT_NONE;
    }
    return probe->data_expected != 0 ? take_data(probe, bytes, size_bytes)
                                     : take_command(probe, bytes, size_bytes);
}

static void count_wait(struct sim_probe *probe)
{
    sim_stlink_count_wait(probe->stlink);
}

static void replug(struct sim_probe *probe)
{
    sim_stlink_replug(probe->stlink);
}

const struct probe_protocol probe_protocol_stlink = {
    .take = take, .count_wait = count_wait, .replug = replug};
