/* Phases on the wires as the pins of the chip see them.
 *
 * The controller's lanes and rate may differ from the chip's: then each clock is acted out, edge by
 * edge. Where both agree whole bytes pass, which is nearly always. */
#include "sim/chips/nor.h"
#include "sim/report.h"

#include <string.h>

/* What eight lines carry at the two edges of one clock. A line that nobody drives is pulled up. */
struct edges {
    uint8_t rise;
    uint8_t fall;
};

enum { FLOATING = 0xFF, LANES_1S = 0x03, LANES_OCTAL = 0xFF, SO_BIT = 1 };

bool nor_mode_matches(enum nor_mode mode, const struct sim_phase *phase)
{
    return phase->lanes == (mode == NOR_1S ? 1 : 8) && phase->dtr == (mode == NOR_8D);
}

uint16_t nor_mode_lanes(enum nor_mode mode)
{
    return mode == NOR_1S ? LANES_1S : LANES_OCTAL;
}

static bool is_input(const struct nor *nor)
{
    enum nor_stage stage = nor->frame.stage;

    return stage == NOR_STAGE_OPCODE || stage == NOR_STAGE_ADDRESS || stage == NOR_STAGE_DATA_IN;
}

static void shift_in(struct nor *nor, bool bit)
{
    struct nor_frame *frame = &nor->frame;

    frame->bits = (uint8_t)(frame->bits << 1 | (bit ? 1 : 0));
    frame->bit_count++;
    if (frame->bit_count == 8) {
        frame->bit_count = 0;
        nor_decode_byte(nor, frame->bits);
    }
}

static bool shift_out(struct nor *nor)
{
    struct nor_frame *frame = &nor->frame;

    if (frame->bit_count == 0) {
        nor_output(nor, &frame->bits, 1);
    }
    bool bit = (frame->bits >> (7 - frame->bit_count) & 1) != 0;
    frame->bit_count = (uint8_t)((frame->bit_count + 1) % 8);
    return bit;
}

static void edges_in(struct nor *nor, struct edges in)
{
    switch (nor->mode) {
    case NOR_1S:
        shift_in(nor, (in.rise & 1) != 0);
        break;
    case NOR_8S:
        nor_decode_byte(nor, in.rise);
        break;
    case NOR_8D:
        nor_decode_byte(nor, in.rise);
        nor_decode_byte(nor, in.fall);
        break;
    }
}

static struct edges edges_out(struct nor *nor)
{
    struct edges out = {FLOATING, FLOATING};

    switch (nor->mode) {
    case NOR_1S:
        out.rise = shift_out(nor) ? FLOATING : (uint8_t) ~(1U << SO_BIT);
        out.fall = out.rise;
        break;
    case NOR_8S:
        nor_output(nor, &out.rise, 1);
        out.fall = out.rise;
        break;
    case NOR_8D:
        nor_output(nor, &out.rise, 1);
        nor_output(nor, &out.fall, 1);
        break;
    }
    return out;
}

static struct edges tick(struct nor *nor, struct edges in)
{
    struct edges out = {FLOATING, FLOATING};
    uint8_t open = (uint8_t)~nor->frame.wired;

    if (is_input(nor)) {
        in.rise |= open;
        in.fall |= open;
        edges_in(nor, in);
    } else if (nor->frame.stage == NOR_STAGE_DUMMY) {
        nor_decode_dummy(nor, 1);
    } else if (nor->frame.stage == NOR_STAGE_DATA_OUT) {
        out = edges_out(nor);
        out.rise |= open;
        out.fall |= open;
    }
    return out;
}

static void note_clock(struct nor *nor, const struct sim_phase *phase)
{
    if (phase->clock_hz > nor->frame.max_hz) {
        nor->frame.max_hz = phase->clock_hz;
    }
}

/* A phase on 16 lines reaches an 8-bit chip with its lower half only. */
static unsigned symbol_bits(const struct sim_phase *phase)
{
    return phase->lanes >= 8 ? 8 : phase->lanes;
}

/* Lines that the controller does not drive in this phase stay high. */
static uint8_t levels(uint8_t byte, unsigned symbol, unsigned bits)
{
    uint8_t mask = (uint8_t)((1U << bits) - 1);

    return (uint8_t)(~mask | (byte >> (8 - bits * (symbol + 1)) & mask));
}

static void send_edges(
    struct nor *nor, const struct sim_phase *phase, const uint8_t *bytes, size_t count)
{
    unsigned bits = symbol_bits(phase);
    struct edges pair = {FLOATING, FLOATING};
    bool have_rise = false;

    for (size_t i = 0; i < count * 8 / bits; i++) {
        uint8_t level = levels(bytes[i * bits / 8], (unsigned)(i % (8 / bits)), bits);

        if (!phase->dtr) {
            (void)tick(nor, (struct edges){level, level});
        } else if (!have_rise) {
            pair.rise = level;
            have_rise = true;
        } else {
            pair.fall = level;
            (void)tick(nor, pair);
            have_rise = false;
        }
    }
    if (have_rise) {
        (void)tick(nor, (struct edges){pair.rise, pair.rise});
    }
}

static bool passes_bytes(const struct nor *nor, const struct sim_phase *phase)
{
    uint16_t needed = nor_mode_lanes(nor->mode);

    return nor_mode_matches(nor->mode, phase) && nor->frame.bit_count == 0 &&
           (nor->frame.wired & needed) == needed;
}

void nor_wire_send(
    struct nor *nor, const struct sim_phase *phase, const uint8_t *bytes, size_t count)
{
    note_clock(nor, phase);
    if (nor->frame.stage == NOR_STAGE_IGNORE) {
        return;
    }
    if (!passes_bytes(nor, phase)) {
        send_edges(nor, phase, bytes, count);
        return;
    }
    if (nor->mode == NOR_8D && count % 2 != 0) {
        nor->frame.odd_edge = true;
    }
    if (is_input(nor)) {
        nor_decode_bytes(nor, bytes, count);
        return;
    }
    send_edges(nor, phase, bytes, count); /* clocks in a dummy or data-out stage */
}

void nor_wire_idle(struct nor *nor, uint32_t clocks)
{
    while (clocks > 0) {
        if (nor->frame.stage == NOR_STAGE_IGNORE) {
            return;
        }
        if (nor->frame.stage == NOR_STAGE_DUMMY && clocks <= nor->frame.dummy_left) {
            nor_decode_dummy(nor, clocks);
            return;
        }
        (void)tick(nor, (struct edges){FLOATING, FLOATING});
        clocks--;
    }
}

static void receive_edges(
    struct nor *nor, const struct sim_phase *phase, uint8_t *bytes, size_t count)
{
    unsigned bits = symbol_bits(phase);
    unsigned shift = bits == 1 ? SO_BIT : 0; /* one lane: the controller samples IO1 */
    struct edges pair = {FLOATING, FLOATING};
    bool have_fall = false;

    memset(bytes, 0, count);
    for (size_t i = 0; i < count * 8 / bits; i++) {
        uint8_t level = 0;

        if (have_fall) {
            level = pair.fall;
            have_fall = false;
        } else {
            pair = tick(nor, (struct edges){FLOATING, FLOATING});
            level = pair.rise;
            have_fall = phase->dtr;
        }
        uint8_t symbol = (uint8_t)((uint32_t)level >> shift & ((1U << bits) - 1));
        uint8_t *byte = &bytes[i * bits / 8];

        *byte = (uint8_t)((uint32_t)*byte << bits | symbol); /* with 8 bits nothing is left of it */
    }
}

void nor_wire_receive(struct nor *nor, const struct sim_phase *phase, uint8_t *bytes, size_t count)
{
    struct nor_frame *frame = &nor->frame;

    note_clock(nor, phase);
    if (frame->stage == NOR_STAGE_DATA_OUT && passes_bytes(nor, phase)) {
        nor_output(nor, bytes, count);
    } else if (frame->stage == NOR_STAGE_IGNORE) {
        memset(bytes, FLOATING, count);
    } else {
        receive_edges(nor, phase, bytes, count);
    }
    if (phase->dqs && !nor_drives_dqs(nor)) {
        memset(bytes, FLOATING, count); /* no strobe, nothing sampled */
        if (!frame->strobe_missed) {
            frame->strobe_missed = true;
            sim_violation(nor->env->report, "dqs-without-strobe",
                "%s: read sampled by a strobe that the chip does not drive in this state",
                nor->base.name);
        }
    }
}
