/* Memory files: every one of boards/memories/ is complete and consistent. */
#include "abi/blob.h"
#include "host/board/files.h"
#include "host/board/part.h"
#include "host/board/part_read.h"

#include <criterion/criterion.h>

#include <string.h>

static void check_op(const char *part, const char *mode, const struct abi_bus_op *op, bool needed)
{
    if (op->opcode_bytes == 0) {
        cr_assert_not(needed, "%s %s lacks an operation", part, mode);
        return;
    }
    cr_assert_eq(op->addr_bytes == 0, op->addr_bus == 0, "%s %s %04X", part, mode, op->opcode);
    cr_assert_eq(op->data_bytes == 0, op->data_bus == 0, "%s %s %04X", part, mode, op->opcode);
    /* octal Macronix: the second byte is the inverse of the first */
    if (op->opcode_bytes == 2) {
        cr_assert_eq(
            (op->opcode >> 8 ^ op->opcode) & 0xFF, 0xFF, "%s %s %04X", part, mode, op->opcode);
    }
}

static void check_mode(const struct part *part, const struct part_mode *mode)
{
    check_op(part->name, mode->name, &mode->read, true);
    check_op(part->name, mode->name, &mode->program, true);
    check_op(part->name, mode->name, &mode->write_enable, true);
    check_op(part->name, mode->name, &mode->write_disable, true);
    check_op(part->name, mode->name, &mode->read_status, true);
    check_op(part->name, mode->name, &mode->read_fail, false);
    check_op(part->name, mode->name, &mode->read_id, true);
    check_op(part->name, mode->name, &mode->chip_erase, true);
    for (size_t i = 0; i < part->erase_count; i++) {
        check_op(part->name, mode->name, &mode->erase[i], true);
        cr_assert_eq(mode->erase[i].addr_bytes, 4);
    }
    cr_assert_eq(mode->read_id.data_bytes, part->id_bytes);
    cr_assert_eq(mode->program.flags & ABI_OP_WRITE, ABI_OP_WRITE);
    cr_assert_eq(mode->read.flags & ABI_OP_WRITE, 0);
    cr_assert_gt(mode->max_hz, 0);
    cr_assert_gt(mode->command_max_hz, 0);
    cr_assert_eq(mode->enter_count > 0, strcmp(mode->name, "1S-1S-1S") != 0);
    cr_assert_eq(mode->leave_count > 0, strcmp(mode->name, "1S-1S-1S") != 0);
}

Test(part, is_complete_in_every_memory_file)
{
    char **names = files_names("memories");
    size_t count = 0;

    cr_assert_not_null(names);
    for (; names[count] != NULL; count++) {
        struct part part;
        struct error err = {0};

        cr_assert(part_load(names[count], &part, &err), "%s", err.message);
        cr_assert_str_eq(part.name, names[count]);
        cr_assert_geq(part.id_bytes, 3);
        cr_assert_geq(part.erase_count, 1);
        cr_assert_geq(part.recover_count, 1);
        cr_assert_eq(part.size_bytes % part.erase[part.erase_count - 1].size_bytes, 0);
        for (size_t i = 0; i < part.mode_count; i++) {
            check_mode(&part, &part.modes[i]);
        }
    }
    files_free_names(names);
    cr_assert_geq(count, 3);
}

Test(part, takes_modes_from_a_part_that_it_is_like)
{
    struct part part;
    struct error err = {0};
    const struct part_mode *mode = NULL;

    cr_assert(part_load("MX25LM51245G", &part, &err), "%s", err.message);
    mode = part_mode_find(&part, "8D-8D-8D");
    cr_assert_not_null(mode);
    cr_assert_eq(mode->read.opcode, 0xEE11);
    cr_assert_eq(mode->read.dummy_cycles, 14, "its own dummy codes");
    cr_assert_eq(mode->max_hz, 133000000);
    cr_assert_eq(part.size_bytes, 64u << 20);
    cr_assert_eq(part.id[1], 0x85);
}

Test(part, knows_the_octal_chip)
{
    struct part part;
    struct error err = {0};
    const struct part_mode *octal = NULL;
    const struct part_mode *single = NULL;

    cr_assert(part_load("MX25UW25645G", &part, &err), "%s", err.message);
    octal = part_mode_find(&part, "8D-8D-8D");
    single = part_mode_find(&part, "1S-1S-1S");
    cr_assert(octal->needs_dqs && octal->even && octal->swaps_bytes);
    cr_assert_not(single->needs_dqs || single->even || single->swaps_bytes);
    cr_assert_eq(octal->read_status.dummy_cycles, 4);
    cr_assert_eq(octal->read_status.addr_bytes, 4);
    cr_assert_eq(octal->read_status.flags, ABI_OP_DQS | ABI_OP_DOUBLED);
    cr_assert_eq(octal->program.flags, ABI_OP_WRITE, "no strobe while writing");
    cr_assert_eq(part_mode_find(&part, "8S-8S-8S")->read.flags, 0, "no strobe in 8S");
    cr_assert_eq(single->read.opcode, 0x0C);
    cr_assert_eq(single->erase[1].opcode, 0xDC);
    cr_assert_eq(part.protect_mask, 0x3C);
    cr_assert_null(part_mode_find(&part, "4S-4S-4S"));
}

Test(part, refuses_a_name_it_does_not_know)
{
    struct part part;
    struct error err = {0};

    cr_assert_not(part_load("NO-SUCH-PART", &part, &err));
    cr_assert_eq(err.code, ERROR_BOARD_BAD);
    cr_assert_str_eq(err.message, "memory part \"NO-SUCH-PART\" is not known");
    cr_assert_not(part_load("../mcus/STM32H7S3L8", &part, &err));
    cr_assert_str_eq(err.message, "memory part \"../mcus/STM32H7S3L8\" is not known",
        "a name never leaves its folder");
}

Test(part, reads_lanes)
{
    uint8_t bus[3];

    cr_assert(part_parse_bus("1S-4S-4D", bus));
    cr_assert_eq(bus[0], 1);
    cr_assert_eq(bus[1], 4);
    cr_assert_eq(bus[2], 4 | ABI_BUS_DTR);
    cr_assert_not(part_parse_bus("1S-4S", bus));
    cr_assert_not(part_parse_bus("1S-4S-3S", bus));
    cr_assert_not(part_parse_bus("1S-4S-4S-", bus));
    cr_assert_not(part_parse_bus("", bus));
}
