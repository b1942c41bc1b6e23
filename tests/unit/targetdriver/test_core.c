/* MPU and caches: what the core is told. */
#include "target/driver/cache.h"
#include "target/driver/core_regs.h"
#include "target/driver/mpu.h"
#include "tests/unit/targetdriver/machine.h"

#include <criterion/criterion.h>

enum { REGIONS = 16 };

static struct {
    bool must_stay_on;
    bool may_open;
    uint32_t number;
    uint32_t base[REGIONS];
    uint32_t attributes[REGIONS];
} mpu;

static bool write_mpu(uint32_t addr, uint8_t bytes, uint32_t value)
{
    (void)bytes;
    if (addr == MPU_RNR) {
        mpu.number = value;
    } else if (addr == MPU_RBAR) {
        mpu.base[mpu.number] = value;
    } else if (addr == MPU_RASR) {
        mpu.attributes[mpu.number] = value;
        cr_assert(machine_peek(MPU_CTRL) == 0 || mpu.number >= 2 || mpu.may_open,
            "region %u changed while on", mpu.number);
    } else {
        cr_assert(addr != MPU_CTRL || value != 0 || !mpu.must_stay_on, "the MPU went off");
        return false;
    }
    return true;
}

static void start(void)
{
    machine_reset();
    machine.write = write_mpu;
    for (uint32_t i = 0; i < REGIONS; i++) {
        mpu.attributes[i] = 0xFFFFFFFFU; /* what another program left */
    }
    mpu_reset();
}

/* Attributes that hold for an address: those of the highest region it lies in; 0: default map. */
static uint32_t attributes_at(uint32_t addr)
{
    for (uint32_t i = REGIONS; i-- > 0;) {
        uint32_t size_log2 = (mpu.attributes[i] >> 1 & 31U) + 1;

        if ((mpu.attributes[i] & 1U) == 0) {
            continue;
        }
        cr_assert_eq(mpu.base[i] & ((1U << size_log2) - 1U), 0, "region %u is not aligned", i);
        if (addr - mpu.base[i] < 1U << size_log2) {
            return mpu.attributes[i];
        }
    }
    return 0;
}

static bool is_closed(uint32_t addr)
{
    uint32_t attributes = attributes_at(addr);

    return (attributes & 1U) != 0 && (attributes >> 24 & 7U) == 0 && (attributes >> 28 & 1U) != 0;
}

Test(core, closes_all_external_memory)
{
    start();
    mpu_close();
    cr_assert(is_closed(0x60000000U));
    cr_assert(is_closed(0x70000000U));
    cr_assert(is_closed(0x90000000U));
    cr_assert(is_closed(0x9FFFFFFFU));
    cr_assert_eq(attributes_at(0x5FFFFFFFU), 0);
    cr_assert_eq(attributes_at(0xA0000000U), 0);
    cr_assert_eq(attributes_at(0x20000000U), 0);
    cr_assert_eq(machine_peek(MPU_CTRL), 5, "on, with the default map for the rest");
}

Test(core, opens_exactly_the_bytes_of_the_chip)
{
    start();
    mpu_close();
    mpu_open_chip(0x70000000U, 32U << 20);
    cr_assert(is_closed(0x6FFFFFFFU));
    cr_assert_not(is_closed(0x70000000U));
    cr_assert_not(is_closed(0x71FFFFFFU));
    cr_assert(is_closed(0x72000000U));
    cr_assert_eq(attributes_at(0x70000000U) >> 24 & 7U, 6, "read-only");
    cr_assert_eq(attributes_at(0x70000000U) >> 28 & 1U, 1, "not executable");
    cr_assert_eq(attributes_at(0x70000000U) >> 16 & 3U, 0, "not cached");
}

/* The chip is mapped meanwhile: one moment without the MPU is enough for a read past its end. */
Test(core, opens_and_closes_without_a_gap)
{
    start();
    mpu_close();
    mpu.must_stay_on = true;
    mpu_open_chip(0x70000000U, 32U << 20);
    mpu_close();
    cr_assert(is_closed(0x70000000U));
    mpu_open_chip(0x90000000U, 8U << 20);
    cr_assert_not(is_closed(0x90000000U));
    cr_assert(is_closed(0x70000000U));
    mpu.must_stay_on = false;
}

Test(core, guards_the_window_behind_the_chip_and_nothing_else)
{
    start();
    mpu_close();
    mpu_open_chip(0x70000000U, 32U << 20);
    mpu.must_stay_on = true;
    mpu.may_open = true;
    mpu_guard_window(0x70000000U, 256U << 20, 32U << 20);
    cr_assert_eq(attributes_at(0x60000000U), 0);
    cr_assert_eq(attributes_at(0x6FFFFFFFU), 0);
    cr_assert_not(is_closed(0x71FFFFFFU));
    cr_assert_eq(attributes_at(0x70000000U) >> 28 & 1U, 0, "executable");
    cr_assert(is_closed(0x72000000U));
    cr_assert(is_closed(0x7FFFFFFFU));
    cr_assert_eq(attributes_at(0x80000000U), 0);
    cr_assert_eq(attributes_at(0x90000000U), 0);
    mpu.must_stay_on = false;
    mpu.may_open = false;
}

Test(core, guards_its_own_window_unless_somebody_has_done_so)
{
    start();
    mpu_guard_own_window(0x70000000U, 256U << 20, 32U << 20);
    cr_assert_eq(machine_peek(MPU_CTRL), 5, "on, with the default map for the rest");
    cr_assert_not(is_closed(0x71FFFFFFU));
    cr_assert(is_closed(0x72000000U));
    cr_assert_eq(attributes_at(0x90000000U), 0);
    mpu_guard_own_window(0x70000000U, 256U << 20, 64U << 20);
    cr_assert(is_closed(0x72000000U), "the program runs there: left alone");
}

Test(core, leaves_no_region_behind)
{
    start();
    mpu_close();
    mpu_open_chip(0x70000000U, 32U << 20);
    mpu_reset();
    cr_assert_eq(machine_peek(MPU_CTRL), 0);
    for (uint32_t i = 0; i < REGIONS; i++) {
        cr_assert_eq(mpu.attributes[i], 0, "region %u", i);
    }
}

Test(core, writes_dirty_lines_back_before_the_cache_goes_off)
{
    start();
    machine_poke(SCB_CCR, SCB_CCR_DC | SCB_CCR_IC | 0x200);
    cache_disable();
    cr_assert_eq(machine_peek(SCB_CCR), 0x200);
    cr_assert_eq(machine_count_writes(SCB_DCCISW, 3U << 30 | 255U << 5), 1, "the last line");
    cr_assert_eq(machine_count_writes(SCB_DCCISW, 0), 1, "the first line");
    cr_assert_eq(machine_count_writes(SCB_DCISW, 0), 0);
    cr_assert_eq(machine_count_writes(SCB_ICIALLU, 0), 1);
}

Test(core, invalidates_a_cache_that_was_off)
{
    start();
    cache_disable();
    cr_assert_eq(machine_count_writes(SCB_DCCISW, 0), 0, "it would write garbage to memory");
    cr_assert_eq(machine_count_writes(SCB_DCISW, 3U << 30 | 255U << 5), 1);
}

Test(core, invalidates_before_it_switches_on)
{
    start();
    cache_enable();
    cr_assert_eq(machine_count_writes(SCB_DCISW, 0), 1);
    cr_assert_eq(machine_count_writes(SCB_ICIALLU, 0), 1);
    cr_assert_eq(machine_peek(SCB_CCR), SCB_CCR_DC | SCB_CCR_IC);
}
