#include "common/crc32.h"
#include "host/flash/record.h"
#include "tests/unit/flash/fake_flash.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

static const struct flash_plan_options plain = {.erase = FLASH_ERASE_AUTO};

Test(engine, writes_an_image_and_leaves_the_rest_as_it_was)
{
    struct fake_board fake;
    uint8_t before[FAKE_BYTES];
    uint8_t bytes[10000];
    struct image *image = NULL;
    struct flash_request request;

    fake_board_init(&fake);
    fake_fill_random(before, sizeof before, 7);
    fake_flash_load(&fake.flash, 0, before, sizeof before);
    fake_fill_random(bytes, sizeof bytes, 8);
    image = fake_image("a.bin", FAKE_ADDR + 0x51234, bytes, sizeof bytes);
    request = fake_request(image);
    cr_assert(fake_board_program(&fake, &request, 1, &(struct flash_plan_options){.consent = true}),
        "%s", fake.err.message);
    memcpy(before + 0x51234, bytes, sizeof bytes);
    cr_assert_eq(memcmp(fake.flash.cells, before, sizeof before), 0);
    cr_assert_eq(fake.flash.violations, 0);
    cr_assert(fake.result.verified);
    cr_assert(fake.result.changed);
    cr_assert_eq(fake_board_journals(&fake), 0, "the journal is removed after success");
    image_free(image);
    fake_board_free(&fake);
}

Test(engine, changes_nothing_when_the_chip_is_right_already)
{
    struct fake_board fake;
    uint8_t bytes[70000];
    struct image *image = NULL;
    struct flash_request request;
    unsigned operations = 0;

    fake_board_init(&fake);
    fake_fill_random(bytes, sizeof bytes, 9);
    image = fake_image("dir/a.bin", FAKE_ADDR, bytes, sizeof bytes);
    request = fake_request(image);
    cr_assert(fake_board_program(&fake, &request, 1, &plain), "%s", fake.err.message);
    cr_assert(fake.result.record_written);
    cr_assert_str_eq(fake.result.record.name, "a.bin");
    operations = fake.flash.operations;
    cr_assert(fake_board_program(&fake, &request, 1, &plain), "%s", fake.err.message);
    cr_assert_eq(fake.flash.operations, operations);
    cr_assert(fake.result.verified);
    cr_assert_not(fake.result.changed);
    cr_assert_eq(fake.result.totals[0].same_bytes, sizeof bytes);
    image_free(image);
    fake_board_free(&fake);
}

Test(engine, does_not_erase_a_blank_chip)
{
    struct fake_board fake;
    uint8_t bytes[FAKE_BLOCK];
    struct image *image = NULL;
    struct flash_request request;

    fake_board_init(&fake);
    fake_fill_random(bytes, sizeof bytes, 10);
    image = fake_image("a.bin", FAKE_ADDR + 0x60000, bytes, sizeof bytes);
    request = fake_request(image);
    cr_assert(fake_board_program(&fake, &request, 1, &plain), "%s", fake.err.message);
    cr_assert_eq(fake.flash.erases, 0);
    cr_assert_eq(fake.flash.pages, FAKE_BLOCK / FAKE_PAGE);
    image_free(image);
    fake_board_free(&fake);
}

Test(engine, erases_with_the_largest_unit_that_fits)
{
    struct fake_board fake;
    uint8_t bytes[2 * FAKE_BLOCK];
    struct image *image = NULL;
    struct flash_request request;

    fake_board_init(&fake);
    fake_fill_random(bytes, sizeof bytes, 11);
    fake_flash_load(&fake.flash, 0, bytes, sizeof bytes);
    fake_fill_random(bytes, sizeof bytes, 12);
    image = fake_image("a.bin", FAKE_ADDR + FAKE_SECTOR, bytes, FAKE_BLOCK + FAKE_SECTOR);
    request = fake_request(image);
    cr_assert(fake_board_program(&fake, &request, 1, &plain), "%s", fake.err.message);
    /* 15 sectors up to the first block, then 2 sectors of the second */
    cr_assert_eq(fake.flash.erases, 17);
    image_free(image);
    image = fake_image("a.bin", FAKE_ADDR, bytes, FAKE_BLOCK);
    request = fake_request(image);
    fake.flash.erases = 0;
    fake.flash.erased_bytes = 0;
    cr_assert(fake_board_program(&fake, &request, 1, &plain), "%s", fake.err.message);
    cr_assert_eq(fake.flash.erased_bytes, FAKE_BLOCK + FAKE_SECTOR, "a block, and the record");
    cr_assert_eq(fake.flash.violations, 0);
    image_free(image);
    fake_board_free(&fake);
}

Test(engine, reports_a_chip_that_acknowledges_without_effect)
{
    struct fake_board fake;
    uint8_t bytes[5000];
    struct image *image = NULL;
    struct flash_request request;

    fake_board_init(&fake);
    memset(bytes, 0x5A, sizeof bytes);
    fake.flash.lies = true;
    image = fake_image("a.bin", FAKE_ADDR + 0x60000, bytes, sizeof bytes);
    request = fake_request(image);
    cr_assert_not(fake_board_program(&fake, &request, 1, &plain));
    cr_assert_eq(fake.err.code, ERROR_VERIFY_MISMATCH);
    cr_assert(fake.err.has_addr);
    cr_assert_eq(fake.err.addr, FAKE_ADDR + 0x60000);
    cr_assert_str_eq(fake.err.message,
        "memory flash differs at 0x70060000: expected 5a, found ff; 5000 bytes differ, in bits 7 5 "
        "2 0; a second reading agrees\n  while verifying memory flash");
    cr_assert(strstr(fake.err.hint, "write protection") != NULL);
    cr_assert(strstr(fake.err.state, "safe") != NULL);
    cr_assert_eq(fake_board_journals(&fake), 1, "the sectors stay in work");
    image_free(image);
    fake_board_free(&fake);
}

Test(engine, refuses_a_protected_chip_before_anything_is_erased)
{
    struct fake_board fake;
    uint8_t bytes[100];
    struct image *image = NULL;
    struct flash_request request;

    fake_board_init(&fake);
    memset(bytes, 0x5A, sizeof bytes);
    fake.flash.is_protected = true;
    image = fake_image("a.bin", FAKE_ADDR + 0x60000, bytes, sizeof bytes);
    request = fake_request(image);
    cr_assert_not(fake_board_program(&fake, &request, 1, &plain));
    cr_assert_eq(fake.err.code, ERROR_MEMORY_PROTECTED);
    cr_assert_str_eq(fake.err.state, "nothing was erased or written");
    cr_assert_eq(fake.flash.operations, 0);
    image_free(image);
    fake_board_free(&fake);
}

Test(engine, erases_nothing_when_the_journal_cannot_be_written)
{
    struct fake_board fake;
    uint8_t bytes[100];
    struct image *image = NULL;
    struct flash_request request;

    fake_board_init(&fake);
    memset(bytes, 0, sizeof bytes);
    fake_flash_load(&fake.flash, 0, bytes, sizeof bytes);
    fake.options.journal_directory = "/proc/none/journal";
    memset(bytes, 0x5A, sizeof bytes);
    image = fake_image("a.bin", FAKE_ADDR, bytes, sizeof bytes);
    request = fake_request(image);
    cr_assert_not(fake_board_program(&fake, &request, 1, &plain));
    cr_assert_eq(fake.err.code, ERROR_JOURNAL_IO);
    cr_assert_eq(fake.flash.operations, 0);
    cr_assert_str_eq(fake.err.state, "nothing was erased or written");
    image_free(image);
    fake_board_free(&fake);
}

Test(engine, erases_nothing_in_a_dry_run)
{
    struct fake_board fake;
    uint8_t bytes[9000];
    struct image *image = NULL;
    struct flash_request request;

    fake_board_init(&fake);
    memset(bytes, 0, sizeof bytes);
    fake_flash_load(&fake.flash, 0, bytes, sizeof bytes);
    fake.options.dry_run = true;
    memset(bytes, 0x5A, sizeof bytes);
    image = fake_image("a.bin", FAKE_ADDR, bytes, sizeof bytes);
    request = fake_request(image);
    cr_assert(fake_board_program(&fake, &request, 1, &plain), "%s", fake.err.message);
    cr_assert_eq(fake.flash.operations, 0);
    cr_assert_not(fake.result.verified);
    cr_assert_eq(fake.result.totals[0].erase_count, 3);
    image_free(image);
    fake_board_free(&fake);
}

Test(engine, refuses_to_program_without_erase_where_it_is_not_blank)
{
    struct fake_board fake;
    uint8_t bytes[100];
    struct image *image = NULL;
    struct flash_request request;
    const struct flash_plan_options none = {.erase = FLASH_ERASE_NONE};

    fake_board_init(&fake);
    memset(bytes, 0x5A, sizeof bytes);
    image = fake_image("a.bin", FAKE_ADDR + 0x60000, bytes, sizeof bytes);
    request = fake_request(image);
    cr_assert(fake_board_program(&fake, &request, 1, &none), "%s", fake.err.message);
    cr_assert_eq(fake.flash.erases, 0);
    fake.flash.cells[0x60800] = 0;
    fake.flash.cells[0x60000] = 0;
    cr_assert_not(fake_board_program(&fake, &request, 1, &none));
    cr_assert_eq(fake.err.code, ERROR_NOT_BLANK);
    image_free(image);
    fake_board_free(&fake);
}

Test(engine, erases_a_range_and_keeps_the_rest_of_its_sectors)
{
    struct fake_board fake;
    uint8_t before[FAKE_BYTES];
    struct flash_request request = fake_erase_request(0x60123, 0x3000);

    fake_board_init(&fake);
    fake_fill_random(before, sizeof before, 13);
    fake_flash_load(&fake.flash, 0, before, sizeof before);
    cr_assert(fake_board_program(&fake, &request, 1, &plain), "%s", fake.err.message);
    memset(before + 0x60123, 0xFF, 0x3000);
    cr_assert_eq(memcmp(fake.flash.cells, before, sizeof before), 0);
    cr_assert_eq(fake.flash.violations, 0);
    fake_board_free(&fake);
}

Test(engine, sends_nothing_for_erased_bytes)
{
    struct fake_board fake;
    uint8_t *bytes = malloc(2 * FAKE_BLOCK);
    struct image *image = NULL;
    struct flash_request request;

    fake_board_init(&fake);
    fake.options.compare = false;
    memset(bytes, 0xFF, 2 * FAKE_BLOCK);
    bytes[FAKE_BLOCK] = 1;
    image = fake_image("a.bin", FAKE_ADDR + 0x60000, bytes, 2 * FAKE_BLOCK);
    request = fake_request(image);
    cr_assert(fake_board_program(&fake, &request, 1, &plain), "%s", fake.err.message);
    cr_assert_eq(fake.flash.pages, fake.flash.base.chunk_bytes / FAKE_PAGE, "one chunk of eight");
    image_free(image);
    free(bytes);
    fake_board_free(&fake);
}

Test(engine, does_not_trust_a_sector_that_reads_differently_the_second_time)
{
    struct fake_board fake;
    uint8_t bytes[100];
    struct image *image = NULL;
    struct flash_request request;

    fake_board_init(&fake);
    memset(bytes, 0x5A, sizeof bytes);
    fake_flash_load(&fake.flash, 0x60000, bytes, sizeof bytes);
    fake.flash.unstable_sector = 0x60;
    image = fake_image("a.bin", FAKE_ADDR + 0x60000, bytes, sizeof bytes);
    request = fake_request(image);
    (void)fake_board_program(&fake, &request, 1, &plain);
    cr_assert_eq(fake.flash.erases, 1);
    image_free(image);
    fake_board_free(&fake);
}

Test(engine, verifies_the_head_that_is_written_last)
{
    struct fake_board fake;
    uint8_t bytes[3 * FAKE_SECTOR];
    struct image *image = NULL;
    struct flash_request request;

    fake_board_init(&fake);
    memset(bytes, 0x5A, sizeof bytes);
    fake.flash.lies_in_sector = 0;
    image = fake_image("a.bin", FAKE_ADDR, bytes, sizeof bytes);
    request = fake_request(image);
    cr_assert_not(fake_board_program(&fake, &request, 1, &plain));
    cr_assert_eq(fake.err.code, ERROR_VERIFY_MISMATCH);
    cr_assert_eq(fake.err.addr, FAKE_ADDR);
    image_free(image);
    fake_board_free(&fake);
}

/* ---- the boot record ---- */

static struct abi_boot_record read_record(struct fake_board *fake, enum flash_record_state *state)
{
    struct abi_boot_record record;

    cr_assert(flash_record_read(&fake->flash.base, 0x3F000, 0x3F000, state, &record, &fake->err));
    return record;
}

static void program_entry(struct fake_board *fake, uint8_t *bytes, size_t size_bytes)
{
    struct image *image = fake_image("entry.bin", FAKE_ADDR, bytes, size_bytes);
    struct flash_request request = fake_request(image);

    cr_assert(fake_board_program(fake, &request, 1, &plain), "%s", fake->err.message);
    image_free(image);
}

Test(engine, records_the_entry_image)
{
    struct fake_board fake;
    uint8_t bytes[5000];
    enum flash_record_state state;
    struct abi_boot_record record;

    fake_board_init(&fake);
    fake_fill_random(bytes, sizeof bytes, 14);
    program_entry(&fake, bytes, sizeof bytes);
    record = read_record(&fake, &state);
    cr_assert_eq(state, FLASH_RECORD_VALID);
    cr_assert_eq(record.image_bytes, sizeof bytes);
    cr_assert_str_eq(record.name, "entry.bin");
    fake_board_free(&fake);
}

Test(engine, renews_a_record_that_does_not_fit_the_image)
{
    struct fake_board fake;
    uint8_t bytes[5000];
    enum flash_record_state state;
    struct abi_boot_record record;
    uint8_t encoded[FLASH_RECORD_BYTES];
    const struct flash_record_plan wrong = {.image_bytes = sizeof bytes, .name = "entry.bin"};

    fake_board_init(&fake);
    fake_fill_random(bytes, sizeof bytes, 14);
    program_entry(&fake, bytes, sizeof bytes);
    flash_record_make(&wrong, 12345, &record); /* well-formed, of another image */
    flash_record_encode(&record, encoded);
    memcpy(fake.flash.cells + 0x3F000, encoded, sizeof encoded);
    program_entry(&fake, bytes, sizeof bytes);
    cr_assert(fake.result.record_written);
    record = read_record(&fake, &state);
    cr_assert_eq(state, FLASH_RECORD_VALID);
    cr_assert_eq(record.image_crc32, crc32_update(0, bytes, sizeof bytes));
    fake_board_free(&fake);
}

Test(engine, recomputes_the_record_when_part_of_the_image_changes)
{
    struct fake_board fake;
    uint8_t bytes[5000];
    uint8_t patch[64];
    enum flash_record_state state;
    struct abi_boot_record old;
    struct abi_boot_record record;
    struct flash_plan_options options = plain;
    struct image *image = NULL;
    struct flash_request request;

    fake_board_init(&fake);
    fake_fill_random(bytes, sizeof bytes, 15);
    program_entry(&fake, bytes, sizeof bytes);
    old = read_record(&fake, &state);
    options.old_record = &old;
    memset(patch, 0x11, sizeof patch);
    image = fake_image("patch.bin", FAKE_ADDR + 1000, patch, sizeof patch);
    request = fake_request(image);
    cr_assert(fake_board_program(&fake, &request, 1, &options), "%s", fake.err.message);
    record = read_record(&fake, &state);
    cr_assert_eq(state, FLASH_RECORD_VALID);
    cr_assert_eq(record.image_bytes, sizeof bytes);
    cr_assert_str_eq(record.name, "entry.bin");
    cr_assert_neq(record.image_crc32, old.image_crc32);
    cr_assert_eq(record.image_crc32, crc32_update(0, fake.flash.cells, sizeof bytes));
    image_free(image);
    fake_board_free(&fake);
}

Test(engine, removes_the_record_when_part_of_the_image_is_erased)
{
    struct fake_board fake;
    uint8_t bytes[5000];
    enum flash_record_state state;
    struct abi_boot_record old;
    struct flash_plan_options options = plain;
    struct flash_request request = fake_erase_request(0, FAKE_SECTOR);

    fake_board_init(&fake);
    fake_fill_random(bytes, sizeof bytes, 16);
    program_entry(&fake, bytes, sizeof bytes);
    old = read_record(&fake, &state);
    options.old_record = &old;
    cr_assert(fake_board_program(&fake, &request, 1, &options), "%s", fake.err.message);
    (void)read_record(&fake, &state);
    cr_assert_eq(state, FLASH_RECORD_ABSENT);
    fake_board_free(&fake);
}

/* The reason that a plan gives for losing the record when these bytes are programmed. */
static const char *loss_of(const struct fake_board *fake, const struct abi_boot_record *old,
    const uint32_t *addrs, size_t count)
{
    static const uint8_t bytes[16] = {1};
    struct flash_plan_options options = plain;
    struct flash_plan plan = {0};
    struct image *images[2] = {NULL};
    struct flash_request requests[2];
    const char *reason = NULL;
    struct error err;

    options.old_record = old;
    for (size_t i = 0; i < count; i++) {
        images[i] = fake_image("raw.bin", addrs[i], bytes, sizeof bytes);
        requests[i] = fake_request(images[i]);
    }
    cr_assert(
        flash_plan_make(&fake->board, requests, count, &options, &plan, &err), "%s", err.message);
    reason = plan.record.reason;
    flash_plan_free(&plan);
    image_free(images[0]);
    image_free(images[1]);
    return reason;
}

Test(engine, tells_when_raw_bytes_cost_the_image_its_record)
{
    const uint32_t on_record[] = {FAKE_ADDR + 0x3F000 + 64};
    const uint32_t behind_record[] = {FAKE_ADDR + 0x3F000 + 512};
    const uint32_t behind_and_image[] = {FAKE_ADDR + 0x3F000 + 512, FAKE_ADDR + 1000};
    struct fake_board fake;
    uint8_t bytes[5000];
    enum flash_record_state state;
    struct abi_boot_record old;

    fake_board_init(&fake);
    fake_fill_random(bytes, sizeof bytes, 19);
    program_entry(&fake, bytes, sizeof bytes);
    old = read_record(&fake, &state);
    cr_assert_not_null(strstr(loss_of(&fake, &old, on_record, 1), "its bytes"));
    cr_assert_null(loss_of(&fake, &old, behind_record, 1), "kept, and right");
    cr_assert_not_null(strstr(loss_of(&fake, &old, behind_and_image, 2), "checksum"));
    cr_assert_null(loss_of(&fake, NULL, on_record, 1), "there was none to lose");
    fake_board_free(&fake);
}

Test(engine, leaves_the_record_alone_when_another_partition_is_written)
{
    struct fake_board fake;
    uint8_t bytes[5000];
    enum flash_record_state state;
    struct abi_boot_record old;
    struct flash_plan_options options = plain;
    struct image *image = NULL;
    struct flash_request request;

    fake_board_init(&fake);
    fake_fill_random(bytes, sizeof bytes, 17);
    program_entry(&fake, bytes, sizeof bytes);
    old = read_record(&fake, &state);
    options.old_record = &old;
    image = fake_image("b.bin", FAKE_ADDR + 0x70000, bytes, sizeof bytes);
    request = fake_request(image);
    cr_assert(fake_board_program(&fake, &request, 1, &options), "%s", fake.err.message);
    cr_assert_not(fake.result.record_written);
    (void)read_record(&fake, &state);
    cr_assert_eq(state, FLASH_RECORD_VALID);
    image_free(image);
    fake_board_free(&fake);
}

Test(engine, writes_external_and_internal_memory_in_one_run)
{
    struct fake_board fake;
    uint8_t bytes[9000];
    struct image *images[2];
    struct flash_request requests[2];

    fake_board_init(&fake);
    fake_fill_random(bytes, sizeof bytes, 18);
    images[0] = fake_image("in.bin", FAKE_INTERNAL_ADDR, bytes, sizeof bytes);
    images[1] = fake_image("out.bin", FAKE_ADDR, bytes, sizeof bytes);
    requests[0] = fake_request(images[0]);
    requests[1] = fake_request(images[1]);
    fake.internal.cells[100] = 0;
    cr_assert(fake_board_program(&fake, requests, 2, &plain), "%s", fake.err.message);
    cr_assert_eq(memcmp(fake.internal.cells, bytes, sizeof bytes), 0);
    cr_assert_eq(memcmp(fake.flash.cells, bytes, sizeof bytes), 0);
    cr_assert_eq(fake.internal.violations + fake.flash.violations, 0);
    cr_assert_eq(fake_board_journals(&fake), 0);
    image_free(images[0]);
    image_free(images[1]);
    fake_board_free(&fake);
}
