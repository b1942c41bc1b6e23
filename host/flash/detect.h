/* Which memory is there: ID and SFDP table read in one-line mode, and what a wrong answer means. */
#ifndef HOST_FLASH_DETECT_H
#define HOST_FLASH_DETECT_H

#include "host/board/board.h"
#include "host/board/sfdp.h"
#include "host/stub/stub_client.h"

enum { FLASH_ID_BYTES = 8, FLASH_SFDP_MAX_BYTES = 2048, FLASH_SYMPTOM_BYTES = 32 };

/* Names what is wrong with an ID: "all-ff", "all-00", "all-88", "shifted-one-byte",
 * "shifted-one-bit", "doubled", "swapped-pairs", "line-stuck:IO2", or "" when nothing fits (then it
 * may be just another memory). expected may be NULL. Pure. */
void flash_detect_symptom(
    const uint8_t *found, const uint8_t *expected, size_t count, char symptom[FLASH_SYMPTOM_BYTES]);
/* The error for an ID that is not the expected one: ERROR_MEMORY_NO_ID, ERROR_MEMORY_WRONG_ID or
 * ERROR_MEMORY_BUS_CORRUPT. expected NULL: not known, and true when the ID is plausible. */
MUST_USE bool flash_detect_judge(const char *memory, const uint8_t *found, const uint8_t *expected,
    size_t count, struct error *err);

/* Reads the JEDEC ID in one-line mode, twice; ERROR_MEMORY_BUS_CORRUPT when they differ. */
MUST_USE bool flash_detect_read_id(
    struct stub_client *stub, uint8_t id[FLASH_ID_BYTES], struct error *err);
/* Reads count bytes of the SFDP space from offset on. */
MUST_USE bool flash_detect_read_sfdp(
    struct stub_client *stub, uint32_t offset, uint8_t *bytes, size_t count, struct error *err);
/* Reads and decodes the whole table: every byte twice, compared. *count: bytes read. */
MUST_USE bool flash_detect_sfdp(struct stub_client *stub, uint8_t bytes[FLASH_SFDP_MAX_BYTES],
    size_t *count, struct sfdp *sfdp, struct error *err);

#endif
