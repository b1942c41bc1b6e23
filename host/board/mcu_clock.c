/* Clocks and controllers of an MCU file. */
#include "host/board/mcu.h"

#include <stdio.h>
#include <string.h>

const char *const mcu_role_names[MCU_ROLES + 1] = {
    "CLK", "NCLK", "NCS", "DQS", "IO0", "IO1", "IO2", "IO3", "IO4", "IO5", "IO6", "IO7", NULL};

static void read_pll_ranges(const struct json_value *pll, struct mcu_pll *out)
{
    const struct json_value *list = json_member(pll, "ranges_hz");
    size_t count = sizeof out->ranges_hz / sizeof out->ranges_hz[0];
    size_t i = 0;

    if (list == NULL || !json_check_kind(list, JSON_ARRAY)) {
        return;
    }
    if (json_count(list) != count) {
        json_complain(list, "expected %zu bounds", count);
        return;
    }
    for (const struct json_value *at = json_first(list); at != NULL; at = json_next(at)) {
        (void)json_get_u32(at, 1, UINT32_MAX, &out->ranges_hz[i++]);
    }
}

static void read_pll(
    const struct json_value *registers, const struct json_value *pll, struct mcu_pll *out)
{
    static const struct json_key keys[] = {{"source_hz", true}, {"source", true},
        {"source_value", true}, {"m", true}, {"m_max", true}, {"n", true}, {"n_min", true},
        {"n_max", true}, {"divider", true}, {"divider_max", true}, {"vco_min_hz", true},
        {"vco_max_hz", true}, {"ranges_hz", true}, {"range", true}, {"clear", true},
        {"enable", true}, {"on", true}, {"ready", true}, {"lock_us", true}, {NULL, false}};

    (void)snprintf(out->name, sizeof out->name, "%s", json_key_of(pll));
    if (!json_check_object(pll, keys)) {
        return;
    }
    (void)json_take_u32(pll, "source_hz", 1, UINT32_MAX, &out->source_hz);
    (void)json_take_u32(pll, "source_value", 0, UINT32_MAX, &out->source_value);
    (void)json_take_u32(pll, "m_max", 1, 4096, &out->m_max);
    (void)json_take_u32(pll, "n_min", 1, 4096, &out->n_min);
    (void)json_take_u32(pll, "n_max", 1, 4096, &out->n_max);
    (void)json_take_u32(pll, "divider_max", 1, 4096, &out->divider_max);
    (void)json_take_u32(pll, "vco_min_hz", 1, UINT32_MAX, &out->vco_min_hz);
    (void)json_take_u32(pll, "vco_max_hz", 1, UINT32_MAX, &out->vco_max_hz);
    (void)json_take_u32(pll, "lock_us", 1, 10000000, &out->lock_us);
    (void)mcu_field_take(registers, pll, "on", &out->on);
    (void)mcu_field_take(registers, pll, "ready", &out->ready);
    (void)mcu_field_take(registers, pll, "source", &out->source);
    (void)mcu_field_take(registers, pll, "m", &out->m);
    (void)mcu_field_take(registers, pll, "n", &out->n);
    (void)mcu_field_take(registers, pll, "range", &out->range);
    (void)mcu_field_take(registers, pll, "divider", &out->divider);
    (void)mcu_field_take(registers, pll, "enable", &out->enable);
    (void)mcu_field_take(registers, pll, "clear", &out->clear);
    read_pll_ranges(pll, out);
}

void mcu_read_clocks(
    const struct json_value *registers, const struct json_value *clocks, struct mcu *mcu)
{
    static const struct json_key keys[] = {{"core_hz", true}, {"kernel_hz", true},
        {"bus_max_hz", true}, {"crc_bytes_per_s", true}, {"plls", false}, {"fast", false},
        {NULL, false}};
    static const struct json_key fast_keys[] = {{"core_hz", true}, {"steps", true}, {NULL, false}};
    const struct json_value *plls = json_member(clocks, "plls");
    const struct json_value *fast = json_member(clocks, "fast");

    if (clocks == NULL || !json_check_object(clocks, keys)) {
        return;
    }
    (void)json_take_u32(clocks, "core_hz", 1, UINT32_MAX, &mcu->core_hz);
    (void)json_take_u32(clocks, "kernel_hz", 1, UINT32_MAX, &mcu->kernel_hz);
    (void)json_take_u32(clocks, "bus_max_hz", 1, UINT32_MAX, &mcu->bus_max_hz);
    (void)json_take_u32(clocks, "crc_bytes_per_s", 1000, UINT32_MAX, &mcu->crc_bytes_per_s);
    if (fast != NULL && json_check_object(fast, fast_keys)) {
        (void)json_take_u32(fast, "core_hz", 1, UINT32_MAX, &mcu->fast_core_hz);
        (void)mcu_script_get(registers, json_member(fast, "steps"), &mcu->fast);
    }
    if (plls == NULL || !json_check_kind(plls, JSON_OBJECT)) {
        return;
    }
    for (const struct json_value *pll = json_first(plls); pll != NULL; pll = json_next(pll)) {
        if (mcu->pll_count == MCU_MAX_PLLS) {
            json_complain(pll, "more than %d PLL outputs", MCU_MAX_PLLS);
            return;
        }
        read_pll(registers, pll, &mcu->plls[mcu->pll_count++]);
    }
}

/* ---- controllers ---- */

static void read_signals(const struct json_value *table, struct mcu_port *port)
{
    if (table == NULL || !json_check_kind(table, JSON_OBJECT)) {
        return;
    }
    for (const struct json_value *at = json_first(table); at != NULL; at = json_next(at)) {
        size_t role = 0;
        size_t choice = 0;

        while (role < MCU_ROLES && strcmp(mcu_role_names[role], json_key_of(at)) != 0) {
            role++;
        }
        if (role == MCU_ROLES) {
            json_complain(at, "not a line of a memory");
            continue;
        }
        if (json_kind_of(at) == JSON_STRING) {
            (void)json_get_text(at, port->signals[role][0], sizeof port->signals[role][0]);
            continue;
        }
        if (!json_check_kind(at, JSON_ARRAY) || json_count(at) > MCU_SIGNAL_CHOICES) {
            continue;
        }
        for (const struct json_value *name = json_first(at); name != NULL; name = json_next(name)) {
            (void)json_get_text(
                name, port->signals[role][choice], sizeof port->signals[role][choice]);
            choice++;
        }
    }
}

static void read_port(
    const struct json_value *registers, const struct json_value *value, struct mcu_port *port)
{
    static const struct json_key keys[] = {{"signals", true}, {"route", false}, {"hslv_bit", false},
        {"hslv", false}, {"hslv_clock", false}, {NULL, false}};
    uint32_t bit = 0;

    (void)snprintf(port->name, sizeof port->name, "%s", json_key_of(value));
    if (!json_check_object(value, keys)) {
        return;
    }
    read_signals(json_member(value, "signals"), port);
    (void)mcu_script_get(registers, json_member(value, "route"), &port->route);
    if (json_take_u32(value, "hslv_bit", 0, 31, &bit)) {
        port->hslv_bit = UINT32_C(1) << bit;
    }
    (void)mcu_field_take(registers, value, "hslv", &port->hslv);
    (void)mcu_field_take(registers, value, "hslv_clock", &port->hslv_clock);
}

static void read_ports(const struct json_value *registers, const struct json_value *table,
    struct mcu_controller *controller)
{
    if (table == NULL || !json_check_kind(table, JSON_OBJECT)) {
        return;
    }
    for (const struct json_value *at = json_first(table); at != NULL; at = json_next(at)) {
        if (controller->port_count == MCU_MAX_PORTS) {
            json_complain(at, "more than %d ports", MCU_MAX_PORTS);
            return;
        }
        read_port(registers, at, &controller->ports[controller->port_count++]);
    }
}

static void read_run(const struct json_value *registers, const struct json_value *run,
    const struct mcu *mcu, struct mcu_controller *controller)
{
    static const struct json_key keys[] = {{"pll", true}, {"kernel_value", true},
        {"kernel_max_hz", true}, {"protect", false}, {NULL, false}};
    char name[16] = "";

    controller->run_pll = MCU_MAX_PLLS;
    controller->run_kernel_max_hz = mcu->kernel_hz;
    if (run == NULL || !json_check_object(run, keys)) {
        return;
    }
    (void)json_take_text(run, "pll", name, sizeof name);
    for (size_t i = 0; i < mcu->pll_count; i++) {
        if (strcmp(mcu->plls[i].name, name) == 0) {
            controller->run_pll = i;
        }
    }
    if (controller->run_pll == MCU_MAX_PLLS) {
        json_complain(json_member(run, "pll"), "\"%s\" is not in $.clocks.plls", name);
    }
    (void)json_take_u32(run, "kernel_value", 0, UINT32_MAX, &controller->run_kernel_value);
    (void)json_take_u32(run, "kernel_max_hz", 1, UINT32_MAX, &controller->run_kernel_max_hz);
    (void)mcu_field_take(registers, run, "protect", &controller->run_protect);
}

static void read_controller(const struct json_value *registers, const struct json_value *value,
    const struct mcu *mcu, struct mcu_controller *out)
{
    static const struct json_key keys[] = {{"name", true}, {"family", true}, {"mtyp", false},
        {"regs", true}, {"window", true}, {"window_bytes", true}, {"lines", true}, {"io_hz", true},
        {"io_hslv_hz", false}, {"clock_enable", true}, {"reset", true}, {"kernel", false},
        {"kernel_reset_value", false}, {"run", false}, {"ports", true}, {NULL, false}};
    static const char *const families[] = {"quadspi", "octospi", "xspi", NULL};
    size_t family = 0;
    uint32_t mtyp = 0;

    if (!json_check_object(value, keys)) {
        return;
    }
    (void)json_take_text(value, "name", out->name, sizeof out->name);
    if (json_take_choice(value, "family", families, &family)) {
        out->family = (uint8_t)(ABI_CTRL_QUADSPI + family);
    }
    (void)json_take_u32(value, "mtyp", 0, 7, &mtyp);
    out->mtyp = (uint8_t)mtyp;
    (void)json_take_u32(value, "regs", 0, UINT32_MAX, &out->regs_addr);
    (void)json_take_u32(value, "window", 0, UINT32_MAX, &out->window_addr);
    (void)json_take_u32(value, "window_bytes", 1, UINT32_MAX, &out->window_bytes);
    (void)json_take_u32(value, "lines", 1, 16, &out->lines);
    (void)json_take_u32(value, "io_hz", 1, UINT32_MAX, &out->io_hz);
    out->io_hslv_hz = out->io_hz;
    (void)json_take_u32(value, "io_hslv_hz", 1, UINT32_MAX, &out->io_hslv_hz);
    (void)mcu_field_take(registers, value, "clock_enable", &out->clock_enable);
    (void)mcu_field_take(registers, value, "reset", &out->reset);
    (void)mcu_field_take(registers, value, "kernel", &out->kernel);
    (void)json_take_u32(value, "kernel_reset_value", 0, UINT32_MAX, &out->kernel_reset_value);
    read_run(registers, json_member(value, "run"), mcu, out);
    read_ports(registers, json_member(value, "ports"), out);
    if (out->port_count == 0) {
        json_complain(value, "expected at least one port");
    }
}

void mcu_read_controllers(
    const struct json_value *registers, const struct json_value *list, struct mcu *mcu)
{
    if (list == NULL || !json_check_kind(list, JSON_ARRAY)) {
        return;
    }
    for (const struct json_value *at = json_first(list); at != NULL; at = json_next(at)) {
        if (mcu->controller_count == MCU_MAX_CONTROLLERS) {
            json_complain(at, "more than %d controllers", MCU_MAX_CONTROLLERS);
            return;
        }
        read_controller(registers, at, mcu, &mcu->controllers[mcu->controller_count++]);
    }
}
