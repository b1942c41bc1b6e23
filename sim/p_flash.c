/* Internal flash of STM32H7R/S: registers, keys, flags (mcu.md 9; SVD STM32H7S v1.3). */
#include "sim/p_flash_internal.h"
#include "sim/p_rcc_internal.h"
#include "sim/p_regs.h"
#include "sim/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ACR_RESET    UINT32_C(0x13)
#define ACR_BITS     UINT32_C(0x3F)
#define CR_STORED    UINT32_C(0x010301CE) /* PG, SER, BER, SSN, PG_OTP, CRC_EN, ALL_BANKS */
#define INTERRUPTS   UINT32_C(0x1F3F0000)
#define OPTCR_STORED UINT32_C(0x58000002) /* PG_OPT, KVEIE, KTEIE, OPTERRIE */
#define OPTISR_BITS  UINT32_C(0x58000000)
#define CRCCR_RESET  UINT32_C(0x001C0000)
#define SR_RCHECKF   SIM_BIT(25)
enum { FLASH_CRCCR = 0x030, FLASH_ECCSFADDR = 0x040 };

/* 0x08FFF000: OTP words, then unique ID at +0x800, flash size in KB at +0x80C (mcu.md 4.4). */
enum {
    IDENTITY_ADDR = 0x08FFF000,
    IDENTITY_BYTES = 0x1000,
    IDENTITY_UID = 0x800,
    IDENTITY_SIZE_KB = 0x80C,
    PAGE_BYTES = 4096,
    ERASED = 0xFF
};

static bool write_key(struct sim_flash *flash, struct sim_flash_lock *lock, uint32_t value)
{
    if (!lock->is_blocked && !lock->is_open && value == lock->keys[lock->next]) {
        lock->next++;
        if (lock->next == sizeof lock->keys / sizeof lock->keys[0]) {
            lock->is_open = true;
            lock->next = 0;
        }
        return true;
    }
    /* "locked until the next system reset, and access to it generates a bus error" */
    sim_violation(flash->env->report, "flash-wrong-key",
        "key 0x%08" PRIX32 " out of sequence: locked until the next reset", value);
    lock->is_blocked = true;
    lock->is_open = false;
    return false;
}

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

static void write_acr(struct sim_flash *flash, uint32_t value)
{
    flash->acr = value & ACR_BITS;
    sim_limits_check(flash->bus);
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
    if ((before & ~flash->cr & SIM_BIT(FLASH_CR_PG)) != 0 && flash->buffer_count > 0) {
        sim_violation(flash->env->report, "flash-partial-granule",
            "PG cleared with %" PRIu32 " bytes waiting for the rest of a granule",
            flash->buffer_count);
        sim_flash_drop_buffer(flash);
    }
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
        write_acr(flash, value);
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
        if (sim_flash_is_option_register(word_offset)) {
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
        return write_key(flash, &flash->cr_lock, value);
    }
    if (word_offset == FLASH_OPTKEYR) {
        return write_key(flash, &flash->option_lock, value);
    }
    if (word_offset == FLASH_ICR || word_offset == FLASH_OPTICR || word_offset == FLASH_FCR) {
        word = sim_register_merge(0, offset, size_bytes, value);
    }
    write_register(flash, word_offset, word);
    return true;
}

static void reset(void *state, enum sim_reset_kind kind)
{
    struct sim_flash *flash = state;

    (void)kind; /* a reset of any kind ends an operation in the middle */
    sim_flash_tear(flash);
    flash->acr = ACR_RESET;
    flash->cr = 0;
    flash->sr = 0;
    flash->ier = 0;
    flash->isr = 0;
    flash->eccd_addr = 0;
    flash->optcr = 0;
    flash->optisr = 0;
    flash->cr_lock = (struct sim_flash_lock){
        .keys = {UINT32_C(0x45670123), UINT32_C(0xCDEF89AB)},
    };
    flash->option_lock = (struct sim_flash_lock){
        .keys = {UINT32_C(0x08192A3B), UINT32_C(0x4C5D6E7F)},
    };
    sim_flash_drop_buffer(flash);
    sim_flash_options_load(flash);
}

static void add_regions(struct sim_flash *flash)
{
    flash->array = (struct sim_region){
        .name = "FLASH",
        .base = FLASH_ARRAY_ADDR,
        .size_bytes = FLASH_ARRAY_BYTES,
        .capacity_bytes = FLASH_ARRAY_BYTES,
        .kind = SIM_REGION_FLASH,
        .bytes = flash->storage.bytes,
        .gate_offset = SIM_GATE_ALWAYS,
        .write = sim_flash_store,
        .check_read = sim_flash_check_read,
        .state = flash,
    };
    flash->identity.name = "SYSFLASH";
    flash->identity.base = IDENTITY_ADDR;
    flash->identity.size_bytes = IDENTITY_BYTES;
    flash->identity.capacity_bytes = IDENTITY_BYTES;
    flash->identity.kind = SIM_REGION_ROM;
    flash->identity.gate_offset = SIM_GATE_ALWAYS;
    sim_bus_add_region(flash->bus, &flash->array);
    sim_bus_add_region(flash->bus, &flash->identity);
}

struct sim_flash *sim_flash_create(
    const struct sim_env *env, struct sim_bus *bus, const struct sim_flash_storage *storage)
{
    struct sim_flash *flash = calloc(1, sizeof *flash);

    if (flash == NULL) {
        return NULL;
    }
    flash->identity.bytes = aligned_alloc(PAGE_BYTES, IDENTITY_BYTES);
    if (flash->identity.bytes == NULL) {
        free(flash);
        return NULL;
    }
    memset(flash->identity.bytes, ERASED, IDENTITY_BYTES);
    flash->identity.bytes[IDENTITY_SIZE_KB] = FLASH_ARRAY_BYTES / 1024;
    flash->identity.bytes[IDENTITY_SIZE_KB + 1] = 0;
    flash->env = env;
    flash->bus = bus;
    flash->storage = *storage;
    flash->done.fire = sim_flash_finish;
    flash->done.context = flash;
    flash->periph = (struct sim_periph){
        .name = "FLASH",
        .base = FLASH_BASE,
        .size_bytes = 0x400,
        .state = flash,
        .read = read_word,
        .write = write_word,
        .reset = reset,
        .gate_offset = SIM_GATE_ALWAYS,
    };
    sim_bus_add_periph(bus, &flash->periph);
    add_regions(flash);
    reset(flash, SIM_RESET_POWER_ON);
    return flash;
}

/* Freeing the model takes the power away: what is under way is torn. */
void sim_flash_free(struct sim_flash *flash)
{
    if (flash != NULL) {
        sim_flash_tear(flash);
        free(flash->identity.bytes);
        free(flash);
    }
}

void sim_flash_set_identity(struct sim_flash *flash, const uint8_t identity[16])
{
    memcpy(flash->identity.bytes + IDENTITY_UID, identity, 16);
}

void sim_flash_set_listener(struct sim_flash *flash,
    void (*changed)(void *context, uint32_t addr, uint32_t size_bytes), void *context)
{
    flash->changed = changed;
    flash->changed_context = context;
}
