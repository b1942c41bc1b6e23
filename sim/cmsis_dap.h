/* A CMSIS-DAP probe: a packet in, its reply out, SWD in between. Reference probe.md 5.
 *
 * It knows nothing of USB: HID reports or bulk packets come from probe_dap.c. Virtual time advances
 * inside, while the target runs on. */
#ifndef SIM_CMSIS_DAP_H
#define SIM_CMSIS_DAP_H

#include "sim/dap.h"
#include "sim/env.h"
#include "sim/link_cost.h"
#include "sim/report.h"
#include "sim/stlink.h"
#include "sim/swj.h"

#include <stdbool.h>
#include <stdint.h>

enum { SIM_CMSIS_DAP_MAX_PACKET = 1024 };

/* What tells one from another. */
struct sim_cmsis_dap_firmware {
    const char *vendor;
    const char *product;
    const char *version;
    bool is_hid; /* packets are padded to the full report */
    uint16_t packet_bytes;
    uint8_t packet_count; /* how many may be under way */
    uint32_t max_hz;
    const struct sim_link_cost *cost;
};

extern const struct sim_cmsis_dap_firmware sim_cmsis_dap_firmware_hid;
extern const struct sim_cmsis_dap_firmware sim_cmsis_dap_firmware_full_speed;
extern const struct sim_cmsis_dap_firmware sim_cmsis_dap_firmware_high_speed;

struct sim_cmsis_dap {
    const struct sim_env *env;
    struct sim_dap *dap;
    const struct sim_stlink_wiring *wiring;
    const struct sim_cmsis_dap_firmware *firmware;
    const char *serial;
    enum sim_link_work work;
    struct sim_swj swj;     /* belongs to the target: stays when the probe is unplugged */
    uint32_t swj_power_ons; /* of the debug port when swj was last looked at */
    uint64_t packet_swd_ps; /* SWD time of the packet in hand */
    uint32_t swd_hz;
    uint32_t idle_cycles;
    uint32_t wait_retries;
    uint32_t match_retries;
    uint32_t match_mask;
    bool is_connected; /* SWD */
    bool nrst_is_low;
};

void sim_cmsis_dap_init(struct sim_cmsis_dap *cmsis_dap, const struct sim_env *env,
    struct sim_dap *dap, const struct sim_stlink_wiring *wiring);
/* Another probe, just plugged in. */
void sim_cmsis_dap_set_firmware(
    struct sim_cmsis_dap *cmsis_dap, const struct sim_cmsis_dap_firmware *firmware);
void sim_cmsis_dap_set_serial(struct sim_cmsis_dap *cmsis_dap, const char *serial);
void sim_cmsis_dap_replug(struct sim_cmsis_dap *cmsis_dap);
void sim_cmsis_dap_count_wait(struct sim_cmsis_dap *cmsis_dap);
uint64_t sim_cmsis_dap_least_ps(const struct sim_cmsis_dap *cmsis_dap, uint64_t bytes);

/* One packet of at most packet_bytes. reply has room for packet_bytes; the number of bytes written
 * is returned, 0 when the command has no reply. is_overlapped: other packets are under way. */
uint32_t sim_cmsis_dap_run(struct sim_cmsis_dap *cmsis_dap, const uint8_t *packet,
    uint32_t size_bytes, bool is_overlapped, uint8_t *reply);

#endif
