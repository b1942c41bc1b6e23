/* DBGMCU of STM32H7R/S: identity, clocks kept in low power, freezing of watchdogs at halt. */
#include "sim/p_dbgmcu_internal.h"
#include "sim/p_regs.h"

#include <stdlib.h>

enum {
    DBGMCU_BASE = 0x5C001000,
    DBGMCU_IDC = 0x000,
    DBGMCU_CR = 0x004,
    DBGMCU_APB1FZR = 0x03C,
    DBGMCU_APB4FZR = 0x054,
    DBGMCU_SR = 0x0FC,
    DBGMCU_AUTH_HOST = 0x100,
    DBGMCU_PIDR2 = 0xFE8,
    DBGMCU_CIDR0 = 0xFF0
};

/* Revision B, device 0x485 with bits 15:12 set as on silicon (mcu.md 1). */
#define IDC_VALUE  UINT32_C(0x20006485)
#define AP_PRESENT UINT32_C(0x00000003)
#define AP0_OPEN   SIM_BIT(16)
#define AP1_OPEN   SIM_BIT(17)
enum { CR_DBGSLEEP = 0, APB1FZR_WWDG = 11, APB4FZR_IWDG = 18 };

/* Offset, reset value, writable bits: SVD STM32H7S v1.3. AHB5FZR is at 0x20 in the SVD and 0x1C in
 * CMSIS (mcu.md 2.2): both keep what is written. CR 22: probe-rs and OpenOCD write it. */
static const struct sim_register registers[] = {
    {DBGMCU_IDC, IDC_VALUE, 0},
    {DBGMCU_CR, 0, UINT32_C(0x10710007)},
    {0x01C, 0, UINT32_C(0xFFFF)},
    {0x020, 0, UINT32_C(0xFFFF)}, /* AHB5FZR */
    {0x024, 0, UINT32_C(0xFFFF)}, /* AHB1FZR */
    {DBGMCU_APB1FZR, 0, UINT32_C(0x00E00BFF)},
    {0x04C, 0, UINT32_C(0x000F0001)}, /* APB2FZR */
    {DBGMCU_APB4FZR, 0, UINT32_C(0x00051E00)},
    {DBGMCU_SR, AP_PRESENT | AP0_OPEN, 0},
    {DBGMCU_AUTH_HOST, 0, UINT32_C(0xFFFFFFFF)},
    {0x104, 0, 0}, /* DBG_AUTH_DEVICE: written by the device side, which is not modelled */
    {0x108, 0, 0}, /* DBG_AUTH_ACK */
    {0xFD0, 0, 0}, /* PIDR4 */
    {0xFE0, 0, 0},
    {0xFE4, 0, 0},
    {DBGMCU_PIDR2, UINT32_C(0x0A), 0},
    {0xFEC, 0, 0},
    {DBGMCU_CIDR0, UINT32_C(0x0D), 0},
    {0xFF4, UINT32_C(0xF0), 0},
    {0xFF8, UINT32_C(0x05), 0},
    {0xFFC, UINT32_C(0xB1), 0},
};

enum { REGISTERS = sizeof registers / sizeof registers[0], WORDS = 0x1000 / 4 };

struct sim_dbgmcu {
    struct sim_periph periph;
    uint32_t words[WORDS];
    bool is_ap1_open;
    void (*changed)(void *context);
    void *context;
};

bool sim_dbgmcu_read(struct sim_dbgmcu *dbgmcu, uint32_t offset, uint32_t *value)
{
    const struct sim_register *row = sim_register_find(registers, REGISTERS, offset);

    *value = row == NULL ? 0 : dbgmcu->words[row->offset / 4];
    if (row != NULL && row->offset == DBGMCU_SR && dbgmcu->is_ap1_open) {
        *value |= AP1_OPEN;
    }
    return true;
}

bool sim_dbgmcu_write(struct sim_dbgmcu *dbgmcu, uint32_t offset, uint32_t value)
{
    const struct sim_register *row = sim_register_find(registers, REGISTERS, offset);

    /* No violation for unknown registers: debuggers write what other families have here. */
    if (row != NULL) {
        uint32_t *word = &dbgmcu->words[row->offset / 4];

        *word = (*word & ~row->writable) | (value & row->writable);
        if (dbgmcu->changed != NULL) {
            dbgmcu->changed(dbgmcu->context);
        }
    }
    return true;
}

static bool read_word(void *state, uint32_t offset, uint32_t size_bytes, uint32_t *value)
{
    uint32_t word = 0;

    sim_dbgmcu_read(state, offset - offset % 4, &word);
    *value = sim_register_extract(word, offset, size_bytes);
    return true;
}

static bool write_word(void *state, uint32_t offset, uint32_t size_bytes, uint32_t value)
{
    uint32_t word = 0;

    sim_dbgmcu_read(state, offset - offset % 4, &word);
    return sim_dbgmcu_write(
        state, offset - offset % 4, sim_register_merge(word, offset, size_bytes, value));
}

/* In the debug power domain: only a power-on reset clears it (K). */
static void reset(void *state, enum sim_reset_kind kind)
{
    struct sim_dbgmcu *dbgmcu = state;

    if (kind != SIM_RESET_POWER_ON) {
        return;
    }
    for (size_t i = 0; i < REGISTERS; i++) {
        dbgmcu->words[registers[i].offset / 4] = registers[i].reset;
    }
    if (dbgmcu->changed != NULL) {
        dbgmcu->changed(dbgmcu->context);
    }
}

struct sim_dbgmcu *sim_dbgmcu_create(const struct sim_env *env, struct sim_bus *bus)
{
    struct sim_dbgmcu *dbgmcu = calloc(1, sizeof *dbgmcu);

    (void)env;
    if (dbgmcu == NULL) {
        return NULL;
    }
    dbgmcu->periph = (struct sim_periph){
        .name = "DBGMCU",
        .base = DBGMCU_BASE,
        .size_bytes = 0x1000,
        .state = dbgmcu,
        .read = read_word,
        .write = write_word,
        .reset = reset,
        .gate_offset = SIM_GATE_ALWAYS,
    };
    sim_bus_add_periph(bus, &dbgmcu->periph);
    reset(dbgmcu, SIM_RESET_POWER_ON);
    return dbgmcu;
}

void sim_dbgmcu_free(struct sim_dbgmcu *dbgmcu)
{
    free(dbgmcu);
}

void sim_dbgmcu_set_listener(
    struct sim_dbgmcu *dbgmcu, void (*changed)(void *context), void *context)
{
    dbgmcu->changed = changed;
    dbgmcu->context = context;
}

void sim_dbgmcu_set_ap1_open(struct sim_dbgmcu *dbgmcu, bool is_open)
{
    dbgmcu->is_ap1_open = is_open;
}

static bool is_set(const struct sim_dbgmcu *dbgmcu, uint32_t offset, unsigned bit)
{
    return (dbgmcu->words[offset / 4] & SIM_BIT(bit)) != 0;
}

bool sim_dbgmcu_freezes_iwdg(const struct sim_dbgmcu *dbgmcu)
{
    return is_set(dbgmcu, DBGMCU_APB4FZR, APB4FZR_IWDG);
}

bool sim_dbgmcu_freezes_wwdg(const struct sim_dbgmcu *dbgmcu)
{
    return is_set(dbgmcu, DBGMCU_APB1FZR, APB1FZR_WWDG);
}

bool sim_dbgmcu_clocks_in_sleep(const struct sim_dbgmcu *dbgmcu)
{
    return is_set(dbgmcu, DBGMCU_CR, CR_DBGSLEEP);
}
