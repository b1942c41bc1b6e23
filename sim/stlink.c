#include "sim/stlink.h"

#include "sim/stlink_internal.h"

#include <string.h>

enum {
    GROUP_VERSION = 0xF1,
    GROUP_DEBUG = 0xF2,
    GROUP_DFU = 0xF3,
    GROUP_SWIM = 0xF4,
    GROUP_MODE = 0xF5,
    GROUP_VOLTAGE = 0xF7,
    GROUP_VERSION_EX = 0xFB
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

/* Data phases that are not a fixed answer. */
enum {
    NO_DATA = 0,
    ANSWER_OF_LENGTH = -1, /* as the length field says; 2 for 1 */
    DATA_OF_LENGTH = -2,   /* OUT */
    DATA_OF_ITEMS = -3,    /* OUT: RW_MISC */
    ANSWER_OF_ITEMS = -4
};

/* Firmware that never had the command. */
enum { NEVER = 0xFF, HARDWARE_V3 = 3, REFUSAL_BYTES = 2 };

/* Reference probe.md 1.3. since_v2, since_v3: the J of the first firmware that has the command. */
struct command_row {
    uint8_t code;
    uint8_t since_v2;
    uint8_t since_v3;
    bool in_any_mode; /* else only in debug mode */
    bool in_bootloader;
    int16_t data;
    stlink_handler *run;
};

static const struct command_row group_rows[] = {
    {GROUP_VERSION, 0, 0, true, true, 6, stlink_get_version},
    {GROUP_DFU, 0, 0, true, true, NO_DATA, stlink_leave_dfu},
    {GROUP_SWIM, 0, 0, true, false, NO_DATA, stlink_leave_swim},
    {GROUP_MODE, 0, 0, true, true, 2, stlink_get_mode},
    {GROUP_VOLTAGE, 13, 0, true, false, 8, stlink_get_voltage},
    {GROUP_VERSION_EX, NEVER, 0, true, true, 12, stlink_get_version_ex},
};

/* 3B is of firmware before V2J15, which is not here. */
static const struct command_row debug_rows[] = {
    {0x07, 0, 0, false, false, ANSWER_OF_LENGTH, stlink_read_mem32},
    {0x08, 0, 0, false, false, DATA_OF_LENGTH, stlink_write_mem32},
    {0x0C, 0, 0, false, false, ANSWER_OF_LENGTH, stlink_read_mem8},
    {0x0D, 0, 0, false, false, DATA_OF_LENGTH, stlink_write_mem8},
    {0x21, 0, 0, true, false, NO_DATA, stlink_exit},
    {0x30, 0, 0, true, false, 2, stlink_enter},
    {0x31, 0, 0, false, false, 12, stlink_read_idcodes},
    {0x32, 0, 0, false, false, 2, stlink_reset_system},
    {0x33, 0, 0, false, false, 8, stlink_read_register},
    {0x34, 0, 0, false, false, 2, stlink_write_register},
    {0x35, 0, 0, false, false, 2, stlink_write_debug_word},
    {0x36, 0, 0, false, false, 8, stlink_read_debug_word},
    {0x3A, 0, 0, false, false, 88, stlink_read_all_registers},
    {0x3C, 0, 0, true, false, 2, stlink_drive_nrst},
    {0x3E, 15, 0, false, false, 12, stlink_last_status2},
    {0x40, 13, 0, false, false, 2, stlink_accept},
    {0x41, 13, 0, false, false, 2, stlink_accept},
    {0x42, 13, 0, false, false, 2, stlink_count_trace},
    {0x43, 22, NEVER, true, false, 2, stlink_set_swd_divisor},
    {0x44, 24, NEVER, true, false, 2, stlink_set_jtag_divisor},
    {0x45, 24, 0, false, false, 8, stlink_read_dap},
    {0x46, 24, 0, false, false, 2, stlink_write_dap},
    {0x47, 26, 0, false, false, ANSWER_OF_LENGTH, stlink_read_mem16},
    {0x48, 26, 0, false, false, DATA_OF_LENGTH, stlink_write_mem16},
    {0x4B, 28, 0, false, false, 2, stlink_init_ap},
    {0x4C, 28, 0, false, false, 2, stlink_close_ap},
    {0x50, 26, 0, false, false, DATA_OF_LENGTH, stlink_write_mem32_fixed},
    {0x51, 32, 2, false, false, DATA_OF_ITEMS, stlink_misc_out},
    {0x52, 32, 2, false, false, ANSWER_OF_ITEMS, stlink_misc_in},
    {0x53, 32, 2, false, false, 2, stlink_misc_max},
    {0x54, 32, 2, false, false, ANSWER_OF_LENGTH, stlink_read_mem32_fixed},
    {0x56, 36, 6, true, false, 128, stlink_get_board_identifiers},
    {0x61, NEVER, 0, true, false, 8, stlink_set_speed},
    {0x62, NEVER, 0, true, false, 52, stlink_get_speeds},
    {0x63, NEVER, 0, true, false, 8, stlink_switch_prescaler},
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

/* NULL: this firmware does not know the command. */
static const struct command_row *row_of(const struct sim_stlink *stlink, const uint8_t *command)
{
    const struct sim_stlink_firmware *firmware = stlink->firmware;
    const struct command_row *row =
        command[0] == GROUP_DEBUG
            ? find_row(debug_rows, sizeof debug_rows / sizeof debug_rows[0], command[1])
            : find_row(group_rows, sizeof group_rows / sizeof group_rows[0], command[0]);
    uint8_t since = 0;

    if (row == NULL || (firmware->is_bootloader && !row->in_bootloader)) {
        return NULL;
    }
    since = firmware->hardware >= HARDWARE_V3 ? row->since_v3 : row->since_v2;
    return since != NEVER && firmware->jtag >= since ? row : NULL;
}

/* A status belongs to the memory command before it. */
void stlink_begin_work(struct sim_stlink *stlink, const uint8_t *command)
{
    const struct command_row *row = row_of(stlink, command);

    if (row == NULL || row->run == stlink_last_status2) {
        return;
    }
    stlink->work = SIM_LINK_OTHER;
    if (row->data == DATA_OF_LENGTH) {
        stlink->work = SIM_LINK_WRITE;
    } else if (row->data == ANSWER_OF_LENGTH) {
        stlink->work = SIM_LINK_READ;
    }
}

struct sim_stlink_phase sim_stlink_data_phase(
    const struct sim_stlink *stlink, const uint8_t *command)
{
    const struct command_row *row = row_of(stlink, command);
    struct sim_stlink_phase phase = {0};
    uint32_t length = stlink_get16(&command[6]);
    uint32_t items = stlink_get32(&command[2]);

    if (row == NULL) {
        phase.in_bytes = REFUSAL_BYTES;
    } else if (row->data == ANSWER_OF_LENGTH) {
        phase.in_bytes = stlink_answer_bytes(length);
    } else if (row->data == DATA_OF_LENGTH) {
        phase.out_bytes = length;
    } else if (row->data == DATA_OF_ITEMS) {
        phase.out_bytes = items <= stlink->firmware->misc_items ? stlink_misc_bytes(items) : 0;
    } else if (row->data == ANSWER_OF_ITEMS) {
        phase.in_bytes = stlink->misc_bytes;
    } else {
        phase.in_bytes = (uint32_t)row->data;
    }
    return phase;
}

static uint32_t refuse(const struct sim_usb_exchange *exchange, uint8_t status)
{
    stlink_put8(exchange, 0, status);
    return exchange->in_bytes;
}

uint32_t stlink_run_command(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    const struct command_row *row = row_of(stlink, exchange->command);

    if (row == NULL) {
        return refuse(exchange, STLINK_UNKNOWN_COMMAND);
    }
    if (!row->in_any_mode && stlink->mode != STLINK_MODE_DEBUG) {
        stlink->last_status = STLINK_COMMAND_ERROR;
        return refuse(exchange, STLINK_COMMAND_ERROR);
    }
    return row->run(stlink, exchange);
}

void sim_stlink_init(struct sim_stlink *stlink, const struct sim_env *env, struct sim_dap *dap,
    const struct sim_stlink_wiring *wiring)
{
    memset(stlink, 0, sizeof *stlink);
    stlink->env = env;
    stlink->dap = dap;
    stlink->wiring = wiring;
    sim_stlink_set_firmware(stlink, &sim_stlink_firmware_v3);
}

void sim_stlink_set_firmware(struct sim_stlink *stlink, const struct sim_stlink_firmware *firmware)
{
    stlink->firmware = firmware;
    sim_stlink_replug(stlink);
}

void sim_stlink_replug(struct sim_stlink *stlink)
{
    if (stlink->nrst_is_low) {
        stlink->nrst_is_low = false;
        stlink->wiring->set_nrst(stlink->wiring->context, false);
    }
    stlink->mode = stlink->firmware->idle_mode;
    stlink->work = SIM_LINK_OTHER;
    stlink->open_aps = 0;
    stlink->last_status = STLINK_OK;
    stlink->misc_bytes = 0;
    stlink_reset_speed(stlink);
}
