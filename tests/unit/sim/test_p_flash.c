/* Internal flash: keys, programming, erasing, protection, torn operations, option words. */
#include "helpers_soc_bench.h"

#include <criterion/criterion.h>

#include <string.h>

#define FLASH   UINT32_C(0x52002000)
#define KEYR    (FLASH + 0x04)
#define CR      (FLASH + 0x10)
#define SR      (FLASH + 0x14)
#define ISR     (FLASH + 0x24)
#define ICR     (FLASH + 0x28)
#define ECCD    (FLASH + 0x44)
#define OPTKEYR (FLASH + 0x100)
#define OPTCR   (FLASH + 0x104)
#define OPTISR  (FLASH + 0x108)
#define ARRAY   UINT32_C(0x08000000)
#define BIT(n)  (UINT32_C(1) << (n))

enum { EOP = 16, WRPERR = 17, PGSERR = 18, STRBERR = 19, INCERR = 21, DBECCERR = 26 };
enum { PG = 1, SER = 2, BER = 3, FW = 4, START = 5, SSN = 6 };

static struct soc_bench bench;

static void open_bench(void)
{
    soc_bench_open(&bench);
}

static void close_bench(void)
{
    soc_bench_close(&bench);
}

TestSuite(flash, .init = open_bench, .fini = close_bench);

static void unlock(void)
{
    soc_bench_write(&bench, KEYR, 0x45670123);
    soc_bench_write(&bench, KEYR, 0xCDEF89AB);
}

static bool wait_idle(void)
{
    return soc_bench_wait(&bench, SR, BIT(2), 0, 100 * SIM_PS_PER_MS);
}

/* Four words from seed, as vendor code does it. */
static void program(uint32_t addr, uint32_t seed)
{
    soc_bench_modify(&bench, CR, 0, BIT(PG));
    for (uint32_t i = 0; i < 4; i++) {
        soc_bench_write(&bench, addr + 4 * i, seed + i);
    }
    cr_assert(wait_idle());
    soc_bench_modify(&bench, CR, BIT(PG), 0);
}

static void erase(uint32_t sector)
{
    soc_bench_modify(&bench, CR, UINT32_C(7) << SSN, BIT(SER) | sector << SSN | BIT(START));
    cr_assert(wait_idle());
    soc_bench_modify(&bench, CR, UINT32_C(7) << SSN | BIT(SER), 0);
}

Test(flash, is_locked_after_reset_and_opens_with_its_keys)
{
    cr_assert_eq(soc_bench_read(&bench, CR), 1);
    unlock();
    cr_assert_eq(soc_bench_read(&bench, CR), 0);
    soc_bench_modify(&bench, CR, 0, 1);
    cr_assert_eq(soc_bench_read(&bench, CR), 1);
    unlock();
    cr_assert_eq(soc_bench_read(&bench, CR), 0);
    cr_assert_eq(soc_bench_all_violations(&bench), 0);
}

Test(flash, a_wrong_key_locks_until_reset_with_a_bus_error)
{
    cr_assert_not(sim_bus_write(bench.bus, SIM_MASTER_CPU, KEYR, 4, 0x12345678));
    cr_assert_not(sim_bus_write(bench.bus, SIM_MASTER_CPU, KEYR, 4, 0x45670123));
    cr_assert_eq(soc_bench_read(&bench, CR), 1);
    cr_assert_geq(soc_bench_violations(&bench, "flash-wrong-key"), 1);
    soc_bench_reset(&bench, SIM_RESET_SOFTWARE);
    unlock();
    cr_assert_eq(soc_bench_read(&bench, CR), 0);
}

Test(flash, unlocking_twice_locks_until_reset)
{
    unlock();
    cr_assert_not(sim_bus_write(bench.bus, SIM_MASTER_CPU, KEYR, 4, 0x45670123));
    cr_assert_eq(soc_bench_read(&bench, CR), 1);
    unlock();
    cr_assert_eq(soc_bench_read(&bench, CR), 1);
}

Test(flash, programs_a_granule_in_its_time)
{
    unlock();
    soc_bench_modify(&bench, CR, 0, BIT(PG));
    soc_bench_write(&bench, ARRAY + 0x20, 0x11111111);
    cr_assert_eq(soc_bench_read(&bench, SR), BIT(1), "WBNE");
    soc_bench_write(&bench, ARRAY + 0x24, 0x22222222);
    soc_bench_write(&bench, ARRAY + 0x28, 0x33333333);
    soc_bench_write(&bench, ARRAY + 0x2C, 0x44444444);
    cr_assert_eq(soc_bench_read(&bench, SR), BIT(0) | BIT(2) | BIT(4), "BUSY QW IS_PROGRAM");
    soc_bench_pass_ps(&bench, 29 * SIM_PS_PER_US);
    cr_assert_eq(soc_bench_read(&bench, SR) & BIT(2), BIT(2));
    soc_bench_pass_ps(&bench, SIM_PS_PER_US);
    cr_assert_eq(soc_bench_read(&bench, SR), 0);
    cr_assert_eq(soc_bench_read(&bench, ISR), BIT(EOP));
    cr_assert_eq(soc_bench_read(&bench, ARRAY + 0x20), 0x11111111);
    cr_assert_eq(soc_bench_read(&bench, ARRAY + 0x2C), 0x44444444);
    cr_assert_eq(bench.storage.granules[2], 1);
    soc_bench_write(&bench, ICR, BIT(EOP));
    cr_assert_eq(soc_bench_read(&bench, ISR), 0);
    cr_assert_eq(soc_bench_all_violations(&bench), 0);
}

Test(flash, takes_halfwords_as_the_vendor_writes_them)
{
    unlock();
    soc_bench_modify(&bench, CR, 0, BIT(PG));
    for (uint32_t i = 0; i < 8; i++) {
        cr_assert(sim_bus_write(bench.bus, SIM_MASTER_CPU, ARRAY + 2 * i, 2, 0xA000 + i));
    }
    cr_assert(wait_idle());
    cr_assert_eq(soc_bench_read(&bench, ARRAY + 0x0C), 0xA007A006);
}

Test(flash, a_read_waits_for_the_operation_under_way)
{
    unlock();
    program(ARRAY, 1);
    soc_bench_modify(&bench, CR, UINT32_C(7) << SSN, BIT(SER) | BIT(START));
    cr_assert_eq(soc_bench_read(&bench, ARRAY), 0xFFFFFFFF);
    cr_assert_geq(bench.clock.now_ps, 2 * SIM_PS_PER_MS);
    cr_assert_eq(soc_bench_read(&bench, SR), 0);
}

Test(flash, erases_one_sector_and_no_other)
{
    unlock();
    program(ARRAY + 0x1FF0, 100);
    program(ARRAY + 0x2000, 200);
    program(ARRAY + 0x3FF0, 300);
    program(ARRAY + 0x4000, 400);
    erase(1);
    cr_assert_eq(soc_bench_read(&bench, ARRAY + 0x1FF0), 100);
    cr_assert_eq(soc_bench_read(&bench, ARRAY + 0x2000), 0xFFFFFFFF);
    cr_assert_eq(soc_bench_read(&bench, ARRAY + 0x3FFC), 0xFFFFFFFF);
    cr_assert_eq(soc_bench_read(&bench, ARRAY + 0x4000), 400);
    program(ARRAY + 0x2000, 201);
    cr_assert_eq(soc_bench_read(&bench, ARRAY + 0x2000), 201);
    cr_assert_eq(soc_bench_all_violations(&bench), 0);
}

Test(flash, bank_erase_clears_everything)
{
    unlock();
    program(ARRAY, 1);
    program(ARRAY + 0xFFF0, 2);
    soc_bench_modify(&bench, CR, 0, BIT(BER) | BIT(START));
    cr_assert_eq(soc_bench_read(&bench, SR), BIT(0) | BIT(2) | BIT(5));
    cr_assert(wait_idle());
    cr_assert_eq(soc_bench_read(&bench, ARRAY), 0xFFFFFFFF);
    cr_assert_eq(soc_bench_read(&bench, ARRAY + 0xFFF0), 0xFFFFFFFF);
}

Test(flash, a_second_program_breaks_the_granule_until_erased)
{
    uint32_t value = 0;

    unlock();
    program(ARRAY + 0x40, 5);
    program(ARRAY + 0x40, 5);
    cr_assert_eq(soc_bench_violations(&bench, "flash-double-program"), 1);
    cr_assert_eq(soc_bench_read(&bench, ISR) & BIT(PGSERR), BIT(PGSERR));
    cr_assert_not(sim_bus_read(bench.bus, SIM_MASTER_CPU, ARRAY + 0x44, 4, &value));
    cr_assert_not(sim_bus_read(bench.bus, SIM_MASTER_DEBUG, ARRAY + 0x48, 4, &value));
    cr_assert_eq(soc_bench_read(&bench, ISR) & BIT(DBECCERR), BIT(DBECCERR));
    cr_assert_eq(soc_bench_read(&bench, ECCD), ARRAY + 0x44, "the first address stays");
    soc_bench_write(&bench, ICR, BIT(DBECCERR));
    cr_assert_eq(soc_bench_read(&bench, ECCD), 0);
    cr_assert_eq(soc_bench_read(&bench, ARRAY + 0x50), 0xFFFFFFFF, "the neighbour is sound");
    erase(0);
    cr_assert_eq(soc_bench_read(&bench, ARRAY + 0x44), 0xFFFFFFFF);
}

Test(flash, force_write_fills_the_granule_with_ones)
{
    unlock();
    soc_bench_modify(&bench, CR, 0, BIT(PG));
    soc_bench_write(&bench, ARRAY, 0x12345678);
    soc_bench_modify(&bench, CR, 0, BIT(FW));
    cr_assert_eq(soc_bench_read(&bench, CR) & BIT(FW), 0);
    cr_assert(wait_idle());
    cr_assert_eq(soc_bench_read(&bench, ARRAY), 0x12345678);
    cr_assert_eq(soc_bench_read(&bench, ARRAY + 4), 0xFFFFFFFF);
    cr_assert_eq(bench.storage.granules[0], 1);
}

Test(flash, stores_out_of_order_are_dropped_with_their_flag)
{
    unlock();
    soc_bench_modify(&bench, CR, 0, BIT(PG));
    soc_bench_write(&bench, ARRAY + 4, 0); /* not the start of a granule */
    cr_assert_eq(soc_bench_read(&bench, ISR), BIT(PGSERR));
    soc_bench_write(&bench, ARRAY, 0);
    soc_bench_write(&bench, ARRAY, 0); /* the same byte twice */
    cr_assert_eq(soc_bench_read(&bench, ISR) & BIT(STRBERR), BIT(STRBERR));
    soc_bench_write(&bench, ARRAY, 0);
    soc_bench_write(&bench, ARRAY + 16, 0); /* another granule */
    cr_assert_eq(soc_bench_read(&bench, ISR) & BIT(INCERR), BIT(INCERR));
    cr_assert_eq(soc_bench_violations(&bench, "flash-out-of-order"), 3);
    cr_assert_eq(soc_bench_read(&bench, SR), 0);
    cr_assert_eq(soc_bench_read(&bench, ARRAY), 0xFFFFFFFF);
}

Test(flash, a_store_without_pg_changes_nothing)
{
    soc_bench_write(&bench, ARRAY, 0);
    cr_assert_eq(soc_bench_read(&bench, ARRAY), 0xFFFFFFFF);
    cr_assert_eq(soc_bench_violations(&bench, "flash-write-unlocked"), 1);
    soc_bench_write(&bench, CR, BIT(PG));
    cr_assert_eq(soc_bench_violations(&bench, "flash-locked-write"), 1);
}

Test(flash, clearing_pg_over_a_partial_granule_loses_it)
{
    unlock();
    soc_bench_modify(&bench, CR, 0, BIT(PG));
    soc_bench_write(&bench, ARRAY, 0);
    soc_bench_modify(&bench, CR, BIT(PG), 0);
    cr_assert_eq(soc_bench_violations(&bench, "flash-partial-granule"), 1);
    cr_assert_eq(soc_bench_read(&bench, SR), 0);
    cr_assert_eq(soc_bench_read(&bench, ARRAY), 0xFFFFFFFF);
}

Test(flash, a_protected_sector_refuses_program_sector_and_bank_erase)
{
    unlock();
    program(ARRAY + 0x2000, 7);
    sim_flash_set_option_word(bench.flash, 0x218, 0xFD); /* sector 1: 0 = protected */
    soc_bench_modify(&bench, CR, 0, BIT(PG));
    soc_bench_write(&bench, ARRAY + 0x2010, 0);
    cr_assert_eq(soc_bench_read(&bench, ISR) & BIT(WRPERR), BIT(WRPERR));
    soc_bench_write(&bench, ICR, BIT(WRPERR));
    soc_bench_modify(&bench, CR, BIT(PG), 0);
    erase(1);
    cr_assert_eq(soc_bench_read(&bench, ISR) & BIT(WRPERR), BIT(WRPERR));
    soc_bench_write(&bench, ICR, BIT(WRPERR));
    soc_bench_modify(&bench, CR, 0, BIT(BER) | BIT(START));
    cr_assert_eq(soc_bench_read(&bench, ISR) & BIT(WRPERR), BIT(WRPERR));
    cr_assert_eq(soc_bench_read(&bench, ARRAY + 0x2000), 7);
    soc_bench_modify(&bench, CR, BIT(BER), 0);
    program(ARRAY + 0x4000, 8); /* others still work */
    cr_assert_eq(soc_bench_read(&bench, ARRAY + 0x4000), 8);
}

Test(flash, a_power_cut_in_a_program_leaves_a_broken_granule)
{
    const char *why = NULL;

    unlock();
    cr_assert(sim_inject_arm(bench.env.inject, "flash-power-cut@2", &why), "%s", why);
    program(ARRAY, 1);
    program(ARRAY + 0x10, 0x55555555);
    cr_assert(sim_inject_take_power_cut(bench.env.inject));
    cr_assert_eq(bench.storage.granules[0], 1);
    cr_assert_eq(bench.storage.granules[1], 2);
    cr_assert_eq(bench.storage.granules[2], 0);
    soc_bench_reset(&bench, SIM_RESET_POWER_ON);
    cr_assert_eq(soc_bench_read(&bench, ARRAY), 1);
    cr_assert_eq(soc_bench_read(&bench, ARRAY + 0x10), 0xDEADBEEF, "bus error");
}

Test(flash, a_power_cut_in_an_erase_leaves_a_sector_partly_broken)
{
    const char *why = NULL;
    unsigned counts[3] = {0};

    unlock();
    for (uint32_t addr = ARRAY + 0x2000; addr < ARRAY + 0x4000; addr += 16) {
        program(addr, addr);
    }
    cr_assert(sim_inject_arm(bench.env.inject, "flash-power-cut@1", &why), "%s", why);
    erase(1);
    cr_assert(sim_inject_take_power_cut(bench.env.inject));
    for (uint32_t i = 0x200; i < 0x400; i++) {
        counts[bench.storage.granules[i]]++;
    }
    cr_assert_gt(counts[0], 50);
    cr_assert_gt(counts[1], 50);
    cr_assert_gt(counts[2], 100);
    cr_assert_eq(bench.storage.granules[0x1FF], 0);
    cr_assert_eq(bench.storage.granules[0x400], 0);
    soc_bench_reset(&bench, SIM_RESET_POWER_ON);
    unlock();
    erase(1);
    cr_assert_eq(soc_bench_read(&bench, ARRAY + 0x3FF0), 0xFFFFFFFF, "a full erase heals");
}

Test(flash, losing_power_while_busy_tears_what_is_under_way)
{
    for (uint32_t sector = 0; sector < 8; sector++) {
        uint32_t last = (sector + 1) * 0x200 - 1;

        unlock();
        soc_bench_modify(&bench, CR, UINT32_C(7) << SSN, BIT(SER) | sector << SSN | BIT(START));
        soc_bench_pass_ps(&bench, SIM_PS_PER_MS);
        soc_bench_reset(&bench, SIM_RESET_POWER_ON);
        cr_assert_eq(bench.storage.granules[last], 2, "sector %u", sector);
        soc_bench_pass_ps(&bench, 10 * SIM_PS_PER_MS);
        cr_assert_eq(bench.storage.granules[last], 2, "it does not go on");
    }
}

Test(flash, injected_failures_are_reported_silent_or_stuck)
{
    const char *why = NULL;

    unlock();
    cr_assert(sim_inject_arm(bench.env.inject, "flash-op-fail@1", &why));
    program(ARRAY, 1);
    cr_assert_eq(soc_bench_read(&bench, ISR), BIT(PGSERR));
    soc_bench_write(&bench, ICR, BIT(PGSERR));
    cr_assert(sim_inject_arm(bench.env.inject, "flash-op-silent@1", &why));
    program(ARRAY, 1);
    cr_assert_eq(soc_bench_read(&bench, ISR), BIT(EOP));
    cr_assert_eq(soc_bench_read(&bench, ARRAY), 0xFFFFFFFF);
    cr_assert(sim_inject_arm(bench.env.inject, "flash-op-stuck@1", &why));
    soc_bench_modify(&bench, CR, 0, BIT(SER) | BIT(START));
    cr_assert_not(wait_idle());
    soc_bench_reset(&bench, SIM_RESET_PIN);
    cr_assert_eq(soc_bench_read(&bench, SR), 0);
}

static uint32_t changed_addr;
static uint32_t changed_bytes;

static void note_change(void *context, uint32_t addr, uint32_t size_bytes)
{
    (void)context;
    changed_addr = addr;
    changed_bytes = size_bytes;
}

Test(flash, tells_its_listener_what_changed)
{
    sim_flash_set_listener(bench.flash, note_change, NULL);
    unlock();
    program(ARRAY + 0x30, 1);
    cr_assert_eq(changed_addr, ARRAY + 0x30);
    cr_assert_eq(changed_bytes, 16);
    erase(3);
    cr_assert_eq(changed_addr, ARRAY + 0x6000);
    cr_assert_eq(changed_bytes, 0x2000);
}

Test(flash, shows_its_identity)
{
    static const uint8_t identity[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 64, 0, 1, 0};

    cr_assert_eq(soc_bench_read(&bench, 0x08FFF80C) & 0xFFFF, 64);
    sim_flash_set_identity(bench.flash, identity);
    cr_assert_eq(soc_bench_read(&bench, 0x08FFF800), 0x04030201);
    cr_assert_eq(soc_bench_read(&bench, 0x08FFF80C), 0x00010040);
    cr_assert_not(sim_bus_write(bench.bus, SIM_MASTER_CPU, 0x08FFF800, 4, 0));
}

Test(flash, factory_options_are_open_without_hslv)
{
    cr_assert_eq(soc_bench_read(&bench, FLASH + 0x200), 0xB4);
    cr_assert_eq(soc_bench_read(&bench, FLASH + 0x260) & (BIT(8) | BIT(9) | BIT(29)), 0);
    cr_assert_eq(soc_bench_read(&bench, FLASH + 0x260) & BIT(4), BIT(4), "IWDG by software");
    cr_assert_eq(soc_bench_read(&bench, FLASH + 0x268), 0);
    cr_assert_eq(soc_bench_read(&bench, FLASH + 0x218), 0xFF);
}

Test(flash, an_option_change_takes_effect_at_the_next_reset)
{
    soc_bench_write(&bench, OPTKEYR, 0x08192A3B);
    soc_bench_write(&bench, OPTKEYR, 0x4C5D6E7F);
    soc_bench_modify(&bench, OPTCR, 0, 2);
    soc_bench_modify(&bench, FLASH + 0x264, 0, BIT(9));
    cr_assert_eq(soc_bench_read(&bench, SR), BIT(0) | BIT(2) | BIT(6));
    cr_assert(wait_idle());
    cr_assert_eq(soc_bench_read(&bench, OPTISR), 0);
    cr_assert_eq(soc_bench_read(&bench, FLASH + 0x260) & BIT(9), 0);
    cr_assert_eq(soc_bench_read(&bench, FLASH + 0x264) & BIT(9), BIT(9));
    soc_bench_reset(&bench, SIM_RESET_SOFTWARE);
    cr_assert_eq(sim_flash_option_word(bench.flash, 0x260), 0x100602D0);
    cr_assert_eq(soc_bench_all_violations(&bench), 0);
}

Test(flash, options_need_key_and_pg_opt)
{
    soc_bench_write(&bench, FLASH + 0x264, BIT(9));
    cr_assert_eq(soc_bench_violations(&bench, "flash-option-locked"), 1);
    cr_assert_eq(soc_bench_read(&bench, FLASH + 0x264) & BIT(9), 0);
}

Test(flash, touching_the_life_cycle_is_a_violation)
{
    soc_bench_write(&bench, OPTKEYR, 0x08192A3B);
    soc_bench_write(&bench, OPTKEYR, 0x4C5D6E7F);
    soc_bench_modify(&bench, OPTCR, 0, 2);
    soc_bench_write(&bench, FLASH + 0x204, 0x77);
    cr_assert_eq(soc_bench_violations(&bench, "option-life-cycle"), 1);
    cr_assert_eq(soc_bench_read(&bench, OPTISR), BIT(30), "neither open nor closed");
    soc_bench_reset(&bench, SIM_RESET_SOFTWARE);
    cr_assert_eq(soc_bench_read(&bench, FLASH + 0x200), 0xB4);
}

Test(flash, contents_survive_a_power_cycle)
{
    unlock();
    program(ARRAY, 42);
    soc_bench_reset(&bench, SIM_RESET_POWER_ON);
    cr_assert_eq(soc_bench_read(&bench, ARRAY), 42);
    cr_assert_eq(bench.storage.bytes[0], 42);
}
