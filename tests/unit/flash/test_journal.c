#include "host/base/os.h"
#include "host/flash/journal.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char folder[96];
static char file[160];

static void make_folder(void)
{
    (void)snprintf(folder, sizeof folder, "/tmp/xflash-journal-%u", os_process_id());
    (void)snprintf(file, sizeof file, "%s/uid-flash.journal", folder);
}

static void remove_folder(void)
{
    (void)os_remove_file(file);
    (void)remove(folder);
}

TestSuite(journal, .init = make_folder, .fini = remove_folder);

static void store_one(void)
{
    struct flash_journal journal;
    struct error err;

    flash_journal_init(&journal, "uid", "flash", 65536);
    cr_assert(flash_journal_add_keep(&journal, 100, 5, (const uint8_t *)"hello"));
    cr_assert(flash_journal_add_work(&journal, 0, 4096));
    cr_assert(flash_journal_add_work(&journal, 4096, 4096));
    cr_assert(flash_journal_add_work(&journal, 16384, 4096));
    cr_assert(flash_journal_store(folder, &journal, &err), "%s", err.message);
    flash_journal_clear(&journal);
}

Test(journal, comes_back_as_it_was_stored)
{
    struct flash_journal journal;
    struct error err;

    store_one();
    flash_journal_init(&journal, "uid", "flash", 65536);
    cr_assert(flash_journal_load(folder, &journal, &err), "%s", err.message);
    cr_assert_eq(journal.keep_count, 1);
    cr_assert_eq(journal.keeps[0].offset, 100);
    cr_assert_eq(memcmp(journal.keeps[0].bytes, "hello", 5), 0);
    cr_assert_eq(journal.work_count, 2, "neighbours are one range");
    cr_assert_eq(journal.works[0].size_bytes, 8192);
    cr_assert_eq(journal.works[1].offset, 16384);
    cr_assert_eq(strlen(journal.when), 20);
    flash_journal_clear(&journal);
}

Test(journal, of_another_memory_or_mcu_is_not_seen)
{
    struct flash_journal journal;
    struct error err;

    store_one();
    flash_journal_init(&journal, "other", "flash", 65536);
    cr_assert(flash_journal_load(folder, &journal, &err));
    cr_assert_eq(journal.work_count, 0);
    flash_journal_init(&journal, "uid", "other", 65536);
    cr_assert(flash_journal_load(folder, &journal, &err));
    cr_assert_eq(journal.work_count, 0);
}

Test(journal, that_is_damaged_is_an_error_for_every_byte)
{
    uint8_t *bytes = NULL;
    size_t size_bytes = 0;
    struct error err;

    store_one();
    cr_assert(os_read_file(file, 65536, ERROR_HOST_IO, &bytes, &size_bytes, &err));
    for (size_t i = 0; i < size_bytes; i++) {
        struct flash_journal journal;

        bytes[i] ^= 0x10;
        cr_assert(os_write_file(file, bytes, size_bytes, &err));
        bytes[i] ^= 0x10;
        flash_journal_init(&journal, "uid", "flash", 65536);
        cr_assert_not(flash_journal_load(folder, &journal, &err), "byte %zu", i);
        cr_assert_eq(err.code, ERROR_JOURNAL_IO, "byte %zu", i);
        cr_assert_eq(journal.keep_count + journal.work_count, 0, "byte %zu", i);
    }
    free(bytes);
}

Test(journal, that_is_cut_short_is_an_error)
{
    uint8_t *bytes = NULL;
    size_t size_bytes = 0;
    struct error err;
    struct flash_journal journal;

    store_one();
    cr_assert(os_read_file(file, 65536, ERROR_HOST_IO, &bytes, &size_bytes, &err));
    cr_assert(os_write_file(file, bytes, size_bytes - 1, &err));
    flash_journal_init(&journal, "uid", "flash", 65536);
    cr_assert_not(flash_journal_load(folder, &journal, &err));
    cr_assert_eq(err.code, ERROR_JOURNAL_IO);
    free(bytes);
}

Test(journal, without_contents_is_removed)
{
    struct flash_journal journal;
    struct error err;

    store_one();
    cr_assert(os_file_exists(file));
    flash_journal_init(&journal, "uid", "flash", 65536);
    cr_assert(flash_journal_store(folder, &journal, &err));
    cr_assert_not(os_file_exists(file));
    cr_assert(flash_journal_store(folder, &journal, &err), "nothing to remove is fine");
}

Test(journal, drops_ranges_in_part)
{
    struct flash_journal journal;

    flash_journal_init(&journal, "uid", "flash", 65536);
    cr_assert(flash_journal_add_work(&journal, 4096, 16384));
    cr_assert(flash_journal_drop_work(&journal, 8192, 4096));
    cr_assert_eq(journal.work_count, 2);
    cr_assert_eq(journal.works[0].size_bytes, 4096);
    cr_assert_eq(journal.works[1].offset, 12288);
    cr_assert_eq(journal.works[1].size_bytes, 8192);
    cr_assert(flash_journal_drop_work(&journal, 0, 65536));
    cr_assert_eq(journal.work_count, 0);
    flash_journal_clear(&journal);
}
