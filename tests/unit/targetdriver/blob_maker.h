/* A board blob for the chip model, and ways to spoil it. */
#ifndef TESTS_TARGETDRIVER_BLOB_MAKER_H
#define TESTS_TARGETDRIVER_BLOB_MAKER_H

#include "abi/blob.h"

enum { BLOB_MAKER_WORDS = ABI_BLOB_MAX_BYTES / 4 };

#define BLOB_REG_ADDR    0x58024400u /* program_regs writes 1 there, and run_regs 2 */
#define BLOB_ENTRY_ADDR  0x70000000u
#define BLOB_RECORD_ADDR 0x7000F000u
#define BLOB_REASON_ADDR 0x20008000u
#define BLOB_RAM_ADDR    0x24000000u

enum { BLOB_PARTITION_BYTES = 0x10000, BLOB_RAM_BYTES = 0x20000 };

/* words has room for BLOB_MAKER_WORDS. The chip is taken to be in either mode; recover resets it,
 * enter_program and enter_run bring it into 8 lines DTR. */
struct abi_blob *blob_make(uint32_t *words);

/* The first entry of a section, to be spoilt. */
void *blob_section(struct abi_blob *blob, const struct abi_blob_section *section);

/* After a change: the checksum is right again. */
void blob_seal(struct abi_blob *blob);

#endif
