/* An ST-LINK with the firmware of one row of stlink_firmware.c: USB commands in, SWD out.
 *
 * A door hands over one exchange at a time: a 16-byte command and its data phase. Virtual time
 * advances inside, while the target runs on. */
#ifndef SIM_STLINK_H
#define SIM_STLINK_H

#include "sim/dap.h"
#include "sim/env.h"
#include "sim/report.h"
#include "sim/stlink_firmware.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    SIM_STLINK_COMMAND_BYTES = 16,
    SIM_STLINK_MISC_ITEMS = 1227, /* what firmware of a V3 announces */
    SIM_STLINK_MAX_BLOCK = 6144,  /* 32- and 16-bit transfers */
    SIM_STLINK_MAX_BYTES = 512,   /* 8-bit transfers */
    SIM_STLINK_VID = 0x0483
};

/* What the probe is wired to. All members are mandatory. */
struct sim_stlink_wiring {
    void *context;
    void (*advance)(void *context, uint64_t duration_ps); /* virtual time passes, the board runs */
    void (*set_nrst)(void *context, bool is_low);
    uint32_t (*target_mv)(void *context);
    const char *board_id; /* four characters, "0000" for none */
};

/* One USB command with its data phase; at most one of the two is used. The door owns the memory. */
struct sim_usb_exchange {
    const uint8_t *command; /* SIM_STLINK_COMMAND_BYTES */
    const uint8_t *out;
    uint32_t out_bytes;
    uint8_t *in; /* in_bytes long; all of it is written, zero where there is no data */
    uint32_t in_bytes;
};

enum sim_usb_result {
    SIM_USB_OK,
    SIM_USB_STALL,
    SIM_USB_TIMEOUT,
    SIM_USB_SHORT, /* fewer bytes than asked for, or more than asked for were answered */
    SIM_USB_UNPLUGGED
};

struct sim_stlink {
    const struct sim_env *env;
    struct sim_dap *dap;
    const struct sim_stlink_wiring *wiring;
    const struct sim_stlink_firmware *firmware;
    enum sim_link_work work;
    uint8_t mode;        /* as answered to F5 */
    uint8_t prescaler;   /* of F2 63; 1 = all of the MCU's speed; V3 */
    uint16_t open_aps;   /* a bit per access port named in INIT_AP */
    uint8_t last_status; /* of the last memory command, for F2 3E */
    uint32_t fault_addr;
    uint32_t swd_khz;
    uint32_t jtag_khz;
    bool nrst_is_low;
    uint32_t misc_bytes; /* waiting for F2 52 */
    uint8_t misc[8 * SIM_STLINK_MISC_ITEMS];
};

void sim_stlink_init(struct sim_stlink *stlink, const struct sim_env *env, struct sim_dap *dap,
    const struct sim_stlink_wiring *wiring);
/* Another probe, just plugged in. After sim_stlink_init() it is a V3J10M3. */
void sim_stlink_set_firmware(struct sim_stlink *stlink, const struct sim_stlink_firmware *firmware);
/* Unplugged and plugged in again: everything to its state after power-up. */
void sim_stlink_replug(struct sim_stlink *stlink);

/* One exchange for which the host waits: injected faults, the host's turnaround, the command. */
enum sim_usb_result sim_stlink_exchange(
    struct sim_stlink *stlink, const struct sim_usb_exchange *exchange);

/* For a door that carries the phases one by one, with faults and waits of its own. At most one of
 * the two is not 0. */
struct sim_stlink_phase {
    uint32_t out_bytes;
    uint32_t in_bytes;
};
struct sim_stlink_phase sim_stlink_data_phase(
    const struct sim_stlink *stlink, const uint8_t *command);
/* The command alone; exchange has the data phase of sim_stlink_data_phase(). Returns the number of
 * bytes it answers with, which is not more than in_bytes. */
uint32_t sim_stlink_run(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange);
/* The host waits. */
void sim_stlink_count_wait(struct sim_stlink *stlink);

#endif
