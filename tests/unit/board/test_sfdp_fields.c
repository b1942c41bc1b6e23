/* What the reference says of single SFDP tables in words, and tables that say nothing. */
#include "sfdp_dumps.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

/* ---- facts that the reference gives in words (memories.md 1.3, 1.4, 4.5) ---- */

static void check_field(
    const struct sfdp *sfdp, enum sfdp_field_kind kind, uint32_t addr, uint8_t bit, uint8_t width)
{
    const struct sfdp_field *field = &sfdp->registers.fields[kind];

    cr_assert(field->valid, "%d", kind);
    cr_assert_eq(field->addr, addr, "%d: 0x%X", kind, field->addr);
    cr_assert_eq(field->bit, bit, "%d", kind);
    cr_assert_eq(field->width, width, "%d", kind);
}

Test(sfdp_fields, finds_the_registers_of_an_octal_macronix)
{
    struct sfdp sfdp = sfdp_of("macronix_mx25uw25645g");
    const struct sfdp_field *fields = sfdp.registers.fields;
    uint8_t code = 0;

    check_field(&sfdp, SFDP_FIELD_DUMMY, 0x300, 0, 3);
    check_field(&sfdp, SFDP_FIELD_DUMMY_NV, 0x40000300, 0, 3);
    check_field(&sfdp, SFDP_FIELD_8S, 0, 0, 1);
    check_field(&sfdp, SFDP_FIELD_8D, 0, 1, 1);
    check_field(&sfdp, SFDP_FIELD_8D_NV, 0x40000000, 1, 1);
    check_field(&sfdp, SFDP_FIELD_DRIVE, 1, 0, 3);
    check_field(&sfdp, SFDP_FIELD_DRIVE_NV, 0x40000600, 0, 3);
    check_field(&sfdp, SFDP_FIELD_PROGRAM_FAIL, 0, 5, 1);
    check_field(&sfdp, SFDP_FIELD_ERASE_FAIL, 0, 6, 1);
    cr_assert_eq(fields[SFDP_FIELD_PROGRAM_FAIL].read_opcode, 0x2B);
    cr_assert_eq(fields[SFDP_FIELD_8D].read_opcode, 0x71);
    cr_assert_eq(fields[SFDP_FIELD_8D].write_opcode, 0x72);
    cr_assert(fields[SFDP_FIELD_8D_NV].inverted && !fields[SFDP_FIELD_8D].inverted);
    cr_assert_not(fields[SFDP_FIELD_QPI].valid);
    cr_assert_eq(sfdp.registers.volatile_access.dummy_1s, 0);
    cr_assert_eq(sfdp.registers.volatile_access.dummy_4s, SFDP_NO_DUMMY);
    for (unsigned cycles = 6; cycles <= 20; cycles += 2) {
        cr_assert(sfdp_dummy_code(&sfdp, cycles, &code), "%u", cycles);
        cr_assert_eq(code, (20 - cycles) / 2, "%u", cycles);
    }
    cr_assert_not(sfdp_dummy_code(&sfdp, 22, &code));
    cr_assert_not(sfdp_dummy_code(&sfdp, 19, &code));
    cr_assert_not(sfdp_dummy_code(&sfdp, 32, &code));
    cr_assert_not(sfdp_dummy_code(&sfdp, 0, &code));
}

Test(sfdp_fields, finds_the_registers_of_an_octal_infineon)
{
    struct sfdp sfdp = sfdp_of("infineon_s28hs02gt");

    check_field(&sfdp, SFDP_FIELD_BUSY, 0x00800000, 0, 1);
    check_field(&sfdp, SFDP_FIELD_PROGRAM_FAIL, 0x00800000, 6, 1);
    check_field(&sfdp, SFDP_FIELD_ERASE_FAIL, 0x00800000, 5, 1);
    check_field(&sfdp, SFDP_FIELD_DUMMY, 0x00800003, 0, 4);
    check_field(&sfdp, SFDP_FIELD_DUMMY_NV, 3, 0, 4);
    check_field(&sfdp, SFDP_FIELD_OCTAL, 0x00800006, 0, 1);
    check_field(&sfdp, SFDP_FIELD_8D, 0x00800006, 1, 1);
    cr_assert_eq(sfdp.registers.die_count, 3);
    cr_assert_not_null(sfdp_map_find(&sfdp, 9));
    cr_assert_eq(sfdp_map_find(&sfdp, 9)->region_count, 3);
    cr_assert_null(sfdp_map_find(&sfdp, 3));
}

Test(sfdp_fields, names_four_byte_reads)
{
    struct sfdp sfdp = sfdp_of("micron_mt25qu512a");

    cr_assert_eq(sfdp_four_byte_read(&sfdp, SFDP_1S_4S_4S), 0xEC);
    cr_assert_eq(sfdp_four_byte_read(&sfdp, SFDP_1S_1S_2S), 0x3C);
    cr_assert_eq(sfdp_four_byte_read(&sfdp, SFDP_1S_4D_4D), 0xEE);
    cr_assert_eq(sfdp_four_byte_read(&sfdp, SFDP_1S_1S_8S), 0, "a phantom");
    cr_assert_eq(sfdp_four_byte_read(&sfdp, SFDP_4S_4S_4S), 0, "the standard has none");
    sfdp = sfdp_of("winbond_w25q128jv");
    cr_assert_eq(sfdp_four_byte_read(&sfdp, SFDP_1S_4S_4S), 0);
}

Test(sfdp_fields, leaves_non_volatile_writes_out_of_the_sequence)
{
    static const uint8_t to_8d[] = {0x72, 0, 0, 0, 0, 2};
    struct sfdp sfdp = sfdp_of("macronix_mx25uw25645g");
    struct sfdp_command steps[SFDP_MAX_SEQUENCE];

    cr_assert_eq(sfdp.sequence_count, 4);
    cr_assert_eq(sfdp_safe_sequence(&sfdp, steps), 2);
    cr_assert_eq(steps[0].count, 1);
    cr_assert_eq(steps[0].bytes[0], 0x06);
    cr_assert_eq(steps[1].count, sizeof to_8d);
    cr_assert_arr_eq(steps[1].bytes, to_8d, sizeof to_8d);
    sfdp.sequence[3].bytes[1] = 0x40; /* the non-volatile copy of the register */
    cr_assert_eq(sfdp_safe_sequence(&sfdp, steps), 0);
    sfdp = sfdp_of("macronix_mx25uw25645g");
    sfdp.sequence[3].bytes[0] = 0x68; /* an opcode that the tables do not name */
    cr_assert_eq(sfdp_safe_sequence(&sfdp, steps), 0);
    sfdp = sfdp_of("macronix_mx25uw25645g");
    sfdp.sequence[1].bytes[0] = 0x68; /* the same before others that are known */
    cr_assert_eq(sfdp_safe_sequence(&sfdp, steps), 0);
    sfdp = sfdp_of("macronix_mx25uw25645g");
    sfdp.registers.present = false; /* nothing says which registers are volatile */
    cr_assert_eq(sfdp_safe_sequence(&sfdp, steps), 0);
    sfdp = sfdp_of("macronix_mx25uw25645g");
    sfdp.registers.nonvolatile_base = sfdp.registers.volatile_base; /* cannot be told apart */
    cr_assert_eq(sfdp_safe_sequence(&sfdp, steps), 0);
    sfdp = sfdp_of("macronix_mx25uw25645g");
    sfdp.sequence_count = 3; /* a write enable that nothing follows */
    cr_assert_eq(sfdp_safe_sequence(&sfdp, steps), 0);
    sfdp = sfdp_of("infineon_s28hs02gt");
    cr_assert_eq(sfdp_safe_sequence(&sfdp, steps), 2);
    cr_assert_eq(sfdp_safe_sequence(&(struct sfdp){0}, steps), 0);
}
Test(sfdp_fields, knows_how_far_to_read)
{
    uint8_t bytes[MAX_DUMP_BYTES];
    size_t count = read_dump("macronix_mx25uw25645g", bytes);
    size_t extent = 0;
    struct error err = {0};

    cr_assert_eq(count, 316);
    cr_assert(sfdp_extent(bytes, 8 + 8 * 5, &extent, &err), "%s", err.message);
    cr_assert_eq(extent, 316);
    cr_assert_not(sfdp_extent(bytes, 20, &extent, &err));
    cr_assert_str_eq(err.message, "SFDP: 5 tables announced, but the data end after 20 bytes");
}

static void refuse(const uint8_t *bytes, size_t count, const char *message)
{
    struct sfdp sfdp;
    struct error err = {0};

    cr_assert_not(sfdp_decode(bytes, count, &sfdp, &err));
    cr_assert_str_eq(err.message, message);
}

Test(sfdp_fields, says_what_is_wrong)
{
    uint8_t bytes[MAX_DUMP_BYTES];
    uint8_t blank[16];

    (void)read_dump("macronix_mx25uw25645g", bytes);
    memset(blank, 0xFF, sizeof blank);
    refuse(blank, sizeof blank, "SFDP: the memory answers only FF");
    memset(blank, 0, sizeof blank);
    refuse(blank, sizeof blank, "SFDP: the memory answers only 00");
    refuse(bytes, 4, "SFDP: 4 bytes are too few for a header");
    refuse(bytes, 100, "SFDP: there is no basic table");
    bytes[0] = 'F';
    bytes[1] = 'S';
    refuse(bytes, 316, "SFDP: signature 46 53 44 50 instead of 53 46 44 50");
}

Test(sfdp_fields, refuses_a_density_that_makes_no_sense)
{
    uint8_t bytes[MAX_DUMP_BYTES];

    (void)read_dump("macronix_mx25uw25645g", bytes);
    memset(bytes + 0x40 + 4, 0, 4);
    refuse(bytes, 316, "SFDP: density word 0x00000000 makes no sense");
    memset(bytes + 0x40 + 4, 0xFF, 4);
    refuse(bytes, 316, "SFDP: density word 0xFFFFFFFF makes no sense");
}

Test(sfdp_fields, describes_itself)
{
    uint8_t bytes[MAX_DUMP_BYTES];
    size_t count = read_dump("macronix_mx25uw25645g", bytes);
    struct sfdp sfdp;
    struct error err = {0};
    char *text = NULL;

    cr_assert(sfdp_decode(bytes, count, &sfdp, &err));
    cr_assert(sfdp_describe(&sfdp, &text, &err));
    cr_assert_str_eq(text,
        "SFDP 1.8, access protocol FDh, 5 tables:\n"
        "  FF00 1.7, 20 dwords at 0x40: basic\n"
        "  FF87 1.1, 28 dwords at 0x90: status and control registers\n"
        "  FF0A 1.0, 8 dwords at 0x100: sequence to 8D-8D-8D\n"
        "  FF05 1.0, 5 dwords at 0x120: xSPI profile 1\n"
        "  FF84 1.0, 2 dwords at 0x134: 4-byte addresses\n"
        "size 32768 KiB, page 256 bytes\n"
        "erase 4 KiB: 20h, typically 25 ms, at most 500 ms\n"
        "erase 64 KiB: D8h, typically 256 ms, at most 5120 ms\n"
        "chip erase: typically 76000 ms, at most 1520000 ms\n"
        "page program: typically 152 us, at most 4256 us\n"
        "octal: 8S up to 200 MHz, 8D up to 200 MHz, 8D read EEh, second opcode byte inverted, "
        "byte pairs swapped in 8D\n");
    free(text);
}
