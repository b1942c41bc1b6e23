#include "tests/unit/fakes/fake_core.h"

#include <string.h>

enum {
    C_DEBUGEN = 1 << 0,
    C_HALT = 1 << 1,
    S_REGRDY = 1 << 16,
    S_HALT = 1 << 17,
    S_LOCKUP = 1 << 19,
    S_RESET_ST = 1 << 25,
    CATCH_PC = 0x08000298,
    CPUID = 0x411FC272
};

static void reset(struct fake_core *core)
{
    core->resets++;
    core->was_reset = true;
    core->is_halted = false;
    core->is_locked_up = false;
    core->refuses_halt = false;
    core->ccr = 0x00040200;
    core->probe.ap_opens_ns = core->probe.now_ns + core->rom_ns;
    core->registers[15] = core->entry_addr + 0x40; /* somewhere in the program by now */
    core->is_asleep = false;
    if (core->shuts_ns != 0) {
        core->probe.ap_closes_ns = core->probe.ap_opens_ns + core->shuts_ns;
    }
    /* Vector catch, before the first instruction. */
    if (core->is_debug_enabled && (core->demcr & 1) != 0) {
        core->is_halted = true;
        core->registers[15] = CATCH_PC;
        core->probe.ap_closes_ns = 0;
        return;
    }
    if (core->is_debug_enabled && (core->fpb_control & 1) != 0 && (core->fpb[0] & 1) != 0 &&
        (core->fpb[0] & ~UINT32_C(1)) == core->entry_addr) {
        core->is_halted = true;
        core->registers[15] = core->entry_addr;
    }
}

static void release_nrst(struct fake_probe *probe)
{
    struct fake_core *core = probe->context;

    if (!core->ignores_nrst) {
        reset(core);
    }
}

static uint32_t read_dhcsr(struct fake_core *core)
{
    uint32_t value = S_REGRDY | (core->is_debug_enabled ? C_DEBUGEN : 0) |
                     (core->is_halted ? C_HALT | S_HALT : 0) | (core->is_locked_up ? S_LOCKUP : 0) |
                     (core->was_reset ? S_RESET_ST : 0);

    core->was_reset = false;
    return value;
}

static void write_dhcsr(struct fake_core *core, uint32_t value)
{
    if (value >> 16 != 0xA05F) {
        return;
    }
    core->is_debug_enabled = (value & C_DEBUGEN) != 0;
    core->is_halted = core->is_debug_enabled && (value & C_HALT) != 0 && !core->refuses_halt &&
                      !core->probe.is_reset_asserted;
    if (core->is_halted) {
        core->probe.ap_closes_ns = 0;
    }
}

static void transfer_register(struct fake_core *core, uint32_t value)
{
    uint32_t number = value & 0x1F;

    if ((value & 1 << 16) == 0) {
        core->dcrdr = core->registers[number];
    } else {
        core->registers[number] = core->dcrdr;
    }
}

static bool write_system(struct fake_core *core, uint32_t addr, uint32_t value)
{
    switch (addr) {
    case 0xE000EDF0:
        write_dhcsr(core, value);
        return true;
    case 0xE000EDF4:
        transfer_register(core, value);
        return true;
    case 0xE000EDF8:
        core->dcrdr = value;
        return true;
    case 0xE000EDFC:
        core->demcr = value;
        return true;
    case 0xE000ED0C:
        if (value == 0x05FA0004 && !core->ignores_sysreset) {
            reset(core);
        }
        return true;
    case 0xE000ED14:
        core->ccr = value;
        return true;
    case 0xE000EF60:
        core->invalidated_lines++;
        return true;
    case 0xE000EF74:
        core->cleaned_lines++;
        return true;
    case 0xE000EF50:
        return true;
    case 0xE0002000:
        core->fpb_control = (value & 2) != 0 ? value & 1 : core->fpb_control;
        return true;
    default:
        return false;
    }
}

static bool is_comparator(uint32_t addr)
{
    return addr >= 0xE0002008 && addr < 0xE0002008 + 4 * FAKE_FPB_COMPARATORS;
}

static bool write_hook(struct fake_probe *probe, uint32_t addr, uint32_t value)
{
    struct fake_core *core = probe->context;

    if (core->write_hook != NULL && core->write_hook(core, addr, value)) {
        return true;
    }
    if (addr == core->wake_addr && addr != 0 && (value & 7) != 0 && core->is_asleep) {
        core->is_asleep = false;
        probe->ap_opens_ns = probe->now_ns;
    }
    if (is_comparator(addr)) {
        core->fpb[(addr - 0xE0002008) / 4] = value;
        return true;
    }
    if (addr >= 0xE000E180 && addr < 0xE000E1A0) {
        return true; /* ICER */
    }
    if (addr >= 0xE000E280 && addr < 0xE000E2A0) {
        return true; /* ICPR */
    }
    return write_system(core, addr, value);
}

static bool read_hook(struct fake_probe *probe, uint32_t addr, uint32_t *value)
{
    struct fake_core *core = probe->context;

    if (core->read_hook != NULL && core->read_hook(core, addr, value)) {
        return true;
    }
    switch (addr) {
    case 0xE000EDF0:
        *value = read_dhcsr(core);
        return true;
    case 0xE000EDF8:
        *value = core->dcrdr;
        return true;
    case 0xE000EDFC:
        *value = core->demcr;
        return true;
    case 0xE000ED14:
        *value = core->ccr;
        return true;
    case 0xE0002000: /* version 2, 8 comparators */
        *value = UINT32_C(0x10000080) | core->fpb_control;
        return true;
    default:
        return false;
    }
}

static void time_hook(struct fake_probe *probe)
{
    struct fake_core *core = probe->context;

    if (core->is_asleep) {
        probe->ap_opens_ns = UINT64_MAX;
    }
    if (core->program != NULL && !core->is_halted && !core->is_locked_up &&
        probe->now_ns >= probe->ap_opens_ns) {
        core->program(core);
    }
}

void fake_core_init(struct fake_core *core)
{
    static const uint32_t zero_words[] = {0xE000E010, 0xE000ED08, 0xE000ED10, 0xE000ED28,
        0xE000ED2C, 0xE000ED30, 0xE000ED34, 0xE000ED38, 0xE000ED84, 0xE000ED94};
    struct fake_probe *probe = &core->probe;
    size_t i = 0;

    memset(core, 0, sizeof *core);
    fake_probe_init(probe);
    probe->context = core;
    probe->core_ap = 1;
    probe->read_hook = read_hook;
    probe->write_hook = write_hook;
    probe->time_hook = time_hook;
    probe->reset_hook = release_nrst;
    core->rom_ns = 5000000;
    core->ccr = 0x00040200;
    for (i = 0; i < sizeof zero_words / sizeof zero_words[0]; i++) {
        fake_probe_set_word(probe, zero_words[i], 0);
    }
    fake_probe_set_word(probe, 0xE000ED00, CPUID);
    fake_probe_set_word(probe, 0xE000ED80, 0x701FE019); /* 4 ways, 256 sets, 32 bytes a line */
    fake_probe_set_word(probe, 0x5C001000, 0x10036485);
    fake_probe_set_word(probe, 0x08FFF800, 0x00380031);
    fake_probe_set_word(probe, 0x08FFF804, 0x3531470B);
    fake_probe_set_word(probe, 0x08FFF808, 0x36383430);
    fake_probe_set_word(probe, 0x08FFF80C, 0x00000040);
    (void)fake_probe_add_region(probe, 0x20000000, 0x10000);
    (void)fake_probe_add_region(probe, 0x24020000, 0x20000);
}

void fake_core_free(struct fake_core *core)
{
    fake_probe_free(&core->probe);
}
