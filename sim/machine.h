/* The whole board put together: power, resets, boot ROM, the run loop between commands of the
 * probe. Doors and the command line see the board through this header only. */
#ifndef SIM_MACHINE_H
#define SIM_MACHINE_H

#include "sim/board.h"
#include "sim/chip.h"
#include "sim/clock.h"
#include "sim/cmsis_dap.h"
#include "sim/cpu.h"
#include "sim/dap.h"
#include "sim/inject.h"
#include "sim/probe.h"
#include "sim/report.h"
#include "sim/soc.h"
#include "sim/stlink.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* What survives without power, kept in files by the caller. */
struct sim_machine_storage {
    struct sim_nor_storage memory;
    struct sim_flash_storage internal;
    uint8_t identity[16]; /* unique ID, flash size, package */
};

enum sim_machine_phase {
    SIM_PHASE_OFF,      /* no power */
    SIM_PHASE_IN_RESET, /* NRST low */
    SIM_PHASE_ROM,      /* boot ROM, the core's access port still closed */
    SIM_PHASE_ROM_OPEN, /* boot ROM, the core's access port open */
    SIM_PHASE_PROGRAM
};

enum sim_machine_reset { SIM_REQUEST_NONE, SIM_REQUEST_SYSTEM, SIM_REQUEST_POWER_CUT };

struct sim_machine {
    const struct sim_board *board;
    const struct sim_machine_storage *storage;
    struct sim_env env;
    struct sim_clock clock;
    struct sim_bus *bus;
    struct sim_cpu *cpu;
    struct sim_rcc *rcc;
    struct sim_pwr *pwr;
    struct sim_sbs *sbs; /* NULL: the MCU has none */
    struct sim_gpio *gpio;
    struct sim_flash *flash;
    struct sim_dbgmcu *dbgmcu;
    struct sim_ram *ram;
    struct sim_watchdogs *watchdogs;
    struct sim_dma *dma;
    struct sim_block *blocks[SIM_SOC_BLOCKS];
    void *controller;        /* of external memory; NULL: the MCU has none */
    struct sim_chip *memory; /* NULL: the board has none */
    struct sim_dap dap;
    struct sim_stlink stlink;
    struct sim_cmsis_dap cmsis_dap;
    struct sim_probe *probe; /* plugged into the two: one of them is in use, as its model says */
    struct sim_dap_target dap_target;
    struct sim_stlink_wiring wiring;

    enum sim_machine_phase phase;
    bool nrst_is_low;
    bool is_debug_open;    /* the core's access port */
    bool stay_in_rom;      /* entry state `cpu=rom` */
    uint64_t ap_delay_ps;  /* from the release of reset to the opening of that port */
    uint32_t app_delay_ms; /* of the entry states `cpu=app-...` that come next */
    uint32_t target_mv;    /* 0 while there is no power */
    uint32_t supply_mv;
    bool stop_on_violation;
    bool is_stopped; /* by a violation; until the next power cycle */

    /* Asked for inside the run loop, done between two runs of it. */
    enum sim_machine_reset request;
    enum sim_reset_kind request_kind;
    bool boot_step_due;
    struct sim_event boot_event;
    struct sim_event tick_event; /* the CPU seam of the injector: one per millisecond */
};

/* storage must outlive the machine. The board comes up powered, in its boot ROM if it has one. */
struct sim_machine *sim_machine_create(
    const struct sim_board *board, const struct sim_machine_storage *storage);
void sim_machine_free(struct sim_machine *machine);

/* Virtual time passes; everything that falls due happens. */
void sim_machine_advance(struct sim_machine *machine, uint64_t duration_ps);
uint64_t sim_machine_now_ns(const struct sim_machine *machine);

/* The least time for the bytes moved and the chip operations done since the session began, after
 * performance.md 2: max(link without waits, erase + program). */
uint64_t sim_machine_lower_bound_ps(const struct sim_machine *machine);

void sim_machine_power_cycle(struct sim_machine *machine);
void sim_machine_set_nrst(struct sim_machine *machine, bool is_low);
void sim_machine_request_reset(struct sim_machine *machine, enum sim_reset_kind kind);
/* Entry states: from reset straight to a program that lies in RAM, debug port open. */
void sim_machine_start_program(struct sim_machine *machine, uint32_t pc, uint32_t msp);
/* The contents of storage were changed by somebody else. */
void sim_machine_storage_changed(struct sim_machine *machine);
/* To be called after something was armed in the injector. */
void sim_machine_inject_changed(struct sim_machine *machine);

/* machine_boot.c, for machine.c: the way from reset to the program. */
void sim_machine_leave_reset(struct sim_machine *machine);
void sim_machine_step_rom(struct sim_machine *machine); /* a boot event in the boot ROM */
void sim_machine_open_debug(struct sim_machine *machine);
void sim_machine_schedule_boot_step(struct sim_machine *machine, uint64_t delay_ps);

/* machine_debug.c: wires debug port and probe to the board; called once by sim_machine_create(). */
void sim_machine_connect_debug(struct sim_machine *machine);

/* machine_states.c: `cpu=...` and the like, states in which an application may have left the board.
 */
bool sim_machine_enter_state(struct sim_machine *machine, const char *name);
const char *sim_machine_states(void); /* "cpu is a, b or c" */
/* Only where the MCU has XSPI controllers. */
void sim_machine_map_memory(struct sim_machine *machine);
void sim_machine_protect_clock(struct sim_machine *machine, bool is_on);

/* machine_apps.c: `cpu=app-...`, programs in internal flash that make the board hard to connect to,
 * again after each reset. False: no such program. */
bool sim_machine_enter_app(struct sim_machine *machine, const char *name);

/* machine_set.c: `xflash-vboard set`. False: *why says what was expected. */
bool sim_machine_set(
    struct sim_machine *machine, const char *key, const char *value, const char **why);
/* One line per key that this board has. */
void sim_machine_print_set_help(const struct sim_machine *machine, FILE *out);

#endif
