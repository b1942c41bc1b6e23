/* Power fails inside each operation in turn; the same command again ends in the right contents. */
#include "host/base/os.h"
#include "host/flash/record.h"
#include "tests/unit/flash/fake_flash.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

enum { REGION_BYTES = 0x24000 };

struct scenario {
    uint8_t before[FAKE_BYTES];
    uint8_t wanted[FAKE_BYTES];
    uint8_t entry[9000];
    uint8_t other[70000];
    uint8_t internal[3000];
    struct image *images[3];
    struct flash_request requests[3];
};

/* The entry image, one that starts and ends inside sectors (two of them shared), and an internal
 * one, over a chip full of other things. */
static struct scenario *make_scenario(void)
{
    struct scenario *scenario = calloc(1, sizeof *scenario);

    fake_fill_random(scenario->before, sizeof scenario->before, 21);
    fake_fill_random(scenario->entry, sizeof scenario->entry, 22);
    fake_fill_random(scenario->other, sizeof scenario->other, 23);
    fake_fill_random(scenario->internal, sizeof scenario->internal, 24);
    memcpy(scenario->wanted, scenario->before, sizeof scenario->wanted);
    memcpy(scenario->wanted, scenario->entry, sizeof scenario->entry);
    memcpy(scenario->wanted + 0x2800, scenario->other, sizeof scenario->other);
    scenario->images[0] =
        fake_image("entry.bin", FAKE_ADDR, scenario->entry, sizeof scenario->entry);
    scenario->images[1] =
        fake_image("other.bin", FAKE_ADDR + 0x2800, scenario->other, sizeof scenario->other);
    scenario->images[2] =
        fake_image("boot.bin", FAKE_INTERNAL_ADDR, scenario->internal, sizeof scenario->internal);
    for (size_t i = 0; i < 3; i++) {
        scenario->requests[i] = fake_request(scenario->images[i]);
    }
    return scenario;
}

static void free_scenario(struct scenario *scenario)
{
    for (size_t i = 0; i < 3; i++) {
        image_free(scenario->images[i]);
    }
    free(scenario);
}

/* The record's sector counts as requested. */
static void check_contents(struct fake_board *fake, const struct scenario *scenario, unsigned cut)
{
    enum flash_record_state state;
    struct abi_boot_record record;

    cr_assert_eq(memcmp(fake->flash.cells, scenario->wanted, 0x3F000), 0, "cut %u", cut);
    cr_assert_eq(
        memcmp(fake->flash.cells + 0x40000, scenario->wanted + 0x40000, FAKE_BYTES - 0x40000), 0,
        "cut %u", cut);
    cr_assert_eq(memcmp(fake->internal.cells, scenario->internal, sizeof scenario->internal), 0,
        "cut %u", cut);
    cr_assert(flash_record_read(&fake->flash.base, 0x3F000, 0x3F000, &state, &record, &fake->err));
    cr_assert_eq(state, FLASH_RECORD_VALID, "cut %u", cut);
    for (size_t i = 0; i < FAKE_SECTORS; i++) {
        cr_assert_eq(fake->flash.weak[i], 0, "cut %u leaves sector %zu weak", cut, i);
    }
    cr_assert_eq(fake->flash.violations, 0, "cut %u", cut);
    cr_assert_eq(fake->internal.violations, 0, "cut %u", cut);
    cr_assert_eq(fake_board_journals(fake), 0, "cut %u leaves a journal", cut);
}

static const struct flash_plan_options plain = {.erase = FLASH_ERASE_AUTO};

static bool run(struct fake_board *fake, const struct scenario *scenario)
{
    return fake_board_program(fake, scenario->requests, 3, &plain);
}

/* Never a valid record over an image that is not whole: what the bootloader relies on. */
static void check_record_is_honest(
    struct fake_board *fake, const struct scenario *scenario, unsigned cut)
{
    enum flash_record_state state;
    struct abi_boot_record record;

    fake->flash.has_power = true;
    cr_assert(flash_record_read(&fake->flash.base, 0x3F000, 0x3F000, &state, &record, &fake->err));
    if (state == FLASH_RECORD_VALID) {
        cr_assert_eq(memcmp(fake->flash.cells, scenario->entry, sizeof scenario->entry), 0,
            "cut %u leaves a valid record over wrong bytes", cut);
    }
}

Test(cut, leaves_every_byte_right_after_a_second_run, .timeout = 300)
{
    struct scenario *scenario = make_scenario();
    unsigned cut = 0;
    unsigned cuts = 0;

    for (cut = 1;; cut++) {
        struct fake_board fake;
        bool is_done = false;

        fake_board_init(&fake);
        fake_flash_load(&fake.flash, 0, scenario->before, FAKE_BYTES);
        fake_flash_load(&fake.internal, 0, scenario->before, FAKE_INTERNAL_BYTES);
        fake.flash.cut_at = cut;
        fake.flash.random = cut * 7919;
        is_done = run(&fake, scenario);
        if (!is_done) {
            cuts++;
            cr_assert_eq(fake.err.code, ERROR_USB_LOST, "cut %u: %s", cut, fake.err.message);
            cr_assert(strstr(fake.err.state, "again is safe") != NULL, "cut %u: \"%s\"", cut,
                fake.err.state);
            check_record_is_honest(&fake, scenario, cut);
            fake_flash_power_on(&fake.flash);
            cr_assert(run(&fake, scenario), "cut %u: %s", cut, fake.err.message);
        }
        check_contents(&fake, scenario, cut);
        fake_board_free(&fake);
        if (is_done) {
            break;
        }
    }
    cr_assert_gt(cuts, 300, "only %u operations were cut", cuts);
    free_scenario(scenario);
}

/* As before, but what was cut reads right and stably afterwards: only the journal knows better. */
Test(cut, erases_every_sector_that_was_cut_even_if_it_reads_right, .timeout = 300)
{
    struct scenario *scenario = make_scenario();
    unsigned cut = 0;
    bool is_done = false;

    for (cut = 1; !is_done; cut++) {
        struct fake_board fake;

        fake_board_init(&fake);
        fake_flash_load(&fake.flash, 0, scenario->before, FAKE_BYTES);
        fake.flash.cut_at = cut;
        is_done = run(&fake, scenario);
        if (!is_done) {
            fake_flash_power_on(&fake.flash);
            fake_flash_be_lucky(&fake.flash);
            memcpy(fake.flash.cells, scenario->wanted, 0x3F000); /* the luckiest case */
            cr_assert(run(&fake, scenario), "cut %u: %s", cut, fake.err.message);
            cr_assert_eq(fake_flash_in_work(&fake.flash), 0, "cut %u", cut);
        }
        fake_board_free(&fake);
    }
    free_scenario(scenario);
}

Test(cut, leaves_internal_flash_right_after_a_second_run, .timeout = 300)
{
    struct scenario *scenario = make_scenario();
    unsigned cut = 0;

    for (cut = 1;; cut++) {
        struct fake_board fake;
        bool is_done = false;

        fake_board_init(&fake);
        fake_flash_load(&fake.internal, 0, scenario->before, FAKE_INTERNAL_BYTES);
        fake.internal.cut_at = cut;
        is_done = run(&fake, scenario);
        if (!is_done) {
            fake_flash_power_on(&fake.internal);
            cr_assert(run(&fake, scenario), "cut %u: %s", cut, fake.err.message);
        }
        cr_assert_eq(memcmp(fake.internal.cells, scenario->internal, sizeof scenario->internal), 0,
            "cut %u", cut);
        cr_assert_eq(memcmp(fake.internal.cells + sizeof scenario->internal,
                         scenario->before + sizeof scenario->internal,
                         FAKE_INTERNAL_BYTES - sizeof scenario->internal),
            0, "cut %u", cut);
        cr_assert_eq(fake.internal.violations, 0, "cut %u", cut);
        fake_board_free(&fake);
        if (is_done) {
            break;
        }
    }
    cr_assert_gt(cut, 10);
    free_scenario(scenario);
}

/* The restoring run is cut as well. */
Test(cut, survives_a_second_cut_while_it_restores, .timeout = 300)
{
    struct scenario *scenario = make_scenario();
    unsigned first = 0;

    for (first = 2; first < 400; first += 13) {
        for (unsigned second = 1; second < 60; second += 3) {
            struct fake_board fake;

            fake_board_init(&fake);
            fake_flash_load(&fake.flash, 0, scenario->before, FAKE_BYTES);
            fake_flash_load(&fake.internal, 0, scenario->before, FAKE_INTERNAL_BYTES);
            fake.flash.cut_at = first;
            if (!run(&fake, scenario)) {
                fake_flash_power_on(&fake.flash);
                fake.flash.cut_at = second;
                (void)run(&fake, scenario);
                fake_flash_power_on(&fake.flash);
                cr_assert(run(&fake, scenario), "cuts %u, %u: %s", first, second, fake.err.message);
            }
            check_contents(&fake, scenario, first * 1000 + second);
            fake_board_free(&fake);
        }
    }
    free_scenario(scenario);
}

Test(cut, restores_kept_bytes_when_the_next_command_is_another_one)
{
    struct scenario *scenario = make_scenario();
    struct fake_board fake;
    uint8_t bytes[16] = {1, 2, 3};
    struct image *image = fake_image("tiny.bin", FAKE_ADDR + 0x70000, bytes, sizeof bytes);
    struct flash_request request = fake_request(image);
    size_t i = 0;

    fake_board_init(&fake);
    fake_flash_load(&fake.flash, 0, scenario->before, FAKE_BYTES);
    fake_flash_load(&fake.internal, 0, scenario->before, FAKE_INTERNAL_BYTES);
    fake.flash.cut_at = 60;
    cr_assert_not(run(&fake, scenario));
    fake_flash_power_on(&fake.flash);
    cr_assert(fake_board_program(&fake, &request, 1, &plain), "%s", fake.err.message);
    cr_assert_gt(fake.result.restored_bytes, 0);
    for (i = 0x2800 + sizeof scenario->other; i < 0x3F000; i++) {
        cr_assert_eq(fake.flash.cells[i], scenario->before[i], "byte 0x%zx is not kept", i);
    }
    cr_assert(run(&fake, scenario), "%s", fake.err.message);
    memcpy(scenario->wanted + 0x70000, bytes, sizeof bytes);
    check_contents(&fake, scenario, 60);
    image_free(image);
    fake_board_free(&fake);
    free_scenario(scenario);
}

/* On a blank chip nothing would be erased; after a cut the sectors in work are. */
Test(cut, erases_sectors_in_work_again_whatever_they_read)
{
    struct fake_board fake;
    uint8_t bytes[2 * FAKE_SECTOR];
    struct image *image = NULL;
    struct flash_request request;

    fake_board_init(&fake);
    fake_fill_random(bytes, sizeof bytes, 31);
    image = fake_image("a.bin", FAKE_ADDR + 0x60000, bytes, sizeof bytes);
    request = fake_request(image);
    fake.flash.cut_at = 20;
    cr_assert_not(fake_board_program(&fake, &request, 1, &plain));
    fake_flash_power_on(&fake.flash);
    fake.flash.weak[0x60] = 0; /* they read right, by luck */
    fake.flash.weak[0x61] = 0;
    cr_assert(fake_board_program(&fake, &request, 1, &plain), "%s", fake.err.message);
    cr_assert_eq(fake.flash.erased_bytes, 2 * FAKE_SECTOR);
    cr_assert_eq(memcmp(fake.flash.cells + 0x60000, bytes, sizeof bytes), 0);
    cr_assert_eq(fake.flash.violations, 0);
    image_free(image);
    fake_board_free(&fake);
}

Test(cut, does_not_apply_the_journal_of_another_mcu)
{
    struct scenario *scenario = make_scenario();
    struct fake_board fake;
    uint8_t bytes[16] = {1, 2, 3};
    struct image *image = fake_image("tiny.bin", FAKE_ADDR + 0x70000, bytes, sizeof bytes);
    struct flash_request request = fake_request(image);

    fake_board_init(&fake);
    fake_flash_load(&fake.flash, 0, scenario->before, FAKE_BYTES);
    fake_flash_load(&fake.internal, 0, scenario->before, FAKE_INTERNAL_BYTES);
    fake.flash.cut_at = 60;
    cr_assert_not(run(&fake, scenario));
    fake_flash_power_on(&fake.flash);
    fake.options.unique_id = "another";
    cr_assert(fake_board_program(&fake, &request, 1, &plain), "%s", fake.err.message);
    cr_assert_eq(fake.result.restored_bytes, 0);
    image_free(image);
    fake_board_free(&fake);
    free_scenario(scenario);
}

/* Two runs over different ranges, both cut: the second journal must not forget the first. */
Test(cut, remembers_what_an_earlier_run_left_in_work)
{
    struct fake_board fake;
    uint8_t bytes[2 * FAKE_SECTOR];
    struct image *images[2];
    struct flash_request requests[2];

    fake_board_init(&fake);
    fake_fill_random(bytes, sizeof bytes, 32);
    images[0] = fake_image("a.bin", FAKE_ADDR + 0x60000, bytes, sizeof bytes);
    images[1] = fake_image("b.bin", FAKE_ADDR + 0x70000, bytes, sizeof bytes);
    requests[0] = fake_request(images[0]);
    requests[1] = fake_request(images[1]);
    fake.flash.cut_at = 20;
    cr_assert_not(fake_board_program(&fake, &requests[0], 1, &plain));
    fake_flash_power_on(&fake.flash);
    fake.flash.cut_at = 20;
    cr_assert_not(fake_board_program(&fake, &requests[1], 1, &plain));
    fake_flash_power_on(&fake.flash);
    fake_flash_be_lucky(&fake.flash);
    cr_assert(fake_board_program(&fake, &requests[1], 1, &plain), "%s", fake.err.message);
    cr_assert_eq(fake_board_journals(&fake), 1, "the first range is still in work");
    cr_assert(fake_board_program(&fake, &requests[0], 1, &plain), "%s", fake.err.message);
    cr_assert_eq(fake_board_journals(&fake), 0);
    cr_assert_eq(fake_flash_in_work(&fake.flash), 0);
    cr_assert_eq(fake.flash.violations, 0);
    image_free(images[0]);
    image_free(images[1]);
    fake_board_free(&fake);
}

Test(cut, can_restore_kept_bytes_by_itself)
{
    struct scenario *scenario = make_scenario();
    struct fake_board fake;
    uint64_t restored_bytes = 0;

    fake_board_init(&fake);
    fake_flash_load(&fake.flash, 0, scenario->before, FAKE_BYTES);
    fake.flash.cut_at = 100;
    cr_assert_not(run(&fake, scenario));
    fake_flash_power_on(&fake.flash);
    fake_flash_be_lucky(&fake.flash);
    memcpy(fake.flash.cells, scenario->before, 0x3F000);
    fake.flash.erases = 0;
    cr_assert(flash_engine_restore(&fake.flash.base, &fake.options, &restored_bytes, &fake.err));
    cr_assert_gt(restored_bytes, 0);
    cr_assert_gt(fake.flash.erases, 0, "whatever it reads");
    cr_assert(flash_engine_restore(&fake.flash.base, &fake.options, &restored_bytes, &fake.err));
    cr_assert_eq(restored_bytes, 0, "once is enough");
    fake_board_free(&fake);
    free_scenario(scenario);
}

/* A record that was cut may read right once. */
Test(cut, does_not_trust_a_record_that_was_in_work)
{
    struct fake_board fake;
    uint8_t bytes[FAKE_SECTOR];
    struct image *image = NULL;
    struct flash_request request;
    struct abi_boot_record record;
    uint8_t encoded[FLASH_RECORD_BYTES];

    fake_board_init(&fake);
    fake_fill_random(bytes, sizeof bytes, 34);
    image = fake_image("a.bin", FAKE_ADDR, bytes, sizeof bytes);
    request = fake_request(image);
    cr_assert(fake_board_program(&fake, &request, 1, &plain), "%s", fake.err.message);
    record = fake.result.record;
    fake.flash.cells[0x3F000] = 0; /* so that it is written again */
    fake_flash_power_on(&fake.flash);
    fake.flash.cut_at = 2;
    cr_assert_not(fake_board_program(&fake, &request, 1, &plain));
    fake_flash_power_on(&fake.flash);
    fake_flash_be_lucky(&fake.flash);
    flash_record_encode(&record, encoded);
    memcpy(fake.flash.cells + 0x3F000, encoded, sizeof encoded);
    cr_assert(fake_board_program(&fake, &request, 1, &plain), "%s", fake.err.message);
    cr_assert(fake.result.record_written);
    cr_assert_eq(fake_flash_in_work(&fake.flash), 0);
    image_free(image);
    fake_board_free(&fake);
}

/* The old head must not stand over changed bytes, even when the head itself stays the same. */
Test(cut, makes_the_image_unstartable_before_anything_else_changes)
{
    struct fake_board fake;
    uint8_t bytes[4 * FAKE_SECTOR];
    struct image *images[2];
    struct flash_request request;

    fake_board_init(&fake);
    fake.board.boot_check_crc = false;
    fake_fill_random(bytes, sizeof bytes, 33);
    images[0] = fake_image("a.bin", FAKE_ADDR, bytes, sizeof bytes);
    request = fake_request(images[0]);
    cr_assert(fake_board_program(&fake, &request, 1, &plain), "%s", fake.err.message);
    memset(bytes + 2 * FAKE_SECTOR, 0x11, FAKE_SECTOR);
    images[1] = fake_image("a.bin", FAKE_ADDR, bytes, sizeof bytes);
    request = fake_request(images[1]);
    fake_flash_power_on(&fake.flash);
    fake.flash.cut_at = 2;
    cr_assert_not(fake_board_program(&fake, &request, 1, &plain));
    cr_assert_eq(fake.flash.cells[0], 0xFF);
    cr_assert_eq(memcmp(fake.flash.cells, fake.flash.cells + 1, FAKE_SECTOR - 1), 0);
    image_free(images[0]);
    image_free(images[1]);
    fake_board_free(&fake);
}
