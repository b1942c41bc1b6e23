/* A strict NOR flash in RAM behind the flash_device interface, and a small board around it.
 *
 * Stricter than a chip: programming a granule that is not erased, twice, or in part is a violation.
 * Power can fail inside any erase or page; the operation is torn, and the cells it worked on then
 * read unstably until their sector is erased as a whole. */
#ifndef TESTS_UNIT_FLASH_FAKE_FLASH_H
#define TESTS_UNIT_FLASH_FAKE_FLASH_H

#include "host/flash/engine.h"

enum {
    FAKE_ADDR = 0x70000000,
    FAKE_BYTES = 512 * 1024,
    FAKE_SECTOR = 4096,
    FAKE_BLOCK = 65536,
    FAKE_PAGE = 256,
    FAKE_GRANULE = 16,
    FAKE_SECTORS = FAKE_BYTES / FAKE_SECTOR,
    FAKE_INTERNAL_ADDR = 0x08000000,
    FAKE_INTERNAL_BYTES = 64 * 1024,
    FAKE_INTERNAL_SECTOR = 8192
};

struct fake_flash {
    struct flash_device base;
    uint8_t *cells;
    uint8_t *used;    /* per granule: programmed since the last erase */
    uint8_t *weak;    /* per sector: cut, reads unstably */
    uint8_t *in_work; /* per sector: weak at fake_flash_be_lucky(), not erased since */
    uint32_t sector_bytes;
    uint32_t tickets;
    uint32_t random;
    unsigned operations; /* erases and pages, counted from 1 */
    unsigned cut_at;     /* power fails inside this one; 0: never */
    bool has_power;
    bool is_protected;
    size_t unstable_sector; /* hashes differently from what it reads; SIZE_MAX: none */
    size_t lies_in_sector;  /* as lies, in this one only; SIZE_MAX: none */
    bool lies;              /* acknowledges programming without effect */
    unsigned violations;
    unsigned erases; /* operations */
    uint64_t erased_bytes;
    unsigned pages;
    uint64_t hashed_bytes;
    uint64_t time_ns;
};

void fake_flash_init(struct fake_flash *fake, const struct flash_geometry *geometry);
void fake_flash_free(struct fake_flash *fake);
/* Contents as from a programmer: every granule that is not FF counts as used. */
void fake_flash_load(struct fake_flash *fake, uint32_t offset, const void *bytes, uint32_t count);
/* Power comes back; nothing is armed any more. */
void fake_flash_power_on(struct fake_flash *fake);
/* The sectors that were cut read right and stably from now on: only the journal knows. */
void fake_flash_be_lucky(struct fake_flash *fake);
/* Sectors that were cut and have not been erased since. */
size_t fake_flash_in_work(const struct fake_flash *fake);

/* A board with one external memory of FAKE_BYTES, partitions app (256 KB, boot entry with a checked
 * record in its last sector), data (128 KB, keep) and scratch (64 KB), and internal flash. */
struct fake_board {
    struct board board;
    struct flash_device_source source;
    struct fake_flash flash;
    struct fake_flash internal;
    char journal[64]; /* a fresh folder */
    struct flash_engine_options options;
    struct flash_engine_result result;
    struct error err;
};

void fake_board_init(struct fake_board *fake);
void fake_board_free(struct fake_board *fake);
/* An image from bytes at an address, to be freed with image_free(). */
struct image *fake_image(const char *name, uint32_t addr, const uint8_t *bytes, size_t size_bytes);
void fake_fill_random(uint8_t *bytes, size_t count, uint32_t seed);
size_t fake_board_journals(const struct fake_board *fake);
/* Plans and runs; false: fake->err. */
bool fake_board_program(struct fake_board *fake, const struct flash_request *requests,
    size_t request_count, const struct flash_plan_options *options);
struct flash_request fake_request(const struct image *image);
struct flash_request fake_erase_request(uint32_t offset, uint32_t size_bytes);

#endif
