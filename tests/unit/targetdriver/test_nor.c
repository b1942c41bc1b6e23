#include "target/driver/nor.h"
#include "tests/unit/targetdriver/chip_model.h"
#include "tests/unit/targetdriver/machine.h"

#include <criterion/criterion.h>

#include <string.h>

static volatile uint32_t heartbeat;
static volatile uint32_t abort_request;
static volatile uint32_t running_offset;
static volatile uint32_t progress_bytes;
static struct clock clock_of_test;
static struct detail detail;
static struct ctrl ctrl;
static struct abi_memory memory;
static const struct abi_ctrl_setup setup = {.family = ABI_CTRL_XSPI, .bus_hz = 32000000};
static uint8_t buffer[NOR_BUFFER_BYTES] __attribute__((aligned(4)));
static uint8_t image[CHIP_BYTES] __attribute__((aligned(4)));

static struct nor start(void)
{
    machine_reset();
    chip_reset_model();
    chip.dtr = true;
    abort_request = 0;
    progress_bytes = 0;
    detail = (struct detail){0};
    clock_start(&clock_of_test, 64000000, &heartbeat, &abort_request);
    clock_of_test.watchdog_addr = MACHINE_KR_ADDR;
    ctrl = (struct ctrl){
        .driver = &chip_driver, .setup = &setup, .clock = &clock_of_test, .detail = &detail};
    memory = chip_memory();
    for (uint32_t i = 0; i < sizeof image; i++) {
        image[i] = (uint8_t)(i * 13 + (i >> 8) * 7 + 3) & 0x7F; /* never FF */
    }
    return (struct nor){.ctrl = &ctrl,
        .memory = &memory,
        .running_offset = &running_offset,
        .progress_bytes = &progress_bytes,
        .buffer = buffer};
}

static void end(void)
{
    cr_assert_eq(chip.mistakes, 0, "%s", chip.mistake);
}

Test(nor, erases_unit_after_unit)
{
    struct nor nor = start();

    memset(chip.bytes, 0, sizeof chip.bytes);
    cr_assert_eq(nor_erase(&nor, 0, 0x2000, 0x3000), ABI_STATUS_OK);
    cr_assert_eq(chip.erases, 3);
    cr_assert_eq(chip.bytes[0x1FFF], 0);
    cr_assert_eq(chip.bytes[0x2000], 0xFF);
    cr_assert_eq(chip.bytes[0x4FFF], 0xFF);
    cr_assert_eq(chip.bytes[0x5000], 0);
    cr_assert_eq(progress_bytes, 0x3000);
    cr_assert_eq(running_offset, 0x4000);
    cr_assert_not(chip_busy(), "it has waited for the last one");
    end();
}

Test(nor, wastes_little_time_after_an_erase)
{
    struct nor nor = start();

    cr_assert_eq(nor_erase(&nor, 1, 0, CHIP_LARGE_BYTES), ABI_STATUS_OK);
    cr_assert_lt(machine_now_us(), CHIP_LARGE_US + CHIP_LARGE_US / 25);
    end();
}

Test(nor, serves_the_watchdog_during_a_long_erase)
{
    struct nor nor = start();

    cr_assert_eq(nor_erase(&nor, ABI_ERASE_CHIP, 0, 0), ABI_STATUS_OK);
    cr_assert_lt(machine.worst_gap, 4000 * MACHINE_CYCLES_PER_US);
    cr_assert_gt(machine.reloads, 500);
    cr_assert_eq(progress_bytes, CHIP_BYTES);
    end();
}

Test(nor, refuses_an_erase_that_is_not_whole_units)
{
    struct nor nor = start();

    cr_assert_eq(nor_erase(&nor, 0, 0x800, 0x1000), ABI_STATUS_BAD_COMMAND);
    cr_assert_eq(nor_erase(&nor, 0, 0x1000, 0x800), ABI_STATUS_BAD_COMMAND);
    cr_assert_eq(nor_erase(&nor, 0, 0x1000, 0), ABI_STATUS_BAD_COMMAND);
    cr_assert_eq(nor_erase(&nor, 2, 0, 0x1000), ABI_STATUS_BAD_COMMAND, "unused type");
    cr_assert_eq(nor_erase(&nor, 7, 0, 0x1000), ABI_STATUS_BAD_COMMAND, "no such type");
    cr_assert_eq(nor_erase(&nor, 0, CHIP_BYTES, 0x1000), ABI_STATUS_BAD_COMMAND);
    cr_assert_eq(nor_erase(&nor, 0, CHIP_BYTES - 0x1000, 0x2000), ABI_STATUS_BAD_COMMAND);
    cr_assert_eq(nor_erase(&nor, 0, 0xFFFFF000U, 0x2000), ABI_STATUS_BAD_COMMAND);
    cr_assert_eq(chip.commands, 0, "nothing was sent");
}

Test(nor, programs_across_pages)
{
    struct nor nor = start();

    cr_assert_eq(nor_program(&nor, 0x10F0, image, 0x320), ABI_STATUS_OK);
    cr_assert_eq(memcmp(chip.bytes + 0x10F0, image, 0x320), 0);
    cr_assert_eq(chip.bytes[0x10EF], 0xFF);
    cr_assert_eq(chip.bytes[0x10F0 + 0x320], 0xFF);
    cr_assert_eq(chip.programs, 5);
    cr_assert_eq(progress_bytes, 0x320);
    end();
}

Test(nor, programs_from_a_buffer_of_any_alignment)
{
    struct nor nor = start();

    cr_assert_eq(nor_program(&nor, 0, image + 1, 512), ABI_STATUS_OK);
    cr_assert_eq(memcmp(chip.bytes, image + 1, 512), 0);
    end();
}

Test(nor, skips_pages_and_units_of_ff)
{
    struct nor nor = start();

    memset(image + 256, 0xFF, 256);      /* a page */
    memset(image + 512, 0xFF, 32);       /* the start of a page */
    memset(image + 512 + 64, 0xFF, 16);  /* and a unit inside */
    memset(image + 768 + 240, 0xFF, 16); /* the end of a page */
    cr_assert_eq(nor_program(&nor, 0, image, 1024), ABI_STATUS_OK);
    cr_assert_eq(memcmp(chip.bytes, image, 1024), 0);
    cr_assert_eq(chip.programs, 1 + 0 + 2 + 1);
    cr_assert_not(chip.unit_used[256 / 16]);
    cr_assert_not(chip.unit_used[512 / 16]);
    cr_assert_not(chip.unit_used[(512 + 64) / 16]);
    cr_assert(chip.unit_used[(512 + 32) / 16]);
    end();
}

Test(nor, sends_nothing_for_an_image_of_ff)
{
    struct nor nor = start();

    memset(image, 0xFF, sizeof image);
    cr_assert_eq(nor_program(&nor, 0, image, sizeof image), ABI_STATUS_OK);
    cr_assert_eq(chip.commands, 0);
    cr_assert_eq(progress_bytes, sizeof image);
}

Test(nor, sends_a_page_whole_where_the_chip_has_no_units)
{
    struct nor nor = start();

    memory.ecc_unit_bytes = 1;
    memset(image + 64, 0xFF, 16);
    cr_assert_eq(nor_program(&nor, 0, image, 256), ABI_STATUS_OK);
    cr_assert_eq(chip.programs, 1);
}

Test(nor, refuses_parts_of_units_and_what_lies_outside)
{
    struct nor nor = start();

    cr_assert_eq(nor_program(&nor, 8, image, 16), ABI_STATUS_BAD_COMMAND);
    cr_assert_eq(nor_program(&nor, 16, image, 24), ABI_STATUS_BAD_COMMAND);
    cr_assert_eq(nor_program(&nor, CHIP_BYTES - 16, image, 32), ABI_STATUS_BAD_COMMAND);
    cr_assert_eq(nor_program(&nor, 0, image, 0), ABI_STATUS_BAD_COMMAND);
    memory.ecc_unit_bytes = 1;
    cr_assert_eq(nor_program(&nor, 1, image, 16), ABI_STATUS_BAD_COMMAND, "odd in 8D");
    cr_assert_eq(nor_program(&nor, 0, image, 15), ABI_STATUS_BAD_COMMAND, "odd in 8D");
    cr_assert_eq(chip.commands, 0);
}

Test(nor, wastes_little_time_between_pages)
{
    struct nor nor = start();
    uint32_t pages = 64;

    cr_assert_eq(nor_program(&nor, 0, image, pages * CHIP_PAGE_BYTES), ABI_STATUS_OK);
    cr_assert_lt(machine_now_us(), pages * (CHIP_PROGRAM_US + 40));
    end();
}

Test(nor, stops_when_write_enable_does_not_take)
{
    struct nor nor = start();

    chip.ignores_wren = true;
    cr_assert_eq(nor_program(&nor, 0, image, 256), ABI_STATUS_NO_WRITE_ENABLE);
    cr_assert_eq(detail.value[0], 0, "the status byte");
    cr_assert_eq(chip.programs, 0);
    cr_assert_eq(nor_erase(&nor, 0, 0, 0x1000), ABI_STATUS_NO_WRITE_ENABLE);
    cr_assert_eq(chip.erases, 0);
}

Test(nor, reports_the_page_whose_programming_failed)
{
    struct nor nor = start();

    chip.fails_program_at = 0x300;
    cr_assert_eq(nor_program(&nor, 0, image, 0x800), ABI_STATUS_PROGRAM_FAILED);
    cr_assert_eq(detail.value[0], 0x300);
    cr_assert_eq(detail.value[1], 0x20);
    cr_assert_eq(chip.programs, 4, "nothing behind it was programmed");
    cr_assert_eq(progress_bytes, 0x300);
}

Test(nor, reports_the_unit_whose_erasure_failed)
{
    struct nor nor = start();

    chip.fails_erase_at = 0x2345;
    cr_assert_eq(nor_erase(&nor, 0, 0x1000, 0x4000), ABI_STATUS_ERASE_FAILED);
    cr_assert_eq(detail.value[0], 0x2000);
    cr_assert_eq(detail.value[1], 0x40);
    cr_assert_eq(chip.erases, 2);
}

Test(nor, gives_up_at_the_maximum_time)
{
    struct nor nor = start();
    uint64_t begin_us = machine_now_us();

    memory.erase[0].max_us = 60000;
    memory.erase[0].op = chip_op(CHIP_ERASE_LARGE, true); /* takes ten times as long */
    cr_assert_eq(nor_erase(&nor, 0, 0, 0x1000), ABI_STATUS_ERASE_TIMEOUT);
    cr_assert_eq(detail.value[0], 0);
    cr_assert_eq(detail.value[1] & 1U, 1, "the status byte");
    cr_assert_geq(machine_now_us() - begin_us, 60000);
    cr_assert_lt(machine_now_us() - begin_us, 60000 + CHIP_SMALL_US + 2000);
}

Test(nor, ends_an_erase_when_the_host_asks_for_it)
{
    struct nor nor = start();

    abort_request = 1;
    cr_assert_eq(nor_erase(&nor, ABI_ERASE_CHIP, 0, 0), ABI_STATUS_ABORTED);
    cr_assert_lt(machine_now_us(), 10000);
}

Test(nor, reads_any_range_although_the_chip_gives_pairs)
{
    static const uint32_t starts[] = {0, 1, 2, 3, 4095, 4096, CHIP_BYTES - 9};
    static const uint32_t sizes[] = {1, 2, 3, 4, 5, 8, 9};

    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
            struct nor nor = start();
            uint8_t bytes[16];

            memcpy(chip.bytes, image, sizeof image);
            memset(bytes, 0xEE, sizeof bytes);
            cr_assert_eq(nor_read(&nor, starts[i], bytes, sizes[k]), ABI_STATUS_OK);
            cr_assert_eq(
                memcmp(bytes, image + starts[i], sizes[k]), 0, "%u from %u", sizes[k], starts[i]);
            cr_assert_eq(bytes[sizes[k]], 0xEE, "%u from %u", sizes[k], starts[i]);
            end();
        }
    }
}

Test(nor, reads_a_chip_from_end_to_end)
{
    struct nor nor = start();
    static uint8_t copy[CHIP_BYTES];

    memcpy(chip.bytes, image, sizeof image);
    cr_assert_eq(nor_read(&nor, 0, copy, CHIP_BYTES), ABI_STATUS_OK);
    cr_assert_eq(memcmp(copy, image, CHIP_BYTES), 0);
    cr_assert_eq(nor_read(&nor, 1, copy, CHIP_BYTES), ABI_STATUS_BAD_COMMAND);
    end();
}

Test(nor, finds_the_first_byte_that_is_not_ff_and_counts_them)
{
    struct nor nor = start();
    struct nor_blank blank;

    cr_assert_eq(nor_check_blank(&nor, 0, CHIP_BYTES, &blank), ABI_STATUS_OK);
    cr_assert_eq(blank.first_offset, UINT32_MAX);
    cr_assert_eq(blank.count, 0);
    chip.bytes[5001] = 0xFE;
    chip.bytes[70000] = 0;
    chip.bytes[70001] = 0x7F;
    cr_assert_eq(nor_check_blank(&nor, 0, CHIP_BYTES, &blank), ABI_STATUS_OK);
    cr_assert_eq(blank.first_offset, 5001);
    cr_assert_eq(blank.count, 3);
    cr_assert_eq(nor_check_blank(&nor, 5002, 1000, &blank), ABI_STATUS_OK);
    cr_assert_eq(blank.count, 0);
    end();
}

Test(nor, tells_where_and_how_memory_differs)
{
    struct nor nor = start();
    struct nor_difference difference;

    memcpy(chip.bytes, image, sizeof image);
    cr_assert_eq(nor_compare(&nor, 3, image + 3, 10000, &difference), ABI_STATUS_OK);
    cr_assert_eq(difference.count, 0);
    cr_assert_eq(difference.first_offset, UINT32_MAX);
    chip.bytes[6001] ^= 0x08;
    chip.bytes[9000] ^= 0x81;
    cr_assert_eq(nor_compare(&nor, 3, image + 3, 10000, &difference), ABI_STATUS_OK);
    cr_assert_eq(difference.count, 2);
    cr_assert_eq(difference.first_offset, 6001);
    cr_assert_eq(difference.expected, image[6001]);
    cr_assert_eq(difference.found, image[6001] ^ 0x08);
    cr_assert_eq(difference.found_again, image[6001] ^ 0x08);
    cr_assert_eq(difference.bits, 0x89);
    end();
}

Test(nor, reads_a_difference_twice)
{
    struct nor nor = start();
    struct nor_difference difference;

    memcpy(chip.bytes, image, sizeof image);
    chip.misreads_offset = 4321;
    cr_assert_eq(nor_compare(&nor, 0, image, 8192, &difference), ABI_STATUS_OK);
    cr_assert_eq(difference.count, 1);
    cr_assert_eq(difference.first_offset, 4321);
    cr_assert_eq(difference.found, image[4321] ^ 0x10);
    cr_assert_eq(difference.found_again, image[4321], "the second reading is right");
    end();
}
