#include "target/driver/ctrl_xspi.h"

#include "target/driver/cpu.h"
#include "target/driver/fifo.h"
#include "target/driver/reg.h"
#include "target/driver/xspi_regs.h"

#include <stddef.h>

/* FTF stands for BURST_BYTES free when writing. FTHRES holds the count minus one and is never set
 * above 31, because the sources disagree about its width (mcu.md 6.2). */
enum { BURST_BYTES = 32, WORD_BYTES = 4, DOUBLED_MAX_BYTES = 32 };

enum fmode { FMODE_WRITE = 0, FMODE_READ = 1, FMODE_POLL = 2, FMODE_MAPPED = 3 };

enum { MTYP_MACRONIX = 1 };

enum { INTERVAL_MAX_US = 4000, HZ_PER_KHZ = 1000, US_PER_MS = 1000 };

static uint32_t read_reg(const struct ctrl *ctrl, enum xspi_offset offset)
{
    return reg_read32(ctrl->setup->regs_addr + offset);
}

static void write_reg(const struct ctrl *ctrl, enum xspi_offset offset, uint32_t value)
{
    reg_write32(ctrl->setup->regs_addr + offset, value);
}

static uint32_t control_bits(const struct ctrl *ctrl)
{
    uint8_t flags = ctrl->setup->flags;

    return (BURST_BYTES - 1U) << XSPI_CR_FTHRES_POS |
           ((flags & ABI_CTRL_DUAL_MEMORY) != 0 ? XSPI_CR_DMM : 0) |
           ((flags & ABI_CTRL_CS_2) != 0 ? XSPI_CR_CSSEL : 0);
}

static void set_mode(const struct ctrl *ctrl, enum fmode mode, uint32_t more)
{
    write_reg(ctrl, XSPI_CR,
        control_bits(ctrl) | XSPI_CR_EN | (uint32_t)mode << XSPI_CR_FMODE_POS | more);
}

static void clear_flags(const struct ctrl *ctrl)
{
    write_reg(ctrl, XSPI_FCR, XSPI_FCR_CTEF | XSPI_FCR_CTCF | XSPI_FCR_CSMF | XSPI_FCR_CTOF);
}

/* Until (SR & mask) == value, at most as long as a transfer of so many bytes may take. A transfer
 * error ends the wait too. The clock is looked at only if the first reading does not do. */
static enum abi_stub_status wait_status(
    struct ctrl *ctrl, uint32_t mask, uint32_t value, uint32_t wire_bytes)
{
    uint32_t status_addr = ctrl->setup->regs_addr + XSPI_SR;
    uint32_t status = reg_read32(status_addr);
    uint64_t end_us = 0;
    bool late = false;

    while ((status & mask) != value && (status & XSPI_SR_TEF) == 0 && !late) {
        if (end_us == 0) {
            end_us = clock_look(ctrl->clock) + ctrl_timeout_us(ctrl->setup, wire_bytes);
        }
        late = clock_look(ctrl->clock) >= end_us;
        status = reg_read32(status_addr);
    }
    ctrl->detail->value[0] = status;
    if ((status & mask) == value) {
        return ABI_STATUS_OK;
    }
    return (status & XSPI_SR_TEF) != 0 ? ABI_STATUS_CTRL_ERROR : ABI_STATUS_CTRL_TIMEOUT;
}

/* The whole path of mcu.md 6.2: ABORT only while BUSY (otherwise BUSY may stick, and TCF may never
 * come), wait for TCF, clear it, wait for BUSY to drop, leave the mode. If that fails, the
 * controller is switched off, which ends any transfer. */
static enum abi_stub_status stop(struct ctrl *ctrl)
{
    uint32_t saved = ctrl->detail->value[0];
    enum abi_stub_status status = ABI_STATUS_OK;
    uint32_t control = read_reg(ctrl, XSPI_CR);

    cpu_sync_data(); /* no access of the mapped window may be under way */
    clear_flags(ctrl);
    if ((control & XSPI_CR_EN) != 0 && (read_reg(ctrl, XSPI_SR) & XSPI_SR_BUSY) != 0) {
        write_reg(ctrl, XSPI_CR, control | XSPI_CR_ABORT);
        (void)wait_status(ctrl, XSPI_SR_TCF, XSPI_SR_TCF, 0);
        clear_flags(ctrl);
        status = wait_status(ctrl, XSPI_SR_BUSY, 0, 0);
    }
    write_reg(ctrl, XSPI_CR, control & ~(XSPI_CR_FMODE_MASK | XSPI_CR_ABORT));
    if (status != ABI_STATUS_OK) {
        write_reg(ctrl, XSPI_CR, 0);
        status = wait_status(ctrl, XSPI_SR_BUSY, 0, 0);
        set_mode(ctrl, FMODE_WRITE, 0);
    }
    ctrl->detail->value[0] = saved;
    return status;
}

static void write_device(const struct ctrl *ctrl, bool swapped)
{
    const struct abi_ctrl_setup *setup = ctrl->setup;
    uint32_t mtyp = swapped ? MTYP_MACRONIX : setup->mtyp;
    uint32_t cs_high = setup->cs_high_cycles == 0 ? 0 : setup->cs_high_cycles - 1U;

    write_reg(ctrl, XSPI_DCR1,
        mtyp << XSPI_DCR1_MTYP_POS | (setup->size_log2 - 1U) << XSPI_DCR1_DEVSIZE_POS |
            cs_high << XSPI_DCR1_CSHT_POS |
            ((setup->flags & ABI_CTRL_CLOCK_MODE_3) != 0 ? XSPI_DCR1_CKMODE : 0));
}

static enum abi_stub_status set_up(struct ctrl *ctrl)
{
    const struct abi_ctrl_setup *setup = ctrl->setup;
    enum abi_stub_status status = stop(ctrl);

    if (status != ABI_STATUS_OK) {
        return status;
    }
    write_reg(ctrl, XSPI_CR, 0);
    write_reg(ctrl, XSPI_CR, control_bits(ctrl)); /* DMM, CSSEL: not while enabled */
    write_device(ctrl, false);
    write_reg(ctrl, XSPI_DCR2,
        (setup->prescaler == 0 ? 0U : setup->prescaler - 1U) << XSPI_DCR2_PRESCALER_POS);
    /* The prescaler starts a calibration, now or at the next transfer. */
    status = wait_status(ctrl, XSPI_SR_BUSY, 0, 0);
    if (status != ABI_STATUS_OK) {
        return status;
    }
    write_reg(ctrl, XSPI_DCR3, (uint32_t)setup->cs_boundary_log2 << XSPI_DCR3_CSBOUND_POS);
    /* CS rises n + 4 clocks into a read (DCR4.REFRESH; n + 1 for writes): the longer one counts. */
    write_reg(ctrl, XSPI_DCR4, setup->refresh_cycles > 4 ? setup->refresh_cycles - 4 : 0);
    write_reg(ctrl, XSPI_LPTR, setup->timeout_cycles);
    set_mode(ctrl, FMODE_WRITE, 0);
    clear_flags(ctrl);
    return ABI_STATUS_OK;
}

/* Code of a number of lines: 1, 2, 4, 8, 16 are 1 to 5. */
static uint32_t lines_code(uint8_t bus)
{
    return 32U - (uint32_t)__builtin_clz(bus & ABI_BUS_LINES_MASK);
}

static bool is_dtr(uint8_t bus)
{
    return (bus & ABI_BUS_DTR) != 0;
}

/* DHQC has effect only where DDTR is set, and a DTR command without data is lost unless it has
 * both (mcu.md 6.2), hence DDTR without a data phase. */
static bool data_dtr(const struct abi_bus_op *op)
{
    if (op->data_bus != 0) {
        return is_dtr(op->data_bus);
    }
    return (op->opcode_bytes != 0 && is_dtr(op->opcode_bus)) ||
           (op->addr_bytes != 0 && is_dtr(op->addr_bus));
}

static uint32_t ccr_of(const struct abi_bus_op *op)
{
    uint32_t ccr = 0;

    if (op->opcode_bytes != 0) {
        ccr |= lines_code(op->opcode_bus) << XSPI_CCR_IMODE_POS |
               (op->opcode_bytes - 1U) << XSPI_CCR_ISIZE_POS |
               (is_dtr(op->opcode_bus) ? XSPI_CCR_IDTR : 0);
    }
    if (op->addr_bytes != 0) {
        ccr |= lines_code(op->addr_bus) << XSPI_CCR_ADMODE_POS |
               (op->addr_bytes - 1U) << XSPI_CCR_ADSIZE_POS |
               (is_dtr(op->addr_bus) ? XSPI_CCR_ADDTR : 0);
    }
    if (op->alternate_bytes != 0) {
        ccr |= lines_code(op->alternate_bus) << XSPI_CCR_ABMODE_POS |
               (op->alternate_bytes - 1U) << XSPI_CCR_ABSIZE_POS |
               (is_dtr(op->alternate_bus) ? XSPI_CCR_ABDTR : 0);
    }
    if (op->data_bus != 0) {
        ccr |= lines_code(op->data_bus) << XSPI_CCR_DMODE_POS;
    }
    return ccr | (data_dtr(op) ? XSPI_CCR_DDTR : 0) |
           ((op->flags & ABI_OP_DQS) != 0 ? XSPI_CCR_DQSE : 0);
}

static bool is_read(const struct abi_bus_op *op)
{
    return op->data_bus != 0 && (op->flags & ABI_OP_WRITE) == 0;
}

static bool has_dtr(const struct abi_bus_op *op)
{
    return data_dtr(op) || is_dtr(op->opcode_bus) || is_dtr(op->addr_bus);
}

static uint32_t tcr_of(const struct ctrl *ctrl, const struct abi_bus_op *op)
{
    bool shift = (ctrl->setup->flags & ABI_CTRL_SAMPLE_SHIFT) != 0 && is_read(op) && !has_dtr(op);

    return (uint32_t)op->dummy_cycles << XSPI_TCR_DCYC_POS | (data_dtr(op) ? XSPI_TCR_DHQC : 0) |
           (shift ? XSPI_TCR_SSHIFT : 0);
}

/* Everything but the registers that start the transfer. */
static void write_frame(const struct ctrl *ctrl, const struct abi_bus_op *op, uint32_t wire_bytes)
{
    write_device(ctrl, (ctrl->setup->flags & ABI_CTRL_SWAP_DTR) != 0 && data_dtr(op));
    if (wire_bytes != 0) {
        write_reg(ctrl, XSPI_DLR, wire_bytes - 1);
    }
    write_reg(ctrl, XSPI_CCR, ccr_of(op));
    write_reg(ctrl, XSPI_TCR, tcr_of(ctrl, op));
    if (op->alternate_bytes != 0) {
        write_reg(ctrl, XSPI_ABR, op->alternate);
    }
}

/* IR starts a command without address, AR one with; a write to the chip starts with its data. */
static void write_start(const struct ctrl *ctrl, const struct abi_bus_op *op)
{
    write_reg(ctrl, XSPI_IR, op->opcode);
    if (op->addr_bytes != 0) {
        write_reg(ctrl, XSPI_AR, op->addr);
    }
}

static enum abi_stub_status begin(
    struct ctrl *ctrl, const struct abi_bus_op *op, uint32_t wire_bytes)
{
    enum abi_stub_status status = wait_status(ctrl, XSPI_SR_BUSY, 0, 0);

    if (status == ABI_STATUS_OK) {
        clear_flags(ctrl);
        set_mode(ctrl, is_read(op) ? FMODE_READ : FMODE_WRITE, 0);
        write_frame(ctrl, op, wire_bytes);
        write_start(ctrl, op);
    }
    return status;
}

/* The FIFO is emptied by words, and only what is left at the end by bytes. FTF: a burst is there,
 * or the rest of the transfer. */
static enum abi_stub_status load(struct ctrl *ctrl, uint8_t *in, uint32_t bytes)
{
    while (bytes > 0) {
        enum abi_stub_status status = wait_status(ctrl, XSPI_SR_FTF, XSPI_SR_FTF, bytes);
        uint32_t level = (ctrl->detail->value[0] & XSPI_SR_FLEVEL_MASK) >> XSPI_SR_FLEVEL_POS;
        uint32_t word_bytes = (level < bytes ? level : bytes) & ~(WORD_BYTES - 1U);

        if (status != ABI_STATUS_OK) {
            return status;
        }
        fifo_load(ctrl->setup->regs_addr + XSPI_DR, in, word_bytes);
        in += word_bytes;
        bytes -= word_bytes;
        level -= word_bytes;
        for (; level > 0 && bytes > 0 && bytes < WORD_BYTES; level--) {
            *in++ = reg_read8(ctrl->setup->regs_addr + XSPI_DR);
            bytes--;
        }
    }
    return ABI_STATUS_OK;
}

static enum abi_stub_status store(struct ctrl *ctrl, const uint8_t *out, uint32_t bytes)
{
    while (bytes > 0) {
        uint32_t burst = bytes < BURST_BYTES ? bytes : BURST_BYTES;
        uint32_t word_bytes = burst & ~(WORD_BYTES - 1U);
        enum abi_stub_status status = wait_status(ctrl, XSPI_SR_FTF, XSPI_SR_FTF, bytes);

        if (status != ABI_STATUS_OK) {
            return status;
        }
        fifo_store(ctrl->setup->regs_addr + XSPI_DR, out, word_bytes);
        for (uint32_t i = word_bytes; i < burst; i++) {
            reg_write8(ctrl->setup->regs_addr + XSPI_DR, out[i]);
        }
        out += burst;
        bytes -= burst;
    }
    return ABI_STATUS_OK;
}

/* A register access in 8D: each byte stands twice on the wire. */
static enum abi_stub_status move_doubled(struct ctrl *ctrl, const struct abi_bus_op *op,
    uint32_t wire_bytes, const uint8_t *out, uint8_t *in)
{
    uint8_t pairs[DOUBLED_MAX_BYTES];
    enum abi_stub_status status = ABI_STATUS_OK;

    if (!is_read(op)) {
        for (uint32_t i = 0; i < wire_bytes; i++) {
            pairs[i] = out[i / 2];
        }
        return store(ctrl, pairs, wire_bytes);
    }
    status = load(ctrl, pairs, wire_bytes);
    for (size_t i = 0; status == ABI_STATUS_OK && i < wire_bytes / 2; i++) {
        in[i] = pairs[2 * i];
    }
    return status;
}

static enum abi_stub_status move(struct ctrl *ctrl, const struct abi_bus_op *op,
    uint32_t wire_bytes, const uint8_t *out, uint8_t *in)
{
    if (wire_bytes == 0) {
        return ABI_STATUS_OK;
    }
    if ((op->flags & ABI_OP_DOUBLED) != 0) {
        return move_doubled(ctrl, op, wire_bytes, out, in);
    }
    return is_read(op) ? load(ctrl, in, wire_bytes) : store(ctrl, out, wire_bytes);
}

static enum abi_stub_status exec(
    struct ctrl *ctrl, const struct abi_bus_op *op, const uint8_t *out, uint8_t *in)
{
    uint32_t wire_bytes = ctrl_wire_bytes(op);
    enum abi_stub_status status = ABI_STATUS_OK;

    if (wire_bytes == UINT32_MAX) {
        return ABI_STATUS_BAD_COMMAND;
    }
    status = begin(ctrl, op, wire_bytes);
    if (status == ABI_STATUS_OK) {
        status = move(ctrl, op, wire_bytes, out, in);
    }
    /* BUSY drops only when the FIFO is empty too, so TCF alone does not end a read. */
    if (status == ABI_STATUS_OK) {
        status = wait_status(ctrl, XSPI_SR_TCF | XSPI_SR_BUSY, XSPI_SR_TCF, wire_bytes);
    }
    if (status != ABI_STATUS_OK) {
        (void)stop(ctrl);
    }
    clear_flags(ctrl);
    return status;
}

/* Until the controller has an answer, or the alarm rings: every millisecond, for the watchdog and
 * for a request to abort. */
static uint32_t wait_event(const struct ctrl *ctrl, uint64_t end_us)
{
    uint64_t now_us = ctrl->clock->now_us;
    uint64_t left_us = end_us > now_us ? end_us - now_us : 0;
    uint32_t status_addr = ctrl->setup->regs_addr + XSPI_SR;

    clock_set_alarm(
        ctrl->clock, left_us < CLOCK_ALARM_MAX_US ? (uint32_t)left_us : CLOCK_ALARM_MAX_US);
    while ((reg_read32(status_addr) & (XSPI_SR_SMF | XSPI_SR_TEF)) == 0 && !clock_alarm_rings()) {
    }
    clock_end_alarm(ctrl->clock);
    return reg_read32(status_addr);
}

static enum abi_stub_status wait_match(struct ctrl *ctrl, const struct ctrl_poll *poll)
{
    uint64_t end_us = clock_look(ctrl->clock) + poll->timeout_us;

    for (;;) {
        bool late = clock_look(ctrl->clock) >= end_us;
        uint32_t status = wait_event(ctrl, end_us);

        ctrl->detail->value[0] = status;
        if ((status & XSPI_SR_SMF) != 0) {
            return ABI_STATUS_OK;
        }
        if ((status & XSPI_SR_TEF) != 0) {
            return ABI_STATUS_CTRL_ERROR;
        }
        if (late) {
            return ABI_STATUS_POLL_TIMEOUT;
        }
        if (clock_pace(ctrl->clock) != ABI_STATUS_OK) {
            return ABI_STATUS_ABORTED;
        }
    }
}

static uint32_t interval_clocks(const struct ctrl *ctrl, uint32_t interval_us)
{
    uint32_t limited_us = interval_us < INTERVAL_MAX_US ? interval_us : INTERVAL_MAX_US;
    uint32_t clocks = limited_us * (ctrl->setup->bus_hz / HZ_PER_KHZ) / US_PER_MS;

    return clocks > UINT16_MAX ? UINT16_MAX : clocks;
}

static enum abi_stub_status poll_chip(
    struct ctrl *ctrl, const struct abi_bus_op *op, const struct ctrl_poll *poll)
{
    uint32_t wire_bytes = ctrl_wire_bytes(op);
    uint32_t spread = wire_bytes == 2 ? 0x0101U : 0x01U; /* the byte comes twice */
    enum abi_stub_status status = ABI_STATUS_OK;

    if (!is_read(op) || wire_bytes == 0 || wire_bytes > 2) {
        return ABI_STATUS_BAD_COMMAND;
    }
    status = wait_status(ctrl, XSPI_SR_BUSY, 0, 0);
    if (status == ABI_STATUS_OK) {
        clear_flags(ctrl);
        write_reg(ctrl, XSPI_PSMAR, poll->match * spread);
        write_reg(ctrl, XSPI_PSMKR, poll->mask * spread);
        write_reg(ctrl, XSPI_PIR, interval_clocks(ctrl, poll->interval_us));
        set_mode(ctrl, FMODE_POLL, XSPI_CR_APMS | (poll->any ? XSPI_CR_PMM : 0));
        write_frame(ctrl, op, wire_bytes);
        write_start(ctrl, op);
        status = wait_match(ctrl, poll);
    }
    if (status == ABI_STATUS_OK) {
        status = wait_status(ctrl, XSPI_SR_BUSY, 0, 0);
    }
    if (status != ABI_STATUS_OK) {
        (void)stop(ctrl);
    }
    clear_flags(ctrl);
    return status;
}

static enum abi_stub_status map(
    struct ctrl *ctrl, const struct abi_bus_op *read, const struct abi_bus_op *write)
{
    enum abi_stub_status status = stop(ctrl);
    bool timeout = (ctrl->setup->flags & ABI_CTRL_TIMEOUT) != 0;

    if (status != ABI_STATUS_OK || !is_read(read)) {
        return status != ABI_STATUS_OK ? status : ABI_STATUS_BAD_COMMAND;
    }
    set_mode(ctrl, FMODE_WRITE, 0); /* with data lines set, IR starts nothing in this mode */
    write_frame(ctrl, read, 0);
    write_reg(ctrl, XSPI_IR, read->opcode);
    if (write->opcode_bytes != 0) {
        write_reg(ctrl, XSPI_WCCR, ccr_of(write));
        write_reg(ctrl, XSPI_WTCR, (uint32_t)write->dummy_cycles << XSPI_TCR_DCYC_POS);
        write_reg(ctrl, XSPI_WABR, write->alternate);
        write_reg(ctrl, XSPI_WIR, write->opcode);
    }
    clear_flags(ctrl);
    set_mode(ctrl, FMODE_MAPPED, timeout ? XSPI_CR_TCEN : 0);
    cpu_sync_data();
    return ABI_STATUS_OK;
}

const struct ctrl_driver ctrl_xspi = {
    .family = ABI_CTRL_XSPI,
    .set_up = set_up,
    .exec = exec,
    .poll = poll_chip,
    .map = map,
    .stop = stop,
};
