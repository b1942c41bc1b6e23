/* XSPIM, the I/O manager: which controller drives which port, and by the netlist which of its
 * signals reach a chip. */
#include "sim/xspi_core.h"

#include <stdio.h>
#include <string.h>

enum {
    XSPIM_BASE = 0x5200B400, /* mcu.md section 1 */
    XSPIM_CR = 0,
    GATE_AHB5ENR = 0x134,
    GATE_BIT = 14, /* XSPIMEN on H7R/S (mcu.md section 4) */
    MUXEN = 0,
    MODE = 1,
    CSSEL_OVR_EN = 4,
    CSSEL_OVR_O1 = 5
};

#define XSPIM_CR_BITS UINT32_C(0x00FF0073)

static bool read_manager(void *state, uint32_t offset, uint32_t size_bytes, uint32_t *value)
{
    const struct sim_xspi *xspi = state;

    *value = sim_register_extract(offset < 4 ? xspi->manager_cr : 0, offset, size_bytes);
    return true;
}

/* Both controllers must be off while the multiplexer changes (K: reference manual). */
static bool write_manager(void *state, uint32_t offset, uint32_t size_bytes, uint32_t value)
{
    struct sim_xspi *xspi = state;

    if (offset >= 4) {
        return true;
    }
    for (unsigned i = 0; i < 2; i++) {
        if ((xspi->units[i].words[XSPI_CR / 4] & XSPI_CR_EN) != 0) {
            sim_violation(xspi->env->report, "xspim-change-while-enabled",
                "XSPIM_CR written while %s is enabled", xspi->units[i].name);
        }
    }
    xspi->manager_cr =
        sim_register_merge(xspi->manager_cr, offset, size_bytes, value) & XSPIM_CR_BITS;
    xspi->manager_generation++;
    return true;
}

static void reset_manager(void *state, enum sim_reset_kind kind)
{
    struct sim_xspi *xspi = state;

    (void)kind;
    xspi->manager_cr = 0;
    xspi->manager_generation++;
}

void xspim_create(struct sim_xspi *xspi)
{
    xspi->manager = (struct sim_periph){
        .name = "XSPIM",
        .base = XSPIM_BASE,
        .size_bytes = XSPI_BLOCK_BYTES,
        .state = xspi,
        .read = read_manager,
        .write = write_manager,
        .reset = reset_manager,
        .gate_offset = GATE_AHB5ENR,
        .gate_bit = GATE_BIT,
    };
    sim_bus_add_periph(xspi->bus, &xspi->manager);
}

/* MUXEN: both controllers share one port, chosen by MODE. Otherwise MODE swaps the two. */
static uint8_t port_of(const struct sim_xspi *xspi, unsigned index)
{
    unsigned mode = sim_field(xspi->manager_cr, MODE, 1);

    if (sim_field(xspi->manager_cr, MUXEN, 1) != 0) {
        return (uint8_t)(mode + 1);
    }
    return (uint8_t)((index ^ mode) + 1);
}

static const char *select_signal(const struct xspi_unit *unit)
{
    const struct sim_xspi *xspi = unit->owner;
    bool second = (unit->words[XSPI_CR / 4] & XSPI_CR_CSSEL) != 0;

    if (sim_field(xspi->manager_cr, CSSEL_OVR_EN, 1) != 0) {
        second = sim_field(xspi->manager_cr, CSSEL_OVR_O1 + unit->index, 1) != 0;
    }
    return second ? "NCS2" : "NCS1";
}

static bool is_io(const struct sim_xspi_wire *wire)
{
    /* A crossed line (IO2 of the port to IO3 of the chip) is not modelled: it counts as open. */
    return strncmp(wire->signal, "IO", 2) == 0 && strcmp(wire->signal, wire->chip_pin) == 0;
}

static unsigned io_number(const char *signal)
{
    unsigned number = 0;

    for (const char *c = signal + 2; *c >= '0' && *c <= '9'; c++) {
        number = number * 10 + (unsigned)(*c - '0');
    }
    return number;
}

static void note_missing(struct xspi_route *route, const char *signal)
{
    size_t used = strlen(route->missing);

    (void)snprintf(route->missing + used, sizeof route->missing - used, " %s", signal);
}

struct wire_state {
    bool clock;
    bool select;
};

static void follow_wire(struct xspi_unit *unit, const struct sim_xspi_wire *wire,
    struct xspi_route *route, struct wire_state *found)
{
    const struct sim_xspi_config *config = &unit->owner->config;

    if (!sim_gpio_is_alternate(config->gpio, wire->gpio_port, wire->gpio_pin, wire->af)) {
        note_missing(route, wire->signal);
        return;
    }
    uint8_t speed = sim_gpio_speed(config->gpio, wire->gpio_port, wire->gpio_pin);
    route->slowest_speed = speed < route->slowest_speed ? speed : route->slowest_speed;
    if (is_io(wire)) {
        route->wired |= (uint16_t)(1U << io_number(wire->signal));
    } else if (strcmp(wire->signal, "CLK") == 0) {
        found->clock = true;
    } else if (strcmp(wire->signal, "DQS0") == 0) {
        route->dqs = true;
    } else if (strcmp(wire->chip_pin, "CS") == 0) {
        found->select |= strcmp(wire->signal, select_signal(unit)) == 0;
    }
}

struct xspi_route xspim_route(struct xspi_unit *unit)
{
    const struct sim_xspi *xspi = unit->owner;
    const struct sim_xspi_config *config = &xspi->config;
    struct xspi_route route = {.slowest_speed = 3, .port = port_of(xspi, unit->index)};
    struct wire_state found = {false, false};

    if (!xspi->connected || !sim_pwr_xspim_is_powered(config->pwr, route.port)) {
        note_missing(&route, "the port's supply (EN_XSPIMx)");
        return route;
    }
    if (!sim_rcc_is_clocked(config->rcc, GATE_AHB5ENR, GATE_BIT)) {
        note_missing(&route, "XSPIM's clock");
        return route;
    }
    for (unsigned i = 0; i < config->wire_count; i++) {
        if (config->wires[i].port == route.port) {
            follow_wire(unit, &config->wires[i], &route, &found);
        }
    }
    route.hslv = config->sbs != NULL && sim_sbs_xspi_hslv(config->sbs, route.port);
    if (found.clock && found.select) {
        route.chip = config->chips[route.port];
    }
    return route;
}

uint32_t xspim_route_generation(const struct sim_xspi *xspi)
{
    const struct sim_xspi_config *config = &xspi->config;
    bool hslv = config->sbs != NULL &&
                (sim_sbs_xspi_hslv(config->sbs, 1) || sim_sbs_xspi_hslv(config->sbs, 2));

    /* Each of these only counts up, so a sum changes whenever one of them does. */
    return xspi->manager_generation + sim_gpio_generation(config->gpio) +
           sim_pwr_generation(config->pwr) + sim_rcc_generation(config->rcc) +
           (hslv ? UINT32_C(0x80000000) : 0);
}
