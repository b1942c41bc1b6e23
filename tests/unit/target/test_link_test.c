#include "host/base/os.h"
#include "host/target/link_test.h"
#include "tests/unit/target/helpers_mcu.h"

#include <criterion/criterion.h>

#include <string.h>

enum { RAM_ADDR = 0x24020000, RAM_BYTES = 0x20000 };

static struct fake_core core;
static struct board_mcu mcu;
static struct target *target;

static void set_up(void)
{
    mcu_init(&mcu);
    target = connect_or_fail(&core, &mcu);
}

static void tear_down(void)
{
    target_close(target);
    fake_core_free(&core);
}

TestSuite(link_test, .init = set_up, .fini = tear_down);

static bool measure(uint32_t size_bytes, struct target_link_speed *speed, struct error *err)
{
    return target_measure_link(target, RAM_ADDR, size_bytes, NULL, speed, err);
}

Test(link_test, the_whole_ram_goes_and_comes_back_twice)
{
    struct target_link_speed speed;
    struct error err;
    struct probe_counters before;
    struct probe_counters after;

    probe_counters(&core.probe.base, &before);
    cr_assert(measure(RAM_BYTES, &speed, &err), "%s", err.message);
    probe_counters(&core.probe.base, &after);
    cr_assert_eq(after.bytes_to_target - before.bytes_to_target, 2 * RAM_BYTES + 4 * 32);
    cr_assert_eq(after.bytes_from_target - before.bytes_from_target, 2 * RAM_BYTES + 4 * 32);
    /* 128 blocks of 1 KiB twice, 250 us each */
    cr_assert_eq(speed.write_ns, UINT64_C(256) * 250000);
    cr_assert_eq(speed.read_ns, UINT64_C(256) * 250000);
    cr_assert_eq(speed.word_count, 32);
    cr_assert_eq(speed.word_write_ns, UINT64_C(32) * 250000);
    cr_assert_eq(speed.word_read_ns, UINT64_C(32) * 250000);
    cr_assert_eq(core.probe.violations, 0, "%s", core.probe.first_violation);
}

Test(link_test, the_last_pass_leaves_another_word_at_each_address)
{
    struct target_link_speed speed;
    struct error err;
    uint32_t first = 0;
    uint32_t offset = 0;

    cr_assert(measure(4096, &speed, &err), "%s", err.message);
    first = fake_probe_word(&core.probe, RAM_ADDR + 4);
    for (offset = 8; offset < 4096; offset += 4) {
        cr_assert_neq(fake_probe_word(&core.probe, RAM_ADDR + offset), first, "0x%x", offset);
    }
    cr_assert_eq(fake_probe_word(&core.probe, RAM_ADDR + 4096), 0, "nothing behind the end");
}

/* ---- faults of the RAM or the link: which word, where ---- */

static uint32_t bad_addr;
static uint32_t stuck_bits;
static bool is_stuck_high;

static bool stuck_write(struct fake_core *fake, uint32_t addr, uint32_t value)
{
    if (addr != bad_addr) {
        return false;
    }
    value = is_stuck_high ? value | stuck_bits : value & ~stuck_bits;
    fake_probe_set_word(&fake->probe, addr, value);
    return true;
}

static void expect_mismatch_at(uint32_t addr)
{
    struct target_link_speed speed;
    struct error err = {0};
    char place[16];

    (void)snprintf(place, sizeof place, "0x%08x", addr);
    cr_assert_not(measure(8192, &speed, &err), "a fault at %s was not seen", place);
    cr_assert_eq(err.code, ERROR_VERIFY_MISMATCH);
    cr_assert_not_null(strstr(err.message, place), "%s", err.message);
    cr_assert(err.has_addr);
    cr_assert_eq(err.addr, addr);
}

Test(link_test, a_bit_that_is_stuck_high_is_found)
{
    bad_addr = RAM_ADDR + 0x1234;
    stuck_bits = 1 << 7;
    is_stuck_high = true;
    core.write_hook = stuck_write;
    expect_mismatch_at(bad_addr);
}

Test(link_test, and_one_that_is_stuck_low)
{
    bad_addr = RAM_ADDR + 0x1FFC;
    stuck_bits = UINT32_C(1) << 31;
    is_stuck_high = false;
    core.write_hook = stuck_write;
    expect_mismatch_at(bad_addr);
}

/* An address line is missing: what goes to 0x1000 lands at 0. */
static bool fold(struct fake_core *fake, uint32_t addr, uint32_t value)
{
    if (addr < RAM_ADDR + 0x1000 || addr >= RAM_ADDR + 0x2000) {
        return false;
    }
    fake_probe_set_word(&fake->probe, addr - 0x1000, value);
    return true;
}

Test(link_test, an_address_line_that_is_missing_is_found)
{
    core.write_hook = fold;
    expect_mismatch_at(RAM_ADDR);
}

/* Blocks are right, single words are not: the third time that the first word is written. */
static unsigned first_word_writes;

static bool spoil_single_words(struct fake_core *fake, uint32_t addr, uint32_t value)
{
    if (addr != RAM_ADDR || ++first_word_writes < 3) {
        return false;
    }
    fake_probe_set_word(&fake->probe, addr, value ^ 1);
    return true;
}

Test(link_test, a_single_word_that_comes_back_wrong_is_found)
{
    core.write_hook = spoil_single_words;
    expect_mismatch_at(RAM_ADDR);
}

Test(link_test, ends_between_blocks_when_the_time_is_up)
{
    struct probe_counters before;
    struct probe_counters after;
    struct target_link_speed speed;
    struct error err;

    probe_set_deadline(&core.probe.base, core.probe.now_ns + 10000000);
    probe_counters(&core.probe.base, &before);
    cr_assert_not(measure(RAM_BYTES, &speed, &err));
    cr_assert_eq(err.code, ERROR_WAIT_TIMEOUT, "%s", err.message);
    probe_counters(&core.probe.base, &after);
    cr_assert_lt(after.bytes_to_target - before.bytes_to_target, RAM_BYTES, "not all was written");
}

Test(link_test, parts_of_an_ecc_unit_are_refused)
{
    struct target_link_speed speed;
    struct error err;

    cr_assert_not(measure(4100, &speed, &err));
    cr_assert_eq(err.code, ERROR_INTERNAL);
    cr_assert_not(measure(0, &speed, &err));
}
