#include "tests/unit/targetdriver/chip_model.h"
#include "tests/unit/targetdriver/machine.h"

#include <string.h>

enum {
    LINES_1 = 1,
    LINES_8D = 8 | ABI_BUS_DTR,
    REGISTER_DUMMY = 4,
    READ_DUMMY = 8,
    READ_DUMMY_8D = 20
};

struct chip chip;

static void note_mistake(const char *what)
{
    chip.mistake = chip.mistakes == 0 ? what : chip.mistake;
    chip.mistakes++;
}

void chip_reset_model(void)
{
    memset(&chip, 0, sizeof chip);
    memset(chip.bytes, 0xFF, sizeof chip.bytes);
    chip.fails_program_at = UINT32_MAX;
    chip.fails_erase_at = UINT32_MAX;
    chip.misreads_offset = UINT32_MAX;
}

bool chip_busy(void)
{
    return chip.hangs || machine_now_us() < chip.busy_until_us;
}

/* ---- what each operation looks like ---- */

struct shape {
    uint8_t opcode;
    bool array_addr;    /* address in both modes */
    bool register_read; /* address and dummies in 8D only */
    bool data;
    bool write;
    uint8_t dummy[2];
};

static const struct shape shapes[] = {
    {CHIP_WREN, false, false, false, false, {0, 0}},
    {CHIP_WRDI, false, false, false, false, {0, 0}},
    {CHIP_RDSR, false, true, true, false, {0, REGISTER_DUMMY}},
    {CHIP_RDFAIL, false, true, true, false, {0, REGISTER_DUMMY}},
    {CHIP_RDID, false, true, true, false, {0, REGISTER_DUMMY}},
    {CHIP_READ, true, false, true, false, {READ_DUMMY, READ_DUMMY_8D}},
    {CHIP_PROGRAM, true, false, true, true, {0, 0}},
    {CHIP_ERASE_SMALL, true, false, false, false, {0, 0}},
    {CHIP_ERASE_LARGE, true, false, false, false, {0, 0}},
    {CHIP_ERASE_ALL, false, false, false, false, {0, 0}},
    {CHIP_MODE_8D, true, false, true, true, {0, 0}},
    {CHIP_RESET_ENABLE, false, false, false, false, {0, 0}},
    {CHIP_RESET, false, false, false, false, {0, 0}},
};

static const struct shape *find_shape(uint8_t opcode)
{
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        if (shapes[i].opcode == opcode) {
            return &shapes[i];
        }
    }
    return NULL;
}

struct abi_bus_op chip_op(enum chip_opcode opcode, bool dtr)
{
    const struct shape *shape = find_shape((uint8_t)opcode);
    uint8_t bus = dtr ? LINES_8D : LINES_1;
    bool addr = shape->array_addr || (shape->register_read && dtr);
    bool doubled = dtr && (shape->register_read || opcode == CHIP_MODE_8D);
    struct abi_bus_op op = {
        .opcode = (uint16_t)(dtr ? (unsigned)opcode << 8 | (~(unsigned)opcode & 0xFFU) : opcode),
        .opcode_bytes = dtr ? 2 : 1,
        .opcode_bus = bus,
        .addr_bytes = addr ? 4 : 0,
        .addr_bus = addr ? bus : 0,
        .dummy_cycles = shape->dummy[dtr],
        .data_bus = shape->data ? bus : 0,
        .data_bytes = shape->data ? 1 : 0,
        .flags = (uint8_t)((shape->write ? ABI_OP_WRITE : 0) | (doubled ? ABI_OP_DOUBLED : 0)),
    };

    return op;
}

/* The chip in this mode does not see the command of the other one: no mistake, but nothing. */
static bool understands(const struct abi_bus_op *op, uint8_t opcode)
{
    const struct shape *shape = find_shape(opcode);
    struct abi_bus_op good;

    if (shape == NULL) {
        return false;
    }
    good = chip_op((enum chip_opcode)opcode, chip.dtr);
    if (op->opcode != good.opcode || op->opcode_bytes != good.opcode_bytes ||
        op->opcode_bus != good.opcode_bus) {
        return false;
    }
    if (op->addr_bytes != good.addr_bytes || op->addr_bus != good.addr_bus ||
        op->dummy_cycles != good.dummy_cycles || op->data_bus != good.data_bus ||
        op->flags != good.flags) {
        note_mistake("an operation of the right opcode and the wrong shape");
        return false;
    }
    return true;
}

struct abi_memory chip_memory(void)
{
    struct abi_memory memory = {
        .size_bytes = CHIP_BYTES,
        .page_bytes = CHIP_PAGE_BYTES,
        .ecc_unit_bytes = CHIP_UNIT_BYTES,
        .flags = ABI_MEMORY_EVEN | ABI_MEMORY_HAS_FAIL,
        .program_typical_us = CHIP_PROGRAM_US,
        .program_max_us = 4256,
        .chip_erase_typical_us = CHIP_WHOLE_US,
        .chip_erase_max_us = 20 * CHIP_WHOLE_US,
        .reset_max_us = CHIP_RESET_BUSY_US,
        .busy_mask = 1,
        .busy_value = 1,
        .wel_mask = 2,
        .program_fail_mask = 0x20,
        .erase_fail_mask = 0x40,
        .read = chip_op(CHIP_READ, true),
        .program = chip_op(CHIP_PROGRAM, true),
        .write_enable = chip_op(CHIP_WREN, true),
        .write_disable = chip_op(CHIP_WRDI, true),
        .read_status = chip_op(CHIP_RDSR, true),
        .read_fail = chip_op(CHIP_RDFAIL, true),
        .chip_erase = chip_op(CHIP_ERASE_ALL, true),
        .erase =
            {
                {CHIP_SMALL_BYTES, CHIP_SMALL_US, 500000, chip_op(CHIP_ERASE_SMALL, true)},
                {CHIP_LARGE_BYTES, CHIP_LARGE_US, 5120000, chip_op(CHIP_ERASE_LARGE, true)},
            },
        .run_read = chip_op(CHIP_READ, true),
    };

    return memory;
}

/* ---- what it does ---- */

static bool take_write_enable(const char *what)
{
    bool enabled = chip.wel;

    if (!enabled) {
        note_mistake(what);
    }
    chip.wel = false;
    return enabled;
}

static void program(const struct abi_bus_op *op, const uint8_t *out)
{
    uint32_t end = op->addr + op->data_bytes;

    chip.programs++;
    if (!take_write_enable("programmed without write enable")) {
        return;
    }
    chip.busy_until_us = machine_now_us() + CHIP_PROGRAM_US;
    if (op->addr / CHIP_PAGE_BYTES != (end - 1) / CHIP_PAGE_BYTES) {
        note_mistake("programmed over a page edge");
    }
    if (op->addr % CHIP_UNIT_BYTES != 0 || end % CHIP_UNIT_BYTES != 0) {
        note_mistake("programmed part of an ECC unit");
    }
    if (op->addr / CHIP_PAGE_BYTES == chip.fails_program_at / CHIP_PAGE_BYTES) {
        chip.p_fail = true;
        return;
    }
    chip.p_fail = false;
    for (uint32_t i = 0; i < op->data_bytes; i += CHIP_UNIT_BYTES) {
        bool blank = true;

        for (uint32_t k = i; k < i + CHIP_UNIT_BYTES; k++) {
            blank = blank && out[k] == 0xFF;
        }
        if (blank) {
            note_mistake("sent a unit of FF");
        }
        if (chip.unit_used[(op->addr + i) / CHIP_UNIT_BYTES]) {
            note_mistake("programmed a unit twice");
        }
        chip.unit_used[(op->addr + i) / CHIP_UNIT_BYTES] = true;
    }
    for (uint32_t i = 0; i < op->data_bytes; i++) {
        chip.bytes[op->addr + i] &= out[i];
    }
}

static void erase(uint32_t addr, uint32_t size_bytes, uint32_t time_us)
{
    chip.erases++;
    if (!take_write_enable("erased without write enable")) {
        return;
    }
    chip.busy_until_us = machine_now_us() + time_us;
    if (addr % size_bytes != 0) {
        note_mistake("erased with an address inside the unit");
        addr -= addr % size_bytes;
    }
    chip.e_fail = chip.fails_erase_at - addr < size_bytes;
    if (!chip.e_fail) {
        memset(chip.bytes + addr, 0xFF, size_bytes);
        memset(chip.unit_used + addr / CHIP_UNIT_BYTES, 0, size_bytes / CHIP_UNIT_BYTES);
    }
}

static void software_reset(void)
{
    bool was_busy = chip_busy();

    if (!chip.reset_enabled) {
        return;
    }
    chip.resets++;
    chip.dtr = false;
    chip.wel = false;
    chip.hangs = false;
    chip.busy_until_us = machine_now_us() + (was_busy ? CHIP_RESET_BUSY_US : 30);
}

static void read_array(const struct abi_bus_op *op, uint8_t *in)
{
    chip.reads++;
    if (op->addr >= CHIP_BYTES || op->data_bytes > CHIP_BYTES - op->addr) {
        note_mistake("read past the end");
        return;
    }
    if (chip.dtr && (op->addr | op->data_bytes) % 2 != 0) {
        note_mistake("odd read in 8D");
    }
    memcpy(in, chip.bytes + op->addr, op->data_bytes);
    if (chip.misreads_offset - op->addr < op->data_bytes) {
        in[chip.misreads_offset - op->addr] ^= 0x10;
        chip.misreads_offset = UINT32_MAX;
    }
}

static void read_register(uint8_t opcode, const struct abi_bus_op *op, uint8_t *in)
{
    static const uint8_t id[] = {0xC2, 0x81, 0x39};

    for (uint32_t i = 0; i < op->data_bytes; i++) {
        switch (opcode) {
        case CHIP_RDSR:
            in[i] = (uint8_t)((chip_busy() ? 1 : 0) | (chip.wel ? 2 : 0));
            break;
        case CHIP_RDFAIL:
            in[i] = (uint8_t)((chip.p_fail ? 0x20 : 0) | (chip.e_fail ? 0x40 : 0));
            break;
        default:
            in[i] = id[i % sizeof id];
            break;
        }
    }
}

static void execute(uint8_t opcode, const struct abi_bus_op *op, const uint8_t *out, uint8_t *in)
{
    switch (opcode) {
    case CHIP_WREN:
        chip.wel = !chip.ignores_wren;
        break;
    case CHIP_WRDI:
        chip.wel = false;
        break;
    case CHIP_RDSR:
    case CHIP_RDFAIL:
    case CHIP_RDID:
        read_register(opcode, op, in);
        break;
    case CHIP_READ:
        read_array(op, in);
        break;
    case CHIP_PROGRAM:
        program(op, out);
        break;
    case CHIP_ERASE_SMALL:
        erase(op->addr, CHIP_SMALL_BYTES, CHIP_SMALL_US);
        break;
    case CHIP_ERASE_LARGE:
        erase(op->addr, CHIP_LARGE_BYTES, CHIP_LARGE_US);
        break;
    case CHIP_ERASE_ALL:
        erase(0, CHIP_BYTES, CHIP_WHOLE_US);
        break;
    case CHIP_MODE_8D:
        if (take_write_enable("mode changed without write enable")) {
            chip.dtr = out[0] == 2;
        }
        break;
    case CHIP_RESET:
        software_reset();
        break;
    default:
        break;
    }
    chip.reset_enabled = opcode == CHIP_RESET_ENABLE;
}

static bool allowed_while_busy(uint8_t opcode)
{
    return opcode == CHIP_RDSR || opcode == CHIP_RESET_ENABLE || opcode == CHIP_RESET;
}

static enum abi_stub_status exec(
    struct ctrl *ctrl, const struct abi_bus_op *op, const uint8_t *out, uint8_t *in)
{
    uint8_t opcode = (uint8_t)(op->opcode_bytes == 2 ? op->opcode >> 8 : op->opcode);
    bool reads = op->data_bus != 0 && (op->flags & ABI_OP_WRITE) == 0;

    (void)ctrl;
    machine.cycles += 64 + 4 * (uint64_t)op->data_bytes; /* the bus takes its time */
    if (ctrl_wire_bytes(op) == UINT32_MAX) {
        return ABI_STATUS_BAD_COMMAND;
    }
    if (chip.mapped) {
        note_mistake("command while mapped");
    }
    chip.commands++;
    if (reads) {
        memset(in, 0xFF, op->data_bytes); /* nobody drives the lines */
    }
    if (!understands(op, opcode)) {
        return ABI_STATUS_OK;
    }
    if (chip_busy() && !allowed_while_busy(opcode)) {
        note_mistake("command while busy");
        return ABI_STATUS_OK;
    }
    execute(opcode, op, out, in);
    return ABI_STATUS_OK;
}

static enum abi_stub_status poll_status(
    struct ctrl *ctrl, const struct abi_bus_op *op, const struct ctrl_poll *poll)
{
    uint64_t end_us = clock_look(ctrl->clock) + poll->timeout_us;

    for (;;) {
        uint8_t byte = 0;
        uint8_t same = 0;

        (void)exec(ctrl, op, NULL, &byte);
        same = (uint8_t)(~(byte ^ poll->match) & poll->mask);
        if (poll->any ? same != 0 : same == poll->mask) {
            return ABI_STATUS_OK;
        }
        if (clock_look(ctrl->clock) >= end_us) {
            return ABI_STATUS_POLL_TIMEOUT;
        }
        if (clock_pace(ctrl->clock) != ABI_STATUS_OK) {
            return ABI_STATUS_ABORTED;
        }
        (void)clock_wait_us(ctrl->clock, poll->interval_us);
    }
}

static enum abi_stub_status set_up(struct ctrl *ctrl)
{
    chip.mapped = false;
    chip.set_ups++;
    chip.last_prescaler = ctrl->setup->prescaler;
    return ABI_STATUS_OK;
}

static enum abi_stub_status map(
    struct ctrl *ctrl, const struct abi_bus_op *read, const struct abi_bus_op *write)
{
    (void)ctrl;
    (void)write;
    if (!understands(read, CHIP_READ) || chip_busy()) {
        note_mistake("mapped with a read the chip does not answer");
    }
    chip.mapped = true;
    return ABI_STATUS_OK;
}

static enum abi_stub_status stop(struct ctrl *ctrl)
{
    (void)ctrl;
    chip.mapped = false;
    return ABI_STATUS_OK;
}

const struct ctrl_driver chip_driver = {
    .family = ABI_CTRL_XSPI,
    .set_up = set_up,
    .exec = exec,
    .poll = poll_status,
    .map = map,
    .stop = stop,
};
