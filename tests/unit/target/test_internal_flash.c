/* Internal flash against a small model of the H7R/S controller: keys, granules programmed once,
 * sectors, write protection. */
#include "common/le.h"
#include "host/target/internal_flash.h"
#include "tests/unit/target/helpers_mcu.h"

#include <criterion/criterion.h>

#include <string.h>

enum {
    FLASH = 0x08000000,
    KEYR = 0x52002004,
    CR = 0x52002010,
    SR = 0x52002014,
    ISR = 0x52002024,
    ICR = 0x52002028,
    GRANULES = 4096,
    WRPSR = 0x52002218,
    NVSR = 0x52002200,
    OBW1SR = 0x52002260,
    APB4ENR = 0x58024554,
    BOOTSR = 0x58000400
};

struct flash_model {
    uint8_t *bytes;
    bool is_programmed[GRANULES];
    unsigned keys;
    uint32_t cr;
    uint32_t isr;
    uint32_t stuck_busy; /* SR reads this */
    unsigned violations;
    uint32_t order[GRANULES]; /* granules in the order of programming */
    size_t count;
    size_t fails_at; /* the granule with this number (from 1) reports PGSERR */
};

static struct fake_core core;
static struct board_mcu mcu;
static struct target *target;
static struct flash_model flash;

static void erase(uint32_t sector)
{
    memset(flash.bytes + sector * 0x2000, 0xFF, 0x2000);
    memset(flash.is_programmed + sector * 512, 0, 512);
}

static void write_granule_word(uint32_t addr, uint32_t value)
{
    uint32_t granule = (addr - FLASH) / 16;

    if (flash.cr != 2) {
        flash.violations++;
    }
    le_put32(flash.bytes + (addr - FLASH), value);
    if (addr % 16 == 12) {
        flash.violations += flash.is_programmed[granule] ? 1 : 0;
        flash.is_programmed[granule] = true;
        flash.order[flash.count++] = granule;
        flash.isr |= flash.count == flash.fails_at ? 1 << 18 : 0;
    }
}

static bool write_register(struct fake_core *fake, uint32_t addr, uint32_t value)
{
    (void)fake;
    switch (addr) {
    case KEYR:
        flash.keys =
            (flash.keys == 0 && value == 0x45670123) || (flash.keys == 1 && value == 0xCDEF89AB)
                ? flash.keys + 1
                : 99;
        flash.cr = flash.keys == 2 ? 0 : 1;
        return true;
    case CR:
        if ((flash.cr & 1) != 0) {
            return true;
        }
        flash.cr = (value & 1) != 0 ? flash.cr | 1 : value & ~UINT32_C(0x20);
        flash.keys = (value & 1) != 0 ? 0 : flash.keys;
        if ((value & 0x24) == 0x24) {
            erase(value >> 6 & 7);
        }
        return true;
    case ICR:
        flash.isr &= ~value;
        return true;
    default:
        break;
    }
    if (addr - FLASH < 0x10000) {
        write_granule_word(addr, value);
        return true;
    }
    return false;
}

static bool read_register(struct fake_core *fake, uint32_t addr, uint32_t *value)
{
    (void)fake;
    switch (addr) {
    case CR:
        *value = flash.cr;
        return true;
    case SR:
        *value = flash.stuck_busy;
        return true;
    case ISR:
        *value = flash.isr;
        return true;
    default:
        return false;
    }
}

static void set_up(void)
{
    memset(&flash, 0, sizeof flash);
    mcu_init(&mcu);
    target = connect_or_fail(&core, &mcu);
    flash.bytes = fake_probe_add_region(&core.probe, FLASH, 0x10000);
    memset(flash.bytes, 0xFF, 0x10000);
    flash.cr = 1;
    core.write_hook = write_register;
    core.read_hook = read_register;
    fake_probe_set_word(&core.probe, WRPSR, 0xFF);
    fake_probe_set_word(&core.probe, NVSR, 0xB4);
    fake_probe_set_word(&core.probe, OBW1SR, 0x200);
    fake_probe_set_word(&core.probe, APB4ENR, 0);
    fake_probe_set_word(&core.probe, BOOTSR, FLASH);
}

static void tear_down(void)
{
    target_close(target);
    fake_core_free(&core);
}

TestSuite(internal_flash, .init = set_up, .fini = tear_down);

static void make_image(uint8_t *image, size_t size_bytes)
{
    size_t i = 0;

    for (i = 0; i < size_bytes; i++) {
        image[i] = (uint8_t)(i + i / 256);
    }
}

Test(internal_flash, programs_the_vector_table_last_and_skips_empty_granules)
{
    struct error err;
    uint8_t image[160];
    size_t i = 0;

    make_image(image, sizeof image);
    memset(image + 64, 0xFF, 16);
    cr_assert(internal_flash_program(target, 0, image, sizeof image, &err), "%s", err.message);
    cr_assert_eq(memcmp(flash.bytes, image, sizeof image), 0);
    cr_assert_eq(flash.count, 9);
    cr_assert_eq(flash.order[8], 0, "the vector table is written last");
    for (i = 0; i < flash.count; i++) {
        cr_assert_neq(flash.order[i], 4, "an empty granule is not sent");
    }
    cr_assert_eq(flash.violations, 0);
    cr_assert_eq(flash.cr, 1, "locked, and nothing else set");
}

Test(internal_flash, erases_sectors_and_locks_again)
{
    struct error err;

    memset(flash.bytes, 0, 0x10000);
    cr_assert(internal_flash_erase(target, 0x2000, 0x4000, &err), "%s", err.message);
    cr_assert_eq(flash.bytes[0x1FFF], 0);
    cr_assert_eq(flash.bytes[0x2000], 0xFF);
    cr_assert_eq(flash.bytes[0x5FFF], 0xFF);
    cr_assert_eq(flash.bytes[0x6000], 0);
    cr_assert_eq(flash.cr, 1);
}

Test(internal_flash, locks_again_after_a_failure_and_names_the_granule)
{
    struct error err;
    uint8_t image[64];

    make_image(image, sizeof image);
    flash.fails_at = 2;
    cr_assert_not(internal_flash_program(target, 0x40, image, sizeof image, &err));
    cr_assert_eq(err.code, ERROR_PROGRAM_FAILED);
    cr_assert_str_eq(err.message,
        "the internal flash reports an error: programming sequence (ISR 0x00040000)\n"
        "  while programming the granule at 0x08000060\n"
        "  while programming 64 bytes of the internal flash at 0x08000040");
    cr_assert_eq(err.addr, 0x08000060);
    cr_assert_eq(flash.cr, 1);
}

Test(internal_flash, bounds_the_wait_for_a_busy_controller)
{
    struct error err;
    uint64_t begin_ns = core.probe.now_ns;

    flash.stuck_busy = 4;
    cr_assert_not(internal_flash_erase(target, 0, 0x2000, &err));
    cr_assert_str_eq(
        err.message, "the internal flash stays busy for more than 200000 us (SR 0x00000004)");
    cr_assert_lt(core.probe.now_ns - begin_ns, 300000000);
}

Test(internal_flash, checks_write_protection_before_anything_is_changed)
{
    struct error err;

    fake_probe_set_word(&core.probe, WRPSR, 0xFB);
    cr_assert(internal_flash_check_writable(target, 0, 0x4000, &err), "%s", err.message);
    cr_assert_not(internal_flash_erase(target, 0, 0x6000, &err));
    cr_assert_eq(err.code, ERROR_TARGET_PROTECTED);
    cr_assert_str_eq(err.message, "sector 2 of the internal flash is write-protected (WRPSR 0xfb)");
    cr_assert_eq(flash.keys, 0);
}

Test(internal_flash, refuses_an_mcu_that_is_not_open)
{
    struct error err;

    fake_probe_set_word(&core.probe, NVSR, 0x51);
    cr_assert_not(internal_flash_check_writable(target, 0, 16, &err));
    cr_assert_eq(err.code, ERROR_TARGET_PROTECTED);
    cr_assert_str_eq(err.message, "the MCU is not open: NVSTATE is 0x51 instead of 0xB4");
}

Test(internal_flash, refuses_an_mcu_that_starts_from_elsewhere)
{
    struct error err;

    fake_probe_set_word(&core.probe, BOOTSR, 0x24000000);
    cr_assert_not(internal_flash_check_writable(target, 0, 16, &err));
    cr_assert_eq(err.code, ERROR_TARGET_PROTECTED);
    cr_assert_str_eq(
        err.message, "the MCU starts from 0x24000000 after reset (INITVTOR), not from 0x08000000");
    cr_assert_eq(fake_probe_word(&core.probe, APB4ENR), 0, "the clock of SBS is off again");
}

Test(internal_flash, reads_a_broken_granule_as_empty_and_counts_it)
{
    struct error err;
    uint8_t image[256];
    uint8_t found[256];
    size_t broken = 0;

    make_image(image, sizeof image);
    memcpy(flash.bytes, image, sizeof image);
    core.probe.fault_addr = FLASH + 0x48;
    cr_assert(internal_flash_read(target, 3, found, 250, &broken, &err), "%s", err.message);
    cr_assert_eq(broken, 1);
    cr_assert_eq(memcmp(found, image + 3, 0x40 - 3), 0);
    cr_assert_eq(found[0x40 - 3], 0xFF);
    cr_assert_eq(found[0x4F - 3], 0xFF);
    cr_assert_eq(memcmp(found + 0x50 - 3, image + 0x50, 250 - 0x50 + 3), 0);
}

Test(internal_flash, a_lost_probe_is_not_a_broken_granule)
{
    struct error err;
    uint8_t found[256];
    size_t broken = 0;

    core.probe.fails_at_transfer = core.probe.transfers + 1;
    cr_assert_not(internal_flash_read(target, 0, found, sizeof found, &broken, &err));
    cr_assert_eq(err.code, ERROR_USB_LOST);
}

Test(internal_flash, refuses_ranges_outside_and_partial_units)
{
    struct error err;
    uint8_t image[32] = {0};

    cr_assert_not(internal_flash_program(target, 8, image, 16, &err));
    cr_assert_str_eq(
        err.message, "16 bytes at offset 0x8 of the internal flash are not whole units of 16");
    cr_assert_not(internal_flash_erase(target, 0xE000, 0x4000, &err));
    cr_assert_str_eq(err.message,
        "16384 bytes at offset 0xe000 are not inside the internal flash of 65536 bytes");
}

Test(internal_flash, reads_option_bits_and_describes_protection)
{
    struct error err;
    char text[128];
    uint32_t hslv = 0;

    cr_assert(internal_flash_read_hslv(target, &hslv, &err));
    cr_assert_eq(hslv, 2);
    cr_assert(internal_flash_describe_protection(target, text, sizeof text, &err));
    cr_assert_str_eq(text, "life cycle open (NVSTATE 0xb4), no sector write-protected");
    fake_probe_set_word(&core.probe, WRPSR, 0x7E);
    cr_assert(internal_flash_describe_protection(target, text, sizeof text, &err));
    cr_assert_str_eq(text, "life cycle open (NVSTATE 0xb4), write-protected sectors 0 7");
}

Test(internal_flash, a_cut_at_any_transfer_leaves_the_vector_table_empty_or_the_image_whole)
{
    uint8_t image[80];
    size_t at = 0;
    bool is_done = false;

    make_image(image, sizeof image);
    for (at = 1; at < 200 && !is_done; at++) {
        struct error err;

        tear_down();
        set_up();
        core.probe.fails_at_transfer = core.probe.transfers + at;
        is_done = internal_flash_program(target, 0, image, sizeof image, &err);
        cr_assert(flash.bytes[0] == 0xFF || memcmp(flash.bytes, image, sizeof image) == 0,
            "cut at transfer %zu", at);
    }
    cr_assert(is_done);
}
