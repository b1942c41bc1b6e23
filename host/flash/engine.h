/* Carries out a plan: restores what an earlier run left in the journal, compares, erases, programs,
 * verifies, and tells how far it got. */
#ifndef HOST_FLASH_ENGINE_H
#define HOST_FLASH_ENGINE_H

#include "host/base/log.h"
#include "host/flash/journal.h"
#include "host/flash/plan.h"
#include "host/flash/progress.h"
#include "host/flash/verify.h"

struct flash_engine_options {
    bool compare; /* skip what is right already (default of `program`) */
    bool verify;  /* false: --no-verify */
    /* Not FLASH_VERIFY_HASH: every requested byte is looked at once more, in this way. */
    enum flash_verify_way verify_way;
    bool dry_run; /* --dry-run=target: connect, hash, erase nothing; the plan is then exact */
    const char *journal_directory;         /* flash_journal_directory() */
    const char *unique_id;                 /* of the MCU */
    const struct flash_listener *listener; /* NULL allowed */
    /* The plan is exact now: after comparing, before anything is changed. NULL allowed. A false
     * ends the run. */
    bool (*planned)(void *context, struct error *err);
    void *planned_context;
    struct log *log;
};

struct flash_engine_result {
    struct flash_plan_totals totals[FLASH_MEMORY_COUNT]; /* as the memories of the plan */
    uint64_t compare_ns;
    uint64_t write_ns;
    uint64_t verify_ns;
    uint64_t restored_bytes; /* kept bytes that came from the journal of an earlier run */
    bool changed;            /* something was erased or programmed */
    bool verified;           /* every requested byte was read back and equal */
    bool record_written;
    struct abi_boot_record record; /* when record_written */
};

/* err->state says what was erased, written and left untouched when it fails. ERROR_JOURNAL_IO comes
 * before anything is erased. After ERROR_INTERRUPTED and ERROR_TERMINATED the chip is idle. */
MUST_USE bool flash_engine_run(struct flash_plan *plan, struct flash_device_source *source,
    const struct flash_engine_options *options, struct flash_engine_result *result,
    struct error *err);

/* Only the part about an earlier run: brings kept bytes back. Every command that changes a memory
 * does this first by itself. restored_bytes: 0 when there was nothing to do. */
MUST_USE bool flash_engine_restore(struct flash_device *device,
    const struct flash_engine_options *options, uint64_t *restored_bytes, struct error *err);

/* `verify`: compares without changing anything. */
MUST_USE bool flash_engine_verify(struct flash_plan *plan, struct flash_device_source *source,
    const struct flash_engine_options *options, struct flash_engine_result *result,
    struct error *err);

#endif
