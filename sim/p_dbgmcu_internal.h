/* What the watchdogs ask of DBGMCU beyond soc.h. */
#ifndef SIM_P_DBGMCU_INTERNAL_H
#define SIM_P_DBGMCU_INTERNAL_H

#include "sim/soc.h"

/* Called after each write that may have changed a freeze bit. One listener. */
void sim_dbgmcu_set_listener(
    struct sim_dbgmcu *dbgmcu, void (*changed)(void *context), void *context);

#endif
