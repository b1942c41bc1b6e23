/* The Cortex-M7: executes through Unicorn, with exceptions, SCS, MPU, caches, debug beside it.
 *
 * Only cpu*.c know Unicorn, and only cpu.c includes it. */
#ifndef SIM_CPU_H
#define SIM_CPU_H

#include "sim/bus.h"
#include "sim/env.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_cpu;

struct sim_cpu_config {
    uint32_t cpuid;      /* 0x411FC272 */
    uint8_t mpu_regions; /* 16 */
    uint16_t irq_count;
    uint32_t dcache_bytes;
    uint32_t icache_bytes;
    /* Machine services. Called from inside the run loop; take effect between two instructions. */
    void *machine;
    void (*request_system_reset)(void *machine); /* AIRCR.SYSRESETREQ */
    uint64_t (*cycle_ps)(void *machine);         /* length of one CPU cycle now */
    uint64_t (*axi_wait_ps)(void *machine);      /* extra per load, store or fetch in AXI SRAM */
    /* The store that reloads the watchdog (IWDG_KR, 0xAAAA): the only store to a peripheral that a
     * waiting loop may contain and still be skipped. Address 0: 0x58004800 and 0xAAAA, where the
     * independent watchdog of every STM32H7 and H7R/S lies (mcu.md 4.4). */
    uint32_t kick_addr;
    uint32_t kick_value;
    const struct sim_cpu_costs *costs; /* NULL: the documented defaults */
};

/* What an instruction costs, in CPU cycles. Copied at creation. */
struct sim_cpu_costs {
    uint32_t instruction;     /* every instruction */
    uint32_t branch_taken;    /* added for a taken branch */
    uint32_t divide;          /* added for SDIV and UDIV */
    uint32_t transfer_extra;  /* per further word of LDM, STM, LDRD ... */
    uint32_t peripheral;      /* per access to a peripheral: crosses AXI and AHB */
    uint32_t private_bus;     /* per access to the private peripheral bus */
    uint32_t exception_entry; /* stacking and vector fetch */
    uint32_t exception_return;
    uint32_t cache_fill; /* on a miss, added to the wait of the memory behind */
};
extern const struct sim_cpu_costs sim_cpu_default_costs;

struct sim_cpu *sim_cpu_create(
    const struct sim_env *env, struct sim_bus *bus, const struct sim_cpu_config *config);
void sim_cpu_free(struct sim_cpu *cpu);

/* Power-on or system reset: registers, SCS (debug registers survive a system reset as on silicon),
 * dirty cache lines are lost. The core then waits in reset until sim_cpu_start(). */
void sim_cpu_reset(struct sim_cpu *cpu, enum sim_reset_kind kind);
/* Leaves reset with VTOR = vector_table_addr: loads MSP and PC. A vector fetch that faults, or a
 * PC without the Thumb bit, ends in lock-up as on silicon. Honours DEMCR.VC_CORERESET. */
void sim_cpu_start(struct sim_cpu *cpu, uint32_t vector_table_addr);
/* Puts the core at an address without vectors: the virtual boot ROM parks it there. */
void sim_cpu_start_at(struct sim_cpu *cpu, uint32_t pc, uint32_t msp);

/* Runs until virtual time reaches deadline_ps (or a little past it: the last instruction is
 * finished). Fires clock events as they fall due. A core that is halted, asleep, locked up or held
 * in reset lets time pass from event to event. */
void sim_cpu_run_until(struct sim_cpu *cpu, uint64_t deadline_ps);

/* A model or the machine wants control back: sim_cpu_run_until() returns after the instruction
 * under way. Allowed at any time; forgotten when the run returns. */
void sim_cpu_stop_now(struct sim_cpu *cpu);

/* Called by a register model when the guest reads an unchanged busy flag again. After a number of
 * calls with nothing between them but such reads and kicks of the watchdog, time is spent up to the
 * next event (200 us at most), so that waiting costs no host time. */
void sim_cpu_hint_poll(struct sim_cpu *cpu);
/* Waiting loops are skipped unless switched off (for tests: virtual time must not depend on it). */
void sim_cpu_set_skipping(struct sim_cpu *cpu, bool is_on);
/* Likewise: execution without Unicorn where that is possible (sim/cpu_interpret.c). */
void sim_cpu_set_interpreting(struct sim_cpu *cpu, bool is_on);

void sim_cpu_set_irq(struct sim_cpu *cpu, uint16_t irq, bool level);

enum sim_cpu_state {
    SIM_CPU_IN_RESET,
    SIM_CPU_RUNNING,
    SIM_CPU_HALTED,
    SIM_CPU_SLEEPING,
    SIM_CPU_LOCKED_UP
};
enum sim_cpu_state sim_cpu_state(const struct sim_cpu *cpu);
/* SLEEPDEEP was set when the core went to sleep: the debug access port loses its clock unless
 * DBGMCU keeps it (design rule: no WFI in stub or parked bootloader). */
bool sim_cpu_is_deep_asleep(const struct sim_cpu *cpu);

uint32_t sim_cpu_pc(const struct sim_cpu *cpu);

/* Debug port accesses to memory the D-cache may hold. cacheable: CSW.HPROT[3]. These decide
 * between the core's view and what is behind the cache; everything else goes to sim_bus_*. */
bool sim_cpu_debug_read(
    struct sim_cpu *cpu, uint32_t addr, uint32_t size_bytes, bool cacheable, uint32_t *value);
bool sim_cpu_debug_write(
    struct sim_cpu *cpu, uint32_t addr, uint32_t size_bytes, bool cacheable, uint32_t value);
/* The same for a whole aligned word block inside one RAM region: the fast path for bulk transfers.
 * False when the range is not wholly inside plain RAM; then use the word functions. */
bool sim_cpu_debug_read_block(
    struct sim_cpu *cpu, uint32_t addr, void *dst, size_t size_bytes, bool cacheable);
bool sim_cpu_debug_write_block(
    struct sim_cpu *cpu, uint32_t addr, const void *src, size_t size_bytes, bool cacheable);

/* Bytes behind the CPU's back changed (flash programmed, window contents changed by a command,
 * state file edited): forget translations of code there. */
void sim_cpu_forget_code(struct sim_cpu *cpu, uint32_t addr, size_t size_bytes);

/* State for `set cpu=...`: used by tests to put the core into an entry state of silicon.md 1. */
void sim_cpu_set_register(struct sim_cpu *cpu, unsigned regsel, uint32_t value);
uint32_t sim_cpu_register(struct sim_cpu *cpu, unsigned regsel);

/* Called at the first instruction executed inside [base, base+size): the hand-over check of
 * silicon.md 8 (caches off, SysTick off, NVIC clear, CONTROL 0, PRIMASK 0, MSP and VTOR set).
 * A wrong state is the violation "handover-state". Armed at each reset. */
void sim_cpu_set_handover_range(struct sim_cpu *cpu, uint32_t base, uint32_t size_bytes);

#endif
