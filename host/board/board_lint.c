/* `board lint`: what can be known to go wrong without a board on the desk. */
#include "host/base/os.h"
#include "host/board/blob_parts.h"
#include "host/board/board_details.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { LINT_HSLV_MAX_MV = 2700 };

static void lint_speed(const struct board *board, size_t index, struct log *log)
{
    const struct board_memory *memory = &board->memories[index];
    const struct mcu_controller *controller = board->details->memories[index].controller;
    uint32_t io_khz = controller->io_hz / 1000;

    if (memory->run_khz_wanted <= io_khz) {
        return;
    }
    if (memory->supply_mv == 0) {
        log_write(log, LOG_WARNING, "supply-unknown",
            "\"%s\": a run clock above %" PRIu32 " kHz needs \"supply_mv\": it decides whether the "
            "pads' fast mode (HSLV) may be used",
            memory->name, io_khz);
    } else if (memory->supply_mv > LINT_HSLV_MAX_MV) {
        log_write(log, LOG_WARNING, "hslv-supply",
            "\"%s\": a run clock above %" PRIu32 " kHz needs HSLV, which damages the pads at "
            "%" PRIu32 " mV: never set that option bit on this board",
            memory->name, io_khz, memory->supply_mv);
    }
}

/* Silicon rule 6: an application may raise HCLK while it executes from the memory. */
static void lint_worst_case_clock(const struct board *board, size_t index, struct log *log)
{
    const struct mcu *mcu = &board->details->mcu;
    const struct board_memory *memory = &board->memories[index];
    const struct mcu_controller *controller = board->details->memories[index].controller;

    if (controller->run_pll < mcu->pll_count) {
        log_write(log, LOG_INFO, NULL,
            "\"%s\": %s runs from %s, locked: no application changes its clock", memory->name,
            controller->name, mcu->plls[controller->run_pll].name);
    } else {
        log_write(log, LOG_WARNING, "bus-clock",
            "\"%s\": %s runs from the bus clock; the prescaler allows for %" PRIu32 " MHz, the "
            "highest one",
            memory->name, controller->name, mcu->bus_max_hz / 1000000);
    }
}

static void lint_wiring(const struct board *board, size_t index, struct log *log)
{
    const struct board_memory *memory = &board->memories[index];
    const struct board_memory_details *details = &board->details->memories[index];
    unsigned wired = 0;

    for (size_t i = 0; i < 8; i++) {
        wired += details->pins[MCU_IO0 + i] != NULL;
    }
    if (wired != board_wired_lines(details)) {
        log_write(log, LOG_WARNING, "wiring",
            "\"%s\": %u data lines are named, but only IO0 to IO%u can be used together",
            memory->name, wired, board_wired_lines(details) - 1);
    }
    for (size_t i = 0; i < memory->part.mode_count; i++) {
        const struct part_mode *mode = &memory->part.modes[i];
        const char *obstacle = board_mode_obstacle(details, mode);

        if (obstacle != NULL) {
            log_write(log, LOG_WARNING, "mode-not-wired", "\"%s\": %s cannot be used: it %s",
                memory->name, mode->name, obstacle);
        }
    }
    if (memory->part.size_bytes > memory->window_bytes) {
        log_write(log, LOG_WARNING, "window",
            "\"%s\": only the first %" PRIu32 " MiB can be mapped", memory->name,
            memory->window_bytes >> 20);
    }
}

static bool lint_blob(const struct board *board, size_t index, struct log *log, struct error *err)
{
    uint8_t *bytes = malloc(ABI_BLOB_MAX_BYTES);
    size_t size_bytes = 0;
    bool good = false;

    if (bytes == NULL) {
        return error_set(err, ERROR_INTERNAL, "out of memory");
    }
    good = board_blob_make(board, index, 0, log, bytes, ABI_BLOB_MAX_BYTES, &size_bytes, err);
    free(bytes);
    return good;
}

static bool lint_boot(const struct board *board, struct log *log, struct error *err)
{
    const struct board_partition *entry = &board->partitions[board->boot_partition];
    const struct board_memory *memory = &board->memories[entry->memory_index];

    if (board->boot_kind != BOARD_BOOT_XFLASH) {
        return true;
    }
    if (memory->part_is_auto && board->boot_check_crc) {
        log_write(log, LOG_WARNING, "record-place",
            "the boot record takes the last erase unit of \"%s\", whose size is known only once "
            "the chip has been asked",
            entry->name);
    }
    if (entry->offset >= memory->window_bytes ||
        entry->size_bytes > memory->window_bytes - entry->offset) {
        return error_set(err, ERROR_BOARD_BAD,
            "%s: partition \"%s\" reaches past the mapped window: nothing can run there",
            board->path, entry->name);
    }
    if (memory->kind == BOARD_MEMORY_PSRAM) {
        return error_set(err, ERROR_BOARD_BAD,
            "%s: partition \"%s\" is in a RAM: it is empty after power-on", board->path,
            entry->name);
    }
    return true;
}

static bool lint_stlink_id(
    const struct board *board, const char *id, struct log *log, struct error *err)
{
    char **names = NULL;
    size_t count = 0;

    if (!board_list_for_stlink_id(id, &names, &count, err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], board->name) != 0) {
            log_write(log, LOG_WARNING, "board-id-claimed",
                "the ST-LINK identifier \"%s\" is claimed by the board \"%s\", too: neither is "
                "recognised by it",
                id, names[i]);
        }
    }
    os_free_names(names, count);
    return true;
}

/* Two boards with one identifier: neither is recognised by it any more. */
static bool lint_stlink_ids(const struct board *board, struct log *log, struct error *err)
{
    for (size_t i = 0; i < board->stlink_id_count; i++) {
        if (!lint_stlink_id(board, board->stlink_ids[i], log, err)) {
            return false;
        }
    }
    return true;
}

bool board_lint(const struct board *board, struct log *log, struct error *err)
{
    for (size_t i = 0; i < board->memory_count; i++) {
        lint_wiring(board, i, log);
        lint_speed(board, i, log);
        lint_worst_case_clock(board, i, log);
        if (!lint_blob(board, i, log, err)) {
            return false;
        }
    }
    if (board->led_count == 0) {
        log_write(log, LOG_INFO, NULL, "no LED is named: blinky shows its state in the log only");
    }
    return lint_stlink_ids(board, log, err) && lint_boot(board, log, err);
}
