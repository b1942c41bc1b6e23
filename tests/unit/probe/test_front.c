/* The front of the probe: splitting, checks, counters, context. */
#include "host/probe/probe.h"
#include "tests/unit/fakes/fake_probe.h"

#include <criterion/criterion.h>

#include <string.h>

enum { RAM_ADDR = 0x24020000, RAM_BYTES = 0x8000 };

static struct fake_probe fake;
static uint8_t *ram;

static void set_up(void)
{
    fake_probe_init(&fake);
    ram = fake_probe_add_region(&fake, RAM_ADDR, RAM_BYTES);
}

static void tear_down(void)
{
    fake_probe_free(&fake);
}

TestSuite(front, .init = set_up, .fini = tear_down);

Test(front, splits_writes_at_boundaries)
{
    struct error err;
    uint8_t bytes[3000];
    size_t i = 0;

    for (i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 7);
    }
    cr_assert(probe_write_mem(&fake.base, 0, RAM_ADDR + 500, bytes, sizeof bytes, &err));
    cr_assert_eq(memcmp(ram + 500, bytes, sizeof bytes), 0);
    cr_assert_eq(fake.violations, 0, "%s", fake.first_violation);
    cr_assert_eq(fake.transfers, 4);
}

Test(front, splits_reads_at_boundaries_and_counts_bytes)
{
    struct probe_counters counters;
    struct error err;
    uint8_t bytes[2048];

    memset(ram, 0x5A, RAM_BYTES);
    cr_assert(probe_read_mem(&fake.base, 0, RAM_ADDR + 4, bytes, sizeof bytes, &err));
    cr_assert_eq(fake.violations, 0, "%s", fake.first_violation);
    cr_assert_eq(bytes[2047], 0x5A);
    probe_counters(&fake.base, &counters);
    cr_assert_eq(counters.bytes_from_target, 2048);
    cr_assert_eq(counters.bytes_to_target, 0);
    cr_assert_eq(counters.transfers, 3);
}

Test(front, names_the_block_that_failed)
{
    struct error err;
    uint8_t bytes[2000] = {0};

    fake.fault_addr = RAM_ADDR + 0x404;
    cr_assert_not(probe_write_mem(&fake.base, 0, RAM_ADDR, bytes, sizeof bytes, &err));
    cr_assert_eq(err.code, ERROR_TARGET_FAULT);
    cr_assert_str_eq(err.message, "injected fault\n  while writing 976 bytes at 0x24020400");
    cr_assert(err.has_addr);
    cr_assert_eq(err.addr, RAM_ADDR + 0x404);
}

Test(front, refuses_what_is_not_in_whole_words)
{
    struct error err;
    uint8_t bytes[8] = {0};

    cr_assert_not(probe_read_mem(&fake.base, 0, RAM_ADDR + 2, bytes, 4, &err));
    cr_assert_str_eq(
        err.message, "memory access of 4 bytes at 0x24020002 is not in whole units of 4");
    cr_assert_not(probe_write_mem(&fake.base, 0, RAM_ADDR, bytes, 6, &err));
    cr_assert_eq(fake.transfers, 0);
}

Test(front, refuses_what_runs_past_the_address_space)
{
    struct error err;
    uint8_t bytes[8] = {0};

    cr_assert_not(probe_read_mem(&fake.base, 0, 0xFFFFFFFC, bytes, sizeof bytes, &err));
    cr_assert_str_eq(
        err.message, "memory access of 8 bytes at 0xfffffffc runs past the 32-bit address space");
    cr_assert_eq(fake.transfers, 0);
}

Test(front, reads_bytes_of_any_alignment)
{
    struct error err;
    uint8_t bytes[64];
    size_t start = 0;
    size_t count = 0;
    size_t i = 0;

    for (i = 0; i < RAM_BYTES; i++) {
        ram[i] = (uint8_t)(i ^ i >> 8);
    }
    for (start = 1020; start < 1028; start++) {
        for (count = 0; count < 14; count++) {
            memset(bytes, 0xEE, sizeof bytes);
            cr_assert(
                probe_read_bytes(&fake.base, 0, RAM_ADDR + (uint32_t)start, bytes, count, &err));
            cr_assert_eq(memcmp(bytes, ram + start, count), 0, "%zu bytes at %zu", count, start);
            cr_assert_eq(bytes[count], 0xEE, "one byte more than %zu at %zu", count, start);
        }
    }
    cr_assert_eq(fake.violations, 0, "%s", fake.first_violation);
}

Test(front, writes_half_words_and_bytes)
{
    struct error err;

    cr_assert(probe_write_narrow(&fake.base, 0, RAM_ADDR + 2, 0xBEEF, 2, &err));
    cr_assert(probe_write_narrow(&fake.base, 0, RAM_ADDR + 5, 0x77, 1, &err));
    cr_assert_eq(ram[2], 0xEF);
    cr_assert_eq(ram[3], 0xBE);
    cr_assert_eq(ram[5], 0x77);
    cr_assert_eq(ram[4], 0);
    cr_assert_not(probe_write_narrow(&fake.base, 0, RAM_ADDR + 1, 0, 2, &err));
    cr_assert_not(probe_write_narrow(&fake.base, 0, RAM_ADDR, 0, 4, &err));
}

static void fill_scattered(struct probe_word *words, size_t count)
{
    size_t i = 0;

    for (i = 0; i < count; i++) {
        words[i] = (struct probe_word){.addr = RAM_ADDR + (uint32_t)(i % 2 == 0 ? 4 * i : 0x4000),
            .value = (uint32_t)i + 1,
            .is_write = i % 3 != 2};
    }
}

Test(front, transfers_scattered_words_in_order)
{
    struct probe_word words[70];
    struct error err;

    fill_scattered(words, 70);
    cr_assert(probe_transfer_words(&fake.base, 0, words, 70, &err));
    cr_assert_eq(fake.violations, 0, "%s", fake.first_violation);
    cr_assert_eq(fake.transfers, 3, "31 at a time");
    cr_assert_eq(words[5].value, 4, "the word written before at the same place");
}

Test(front, scatters_by_blocks_where_the_probe_cannot)
{
    struct probe_word words[70];
    struct error err;

    fake.base.limits.scatter_count = 0;
    fill_scattered(words, 70);
    cr_assert(probe_transfer_words(&fake.base, 0, words, 70, &err));
    cr_assert_eq(words[5].value, 4, "the word written before at the same place");
    cr_assert_eq(fake.violations, 0, "%s", fake.first_violation);
}

Test(front, a_read_behind_a_write_is_not_taken_for_part_of_it)
{
    struct probe_word words[2] = {
        {.addr = RAM_ADDR, .value = 1, .is_write = true}, {.addr = RAM_ADDR + 4, .value = 2}};
    struct error err;

    fake.base.limits.scatter_count = 0;
    ram[4] = 0x77;
    cr_assert(probe_transfer_words(&fake.base, 0, words, 2, &err));
    cr_assert_eq(words[1].value, 0x77);
    cr_assert_eq(ram[4], 0x77);
}

Test(front, words_in_a_row_go_as_one_block)
{
    struct probe_word words[8];
    struct error err;
    size_t i = 0;

    for (i = 0; i < 8; i++) {
        words[i] = (struct probe_word){.addr = RAM_ADDR + 4 * (uint32_t)i};
        ram[4 * i] = (uint8_t)i;
    }
    cr_assert(probe_transfer_words(&fake.base, 0, words, 8, &err));
    cr_assert_eq(fake.transfers, 1);
    cr_assert_eq(words[7].value, 7);
}

Test(front, adds_what_was_attempted_to_a_failure)
{
    struct error err;
    uint32_t dpidr = 1;

    fake.fails_at_transfer = 1;
    cr_assert_not(probe_attach(&fake.base, &dpidr, &err));
    cr_assert_str_eq(err.message, "injected loss\n  while connecting to the debug port");
    cr_assert_not(probe_set_reset(&fake.base, true, &err));
    cr_assert_str_eq(err.message, "injected loss\n  while driving NRST low");
    cr_assert_not(probe_open_ap(&fake.base, 1, &err));
    cr_assert_str_eq(err.message, "injected loss\n  while opening access port 1");
}
