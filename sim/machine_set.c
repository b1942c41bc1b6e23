/* `xflash-vboard set NAME KEY=VALUE` for everything but the memory chip itself. */
#include "sim/machine.h"

#include <stdlib.h>
#include <string.h>

/* Option words of H7R/S. */
enum { OBW1SR = 0x260, WRPSR = 0x218, XSPI2_HSLV = 1 << 9, SECTORS = 8 };

static bool parse_number(const char *text, uint32_t limit, uint32_t *value)
{
    char *end = NULL;
    unsigned long parsed = 0;

    if (text[0] < '0' || text[0] > '9') {
        return false;
    }
    parsed = strtoul(text, &end, 10);
    *value = (uint32_t)parsed;
    return *end == '\0' && parsed <= limit;
}

/* The same with an optional "ms". */
static bool parse_ms(const char *text, uint32_t limit, uint32_t *value)
{
    char digits[16];
    size_t length = strlen(text);

    if (length > 2 && length < sizeof digits && strcmp(text + length - 2, "ms") == 0) {
        memcpy(digits, text, length - 2);
        digits[length - 2] = '\0';
        text = digits;
    }
    return parse_number(text, limit, value);
}

static bool set_cpu(struct sim_machine *machine, const char *value)
{
    return sim_machine_enter_state(machine, value);
}

static bool set_chip(struct sim_machine *machine, const char *value)
{
    const char *why = "";

    return sim_nor_set(machine->memory, "mode", value, &why);
}

static bool set_reset(struct sim_machine *machine, const char *value)
{
    static const struct {
        const char *name;
        enum sim_reset_kind kind;
    } kinds[] = {
        {"nrst", SIM_RESET_PIN},
        {"sysreset", SIM_RESET_SOFTWARE},
        {"iwdg", SIM_RESET_IWDG},
        {"wwdg", SIM_RESET_WWDG},
    };

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].name, value) == 0) {
            sim_machine_request_reset(machine, kinds[i].kind);
            return true;
        }
    }
    return false;
}

static bool set_xspickp(struct sim_machine *machine, const char *value)
{
    uint32_t is_on = 0;

    if (!parse_number(value, 1, &is_on)) {
        return false;
    }
    sim_machine_protect_clock(machine, is_on != 0);
    return true;
}

static bool set_xspi(struct sim_machine *machine, const char *value)
{
    if (strcmp(value, "mapped") != 0) {
        return false;
    }
    sim_machine_map_memory(machine);
    return true;
}

static bool set_iwdg(struct sim_machine *machine, const char *value)
{
    uint32_t timeout_ms = 100;

    if (strcmp(value, "on") != 0 && (!parse_ms(value, 32000, &timeout_ms) || timeout_ms == 0)) {
        return false;
    }
    sim_watchdogs_arm_iwdg(machine->watchdogs, timeout_ms);
    return true;
}

static bool set_ap_delay(struct sim_machine *machine, const char *value)
{
    uint32_t delay_ms = 0;

    if (!parse_ms(value, 500, &delay_ms)) {
        return false;
    }
    machine->ap_delay_ps = delay_ms * SIM_PS_PER_MS;
    return true;
}

static bool set_app_delay(struct sim_machine *machine, const char *value)
{
    return parse_ms(value, 1000, &machine->app_delay_ms);
}

static bool set_hslv(struct sim_machine *machine, const char *value)
{
    uint32_t word = sim_flash_option_word(machine->flash, OBW1SR) & ~(uint32_t)XSPI2_HSLV;
    uint32_t is_on = 0;

    if (!parse_number(value, 1, &is_on)) {
        return false;
    }
    sim_flash_set_option_word(machine->flash, OBW1SR, word | (is_on != 0 ? XSPI2_HSLV : 0));
    return true;
}

/* One item of a list, "2" or "2-3". False: no such sectors. */
static bool parse_sectors(const char **at, uint32_t *mask)
{
    unsigned first = (unsigned)(**at - '0');
    unsigned last = first;

    (*at)++;
    if ((*at)[0] == '-') {
        last = (unsigned)((*at)[1] - '0');
        *at += (*at)[1] != '\0' ? 2 : 1;
    }
    if (first >= SECTORS || last >= SECTORS || last < first) {
        return false;
    }
    *mask |= (2U << last) - (1U << first);
    return true;
}

static bool parse_sector_list(const char *text, uint32_t *mask)
{
    bool is_good = true;

    if (strcmp(text, "all") == 0) {
        *mask = (1U << SECTORS) - 1;
        return true;
    }
    if (strcmp(text, "none") == 0) {
        return true;
    }
    do {
        is_good = *text != '\0' && parse_sectors(&text, mask);
    } while (is_good && *text++ == ',');
    return is_good && text[-1] == '\0';
}

/* A cleared bit protects the sector. */
static bool set_wrp(struct sim_machine *machine, const char *value)
{
    uint32_t mask = 0;

    if (!parse_sector_list(value, &mask)) {
        return false;
    }
    sim_flash_set_option_word(machine->flash, WRPSR, ((1U << SECTORS) - 1) & ~mask);
    return true;
}

/* Takes effect as on silicon: the boot ROM looks at it. */
static bool set_nvstate(struct sim_machine *machine, const char *value)
{
    bool is_open = strcmp(value, "open") == 0;

    if (!is_open && strcmp(value, "closed") != 0) {
        return false;
    }
    sim_flash_set_option_word(
        machine->flash, machine->board->soc->life_cycle_option, is_open ? 0xB4 : 0x51);
    return sim_machine_enter_state(machine, "reset");
}

static bool set_voltage(struct sim_machine *machine, const char *value)
{
    uint32_t millivolts = 0;

    if (!parse_number(value, 5000, &millivolts)) {
        return false;
    }
    machine->supply_mv = millivolts;
    machine->target_mv = machine->phase == SIM_PHASE_OFF ? 0 : millivolts;
    return true;
}

static bool set_time_scale(struct sim_machine *machine, const char *value)
{
    uint32_t per_mille = 0;

    if (!parse_number(value, 100000, &per_mille) || per_mille == 0) {
        return false;
    }
    sim_nor_set_time_scale(machine->memory, per_mille);
    return true;
}

/* What a key needs the board to have. */
static bool always(const struct sim_machine *machine)
{
    (void)machine;
    return true;
}

static bool has_memory(const struct sim_machine *machine)
{
    return machine->memory != NULL;
}

static bool has_controller(const struct sim_machine *machine)
{
    return machine->controller != NULL;
}

static bool has_rom(const struct sim_machine *machine)
{
    return machine->board->soc->rom_park_addr != 0;
}

static bool has_life_cycle(const struct sim_machine *machine)
{
    return machine->board->soc->life_cycle_option != 0;
}

static const struct {
    const char *key;
    bool (*set)(struct sim_machine *machine, const char *value);
    bool (*is_there)(const struct sim_machine *machine);
    const char *expected; /* NULL: sim_machine_states() */
    const char *help;
} keys[] = {
    {"cpu", set_cpu, always, NULL,
        "cpu=reset|rom|idle|locked|dirty-cache|mpu|unprivileged|dma|pll|sleep|deep-sleep\n"
        "  cpu=app-sleep|app-stop|app-swd-off|app-watchdog|app-cache|app-locked|app-all\n"
        "                     a program in internal flash, which it replaces: after each reset"},
    {"app-delay", set_app_delay, always, "app-delay is a number of ms, 0 to 1000",
        "app-delay=MS       from reset until a program set by cpu=app-... does its worst"},
    {"reset", set_reset, always, "reset is nrst, sysreset, iwdg or wwdg",
        "reset=nrst|sysreset|iwdg|wwdg"},
    {"chip", set_chip, has_memory, "chip is 1S, 8S, 8D, dpd, suspended or erasing",
        "chip=1S|8S|8D|dpd|suspended|erasing"},
    {"xspi", set_xspi, has_controller, "xspi is mapped",
        "xspi=mapped        controller mapped, chip in 8D, as a bootloader leaves them"},
    {"xspickp", set_xspickp, has_controller, "xspickp is 0 or 1",
        "xspickp=0|1        clock protection of the memory controllers"},
    {"iwdg", set_iwdg, always, "iwdg is on (100 ms) or a timeout in ms, 1 to 32000",
        "iwdg=on|MS         watchdog running (on: 100 ms)"},
    {"ap-delay", set_ap_delay, has_rom, "ap-delay is a number of ms, 0 to 500",
        "ap-delay=MS        from reset until the core's access port opens, 0 to 500"},
    {"hslv", set_hslv, has_controller, "hslv is 0 or 1",
        "hslv=0|1           option bit XSPI2_HSLV"},
    {"wrp", set_wrp, has_life_cycle, "wrp is none, all or sectors of internal flash, such as 0,2-3",
        "wrp=none|all|LIST  write-protected sectors of internal flash, such as 0,2-3"},
    {"nvstate", set_nvstate, has_life_cycle, "nvstate is open or closed", "nvstate=open|closed"},
    {"voltage", set_voltage, always, "voltage is a number of mV, 0 to 5000",
        "voltage=MV         as the probe measures it"},
    {"time-scale", set_time_scale, has_memory, "time-scale is per mille of typical, 1 to 100000",
        "time-scale=N       erase and program times, per mille of typical"},
};

bool sim_machine_set(
    struct sim_machine *machine, const char *key, const char *value, const char **why)
{
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (strcmp(keys[i].key, key) != 0) {
            continue;
        }
        *why = keys[i].expected != NULL ? keys[i].expected : sim_machine_states();
        if (!keys[i].is_there(machine)) {
            *why = "this board has no such thing";
            return false;
        }
        return keys[i].set(machine, value);
    }
    if (machine->memory == NULL) {
        *why = "no such key; without KEY=VALUE they are listed";
        return false;
    }
    return sim_nor_set(machine->memory, key, value, why);
}

void sim_machine_print_set_help(const struct sim_machine *machine, FILE *out)
{
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (keys[i].is_there(machine)) {
            (void)fprintf(out, "  %s\n", keys[i].help);
        }
    }
}
