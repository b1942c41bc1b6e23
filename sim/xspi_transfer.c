/* Indirect transfers: start, progress in bulk, end. */
#include "sim/xspi_core.h"

#include <string.h>

enum {
    CSBOUND_AT = 16,
    REFRESH_READ_EXTRA = 4, /* chip select rises after REFRESH + 4 clocks of a read */
    REFRESH_WRITE_EXTRA = 1
};

bool xspi_is_busy(const struct xspi_unit *unit)
{
    return unit->op != XSPI_IDLE || unit->stream.open || unit->stream.locked_up ||
           xspi_now_ps(unit) < unit->calibrated_ps;
}

static uint32_t threshold(const struct xspi_unit *unit)
{
    return xspi_field(unit, XSPI_CR, 8, 6) + 1;
}

static bool fifo_flag(const struct xspi_unit *unit)
{
    if ((unit->words[XSPI_CR / 4] & XSPI_CR_EN) == 0) {
        return false;
    }
    switch (xspi_fmode(unit)) {
    case XSPI_FMODE_WRITE:
        return XSPI_FIFO_BYTES - unit->fifo_level >= threshold(unit);
    case XSPI_FMODE_READ:
        return unit->fifo_level >= threshold(unit) || (unit->left == 0 && unit->fifo_level > 0);
    case XSPI_FMODE_POLL:
        return unit->poll_ftf;
    case XSPI_FMODE_MAPPED:
        break;
    }
    return false;
}

uint32_t xspi_status(const struct xspi_unit *unit)
{
    uint32_t status = unit->flags;

    if (fifo_flag(unit)) {
        status |= XSPI_SR_FTF;
    }
    if (xspi_is_busy(unit)) {
        status |= XSPI_SR_BUSY;
    }
    return status | unit->fifo_level << 8;
}

/* Bytes until chip select must rise in between; only commands with an address can go on later. */
static uint64_t burst_bytes(
    const struct xspi_unit *unit, uint32_t address, enum xspi_direction direction)
{
    uint32_t bound = xspi_field(unit, XSPI_DCR3, CSBOUND_AT, 5);
    uint64_t refresh = unit->words[XSPI_DCR4 / 4];
    uint64_t burst = UINT64_MAX;

    if (unit->frame.address_bytes == 0) {
        return burst;
    }
    if (bound != 0) {
        burst = (UINT64_C(1) << bound) - address % (UINT64_C(1) << bound);
    }
    if (refresh != 0) {
        uint64_t halves =
            2 * (refresh + (direction == XSPI_READING ? REFRESH_READ_EXTRA : REFRESH_WRITE_EXTRA));
        uint64_t bytes = halves > unit->frame.overhead_halves
                             ? (halves - unit->frame.overhead_halves) / unit->frame.byte_halves
                             : 1;

        bytes = bytes > 2 ? bytes & ~UINT64_C(1) : 2;
        burst = bytes < burst ? bytes : burst;
    }
    return burst;
}

static uint64_t high_ps(const struct xspi_unit *unit)
{
    return xspi_clocks_ps(&unit->frame, xspi_high_clocks(unit));
}

static enum xspi_direction direction_of(const struct xspi_unit *unit)
{
    return unit->op == XSPI_WRITE ? XSPI_WRITING : XSPI_READING;
}

/* Chip select falls at start_ps; the first data byte begins after the overhead. */
static void open_burst(struct xspi_unit *unit, uint64_t start_ps)
{
    xspi_wire_open(unit, &unit->frame, unit->address, direction_of(unit));
    xspi_charge(unit, &unit->frame, unit->frame.overhead_halves);
    unit->burst_left = burst_bytes(unit, unit->address, direction_of(unit));
    xspi_pace_restart(
        &unit->pace, start_ps + xspi_frame_ps(&unit->frame, unit->frame.overhead_halves));
}

void xspi_finish(struct xspi_unit *unit, uint64_t end_ps)
{
    xspi_wire_close(unit);
    unit->free_ps = end_ps + high_ps(unit);
    unit->flags |= XSPI_SR_TCF;
    if (unit->op != XSPI_READ || unit->fifo_level == 0) {
        unit->op = XSPI_IDLE; /* a read stays busy until its FIFO is drained */
    }
}

static void end_of_burst(struct xspi_unit *unit, uint64_t end_ps)
{
    if (unit->left == 0) {
        xspi_finish(unit, end_ps);
    } else if (unit->burst_left == 0) {
        xspi_wire_close(unit);
        open_burst(unit, end_ps + high_ps(unit));
    }
}

/* One run of bytes between wires and FIFO ring: never across the end of the ring. */
static void move_run(struct xspi_unit *unit, unsigned at, unsigned count)
{
    if (unit->op == XSPI_READ) {
        xspi_wire_receive(unit, &unit->frame, unit->fifo + at, count);
    } else {
        xspi_wire_send(unit, &unit->frame, unit->fifo + at, count);
    }
}

static void move(struct xspi_unit *unit, unsigned count)
{
    unsigned at = unit->fifo_first;

    if (unit->op == XSPI_READ) {
        at = (unit->fifo_first + unit->fifo_level) % XSPI_FIFO_BYTES;
    }
    unsigned run = XSPI_FIFO_BYTES - at < count ? XSPI_FIFO_BYTES - at : count;
    move_run(unit, at, run);
    if (run < count) {
        move_run(unit, 0, count - run);
    }
    if (unit->op == XSPI_READ) {
        unit->fifo_level += count;
    } else {
        unit->fifo_level -= count;
        unit->fifo_first = (unit->fifo_first + count) % XSPI_FIFO_BYTES;
    }
    unit->left -= count;
    unit->burst_left -= unit->burst_left == UINT64_MAX ? 0 : count;
    unit->address += count;
    unit->pace.moved += count;
    xspi_charge(unit, &unit->frame, (uint64_t)count * unit->frame.byte_halves);
}

/* DTR on 8 lines: both edges of a clock, so bytes come and go in pairs. */
static bool moves_pairs(const struct xspi_unit *unit)
{
    return unit->frame.data.dtr && unit->frame.data.lanes == 8;
}

/* How many bytes the wires can move now; sets waits when the FIFO is what limits them. */
static unsigned movable(struct xspi_unit *unit)
{
    uint64_t room = unit->op == XSPI_READ ? XSPI_FIFO_BYTES - unit->fifo_level : unit->fifo_level;
    uint64_t count = xspi_pace_due(unit, &unit->frame, &unit->pace);

    count = unit->left < count ? unit->left : count;
    count = unit->burst_left < count ? unit->burst_left : count;
    if (count > room) {
        count = room;
        unit->pace.waits = true;
    }
    if (moves_pairs(unit) && count % 2 != 0 && count < unit->left && count < unit->burst_left) {
        count--;
    }
    return (unsigned)count;
}

static void sync_data(struct xspi_unit *unit)
{
    while (unit->left > 0 && !unit->pace.waits) {
        unsigned count = movable(unit);

        if (count == 0) {
            break;
        }
        move(unit, count);
        end_of_burst(unit, xspi_pace_time_ps(&unit->frame, &unit->pace, 0));
    }
    if (unit->op != XSPI_IDLE && xspi_frame_retime(unit, &unit->frame)) {
        xspi_pace_restart(&unit->pace, xspi_now_ps(unit));
    }
}

void xspi_sync(struct xspi_unit *unit)
{
    switch (unit->op) {
    case XSPI_IDLE:
        break;
    case XSPI_COMMAND:
        if (xspi_now_ps(unit) >= unit->end_ps) {
            xspi_finish(unit, unit->end_ps);
        }
        break;
    case XSPI_READ:
    case XSPI_WRITE:
        sync_data(unit);
        break;
    case XSPI_POLL:
        xspi_poll_sync(unit);
        break;
    }
    if (unit->stream.open) {
        xspi_map_sync(unit);
    }
}

/* When the wires will have moved `count` more bytes, if the FIFO does not stop them before. */
static uint64_t data_time_ps(const struct xspi_unit *unit, uint64_t count)
{
    uint64_t room = unit->op == XSPI_READ ? XSPI_FIFO_BYTES - unit->fifo_level : unit->fifo_level;

    if (moves_pairs(unit) && count % 2 != 0 && count < unit->left) {
        count++;
    }
    if (unit->pace.waits || count > room || count > unit->left) {
        return SIM_NEVER;
    }
    return xspi_pace_time_ps(&unit->frame, &unit->pace, count);
}

/* When the transfer under way ends, if that is certain. */
static uint64_t end_time_ps(const struct xspi_unit *unit)
{
    switch (unit->op) {
    case XSPI_IDLE:
        break;
    case XSPI_COMMAND:
    case XSPI_POLL:
        return unit->end_ps;
    case XSPI_READ:
    case XSPI_WRITE:
        return unit->left > 0 ? data_time_ps(unit, unit->left) : SIM_NEVER;
    }
    return SIM_NEVER;
}

static uint64_t fifo_flag_time_ps(const struct xspi_unit *unit)
{
    if (unit->op == XSPI_READ && unit->left > 0 && unit->fifo_level < threshold(unit)) {
        return data_time_ps(unit, threshold(unit) - unit->fifo_level);
    }
    if (unit->op == XSPI_WRITE && !fifo_flag(unit)) {
        return data_time_ps(unit, unit->fifo_level + threshold(unit) - XSPI_FIFO_BYTES);
    }
    return SIM_NEVER;
}

static uint64_t earlier(uint64_t a_ps, uint64_t b_ps)
{
    return a_ps < b_ps ? a_ps : b_ps;
}

/* When the flags change next by themselves. Without all_flags only the end of the transfer counts:
 * it is what chip and interrupts must see in time. */
uint64_t xspi_next_change_ps(const struct xspi_unit *unit, bool all_flags)
{
    uint64_t next_ps = end_time_ps(unit);

    if (!all_flags) {
        return next_ps;
    }
    next_ps = earlier(next_ps, fifo_flag_time_ps(unit));
    if (unit->stream.open) {
        next_ps = earlier(next_ps, xspi_map_time_out_ps(unit));
    }
    if (xspi_now_ps(unit) < unit->calibrated_ps) {
        next_ps = earlier(next_ps, unit->calibrated_ps);
    }
    return next_ps;
}

static uint32_t irq_sources(const struct xspi_unit *unit)
{
    return unit->words[XSPI_CR / 4] >> 16 & 0x1F; /* TEIE..TOIE in the order of the flags */
}

void xspi_update(struct xspi_unit *unit)
{
    uint32_t enabled = irq_sources(unit);
    uint64_t next_ps = xspi_next_change_ps(unit, enabled != 0);
    bool level = (xspi_status(unit) & enabled) != 0;

    if (next_ps == SIM_NEVER) {
        sim_clock_cancel(unit->env->clock, &unit->event);
    } else if (!unit->event.armed || unit->event.due_ps != next_ps) {
        sim_clock_schedule(unit->env->clock, &unit->event, next_ps);
    }
    if (level != unit->irq_level && unit->owner->config.cpu != NULL) {
        unit->irq_level = level;
        sim_cpu_set_irq(unit->owner->config.cpu, unit->irq, level);
    }
}

void xspi_event_fire(void *context)
{
    struct xspi_unit *unit = context;

    xspi_sync(unit);
    xspi_update(unit);
}

static bool fits_device(struct xspi_unit *unit, uint64_t count)
{
    uint64_t size_bytes = xspi_size_bytes(unit);

    return unit->frame.address_bytes == 0 ||
           (unit->address < size_bytes && count <= size_bytes - unit->address);
}

/* DLR is the count - 1; all ones: to the end of the device (K). */
static uint64_t data_count(struct xspi_unit *unit)
{
    uint32_t dlr = *xspi_word(unit, XSPI_DLR);

    if (unit->frame.data.lanes == 0) {
        return 0;
    }
    if (dlr != UINT32_MAX) {
        return (uint64_t)dlr + 1;
    }
    return unit->address < xspi_size_bytes(unit) ? xspi_size_bytes(unit) - unit->address : 1;
}

static void start_read(struct xspi_unit *unit, uint64_t start_ps, uint64_t count)
{
    if (unit->frame.data.dtr && unit->frame.data.lanes == 8 && count % 2 != 0) {
        /* The clock moves pairs: a byte stays in the FIFO and BUSY with it (zephyr PR 76693). */
        sim_violation(unit->env->report, "dtr-odd-length", "%s: read of %llu bytes in DTR",
            unit->name, (unsigned long long)count);
        count++;
    }
    unit->op = XSPI_READ;
    unit->left = count;
    open_burst(unit, start_ps);
}

static uint64_t command_end_ps(const struct xspi_unit *unit, uint64_t start_ps)
{
    return unit->frame.half_fs != 0
               ? start_ps + xspi_frame_ps(&unit->frame, unit->frame.overhead_halves)
               : SIM_NEVER;
}

static void start_indirect(struct xspi_unit *unit, uint64_t start_ps)
{
    uint64_t count = data_count(unit);

    if (!fits_device(unit, count)) {
        unit->flags |= XSPI_SR_TEF;
        sim_violation(unit->env->report, "xspi-beyond-devsize",
            "%s: %llu bytes at 0x%08x, DEVSIZE allows 0x%llx", unit->name,
            (unsigned long long)count, (unsigned)unit->address,
            (unsigned long long)xspi_size_bytes(unit));
        return;
    }
    unit->fifo_level = 0;
    unit->fifo_first = 0;
    if (count == 0) {
        unit->op = XSPI_COMMAND;
        xspi_wire_open(unit, &unit->frame, unit->address, XSPI_WRITING);
        xspi_charge(unit, &unit->frame, unit->frame.overhead_halves);
        unit->end_ps = command_end_ps(unit, start_ps);
    } else if (xspi_fmode(unit) == XSPI_FMODE_READ) {
        start_read(unit, start_ps, count);
    } else {
        unit->op = XSPI_WRITE;
        unit->left = count;
        open_burst(unit, start_ps);
    }
}

void xspi_start(struct xspi_unit *unit)
{
    uint64_t now_ps = xspi_now_ps(unit);
    uint64_t start_ps = unit->free_ps > now_ps ? unit->free_ps : now_ps;

    xspi_frame_make(unit, &unit->frame);
    unit->address = *xspi_word(unit, XSPI_AR);
    if (unit->frame.half_fs == 0) {
        sim_violation(unit->env->report, "xspi-without-kernel-clock",
            "%s: a command starts while its kernel clock stands still", unit->name);
    }
    if (xspi_fmode(unit) == XSPI_FMODE_POLL) {
        xspi_poll_start(unit, start_ps);
    } else {
        start_indirect(unit, start_ps);
    }
}

void xspi_stop(struct xspi_unit *unit)
{
    if (unit->op != XSPI_IDLE && !(unit->op == XSPI_READ && unit->left == 0) &&
        unit->op != XSPI_POLL) {
        xspi_wire_close(unit);
        unit->free_ps = xspi_now_ps(unit) + high_ps(unit);
    }
    unit->op = XSPI_IDLE;
    unit->left = 0;
    unit->fifo_level = 0;
    unit->fifo_first = 0;
    unit->pace.waits = false;
    unit->poll_ftf = false;
    xspi_map_close(unit);
}
