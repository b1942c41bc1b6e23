/* Internal flash: the write buffer, programming and erasing with their times, and what is left
 * when either is cut short. A granule has one ECC: it can be programmed once. */
#include "sim/inject.h"
#include "sim/p_flash_internal.h"
#include "sim/p_regs.h"
#include "sim/report.h"

#include <inttypes.h>
#include <string.h>

enum { ERASED = 0xFF };

static void notify(struct sim_flash *flash, uint32_t offset, uint32_t size_bytes)
{
    if (flash->changed != NULL) {
        flash->changed(flash->changed_context, FLASH_ARRAY_ADDR + offset, size_bytes);
    }
}

static uint8_t *granule_bytes(const struct sim_flash *flash, uint32_t index)
{
    return flash->storage.bytes + (size_t)index * flash->layout->granule_bytes;
}

static bool sector_is_protected(const struct sim_flash *flash, uint32_t sector)
{
    /* 0 = protected (ST's register description) */
    return (sim_flash_option_word(flash, flash->layout->protection_option) & SIM_BIT(sector)) == 0;
}

bool sim_flash_begin(struct sim_flash *flash, enum sim_flash_op op, uint64_t duration_ps)
{
    enum sim_fault fault = sim_inject_next(flash->env->inject, SIM_SEAM_FLASH_OP);
    struct sim_clock *clock = flash->env->clock;

    flash->op = op;
    flash->op_has_no_effect = fault == SIM_FAULT_OP_FAIL || fault == SIM_FAULT_OP_SILENT;
    flash->op_is_stuck = fault == SIM_FAULT_OP_STUCK;
    flash->op_error = 0;
    if (fault == SIM_FAULT_POWER_CUT) {
        sim_flash_tear(flash);
        sim_inject_fired(flash->env->inject, fault);
        sim_inject_request_power_cut(flash->env->inject);
        return false;
    }
    if (fault == SIM_FAULT_OP_FAIL) {
        flash->op_error = flash->layout->operation_error;
    }
    if (flash->op_has_no_effect || flash->op_is_stuck) {
        sim_inject_fired(flash->env->inject, fault);
    }
    if (!flash->op_is_stuck) {
        sim_clock_schedule(clock, &flash->done, sim_clock_now_ps(clock) + duration_ps);
    }
    return true;
}

static void apply_program(struct sim_flash *flash)
{
    uint8_t *bytes = granule_bytes(flash, flash->op_first);
    uint8_t *granule = &flash->storage.granules[flash->op_first];

    for (uint32_t i = 0; i < flash->layout->granule_bytes; i++) {
        bytes[i] &= flash->op_bytes[i];
    }
    if (*granule == SIM_GRANULE_ERASED) {
        *granule = SIM_GRANULE_PROGRAMMED;
    } else { /* two ECC codes over each other */
        *granule = SIM_GRANULE_BROKEN;
        flash->isr |= SIM_BIT(FLASH_ISR_PGSERR);
    }
    notify(flash, flash->op_first * flash->layout->granule_bytes, flash->layout->granule_bytes);
}

static void apply_erase(struct sim_flash *flash)
{
    uint32_t offset = flash->op_first * flash->layout->sector_bytes;
    uint32_t size_bytes = flash->op_count * flash->layout->sector_bytes;

    memset(flash->storage.bytes + offset, ERASED, size_bytes);
    memset(flash->storage.granules + offset / flash->layout->granule_bytes, SIM_GRANULE_ERASED,
        size_bytes / flash->layout->granule_bytes);
    notify(flash, offset, size_bytes);
}

static void apply(struct sim_flash *flash)
{
    switch (flash->op) {
    case SIM_FLASH_PROGRAM:
        apply_program(flash);
        break;
    case SIM_FLASH_ERASE:
        apply_erase(flash);
        break;
    case SIM_FLASH_OPTION_CHANGE:
        sim_flash_option_commit(flash);
        break;
    case SIM_FLASH_IDLE:
    default:
        break;
    }
}

void sim_flash_finish(void *state)
{
    struct sim_flash *flash = state;

    if (!flash->op_has_no_effect) {
        apply(flash);
    }
    if (flash->op_error != 0 && flash->op == SIM_FLASH_OPTION_CHANGE) {
        flash->optisr |= SIM_BIT(FLASH_OPTISR_OPTERR);
    } else {
        flash->isr |= flash->op_error != 0 ? flash->op_error : SIM_BIT(FLASH_ISR_EOP);
    }
    flash->op = SIM_FLASH_IDLE;
}

void sim_flash_stall(struct sim_flash *flash)
{
    struct sim_clock *clock = flash->env->clock;

    if (flash->op == SIM_FLASH_IDLE || flash->op_is_stuck) {
        return;
    }
    if (flash->done.due_ps > sim_clock_now_ps(clock)) {
        sim_clock_spend(clock, flash->done.due_ps - sim_clock_now_ps(clock));
    }
    sim_clock_cancel(clock, &flash->done);
    sim_flash_finish(flash);
}

static void tear_granule(struct sim_flash *flash, uint32_t index)
{
    uint8_t *bytes = granule_bytes(flash, index);

    for (uint32_t i = 0; i < flash->layout->granule_bytes; i++) {
        bytes[i] = (uint8_t)sim_inject_random(flash->env->inject);
    }
    flash->storage.granules[index] = SIM_GRANULE_BROKEN;
}

static void tear_program(struct sim_flash *flash)
{
    uint8_t *bytes = granule_bytes(flash, flash->op_first);

    for (uint32_t i = 0; i < flash->layout->granule_bytes; i++) {
        uint8_t missed = (uint8_t)sim_inject_random(flash->env->inject);

        bytes[i] = (uint8_t)(bytes[i] & (flash->op_bytes[i] | missed));
    }
    flash->storage.granules[flash->op_first] = SIM_GRANULE_BROKEN;
    notify(flash, flash->op_first * flash->layout->granule_bytes, flash->layout->granule_bytes);
}

/* Some granules are erased, some still old, some neither; the last of each sector always is. */
static void tear_erase(struct sim_flash *flash)
{
    const uint32_t per_sector = flash->layout->sector_bytes / flash->layout->granule_bytes;
    uint32_t first = flash->op_first * per_sector;
    uint32_t count = flash->op_count * per_sector;

    for (uint32_t i = first; i < first + count; i++) {
        uint32_t fate = sim_inject_random(flash->env->inject) % 4;

        if (fate >= 2 || (i + 1) % per_sector == 0) {
            tear_granule(flash, i);
        } else if (fate == 1) {
            memset(granule_bytes(flash, i), ERASED, flash->layout->granule_bytes);
            flash->storage.granules[i] = SIM_GRANULE_ERASED;
        }
    }
    notify(flash, first * flash->layout->granule_bytes, count * flash->layout->granule_bytes);
}

void sim_flash_tear(struct sim_flash *flash)
{
    if (flash->op == SIM_FLASH_PROGRAM) {
        tear_program(flash);
    } else if (flash->op == SIM_FLASH_ERASE) {
        tear_erase(flash);
    }
    /* A torn option change leaves the old words: the hardware keeps two copies (K). */
    flash->op = SIM_FLASH_IDLE;
    flash->op_is_stuck = false;
    sim_clock_cancel(flash->env->clock, &flash->done);
}

void sim_flash_drop_buffer(struct sim_flash *flash)
{
    flash->buffer_count = 0;
    memset(flash->buffer, ERASED, sizeof flash->buffer);
}

static void program_buffer(struct sim_flash *flash)
{
    uint32_t granule = flash->buffer_offset / flash->layout->granule_bytes;

    sim_flash_stall(flash);
    memcpy(flash->op_bytes, flash->buffer, sizeof flash->op_bytes);
    sim_flash_drop_buffer(flash);
    if (flash->op != SIM_FLASH_IDLE) {
        return; /* stuck */
    }
    if (flash->storage.granules[granule] != SIM_GRANULE_ERASED) {
        sim_violation(flash->env->report, "flash-double-program",
            "granule at 0x%08" PRIX32 " programmed again without an erase",
            (uint32_t)FLASH_ARRAY_ADDR + granule * flash->layout->granule_bytes);
    }
    flash->op_first = granule;
    flash->op_count = 0;
    sim_flash_begin(flash, SIM_FLASH_PROGRAM, flash->layout->program_ps);
}

void sim_flash_force_write(struct sim_flash *flash)
{
    if (flash->buffer_count > 0) { /* the bytes not written are ones */
        program_buffer(flash);
    }
}

void sim_flash_start_erase(struct sim_flash *flash)
{
    bool all = (flash->cr & SIM_BIT(FLASH_CR_BER)) != 0; /* has priority over SER */

    if (!all && (flash->cr & SIM_BIT(FLASH_CR_SER)) == 0) {
        return;
    }
    sim_flash_stall(flash);
    if (flash->op != SIM_FLASH_IDLE) {
        return; /* stuck */
    }
    flash->op_first = all ? 0 : sim_field(flash->cr, flash->layout->sector_bit, 3);
    flash->op_count = all ? sim_flash_sectors(flash) : 1;
    for (uint32_t i = flash->op_first; i < flash->op_first + flash->op_count; i++) {
        if (sector_is_protected(flash, i)) {
            flash->isr |= SIM_BIT(FLASH_ISR_WRPERR);
            return;
        }
    }
    sim_flash_begin(
        flash, SIM_FLASH_ERASE, all ? flash->layout->mass_erase_ps : flash->layout->erase_ps);
}

/* The flag of a store that does not continue the granule being filled; 0 when it does. */
static uint32_t order_error(const struct sim_flash *flash, uint32_t offset)
{
    uint32_t expected = flash->buffer_offset + flash->buffer_count;

    if (flash->buffer_count == 0) {
        return offset % flash->layout->granule_bytes == 0 ? 0 : SIM_BIT(FLASH_ISR_PGSERR);
    }
    if (offset / flash->layout->granule_bytes !=
        flash->buffer_offset / flash->layout->granule_bytes) {
        return SIM_BIT(FLASH_ISR_INCERR);
    }
    if (offset < expected) {
        return SIM_BIT(FLASH_ISR_STRBERR); /* the same byte twice */
    }
    return offset == expected ? 0 : SIM_BIT(FLASH_ISR_PGSERR);
}

bool sim_flash_store(void *state, uint32_t offset, uint32_t size_bytes, uint32_t value)
{
    struct sim_flash *flash = state;
    uint32_t addr = FLASH_ARRAY_ADDR + offset;

    if (!flash->cr_lock.is_open || (flash->cr & SIM_BIT(FLASH_CR_PG)) == 0) {
        sim_violation(flash->env->report, "flash-write-unlocked",
            "store to 0x%08" PRIX32 " without PG", addr);
        flash->isr |= SIM_BIT(FLASH_ISR_PGSERR);
        return true;
    }
    if (sector_is_protected(flash, offset / flash->layout->sector_bytes)) {
        flash->isr |= SIM_BIT(FLASH_ISR_WRPERR);
        sim_flash_drop_buffer(flash);
        return true;
    }
    uint32_t error = order_error(flash, offset);
    if (error != 0) {
        sim_violation(flash->env->report, "flash-out-of-order",
            "store to 0x%08" PRIX32 " does not continue the granule (%" PRIu32
            " bytes at 0x%08" PRIX32 ")",
            addr, flash->buffer_count, (uint32_t)FLASH_ARRAY_ADDR + flash->buffer_offset);
        flash->isr |= error;
        sim_flash_drop_buffer(flash);
        return true;
    }
    if (flash->buffer_count == 0) {
        flash->buffer_offset = offset;
    }
    for (uint32_t i = 0; i < size_bytes; i++) {
        flash->buffer[flash->buffer_count++] = (uint8_t)(value >> (8 * i));
    }
    if (flash->buffer_count == flash->layout->granule_bytes) {
        program_buffer(flash);
    }
    return true;
}

bool sim_flash_check_read(void *state, uint32_t offset, uint32_t size_bytes)
{
    struct sim_flash *flash = state;

    (void)size_bytes; /* naturally aligned: never beyond its granule */
    sim_flash_stall(flash);
    if (flash->storage.granules[offset / flash->layout->granule_bytes] != SIM_GRANULE_BROKEN) {
        return true;
    }
    if ((flash->isr & SIM_BIT(FLASH_ISR_DBECCERR)) == 0) {
        flash->eccd_addr = FLASH_ARRAY_ADDR + offset; /* only the first address is kept */
    }
    flash->isr |= SIM_BIT(FLASH_ISR_DBECCERR);
    return false;
}
