/* Internal flash: option words, kept by the offset of the register that shows what is in effect
 * (loaded at the last reset). On H7R/S that is xxxSR, and xxxSRP beside it starts a change when
 * written (mcu.md 9). */
#include "sim/p_flash_internal.h"
#include "sim/p_regs.h"
#include "sim/report.h"

#include <inttypes.h>
#include <string.h>

#define OPTION_CHANGE_PS (5 * SIM_PS_PER_MS) /* (K) */
#define NVSTATE_CLOSED   UINT32_C(0x51)

#define PROGRAM_OFFSET UINT32_C(4)

static uint32_t word_index(const struct sim_flash_layout *layout, uint32_t status_offset)
{
    return (status_offset - layout->first_option_offset) / 4;
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

const struct sim_flash_option *sim_flash_option_find(
    const struct sim_flash_layout *layout, uint32_t status_offset)
{
    for (size_t i = 0; i < layout->option_count; i++) {
        if (layout->options[i].status_offset == status_offset) {
            return &layout->options[i];
        }
    }
    return NULL;
}

static const struct sim_flash_option *find(const struct sim_flash *flash, uint32_t word_offset)
{
    const struct sim_flash_option *option = sim_flash_option_find(flash->layout, word_offset);

    return option != NULL ? option
                          : sim_flash_option_find(flash->layout, word_offset - PROGRAM_OFFSET);
}

void sim_flash_factory(
    const struct sim_flash_layout *layout, const struct sim_flash_storage *storage)
{
    memset(storage->bytes, 0xFF, layout->array_bytes);
    memset(storage->granules, SIM_GRANULE_ERASED, layout->array_bytes / layout->granule_bytes);
    memset(storage->options, 0, FLASH_OPTION_BYTES);
    for (size_t i = 0; i < layout->option_count; i++) {
        store_word(storage, word_index(layout, layout->options[i].status_offset),
            layout->options[i].factory);
    }
}

bool sim_flash_is_option_register(const struct sim_flash *flash, uint32_t word_offset)
{
    return find(flash, word_offset) != NULL;
}

uint32_t sim_flash_option_read(const struct sim_flash *flash, uint32_t word_offset)
{
    const struct sim_flash_option *option = find(flash, word_offset);

    if (option == NULL) {
        return 0;
    }
    if (word_offset == option->status_offset) {
        return flash->loaded[word_index(flash->layout, word_offset)];
    }
    return stored_word(&flash->storage, word_index(flash->layout, option->status_offset)) &
           option->writable;
}

/* Changes that the hardware refuses with OPTERRF. */
static bool is_refused(const struct sim_flash_option *option, uint32_t before, uint32_t wanted)
{
    if (option->status_offset == FLASH_NVSR) {
        return wanted != FLASH_NVSTATE_OPEN && wanted != NVSTATE_CLOSED;
    }
    return option->status_offset == FLASH_OTPLSR && (before & ~wanted) != 0;
}

void sim_flash_option_write(struct sim_flash *flash, uint32_t word_offset, uint32_t value)
{
    const struct sim_flash_option *option = find(flash, word_offset);
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

    uint32_t index = word_index(flash->layout, option->status_offset);
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

uint32_t sim_flash_stored_option(const struct sim_flash *flash, uint32_t status_offset)
{
    return stored_word(&flash->storage, word_index(flash->layout, status_offset));
}

uint32_t sim_flash_option_word(const struct sim_flash *flash, uint16_t status_offset)
{
    uint32_t index = word_index(flash->layout, status_offset);

    return index < FLASH_OPTION_WORDS ? flash->loaded[index] : 0;
}

void sim_flash_set_option_word(struct sim_flash *flash, uint16_t status_offset, uint32_t value)
{
    uint32_t index = word_index(flash->layout, status_offset);

    if (index < FLASH_OPTION_WORDS) {
        store_word(&flash->storage, index, value);
        flash->loaded[index] = value;
    }
}
