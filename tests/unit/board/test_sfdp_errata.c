/* The errata of SFDP tables (boards/sfdp/errata.json): each row of memories.md 4.8 that has one. */
#include "host/board/sfdp_errata.h"
#include "sfdp_dumps.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

/* ---- errata: rows of memories.md 4.8 ---- */

/* Applies the shipped table to a decoded one; how many entries did. */
static size_t correct(struct sfdp *sfdp, uint8_t maker, uint8_t type, uint8_t capacity)
{
    const uint8_t id[3] = {maker, type, capacity};
    struct sfdp_errata *errata = NULL;
    struct error err = {0};
    size_t count = 0;

    cr_assert(sfdp_errata_load(&errata, &err), "%s", err.message);
    count = sfdp_errata_apply(errata, id, sizeof id, sfdp);
    sfdp_errata_free(errata);
    return count;
}

Test(sfdp_errata, leave_an_honest_table_alone)
{
    struct sfdp sfdp = sfdp_of("macronix_mx25uw25645g");
    struct sfdp before = sfdp;

    cr_assert_eq(correct(&sfdp, 0xC2, 0x81, 0x39), 0);
    cr_assert_arr_eq((const uint8_t *)&sfdp, (const uint8_t *)&before, sizeof sfdp);
}

Test(sfdp_errata, row_1_two_parts_with_one_id)
{
    static const uint8_t id[3] = {0xC2, 0x20, 0x19};
    struct part part = part_of("qemu_mx25l25635f", id);
    struct sfdp sfdp = sfdp_of("qemu_mx25l25635e");

    cr_assert_eq(part.modes[0].program.opcode, 0x12);
    cr_assert_eq(part.modes[0].read.opcode, 0x0C);
    cr_assert_eq(part.erase_count, 2);
    cr_assert_eq(part.modes[0].erase[0].opcode, 0x21);
    cr_assert_eq(part.modes[0].erase[1].opcode, 0xDC);
    cr_assert_eq(correct(&sfdp, 0xC2, 0x20, 0x19), 0, "the older part has no such opcodes");
}

Test(sfdp_errata, row_2_old_and_new_256_mbit_winbond)
{
    static const uint8_t id[3] = {0xEF, 0x40, 0x19};
    struct part part = part_of("qemu_w25q256", id);
    const struct part_mode *mode = &part.modes[0];
    struct sfdp sfdp = sfdp_of("qemu_w25q256");

    cr_assert_eq(mode->program.opcode, 0x02);
    cr_assert_eq(mode->program.addr_bytes, 4);
    cr_assert_eq(mode->enter_count, 1);
    cr_assert_eq(mode->enter[0].op.opcode, 0xB7);
    cr_assert_eq(mode->leave_count, 3, "E9, then the second 16 MiB are left, too");
    cr_assert_eq(mode->leave[0].op.opcode, 0xE9);
    cr_assert_eq(mode->leave[2].op.opcode, 0xC5);
    cr_assert_eq(mode->leave[2].data_count, 1);
    cr_assert_eq(mode->leave[2].data[0], 0);
    cr_assert_eq(mode->leave[2].op.flags, ABI_OP_WRITE);
    sfdp.basic_minor = 5;
    cr_assert_eq(correct(&sfdp, 0xEF, 0x40, 0x19), 2, "and row 15");
    cr_assert_eq(sfdp_four_byte_read(&sfdp, SFDP_1S_4S_4S), 0xEC);
    cr_assert_eq(sfdp.four_byte_erase[0], 0x21);
    cr_assert_eq(sfdp.enter_four_byte, 0);
}

Test(sfdp_errata, row_3_says_3_bytes_only)
{
    static const uint8_t id[3] = {0x9D, 0x70, 0x19};
    struct part part = part_of("issi_is25wp256", id);
    struct sfdp sfdp = sfdp_of("issi_is25wp256");

    cr_assert_eq(part.modes[0].program.opcode, 0x12);
    cr_assert_eq(part.modes[0].program.addr_bytes, 4);
    cr_assert_eq(part.modes[0].enter_count, 0);
    cr_assert_eq(part.erase_count, 2);
    cr_assert_eq(correct(&sfdp, 0x9D, 0x60, 0x19), 1);
    cr_assert_eq(sfdp.addr_mode, 1);
}

Test(sfdp_errata, row_4_has_no_quad_enable_field)
{
    struct sfdp sfdp = sfdp_of("qemu_w25q256");

    cr_assert_eq(sfdp.quad.enable, SFDP_QUAD_UNKNOWN);
    cr_assert_eq(correct(&sfdp, 0xC8, 0x40, 0x19), 1);
    cr_assert_eq(sfdp.quad.enable, SFDP_QUAD_SR1_6);
    cr_assert_eq(sfdp.enter_four_byte, SFDP_ENTER_B7);
}

Test(sfdp_errata, row_5_and_6_phantoms_and_a_real_one)
{
    struct sfdp sfdp = sfdp_of("qemu_mt35xu02g");

    cr_assert_eq(sfdp.four_byte_ops >> SFDP_4B_READ_FD & 1, 0);
    cr_assert_eq(correct(&sfdp, 0x2C, 0x5B, 0x1C), 1);
    cr_assert_eq(sfdp.four_byte_ops >> SFDP_4B_READ_FD & 1, 1);
    sfdp = sfdp_of("macronix_mx25uw25645g"); /* says what it means */
    cr_assert_eq(correct(&sfdp, 0x2C, 0x5B, 0x1C), 0);
}

Test(sfdp_errata, row_7_takes_one_status_byte)
{
    struct sfdp sfdp = sfdp_of("micron_mt25qu512a");

    cr_assert_eq(correct(&sfdp, 0x20, 0xBB, 0x20), 1);
    cr_assert_eq(sfdp.status_write_bytes, 1);
}

Test(sfdp_errata, row_8_and_18_octal_infineon)
{
    struct sfdp sfdp = sfdp_of("infineon_s28hs02gt");

    sfdp.xspi.read_opcode = 0;
    sfdp.four_byte_ops &= ~(1U << SFDP_4B_PROGRAM_12);
    cr_assert_eq(correct(&sfdp, 0x34, 0x5B, 0x1A), 2);
    cr_assert_eq(sfdp.xspi.read_opcode, 0xEE);
    cr_assert_eq(sfdp.xspi.status_addr_bytes, 4);
    cr_assert_eq(sfdp.four_byte_ops >> SFDP_4B_PROGRAM_12 & 1, 1);
    cr_assert_eq(sfdp.sequence[1].bytes[5], 0x43);
    sfdp = sfdp_of("infineon_s28hs02gt");
    cr_assert_eq(correct(&sfdp, 0x34, 0x5A, 0x1C), 1, "the 3 V sister");
    cr_assert_eq(sfdp.sequence[1].bytes[5], 0x43);
}

Test(sfdp_errata, row_10_three_byte_opcodes_in_the_four_byte_table)
{
    struct sfdp sfdp = sfdp_of("infineon_s28hs02gt");

    sfdp.four_byte_erase[0] = 0x20;
    sfdp.four_byte_erase[3] = 0xD8;
    cr_assert_eq(correct(&sfdp, 0x34, 0x2B, 0x1A), 1);
    cr_assert_eq(sfdp.four_byte_erase[0], 0x21);
    cr_assert_eq(sfdp.four_byte_erase[1], 0);
    cr_assert_eq(sfdp.four_byte_erase[3], 0xDC);
    cr_assert_eq(correct(&sfdp, 0x34, 0x2A, 0x1A), 1);
    cr_assert_eq(sfdp.four_byte_erase[3], 0xDC, "what is right stays");
}

Test(sfdp_errata, row_11_a_clone)
{
    static const uint8_t id[3] = {0xEF, 0x40, 0x18};
    struct sfdp sfdp = sfdp_of("clone_zetta_zd25q128c");
    struct part part = part_of("clone_zetta_zd25q128c", id);

    cr_assert_eq(correct(&sfdp, 0xEF, 0x40, 0x18), 1);
    cr_assert(sfdp.size_is_doubtful);
    cr_assert_eq(part.size_bytes, 2u << 20, "what both may have");
    cr_assert_eq(part.erase[0].size_bytes, 4096, "not the 256 bytes of opcode 81");
    sfdp = sfdp_of("winbond_w25q128jv");
    (void)correct(&sfdp, 0xEF, 0x40, 0x18);
    cr_assert_not(sfdp.size_is_doubtful);
}

Test(sfdp_errata, row_13_the_longer_of_two_times)
{
    struct sfdp sfdp = sfdp_of("zephyr_mx25uw6345g_bfpt");
    struct sfdp slow = sfdp_of("macronix_mx25uw6345g");

    cr_assert_eq(correct(&sfdp, 0xC2, 0x84, 0x37), 1);
    (void)correct(&slow, 0xC2, 0x84, 0x37);
    cr_assert_eq(sfdp.program_max_us, 4864);
    cr_assert_eq(slow.program_max_us, 4864);
    for (size_t i = 0; i < 2; i++) {
        cr_assert_eq(sfdp.erase[i].max_us, i == 0 ? 600000 : 6144000);
        cr_assert_eq(slow.erase[i].max_us, sfdp.erase[i].max_us);
    }
    sfdp.erase[0].max_us = 700000;
    (void)correct(&sfdp, 0xC2, 0x84, 0x37);
    cr_assert_eq(sfdp.erase[0].max_us, 700000, "never shorter than what the chip says");
    sfdp = sfdp_of("zephyr_mx25r6435f_bfpt");
    slow = sfdp_of("macronix_mx25r6435f_first128");
    cr_assert_neq(sfdp.suspend.erase_gap_us, slow.suspend.erase_gap_us);
    cr_assert_eq(correct(&sfdp, 0xC2, 0x28, 0x17), 1);
    (void)correct(&slow, 0xC2, 0x28, 0x17);
    cr_assert_eq(sfdp.suspend.erase_gap_us, 448);
    cr_assert_eq(slow.suspend.erase_gap_us, 448);
}

Test(sfdp_errata, row_15_names_4s_and_has_none)
{
    struct sfdp sfdp = sfdp_of("winbond_w25q128jv");

    cr_assert_neq(sfdp.reads[SFDP_4S_4S_4S].opcode, 0);
    cr_assert_eq(correct(&sfdp, 0xEF, 0x40, 0x18), 1);
    cr_assert_eq(sfdp.reads[SFDP_4S_4S_4S].opcode, 0);
    cr_assert_eq(sfdp.reads[SFDP_1S_4S_4S].opcode, 0xEB);
}

Test(sfdp_errata, row_20_an_empty_four_byte_table_is_no_mistake)
{
    static const uint8_t id[3] = {0xEF, 0x80, 0x17};
    struct part part = part_of("winbond_w25q64jwm", id);
    struct sfdp sfdp = sfdp_of("winbond_w25q64jwm");

    cr_assert_not(sfdp.has_four_byte_table);
    cr_assert_eq(part.modes[0].program.opcode, 0x02);
    cr_assert_eq(part.modes[0].program.addr_bytes, 3);
}

/* ---- the table itself ---- */

static void refuse(const char *text, const char *message)
{
    const char *path = XFLASH_BUILD_DIR "/bad-errata.json";
    FILE *file = fopen(path, "w");
    struct sfdp_errata *errata = NULL;
    struct error err = {0};

    cr_assert_not_null(file);
    cr_assert_geq(fputs(text, file), 0);
    cr_assert_eq(fclose(file), 0);
    cr_assert_not(sfdp_errata_load_file(path, &errata, &err), "%s", text);
    cr_assert_null(errata);
    cr_assert_eq(err.code, ERROR_BOARD_BAD);
    cr_assert_not_null(strstr(err.message, message), "%s", err.message);
    cr_assert_eq(remove(path), 0);
}

Test(sfdp_errata, are_read_strictly)
{
    refuse("{}", "errata");
    refuse("{\"errata\": [{\"number\": 1, \"chips\": \"x\", \"why\": \"y\",\n"
           "\"when\": {\"id\": \"C2\"}, \"then\": {\"quad_enabel\": 2}}]}",
        "bad-errata.json:2:");
    refuse("{\"errata\": [{\"number\": 1, \"chips\": \"x\", \"why\": \"y\",\n"
           "\"when\": {\"id\": \"\"}, \"then\": {}}]}",
        "expected the beginning of an ID");
    refuse("{\"errata\": [{\"number\": 1, \"chips\": \"x\", \"why\": \"y\",\n"
           "\"when\": {\"id\": \"C2\"}, \"then\": {\"four_byte_ops\": [\"99\"]}}]}",
        "$.errata[0].then.four_byte_ops[0]");
    refuse("{\"errata\": [{\"number\": 1, \"chips\": \"x\", \"why\": \"y\",\n"
           "\"when\": {\"id\": \"C2\"}, \"then\": {\"octal_read\": \"\"}}]}",
        "expected one byte");
}
