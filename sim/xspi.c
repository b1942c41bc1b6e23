/* XSPI1 and XSPI2: registers, their locks, and what a write to them sets off. */
#include "sim/xspi_core.h"

#include <stdlib.h>
#include <string.h>

enum {
    XSPI1_BASE = 0x52005000, /* mcu.md section 1 */
    XSPI2_BASE = 0x5200A000,
    XSPI1_WINDOW = (int)0x90000000,
    XSPI2_WINDOW = 0x70000000,
    XSPI1_IRQ = 105, /* mcu.md 4.4 */
    XSPI2_IRQ = 106,
    GATE_AHB5ENR = 0x134,
    XSPI1_GATE = 5,
    XSPI2_GATE = 12,
    CALIBRATION_KERNEL_CLOCKS = 512, /* (K) */
    MTYP_HYPERBUS = 4
};

#define CCR_BITS UINT32_C(0x2F3F3F3F)
#define TCR_BITS UINT32_C(0x5000001F)
#define CAL_BITS UINT32_C(0x001F007F)
#define CR_BITS  UINT32_C(0xF1DF3F4D) /* ABORT reads 0 */
#define FCR_BITS (XSPI_SR_TEF | XSPI_SR_TCF | XSPI_SR_SMF | XSPI_SR_TOF)
#define FREE     false
#define LOCKED   true

/* Bits that software may write. Locked: only while BUSY = 0 (SVD; AR is a silent case apart). */
static const struct {
    uint16_t offset;
    bool locked;
    uint32_t bits;
} registers[] = {
    {XSPI_DCR1, LOCKED, 0x071F3F03},
    {XSPI_DCR2, LOCKED, 0x000700FF},
    {XSPI_DCR3, LOCKED, 0x001F00FF},
    {XSPI_DCR4, LOCKED, 0xFFFFFFFF},
    {XSPI_DLR, LOCKED, 0xFFFFFFFF},
    {XSPI_PSMKR, LOCKED, 0xFFFFFFFF},
    {XSPI_PSMAR, LOCKED, 0xFFFFFFFF},
    {XSPI_PIR, LOCKED, 0x0000FFFF},
    {XSPI_CCR, LOCKED, CCR_BITS},
    {XSPI_TCR, LOCKED, TCR_BITS},
    {XSPI_IR, LOCKED, 0xFFFFFFFF},
    {XSPI_ABR, LOCKED, 0xFFFFFFFF},
    {XSPI_LPTR, LOCKED, 0x0000FFFF},
    {XSPI_WPCCR, LOCKED, CCR_BITS},
    {XSPI_WPTCR, LOCKED, TCR_BITS},
    {XSPI_WPIR, LOCKED, 0xFFFFFFFF},
    {XSPI_WPABR, LOCKED, 0xFFFFFFFF},
    {XSPI_WCCR, LOCKED, CCR_BITS},
    {XSPI_WTCR, LOCKED, 0x0000001F},
    {XSPI_WIR, LOCKED, 0xFFFFFFFF},
    {XSPI_WABR, LOCKED, 0xFFFFFFFF},
    {XSPI_HLCR, LOCKED, 0x00FFFF03},
    {XSPI_CALMR, FREE, CAL_BITS},
    {XSPI_CALSOR, FREE, CAL_BITS},
    {XSPI_CALSIR, FREE, CAL_BITS},
};

/* A driver that waits in a loop for SR to change: time may be skipped. */
static void note_status_read(struct xspi_unit *unit, uint32_t status)
{
    uint32_t flags = status & 0x3F; /* FLEVEL may grow meanwhile */

    if (unit->sr_was_last && flags == unit->seen_flags && unit->owner->config.cpu != NULL) {
        uint64_t next_ps = xspi_next_change_ps(unit, true);

        if (next_ps != SIM_NEVER && (!unit->event.armed || unit->event.due_ps > next_ps)) {
            sim_clock_schedule(unit->env->clock, &unit->event, next_ps);
        }
        sim_cpu_hint_poll(unit->owner->config.cpu);
    }
    unit->sr_was_last = true;
    unit->seen_flags = flags;
}

static bool read_register(void *state, uint32_t offset, uint32_t size_bytes, uint32_t *value)
{
    struct xspi_unit *unit = state;
    uint32_t word = offset - offset % 4;

    xspi_sync(unit);
    if (word == XSPI_SR) {
        uint32_t status = xspi_status(unit);

        *value = sim_register_extract(status, offset, size_bytes);
        if (unit->op != XSPI_IDLE) {
            xspi_update(unit);
        }
        note_status_read(unit, status);
        return true;
    }
    unit->sr_was_last = false;
    if (word == XSPI_DR) {
        bool done = xspi_fifo_read(unit, size_bytes, value);

        xspi_update(unit);
        return done;
    }
    *value = word / 4 < XSPI_WORDS ? unit->words[word / 4] : 0;
    *value = sim_register_extract(*value, offset, size_bytes);
    return true;
}

/* A new prescaler makes the delay line calibrate itself; BUSY stays up meanwhile (mcu.md 6.2). */
static void calibrate(struct xspi_unit *unit)
{
    uint64_t kernel_hz =
        xspi_is_clocked(unit) ? sim_rcc_xspi_hz(unit->owner->config.rcc, unit->index) : 0;

    if (kernel_hz != 0) {
        unit->calibrated_ps =
            xspi_now_ps(unit) + CALIBRATION_KERNEL_CLOCKS * SIM_PS_PER_S / kernel_hz;
    }
    *xspi_word(unit, XSPI_CALFCR) = 0x00040020; /* some delay; nobody can know its value */
}

static void end_transfer(struct xspi_unit *unit, bool aborted)
{
    xspi_stop(unit);
    if (aborted) {
        unit->flags |= XSPI_SR_TCF;
    }
}

static void write_cr(struct xspi_unit *unit, uint32_t value)
{
    uint32_t old = *xspi_word(unit, XSPI_CR);
    uint32_t now = value & CR_BITS;
    bool busy = xspi_is_busy(unit);
    bool ends = (value & XSPI_CR_ABORT) != 0 || (now & XSPI_CR_EN) == 0;

    if (busy) {
        now = (now & ~XSPI_CR_LOCKED) | (old & XSPI_CR_LOCKED);
        if (((value ^ old) & XSPI_CR_LOCKED) != 0 && !ends) {
            sim_violation(unit->env->report, "register-locked-while-busy",
                "%s: FMODE and its like keep their value while BUSY is 1", unit->name);
        }
    }
    *xspi_word(unit, XSPI_CR) = now;
    if (unit->op == XSPI_IDLE && !unit->stream.open) {
        if ((value & XSPI_CR_ABORT) != 0) {
            sim_violation(unit->env->report, "abort-while-idle",
                "%s: ABORT without a transfer may leave BUSY stuck", unit->name);
        }
    } else if (ends) {
        end_transfer(unit, (value & XSPI_CR_ABORT) != 0);
    }
    if (!busy && ((now ^ old) & XSPI_CR_FMODE) != 0) {
        unit->fifo_level = 0;
        unit->poll_ftf = false;
    }
    if (((now ^ old) & (XSPI_CR_EN | XSPI_CR_FMODE | XSPI_CR_CSSEL)) != 0) {
        unit->generation++;
    }
}

/* FMODE = 0 with data waits for DR; everything else starts with AR, or IR if there is no address
 * (mcu.md 6.2). HyperBus always starts with AR. */
static void start_by(struct xspi_unit *unit, uint32_t trigger)
{
    enum xspi_fmode fmode = xspi_fmode(unit);
    bool fed = fmode == XSPI_FMODE_WRITE && xspi_field(unit, XSPI_CCR, 24, 3) != 0;
    bool has_address = xspi_field(unit, XSPI_CCR, 8, 3) != 0 ||
                       xspi_field(unit, XSPI_DCR1, 24, 3) >= MTYP_HYPERBUS;

    if ((*xspi_word(unit, XSPI_CR) & XSPI_CR_EN) == 0 || fmode == XSPI_FMODE_MAPPED || fed) {
        return;
    }
    if (trigger == (has_address ? XSPI_AR : XSPI_IR)) {
        xspi_start(unit);
    }
}

/* In dual-memory mode AR[0] is 0. A write while busy or mapped is ignored without complaint: HAL
 * rewrites AR after a command that has started already. */
static void write_ar(struct xspi_unit *unit, uint32_t value)
{
    if (xspi_is_busy(unit) || xspi_fmode(unit) == XSPI_FMODE_MAPPED) {
        return;
    }
    if ((*xspi_word(unit, XSPI_CR) & XSPI_CR_DMM) != 0) {
        sim_violation(unit->env->report, "xspi-dual-memory-unmodelled",
            "%s: no two memories are wired to one controller", unit->name);
        value &= ~UINT32_C(1);
    }
    *xspi_word(unit, XSPI_AR) = value;
    start_by(unit, XSPI_AR);
}

static void write_plain(struct xspi_unit *unit, uint32_t offset, uint32_t value)
{
    uint32_t old = unit->words[offset / 4];

    for (size_t i = 0; i < sizeof registers / sizeof registers[0]; i++) {
        if (registers[i].offset != offset) {
            continue;
        }
        if (registers[i].locked && xspi_is_busy(unit)) {
            sim_violation(unit->env->report, "register-write-while-busy",
                "%s: write to +0x%03x is lost while BUSY is 1", unit->name, (unsigned)offset);
            return;
        }
        unit->words[offset / 4] = value & registers[i].bits;
        unit->generation += old != unit->words[offset / 4];
    }
    if (offset == XSPI_DCR2 && ((old ^ unit->words[offset / 4]) & 0xFF) != 0) {
        calibrate(unit);
    }
    if (offset == XSPI_IR) {
        start_by(unit, XSPI_IR);
    }
}

static void write_word(struct xspi_unit *unit, uint32_t offset, uint32_t value)
{
    switch (offset) {
    case XSPI_CR:
        write_cr(unit, value);
        break;
    case XSPI_FCR:
        unit->flags &= ~(value & FCR_BITS);
        break;
    case XSPI_AR:
        write_ar(unit, value);
        break;
    default:
        write_plain(unit, offset, value);
        break;
    }
}

static bool write_register(void *state, uint32_t offset, uint32_t size_bytes, uint32_t value)
{
    struct xspi_unit *unit = state;
    uint32_t word = offset - offset % 4;
    bool done = true;

    unit->sr_was_last = false;
    xspi_sync(unit);
    if (word == XSPI_DR) {
        done = xspi_fifo_write(unit, size_bytes, value);
    } else if (word / 4 < XSPI_WORDS) {
        uint32_t old = word == XSPI_FCR ? 0 : unit->words[word / 4];

        write_word(unit, word, sim_register_merge(old, offset, size_bytes, value));
    }
    xspi_update(unit);
    return done;
}

static void reset_unit(void *state, enum sim_reset_kind kind)
{
    struct xspi_unit *unit = state;

    (void)kind;
    xspi_stop(unit);
    memset(unit->words, 0, sizeof unit->words);
    unit->flags = 0;
    unit->stream.locked_up = false;
    unit->calibrated_ps = 0;
    unit->free_ps = 0;
    unit->sr_was_last = false;
    unit->poll_data = 0;
    unit->generation++;
    xspi_update(unit);
}

static void create_unit(struct sim_xspi *xspi, unsigned index)
{
    struct xspi_unit *unit = &xspi->units[index];

    unit->owner = xspi;
    unit->env = xspi->env;
    unit->index = index;
    unit->name = index == 0 ? "XSPI1" : "XSPI2";
    unit->irq = index == 0 ? XSPI1_IRQ : XSPI2_IRQ;
    unit->route_key = UINT64_MAX;
    unit->warned_key = UINT64_MAX;
    unit->event.fire = xspi_event_fire;
    unit->event.context = unit;
    unit->periph = (struct sim_periph){
        .name = unit->name,
        .base = index == 0 ? XSPI1_BASE : XSPI2_BASE,
        .size_bytes = XSPI_BLOCK_BYTES,
        .state = unit,
        .read = read_register,
        .write = write_register,
        .reset = reset_unit,
        .gate_offset = GATE_AHB5ENR,
        .gate_bit = index == 0 ? XSPI1_GATE : XSPI2_GATE,
    };
    sim_bus_add_periph(xspi->bus, &unit->periph);
    xspi_map_create(unit, index == 0 ? (uint32_t)XSPI1_WINDOW : XSPI2_WINDOW);
}

struct sim_xspi *sim_xspi_create(const struct sim_env *env, struct sim_bus *bus)
{
    struct sim_xspi *xspi = calloc(1, sizeof *xspi);

    if (xspi == NULL) {
        abort(); /* as the other models: a board without memory cannot be created */
    }
    xspi->env = env;
    xspi->bus = bus;
    create_unit(xspi, 0);
    create_unit(xspi, 1);
    xspim_create(xspi);
    return xspi;
}

void sim_xspi_connect(struct sim_xspi *xspi, const struct sim_xspi_config *config)
{
    xspi->config = *config;
    xspi->connected = true;
}

void sim_xspi_free(struct sim_xspi *xspi)
{
    if (xspi != NULL) {
        sim_clock_cancel(xspi->env->clock, &xspi->units[0].event);
        sim_clock_cancel(xspi->env->clock, &xspi->units[1].event);
        free(xspi);
    }
}

bool sim_xspi_is_mapped(const struct sim_xspi *xspi, unsigned index)
{
    const struct xspi_unit *unit = &xspi->units[index];

    return (unit->words[XSPI_CR / 4] & XSPI_CR_EN) != 0 && xspi_fmode(unit) == XSPI_FMODE_MAPPED;
}
