/* Memory-mapped mode: the window, its read-ahead, and the time that it all takes. */
#include "sim/trace.h"
#include "sim/xspi_core.h"

#include <string.h>

enum {
    WINDOW_BYTES = 256 << 20,
    FORWARD_BYTES = 32 /* a jump this far ahead is still served by the command under way */
};

static bool is_mapped(const struct xspi_unit *unit)
{
    return (unit->words[XSPI_CR / 4] & XSPI_CR_EN) != 0 && xspi_fmode(unit) == XSPI_FMODE_MAPPED &&
           xspi_is_clocked(unit) && !unit->stream.locked_up &&
           xspi_now_ps(unit) >= unit->calibrated_ps;
}

/* What DEVSIZE and the window allow. */
static uint32_t limit_bytes(const struct xspi_unit *unit)
{
    uint64_t size_bytes = xspi_size_bytes(unit);

    return size_bytes < WINDOW_BYTES ? (uint32_t)size_bytes : WINDOW_BYTES;
}

void xspi_map_close(struct xspi_unit *unit)
{
    struct xspi_stream *stream = &unit->stream;

    if (stream->open) {
        stream->open = false;
        if (stream->traced && unit->env->trace != NULL) {
            sim_trace_deselect(unit->env->trace, "mapped read");
        }
        stream->traced = false;
        unit->free_ps = xspi_now_ps(unit) + xspi_clocks_ps(&stream->frame, xspi_high_clocks(unit));
    }
}

/* Chip select rises LPTR clocks after the clock has stopped because the FIFO is full. */
uint64_t xspi_map_time_out_ps(const struct xspi_unit *unit)
{
    const struct xspi_stream *stream = &unit->stream;
    uint64_t left = stream->consumed + XSPI_FIFO_BYTES - stream->fetched;
    uint64_t stopped_ps = xspi_pace_time_ps(&stream->frame, &stream->pace, left);

    if ((unit->words[XSPI_CR / 4] & XSPI_CR_TCEN) == 0 || stopped_ps == SIM_NEVER) {
        return SIM_NEVER;
    }
    return stopped_ps + xspi_clocks_ps(&stream->frame, xspi_field(unit, XSPI_LPTR, 0, 16));
}

static void time_out(struct xspi_unit *unit)
{
    if (xspi_now_ps(unit) >= xspi_map_time_out_ps(unit)) {
        xspi_map_close(unit);
        unit->flags |= XSPI_SR_TOF;
    }
}

void xspi_map_sync(struct xspi_unit *unit)
{
    struct xspi_stream *stream = &unit->stream;
    uint64_t room = stream->consumed + XSPI_FIFO_BYTES - stream->fetched;
    uint64_t due = xspi_pace_due(unit, &stream->frame, &stream->pace);

    if (stream->pace.waits) {
        time_out(unit);
        return;
    }
    uint64_t count = due < room ? due : room;
    stream->fetched += count;
    stream->pace.moved += count;
    xspi_charge(unit, &stream->frame, count * stream->frame.byte_halves);
    if (count == room) {
        uint64_t full_ps = xspi_pace_time_ps(&stream->frame, &stream->pace, 0);

        xspi_pace_restart(&stream->pace, full_ps);
        stream->pace.waits = true;
        time_out(unit);
    } else if (xspi_frame_retime(unit, &stream->frame)) {
        xspi_pace_restart(&stream->pace, xspi_now_ps(unit));
    }
}

static void open_stream(struct xspi_unit *unit, uint32_t offset)
{
    struct xspi_stream *stream = &unit->stream;
    uint64_t now_ps = xspi_now_ps(unit);

    xspi_map_close(unit);
    uint64_t start_ps = unit->free_ps > now_ps ? unit->free_ps : now_ps;
    xspi_frame_make(unit, &stream->frame);
    stream->open = true;
    stream->base = offset;
    stream->consumed = 0;
    stream->fetched = 0;
    xspi_pace_restart(
        &stream->pace, start_ps + xspi_frame_ps(&stream->frame, stream->frame.overhead_halves));
    xspi_charge(unit, &stream->frame, stream->frame.overhead_halves);
}

static bool continues(const struct xspi_unit *unit, uint32_t offset)
{
    const struct xspi_stream *stream = &unit->stream;
    uint64_t next = stream->base + stream->consumed;
    uint32_t bound = xspi_field(unit, XSPI_DCR3, 16, 5);

    if (!stream->open || offset < next || offset - next > FORWARD_BYTES) {
        return false;
    }
    return bound == 0 || offset >> bound == stream->base >> bound;
}

/* Direct reads never reach the chip model, so the log gets them from here; bytes are shown in the
 * order of the array. */
static void trace_read(struct xspi_unit *unit, uint32_t offset, uint32_t size_bytes)
{
    struct xspi_stream *stream = &unit->stream;

    if (unit->env->trace == NULL || unit->direct_bytes == NULL ||
        offset >= unit->direct_size_bytes || size_bytes > unit->direct_size_bytes - offset) {
        return;
    }
    if (!stream->traced) {
        stream->traced = true;
        xspi_wire_trace_command(unit, &stream->frame, offset);
    }
    sim_trace_receive(
        unit->env->trace, &stream->frame.data, unit->direct_bytes + offset, size_bytes);
}

static void touch(void *state, uint32_t offset, uint32_t size_bytes)
{
    struct xspi_unit *unit = state;
    struct xspi_stream *stream = &unit->stream;
    uint64_t want = 0;

    if (stream->open) {
        xspi_map_sync(unit);
    }
    if (!continues(unit, offset)) {
        open_stream(unit, offset);
    }
    if (stream->pace.waits) {
        (void)xspi_frame_retime(unit, &stream->frame);
        xspi_pace_restart(&stream->pace, xspi_now_ps(unit));
    }
    want = offset + size_bytes - stream->base;
    if (want > stream->fetched) {
        uint64_t until_ps =
            xspi_pace_time_ps(&stream->frame, &stream->pace, want - stream->fetched);
        uint64_t now_ps = xspi_now_ps(unit);

        stream->consumed = want;
        if (until_ps != SIM_NEVER && until_ps > now_ps) {
            sim_clock_spend(unit->env->clock, until_ps - now_ps);
        }
        xspi_map_sync(unit);
    }
    stream->consumed = want;
    trace_read(unit, offset, size_bytes);
}

static void read_config(
    struct xspi_unit *unit, const struct xspi_frame *frame, struct sim_read_config *config)
{
    *config = (struct sim_read_config){
        .opcode = (uint16_t)frame->instruction_value,
        .opcode_bytes = frame->instruction_bytes,
        .opcode_phase = frame->instruction,
        .addr_bytes = frame->address_bytes,
        .addr_phase = frame->address,
        .alternate_bytes = frame->alternate_bytes,
        .dummy_clocks = frame->dummy_clocks,
        .data_phase = frame->data,
        .byte_swapped = frame->swaps_pairs,
        .wired_lanes = unit->route.wired,
    };
}

static bool is_truthful(const struct xspi_unit *unit, const struct xspi_frame *frame)
{
    bool any_dtr = frame->instruction.dtr || frame->address.dtr;

    return xspi_wire_misread(&unit->route, frame) == NULL && (!any_dtr || frame->holds) &&
           (!frame->data.dqs || unit->route.dqs) && !(frame->data.dtr && frame->shifts_sample);
}

static uint32_t generation(void *state)
{
    struct xspi_unit *unit = state;
    /* The end of a calibration changes the answer too, and nobody else tells. */
    uint32_t sum = 2 * unit->generation + (xspi_now_ps(unit) >= unit->calibrated_ps ? 1 : 0);

    if (unit->owner->connected) {
        sum += xspim_route_generation(unit->owner);
        for (unsigned port = 1; port <= 2; port++) {
            struct sim_chip *chip = unit->owner->config.chips[port];

            sum += chip != NULL ? chip->ops->generation(chip) : 0;
        }
    }
    return sum;
}

static const uint8_t *find_direct(struct xspi_unit *unit)
{
    struct xspi_frame frame;

    if (!is_mapped(unit)) {
        return NULL;
    }
    unit->route = xspim_route(unit);
    unit->route_key = 0;
    xspi_frame_make(unit, &frame);
    if (unit->route.chip == NULL || !is_truthful(unit, &frame)) {
        return NULL;
    }
    read_config(unit, &frame, &unit->mapped_as);
    return unit->route.chip->ops->direct(unit->route.chip, &unit->mapped_as);
}

static const uint8_t *direct(void *state, uint32_t *size_bytes)
{
    struct xspi_unit *unit = state;
    uint32_t now = generation(unit);

    if (!unit->direct_known || now != unit->direct_generation) {
        unit->direct_bytes = find_direct(unit);
        unit->direct_size_bytes = limit_bytes(unit);
        if (unit->direct_bytes != NULL && unit->route.chip->size_bytes < limit_bytes(unit)) {
            unit->direct_size_bytes = unit->route.chip->size_bytes;
        }
        unit->direct_known = true;
        unit->direct_generation = generation(unit);
    }
    *size_bytes = unit->direct_size_bytes;
    return unit->direct_bytes;
}

static bool may_access(struct xspi_unit *unit, uint32_t offset, uint32_t size_bytes)
{
    uint32_t limit = limit_bytes(unit);

    if (!is_mapped(unit)) {
        sim_violation(unit->env->report, "window-access-unmapped",
            "%s: access to its window at 0x%08x while it is not mapped", unit->name,
            (unsigned)offset);
        return false;
    }
    if (offset >= limit || size_bytes > limit - offset) {
        sim_violation(unit->env->report, "xspi-beyond-devsize",
            "%s: mapped access at 0x%08x, DEVSIZE allows 0x%08x", unit->name, (unsigned)offset,
            (unsigned)limit);
        return false;
    }
    return true;
}

/* A transaction of its own at the chip, whatever it makes of it. DTR moves aligned pairs. */
static void read_chip(struct xspi_unit *unit, uint32_t offset, uint8_t *bytes, uint32_t size_bytes)
{
    struct xspi_frame frame;
    uint8_t pairs[8];
    uint32_t skip = 0;

    xspi_frame_make(unit, &frame);
    if (frame.data.dtr) {
        skip = offset % 2;
    }
    xspi_wire_open(unit, &frame, offset - skip, XSPI_READING);
    xspi_wire_receive(unit, &frame, pairs, (size_bytes + skip + 1) & ~UINT32_C(1));
    xspi_wire_close(unit);
    memcpy(bytes, pairs + skip, size_bytes);
}

static bool read(void *state, uint32_t offset, uint32_t size_bytes, uint32_t *value)
{
    struct xspi_unit *unit = state;
    uint8_t bytes[4] = {0};
    uint32_t direct_size_bytes = 0;

    *value = 0;
    if (!may_access(unit, offset, size_bytes)) {
        return false;
    }
    const uint8_t *array = direct(unit, &direct_size_bytes);
    unit->sr_was_last = false;
    touch(unit, offset, size_bytes);
    if (array != NULL && offset < direct_size_bytes) {
        memcpy(bytes, array + offset, size_bytes);
    } else {
        read_chip(unit, offset, bytes, size_bytes);
    }
    *value = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
             (uint32_t)bytes[3] << 24;
    return true;
}

/* Meant for RAM; a NOR chip takes it for whatever the write opcode says. */
static bool write(void *state, uint32_t offset, uint32_t size_bytes, uint32_t value)
{
    struct xspi_unit *unit = state;
    struct xspi_frame frame;
    uint8_t bytes[4];

    if (!may_access(unit, offset, size_bytes)) {
        return false;
    }
    xspi_frame_make_mapped_write(unit, &frame);
    if (frame.data.lanes == 0) {
        sim_violation(unit->env->report, "mapped-write-unconfigured",
            "%s: store to the window at 0x%08x, WCCR describes no data phase", unit->name,
            (unsigned)offset);
        return false;
    }
    for (uint32_t i = 0; i < size_bytes; i++) {
        bytes[i] = (uint8_t)(value >> 8 * i);
    }
    xspi_map_close(unit);
    unit->sr_was_last = false;
    xspi_wire_open(unit, &frame, offset, XSPI_WRITING);
    xspi_wire_send(unit, &frame, bytes, size_bytes);
    xspi_wire_close(unit);
    uint64_t halves = frame.overhead_halves + (uint64_t)size_bytes * frame.byte_halves;
    xspi_charge(unit, &frame, halves);
    sim_clock_spend(unit->env->clock, xspi_frame_ps(&frame, halves));
    return true;
}

/* Past the chip's end the controller locks up: only its reset helps (silicon.md rule 10). */
static void speculate(void *state, uint32_t offset)
{
    struct xspi_unit *unit = state;
    uint32_t size_bytes = limit_bytes(unit);

    if (!is_mapped(unit)) {
        return;
    }
    if (unit->route.chip != NULL && unit->route.chip->size_bytes < size_bytes) {
        size_bytes = unit->route.chip->size_bytes;
    }
    if (offset >= size_bytes) {
        sim_violation(unit->env->report, "speculative-read-past-end",
            "%s: the core read ahead at window offset 0x%08x, the memory ends at 0x%08x",
            unit->name, (unsigned)offset, (unsigned)size_bytes);
        unit->stream.locked_up = true;
        unit->generation++;
    }
}

void xspi_map_create(struct xspi_unit *unit, uint32_t base)
{
    unit->window = (struct sim_window){
        .name = unit->name,
        .base = base,
        .size_bytes = WINDOW_BYTES,
        .state = unit,
        .generation = generation,
        .direct = direct,
        .touch = touch,
        .read = read,
        .write = write,
        .speculate = speculate,
    };
    sim_bus_add_window(unit->owner->bus, &unit->window);
}
