#include "tests/unit/targetdriver/machine.h"
#include "tests/unit/targetdriver/xspi_model.h"

#include <string.h>

enum {
    CR = 0x000,
    DCR1 = 0x008,
    DCR2 = 0x00C,
    SR = 0x020,
    FCR = 0x024,
    DLR = 0x040,
    AR = 0x048,
    DR = 0x050,
    PSMKR = 0x080,
    PSMAR = 0x088,
    CCR = 0x100,
    TCR = 0x108,
    IR = 0x110,
    ABR = 0x120
};

struct xspi_model xspi;

static void note_mistake(const char *what)
{
    xspi.mistake = xspi.mistakes == 0 ? what : xspi.mistake;
    xspi.mistakes++;
}

static uint32_t reg(uint32_t offset)
{
    return xspi.regs[offset / 4];
}

static uint32_t mode(void)
{
    return reg(CR) >> 28 & 3U;
}

static bool has_data(void)
{
    return (reg(CCR) >> 24 & 7U) != 0;
}

static bool has_address(void)
{
    return (reg(CCR) >> 8 & 7U) != 0;
}

/* In mapped mode the first access raises BUSY; the model takes it to have happened. */
static bool is_busy(void)
{
    return xspi.running || xspi.calibrating > 0 || xspi.lingering > 0 ||
           (mode() == 3 && (reg(CR) & 1U) != 0) || (mode() == 1 && xspi.level > 0);
}

static void begin_transfer(void)
{
    struct xspi_transfer *transfer = &xspi.transfers[xspi.transfer_count % XSPI_MODEL_TRANSFERS];

    if ((reg(CR) & 1U) == 0) {
        note_mistake("started while disabled");
    }
    if ((reg(CCR) >> 27 & 1U) == 0 && (reg(TCR) >> 28 & 1U) != 0) {
        note_mistake("DHQC without DDTR: the command is lost");
    }
    if ((reg(CCR) >> 27 & 1U) != 0 && (reg(TCR) >> 30 & 1U) != 0) {
        note_mistake("SSHIFT with DDTR");
    }
    *transfer = (struct xspi_transfer){mode(), reg(CR), reg(DCR1), reg(CCR), reg(TCR), reg(IR),
        has_address() ? reg(AR) : 0, reg(ABR), has_data() ? reg(DLR) + 1 : 0};
    xspi.transfer_count++;
    xspi.running = !xspi.refuses;
    xspi.tef = xspi.refuses;
    xspi.total = transfer->bytes;
    xspi.done = 0;
    xspi.level = 0;
    xspi.out = 0;
    xspi.polls = 0;
    if (xspi.total % 2 != 0 && (reg(CCR) >> 24 & 15U) == 12) {
        note_mistake("odd number of bytes on 8 lines DTR");
    }
}

static void finish_transfer(void)
{
    xspi.running = false;
    xspi.tcf = true;
    xspi.lingering = xspi.lingers;
}

static void poll_chip(void)
{
    uint32_t value = 0;
    uint32_t same = 0;
    uint8_t byte = xspi.answer[xspi.polls >= xspi.polls_until_match ? 1 : 0];

    for (uint32_t i = 0; i < xspi.total; i++) {
        value |= (uint32_t)byte << 8 * i;
    }
    xspi.polls++;
    same = ~(value ^ reg(PSMAR)) & reg(PSMKR);
    if ((reg(CR) >> 23 & 1U) != 0 ? same != 0 : same == reg(PSMKR)) {
        xspi.smf = true;
        if ((reg(CR) >> 22 & 1U) != 0) {
            xspi.running = false;
        }
    }
}

/* What the bus does between two looks at SR. */
static void advance_bus(void)
{
    uint32_t room = XSPI_MODEL_FIFO - xspi.level;
    uint32_t moved = xspi.total - xspi.done;

    if (!xspi.running || xspi.stuck || xspi.stuck_but_abortable) {
        return;
    }
    if (mode() == 2) {
        poll_chip();
        return;
    }
    moved = moved < xspi.bytes_per_look ? moved : xspi.bytes_per_look;
    if (mode() == 1) {
        moved = moved < room ? moved : room;
        xspi.level += moved;
    } else {
        moved = moved < xspi.level ? moved : xspi.level;
        xspi.level -= moved;
    }
    xspi.done += moved;
    if (xspi.done == xspi.total) {
        finish_transfer();
    }
}

static uint32_t status(void)
{
    uint32_t threshold = (reg(CR) >> 8 & 0x3FU) + 1;
    bool ftf = mode() == 1 ? xspi.level >= threshold || (!xspi.running && xspi.level > 0)
                           : XSPI_MODEL_FIFO - xspi.level >= threshold;
    uint32_t busy = is_busy() ? 1U << 5 : 0;

    if (xspi.calibrating > 0) {
        xspi.calibrating--;
    }
    if (xspi.lingering > 0) {
        xspi.lingering--;
    }
    advance_bus();
    return (xspi.tef ? 1U : 0) | (xspi.tcf ? 2U : 0) | (ftf ? 4U : 0) | (xspi.smf ? 8U : 0) | busy |
           xspi.level << 8;
}

static uint32_t read_fifo(uint8_t bytes)
{
    uint32_t value = 0;

    if (mode() != 1 || bytes > xspi.level) {
        note_mistake("DR read with too little in the FIFO: the bus stalls");
        return 0;
    }
    for (uint8_t i = 0; i < bytes; i++) {
        value |= (uint32_t)xspi.answer[xspi.out++ % XSPI_MODEL_DATA] << 8 * i;
    }
    xspi.level -= bytes;
    return value;
}

static void write_fifo(uint8_t bytes, uint32_t value)
{
    if (mode() != 0 || !has_data()) {
        note_mistake("DR written without a write to the chip");
        return;
    }
    if (!xspi.running) {
        begin_transfer();
    }
    if (bytes > XSPI_MODEL_FIFO - xspi.level || xspi.out + bytes > xspi.total) {
        note_mistake("DR written over the end of FIFO or transfer");
        return;
    }
    for (uint8_t i = 0; i < bytes; i++) {
        xspi.written[xspi.out++ % XSPI_MODEL_DATA] = (uint8_t)(value >> 8 * i);
    }
    xspi.level += bytes;
}

static void write_control(uint32_t value)
{
    const uint32_t locked = 3U << 28 | 1U << 3 | 3U << 22 | 1U << 6 | 1U << 24;
    bool abort = (value & 2U) != 0;

    if ((value & 1U) == 0 && (reg(CR) & 1U) != 0) {
        xspi.running = false;
        xspi.level = 0;
        xspi.stuck = false;
    } else if (abort && !is_busy()) {
        note_mistake("ABORT without BUSY");
    } else if (abort && !xspi.stuck) {
        xspi.aborts++;
        xspi.level = 0;
        finish_transfer();
        value &= ~(3U << 28); /* mapped mode is over; BUSY drops */
    } else if (is_busy() && ((value ^ reg(CR)) & locked) != 0) {
        note_mistake("locked bits of CR changed while busy");
    }
    xspi.regs[CR / 4] = value & ~2U;
}

static void write_start(uint32_t offset, uint32_t value)
{
    bool fed = mode() == 0 && has_data();

    if (offset == AR && (is_busy() || mode() == 3)) {
        note_mistake("AR written while busy or mapped");
        return;
    }
    xspi.regs[offset / 4] = value;
    if (mode() != 3 && !fed && (offset == AR) == has_address()) {
        begin_transfer();
        if (xspi.total == 0 && xspi.running && !xspi.stuck && !xspi.stuck_but_abortable) {
            finish_transfer();
        }
    }
}

static bool read_model(uint32_t addr, uint8_t bytes, uint32_t *value)
{
    uint32_t offset = addr - XSPI_MODEL_ADDR;

    if (offset >= sizeof xspi.regs) {
        return false;
    }
    switch (offset) {
    case SR:
        *value = status();
        break;
    case DR:
        *value = read_fifo(bytes);
        break;
    default:
        *value = reg(offset);
        break;
    }
    return true;
}

static bool write_model(uint32_t addr, uint8_t bytes, uint32_t value)
{
    uint32_t offset = addr - XSPI_MODEL_ADDR;

    if (offset >= sizeof xspi.regs) {
        return false;
    }
    if (is_busy() && offset != CR && offset != FCR && offset != DR && offset != AR) {
        note_mistake("register written while busy");
    }
    switch (offset) {
    case CR:
        write_control(value);
        break;
    case FCR:
        xspi.tef = xspi.tef && (value & 1U) == 0;
        xspi.tcf = xspi.tcf && (value & 2U) == 0;
        xspi.smf = xspi.smf && (value & 8U) == 0;
        break;
    case DR:
        write_fifo(bytes, value);
        break;
    case AR:
    case IR:
        write_start(offset, value);
        break;
    default:
        xspi.regs[offset / 4] = value;
        xspi.calibrating = offset == DCR2 ? 3 : xspi.calibrating;
        break;
    }
    return true;
}

void xspi_model_attach(void)
{
    memset(&xspi, 0, sizeof xspi);
    xspi.bytes_per_look = 24;
    xspi.polls_until_match = UINT32_MAX;
    for (uint32_t i = 0; i < XSPI_MODEL_DATA; i++) {
        xspi.answer[i] = (uint8_t)(i * 7 + (i >> 8) * 31 + 1);
    }
    machine.read = read_model;
    machine.write = write_model;
}
