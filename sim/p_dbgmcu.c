/* DBGMCU: identity, clocks kept in low power, freezing of watchdogs at halt. */
#include "sim/p_dbgmcu_internal.h"
#include "sim/p_regs.h"

#include <stdlib.h>

enum { DBGMCU_BASE = 0x5C001000, DBGMCU_CR = 0x004, WORDS = 0x1000 / 4 };
/* CR: the same on H7 (D1 domain) and H7R/S (mcu.md 2.2). */
enum { CR_DBGSLEEP = 0, CR_DBGSTOP = 1 };
#define AP1_OPEN SIM_BIT(17) /* SR */

struct sim_dbgmcu {
    const struct sim_dbgmcu_layout *layout;
    struct sim_periph periph;
    uint32_t words[WORDS];
    bool is_ap1_open;
    void (*changed)(void *context);
    void *context;
};

static const struct sim_register *find(const struct sim_dbgmcu *dbgmcu, uint32_t offset)
{
    return sim_register_find(dbgmcu->layout->registers, dbgmcu->layout->register_count, offset);
}

bool sim_dbgmcu_read(struct sim_dbgmcu *dbgmcu, uint32_t offset, uint32_t *value)
{
    const struct sim_register *row = find(dbgmcu, offset);

    *value = row == NULL ? 0 : dbgmcu->words[row->offset / 4];
    if (row != NULL && row->offset == dbgmcu->layout->status_offset &&
        dbgmcu->layout->status_offset != 0 && dbgmcu->is_ap1_open) {
        *value |= AP1_OPEN;
    }
    return true;
}

bool sim_dbgmcu_write(struct sim_dbgmcu *dbgmcu, uint32_t offset, uint32_t value)
{
    const struct sim_register *row = find(dbgmcu, offset);

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
    for (size_t i = 0; i < dbgmcu->layout->register_count; i++) {
        const struct sim_register *row = &dbgmcu->layout->registers[i];

        dbgmcu->words[row->offset / 4] = row->reset;
    }
    if (dbgmcu->changed != NULL) {
        dbgmcu->changed(dbgmcu->context);
    }
}

struct sim_dbgmcu *sim_dbgmcu_create(
    const struct sim_env *env, struct sim_bus *bus, const struct sim_dbgmcu_layout *layout)
{
    struct sim_dbgmcu *dbgmcu = calloc(1, sizeof *dbgmcu);

    (void)env;
    if (dbgmcu == NULL) {
        return NULL;
    }
    dbgmcu->layout = layout;
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
    return is_set(dbgmcu, dbgmcu->layout->iwdg_offset, dbgmcu->layout->iwdg_bit);
}

bool sim_dbgmcu_freezes_wwdg(const struct sim_dbgmcu *dbgmcu)
{
    return is_set(dbgmcu, dbgmcu->layout->wwdg_offset, dbgmcu->layout->wwdg_bit);
}

bool sim_dbgmcu_clocks_in_sleep(const struct sim_dbgmcu *dbgmcu)
{
    return is_set(dbgmcu, DBGMCU_CR, CR_DBGSLEEP);
}

bool sim_dbgmcu_clocks_in_stop(const struct sim_dbgmcu *dbgmcu)
{
    return is_set(dbgmcu, DBGMCU_CR, CR_DBGSTOP);
}
