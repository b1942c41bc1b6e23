/* The last record of every command: the same members whether it went well or not. */
#ifndef HOST_CLI_RESULT_H
#define HOST_CLI_RESULT_H

#include "host/cli/command.h"

/* Starts the record, up to and including the open object "ms": phases may follow. boot: state of
 * the bootloader, NULL when nobody looked. */
void result_begin(
    struct cli *cli, struct record *record, int exit_code, bool verified, const char *boot);
/* Ends "ms" with the total and tells whose clock it is: images and rates may follow. */
void result_end_times(struct cli *cli, struct record *record);
/* Writes the record. */
void result_end(struct cli *cli, struct record *record);

#endif
