/* A NOR flash: erase, program, and everything that reads. Knows the chip by struct abi_memory, and
 * the bus by struct ctrl. The controller is set up, and the chip in the mode of the program bus.
 *
 * Offsets are within the chip. Ranges and alignments are checked before anything is sent. Every
 * function checks for a request to abort at least every page or 4 KB, and in every wait. */
#ifndef TARGET_DRIVER_NOR_H
#define TARGET_DRIVER_NOR_H

#include "target/driver/ctrl.h"

enum { NOR_BUFFER_BYTES = 4096 };

struct nor {
    struct ctrl *ctrl;
    const struct abi_memory *memory;
    volatile uint32_t *running_offset; /* told to the host while it runs */
    volatile uint32_t *progress_bytes;
    uint8_t *buffer; /* NOR_BUFFER_BYTES, aligned to 4 */
};

enum { NOR_NO_OFFSET = -1 };

struct nor_blank {
    uint32_t first_offset; /* of a byte that is not FF, or NOR_NO_OFFSET */
    uint32_t count;        /* of bytes not FF */
};

struct nor_difference {
    uint32_t first_offset; /* or NOR_NO_OFFSET */
    uint32_t count;        /* of bytes that differ */
    uint8_t expected;      /* of the first */
    uint8_t found;
    uint8_t found_again; /* by a second reading */
    uint8_t bits;        /* OR of the differing bits of all bytes */
};

/* type: index into memory->erase, or ABI_ERASE_CHIP. */
enum abi_stub_status nor_erase(
    struct nor *nor, uint32_t type, uint32_t offset, uint32_t size_bytes);

/* offset and size are whole ECC units (and even where the chip wants it). Units of FF only are not
 * sent. */
enum abi_stub_status nor_program(
    struct nor *nor, uint32_t offset, const uint8_t *bytes, uint32_t size_bytes);

enum abi_stub_status nor_read(
    struct nor *nor, uint32_t offset, uint8_t *bytes, uint32_t size_bytes);

enum abi_stub_status nor_check_blank(
    struct nor *nor, uint32_t offset, uint32_t size_bytes, struct nor_blank *blank);

enum abi_stub_status nor_compare(struct nor *nor, uint32_t offset, const uint8_t *bytes,
    uint32_t size_bytes, struct nor_difference *difference);

/* ABI_STATUS_BAD_COMMAND unless the range lies within the chip and is not empty. */
enum abi_stub_status nor_check_range(const struct nor *nor, uint32_t offset, uint32_t size_bytes);

#endif
