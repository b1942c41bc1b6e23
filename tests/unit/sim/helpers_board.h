/* The whole virtual board in memory, and its debug port, for the tests of the machine. */
#ifndef HELPERS_BOARD_H
#define HELPERS_BOARD_H

#include "sim/machine.h"

#include <stddef.h>

#define BOARD_DHCSR UINT32_C(0xE000EDF0)

struct board_test {
    struct sim_machine_storage storage;
    struct sim_machine *machine;
    const struct sim_board *board;
    unsigned core_ap;
};

void board_create(struct board_test *test); /* nucleo-h7s3l8 */
void board_create_as(struct board_test *test, const char *name);
/* A program at the start of internal flash: stack pointer, entry, then code. */
void board_put_program(struct board_test *test, const uint16_t *code, size_t count);
/* Power on and debug power requested; the boot ROM has just begun. */
void board_power_up(struct board_test *test);
void board_free(struct board_test *test);

void board_advance_us(struct board_test *test, uint64_t duration_us);
/* Through the access port of the core. */
enum sim_ack board_read(struct board_test *test, uint32_t addr, uint32_t *value);
enum sim_ack board_write(struct board_test *test, uint32_t addr, uint32_t value);
void board_clear_errors(struct board_test *test);

#endif
