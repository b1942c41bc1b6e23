/* SFDP headers, and which table is decoded by whom. Facts: memories.md 4.1, safety rules 4.9. */
#include "host/base/bytes.h"
#include "host/board/sfdp_tables.h"

#include <string.h>

enum {
    SIGNATURE = 0x50444653, /* "SFDP" */
    HEADER_BYTES = 8,
    TABLE_BASIC = 0xFF00,
    BASIC_MIN_DWORDS = 9,
    MAX_EXTENT_BYTES = 8192 /* the longest known ends at 612: a wild pointer must not cost a read
                               of 16 MB */
};

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
    if (sfdp->table_count > SFDP_TABLE_LIMIT) {
        sfdp->table_count = SFDP_TABLE_LIMIT;
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

/* Whether `table` is to be preferred: the newest, then the longest. */
static bool is_better(const struct sfdp_table *table, const struct sfdp_table *best)
{
    return best == NULL || table->minor > best->minor ||
           (table->minor == best->minor && table->dword_count > best->dword_count);
}

/* The best table of this id whose bytes are there; an old and a new basic table may stand side by
 * side. */
static const struct sfdp_table *find_table(const struct bytes *input, const struct sfdp *sfdp,
    uint16_t id, size_t min_dwords, struct sfdp_view *view)
{
    const struct sfdp_table *best = NULL;

    for (size_t i = 0; i < sfdp->table_count; i++) {
        const struct sfdp_table *table = &sfdp->tables[i];

        if (table->id == id && table->major == 1 && table->dword_count >= min_dwords &&
            is_better(table, best) &&
            bytes_at(input, table->offset, (size_t)table->dword_count * 4) != NULL) {
            best = table;
        }
    }
    if (best != NULL) {
        view->bytes = bytes_at(input, best->offset, (size_t)best->dword_count * 4);
        view->dwords = best->dword_count;
    }
    return best;
}

static bool decode_basic(const struct bytes *input, struct sfdp *sfdp, struct error *err)
{
    struct sfdp_view view = {0};
    const struct sfdp_table *table = find_table(input, sfdp, TABLE_BASIC, BASIC_MIN_DWORDS, &view);

    if (table == NULL) {
        return error_set(err, ERROR_MEMORY_BUS_CORRUPT, "SFDP: there is no basic table");
    }
    sfdp->basic_minor = table->minor;
    sfdp->basic_dwords = table->dword_count;
    sfdp_octal_decode(&view, sfdp);
    return sfdp_basic_decode(&view, sfdp, err);
}

/* A map or a list of dies that is announced but not there is known to be missing. */
static void decode_others(const struct bytes *input, struct sfdp *sfdp)
{
    static const struct {
        uint16_t id;
        uint8_t min_dwords;
        void (*decode)(const struct sfdp_view *view, struct sfdp *sfdp);
    } decoders[] = {{0xFF84, 2, sfdp_four_byte_decode}, {0xFF05, 5, sfdp_xspi_decode},
        {0xFF87, 4, sfdp_registers_decode}, {0xFF88, 2, sfdp_dies_decode},
        {0xFF81, 2, sfdp_map_decode}, {0xFF0A, 2, sfdp_sequence_decode}};

    for (size_t i = 0; i < sfdp->table_count; i++) {
        sfdp->sector_map.present = sfdp->sector_map.present || sfdp->tables[i].id == 0xFF81;
    }
    for (size_t i = 0; i < sizeof decoders / sizeof decoders[0]; i++) {
        struct sfdp_view view = {0};

        if (find_table(input, sfdp, decoders[i].id, decoders[i].min_dwords, &view) != NULL) {
            decoders[i].decode(&view, sfdp);
        }
    }
}

bool sfdp_decode(const uint8_t *data, size_t count, struct sfdp *sfdp, struct error *err)
{
    struct bytes input = {.data = data, .size_bytes = count};

    memset(sfdp, 0, sizeof *sfdp);
    if (!decode_header(&input, sfdp, err) || !decode_table_headers(&input, sfdp, err) ||
        !decode_basic(&input, sfdp, err)) {
        return false;
    }
    decode_others(&input, sfdp);
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
