#include "sim/board.h"

#include <string.h>

static const struct sim_board *const boards[] = {&sim_board_nucleo_h7s3l8, &sim_board_h750_bare};

const struct sim_board *sim_board_at(unsigned index)
{
    return index < sizeof boards / sizeof boards[0] ? boards[index] : NULL;
}

const struct sim_board *sim_board_find(const char *name)
{
    for (unsigned i = 0; i < sizeof boards / sizeof boards[0]; i++) {
        if (strcmp(boards[i]->name, name) == 0) {
            return boards[i];
        }
    }
    return NULL;
}
