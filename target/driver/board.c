#include "target/driver/board.h"

#include "target/driver/mpu.h"
#include "target/driver/reg_script.h"

#include <stddef.h>

void board_init(struct board *board, const struct abi_blob *blob, struct clock *clock,
    const struct ctrl_driver *const *drivers)
{
    *board = (struct board){.blob = blob, .clock = clock};
    board->bus = (struct bus){
        .ctrl = {.clock = clock, .detail = &board->detail},
        .drivers = drivers,
        .setups = blob_ctrl_setups(blob),
        .setup_count = blob->ctrl.count,
    };
    clock->watchdog_addr = blob->watchdog_addr;
}

static uint32_t highest_hz(const struct abi_blob *blob)
{
    return blob->core_hz_run > blob->core_hz_program ? blob->core_hz_run : blob->core_hz_program;
}

/* While the script runs the core clock is one of the two, and the higher one is assumed. */
static enum abi_stub_status run_script(
    struct board *board, const struct abi_blob_section *section, uint32_t core_hz_after)
{
    struct reg_script_failure failure = {0};
    enum abi_stub_status status = ABI_STATUS_OK;

    clock_set_core_hz(board->clock, highest_hz(board->blob));
    status = reg_script_run(
        blob_reg_steps(board->blob, section), section->count, board->clock, &failure);
    if (status == ABI_STATUS_OK) {
        clock_set_core_hz(board->clock, core_hz_after);
    } else if (status == ABI_STATUS_REG_TIMEOUT) {
        board->detail.value[0] = failure.addr;
        board->detail.value[1] = failure.value;
    }
    return status;
}

static enum abi_stub_status run_list(struct board *board, const struct abi_blob_section *section)
{
    uint32_t stored_bytes = 0;

    return bus_run(
        &board->bus, blob_bus_steps(board->blob, section), section->count, NULL, &stored_bytes);
}

enum abi_stub_status board_start(struct board *board)
{
    enum abi_stub_status status = ABI_STATUS_OK;

    mpu_close();
    if (board->bus.ctrl.driver != NULL) {
        (void)board->bus.ctrl.driver->stop(&board->bus.ctrl);
    }
    status = run_script(board, &board->blob->program_regs, board->blob->core_hz_program);
    return status == ABI_STATUS_OK ? bus_set_up(&board->bus, ABI_CTRL_DETECT) : status;
}

enum abi_stub_status board_recover(struct board *board)
{
    enum abi_stub_status status = bus_set_up(&board->bus, ABI_CTRL_DETECT);

    return status == ABI_STATUS_OK ? run_list(board, &board->blob->recover) : status;
}

enum abi_stub_status board_enter_program(struct board *board)
{
    enum abi_stub_status status = run_list(board, &board->blob->enter_program);

    return status == ABI_STATUS_OK ? bus_set_up(&board->bus, ABI_CTRL_PROGRAM) : status;
}

enum abi_stub_status board_leave_program(struct board *board)
{
    enum abi_stub_status status = run_list(board, &board->blob->leave_program);

    return status == ABI_STATUS_OK ? bus_set_up(&board->bus, ABI_CTRL_DETECT) : status;
}

enum abi_stub_status board_enter_run(struct board *board)
{
    enum abi_stub_status status =
        run_script(board, &board->blob->run_regs, board->blob->core_hz_run);

    if (status == ABI_STATUS_OK) {
        status = bus_set_up(&board->bus, ABI_CTRL_RUN_SETUP);
    }
    if (status == ABI_STATUS_OK) {
        status = run_list(board, &board->blob->enter_run);
    }
    return status == ABI_STATUS_OK ? bus_set_up(&board->bus, ABI_CTRL_RUN) : status;
}

enum abi_stub_status board_map(struct board *board)
{
    const struct abi_memory *memory = blob_memory(board->blob);
    struct ctrl *ctrl = &board->bus.ctrl;
    enum abi_stub_status status = ABI_STATUS_NO_SETUP; /* of a blob for detection only */

    if (memory != NULL) {
        status = ctrl->driver->map(ctrl, &memory->run_read, &memory->run_write);
    }
    if (status == ABI_STATUS_OK) {
        mpu_open_chip(ctrl->setup->window_addr, memory->size_bytes);
    }
    return status;
}

void board_unmap(struct board *board)
{
    mpu_close();
    (void)board->bus.ctrl.driver->stop(&board->bus.ctrl);
}
