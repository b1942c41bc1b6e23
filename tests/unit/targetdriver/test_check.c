#include "common/crc32.h"
#include "target/boot/check.h"
#include "tests/unit/targetdriver/blob_maker.h"
#include "tests/unit/targetdriver/machine.h"

#include <criterion/criterion.h>

#include <stddef.h>
#include <string.h>

enum { IMAGE_BYTES = 10001, CHIP_BYTES = 0x20000 };

static volatile uint32_t heartbeat;
static volatile uint32_t abort_request;
static struct clock clock_of_test;
static struct crc_fast tables;
static uint32_t words[BLOB_MAKER_WORDS];
static uint8_t flash[CHIP_BYTES] __attribute__((aligned(8)));

static struct abi_boot_record *record(void)
{
    return (struct abi_boot_record *)(flash + (BLOB_RECORD_ADDR - BLOB_ENTRY_ADDR));
}

static struct abi_boot_config *config(void)
{
    struct abi_blob *blob = (struct abi_blob *)words;

    return blob_section(blob, &blob->boot);
}

static void seal_record(void)
{
    record()->record_crc32 =
        crc32_update(0, record(), offsetof(struct abi_boot_record, record_crc32));
}

static void set_vectors(uint32_t stack_addr, uint32_t reset_vector)
{
    memcpy(flash, &stack_addr, sizeof stack_addr);
    memcpy(flash + 4, &reset_vector, sizeof reset_vector);
    record()->image_crc32 = crc32_update(0, flash, record()->image_bytes);
    seal_record();
}

/* A good image with a good record. */
static void start(void)
{
    machine_reset();
    (void)blob_make(words);
    clock_start(&clock_of_test, 64000000, &heartbeat, &abort_request);
    crc_fast_init(&tables);
    memset(flash, 0xFF, sizeof flash);
    for (uint32_t i = 0; i < IMAGE_BYTES; i++) {
        flash[i] = (uint8_t)(i * 31);
    }
    machine.window = flash;
    *record() = (struct abi_boot_record){
        .magic = ABI_RECORD_MAGIC, .version = ABI_BOOT_VERSION, .image_bytes = IMAGE_BYTES};
    set_vectors(BLOB_RAM_ADDR + BLOB_RAM_BYTES, BLOB_ENTRY_ADDR + 0x201);
}

static struct boot_verdict check(void)
{
    return boot_check_image(
        (const struct abi_blob *)words, MACHINE_WINDOW_ADDR, &tables, &clock_of_test);
}

static void expect(enum abi_boot_code code, uint32_t first, uint32_t second)
{
    struct boot_verdict verdict = check();

    cr_assert_eq(verdict.code, code, "code %u", verdict.code);
    cr_assert_eq(verdict.value[0], first, "value 0x%x", verdict.value[0]);
    cr_assert_eq(verdict.value[1], second, "value 0x%x", verdict.value[1]);
}

Test(check, starts_a_good_image)
{
    start();
    expect(ABI_BOOT_HANDED_OVER, BLOB_RAM_ADDR + BLOB_RAM_BYTES, BLOB_ENTRY_ADDR + 0x201);
}

Test(check, finds_a_change_of_any_byte_of_the_image)
{
    for (uint32_t i = 0; i < IMAGE_BYTES; i += 97) {
        start();
        flash[i] ^= 1;
        cr_assert_eq(check().code, ABI_BOOT_BAD_CRC, "byte %u", i);
    }
    start();
    flash[IMAGE_BYTES - 1] ^= 0x80;
    expect(ABI_BOOT_BAD_CRC, record()->image_crc32, crc32_update(0, flash, IMAGE_BYTES));
}

Test(check, finds_a_change_of_any_byte_of_the_record)
{
    for (uint32_t i = 0; i < sizeof(struct abi_boot_record); i++) {
        start();
        ((uint8_t *)record())[i] ^= 4;
        cr_assert_neq(check().code, ABI_BOOT_HANDED_OVER, "byte %u", i);
    }
}

Test(check, calls_erased_flash_empty)
{
    start();
    memset(flash, 0xFF, sizeof flash);
    expect(ABI_BOOT_EMPTY, UINT32_MAX, 0);
}

Test(check, misses_the_record_of_an_image)
{
    start();
    memset(record(), 0xFF, sizeof *record());
    expect(ABI_BOOT_NO_RECORD, UINT32_MAX, 0);
    record()->magic = 0x12345678;
    expect(ABI_BOOT_NO_RECORD, 0x12345678, 0);
}

Test(check, misses_the_record_although_the_image_is_gone)
{
    start();
    memset(flash, 0xFF, 64);
    record()->magic = 0;
    expect(ABI_BOOT_NO_RECORD, 0, 0);
}

Test(check, refuses_a_record_of_another_version)
{
    start();
    record()->version++;
    seal_record();
    cr_assert_eq(check().code, ABI_BOOT_BAD_RECORD);
}

Test(check, bounds_the_length_before_it_reads_so_much)
{
    static const uint32_t lengths[] = {0, 7, 0xF001, 0x10000, CHIP_BYTES, UINT32_MAX};

    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        start();
        record()->image_bytes = lengths[i];
        seal_record();
        expect(ABI_BOOT_BAD_LENGTH, lengths[i], 0xF000);
    }
}

Test(check, takes_an_image_that_reaches_up_to_the_record)
{
    start();
    record()->image_bytes = 0xF000;
    set_vectors(BLOB_RAM_ADDR + 8, BLOB_ENTRY_ADDR + 0x201);
    cr_assert_eq(check().code, ABI_BOOT_HANDED_OVER);
}

Test(check, refuses_a_stack_pointer_that_is_not_in_ram)
{
    static const uint32_t stacks[] = {0, BLOB_RAM_ADDR, BLOB_RAM_ADDR + 4,
        BLOB_RAM_ADDR + BLOB_RAM_BYTES + 8, BLOB_RAM_ADDR - 8, UINT32_MAX, BLOB_ENTRY_ADDR};

    for (size_t i = 0; i < sizeof stacks / sizeof stacks[0]; i++) {
        start();
        set_vectors(stacks[i], BLOB_ENTRY_ADDR + 0x201);
        expect(ABI_BOOT_BAD_STACK, stacks[i], 0);
    }
}

Test(check, refuses_a_reset_vector_that_is_even_or_outside)
{
    static const uint32_t vectors[] = {BLOB_ENTRY_ADDR + 0x200, 0, 1, UINT32_MAX,
        BLOB_ENTRY_ADDR + 1, BLOB_ENTRY_ADDR + 7, BLOB_ENTRY_ADDR + IMAGE_BYTES,
        BLOB_ENTRY_ADDR + 0xF001, BLOB_ENTRY_ADDR - 1, 0x08000101};

    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        start();
        set_vectors(BLOB_RAM_ADDR + 0x1000, vectors[i]);
        expect(ABI_BOOT_BAD_VECTOR, vectors[i], 0);
    }
}

Test(check, needs_no_record_where_the_board_does_not_ask_for_one)
{
    start();
    config()->flags = 0;
    config()->record_addr = 0;
    flash[5000] ^= 1;
    cr_assert_eq(check().code, ABI_BOOT_HANDED_OVER);
    memset(flash, 0xFF, 64);
    cr_assert_eq(check().code, ABI_BOOT_EMPTY);
}

Test(check, refuses_a_partition_or_record_outside_of_the_chip)
{
    start();
    config()->entry_addr = MACHINE_WINDOW_ADDR - 0x1000;
    cr_assert_eq(check().code, ABI_BOOT_BAD_BLOB, "before the window");
    start();
    config()->partition_bytes = CHIP_BYTES + 1;
    cr_assert_eq(check().code, ABI_BOOT_BAD_BLOB, "larger than the chip");
    start();
    config()->record_addr = BLOB_ENTRY_ADDR + BLOB_PARTITION_BYTES - 124;
    cr_assert_eq(check().code, ABI_BOOT_BAD_BLOB, "record over the end of the partition");
    start();
    config()->record_addr = 0;
    cr_assert_eq(check().code, ABI_BOOT_BAD_BLOB, "a check without a record");
}

Test(check, gives_up_when_its_time_is_over)
{
    start();
    clock_of_test.limit_us = 1;
    machine.cycles += 1000;
    expect(ABI_BOOT_OUT_OF_TIME, ABI_BOOT_BAD_CRC, 0);
}
