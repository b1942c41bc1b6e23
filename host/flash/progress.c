#include "host/flash/progress.h"

#include "host/base/os.h"

#include <string.h>

const char *flash_phase_name(enum flash_phase phase)
{
    static const char *const names[FLASH_PHASE_COUNT] = {
        [FLASH_PHASE_RESTORE] = "restore",
        [FLASH_PHASE_COMPARE] = "compare",
        [FLASH_PHASE_WRITE] = "write",
        [FLASH_PHASE_VERIFY] = "verify",
        [FLASH_PHASE_RECORD] = "record",
        [FLASH_PHASE_READ] = "read",
        [FLASH_PHASE_BLANK] = "blank",
        [FLASH_PHASE_ERASE] = "erase",
        [FLASH_PHASE_MAPPED] = "mapped",
    };

    return (unsigned)phase < FLASH_PHASE_COUNT ? names[phase] : "?";
}

void flash_meter_start(struct flash_meter *meter, const struct flash_listener *listener,
    struct flash_device *device, enum flash_phase phase, uint64_t total_bytes)
{
    memset(meter, 0, sizeof *meter);
    meter->listener = listener;
    meter->device = device;
    meter->progress.phase = phase;
    meter->progress.memory = device->geometry.name;
    meter->progress.total_bytes = total_bytes;
    meter->start_ns = device->driver->now_ns(device);
    flash_meter_report(meter, 0);
}

void flash_meter_report(struct flash_meter *meter, uint64_t done_bytes)
{
    struct flash_progress *progress = &meter->progress;

    progress->done_bytes = done_bytes;
    progress->elapsed_ns = meter->device->driver->now_ns(meter->device) - meter->start_ns;
    progress->bytes_per_s =
        progress->elapsed_ns / 1000 == 0 ? 0 : done_bytes * 1000000 / (progress->elapsed_ns / 1000);
    if (meter->listener != NULL && meter->listener->progress != NULL) {
        meter->listener->progress(meter->listener->context, progress);
    }
}

void flash_meter_stop(struct flash_meter *meter, uint64_t *elapsed_ns)
{
    flash_meter_report(meter, meter->progress.total_bytes);
    *elapsed_ns += meter->progress.elapsed_ns;
}

void flash_meter_end(struct flash_meter *meter, bool ok, uint64_t *elapsed_ns)
{
    if (ok) {
        flash_meter_stop(meter, elapsed_ns);
    }
}

bool flash_check_signal(struct flash_device *device, struct error *err)
{
    if (os_signal_pending() == 0) {
        return true;
    }
    if (!device->driver->finish(device, err)) {
        return false; /* the device has noticed the signal itself, or failed */
    }
    return os_signal_fail(err);
}
