/* Octal SFDP: dwords 17 to 20 of the basic table, xSPI profile 1, and the sequence to 8D-8D-8D.
 * Facts: memories.md 4.2, 4.4, 4.6, 1.7. */
#include "host/board/sfdp_tables.h"

enum {
    WRITE_ENABLE = 0x06,
    WRITE_STATUS = 0x01,
    REGISTER_SPACE_BYTES = 0x10000 /* volatile registers lie close behind their base */
};

/* Codes of DWORD 20; 0 when the table does not say or the mode is not there. */
static uint32_t clock_of_code(uint32_t code)
{
    static const uint32_t clocks_mhz[16] = {[1] = 33,
        [2] = 50,
        [3] = 66,
        [4] = 80,
        [5] = 100,
        [6] = 133,
        [7] = 166,
        [8] = 200,
        [9] = 250,
        [10] = 266,
        [11] = 333,
        [12] = 400};

    return clocks_mhz[code] * 1000000;
}

void sfdp_octal_decode(const struct sfdp_view *basic, struct sfdp *sfdp)
{
    const uint32_t unsupported = 0xF;
    struct sfdp_octal *octal = &sfdp->octal;
    uint32_t modes = sfdp_dword(basic, 18);
    uint32_t enable = sfdp_dword(basic, 19);
    uint32_t clocks = sfdp_dword(basic, 20);

    octal->command_extension = 0xFF;
    if (basic->dwords >= 18) {
        octal->swaps_bytes_8d = sfdp_bit(modes, 31);
        octal->command_extension = (uint8_t)sfdp_bits(modes, 30, 29);
        octal->has_pin_reset = sfdp_bit(modes, 23);
        octal->strobe_in_8s = (uint8_t)sfdp_bits(modes, 25, 24);
        octal->strobe_in_4s = sfdp_bit(modes, 26);
        octal->strobe_in_4d = sfdp_bit(modes, 27);
        octal->drive_types = (uint8_t)sfdp_bits(modes, 22, 18);
    }
    octal->leave_8s = (uint8_t)sfdp_bits(enable, 3, 0);
    octal->enter_8s = (uint8_t)sfdp_bits(enable, 8, 4);
    octal->octal_enable = (uint8_t)sfdp_bits(enable, 22, 20);
    for (unsigned i = 0; i < SFDP_CLOCKS; i++) {
        uint32_t code = sfdp_bits(clocks, 4 * i + 3, 4 * i);

        octal->max_hz[i] = clock_of_code(code);
        if (code == unsupported) {
            octal->unsupported = (uint16_t)(octal->unsupported | 1U << i);
        }
    }
}

void sfdp_xspi_decode(const struct sfdp_view *view, struct sfdp *sfdp)
{
    static const struct {
        uint32_t hz;
        uint8_t dword;
        uint8_t cycles_low;
        uint8_t code_low;
    } places[SFDP_XSPI_DUMMIES] = {
        {200000000, 4, 7, 2}, {166000000, 5, 27, 22}, {133000000, 5, 17, 12}, {100000000, 5, 7, 2}};
    struct sfdp_xspi *xspi = &sfdp->xspi;
    uint32_t first = sfdp_dword(view, 1);
    uint32_t opcodes = sfdp_dword(view, 2);

    xspi->present = true;
    xspi->wrapped_read_opcode = (uint8_t)sfdp_bits(first, 7, 0);
    xspi->read_opcode = (uint8_t)sfdp_bits(first, 15, 8);
    xspi->status_dummy_cycles = sfdp_bit(first, 28) ? 8 : 4;
    xspi->status_addr_bytes = sfdp_bit(first, 29) ? 4 : 0;
    xspi->sfdp_dummy_cycles = sfdp_bit(first, 30) ? 20 : 8;
    xspi->sfdp_addr_bytes = sfdp_bit(first, 31) ? 3 : 4;
    xspi->read_volatile_opcode = (uint8_t)sfdp_bits(opcodes, 31, 24);
    xspi->read_nonvolatile_opcode = (uint8_t)sfdp_bits(opcodes, 23, 16);
    xspi->write_volatile_opcode = (uint8_t)sfdp_bits(opcodes, 15, 8);
    xspi->write_nonvolatile_opcode = (uint8_t)sfdp_bits(opcodes, 7, 0);
    xspi->commands = sfdp_dword(view, 3);
    for (size_t i = 0; i < SFDP_XSPI_DUMMIES; i++) {
        uint32_t word = sfdp_dword(view, places[i].dword);

        xspi->dummies[i].hz = places[i].hz;
        xspi->dummies[i].cycles =
            (uint8_t)sfdp_bits(word, places[i].cycles_low + 4U, places[i].cycles_low);
        xspi->dummies[i].code =
            (uint8_t)sfdp_bits(word, places[i].code_low + 4U, places[i].code_low);
    }
    xspi->power_on_dummy_8d = (uint8_t)sfdp_bits(sfdp_dword(view, 6), 4, 0);
    xspi->power_on_dummy_8s = (uint8_t)sfdp_bits(sfdp_dword(view, 6), 9, 5);
}

/* ---- sequence ---- */

/* Groups of eight bytes, each stored as two dwords with the first byte on top: length, commands.
 * Bytes behind the length are stray and have been seen to hold data. */
void sfdp_sequence_decode(const struct sfdp_view *view, struct sfdp *sfdp)
{
    for (size_t at = 1; at < view->dwords && sfdp->sequence_count < SFDP_MAX_SEQUENCE; at += 2) {
        struct sfdp_command *command = &sfdp->sequence[sfdp->sequence_count];
        const uint32_t words[2] = {sfdp_dword(view, at), sfdp_dword(view, at + 1)};
        uint32_t count = sfdp_bits(words[0], 31, 24);

        if (count == 0 || count > sizeof command->bytes) {
            return;
        }
        command->count = (uint8_t)count;
        for (uint32_t i = 0; i < count; i++) {
            uint32_t place = i + 1;

            command->bytes[i] = (uint8_t)(words[place / 4] >> (24 - place % 4 * 8));
        }
        sfdp->sequence_count++;
    }
}

/* A write of one byte to a volatile register: opcode, address of 3 or 4 bytes, value. */
static bool is_volatile_write(const struct sfdp *sfdp, const struct sfdp_command *command)
{
    const struct sfdp_registers *registers = &sfdp->registers;
    uint32_t addr = 0;

    if (!registers->present || !sfdp->xspi.present ||
        registers->volatile_base == registers->nonvolatile_base ||
        command->bytes[0] != sfdp->xspi.write_volatile_opcode || command->count < 5 ||
        command->count > 6) {
        return false;
    }
    for (size_t i = 1; i + 1 < command->count; i++) {
        addr = addr << 8 | command->bytes[i];
    }
    return addr >= registers->volatile_base &&
           addr - registers->volatile_base < REGISTER_SPACE_BYTES;
}

static bool is_write_enable(const struct sfdp_command *command)
{
    return command->count == 1 && command->bytes[0] == WRITE_ENABLE;
}

/* A write of the status register is left out with its write enable: it is non-volatile, clears the
 * block protection, and needs a wait that the table does not have. Anything else unknown means that
 * the whole table cannot be followed. */
size_t sfdp_safe_sequence(const struct sfdp *sfdp, struct sfdp_command steps[SFDP_MAX_SEQUENCE])
{
    size_t count = 0;

    for (size_t i = 0; i < sfdp->sequence_count; i++) {
        const struct sfdp_command *command = &sfdp->sequence[i];

        if (command->bytes[0] == WRITE_STATUS && count > 0 && is_write_enable(&steps[count - 1])) {
            count--;
        } else if (is_write_enable(command) || is_volatile_write(sfdp, command)) {
            steps[count++] = *command;
        } else {
            return 0;
        }
    }
    return count > 0 && is_write_enable(&steps[count - 1]) ? 0 : count;
}
