/* One command: what CCR, TCR, IR and ABR describe, and how long it takes on the wires. */
#include "sim/xspi_core.h"

enum {
    MTYP_MACRONIX = 1,
    MTYP_MACRONIX_RAM = 3,
    FS_PER_PS = 1000,
    GATE_AHB5ENR = 0x134 /* RCC_AHB5ENR: XSPI1EN 5, XSPI2EN 12 (mcu.md section 4) */
};

#define FS_PER_S UINT64_C(1000000000000000)

static const uint8_t lanes_of_mode[8] = {0, 1, 2, 4, 8, 16, 0, 0};
static const uint8_t gate_bits[2] = {5, 12};

uint64_t xspi_size_bytes(const struct xspi_unit *unit)
{
    return UINT64_C(2) << xspi_field(unit, XSPI_DCR1, 16, 5);
}

uint32_t xspi_high_clocks(const struct xspi_unit *unit)
{
    return xspi_field(unit, XSPI_DCR1, 8, 6) + 1;
}

bool xspi_is_clocked(const struct xspi_unit *unit)
{
    const struct sim_xspi *xspi = unit->owner;

    return xspi->connected &&
           sim_rcc_is_clocked(xspi->config.rcc, GATE_AHB5ENR, gate_bits[unit->index]) &&
           sim_rcc_xspi_hz(xspi->config.rcc, unit->index) != 0;
}

static void set_clock(struct xspi_unit *unit, struct xspi_frame *frame)
{
    const struct sim_xspi *xspi = unit->owner;
    uint32_t divider = xspi_field(unit, XSPI_DCR2, 0, 8) + 1;
    uint64_t kernel_hz = xspi_is_clocked(unit) ? sim_rcc_xspi_hz(xspi->config.rcc, unit->index) : 0;

    frame->rcc_generation = xspi->connected ? sim_rcc_generation(xspi->config.rcc) : 0;
    frame->clock_hz = (uint32_t)(kernel_hz / divider);
    frame->half_fs = 0;
    if (kernel_hz != 0) {
        frame->half_fs = (FS_PER_S / 2 * divider + kernel_hz / 2) / kernel_hz;
    }
    frame->instruction.clock_hz = frame->clock_hz;
    frame->address.clock_hz = frame->clock_hz;
    frame->alternate.clock_hz = frame->clock_hz;
    frame->data.clock_hz = frame->clock_hz;
}

bool xspi_frame_retime(struct xspi_unit *unit, struct xspi_frame *frame)
{
    uint64_t before_fs = frame->half_fs;

    if (!unit->owner->connected ||
        frame->rcc_generation == sim_rcc_generation(unit->owner->config.rcc)) {
        return false;
    }
    set_clock(unit, frame);
    return frame->half_fs != before_fs;
}

static struct sim_phase phase_of(uint32_t ccr, unsigned mode_at, unsigned dtr_at)
{
    return (struct sim_phase){
        .lanes = lanes_of_mode[sim_field(ccr, mode_at, 3)],
        .dtr = sim_field(ccr, dtr_at, 1) != 0,
    };
}

/* Half clocks of a phase; a DTR phase lasts whole clocks. */
static uint32_t phase_halves(const struct sim_phase *phase, uint32_t bytes)
{
    if (phase->lanes == 0) {
        return 0;
    }
    uint32_t halves = bytes * (phase->dtr ? 8 : 16) / phase->lanes;
    return (halves + 1) & ~UINT32_C(1);
}

static uint8_t field_bytes(const struct sim_phase *phase, uint32_t ccr, unsigned size_at)
{
    return phase->lanes != 0 ? (uint8_t)(sim_field(ccr, size_at, 2) + 1) : 0;
}

static void make(struct xspi_unit *unit, struct xspi_frame *frame, uint32_t ccr)
{
    uint32_t tcr = unit->words[XSPI_TCR / 4];
    uint32_t mtyp = xspi_field(unit, XSPI_DCR1, 24, 3);

    frame->instruction = phase_of(ccr, 0, 3);
    frame->address = phase_of(ccr, 8, 11);
    frame->alternate = phase_of(ccr, 16, 19);
    frame->data = phase_of(ccr, 24, 27);
    frame->data.dqs = sim_field(ccr, 29, 1) != 0;
    frame->instruction_bytes = field_bytes(&frame->instruction, ccr, 4);
    frame->address_bytes = field_bytes(&frame->address, ccr, 12);
    frame->alternate_bytes = field_bytes(&frame->alternate, ccr, 20);
    frame->swaps_pairs = frame->data.dtr && frame->data.lanes == 8 &&
                         (mtyp == MTYP_MACRONIX || mtyp == MTYP_MACRONIX_RAM);
    frame->holds = sim_field(tcr, 28, 1) != 0 && sim_field(ccr, 27, 1) != 0;
    frame->shifts_sample = sim_field(tcr, 30, 1) != 0;
    frame->overhead_halves = phase_halves(&frame->instruction, frame->instruction_bytes) +
                             phase_halves(&frame->address, frame->address_bytes) +
                             phase_halves(&frame->alternate, frame->alternate_bytes) +
                             2U * frame->dummy_clocks;
    frame->byte_halves =
        frame->data.lanes == 0 ? 0 : (frame->data.dtr ? 8U : 16U) / frame->data.lanes;
    if (frame->byte_halves == 0) {
        frame->byte_halves = 1; /* 16 lines DTR moves two bytes per edge: rounded up */
    }
    set_clock(unit, frame);
}

void xspi_frame_make(struct xspi_unit *unit, struct xspi_frame *frame)
{
    *frame = (struct xspi_frame){
        .dummy_clocks = (uint8_t)xspi_field(unit, XSPI_TCR, 0, 5),
        .instruction_value = *xspi_word(unit, XSPI_IR),
        .alternate_value = *xspi_word(unit, XSPI_ABR),
    };
    make(unit, frame, *xspi_word(unit, XSPI_CCR));
}

void xspi_frame_make_mapped_write(struct xspi_unit *unit, struct xspi_frame *frame)
{
    *frame = (struct xspi_frame){
        .dummy_clocks = (uint8_t)xspi_field(unit, XSPI_WTCR, 0, 5),
        .instruction_value = *xspi_word(unit, XSPI_WIR),
        .alternate_value = *xspi_word(unit, XSPI_WABR),
    };
    make(unit, frame, *xspi_word(unit, XSPI_WCCR));
}

uint64_t xspi_frame_ps(const struct xspi_frame *frame, uint64_t halves)
{
    return halves * frame->half_fs / FS_PER_PS;
}

uint64_t xspi_clocks_ps(const struct xspi_frame *frame, uint64_t clocks)
{
    return xspi_frame_ps(frame, 2 * clocks);
}

uint64_t xspi_pace_due(
    const struct xspi_unit *unit, const struct xspi_frame *frame, const struct xspi_pace *pace)
{
    uint64_t now_ps = xspi_now_ps(unit);

    if (frame->half_fs == 0 || now_ps <= pace->start_ps) {
        return 0;
    }
    uint64_t total = (now_ps - pace->start_ps) * FS_PER_PS / (frame->half_fs * frame->byte_halves);
    /* Rounding to picoseconds must not lose a byte whose time was announced by an event. */
    if (xspi_frame_ps(frame, (total + 1) * frame->byte_halves) <= now_ps - pace->start_ps) {
        total++;
    }
    return total - pace->moved;
}

uint64_t xspi_pace_time_ps(
    const struct xspi_frame *frame, const struct xspi_pace *pace, uint64_t more_bytes)
{
    if (frame->half_fs == 0) {
        return SIM_NEVER;
    }
    return pace->start_ps + xspi_frame_ps(frame, (pace->moved + more_bytes) * frame->byte_halves);
}

void xspi_pace_restart(struct xspi_pace *pace, uint64_t start_ps)
{
    pace->start_ps = start_ps;
    pace->moved = 0;
    pace->waits = false;
}
