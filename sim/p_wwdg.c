/* WWDG (mcu.md 4.4; ST's register description): counts PCLK / 4096 / 2^WDGTB and
 * resets when T6 falls, or when it is refreshed above the window. */
#include "sim/p_rcc_internal.h"
#include "sim/p_regs.h"
#include "sim/p_watchdogs_internal.h"
#include "sim/report.h"

#include <inttypes.h>

enum { WWDG_CR = 0x00, WWDG_CFR = 0x04, WWDG_SR = 0x08 };
enum { CR_WDGA = 7, COUNTER_RESET = 0x7F, LAST_COUNT = 0x40 };
#define CFR_BITS  UINT32_C(0x3A7F) /* W, EWI, WDGTB */
#define CFR_RESET UINT32_C(0x7F)
#define CFR_EWI   SIM_BIT(9)

static uint32_t count(const struct sim_wwdg *wwdg)
{
    return wwdg->is_active ? LAST_COUNT - 1 + sim_downcounter_ticks_left(&wwdg->counter) : wwdg->t;
}

static uint64_t tick_ps(const struct sim_wwdg *wwdg)
{
    uint64_t apb_hz = sim_rcc_apb_hz(wwdg->owner->rcc, wwdg->owner->layout->wwdg_apb);
    uint64_t cycles = UINT64_C(4096) << sim_field(wwdg->cfr, 11, 3);

    return apb_hz == 0 ? 0 : SIM_PS_PER_S * cycles / apb_hz;
}

void sim_wwdg_clock_changed(void *context)
{
    struct sim_wwdg *wwdg = context;

    sim_downcounter_set_tick(&wwdg->counter, tick_ps(wwdg));
}

static void request_reset(void *context)
{
    struct sim_wwdg *wwdg = context;
    const struct sim_watchdog_config *config = &wwdg->owner->config;

    sim_downcounter_stop(&wwdg->counter);
    config->request_reset(config->machine, SIM_RESET_WWDG);
}

static bool is_frozen(void *context)
{
    const struct sim_wwdg *wwdg = context;
    const struct sim_watchdog_config *config = &wwdg->owner->config;

    return config->core_is_halted(config->machine);
}

static void write_cr(struct sim_wwdg *wwdg, uint32_t value)
{
    uint32_t t = value & UINT32_C(0x7F);
    bool was_active = wwdg->is_active;
    bool is_early = was_active && count(wwdg) > sim_field(wwdg->cfr, 0, 7);

    wwdg->t = t;
    wwdg->is_active = was_active || (value & SIM_BIT(CR_WDGA)) != 0; /* cleared by reset only */
    if (!wwdg->is_active) {
        return;
    }
    if (is_early || t < LAST_COUNT) {
        request_reset(wwdg);
        return;
    }
    wwdg->early_is_cleared = false;
    sim_downcounter_load(&wwdg->counter, t - LAST_COUNT + 1);
}

static bool read_word(void *state, uint32_t offset, uint32_t size_bytes, uint32_t *value)
{
    const struct sim_wwdg *wwdg = state;
    uint32_t word = 0;

    switch (offset - offset % 4) {
    case WWDG_CR:
        word = count(wwdg) | (wwdg->is_active ? SIM_BIT(CR_WDGA) : 0);
        break;
    case WWDG_CFR:
        word = wwdg->cfr;
        break;
    case WWDG_SR:
        word = wwdg->is_active && count(wwdg) <= LAST_COUNT && !wwdg->early_is_cleared;
        break;
    default:
        break;
    }
    *value = sim_register_extract(word, offset, size_bytes);
    return true;
}

static bool write_word(void *state, uint32_t offset, uint32_t size_bytes, uint32_t value)
{
    struct sim_wwdg *wwdg = state;

    (void)size_bytes; /* all fields lie in the low half */
    switch (offset) {
    case WWDG_CR:
        write_cr(wwdg, value);
        break;
    case WWDG_CFR:
        wwdg->cfr = (value & CFR_BITS) | (wwdg->cfr & CFR_EWI); /* EWI: cleared by reset only */
        sim_wwdg_clock_changed(wwdg);
        break;
    case WWDG_SR:
        wwdg->early_is_cleared = wwdg->early_is_cleared || (value & 1) == 0;
        break;
    default:
        sim_violation(wwdg->owner->env->report, "unmodelled-register",
            "write of 0x%08" PRIX32 " to WWDG+0x%03" PRIX32 ", where there is no register", value,
            offset);
        break;
    }
    return true;
}

static void reset(void *state, enum sim_reset_kind kind)
{
    struct sim_wwdg *wwdg = state;

    (void)kind;
    sim_downcounter_stop(&wwdg->counter);
    wwdg->t = COUNTER_RESET;
    wwdg->cfr = CFR_RESET;
    wwdg->is_active = false;
    wwdg->early_is_cleared = false;
    sim_wwdg_clock_changed(wwdg);
}

void sim_wwdg_init(struct sim_watchdogs *watchdogs, struct sim_bus *bus)
{
    struct sim_wwdg *wwdg = &watchdogs->wwdg;

    wwdg->owner = watchdogs;
    wwdg->counter.clock = watchdogs->env->clock;
    wwdg->counter.context = wwdg;
    wwdg->counter.expired = request_reset;
    wwdg->counter.is_frozen = is_frozen;
    sim_downcounter_init(&wwdg->counter);
    wwdg->periph = (struct sim_periph){
        .name = "WWDG",
        .base = watchdogs->layout->wwdg_base,
        .size_bytes = 0x400,
        .state = wwdg,
        .read = read_word,
        .write = write_word,
        .reset = reset,
        .gate_offset = watchdogs->layout->wwdg_gate_offset,
        .gate_bit = watchdogs->layout->wwdg_gate_bit,
    };
    sim_bus_add_periph(bus, &wwdg->periph);
    reset(wwdg, SIM_RESET_POWER_ON);
}
