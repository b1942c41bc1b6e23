/* What a run tells its caller while it works, and how a signal stops it. */
#ifndef HOST_FLASH_PROGRESS_H
#define HOST_FLASH_PROGRESS_H

#include "host/flash/device.h"

enum flash_phase {
    FLASH_PHASE_RESTORE, /* kept bytes of an earlier run that was cut off */
    FLASH_PHASE_COMPARE, /* what is in the chip already */
    FLASH_PHASE_WRITE,   /* erase and program, interleaved */
    FLASH_PHASE_VERIFY,
    FLASH_PHASE_RECORD,
    FLASH_PHASE_READ,
    FLASH_PHASE_BLANK,
    FLASH_PHASE_ERASE,  /* flash-test only: erase by itself */
    FLASH_PHASE_MAPPED, /* flash-test only: reading through the window */
    FLASH_PHASE_COUNT
};

const char *flash_phase_name(enum flash_phase phase);

struct flash_progress {
    enum flash_phase phase;
    const char *memory;
    uint64_t done_bytes;
    uint64_t total_bytes;
    uint64_t bytes_per_s; /* since the phase began; 0: not known yet */
    uint64_t elapsed_ns;
};

struct flash_listener {
    void (*progress)(void *context, const struct flash_progress *progress); /* NULL: nobody */
    void *context;
};

/* The state of one phase; kept by whoever runs it. */
struct flash_meter {
    const struct flash_listener *listener; /* NULL allowed */
    struct flash_device *device;
    struct flash_progress progress;
    uint64_t start_ns;
};

void flash_meter_start(struct flash_meter *meter, const struct flash_listener *listener,
    struct flash_device *device, enum flash_phase phase, uint64_t total_bytes);
/* Reports done_bytes. */
void flash_meter_report(struct flash_meter *meter, uint64_t done_bytes);
/* Reports the end and adds the time taken to *elapsed_ns. */
void flash_meter_stop(struct flash_meter *meter, uint64_t *elapsed_ns);
/* The same when ok; a phase that failed ends with what it last reported, not with all done. */
void flash_meter_end(struct flash_meter *meter, bool ok, uint64_t *elapsed_ns);

/* False with ERROR_INTERRUPTED or ERROR_TERMINATED after a signal, once the device is idle. */
MUST_USE bool flash_check_signal(struct flash_device *device, struct error *err);

#endif
