/* IWDG (mcu.md 4.4; SVD STM32H7S v1.3): counts LSI, cannot be stopped. That of H7 has no early
 * wake-up and shorter prescalers. */
#include "sim/p_rcc_internal.h"
#include "sim/p_regs.h"
#include "sim/p_watchdogs_internal.h"
#include "sim/report.h"

#include <inttypes.h>

enum {
    IWDG_BASE = 0x58004800,
    IWDG_KR = 0x00,
    IWDG_PR = 0x04,
    IWDG_RLR = 0x08,
    IWDG_SR = 0x0C,
    IWDG_WINR = 0x10,
    IWDG_EWCR = 0x14
};
enum { KEY_RELOAD = 0xAAAA, KEY_UNLOCK = 0x5555, KEY_START = 0xCCCC };
enum { SR_ONF = 8, SR_EWIF = 14, EWCR_EWIC = 14 };
enum { COUNTER_MAX = 0xFFF };

#define LSI_PERIOD_PS (SIM_PS_PER_S / 32000)
/* "takes up to six periods of the IWDG kernel clock" */
#define UPDATE_PS (6 * LSI_PERIOD_PS)

static uint64_t tick_ps(uint32_t pr)
{
    return LSI_PERIOD_PS * (UINT64_C(4) << (pr < 8 ? pr : 8));
}

static uint64_t now_ps(const struct sim_iwdg *iwdg)
{
    return sim_clock_now_ps(iwdg->owner->env->clock);
}

static uint32_t count(const struct sim_iwdg *iwdg)
{
    uint32_t ticks = sim_downcounter_ticks_left(&iwdg->counter);

    return ticks > 0 ? ticks - 1 : 0;
}

static void load(struct sim_iwdg *iwdg, uint32_t value)
{
    iwdg->early_is_acknowledged = false;
    sim_downcounter_load(&iwdg->counter, value + 1);
}

static bool lsi_runs(const struct sim_iwdg *iwdg)
{
    return iwdg->is_started || sim_rcc_lsi_is_ready(iwdg->owner->rcc);
}

/* Updates wait for the LSI, which the watchdog itself starts. */
static void release_updates(struct sim_iwdg *iwdg)
{
    for (unsigned i = 0; i < SIM_IWDG_UPDATES; i++) {
        if (iwdg->update_done_ps[i] == SIM_NEVER && lsi_runs(iwdg)) {
            iwdg->update_done_ps[i] = now_ps(iwdg) + UPDATE_PS;
        }
    }
}

static void start(struct sim_iwdg *iwdg)
{
    if (!iwdg->is_started) {
        iwdg->is_started = true;
        load(iwdg, COUNTER_MAX); /* "from the reset value", whatever RLR says */
        release_updates(iwdg);
    }
}

static void request_reset(void *context)
{
    struct sim_iwdg *iwdg = context;
    const struct sim_watchdog_config *config = &iwdg->owner->config;

    load(iwdg, COUNTER_MAX); /* asks again should the board be held in reset just now */
    config->request_reset(config->machine, SIM_RESET_IWDG);
}

static bool is_frozen(void *context)
{
    const struct sim_iwdg *iwdg = context;
    const struct sim_watchdog_config *config = &iwdg->owner->config;

    return config->core_is_halted(config->machine);
}

static void write_key(struct sim_iwdg *iwdg, uint32_t key)
{
    iwdg->is_unlocked = key == KEY_UNLOCK;
    if (key == KEY_START) {
        start(iwdg);
    } else if (key == KEY_RELOAD && iwdg->is_started) {
        if (count(iwdg) > iwdg->winr) {
            request_reset(iwdg); /* refreshed too early for the window */
        } else {
            load(iwdg, iwdg->rlr);
        }
    }
}

/* True when the register may be written: unlocked, and its last update has arrived. */
static bool may_update(struct sim_iwdg *iwdg, enum sim_iwdg_update update, const char *name)
{
    release_updates(iwdg);
    if (!iwdg->is_unlocked) {
        sim_violation(
            iwdg->owner->env->report, "iwdg-write-lost", "%s written without key 0x5555", name);
        return false;
    }
    if (iwdg->update_done_ps[update] > now_ps(iwdg)) {
        sim_violation(iwdg->owner->env->report, "iwdg-write-lost",
            "%s written while its last update is under way", name);
        return false;
    }
    iwdg->update_done_ps[update] = lsi_runs(iwdg) ? now_ps(iwdg) + UPDATE_PS : SIM_NEVER;
    return true;
}

static uint32_t status(struct sim_iwdg *iwdg)
{
    uint32_t early = sim_field(iwdg->ewcr, 0, 12);
    bool has_early = iwdg->owner->layout->iwdg_has_early_wakeup;
    uint32_t word = iwdg->is_started && has_early ? SIM_BIT(SR_ONF) : 0;

    release_updates(iwdg);
    for (unsigned i = 0; i < SIM_IWDG_UPDATES; i++) { /* EWU never on parts without EWCR */
        word |= iwdg->update_done_ps[i] > now_ps(iwdg) ? SIM_BIT(i) : 0;
    }
    if (iwdg->is_started && early > 1 && count(iwdg) < early && !iwdg->early_is_acknowledged) {
        word |= SIM_BIT(SR_EWIF);
    }
    return word;
}

static bool read_word(void *state, uint32_t offset, uint32_t size_bytes, uint32_t *value)
{
    struct sim_iwdg *iwdg = state;
    uint32_t word = 0;

    switch (offset - offset % 4) {
    case IWDG_PR:
        word = iwdg->pr;
        break;
    case IWDG_RLR:
        word = iwdg->rlr;
        break;
    case IWDG_SR:
        word = status(iwdg);
        break;
    case IWDG_WINR:
        word = iwdg->winr;
        break;
    case IWDG_EWCR:
        word = iwdg->ewcr;
        break;
    default:
        break;
    }
    *value = sim_register_extract(word, offset, size_bytes);
    return true;
}

static void write_ewcr(struct sim_iwdg *iwdg, uint32_t value)
{
    if ((value & SIM_BIT(EWCR_EWIC)) != 0) {
        iwdg->early_is_acknowledged = true;
    }
    value &= UINT32_C(0x8FFF); /* EWIC reads as 0 */
    if (value != iwdg->ewcr && may_update(iwdg, SIM_IWDG_EWU, "IWDG_EWCR")) {
        iwdg->ewcr = value;
    }
}

static void write_pr(struct sim_iwdg *iwdg, uint32_t value)
{
    if (may_update(iwdg, SIM_IWDG_PVU, "IWDG_PR")) {
        iwdg->pr = value & iwdg->owner->layout->iwdg_pr_bits;
        sim_downcounter_set_tick(&iwdg->counter, tick_ps(iwdg->pr));
    }
}

static void write_rlr(struct sim_iwdg *iwdg, uint32_t value)
{
    if (may_update(iwdg, SIM_IWDG_RVU, "IWDG_RLR")) {
        iwdg->rlr = value & COUNTER_MAX;
    }
}

static void write_winr(struct sim_iwdg *iwdg, uint32_t value)
{
    if (!may_update(iwdg, SIM_IWDG_WVU, "IWDG_WINR")) {
        return;
    }
    iwdg->winr = value & COUNTER_MAX;
    if (iwdg->is_started) {
        load(iwdg, iwdg->rlr); /* a write of WINR also refreshes */
    }
}

static bool write_word(void *state, uint32_t offset, uint32_t size_bytes, uint32_t value)
{
    struct sim_iwdg *iwdg = state;

    (void)size_bytes; /* all fields lie in the low half; ST says half-word or word access */
    if (offset == IWDG_EWCR && iwdg->owner->layout->iwdg_has_early_wakeup) {
        write_ewcr(iwdg, value);
        return true;
    }
    switch (offset) {
    case IWDG_KR:
        write_key(iwdg, value & UINT32_C(0xFFFF));
        break;
    case IWDG_PR:
        write_pr(iwdg, value);
        break;
    case IWDG_RLR:
        write_rlr(iwdg, value);
        break;
    case IWDG_SR:
        break; /* read-only */
    case IWDG_WINR:
        write_winr(iwdg, value);
        break;
    default:
        sim_violation(iwdg->owner->env->report, "unmodelled-register",
            "write of 0x%08" PRIX32 " to IWDG+0x%03" PRIX32 ", where there is no register", value,
            offset);
        break;
    }
    return true;
}

static void reset(void *state, enum sim_reset_kind kind)
{
    struct sim_iwdg *iwdg = state;

    (void)kind;
    sim_downcounter_stop(&iwdg->counter);
    iwdg->pr = 0;
    iwdg->rlr = COUNTER_MAX;
    iwdg->winr = COUNTER_MAX;
    iwdg->ewcr = 0;
    iwdg->is_unlocked = false;
    iwdg->is_started = false;
    iwdg->early_is_acknowledged = false;
    for (unsigned i = 0; i < SIM_IWDG_UPDATES; i++) {
        iwdg->update_done_ps[i] = 0;
    }
    sim_downcounter_set_tick(&iwdg->counter, tick_ps(0));
    if (sim_flash_starts_watchdog(iwdg->owner->flash)) {
        start(iwdg);
    }
}

void sim_iwdg_arm(struct sim_iwdg *iwdg, uint32_t prescaler_code, uint32_t reload)
{
    iwdg->is_started = true;
    iwdg->pr = prescaler_code;
    iwdg->rlr = reload;
    sim_downcounter_set_tick(&iwdg->counter, tick_ps(prescaler_code));
    load(iwdg, reload);
}

void sim_iwdg_init(struct sim_watchdogs *watchdogs, struct sim_bus *bus)
{
    struct sim_iwdg *iwdg = &watchdogs->iwdg;

    iwdg->owner = watchdogs;
    iwdg->counter.clock = watchdogs->env->clock;
    iwdg->counter.context = iwdg;
    iwdg->counter.expired = request_reset;
    iwdg->counter.is_frozen = is_frozen;
    sim_downcounter_init(&iwdg->counter);
    iwdg->periph = (struct sim_periph){
        .name = "IWDG",
        .base = IWDG_BASE,
        .size_bytes = 0x400,
        .state = iwdg,
        .read = read_word,
        .write = write_word,
        .reset = reset,
        .gate_offset = SIM_GATE_ALWAYS,
    };
    sim_bus_add_periph(bus, &iwdg->periph);
    reset(iwdg, SIM_RESET_POWER_ON);
}
