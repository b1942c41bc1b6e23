/* The data register: pushes and pops of 1, 2 or 4 bytes that stall until the FIFO allows them. */
#include "sim/xspi_core.h"

/* Time passes until the wires have moved `count` more bytes. False: that will never be. */
static bool stall(struct xspi_unit *unit, uint64_t count)
{
    uint64_t until_ps = xspi_pace_time_ps(&unit->frame, &unit->pace, count);
    uint64_t now_ps = xspi_now_ps(unit);
    uint64_t left = unit->left;

    if (until_ps != SIM_NEVER && !unit->pace.waits) {
        if (until_ps > now_ps) {
            sim_clock_spend(unit->env->clock, until_ps - now_ps);
        }
        xspi_sync(unit);
        if (unit->left != left) {
            return true;
        }
    }
    sim_violation(unit->env->report, "fifo-wedge",
        "%s: an access to DR that can never be completed", unit->name);
    return false;
}

static uint32_t pop(struct xspi_unit *unit, uint32_t size_bytes)
{
    uint32_t value = 0;

    for (uint32_t i = 0; i < size_bytes && unit->fifo_level > 0; i++) {
        value |= (uint32_t)unit->fifo[unit->fifo_first] << 8 * i;
        unit->fifo_first = (unit->fifo_first + 1) % XSPI_FIFO_BYTES;
        unit->fifo_level--;
    }
    if (unit->pace.waits) {
        xspi_pace_restart(&unit->pace, xspi_now_ps(unit));
    }
    if (unit->left == 0 && unit->fifo_level == 0) {
        unit->op = XSPI_IDLE;
    }
    return value;
}

/* Enough for one access, also when the last bytes come in pairs. */
static uint64_t bytes_to_wait(const struct xspi_unit *unit, uint32_t size_bytes)
{
    uint64_t missing = size_bytes - unit->fifo_level;

    if (unit->frame.data.dtr && unit->frame.data.lanes == 8) {
        missing = (missing + 1) & ~UINT64_C(1);
    }
    missing = missing < unit->left ? missing : unit->left;
    /* Chip select rises in between: first to the end of this burst. */
    return missing < unit->burst_left ? missing : unit->burst_left;
}

bool xspi_fifo_read(struct xspi_unit *unit, uint32_t size_bytes, uint32_t *value)
{
    *value = 0;
    if (xspi_fmode(unit) == XSPI_FMODE_POLL) {
        *value = unit->poll_data;
        unit->poll_ftf = false;
        return true;
    }
    if (unit->op != XSPI_READ) {
        return true;
    }
    while (unit->fifo_level < size_bytes && unit->left > 0) {
        if (!stall(unit, bytes_to_wait(unit, size_bytes))) {
            return false;
        }
    }
    *value = pop(unit, size_bytes);
    return true;
}

static bool takes_data(struct xspi_unit *unit)
{
    bool enabled = (*xspi_word(unit, XSPI_CR) & XSPI_CR_EN) != 0;
    bool has_data = xspi_field(unit, XSPI_CCR, 24, 3) != 0;

    if (enabled && has_data && xspi_fmode(unit) == XSPI_FMODE_WRITE &&
        (unit->op == XSPI_WRITE || !xspi_is_busy(unit))) {
        return true;
    }
    sim_violation(unit->env->report, "dr-write-ignored",
        "%s: DR written while no indirect write can start or goes on", unit->name);
    return false;
}

/* Room for the bytes. False: it will never be. */
static bool wait_for_room(struct xspi_unit *unit, uint32_t size_bytes)
{
    while (unit->op == XSPI_WRITE && unit->fifo_level + size_bytes > XSPI_FIFO_BYTES) {
        uint64_t excess = unit->fifo_level + size_bytes - XSPI_FIFO_BYTES;

        if (unit->frame.data.dtr && unit->frame.data.lanes == 8) {
            excess = (excess + 1) & ~UINT64_C(1);
        }
        excess = excess < unit->burst_left ? excess : unit->burst_left;
        if (!stall(unit, excess)) {
            return false;
        }
    }
    return true;
}

static void push(struct xspi_unit *unit, uint32_t size_bytes, uint32_t value)
{
    uint64_t open = unit->left - unit->fifo_level;

    if (size_bytes > open) {
        sim_violation(unit->env->report, "dr-write-beyond-length",
            "%s: more bytes written to DR than DLR announced", unit->name);
        size_bytes = (uint32_t)open;
    }
    for (uint32_t i = 0; i < size_bytes; i++) {
        unit->fifo[(unit->fifo_first + unit->fifo_level) % XSPI_FIFO_BYTES] =
            (uint8_t)(value >> 8 * i);
        unit->fifo_level++;
    }
    if (unit->pace.waits) {
        xspi_pace_restart(&unit->pace, xspi_now_ps(unit));
    }
}

bool xspi_fifo_write(struct xspi_unit *unit, uint32_t size_bytes, uint32_t value)
{
    if (!takes_data(unit)) {
        return true;
    }
    if (unit->op == XSPI_IDLE) {
        xspi_start(unit);
        if (unit->op != XSPI_WRITE) {
            return true; /* TEF */
        }
    } else if (!wait_for_room(unit, size_bytes)) {
        return false;
    }
    push(unit, size_bytes, value);
    return true;
}
