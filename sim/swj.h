/* The SWJ-DP of the target as the wires see it: which protocol is selected, and whether the line is
 * in a state in which a transfer is answered.
 *
 * ADIv5.2 (ARM IHI 0031), sections on SWJ-DP and dormant state. Sequences are clocked in bit by
 * bit: on SWDIO with SWCLK for SWD, which are TMS and TCK for JTAG. */
#ifndef SIM_SWJ_H
#define SIM_SWJ_H

#include <stdbool.h>
#include <stdint.h>

enum sim_swj_mode { SIM_SWJ_JTAG, SIM_SWJ_SWD, SIM_SWJ_DORMANT };

enum sim_swj_line {
    SIM_SWJ_LOCKED, /* nothing is answered before a line reset */
    SIM_SWJ_RESET,  /* only a read of DPIDR is */
    SIM_SWJ_READY
};

struct sim_swj {
    enum sim_swj_mode mode;
    enum sim_swj_line line;
    unsigned ones; /* in a row, up to now */
    unsigned zeros;
    bool had_reset;      /* enough ones came right before the zeros */
    uint32_t select;     /* bits after a reset, first one lowest */
    unsigned selected;   /* their number */
    uint64_t history[2]; /* the latest 128 bits, oldest lowest */
    uint32_t activation; /* bits after the selection alert */
    unsigned activated;  /* their number, while one is expected */
    bool is_alerted;
};

/* After power-up: JTAG. */
void sim_swj_init(struct sim_swj *swj);
void sim_swj_clock(struct sim_swj *swj, bool bit);
/* A transfer begins. False: the target does not answer. */
bool sim_swj_begin_transfer(struct sim_swj *swj, bool is_dpidr_read);

#endif
