/* From options to a board on the bench: which board file, which probe, the MCU behind it. */
#ifndef HOST_CLI_CONNECTION_H
#define HOST_CLI_CONNECTION_H

#include "host/board/board.h"
#include "host/cli/command.h"
#include "host/probe/probe.h"
#include "host/target/target.h"

struct connection {
    struct board *board;
    const char *board_source; /* where the choice came from */
    struct probe *probe;
    struct target *target;
    bool shows_protection; /* the target's record tells it: costs accesses, so only for `info` */
};

/* Loads the board file when it can be known without a probe (-b, XFLASH_BOARD, xflash.json, the
 * virtual board's name), so that input can be checked before anything is opened. board stays NULL
 * otherwise. */
MUST_USE bool connection_choose_board(
    struct connection *connection, struct cli *cli, struct error *err);
/* The same, but a board there must be: when nothing names one, the probe is opened to find out
 * more, and ERROR_BOARD_UNKNOWN says what was found. */
MUST_USE bool connection_need_board(
    struct connection *connection, struct cli *cli, struct error *err);
/* Opens the probe, chooses the board if that is still open, connects and identifies the MCU.
 * Does nothing when that has been done. */
MUST_USE bool connection_open(struct connection *connection, struct cli *cli,
    enum target_connect fallback, struct error *err);
/* What SWD carries at the clock in use, for estimates. */
uint32_t connection_link_bytes_per_s(const struct connection *connection);
/* Releases everything; members may be NULL. */
void connection_close(struct connection *connection, struct cli *cli);

#endif
