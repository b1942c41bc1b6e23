/* SEGGER RTT: the log of the program on the target, read over the probe while it runs. */
#ifndef HOST_LOG_RTT_H
#define HOST_LOG_RTT_H

#include "host/target/target.h"

struct rtt;

/* control_block_addr: symbol _SEGGER_RTT of the ELF, or 0: scan the RAM of the MCU. The block is
 * validated (pointers in RAM, offsets inside). False with ERROR_WAIT_TIMEOUT while there is none
 * yet: try again. */
MUST_USE bool rtt_attach(struct target *target, uint32_t control_block_addr, struct log *log,
    struct rtt **out, struct error *err);
/* Frees. The channel is as it was found: its mode is never changed, because a program switched to
 * blocking would hang for ever behind a host that was killed. NULL allowed. */
void rtt_detach(struct rtt *rtt);
/* New bytes of up channel 0; *count may be 0. */
MUST_USE bool rtt_read(
    struct rtt *rtt, void *dst, size_t capacity, size_t *count, struct error *err);
/* Overwrites the ID of stale control blocks in RAM so that an old one is never taken for new.
 * control_block_addr: the only one there can be, or 0: the RAM is searched. */
MUST_USE bool rtt_forget_stale(
    struct target *target, uint32_t control_block_addr, struct error *err);

#endif
