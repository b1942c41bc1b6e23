/* The status, control and configuration register map of SFDP, and the one of further dies. Facts:
 * memories.md 4.5. */
#include "host/board/sfdp_tables.h"

enum { FIRST_PATTERN_DWORD = 11, MOST_DUMMY_CYCLES = 30, DRIVE_DWORD = 28 };

static uint8_t dummy_of(uint32_t field)
{
    return field == 0xF ? SFDP_NO_DUMMY : (uint8_t)field;
}

static void decode_access(uint32_t word, struct sfdp_access *access)
{
    access->readable = sfdp_bit(word, 31);
    access->writable = sfdp_bit(word, 30);
    access->addr_bytes = (uint8_t)(sfdp_bits(word, 29, 28) + 1);
    access->dummy_1s = (uint8_t)sfdp_bits(word, 27, 26);
    access->dummy_2s = dummy_of(sfdp_bits(word, 25, 22));
    access->dummy_4s = dummy_of(sfdp_bits(word, 21, 18));
    access->dummy_4d = dummy_of(sfdp_bits(word, 17, 14));
    access->dummy_8s = dummy_of(sfdp_bits(word, 13, 10));
    access->dummy_8d = dummy_of(sfdp_bits(word, 9, 6));
}

static void decode_field(uint32_t word, uint32_t base, struct sfdp_field *field)
{
    uint32_t local = sfdp_bits(word, 23, 16);

    field->write_opcode = (uint8_t)sfdp_bits(word, 7, 0);
    field->read_opcode = (uint8_t)sfdp_bits(word, 15, 8);
    field->bit = (uint8_t)sfdp_bits(word, 26, 24);
    field->addressed = sfdp_bit(word, 28);
    field->addr = base + (sfdp_bit(word, 27) ? local << 8 : local);
    field->valid = sfdp_bit(word, 31);
    field->width = 1;
    field->inverted = sfdp_bit(word, 30);
}

/* Dummy counts have their width in the place of the polarity, drive strengths in that of both. */
static void decode_width(uint32_t word, enum sfdp_field_kind kind, struct sfdp_field *field)
{
    if (kind == SFDP_FIELD_DUMMY || kind == SFDP_FIELD_DUMMY_NV) {
        field->width = (uint8_t)(sfdp_bits(word, 30, 29) + 2);
        field->inverted = false;
    } else if (kind == SFDP_FIELD_DRIVE || kind == SFDP_FIELD_DRIVE_NV) {
        field->width = (uint8_t)sfdp_bits(word, 31, 30);
        field->valid = field->width != 0;
        field->inverted = false;
    }
}

static void decode_fields(const struct sfdp_view *view, struct sfdp_registers *registers)
{
    static const struct {
        uint8_t dword;
        bool is_nonvolatile;
    } places[SFDP_FIELDS] = {[SFDP_FIELD_BUSY] = {5, false},
        [SFDP_FIELD_WRITE_ENABLE] = {6, false},
        [SFDP_FIELD_PROGRAM_FAIL] = {7, false},
        [SFDP_FIELD_ERASE_FAIL] = {8, false},
        [SFDP_FIELD_DUMMY] = {9, false},
        [SFDP_FIELD_DUMMY_NV] = {10, true},
        [SFDP_FIELD_QPI] = {14, false},
        [SFDP_FIELD_QPI_NV] = {15, true},
        [SFDP_FIELD_OCTAL] = {16, false},
        [SFDP_FIELD_OCTAL_NV] = {17, true},
        [SFDP_FIELD_DTR] = {18, false},
        [SFDP_FIELD_DTR_NV] = {19, true},
        [SFDP_FIELD_8S] = {20, false},
        [SFDP_FIELD_8S_NV] = {21, true},
        [SFDP_FIELD_8D] = {22, false},
        [SFDP_FIELD_8D_NV] = {23, true},
        [SFDP_FIELD_POWER_DOWN] = {24, false},
        [SFDP_FIELD_POWER_DOWN_NV] = {25, true},
        [SFDP_FIELD_DRIVE] = {26, false},
        [SFDP_FIELD_DRIVE_NV] = {27, true}};

    for (size_t i = 0; i < SFDP_FIELDS; i++) {
        uint32_t word = sfdp_dword(view, places[i].dword);
        uint32_t base =
            places[i].is_nonvolatile ? registers->nonvolatile_base : registers->volatile_base;

        decode_field(word, base, &registers->fields[i]);
        decode_width(word, (enum sfdp_field_kind)i, &registers->fields[i]);
    }
}

/* Five counts in a dword, the highest on top: a valid bit and a code each. */
static void decode_dummy_codes(const struct sfdp_view *view, struct sfdp_registers *registers)
{
    for (unsigned i = 0; i < SFDP_DUMMY_CODES; i++) {
        uint32_t word = sfdp_dword(view, FIRST_PATTERN_DWORD + i / 5);
        unsigned top = 31 - 6 * (i % 5);

        registers->dummy_codes[i] =
            sfdp_bit(word, top) ? (uint8_t)sfdp_bits(word, top - 1, top - 5) : SFDP_NO_CODE;
    }
}

void sfdp_registers_decode(const struct sfdp_view *view, struct sfdp *sfdp)
{
    struct sfdp_registers *registers = &sfdp->registers;

    registers->present = true;
    registers->volatile_base = sfdp_dword(view, 1);
    registers->nonvolatile_base = sfdp_dword(view, 2);
    decode_access(sfdp_dword(view, 3), &registers->volatile_access);
    decode_access(sfdp_dword(view, 4), &registers->nonvolatile_access);
    decode_fields(view, registers);
    decode_dummy_codes(view, registers);
    for (unsigned i = 0; i < SFDP_DRIVE_TYPES; i++) {
        registers->drive_codes[i] =
            (uint8_t)sfdp_bits(sfdp_dword(view, DRIVE_DWORD), 30 - 3 * i, 28 - 3 * i);
    }
}

void sfdp_dies_decode(const struct sfdp_view *view, struct sfdp *sfdp)
{
    struct sfdp_registers *registers = &sfdp->registers;

    for (size_t at = 1; at < view->dwords && registers->die_count < SFDP_MAX_DIES; at += 2) {
        registers->die_volatile_base[registers->die_count] = sfdp_dword(view, at);
        registers->die_nonvolatile_base[registers->die_count] = sfdp_dword(view, at + 1);
        registers->die_count++;
    }
}

bool sfdp_dummy_code(const struct sfdp *sfdp, unsigned cycles, uint8_t *code)
{
    unsigned i = (MOST_DUMMY_CYCLES - cycles) / 2;

    *code = SFDP_NO_CODE;
    if (sfdp->registers.present && cycles % 2 == 0 && cycles >= 2 && cycles <= MOST_DUMMY_CYCLES) {
        *code = sfdp->registers.dummy_codes[i];
    }
    return *code != SFDP_NO_CODE;
}
