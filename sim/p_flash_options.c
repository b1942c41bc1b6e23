/* Internal flash: option words. A pair of registers each: xxxSR shows what is in effect (loaded at
 * the last reset), xxxSRP what is programmed and starts a change when written (mcu.md 9). */
#include "sim/p_flash_internal.h"
#include "sim/p_regs.h"
#include "sim/report.h"

#include <inttypes.h>
#include <string.h>

#define OPTION_CHANGE_PS (5 * SIM_PS_PER_MS) /* (K) */
#define NVSTATE_OPEN     UINT32_C(0xB4)
#define NVSTATE_CLOSED   UINT32_C(0x51)

struct option {
    const char *name;
    uint16_t status_offset;
    uint32_t writable;
    uint32_t factory;
    bool is_life_cycle; /* may end in a board that can never be opened again */
};

/* Bits: SVD STM32H7S v1.3. Factory values: NVSTATE open, no iRoT, no authentication method
 * (mcu.md 2.4); WRPS 1 = not protected; IWDG by software, no reset in Stop and Standby, IWDG runs
 * there, PERSO_OK; every HSLV bit off; smallest TCM shares, no ECC on SRAM. HDP end below start:
 * nothing hidden. */
static const struct option options[] = {
    {"NVSRP", FLASH_NVSR, UINT32_C(0x000000FF), NVSTATE_OPEN, true},
    {"ROTSRP", FLASH_ROTSR, UINT32_C(0xFF00FFFF), UINT32_C(0x6A00FF6A), true},
    {"OTPLSRP", FLASH_OTPLSR, UINT32_C(0x0000FFFF), 0, true},
    {"WRPSRP", FLASH_WRPSR, UINT32_C(0x000000FF), UINT32_C(0x000000FF), false},
    {"HDPSRP", FLASH_HDPSR, UINT32_C(0x01FF01FF), UINT32_C(0x000001FF), true},
    {"EPOCHSRP", FLASH_EPOCHSR, UINT32_C(0x00FFFFFF), 0, true},
    {"OBW1SRP", FLASH_OBW1SR, UINT32_C(0x200603DC), UINT32_C(0x100600D0), false},
    {"OBW2SRP", FLASH_OBW2SR, UINT32_C(0x00000377), 0, false},
};

enum { OPTION_COUNT = sizeof options / sizeof options[0] };
#define PROGRAM_OFFSET UINT32_C(4)

static uint32_t word_index(uint32_t status_offset)
{
    return (status_offset - FLASH_NVSR) / 4;
}

static uint32_t stored_word(const struct sim_flash_storage *storage, uint32_t index)
{
    const uint8_t *bytes = storage->options + (size_t)index * 4;

    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static void store_word(const struct sim_flash_storage *storage, uint32_t index, uint32_t value)
{
    for (uint32_t i = 0; i < 4; i++) {
        storage->options[index * 4 + i] = (uint8_t)(value >> (8 * i));
    }
}

static const struct option *find(uint32_t word_offset)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (options[i].status_offset == word_offset ||
            word_offset - options[i].status_offset == PROGRAM_OFFSET) {
            return &options[i];
        }
    }
    return NULL;
}

void sim_flash_factory(const struct sim_flash_storage *storage)
{
    memset(storage->bytes, 0xFF, FLASH_ARRAY_BYTES);
    memset(storage->granules, SIM_GRANULE_ERASED, FLASH_GRANULES);
    memset(storage->options, 0, FLASH_OPTION_BYTES);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        store_word(storage, word_index(options[i].status_offset), options[i].factory);
    }
}

bool sim_flash_is_option_register(uint32_t word_offset)
{
    return find(word_offset) != NULL;
}

uint32_t sim_flash_option_read(const struct sim_flash *flash, uint32_t word_offset)
{
    const struct option *option = find(word_offset);

    if (option == NULL) {
        return 0;
    }
    if (word_offset == option->status_offset) {
        return flash->loaded[word_index(word_offset)];
    }
    return stored_word(&flash->storage, word_index(option->status_offset)) & option->writable;
}

/* Changes that the hardware refuses with OPTERRF. */
static bool is_refused(const struct option *option, uint32_t before, uint32_t wanted)
{
    if (option->status_offset == FLASH_NVSR) {
        return wanted != NVSTATE_OPEN && wanted != NVSTATE_CLOSED;
    }
    return option->status_offset == FLASH_OTPLSR && (before & ~wanted) != 0;
}

void sim_flash_option_write(struct sim_flash *flash, uint32_t word_offset, uint32_t value)
{
    const struct option *option = find(word_offset);
    struct sim_report *report = flash->env->report;

    if (option == NULL || word_offset == option->status_offset) {
        return; /* xxxSR is read-only */
    }
    if (!flash->option_lock.is_open || (flash->optcr & SIM_BIT(FLASH_OPTCR_PG_OPT)) == 0) {
        sim_violation(report, "flash-option-locked",
            "write of 0x%08" PRIX32 " to %s without OPTLOCK cleared and PG_OPT set", value,
            option->name);
        return;
    }
    if (option->is_life_cycle) {
        sim_violation(report, "option-life-cycle",
            "%s written with 0x%08" PRIX32 ": may close the device for ever", option->name, value);
    }
    sim_flash_stall(flash);
    if (flash->op != SIM_FLASH_IDLE) {
        return; /* stuck */
    }

    uint32_t index = word_index(option->status_offset);
    uint32_t before = stored_word(&flash->storage, index);
    uint32_t wanted = (before & ~option->writable) | (value & option->writable);

    if (is_refused(option, before, wanted)) {
        flash->optisr |= SIM_BIT(FLASH_OPTISR_OPTERR);
        return;
    }
    flash->op_first = index;
    flash->op_value = wanted;
    sim_flash_begin(flash, SIM_FLASH_OPTION_CHANGE, OPTION_CHANGE_PS);
}

void sim_flash_option_commit(struct sim_flash *flash)
{
    store_word(&flash->storage, flash->op_first, flash->op_value);
}

void sim_flash_options_load(struct sim_flash *flash)
{
    for (uint32_t i = 0; i < FLASH_OPTION_WORDS; i++) {
        flash->loaded[i] = stored_word(&flash->storage, i);
    }
}

uint32_t sim_flash_option_word(const struct sim_flash *flash, uint16_t status_offset)
{
    uint32_t index = word_index(status_offset);

    return index < FLASH_OPTION_WORDS ? flash->loaded[index] : 0;
}

void sim_flash_set_option_word(struct sim_flash *flash, uint16_t status_offset, uint32_t value)
{
    uint32_t index = word_index(status_offset);

    if (index < FLASH_OPTION_WORDS) {
        store_word(&flash->storage, index, value);
        flash->loaded[index] = value;
    }
}
