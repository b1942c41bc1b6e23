#include "target/driver/blob.h"
#include "tests/unit/targetdriver/blob_maker.h"

#include <criterion/criterion.h>

#include <string.h>

static uint32_t words[BLOB_MAKER_WORDS];

Test(blob, passes_a_good_one)
{
    const struct abi_blob *blob = blob_make(words);

    cr_assert(blob_check(blob, ABI_BLOB_MAX_BYTES));
    cr_assert(blob_check(blob, blob->size_bytes));
    cr_assert_eq(blob_ctrl_setups(blob)[ABI_CTRL_RUN].prescaler, ABI_CTRL_RUN + 1);
    cr_assert_eq(blob_memory(blob)->page_bytes, 256);
    cr_assert_eq(blob_boot_config(blob)->entry_addr, BLOB_ENTRY_ADDR);
    cr_assert_eq(blob_reg_steps(blob, &blob->run_regs)[0].value, 2);
    cr_assert_eq(blob_bus_steps(blob, &blob->recover)[5].kind, ABI_STEP_EXPECT);
}

Test(blob, may_have_no_boot_section)
{
    struct abi_blob *blob = blob_make(words);

    blob->boot.count = 0;
    blob_seal(blob);
    cr_assert(blob_check(blob, ABI_BLOB_MAX_BYTES));
    cr_assert_null(blob_boot_config(blob));
}

Test(blob, may_have_no_memory_section_while_the_part_is_unknown)
{
    struct abi_blob *blob = blob_make(words);

    blob->memory.count = 0;
    blob->boot.count = 0;
    blob_seal(blob);
    cr_assert(blob_check(blob, ABI_BLOB_MAX_BYTES));
    cr_assert_null(blob_memory(blob));
}

Test(blob, refuses_to_boot_from_an_unknown_part)
{
    struct abi_blob *blob = blob_make(words);

    blob->memory.count = 0;
    blob_seal(blob);
    cr_assert_not(blob_check(blob, ABI_BLOB_MAX_BYTES));
}

Test(blob, refuses_a_change_of_any_byte)
{
    uint8_t *bytes = (uint8_t *)words;
    uint32_t size_bytes = blob_make(words)->size_bytes;

    for (uint32_t i = 0; i < size_bytes; i++) {
        bytes[i] ^= 0x20;
        cr_assert_not(blob_check((const struct abi_blob *)words, ABI_BLOB_MAX_BYTES), "byte %u", i);
        bytes[i] ^= 0x20;
    }
    cr_assert(blob_check((const struct abi_blob *)words, ABI_BLOB_MAX_BYTES));
}

Test(blob, refuses_one_that_is_cut_off)
{
    const struct abi_blob *blob = blob_make(words);

    cr_assert_not(blob_check(blob, blob->size_bytes - 1));
    cr_assert_not(blob_check(blob, sizeof *blob));
    cr_assert_not(blob_check(blob, sizeof *blob - 1));
    cr_assert_not(blob_check(blob, 0));
}

Test(blob, refuses_erased_flash)
{
    memset(words, 0xFF, sizeof words);
    cr_assert_not(blob_check((const struct abi_blob *)words, ABI_BLOB_MAX_BYTES));
}

Test(blob, refuses_another_version_although_the_checksum_is_right)
{
    struct abi_blob *blob = blob_make(words);

    blob->version++;
    blob_seal(blob);
    cr_assert_not(blob_check(blob, ABI_BLOB_MAX_BYTES));
    blob = blob_make(words);
    blob->header_bytes += 8;
    blob_seal(blob);
    cr_assert_not(blob_check(blob, ABI_BLOB_MAX_BYTES));
}

/* Every section, spoilt in every way: a checksum does not make sense of nonsense. */
Test(blob, refuses_sections_that_lie_outside_although_the_checksum_is_right)
{
    for (uint32_t section = 0; section < 9; section++) {
        for (uint32_t way = 0; way < 7; way++) {
            struct abi_blob *blob = blob_make(words);
            struct abi_blob_section *spoilt = &blob->program_regs + section;
            const uint32_t offsets[] = {blob->size_bytes, blob->size_bytes + 4, 0xFFFFFFF0U, 4,
                spoilt->offset + 2, spoilt->offset, spoilt->offset};

            spoilt->offset = offsets[way];
            spoilt->count = way == 5 ? 0x0FFFFFFFU : way == 6 ? 0xFFFFFFFFU : spoilt->count;
            blob_seal(blob);
            cr_assert_not(blob_check(blob, ABI_BLOB_MAX_BYTES), "section %u, way %u", section, way);
        }
    }
}

static struct abi_ctrl_setup *setup_of(struct abi_blob *blob)
{
    return blob_section(blob, &blob->ctrl);
}

static struct abi_memory *memory_of(struct abi_blob *blob)
{
    return blob_section(blob, &blob->memory);
}

static struct abi_boot_config *boot_of(struct abi_blob *blob)
{
    return blob_section(blob, &blob->boot);
}

static void set_no_size(struct abi_blob *blob)
{
    memory_of(blob)->size_bytes = 0;
}

static void set_odd_page(struct abi_blob *blob)
{
    memory_of(blob)->page_bytes = 257;
}

static void set_large_unit(struct abi_blob *blob)
{
    memory_of(blob)->ecc_unit_bytes = 512;
}

static void set_no_prescaler(struct abi_blob *blob)
{
    setup_of(blob)->prescaler = 0;
}

static void set_large_prescaler(struct abi_blob *blob)
{
    setup_of(blob)->prescaler = 257;
}

static void set_no_chip_size(struct abi_blob *blob)
{
    setup_of(blob)->size_log2 = 0;
}

static void set_three_setups(struct abi_blob *blob)
{
    blob->ctrl.count = 3;
}

static void set_bad_step(struct abi_blob *blob)
{
    ((struct abi_bus_step *)blob_section(blob, &blob->recover))->kind = 7;
}

static void set_bad_index(struct abi_blob *blob)
{
    ((struct abi_bus_step *)blob_section(blob, &blob->enter_program))[1].index = 4;
}

static void set_bad_width(struct abi_blob *blob)
{
    ((struct abi_reg_step *)blob_section(blob, &blob->program_regs))->bytes = 3;
}

static void set_unaligned_register(struct abi_blob *blob)
{
    ((struct abi_reg_step *)blob_section(blob, &blob->program_regs))->addr += 2;
}

static void set_unaligned_reason(struct abi_blob *blob)
{
    boot_of(blob)->reason_addr += 4;
}

static void set_many_rams(struct abi_blob *blob)
{
    boot_of(blob)->ram_count = ABI_RAM_RANGES + 1;
}

static void set_endless_boot(struct abi_blob *blob)
{
    boot_of(blob)->boot_max_ms = 0;
}

Test(blob, refuses_entries_that_make_no_sense_although_the_checksum_is_right)
{
    static const struct {
        const char *name;
        void (*spoil)(struct abi_blob *blob);
    } cases[] = {
        {"no size", set_no_size},
        {"odd page", set_odd_page},
        {"ECC unit larger than a page", set_large_unit},
        {"no prescaler", set_no_prescaler},
        {"large prescaler", set_large_prescaler},
        {"no chip size", set_no_chip_size},
        {"three set-ups", set_three_setups},
        {"unknown step", set_bad_step},
        {"index of a controller", set_bad_index},
        {"width of a register", set_bad_width},
        {"unaligned register", set_unaligned_register},
        {"unaligned reason", set_unaligned_reason},
        {"many RAM ranges", set_many_rams},
        {"no bound for booting", set_endless_boot},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct abi_blob *blob = blob_make(words);

        cases[i].spoil(blob);
        blob_seal(blob);
        cr_assert_not(blob_check(blob, ABI_BLOB_MAX_BYTES), "%s", cases[i].name);
    }
}
