/* PWR of STM32H7 and H7R/S: what the families share. Registers and bits lie in tables, struct
 * sim_pwr_layout. */
#include "sim/clock.h"
#include "sim/p_pwr_internal.h"
#include "sim/p_rcc_internal.h"
#include "sim/report.h"

#include <inttypes.h>
#include <stdlib.h>

/* Regulator times (K): long enough that code which does not wait is caught. */
#define SUPPLY_SETTLE_PS (20 * SIM_PS_PER_US)
#define VOS_SETTLE_PS    (30 * SIM_PS_PER_US)

static bool has_passed(const struct sim_pwr *pwr, uint64_t moment_ps)
{
    return sim_clock_now_ps(pwr->env->clock) >= moment_ps;
}

static bool supply_is_legal(const struct sim_pwr *pwr, uint32_t supply)
{
    for (size_t i = 0; i < pwr->layout->legal_supply_count; i++) {
        if (pwr->layout->legal_supplies[i] == supply) {
            return true;
        }
    }
    return false;
}

static uint32_t supply_of(const struct sim_pwr *pwr)
{
    return pwr->words[pwr->layout->supply_offset / 4] & pwr->layout->supply_bits;
}

bool sim_pwr_supply_is_ready(const struct sim_pwr *pwr)
{
    return supply_is_legal(pwr, supply_of(pwr)) && has_passed(pwr, pwr->supply_ready_ps);
}

bool sim_pwr_vos_is_ready(const struct sim_pwr *pwr)
{
    return has_passed(pwr, pwr->vos_ready_ps);
}

unsigned sim_pwr_voltage_scale(const struct sim_pwr *pwr)
{
    return pwr->layout->voltage_scale(pwr);
}

void sim_pwr_change_vos(struct sim_pwr *pwr)
{
    pwr->vos_ready_ps = sim_clock_now_ps(pwr->env->clock) + VOS_SETTLE_PS;
    sim_limits_check(pwr->bus);
}

static const struct sim_register *find(const struct sim_pwr *pwr, uint32_t offset)
{
    return sim_register_find(pwr->layout->registers, pwr->layout->register_count, offset);
}

static bool read_word(void *state, uint32_t offset, uint32_t size_bytes, uint32_t *value)
{
    const struct sim_pwr *pwr = state;
    const struct sim_register *row = find(pwr, offset);
    uint32_t word = 0;

    if (row != NULL) {
        word = (pwr->words[row->offset / 4] & row->writable) |
               pwr->layout->status_bits(pwr, row->offset);
    }
    *value = sim_register_extract(word, offset, size_bytes);
    return true;
}

/* The supply can be chosen once after power-on. A read-modify-write that leaves it as it is (to
 * set EN_XSPIMx) does not use up that choice: an application that runs the vendor's sequence after
 * such a bootloader still passes. */
static uint32_t choose_supply(struct sim_pwr *pwr, uint32_t before, uint32_t wanted)
{
    uint32_t bits = pwr->layout->supply_bits;

    if (((before ^ wanted) & bits) == 0) {
        return wanted;
    }
    if (pwr->supply_is_locked) {
        sim_violation(pwr->env->report, "supply-locked",
            "the supply bits of PWR are 0x%02" PRIX32 " until power-off, write of 0x%02" PRIX32
            " is lost",
            before & bits, wanted & bits);
        return (wanted & ~bits) | (before & bits);
    }
    if (!supply_is_legal(pwr, wanted & bits)) {
        sim_violation(pwr->env->report, "supply-illegal",
            "PWR supply bits 0x%02" PRIX32 " are no legal combination", wanted & bits);
    }
    pwr->supply_is_locked = true;
    pwr->supply_ready_ps = sim_clock_now_ps(pwr->env->clock) + SUPPLY_SETTLE_PS;
    return wanted;
}

static bool write_word(void *state, uint32_t offset, uint32_t size_bytes, uint32_t value)
{
    struct sim_pwr *pwr = state;
    const struct sim_register *row = find(pwr, offset);

    if (row == NULL) {
        sim_violation(pwr->env->report, "unmodelled-register",
            "write of 0x%08" PRIX32 " to PWR+0x%02" PRIX32 ", where there is no register", value,
            offset);
        return true;
    }
    uint32_t *word = &pwr->words[row->offset / 4];
    uint32_t before = *word;

    *word = sim_register_merge(before, offset, size_bytes, value) & row->writable;
    if (row->offset == pwr->layout->supply_offset) {
        *word = choose_supply(pwr, before, *word);
    }
    pwr->layout->act_on_write(pwr, row->offset, before);
    return true;
}

static void reset(void *state, enum sim_reset_kind kind)
{
    struct sim_pwr *pwr = state;
    uint32_t supply = supply_of(pwr);
    uint32_t *supply_word = &pwr->words[pwr->layout->supply_offset / 4];

    for (size_t i = 0; i < pwr->layout->register_count; i++) {
        pwr->words[pwr->layout->registers[i].offset / 4] = pwr->layout->registers[i].reset;
    }
    if (kind == SIM_RESET_POWER_ON) {
        pwr->supply_is_locked = false;
        pwr->supply_ready_ps = 0;
    } else {
        *supply_word = (*supply_word & ~pwr->layout->supply_bits) | supply;
    }
    pwr->vos_ready_ps = 0;
    pwr->generation++;
}

struct sim_pwr *sim_pwr_create(
    const struct sim_env *env, struct sim_bus *bus, const struct sim_pwr_layout *layout)
{
    struct sim_pwr *pwr = calloc(1, sizeof *pwr);

    if (pwr == NULL) {
        return NULL;
    }
    pwr->env = env;
    pwr->bus = bus;
    pwr->layout = layout;
    pwr->periph = (struct sim_periph){
        .name = "PWR",
        .base = PWR_BASE,
        .size_bytes = 0x400,
        .state = pwr,
        .read = read_word,
        .write = write_word,
        .reset = reset,
        .gate_offset = SIM_GATE_ALWAYS, /* no enable bit on these parts (mcu.md 4.1 item 1) */
    };
    sim_bus_add_periph(bus, &pwr->periph);
    reset(pwr, SIM_RESET_POWER_ON);
    return pwr;
}

void sim_pwr_free(struct sim_pwr *pwr)
{
    free(pwr);
}

bool sim_pwr_xspim_is_powered(const struct sim_pwr *pwr, unsigned port)
{
    return pwr->layout->port_is_powered(pwr, port);
}

uint32_t sim_pwr_generation(const struct sim_pwr *pwr)
{
    return pwr->generation;
}
