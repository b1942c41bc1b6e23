#include "common/le.h"
#include "tests/unit/image/image_maker.h"

#include <criterion/criterion.h>

#include <string.h>

static const struct elf_segment two[] = {
    {.virtual_addr = 0x24000000,
        .physical_addr = 0x70001000,
        .offset = 1024,
        .file_bytes = 16,
        .memory_bytes = 32},
    {.virtual_addr = 0x70000000,
        .physical_addr = 0x70000000,
        .offset = 512,
        .file_bytes = 256,
        .memory_bytes = 256},
    {.virtual_addr = 0x24000100,
        .physical_addr = 0x24000100,
        .offset = 2048,
        .file_bytes = 0,
        .memory_bytes = 512},
};

static struct image *parse(const struct elf_maker *elf, struct error *err)
{
    return parse_bytes("a.elf", elf->bytes, elf->size_bytes, err);
}

Test(elf, uses_physical_addresses_and_drops_segments_without_bytes)
{
    struct elf_maker elf;
    struct error err;
    struct image *image = NULL;

    elf_make(&elf, two, 3);
    image = parse(&elf, &err);
    cr_assert_not_null(image, "%s", err.message);
    cr_assert_eq(image->format, IMAGE_ELF);
    cr_assert_eq(image->segment_count, 2);
    cr_assert_eq(image->segments[0].addr, 0x70000000);
    cr_assert_eq(image->segments[0].size_bytes, 256);
    cr_assert_eq(image->segments[0].bytes[5], 5);
    cr_assert_eq(image->segments[1].addr, 0x70001000);
    cr_assert_eq(image->entry_addr, 0x70000101);
    image_free(image);
}

static void check_bad(struct elf_maker *elf, enum error_code code, const char *part)
{
    struct error err;
    struct image *image = parse(elf, &err);

    cr_assert_null(image);
    cr_assert_eq(err.code, code, "%s", err.message);
    cr_assert(strstr(err.message, part) != NULL, "\"%s\" is not in \"%s\"", part, err.message);
}

Test(elf, refuses_other_machines)
{
    struct elf_maker elf;

    elf_make(&elf, two, 1);
    le_put16(elf.bytes + 18, 62);
    check_bad(&elf, ERROR_IMAGE_WRONG_MACHINE, "machine 62");
    elf_make(&elf, two, 1);
    elf.bytes[4] = 2;
    check_bad(&elf, ERROR_IMAGE_WRONG_MACHINE, "64-bit");
    elf_make(&elf, two, 1);
    elf.bytes[5] = 2;
    check_bad(&elf, ERROR_IMAGE_WRONG_MACHINE, "big-endian");
}

Test(elf, refuses_object_files)
{
    struct elf_maker elf;

    elf_make(&elf, two, 1);
    le_put16(elf.bytes + 16, 1);
    check_bad(&elf, ERROR_IMAGE_BAD, "not a linked program");
}

Test(elf, refuses_data_behind_the_end_of_the_file)
{
    struct elf_maker elf;

    elf_make(&elf, two, 2);
    elf.size_bytes = 700;
    check_bad(&elf, ERROR_IMAGE_BAD, "cut short or damaged");
    elf_make(&elf, two, 2);
    elf.size_bytes = 60;
    check_bad(&elf, ERROR_IMAGE_BAD, "program header table");
    elf_make(&elf, two, 2);
    elf.size_bytes = 20;
    check_bad(&elf, ERROR_IMAGE_BAD, "no ELF header");
    elf_make(&elf, two, 1);
    le_put32(elf.bytes + 52 + 4, 0xFFFFFFF0);
    check_bad(&elf, ERROR_IMAGE_BAD, "data of a segment");
}

Test(elf, refuses_a_section_table_behind_the_end_of_the_file)
{
    struct elf_maker elf;

    elf_make(&elf, two, 1);
    le_put32(elf.bytes + 32, 4000);
    le_put16(elf.bytes + 46, 40);
    le_put16(elf.bytes + 48, 5);
    check_bad(&elf, ERROR_IMAGE_BAD, "section header table");
}

Test(elf, refuses_a_segment_past_the_address_space)
{
    struct elf_maker elf;
    struct elf_segment segment = two[1];

    segment.physical_addr = 0xFFFFFFF0;
    elf_make(&elf, &segment, 1);
    check_bad(&elf, ERROR_IMAGE_OUT_OF_RANGE, "past the 32-bit address space");
}

Test(elf, refuses_overlapping_segments)
{
    struct elf_maker elf;
    struct elf_segment segments[2] = {two[1], two[0]};

    segments[1].physical_addr = 0x700000FF;
    elf_make(&elf, segments, 2);
    check_bad(&elf, ERROR_IMAGE_OVERLAP, "0x700000ff are given twice: from segment 0");
}

Test(elf, without_loadable_bytes_is_empty)
{
    struct elf_maker elf;

    elf_make(&elf, two + 2, 1);
    check_bad(&elf, ERROR_IMAGE_EMPTY, "nothing to program");
}

Test(elf, refuses_more_bytes_in_the_file_than_in_memory)
{
    struct elf_maker elf;
    struct elf_segment segment = two[1];

    segment.memory_bytes = 10;
    elf_make(&elf, &segment, 1);
    check_bad(&elf, ERROR_IMAGE_BAD, "more bytes in the file");
}

/* A linker with large pages puts the ELF header into the first segment. */
Test(elf, does_not_program_its_own_header)
{
    struct elf_maker elf;
    struct elf_segment segment = {.virtual_addr = 0x70000000 - 512,
        .physical_addr = 0x70000000 - 512,
        .offset = 0,
        .file_bytes = 512 + 64,
        .memory_bytes = 512 + 64};
    struct error err;
    struct image *image = NULL;
    uint8_t *section = elf.bytes + 3000 + 40;

    elf_make(&elf, &segment, 1);
    le_put32(elf.bytes + 32, 3000);
    le_put16(elf.bytes + 46, 40);
    le_put16(elf.bytes + 48, 2);
    memset(elf.bytes + 3000, 0, 80);
    le_put32(section + 4, 1);
    le_put32(section + 8, 2 | 4);
    le_put32(section + 12, 0x70000000);
    le_put32(section + 16, 512);
    le_put32(section + 20, 64);
    image = parse(&elf, &err);
    cr_assert_not_null(image, "%s", err.message);
    cr_assert_eq(image->segment_count, 1);
    cr_assert_eq(image->segments[0].addr, 0x70000000);
    cr_assert_eq(image->segments[0].size_bytes, 64);
    cr_assert_eq(image->segments[0].bytes[1], 1);
    image_free(image);
}
