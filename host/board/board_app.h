/* What generated headers and linker fragments of applications need of a board: scripts for the
 * first LED and for the fast clocks, and where an image lies. Used by tools/appgen.c. */
#ifndef HOST_BOARD_BOARD_APP_H
#define HOST_BOARD_BOARD_APP_H

#include "host/board/board.h"

struct board_app {
    uint32_t core_hz;      /* when the application starts */
    uint32_t fast_core_hz; /* after fast_clock; equal to core_hz when the MCU file has none */
    const char *led_name;  /* of the first LED; NULL: none, and the scripts are empty */
    struct board_script led_setup; /* off */
    struct board_script led_on;
    struct board_script led_off;
    struct board_script fast_clock;
    struct board_range flash;  /* of the image, without the boot record's unit */
    struct board_range window; /* of the memory with the entry partition; size 0: none */
    uint32_t chip_bytes;       /* of it that the memory fills */
    struct board_range ram;
};

/* Freed with board_app_free(). Without an entry partition, flash.size_bytes is 0. */
MUST_USE bool board_app_make(const struct board *board, struct board_app *app, struct error *err);
void board_app_free(struct board_app *app);

#endif
