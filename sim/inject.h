/* Faults injected at a seam, by index or by seed, each counting its firings.
 *
 * A model calls sim_inject_next() once at every operation of its seam. The answer is the fault to
 * act out now, nearly always SIM_FAULT_NONE. sim_inject_fired() is called by the model when the
 * fault has really taken effect: an injector that never fires must be visible in the report. */
#ifndef SIM_INJECT_H
#define SIM_INJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_inject;

enum sim_seam {
    SIM_SEAM_CHIP_OP,   /* one erase, page program or register write inside the memory chip */
    SIM_SEAM_CHIP_READ, /* one read transaction at the memory chip */
    SIM_SEAM_FLASH_OP,  /* one granule program or sector erase of internal flash */
    SIM_SEAM_USB,       /* one USB phase: command, data or status */
    SIM_SEAM_DAP,       /* one debug-port or access-port transfer (a block counts once) */
    SIM_SEAM_CPU,       /* one millisecond of CPU time */
    SIM_SEAM_COUNT
};

enum sim_fault {
    SIM_FAULT_NONE,
    SIM_FAULT_POWER_CUT, /* board loses power inside the operation, which is torn */
    SIM_FAULT_OP_FAIL,   /* operation fails and reports it (P_FAIL, E_FAIL, OPERR) */
    SIM_FAULT_OP_SILENT, /* operation reports success and changes nothing */
    SIM_FAULT_OP_STUCK,  /* operation never ends (busy for ever, until reset) */
    SIM_FAULT_READ_FLIP, /* one bit of the data read is wrong once */
    SIM_FAULT_USB_STALL,
    SIM_FAULT_USB_TIMEOUT,
    SIM_FAULT_USB_SHORT,   /* fewer bytes than asked for */
    SIM_FAULT_USB_UNPLUG,  /* probe disappears */
    SIM_FAULT_USB_CORRUPT, /* one bit of a data phase is wrong */
    SIM_FAULT_DAP_WAIT,
    SIM_FAULT_DAP_FAULT,
    SIM_FAULT_DAP_PARITY,
    SIM_FAULT_CPU_RESET, /* NRST pulse from outside */
    SIM_FAULT_COUNT
};

struct sim_inject *sim_inject_create(void);
void sim_inject_free(struct sim_inject *inject);

/* Counts one operation of the seam and returns the fault armed for it. */
enum sim_fault sim_inject_next(struct sim_inject *inject, enum sim_seam seam);
void sim_inject_fired(struct sim_inject *inject, enum sim_fault fault);
/* A deterministic random number for tearing an operation; depends on the seed of the run only. */
uint32_t sim_inject_random(struct sim_inject *inject);

/* Asks the machine to cut the power after the operation has been torn: set by a model, acted on by
 * the machine loop between two instructions. The listener is the machine's, called at once so that
 * it can leave the run loop. */
void sim_inject_request_power_cut(struct sim_inject *inject);
bool sim_inject_take_power_cut(struct sim_inject *inject);
void sim_inject_set_power_cut_listener(
    struct sim_inject *inject, void (*requested)(void *context), void *context);

/* Arms KIND@INDEX (1 is the next operation of the seam; fires once), KIND@seed:N or
 * KIND@seed:N/RATE (one operation in RATE, 100 unless given, for ever), or disarms all with "off",
 * as typed after `xflash-vboard inject`. False: *why is set to a sentence that says what was
 * expected. */
bool sim_inject_arm(struct sim_inject *inject, const char *spec, const char **why);

/* What can be injected: one row per name. NULL when index is out of range. */
struct sim_inject_kind {
    const char *name;
    enum sim_seam seam;
    enum sim_fault fault;
};
const struct sim_inject_kind *sim_inject_kind(size_t index);
/* Operations counted at a seam; faults of a kind handed to a model; of these, how many took effect.
 */
uint64_t sim_inject_seam_count(const struct sim_inject *inject, enum sim_seam seam);
uint64_t sim_inject_handed_out(const struct sim_inject *inject, size_t kind_index);
uint64_t sim_inject_fired_count(const struct sim_inject *inject, size_t kind_index);
unsigned sim_inject_armed_count(const struct sim_inject *inject);

#endif
