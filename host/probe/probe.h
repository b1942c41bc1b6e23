/* A debug probe: reads and writes the memory of the MCU it is wired to.
 *
 * The rest of the host knows only this header. Which cable is behind it is decided once, from the
 * selector given to probe_open(). The probe is also the host's only clock: durations, timeouts and
 * rates come from probe_now_ns(), which for a virtual board is its virtual time. */
#ifndef HOST_PROBE_PROBE_H
#define HOST_PROBE_PROBE_H

#include "host/base/error.h"
#include "host/base/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct probe;

struct probe_config {
    const char *selector;  /* as after -p; NULL: the only one connected */
    uint32_t freq_hz;      /* wire clock; rounded down to what the probe supports. 0: highest */
    uint32_t lock_wait_ms; /* how long to wait, by the host's clock, while somebody else uses it */
    bool under_reset;      /* the target will be connected under reset: not every link can */
    struct log *log;
};

struct probe_info {
    char kind[32]; /* "ST-LINK V3" */
    char serial[64];
    char firmware[32];      /* "V3J10M3" */
    char link[96];          /* "sim:nucleo-h7s3l8#0 (127.0.0.1:40123)" */
    char board_id[8];       /* board identifier of the ST-LINK, "" when it has none */
    char default_board[64]; /* board name that goes with the selector (sim:NAME); "" otherwise */
    uint32_t freq_hz;       /* set on the wire */
    uint32_t target_mv;     /* 0: unknown */
    bool is_modelled;       /* the clock is virtual: figures are modelled */
    bool marks_cacheable;   /* accesses see the data cache of a running core (HPROT[3]) */
};

/* On success the caller owns *out and ends with probe_close(). On failure *out is NULL. Holds the
 * probe's lock. Does not touch the target. ERROR_NO_PROBE, _PROBE_BUSY, _PROBE_FIRMWARE, ... */
MUST_USE bool probe_open(const struct probe_config *config, struct probe **out, struct error *err);

/* Releases the probe: access ports closed, debug mode left. NULL is allowed. */
void probe_close(struct probe *probe);

const struct probe_info *probe_info(const struct probe *probe);

uint64_t probe_now_ns(struct probe *probe);
/* When probe_now_ns() has reached this, OS_SIGNAL_TIMEOUT is raised (host/base/os.h). */
void probe_set_deadline(struct probe *probe, uint64_t deadline_ns);
/* Lets time pass: sleeps, or advances the virtual clock. Returns early when a signal came. */
void probe_wait_ns(struct probe *probe, uint64_t duration_ns);

/* Enters SWD and powers the debug port up. *dpidr: debug port identification. */
MUST_USE bool probe_attach(struct probe *probe, uint32_t *dpidr, struct error *err);
/* Drives NRST low or lets it go. */
MUST_USE bool probe_set_reset(struct probe *probe, bool asserted, struct error *err);
/* Opens an access port for the memory functions below; false when it does not answer (yet). After
 * a target reset it has to be opened again. */
MUST_USE bool probe_open_ap(struct probe *probe, uint8_t ap, struct error *err);

/* Memory through an access port. addr and size_bytes must be multiples of 4; any length is split
 * as the probe needs. Accesses are marked cacheable (HPROT[3]) so that the core's caches are seen.
 * On failure the bytes before the address named in *err have been transferred. */
MUST_USE bool probe_read_mem(struct probe *probe, uint8_t ap, uint32_t addr, void *dst,
    size_t size_bytes, struct error *err);
MUST_USE bool probe_write_mem(struct probe *probe, uint8_t ap, uint32_t addr, const void *src,
    size_t size_bytes, struct error *err);
MUST_USE bool probe_read_word(
    struct probe *probe, uint8_t ap, uint32_t addr, uint32_t *value, struct error *err);
MUST_USE bool probe_write_word(
    struct probe *probe, uint8_t ap, uint32_t addr, uint32_t value, struct error *err);
/* Bytes at any alignment: head and tail by byte accesses. */
MUST_USE bool probe_read_bytes(struct probe *probe, uint8_t ap, uint32_t addr, void *dst,
    size_t size_bytes, struct error *err);
/* 1 or 2 bytes, naturally aligned. */
MUST_USE bool probe_write_narrow(struct probe *probe, uint8_t ap, uint32_t addr, uint32_t value,
    size_t size_bytes, struct error *err);
/* One word of a scattered transfer: value is written, or filled in. */
struct probe_word {
    uint32_t addr;
    uint32_t value;
    bool is_write;
};
/* Words at any addresses, strictly in order, in as few transfers as the probe can: for registers
 * and mailboxes. Repeated after a disturbance only where that is harmless. Some probes cannot mark
 * these accesses cacheable: not for RAM that a running core may hold in its data cache. */
MUST_USE bool probe_transfer_words(
    struct probe *probe, uint8_t ap, struct probe_word *words, size_t count, struct error *err);

/* Clears sticky errors of the debug port after a refused access. */
MUST_USE bool probe_clear_errors(struct probe *probe, struct error *err);

/* What has been transferred, for the result record. */
struct probe_counters {
    uint64_t transfers;
    uint64_t bytes_to_target;
    uint64_t bytes_from_target;
};
void probe_counters(const struct probe *probe, struct probe_counters *counters);

#endif
