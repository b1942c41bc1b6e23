#include "tests/unit/target/helpers_mcu.h"

#include <criterion/criterion.h>

#include <string.h>

static struct abi_reg_step known_state[] = {
    {.kind = ABI_REG_MODIFY, .bytes = 4, .addr = CLOCK_REG, .mask = 7, .value = 0},
    {.kind = ABI_REG_WAIT, .bytes = 4, .addr = CLOCK_REG, .mask = 7, .timeout_us = 1000},
};
static struct abi_reg_step debug_setup[] = {
    {.kind = ABI_REG_WRITE, .bytes = 4, .addr = DEBUG_REG, .value = 7}};
static struct abi_reg_step debug_clear[] = {
    {.kind = ABI_REG_WRITE, .bytes = 4, .addr = DEBUG_REG, .value = 0}};

void mcu_init(struct board_mcu *mcu)
{
    *mcu = (struct board_mcu){
        .name = "STM32H7S3L8",
        .dev_id = 0x485,
        .idcode_addr = 0x5C001000,
        .core_ap = 1,
        .debug_ap = 0xFF,
        .dbgmcu_places = {0x5C001000, 0xE00E1000, 0x80001000},
        .dbgmcu_place_count = 3,
        .has_ap_status = true,
        .ap_open_timeout_ms = 500,
        .uid_addr = 0x08FFF800,
        .flash_size_addr = 0x08FFF80C,
        .stub_ram = {0x20000000, 0x10000},
        .ring_ram = {0x24020000, 0x20000},
        .known_state = {known_state, 2},
        .debug_setup = {debug_setup, 1},
        .debug_clear = {debug_clear, 1},
        .flash = {.driver = "h7rs",
            .addr = 0x08000000,
            .size_bytes = 0x10000,
            .sector_bytes = 0x2000,
            .granule_bytes = 16,
            .regs_addr = 0x52002000,
            .erase_max_ms = 200,
            .program_max_us = 1000},
    };
}

struct target *connect_or_fail(struct fake_core *core, const struct board_mcu *mcu)
{
    struct target *target = NULL;
    struct error err;

    fake_core_init(core);
    fake_probe_set_word(&core->probe, CLOCK_REG, 3);
    fake_probe_set_word(&core->probe, DEBUG_REG, 0);
    cr_assert(target_connect(&core->probe.base, mcu, TARGET_CONNECT_AUTO, NULL, &target, &err),
        "%s", err.message);
    return target;
}
