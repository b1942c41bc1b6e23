/* From a connected target to memories that can be worked on: known state, stub, board blob, ID,
 * program bus. One at a time is in program mode; the session changes over by itself. */
#ifndef HOST_FLASH_SESSION_H
#define HOST_FLASH_SESSION_H

#include "host/base/log.h"
#include "host/flash/detect.h"
#include "host/flash/device.h"
#include "host/stub/stub_client.h"

struct flash_session;

/* What has been found out about a memory so far; a failure leaves what came before it. */
struct flash_memory_info {
    bool has_id;
    uint8_t id[FLASH_ID_BYTES];
    size_t id_bytes; /* how many of them are the ID of the part; 3 when it is not known */
    bool has_sfdp;
    struct sfdp sfdp;
    uint8_t sfdp_bytes[FLASH_SFDP_MAX_BYTES];
    size_t sfdp_count;
    bool has_part;         /* board->memories[].part is that of the chip */
    bool is_ready;         /* in program mode, and its ID was read there too */
    char program_mode[16]; /* "8S-8S-8S" */
    uint32_t program_hz;
    uint32_t run_hz;
    bool has_status;
    uint8_t status;       /* status register */
    uint8_t protect_bits; /* of status: block protection */
};

/* Prepares the target and starts the stub. board: parts that are "auto" are filled in. Target and
 * board must outlive the session. */
MUST_USE bool flash_session_open(struct target *target, struct board *board, struct log *log,
    struct flash_session **out, struct error *err);
/* Leaves the chip idle in one-line mode, stops the core. What goes wrong goes to the log as a
 * warning. NULL allowed. The caller then resets, halts or runs the target. */
void flash_session_close(struct flash_session *session);

/* Brings a memory (its number as in geometry.h) into program mode; nothing is done when it is there
 * already. ERROR_MEMORY_NO_ID, ERROR_MEMORY_WRONG_ID, ERROR_MEMORY_BUS_CORRUPT. The device lives
 * until another external memory is selected or the session is closed. */
MUST_USE bool flash_session_select(
    struct flash_session *session, size_t memory, struct flash_device **device, struct error *err);
/* The same as a source for the engine. Owned by the session. */
struct flash_device_source *flash_session_source(struct flash_session *session);
/* Only looks: set-up, ID, SFDP, status. For `info`; goes on as far as it can and returns the first
 * failure. */
const struct flash_memory_info *flash_session_info(
    const struct flash_session *session, size_t memory);
struct stub_client *flash_session_stub(struct flash_session *session);
struct target *flash_session_target(struct flash_session *session);
struct board *flash_session_board(struct flash_session *session);
struct log *flash_session_log(struct flash_session *session);
/* Option bits: XSPI ports with HSLV really enabled, as board_blob_make() wants them. */
uint32_t flash_session_hslv(const struct flash_session *session);

#endif
