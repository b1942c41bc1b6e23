/* How a plan and its outcome are shown. */
#ifndef HOST_CLI_PLAN_VIEW_H
#define HOST_CLI_PLAN_VIEW_H

#include "host/cli/images.h"
#include "host/cli/work.h"
#include "host/flash/engine.h"

/* The record "plan", and with as_result its text on stdout (--dry-run). link_bytes_per_s: for the
 * estimate; 0: not known. */
MUST_USE bool plan_view_show(struct cli *cli, const struct board *board,
    const struct flash_plan *plan, uint32_t link_bytes_per_s, bool as_result, struct error *err);

/* What a run came to, for people. */
void plan_view_text(
    struct cli *cli, const struct flash_plan *plan, const struct flash_engine_result *result);
/* The record "result". images NULL: none (erase). boot: state of the bootloader. */
void plan_view_record(struct cli *cli, const struct images *images, const struct flash_plan *plan,
    const struct flash_engine_result *result, const char *boot);

#endif
