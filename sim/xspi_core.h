/* Inside of the XSPI model: shared by xspi*.c and xspim.c, and by nobody else.
 *
 * One unit is one controller. A transfer runs beside the CPU: what the wires have moved by now is
 * worked out in bulk when somebody looks (xspi_sync), and one event marks the end. */
#ifndef SIM_XSPI_CORE_H
#define SIM_XSPI_CORE_H

#include "sim/bus.h"
#include "sim/clock.h"
#include "sim/cpu.h"
#include "sim/p_regs.h"
#include "sim/periph.h"
#include "sim/report.h"
#include "sim/window.h"
#include "sim/xspi.h"

/* Registers and bits: mcu.md 6.2, embassy stm32-data xspi_v1, ST's SVD of STM32H7S v1.3. */
enum {
    XSPI_CR = 0x000,
    XSPI_DCR1 = 0x008,
    XSPI_DCR2 = 0x00C,
    XSPI_DCR3 = 0x010,
    XSPI_DCR4 = 0x014,
    XSPI_SR = 0x020,
    XSPI_FCR = 0x024,
    XSPI_DLR = 0x040,
    XSPI_AR = 0x048,
    XSPI_DR = 0x050,
    XSPI_PSMKR = 0x080,
    XSPI_PSMAR = 0x088,
    XSPI_PIR = 0x090,
    XSPI_CCR = 0x100,
    XSPI_TCR = 0x108,
    XSPI_IR = 0x110,
    XSPI_ABR = 0x120,
    XSPI_LPTR = 0x130,
    XSPI_WPCCR = 0x140,
    XSPI_WPTCR = 0x148,
    XSPI_WPIR = 0x150,
    XSPI_WPABR = 0x160,
    XSPI_WCCR = 0x180,
    XSPI_WTCR = 0x188,
    XSPI_WIR = 0x190,
    XSPI_WABR = 0x1A0,
    XSPI_HLCR = 0x200,
    XSPI_CALFCR = 0x210,
    XSPI_CALMR = 0x218,
    XSPI_CALSOR = 0x220,
    XSPI_CALSIR = 0x228,
    XSPI_WORDS = 0x230 / 4,
    XSPI_BLOCK_BYTES = 0x400,
    XSPI_FIFO_BYTES = 64
};

#define XSPI_CR_EN    SIM_BIT(0)
#define XSPI_CR_ABORT SIM_BIT(1)
#define XSPI_CR_TCEN  SIM_BIT(3)
#define XSPI_CR_DMM   SIM_BIT(6)
#define XSPI_CR_APMS  SIM_BIT(22)
#define XSPI_CR_PMM   SIM_BIT(23)
#define XSPI_CR_CSSEL SIM_BIT(24)
#define XSPI_CR_FMODE (SIM_BIT(28) | SIM_BIT(29))
#define XSPI_CR_LOCKED                                                                             \
    (XSPI_CR_TCEN | XSPI_CR_DMM | XSPI_CR_APMS | XSPI_CR_PMM | XSPI_CR_CSSEL | XSPI_CR_FMODE)
#define XSPI_SR_TEF  SIM_BIT(0)
#define XSPI_SR_TCF  SIM_BIT(1)
#define XSPI_SR_FTF  SIM_BIT(2)
#define XSPI_SR_SMF  SIM_BIT(3)
#define XSPI_SR_TOF  SIM_BIT(4)
#define XSPI_SR_BUSY SIM_BIT(5)

enum xspi_fmode { XSPI_FMODE_WRITE, XSPI_FMODE_READ, XSPI_FMODE_POLL, XSPI_FMODE_MAPPED };

/* One command as the registers describe it, with its times. Durations are counted in half clocks:
 * an 8D byte takes one, a 1S byte sixteen. */
struct xspi_frame {
    struct sim_phase instruction;
    struct sim_phase address;
    struct sim_phase alternate;
    struct sim_phase data;
    uint8_t instruction_bytes;
    uint8_t address_bytes;
    uint8_t alternate_bytes;
    uint8_t dummy_clocks;
    uint32_t instruction_value;
    uint32_t alternate_value;
    bool swaps_pairs; /* MTYP Macronix, DTR on 8 lines */
    bool holds;       /* DHQC in effect: DTR outputs meet the chip's hold time */
    bool shifts_sample;
    uint32_t overhead_halves; /* all before the data */
    uint32_t byte_halves;     /* one data byte */
    uint32_t clock_hz;        /* 0: the kernel clock stands still */
    uint64_t half_fs;         /* half a clock period in femtoseconds */
    uint32_t rcc_generation;
};

enum xspi_direction { XSPI_READING, XSPI_WRITING };

/* Where the lines of a controller lead now. */
struct xspi_route {
    struct sim_chip *chip; /* NULL: no chip is selected and clocked */
    uint16_t wired;        /* IO lines that reach it */
    bool dqs;
    bool hslv;
    uint8_t port;          /* 1 or 2 */
    uint8_t slowest_speed; /* OSPEEDR, lowest of the pins in use */
    char missing[64];      /* names of lines that lead nowhere */
};

enum xspi_op { XSPI_IDLE, XSPI_COMMAND, XSPI_READ, XSPI_WRITE, XSPI_POLL };

/* Bytes that pass the wires at a steady pace since start_ps, until the FIFO makes them wait. */
struct xspi_pace {
    uint64_t start_ps;
    uint64_t moved; /* since start_ps */
    bool waits;     /* FIFO full (read) or empty (write) */
};

/* Mapped mode: one open command whose bytes are read ahead into the FIFO. */
struct xspi_stream {
    bool open; /* chip select is low */
    bool locked_up;
    bool traced;       /* shown in the bus log: the chip is not asked for direct reads */
    uint32_t base;     /* window offset of its first byte */
    uint64_t consumed; /* bytes taken by the bus masters */
    uint64_t fetched;
    struct xspi_frame frame;
    struct xspi_pace pace;
};

struct xspi_unit {
    struct sim_xspi *owner;
    const struct sim_env *env;
    unsigned index; /* 0: XSPI1 */
    const char *name;
    uint16_t irq;
    struct sim_periph periph;
    struct sim_window window;
    uint32_t words[XSPI_WORDS];
    uint32_t flags; /* TEF, TCF, SMF, TOF */
    enum xspi_op op;
    struct xspi_frame frame;
    struct xspi_route route;
    uint32_t address;
    uint64_t left;       /* bytes that the wires still have to move */
    uint64_t burst_left; /* until chip select must rise (CSBOUND, REFRESH) */
    struct xspi_pace pace;
    uint8_t fifo[XSPI_FIFO_BYTES];
    unsigned fifo_first;
    unsigned fifo_level;
    uint64_t end_ps; /* of a command without data, or of the poll under way */
    bool poll_ftf;
    uint32_t poll_data;
    uint64_t free_ps; /* CSHT: chip select stays high until then */
    uint64_t calibrated_ps;
    struct xspi_stream stream;
    struct sim_event event;
    uint32_t generation;
    uint32_t seen_flags; /* of the last SR read, when nothing else happened since */
    bool sr_was_last;
    bool irq_level;
    uint64_t route_key;               /* for which route was worked out */
    uint64_t warned_key;              /* for which lines and speeds have been complained about */
    struct sim_read_config mapped_as; /* the mapped read that the chip was last asked about */
    uint32_t direct_generation;       /* of the cached answer */
    bool direct_known;
    const uint8_t *direct_bytes;
    uint32_t direct_size_bytes;
};

struct sim_xspi {
    const struct sim_env *env;
    struct sim_bus *bus;
    struct sim_xspi_config config;
    bool connected;
    struct xspi_unit units[2];
    struct sim_periph manager;
    uint32_t manager_cr;
    uint32_t manager_generation;
};

static inline uint32_t *xspi_word(struct xspi_unit *unit, uint32_t offset)
{
    return &unit->words[offset / 4];
}

static inline uint32_t xspi_field(
    const struct xspi_unit *unit, uint32_t offset, unsigned position, unsigned width)
{
    return sim_field(unit->words[offset / 4], position, width);
}

static inline enum xspi_fmode xspi_fmode(const struct xspi_unit *unit)
{
    return (enum xspi_fmode)xspi_field(unit, XSPI_CR, 28, 2);
}

static inline uint64_t xspi_now_ps(const struct xspi_unit *unit)
{
    return sim_clock_now_ps(unit->env->clock);
}

/* xspi_frame.c */
void xspi_frame_make(struct xspi_unit *unit, struct xspi_frame *frame);
void xspi_frame_make_mapped_write(struct xspi_unit *unit, struct xspi_frame *frame);
/* The clock changed: later bytes take another time. True: it did. */
bool xspi_frame_retime(struct xspi_unit *unit, struct xspi_frame *frame);
uint64_t xspi_frame_ps(const struct xspi_frame *frame, uint64_t halves);
uint64_t xspi_clocks_ps(const struct xspi_frame *frame, uint64_t clocks);
/* CSHT: how long chip select stays high between two commands. */
uint32_t xspi_high_clocks(const struct xspi_unit *unit);
uint64_t xspi_size_bytes(const struct xspi_unit *unit); /* DEVSIZE */
bool xspi_is_clocked(const struct xspi_unit *unit);
/* Bytes that the pace has made due and that have not been moved yet. */
uint64_t xspi_pace_due(
    const struct xspi_unit *unit, const struct xspi_frame *frame, const struct xspi_pace *pace);
uint64_t xspi_pace_time_ps(
    const struct xspi_frame *frame, const struct xspi_pace *pace, uint64_t more_bytes);
void xspi_pace_restart(struct xspi_pace *pace, uint64_t start_ps);

/* xspim.c */
void xspim_create(struct sim_xspi *xspi);
struct xspi_route xspim_route(struct xspi_unit *unit);
uint32_t xspim_route_generation(const struct sim_xspi *xspi);

/* xspi_wire.c: one transaction at the chip. */
void xspi_wire_open(struct xspi_unit *unit, const struct xspi_frame *frame, uint32_t address,
    enum xspi_direction direction);
void xspi_wire_send(
    struct xspi_unit *unit, const struct xspi_frame *frame, const uint8_t *bytes, size_t count);
void xspi_wire_receive(
    struct xspi_unit *unit, const struct xspi_frame *frame, uint8_t *bytes, size_t count);
void xspi_wire_close(struct xspi_unit *unit);
/* The command phases as they stand on the wires, for the bus log only. */
void xspi_wire_trace_command(
    struct xspi_unit *unit, const struct xspi_frame *frame, uint32_t address);
/* What a read through this frame would suffer between pad and FIFO; NULL: nothing. */
const char *xspi_wire_misread(const struct xspi_route *route, const struct xspi_frame *frame);
void xspi_charge(struct xspi_unit *unit, const struct xspi_frame *frame, uint64_t halves);

/* xspi_transfer.c */
void xspi_sync(struct xspi_unit *unit); /* catches up with the wires; sets flags, event and IRQ */
bool xspi_is_busy(const struct xspi_unit *unit);
uint32_t xspi_status(const struct xspi_unit *unit);
void xspi_start(struct xspi_unit *unit);
void xspi_stop(struct xspi_unit *unit); /* chip select rises, FIFO is emptied */
void xspi_finish(struct xspi_unit *unit, uint64_t end_ps);
void xspi_update(struct xspi_unit *unit); /* event and IRQ after a change */
void xspi_event_fire(void *context);
uint64_t xspi_next_change_ps(const struct xspi_unit *unit, bool all_flags);

/* xspi_fifo.c: the data register */
bool xspi_fifo_read(struct xspi_unit *unit, uint32_t size_bytes, uint32_t *value);
bool xspi_fifo_write(struct xspi_unit *unit, uint32_t size_bytes, uint32_t value);

/* xspi_poll.c */
void xspi_poll_start(struct xspi_unit *unit, uint64_t start_ps);
void xspi_poll_sync(struct xspi_unit *unit);

/* xspi_map.c */
void xspi_map_create(struct xspi_unit *unit, uint32_t base);
void xspi_map_sync(struct xspi_unit *unit);
void xspi_map_close(struct xspi_unit *unit);
uint64_t xspi_map_time_out_ps(const struct xspi_unit *unit); /* TCEN, LPTR; SIM_NEVER */

#endif
