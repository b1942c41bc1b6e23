/* The whole virtual board in memory, and its debug port, for the tests of the machine. */
#ifndef HELPERS_BOARD_H
#define HELPERS_BOARD_H

#include "sim/machine.h"

#include <stddef.h>

#define BOARD_DHCSR UINT32_C(0xE000EDF0)

struct board_test {
    struct sim_machine_storage storage;
    struct sim_machine *machine;
};

void board_create(struct board_test *test);
/* A program at the start of internal flash: stack pointer, entry, then code. */
void board_put_program(struct board_test *test, const uint16_t *code, size_t count);
/* Power on and debug power requested; the boot ROM has just begun. */
void board_power_up(struct board_test *test);
void board_free(struct board_test *test);

void board_advance_us(struct board_test *test, uint64_t duration_us);
/* Through access port 1. */
enum sim_ack board_read(struct board_test *test, uint32_t addr, uint32_t *value);
enum sim_ack board_write(struct board_test *test, uint32_t addr, uint32_t value);
void board_clear_errors(struct board_test *test);

#endif
