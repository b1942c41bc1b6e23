/* What the debug port and the probe are wired to on this board. */
#include "sim/machine.h"

enum { PPB_BYTES = 0x100000, PORT_A = 0, PIN_SWDIO = 13, PIN_SWCLK = 14 };
static const uint32_t ppb_base = 0xE0000000;

/* The wires end at the debug port only while their pins are in alternate function 0: a program
 * that uses PA13 or PA14 for something else silences it until a reset gives the pins back. */
static bool is_powered(void *context)
{
    const struct sim_machine *machine = context;

    return machine->phase != SIM_PHASE_OFF &&
           sim_gpio_is_alternate(machine->gpio, PORT_A, PIN_SWDIO, 0) &&
           sim_gpio_is_alternate(machine->gpio, PORT_A, PIN_SWCLK, 0);
}

static const struct sim_soc_ap *ap_row(const struct sim_machine *machine, unsigned ap)
{
    return &machine->board->soc->aps[ap];
}

/* In Stop the core's access port has no clock unless DBGMCU keeps it. */
static bool ap_is_open(void *context, unsigned ap)
{
    const struct sim_machine *machine = context;

    if (!ap_row(machine, ap)->is_core) {
        return true;
    }
    if (!machine->is_debug_open) {
        return false;
    }
    return !sim_cpu_is_deep_asleep(machine->cpu) || sim_dbgmcu_clocks_in_stop(machine->dbgmcu);
}

/* True: the access goes to *bus_addr. Windows take whole words only: an APB is behind them. */
static bool find_window(
    const struct sim_machine *machine, const struct sim_ap_access *access, uint32_t *bus_addr)
{
    const struct sim_soc_ap *row = ap_row(machine, access->ap);

    for (size_t i = 0; i < SIM_AP_WINDOWS; i++) {
        if (access->addr - row->windows[i].base < row->windows[i].size_bytes) {
            *bus_addr = access->addr - row->windows[i].base + row->windows[i].bus_addr;
            return true;
        }
    }
    return false;
}

static bool window_answers(const struct sim_machine *machine, const struct sim_ap_access *access)
{
    return access->size_bytes == sizeof(uint32_t) &&
           (machine->phase != SIM_PHASE_IN_RESET ||
               ap_row(machine, access->ap)->reaches_windows_in_reset);
}

/* What the core's access port reaches now. In Sleep the AXI is gated unless DBGMCU keeps its clock
 * (mcu.md 2.2), under reset it is not there; the private peripheral bus of the core is. */
static bool core_answers(const struct sim_machine *machine, const struct sim_ap_access *access)
{
    const struct sim_soc_ap *row = ap_row(machine, access->ap);
    bool is_ppb = access->addr - ppb_base < PPB_BYTES;

    if (!row->is_core) {
        return false;
    }
    if (machine->phase == SIM_PHASE_IN_RESET) {
        return is_ppb && row->reaches_ppb_in_reset;
    }
    return is_ppb || sim_cpu_state(machine->cpu) != SIM_CPU_SLEEPING ||
           sim_dbgmcu_clocks_in_sleep(machine->dbgmcu) ||
           sim_dbgmcu_clocks_in_stop(machine->dbgmcu);
}

static bool read_mem(void *context, const struct sim_ap_access *access, uint32_t *value)
{
    struct sim_machine *machine = context;
    uint32_t bus_addr = 0;

    if (find_window(machine, access, &bus_addr)) {
        return window_answers(machine, access) &&
               sim_bus_read(machine->bus, SIM_MASTER_DEBUG, bus_addr, access->size_bytes, value);
    }
    return core_answers(machine, access) && sim_cpu_debug_read(machine->cpu, access->addr,
                                                access->size_bytes, access->cacheable, value);
}

static bool write_mem(void *context, const struct sim_ap_access *access, uint32_t value)
{
    struct sim_machine *machine = context;
    uint32_t bus_addr = 0;

    if (find_window(machine, access, &bus_addr)) {
        return window_answers(machine, access) &&
               sim_bus_write(machine->bus, SIM_MASTER_DEBUG, bus_addr, access->size_bytes, value);
    }
    return core_answers(machine, access) && sim_cpu_debug_write(machine->cpu, access->addr,
                                                access->size_bytes, access->cacheable, value);
}

static bool read_block(void *context, const struct sim_ap_access *access, uint8_t *bytes)
{
    struct sim_machine *machine = context;

    return core_answers(machine, access) && sim_cpu_debug_read_block(machine->cpu, access->addr,
                                                bytes, access->size_bytes, access->cacheable);
}

static bool write_block(void *context, const struct sim_ap_access *access, const uint8_t *bytes)
{
    struct sim_machine *machine = context;

    return core_answers(machine, access) && sim_cpu_debug_write_block(machine->cpu, access->addr,
                                                bytes, access->size_bytes, access->cacheable);
}

static void advance(void *context, uint64_t duration_ps)
{
    sim_machine_advance(context, duration_ps);
}

static void set_nrst(void *context, bool is_low)
{
    sim_machine_set_nrst(context, is_low);
}

static uint32_t target_mv(void *context)
{
    const struct sim_machine *machine = context;

    return machine->target_mv;
}

uint64_t sim_machine_lower_bound_ps(const struct sim_machine *machine)
{
    const struct sim_report *report = machine->env.report;
    uint64_t bytes = sim_report_cost_total(report, SIM_COST_LINK_BYTES);
    uint64_t chip_ps = sim_report_cost_total(report, SIM_COST_CHIP_ERASE_PS) +
                       sim_report_cost_total(report, SIM_COST_CHIP_PROGRAM_PS);
    uint64_t link_ps = sim_probe_least_ps(machine->probe, bytes);

    return link_ps > chip_ps ? link_ps : chip_ps;
}

void sim_machine_connect_debug(struct sim_machine *machine)
{
    machine->dap_target = (struct sim_dap_target){
        .context = machine,
        .is_powered = is_powered,
        .ap_is_open = ap_is_open,
        .read = read_mem,
        .write = write_mem,
        .read_block = read_block,
        .write_block = write_block,
    };
    machine->wiring = (struct sim_stlink_wiring){
        .context = machine,
        .advance = advance,
        .set_nrst = set_nrst,
        .target_mv = target_mv,
        .board_id = machine->board->probe_board_id,
    };
    sim_dap_init(&machine->dap, &machine->env, &machine->dap_target, &machine->board->soc->dap);
    sim_stlink_init(&machine->stlink, &machine->env, &machine->dap, &machine->wiring);
    sim_cmsis_dap_init(&machine->cmsis_dap, &machine->env, &machine->dap, &machine->wiring);
    machine->probe = sim_probe_create(&machine->env, &machine->stlink, &machine->cmsis_dap);
}
