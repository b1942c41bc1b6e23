/* The ST-LINK of a virtual board: started or joined by name, and the board's virtual clock. The
 * two extra requests stand in docs/virtual-board.md; they are all that host/ knows of it. */
#ifndef HOST_PROBE_LINK_SIM_H
#define HOST_PROBE_LINK_SIM_H

#include "host/base/log.h"
#include "host/probe/link.h"

/* name_instance: "NAME" or "NAME#INSTANCE". ERROR_BOARD_UNKNOWN, _PROBE_BUSY, _NO_PROBE. */
MUST_USE bool link_sim_open(
    const char *name_instance, struct log *log, struct link **out, struct error *err);
/* The same for a board that runs already: no program is started. */
MUST_USE bool link_sim_join(const char *name_instance, uint16_t port, struct log *log,
    struct link **out, struct error *err);

#endif
