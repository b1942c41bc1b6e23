/* RANGE arguments of a command line. */
#ifndef HOST_CLI_RANGES_H
#define HOST_CLI_RANGES_H

#include "host/cli/command.h"
#include "host/flash/locate.h"

struct ranges {
    struct flash_range *ranges; /* owned */
    size_t count;
};

/* Every argument is a range; at least one. */
MUST_USE bool ranges_parse(
    struct ranges *ranges, struct cli *cli, const struct board *board, struct error *err);
void ranges_free(struct ranges *ranges);

#endif
