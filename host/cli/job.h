/* One programming job: the part that `program` and `run` share. */
#ifndef HOST_CLI_JOB_H
#define HOST_CLI_JOB_H

#include "host/cli/images.h"
#include "host/cli/work.h"
#include "host/flash/boot.h"

enum job_boot_mode { JOB_BOOT_CHECK, JOB_BOOT_INSTALL, JOB_BOOT_NONE };

struct job {
    struct cli *cli;
    struct work work;
    struct images images;
    struct flash_plan_options plan_options;
    struct flash_plan plan;
    enum job_boot_mode boot_mode;
    bool must_start; /* `run`: pointless without a bootloader that starts it */
    bool has_boot;   /* the board has a checked boot and it was looked at */
    enum flash_boot_state boot_state;
    struct flash_bootloader bootloader;
    struct image *boot_image; /* part of the plan when it is to be installed */
    struct abi_boot_record old_record;
    bool has_old_record;
    struct flash_engine_result result;
    bool is_dry_run; /* plain --dry-run: no probe is opened */
};

/* Reads all input and makes the first plan; nothing is opened. */
MUST_USE bool job_prepare(struct job *job, struct error *err);
/* Connects, looks at bootloader and record, makes the final plan, carries it out. */
MUST_USE bool job_carry_out(struct job *job, struct error *err);
/* What it came to: for people at once, as the record at the very end. */
void job_show_text(struct job *job);
void job_write_record(struct job *job);
/* Frees all but work, which work_close() ends. */
void job_free(struct job *job);

#endif
