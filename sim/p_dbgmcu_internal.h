/* DBGMCU of one family, and what the watchdogs ask of it beyond soc.h. */
#ifndef SIM_P_DBGMCU_INTERNAL_H
#define SIM_P_DBGMCU_INTERNAL_H

#include "sim/p_regs.h"
#include "sim/soc.h"

struct sim_dbgmcu_layout {
    const struct sim_register *registers;
    size_t register_count;
    uint16_t status_offset; /* SR, which shows the open access ports; 0: none */
    uint16_t iwdg_offset;   /* freeze bits (mcu.md 2.2) */
    uint8_t iwdg_bit;
    uint16_t wwdg_offset;
    uint8_t wwdg_bit;
};

/* Called after each write that may have changed a freeze bit. One listener. */
void sim_dbgmcu_set_listener(
    struct sim_dbgmcu *dbgmcu, void (*changed)(void *context), void *context);

#endif
