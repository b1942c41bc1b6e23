/* One transaction between a controller and a chip: the phases in order, and what pads and sample
 * points do to them.
 *
 * Frequencies marked (K) are general knowledge, not taken from a document in reach; they lie on the
 * strict side. */
#include "sim/trace.h"
#include "sim/xspi_core.h"

#include <string.h>

enum {
    KHZ = 1000,
    /* (K) A pad in its reset speed is good for some MHz, one in its highest for 133 MHz at 1.8 V.
     */
    STR_UNSHIFTED_MAX_KHZ = 50000,     /* (K) sampled half a clock after the chip begins to drive */
    DTR_UNSTROBED_MAX_KHZ = 50000,     /* (K) */
    PADS_WITHOUT_HSLV_MAX_KHZ = 133000 /* (K) at 1.8 V */
};

/* (K) by OSPEEDR: low, medium, high, very high. */
static const uint32_t pad_max_khz[4] = {10000, 40000, 80000, 200000};

void xspi_charge(struct xspi_unit *unit, const struct xspi_frame *frame, uint64_t halves)
{
    sim_report_cost(unit->env->report, SIM_COST_CHIP_BUS_PS, xspi_frame_ps(frame, halves));
}

const char *xspi_wire_misread(const struct xspi_route *route, const struct xspi_frame *frame)
{
    uint32_t khz = frame->clock_hz / KHZ;

    if (!frame->data.dtr && !frame->shifts_sample && khz > STR_UNSHIFTED_MAX_KHZ) {
        return "STR without SSHIFT";
    }
    if (frame->data.dtr && !frame->data.dqs && khz > DTR_UNSTROBED_MAX_KHZ) {
        return "DTR without DQS";
    }
    if (!route->hslv && khz > PADS_WITHOUT_HSLV_MAX_KHZ) {
        return "pads without HSLV";
    }
    return NULL;
}

/* Bit per IO line that a phase uses. One lane: out on IO0, in on IO1. */
static uint16_t lanes_used(const struct sim_phase *phase)
{
    if (phase->lanes <= 1) {
        return phase->lanes == 0 ? 0 : 3;
    }
    return (uint16_t)((UINT32_C(1) << phase->lanes) - 1);
}

static uint16_t frame_lanes(const struct xspi_frame *frame)
{
    return (uint16_t)(lanes_used(&frame->instruction) | lanes_used(&frame->address) |
                      lanes_used(&frame->alternate) | lanes_used(&frame->data));
}

static void check_lines(struct xspi_unit *unit, const struct xspi_frame *frame)
{
    if (unit->route.chip == NULL || (frame_lanes(frame) & ~unit->route.wired) != 0 ||
        (frame->data.dqs && !unit->route.dqs)) {
        sim_violation(unit->env->report, "xspi-signal-not-routed",
            "%s, port %u: these lines lead nowhere:%s", unit->name, unit->route.port,
            unit->route.missing[0] != '\0' ? unit->route.missing : " not in the netlist");
    }
}

static void check_frame(
    struct xspi_unit *unit, const struct xspi_frame *frame, enum xspi_direction direction)
{
    uint32_t khz = frame->clock_hz / KHZ;

    if (khz > pad_max_khz[unit->route.slowest_speed]) {
        sim_violation(unit->env->report, "gpio-speed-low",
            "%s at %u kHz: a pin with OSPEEDR = %u is good for %u kHz", unit->name, khz,
            unit->route.slowest_speed, pad_max_khz[unit->route.slowest_speed]);
    }
    if (frame->shifts_sample && frame->data.lanes != 0 && frame->data.dtr) {
        sim_violation(
            unit->env->report, "sshift-in-dtr", "%s: SSHIFT must be 0 when DDTR is 1", unit->name);
    }
    if (direction == XSPI_READING && frame->data.lanes != 0 &&
        xspi_wire_misread(&unit->route, frame) != NULL) {
        sim_violation(unit->env->report, "sample-misread", "%s at %u kHz: %s", unit->name, khz,
            xspi_wire_misread(&unit->route, frame));
    }
}

/* Lines and pads are complained about once per change, not once per command. */
static void find_route(
    struct xspi_unit *unit, const struct xspi_frame *frame, enum xspi_direction direction)
{
    uint64_t key =
        (uint64_t)xspim_route_generation(unit->owner) << 1 | xspi_field(unit, XSPI_CR, 24, 1);
    uint64_t use = (uint64_t)frame->clock_hz << 24 | (uint64_t)frame_lanes(frame) << 8 |
                   (uint64_t)frame->data.dqs << 3 | (uint64_t)frame->data.dtr << 2 |
                   (uint64_t)frame->shifts_sample << 1 | direction;

    if (key != unit->route_key) {
        unit->route = xspim_route(unit);
        unit->route_key = key;
        unit->warned_key = UINT64_MAX;
    }
    if (use != unit->warned_key) {
        unit->warned_key = use;
        check_lines(unit, frame);
        check_frame(unit, frame, direction);
    }
}

static struct sim_chip *clocked_chip(const struct xspi_unit *unit, const struct xspi_frame *frame)
{
    return frame->clock_hz != 0 ? unit->route.chip : NULL;
}

/* Without the quarter-clock delay a DTR output changes together with the clock edge, and the chip
 * takes what follows instead (embassy #6441: commands are dropped silently). */
static void send_phase(struct xspi_unit *unit, const struct xspi_frame *frame,
    const struct sim_phase *phase, const uint8_t *bytes, size_t count)
{
    struct sim_chip *chip = clocked_chip(unit, frame);
    uint8_t late[XSPI_FIFO_BYTES];

    if (chip == NULL || count == 0) {
        return;
    }
    if (!phase->dtr || frame->holds) {
        chip->ops->send(chip, phase, bytes, count);
        return;
    }
    sim_violation(unit->env->report, "dtr-without-hold",
        "%s: a DTR output needs DHQC, which works only while DDTR is 1", unit->name);
    memcpy(late, bytes + 1, count - 1);
    late[count - 1] = bytes[count - 1];
    chip->ops->send(chip, phase, late, count);
}

static void to_wire(uint8_t *wire, uint32_t value, uint8_t bytes)
{
    for (uint8_t i = 0; i < bytes; i++) {
        wire[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
    }
}

static void send_value(struct xspi_unit *unit, const struct xspi_frame *frame,
    const struct sim_phase *phase, uint32_t value, uint8_t bytes)
{
    uint8_t wire[4];

    to_wire(wire, value, bytes);
    send_phase(unit, frame, phase, wire, bytes);
}

void xspi_wire_open(struct xspi_unit *unit, const struct xspi_frame *frame, uint32_t address,
    enum xspi_direction direction)
{
    find_route(unit, frame, direction);
    struct sim_chip *chip = clocked_chip(unit, frame);

    if (chip == NULL) {
        return;
    }
    chip->ops->select(chip, unit->route.wired);
    send_value(
        unit, frame, &frame->instruction, frame->instruction_value, frame->instruction_bytes);
    send_value(unit, frame, &frame->address, address, frame->address_bytes);
    send_value(unit, frame, &frame->alternate, frame->alternate_value, frame->alternate_bytes);
    if (frame->dummy_clocks > 0) {
        chip->ops->idle(chip, &frame->data, frame->dummy_clocks);
    }
}

static void swap_pairs(uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i + 1 < count; i += 2) {
        uint8_t first = bytes[i];

        bytes[i] = bytes[i + 1];
        bytes[i + 1] = first;
    }
}

void xspi_wire_send(
    struct xspi_unit *unit, const struct xspi_frame *frame, const uint8_t *bytes, size_t count)
{
    uint8_t wire[XSPI_FIFO_BYTES];

    memcpy(wire, bytes, count);
    if (frame->swaps_pairs) {
        swap_pairs(wire, count);
    }
    send_phase(unit, frame, &frame->data, wire, count);
}

void xspi_wire_receive(
    struct xspi_unit *unit, const struct xspi_frame *frame, uint8_t *bytes, size_t count)
{
    struct sim_chip *chip = clocked_chip(unit, frame);

    if (chip == NULL) {
        memset(bytes, 0xFF, count);
        return;
    }
    chip->ops->receive(chip, &frame->data, bytes, count);
    if (frame->data.dqs && !unit->route.dqs) {
        memset(bytes, 0xFF, count); /* no strobe arrives, nothing is sampled */
    }
    if (xspi_wire_misread(&unit->route, frame) != NULL) {
        for (size_t i = 0; i < count; i++) {
            bytes[i] ^= (uint8_t)(0x21U << i % 3);
        }
    }
    if (frame->swaps_pairs) {
        swap_pairs(bytes, count);
    }
}

void xspi_wire_close(struct xspi_unit *unit)
{
    if (unit->route.chip != NULL) {
        unit->route.chip->ops->deselect(unit->route.chip);
    }
}

void xspi_wire_trace_command(
    struct xspi_unit *unit, const struct xspi_frame *frame, uint32_t address)
{
    struct sim_trace *trace = unit->env->trace;
    uint8_t wire[4];

    sim_trace_select(trace, unit->route.chip != NULL ? unit->route.chip->name : unit->name);
    to_wire(wire, frame->instruction_value, frame->instruction_bytes);
    sim_trace_send(trace, &frame->instruction, wire, frame->instruction_bytes);
    to_wire(wire, address, frame->address_bytes);
    sim_trace_send(trace, &frame->address, wire, frame->address_bytes);
    if (frame->dummy_clocks > 0) {
        sim_trace_idle(trace, &frame->data, frame->dummy_clocks);
    }
}
