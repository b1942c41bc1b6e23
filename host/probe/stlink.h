/* The ST-LINK command layer: a probe over any link (reference: probe protocols, section 1). The
 * struct is shared by the stlink_*.c files only; everybody else sees a struct probe. */
#ifndef HOST_PROBE_STLINK_H
#define HOST_PROBE_STLINK_H

#include "host/probe/link.h"
#include "host/probe/probe_driver.h"
#include "host/probe/stlink_version.h"

enum { STLINK_AP_COUNT = 16 };

struct stlink {
    struct probe base;
    struct link *link;
    struct stlink_version version;
    bool ap_is_open[STLINK_AP_COUNT];
    bool is_attached;       /* SWD mode entered */
    bool is_reset_asserted; /* what NRST should be */
    unsigned seen_resets;   /* of link->resets; more of them have to be answered */
    bool is_resuming;
};

/* Makes a probe of a link: version, mode, voltage, board identifier, wire clock. Owns the link
 * from then on; on failure the link stays with the caller. Does not touch the target. */
MUST_USE bool stlink_open(
    struct link *link, const struct probe_config *config, struct probe **out, struct error *err);

/* ---- exchanges ---- */
/* Strictly in order; the link may submit them together. When the probe had to be reset because of
 * them, it is in debug mode again and its access ports are open when this returns. */
MUST_USE bool stlink_run(
    struct stlink *stlink, const struct link_exchange *exchanges, size_t count, struct error *err);
/* One command with a reply, or with none, that may be done twice: it is, once, when the link
 * reports a stalled, short or missing transfer. */
MUST_USE bool stlink_exchange(struct stlink *stlink, const uint8_t command[LINK_COMMAND_BYTES],
    uint8_t *reply, size_t reply_bytes, struct error *err);
/* stlink_exchange() of a command whose reply starts with a status byte; checks it. */
MUST_USE bool stlink_command(struct stlink *stlink, const uint8_t command[LINK_COMMAND_BYTES],
    uint8_t *reply, size_t reply_bytes, struct error *err);
/* Waits before attempt number `attempt` of a busy target; false when it was the last. */
bool stlink_back_off(struct stlink *stlink, unsigned attempt);

/* ---- stlink_mode.c ---- */
MUST_USE bool stlink_read_version(struct stlink *stlink, struct error *err);
MUST_USE bool stlink_leave_modes(struct stlink *stlink, struct error *err);
MUST_USE bool stlink_read_voltage(struct stlink *stlink, struct error *err);
MUST_USE bool stlink_read_board_id(struct stlink *stlink, struct error *err);
MUST_USE bool stlink_set_freq(struct stlink *stlink, uint32_t freq_hz, struct error *err);
/* One step down, effective with the next stlink_reenter(). False: it is the slowest already. */
MUST_USE bool stlink_lower_freq(struct stlink *stlink, struct error *err);

/* ---- stlink_dap.c ---- */
MUST_USE bool stlink_attach(struct probe *probe, uint32_t *dpidr, struct error *err);
MUST_USE bool stlink_set_reset(struct probe *probe, bool asserted, struct error *err);
MUST_USE bool stlink_open_ap(struct probe *probe, uint8_t ap, struct error *err);
MUST_USE bool stlink_clear_errors(struct probe *probe, struct error *err);
/* The same on the way out of a failure, which it must not hide. */
void stlink_clear_quietly(struct stlink *stlink);
/* Debug mode anew, with the wire clock, NRST, power requests and access ports as they were: also a
 * reset of the wire. */
MUST_USE bool stlink_reenter(struct stlink *stlink, struct error *err);
/* Closes access ports and leaves debug mode, as far as that still works. */
void stlink_detach(struct stlink *stlink);

/* ---- stlink_memory.c ---- */
MUST_USE bool stlink_read_block(
    struct probe *probe, const struct probe_block *block, uint8_t *dst, struct error *err);
MUST_USE bool stlink_write_block(
    struct probe *probe, const struct probe_block *block, const uint8_t *src, struct error *err);
/* Fills in *err for a memory access that ended with status, and clears the debug port. */
bool stlink_fail_block(struct stlink *stlink, const struct probe_block *block, uint8_t status,
    uint32_t fault_addr, struct error *err);

/* ---- stlink_misc.c ---- */
MUST_USE bool stlink_transfer_words(
    struct probe *probe, uint8_t ap, struct probe_word *words, size_t count, struct error *err);

#endif
