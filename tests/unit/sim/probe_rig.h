/* A debug port over 64 KiB of memory at RIG_RAM behind AP1, one word behind AP0, and a probe on it.
 * For the tests of debug port, probe and door. */
#ifndef PROBE_RIG_H
#define PROBE_RIG_H

#include "sim/clock.h"
#include "sim/cmsis_dap.h"
#include "sim/dap.h"
#include "sim/inject.h"
#include "sim/probe.h"
#include "sim/report.h"
#include "sim/stlink.h"

#include <string.h>

enum {
    RIG_RAM = 0x24000000,
    RIG_RAM_BYTES = 0x10000,
    RIG_AP0_WORD = 0x5C001000,
    RIG_DPIDR = 0x6BA02477,
    RIG_HOLE = 0x10000000
};

struct probe_rig {
    struct sim_clock clock;
    struct sim_env env;
    struct sim_dap_target target;
    struct sim_dap_config config;
    struct sim_dap dap;
    struct sim_stlink_wiring wiring;
    struct sim_stlink stlink;
    struct sim_cmsis_dap cmsis_dap;
    struct sim_probe *probe; /* after rig_plug() */
    bool is_powered;
    bool is_ap1_open;
    bool nrst_is_low;
    bool has_blocks;
    bool was_cacheable; /* of the latest access */
    unsigned block_count;
    uint64_t longest_ps; /* of one advance */
    uint64_t write_ps;   /* when the latest write arrived */
    uint8_t ram[RIG_RAM_BYTES];
};

static inline bool rig_is_powered(void *context)
{
    return ((struct probe_rig *)context)->is_powered;
}

static inline bool rig_ap_is_open(void *context, unsigned ap)
{
    return ap != 1 || ((struct probe_rig *)context)->is_ap1_open;
}

static inline bool rig_is_ram(const struct sim_ap_access *access)
{
    return access->ap == 1 && access->addr - RIG_RAM < RIG_RAM_BYTES &&
           access->size_bytes <= RIG_RAM_BYTES - (access->addr - RIG_RAM);
}

static inline bool rig_read(void *context, const struct sim_ap_access *access, uint32_t *value)
{
    struct probe_rig *rig = context;

    rig->was_cacheable = access->cacheable;
    *value = 0;
    if (access->ap == 0 && access->addr == RIG_AP0_WORD) {
        *value = 0x20006485;
        return true;
    }
    if (!rig_is_ram(access)) {
        return false;
    }
    memcpy(value, &rig->ram[access->addr - RIG_RAM], access->size_bytes);
    return true;
}

static inline bool rig_write(void *context, const struct sim_ap_access *access, uint32_t value)
{
    struct probe_rig *rig = context;

    rig->was_cacheable = access->cacheable;
    rig->write_ps = sim_clock_now_ps(&rig->clock);
    if (!rig_is_ram(access)) {
        return false;
    }
    memcpy(&rig->ram[access->addr - RIG_RAM], &value, access->size_bytes);
    return true;
}

static inline bool rig_read_block(void *context, const struct sim_ap_access *access, uint8_t *bytes)
{
    struct probe_rig *rig = context;

    if (!rig->has_blocks || !rig_is_ram(access)) {
        return false;
    }
    rig->block_count++;
    memcpy(bytes, &rig->ram[access->addr - RIG_RAM], access->size_bytes);
    return true;
}

static inline bool rig_write_block(
    void *context, const struct sim_ap_access *access, const uint8_t *bytes)
{
    struct probe_rig *rig = context;

    if (!rig->has_blocks || !rig_is_ram(access)) {
        return false;
    }
    rig->block_count++;
    rig->write_ps = sim_clock_now_ps(&rig->clock);
    memcpy(&rig->ram[access->addr - RIG_RAM], bytes, access->size_bytes);
    return true;
}

static inline void rig_advance(void *context, uint64_t duration_ps)
{
    struct probe_rig *rig = context;

    rig->longest_ps = duration_ps > rig->longest_ps ? duration_ps : rig->longest_ps;
    sim_clock_spend(&rig->clock, duration_ps);
}

static inline void rig_set_nrst(void *context, bool is_low)
{
    ((struct probe_rig *)context)->nrst_is_low = is_low;
}

static inline uint32_t rig_target_mv(void *context)
{
    (void)context;
    return 3300;
}

static inline void rig_create(struct probe_rig *rig)
{
    memset(rig, 0, sizeof *rig);
    sim_clock_init(&rig->clock);
    rig->env.clock = &rig->clock;
    rig->env.report = sim_report_create(&rig->clock);
    rig->env.inject = sim_inject_create();
    rig->is_powered = true;
    rig->is_ap1_open = true;
    rig->target = (struct sim_dap_target){
        rig, rig_is_powered, rig_ap_is_open, rig_read, rig_write, rig_read_block, rig_write_block};
    rig->config = (struct sim_dap_config){.dpidr = RIG_DPIDR,
        .targetid = 0x04850041,
        .aps = {{0x54770002, 0}, {0x84770001, 0xE00FE003}}};
    sim_dap_init(&rig->dap, &rig->env, &rig->target, &rig->config);
    rig->wiring = (struct sim_stlink_wiring){rig, rig_advance, rig_set_nrst, rig_target_mv, "0000"};
    sim_stlink_init(&rig->stlink, &rig->env, &rig->dap, &rig->wiring);
}

/* A probe of this model at the USB seam. */
static inline void rig_plug(struct probe_rig *rig, const char *model)
{
    sim_cmsis_dap_init(&rig->cmsis_dap, &rig->env, &rig->dap, &rig->wiring);
    rig->probe = sim_probe_create(&rig->env, &rig->stlink, &rig->cmsis_dap);
    sim_probe_set_model(rig->probe, sim_probe_model_find(model));
}

static inline void rig_free(struct probe_rig *rig)
{
    sim_probe_free(rig->probe);
    sim_inject_free(rig->env.inject);
    sim_report_free(rig->env.report);
    sim_clock_free(&rig->clock);
}

/* Debug and system power on, as every debugger asks for first. */
static inline void rig_power_up_debug(struct probe_rig *rig)
{
    (void)sim_dap_write_dp(&rig->dap, 4, 0, 0x50000000);
}

#endif
