/* IWDG and WWDG together: their life, and the freeze bits of DBGMCU. */
#include "sim/p_dbgmcu_internal.h"
#include "sim/p_rcc_internal.h"
#include "sim/p_watchdogs_internal.h"

#include <stdlib.h>

static void freeze_bits_changed(void *context)
{
    struct sim_watchdogs *watchdogs = context;

    sim_downcounter_set_may_freeze(
        &watchdogs->iwdg.counter, sim_dbgmcu_freezes_iwdg(watchdogs->dbgmcu));
    sim_downcounter_set_may_freeze(
        &watchdogs->wwdg.counter, sim_dbgmcu_freezes_wwdg(watchdogs->dbgmcu));
}

struct sim_watchdogs *sim_watchdogs_create(
    const struct sim_env *env, struct sim_bus *bus, const struct sim_watchdog_config *config)
{
    struct sim_watchdogs *watchdogs = calloc(1, sizeof *watchdogs);

    if (watchdogs == NULL) {
        return NULL;
    }
    watchdogs->env = env;
    watchdogs->layout = config->layout;
    watchdogs->rcc = config->rcc;
    watchdogs->dbgmcu = config->dbgmcu;
    watchdogs->flash = config->flash;
    watchdogs->config = *config;
    sim_iwdg_init(watchdogs, bus);
    sim_wwdg_init(watchdogs, bus);
    sim_rcc_add_listener(config->rcc, sim_wwdg_clock_changed, &watchdogs->wwdg);
    sim_dbgmcu_set_listener(config->dbgmcu, freeze_bits_changed, watchdogs);
    freeze_bits_changed(watchdogs);
    return watchdogs;
}

/* Before the RCC and DBGMCU models, which call back until then only on writes and resets. */
void sim_watchdogs_free(struct sim_watchdogs *watchdogs)
{
    if (watchdogs != NULL) {
        sim_downcounter_stop(&watchdogs->iwdg.counter);
        sim_downcounter_stop(&watchdogs->wwdg.counter);
        free(watchdogs);
    }
}

const struct sim_watchdog_layout sim_watchdogs_h7rs = {
    .iwdg_pr_bits = 0xF,
    .iwdg_has_early_wakeup = true,
    .wwdg_base = 0x40002C00,
    .wwdg_gate_offset = RCC_APB1ENR1,
    .wwdg_gate_bit = 11,
    .wwdg_apb = 1,
};

const struct sim_watchdog_layout sim_watchdogs_h74x = {
    .iwdg_pr_bits = 0x7,
    .wwdg_base = 0x50003000,
    .wwdg_gate_offset = 0x0E4, /* APB3ENR */
    .wwdg_gate_bit = 6,
    .wwdg_apb = 3,
};

void sim_watchdogs_arm_iwdg(struct sim_watchdogs *watchdogs, uint32_t timeout_ms)
{
    uint64_t lsi_cycles = (uint64_t)timeout_ms * 32;
    uint32_t code = 0;

    while (code < (watchdogs->layout->iwdg_pr_bits > 8 ? 8U : 6U) &&
           lsi_cycles / (UINT64_C(4) << code) > 4096) {
        code++;
    }
    uint64_t ticks = lsi_cycles / (UINT64_C(4) << code);

    if (ticks < 1) {
        ticks = 1;
    } else if (ticks > 4096) {
        ticks = 4096;
    }
    sim_iwdg_arm(&watchdogs->iwdg, code, (uint32_t)ticks - 1);
}
