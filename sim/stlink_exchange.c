/* Time and injected faults of an exchange for which the host waits. */
#include "sim/clock.h"
#include "sim/inject.h"
#include "sim/report.h"
#include "sim/stlink_internal.h"

#include <stdlib.h>
#include <string.h>

void stlink_spend(struct sim_stlink *stlink, uint64_t duration_ps)
{
    sim_report_link_time(stlink->env->report, stlink->work, duration_ps);
    stlink->wiring->advance(stlink->wiring->context, duration_ps);
}

void stlink_spend_accesses(struct sim_stlink *stlink, uint32_t accesses)
{
    stlink_spend(
        stlink, sim_link_swd_accesses_ps(stlink->firmware->cost, stlink->swd_khz, accesses));
}

/* The answer is taken in the middle of the pair. wait_ns: before the command. */
static uint32_t run_timed(
    struct sim_stlink *stlink, const struct sim_usb_exchange *exchange, uint32_t wait_ns)
{
    const struct sim_link_cost *cost = stlink->firmware->cost;
    uint64_t command_ns = exchange->in_bytes != 0 ? cost->pair_ns : cost->out_ns;
    uint64_t after_ps = 0;
    uint32_t answered = 0;

    if (exchange->in_bytes != 0) {
        command_ns /= 2;
        after_ps = command_ns * SIM_PS_PER_NS + sim_link_usb_ps(cost, exchange->in_bytes);
    }
    sim_report_cost(stlink->env->report, SIM_COST_LINK_BYTES,
        (uint64_t)exchange->in_bytes + exchange->out_bytes);
    stlink_spend(stlink,
        (command_ns + wait_ns) * SIM_PS_PER_NS + sim_link_usb_ps(cost, exchange->out_bytes));
    memset(exchange->in, 0, exchange->in_bytes);
    answered = stlink_run_command(stlink, exchange);
    stlink_spend(stlink, after_ps);
    return answered;
}

uint32_t sim_stlink_run(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    stlink_begin_work(stlink, exchange->command);
    return run_timed(stlink, exchange, 0);
}

void sim_stlink_count_wait(struct sim_stlink *stlink)
{
    sim_report_link_wait(stlink->env->report, stlink->work);
    stlink_spend(stlink, (uint64_t)stlink->firmware->cost->turnaround_ns * SIM_PS_PER_NS);
}

static enum sim_usb_result result_of(enum sim_fault fault)
{
    if (fault == SIM_FAULT_USB_STALL) {
        return SIM_USB_STALL;
    }
    if (fault == SIM_FAULT_USB_TIMEOUT) {
        return SIM_USB_TIMEOUT;
    }
    return fault == SIM_FAULT_USB_UNPLUG ? SIM_USB_UNPLUGGED : SIM_USB_OK;
}

/* The fault for this exchange: that of the command phase or, if there is none, the data phase. */
static enum sim_fault next_fault(struct sim_stlink *stlink, bool has_data)
{
    enum sim_fault fault = sim_inject_next(stlink->env->inject, SIM_SEAM_USB);
    enum sim_fault data_fault =
        has_data ? sim_inject_next(stlink->env->inject, SIM_SEAM_USB) : SIM_FAULT_NONE;

    sim_report_cost(stlink->env->report, SIM_COST_USB_TRANSFERS, has_data ? 2 : 1);
    fault = fault != SIM_FAULT_NONE ? fault : data_fault;
    if (fault == SIM_FAULT_POWER_CUT) {
        sim_inject_request_power_cut(stlink->env->inject);
        sim_inject_fired(stlink->env->inject, fault);
    }
    return fault;
}

static void flip_bit(struct sim_stlink *stlink, uint8_t *bytes, uint32_t count)
{
    uint32_t bit = sim_inject_random(stlink->env->inject) % (8 * count);

    bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    sim_inject_fired(stlink->env->inject, SIM_FAULT_USB_CORRUPT);
}

static enum sim_usb_result run_faulty(
    struct sim_stlink *stlink, const struct sim_usb_exchange *exchange, enum sim_fault fault)
{
    uint32_t answered = run_timed(stlink, exchange, stlink->firmware->cost->turnaround_ns);

    if (answered > exchange->in_bytes) {
        sim_violation(stlink->env->report, "usb-answer-too-long",
            "command %02x %02x answers %u bytes, the host asked for %u", exchange->command[0],
            exchange->command[1], (unsigned)answered, (unsigned)exchange->in_bytes);
        return SIM_USB_SHORT;
    }
    if (fault == SIM_FAULT_USB_CORRUPT && exchange->in_bytes != 0) {
        flip_bit(stlink, exchange->in, exchange->in_bytes);
    }
    if (fault == SIM_FAULT_USB_SHORT && exchange->in_bytes != 0) {
        memset(
            exchange->in + exchange->in_bytes / 2, 0, exchange->in_bytes - exchange->in_bytes / 2);
        sim_inject_fired(stlink->env->inject, fault);
        return SIM_USB_SHORT;
    }
    return SIM_USB_OK;
}

enum sim_usb_result sim_stlink_exchange(
    struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    enum sim_fault fault = next_fault(stlink, exchange->in_bytes != 0 || exchange->out_bytes != 0);
    enum sim_usb_result result = result_of(fault);
    struct sim_usb_exchange corrupted = *exchange;
    uint8_t *copy = NULL;

    stlink_begin_work(stlink, exchange->command);
    sim_report_link_wait(stlink->env->report, stlink->work);
    if (result != SIM_USB_OK) {
        sim_inject_fired(stlink->env->inject, fault);
        memset(exchange->in, 0, exchange->in_bytes);
        stlink_spend(stlink, (uint64_t)stlink->firmware->cost->pair_ns * SIM_PS_PER_NS);
        return result;
    }
    if (fault != SIM_FAULT_USB_CORRUPT || exchange->out_bytes == 0) {
        return run_faulty(stlink, exchange, fault);
    }
    copy = malloc(exchange->out_bytes);
    if (copy == NULL) {
        abort();
    }
    memcpy(copy, exchange->out, exchange->out_bytes);
    flip_bit(stlink, copy, exchange->out_bytes);
    corrupted.out = copy;
    result = run_faulty(stlink, &corrupted, fault);
    free(copy);
    return result;
}
