/* What a run will do: which bytes go where, which sectors are erased, which bytes are kept. Pure:
 * no target is touched, and the same input gives the same plan.
 *
 * A plan is made in two steps. flash_plan_make() checks everything that can be checked without the
 * chip (overlap, fit, consent) and assumes that every sector has to be erased. With a chip at hand
 * flash_prepare_memory() (prepare.h) then marks the sectors that are already right or blank, and
 * flash_plan_arrange() chooses the erase operations anew. */
#ifndef HOST_FLASH_PLAN_H
#define HOST_FLASH_PLAN_H

#include "abi/boot.h"
#include "host/flash/geometry.h"
#include "host/flash/locate.h"
#include "host/image/image.h"

enum flash_erase_mode { FLASH_ERASE_AUTO, FLASH_ERASE_SECTOR, FLASH_ERASE_CHIP, FLASH_ERASE_NONE };

/* One thing the user asked for. */
struct flash_request {
    const struct image *image; /* NULL: erase `range`. Must outlive the plan */
    struct flash_range range;
    struct flash_place place; /* where the image was put by the user, when has_place */
    bool has_place;           /* named: it must fit its partition */
};

/* Requested bytes. Pieces of a memory are sorted and do not overlap. */
struct flash_piece {
    uint32_t offset;
    uint32_t size_bytes;
    const uint8_t *bytes; /* in the image; NULL: erased (FF) */
    size_t request;       /* index */
};

/* Bytes of a partly covered sector that stay as they are. */
struct flash_keep {
    uint32_t offset;
    uint32_t size_bytes;
    uint8_t *bytes; /* NULL until read from the chip; owned by the plan */
};

enum flash_sector_flags {
    FLASH_SECTOR_COVERED = 1 << 0,   /* every byte is requested */
    FLASH_SECTOR_PARTIAL = 1 << 1,   /* some bytes are requested, the others are kept */
    FLASH_SECTOR_RECORD = 1 << 2,    /* of the boot record: handled apart */
    FLASH_SECTOR_SAME = 1 << 3,      /* the chip has the wanted contents already */
    FLASH_SECTOR_BLANK = 1 << 4,     /* the chip reads FF throughout */
    FLASH_SECTOR_UNTRUSTED = 1 << 5, /* in work when an earlier run ended: neither SAME nor BLANK */
    FLASH_SECTOR_ERASE = 1 << 6      /* chosen by flash_plan_arrange() */
};

enum { FLASH_ERASE_TYPE_CHIP = 0xFF, FLASH_ERASE_TYPE_NONE = 0xFE };

/* One step of work: an erase operation, then the programming of what lies in it. */
struct flash_block {
    uint32_t offset;
    uint32_t size_bytes;
    uint8_t erase_type; /* index into geometry.erase, or one of the above */
};

struct flash_memory_plan {
    struct flash_geometry geometry;
    struct flash_piece *pieces;
    size_t piece_count;
    struct flash_keep *keeps;
    size_t keep_count;
    uint8_t *sectors; /* enum flash_sector_flags of each smallest erase unit of the memory */
    size_t sector_count;
    struct flash_block *blocks; /* in the order of work */
    size_t block_count;
    /* The first sector of the entry image: erased first and programmed last, so that a cut never
     * leaves a startable head over wrong bytes. */
    bool has_head;
    uint32_t head_offset;
    uint32_t head_bytes;
};

enum flash_record_action {
    FLASH_RECORD_NONE,      /* nothing to do */
    FLASH_RECORD_WRITE,     /* a new record for the entry image of this plan */
    FLASH_RECORD_RECOMPUTE, /* the recorded image changes in part */
    FLASH_RECORD_REMOVE     /* the recorded image is erased in part or whole */
};

struct flash_record_plan {
    enum flash_record_action action;
    size_t memory;
    uint32_t offset; /* of the record's erase unit */
    uint32_t unit_bytes;
    uint32_t entry_offset; /* of the recorded image */
    uint32_t image_bytes;
    char name[48];
    char image_version[40];
    const char *reason; /* why the image at the entry has no record afterwards; NULL */
};

struct flash_plan_options {
    enum flash_erase_mode erase;
    bool consent;   /* --yes, or asked for; true for a plan that only verifies */
    bool allow_ram; /* segments in MCU RAM become ram_pieces (`run`); else they are an error */
    const struct abi_boot_record
        *old_record; /* valid one found in the chip; NULL: none or unknown */
};

struct flash_ram_piece {
    uint32_t addr;
    uint32_t size_bytes;
    const uint8_t *bytes;
    size_t request;
};

struct flash_plan {
    struct flash_memory_plan memories[FLASH_MEMORY_COUNT]; /* external ones first, internal last */
    size_t memory_count;
    struct flash_record_plan record;
    enum flash_erase_mode erase;
    struct flash_ram_piece *ram_pieces;
    size_t ram_piece_count;
    size_t entry_request; /* whose image starts at the entry partition; SIZE_MAX: none */
};

/* ERROR_IMAGE_OVERLAP, ERROR_IMAGE_OUT_OF_RANGE, ERROR_CONSENT_NEEDED, ERROR_BOARD_UNKNOWN.
 * requests may be freed afterwards, their images not. */
MUST_USE bool flash_plan_make(const struct board *board, const struct flash_request *requests,
    size_t request_count, const struct flash_plan_options *options, struct flash_plan *plan,
    struct error *err);
/* A plan for one memory from pieces that are known to fit: sorted, not overlapping; copied. */
MUST_USE bool flash_plan_make_memory(const struct flash_geometry *geometry,
    const struct flash_piece *pieces, size_t piece_count, struct flash_memory_plan *memory,
    struct error *err);
void flash_plan_free_memory(struct flash_memory_plan *memory);
/* Frees what the plan owns. Zeroed plans are allowed. */
void flash_plan_free(struct flash_plan *plan);

/* Chooses blocks from the flags of the sectors. ERROR_HOST_IO without memory. */
MUST_USE bool flash_plan_arrange(
    struct flash_memory_plan *memory, enum flash_erase_mode erase, struct error *err);

struct flash_plan_totals {
    uint64_t requested_bytes;
    uint64_t program_bytes; /* in sectors that are not the same already */
    uint64_t same_bytes;    /* requested and already there */
    uint64_t erase_bytes;
    uint64_t keep_bytes;
    size_t erase_count; /* operations */
    size_t sector_same_count;
};
void flash_plan_sum(const struct flash_memory_plan *memory, struct flash_plan_totals *totals);

/* Typical time for a link that carries so many bytes in a second; 0: unlimited. */
uint64_t flash_plan_estimate_ms(const struct flash_memory_plan *memory, uint32_t link_bytes_per_s);
/* The plan in words, one line for each step; allocated. */
MUST_USE bool flash_plan_describe(const struct board *board, const struct flash_plan *plan,
    uint32_t link_bytes_per_s, char **text, struct error *err);

/* Index of the first piece, or kept range, that ends behind offset. */
size_t flash_plan_piece_at(const struct flash_memory_plan *memory, uint32_t offset);
size_t flash_plan_keep_at(const struct flash_memory_plan *memory, uint32_t offset);
/* Puts the wanted contents of [offset, offset + size) into dst: pieces, kept bytes, FF elsewhere.
 * True when some byte is not FF. */
bool flash_plan_contents(
    const struct flash_memory_plan *memory, uint32_t offset, uint8_t *dst, uint32_t size_bytes);

#endif
