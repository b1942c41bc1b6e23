/* A memory-mapped window of an external-memory controller, as CPU and debug port see it. */
#ifndef SIM_WINDOW_H
#define SIM_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

/* All members are mandatory. offset is from base. */
struct sim_window {
    const char *name; /* "XSPI2" */
    uint32_t base;
    uint32_t size_bytes; /* 256 MiB on every part */
    void *state;
    /* Changes whenever an answer of direct() may have changed. */
    uint32_t (*generation)(void *state);
    /* The chip's contents as one host array while the controller is mapped, clocked, routed and
     * configured so that the chip would answer every read rightly; NULL otherwise. The CPU may
     * then read and execute from it, calling touch() for the time it costs. *size_bytes is what
     * the chip and DEVSIZE allow; beyond it an access is a bus error. */
    const uint8_t *(*direct)(void *state, uint32_t *size_bytes);
    /* Charges bus time for a direct access: consecutive offsets are cheap (prefetch), others pay
     * command, address and dummy clocks. */
    void (*touch)(void *state, uint32_t offset, uint32_t size_bytes);
    /* A real transaction with whatever configuration is set: may give garbage, costs time. False:
     * bus error (not mapped, controller off, beyond DEVSIZE). */
    bool (*read)(void *state, uint32_t offset, uint32_t size_bytes, uint32_t *value);
    bool (*write)(void *state, uint32_t offset, uint32_t size_bytes, uint32_t value);
    /* The core read ahead at this offset although the program did not ask. Past the chip's end
     * the controller locks up (violation "speculative-read-past-end"). */
    void (*speculate)(void *state, uint32_t offset);
};

#endif
