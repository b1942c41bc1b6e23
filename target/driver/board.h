/* What a board blob says is done here: clocks, pins and controller are set up, the chip is brought
 * into a mode, and mapped. Stub and bootloader go the same way. */
#ifndef TARGET_DRIVER_BOARD_H
#define TARGET_DRIVER_BOARD_H

#include "target/driver/blob.h"
#include "target/driver/bus_run.h"

struct board {
    const struct abi_blob *blob; /* checked */
    struct clock *clock;
    struct detail detail; /* of the last failure */
    struct bus bus;
};

/* blob has passed blob_check() and stays valid, as do clock and drivers. Touches no hardware. */
void board_init(struct board *board, const struct abi_blob *blob, struct clock *clock,
    const struct ctrl_driver *const *drivers);

/* Closes external memory, runs program_regs, sets the controller up for detection. */
enum abi_stub_status board_start(struct board *board);

/* From any mode of the chip to 1 line STR. */
enum abi_stub_status board_recover(struct board *board);

/* From 1 line STR to the program bus, and back. */
enum abi_stub_status board_enter_program(struct board *board);
enum abi_stub_status board_leave_program(struct board *board);

/* From 1 line STR: run_regs, and the run bus. board_start() and board_recover() lead back, which
 * means that program_regs has to lead back from the clocks of run_regs. */
enum abi_stub_status board_enter_run(struct board *board);

/* Maps the chip in its run mode and opens its bytes, and only those, for reading. */
enum abi_stub_status board_map(struct board *board);
void board_unmap(struct board *board);

#endif
