/* What tells one ST-LINK from another: versions, limits, costs. Reference probe.md 1.1 to 1.4. */
#ifndef SIM_STLINK_FIRMWARE_H
#define SIM_STLINK_FIRMWARE_H

#include "sim/link_cost.h"

#include <stdbool.h>
#include <stdint.h>

struct sim_stlink_firmware {
    uint8_t hardware; /* 2: V2 and V2-1, 3: V3 */
    uint8_t jtag;     /* the J of the version: decides which commands there are */
    uint8_t swim;
    uint8_t msd;
    uint8_t bridge;
    uint16_t pid;
    uint8_t idle_mode;          /* as answered to F5 after power-up */
    bool is_bootloader;         /* knows the version and mode commands only */
    bool can_enter_twice;       /* F2 30 works while in debug mode */
    bool has_access_ports;      /* access port and CSW of memory commands honoured, DP banks */
    bool carries_tar;           /* rewrites TAR where its increment wraps */
    uint16_t max_byte_transfer; /* of the 8-bit memory commands */
    uint16_t misc_items;        /* of one RW_MISC */
    const struct sim_link_cost *cost;
};

extern const struct sim_stlink_firmware sim_stlink_firmware_v2j24;
extern const struct sim_stlink_firmware sim_stlink_firmware_v2;
extern const struct sim_stlink_firmware sim_stlink_firmware_v2_1;
extern const struct sim_stlink_firmware sim_stlink_firmware_v3j2;
extern const struct sim_stlink_firmware sim_stlink_firmware_v3;
extern const struct sim_stlink_firmware sim_stlink_firmware_v3_no_msd;
extern const struct sim_stlink_firmware sim_stlink_firmware_v3_loader;

#endif
