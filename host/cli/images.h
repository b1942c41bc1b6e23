/* The images of a command line: FILE, FILE@WHERE, WHERE FILE. */
#ifndef HOST_CLI_IMAGES_H
#define HOST_CLI_IMAGES_H

#include "host/cli/options.h"
#include "host/flash/plan.h"

struct images {
    struct flash_request *requests;
    struct image **owned; /* the images that the requests point to */
    size_t count;
};

/* Reads every file and finds every place. An image without WHERE and without addresses of its own
 * goes to the boot entry partition, and only one may. */
MUST_USE bool images_load(struct images *images, const struct board *board,
    const struct options *options, struct error *err);
void images_free(struct images *images);

/* _SEGGER_RTT of the first image that has it; 0: none. */
uint32_t images_rtt_addr(const struct images *images);

#endif
