/* SFDP -> a part that can be worked with in 1S-1S-1S: what "part": "auto" means. */
#include "host/board/sfdp.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    READ_HZ = 50000000, /* every part reads that fast on one line with 8 dummy clocks */
    COMMAND_HZ = 32000000,
    RESET_MAX_US = 100000, /* out of an erase; the longest known (Macronix octal) */
    THREE_BYTE_LIMIT = 16 << 20,
    SMALLEST_ERASE = 4096, /* 256-byte types exist on old parts; nothing is gained by them */
    ECC_UNIT_BYTES = 16,   /* not in SFDP: the largest known, harmless where there is none */
    PROTECT_MASK = 0x1C    /* BP2 to BP0, common to all makers */
};

/* Bounds where a table of revision 0 has no times: several times the slowest part known. */
enum { ERASE_MAX_US = 8000000, PROGRAM_MAX_US = 10000, CHIP_ERASE_MAX_S_PER_MB = 40 };

/* How addresses reach the whole chip. */
enum addressing { ADDR_3, ADDR_4_OPCODES, ADDR_4_ENTER, ADDR_4_ENTER_WREN, ADDR_4_ALWAYS };

static bool choose_addressing(
    const struct sfdp *sfdp, enum addressing *addressing, struct error *err)
{
    const uint32_t reads = 1U << SFDP_4B_READ_13 | 1U << SFDP_4B_READ_0C;
    bool has_program = (sfdp->four_byte_ops & 1U << SFDP_4B_PROGRAM_12) != 0;

    if (sfdp->addr_mode == 2 || (sfdp->enter_four_byte & SFDP_ENTER_ALWAYS) != 0) {
        *addressing = ADDR_4_ALWAYS;
    } else if (sfdp->size_bytes <= THREE_BYTE_LIMIT) {
        *addressing = ADDR_3;
    } else if (has_program && (sfdp->four_byte_ops & reads) != 0) {
        *addressing = ADDR_4_OPCODES;
    } else if ((sfdp->enter_four_byte & SFDP_ENTER_B7) != 0) {
        *addressing = ADDR_4_ENTER;
    } else if ((sfdp->enter_four_byte & SFDP_ENTER_06_B7) != 0) {
        *addressing = ADDR_4_ENTER_WREN;
    } else {
        return error_set(err, ERROR_MEMORY_WRONG_ID,
            "SFDP names no way to address more than 16 MiB of this memory: it needs a part file");
    }
    return true;
}

static struct abi_bus_op plain_op(uint8_t opcode)
{
    return (struct abi_bus_op){.opcode = opcode, .opcode_bytes = 1, .opcode_bus = 1};
}

static struct abi_bus_op addressed_op(uint8_t opcode, enum addressing addressing)
{
    struct abi_bus_op op = plain_op(opcode);

    op.addr_bytes = addressing == ADDR_3 ? 3 : 4;
    op.addr_bus = 1;
    return op;
}

static struct abi_bus_op read_op(uint8_t opcode, uint32_t data_bytes)
{
    struct abi_bus_op op = plain_op(opcode);

    op.data_bus = 1;
    op.data_bytes = data_bytes;
    return op;
}

static void make_array_ops(
    const struct sfdp *sfdp, enum addressing addressing, struct part_mode *mode)
{
    bool opcodes = addressing == ADDR_4_OPCODES;
    bool fast = !opcodes || (sfdp->four_byte_ops & 1U << SFDP_4B_READ_0C) != 0;

    mode->read = addressed_op(opcodes ? (fast ? 0x0C : 0x13) : 0x0B, addressing);
    mode->read.dummy_cycles = fast ? 8 : 0;
    mode->read.data_bus = 1;
    mode->read.data_bytes = 1;
    mode->program = addressed_op(opcodes ? 0x12 : 0x02, addressing);
    mode->program.data_bus = 1;
    mode->program.flags = ABI_OP_WRITE;
    mode->program.data_bytes = 1;
    mode->chip_erase = plain_op(0xC7);
}

/* Smallest first; of two types with one size the first. */
static void insert_erase(struct part *part, struct part_mode *mode, const struct part_erase *erase,
    const struct abi_bus_op *op)
{
    size_t at = part->erase_count;

    for (size_t i = 0; i < part->erase_count; i++) {
        if (part->erase[i].size_bytes == erase->size_bytes) {
            return;
        }
    }
    while (at > 0 && part->erase[at - 1].size_bytes > erase->size_bytes) {
        part->erase[at] = part->erase[at - 1];
        mode->erase[at] = mode->erase[at - 1];
        at--;
    }
    part->erase[at] = *erase;
    mode->erase[at] = *op;
    part->erase_count++;
}

static uint8_t erase_opcode(const struct sfdp *sfdp, enum addressing addressing, size_t type)
{
    return addressing == ADDR_4_OPCODES ? sfdp->four_byte_erase[type] : sfdp->erase[type].opcode;
}

/* Whether type can be relied on. Two sizes for one opcode have been seen: the larger claim can only
 * leave too little erased, which is found out; the smaller could erase a neighbour's bytes. With a
 * sector map small units exist in some places only; of the largest alone it is known that what it
 * leaves, if anything, is found out. */
static bool is_usable(const struct sfdp *sfdp, enum addressing addressing, size_t type)
{
    uint32_t size_bytes = sfdp->erase[type].size_bytes;
    uint8_t opcode = erase_opcode(sfdp, addressing, type);

    if (size_bytes < SMALLEST_ERASE || size_bytes > sfdp->size_bytes || opcode == 0) {
        return false;
    }
    for (size_t i = 0; i < SFDP_ERASE_TYPES; i++) {
        if (sfdp->erase[i].size_bytes > size_bytes &&
            (sfdp->sector_map.present || erase_opcode(sfdp, addressing, i) == opcode)) {
            return false;
        }
    }
    return true;
}

static void make_erase(
    const struct sfdp *sfdp, enum addressing addressing, struct part *part, struct part_mode *mode)
{
    for (size_t i = 0; i < SFDP_ERASE_TYPES; i++) {
        struct part_erase erase = {
            sfdp->erase[i].size_bytes, sfdp->erase[i].typical_us, sfdp->erase[i].max_us};
        struct abi_bus_op op = addressed_op(erase_opcode(sfdp, addressing, i), addressing);

        if (!is_usable(sfdp, addressing, i)) {
            continue;
        }
        erase.max_us = erase.max_us != 0 ? erase.max_us : ERASE_MAX_US;
        erase.typical_us = erase.typical_us != 0 ? erase.typical_us : erase.max_us / 16;
        insert_erase(part, mode, &erase, &op);
    }
}

static uint32_t clamp_us(uint64_t duration_us)
{
    return duration_us > UINT32_MAX ? UINT32_MAX : (uint32_t)duration_us;
}

static void make_times(const struct sfdp *sfdp, struct part *part)
{
    uint64_t chip_max_us = sfdp->chip_erase_max_us;

    if (chip_max_us == 0) {
        chip_max_us = (sfdp->size_bytes >> 20) * CHIP_ERASE_MAX_S_PER_MB * 1000000 + 10000000;
    }
    part->chip_erase_max_us = clamp_us(chip_max_us);
    part->chip_erase_typical_us = sfdp->chip_erase_typical_us != 0
                                      ? clamp_us(sfdp->chip_erase_typical_us)
                                      : clamp_us(chip_max_us / 8);
    part->program_max_us = sfdp->program_max_us != 0 ? sfdp->program_max_us : PROGRAM_MAX_US;
    part->program_typical_us =
        sfdp->program_typical_us != 0 ? sfdp->program_typical_us : PROGRAM_MAX_US / 8;
    part->reset_max_us = RESET_MAX_US;
}

static void make_status(struct part *part, struct part_mode *mode)
{
    mode->write_enable = plain_op(0x06);
    mode->write_disable = plain_op(0x04);
    mode->read_status = read_op(0x05, 1);
    mode->read_id = read_op(0x9F, (uint32_t)part->id_bytes);
    part->busy_mask = 1;
    part->busy_value = 1;
    part->wel_mask = 2;
    part->protect_mask = PROTECT_MASK;
}

static void add_step(
    struct abi_bus_step *steps, size_t *count, uint8_t opcode, const uint8_t *value)
{
    struct abi_bus_step *step = &steps[(*count)++];

    step->kind = ABI_STEP_EXEC;
    step->op = plain_op(opcode);
    if (value != NULL) {
        step->op.data_bus = 1;
        step->op.data_bytes = 1;
        step->op.flags = ABI_OP_WRITE;
        step->data_count = 1;
        step->data[0] = *value;
    }
}

static void make_four_byte_switch(
    const struct sfdp *sfdp, enum addressing addressing, struct part_mode *mode)
{
    const uint8_t first_segment = 0;

    if (addressing != ADDR_4_ENTER && addressing != ADDR_4_ENTER_WREN) {
        return;
    }
    if (addressing == ADDR_4_ENTER_WREN) {
        add_step(mode->enter, &mode->enter_count, 0x06, NULL);
        add_step(mode->leave, &mode->leave_count, 0x06, NULL);
    }
    add_step(mode->enter, &mode->enter_count, 0xB7, NULL);
    add_step(mode->leave, &mode->leave_count, 0xE9, NULL);
    if (sfdp->leaves_extended_address) {
        add_step(mode->leave, &mode->leave_count, 0x06, NULL);
        add_step(mode->leave, &mode->leave_count, 0xC5, &first_segment);
    }
}

bool sfdp_make_part(const struct sfdp *sfdp, const uint8_t *id, size_t id_bytes, struct part *part,
    struct error *err)
{
    struct part_mode *mode = &part->modes[0];
    enum addressing addressing = ADDR_3;

    memset(part, 0, sizeof *part);
    if (id_bytes < 3 || id_bytes > sizeof part->id) {
        return error_set(err, ERROR_INTERNAL, "sfdp_make_part: an ID of %zu bytes", id_bytes);
    }
    if (sfdp->size_bytes > UINT32_C(0x80000000) ||
        (sfdp->size_bytes & (sfdp->size_bytes - 1)) != 0) {
        return error_set(err, ERROR_MEMORY_WRONG_ID,
            "SFDP: a memory of %" PRIu64 " bytes cannot be handled", sfdp->size_bytes);
    }
    if (!choose_addressing(sfdp, &addressing, err)) {
        return false;
    }
    (void)snprintf(part->name, sizeof part->name, "SFDP %02X %02X %02X", id[0], id[1], id[2]);
    memcpy(part->id, id, id_bytes);
    part->id_bytes = id_bytes;
    part->size_bytes = (uint32_t)sfdp->size_bytes;
    /* A page exponent of 7 has been seen on a part of 256; smaller chunks are always legal. */
    part->page_bytes = sfdp->page_bytes < 256 ? sfdp->page_bytes : 256;
    part->ecc_unit_bytes = ECC_UNIT_BYTES < part->page_bytes ? ECC_UNIT_BYTES : part->page_bytes;
    part->cs_high_cycles = 4;
    part->mode_count = 1;
    (void)snprintf(mode->name, sizeof mode->name, "1S-1S-1S");
    mode->max_hz = READ_HZ;
    mode->command_max_hz = COMMAND_HZ;
    make_array_ops(sfdp, addressing, mode);
    make_erase(sfdp, addressing, part, mode);
    make_times(sfdp, part);
    make_status(part, mode);
    make_four_byte_switch(sfdp, addressing, mode);
    if (part->erase_count == 0) {
        return error_set(err, ERROR_MEMORY_WRONG_ID,
            "SFDP names no usable erase operation of this memory: it needs a part file");
    }
    return true;
}
