/* PWR: what the model of every family shares, and what the other p_*.c models may ask of it beyond
 * soc.h. */
#ifndef SIM_P_PWR_INTERNAL_H
#define SIM_P_PWR_INTERNAL_H

#include "sim/p_regs.h"
#include "sim/soc.h"

enum { PWR_BASE = 0x58024800, PWR_WORDS = 0x54 / 4 };

/* PWR of one family. All functions are mandatory. */
struct sim_pwr_layout {
    const struct sim_register *registers;
    size_t register_count;
    /* The register and the bits that choose the supply: once after power-on. */
    uint16_t supply_offset;
    uint32_t supply_bits;
    const uint8_t *legal_supplies;
    size_t legal_supply_count;
    /* Bits that hardware shows beside what software wrote. */
    uint32_t (*status_bits)(const struct sim_pwr *pwr, uint32_t word_offset);
    void (*act_on_write)(struct sim_pwr *pwr, uint32_t word_offset, uint32_t before);
    unsigned (*voltage_scale)(const struct sim_pwr *pwr);
    /* port: of XSPIM; a part without such supplies answers true. */
    bool (*port_is_powered)(const struct sim_pwr *pwr, unsigned port);
};

struct sim_pwr {
    const struct sim_env *env;
    struct sim_bus *bus;
    const struct sim_pwr_layout *layout;
    struct sim_periph periph;
    uint32_t words[PWR_WORDS];
    uint32_t generation;
    bool supply_is_locked; /* until power is lost */
    uint64_t supply_ready_ps;
    uint64_t vos_ready_ps;
};

/* 0 for the highest voltage, VOS0; the scale that the regulator has arrived at. */
unsigned sim_pwr_voltage_scale(const struct sim_pwr *pwr);
/* For the layouts: a legal supply that has settled; the voltage scale has settled. */
bool sim_pwr_supply_is_ready(const struct sim_pwr *pwr);
bool sim_pwr_vos_is_ready(const struct sim_pwr *pwr);
/* The voltage scale was written: it takes a while. */
void sim_pwr_change_vos(struct sim_pwr *pwr);

#endif
