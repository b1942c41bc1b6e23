#include "target/driver/mpu.h"

#include "target/driver/core_regs.h"
#include "target/driver/cpu.h"
#include "target/driver/reg.h"

/* A higher number wins where regions overlap. */
enum { REGION_LOW = 0, REGION_HIGH = 1, REGION_WINDOW = 2, REGION_CHIP = 3, REGION_BYTES_MIN = 32 };

enum { AP_READ_ONLY = 6, TEX_NORMAL_UNCACHED = 1 };

#define NO_ACCESS MPU_RASR_XN /* AP is 0 */

/* The two halves of the external memory area of the Armv7-M map. */
#define EXTERNAL_LOW_ADDR  0x60000000U
#define EXTERNAL_HIGH_ADDR 0x80000000U
enum { EXTERNAL_HALF_LOG2 = 29 };

static void set_region(uint32_t region, uint32_t addr, uint32_t size_log2, uint32_t attributes)
{
    reg_write32(MPU_RNR, region);
    reg_write32(MPU_RASR, 0);
    reg_write32(MPU_RBAR, addr);
    reg_write32(MPU_RASR, attributes | (size_log2 - 1) << MPU_RASR_SIZE_POS | MPU_RASR_ENABLE);
}

static void clear_region(uint32_t region)
{
    reg_write32(MPU_RNR, region);
    reg_write32(MPU_RASR, 0);
}

static uint32_t log2_of(uint32_t size_bytes)
{
    return 31U - (uint32_t)__builtin_clz(size_bytes);
}

static void let_settle(void)
{
    cpu_sync_data();
    cpu_sync_instructions();
}

void mpu_reset(void)
{
    uint32_t regions = reg_read32(MPU_TYPE) >> 8 & 0xFFU;

    cpu_sync_data();
    reg_write32(MPU_CTRL, 0);
    let_settle();
    for (uint32_t region = 0; region < regions; region++) {
        clear_region(region);
        reg_write32(MPU_RBAR, 0);
    }
    reg_write32(MPU_RNR, 0);
}

void mpu_close(void)
{
    cpu_sync_data();
    if ((reg_read32(MPU_CTRL) & MPU_CTRL_ENABLE) != 0) {
        clear_region(REGION_CHIP);
    } else {
        set_region(REGION_LOW, EXTERNAL_LOW_ADDR, EXTERNAL_HALF_LOG2, NO_ACCESS);
        set_region(REGION_HIGH, EXTERNAL_HIGH_ADDR, EXTERNAL_HALF_LOG2, NO_ACCESS);
        reg_write32(MPU_CTRL, MPU_CTRL_ENABLE | MPU_CTRL_PRIVDEFENA);
    }
    let_settle();
}

void mpu_open_chip(uint32_t addr, uint32_t size_bytes)
{
    if (size_bytes >= REGION_BYTES_MIN) {
        set_region(REGION_CHIP, addr, log2_of(size_bytes),
            (uint32_t)AP_READ_ONLY << MPU_RASR_AP_POS |
                (uint32_t)TEX_NORMAL_UNCACHED << MPU_RASR_TEX_POS | MPU_RASR_XN);
    }
    let_settle();
}

void mpu_guard_window(uint32_t addr, uint32_t window_bytes, uint32_t chip_bytes)
{
    uint32_t chip = (uint32_t)AP_READ_ONLY << MPU_RASR_AP_POS | MPU_RASR_C;

    if (window_bytes >= REGION_BYTES_MIN && chip_bytes >= REGION_BYTES_MIN) {
        set_region(REGION_WINDOW, addr, log2_of(window_bytes), NO_ACCESS);
        set_region(REGION_CHIP, addr, log2_of(chip_bytes), chip);
    }
    clear_region(REGION_LOW);
    clear_region(REGION_HIGH);
    let_settle();
}

void mpu_guard_own_window(uint32_t addr, uint32_t window_bytes, uint32_t chip_bytes)
{
    if ((reg_read32(MPU_CTRL) & MPU_CTRL_ENABLE) != 0) {
        return;
    }
    cpu_sync_data();
    mpu_guard_window(addr, window_bytes, chip_bytes);
    reg_write32(MPU_CTRL, MPU_CTRL_ENABLE | MPU_CTRL_PRIVDEFENA);
    let_settle();
}
