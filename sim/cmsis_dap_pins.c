/* Pins, clock and sequences. */
#include "sim/clock.h"
#include "sim/cmsis_dap_internal.h"

enum { PIN_SWCLK = 1 << 0, PIN_SWDIO = 1 << 1, PIN_NRESET = 1 << 7 };

/* A pin that is driven has its level at once: there is never anything to wait for. */
bool dap_swj_pins(struct sim_cmsis_dap *cmsis_dap, struct dap_packet *packet)
{
    uint8_t levels = dap_get8(packet);
    uint8_t selected = dap_get8(packet);

    (void)dap_get32(packet);
    if (packet->is_too_short) {
        return true;
    }
    if ((selected & PIN_NRESET) != 0) {
        dap_set_nrst(cmsis_dap, (levels & PIN_NRESET) == 0);
    }
    dap_put8(packet, (uint8_t)(PIN_SWCLK | PIN_SWDIO | (cmsis_dap->nrst_is_low ? 0 : PIN_NRESET)));
    return true;
}

/* The highest clock not above what is asked for. */
bool dap_swj_clock(struct sim_cmsis_dap *cmsis_dap, struct dap_packet *packet)
{
    uint32_t hz = dap_get32(packet);

    if (hz == 0) {
        return false;
    }
    cmsis_dap->swd_hz = hz < cmsis_dap->firmware->max_hz ? hz : cmsis_dap->firmware->max_hz;
    dap_put8(packet, DAP_OK);
    return true;
}

static void clock_out(struct sim_cmsis_dap *cmsis_dap, struct dap_packet *packet, unsigned bits)
{
    uint8_t byte = 0;

    for (unsigned i = 0; i < bits; i++) {
        if (i % 8 == 0) {
            byte = dap_get8(packet);
        }
        sim_swj_clock(dap_swj(cmsis_dap), (byte >> i % 8 & 1) != 0);
    }
    dap_spend_clocks(cmsis_dap, bits);
}

bool dap_swj_sequence(struct sim_cmsis_dap *cmsis_dap, struct dap_packet *packet)
{
    uint8_t bits = dap_get8(packet);

    clock_out(cmsis_dap, packet, bits != 0 ? bits : 256);
    dap_put8(packet, DAP_OK);
    return true;
}

/* Other turnarounds than one cycle would have to be set in the target too (DLCR, not modelled). */
bool dap_swd_configure(struct sim_cmsis_dap *cmsis_dap, struct dap_packet *packet)
{
    const uint8_t turnaround = 3;

    (void)cmsis_dap;
    if ((dap_get8(packet) & turnaround) != 0) {
        return false;
    }
    dap_put8(packet, DAP_OK);
    return true;
}

/* Nobody drives the line while the probe listens: ones. */
bool dap_swd_sequence(struct sim_cmsis_dap *cmsis_dap, struct dap_packet *packet)
{
    const uint8_t cycles = 0x3F;
    const uint8_t is_input = 0x80;
    uint8_t count = dap_get8(packet);

    dap_put8(packet, DAP_OK);
    for (unsigned i = 0; i < count && !packet->is_too_short; i++) {
        uint8_t info = dap_get8(packet);
        unsigned bits = (info & cycles) != 0 ? info & cycles : 64;

        if ((info & is_input) == 0) {
            clock_out(cmsis_dap, packet, bits);
            continue;
        }
        for (unsigned bit = 0; bit < bits; bit++) {
            sim_swj_clock(dap_swj(cmsis_dap), true);
        }
        dap_spend_clocks(cmsis_dap, bits);
        for (unsigned at = 0; at < bits; at += 8) {
            dap_put8(packet, (uint8_t)(bits - at >= 8 ? 0xFF : (1U << (bits - at)) - 1));
        }
    }
    return true;
}
