/* The parts of the CPU model, shared by cpu*.c and by nobody else.
 *
 * Unicorn computes; everything else is decided here. One hook runs before each instruction
 * (sim/cpu.c) and asks sim_cpu_before() what the instruction is about to do. Loads from plain
 * memory are left to Unicorn; stores, peripherals, whatever can fault and whatever a cache changes
 * is done by us, and Unicorn goes on behind the instruction. */
#ifndef SIM_CPU_INTERNAL_H
#define SIM_CPU_INTERNAL_H

#include "sim/cpu_state.h"

/* cpu.c: the engine. */
uint32_t sim_cpu_get(struct sim_cpu *cpu, unsigned reg);
void sim_cpu_set(struct sim_cpu *cpu, unsigned reg, uint32_t value);
/* Executes from PC until the hook or a fault ends it; sets cpu->exit. */
void sim_cpu_engine_run(struct sim_cpu *cpu);
/* Inside the hook: registers to cpu->alu, and what changed back. */
void sim_cpu_engine_lend(struct sim_cpu *cpu);
void sim_cpu_engine_take_back(struct sim_cpu *cpu);
void sim_cpu_engine_map(
    struct sim_cpu *cpu, uint32_t base, uint32_t size_bytes, const uint8_t *bytes);
void sim_cpu_engine_unmap(struct sim_cpu *cpu, uint32_t base, uint32_t size_bytes);
void sim_cpu_engine_flush(struct sim_cpu *cpu, uint32_t base, uint32_t size_bytes);

/* cpu_map.c */
void sim_cpu_map_init(struct sim_cpu *cpu);
void sim_cpu_map_free(struct sim_cpu *cpu);
void sim_cpu_map_sync(struct sim_cpu *cpu); /* before each slice */
void sim_cpu_map_forget(struct sim_cpu *cpu, uint32_t addr, uint32_t size_bytes);
/* One page that holds the given words at addr, for code that cannot be mapped. */
void sim_cpu_map_show(struct sim_cpu *cpu, uint32_t addr, const uint32_t *words, size_t count);
void sim_cpu_map_hide(struct sim_cpu *cpu);

/* cpu_run.c: everything but the engine. */
void sim_cpu_init(struct sim_cpu *cpu, const struct sim_env *env, struct sim_bus *bus,
    const struct sim_cpu_config *config);
void sim_cpu_exit(struct sim_cpu *cpu);

/* cpu_interpret.c */
/* Everything that is due before the instruction at pc, and its price. NULL: leave the engine. */
const struct sim_cpu_insn *sim_cpu_begin(struct sim_cpu *cpu, uint32_t pc);
bool sim_cpu_can_interpret(const struct sim_cpu *cpu, const struct sim_cpu_insn *insn, uint32_t pc);
/* Executes from pc, where insn has begun, as far as it can. Returns where to go on: with the
 * engine, at an instruction that has begun, or with *leaves, at one that has not. */
uint32_t sim_cpu_interpret(
    struct sim_cpu *cpu, const struct sim_cpu_insn *insn, uint32_t pc, bool *leaves);

/* cpu_step.c: what happens at one instruction. */
/* Inside an IT block that Unicorn executes the engine cannot be left. */
bool sim_cpu_is_in_native_it(const struct sim_cpu *cpu, uint32_t pc);
/* A load or store, done here in any case. */
enum sim_cpu_action sim_cpu_transfer_here(
    struct sim_cpu *cpu, const struct sim_cpu_insn *insn, uint32_t pc);
enum sim_cpu_action sim_cpu_before(
    struct sim_cpu *cpu, const struct sim_cpu_insn *insn, uint32_t pc);
/* A transfer that Unicorn must not do natively. */
enum sim_cpu_action sim_cpu_before_transfer(
    struct sim_cpu *cpu, const struct sim_cpu_insn *insn, uint32_t pc);
/* Events, deadline, attention. True: leave the engine before the instruction at pc. */
bool sim_cpu_must_leave(struct sim_cpu *cpu, uint32_t pc);
/* Makes cpu->code the page of pc. False: not executable, fault or exit is set. */
bool sim_cpu_enter_page(struct sim_cpu *cpu, uint32_t pc);
/* NULL: the bytes changed behind a translation; leave and come again. */
const struct sim_cpu_insn *sim_cpu_insn_at(struct sim_cpu *cpu, uint32_t pc);
/* PC is not where the last instruction ended: charges a taken branch, looks for waiting loops. */
void sim_cpu_note_jump(struct sim_cpu *cpu, uint32_t pc);
/* Breakpoints, MPU inside a page, waits of the fetch. False: leave; exit is set. */
bool sim_cpu_fetch(struct sim_cpu *cpu, uint32_t pc);

/* cpu_transfer.c */
/* cpu_quick.c: SIM_CPU_OP_LOAD and SIM_CPU_OP_STORE in memory without waits, caches or gates.
 * False: another kind of memory, nothing was done. */
bool sim_cpu_transfer_quickly(struct sim_cpu *cpu, const struct sim_cpu_insn *insn);

/* Who does a load from plain memory. The price is that of the whole access, or of each unit. */
enum sim_cpu_plain_load {
    SIM_CPU_BY_UNITS, /* we, unit by unit */
    SIM_CPU_BY_ENGINE,
    SIM_CPU_AS_ENGINE /* we, at the engine's price: SIM_CPU_LOADED */
};
enum sim_cpu_action sim_cpu_transfer(struct sim_cpu *cpu, const struct sim_cpu_insn *insn,
    uint32_t pc, enum sim_cpu_plain_load plain_load);

/* cpu_memory.c: address space as the core sees it. */
struct sim_cpu_page *sim_cpu_page(struct sim_cpu *cpu, uint32_t addr);
void sim_cpu_memory_changed(struct sim_cpu *cpu);     /* forgets all page classifications */
void sim_cpu_protection_changed(struct sim_cpu *cpu); /* privilege or exception priority moved */
bool sim_cpu_is_privileged(const struct sim_cpu *cpu);
/* Aligned or not, 1 to 4 bytes. False: cpu->fault is set. */
bool sim_cpu_load(
    struct sim_cpu *cpu, uint32_t addr, uint32_t size_bytes, bool privileged, uint32_t *value);
bool sim_cpu_store(
    struct sim_cpu *cpu, uint32_t addr, uint32_t size_bytes, bool privileged, uint32_t value);
/* Charges a load that Unicorn will do; false: it must not. */
bool sim_cpu_load_natively(struct sim_cpu *cpu, uint32_t addr, uint32_t bytes);
bool sim_cpu_set_fault(
    struct sim_cpu *cpu, enum sim_cpu_exception exception, uint32_t cfsr, uint32_t addr);
void sim_cpu_free_pages(struct sim_cpu *cpu);
void sim_cpu_spend_cycles(struct sim_cpu *cpu, uint32_t cycles);
void sim_cpu_sync_rates(struct sim_cpu *cpu); /* asks the machine for cycle_ps again */

/* cpu_window.c */
struct sim_cpu_window *sim_cpu_window_state(struct sim_cpu *cpu, uint8_t index);
bool sim_cpu_window_refresh(struct sim_cpu *cpu, struct sim_cpu_window *state); /* true: changed */
void sim_cpu_window_touch(
    struct sim_cpu *cpu, struct sim_cpu_window *state, uint32_t offset, uint32_t size_bytes);
void sim_cpu_speculate(struct sim_cpu *cpu);

/* cpu_mpu.c */
bool sim_cpu_mpu_is_active(const struct sim_cpu *cpu);
bool sim_cpu_mpu_allows(
    const struct sim_cpu *cpu, uint32_t addr, enum sim_cpu_access access, bool privileged);
enum sim_cpu_memory sim_cpu_mpu_memory(const struct sim_cpu *cpu, uint32_t addr);
bool sim_cpu_mpu_is_mixed(const struct sim_cpu *cpu, uint32_t page_addr);
bool sim_cpu_mpu_read(struct sim_cpu *cpu, uint32_t offset, uint32_t *value);
void sim_cpu_mpu_write(struct sim_cpu *cpu, uint32_t offset, uint32_t value);

/* cpu_cache.c */
void sim_cpu_cache_init(struct sim_cpu *cpu);
void sim_cpu_cache_free(struct sim_cpu *cpu);
/* The core loads or stores inside one line of RAM; store: before region->bytes changes. True: hit.
 */
bool sim_cpu_cache_load(struct sim_cpu *cpu, uint32_t addr);
bool sim_cpu_cache_store(
    struct sim_cpu *cpu, uint32_t addr, uint32_t size_bytes, uint32_t value, bool write_back);
void sim_cpu_cache_switch(struct sim_cpu *cpu, bool turn_on); /* before CCR.DC changes */
void sim_cpu_cache_discard(struct sim_cpu *cpu);
void sim_cpu_cache_by_address(struct sim_cpu *cpu, uint32_t addr, bool clean, bool invalidate);
void sim_cpu_cache_by_set_way(struct sim_cpu *cpu, uint32_t operand, bool clean, bool invalidate);
void sim_cpu_cache_evict_random(struct sim_cpu *cpu);
/* A coherent write by the debug port: memory and the line, if there is one. */
void sim_cpu_cache_update(
    struct sim_cpu *cpu, uint32_t addr, const uint8_t *bytes, uint32_t size_bytes);
void sim_cpu_cache_attach(struct sim_cpu *cpu); /* becomes the snoop of the bus */

/* cpu_exception.c */
int sim_cpu_execution_priority(const struct sim_cpu *cpu);
void sim_cpu_update_pending(struct sim_cpu *cpu);
bool sim_cpu_wakes(const struct sim_cpu *cpu); /* something pends that ends WFI */
/* Enters the exception that pends with the highest priority, if it may. */
void sim_cpu_take_pending(struct sim_cpu *cpu);
void sim_cpu_take_fault(struct sim_cpu *cpu); /* acts on cpu->fault */
void sim_cpu_take_sync(struct sim_cpu *cpu, unsigned exception, uint32_t return_pc);
void sim_cpu_return(struct sim_cpu *cpu, uint32_t exc_return);
void sim_cpu_lock_up(struct sim_cpu *cpu);
void sim_cpu_set_pending(struct sim_cpu *cpu, unsigned exception, bool is_pending);
void sim_cpu_refresh_shadows(struct sim_cpu *cpu);

/* cpu_nvic.c */
int sim_cpu_group_priority(const struct sim_cpu *cpu, unsigned exception);
bool sim_cpu_exception_enabled(const struct sim_cpu *cpu, unsigned exception);
unsigned sim_cpu_highest_pending(const struct sim_cpu *cpu); /* 0: none enabled */
bool sim_cpu_is_active(const struct sim_cpu *cpu, unsigned exception);
void sim_cpu_set_active(struct sim_cpu *cpu, unsigned exception, bool is_active);
bool sim_cpu_nvic_read(struct sim_cpu *cpu, uint32_t offset, uint32_t *value);
void sim_cpu_nvic_write(struct sim_cpu *cpu, uint32_t offset, uint32_t value, uint32_t mask);

/* cpu_scb.c, cpu_ppb.c */
void sim_cpu_scb_reset(struct sim_cpu *cpu);
bool sim_cpu_scb_read(struct sim_cpu *cpu, uint32_t offset, uint32_t *value);
bool sim_cpu_scb_write(struct sim_cpu *cpu, uint32_t offset, uint32_t value, uint32_t mask);
void sim_cpu_cache_op(struct sim_cpu *cpu, uint32_t offset, uint32_t value);
void sim_cpu_ppb_attach(struct sim_cpu *cpu);

/* cpu_systick.c */
void sim_cpu_systick_init(struct sim_cpu *cpu);
void sim_cpu_systick_reset(struct sim_cpu *cpu);
/* Call before cycle_ps or the running condition changes, and again after it. */
void sim_cpu_systick_sync(struct sim_cpu *cpu);
void sim_cpu_systick_restart(struct sim_cpu *cpu);
uint32_t sim_cpu_systick_read(struct sim_cpu *cpu, uint32_t offset);
void sim_cpu_systick_write(struct sim_cpu *cpu, uint32_t offset, uint32_t value);

/* cpu_debug.c, cpu_trace.c */
void sim_cpu_enter_halt(struct sim_cpu *cpu, uint32_t dfsr);
bool sim_cpu_halting_enabled(const struct sim_cpu *cpu);
/* A fault or reset that DEMCR asks to stop at. */
bool sim_cpu_vector_catch(struct sim_cpu *cpu, unsigned exception, uint32_t cfsr);
uint32_t sim_cpu_debug_register(struct sim_cpu *cpu, uint32_t offset);
void sim_cpu_debug_set_register(struct sim_cpu *cpu, uint32_t offset, uint32_t value);
bool sim_cpu_breakpoint_at(const struct sim_cpu *cpu, uint32_t pc);
bool sim_cpu_breakpoint_in_page(const struct sim_cpu *cpu, uint32_t page_addr);
bool sim_cpu_fpb_read(void *state, uint32_t offset, uint32_t size_bytes, uint32_t *value);
bool sim_cpu_fpb_write(void *state, uint32_t offset, uint32_t size_bytes, uint32_t value);
bool sim_cpu_dwt_read(void *state, uint32_t offset, uint32_t size_bytes, uint32_t *value);
bool sim_cpu_dwt_write(void *state, uint32_t offset, uint32_t size_bytes, uint32_t value);
void sim_cpu_cyccnt_sync(struct sim_cpu *cpu); /* before cycle_ps or the counting condition moves */

/* cpu_wait.c */
void sim_cpu_note_backward(struct sim_cpu *cpu, uint32_t pc);
void sim_cpu_note_ram_store(struct sim_cpu *cpu, uint8_t *host, uint32_t size_bytes);
void sim_cpu_note_device_access(struct sim_cpu *cpu, uint32_t addr, bool is_write, uint32_t value);
void sim_cpu_forget_loop(struct sim_cpu *cpu);

/* cpu_it.c: one instruction, inside an IT block or not. */
void sim_cpu_step_in_it(struct sim_cpu *cpu);
enum sim_cpu_action sim_cpu_enter_it(
    struct sim_cpu *cpu, const struct sim_cpu_insn *insn, uint32_t pc);

/* cpu_run.c */
void sim_cpu_handle_exit(struct sim_cpu *cpu);
void sim_cpu_sync_bus(struct sim_cpu *cpu); /* regions or windows came, went or moved */
void sim_cpu_sleep(struct sim_cpu *cpu, bool for_event);
/* Every change of state goes through here: counters run in some states only. */
void sim_cpu_set_state(struct sim_cpu *cpu, enum sim_cpu_state state);

/* cpu_background.c: what the core does although no instruction asks for it; the hand-over check. */
void sim_cpu_background_start(struct sim_cpu *cpu);
void sim_cpu_check_handover(struct sim_cpu *cpu);

#endif
