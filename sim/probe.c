/* USB transfers of a probe: endpoints that halt, answers that wait, injected faults. */
#include "sim/probe.h"

#include "sim/clock.h"
#include "sim/probe_internal.h"
#include "sim/report.h"

#include <stdlib.h>
#include <string.h>

struct sim_probe *sim_probe_create(
    const struct sim_env *env, struct sim_stlink *stlink, struct sim_cmsis_dap *cmsis_dap)
{
    struct sim_probe *probe = calloc(1, sizeof *probe);

    if (probe == NULL) {
        abort();
    }
    probe->env = env;
    probe->stlink = stlink;
    probe->cmsis_dap = cmsis_dap;
    sim_probe_set_model(probe, sim_probe_model_find("v3"));
    return probe;
}

void sim_probe_free(struct sim_probe *probe)
{
    if (probe == NULL) {
        return;
    }
    for (unsigned i = 0; i < PROBE_ANSWERS; i++) {
        free(probe->answers[i].bytes);
    }
    free(probe);
}

void sim_probe_set_model(struct sim_probe *probe, const struct sim_probe_model *model)
{
    probe->model = model;
    if (model->protocol == SIM_PROBE_STLINK) {
        probe->protocol = &probe_protocol_stlink;
        sim_stlink_set_firmware(probe->stlink, model->firmware);
    } else {
        probe->protocol = &probe_protocol_cmsis_dap;
        sim_cmsis_dap_set_firmware(probe->cmsis_dap, model->firmware);
    }
    sim_probe_replug(probe);
}

const struct sim_probe_model *sim_probe_model(const struct sim_probe *probe)
{
    return probe->model;
}

struct sim_stlink *sim_probe_stlink(struct sim_probe *probe)
{
    return probe->model->protocol == SIM_PROBE_STLINK ? probe->stlink : NULL;
}

void sim_probe_set_serial(struct sim_probe *probe, const char *serial)
{
    sim_cmsis_dap_set_serial(probe->cmsis_dap, serial);
}

void sim_probe_reset_port(struct sim_probe *probe)
{
    probe->is_out_halted = false;
    probe->is_in_halted = false;
    probe->answer_count = 0;
    probe->queued_count = 0;
    probe->data_expected = 0;
    probe->carried = SIM_FAULT_NONE;
}

void sim_probe_replug(struct sim_probe *probe)
{
    sim_probe_reset_port(probe);
    probe->is_gone = false;
    probe->protocol->replug(probe);
}

void sim_probe_clear_halt(struct sim_probe *probe, uint8_t endpoint)
{
    if (endpoint == probe->model->out_endpoint) {
        probe->is_out_halted = false;
    } else if (endpoint == probe->model->in_endpoint) {
        probe->is_in_halted = false;
    }
}

void sim_probe_count_wait(struct sim_probe *probe)
{
    probe->protocol->count_wait(probe);
}

uint64_t sim_probe_least_ps(const struct sim_probe *probe, uint64_t bytes)
{
    if (probe->model->protocol != SIM_PROBE_STLINK) {
        return sim_cmsis_dap_least_ps(probe->cmsis_dap, bytes);
    }
    return sim_link_least_ps(
        probe->stlink->firmware->cost, probe->stlink->swd_khz, bytes, SIM_STLINK_MAX_BLOCK);
}

struct probe_answer *probe_next_answer(struct sim_probe *probe)
{
    struct probe_answer *answer = NULL;

    if (probe->answer_count == PROBE_ANSWERS) {
        return NULL;
    }
    answer = &probe->answers[(probe->first_answer + probe->answer_count) % PROBE_ANSWERS];
    if (answer->bytes == NULL) {
        answer->bytes = malloc(PROBE_DATA_BYTES);
        if (answer->bytes == NULL) {
            abort();
        }
    }
    answer->size_bytes = 0;
    answer->at = 0;
    answer->will_corrupt = false;
    answer->will_shorten = false;
    answer->is_awaited = false;
    return answer;
}

void probe_push_answer(struct sim_probe *probe)
{
    probe->answer_count++;
}

static void drop_answer(struct sim_probe *probe)
{
    probe->first_answer = (probe->first_answer + 1) % PROBE_ANSWERS;
    probe->answer_count--;
}

enum sim_probe_result probe_stall_out(struct sim_probe *probe)
{
    probe->is_out_halted = true;
    probe->data_expected = 0;
    return SIM_PROBE_STALLED;
}

void probe_flip_bit(struct sim_probe *probe, uint8_t *bytes, uint32_t size_bytes)
{
    uint32_t bit = sim_inject_random(probe->env->inject) % (8 * size_bytes);

    bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    sim_inject_fired(probe->env->inject, SIM_FAULT_USB_CORRUPT);
}

/* One transfer at the USB seam. What is not acted out here shows in the data. */
static enum sim_fault next_fault(struct sim_probe *probe)
{
    enum sim_fault fault = sim_inject_next(probe->env->inject, SIM_SEAM_USB);

    sim_report_cost(probe->env->report, SIM_COST_USB_TRANSFERS, 1);
    if (fault == SIM_FAULT_POWER_CUT) {
        sim_inject_request_power_cut(probe->env->inject);
    } else if (fault == SIM_FAULT_USB_UNPLUG) {
        probe->is_gone = true;
    } else if (fault != SIM_FAULT_USB_STALL && fault != SIM_FAULT_USB_TIMEOUT) {
        return fault;
    }
    sim_inject_fired(probe->env->inject, fault);
    return fault;
}

enum sim_probe_result sim_probe_out(
    struct sim_probe *probe, uint8_t endpoint, const uint8_t *bytes, uint32_t size_bytes)
{
    enum sim_fault fault = SIM_FAULT_NONE;

    if (probe->is_gone) {
        return SIM_PROBE_GONE;
    }
    if (probe->is_out_halted || endpoint != probe->model->out_endpoint) {
        return SIM_PROBE_STALLED;
    }
    fault = next_fault(probe);
    if (fault == SIM_FAULT_USB_UNPLUG) {
        return SIM_PROBE_GONE;
    }
    if (fault == SIM_FAULT_USB_STALL) {
        return probe_stall_out(probe);
    }
    if (fault == SIM_FAULT_USB_TIMEOUT) {
        probe->data_expected = 0;
        return SIM_PROBE_NOTHING;
    }
    return probe->protocol->take(probe, bytes, size_bytes, fault);
}

/* A transfer that asks for more than there is ends with a short packet. After a full one an ST-LINK
 * sends no empty packet (reference probe.md 1.4): the host would wait for ever. */
static bool would_wait(struct sim_probe *probe, uint32_t size_bytes)
{
    struct probe_answer *answer = &probe->answers[probe->first_answer];
    uint32_t left_bytes = answer->size_bytes - answer->at;

    if (probe->model->protocol != SIM_PROBE_STLINK || size_bytes <= left_bytes ||
        left_bytes % probe->model->packet_bytes != 0) {
        return false;
    }
    if (!answer->is_awaited) {
        answer->is_awaited = true;
        sim_violation(probe->env->report, "usb-read-without-end",
            "the probe answers with %u bytes, whole packets, the host asked for %u",
            (unsigned)left_bytes, (unsigned)size_bytes);
    }
    return true;
}

static enum sim_probe_result overflow(
    struct sim_probe *probe, uint32_t left_bytes, uint32_t size_bytes)
{
    sim_violation(probe->env->report, "usb-answer-too-long",
        "the probe answers with %u bytes, the host asked for %u", (unsigned)left_bytes,
        (unsigned)size_bytes);
    drop_answer(probe);
    return SIM_PROBE_OVERFLOW;
}

static enum sim_probe_result give(struct sim_probe *probe, struct probe_answer *answer,
    uint8_t *bytes, uint32_t size_bytes, uint32_t *actual_bytes)
{
    uint32_t left_bytes = answer->size_bytes - answer->at;

    if (size_bytes < left_bytes && size_bytes % probe->model->packet_bytes != 0) {
        return overflow(probe, left_bytes, size_bytes);
    }
    *actual_bytes = left_bytes < size_bytes ? left_bytes : size_bytes;
    memcpy(bytes, answer->bytes + answer->at, *actual_bytes);
    answer->at += *actual_bytes;
    if (*actual_bytes == left_bytes) {
        drop_answer(probe);
    }
    return SIM_PROBE_DONE;
}

static enum sim_probe_result take_answer(struct sim_probe *probe, enum sim_fault fault,
    uint8_t *bytes, uint32_t size_bytes, uint32_t *actual_bytes)
{
    struct probe_answer *answer = &probe->answers[probe->first_answer];
    enum sim_probe_result result = SIM_PROBE_DONE;
    bool is_corrupt = answer->will_corrupt || fault == SIM_FAULT_USB_CORRUPT;
    bool is_short = answer->will_shorten || fault == SIM_FAULT_USB_SHORT;

    answer->will_corrupt = false;
    answer->will_shorten = false;
    if (fault == SIM_FAULT_USB_STALL || fault == SIM_FAULT_USB_TIMEOUT) {
        drop_answer(probe);
        probe->is_in_halted = fault == SIM_FAULT_USB_STALL;
        return probe->is_in_halted ? SIM_PROBE_STALLED : SIM_PROBE_NOTHING;
    }
    result = give(probe, answer, bytes, size_bytes, actual_bytes);
    if (result == SIM_PROBE_DONE && is_corrupt) {
        probe_flip_bit(probe, bytes, *actual_bytes);
    }
    if (result == SIM_PROBE_DONE && is_short) {
        *actual_bytes /= 2;
        sim_inject_fired(probe->env->inject, SIM_FAULT_USB_SHORT);
    }
    return result;
}

enum sim_probe_result sim_probe_in(struct sim_probe *probe, uint8_t endpoint, uint8_t *bytes,
    uint32_t size_bytes, uint32_t *actual_bytes)
{
    enum sim_fault fault = SIM_FAULT_NONE;

    *actual_bytes = 0;
    if (probe->is_gone) {
        return SIM_PROBE_GONE;
    }
    if (endpoint == probe->model->trace_endpoint && endpoint != 0) {
        return SIM_PROBE_NOTHING; /* no trace on this board */
    }
    if (probe->is_in_halted || endpoint != probe->model->in_endpoint) {
        return SIM_PROBE_STALLED;
    }
    if (probe->answer_count == 0 || would_wait(probe, size_bytes)) {
        return SIM_PROBE_NOTHING;
    }
    fault = next_fault(probe);
    if (fault == SIM_FAULT_USB_UNPLUG) {
        return SIM_PROBE_GONE;
    }
    return take_answer(probe, fault, bytes, size_bytes, actual_bytes);
}
