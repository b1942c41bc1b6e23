/* VCD writer of the memory bus. A clock is two half periods; the wave runs on its own time, which
 * starts with chip select and follows the clocks, so pauses of the controller show as gaps. */
#include "sim/trace_vcd.h"

#include "sim/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { FLOATING = -1, SO_BIT = 1 };

struct trace_vcd {
    FILE *file;
    uint64_t time_ps;    /* of the wave */
    uint64_t written_ps; /* last time stamp in the file */
    int levels;          /* of IO, FLOATING when nobody drives */
};

struct trace_vcd *trace_vcd_open(const char *path)
{
    struct trace_vcd *vcd = calloc(1, sizeof *vcd);

    if (vcd == NULL) {
        return NULL;
    }
    vcd->file = fopen(path, "w");
    if (vcd->file == NULL) {
        free(vcd);
        return NULL;
    }
    vcd->levels = FLOATING;
    (void)fputs("$timescale 1 ps $end\n$scope module memory_bus $end\n"
                "$var wire 1 s CS $end\n$var wire 1 c CLK $end\n$var wire 8 d IO [7:0] $end\n"
                "$var wire 1 q DQS $end\n$upscope $end\n$enddefinitions $end\n"
                "#0\n1s\n0c\nbzzzzzzzz d\n0q\n",
        vcd->file);
    return vcd;
}

void trace_vcd_close(struct trace_vcd *vcd)
{
    if (vcd != NULL) {
        (void)fclose(vcd->file);
        free(vcd);
    }
}

/* Time stamps of a VCD file must not go back. */
static void stamp(struct trace_vcd *vcd)
{
    if (vcd->time_ps > vcd->written_ps) {
        (void)fprintf(vcd->file, "#%" PRIu64 "\n", vcd->time_ps);
        vcd->written_ps = vcd->time_ps;
    }
}

static void drive(struct trace_vcd *vcd, int levels)
{
    char bits[9] = "zzzzzzzz";

    if (levels == vcd->levels) {
        return;
    }
    vcd->levels = levels;
    for (unsigned i = 0; levels != FLOATING && i < 8; i++) {
        bits[i] = (char)('0' + ((unsigned)levels >> (7 - i) & 1));
    }
    (void)fprintf(vcd->file, "b%s d\n", bits);
}

/* Half a period with CLK high or low. */
static void half(struct trace_vcd *vcd, const struct sim_phase *phase, bool high, int levels)
{
    stamp(vcd);
    drive(vcd, levels);
    (void)fputs(high ? "1c\n" : "0c\n", vcd->file);
    if (phase->clock_hz != 0) {
        vcd->time_ps += SIM_PS_PER_S / 2 / phase->clock_hz;
    }
}

static unsigned symbol_bits(const struct sim_phase *phase)
{
    return phase->lanes < 8 ? phase->lanes : 8;
}

static int symbol(const struct sim_phase *phase, const uint8_t *bytes, size_t at, bool received)
{
    unsigned bits = symbol_bits(phase);
    unsigned shift = (unsigned)(8 - bits * (at % (8 / bits) + 1));
    unsigned value = (unsigned)bytes[at * bits / 8] >> shift & ((1U << bits) - 1);

    return (int)(bits == 1 && received ? value << SO_BIT : value);
}

static void clock_bytes(struct trace_vcd *vcd, const struct sim_phase *phase, const uint8_t *bytes,
    size_t count, bool received)
{
    unsigned bits = symbol_bits(phase);
    bool high = true;

    if (bits == 0) {
        return;
    }
    for (size_t i = 0; i < count * 8 / bits; i++) {
        int levels = symbol(phase, bytes, i, received);

        if (received && phase->dqs) {
            stamp(vcd);
            (void)fputs(high ? "1q\n" : "0q\n", vcd->file);
        }
        half(vcd, phase, high, levels);
        if (phase->dtr) {
            high = !high;
        } else {
            half(vcd, phase, false, levels);
        }
    }
    if (!high) {
        half(vcd, phase, false, vcd->levels);
    }
}

void trace_vcd_select(struct trace_vcd *vcd, uint64_t now_ps)
{
    if (vcd == NULL) {
        return;
    }
    vcd->time_ps = now_ps > vcd->time_ps ? now_ps : vcd->time_ps;
    stamp(vcd);
    (void)fputs("0s\n", vcd->file);
}

void trace_vcd_send(
    struct trace_vcd *vcd, const struct sim_phase *phase, const uint8_t *bytes, size_t count)
{
    if (vcd != NULL) {
        clock_bytes(vcd, phase, bytes, count, false);
    }
}

void trace_vcd_idle(struct trace_vcd *vcd, const struct sim_phase *phase, uint32_t clocks)
{
    if (vcd == NULL) {
        return;
    }
    for (uint32_t i = 0; i < clocks; i++) {
        half(vcd, phase, true, FLOATING);
        half(vcd, phase, false, FLOATING);
    }
}

void trace_vcd_receive(struct trace_vcd *vcd, uint64_t now_ps, const struct sim_phase *phase,
    const uint8_t *bytes, size_t count)
{
    if (vcd == NULL || phase->lanes == 0 || phase->clock_hz == 0) {
        return;
    }
    uint64_t halves = (uint64_t)count * (phase->dtr ? 8 : 16) / phase->lanes;
    uint64_t length_ps = halves * (SIM_PS_PER_S / 2 / phase->clock_hz);

    if (now_ps > length_ps && now_ps - length_ps > vcd->time_ps) {
        vcd->time_ps = now_ps - length_ps; /* the controller had stopped the clock */
    }
    clock_bytes(vcd, phase, bytes, count, true);
}

void trace_vcd_deselect(struct trace_vcd *vcd, uint64_t now_ps)
{
    if (vcd == NULL) {
        return;
    }
    (void)now_ps; /* may be late by an instruction; the wave knows better */
    stamp(vcd);
    drive(vcd, FLOATING);
    (void)fputs("1s\n", vcd->file);
    (void)fflush(vcd->file);
}
