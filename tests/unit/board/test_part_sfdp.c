/* Part files against the SFDP tables of the same chips: two readings of one silicon. */
#include "abi/bus_op.h"
#include "sfdp_dumps.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

/* A part file and the dump of the same chip, or of its sister with another supply. */
static const struct {
    const char *part;
    const char *dump;
} pairs[] = {{"MX25UW25645G", "macronix_mx25uw25645g"}, {"MX25UW51245G", "macronix_mx25uw51245g"},
    {"MX25LM51245G", "macronix_mx25lm51245g"}, {"MX66UW1G45G", "macronix_mx66uw1g45g"},
    {"W25Q128JV", "winbond_w25q128jv"}, {"MT25QU512", "micron_mt25qu512a"},
    {"MT25QL512", "micron_mt25qu512a"}, {"IS25WP256", "issi_is25wp256"}};

static struct part load(const char *name)
{
    struct part part;
    struct error err = {0};

    cr_assert(part_load(name, &part, &err), "%s", err.message);
    return part;
}

static uint32_t clamped(uint64_t duration_us)
{
    return duration_us > UINT32_MAX ? UINT32_MAX : (uint32_t)duration_us;
}

static void check_sizes(const struct part *part, const struct sfdp *sfdp)
{
    cr_assert_eq(part->size_bytes, sfdp->size_bytes, "%s", part->name);
    cr_assert_eq(part->page_bytes, sfdp->page_bytes, "%s", part->name);
    cr_assert_eq(part->program_typical_us, sfdp->program_typical_us, "%s", part->name);
    cr_assert_eq(part->program_max_us, sfdp->program_max_us, "%s", part->name);
    cr_assert_eq(
        part->chip_erase_typical_us, clamped(sfdp->chip_erase_typical_us), "%s", part->name);
    cr_assert_eq(part->chip_erase_max_us, clamped(sfdp->chip_erase_max_us), "%s", part->name);
}

/* The opcode with the address length of the file. */
static uint8_t erase_opcode(const struct sfdp *sfdp, size_t type, unsigned addr_bytes)
{
    if (addr_bytes == 3) {
        return sfdp->erase[type].opcode;
    }
    return sfdp->four_byte_erase[type];
}

static void check_erase(const struct part *part, const struct sfdp *sfdp)
{
    const struct part_mode *mode = part_mode_find(part, "1S-1S-1S");
    size_t types = 0;

    for (size_t type = 0; type < SFDP_ERASE_TYPES; type++) {
        size_t i = 0;

        types += sfdp->erase[type].size_bytes != 0;
        while (i < part->erase_count && part->erase[i].size_bytes != sfdp->erase[type].size_bytes) {
            i++;
        }
        if (sfdp->erase[type].size_bytes != 0) {
            uint8_t opcode = erase_opcode(sfdp, type, mode->erase[i].addr_bytes);

            cr_assert_lt(i, part->erase_count, "%s lacks type %zu", part->name, type);
            cr_assert_eq(part->erase[i].typical_us, sfdp->erase[type].typical_us, "%s", part->name);
            cr_assert_eq(part->erase[i].max_us, sfdp->erase[type].max_us, "%s", part->name);
            /* 0: the table names none, as 5Ch of some; the file has another source */
            cr_assert(opcode == 0 || opcode == mode->erase[i].opcode, "%s", part->name);
        }
    }
    cr_assert_eq(part->erase_count, types, "%s", part->name);
}

static unsigned clocks_before_data(const struct abi_bus_op *op)
{
    unsigned lines = op->alternate_bus & ABI_BUS_LINES_MASK;

    return op->dummy_cycles + (lines == 0 ? 0 : op->alternate_bytes * 8U / lines);
}

static void check_quad(const struct part *part, const struct sfdp *sfdp)
{
    static const struct {
        const char *mode;
        enum sfdp_read_mode read;
    } places[] = {
        {"1S-1S-4S", SFDP_1S_1S_4S}, {"1S-4S-4S", SFDP_1S_4S_4S}, {"4S-4S-4S", SFDP_4S_4S_4S}};

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        const struct part_mode *mode = part_mode_find(part, places[i].mode);
        const struct sfdp_read *read = &sfdp->reads[places[i].read];
        uint8_t long_opcode = sfdp_four_byte_read(sfdp, places[i].read);

        if (mode == NULL) {
            continue;
        }
        cr_assert_neq(read->opcode, 0, "%s has no %s", part->name, places[i].mode);
        cr_assert_eq(clocks_before_data(&mode->read),
            read->mode_clocks + (unsigned)read->wait_clocks, "%s %s", part->name, places[i].mode);
        if (mode->read.addr_bytes == 3) {
            cr_assert_eq(mode->read.opcode, read->opcode, "%s", part->name);
        } else if (long_opcode != 0) {
            cr_assert_eq(mode->read.opcode, long_opcode, "%s", part->name);
        }
    }
}

static void check_quad_enable(const struct part *part, const struct sfdp *sfdp)
{
    static const struct {
        uint8_t mask;
        uint8_t opcode;
    } places[] = {[SFDP_QUAD_NONE] = {0, 0},
        [SFDP_QUAD_SR2_1_BY_2_BYTES] = {2, 0x35},
        [SFDP_QUAD_SR1_6] = {0x40, 0x05},
        [SFDP_QUAD_SR2_7_BY_3E] = {0x80, 0x3F},
        [SFDP_QUAD_SR2_1_1_BYTE_SAFE] = {2, 0x35},
        [SFDP_QUAD_SR2_1_READ_35] = {2, 0x35},
        [SFDP_QUAD_SR2_1_BY_31] = {2, 0x35}};

    cr_assert_neq(sfdp->quad.enable, SFDP_QUAD_UNKNOWN, "%s", part->name);
    cr_assert_eq(part->quad_enable.mask, places[sfdp->quad.enable].mask, "%s", part->name);
    cr_assert_eq(part->quad_enable.read.opcode, places[sfdp->quad.enable].opcode, "%s", part->name);
}

static void check_octal(const struct part *part, const struct sfdp *sfdp)
{
    const struct part_mode *mode = part_mode_find(part, "8D-8D-8D");

    cr_assert_eq(mode != NULL, sfdp->xspi.present, "%s", part->name);
    if (mode == NULL) {
        return;
    }
    cr_assert_eq(mode->read.opcode >> 8, sfdp->xspi.read_opcode, "%s", part->name);
    cr_assert_eq(mode->swaps_bytes, sfdp->octal.swaps_bytes_8d, "%s", part->name);
    cr_assert_eq(mode->max_hz, sfdp->octal.max_hz[SFDP_CLOCK_8D_STROBE], "%s", part->name);
    cr_assert_eq(mode->read_status.addr_bytes, sfdp->xspi.status_addr_bytes, "%s", part->name);
    cr_assert_eq(mode->read_status.dummy_cycles, sfdp->xspi.status_dummy_cycles, "%s", part->name);
    for (size_t i = 0; i < part->dummy_count; i++) {
        const struct part_dummy *dummy = &part->dummies[i];
        uint8_t code = 0;
        bool found = false;

        cr_assert(sfdp_dummy_code(sfdp, dummy->cycles, &code), "%s", part->name);
        cr_assert_eq(code, dummy->code, "%s", part->name);
        for (size_t k = 0; k < SFDP_XSPI_DUMMIES; k++) {
            const struct sfdp_dummy *entry = &sfdp->xspi.dummies[k];

            found = found || (entry->hz == dummy->max_hz && entry->cycles == dummy->cycles &&
                                 entry->code == dummy->code);
        }
        cr_assert(found, "%s: %u clocks at %u Hz", part->name, dummy->cycles, dummy->max_hz);
    }
}

Test(part_sfdp, agree_where_both_exist)
{
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct part part = load(pairs[i].part);
        struct sfdp sfdp = sfdp_of(pairs[i].dump);

        check_sizes(&part, &sfdp);
        check_erase(&part, &sfdp);
        check_quad(&part, &sfdp);
        check_quad_enable(&part, &sfdp);
        check_octal(&part, &sfdp);
    }
}
