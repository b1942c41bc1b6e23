#include "common/crc32.h"
#include "common/le.h"
#include "host/flash/boot.h"
#include "tests/unit/flash/fake_flash.h"

#include <criterion/criterion.h>

#include <string.h>

Test(boot, records_go_both_ways)
{
    const struct flash_record_plan plan = {
        .image_bytes = 1000, .name = "a.bin", .image_version = "1.2"};
    struct abi_boot_record record;
    struct abi_boot_record found;
    uint8_t bytes[FLASH_RECORD_BYTES];

    flash_record_make(&plan, 0x12345678, &record);
    flash_record_encode(&record, bytes);
    cr_assert_eq(flash_record_decode(bytes, 1000, &found), FLASH_RECORD_VALID);
    cr_assert_eq(memcmp(&record, &found, sizeof record), 0);
    cr_assert_eq(flash_record_decode(bytes, 999, &found), FLASH_RECORD_INVALID, "too long");
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] ^= 1;
        cr_assert_eq(flash_record_decode(bytes, 1000, &found), FLASH_RECORD_INVALID, "%zu", i);
        bytes[i] ^= 1;
    }
    memset(bytes, 0xFF, sizeof bytes);
    cr_assert_eq(flash_record_decode(bytes, 1000, &found), FLASH_RECORD_ABSENT);
}

Test(boot, tells_what_is_in_internal_flash)
{
    uint8_t wanted[256];
    uint8_t found[256];

    fake_fill_random(wanted, sizeof wanted, 1);
    le_put32(wanted + ABI_BOOT_HEADER_OFFSET, ABI_BOOT_MAGIC);
    memcpy(found, wanted, sizeof found);
    cr_assert_eq(flash_boot_classify(found, wanted, sizeof found), FLASH_BOOT_OK);
    found[200] ^= 1;
    cr_assert_eq(flash_boot_classify(found, wanted, sizeof found), FLASH_BOOT_STALE);
    found[ABI_BOOT_HEADER_OFFSET] ^= 1;
    cr_assert_eq(flash_boot_classify(found, wanted, sizeof found), FLASH_BOOT_FOREIGN);
    memset(found, 0xFF, sizeof found);
    cr_assert_eq(flash_boot_classify(found, wanted, sizeof found), FLASH_BOOT_MISSING);
    cr_assert_str_eq(flash_boot_state_name(FLASH_BOOT_FOREIGN), "foreign");
}

Test(boot, asks_before_it_overwrites_foreign_contents)
{
    struct error err;

    cr_assert(flash_boot_check_consent(FLASH_BOOT_STALE, false, &err));
    cr_assert(flash_boot_check_consent(FLASH_BOOT_FOREIGN, true, &err));
    cr_assert_not(flash_boot_check_consent(FLASH_BOOT_FOREIGN, false, &err));
    cr_assert_eq(err.code, ERROR_CONSENT_NEEDED);
}

static void check_vectors(uint32_t stack_addr, uint32_t reset_addr, const char *message)
{
    struct fake_board fake;
    uint8_t first8[8];
    char text[200];

    fake_board_init(&fake);
    le_put32(first8, stack_addr);
    le_put32(first8 + 4, reset_addr);
    cr_assert_eq(
        flash_boot_vectors_ok(&fake.board, first8, 0x1000, text, sizeof text), message[0] == '\0');
    cr_assert_str_eq(text, message);
    fake_board_free(&fake);
}

Test(boot, checks_stack_pointer_and_reset_vector)
{
    check_vectors(0x20010000, 0x70000101, "");
    check_vectors(0x24000008, 0x70000009, "");
    check_vectors(0x20000000, 0x70000101,
        "its first word, the stack pointer, is 0x20000000: not in the RAM of FAKEMCU");
    check_vectors(0x20000004, 0x70000101,
        "its first word, the stack pointer, is 0x20000004: not in the RAM of FAKEMCU");
    check_vectors(0xFFFFFFFF, 0xFFFFFFFF,
        "its first word, the stack pointer, is 0xffffffff: not in the RAM of FAKEMCU");
    check_vectors(0x20010000, 0x70000100,
        "its second word, the reset vector, is 0x70000100: even, which is no Thumb address");
    check_vectors(0x20010000, 0x08000101,
        "its second word, the reset vector, is 0x08000101: outside the image 0x70000000+0x1000");
    check_vectors(0x20010000, 0x70001001,
        "its second word, the reset vector, is 0x70001001: outside the image 0x70000000+0x1000");
    check_vectors(0x20010000, 0x70000001,
        "its second word, the reset vector, is 0x70000001: outside the image 0x70000000+0x1000");
}

Test(boot, explains_every_reason)
{
    for (uint32_t code = ABI_BOOT_STARTED; code <= ABI_BOOT_OUT_OF_TIME; code++) {
        const struct abi_boot_reason reason = {.code = code, .value = {1, 2, 3}};
        char text[320];

        flash_boot_explain(&reason, text, sizeof text);
        cr_assert_gt(strlen(text), 20, "%u", code);
        cr_assert(strstr(text, "unknown code") == NULL, "%u has no explanation", code);
    }
}

Test(boot, explains_values)
{
    const struct abi_boot_reason reason = {
        .code = ABI_BOOT_BAD_CRC, .value = {0x11223344, 0x55667788}};
    char text[320];

    flash_boot_explain(&reason, text, sizeof text);
    cr_assert_str_eq(text, "the image does not match its record: checksum 0x11223344 recorded, "
                           "0x55667788 found: image "
                           "changed by another tool, or damaged");
    flash_boot_explain(&(struct abi_boot_reason){.code = 99}, text, sizeof text);
    cr_assert_str_eq(text, "the bootloader left the unknown code 99");
}

Test(boot, takes_only_a_wellformed_reason)
{
    uint8_t bytes[32] = {0};
    struct abi_boot_reason reason;

    le_put32(bytes, ABI_REASON_MAGIC);
    le_put32(bytes + 4, ABI_BOOT_VERSION);
    le_put32(bytes + 8, ABI_BOOT_EMPTY);
    le_put32(bytes + 16, 77);
    le_put32(bytes + 28, crc32_update(0, bytes, 28));
    cr_assert(flash_boot_reason_decode(bytes, &reason));
    cr_assert_eq(reason.code, ABI_BOOT_EMPTY);
    cr_assert_eq(reason.value[1], 77);
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] ^= 4;
        cr_assert_not(flash_boot_reason_decode(bytes, &reason), "%zu", i);
        bytes[i] ^= 4;
    }
}

/* ---- seal and show ---- */

static void load_image(struct fake_board *fake, uint32_t size_bytes)
{
    uint8_t bytes[20000];

    fake_fill_random(bytes, size_bytes, 5);
    le_put32(bytes, 0x20010000);
    le_put32(bytes + 4, 0x70000101);
    bytes[size_bytes - 1] = 1;
    fake_flash_load(&fake->flash, 0, bytes, size_bytes);
}

Test(boot, seals_what_another_tool_wrote)
{
    struct fake_board fake;
    struct abi_boot_record record;
    struct flash_boot_image_info info;

    fake_board_init(&fake);
    load_image(&fake, 12345);
    cr_assert(flash_boot_seal(&fake.flash.base, &fake.board, &fake.options, &record, &fake.err),
        "%s", fake.err.message);
    cr_assert_eq(record.image_bytes, 12345);
    cr_assert(flash_boot_show(&fake.flash.base, &fake.board, &info, &fake.err));
    cr_assert_eq(info.record_state, FLASH_RECORD_VALID);
    cr_assert(info.crc_matches);
    cr_assert(info.vectors_ok, "%s", info.vectors_text);
    fake.flash.cells[500] ^= 1;
    cr_assert(flash_boot_show(&fake.flash.base, &fake.board, &info, &fake.err));
    cr_assert_not(info.crc_matches);
    cr_assert(flash_boot_seal(&fake.flash.base, &fake.board, &fake.options, &record, &fake.err));
    cr_assert(flash_boot_show(&fake.flash.base, &fake.board, &info, &fake.err));
    cr_assert(info.crc_matches);
    cr_assert_eq(fake.flash.violations, 0);
    fake_board_free(&fake);
}

Test(boot, does_not_seal_a_blank_partition)
{
    struct fake_board fake;
    struct abi_boot_record record;

    fake_board_init(&fake);
    cr_assert_not(
        flash_boot_seal(&fake.flash.base, &fake.board, &fake.options, &record, &fake.err));
    cr_assert_eq(fake.err.code, ERROR_NO_BOOT_IMAGE);
    cr_assert_eq(fake.flash.operations, 0);
    fake_board_free(&fake);
}
