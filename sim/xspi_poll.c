/* Automatic status polling: the same read again and again until the bits match.
 *
 * Polls whose answer is known in advance (the chip stays busy until an announced time) are counted
 * and charged, not acted out. */
#include "sim/xspi_core.h"

enum { MAX_BYTES = 4 };

/* How long to skip when nothing announces a change: the board may still be changed from outside. */
#define RECHECK_PS SIM_PS_PER_MS

static uint32_t poll_bytes(struct xspi_unit *unit)
{
    uint32_t dlr = *xspi_word(unit, XSPI_DLR);

    return dlr < MAX_BYTES ? dlr + 1 : MAX_BYTES;
}

static uint64_t poll_halves(struct xspi_unit *unit)
{
    return unit->frame.overhead_halves + (uint64_t)poll_bytes(unit) * unit->frame.byte_halves;
}

/* From the end of one poll to the end of the next. */
static uint64_t period_ps(struct xspi_unit *unit)
{
    uint32_t clocks = xspi_field(unit, XSPI_PIR, 0, 16) + xspi_high_clocks(unit);

    return xspi_frame_ps(&unit->frame, poll_halves(unit)) + xspi_clocks_ps(&unit->frame, clocks);
}

void xspi_poll_start(struct xspi_unit *unit, uint64_t start_ps)
{
    unit->op = XSPI_POLL;
    unit->poll_ftf = false;
    unit->fifo_level = 0;
    if (unit->frame.half_fs == 0) {
        unit->end_ps = SIM_NEVER;
        return;
    }
    unit->end_ps = start_ps + xspi_frame_ps(&unit->frame, poll_halves(unit));
}

static bool matches(struct xspi_unit *unit)
{
    uint32_t mask = *xspi_word(unit, XSPI_PSMKR);
    uint32_t equal = ~(unit->poll_data ^ *xspi_word(unit, XSPI_PSMAR)) & mask;

    return (*xspi_word(unit, XSPI_CR) & XSPI_CR_PMM) != 0 ? equal != 0 : equal == mask;
}

static void read_once(struct xspi_unit *unit)
{
    uint8_t bytes[MAX_BYTES] = {0};
    uint32_t count = poll_bytes(unit);

    xspi_wire_open(unit, &unit->frame, unit->address, XSPI_READING);
    xspi_wire_receive(unit, &unit->frame, bytes, count);
    xspi_wire_close(unit);
    xspi_charge(unit, &unit->frame, poll_halves(unit));
    unit->poll_data = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
                      (uint32_t)bytes[3] << 24;
    unit->poll_ftf = true;
}

/* Leaves out the polls that end before the chip can answer differently. */
static void skip_useless(struct xspi_unit *unit)
{
    struct sim_chip *chip = unit->route.chip;
    uint64_t until_ps = chip != NULL ? chip->ops->busy_until_ps(chip) : SIM_NEVER;
    uint64_t period = period_ps(unit);

    if (until_ps == SIM_NEVER) {
        until_ps = unit->end_ps + RECHECK_PS;
    }
    if (until_ps <= unit->end_ps || period == 0) {
        return;
    }
    uint64_t polls = (until_ps - unit->end_ps + period - 1) / period;
    unit->end_ps += polls * period;
    xspi_charge(unit, &unit->frame, polls * poll_halves(unit));
    sim_report_cost(unit->env->report, SIM_COST_STATUS_POLLS, polls);
}

/* True: that was the last one. APMS: BUSY drops, no TCF. */
static bool note_match(struct xspi_unit *unit)
{
    if (!matches(unit)) {
        return false;
    }
    unit->flags |= XSPI_SR_SMF;
    if ((*xspi_word(unit, XSPI_CR) & XSPI_CR_APMS) == 0) {
        return false;
    }
    unit->op = XSPI_IDLE;
    unit->free_ps = unit->end_ps + xspi_clocks_ps(&unit->frame, xspi_high_clocks(unit));
    return true;
}

void xspi_poll_sync(struct xspi_unit *unit)
{
    while (unit->op == XSPI_POLL && xspi_now_ps(unit) >= unit->end_ps) {
        read_once(unit);
        if (note_match(unit)) {
            return;
        }
        (void)xspi_frame_retime(unit, &unit->frame);
        if (unit->frame.half_fs == 0) {
            unit->end_ps = SIM_NEVER;
            return;
        }
        unit->end_ps += period_ps(unit);
        skip_useless(unit);
    }
}
