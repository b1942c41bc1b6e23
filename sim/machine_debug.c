/* What the debug port and the probe are wired to on this board. */
#include "sim/machine.h"

enum { AP_DBGMCU = 0, AP_CORE = 1 };

/* Where DBGMCU answers: its bus address and the alias of the debug bus. Which of the two AP0 sees
 * stands in no source (mcu.md 2.1): both do here. */
static const uint32_t dbgmcu_bases[] = {0x5C001000, 0xE00E1000};
static const uint32_t dbgmcu_bytes = 0x1000;

static bool find_dbgmcu(uint32_t addr, uint32_t *offset)
{
    for (size_t i = 0; i < sizeof dbgmcu_bases / sizeof dbgmcu_bases[0]; i++) {
        if (addr - dbgmcu_bases[i] < dbgmcu_bytes) {
            *offset = addr - dbgmcu_bases[i];
            return true;
        }
    }
    return false;
}

static bool is_powered(void *context)
{
    const struct sim_machine *machine = context;

    return machine->phase != SIM_PHASE_OFF;
}

static bool ap_is_open(void *context, unsigned ap)
{
    const struct sim_machine *machine = context;

    if (ap != AP_CORE) {
        return true;
    }
    if (!machine->is_debug_open) {
        return false;
    }
    return !sim_cpu_is_deep_asleep(machine->cpu) || sim_dbgmcu_clocks_in_sleep(machine->dbgmcu);
}

static bool read_mem(void *context, const struct sim_ap_access *access, uint32_t *value)
{
    struct sim_machine *machine = context;
    uint32_t offset = 0;

    if (find_dbgmcu(access->addr, &offset)) {
        return access->size_bytes == 4 && sim_dbgmcu_read(machine->dbgmcu, offset, value);
    }
    return access->ap == AP_CORE && sim_cpu_debug_read(machine->cpu, access->addr,
                                        access->size_bytes, access->cacheable, value);
}

static bool write_mem(void *context, const struct sim_ap_access *access, uint32_t value)
{
    struct sim_machine *machine = context;
    uint32_t offset = 0;

    if (find_dbgmcu(access->addr, &offset)) {
        return access->size_bytes == 4 && sim_dbgmcu_write(machine->dbgmcu, offset, value);
    }
    return access->ap == AP_CORE && sim_cpu_debug_write(machine->cpu, access->addr,
                                        access->size_bytes, access->cacheable, value);
}

static bool read_block(void *context, const struct sim_ap_access *access, uint8_t *bytes)
{
    struct sim_machine *machine = context;

    return access->ap == AP_CORE && sim_cpu_debug_read_block(machine->cpu, access->addr, bytes,
                                        access->size_bytes, access->cacheable);
}

static bool write_block(void *context, const struct sim_ap_access *access, const uint8_t *bytes)
{
    struct sim_machine *machine = context;

    return access->ap == AP_CORE && sim_cpu_debug_write_block(machine->cpu, access->addr, bytes,
                                        access->size_bytes, access->cacheable);
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
    uint64_t link_ps = sim_link_least_ps(
        machine->stlink.cost, machine->stlink.swd_khz, bytes, SIM_STLINK_MAX_BLOCK);

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
    sim_dap_init(&machine->dap, &machine->env, &machine->dap_target, &machine->board->dap);
    sim_stlink_init(&machine->stlink, &machine->env, &machine->dap, &machine->wiring);
}
