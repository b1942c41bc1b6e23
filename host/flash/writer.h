/* Erases and programs the blocks of one memory, keeping link and flash busy at the same time, and
 * knows how far it got. */
#ifndef HOST_FLASH_WRITER_H
#define HOST_FLASH_WRITER_H

#include "host/flash/plan.h"
#include "host/flash/progress.h"

struct flash_writer {
    struct flash_device *device;
    const struct flash_memory_plan *memory;
    struct flash_meter *meter; /* NULL allowed */
    uint8_t *chunk;
    uint32_t *tickets; /* the last one of each block */
    size_t submitted;  /* blocks whose operations are all queued */
    size_t done;       /* blocks whose operations have been done, as last reported */
    bool has_begun;    /* something may have been erased */
    uint64_t done_bytes;
};

MUST_USE bool flash_writer_open(struct flash_writer *writer, struct flash_device *device,
    const struct flash_memory_plan *memory, struct flash_meter *meter, struct error *err);
void flash_writer_close(struct flash_writer *writer);
/* All blocks, but for the contents of the head. */
MUST_USE bool flash_writer_run(struct flash_writer *writer, struct error *err);
/* The wanted contents of whole granules that are erased already. */
MUST_USE bool flash_writer_program(
    struct flash_writer *writer, uint32_t offset, uint32_t size_bytes, struct error *err);
/* "0x70000000-0x70010000 written, ..., running again is safe": for err->state. */
void flash_writer_describe(const struct flash_writer *writer, char *text, size_t text_bytes);

#endif
