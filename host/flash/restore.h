/* Brings back the bytes that an earlier run, cut off, had put into the journal. */
#ifndef HOST_FLASH_RESTORE_H
#define HOST_FLASH_RESTORE_H

#include "host/flash/engine.h"

/* *left: the journal as it is afterwards, without kept bytes: what is still in work. The caller
 * ends with flash_journal_clear(). In a dry run nothing is restored, and *left lists the sectors of
 * the kept bytes as in work. */
MUST_USE bool flash_restore_memory(struct flash_device *device,
    const struct flash_engine_options *options, struct flash_journal *left,
    uint64_t *restored_bytes, struct error *err);

/* The part of it that writes: erases the sectors of journal->keeps, puts the bytes back, verifies,
 * and stores the journal without them. */
MUST_USE bool flash_restore_keeps(struct flash_device *device,
    const struct flash_engine_options *options, struct flash_journal *journal, struct error *err);

#endif
