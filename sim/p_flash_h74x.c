/* Registers of the internal flash of STM32H750: one bank, flags in SR, cleared in CCR (mcu.md 9;
 * SVD STM32H750x v1.7, embassy stm32-data flash_h7). Option words can be read, not changed. */
#include "sim/p_flash_internal.h"
#include "sim/report.h"

#include <inttypes.h>

enum {
    H74X_ACR = 0x000,
    H74X_KEYR = 0x004,
    H74X_OPTKEYR = 0x008,
    H74X_CR = 0x00C,
    H74X_SR = 0x010,
    H74X_CCR = 0x014,
    H74X_OPTCR = 0x018,
    H74X_OPTSR_CUR = 0x01C,
    H74X_PRAR_CUR = 0x028,
    H74X_SCAR_CUR = 0x030,
    H74X_WPSN_CUR = 0x038,
    H74X_BOOT_CUR = 0x040,
    H74X_ECC_FA = 0x060,
    H74X_PROGRAM_DISTANCE = 4 /* from xxx_CUR to xxx_PRG */
};
enum { CR_FW = 6, CR_START = 7, CR_SNB = 8, FLAG_OPERR = 22 };

/* silicon resets LOCK = 1 and PSIZE = 3 (mcu.md 9); LATENCY 7 and WRHIGHFREQ 3 (K). */
#define ACR_RESET      UINT32_C(0x37)
#define CR_PSIZE       UINT32_C(0x30)
#define CR_STORED      UINT32_C(0x1FEF873E) /* all but LOCK, FW, START */
#define FLAGS          UINT32_C(0x1FEF0000)
#define OPTCR_STORED   UINT32_C(0x40000000) /* OPTCHANGEERRIE */
#define ECC_FA_GRANULE UINT32_C(0x7FFF)

static uint32_t status(const struct sim_flash *flash)
{
    uint32_t word = flash->isr;

    if (flash->op != SIM_FLASH_IDLE) {
        word |= SIM_BIT(FLASH_SR_BUSY) | SIM_BIT(FLASH_SR_QW);
    }
    if (flash->buffer_count > 0) {
        word |= SIM_BIT(FLASH_SR_WBNE);
    }
    return word;
}

static uint32_t option(const struct sim_flash *flash, uint32_t word_offset)
{
    if (sim_flash_option_find(flash->layout, word_offset) != NULL) {
        return sim_flash_option_word(flash, (uint16_t)word_offset);
    }
    if (sim_flash_option_find(flash->layout, word_offset - H74X_PROGRAM_DISTANCE) != NULL) {
        return sim_flash_stored_option(flash, word_offset - H74X_PROGRAM_DISTANCE);
    }
    return 0;
}

static uint32_t register_word(const struct sim_flash *flash, uint32_t word_offset)
{
    switch (word_offset) {
    case H74X_ACR:
        return flash->acr;
    case H74X_CR:
        return (flash->cr ^ CR_PSIZE) | (flash->cr_lock.is_open ? 0 : SIM_BIT(FLASH_CR_LOCK));
    case H74X_SR:
        return status(flash);
    case H74X_OPTCR:
        return flash->optcr | (flash->option_lock.is_open ? 0 : SIM_BIT(FLASH_OPTCR_OPTLOCK));
    case H74X_ECC_FA:
        return (flash->eccd_addr - FLASH_ARRAY_ADDR) / flash->layout->granule_bytes &
               ECC_FA_GRANULE;
    default:
        return option(flash, word_offset);
    }
}

static bool read_word(void *state, uint32_t offset, uint32_t size_bytes, uint32_t *value)
{
    const struct sim_flash *flash = state;

    *value = sim_register_extract(register_word(flash, offset - offset % 4), offset, size_bytes);
    return true;
}

/* cr is kept with PSIZE inverted, so that its reset value is 0 as on the other families. */
static void write_cr(struct sim_flash *flash, uint32_t value)
{
    uint32_t before = flash->cr;
    uint32_t kept = (value & CR_STORED) ^ CR_PSIZE;

    if (!flash->cr_lock.is_open) {
        if (kept != before) {
            sim_violation(flash->env->report, "flash-locked-write",
                "write of 0x%08" PRIX32 " to FLASH_CR1 while LOCK is set", value);
        }
        return;
    }
    flash->cr = kept;
    sim_flash_end_programming(flash, before);
    if ((value & SIM_BIT(CR_FW)) != 0) {
        sim_flash_force_write(flash);
    }
    if ((value & SIM_BIT(CR_START)) != 0) {
        sim_flash_start_erase(flash);
    }
    if ((value & SIM_BIT(FLASH_CR_LOCK)) != 0) {
        flash->cr_lock.is_open = false;
    }
}

static void clear_flags(struct sim_flash *flash, uint32_t value)
{
    flash->isr &= ~(value & FLAGS);
    if ((flash->isr & SIM_BIT(FLASH_ISR_DBECCERR)) == 0) {
        flash->eccd_addr = FLASH_ARRAY_ADDR;
    }
}

/* SWAP_BANK does not exist on parts with one bank; MER and OPTSTART are not modelled. */
static void write_optcr(struct sim_flash *flash, uint32_t value)
{
    if (!flash->option_lock.is_open) {
        if ((value & ~SIM_BIT(FLASH_OPTCR_OPTLOCK)) != flash->optcr) {
            sim_violation(flash->env->report, "flash-option-locked",
                "write of 0x%08" PRIX32 " to FLASH_OPTCR while OPTLOCK is set", value);
        }
        return;
    }
    if ((value & ~(OPTCR_STORED | SIM_BIT(FLASH_OPTCR_OPTLOCK))) != 0) {
        sim_violation(flash->env->report, "unmodelled-register",
            "write of 0x%08" PRIX32 " to FLASH_OPTCR: option words cannot be changed here", value);
    }
    flash->optcr = value & OPTCR_STORED;
    if ((value & SIM_BIT(FLASH_OPTCR_OPTLOCK)) != 0) {
        flash->option_lock.is_open = false;
    }
}

static void write_register(struct sim_flash *flash, uint32_t word_offset, uint32_t value)
{
    switch (word_offset) {
    case H74X_ACR:
        sim_flash_write_acr(flash, value);
        break;
    case H74X_CR:
        write_cr(flash, value);
        break;
    case H74X_SR:
    case H74X_ECC_FA:
        break; /* read-only */
    case H74X_CCR:
        clear_flags(flash, value);
        break;
    case H74X_OPTCR:
        write_optcr(flash, value);
        break;
    default:
        if (value != option(flash, word_offset)) {
            sim_violation(flash->env->report, "unmodelled-register",
                "write of 0x%08" PRIX32 " to FLASH+0x%03" PRIX32, value, word_offset);
        }
        break;
    }
}

static bool write_word(void *state, uint32_t offset, uint32_t size_bytes, uint32_t value)
{
    struct sim_flash *flash = state;
    uint32_t word_offset = offset - offset % 4;
    uint32_t word = word_offset == H74X_CCR ? 0 : register_word(flash, word_offset);

    if (word_offset == H74X_KEYR) {
        return sim_flash_write_key(flash, &flash->cr_lock, value);
    }
    if (word_offset == H74X_OPTKEYR) {
        return sim_flash_write_key(flash, &flash->option_lock, value);
    }
    write_register(flash, word_offset, sim_register_merge(word, offset, size_bytes, value));
    return true;
}

/* Bits: SVD STM32H750x v1.7. Factory values: RDP level 0, IWDG by software, no reset in Stop and
 * Standby, IWDG runs there, no security, no protected area (end below start), sector not
 * write-protected, boot from 0x08000000 or the system memory (K). */
static const struct sim_flash_option options[] = {
    {"OPTSR", H74X_OPTSR_CUR, UINT32_C(0x203EFFDC), UINT32_C(0x1006AAD0), false},
    {"PRAR", H74X_PRAR_CUR, UINT32_C(0x8FFF0FFF), UINT32_C(0x000000FF), true},
    {"SCAR", H74X_SCAR_CUR, UINT32_C(0x8FFF0FFF), UINT32_C(0x000000FF), true},
    {"WPSN", H74X_WPSN_CUR, UINT32_C(0x00000001), UINT32_C(0x00000001), false},
    {"BOOT", H74X_BOOT_CUR, UINT32_C(0xFFFFFFFF), UINT32_C(0x1FF00800), false},
};

/* Times: orders of magnitude of ST's 128 KB-sector flash (K): 256-bit word 100 us, sector 1 s. */
const struct sim_flash_layout sim_flash_h750 = {
    .array_bytes = 0x20000,
    .sector_bytes = 0x20000,
    .granule_bytes = 32,
    .program_ps = 100 * SIM_PS_PER_US,
    .erase_ps = 1000 * SIM_PS_PER_MS,
    .mass_erase_ps = 1000 * SIM_PS_PER_MS,
    .acr_reset = ACR_RESET,
    .sector_bit = CR_SNB,
    .operation_error = SIM_BIT(FLAG_OPERR),
    .identity_addr = 0x1FF1E000, /* mcu.md 4.4 */
    .identity_uid = 0x800,
    .identity_size_kb = 0x880,
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .first_option_offset = H74X_OPTSR_CUR,
    .protection_option = H74X_WPSN_CUR,
    .watchdog_option = H74X_OPTSR_CUR,
    .read = read_word,
    .write = write_word,
};
