/* Shared by cmsis_dap*.c only. */
#ifndef SIM_CMSIS_DAP_INTERNAL_H
#define SIM_CMSIS_DAP_INTERNAL_H

#include "sim/cmsis_dap.h"

/* A request being read and its reply being written, both within a packet. */
struct dap_packet {
    const uint8_t *request;
    uint32_t request_bytes;
    uint32_t at;
    uint8_t *reply;
    uint32_t room_bytes;
    uint32_t reply_bytes;
    bool is_too_short; /* more was read than there is */
    bool is_too_long;  /* more was written than fits */
};

uint8_t dap_get8(struct dap_packet *packet);
uint16_t dap_get16(struct dap_packet *packet);
uint32_t dap_get32(struct dap_packet *packet);
void dap_put8(struct dap_packet *packet, uint8_t value);
void dap_put16(struct dap_packet *packet, uint16_t value);
void dap_put32(struct dap_packet *packet, uint32_t value);
/* Over something that was written before. */
void dap_patch8(struct dap_packet *packet, uint32_t at, uint8_t value);

/* The command byte has been read and its echo written. False: answered with FF. */
typedef bool dap_handler(struct sim_cmsis_dap *cmsis_dap, struct dap_packet *packet);

enum { DAP_OK = 0x00, DAP_ERROR = 0xFF };

void dap_spend(struct sim_cmsis_dap *cmsis_dap, uint64_t duration_ps);
/* Time of SWD accesses, idle cycles included. */
void dap_spend_accesses(struct sim_cmsis_dap *cmsis_dap, uint32_t accesses);
void dap_spend_clocks(struct sim_cmsis_dap *cmsis_dap, uint32_t clocks);
void dap_set_nrst(struct sim_cmsis_dap *cmsis_dap, bool is_low);
/* The line of the target; after a power cycle it has forgotten what was selected. */
struct sim_swj *dap_swj(struct sim_cmsis_dap *cmsis_dap);

/* cmsis_dap_transfer.c */
/* Says what the link's time is spent on from now. */
void dap_begin_packet(struct sim_cmsis_dap *cmsis_dap, const uint8_t *packet, uint32_t size_bytes);
dap_handler dap_configure_transfer, dap_transfer, dap_transfer_block, dap_write_abort;

/* cmsis_dap_pins.c */
dap_handler dap_swj_pins, dap_swj_clock, dap_swj_sequence, dap_swd_configure, dap_swd_sequence;

#endif
