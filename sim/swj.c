#include "sim/swj.h"

#include <string.h>

enum { RESET_ONES = 50, IDLE_ZEROS = 2, SELECT_BITS = 16, ACTIVATION_BITS = 12 };

/* First bit lowest. */
enum {
    JTAG_TO_SWD = 0xE79E,
    SWD_TO_JTAG = 0xE73C,
    SWD_TO_DORMANT = 0xE3BC,
    ACTIVATE_SWD = 0x1A0 /* four zeros, then 0x1A */
};
#define JTAG_TO_DORMANT UINT64_C(0x33BBBBBA)

/* Selection alert of 128 bits; the lower half goes first. */
static const uint64_t alert[2] = {UINT64_C(0x86852D956209F392), UINT64_C(0x19BC0EA2E3DDAFE9)};

void sim_swj_init(struct sim_swj *swj)
{
    memset(swj, 0, sizeof *swj);
}

static void enter(struct sim_swj *swj, enum sim_swj_mode mode)
{
    swj->mode = mode;
    swj->line = SIM_SWJ_LOCKED;
}

/* The sixteen bits right after a line reset choose the protocol. */
static void clock_selection(struct sim_swj *swj, bool bit)
{
    if (!swj->had_reset || swj->selected == SELECT_BITS) {
        return;
    }
    swj->select |= (uint32_t)bit << swj->selected++;
    if (swj->selected != SELECT_BITS || swj->mode == SIM_SWJ_DORMANT) {
        return;
    }
    if (swj->select == JTAG_TO_SWD) {
        enter(swj, SIM_SWJ_SWD);
    } else if (swj->select == SWD_TO_JTAG) {
        enter(swj, SIM_SWJ_JTAG);
    } else if (swj->select == SWD_TO_DORMANT) {
        enter(swj, SIM_SWJ_DORMANT);
    }
}

static void clock_history(struct sim_swj *swj, bool bit)
{
    swj->history[0] = swj->history[0] >> 1 | swj->history[1] << 63;
    swj->history[1] = swj->history[1] >> 1 | (uint64_t)bit << 63;
    if (swj->mode == SIM_SWJ_JTAG && swj->history[1] >> 33 == JTAG_TO_DORMANT) {
        enter(swj, SIM_SWJ_DORMANT);
    }
}

static void clock_activation(struct sim_swj *swj, bool bit)
{
    if (!swj->is_alerted) {
        swj->is_alerted = swj->mode == SIM_SWJ_DORMANT && swj->history[0] == alert[0] &&
                          swj->history[1] == alert[1];
        swj->activation = 0;
        swj->activated = 0;
        return;
    }
    swj->activation |= (uint32_t)bit << swj->activated++;
    swj->is_alerted = swj->activated < ACTIVATION_BITS;
    if (!swj->is_alerted && swj->activation == ACTIVATE_SWD) {
        enter(swj, SIM_SWJ_SWD);
    }
}

void sim_swj_clock(struct sim_swj *swj, bool bit)
{
    if (bit) {
        swj->ones++;
        swj->zeros = 0;
    } else {
        if (swj->ones >= RESET_ONES) {
            swj->had_reset = true;
            swj->select = 0;
            swj->selected = 0;
        }
        swj->ones = 0;
        swj->zeros++;
    }
    if (swj->ones >= RESET_ONES) {
        swj->line = SIM_SWJ_LOCKED; /* until the idle cycles after it */
    }
    if (swj->had_reset && swj->zeros == IDLE_ZEROS && swj->selected == 1 &&
        swj->mode == SIM_SWJ_SWD) {
        swj->line = SIM_SWJ_RESET;
    }
    clock_selection(swj, bit);
    clock_history(swj, bit);
    clock_activation(swj, bit);
}

bool sim_swj_begin_transfer(struct sim_swj *swj, bool is_dpidr_read)
{
    swj->ones = 0;
    swj->zeros = 0;
    swj->had_reset = false;
    if (swj->mode != SIM_SWJ_SWD || swj->line == SIM_SWJ_LOCKED) {
        return false;
    }
    if (swj->line == SIM_SWJ_RESET && !is_dpidr_read) {
        swj->line = SIM_SWJ_LOCKED;
        return false;
    }
    swj->line = SIM_SWJ_READY;
    return true;
}
