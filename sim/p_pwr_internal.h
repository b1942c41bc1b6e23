/* What the other p_*.c models may ask of PWR beyond soc.h. */
#ifndef SIM_P_PWR_INTERNAL_H
#define SIM_P_PWR_INTERNAL_H

#include "sim/soc.h"

enum { PWR_BASE = 0x58024800 };

/* VOS0 is asked for and the regulator has arrived there. */
bool sim_pwr_is_vos_high(const struct sim_pwr *pwr);

#endif
