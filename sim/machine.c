#include "sim/machine.h"

#include "sim/p_block.h"
#include "sim/xspi.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_AP_DELAY_MS = 5, DEFAULT_APP_DELAY_MS = 10 };

static const uint64_t power_off_ps = 100 * SIM_PS_PER_MS;

static void boot_step(void *context)
{
    struct sim_machine *machine = context;

    machine->boot_step_due = true;
    sim_cpu_stop_now(machine->cpu);
}

static void power_cut_requested(void *context)
{
    struct sim_machine *machine = context;

    sim_cpu_stop_now(machine->cpu);
}

void sim_machine_request_reset(struct sim_machine *machine, enum sim_reset_kind kind)
{
    if (machine->request == SIM_REQUEST_NONE) {
        machine->request = SIM_REQUEST_SYSTEM;
        machine->request_kind = kind;
    }
    sim_cpu_stop_now(machine->cpu);
}

static void request_system_reset(void *context)
{
    sim_machine_request_reset(context, SIM_RESET_SOFTWARE);
}

static void request_watchdog_reset(void *context, enum sim_reset_kind kind)
{
    sim_machine_request_reset(context, kind);
}

static bool core_is_halted(void *context)
{
    const struct sim_machine *machine = context;

    return sim_cpu_state(machine->cpu) == SIM_CPU_HALTED;
}

static uint64_t cycle_ps(void *context)
{
    const struct sim_machine *machine = context;
    uint64_t hz = sim_rcc_cpu_hz(machine->rcc);

    return hz != 0 ? SIM_PS_PER_S / hz : SIM_PS_PER_US;
}

static uint64_t axi_wait_ps(void *context)
{
    const struct sim_machine *machine = context;
    uint64_t hz = sim_rcc_hclk_hz(machine->rcc);

    return hz != 0 ? machine->board->soc->axi_wait_clocks * SIM_PS_PER_S / hz : 0;
}

static void flash_changed(void *context, uint32_t addr, uint32_t size_bytes)
{
    struct sim_machine *machine = context;

    sim_cpu_forget_code(machine->cpu, addr, size_bytes);
}

static void noticed_violation(void *context, const char *kind, const char *text)
{
    struct sim_machine *machine = context;

    (void)kind;
    (void)text;
    if (machine->stop_on_violation) {
        machine->is_stopped = true;
        sim_cpu_stop_now(machine->cpu);
    }
}

/* One millisecond of CPU time: only counted while something is armed. */
static void tick(void *context)
{
    struct sim_machine *machine = context;
    enum sim_fault fault = SIM_FAULT_NONE;

    if (machine->phase != SIM_PHASE_OFF) {
        fault = sim_inject_next(machine->env.inject, SIM_SEAM_CPU);
    }
    if (fault == SIM_FAULT_CPU_RESET) {
        sim_inject_fired(machine->env.inject, fault);
        sim_machine_request_reset(machine, SIM_RESET_PIN);
    } else if (fault == SIM_FAULT_POWER_CUT) {
        sim_inject_fired(machine->env.inject, fault);
        sim_inject_request_power_cut(machine->env.inject);
    }
    sim_machine_inject_changed(machine);
}

void sim_machine_inject_changed(struct sim_machine *machine)
{
    if (sim_inject_armed_count(machine->env.inject) == 0) {
        sim_clock_cancel(&machine->clock, &machine->tick_event);
    } else if (!machine->tick_event.armed) {
        sim_clock_schedule(&machine->clock, &machine->tick_event,
            sim_clock_now_ps(&machine->clock) + SIM_PS_PER_MS);
    }
}

static void reset(struct sim_machine *machine, enum sim_reset_kind kind)
{
    sim_clock_cancel(&machine->clock, &machine->boot_event);
    machine->boot_step_due = false;
    machine->request = SIM_REQUEST_NONE;
    machine->phase = SIM_PHASE_IN_RESET;
    machine->stay_in_rom = false;
    machine->is_debug_open = machine->board->soc->rom_park_addr == 0;
    sim_cpu_reset(machine->cpu, kind);
    if (kind == SIM_RESET_POWER_ON) {
        sim_bus_forget_stores(machine->bus);
    }
    sim_bus_reset_periphs(machine->bus, kind);
    sim_rcc_set_reset_flags(machine->rcc, kind);
    sim_dbgmcu_set_ap1_open(machine->dbgmcu, false);
    sim_cpu_set_handover_range(
        machine->cpu, machine->board->memory_addr, machine->board->memory_bytes);
    if (!machine->nrst_is_low) {
        sim_machine_leave_reset(machine);
    }
}

static void power_memory(struct sim_machine *machine, bool is_on)
{
    if (machine->memory != NULL) {
        machine->memory->ops->power(machine->memory, is_on);
    }
}

static void power_off(struct sim_machine *machine)
{
    sim_clock_cancel(&machine->clock, &machine->boot_event);
    machine->boot_step_due = false;
    machine->request = SIM_REQUEST_NONE;
    machine->phase = SIM_PHASE_OFF;
    machine->target_mv = 0;
    sim_cpu_reset(machine->cpu, SIM_RESET_POWER_ON);
    power_memory(machine, false);
    sim_dap_power_on_reset(&machine->dap);
}

static void power_on(struct sim_machine *machine)
{
    machine->target_mv = machine->supply_mv;
    power_memory(machine, true);
    reset(machine, SIM_RESET_POWER_ON);
}

static void do_boot_step(struct sim_machine *machine)
{
    machine->boot_step_due = false;
    if (machine->phase == SIM_PHASE_OFF) {
        power_on(machine);
    } else {
        sim_machine_step_rom(machine);
    }
}

/* Everything asked for inside the run loop. */
static void do_requests(struct sim_machine *machine)
{
    if (sim_inject_take_power_cut(machine->env.inject) && machine->phase != SIM_PHASE_OFF) {
        power_off(machine);
        sim_machine_schedule_boot_step(machine, power_off_ps);
        return;
    }
    if (machine->request == SIM_REQUEST_SYSTEM) {
        machine->request = SIM_REQUEST_NONE;
        if (machine->phase != SIM_PHASE_OFF && machine->phase != SIM_PHASE_IN_RESET) {
            reset(machine, machine->request_kind);
        }
    }
    if (machine->boot_step_due) {
        do_boot_step(machine);
    }
}

void sim_machine_advance(struct sim_machine *machine, uint64_t duration_ps)
{
    uint64_t deadline_ps = sim_clock_now_ps(&machine->clock) + duration_ps;

    do_requests(machine);
    while (!machine->is_stopped && sim_clock_now_ps(&machine->clock) < deadline_ps) {
        sim_cpu_run_until(machine->cpu, deadline_ps);
        do_requests(machine);
    }
}

uint64_t sim_machine_now_ns(const struct sim_machine *machine)
{
    return sim_clock_now_ps(&machine->clock) / SIM_PS_PER_NS;
}

void sim_machine_power_cycle(struct sim_machine *machine)
{
    machine->is_stopped = false;
    if (machine->phase != SIM_PHASE_OFF) {
        power_off(machine);
    }
    sim_machine_advance(machine, power_off_ps);
    sim_clock_cancel(&machine->clock, &machine->boot_event);
    if (machine->phase == SIM_PHASE_OFF) {
        power_on(machine);
    }
    sim_probe_replug(machine->probe);
}

void sim_machine_set_nrst(struct sim_machine *machine, bool is_low)
{
    if (machine->nrst_is_low == is_low) {
        return;
    }
    machine->nrst_is_low = is_low;
    if (machine->phase == SIM_PHASE_OFF) {
        return;
    }
    if (is_low) {
        reset(machine, SIM_RESET_PIN);
    } else {
        sim_machine_leave_reset(machine);
    }
}

void sim_machine_start_program(struct sim_machine *machine, uint32_t pc, uint32_t msp)
{
    if (machine->phase == SIM_PHASE_OFF || machine->nrst_is_low) {
        return;
    }
    reset(machine, SIM_RESET_SOFTWARE);
    sim_clock_cancel(&machine->clock, &machine->boot_event);
    sim_machine_open_debug(machine);
    machine->phase = SIM_PHASE_PROGRAM;
    sim_cpu_start_at(machine->cpu, pc, msp);
}

void sim_machine_storage_changed(struct sim_machine *machine)
{
    sim_cpu_forget_code(machine->cpu, machine->board->memory_addr, machine->board->memory_bytes);
    sim_cpu_forget_code(
        machine->cpu, UINT32_C(0x08000000), sim_flash_array_bytes(machine->board->soc->flash));
}

static void create_blocks(struct sim_machine *machine)
{
    const struct sim_soc *soc = machine->board->soc;

    assert(soc->block_count <= SIM_SOC_BLOCKS);
    for (size_t i = 0; i < soc->block_count; i++) {
        machine->blocks[i] = sim_block_create(&machine->env, machine->bus, &soc->blocks[i]);
    }
}

static void create_cpu(struct sim_machine *machine)
{
    const struct sim_soc *soc = machine->board->soc;
    struct sim_cpu_config config = {
        .cpuid = soc->cpuid,
        .mpu_regions = soc->mpu_regions,
        .irq_count = soc->irq_count,
        .dcache_bytes = soc->dcache_bytes,
        .icache_bytes = soc->icache_bytes,
        .machine = machine,
        .request_system_reset = request_system_reset,
        .cycle_ps = cycle_ps,
        .axi_wait_ps = axi_wait_ps,
    };

    machine->cpu = sim_cpu_create(&machine->env, machine->bus, &config);
}

/* The order is that of sim/soc.h. The CPU asks for its cycle when it is created. */
static void create_models(struct sim_machine *machine)
{
    const struct sim_board *board = machine->board;
    const struct sim_soc *soc = board->soc;
    const struct sim_env *env = &machine->env;
    struct sim_watchdog_config watchdog_config = {
        .layout = soc->watchdogs,
        .machine = machine,
        .request_reset = request_watchdog_reset,
        .core_is_halted = core_is_halted,
    };

    machine->bus = sim_bus_create(env);
    machine->rcc = sim_rcc_create(env, machine->bus, soc->rcc, board->hse_hz);
    sim_bus_set_gate(machine->bus, sim_rcc_is_clocked, machine->rcc);
    machine->pwr = sim_pwr_create(env, machine->bus, soc->pwr);
    machine->flash = sim_flash_create(env, machine->bus, soc->flash, &machine->storage->internal);
    sim_flash_set_identity(machine->flash, machine->storage->identity);
    if (soc->has_sbs) {
        machine->sbs = sim_sbs_create(env, machine->bus, machine->rcc, machine->flash);
    }
    machine->gpio =
        sim_gpio_create(env, machine->bus, soc->gpio, machine->pwr, board->leds, board->led_count);
    machine->dbgmcu = sim_dbgmcu_create(env, machine->bus, soc->dbgmcu);
    machine->ram = sim_ram_create(env, machine->bus, soc->ram, machine->flash);
    watchdog_config.rcc = machine->rcc;
    watchdog_config.dbgmcu = machine->dbgmcu;
    watchdog_config.flash = machine->flash;
    machine->watchdogs = sim_watchdogs_create(env, machine->bus, &watchdog_config);
    machine->dma = sim_dma_create(env, machine->bus, soc->dma);
    create_blocks(machine);
    if (soc->controller != NULL) {
        machine->controller = soc->controller->create(env, machine->bus);
    }
    create_cpu(machine);
    sim_flash_set_listener(machine->flash, flash_changed, machine);
}

static void connect_models(struct sim_machine *machine)
{
    const struct sim_board *board = machine->board;
    struct sim_xspi_config config = {
        .rcc = machine->rcc,
        .pwr = machine->pwr,
        .sbs = machine->sbs,
        .gpio = machine->gpio,
        .cpu = machine->cpu,
        .wires = board->wires,
        .wire_count = board->wire_count,
    };

    if (board->memory_part != NULL) {
        machine->memory = sim_nor_create(&machine->env, board->memory_name,
            sim_nor_part_find(board->memory_part), &machine->storage->memory);
        config.chips[board->memory_port] = machine->memory;
    }
    if (machine->controller != NULL) {
        board->soc->controller->connect(machine->controller, &config);
    }
}

struct sim_machine *sim_machine_create(
    const struct sim_board *board, const struct sim_machine_storage *storage)
{
    struct sim_machine *machine = calloc(1, sizeof *machine);

    if (machine == NULL) {
        abort();
    }
    machine->board = board;
    machine->storage = storage;
    machine->supply_mv = board->target_mv;
    machine->ap_delay_ps = board->soc->rom_park_addr != 0 ? DEFAULT_AP_DELAY_MS * SIM_PS_PER_MS : 0;
    machine->app_delay_ms = DEFAULT_APP_DELAY_MS;
    machine->boot_event = (struct sim_event){.fire = boot_step, .context = machine};
    machine->tick_event = (struct sim_event){.fire = tick, .context = machine};
    sim_clock_init(&machine->clock);
    machine->env.clock = &machine->clock;
    machine->env.report = sim_report_create(&machine->clock);
    machine->env.inject = sim_inject_create();
    create_models(machine);
    connect_models(machine);
    sim_inject_set_power_cut_listener(machine->env.inject, power_cut_requested, machine);
    sim_report_set_listener(machine->env.report, noticed_violation, machine);
    sim_machine_connect_debug(machine);
    power_on(machine);
    return machine;
}

void sim_machine_free(struct sim_machine *machine)
{
    if (machine == NULL) {
        return;
    }
    sim_probe_free(machine->probe);
    if (machine->controller != NULL) {
        machine->board->soc->controller->free(machine->controller);
    }
    if (machine->memory != NULL) {
        sim_nor_free(machine->memory);
    }
    sim_cpu_free(machine->cpu);
    for (size_t i = 0; i < machine->board->soc->block_count; i++) {
        sim_block_free(machine->blocks[i]);
    }
    sim_dma_free(machine->dma);
    sim_watchdogs_free(machine->watchdogs);
    sim_ram_free(machine->ram);
    sim_dbgmcu_free(machine->dbgmcu);
    sim_gpio_free(machine->gpio);
    sim_sbs_free(machine->sbs); /* NULL is allowed */
    sim_flash_free(machine->flash);
    sim_pwr_free(machine->pwr);
    sim_rcc_free(machine->rcc);
    sim_bus_free(machine->bus);
    sim_inject_free(machine->env.inject);
    sim_report_free(machine->env.report);
    sim_clock_free(&machine->clock);
    free(machine);
}
