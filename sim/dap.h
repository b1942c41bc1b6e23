/* The debug port (SW-DP, ADIv5.2) and its access ports, as the wire sees them.
 *
 * Accesses are resolved: a read returns its own value, the posting of reads that SWD does is hidden
 * by every probe. What stays visible is what a host can get wrong: power-up requests, sticky
 * errors that block everything until ABORT, TAR that wraps at 1 KiB, access ports that are not
 * there yet. The chip behind it is reached through struct sim_dap_target. */
#ifndef SIM_DAP_H
#define SIM_DAP_H

#include "sim/env.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sim_ack {
    SIM_ACK_OK,
    SIM_ACK_WAIT,
    SIM_ACK_FAULT,  /* this access failed */
    SIM_ACK_STICKY, /* refused because an earlier error was not cleared */
    SIM_ACK_PARITY,
    SIM_ACK_NONE /* nobody drives the line: no power, no wire */
};

struct sim_ap_access {
    unsigned ap;
    uint32_t addr;
    uint32_t size_bytes; /* 1, 2, 4; in read_block and write_block: any multiple of 4 */
    bool cacheable;      /* CSW.HPROT[3] */
};

/* What the debug port is wired to. All members are mandatory. */
struct sim_dap_target {
    void *context;
    bool (*is_powered)(void *context); /* false also while the wires lead nowhere */
    bool (*ap_is_open)(void *context, unsigned ap);
    /* False: bus fault. */
    bool (*read)(void *context, const struct sim_ap_access *access, uint32_t *value);
    bool (*write)(void *context, const struct sim_ap_access *access, uint32_t value);
    /* False: not plain RAM as a whole; nothing has been moved. */
    bool (*read_block)(void *context, const struct sim_ap_access *access, uint8_t *bytes);
    bool (*write_block)(void *context, const struct sim_ap_access *access, const uint8_t *bytes);
};

/* One row per access port of the MCU. */
struct sim_dap_ap {
    uint32_t idr; /* 0: there is no such access port */
    uint32_t base;
};

enum { SIM_DAP_APS = 4 };

struct sim_dap_config {
    uint32_t dpidr;
    uint32_t targetid;
    struct sim_dap_ap aps[SIM_DAP_APS];
};

struct sim_dap_ap_state {
    uint32_t csw;
    uint32_t tar;
};

struct sim_dap {
    const struct sim_env *env;
    const struct sim_dap_target *target;
    const struct sim_dap_config *config;
    uint32_t power_ons; /* how often power was lost, so that a probe forgets what it selected */
    uint32_t ctrl_stat;
    uint32_t select;
    uint32_t rdbuff;
    struct sim_dap_ap_state aps[SIM_DAP_APS];
};

void sim_dap_init(struct sim_dap *dap, const struct sim_env *env,
    const struct sim_dap_target *target, const struct sim_dap_config *config);
/* Power was lost: everything to its reset value. NRST does not do this. */
void sim_dap_power_on_reset(struct sim_dap *dap);

/* reg: 0, 4, 8, C. bank: DPBANKSEL for register 4. */
enum sim_ack sim_dap_read_dp(struct sim_dap *dap, uint8_t reg, uint8_t bank, uint32_t *value);
enum sim_ack sim_dap_write_dp(struct sim_dap *dap, uint8_t reg, uint8_t bank, uint32_t value);
/* reg: 00 to FC. A write is answered before the bus has finished: a bus fault shows as STICKYERR
 * only. */
enum sim_ack sim_dap_read_ap(struct sim_dap *dap, unsigned ap, uint8_t reg, uint32_t *value);
enum sim_ack sim_dap_write_ap(struct sim_dap *dap, unsigned ap, uint8_t reg, uint32_t value);

/* A run of DRW accesses with TAR rewritten by the probe at every wrap, so addresses are linear. */
struct sim_dap_transfer {
    unsigned ap;
    uint32_t csw; /* without Size and AddrInc */
    uint32_t addr;
    uint32_t unit_bytes;   /* 1, 2, 4 */
    uint32_t length_bytes; /* a multiple of unit_bytes */
    bool is_fixed;         /* no address increment */
    uint32_t fault_addr;   /* set when the answer is not SIM_ACK_OK */
};
enum sim_ack sim_dap_read_mem(
    struct sim_dap *dap, struct sim_dap_transfer *transfer, uint8_t *bytes);
enum sim_ack sim_dap_write_mem(
    struct sim_dap *dap, struct sim_dap_transfer *transfer, const uint8_t *bytes);

#endif
