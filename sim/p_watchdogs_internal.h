/* The two watchdogs: IWDG in p_iwdg.c, WWDG in p_wwdg.c, both owned by
 * p_watchdogs.c. */
#ifndef SIM_P_WATCHDOGS_INTERNAL_H
#define SIM_P_WATCHDOGS_INTERNAL_H

#include "sim/p_downcounter.h"
#include "sim/soc.h"

enum sim_iwdg_update { SIM_IWDG_PVU, SIM_IWDG_RVU, SIM_IWDG_WVU, SIM_IWDG_EWU, SIM_IWDG_UPDATES };

struct sim_iwdg {
    struct sim_watchdogs *owner;
    struct sim_periph periph;
    struct sim_downcounter counter;
    uint32_t pr;
    uint32_t rlr;
    uint32_t winr;
    uint32_t ewcr;
    bool is_unlocked;
    bool is_started;
    bool early_is_acknowledged;
    uint64_t update_done_ps[SIM_IWDG_UPDATES]; /* SIM_NEVER: waits for the LSI to run */
};

struct sim_wwdg {
    struct sim_watchdogs *owner;
    struct sim_periph periph;
    struct sim_downcounter counter;
    uint32_t t; /* counter while not active */
    uint32_t cfr;
    bool is_active;
    bool early_is_cleared;
};

/* What differs between the families (mcu.md 4.4). */
struct sim_watchdog_layout {
    uint32_t iwdg_pr_bits;
    bool iwdg_has_early_wakeup; /* EWCR, SR.ONF, SR.EWIF */
    uint32_t wwdg_base;
    uint16_t wwdg_gate_offset;
    uint8_t wwdg_gate_bit;
    uint8_t wwdg_apb; /* whose clock it counts */
};

struct sim_watchdogs {
    const struct sim_env *env;
    const struct sim_watchdog_layout *layout;
    struct sim_rcc *rcc;
    struct sim_dbgmcu *dbgmcu;
    const struct sim_flash *flash;
    struct sim_watchdog_config config;
    struct sim_iwdg iwdg;
    struct sim_wwdg wwdg;
};

void sim_iwdg_init(struct sim_watchdogs *watchdogs, struct sim_bus *bus);
void sim_iwdg_arm(struct sim_iwdg *iwdg, uint32_t prescaler_code, uint32_t reload);
void sim_wwdg_init(struct sim_watchdogs *watchdogs, struct sim_bus *bus);
void sim_wwdg_clock_changed(void *context);

#endif
