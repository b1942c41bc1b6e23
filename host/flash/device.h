/* A memory that can be erased, programmed and read: what the engine drives. Implemented by the chip
 * behind the stub (device_stub.c), by the MCU's internal flash (device_internal.c) and, for tests,
 * by a strict model in RAM.
 *
 * Erase and program operations are queued and done in order, so that the link and the flash work at
 * the same time; each gets a ticket, counted from 1. A failure of a queued operation is reported by
 * a later call. After a failure nothing that was queued behind it is executed. */
#ifndef HOST_FLASH_DEVICE_H
#define HOST_FLASH_DEVICE_H

#include "abi/mailbox.h"
#include "host/flash/geometry.h"
#include "host/flash/locate.h"

/* Hashes and comparisons start and end at multiples of this, or at the end of the memory: octal DTR
 * buses move whole pairs, and ECC units are read whole. */
enum { FLASH_ALIGN_BYTES = 16 };

struct flash_device;

struct flash_difference {
    uint32_t first_offset; /* UINT32_MAX: none */
    uint32_t count;        /* bytes that differ */
    uint8_t expected;      /* at first_offset */
    uint8_t found;
    uint8_t found_again; /* by a second reading */
    uint8_t bits;        /* OR of the differing bits of all bytes */
};

/* All members are mandatory. */
struct flash_device_driver {
    /* Fails when the memory or the range is protected; changes nothing. */
    bool (*check_writable)(
        struct flash_device *device, uint32_t offset, uint32_t size_bytes, struct error *err);
    /* One operation of this type (index into geometry.erase, or FLASH_ERASE_TYPE_CHIP) for each
     * unit of the range. */
    bool (*erase)(struct flash_device *device, uint8_t erase_type, uint32_t offset,
        uint32_t size_bytes, uint32_t *ticket, struct error *err);
    /* At most chunk_bytes, whole granules. bytes may be reused after the call. */
    bool (*program)(struct flash_device *device, uint32_t offset, const uint8_t *bytes,
        uint32_t size_bytes, uint32_t *ticket, struct error *err);
    /* Waits until everything queued is done. */
    bool (*finish)(struct flash_device *device, struct error *err);
    /* Ticket of the last operation known to be done. No traffic. */
    uint32_t (*completed)(struct flash_device *device);
    /* Any alignment and length. */
    bool (*read)(struct flash_device *device, uint32_t offset, uint8_t *dst, uint32_t size_bytes,
        struct error *err);
    /* One hash for each block_bytes of an aligned range; the last block may be short. mapped: read
     * through the memory-mapped window at run speed. */
    bool (*hash)(struct flash_device *device, const struct flash_range *range, uint32_t block_bytes,
        bool mapped, struct abi_block_hash *hashes, struct error *err);
    /* CRC-32 (zlib's) of an aligned range. */
    bool (*crc32)(struct flash_device *device, const struct flash_range *range, uint32_t *crc32,
        struct error *err);
    /* At most chunk_bytes, aligned. */
    bool (*compare)(struct flash_device *device, uint32_t offset, const uint8_t *expected,
        uint32_t size_bytes, struct flash_difference *difference, struct error *err);
    uint64_t (*now_ns)(struct flash_device *device);
};

/* An implementation embeds this as the first member of its own struct and casts back. */
struct flash_device {
    const struct flash_device_driver *driver;
    struct flash_geometry geometry;
    uint32_t chunk_bytes; /* a multiple of FLASH_ALIGN_BYTES and of the granule */
    bool can_map;         /* hash with mapped works */
};

/* Where the engine gets its devices from: the session, or a test. */
struct flash_device_source {
    /* Brings the memory into its program mode, if it is not there already. The device stays owned
     * by the source; selecting another external memory ends its use. */
    bool (*select)(struct flash_device_source *source, size_t memory, struct flash_device **device,
        struct error *err);
};

#endif
