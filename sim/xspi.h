/* XSPI1/XSPI2 controllers and the XSPIM I/O manager of STM32H7R/S. */
#ifndef SIM_XSPI_H
#define SIM_XSPI_H

#include "sim/chip.h"
#include "sim/soc.h"
#include "sim/window.h"

/* One wire of the netlist: signal of an XSPIM port, the pin it needs, the chip's pin. */
struct sim_xspi_wire {  /* NOLINT(clang-analyzer-optin.performance.Padding) */
    uint8_t port;       /* XSPIM port 1 or 2 */
    const char *signal; /* "CLK", "NCS1", "DQS0", "IO0".."IO15" */
    uint8_t gpio_port;  /* 13 = N */
    uint8_t gpio_pin;
    uint8_t af;
    const char *chip_pin; /* "CLK", "CS", "DQS", "IO0".. */
};

struct sim_xspi_config {
    struct sim_rcc *rcc; /* not const: the gates are asked through sim_rcc_is_clocked() */
    const struct sim_pwr *pwr;
    const struct sim_sbs *sbs; /* HSLV of the port; NULL: never in effect */
    const struct sim_gpio *gpio;
    struct sim_cpu *cpu; /* IRQ 105, 106 */
    const struct sim_xspi_wire *wires;
    unsigned wire_count;
    struct sim_chip *chips[3]; /* by XSPIM port: [1], [2]; NULL where nothing is fitted */
};

struct sim_xspi; /* both controllers and the manager */
struct sim_xspi *sim_xspi_create(const struct sim_env *env, struct sim_bus *bus);
/* Once, after all models exist. */
void sim_xspi_connect(struct sim_xspi *xspi, const struct sim_xspi_config *config);
void sim_xspi_free(struct sim_xspi *xspi);
bool sim_xspi_is_mapped(const struct sim_xspi *xspi, unsigned index); /* for RCC's XSPICKP rules */

#endif
