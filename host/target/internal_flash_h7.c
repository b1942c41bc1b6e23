/* Internal flash with an option register for read-out protection (reference: MCU facts, 2.4 and 9):
 * what can be known of it. Writing it is refused until the bootloader of this family is there, so
 * that nothing is erased which cannot be brought back. */
#include "host/target/internal_flash_driver.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    OPTSR_CUR = 0x1C,
    WPSN_CUR1R = 0x38,
    OPTSR_RDP_SHIFT = 8,
    OPTSR_SECURITY = 1 << 21,
    RDP_LEVEL_0 = 0xAA,
    RDP_LEVEL_2 = 0xCC,
    SECTOR_BITS = 8 /* of WPSN: a set bit leaves the sector writable */
};

static bool refuse(struct target *target, struct error *err)
{
    (void)error_set(err, ERROR_REFUSED,
        "the internal flash of the %s is not written by this version", target_mcu(target)->name);
    error_set_hint(err, "it is read as memory \"internal\"");
    return false;
}

static bool check_writable(
    struct target *target, uint32_t first_sector, uint32_t count, struct error *err)
{
    (void)first_sector;
    (void)count;
    return refuse(target, err);
}

static bool erase_sector(struct target *target, uint32_t sector, struct error *err)
{
    (void)sector;
    return refuse(target, err);
}

static bool program_granule(
    struct target *target, uint32_t addr, const uint8_t *granule, struct error *err)
{
    (void)addr;
    (void)granule;
    return refuse(target, err);
}

/* The one high-speed bit of this family is for all pads and none of a memory port. */
static bool read_hslv(struct target *target, uint32_t *hslv, struct error *err)
{
    (void)target;
    (void)err;
    *hslv = 0;
    return true;
}

static const char *level_text(uint32_t rdp)
{
    if (rdp == RDP_LEVEL_0) {
        return "0 (open)";
    }
    return rdp == RDP_LEVEL_2 ? "2 (closed for ever)"
                              : "1 (the internal flash cannot be read by a debugger)";
}

static bool describe(struct target *target, char *text, size_t text_bytes, struct error *err)
{
    const struct board_internal_flash *flash = &target_mcu(target)->flash;
    uint32_t sectors = flash->size_bytes / flash->sector_bytes;
    uint32_t optsr = 0;
    uint32_t wpsn = 0;
    char list[4 * SECTOR_BITS] = "";
    size_t used = 0;
    uint32_t sector = 0;

    if (!target_read_word(target, flash->regs_addr + OPTSR_CUR, &optsr, err) ||
        !target_read_word(target, flash->regs_addr + WPSN_CUR1R, &wpsn, err)) {
        return error_add_context(err, "reading the protection of the internal flash");
    }
    for (sector = 0; sector < sectors && sector < SECTOR_BITS; sector++) {
        if ((wpsn >> sector & 1) == 0) {
            used += (size_t)snprintf(list + used, sizeof list - used, " %" PRIu32, sector);
        }
    }
    (void)snprintf(text, text_bytes, "read-out protection level %s (RDP 0x%02" PRIx32 ")%s, %s%s",
        level_text(optsr >> OPTSR_RDP_SHIFT & 0xFF), optsr >> OPTSR_RDP_SHIFT & 0xFF,
        (optsr & OPTSR_SECURITY) != 0 ? ", security on" : "",
        used > 0 ? "write-protected sectors" : "no sector write-protected", list);
    return true;
}

const struct internal_flash_driver internal_flash_h7 = {
    .check_writable = check_writable,
    .unlock = refuse,
    .begin_program = refuse,
    .lock = refuse,
    .erase_sector = erase_sector,
    .program_granule = program_granule,
    .read_hslv = read_hslv,
    .describe = describe,
};
