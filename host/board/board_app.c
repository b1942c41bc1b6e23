#include "host/board/board_app.h"

#include "host/board/blob_parts.h"

#include <stdlib.h>
#include <string.h>

/* A copy of what was collected; false when out of memory. */
static bool keep(const struct blob_regs *regs, struct board_script *script)
{
    script->count = regs->count;
    script->steps = calloc(regs->count + 1, sizeof *script->steps);
    if (script->steps != NULL && regs->count > 0) {
        memcpy(script->steps, regs->steps, regs->count * sizeof *script->steps);
    }
    return script->steps != NULL;
}

static bool make_led(const struct board *board, struct blob_regs *regs, struct board_app *app)
{
    const struct mcu *mcu = &board->details->mcu;
    const struct mcu_pin *pin = board->details->leds[0];
    bool active_high = board->leds[0].active_high;

    app->led_name = board->leds[0].name;
    regs->count = 0;
    blob_pins_ports(regs, mcu, &pin, 1);
    blob_pins_output(regs, mcu, pin, active_high ? BOARD_DRIVE_LOW : BOARD_DRIVE_HIGH);
    if (!keep(regs, &app->led_setup)) {
        return false;
    }
    regs->count = 0;
    blob_pins_level(regs, mcu, pin, active_high);
    if (!keep(regs, &app->led_on)) {
        return false;
    }
    regs->count = 0;
    blob_pins_level(regs, mcu, pin, !active_high);
    return keep(regs, &app->led_off);
}

static bool make_flash(const struct board *board, struct board_app *app, struct error *err)
{
    const struct board_partition *entry = &board->partitions[board->boot_partition];
    uint32_t offset = 0;
    uint32_t unit_bytes = 0;

    if (board->boot_kind != BOARD_BOOT_XFLASH) {
        return true;
    }
    if (board->boot_check_crc && !board_boot_record_place(board, &offset, &unit_bytes, err)) {
        return false;
    }
    app->flash.addr = board->memories[entry->memory_index].window_addr + entry->offset;
    app->flash.size_bytes = entry->size_bytes - unit_bytes;
    app->window.addr = board->memories[entry->memory_index].window_addr;
    app->window.size_bytes = board->memories[entry->memory_index].window_bytes;
    app->chip_bytes = board->memories[entry->memory_index].part.size_bytes; /* 0: "auto" */
    return true;
}

bool board_app_make(const struct board *board, struct board_app *app, struct error *err)
{
    const struct mcu *mcu = &board->details->mcu;
    struct blob_regs *regs = calloc(1, sizeof *regs);
    bool good = regs != NULL;

    memset(app, 0, sizeof *app);
    app->core_hz = mcu->core_hz;
    app->fast_core_hz = mcu->fast_core_hz != 0 ? mcu->fast_core_hz : mcu->core_hz;
    app->ram = board->mcu.app_ram;
    if (good) {
        blob_regs_script(regs, &mcu->fast);
        good =
            keep(regs, &app->fast_clock) && (board->led_count == 0 || make_led(board, regs, app));
    }
    free(regs);
    if (!good) {
        board_app_free(app);
        return error_set(err, ERROR_INTERNAL, "out of memory");
    }
    if (!make_flash(board, app, err)) {
        board_app_free(app);
        return false;
    }
    return true;
}

void board_app_free(struct board_app *app)
{
    free(app->led_setup.steps);
    free(app->led_on.steps);
    free(app->led_off.steps);
    free(app->fast_clock.steps);
    memset(app, 0, sizeof *app);
}
