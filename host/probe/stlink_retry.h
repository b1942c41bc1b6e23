/* Which failed accesses are tried again, and how often (reference: probe protocols 1.5; faults U2,
 * S1 to S3). Only whole commands are repeated, and only where doing it twice is harmless. */
#ifndef HOST_PROBE_STLINK_RETRY_H
#define HOST_PROBE_STLINK_RETRY_H

#include "host/probe/stlink.h"

struct stlink_retry {
    bool may_repeat;    /* the access changes nothing when it is done twice */
    bool is_in_ram;     /* where a refusal is a disturbance rather than an answer */
    bool was_wait;      /* the attempt before ended with WAIT */
    bool was_disturbed; /* a stall, a parity error or a refusal has been repeated once */
    unsigned waits;
    unsigned wire_errors;
};

/* Nothing but RAM: reads of registers may have effects, too. Armv7-M's SRAM region. */
bool stlink_retry_is_ram(uint32_t addr);
/* A write that may be repeated: RAM, and the core's own debug and system registers. Registers of
 * the MCU are not (a key written twice locks the flash), nor is flash. */
bool stlink_retry_is_harmless_write(uint32_t addr);

/* After a failure of the link: true to try again. */
bool stlink_retry_link(struct stlink *stlink, struct stlink_retry *retry, const struct error *err);
/* After an answer with this status: true to try again, after a pause where one is due. */
bool stlink_retry_status(struct stlink *stlink, struct stlink_retry *retry, uint8_t status);

#endif
