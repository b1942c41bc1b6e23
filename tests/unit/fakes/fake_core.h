/* A Cortex-M7 of debug registers on a fake probe: halts, runs, resets, takes register transfers
 * and cache operations, and has one piece of behaviour: a program that "runs" when the core does.
 */
#ifndef TESTS_UNIT_FAKES_FAKE_CORE_H
#define TESTS_UNIT_FAKES_FAKE_CORE_H

#include "tests/unit/fakes/fake_probe.h"

enum { FAKE_FPB_COMPARATORS = 8 };

struct fake_core {
    struct fake_probe probe;
    uint32_t registers[32];
    uint32_t dcrdr;
    uint32_t demcr;
    uint32_t fpb_control;
    uint32_t fpb[FAKE_FPB_COMPARATORS];
    uint32_t ccr;
    bool is_debug_enabled;
    bool is_halted;
    bool is_locked_up;
    bool refuses_halt; /* until it is reset */
    bool ignores_sysreset;
    bool ignores_nrst;
    bool was_reset;      /* S_RESET_ST */
    bool is_asleep;      /* the access port has no clock until wake_addr is written */
    uint32_t wake_addr;  /* DBGMCU on the debug bus; 0: none */
    uint64_t shuts_ns;   /* the program shuts the debug pins so long after its access port opened,
                            unless it was halted by then; 0: never */
    uint64_t rom_ns;     /* the access port opens so long after a reset */
    uint32_t entry_addr; /* the program behind the ROM; 0: none */
    unsigned resets;
    unsigned cleaned_lines;
    unsigned invalidated_lines;
    bool is_parked_at_reset; /* the last reset request came while the core ran or was parked */
    void (*program)(struct fake_core *core); /* called while the core runs */
    bool (*write_hook)(struct fake_core *core, uint32_t addr, uint32_t value);
    bool (*read_hook)(struct fake_core *core, uint32_t addr, uint32_t *value);
    void *context;
};

/* Registers of an STM32H7R/S: DEV_ID 0x485 on access port 1, DTCM and AXI SRAM of 128 KB. */
void fake_core_init(struct fake_core *core);
void fake_core_free(struct fake_core *core);

#endif
