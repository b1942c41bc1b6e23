/* What a virtual board consists of: one table file per board, no code. */
#ifndef SIM_BOARD_H
#define SIM_BOARD_H

#include "sim/soc.h"
#include "sim/xspi.h"

#include <stdint.h>

struct sim_board {
    const char *name;
    const char *mcu;
    const struct sim_soc *soc;
    const char *probe_board_id; /* four characters as the ST-LINK reports them, "0000": none */
    const struct sim_gpio_led *leds;
    unsigned led_count;
    const struct sim_xspi_wire *wires;
    unsigned wire_count;
    /* The one external memory; memory_part is NULL on a board that has none. */
    const char *memory_name; /* as in <memory>.bin */
    const char *memory_part;
    unsigned memory_port; /* XSPIM port */
    uint32_t memory_addr; /* of its window: where the hand-over to an application is checked */
    uint32_t memory_bytes;
    uint64_t hse_hz;    /* crystal */
    uint32_t target_mv; /* as the probe measures it */
};

const struct sim_board *sim_board_find(const char *name);
/* NULL when index is out of range. */
const struct sim_board *sim_board_at(unsigned index);

extern const struct sim_board sim_board_nucleo_h7s3l8;
extern const struct sim_board sim_board_h750_bare;

#endif
