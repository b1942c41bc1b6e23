/* h750-bare: an STM32H750 with power, crystal and debug connector, and nothing else. */
#include "sim/board.h"

const struct sim_board sim_board_h750_bare = {
    .name = "h750-bare",
    .mcu = "STM32H750VB",
    .soc = &sim_soc_h750,
    .probe_board_id = "0000",
    .hse_hz = 25000000, /* mcu.md 5: the small boards with this MCU */
    .target_mv = 3300,
};
