/* A board on the bench with its memories at hand: connection and flash session of one command, and
 * how the board is left. */
#ifndef HOST_CLI_WORK_H
#define HOST_CLI_WORK_H

#include "host/cli/connection.h"
#include "host/flash/boot.h"
#include "host/flash/engine.h"
#include "host/flash/session.h"

struct work {
    struct connection connection;
    struct flash_session *session;
    char *journal_directory; /* owned */
    struct flash_listener listener;
    bool owes_reset;    /* RAM and clocks of the target were changed */
    bool stops_program; /* the command stops a program it has no business with: one line says so */
    bool is_shown[BOARD_MAX_MEMORIES]; /* memory already reported */
};

/* Probe, MCU, stub. */
MUST_USE bool work_open(struct work *work, struct cli *cli, struct error *err);
/* Leaves the target as --after says when ok, else as safe as can be (reset and running), and ends
 * the flash session. Returns ok, or false with *err when leaving it failed. */
MUST_USE bool work_leave(struct work *work, struct cli *cli, bool ok, struct error *err);
/* Releases probe and board; after work_leave(). */
void work_free(struct work *work, struct cli *cli);
/* Both. */
MUST_USE bool work_close(struct work *work, struct cli *cli, bool ok, struct error *err);
/* Selects a memory and reports it the first time. */
MUST_USE bool work_select(struct work *work, struct cli *cli, size_t memory,
    struct flash_device **device, struct error *err);
/* The session as a source for the engine, reporting memories as they are selected. */
void work_engine_options(struct work *work, struct cli *cli, struct flash_engine_options *options);
/* Whether every part is in the board file. "auto" ones are known only once the chip was asked,
 * which work_open() does: plans have to wait for it. */
bool work_parts_are_known(const struct board *board);
/* The error of a plain --dry-run on such a board. */
bool work_needs_target(struct error *err);
/* The boot record in the chip, which a plan has to know; none on a board without checked boot. */
MUST_USE bool work_read_record(struct work *work, struct cli *cli, struct abi_boot_record *record,
    bool *is_valid, struct error *err);
/* Text, record "memory". */
void work_report_memory(struct work *work, struct cli *cli, size_t memory);

#endif
