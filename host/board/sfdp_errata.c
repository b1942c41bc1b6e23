/* Applies SFDP errata: what is known of a chip goes before what its table says. */
#include "host/board/sfdp_errata.h"

#include "host/board/sfdp_errata_read.h"

#include <string.h>

static bool has_table(const struct sfdp *sfdp, uint16_t id)
{
    for (size_t i = 0; i < sfdp->table_count; i++) {
        if (sfdp->tables[i].id == id) {
            return true;
        }
    }
    return false;
}

static uint32_t named_reads(const struct sfdp *sfdp)
{
    uint32_t bits = 0;

    for (size_t i = 0; i < SFDP_READ_MODES; i++) {
        bits |= sfdp->reads[i].opcode != 0 ? UINT32_C(1) << i : 0;
    }
    return bits;
}

static bool applies(const struct sfdp_erratum_when *when, const uint8_t *id, size_t id_bytes,
    const struct sfdp *sfdp)
{
    return when->id_bytes <= id_bytes && memcmp(when->id, id, when->id_bytes) == 0 &&
           sfdp->basic_minor >= when->minor_min && sfdp->basic_minor <= when->minor_max &&
           (named_reads(sfdp) & when->reads) == when->reads &&
           (when->vendor_table == 0 || has_table(sfdp, when->vendor_table)) &&
           (!when->only_phantom || sfdp->four_byte_is_phantom);
}

/* The opcode that erases the same with a 4-byte address. */
static uint8_t with_4_bytes(uint8_t opcode)
{
    static const uint8_t pairs[][2] = {{0x20, 0x21}, {0x52, 0x5C}, {0xD8, 0xDC}};

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        if (pairs[i][0] == opcode) {
            return pairs[i][1];
        }
    }
    return opcode;
}

static void correct_erase(const struct sfdp_erratum_erase *erase, struct sfdp *sfdp)
{
    for (size_t type = 0; type < SFDP_ERASE_TYPES; type++) {
        if (sfdp->erase[type].size_bytes != erase->size_bytes) {
            continue;
        }
        if (erase->four_byte_opcode != 0) {
            sfdp->four_byte_erase[type] = erase->four_byte_opcode;
        }
        if (sfdp->erase[type].max_us < erase->max_us) {
            sfdp->erase[type].max_us = erase->max_us;
        }
    }
}

static void correct_addresses(const struct sfdp_erratum_then *then, struct sfdp *sfdp)
{
    sfdp->four_byte_ops |= then->four_byte_ops;
    sfdp->enter_four_byte |= then->enter_four_byte;
    sfdp->leaves_extended_address |= then->leaves_extended_address;
    if (then->has_addr_mode) {
        sfdp->addr_mode = then->addr_mode;
    }
    for (size_t type = 0; type < SFDP_ERASE_TYPES && then->erase_opcodes_are_3_byte; type++) {
        sfdp->four_byte_erase[type] = with_4_bytes(sfdp->four_byte_erase[type]);
    }
}

static void correct_times(const struct sfdp_erratum_then *then, struct sfdp *sfdp)
{
    if (then->program_max_us > sfdp->program_max_us) {
        sfdp->program_max_us = then->program_max_us;
    }
    if (then->erase_gap_us > sfdp->suspend.erase_gap_us) {
        sfdp->suspend.erase_gap_us = then->erase_gap_us;
    }
}

static void correct_octal(const struct sfdp_erratum_then *then, struct sfdp *sfdp)
{
    if (then->octal_read != 0) {
        sfdp->xspi.read_opcode = then->octal_read;
    }
    if (then->status_addr_bytes != 0) {
        sfdp->xspi.status_addr_bytes = then->status_addr_bytes;
    }
    if (then->sequence_value != 0 && sfdp->sequence_count > 0) {
        struct sfdp_command *last = &sfdp->sequence[sfdp->sequence_count - 1];

        last->bytes[last->count - 1] = then->sequence_value;
    }
}

static void correct(const struct sfdp_erratum_then *then, struct sfdp *sfdp)
{
    for (size_t i = 0; i < then->erase_count; i++) {
        correct_erase(&then->erase[i], sfdp);
    }
    correct_addresses(then, sfdp);
    correct_times(then, sfdp);
    correct_octal(then, sfdp);
    if (then->has_quad_enable) {
        sfdp->quad.enable = (enum sfdp_quad_enable)then->quad_enable;
    }
    if (then->status_write_bytes != 0) {
        sfdp->status_write_bytes = then->status_write_bytes;
    }
    sfdp->size_is_doubtful |= then->size_is_doubtful;
    for (size_t i = 0; i < SFDP_READ_MODES; i++) {
        if ((then->drop_reads >> i & 1) != 0) {
            memset(&sfdp->reads[i], 0, sizeof sfdp->reads[i]);
        }
    }
}

size_t sfdp_errata_apply(
    const struct sfdp_errata *errata, const uint8_t *id, size_t id_bytes, struct sfdp *sfdp)
{
    size_t count = 0;

    for (size_t i = 0; i < errata->count; i++) {
        if (applies(&errata->entries[i].when, id, id_bytes, sfdp)) {
            correct(&errata->entries[i].then, sfdp);
            count++;
        }
    }
    return count;
}

bool sfdp_to_part(const struct sfdp *sfdp, const uint8_t *id, size_t id_bytes, struct part *part,
    struct error *err)
{
    struct sfdp corrected = *sfdp;
    struct sfdp_errata *errata = NULL;

    if (!sfdp_errata_load(&errata, err)) {
        return false;
    }
    (void)sfdp_errata_apply(errata, id, id_bytes, &corrected);
    sfdp_errata_free(errata);
    return sfdp_make_part(&corrected, id, id_bytes, part, err);
}
