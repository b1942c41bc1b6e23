/* Packets of CMSIS-DAP: one transfer each, replies in the order of the packets (reference probe.md
 * 5). */
#include "sim/probe_internal.h"
#include "sim/report.h"

#include <string.h>

enum { ID_QUEUE = 0x7E, ID_EXECUTE = 0x7F };

static enum sim_probe_result run(
    struct sim_probe *probe, const uint8_t *packet, uint32_t size_bytes, enum sim_fault fault)
{
    struct probe_answer *answer = probe_next_answer(probe);
    bool is_overlapped = probe->answer_count != 0;

    answer->size_bytes =
        sim_cmsis_dap_run(probe->cmsis_dap, packet, size_bytes, is_overlapped, answer->bytes);
    if (answer->size_bytes == 0) {
        return SIM_PROBE_DONE;
    }
    answer->will_corrupt = fault == SIM_FAULT_USB_CORRUPT;
    answer->will_shorten = fault == SIM_FAULT_USB_SHORT;
    probe_push_answer(probe);
    return SIM_PROBE_DONE;
}

static enum sim_probe_result refuse(struct sim_probe *probe, const char *kind, uint32_t size_bytes)
{
    const struct sim_cmsis_dap_firmware *firmware = probe->cmsis_dap->firmware;

    sim_violation(probe->env->report, kind,
        "a packet of %u bytes with %u under way; the probe takes %u of %u bytes",
        (unsigned)size_bytes, probe->answer_count + probe->queued_count,
        (unsigned)firmware->packet_count, (unsigned)firmware->packet_bytes);
    return probe_stall_out(probe);
}

/* QueueCommands waits until a packet of another kind comes, and is then executed before it. */
static enum sim_probe_result take(
    struct sim_probe *probe, const uint8_t *bytes, uint32_t size_bytes, enum sim_fault fault)
{
    const struct sim_cmsis_dap_firmware *firmware = probe->cmsis_dap->firmware;
    unsigned queued = probe->queued_count;

    if (size_bytes == 0 || size_bytes > firmware->packet_bytes) {
        return refuse(probe, "dap-packet-length", size_bytes);
    }
    if (probe->answer_count + queued >= firmware->packet_count) {
        return refuse(probe, "dap-too-many-packets", size_bytes);
    }
    memcpy(probe->queued[queued].bytes, bytes, size_bytes);
    probe->queued[queued].size_bytes = size_bytes;
    probe->queued_count++;
    if (firmware->is_hid && size_bytes < firmware->packet_bytes) {
        sim_violation(probe->env->report, "dap-packet-length",
            "a report of %u bytes where all have %u", (unsigned)size_bytes,
            (unsigned)firmware->packet_bytes);
    }
    if (bytes[0] == ID_QUEUE) {
        return SIM_PROBE_DONE;
    }
    for (unsigned i = 0; i < probe->queued_count; i++) {
        struct probe_packet *packet = &probe->queued[i];

        if (packet->bytes[0] == ID_QUEUE) {
            packet->bytes[0] = ID_EXECUTE;
        }
        (void)run(probe, packet->bytes, packet->size_bytes, fault);
    }
    probe->queued_count = 0;
    return SIM_PROBE_DONE;
}

static void count_wait(struct sim_probe *probe)
{
    sim_cmsis_dap_count_wait(probe->cmsis_dap);
}

static void replug(struct sim_probe *probe)
{
    sim_cmsis_dap_replug(probe->cmsis_dap);
}

const struct probe_protocol probe_protocol_cmsis_dap = {
    .take = take, .count_wait = count_wait, .replug = replug};
