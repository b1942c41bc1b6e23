/* Parts made from SFDP alone. */
#include "sfdp_dumps.h"

#include <criterion/criterion.h>

#include <string.h>

Test(sfdp_part, makes_a_part_with_four_byte_opcodes)
{
    static const uint8_t id[3] = {0xC2, 0x81, 0x39};
    struct part part = part_of("macronix_mx25uw25645g", id);
    const struct part_mode *mode = part_mode_find(&part, "1S-1S-1S");

    cr_assert_str_eq(part.name, "SFDP C2 81 39");
    cr_assert_eq(part.size_bytes, 32u << 20);
    cr_assert_eq(part.erase_count, 2);
    cr_assert_eq(part.erase[0].size_bytes, 4096);
    cr_assert_eq(part.erase[0].max_us, 500000);
    cr_assert_not_null(mode);
    cr_assert_eq(mode->read.opcode, 0x0C);
    cr_assert_eq(mode->read.addr_bytes, 4);
    cr_assert_eq(mode->read.dummy_cycles, 8);
    cr_assert_eq(mode->program.opcode, 0x12);
    cr_assert_eq(mode->erase[0].opcode, 0x21);
    cr_assert_eq(mode->erase[1].opcode, 0xDC);
    cr_assert_eq(mode->enter_count, 0);
}

Test(sfdp_part, makes_a_part_with_three_byte_addresses)
{
    static const uint8_t id[3] = {0xEF, 0x40, 0x18};
    struct part part = part_of("winbond_w25q128jv", id);
    const struct part_mode *mode = &part.modes[0];

    cr_assert_eq(part.size_bytes, 16u << 20);
    cr_assert_eq(part.erase_count, 3);
    cr_assert_eq(mode->read.opcode, 0x0B);
    cr_assert_eq(mode->read.addr_bytes, 3);
    cr_assert_eq(mode->program.opcode, 0x02);
    cr_assert_eq(mode->erase[1].opcode, 0x52);
    cr_assert_eq(part.erase[2].size_bytes, 65536);
}

Test(sfdp_part, sorts_erase_types_and_drops_those_without_a_four_byte_opcode)
{
    static const uint8_t id[3] = {0x20, 0xBB, 0x20};
    struct part part = part_of("micron_mt25qu512a", id);

    cr_assert_eq(part.erase_count, 2, "%zu", part.erase_count);
    cr_assert_eq(part.erase[0].size_bytes, 4096);
    cr_assert_eq(part.modes[0].erase[0].opcode, 0x21);
    cr_assert_eq(part.erase[1].size_bytes, 65536);
    cr_assert_eq(part.modes[0].erase[1].opcode, 0xDC);
}

/* Two sizes for one opcode: the larger claim can only leave too little erased, which is found out;
 * the smaller could erase a neighbour's bytes. */
Test(sfdp_part, takes_the_larger_of_two_sizes_with_one_opcode)
{
    static const uint8_t id[3] = {0x34, 0x2B, 0x19};
    struct part part = part_of("infineon_s25fs256t", id);

    cr_assert_eq(part.erase_count, 1);
    cr_assert_eq(part.erase[0].size_bytes, 131072);
    cr_assert_eq(part.page_bytes, 128);
}

Test(sfdp_part, uses_only_the_largest_unit_of_a_part_with_a_sector_map)
{
    static const uint8_t id[3] = {0x34, 0x5B, 0x1C};
    struct part part = part_of("infineon_s28hs02gt", id);

    cr_assert_eq(part.erase_count, 1);
    cr_assert_eq(part.erase[0].size_bytes, 262144);
    cr_assert_eq(part.modes[0].erase[0].opcode, 0xDC);
}

Test(sfdp_part, bounds_times_that_an_old_table_does_not_have)
{
    static const uint8_t id[3] = {0xC2, 0x20, 0x18};
    struct part part = part_of("macronix_mx25l12835f", id);

    cr_assert_eq(part.program_max_us, 10000);
    cr_assert_eq(part.erase[0].max_us, 8000000);
    cr_assert_eq(part.chip_erase_max_us, 650000000);
}

Test(sfdp_part, refuses_a_large_part_without_a_way_to_address_it)
{
    static const uint8_t id[3] = {0xC2, 0x20, 0x19};
    uint8_t bytes[MAX_DUMP_BYTES];
    size_t count = read_dump("qemu_mx25l25635e", bytes);
    struct sfdp sfdp;
    struct part part;
    struct error err = {0};

    cr_assert(sfdp_decode(bytes, count, &sfdp, &err), "%s", err.message);
    cr_assert_not(sfdp_to_part(&sfdp, id, 3, &part, &err));
    cr_assert_eq(err.code, ERROR_MEMORY_WRONG_ID);
    cr_assert_str_eq(err.message,
        "SFDP names no way to address more than 16 MiB of this memory: it needs a part file");
}

/* A table without a page or an erase unit of usable size. */
Test(sfdp_part, refuses_what_cannot_be_worked_with)
{
    static const uint8_t id[3] = {0xEF, 0x40, 0x18};
    struct sfdp sfdp = sfdp_of("winbond_w25q128jv");
    struct part part;
    struct error err = {0};

    cr_assert_not(sfdp_make_part(&sfdp, id, 2, &part, &err));
    cr_assert_eq(err.code, ERROR_INTERNAL);
    err = (struct error){0};
    sfdp.size_bytes += 65536;
    cr_assert_not(sfdp_make_part(&sfdp, id, 3, &part, &err));
    cr_assert_str_eq(err.message, "SFDP: a memory of 16842752 bytes cannot be handled");
    sfdp = sfdp_of("winbond_w25q128jv");
    memset(sfdp.erase, 0, sizeof sfdp.erase);
    sfdp.erase[3] = (struct sfdp_erase){256, 0x81, 0, 0};
    err = (struct error){0};
    cr_assert_not(sfdp_make_part(&sfdp, id, 3, &part, &err));
    cr_assert_str_eq(
        err.message, "SFDP names no usable erase operation of this memory: it needs a part file");
}

Test(sfdp_part, programs_at_most_256_bytes_at_once)
{
    static const uint8_t id[3] = {0x01, 0x02, 0x19};
    struct sfdp sfdp = sfdp_of("winbond_w25q128jv");
    struct part part;
    struct error err = {0};

    sfdp.page_bytes = 512; /* seen on a part whose buffer wraps at 256 */
    cr_assert(sfdp_make_part(&sfdp, id, 3, &part, &err));
    cr_assert_eq(part.page_bytes, 256);
    sfdp.page_bytes = 8;
    cr_assert(sfdp_make_part(&sfdp, id, 3, &part, &err));
    cr_assert_eq(part.page_bytes, 8);
    cr_assert_eq(part.ecc_unit_bytes, 8);
}

Test(sfdp_part, gives_4_bytes_to_a_part_that_knows_nothing_else)
{
    static const uint8_t id[3] = {0xEF, 0x40, 0x18};
    struct sfdp sfdp = sfdp_of("winbond_w25q128jv");
    struct part part;
    struct error err = {0};

    sfdp.addr_mode = 2;
    cr_assert(sfdp_make_part(&sfdp, id, 3, &part, &err));
    cr_assert_eq(part.modes[0].read.opcode, 0x0B);
    cr_assert_eq(part.modes[0].read.addr_bytes, 4);
    cr_assert_eq(part.modes[0].enter_count, 0);
}
