/* A block of registers on the bus, and the kinds of reset. */
#ifndef SIM_PERIPH_H
#define SIM_PERIPH_H

#include <stdbool.h>
#include <stdint.h>

enum sim_reset_kind {
    SIM_RESET_POWER_ON, /* RAM contents undefined, everything at reset values */
    SIM_RESET_PIN,      /* NRST */
    SIM_RESET_SOFTWARE, /* SYSRESETREQ */
    SIM_RESET_IWDG,
    SIM_RESET_WWDG
};

/* All members are mandatory. Offsets are from base. Accesses arrive aligned, size_bytes is 1, 2 or
 * 4. False means a bus error. The bus has already checked that the block is clocked. */
struct sim_periph {
    const char *name;
    uint32_t base;
    uint32_t size_bytes;
    void *state;
    bool (*read)(void *state, uint32_t offset, uint32_t size_bytes, uint32_t *value);
    bool (*write)(void *state, uint32_t offset, uint32_t size_bytes, uint32_t value);
    void (*reset)(void *state, enum sim_reset_kind kind);
    /* Clock gate: bit of a word of the RCC register block; gate_offset == SIM_GATE_ALWAYS when the
     * block has none. Unclocked: reads give 0, writes are lost, and it is a violation. */
    uint16_t gate_offset;
    uint8_t gate_bit;
};

enum { SIM_GATE_ALWAYS = 0xFFFF };

#endif
