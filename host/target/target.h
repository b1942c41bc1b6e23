/* The MCU behind the probe: connecting, halting, registers, reset, and the known state that the
 * stub needs (silicon rules 1, 5). */
#ifndef HOST_TARGET_TARGET_H
#define HOST_TARGET_TARGET_H

#include "host/base/error.h"
#include "host/base/log.h"
#include "host/board/board.h"
#include "host/probe/probe.h"

struct target;

enum target_connect {
    TARGET_CONNECT_AUTO,
    TARGET_CONNECT_ATTACH,
    TARGET_CONNECT_HALT,
    TARGET_CONNECT_UNDER_RESET
};

struct target_identity {
    uint32_t dpidr;
    uint32_t idcode; /* DBGMCU_IDCODE */
    uint16_t dev_id;
    uint16_t rev_id;
    uint32_t cpuid;
    uint32_t unique_id[3];
    uint32_t flash_kb;
    char unique_id_text[25]; /* 24 hex digits */
};

/* Attaches, opens the core's access port (waiting for the boot ROM), identifies the MCU and
 * compares it with the board (ERROR_WRONG_MCU). TARGET_CONNECT_ATTACH leaves the core running; the
 * others leave it halted. probe and mcu must outlive the target. ERROR_TARGET_VOLTAGE: no supply;
 * ERROR_TARGET_SILENT: nothing on the wires; ERROR_TARGET_FAULT: a debug port without the core
 * behind it; ERROR_TARGET_PROTECTED: the MCU keeps it shut. */
MUST_USE bool target_connect(struct probe *probe, const struct board_mcu *mcu,
    enum target_connect connect, struct log *log, struct target **out, struct error *err);
/* Only identifies, for choosing a board: needs no board file, tries the MCUs known. */
MUST_USE bool target_identify(
    struct probe *probe, struct target_identity *identity, struct error *err);
/* Undoes what debugging changed: breakpoints, vector catch, debug enable, DBGMCU. A core that was
 * halted for our work goes on, after a reset when target_prepare() took its state away; one that
 * halted by itself, was found halted or was settled stays as it is. Frees. NULL allowed. */
void target_close(struct target *target);
/* What the core does now is on purpose: target_close() leaves it so. */
void target_settle(struct target *target);
/* The way out has begun: a pending signal or --timeout no longer ends the waits of this target,
 * so that it can be left as promised. Each wait keeps its own bound. */
void target_begin_leaving(struct target *target);
const struct target_identity *target_identity(const struct target *target);
struct probe *target_probe(struct target *target);
const struct board_mcu *target_mcu(const struct target *target);

MUST_USE bool target_halt(struct target *target, struct error *err);
MUST_USE bool target_run(struct target *target, struct error *err);
MUST_USE bool target_is_halted(struct target *target, bool *halted, struct error *err);
/* DHCSR as read, with sticky bits. */
MUST_USE bool target_read_dhcsr(struct target *target, uint32_t *dhcsr, struct error *err);

enum target_reset_mode { TARGET_RESET_RUN, TARGET_RESET_HALT };
/* SYSRESETREQ (or NRST when that fails), waits for the core's access port, then runs or halts at
 * the first instruction: of all where the MCU can be caught there, else of the program behind the
 * boot ROM. A signal or --timeout ends it; the core may then be running or not reset at all. */
MUST_USE bool target_reset(struct target *target, enum target_reset_mode mode, struct error *err);

/* regsel as in DCRSR: 0-15, 16 xPSR, 17 MSP, 18 PSP, 20 CONTROL..PRIMASK. Core halted. */
MUST_USE bool target_read_register(
    struct target *target, unsigned regsel, uint32_t *value, struct error *err);
MUST_USE bool target_write_register(
    struct target *target, unsigned regsel, uint32_t value, struct error *err);

/* Halts and brings clocks, caches, MPU, DMA and the memory controller into the known state of
 * mcu->known_state, reading each back; interrupts masked. ERROR_TARGET_STATE. */
MUST_USE bool target_prepare(struct target *target, struct error *err);
/* Runs a register script over the debug port; with read_back each WRITE and MODIFY is checked. */
MUST_USE bool target_run_script(
    struct target *target, const struct board_script *script, bool read_back, struct error *err);

/* Memory of the core's access port. */
MUST_USE bool target_read(
    struct target *target, uint32_t addr, void *dst, size_t size_bytes, struct error *err);
MUST_USE bool target_write(
    struct target *target, uint32_t addr, const void *src, size_t size_bytes, struct error *err);
MUST_USE bool target_read_word(
    struct target *target, uint32_t addr, uint32_t *value, struct error *err);
MUST_USE bool target_write_word(
    struct target *target, uint32_t addr, uint32_t value, struct error *err);

/* Halts a running core where it takes a HardFault; other faults stay the program's own affair.
 * Undone by target_close(). */
MUST_USE bool target_catch_faults(struct target *target, bool on, struct error *err);

/* Registers of a fault: pc, lr, xpsr, cfsr, hfsr, mmfar, bfar, into one line of text. */
MUST_USE bool target_describe_fault(
    struct target *target, char *text, size_t text_bytes, struct error *err);

#endif
