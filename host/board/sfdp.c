/* JESD216 decoding. Field positions: JESD216F as listed in the reference of this project, checked
 * against published dumps (tests/data/sfdp). Length, not revision, says which DWORDs exist. */
#include "host/board/sfdp.h"

#include "common/le.h"
#include "host/base/bytes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    SIGNATURE = 0x50444653, /* "SFDP" */
    HEADER_BYTES = 8,
    TABLE_BASIC = 0xFF00,
    TABLE_FOUR_BYTE = 0xFF84,
    TABLE_XSPI = 0xFF05,
    TABLE_SECTOR_MAP = 0xFF81,
    BASIC_MIN_DWORDS = 9,
    MAX_EXTENT_BYTES = 8192, /* the longest known ends at 612: a wild pointer must not cost a read
                                of 16 MB */
    MAX_TABLES = sizeof(((struct sfdp *)0)->tables) / sizeof(struct sfdp_table)
};

/* A table inside the bytes; dword 1 is the first, as in the standard. */
struct table_view {
    const uint8_t *bytes;
    size_t dwords;
};

static uint32_t dword(const struct table_view *view, size_t number)
{
    return number <= view->dwords ? le_get32(view->bytes + 4 * (number - 1)) : 0;
}

static uint32_t bits(uint32_t word, unsigned high, unsigned low)
{
    return word >> low & (uint32_t)((UINT64_C(1) << (high - low + 1)) - 1);
}

/* ---- headers ---- */

static bool all_equal(const uint8_t *bytes, size_t count, uint8_t value)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] != value) {
            return false;
        }
    }
    return true;
}

static bool decode_header(const struct bytes *input, struct sfdp *sfdp, struct error *err)
{
    const uint8_t *header = bytes_at(input, 0, HEADER_BYTES);

    if (header == NULL) {
        return error_set(err, ERROR_MEMORY_BUS_CORRUPT, "SFDP: %zu bytes are too few for a header",
            input->size_bytes);
    }
    if (all_equal(header, HEADER_BYTES, 0xFF) || all_equal(header, HEADER_BYTES, 0)) {
        return error_set(err, ERROR_MEMORY_NO_ID, "SFDP: the memory answers only %02X", header[0]);
    }
    if (le_get32(header) != SIGNATURE) {
        return error_set(err, ERROR_MEMORY_BUS_CORRUPT,
            "SFDP: signature %02X %02X %02X %02X instead of 53 46 44 50", header[0], header[1],
            header[2], header[3]);
    }
    sfdp->minor = header[4];
    sfdp->major = header[5];
    sfdp->access_protocol = header[7];
    sfdp->table_count = (size_t)header[6] + 1;
    if (sfdp->major != 1) {
        return error_set(
            err, ERROR_MEMORY_BUS_CORRUPT, "SFDP: major revision %u is unknown", sfdp->major);
    }
    return true;
}

static bool decode_table_headers(const struct bytes *input, struct sfdp *sfdp, struct error *err)
{
    if (sfdp->table_count > MAX_TABLES) {
        sfdp->table_count = MAX_TABLES;
    }
    for (size_t i = 0; i < sfdp->table_count; i++) {
        const uint8_t *header = bytes_at(input, HEADER_BYTES * (i + 1), HEADER_BYTES);

        if (header == NULL) {
            return error_set(err, ERROR_MEMORY_BUS_CORRUPT,
                "SFDP: %zu tables announced, but the data end after %zu bytes", sfdp->table_count,
                input->size_bytes);
        }
        sfdp->tables[i].id = (uint16_t)(header[7] << 8 | header[0]);
        sfdp->tables[i].minor = header[1];
        sfdp->tables[i].major = header[2];
        sfdp->tables[i].dword_count = header[3];
        sfdp->tables[i].offset = le_get32(header + 4) & 0xFFFFFF;
    }
    return true;
}

/* The newest, then the longest table of this id whose bytes are there. */
static bool find_table(
    const struct bytes *input, const struct sfdp *sfdp, uint16_t id, struct table_view *view)
{
    const struct sfdp_table *best = NULL;

    for (size_t i = 0; i < sfdp->table_count; i++) {
        const struct sfdp_table *table = &sfdp->tables[i];
        bool newer = best == NULL || table->minor > best->minor ||
                     (table->minor == best->minor && table->dword_count > best->dword_count);

        if (table->id == id && table->major == 1 && table->dword_count > 0 && newer &&
            bytes_at(input, table->offset, (size_t)table->dword_count * 4) != NULL) {
            best = table;
        }
    }
    if (best == NULL) {
        return false;
    }
    view->bytes = bytes_at(input, best->offset, (size_t)best->dword_count * 4);
    view->dwords = best->dword_count;
    return true;
}

/* ---- basic table ---- */

static bool decode_density(const struct table_view *basic, struct sfdp *sfdp, struct error *err)
{
    uint32_t word = dword(basic, 2);
    uint64_t size_bits = (uint64_t)word + 1;

    if (bits(word, 31, 31) != 0) {
        uint32_t exponent = bits(word, 30, 0);

        size_bits = exponent < 40 ? UINT64_C(1) << exponent : 0;
    }
    sfdp->size_bytes = size_bits / 8;
    if (sfdp->size_bytes < 65536 || sfdp->size_bytes >= UINT64_C(1) << 33) {
        return error_set(err, ERROR_MEMORY_BUS_CORRUPT,
            "SFDP: density word 0x%08" PRIX32 " makes no sense", word);
    }
    return true;
}

static bool decode_erase_types(const struct table_view *basic, struct sfdp *sfdp, struct error *err)
{
    static const uint32_t units_us[] = {1000, 16000, 128000, 1000000};
    uint32_t times = dword(basic, 10);
    uint32_t multiplier = 2 * (bits(times, 3, 0) + 1);

    for (unsigned i = 0; i < 4; i++) {
        uint32_t word = dword(basic, i < 2 ? 8 : 9) >> (i % 2 * 16);
        uint32_t exponent = bits(word, 7, 0);

        if (exponent == 0) {
            continue;
        }
        if (exponent >= 32) {
            return error_set(err, ERROR_MEMORY_BUS_CORRUPT,
                "SFDP: erase type %u has the size 2^%" PRIu32, i + 1, exponent);
        }
        sfdp->erase[i].size_bytes = UINT32_C(1) << exponent;
        sfdp->erase[i].opcode = (uint8_t)bits(word, 15, 8);
        if (basic->dwords >= 10) {
            uint32_t count = bits(times, 4 + 7 * i + 4, 4 + 7 * i) + 1;

            sfdp->erase[i].typical_us = count * units_us[bits(times, 4 + 7 * i + 6, 9 + 7 * i)];
            sfdp->erase[i].max_us = multiplier * sfdp->erase[i].typical_us;
        }
    }
    return true;
}

static void decode_program(const struct table_view *basic, struct sfdp *sfdp)
{
    static const uint32_t chip_units_ms[] = {16, 256, 4000, 64000};
    uint32_t word = dword(basic, 11);
    uint32_t erase_multiplier = 2 * (bits(dword(basic, 10), 3, 0) + 1);

    sfdp->page_bytes = 256; /* before revision A there is no field */
    if (basic->dwords < 11) {
        return;
    }
    if (bits(word, 7, 4) != 0) {
        sfdp->page_bytes = UINT32_C(1) << bits(word, 7, 4);
    }
    sfdp->program_typical_us = (bits(word, 12, 8) + 1) * (bits(word, 13, 13) != 0 ? 64 : 8);
    sfdp->program_max_us = 2 * (bits(word, 3, 0) + 1) * sfdp->program_typical_us;
    sfdp->chip_erase_typical_us =
        (uint64_t)(bits(word, 28, 24) + 1) * chip_units_ms[bits(word, 30, 29)] * 1000;
    sfdp->chip_erase_max_us = sfdp->chip_erase_typical_us * erase_multiplier;
}

/* Clock codes of DWORD 20; 0 when the table does not say or the mode is not there. */
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

static void decode_octal(const struct table_view *basic, struct sfdp *sfdp)
{
    uint32_t clocks = dword(basic, 20);

    sfdp->command_extension = 0xFF;
    if (basic->dwords >= 18) {
        sfdp->swaps_bytes_8d = bits(dword(basic, 18), 31, 31) != 0;
        sfdp->command_extension = (uint8_t)bits(dword(basic, 18), 30, 29);
    }
    sfdp->max_hz_8s = clock_of_code(bits(clocks, 19, 16));
    sfdp->max_hz_8d = clock_of_code(bits(clocks, 31, 28)); /* with the strobe */
    if (sfdp->max_hz_8d == 0) {
        sfdp->max_hz_8d = clock_of_code(bits(clocks, 27, 24));
    }
}

static bool decode_basic(const struct table_view *basic, struct sfdp *sfdp, struct error *err)
{
    sfdp->basic_dwords = (uint8_t)basic->dwords;
    sfdp->addr_mode = (uint8_t)bits(dword(basic, 1), 18, 17);
    sfdp->quad_enable = (uint8_t)bits(dword(basic, 15), 22, 20);
    sfdp->enter_four_byte = (uint8_t)bits(dword(basic, 16), 31, 24);
    decode_program(basic, sfdp);
    decode_octal(basic, sfdp);
    return decode_density(basic, sfdp, err) && decode_erase_types(basic, sfdp, err);
}

/* ---- other tables ---- */

static void decode_four_byte(const struct table_view *table, struct sfdp *sfdp)
{
    uint32_t ops = dword(table, 1);
    uint32_t erase = dword(table, 2);

    /* Bits from 20 up were reserved ones before revision C: phantom octal support. */
    if (bits(ops, 31, 20) == 0xFFF && sfdp->basic_dwords < 17) {
        ops = bits(ops, 19, 0);
    }
    sfdp->four_byte_ops = ops;
    sfdp->has_four_byte_table = bits(ops, 19, 0) != 0;
    for (unsigned i = 0; i < 4; i++) {
        uint8_t opcode = (uint8_t)bits(erase, 8 * i + 7, 8 * i);

        if ((ops >> (9 + i) & 1) != 0 && opcode != 0xFF) {
            sfdp->four_byte_erase[i] = opcode;
        }
    }
}

bool sfdp_decode(const uint8_t *data, size_t count, struct sfdp *sfdp, struct error *err)
{
    struct bytes input = {.data = data, .size_bytes = count};
    struct table_view view = {0};

    memset(sfdp, 0, sizeof *sfdp);
    if (!decode_header(&input, sfdp, err) || !decode_table_headers(&input, sfdp, err)) {
        return false;
    }
    if (!find_table(&input, sfdp, TABLE_BASIC, &view) || view.dwords < BASIC_MIN_DWORDS) {
        return error_set(err, ERROR_MEMORY_BUS_CORRUPT, "SFDP: there is no basic table");
    }
    if (!decode_basic(&view, sfdp, err)) {
        return false;
    }
    if (find_table(&input, sfdp, TABLE_FOUR_BYTE, &view)) {
        decode_four_byte(&view, sfdp);
    }
    if (find_table(&input, sfdp, TABLE_XSPI, &view)) {
        sfdp->octal_read_opcode = (uint8_t)bits(dword(&view, 1), 15, 8);
    }
    for (size_t i = 0; i < sfdp->table_count; i++) {
        sfdp->has_sector_map = sfdp->has_sector_map || sfdp->tables[i].id == TABLE_SECTOR_MAP;
    }
    return true;
}

bool sfdp_extent(const uint8_t *data, size_t count, size_t *extent_bytes, struct error *err)
{
    struct bytes input = {.data = data, .size_bytes = count};
    struct sfdp sfdp = {0};
    size_t extent = 0;

    *extent_bytes = 0;
    if (!decode_header(&input, &sfdp, err) || !decode_table_headers(&input, &sfdp, err)) {
        return false;
    }
    extent = HEADER_BYTES * (sfdp.table_count + 1);
    for (size_t i = 0; i < sfdp.table_count; i++) {
        size_t end = sfdp.tables[i].offset + (size_t)sfdp.tables[i].dword_count * 4;

        if (end > extent && end <= MAX_EXTENT_BYTES) {
            extent = end;
        }
    }
    *extent_bytes = extent;
    return true;
}
