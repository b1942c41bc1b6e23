/* Which transfers through a CMSIS-DAP are tried again, and how often (faults: S1 to S3, U2). */
#ifndef HOST_PROBE_CMSIS_DAP_RETRY_H
#define HOST_PROBE_CMSIS_DAP_RETRY_H

#include "host/probe/cmsis_dap_packet.h"

struct dap_retry {
    bool may_repeat; /* doing the access twice changes nothing */
    bool is_in_ram;  /* where a refusal is a disturbance rather than an answer */
    bool was_refused;
    bool was_cut; /* the link failed once */
    unsigned waits;
    unsigned disturbances;
};

/* Armv7-M's SRAM region. */
bool dap_retry_is_ram(uint32_t addr);
/* No registers: reading more than was asked for has no effect. */
bool dap_retry_is_memory(uint32_t addr);
/* RAM, and the core's own debug and system registers. */
bool dap_retry_is_harmless_write(uint32_t addr);

/* After transfers that ended with ack, which is not OK: true to go on with the first that was not
 * done. In any case the debug port answers again, if that was possible. */
bool dap_retry_ack(struct cmsis_dap *dap, struct dap_retry *retry, enum dap_ack ack);
/* The same after a failure of the link. */
bool dap_retry_link(struct cmsis_dap *dap, struct dap_retry *retry, const struct error *err);

#endif
