/* From the release of reset to the first instruction of the program: through the boot ROM where a
 * part has one, straight from its vectors where not. */
#include "sim/machine.h"

/* The boot ROM goes on for a while after it has opened the access port, so that a host that polls
 * for it lands its halt there (design rule: nothing is assumed about where a halt lands). */
static const uint64_t rom_after_open_ps = 1 * SIM_PS_PER_MS;
/* A halted ROM waits; how often the machine looks whether it goes on. */
static const uint64_t rom_retry_ps = 50 * SIM_PS_PER_US;

void sim_machine_schedule_boot_step(struct sim_machine *machine, uint64_t delay_ps)
{
    sim_clock_schedule(
        &machine->clock, &machine->boot_event, sim_clock_now_ps(&machine->clock) + delay_ps);
}

/* Where the program's vectors lie: SBS says so on parts with a boot ROM of their own, an option
 * word on the others. */
static uint32_t boot_addr(const struct sim_machine *machine)
{
    if (machine->sbs != NULL) {
        return sim_sbs_boot_addr(machine->sbs);
    }
    return sim_flash_option_word(machine->flash, machine->board->soc->boot_option) << 16;
}

void sim_machine_leave_reset(struct sim_machine *machine)
{
    const struct sim_soc *soc = machine->board->soc;

    if (soc->rom_park_addr == 0) { /* the vectors are fetched by the core as it leaves reset */
        machine->phase = SIM_PHASE_PROGRAM;
        sim_cpu_start(machine->cpu, boot_addr(machine));
        return;
    }
    machine->phase = SIM_PHASE_ROM;
    sim_cpu_start_at(machine->cpu, soc->rom_park_addr, soc->rom_msp);
    sim_machine_schedule_boot_step(machine, machine->ap_delay_ps);
}

/* A branch of the ROM, not a reset of the core: vector catch does not see it. Vectors that cannot
 * be fetched or are no code are left to the core, which locks up on them. */
static void jump_to_program(struct sim_machine *machine)
{
    const uint32_t vtor_addr = 0xE000ED08;
    uint32_t table = boot_addr(machine);
    uint32_t msp = 0;
    uint32_t pc = 0;

    machine->phase = SIM_PHASE_PROGRAM;
    if (sim_bus_read(machine->bus, SIM_MASTER_CPU, table, 4, &msp) &&
        sim_bus_read(machine->bus, SIM_MASTER_CPU, table + 4, 4, &pc) && (pc & 1) != 0) {
        (void)sim_bus_write(machine->bus, SIM_MASTER_CPU, vtor_addr, 4, table);
        sim_cpu_start_at(machine->cpu, pc & ~UINT32_C(1), msp);
    } else {
        sim_cpu_start(machine->cpu, table);
    }
}

/* Vector catch of a core reset stops in the ROM: there the core comes out of reset. */
static void catch_reset(struct sim_machine *machine)
{
    const uint32_t demcr_addr = 0xE000EDFC;
    const uint32_t dhcsr_addr = 0xE000EDF0;
    uint32_t demcr = 0;
    uint32_t dhcsr = 0;

    if (sim_bus_read(machine->bus, SIM_MASTER_DEBUG, demcr_addr, 4, &demcr) && (demcr & 1) != 0 &&
        sim_bus_read(machine->bus, SIM_MASTER_DEBUG, dhcsr_addr, 4, &dhcsr) && (dhcsr & 1) != 0) {
        (void)sim_bus_write(
            machine->bus, SIM_MASTER_DEBUG, dhcsr_addr, 4, UINT32_C(0xA05F0003) | (dhcsr & 0x8));
    }
}

/* The ROM opens the core's access port only in a device whose life cycle state is open. */
void sim_machine_open_debug(struct sim_machine *machine)
{
    const uint32_t is_open = 0xB4;
    uint16_t option = machine->board->soc->life_cycle_option;

    machine->phase = SIM_PHASE_ROM_OPEN;
    machine->is_debug_open =
        option == 0 || (sim_flash_option_word(machine->flash, option) & 0xFF) == is_open;
    sim_dbgmcu_set_ap1_open(machine->dbgmcu, machine->is_debug_open);
}

static bool is_in_rom(const struct sim_machine *machine)
{
    return sim_cpu_pc(machine->cpu) - machine->board->soc->rom_park_addr < 4;
}

void sim_machine_step_rom(struct sim_machine *machine)
{
    if (machine->phase == SIM_PHASE_ROM) {
        sim_machine_open_debug(machine);
        catch_reset(machine);
        sim_machine_schedule_boot_step(machine, rom_after_open_ps);
        return;
    }
    if (machine->phase != SIM_PHASE_ROM_OPEN) {
        return;
    }
    if (!is_in_rom(machine)) { /* a debugger took the core elsewhere */
        machine->phase = SIM_PHASE_PROGRAM;
    } else if (machine->stay_in_rom || sim_cpu_state(machine->cpu) == SIM_CPU_HALTED) {
        sim_machine_schedule_boot_step(machine, rom_retry_ps);
    } else {
        jump_to_program(machine);
    }
}
