/* SFDP as text for people. */
#include "host/board/sfdp.h"
#include "host/board/text_buffer.h"

#include <inttypes.h>

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

static void add_octal(struct text_buffer *text, const struct sfdp *sfdp)
{
    static const char *const extensions[] = {"repeated", "inverted", "reserved", "16-bit"};

    if (sfdp->max_hz_8s == 0 && sfdp->max_hz_8d == 0) {
        return;
    }
    text_buffer_add(text, "octal: 8S up to %" PRIu32 " MHz, 8D up to %" PRIu32 " MHz",
        sfdp->max_hz_8s / 1000000, sfdp->max_hz_8d / 1000000);
    if (sfdp->octal_read_opcode != 0) {
        text_buffer_add(text, ", 8D read %02Xh", sfdp->octal_read_opcode);
    }
    if (sfdp->command_extension < 4) {
        text_buffer_add(text, ", second opcode byte %s", extensions[sfdp->command_extension]);
    }
    text_buffer_add(text, "%s\n", sfdp->swaps_bytes_8d ? ", byte pairs swapped in 8D" : "");
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
    for (size_t i = 0; i < 4; i++) {
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
    add_octal(&text, sfdp);
    return text_buffer_finish(&text, out, err);
}
