/* Internal flash of STM32H7R/S (reference: MCU facts, sections 2.4, 4.1 and 9). Option bytes are
 * read and never written. */
#include "host/target/internal_flash_driver.h"
#include "host/target/target_internal.h"

#include <inttypes.h>
#include <stdio.h>

/* Offsets from board_internal_flash.regs_addr. */
enum {
    KEYR = 0x04,
    CR = 0x10,
    SR = 0x14,
    ISR = 0x24,
    ICR = 0x28,
    NVSR = 0x200,
    ROTSR = 0x208,
    WRPSR = 0x218,
    OBW1SR = 0x260
};

enum {
    CR_LOCK = 1 << 0,
    CR_PG = 1 << 1,
    CR_SER = 1 << 2,
    CR_START = 1 << 5,
    CR_SSN_SHIFT = 6,
    SR_BUSY = 1 << 0,
    SR_WBNE = 1 << 1,
    SR_QW = 1 << 2,
    ISR_EOP = 1 << 16,
    /* WRPERR 17, PGSERR 18, STRBERR 19, OBLERR 20, INCERR 21, RDSERR 24, DBECC 26. SNECC 25 was
     * corrected and is no failure. */
    ISR_ERRORS = 0x053E0000,
    ISR_ALL = 0x1F3F0000,
    NVSTATE_OPEN = 0xB4,
    NVSTATE_CLOSED = 0x51,
    OBW1SR_HSLV_SHIFT = 8, /* XSPI1_HSLV 8, XSPI2_HSLV 9 */
    RCC_APB4ENR_SBSEN = 1 << 1
};

static const uint32_t key_1 = UINT32_C(0x45670123);
static const uint32_t key_2 = UINT32_C(0xCDEF89AB);
static const uint32_t rcc_apb4enr = UINT32_C(0x58024554);
static const uint32_t sbs_bootsr = UINT32_C(0x58000400);
static const uint32_t boot_rom_addr = UINT32_C(0x1FF00000);
static const uint32_t boot_rom_bytes = UINT32_C(0x20000);

static uint32_t register_addr(struct target *target, uint32_t reg)
{
    return target_mcu(target)->flash.regs_addr + reg;
}

static bool read_flash(struct target *target, uint32_t reg, uint32_t *value, struct error *err)
{
    return target_read_word(target, register_addr(target, reg), value, err);
}

static bool write_flash(struct target *target, uint32_t reg, uint32_t value, struct error *err)
{
    return target_write_word(target, register_addr(target, reg), value, err);
}

static const char *first_error(uint32_t isr)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } names[] = {
        {17, "write protection"},
        {18, "programming sequence"},
        {19, "strobe"},
        {20, "option byte loading"},
        {21, "inconsistency"},
        {24, "read security"},
        {26, "double ECC error"},
    };
    size_t i = 0;

    for (i = 0; i < sizeof names / sizeof names[0]; i++) {
        if ((isr >> names[i].bit & 1) != 0) {
            return names[i].name;
        }
    }
    return "none";
}

/* Until the queue is empty (QW, not BSY: reference section 9), then checks the error flags. */
static bool wait_done(
    struct target *target, uint64_t bound_us, enum error_code code, struct error *err)
{
    struct probe *probe = target_probe(target);
    uint8_t ap = target_mcu(target)->core_ap;
    struct target_deadline deadline = target_deadline_start(probe, bound_us * TARGET_NS_PER_US);
    struct probe_word words[] = {
        {.addr = register_addr(target, SR)}, {.addr = register_addr(target, ISR)}};

    do {
        if (!probe_transfer_words(probe, ap, words, 2, err)) {
            return false;
        }
        if ((words[1].value & ISR_ERRORS) != 0) {
            return error_set(err, code,
                "the internal flash reports an error: %s (ISR 0x%08" PRIx32 ")",
                first_error(words[1].value), words[1].value);
        }
        if ((words[0].value & (SR_BUSY | SR_WBNE | SR_QW)) == 0) {
            return true;
        }
    } while (target_deadline_wait(probe, &deadline, bound_us * TARGET_NS_PER_US / 64));
    return error_set(err, code,
        "the internal flash stays busy for more than %" PRIu64 " us (SR 0x%08" PRIx32 ")", bound_us,
        words[0].value);
}

static bool check_life_cycle(struct target *target, struct error *err)
{
    uint32_t nvsr = 0;

    if (!read_flash(target, NVSR, &nvsr, err)) {
        return false;
    }
    if ((nvsr & 0xFF) != NVSTATE_OPEN) {
        return error_set(err, ERROR_TARGET_PROTECTED,
            "the MCU is not open: NVSTATE is 0x%02" PRIx32 " instead of 0x%02X", nvsr & 0xFF,
            NVSTATE_OPEN);
    }
    return true;
}

static bool check_sectors(
    struct target *target, uint32_t first_sector, uint32_t count, struct error *err)
{
    uint32_t wrpsr = 0;
    uint32_t sector = 0;

    if (!read_flash(target, WRPSR, &wrpsr, err)) {
        return false;
    }
    for (sector = first_sector; sector < first_sector + count && sector < 8; sector++) {
        if ((wrpsr >> sector & 1) == 0) { /* 0: protected */
            (void)error_set(err, ERROR_TARGET_PROTECTED,
                "sector %" PRIu32 " of the internal flash is write-protected (WRPSR 0x%02" PRIx32
                ")",
                sector, wrpsr & 0xFF);
            error_set_hint(err, "remove the write protection of the sector with ST's tools; xflash "
                                "never changes option bytes");
            return false;
        }
    }
    return true;
}

/* SBS answers only with its clock on; the clock is put back as it was. */
static bool read_boot_addr(struct target *target, uint32_t *addr, struct error *err)
{
    uint32_t enabled = 0;
    struct error second;
    bool is_read = false;
    bool is_restored = false;

    if (!target_read_word(target, rcc_apb4enr, &enabled, err)) {
        return false;
    }
    if ((enabled & RCC_APB4ENR_SBSEN) != 0) {
        return target_read_word(target, sbs_bootsr, addr, err);
    }
    if (!target_write_word(target, rcc_apb4enr, enabled | RCC_APB4ENR_SBSEN, err)) {
        return false;
    }
    is_read = target_read_word(target, sbs_bootsr, addr, err);
    is_restored = target_write_word(target, rcc_apb4enr, enabled, is_read ? err : &second);
    return is_read && is_restored;
}

/* BOOTSR.INITVTOR: where the core starts after reset. The boot ROM leads on to the flash, and 0 is
 * the register's documented reset value. */
static bool check_boot_addr(struct target *target, struct error *err)
{
    uint32_t flash_addr = target_mcu(target)->flash.addr;
    uint32_t addr = 0;

    if (!read_boot_addr(target, &addr, err)) {
        return false;
    }
    if (addr == flash_addr || addr == 0 || addr - boot_rom_addr < boot_rom_bytes) {
        return true;
    }
    return error_set(err, ERROR_TARGET_PROTECTED,
        "the MCU starts from 0x%08" PRIx32 " after reset (INITVTOR), not from 0x%08" PRIx32, addr,
        flash_addr);
}

static bool check_writable(
    struct target *target, uint32_t first_sector, uint32_t count, struct error *err)
{
    return check_life_cycle(target, err) && check_sectors(target, first_sector, count, err) &&
           check_boot_addr(target, err);
}

static bool unlock(struct target *target, struct error *err)
{
    const struct board_internal_flash *flash = &target_mcu(target)->flash;
    uint32_t cr = 0;

    /* Flags of whoever used the flash before must not be taken for ours. */
    if (!write_flash(target, ICR, ISR_ALL, err) ||
        !wait_done(target, (uint64_t)flash->erase_max_ms * 1000, ERROR_TARGET_STATE, err) ||
        !read_flash(target, CR, &cr, err)) {
        return false;
    }
    /* Keys for a controller that is not locked would lock it until reset. */
    if ((cr & CR_LOCK) != 0 &&
        (!write_flash(target, KEYR, key_1, err) || !write_flash(target, KEYR, key_2, err))) {
        return false;
    }
    if (!write_flash(target, CR, 0, err) || !read_flash(target, CR, &cr, err)) {
        return false;
    }
    if (cr != 0) {
        (void)error_set(err, ERROR_TARGET_PROTECTED,
            "the internal flash does not unlock: CR is 0x%08" PRIx32, cr);
        error_set_hint(err, "a wrong key locks it until the next reset: reset the board");
        return false;
    }
    return true;
}

static bool lock(struct target *target, struct error *err)
{
    /* Two steps: a write that sets LOCK does not change the other bits. */
    return write_flash(target, CR, 0, err) && write_flash(target, CR, CR_LOCK, err);
}

static bool erase_sector(struct target *target, uint32_t sector, struct error *err)
{
    const struct board_internal_flash *flash = &target_mcu(target)->flash;
    uint32_t request = CR_SER | CR_START | sector << CR_SSN_SHIFT;

    return write_flash(target, ICR, ISR_ALL, err) && write_flash(target, CR, request, err) &&
           wait_done(target, (uint64_t)flash->erase_max_ms * 1000, ERROR_ERASE_FAILED, err) &&
           write_flash(target, CR, 0, err);
}

static bool begin_program(struct target *target, struct error *err)
{
    return write_flash(target, CR, CR_PG, err);
}

static bool program_granule(
    struct target *target, uint32_t addr, const uint8_t *granule, struct error *err)
{
    const struct board_internal_flash *flash = &target_mcu(target)->flash;

    if (!target_write(target, addr, granule, flash->granule_bytes, err) ||
        !wait_done(target, flash->program_max_us, ERROR_PROGRAM_FAILED, err)) {
        error_set_addr(err, addr);
        return error_add_context(err, "programming the granule at 0x%08" PRIx32, addr);
    }
    return true;
}

static bool read_hslv(struct target *target, uint32_t *hslv, struct error *err)
{
    uint32_t obw1sr = 0;

    if (!read_flash(target, OBW1SR, &obw1sr, err)) {
        return error_add_context(err, "reading the option bytes");
    }
    *hslv = obw1sr >> OBW1SR_HSLV_SHIFT & 3;
    return true;
}

static const char *life_cycle_text(uint32_t nvstate)
{
    if (nvstate == NVSTATE_OPEN) {
        return "open";
    }
    return nvstate == NVSTATE_CLOSED ? "closed" : "unknown";
}

static bool describe(struct target *target, char *text, size_t text_bytes, struct error *err)
{
    uint32_t nvsr = 0;
    uint32_t wrpsr = 0;
    char sectors[32] = "";
    size_t used = 0;
    unsigned sector = 0;

    if (!read_flash(target, NVSR, &nvsr, err) || !read_flash(target, WRPSR, &wrpsr, err)) {
        return error_add_context(err, "reading the protection of the internal flash");
    }
    for (sector = 0; sector < 8; sector++) {
        if ((wrpsr >> sector & 1) == 0) {
            sectors[used++] = ' ';
            sectors[used++] = (char)('0' + sector);
        }
    }
    (void)snprintf(text, text_bytes, "life cycle %s (NVSTATE 0x%02" PRIx32 "), %s%s",
        life_cycle_text(nvsr & 0xFF), nvsr & 0xFF,
        used > 0 ? "write-protected sectors" : "no sector write-protected", sectors);
    return true;
}

const struct internal_flash_driver internal_flash_h7rs = {
    .check_writable = check_writable,
    .unlock = unlock,
    .begin_program = begin_program,
    .lock = lock,
    .erase_sector = erase_sector,
    .program_granule = program_granule,
    .read_hslv = read_hslv,
    .describe = describe,
};
