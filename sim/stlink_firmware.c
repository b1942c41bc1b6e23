#include "sim/stlink_firmware.h"

#include "sim/stlink.h"

/* Modes as answered to F5. That a V2 comes up in DFU mode and the others as a mass storage device
 * is known from logs of their drivers only (K). */
enum { MODE_DFU = 0, MODE_MASS = 1, MODE_BOOTLOADER = 4 };
/* 8-bit transfers: 64 bytes before V3J6, 512 from there (reference probe.md 1.4). */
enum { SMALL_BYTE_TRANSFER = 64, V2_MISC_ITEMS = 64 };

/* Before J32: no access port but 0, and TAR is left to wrap (reference probe.md 1.4; no source
 * names the version in which firmware began to carry it, it is taken to be the same). */
const struct sim_stlink_firmware sim_stlink_firmware_v2j24 = {
    .hardware = 2,
    .jtag = 24,
    .swim = 4,
    .pid = 0x3748,
    .idle_mode = MODE_DFU,
    .can_enter_twice = true,
    .max_byte_transfer = SMALL_BYTE_TRANSFER,
    .misc_items = V2_MISC_ITEMS,
    .cost = &sim_link_cost_v2,
};

const struct sim_stlink_firmware sim_stlink_firmware_v2 = {
    .hardware = 2,
    .jtag = 46,
    .swim = 7,
    .pid = 0x3748,
    .idle_mode = MODE_DFU,
    .can_enter_twice = true,
    .has_access_ports = true,
    .carries_tar = true,
    .max_byte_transfer = SMALL_BYTE_TRANSFER,
    .misc_items = V2_MISC_ITEMS,
    .cost = &sim_link_cost_v2,
};

const struct sim_stlink_firmware sim_stlink_firmware_v2_1 = {
    .hardware = 2,
    .jtag = 37,
    .msd = 26,
    .pid = 0x374B,
    .idle_mode = MODE_MASS,
    .can_enter_twice = true,
    .has_access_ports = true,
    .carries_tar = true,
    .max_byte_transfer = SMALL_BYTE_TRANSFER,
    .misc_items = V2_MISC_ITEMS,
    .cost = &sim_link_cost_v2,
};

/* Entering debug mode again works from about J3 to J5 (reference probe.md 1.3). */
const struct sim_stlink_firmware sim_stlink_firmware_v3j2 = {
    .hardware = 3,
    .jtag = 2,
    .bridge = 2,
    .pid = 0x374F,
    .idle_mode = MODE_MASS,
    .has_access_ports = true,
    .carries_tar = true,
    .max_byte_transfer = SMALL_BYTE_TRANSFER,
    .misc_items = SIM_STLINK_MISC_ITEMS,
    .cost = &sim_link_cost_v3,
};

const struct sim_stlink_firmware sim_stlink_firmware_v3 = {
    .hardware = 3,
    .jtag = 10,
    .msd = 3,
    .bridge = 3,
    .pid = 0x374E,
    .idle_mode = MODE_MASS,
    .can_enter_twice = true,
    .has_access_ports = true,
    .carries_tar = true,
    .max_byte_transfer = SIM_STLINK_MAX_BYTES,
    .misc_items = SIM_STLINK_MISC_ITEMS,
    .cost = &sim_link_cost_v3,
};

const struct sim_stlink_firmware sim_stlink_firmware_v3_no_msd = {
    .hardware = 3,
    .jtag = 10,
    .bridge = 3,
    .pid = 0x3754,
    .idle_mode = MODE_MASS,
    .can_enter_twice = true,
    .has_access_ports = true,
    .carries_tar = true,
    .max_byte_transfer = SIM_STLINK_MAX_BYTES,
    .misc_items = SIM_STLINK_MISC_ITEMS,
    .cost = &sim_link_cost_v3,
};

const struct sim_stlink_firmware sim_stlink_firmware_v3_loader = {
    .hardware = 3,
    .jtag = 10,
    .pid = 0x374D,
    .idle_mode = MODE_BOOTLOADER,
    .is_bootloader = true,
    .max_byte_transfer = SIM_STLINK_MAX_BYTES,
    .misc_items = SIM_STLINK_MISC_ITEMS,
    .cost = &sim_link_cost_v3,
};
