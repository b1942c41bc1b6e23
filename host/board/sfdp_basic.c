/* The basic table of SFDP, dwords 1 to 16 and 21 to 23 (the octal ones are in sfdp_octal.c), and
 * the table of 4-byte addresses. Facts: memories.md 4.2, 4.3. */
#include "host/board/sfdp_tables.h"

#include <inttypes.h>

enum { MIN_SIZE_BYTES = 65536 };

/* ---- size and erase ---- */

static bool decode_density(const struct sfdp_view *basic, struct sfdp *sfdp, struct error *err)
{
    uint32_t word = sfdp_dword(basic, 2);
    uint64_t size_bits = (uint64_t)word + 1;

    if (sfdp_bit(word, 31)) {
        uint32_t exponent = sfdp_bits(word, 30, 0);

        size_bits = exponent < 40 ? UINT64_C(1) << exponent : 0;
    }
    sfdp->size_bytes = size_bits / 8;
    if (sfdp->size_bytes < MIN_SIZE_BYTES || sfdp->size_bytes >= UINT64_C(1) << 33) {
        return error_set(err, ERROR_MEMORY_BUS_CORRUPT,
            "SFDP: density word 0x%08" PRIX32 " makes no sense", word);
    }
    return true;
}

static void decode_erase_time(uint32_t times, unsigned type, struct sfdp *sfdp)
{
    static const uint32_t units_us[] = {1000, 16000, 128000, 1000000};
    unsigned low = 4 + 7 * type;
    uint32_t count = sfdp_bits(times, low + 4, low) + 1;

    sfdp->erase[type].typical_us = count * units_us[sfdp_bits(times, low + 6, low + 5)];
    sfdp->erase[type].max_us = sfdp->erase_multiplier * sfdp->erase[type].typical_us;
}

static bool decode_erase_types(const struct sfdp_view *basic, struct sfdp *sfdp, struct error *err)
{
    uint32_t times = sfdp_dword(basic, 10);

    sfdp->erase_multiplier = basic->dwords >= 10 ? 2 * (sfdp_bits(times, 3, 0) + 1) : 0;
    for (unsigned i = 0; i < SFDP_ERASE_TYPES; i++) {
        uint32_t word = sfdp_dword(basic, i < 2 ? 8 : 9) >> (i % 2 * 16);
        uint32_t exponent = sfdp_bits(word, 7, 0);

        if (exponent == 0) {
            continue;
        }
        if (exponent >= 32) {
            return error_set(err, ERROR_MEMORY_BUS_CORRUPT,
                "SFDP: erase type %u has the size 2^%" PRIu32, i + 1, exponent);
        }
        sfdp->erase[i].size_bytes = UINT32_C(1) << exponent;
        sfdp->erase[i].opcode = (uint8_t)sfdp_bits(word, 15, 8);
        if (basic->dwords >= 10) {
            decode_erase_time(times, i, sfdp);
        }
    }
    return true;
}

static void decode_program(const struct sfdp_view *basic, struct sfdp *sfdp)
{
    static const uint32_t chip_units_ms[] = {16, 256, 4000, 64000};
    uint32_t word = sfdp_dword(basic, 11);

    sfdp->page_bytes = 256; /* before revision A there is no field */
    if (basic->dwords < 11) {
        return;
    }
    if (sfdp_bits(word, 7, 4) != 0) {
        sfdp->page_bytes = UINT32_C(1) << sfdp_bits(word, 7, 4);
    }
    sfdp->program_multiplier = 2 * (sfdp_bits(word, 3, 0) + 1);
    sfdp->program_typical_us = (sfdp_bits(word, 12, 8) + 1) * (sfdp_bit(word, 13) ? 64 : 8);
    sfdp->program_max_us = sfdp->program_multiplier * sfdp->program_typical_us;
    sfdp->first_byte_typical_us = (sfdp_bits(word, 17, 14) + 1) * (sfdp_bit(word, 18) ? 8 : 1);
    sfdp->next_byte_typical_us = (sfdp_bits(word, 22, 19) + 1) * (sfdp_bit(word, 23) ? 8 : 1);
    sfdp->chip_erase_typical_us =
        (uint64_t)(sfdp_bits(word, 28, 24) + 1) * chip_units_ms[sfdp_bits(word, 30, 29)] * 1000;
    sfdp->chip_erase_max_us = sfdp->chip_erase_typical_us * sfdp->erase_multiplier;
}

/* ---- reads ---- */

/* A mode is there when its bit says so; its opcode, mode and wait clocks stand in half a dword. */
static void decode_reads(const struct sfdp_view *basic, struct sfdp *sfdp)
{
    static const struct {
        uint8_t bit_dword;
        uint8_t bit;
        uint8_t dword;
        uint8_t shift;
    } places[SFDP_READ_MODES] = {[SFDP_1S_1S_2S] = {1, 16, 4, 0},
        [SFDP_1S_2S_2S] = {1, 20, 4, 16},
        [SFDP_2S_2S_2S] = {5, 0, 6, 16},
        [SFDP_1S_1S_4S] = {1, 22, 3, 16},
        [SFDP_1S_4S_4S] = {1, 21, 3, 0},
        [SFDP_4S_4S_4S] = {5, 4, 7, 16},
        [SFDP_1S_1S_8S] = {0, 0, 17, 16},
        [SFDP_1S_8S_8S] = {0, 0, 17, 0},
        [SFDP_1S_1D_1D] = {21, 0, 22, 0},
        [SFDP_1S_2D_2D] = {21, 1, 22, 16},
        [SFDP_1S_4D_4D] = {21, 2, 23, 0},
        [SFDP_4S_4D_4D] = {21, 3, 23, 16}};

    for (size_t i = 0; i < SFDP_READ_MODES; i++) {
        uint32_t word = sfdp_dword(basic, places[i].dword) >> places[i].shift;
        uint32_t opcode = sfdp_bits(word, 15, 8);
        bool has = places[i].bit_dword == 0 ||
                   sfdp_bit(sfdp_dword(basic, places[i].bit_dword), places[i].bit);

        if (has && opcode != 0 && opcode != 0xFF) {
            sfdp->reads[i].opcode = (uint8_t)opcode;
            sfdp->reads[i].mode_clocks = (uint8_t)sfdp_bits(word, 7, 5);
            sfdp->reads[i].wait_clocks = (uint8_t)sfdp_bits(word, 4, 0);
        }
    }
}

/* ---- suspend, power-down, status ---- */

/* A count of five bits and a unit of two above it. */
static uint32_t time_ns(uint32_t count, uint32_t unit)
{
    static const uint32_t units_ns[] = {128, 1000, 8000, 64000};

    return (count + 1) * units_ns[unit];
}

static void decode_suspend(const struct sfdp_view *basic, struct sfdp_suspend *suspend)
{
    uint32_t times = sfdp_dword(basic, 12);
    uint32_t opcodes = sfdp_dword(basic, 13);

    if (basic->dwords < 13 || sfdp_bit(times, 31)) {
        return;
    }
    suspend->supported = true;
    suspend->erase_opcode = (uint8_t)sfdp_bits(opcodes, 31, 24);
    suspend->erase_resume_opcode = (uint8_t)sfdp_bits(opcodes, 23, 16);
    suspend->program_opcode = (uint8_t)sfdp_bits(opcodes, 15, 8);
    suspend->program_resume_opcode = (uint8_t)sfdp_bits(opcodes, 7, 0);
    suspend->erase_latency_ns = time_ns(sfdp_bits(times, 28, 24), sfdp_bits(times, 30, 29));
    suspend->program_latency_ns = time_ns(sfdp_bits(times, 17, 13), sfdp_bits(times, 19, 18));
    suspend->erase_gap_us = (sfdp_bits(times, 23, 20) + 1) * 64;
    suspend->program_gap_us = (sfdp_bits(times, 12, 9) + 1) * 64;
    suspend->erase_forbids = (uint8_t)sfdp_bits(times, 7, 4);
    suspend->program_forbids = (uint8_t)sfdp_bits(times, 3, 0);
}

static void decode_power_down(const struct sfdp_view *basic, struct sfdp *sfdp)
{
    uint32_t word = sfdp_dword(basic, 14);

    sfdp->busy_by_status = sfdp_bit(word, 2);
    sfdp->busy_by_flags = sfdp_bit(word, 3);
    if (basic->dwords < 14 || (!sfdp->busy_by_status && !sfdp->busy_by_flags)) {
        sfdp->busy_by_status = true;
    }
    if (basic->dwords < 14 || sfdp_bit(word, 31)) {
        return;
    }
    sfdp->power_down.supported = true;
    sfdp->power_down.enter_opcode = (uint8_t)sfdp_bits(word, 30, 23);
    sfdp->power_down.exit_opcode = (uint8_t)sfdp_bits(word, 22, 15);
    sfdp->power_down.exit_ns = time_ns(sfdp_bits(word, 12, 8), sfdp_bits(word, 14, 13));
}

static void decode_quad(const struct sfdp_view *basic, struct sfdp_quad *quad)
{
    uint32_t word = sfdp_dword(basic, 15);

    quad->enable = (enum sfdp_quad_enable)sfdp_bits(word, 22, 20);
    if (basic->dwords < 15) {
        quad->enable = SFDP_QUAD_UNKNOWN;
    }
    quad->leave_4s = (uint8_t)sfdp_bits(word, 3, 0);
    quad->enter_4s = (uint8_t)sfdp_bits(word, 8, 4);
    quad->has_continuous = sfdp_bit(word, 9);
    quad->leave_continuous = (uint8_t)sfdp_bits(word, 15, 10);
    quad->enter_continuous = (uint8_t)sfdp_bits(word, 19, 16);
    quad->hold_can_be_disabled = sfdp_bit(word, 23);
}

static void decode_modes(const struct sfdp_view *basic, struct sfdp *sfdp)
{
    uint32_t first = sfdp_dword(basic, 1);
    uint32_t modes = sfdp_dword(basic, 16);

    sfdp->erase_4k_opcode = sfdp_bits(first, 1, 0) == 1 ? (uint8_t)sfdp_bits(first, 15, 8) : 0;
    sfdp->has_write_buffer = sfdp_bit(first, 2);
    sfdp->status_is_volatile = sfdp_bit(first, 3);
    sfdp->volatile_write_opcode = sfdp_bit(first, 4) ? 0x06 : 0x50;
    sfdp->addr_mode = (uint8_t)sfdp_bits(first, 18, 17);
    sfdp->has_dtr = sfdp_bit(first, 19);
    sfdp->status_write_rule = (uint8_t)sfdp_bits(modes, 6, 0);
    sfdp->reset_methods = (uint8_t)sfdp_bits(modes, 13, 8);
    sfdp->leave_four_byte = (uint16_t)sfdp_bits(modes, 23, 14);
    sfdp->enter_four_byte = (uint8_t)sfdp_bits(modes, 31, 24);
}

bool sfdp_basic_decode(const struct sfdp_view *basic, struct sfdp *sfdp, struct error *err)
{
    decode_modes(basic, sfdp);
    decode_reads(basic, sfdp);
    decode_suspend(basic, &sfdp->suspend);
    decode_power_down(basic, sfdp);
    decode_quad(basic, &sfdp->quad);
    if (!decode_density(basic, sfdp, err) || !decode_erase_types(basic, sfdp, err)) {
        return false;
    }
    decode_program(basic, sfdp);
    return true;
}

/* ---- 4-byte addresses ---- */

void sfdp_four_byte_decode(const struct sfdp_view *view, struct sfdp *sfdp)
{
    uint32_t ops = sfdp_dword(view, 1);
    uint32_t erase = sfdp_dword(view, 2);

    /* Bits from 20 up were reserved ones before revision C: phantom octal support. */
    sfdp->four_byte_is_phantom = sfdp_bits(ops, 31, 20) == 0xFFF && sfdp->basic_dwords < 17;
    if (sfdp->four_byte_is_phantom) {
        ops = sfdp_bits(ops, 19, 0);
    }
    sfdp->four_byte_ops = sfdp_bits(ops, 24, 0);
    sfdp->has_four_byte_table = sfdp_bits(ops, 19, 0) != 0;
    for (unsigned i = 0; i < SFDP_ERASE_TYPES; i++) {
        uint8_t opcode = (uint8_t)sfdp_bits(erase, 8 * i + 7, 8 * i);

        if (sfdp_bit(ops, SFDP_4B_ERASE_1 + i) && opcode != 0xFF) {
            sfdp->four_byte_erase[i] = opcode;
        }
    }
}

uint8_t sfdp_four_byte_read(const struct sfdp *sfdp, enum sfdp_read_mode mode)
{
    static const struct {
        uint8_t opcode; /* 0: the standard has none */
        uint8_t bit;
    } reads[SFDP_READ_MODES] = {[SFDP_1S_1S_2S] = {0x3C, SFDP_4B_READ_3C},
        [SFDP_1S_2S_2S] = {0xBC, SFDP_4B_READ_BC},
        [SFDP_1S_1S_4S] = {0x6C, SFDP_4B_READ_6C},
        [SFDP_1S_4S_4S] = {0xEC, SFDP_4B_READ_EC},
        [SFDP_1S_1S_8S] = {0x7C, SFDP_4B_READ_7C},
        [SFDP_1S_8S_8S] = {0xCC, SFDP_4B_READ_CC},
        [SFDP_1S_1D_1D] = {0x0E, SFDP_4B_READ_0E},
        [SFDP_1S_2D_2D] = {0xBE, SFDP_4B_READ_BE},
        [SFDP_1S_4D_4D] = {0xEE, SFDP_4B_READ_EE}};

    return sfdp_bit(sfdp->four_byte_ops, reads[mode].bit) ? reads[mode].opcode : 0;
}
