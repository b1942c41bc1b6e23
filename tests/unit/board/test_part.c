/* Memory files: every one of boards/memories/ is complete and consistent. */
#include "abi/blob.h"
#include "host/base/os.h"
#include "host/board/files.h"
#include "host/board/part.h"
#include "host/board/part_read.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check_op(const char *part, const char *mode, const struct abi_bus_op *op, bool needed)
{
    if (op->opcode_bytes == 0) {
        cr_assert_not(needed, "%s %s lacks an operation", part, mode);
        return;
    }
    cr_assert_eq(op->addr_bytes == 0, op->addr_bus == 0, "%s %s %04X", part, mode, op->opcode);
    cr_assert_eq(op->data_bytes == 0, op->data_bus == 0, "%s %s %04X", part, mode, op->opcode);
    if (op->opcode_bytes == 2) { /* Macronix: the second byte is the inverse of the first */
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
        cr_assert_eq(mode->erase[i].addr_bytes, mode->read.addr_bytes, "%s", part->name);
        for (size_t k = 0; k < i; k++) {
            cr_assert_neq(mode->erase[i].opcode, mode->erase[k].opcode, "%s", part->name);
        }
    }
    cr_assert_eq(mode->read.addr_bytes, part->size_bytes > 16u << 20 ? 4 : 3, "%s", part->name);
    cr_assert_eq(mode->program.addr_bytes, mode->read.addr_bytes, "%s", part->name);
    cr_assert_eq(mode->read_id.data_bytes, part->id_bytes);
    cr_assert_eq(mode->program.flags & ABI_OP_WRITE, ABI_OP_WRITE);
    cr_assert_eq(mode->read.flags & ABI_OP_WRITE, 0);
    cr_assert_gt(mode->max_hz, 0);
    cr_assert_gt(mode->command_max_hz, 0);
    cr_assert_eq(mode->enter_count > 0, strcmp(mode->name, "1S-1S-1S") != 0);
    cr_assert_eq(mode->leave_count > 0, strcmp(mode->name, "1S-1S-1S") != 0);
}

/* Four lines and no way to check or set the bit that makes them data lines: Micron alone has none.
 */
static void check_quad(const struct part *part)
{
    const struct part_quad_enable *quad = &part->quad_enable;

    if (quad->mask == 0) {
        cr_assert(
            part->id[0] == 0x20 || part_mode_find(part, "1S-4S-4S") == NULL, "%s", part->name);
        return;
    }
    cr_assert_eq(quad->read.data_bytes, 1, "%s", part->name);
    cr_assert_eq(quad->read.flags & ABI_OP_WRITE, 0, "%s", part->name);
    cr_assert_eq(quad->write.flags & ABI_OP_WRITE, ABI_OP_WRITE, "%s", part->name);
    for (size_t i = 0; i < part->mode_count; i++) {
        const struct abi_bus_step *first = &part->modes[i].enter[0];

        if (strchr(part->modes[i].name, '4') != NULL) {
            cr_assert_eq(first->kind, ABI_STEP_POLL, "%s", part->name);
            cr_assert_eq(first->op.opcode, quad->read.opcode, "%s", part->name);
            cr_assert(first->mask == quad->mask && first->match == quad->mask, "%s", part->name);
        }
    }
}

/* Opcodes that write registers for good, or arrays; not one of them may stand in a recovery. */
static void check_recovery(const struct part *part)
{
    static const uint8_t never[] = {0x01, 0x11, 0x31, 0x3E, 0xB1, 0x42, 0x2F, 0x68, 0x02, 0x12,
        0x20, 0x21, 0x52, 0x5C, 0xD8, 0xDC, 0xC7, 0x60, 0xC4};
    bool resets = false;

    for (size_t i = 0; i < part->recover_count; i++) {
        const struct abi_bus_step *step = &part->recover[i];
        uint16_t opcode = step->op.opcode_bytes == 2 ? step->op.opcode >> 8 : step->op.opcode;

        cr_assert(step->kind == ABI_STEP_QUIET || step->kind == ABI_STEP_WAIT, "%s", part->name);
        for (size_t k = 0; k < sizeof never && step->kind == ABI_STEP_QUIET; k++) {
            cr_assert_neq(opcode, never[k], "%s", part->name);
        }
        resets = resets || (step->op.opcode == 0x99 && step->op.opcode_bus == 1 &&
                               step[-1].op.opcode == 0x66 && step[-1].op.opcode_bus == 1);
    }
    cr_assert(resets, "%s", part->name);
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
        cr_assert_eq(part.program_fail_mask != 0, part.modes[0].read_fail.opcode_bytes != 0);
        check_quad(&part);
        check_recovery(&part);
        cr_assert_eq(part.size_bytes % part.erase[part.erase_count - 1].size_bytes, 0);
        for (size_t i = 0; i < part.mode_count; i++) {
            check_mode(&part, &part.modes[i]);
        }
    }
    files_free_names(names);
    cr_assert_geq(count, 14);
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

/* ---- quad parts ---- */

Test(part, knows_a_quad_chip)
{
    struct part part;
    struct error err = {0};
    const struct part_mode *quad = NULL;

    cr_assert(part_load("W25Q64JV", &part, &err), "%s", err.message);
    quad = part_mode_find(&part, "1S-4S-4S");
    cr_assert_not_null(quad);
    cr_assert_eq(quad->read.opcode, 0xEB);
    cr_assert_eq(quad->read.opcode_bus, 1);
    cr_assert_eq(quad->read.addr_bus, 4);
    cr_assert_eq(quad->read.alternate_bytes, 1);
    cr_assert_eq(quad->read.alternate_bus, 4);
    cr_assert_eq(quad->read.alternate, 0xFF, "not Axh: no reads without an opcode");
    cr_assert_eq(quad->read.dummy_cycles, 4);
    cr_assert_eq(quad->program.addr_bus, 1);
    cr_assert_eq(quad->program.data_bus, 4);
    cr_assert_eq(quad->read_status.data_bus, 1);
    cr_assert_eq(quad->erase[0].addr_bus, 1);
    cr_assert_eq(part.quad_enable.mask, 2);
    cr_assert_eq(part.quad_enable.read.opcode, 0x35);
    cr_assert_eq(part.quad_enable.write.opcode, 0x31);
    cr_assert_eq(part.quad_enable.volatile_enable.opcode, 0x50);
    /* figures of the virtual board's silicon */
    cr_assert_eq(part.program_typical_us, 400);
    cr_assert_eq(part.erase[0].typical_us, 45000);
    cr_assert_eq(part.erase[2].typical_us, 150000);
    cr_assert_eq(part.chip_erase_typical_us, 20000000);
    cr_assert(part_load("W25Q128JV", &part, &err), "%s", err.message);
    cr_assert_eq(part.quad_enable.mask, 2, "of the part that it is like");
}

Test(part, knows_a_chip_with_other_opcodes_on_four_lines)
{
    struct part part;
    struct error err = {0};
    const struct part_mode *all = NULL;

    cr_assert(part_load("MT25QL512", &part, &err), "%s", err.message);
    all = part_mode_find(&part, "4S-4S-4S");
    cr_assert_not_null(all);
    cr_assert_eq(all->read_id.opcode, 0xAF);
    cr_assert_eq(all->read_id.data_bus, 4);
    cr_assert_eq(all->erase[1].opcode, 0x5C);
    cr_assert_eq(all->erase[1].addr_bus, 4);
    cr_assert_eq(all->leave[1].op.opcode, 0xF5);
    cr_assert_eq(all->leave[1].op.opcode_bus, 4);
    cr_assert_eq(all->leave[2].kind, ABI_STEP_CTRL);
    cr_assert_eq(part.modes[0].read.dummy_cycles, 0, "the number may have been changed for good");
    cr_assert_eq(part.quad_enable.mask, 0);
}

/* ---- mistakes in files ---- */

static void refuse_file(const char *from, const char *find, const char *replace, const char *says)
{
    struct part part;
    struct error err = {0};
    char path[512];
    char *text = NULL;
    char *at = NULL;
    size_t count = 0;
    FILE *file = NULL;

    (void)snprintf(path, sizeof path, XFLASH_SOURCE_DIR "/boards/memories/%s.json", from);
    cr_assert(os_read_file(path, 1 << 20, ERROR_HOST_IO, (uint8_t **)&text, &count, &err));
    text = realloc(text, count + 1);
    cr_assert_not_null(text);
    text[count] = '\0';
    at = strstr(text, find);
    cr_assert_not_null(at, "%s", find);
    cr_assert(
        os_make_directories(XFLASH_BUILD_DIR "/part-mistakes/memories", &err), "%s", err.message);
    file = fopen(XFLASH_BUILD_DIR "/part-mistakes/memories/MISTAKE.json", "w");
    cr_assert_not_null(file);
    (void)fprintf(file, "%.*s%s%s", (int)(at - text), text, replace, at + strlen(find));
    cr_assert_eq(fclose(file), 0);
    free(text);
    cr_assert_not(part_load_beside(XFLASH_BUILD_DIR "/part-mistakes", "MISTAKE", &part, &err));
    cr_assert_eq(err.code, ERROR_BOARD_BAD);
    cr_assert_not_null(strstr(err.message, says), "%s", err.message);
}

Test(part, refuses_mistakes_with_their_place)
{
    refuse_file("W25Q64JV", "\"mask\": 2,\n        \"vol", "\"mask\": 0,\n        \"vol",
        "$.quad_enable.mask");
    refuse_file("W25Q64JV", "\"1S-1S-1S write_status2\"", "\"1S-1S-1S write_status3\"",
        "$.quad_enable.write: expected a mode and one of its operations");
    refuse_file("W25Q64JV", "\"volatile_enable\"", "\"volatile_enabel\"", "volatile_enabel");
    refuse_file("W25Q128JV", "\"like\"", "\"quad_enable\": {}, \"like\"",
        "$.quad_enable: is taken from the part of \"like\"");
    refuse_file("W25Q128JV", "\"W25Q64JV\"", "\"MX25UW25645G\"", "another number of erase types");
    refuse_file("W25Q128JV", "\"W25Q64JV\"", "\"GD25Q128E\"", "is the model of another one");
}
