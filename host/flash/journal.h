/* What must survive a power cut of this computer or of the board: the bytes to keep of sectors that
 * are about to be erased, and which sectors are in work. One file for each memory of each MCU,
 * under the journal folder, replaced atomically and synced. */
#ifndef HOST_FLASH_JOURNAL_H
#define HOST_FLASH_JOURNAL_H

#include "host/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct flash_journal_range {
    uint32_t offset;
    uint32_t size_bytes;
};

struct flash_journal_keep {
    uint32_t offset;
    uint32_t size_bytes;
    const uint8_t *bytes; /* not owned */
};

struct flash_journal {
    char unique_id[32]; /* of the MCU, as text */
    char memory[32];
    uint32_t memory_bytes;
    char when[24]; /* wall clock when it was written */
    struct flash_journal_keep *keeps;
    size_t keep_count;
    struct flash_journal_range *works; /* erased again whatever they read */
    size_t work_count;
    uint8_t *storage; /* what the keeps of a loaded journal point into */
};

void flash_journal_init(struct flash_journal *journal, const char *unique_id, const char *memory,
    uint32_t memory_bytes);
/* Frees the lists; the struct itself is the caller's. */
void flash_journal_clear(struct flash_journal *journal);
/* Both false only without memory. */
MUST_USE bool flash_journal_add_keep(
    struct flash_journal *journal, uint32_t offset, uint32_t size_bytes, const uint8_t *bytes);
MUST_USE bool flash_journal_add_work(
    struct flash_journal *journal, uint32_t offset, uint32_t size_bytes);
/* Takes [offset, offset + size) out of the ranges in work. False only without memory. */
MUST_USE bool flash_journal_drop_work(
    struct flash_journal *journal, uint32_t offset, uint32_t size_bytes);

/* $XDG_STATE_HOME/xflash/journal, allocated. */
char *flash_journal_directory(void);
/* Reads the journal of this memory; without one, *journal is empty. ERROR_JOURNAL_IO when there is
 * one that cannot be read or is damaged. */
MUST_USE bool flash_journal_load(
    const char *directory, struct flash_journal *journal, struct error *err);
/* Writes it, or removes the file when there is nothing to keep. ERROR_JOURNAL_IO. */
MUST_USE bool flash_journal_store(
    const char *directory, const struct flash_journal *journal, struct error *err);

#endif
