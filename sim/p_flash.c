/* Internal flash of STM32H7 and H7R/S: the life of the model, keys, identity. */
#include "sim/p_flash_internal.h"
#include "sim/p_rcc_internal.h"
#include "sim/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ACR_BITS UINT32_C(0x3F)
enum { IDENTITY_BYTES = 0x1000, UNIQUE_ID_BYTES = 12, PAGE_BYTES = 4096, ERASED = 0xFF };

bool sim_flash_write_key(struct sim_flash *flash, struct sim_flash_lock *lock, uint32_t value)
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

void sim_flash_write_acr(struct sim_flash *flash, uint32_t value)
{
    flash->acr = value & ACR_BITS;
    sim_limits_check(flash->bus);
}

void sim_flash_end_programming(struct sim_flash *flash, uint32_t cr_before)
{
    if ((cr_before & ~flash->cr & SIM_BIT(FLASH_CR_PG)) != 0 && flash->buffer_count > 0) {
        sim_violation(flash->env->report, "flash-partial-granule",
            "PG cleared with %" PRIu32 " bytes waiting for the rest of a granule",
            flash->buffer_count);
        sim_flash_drop_buffer(flash);
    }
}

static void reset(void *state, enum sim_reset_kind kind)
{
    struct sim_flash *flash = state;

    (void)kind; /* a reset of any kind ends an operation in the middle */
    sim_flash_tear(flash);
    flash->acr = flash->layout->acr_reset;
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
        .size_bytes = flash->layout->array_bytes,
        .capacity_bytes = flash->layout->array_bytes,
        .kind = SIM_REGION_FLASH,
        .bytes = flash->storage.bytes,
        .gate_offset = SIM_GATE_ALWAYS,
        .write = sim_flash_store,
        .check_read = sim_flash_check_read,
        .state = flash,
    };
    flash->identity.name = "SYSFLASH";
    flash->identity.base = flash->layout->identity_addr;
    flash->identity.size_bytes = IDENTITY_BYTES;
    flash->identity.capacity_bytes = IDENTITY_BYTES;
    flash->identity.kind = SIM_REGION_ROM;
    flash->identity.gate_offset = SIM_GATE_ALWAYS;
    sim_bus_add_region(flash->bus, &flash->array);
    sim_bus_add_region(flash->bus, &flash->identity);
}

struct sim_flash *sim_flash_create(const struct sim_env *env, struct sim_bus *bus,
    const struct sim_flash_layout *layout, const struct sim_flash_storage *storage)
{
    uint32_t size_kb = layout->array_bytes / 1024;
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
    flash->identity.bytes[layout->identity_size_kb] = (uint8_t)(size_kb & 0xFF);
    flash->identity.bytes[layout->identity_size_kb + 1] = (uint8_t)(size_kb >> 8);
    flash->env = env;
    flash->bus = bus;
    flash->layout = layout;
    flash->storage = *storage;
    flash->done.fire = sim_flash_finish;
    flash->done.context = flash;
    flash->periph = (struct sim_periph){
        .name = "FLASH",
        .base = FLASH_BASE,
        .size_bytes = 0x400,
        .state = flash,
        .read = layout->read,
        .write = layout->write,
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
    const struct sim_flash_layout *layout = flash->layout;

    memcpy(flash->identity.bytes + layout->identity_uid, identity, UNIQUE_ID_BYTES);
    memcpy(flash->identity.bytes + layout->identity_size_kb, identity + UNIQUE_ID_BYTES,
        layout->has_package ? 4 : 2);
}

void sim_flash_set_listener(struct sim_flash *flash,
    void (*changed)(void *context, uint32_t addr, uint32_t size_bytes), void *context)
{
    flash->changed = changed;
    flash->changed_context = context;
}

bool sim_flash_starts_watchdog(const struct sim_flash *flash)
{
    const uint32_t by_software = SIM_BIT(4); /* on every family (mcu.md 4.4) */

    return (sim_flash_option_word(flash, flash->layout->watchdog_option) & by_software) == 0;
}

uint32_t sim_flash_granule_bytes(const struct sim_flash_layout *layout)
{
    return layout->granule_bytes;
}

uint32_t sim_flash_array_bytes(const struct sim_flash_layout *layout)
{
    return layout->array_bytes;
}

void sim_flash_put_program(struct sim_flash *flash, const uint8_t *bytes, uint32_t size_bytes)
{
    const struct sim_flash_layout *layout = flash->layout;

    sim_flash_tear(flash);
    sim_flash_drop_buffer(flash);
    memset(flash->storage.bytes, ERASED, layout->sector_bytes);
    memset(
        flash->storage.granules, SIM_GRANULE_ERASED, layout->sector_bytes / layout->granule_bytes);
    memcpy(flash->storage.bytes, bytes, size_bytes);
    memset(flash->storage.granules, SIM_GRANULE_PROGRAMMED,
        (size_bytes + layout->granule_bytes - 1) / layout->granule_bytes);
    if (flash->changed != NULL) {
        flash->changed(flash->changed_context, FLASH_ARRAY_ADDR, layout->sector_bytes);
    }
}
