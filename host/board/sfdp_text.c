/* SFDP as text for people. */
#include "host/board/sfdp_tables.h"
#include "host/board/text_buffer.h"

#include <inttypes.h>

const char *const sfdp_read_names[SFDP_READ_MODES + 1] = {[SFDP_1S_1S_2S] = "1S-1S-2S",
    [SFDP_1S_2S_2S] = "1S-2S-2S",
    [SFDP_2S_2S_2S] = "2S-2S-2S",
    [SFDP_1S_1S_4S] = "1S-1S-4S",
    [SFDP_1S_4S_4S] = "1S-4S-4S",
    [SFDP_4S_4S_4S] = "4S-4S-4S",
    [SFDP_1S_1S_8S] = "1S-1S-8S",
    [SFDP_1S_8S_8S] = "1S-8S-8S",
    [SFDP_1S_1D_1D] = "1S-1D-1D",
    [SFDP_1S_2D_2D] = "1S-2D-2D",
    [SFDP_1S_4D_4D] = "1S-4D-4D",
    [SFDP_4S_4D_4D] = "4S-4D-4D"};

static const char *table_name(uint16_t id)
{
    static const struct {
        uint16_t id;
        const char *name;
    } names[] = {{0xFF00, "basic"}, {0xFF81, "sector map"}, {0xFF03, "RPMC"},
        {0xFF84, "4-byte addresses"}, {0xFF05, "xSPI profile 1"}, {0xFF06, "xSPI profile 2"},
        {0xFF87, "status and control registers"}, {0xFF88, "registers, several dies"},
        {0xFF09, "registers, xSPI profile 2"}, {0xFF0A, "sequence to 8D-8D-8D"}, {0xFF8B, "MSPT"},
        {0xFF0C, "x4 quad with strobe"}, {0xFF8D, "sequence to 4S-4D-4D"},
        {0xFF8E, "secure packet"}};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i].id == id) {
            return names[i].name;
        }
    }
    return "of the maker";
}

/* The higher of the clocks with and without the strobe. */
static uint32_t highest_mhz(const struct sfdp *sfdp, enum sfdp_clock without)
{
    const uint32_t *hz = &sfdp->octal.max_hz[without];

    return (hz[0] > hz[1] ? hz[0] : hz[1]) / 1000000;
}

static void add_octal(struct text_buffer *text, const struct sfdp *sfdp)
{
    static const char *const extensions[] = {"repeated", "inverted", "reserved", "16-bit"};
    uint32_t str_mhz = highest_mhz(sfdp, SFDP_CLOCK_8S);
    uint32_t dtr_mhz = highest_mhz(sfdp, SFDP_CLOCK_8D);

    if (str_mhz == 0 && dtr_mhz == 0) {
        return;
    }
    text_buffer_add(
        text, "octal: 8S up to %" PRIu32 " MHz, 8D up to %" PRIu32 " MHz", str_mhz, dtr_mhz);
    if (sfdp->xspi.read_opcode != 0) {
        text_buffer_add(text, ", 8D read %02Xh", sfdp->xspi.read_opcode);
    }
    if (sfdp->octal.command_extension < 4) {
        text_buffer_add(text, ", second opcode byte %s", extensions[sfdp->octal.command_extension]);
    }
    text_buffer_add(text, "%s\n", sfdp->octal.swaps_bytes_8d ? ", byte pairs swapped in 8D" : "");
}

static void add_reads(struct text_buffer *text, const struct sfdp *sfdp)
{
    for (size_t i = 0; i < SFDP_READ_MODES; i++) {
        const struct sfdp_read *read = &sfdp->reads[i];

        if (read->opcode != 0) {
            text_buffer_add(text, "read %s: %02Xh, %u mode and %u dummy clocks\n",
                sfdp_read_names[i], read->opcode, read->mode_clocks, read->wait_clocks);
        }
    }
}

static void add_quad_enable(struct text_buffer *text, const struct sfdp *sfdp)
{
    static const char *const places[] = {[SFDP_QUAD_NONE] = "not needed",
        [SFDP_QUAD_SR2_1_BY_2_BYTES] = "bit 1 of status 2, written with two bytes",
        [SFDP_QUAD_SR1_6] = "bit 6 of status 1",
        [SFDP_QUAD_SR2_7_BY_3E] = "bit 7 of status 2, by 3Eh",
        [SFDP_QUAD_SR2_1_1_BYTE_SAFE] = "bit 1 of status 2",
        [SFDP_QUAD_SR2_1_READ_35] = "bit 1 of status 2, read by 35h",
        [SFDP_QUAD_SR2_1_BY_31] = "bit 1 of status 2, by 31h",
        [SFDP_QUAD_UNKNOWN] = "not named"};

    if (sfdp->reads[SFDP_1S_1S_4S].opcode != 0 || sfdp->reads[SFDP_1S_4S_4S].opcode != 0) {
        text_buffer_add(text, "quad enable: %s\n", places[sfdp->quad.enable]);
    }
}

bool sfdp_describe(const struct sfdp *sfdp, char **out, struct error *err)
{
    struct text_buffer text = {0};

    text_buffer_add(&text, "SFDP %u.%u, access protocol %02Xh, %zu tables:\n", sfdp->major,
        sfdp->minor, sfdp->access_protocol, sfdp->table_count);
    for (size_t i = 0; i < sfdp->table_count; i++) {
        const struct sfdp_table *table = &sfdp->tables[i];

        text_buffer_add(&text, "  %04X %u.%u, %u dwords at 0x%" PRIX32 ": %s\n", table->id,
            table->major, table->minor, table->dword_count, table->offset, table_name(table->id));
    }
    text_buffer_add(&text, "size %" PRIu64 " KiB, page %" PRIu32 " bytes\n",
        sfdp->size_bytes / 1024, sfdp->page_bytes);
    for (size_t i = 0; i < SFDP_ERASE_TYPES; i++) {
        if (sfdp->erase[i].size_bytes != 0) {
            text_buffer_add(&text,
                "erase %" PRIu32 " KiB: %02Xh, typically %" PRIu32 " ms, at most %" PRIu32 " ms\n",
                sfdp->erase[i].size_bytes / 1024, sfdp->erase[i].opcode,
                sfdp->erase[i].typical_us / 1000, sfdp->erase[i].max_us / 1000);
        }
    }
    text_buffer_add(&text,
        "chip erase: typically %" PRIu64 " ms, at most %" PRIu64 " ms\n"
        "page program: typically %" PRIu32 " us, at most %" PRIu32 " us\n",
        sfdp->chip_erase_typical_us / 1000, sfdp->chip_erase_max_us / 1000,
        sfdp->program_typical_us, sfdp->program_max_us);
    add_reads(&text, sfdp);
    add_quad_enable(&text, sfdp);
    add_octal(&text, sfdp);
    return text_buffer_finish(&text, out, err);
}
