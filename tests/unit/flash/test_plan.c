#include "tests/unit/flash/fake_flash.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

static const struct flash_plan_options plain = {.erase = FLASH_ERASE_AUTO};

struct case_of_plan {
    struct fake_board fake;
    struct image *images[4];
    struct flash_request requests[4];
    size_t count;
    struct flash_plan plan;
};

static void begin(struct case_of_plan *c)
{
    memset(c, 0, sizeof *c);
    fake_board_init(&c->fake);
}

static void add_image(struct case_of_plan *c, const char *name, uint32_t addr, size_t size_bytes)
{
    uint8_t *bytes = malloc(size_bytes);

    memset(bytes, 0x5A, size_bytes);
    c->images[c->count] = fake_image(name, addr, bytes, size_bytes);
    c->requests[c->count] = fake_request(c->images[c->count]);
    c->count++;
    free(bytes);
}

static bool make(struct case_of_plan *c, const struct flash_plan_options *options)
{
    return flash_plan_make(&c->fake.board, c->requests, c->count, options, &c->plan, &c->fake.err);
}

static void end(struct case_of_plan *c)
{
    flash_plan_free(&c->plan);
    for (size_t i = 0; i < c->count; i++) {
        image_free(c->images[i]);
    }
    fake_board_free(&c->fake);
}

static void check_block(
    const struct flash_block *block, uint32_t offset, uint32_t size_bytes, unsigned erase_type)
{
    cr_assert_eq(block->offset, offset, "0x%x", block->offset);
    cr_assert_eq(block->size_bytes, size_bytes, "0x%x", block->size_bytes);
    cr_assert_eq(block->erase_type, erase_type, "%u", block->erase_type);
}

Test(plan, keeps_the_bytes_around_an_image)
{
    struct case_of_plan c;
    const struct flash_memory_plan *memory = &c.plan.memories[0];

    begin(&c);
    add_image(&c, "a.bin", FAKE_ADDR + 0x60010, 0x1000);
    cr_assert(make(&c, &plain), "%s", c.fake.err.message);
    cr_assert_eq(c.plan.memory_count, 1);
    cr_assert_eq(memory->keep_count, 2);
    cr_assert_eq(memory->keeps[0].offset, 0x60000);
    cr_assert_eq(memory->keeps[0].size_bytes, 0x10);
    cr_assert_eq(memory->keeps[1].offset, 0x61010);
    cr_assert_eq(memory->keeps[1].size_bytes, 0xFF0);
    cr_assert_eq(memory->block_count, 2);
    check_block(&memory->blocks[0], 0x60000, 0x1000, 0);
    cr_assert_eq(memory->sectors[0x60], FLASH_SECTOR_PARTIAL | FLASH_SECTOR_ERASE);
    end(&c);
}

Test(plan, keeps_the_gap_between_two_images_in_one_sector)
{
    struct case_of_plan c;
    const struct flash_memory_plan *memory = &c.plan.memories[0];

    begin(&c);
    add_image(&c, "a.bin", FAKE_ADDR + 0x60000, 0x800);
    add_image(&c, "b.bin", FAKE_ADDR + 0x60900, 0x700);
    cr_assert(make(&c, &plain), "%s", c.fake.err.message);
    cr_assert_eq(memory->keep_count, 1);
    cr_assert_eq(memory->keeps[0].offset, 0x60800);
    cr_assert_eq(memory->keeps[0].size_bytes, 0x100);
    cr_assert_eq(memory->block_count, 1);
    end(&c);
}

Test(plan, covers_a_sector_that_two_images_share_without_a_gap)
{
    struct case_of_plan c;
    const struct flash_memory_plan *memory = &c.plan.memories[0];

    begin(&c);
    add_image(&c, "b.bin", FAKE_ADDR + 0x60803, 0x7FD);
    add_image(&c, "a.bin", FAKE_ADDR + 0x60000, 0x803);
    cr_assert(make(&c, &plain), "%s", c.fake.err.message);
    cr_assert_eq(memory->keep_count, 0);
    cr_assert_eq(memory->sectors[0x60], FLASH_SECTOR_COVERED | FLASH_SECTOR_ERASE);
    end(&c);
}

Test(plan, uses_the_largest_erase_unit_that_is_wholly_covered)
{
    struct case_of_plan c;
    const struct flash_memory_plan *memory = &c.plan.memories[0];

    begin(&c);
    add_image(&c, "a.bin", FAKE_ADDR + 0x5F000, 0x1000 + 0x10000 + 0x2000);
    cr_assert(make(&c, &(struct flash_plan_options){.consent = true}), "%s", c.fake.err.message);
    cr_assert_eq(memory->block_count, 4);
    check_block(&memory->blocks[0], 0x5F000, 0x1000, 0);
    check_block(&memory->blocks[1], 0x60000, 0x10000, 1);
    check_block(&memory->blocks[2], 0x70000, 0x1000, 0);
    check_block(&memory->blocks[3], 0x71000, 0x1000, 0);
    flash_plan_free(&c.plan);
    cr_assert(make(&c, &(struct flash_plan_options){.erase = FLASH_ERASE_SECTOR, .consent = true}));
    cr_assert_eq(memory->block_count, 19);
    end(&c);
}

Test(plan, erases_the_whole_chip_when_all_of_it_is_written)
{
    struct case_of_plan c;
    const struct flash_memory_plan *memory = &c.plan.memories[0];

    begin(&c);
    add_image(&c, "a.bin", FAKE_ADDR, FAKE_BYTES);
    cr_assert(make(&c, &(struct flash_plan_options){.consent = true}), "%s", c.fake.err.message);
    check_block(&memory->blocks[0], 0, FAKE_BYTES, FLASH_ERASE_TYPE_CHIP);
    check_block(&memory->blocks[1], 0, FAKE_BLOCK, FLASH_ERASE_TYPE_NONE);
    cr_assert_eq(memory->block_count, 1 + FAKE_BYTES / FAKE_BLOCK);
    cr_assert_eq(c.plan.record.action, FLASH_RECORD_NONE);
    cr_assert_str_eq(c.plan.record.reason, "the image fills the sector of the record");
    end(&c);
}

Test(plan, orders_external_before_internal_memory)
{
    struct case_of_plan c;

    begin(&c);
    add_image(&c, "in.bin", FAKE_INTERNAL_ADDR, 100);
    add_image(&c, "out.bin", FAKE_ADDR, 100);
    cr_assert(make(&c, &plain), "%s", c.fake.err.message);
    cr_assert_eq(c.plan.memory_count, 2);
    cr_assert_str_eq(c.plan.memories[0].geometry.name, "flash");
    cr_assert_str_eq(c.plan.memories[1].geometry.name, "internal");
    cr_assert(c.plan.memories[1].has_head);
    end(&c);
}

static void check_refused(struct case_of_plan *c, const struct flash_plan_options *options,
    enum error_code code, const char *message)
{
    cr_assert_not(make(c, options));
    cr_assert_eq(c->fake.err.code, code, "%s", c->fake.err.message);
    cr_assert_str_eq(c->fake.err.message, message);
}

Test(plan, refuses_overlapping_images)
{
    struct case_of_plan c;

    begin(&c);
    add_image(&c, "a.bin", FAKE_ADDR + 0x60000, 0x100);
    add_image(&c, "b.bin", FAKE_ADDR + 0x600FF, 0x100);
    check_refused(&c, &plain, ERROR_IMAGE_OVERLAP,
        "two requests claim the bytes at 0x700600ff of memory flash: a.bin (to 0x700600ff) and "
        "b.bin (from there)");
    end(&c);
}

Test(plan, refuses_an_image_larger_than_its_memory)
{
    struct case_of_plan c;

    begin(&c);
    add_image(&c, "a.bin", FAKE_ADDR + 1, FAKE_BYTES);
    check_refused(&c, &plain, ERROR_IMAGE_OUT_OF_RANGE,
        "a.bin: 524288 bytes at 0x70000001 do not fit: memory flash has room for 524287");
    end(&c);
}

Test(plan, refuses_an_image_outside_every_memory)
{
    struct case_of_plan c;

    begin(&c);
    add_image(&c, "a.bin", 0x60000000, 16);
    check_refused(&c, &plain, ERROR_IMAGE_OUT_OF_RANGE,
        "a.bin: 16 bytes at 0x60000000 lie in no memory of board fake");
    end(&c);
}

Test(plan, takes_parts_in_ram_only_for_run)
{
    struct case_of_plan c;

    begin(&c);
    add_image(&c, "a.elf", 0x24000100, 16);
    check_refused(&c, &plain, ERROR_IMAGE_OUT_OF_RANGE,
        "a.elf: 16 bytes at 0x24000100 lie in the RAM of board fake");
    cr_assert(strstr(c.fake.err.hint, "xflash run a.elf") != NULL);
    cr_assert(make(&c, &(struct flash_plan_options){.allow_ram = true}));
    cr_assert_eq(c.plan.ram_piece_count, 1);
    cr_assert_eq(c.plan.memory_count, 0);
    end(&c);
}

Test(plan, keeps_an_image_placed_by_name_inside_its_partition)
{
    struct case_of_plan c;

    begin(&c);
    add_image(&c, "a.bin", FAKE_ADDR + 0x40010, 128 * 1024 - 15);
    c.requests[0].has_place = true;
    cr_assert(flash_locate_where(&c.fake.board, "data+16", &c.requests[0].place, &c.fake.err));
    check_refused(&c, &plain, ERROR_IMAGE_OUT_OF_RANGE,
        "a.bin: 131057 bytes at 0x70040010 do not fit: partition data has room for 131056");
    end(&c);
}

Test(plan, refuses_an_image_by_name_that_reaches_the_record)
{
    struct case_of_plan c;

    begin(&c);
    add_image(&c, "a.bin", FAKE_ADDR, 0x3F001);
    c.requests[0].has_place = true;
    cr_assert(flash_locate_entry(&c.fake.board, &c.requests[0].place, &c.fake.err));
    check_refused(&c, &plain, ERROR_IMAGE_OUT_OF_RANGE,
        "a.bin: 258049 bytes at 0x70000000 do not fit: partition app (its last sector belongs to "
        "the boot record) has room for 258048");
    c.requests[0].has_place = false; /* at an explicit address it may, and gets no record */
    cr_assert(make(&c, &plain), "%s", c.fake.err.message);
    cr_assert_eq(c.plan.record.action, FLASH_RECORD_NONE);
    end(&c);
}

Test(plan, asks_before_it_changes_a_kept_partition)
{
    struct case_of_plan c;

    begin(&c);
    add_image(&c, "a.bin", FAKE_ADDR + 0x40000, 1);
    check_refused(&c, &plain, ERROR_CONSENT_NEEDED,
        "partition data is marked \"keep\" in the board file and would be changed");
    cr_assert(make(&c, &(struct flash_plan_options){.consent = true}));
    end(&c);
}

Test(plan, asks_before_a_chip_erase_that_loses_a_partition)
{
    struct case_of_plan c;
    const struct flash_plan_options chip = {.erase = FLASH_ERASE_CHIP};

    begin(&c);
    add_image(&c, "a.bin", FAKE_ADDR, 100);
    check_refused(&c, &chip, ERROR_CONSENT_NEEDED,
        "erasing the whole of flash loses partition app, which the images do not fill");
    cr_assert(make(&c, &(struct flash_plan_options){.erase = FLASH_ERASE_CHIP, .consent = true}));
    check_block(&c.plan.memories[0].blocks[0], 0, FAKE_BYTES, FLASH_ERASE_TYPE_CHIP);
    end(&c);
}

Test(plan, records_the_image_at_the_entry_up_to_its_last_byte)
{
    struct case_of_plan c;

    begin(&c);
    add_image(&c, "dir/a.bin", FAKE_ADDR, 5001);
    cr_assert(make(&c, &plain));
    cr_assert_eq(c.plan.record.action, FLASH_RECORD_WRITE);
    cr_assert_eq(c.plan.record.image_bytes, 5001);
    cr_assert_eq(c.plan.record.offset, 0x3F000);
    cr_assert_str_eq(c.plan.record.name, "a.bin");
    cr_assert_eq(c.plan.entry_request, 0);
    cr_assert(c.plan.memories[0].has_head);
    cr_assert((c.plan.memories[0].sectors[0x3F] & FLASH_SECTOR_RECORD) != 0);
    end(&c);
}

Test(plan, has_no_record_without_a_checked_boot)
{
    struct case_of_plan c;

    begin(&c);
    c.fake.board.boot_check_crc = false;
    add_image(&c, "a.bin", FAKE_ADDR, 5001);
    cr_assert(make(&c, &plain));
    cr_assert_eq(c.plan.record.action, FLASH_RECORD_NONE);
    cr_assert(c.plan.memories[0].has_head, "the head still comes last");
    end(&c);
}

Test(plan, of_an_unknown_part_needs_the_chip)
{
    struct case_of_plan c;

    begin(&c);
    memset(&c.fake.board.memories[0].part, 0, sizeof c.fake.board.memories[0].part);
    add_image(&c, "a.bin", FAKE_ADDR, 100);
    check_refused(&c, &plain, ERROR_BOARD_UNKNOWN,
        "which part the memory flash is can be known only from the chip");
    end(&c);
}

Test(plan, begins_with_the_head_of_the_entry_image)
{
    struct case_of_plan c;

    begin(&c);
    c.fake.board.partitions[0].offset = FAKE_BLOCK;
    c.fake.board.partitions[0].size_bytes = FAKE_BLOCK;
    add_image(&c, "data.bin", FAKE_ADDR, 2 * FAKE_SECTOR);
    add_image(&c, "entry.bin", FAKE_ADDR + FAKE_BLOCK, 2 * FAKE_SECTOR);
    cr_assert(make(&c, &plain), "%s", c.fake.err.message);
    check_block(&c.plan.memories[0].blocks[0], FAKE_BLOCK, FAKE_SECTOR, 0);
    check_block(&c.plan.memories[0].blocks[1], 0, FAKE_SECTOR, 0);
    cr_assert_eq(c.plan.memories[0].head_offset, FAKE_BLOCK);
    end(&c);
}

/* A block of 16 sectors takes as long as 10.24 of them. */
Test(plan, erases_a_block_when_that_is_faster_than_its_sectors)
{
    struct case_of_plan c;
    struct flash_memory_plan *memory = &c.plan.memories[0];

    begin(&c);
    add_image(&c, "a.bin", FAKE_ADDR + 0x60000, FAKE_BLOCK);
    cr_assert(make(&c, &plain));
    for (size_t i = 0; i < 6; i++) {
        memory->sectors[0x60 + i] = FLASH_SECTOR_COVERED | FLASH_SECTOR_SAME;
    }
    cr_assert(flash_plan_arrange(memory, FLASH_ERASE_AUTO, &c.fake.err));
    cr_assert_eq(memory->block_count, 10);
    check_block(&memory->blocks[0], 0x66000, FAKE_SECTOR, 0);
    memory->sectors[0x60] = FLASH_SECTOR_COVERED;
    cr_assert(flash_plan_arrange(memory, FLASH_ERASE_AUTO, &c.fake.err));
    cr_assert_eq(memory->block_count, 1);
    check_block(&memory->blocks[0], 0x60000, FAKE_BLOCK, 1);
    cr_assert_eq(memory->sectors[0x61] & FLASH_SECTOR_SAME, 0, "what is erased is written again");
    end(&c);
}

Test(plan, describes_itself)
{
    struct case_of_plan c;
    char *text = NULL;

    begin(&c);
    add_image(&c, "a.bin", FAKE_ADDR, 0x1010);
    cr_assert(make(&c, &plain));
    cr_assert(flash_plan_describe(&c.fake.board, &c.plan, 1000000, &text, &c.fake.err));
    cr_assert_str_eq(text,
        "memory flash: 4112 bytes requested, 4112 to program, 0 already there, 4080 kept, about 56 "
        "ms\n"
        "  erase 0x70000000-0x70002000  2 x 4 KB\n"
        "  keep  0x70001010-0x70002000\n"
        "  write 0x70000000-0x70001010  4112 bytes\n"
        "boot record at 0x7003f000, a sector of 4096 bytes: invalidated first, written last\n");
    free(text);
    end(&c);
}

/* 4096 pieces, one in every other granule: still fast and right. */
Test(plan, copes_with_many_small_pieces)
{
    struct case_of_plan c;
    struct flash_piece *pieces = calloc(4096, sizeof *pieces);
    struct flash_memory_plan memory = {0};
    struct flash_geometry geometry;
    uint8_t byte = 7;
    uint8_t bytes[64];

    begin(&c);
    cr_assert(flash_geometry_get(&c.fake.board, 0, &geometry, &c.fake.err));
    for (uint32_t i = 0; i < 4096; i++) {
        pieces[i] = (struct flash_piece){.offset = i * 32, .size_bytes = 1, .bytes = &byte};
    }
    cr_assert(flash_plan_make_memory(&geometry, pieces, 4096, &memory, &c.fake.err));
    cr_assert_eq(memory.keep_count, 4096);
    cr_assert(flash_plan_contents(&memory, 1000 * 32, bytes, sizeof bytes));
    cr_assert_eq(bytes[0], 7);
    cr_assert_eq(bytes[1], 0xFF);
    cr_assert_eq(bytes[32], 7);
    flash_plan_free_memory(&memory);
    free(pieces);
    end(&c);
}
