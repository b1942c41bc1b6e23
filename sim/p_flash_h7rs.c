/* Registers of the internal flash of STM32H7R/S: flags in ISR, option words in pairs (mcu.md 9; SVD
 * STM32H7S v1.3). */
#include "sim/p_flash_internal.h"
#include "sim/report.h"

#include <inttypes.h>

#define ACR_RESET    UINT32_C(0x13)
#define CR_STORED    UINT32_C(0x010301CE) /* PG, SER, BER, SSN, PG_OTP, CRC_EN, ALL_BANKS */
#define INTERRUPTS   UINT32_C(0x1F3F0000)
#define OPTCR_STORED UINT32_C(0x58000002) /* PG_OPT, KVEIE, KTEIE, OPTERRIE */
#define OPTISR_BITS  UINT32_C(0x58000000)
#define CRCCR_RESET  UINT32_C(0x001C0000)
#define SR_RCHECKF   SIM_BIT(25)
enum { FLASH_CR_FW = 4, FLASH_CR_START = 5, FLASH_CR_SSN = 6 };
enum { FLASH_CRCCR = 0x030, FLASH_ECCSFADDR = 0x040 };

static uint32_t status(const struct sim_flash *flash)
{
    static const uint32_t kinds[] = {
        [SIM_FLASH_IDLE] = 0,
        [SIM_FLASH_PROGRAM] = SIM_BIT(FLASH_SR_IS_PROGRAM),
        [SIM_FLASH_ERASE] = SIM_BIT(FLASH_SR_IS_ERASE),
        [SIM_FLASH_OPTION_CHANGE] = SIM_BIT(FLASH_SR_IS_OPTCHANGE),
    };
    uint32_t word = flash->sr | kinds[flash->op];

    if (flash->op != SIM_FLASH_IDLE) {
        word |= SIM_BIT(FLASH_SR_BUSY) | SIM_BIT(FLASH_SR_QW);
    }
    if (flash->buffer_count > 0) {
        word |= SIM_BIT(FLASH_SR_WBNE);
    }
    return word;
}

static uint32_t register_word(const struct sim_flash *flash, uint32_t word_offset)
{
    switch (word_offset) {
    case FLASH_ACR:
        return flash->acr;
    case FLASH_CR:
        return flash->cr | (flash->cr_lock.is_open ? 0 : SIM_BIT(FLASH_CR_LOCK));
    case FLASH_SR:
        return status(flash);
    case FLASH_IER:
        return flash->ier;
    case FLASH_ISR:
        return flash->isr;
    case FLASH_CRCCR:
        return CRCCR_RESET;
    case FLASH_ECCDFADDR:
        return flash->eccd_addr;
    case FLASH_OPTCR:
        return flash->optcr | (flash->option_lock.is_open ? 0 : SIM_BIT(FLASH_OPTCR_OPTLOCK));
    case FLASH_OPTISR:
        return flash->optisr;
    default:
        return sim_flash_option_read(flash, word_offset);
    }
}

static bool read_word(void *state, uint32_t offset, uint32_t size_bytes, uint32_t *value)
{
    const struct sim_flash *flash = state;
    uint32_t word = register_word(flash, offset - offset % 4);

    *value = sim_register_extract(word, offset, size_bytes);
    return true;
}

static void write_cr(struct sim_flash *flash, uint32_t value)
{
    uint32_t before = flash->cr;

    if (!flash->cr_lock.is_open) {
        if ((value & ~SIM_BIT(FLASH_CR_LOCK)) != before) {
            sim_violation(flash->env->report, "flash-locked-write",
                "write of 0x%08" PRIX32 " to FLASH_CR while LOCK is set", value);
        }
        return;
    }
    flash->cr = value & CR_STORED;
    sim_flash_end_programming(flash, before);
    if ((value & SIM_BIT(FLASH_CR_FW)) != 0) {
        sim_flash_force_write(flash);
    }
    if ((value & SIM_BIT(FLASH_CR_START)) != 0) {
        sim_flash_start_erase(flash);
    }
    if ((value & SIM_BIT(FLASH_CR_LOCK)) != 0) {
        flash->cr_lock.is_open = false;
    }
}

static void write_ier(struct sim_flash *flash, uint32_t value)
{
    if (flash->cr_lock.is_open) {
        flash->ier = value & INTERRUPTS;
    } else if (value != flash->ier) {
        sim_violation(flash->env->report, "flash-locked-write",
            "write of 0x%08" PRIX32 " to FLASH_IER while LOCK is set", value);
    }
}

static void clear_flags(struct sim_flash *flash, uint32_t value)
{
    flash->isr &= ~value;
    if ((flash->isr & SIM_BIT(FLASH_ISR_DBECCERR)) == 0) {
        flash->eccd_addr = 0; /* cleared with the flag that came with it */
    }
}

static void write_optcr(struct sim_flash *flash, uint32_t value)
{
    if (!flash->option_lock.is_open) {
        if ((value & ~SIM_BIT(FLASH_OPTCR_OPTLOCK)) != flash->optcr) {
            sim_violation(flash->env->report, "flash-option-locked",
                "write of 0x%08" PRIX32 " to FLASH_OPTCR while OPTLOCK is set", value);
        }
        return;
    }
    flash->optcr = value & OPTCR_STORED;
    if ((value & SIM_BIT(FLASH_OPTCR_OPTLOCK)) != 0) {
        flash->option_lock.is_open = false;
    }
}

static void write_register(struct sim_flash *flash, uint32_t word_offset, uint32_t value)
{
    switch (word_offset) {
    case FLASH_ACR:
        sim_flash_write_acr(flash, value);
        break;
    case FLASH_CR:
        write_cr(flash, value);
        break;
    case FLASH_SR:
    case FLASH_ISR:
    case FLASH_OPTISR:
    case FLASH_ECCSFADDR:
    case FLASH_ECCDFADDR:
        break; /* read-only */
    case FLASH_FCR:
        flash->sr &= ~(value & SR_RCHECKF);
        break;
    case FLASH_IER:
        write_ier(flash, value);
        break;
    case FLASH_ICR:
        clear_flags(flash, value);
        break;
    case FLASH_OPTCR:
        write_optcr(flash, value);
        break;
    case FLASH_OPTICR:
        flash->optisr &= ~(value & OPTISR_BITS);
        break;
    default:
        if (sim_flash_is_option_register(flash, word_offset)) {
            sim_flash_option_write(flash, word_offset, value);
        } else { /* the CRC unit and the option byte keys are not modelled */
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
    uint32_t word =
        sim_register_merge(register_word(flash, word_offset), offset, size_bytes, value);

    if (word_offset == FLASH_KEYR) {
        return sim_flash_write_key(flash, &flash->cr_lock, value);
    }
    if (word_offset == FLASH_OPTKEYR) {
        return sim_flash_write_key(flash, &flash->option_lock, value);
    }
    if (word_offset == FLASH_ICR || word_offset == FLASH_OPTICR || word_offset == FLASH_FCR) {
        word = sim_register_merge(0, offset, size_bytes, value);
    }
    write_register(flash, word_offset, word);
    return true;
}

/* Bits: SVD STM32H7S v1.3. Factory values: NVSTATE open, no iRoT, no authentication method
 * (mcu.md 2.4); WRPS 1 = not protected; IWDG by software, no reset in Stop and Standby, IWDG runs
 * there, PERSO_OK; every HSLV bit off; smallest TCM shares, no ECC on SRAM. HDP end below start:
 * nothing hidden. */
static const struct sim_flash_option options[] = {
    {"NVSRP", FLASH_NVSR, UINT32_C(0x000000FF), FLASH_NVSTATE_OPEN, true},
    {"ROTSRP", FLASH_ROTSR, UINT32_C(0xFF00FFFF), UINT32_C(0x6A00FF6A), true},
    {"OTPLSRP", FLASH_OTPLSR, UINT32_C(0x0000FFFF), 0, true},
    {"WRPSRP", FLASH_WRPSR, UINT32_C(0x000000FF), UINT32_C(0x000000FF), false},
    {"HDPSRP", FLASH_HDPSR, UINT32_C(0x01FF01FF), UINT32_C(0x000001FF), true},
    {"EPOCHSRP", FLASH_EPOCHSR, UINT32_C(0x00FFFFFF), 0, true},
    {"OBW1SRP", FLASH_OBW1SR, UINT32_C(0x200603DC), UINT32_C(0x100600D0), false},
    {"OBW2SRP", FLASH_OBW2SR, UINT32_C(0x00000377), 0, false},
};

/* No datasheet was at hand; times are orders of magnitude of ST's 8 KB-sector flash (K): 128-bit
 * word 30 us, sector 2 ms, whole array 10 ms. Identity: mcu.md 4.4; OTP words come first. */
const struct sim_flash_layout sim_flash_h7rs = {
    .array_bytes = 0x10000,
    .sector_bytes = 0x2000,
    .granule_bytes = 16,
    .program_ps = 30 * SIM_PS_PER_US,
    .erase_ps = 2 * SIM_PS_PER_MS,
    .mass_erase_ps = 10 * SIM_PS_PER_MS,
    .acr_reset = ACR_RESET,
    .sector_bit = FLASH_CR_SSN,
    .operation_error = SIM_BIT(FLASH_ISR_PGSERR), /* this family has no OPERR */
    .identity_addr = 0x08FFF000,
    .identity_uid = 0x800,
    .identity_size_kb = 0x80C,
    .has_package = true,
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .first_option_offset = FLASH_NVSR,
    .protection_option = FLASH_WRPSR,
    .watchdog_option = FLASH_OBW1SR,
    .read = read_word,
    .write = write_word,
};
