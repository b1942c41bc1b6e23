/* Shared by stlink*.c only: the pieces a command handler is made of. */
#ifndef SIM_STLINK_INTERNAL_H
#define SIM_STLINK_INTERNAL_H

#include "sim/stlink.h"

/* Reference probe.md 1.5. */
enum stlink_status {
    STLINK_OK = 0x80,
    STLINK_ERROR = 0x01,
    STLINK_COMMAND_ERROR = 0x08,
    STLINK_NO_TARGET = 0x09,
    STLINK_BAD_ALIGNMENT = 0x0A,
    STLINK_AP_WAIT = 0x10,
    STLINK_AP_FAULT = 0x11,
    STLINK_AP_PARITY = 0x13,
    STLINK_DP_WAIT = 0x14,
    STLINK_DP_FAULT = 0x15,
    STLINK_DP_ERROR = 0x16,
    STLINK_DP_PARITY = 0x17,
    STLINK_STICKY = 0x19,
    STLINK_BAD_AP = 0x1D,
    STLINK_CONFIG_CHANGED = 0x40,
    STLINK_UNKNOWN_COMMAND = 0x42
};

enum { STLINK_MODE_DFU = 0, STLINK_MODE_MASS = 1, STLINK_MODE_DEBUG = 2 };

/* A handler answers into exchange->in as far as in_bytes goes; stlink_put_* check that. It returns
 * the number of bytes it answers with. */
typedef uint32_t stlink_handler(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange);

uint16_t stlink_get16(const uint8_t *bytes);
uint32_t stlink_get32(const uint8_t *bytes);
void stlink_put8(const struct sim_usb_exchange *exchange, uint32_t at, uint8_t value);
void stlink_put16(const struct sim_usb_exchange *exchange, uint32_t at, uint16_t value);
void stlink_put32(const struct sim_usb_exchange *exchange, uint32_t at, uint32_t value);

/* Virtual time of link use: the board runs on meanwhile. */
void stlink_spend(struct sim_stlink *stlink, uint64_t duration_ps);
void stlink_spend_accesses(struct sim_stlink *stlink, uint32_t accesses);

/* Says what the link's time is spent on from now. */
void stlink_begin_work(struct sim_stlink *stlink, const uint8_t *command);
uint32_t stlink_run_command(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange);
/* A read of one byte is answered by two. */
uint32_t stlink_answer_bytes(uint32_t length_bytes);
/* Data phase of an RW_MISC. */
uint32_t stlink_misc_bytes(uint32_t items);

uint8_t stlink_ap_status(enum sim_ack ack);
uint8_t stlink_dp_status(enum sim_ack ack);
/* The access port that firmware uses when a command names one: old firmware knows 0 only. */
unsigned stlink_ap_of(const struct sim_stlink *stlink, uint8_t named);
/* STLINK_OK, or why this access port cannot be used now. */
uint8_t stlink_check_ap(const struct sim_stlink *stlink, unsigned ap);
/* One word through MEM-AP. */
uint8_t stlink_read_word(struct sim_stlink *stlink, unsigned ap, uint32_t addr, uint32_t *value);
uint8_t stlink_write_word(struct sim_stlink *stlink, unsigned ap, uint32_t addr, uint32_t value);

/* stlink_info.c */
stlink_handler stlink_get_version, stlink_get_version_ex, stlink_get_mode, stlink_get_voltage;
stlink_handler stlink_leave_dfu, stlink_leave_swim, stlink_get_board_identifiers;
stlink_handler stlink_accept, stlink_count_trace;

/* stlink_mem.c */
stlink_handler stlink_read_mem32, stlink_read_mem16, stlink_read_mem8, stlink_read_mem32_fixed;
stlink_handler stlink_write_mem32, stlink_write_mem16, stlink_write_mem8, stlink_write_mem32_fixed;
stlink_handler stlink_last_status2;
stlink_handler stlink_misc_out, stlink_misc_in, stlink_misc_max;

/* stlink_debug.c */
stlink_handler stlink_enter, stlink_exit, stlink_read_idcodes, stlink_reset_system;
stlink_handler stlink_init_ap, stlink_close_ap, stlink_read_dap, stlink_write_dap;
stlink_handler stlink_read_register, stlink_write_register, stlink_read_all_registers;
stlink_handler stlink_read_debug_word, stlink_write_debug_word, stlink_drive_nrst;

/* stlink_speed.c */
stlink_handler stlink_set_speed, stlink_get_speeds, stlink_switch_prescaler;
stlink_handler stlink_set_swd_divisor, stlink_set_jtag_divisor;
void stlink_reset_speed(struct sim_stlink *stlink);

#endif
