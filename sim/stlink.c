#include "sim/stlink.h"

#include "sim/clock.h"
#include "sim/inject.h"
#include "sim/report.h"
#include "sim/stlink_internal.h"

#include <stdlib.h>
#include <string.h>

enum {
    GROUP_VERSION = 0xF1,
    GROUP_DEBUG = 0xF2,
    GROUP_DFU = 0xF3,
    GROUP_SWIM = 0xF4,
    GROUP_MODE = 0xF5,
    GROUP_VOLTAGE = 0xF7,
    GROUP_VERSION_EX = 0xFB,
    HARDWARE_VERSION = 3,
    JTAG_VERSION = 10,
    MSD_VERSION = 3,
    BRIDGE_VERSION = 3
};

uint16_t stlink_get16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] | bytes[1] << 8);
}

uint32_t stlink_get32(const uint8_t *bytes)
{
    return (uint32_t)stlink_get16(bytes) | (uint32_t)stlink_get16(bytes + 2) << 16;
}

void stlink_put8(const struct sim_usb_exchange *exchange, uint32_t at, uint8_t value)
{
    if (at < exchange->in_bytes) {
        exchange->in[at] = value;
    }
}

void stlink_put16(const struct sim_usb_exchange *exchange, uint32_t at, uint16_t value)
{
    stlink_put8(exchange, at, (uint8_t)value);
    stlink_put8(exchange, at + 1, (uint8_t)(value >> 8));
}

void stlink_put32(const struct sim_usb_exchange *exchange, uint32_t at, uint32_t value)
{
    stlink_put16(exchange, at, (uint16_t)value);
    stlink_put16(exchange, at + 2, (uint16_t)(value >> 16));
}

void stlink_spend(struct sim_stlink *stlink, uint64_t duration_ps)
{
    sim_report_cost(stlink->env->report, SIM_COST_LINK_BUSY_PS, duration_ps);
    stlink->wiring->advance(stlink->wiring->context, duration_ps);
}

void stlink_spend_accesses(struct sim_stlink *stlink, uint32_t accesses)
{
    stlink_spend(stlink, sim_link_swd_accesses_ps(stlink->cost, stlink->swd_khz, accesses));
}

static uint32_t get_version(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    (void)stlink;
    stlink_put8(exchange, 0, HARDWARE_VERSION << 4); /* the rest is zero: ask FB */
    stlink_put16(exchange, 2, SIM_STLINK_VID);
    stlink_put16(exchange, 4, SIM_STLINK_PID);
    return 6;
}

static uint32_t get_version_ex(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    (void)stlink;
    stlink_put8(exchange, 0, HARDWARE_VERSION);
    stlink_put8(exchange, 2, JTAG_VERSION);
    stlink_put8(exchange, 3, MSD_VERSION);
    stlink_put8(exchange, 4, BRIDGE_VERSION);
    stlink_put16(exchange, 8, SIM_STLINK_VID);
    stlink_put16(exchange, 10, SIM_STLINK_PID);
    return 12;
}

static uint32_t get_mode(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    stlink_put16(exchange, 0, stlink->mode);
    return 2;
}

/* V = 2 * target * 1.2 / reference */
static uint32_t get_voltage(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    const uint32_t reference = 1500;
    uint32_t target_mv = stlink->wiring->target_mv(stlink->wiring->context);

    stlink_put32(exchange, 0, reference);
    stlink_put32(exchange, 4, target_mv * reference / 2400);
    return 8;
}

static uint32_t leave_mode(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    (void)stlink;
    (void)exchange;
    return 0;
}

static uint32_t get_board_identifiers(
    struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    stlink_put8(exchange, 0, STLINK_OK);
    for (uint32_t i = 0; i < 4; i++) {
        stlink_put8(exchange, 2 + i, (uint8_t)stlink->wiring->board_id[i]);
    }
    return 128;
}

static uint32_t accept(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    (void)stlink;
    stlink_put8(exchange, 0, STLINK_OK);
    return 2;
}

static uint32_t count_trace(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    (void)stlink;
    (void)exchange;
    return 2; /* no SWO on the virtual board: no bytes */
}

static uint32_t refuse(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    (void)stlink;
    stlink_put8(exchange, 0, STLINK_UNKNOWN_COMMAND);
    return exchange->in_bytes;
}

struct command_row {
    uint8_t code;
    bool in_any_mode; /* else only in debug mode */
    stlink_handler *run;
};

static const struct command_row group_rows[] = {
    {GROUP_VERSION, true, get_version},
    {GROUP_DFU, true, leave_mode},
    {GROUP_SWIM, true, leave_mode},
    {GROUP_MODE, true, get_mode},
    {GROUP_VOLTAGE, true, get_voltage},
    {GROUP_VERSION_EX, true, get_version_ex},
};

static const struct command_row debug_rows[] = {
    {0x07, false, stlink_read_mem32},
    {0x08, false, stlink_write_mem32},
    {0x0C, false, stlink_read_mem8},
    {0x0D, false, stlink_write_mem8},
    {0x21, true, stlink_exit},
    {0x30, true, stlink_enter},
    {0x31, false, stlink_read_idcodes},
    {0x32, false, stlink_reset_system},
    {0x33, false, stlink_read_register},
    {0x34, false, stlink_write_register},
    {0x35, false, stlink_write_debug_word},
    {0x36, false, stlink_read_debug_word},
    {0x3A, false, stlink_read_all_registers},
    {0x3B, false, stlink_last_status},
    {0x3C, true, stlink_drive_nrst},
    {0x3E, false, stlink_last_status2},
    {0x40, false, accept},
    {0x41, false, accept},
    {0x42, false, count_trace},
    {0x45, false, stlink_read_dap},
    {0x46, false, stlink_write_dap},
    {0x47, false, stlink_read_mem16},
    {0x48, false, stlink_write_mem16},
    {0x4B, false, stlink_init_ap},
    {0x4C, false, stlink_close_ap},
    {0x50, false, stlink_write_mem32_fixed},
    {0x51, false, stlink_misc_out},
    {0x52, false, stlink_misc_in},
    {0x53, false, stlink_misc_max},
    {0x54, false, stlink_read_mem32_fixed},
    {0x56, true, get_board_identifiers},
    {0x61, true, stlink_set_speed},
    {0x62, true, stlink_get_speeds},
    {0x63, true, stlink_switch_prescaler},
};

static const struct command_row *find_row(
    const struct command_row *rows, size_t count, uint8_t code)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].code == code) {
            return &rows[i];
        }
    }
    return NULL;
}

static uint32_t run_command(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    const struct command_row *row = NULL;

    if (exchange->command[0] == GROUP_DEBUG) {
        row = find_row(debug_rows, sizeof debug_rows / sizeof debug_rows[0], exchange->command[1]);
    } else {
        row = find_row(group_rows, sizeof group_rows / sizeof group_rows[0], exchange->command[0]);
    }
    if (row == NULL) {
        return refuse(stlink, exchange);
    }
    if (!row->in_any_mode && stlink->mode != STLINK_MODE_DEBUG) {
        stlink->last_status = STLINK_COMMAND_ERROR;
        stlink_put8(exchange, 0, STLINK_COMMAND_ERROR);
        return exchange->in_bytes;
    }
    return row->run(stlink, exchange);
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

static enum sim_usb_result run_timed(
    struct sim_stlink *stlink, const struct sim_usb_exchange *exchange, enum sim_fault fault)
{
    const struct sim_link_cost *cost = stlink->cost;
    uint64_t command_ns = exchange->in_bytes != 0 ? cost->pair_ns : cost->out_ns;
    uint64_t after_ps = 0;
    uint32_t answered = 0;

    if (exchange->in_bytes != 0) { /* the answer is taken in the middle of the pair */
        command_ns /= 2;
        after_ps = command_ns * SIM_PS_PER_NS + sim_link_usb_ps(cost, exchange->in_bytes);
    }
    stlink_spend(stlink, (command_ns + cost->turnaround_ns) * SIM_PS_PER_NS +
                             sim_link_usb_ps(cost, exchange->out_bytes));
    memset(exchange->in, 0, exchange->in_bytes);
    answered = run_command(stlink, exchange);
    stlink_spend(stlink, after_ps);
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

    if (result != SIM_USB_OK) {
        sim_inject_fired(stlink->env->inject, fault);
        memset(exchange->in, 0, exchange->in_bytes);
        stlink_spend(stlink, (uint64_t)stlink->cost->pair_ns * SIM_PS_PER_NS);
        return result;
    }
    sim_report_cost(stlink->env->report, SIM_COST_LINK_BYTES,
        (uint64_t)exchange->in_bytes + exchange->out_bytes);
    if (fault != SIM_FAULT_USB_CORRUPT || exchange->out_bytes == 0) {
        return run_timed(stlink, exchange, fault);
    }
    copy = malloc(exchange->out_bytes);
    if (copy == NULL) {
        abort();
    }
    memcpy(copy, exchange->out, exchange->out_bytes);
    flip_bit(stlink, copy, exchange->out_bytes);
    corrupted.out = copy;
    result = run_timed(stlink, &corrupted, fault);
    free(copy);
    return result;
}

void sim_stlink_init(struct sim_stlink *stlink, const struct sim_env *env, struct sim_dap *dap,
    const struct sim_stlink_wiring *wiring)
{
    memset(stlink, 0, sizeof *stlink);
    stlink->env = env;
    stlink->dap = dap;
    stlink->wiring = wiring;
    stlink->cost = &sim_link_cost_v3;
    sim_stlink_replug(stlink);
}

void sim_stlink_replug(struct sim_stlink *stlink)
{
    if (stlink->nrst_is_low) {
        stlink->nrst_is_low = false;
        stlink->wiring->set_nrst(stlink->wiring->context, false);
    }
    stlink->mode = STLINK_MODE_MASS;
    stlink->open_aps = 0;
    stlink->last_status = STLINK_OK;
    stlink->misc_bytes = 0;
    stlink_reset_speed(stlink);
}
